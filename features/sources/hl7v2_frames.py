"""Where one HL7 version 2 message ends and the next begins: files, batches and MLLP frames.

A message starts on a line that begins with MSH. Lines end with carriage return (the standard), line feed or both; the
framing characters of MLLP end a line too. File and batch wrappers (FHS, BHS, BTS, FTS) belong to no message. What
stands before the first header is given as a piece of its own, so that it is counted and set aside with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from features.sources.files import BLOCK

LONGEST_MESSAGE = (
    1 << 24
)  # a document in a message may be megabytes; what is longer lost its line ends or is no message
LINE_END = re.compile(rb"\r\n|[\r\n\x0b\x1c]")
HEADER = re.compile(rb"MSH[^A-Za-z0-9\s]")
WRAPPER = re.compile(rb"(?:FHS|BHS|BTS|FTS)(?![A-Za-z0-9])")
BEFORE_A_LINE = b"\xef\xbb\xbf \t\x00"  # a byte order mark, blanks


def holds(head: bytes) -> bool:
    """Whether a file that begins like this holds messages: one of its first lines is a header or a wrapper."""
    lines = (line.lstrip(BEFORE_A_LINE) for line in LINE_END.split(head))
    return any(HEADER.match(line) or WRAPPER.match(line) for line in lines)


def split(data: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each message with the line on which it starts, its lines joined by carriage returns, whatever ended them.

    Of a message that is longer than LONGEST_MESSAGE the first bytes are given, one more than that.
    """
    held: list[bytes] = []
    start = size = 0
    for number, line in _lines(data):
        bare = line.lstrip(BEFORE_A_LINE)
        header, wrapper = HEADER.match(bare), WRAPPER.match(bare)
        if (header or wrapper) and held:
            yield start, _whole(held)
            held = []
        if wrapper or not bare.strip():
            continue
        if not held:
            start, size = number, 0
        if size <= LONGEST_MESSAGE:
            held.append(bare if header else line)
            size += len(line) + 1
    if held:
        yield start, _whole(held)


def _whole(lines: list[bytes]) -> bytes:
    return b"\r".join(lines)[: LONGEST_MESSAGE + 1]


def _lines(data: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines, counted from 1; of one that is too long only the beginning is kept, so no file fills the memory."""
    number, rest, cut = 1, b"", False
    while block := data.read(BLOCK):
        if block.endswith(b"\r"):
            block += data.read(1)  # the line feed that belongs to it, if there is one
        first, *others = LINE_END.split(block)
        rest = rest if cut else rest + first
        if len(rest) > LONGEST_MESSAGE:
            rest, cut = rest[: LONGEST_MESSAGE + 1], True
        if not others:
            continue
        yield number, rest
        for line in others[:-1]:
            number += 1
            yield number, line
        number, rest, cut = number + 1, others[-1], False
    if rest:
        yield number, rest
