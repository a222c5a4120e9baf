"""HL7 version 2: whom a message is about (PID), in every message."""

from __future__ import annotations

from features import windows
from features.record.tables import CONTACT_DETAILS, DEATH, IDENTIFIER, PERSON
from features.sources import hl7v2_codes as codes
from features.sources.hl7v2_message import Message, Segment
from features.sources.identifiers import is_mbi, plain
from features.sources.messages import Rejected, Told

Row = dict[str, str | int | None]


def person_id(message: Message, pid: Segment | None) -> str:
    """The patient's number with its owner. Of several: the medical record number, the sender's own first; else the next
    type of `PATIENT_NUMBERS`; else one of no declared type; an account or an insurance number only where there is no
    other. Raises Rejected where there is none.
    """
    number = first_number(message, pid, 3) or message.owned(pid, 2)
    if number is None:
        raise Rejected("no number of the patient (PID-3)")
    return number


def first_number(message: Message, segment: Segment | None, field: int) -> str | None:
    """The number of a list by which the patient goes; null where there is none."""
    ranked = []
    for repeat in message.repeats(segment, field):
        number = message.owned(segment, field, repeat)
        if number is not None:
            kind = (message.text(segment, field, 5, repeat=repeat) or "").upper()
            own = message.authority(segment, field, repeat) in (None, message.sender)
            ranked.append((_rank(kind), not own, repeat, number))
    return min(ranked)[-1] if ranked else None


def identifiers(message: Message, pid: Segment | None, person: str) -> Told:
    """Every number of the patient that says what kind of number it is."""
    rows: list[Row] = []
    for repeat in message.repeats(pid, 3):
        number = message.text(pid, 3, repeat=repeat)
        kind = codes.IDENTIFIERS.get((message.text(pid, 3, 5, repeat=repeat) or "").upper())
        if number is not None and kind is not None and plain(number):
            kind = "other" if kind == "mbi" and not is_mbi(number) else kind
            owner = None if kind in ("mbi", "ssn") else message.authority(pid, 3, repeat) or message.sender
            row: Row = {"system": kind, "owner": owner, "value": plain(number)}
            rows.append({"person_id": person, **row, **told_now(message)})
    return {IDENTIFIER: rows} if rows else {}


def _rank(kind: str) -> int:
    if kind in codes.PATIENT_NUMBERS:
        return codes.PATIENT_NUMBERS.index(kind)
    return len(codes.PATIENT_NUMBERS) + (kind in codes.NOT_THE_PATIENT)


def told_now(message: Message) -> Row:
    """Time columns of a row that holds from the message on."""
    return {
        "happened_from": message.sent.first,
        "happened_to": None,
        "precision": message.sent.precision,
        "known_at": message.sent.last,
        "source": message.sender,
    }


def demographics(message: Message, pid: Segment | None, person: str) -> Told:
    """Birth, sex, race, ethnicity, residence: a row where any is told. A birth that cannot be (before 1900, or yet to
    come) is taken for not told: senders write one of an unknown person, whose stay is none the less real.
    """
    born = message.moment(pid, 7)
    if born is not None and not windows.EARLIEST <= born.day <= windows.today_anywhere():
        born = None
    sex = message.text(pid, 8)
    row: Row = {
        "birth_day": None if born is None else born.day,
        "sex": None if sex is None else codes.SEXES.get(sex.upper(), "unknown"),
        "race": _named(message, pid, 10, codes.RACES),
        "ethnicity": _named(message, pid, 22, codes.ETHNICITIES),
        "state": message.text(pid, 11, 4),
        "zip_code": message.text(pid, 11, 5),
    }
    if all(value is None for value in row.values()):
        return {}
    return {PERSON: [{"person_id": person, **row, **told_now(message)}]}


def _named(message: Message, pid: Segment | None, field: int, names: dict[str, str]) -> str | None:
    code, said = message.text(pid, field, 1), message.text(pid, field, 2)
    told = names.get((code or "").upper()) or said or code
    return None if told is None else told.lower()


def contact(message: Message, pid: Segment | None, person: str) -> Told:
    """Name, telephone, e-mail, address and language: a row where any is told."""
    language = (message.text(pid, 15) or "").lower()
    row: Row = {
        "first_name": message.text(pid, 5, 2),
        "last_name": message.text(pid, 5, 1),
        "phone": _phone(message, pid),
        "email": _email(message, pid),
        "address": message.text(pid, 11, 1),
        "city": message.text(pid, 11, 3),
        "preferred_language": codes.LANGUAGES.get(language, language) or None,
    }
    if all(value is None for value in row.values()):
        return {}
    return {CONTACT_DETAILS: [{"person_id": person, **row, **told_now(message)}]}


def _phone(message: Message, pid: Segment | None) -> str | None:
    """The first telephone: as one text, else of its parts (country, area, number)."""
    for repeat in message.repeats(pid, 13):
        kinds = {(message.text(pid, 13, component, repeat=repeat) or "").upper() for component in (2, 3)}
        if kinds & set(codes.NO_PHONE):
            continue
        whole = message.text(pid, 13, 1, repeat=repeat) or message.text(pid, 13, 12, repeat=repeat)
        parts = [message.text(pid, 13, component, repeat=repeat) for component in (5, 6, 7)]
        told = whole or ("-".join(part for part in parts if part) if parts[2] else None)
        if told:
            return told
    return None


def _email(message: Message, pid: Segment | None) -> str | None:
    given = (
        message.text(pid, 13, component, repeat=repeat) for repeat in message.repeats(pid, 13) for component in (4, 1)
    )
    return next((text for text in given if text and "@" in text), None)


def death(message: Message, pid: Segment | None, person: str) -> Told:
    """A death (PID-29, PID-30). Where only the fact is told, it came at some time before the message."""
    died = message.moment(pid, 29)
    if died is None and (message.text(pid, 30) or "").upper() not in ("Y", "YES"):
        return {}
    row = {
        **told_now(message),
        "person_id": person,
        "happened_from": None if died is None else died.first,
        "happened_to": message.sent.last if died is None else died.last,
        "precision": "day" if died is None else died.precision,
        "known_at": message.sent.last if died is None else max(message.sent.last, died.first),
    }
    return {DEATH: [row]}
