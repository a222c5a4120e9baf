"""The formats that can be loaded."""

from __future__ import annotations

from features.errors import BadInput
from features.sources import cclf, fhir, hl7v2, omop, outreach, synpuf, synthea, tuva
from features.sources.reader import Reader

READERS: tuple[Reader, ...] = (
    synpuf.READER,
    tuva.READER,
    fhir.READER,
    synthea.READER,
    hl7v2.READER,
    omop.READER,
    cclf.READER,
    outreach.READER,
)


def reader(name: str) -> Reader:
    """The reader of that format. Raises BadInput, listing the formats, for an unknown one."""
    for found in READERS:
        if found.name == name:
            return found
    raise BadInput(
        got=f"format {name!r}", expected=f"one of {', '.join(r.name for r in READERS)}", do="Choose one of these."
    )
