"""HL7 version 2 messages of invented people, and what a load makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from features.sources import hl7v2
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from tests.feeds import ZONE

Fields = Mapping[int, str]

USUAL: dict[str, Fields] = {
    "EVN": {},
    "PID": {3: "77^^^NORTH^MR"},
    "PV1": {2: "I", 3: "4E^101^A^NORTH HOSPITAL", 19: "V1^^^NORTH"},
    "SCH": {2: "B1^NORTH"},
}


def segment(name: str, fields: Fields) -> str:
    """A segment with these fields, counted from 1."""
    return "|".join([name, *(fields.get(at, "") for at in range(1, max(fields, default=0) + 1))])


def message(
    kind: str, *segments: tuple[str, Fields], sent: str = "20240305120000-0500", header: Fields | None = None
) -> bytes:
    """A message of that kind (`ADT^A01`) from segments, each given as what differs from the usual."""
    fields = {3: "ADT", 4: "NORTH", 7: sent, 9: kind, 10: "M1", 11: "P", 12: "2.5.1", **(header or {})}
    lines = ["MSH|^~\\&|" + segment("", {at - 2: text for at, text in fields.items()}).removeprefix("|")]
    lines += [segment(name, {**USUAL.get(name, {}), **given}) for name, given in segments]
    return "\r".join(lines).encode()


def adt(event: str, sent: str = "20240305120000-0500", pid: Fields | None = None, pv1: Fields | None = None) -> bytes:
    """An ADT message of the usual patient and visit."""
    return message(f"ADT^{event}", ("EVN", {1: event}), ("PID", pid or {}), ("PV1", pv1 or {}), sent=sent)


def write_messages(folder: Path, name: str, messages: Sequence[bytes], end: bytes = b"\r") -> Path:
    """A file of messages, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"".join(each.replace(b"\r", end) + end for each in messages))
    return path


def load_messages(given: Path, store: Path) -> LoadReport:
    return load(hl7v2.READER, given, store, Delivery(), ZONE)
