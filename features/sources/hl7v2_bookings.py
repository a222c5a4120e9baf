"""HL7 version 2 SIU: a visit that is booked, moved, cancelled, missed or kept; known at the time of the message."""

from __future__ import annotations

from features import windows
from features.record.tables import APPOINTMENT
from features.sources import hl7v2_codes as codes
from features.sources.hl7v2_message import Message
from features.sources.hl7v2_person import Row, contact, demographics, person_id
from features.sources.messages import Rejected, Told

# where the start stands: the timing segment, else the booked service, person, place or thing, else the older field
STARTS = (("TQ1", 7, 1), ("AIS", 4, 1), ("AIP", 6, 1), ("AIL", 6, 1), ("AIG", 8, 1), ("SCH", 11, 4))
ENDS = (("TQ1", 8, 1), ("SCH", 11, 5))


def tells(message: Message) -> Told:
    """The appointment as it stands, and what the message says of the person."""
    pid, sch, aip = message.first("PID"), message.first("SCH"), message.first("AIP")
    person = person_id(message, pid)
    number = message.assigned(sch, 2) or message.assigned(sch, 1)
    if number is None:
        raise Rejected("no number of the appointment (SCH-1, SCH-2)")
    start = _first(message, STARTS)
    if start is None:
        raise Rejected("no start of the appointment (TQ1-7, AIS-4, SCH-11)")
    end = _first(message, ENDS)
    specialty = message.text(aip, 4, 2) or message.text(aip, 4, 1) or message.text(message.first("PV1"), 10)
    row: Row = {
        "person_id": person,
        "appointment_id": number,
        "status": _state(message),
        "appointment_day": start.first // windows.SECONDS_A_DAY,
        "specialty": None if specialty is None else specialty.lower(),
        "provider_id": message.clinician(aip, 3),
        "happened_from": start.first,
        "happened_to": start.last if end is None or end.last < start.last else end.last,
        "precision": start.precision,
        "known_at": message.sent.last,
        "source": message.sender,
    }
    return {APPOINTMENT: [row], **demographics(message, pid, person), **contact(message, pid, person)}


def _first(message: Message, places: tuple[tuple[str, int, int], ...]) -> windows.Moment | None:
    told = (message.moment(message.first(name), field, component) for name, field, component in places)
    return next((moment for moment in told if moment is not None), None)


def _state(message: Message) -> str:
    """What the event says; a change (S14) may tell that the visit was kept (SCH-25)."""
    filled = "".join(each for each in (message.text(message.first("SCH"), 25) or "").upper() if each.isalpha())
    state = codes.APPOINTMENT_STATES[message.event]
    return "kept" if state == "booked" and filled in codes.KEPT else state
