"""HL7 version 2 ADT: admissions, discharges and transfers, one row of `adt_event` a message.

Every message tells the whole state of its visit as the hospital then saw it, and the record keeps them all: which one
holds is asked when the record is read (the last known), not here. So a message that comes late, twice or out of order
changes no row of another. Only what the event itself says is added: after A06 the patient is an inpatient and after A07
not, where PV1-2 is empty; after A13 there is no discharge, though a sender may leave its time in place.
"""

from __future__ import annotations

import re

from features import windows
from features.record.tables import ADT_EVENT
from features.sources import hl7v2_codes as codes
from features.sources.hl7v2_coded import coded
from features.sources.hl7v2_message import Message, Segment
from features.sources.hl7v2_person import contact, death, demographics, identifiers, person_id
from features.sources.messages import Rejected, Told

LOCAL_CODE = re.compile(r"[A-Z0-9.-]{1,10}")  # what is longer, or has blanks, is prose and no code


def tells(message: Message) -> Told:
    """The visit as it stands, and what the message says of the person."""
    pid, pv1 = message.first("PID"), message.first("PV1")
    person = person_id(message, pid)
    about = {
        **demographics(message, pid, person),
        **contact(message, pid, person),
        **death(message, pid, person),
    }
    visit = visit_number(message, pid, pv1)
    if visit is None:
        if message.event == codes.UPDATE and about:
            return {**about, **identifiers(message, pid, person)}  # a change of address outside any visit
        raise Rejected("no number of the visit (PV1-19, PID-18)")
    happened = _event_time(message)
    admitted, discharged = _admitted(message, pv1, happened), _discharged(message, pv1, happened)
    if admitted is not None and discharged is not None and discharged.last < admitted.first:
        raise Rejected("discharge before admission (negative length of stay)")
    diagnosis = _diagnosis(message, codes.DIAGNOSIS_TYPES + (("",) if discharged is None else ())) or (None, None)
    row = {
        "person_id": person,
        "event_type": message.event,
        "visit_number": visit,
        "patient_class": (message.text(pv1, 2) or codes.CLASS_AFTER.get(message.event, "")).upper() or None,
        "admitted_at": None if admitted is None else admitted.first,
        "discharged_at": None if discharged is None else discharged.last,
        "admission_day": None if admitted is None else admitted.first // windows.SECONDS_A_DAY,
        "discharge_day": None if discharged is None else discharged.last // windows.SECONDS_A_DAY,
        "admit_type_code": _mapped(message.text(pv1, 4), codes.ADMIT_TYPES),
        "admit_source_code": _mapped(message.text(pv1, 14), {}),
        "discharge_disposition_code": None if discharged is None else _disposition(message, pv1),
        "hospital_service": message.text(pv1, 10),
        "code_system": diagnosis[0],
        "code": diagnosis[1],
        "facility_id": message.text(pv1, 3, 4, 1) or message.text(pv1, 3, 4, 2) or message.sender,
        "happened_from": happened.first,
        "happened_to": happened.last,
        "precision": happened.precision,
        "known_at": message.sent.last,
        "source": message.sender,
    }
    return {ADT_EVENT: [row], **about, **identifiers(message, pid, person)}


def visit_number(message: Message, pid: Segment | None, pv1: Segment | None) -> str | None:
    """PV1-19 with its owner; where a hospital numbers accounts only (PID-18), that number, marked as an account."""
    account = message.owned(pid, 18)
    return message.owned(pv1, 19) or (None if account is None else f"{account}^AN")


def _event_time(message: Message) -> windows.Moment:
    """When it took place (EVN-6), else when it was entered (EVN-2); never after the message that tells it."""
    event = message.first("EVN")
    told = message.moment(event, 6) or message.moment(event, 2) or message.sent
    return told if told.first <= message.sent.last else message.sent


def _admitted(message: Message, pv1: Segment | None, happened: windows.Moment) -> windows.Moment | None:
    told = message.moment(pv1, 44)
    return happened if told is None and message.event in codes.ARRIVALS else told


def _discharged(message: Message, pv1: Segment | None, happened: windows.Moment) -> windows.Moment | None:
    """A discharge message without a time of discharge is believed: whom nobody knows to have left, nobody calls."""
    if message.event == codes.DISCHARGE_CANCELLED:
        return None
    told = message.moment(pv1, 45)
    return happened if told is None and message.event == codes.DISCHARGE else told


def _disposition(message: Message, pv1: Segment | None) -> str | None:
    """Patient status, two digits; a code of the hospital's own as it came; prose is no code."""
    for component in (1, 2):
        told = (message.text(pv1, 36, component) or "").upper()
        if re.fullmatch(r"[0-9]{1,2}", told):
            return told.zfill(2)
        if told in codes.DISPOSITIONS:
            return codes.DISPOSITIONS[told]
    return _mapped(message.text(pv1, 36), {})


def _mapped(text: str | None, to: dict[str, str]) -> str | None:
    code = (text or "").upper()
    return to.get(code, code) if LOCAL_CODE.fullmatch(code) else None


def _diagnosis(message: Message, types: tuple[str, ...]) -> tuple[str, str] | None:
    """The admitting diagnosis (DG1-6 A), else the working one (W); of several the first, less those deleted. One of no
    type counts before discharge only: then it cannot be the final one.
    """
    for wanted in types:
        for segment in message.all("DG1"):
            if (message.text(segment, 6) or "").upper() == wanted and (message.text(segment, 21) or "").upper() != "D":
                found = coded(message, segment, 3, codes.ADMITTING, message.text(segment, 2))
                if found is not None:
                    return found
    return None
