"""HL7 version 2: ADT messages, results (ORU^R01) and bookings (SIU), as files of messages, batches or MLLP frames.

`tells` is what one message says, by table; the file load, a listener and a web service call it alike. When it is known:
the time of the message (MSH-7, else EVN-2), at the last second of what is written, with its offset where one is given
and else on the network's clock; a result when it was issued (OBR-22). Numbers of patients, visits, orders and
appointments carry their owner (`number^^^owner`): the assigning authority, else the sender, so two hospitals that give
the same number do not become one patient.

Read are A01, A02, A03, A04, A06, A07, A08, A11, A12, A13, A40, R01 and S12 to S15, S17, S26; every other message is
set aside by its name. A40 (two numbers, one patient) becomes a merge, known from the time of the message: no row
changes its number, and `afterward unmatch` undoes it.

What the public samples cover: A01, A02, A03, A04, A06, A07, A08, A11, A13, A40, R01, S12 to S15, S17, S26, with patient
class I in A01, A04 and A06 only. Checked by messages of our own alone: A12; an inpatient A03, A08, A11 and A13; a death
(PID-29, PID-30); a discharge told without its time; batches (FHS, BHS) and MLLP frames; character sets; corrections,
deletions and limits of results; an order cancelled; a visit kept.
"""

from __future__ import annotations

import re
from functools import partial

from features.record.tables import (
    ADT_EVENT,
    APPOINTMENT,
    CONTACT_DETAILS,
    DEATH,
    IDENTIFIER,
    ORDER,
    PERSON,
    PERSON_MERGE,
    RESULT,
)
from features.sources import hl7v2_adt, hl7v2_bookings, hl7v2_merges, hl7v2_results
from features.sources import hl7v2_codes as codes
from features.sources.hl7v2_frames import holds, split
from features.sources.hl7v2_message import Opened, headed, opened
from features.sources.messages import Messages, Rejected, Told, unfold
from features.sources.reader import Reader

MESSAGES_LAG_DAYS = 1


def tells(content: bytes, zone: str) -> Told:
    """The rows that one message gives, by table; instants are wall-clock seconds of the zone. Raises Rejected."""
    found = opened(content, zone)
    if found.kind == "ADT" and found.event == codes.MERGE:
        return hl7v2_merges.tells(headed(found))
    if found.kind == "ADT" and found.event in codes.ADT_EVENTS:
        return hl7v2_adt.tells(headed(found))
    if found.kind == "ORU" and found.event in codes.RESULT_EVENTS:
        return hl7v2_results.tells(headed(found))
    if found.kind == "SIU" and found.event in codes.APPOINTMENT_STATES:
        return hl7v2_bookings.tells(headed(found))
    raise Rejected(f"{_named(found)} is not read")


def _named(found: Opened) -> str:
    """The name of a message where it is one of the standard's; of anything else nothing is repeated."""
    if found.kind not in codes.MESSAGE_CODES:
        return "a message of no known type (MSH-9)"
    return f"{found.kind}^{found.event}" if re.fullmatch(r"[A-Z][A-Z0-9][0-9]", found.event) else found.kind


MESSAGES = Messages(
    name="messages",
    fills=(PERSON, DEATH, CONTACT_DETAILS, IDENTIFIER, PERSON_MERGE, ORDER, RESULT, ADT_EVENT, APPOINTMENT),
    holds=holds,
    split=split,
    tells=tells,
)
READER = Reader(
    name="hl7v2",
    says="HL7 version 2 messages (ADT, ORU^R01, SIU), in files, batches or MLLP frames, that begin with MSH",
    layouts=MESSAGES.layouts(),
    lacks={
        "person.entitlement_code": "HL7 v2 messages do not say why Medicare covers someone",
        "contact_details.contact_opt_out": "HL7 v2 messages are not read for who asked not to be called",
    },
    admissions_lag=MESSAGES_LAG_DAYS,
    unfolds=partial(unfold, MESSAGES),
)
