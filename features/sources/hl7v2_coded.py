"""HL7 version 2: a coded value (CE, CWE) to a coding system and its canonical code."""

from __future__ import annotations

from collections.abc import Sequence

from features.codes.systems import System
from features.sources import hl7v2_codes as codes
from features.sources.hl7v2_message import Message, Segment
from features.sources.unmapped import UNMAPPED


def coded(
    message: Message, segment: Segment | None, field: int, systems: Sequence[System], otherwise: str | None = None
) -> tuple[str, str] | None:
    """(system, code): of the two codes that a field may hold the first that has the form of one of `systems`, in their
    order; else the first that is there, `unmapped`. `otherwise` names the system where the field does not. Null where
    there is no code.
    """
    given = []
    for at in (1, 4):
        code = message.text(segment, field, at)
        if code is not None:
            given.append((_system(message.text(segment, field, at + 2) or (otherwise if at == 1 else None)), code))
    for wanted in systems:
        for named, code in given:
            canonical = wanted.normalise(code) if named is wanted else None
            if canonical is not None:
                return wanted.name, canonical
    return (UNMAPPED, given[0][1].upper()) if given else None


def _system(named: str | None) -> System | None:
    if named is None:
        return None
    return codes.SYSTEMS.get(named.upper().replace("-", "").replace("_", "").replace(" ", ""))
