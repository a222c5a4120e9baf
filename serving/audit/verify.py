"""Whether the log is what was written: each line beside the one before, and the last beside what was told elsewhere.

The chain alone finds a line that was altered, taken out, put in or moved, by whoever did not work out all later hashes
anew. That, and lines cut off at the end, only anchors find: the number and hash of a line that once was the last, kept
where whoever can write to the database cannot. What came after the last anchor can be cut off unseen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from features.errors import BadInput
from serving.audit.entries import AUDIT, BEGINNING, LINES_AT_ONCE, hash_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

MOST_TOLD = 20


@dataclass(frozen=True)
class Verified:
    """`last` and `last_hash`: the newest line, 0 and zeros for an empty log. `wrong`: sentences, at most MOST_TOLD."""

    lines: int
    last: int
    last_hash: str
    wrong: tuple[str, ...]


def verify(engine: Engine, anchors: Mapping[int, str]) -> Verified:
    """Read the whole log. `anchors`: hash by number of line."""
    wrong: list[str] = []
    seen: set[int] = set()
    lines, last, before = 0, 0, BEGINNING
    with engine.connect() as connection:
        reading = connection.execution_options(yield_per=LINES_AT_ONCE)
        for row in reading.execute(select(AUDIT).order_by(AUDIT.c.seq)).mappings():
            seq, written = row["seq"], row["hash"]
            if seq != last + 1:
                wrong.append(f"{_lines(last + 1, seq - 1)} missing")
            elif hash_of(dict(row), before) != written:
                wrong.append(f"line {seq} was altered, or moved from elsewhere, or the one before it was")
            if seq in anchors:
                seen.add(seq)
                if anchors[seq] != written:
                    wrong.append(f"line {seq} was anchored with another hash: it or a line before it was written anew")
            lines, last, before = lines + 1, seq, written
    beyond = sorted(seq for seq in anchors if seq > last)
    if beyond:
        wrong.append(f"{_lines(last + 1, beyond[-1])} cut off at the end: line {beyond[-1]} was anchored")
    return Verified(lines, last, before, tuple(wrong[:MOST_TOLD]))


def read_anchors(path: Path) -> dict[int, str]:
    """Lines of a number and a hash, as the service and `afterward audit-log head` write them; what else a line holds
    before them (a journal's date and host) does not matter. Raises BadInput for a file without one.
    """
    try:
        found = re.findall(r"\b(\d{1,18}) ([0-9a-f]{64})\b", path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = []
    if not found:
        raise BadInput(
            got=f"{path}, in which there is no anchor",
            expected="lines of a number and a hash",
            do="Name the file of AFTERWARD_AUDIT_ANCHORS, or one in which `afterward audit-log head` was kept.",
        )
    return {int(seq): hash_ for seq, hash_ in found}


def _lines(first: int, last: int) -> str:
    return f"line {first} is" if first == last else f"lines {first} to {last} are"
