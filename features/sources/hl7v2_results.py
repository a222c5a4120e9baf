"""HL7 version 2 ORU^R01: results, and the state of the order that they answer.

A result is known when it was issued (OBR-22), else at the time of the message. A preliminary result is one; what is
deleted, pending, wrongly posted or impossible (OBX-11) is none. A correction is a row of its own, known when it was
issued; the record has no identity of a result by which it could take the wrong one back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from features import windows
from features.codes.systems import LOINC
from features.codes.vital_signs import VITAL_SIGNS
from features.record.tables import ORDER, PERSON, RESULT
from features.sources import hl7v2_codes as codes
from features.sources.hl7v2_adt import visit_number
from features.sources.hl7v2_coded import coded
from features.sources.hl7v2_message import Message, Segment
from features.sources.hl7v2_person import Row, demographics, person_id
from features.sources.messages import Rejected, Told

NUMBER = re.compile(r"[+-]?(?:[0-9]{1,12}(?:\.[0-9]*)?|\.[0-9]+)")
NUMERIC = ("NM", "SN", "ST")  # many laboratories send a number as a short text
LIMITS = ("", "=", ">", "<", ">=", "<=")  # of a value beyond what can be measured the limit is kept


def tells(message: Message) -> Told:
    """Results and orders of each patient in the message."""
    about: dict[str, Told] = {}
    results: list[Row] = []
    orders: list[Row] = []
    for pid, pv1, orc, obr, observations in _panels(message):
        person = person_id(message, pid)
        about.setdefault(person, demographics(message, pid, person))
        issued = message.moment(obr, 22)
        found = [row for obx in observations if (row := _result(message, obr, obx, issued)) is not None]
        results += [{"person_id": person, **row} for row in found]
        order = _order(message, orc, obr, issued)
        if order is not None:
            orders.append({"person_id": person, **order, "visit_number": visit_number(message, pid, pv1)})
    if not results and not orders:
        raise Rejected("no observation with a code and a state of a result, and no order with a number")
    persons = [row for told in about.values() for rows in told.values() for row in rows]
    return {table: rows for table, rows in ((RESULT, results), (ORDER, orders), (PERSON, persons)) if rows}


Panel = tuple[Segment | None, Segment | None, Segment | None, Segment | None, list[Segment]]


def _panels(message: Message) -> Iterator[Panel]:
    """Each OBR with the patient, visit and order before it and the observations behind it."""
    pid = pv1 = orc = obr = None
    observations: list[Segment] = []
    for segment in message.segments:
        name = segment[0][0]
        if name in ("PID", "ORC", "OBR") and obr is not None:
            yield pid, pv1, orc, obr, observations
            obr, observations = None, []
            orc = None
        if name == "PID":
            pid, pv1, orc = segment, None, None
        elif name == "PV1":
            pv1 = segment
        elif name == "ORC":
            orc = segment
        elif name == "OBR":
            obr = segment
        elif name == "OBX" and obr is not None:
            observations.append(segment)
    if obr is not None:
        yield pid, pv1, orc, obr, observations


def _result(message: Message, obr: Segment, obx: Segment, issued: windows.Moment | None) -> Row | None:
    if (message.text(obx, 11) or "").upper() in codes.NO_RESULT:
        return None
    code = coded(message, obx, 3, codes.MEASURED)
    if code is None:
        return None
    taken = message.moment(obx, 14) or message.moment(obr, 7) or issued or message.sent
    known = issued or message.sent
    return {
        "kind": _kind(code, message.text(obr, 24)),
        "code_system": code[0],
        "code": code[1],
        "value": _value(message, obx),
        "unit": message.text(obx, 6),
        "happened_from": taken.first,
        "happened_to": taken.last,
        "precision": taken.precision,
        "known_at": max(known.last, taken.first),
        "source": message.sender,
    }


def _kind(code: tuple[str, str], section: str | None) -> str:
    if code[0] == LOINC.name and code[1] in VITAL_SIGNS:
        return "vital"
    return "laboratory" if _order_type(section) == codes.LABORATORY else "assessment"


def _order_type(section: str | None) -> str:
    return codes.SECTIONS.get((section or "").upper(), codes.LABORATORY)


def _value(message: Message, obx: Segment) -> int | None:
    """Thousandths; null for several values, a ratio, a range, or text."""
    if len(message.repeats(obx, 5)) != 1 or (message.text(obx, 2) or "NM").upper() not in NUMERIC:
        return None
    text = message.text(obx, 5)
    if message.text(obx, 2) == "SN":
        if (text or "") not in LIMITS or message.text(obx, 5, 3) is not None:
            return None
        text = message.text(obx, 5, 2)
    if text is None or not NUMBER.fullmatch(text):
        return None
    return int((Decimal(text) * 1000).quantize(Decimal(1), ROUND_HALF_UP))


def _order(message: Message, orc: Segment | None, obr: Segment, issued: windows.Moment | None) -> Row | None:
    """The order as it stands: resulted once all its results are final, cancelled, or still open."""
    number = (
        message.assigned(obr, 2) or message.assigned(orc, 2) or message.assigned(obr, 3) or message.assigned(orc, 3)
    )
    if number is None:
        return None
    state = (message.text(obr, 25) or "").upper()
    status = "resulted" if state in codes.RESULTED else "cancelled" if state in codes.ORDER_CANCELLED else "ordered"
    placed = message.moment(orc, 9) or message.moment(obr, 6) or message.moment(obr, 7)
    happened = (placed if status == "ordered" else issued) or message.sent
    known = issued if status == "resulted" and issued is not None else message.sent
    code = coded(message, obr, 4, codes.ORDERED) or (None, None)
    return {
        "order_id": number,
        "order_type": _order_type(message.text(obr, 24)),
        "status": status,
        "code_system": code[0],
        "code": code[1],
        "orderer_id": message.clinician(obr, 16) or message.clinician(orc, 12),
        "happened_from": happened.first,
        "happened_to": happened.last,
        "precision": happened.precision,
        "known_at": max(known.last, happened.first),
        "source": message.sender,
    }
