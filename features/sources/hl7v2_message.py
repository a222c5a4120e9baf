"""One HL7 version 2 message taken apart: its fields as text, its times as moments, its numbers with their owners.

The parser is `hl7`. Segments that nobody here reads are left out before it sees them, and what it cannot bear (a header
without separators, or with one of them twice) is refused first. Its own reading of escape sequences is not used: it
logs what it cannot read, and a log must not hold what stands in a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from features import windows
from features.sources import hl7v2_codes as codes
from features.sources.hl7v2_frames import LONGEST_MESSAGE
from features.sources.messages import Rejected

SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9])")
READ = ("MSH", "EVN", "PID", "MRG", "PV1", "DG1", "ORC", "OBR", "OBX", "SCH", "TQ1", "AIS", "AIG", "AIL", "AIP")
USUAL = "^~\\&"  # MSH-2: component, repetition, escape, sub-component
SENDERS = ((4, 1), (4, 2), (3, 1), (3, 2))  # the facility, else the application; by name, else as registered
NULL = '""'  # the sender says: empty this field

Segment = Any  # hl7.Segment ships no types


@dataclass(frozen=True)
class Opened:
    """A message taken apart, of which no more is asked than its name: message code and trigger event, empty where it
    has none."""

    kind: str
    event: str
    zone: str
    segments: tuple[Segment, ...]
    separators: str
    escape: str

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of that name, in order."""
        return (segment for segment in self.segments if segment[0][0] == name)

    def first(self, name: str) -> Segment | None:
        """The first of them; null where there is none."""
        return next(self.all(name), None)

    def text(
        self, segment: Segment | None, field: int, component: int = 1, part: int = 1, repeat: int = 1
    ) -> str | None:
        """One value, counted from 1 as the standard does; null where it is absent or empty. Escape sequences are read,
        what cannot be printed is left out."""
        value: Any = segment
        if value is None or len(value) <= field:
            return None
        value = value[field]
        for place in (repeat, component, part):
            if isinstance(value, str):
                if place > 1:
                    return None
                continue
            if len(value) < place:
                return None
            value = value[place - 1]
        return _plain(value if isinstance(value, str) else str(value), self.separators, self.escape)

    def repeats(self, segment: Segment | None, field: int) -> range:
        """The numbers of the repetitions of a field; of an empty one there is one."""
        return range(1, len(segment[field]) + 1) if segment is not None and len(segment) > field else range(0)

    def moment(self, segment: Segment | None, field: int, component: int = 1) -> windows.Moment | None:
        """A time that is given to the day at least; null for anything else."""
        text = self.text(segment, field, component)
        found = windows.compact_moment(text, self.zone) if text else None
        return found if found is not None and found.precision in ("day", "instant") else None


@dataclass(frozen=True)
class Message(Opened):
    """`sent` is the time of the message (MSH-7, else EVN-2). `sender` owns every number that names no other owner."""

    sent: windows.Moment
    sender: str

    def owned(self, segment: Segment | None, field: int, repeat: int = 1) -> str | None:
        """A number (CX) as `number^^^owner`: the assigning authority, else the facility, else the sender. Two hospitals
        may give one number to two people, so a number alone names nobody."""
        number = self.text(segment, field, 1, repeat=repeat)
        if number is None:
            return None
        owner = self.authority(segment, field, repeat)
        return f"{_escaped(number)}^^^{_escaped(owner or self.sender)}"

    def authority(self, segment: Segment | None, field: int, repeat: int = 1) -> str | None:
        """The owner that a number names: the authority, by name or as registered; else the facility."""
        places = ((4, 1), (4, 2), (6, 1), (6, 2))
        given = (self.text(segment, field, component, part, repeat) for component, part in places)
        return next((owner for owner in given if owner), None)

    def assigned(self, segment: Segment | None, field: int) -> str | None:
        """The number of an order or an appointment (EI: number, owner in the second component), likewise."""
        number = self.text(segment, field, 1)
        if number is None:
            return None
        owner = self.text(segment, field, 2) or self.text(segment, field, 3) or self.sender
        return f"{_escaped(number)}^^^{_escaped(owner)}"

    def clinician(self, segment: Segment | None, field: int) -> str | None:
        """A clinician (XCN): the NPI alone where it is one, else the number with its owner."""
        number = self.text(segment, field, 1)
        if number is None:
            return None
        named = {self.text(segment, field, 13), self.text(segment, field, 9, 1), self.text(segment, field, 9, 2)}
        if named & set(codes.NATIONAL_PROVIDER):
            return number
        owner = self.text(segment, field, 9, 1) or self.text(segment, field, 9, 2) or self.sender
        return f"{_escaped(number)}^^^{_escaped(owner)}"


def opened(content: bytes, zone: str) -> Opened:
    """The message taken apart. Raises Rejected for what is none."""
    import hl7

    if len(content) > LONGEST_MESSAGE:
        raise Rejected(f"longer than {LONGEST_MESSAGE} bytes")
    lines = _segments(_decoded(content))
    header = lines[0] if lines else ""
    if not header.startswith("MSH") or len(header) < 4:
        raise Rejected("no message header (MSH)")
    separator = header[3]
    encoding, found, others = header[4:].partition(separator)
    encoding = encoding.replace("\\\\", "\\")  # written through a program's string once too often
    encoding += USUAL[len(encoding) :]
    if not found or not _separate(separator + encoding):
        raise Rejected("a message header whose separators are none (MSH-1, MSH-2)")
    lines[0] = f"MSH{separator}{encoding}{separator}{others}"
    parsed = hl7.parse("\r".join(line for line in lines if line[:3] in READ))
    bare = Opened("", "", zone, tuple(parsed), parsed.separators, parsed.esc)
    kind = bare.text(bare.first("MSH"), 9, 1) or ""
    event = bare.text(bare.first("MSH"), 9, 2) or bare.text(bare.first("EVN"), 1) or ""
    return replace(bare, kind=kind, event=event)


def headed(found: Opened) -> Message:
    """The message with its time and sender. Raises Rejected where it lacks one: everything depends on them."""
    header, event = found.first("MSH"), found.first("EVN")
    sender = next((told for place in SENDERS if (told := found.text(header, *place)) is not None), None)
    sent = found.moment(header, 7) or found.moment(event, 2)
    if sent is None:
        raise Rejected("no time of the message (MSH-7, EVN-2)")
    if sender is None:
        raise Rejected("no sender (MSH-3, MSH-4)")
    return Message(
        found.kind, found.event, found.zone, found.segments, found.separators, found.escape, sent=sent, sender=sender
    )


def _separate(separators: str) -> bool:
    """Whether these can part a message: five or six marks, no two alike, none of them a letter, digit or blank."""
    marks = all(mark.isprintable() and not mark.isalnum() and not mark.isspace() for mark in separators)
    return marks and 5 <= len(separators) == len(set(separators)) <= 6


def _segments(text: str) -> list[str]:
    """The segments; a line that begins like none goes on with the one before."""
    lines: list[str] = []
    for line in re.split(r"\r\n|[\r\n\x0b\x1c]", text):
        if lines and line.strip() and not SEGMENT.match(line):
            lines[-1] = f"{lines[-1]} {line}"
        elif line.strip():
            lines.append(line.lstrip("\ufeff \t\x00"))
    return lines


def _decoded(content: bytes) -> str:
    """UTF-8 where it is; else the character set that the header names (MSH-18), else Latin-1, which reads any byte."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        fields = content[: content.find(b"\r")].split(content[3:4]) if len(content) > 3 else []
        named = fields[17].decode("latin-1") if len(fields) > 17 else ""
        return content.decode(codes.CHARACTER_SETS.get(named.split("~")[0].strip().upper(), "latin-1"), "replace")


_ESCAPED: Mapping[str, int] = {"F": 1, "R": 2, "S": 3, "T": 4}  # places in the parser's separators


def _plain(text: str, separators: str, escape: str) -> str | None:
    text = text.strip()
    if not text or text == NULL:
        return None
    if escape in text:
        mark = re.escape(escape)
        text = re.sub(f"{mark}([^{mark}]*){mark}", lambda found: _meant(found[1], separators, escape), text)
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return text.strip() or None


def _meant(sequence: str, separators: str, escape: str) -> str:
    if sequence in _ESCAPED:
        return separators[_ESCAPED[sequence]]
    if sequence == "E":
        return escape
    if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", sequence):
        return bytes.fromhex(sequence[1:]).decode("latin-1")
    return " "  # a line break, highlighting, or a sequence of the sender's own


def _escaped(text: str) -> str:
    """Text in which a caret cannot be taken for the one that parts a number from its owner."""
    return text.replace("\\", "\\E\\").replace("^", "\\S\\")
