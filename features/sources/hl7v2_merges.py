"""HL7 version 2 ADT^A40: a hospital found that two of its numbers are one patient. Each PID goes on; the MRG after it
names the number that is given up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from features.record.identity import MERGED, merge_id
from features.record.schema import Table
from features.record.tables import PERSON_MERGE
from features.sources.hl7v2_message import Message, Segment
from features.sources.hl7v2_person import contact, demographics, first_number, identifiers, person_id, told_now
from features.sources.messages import Rejected, Told


def tells(message: Message) -> Told:
    """The merges, and what the message says of the people who go on. Raises Rejected where a number lacks."""
    told: dict[Table, list[Mapping[str, str | int | None]]] = {}
    pairs = list(_pairs(message))
    if not pairs:
        raise Rejected("no number that is given up (MRG-1)")
    for pid, merged in pairs:
        person = person_id(message, pid)
        given_up = first_number(message, merged, 1) or message.owned(merged, 4)
        if given_up is None:
            raise Rejected("no number that is given up (MRG-1)")
        if given_up == person:
            raise Rejected("the number that is given up is the one that goes on (MRG-1, PID-3)")
        row = {"absorbed_id": given_up, "merge_id": merge_id(person, given_up), "status": MERGED, "evidence": "message"}
        for table, rows in {
            PERSON_MERGE: [{"person_id": person, **row, **told_now(message)}],
            **demographics(message, pid, person),
            **contact(message, pid, person),
            **identifiers(message, pid, person),
        }.items():
            told.setdefault(table, []).extend(rows)
    return told


def _pairs(message: Message) -> Iterator[tuple[Segment, Segment]]:
    """Each MRG with the PID before it."""
    pid = None
    for segment in message.segments:
        name = segment[0][0]
        if name == "PID":
            pid = segment
        elif name == "MRG" and pid is not None:
            yield pid, segment
