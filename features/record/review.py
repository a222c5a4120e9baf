"""The file in which a clerk decides who is one person, out and back again. It holds names and numbers: only its owner
may read it.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from features.errors import BadInput
from features.record.identity import APART, MERGED, merge_id
from features.record.linkage import COLUMNS
from features.record.match import Matched

DECISIONS = {"same": MERGED, "different": APART, "": None}
IDS = ("first_id", "second_id")
HEADER = (
    *("merge_id", *IDS, "evidence", "probability", "doubt"),
    *(f"{which}_{name}" for name in COLUMNS for which in ("first", "second")),
    "decision",
)


def write_review(matched: Matched, path: Path) -> None:
    """One row a pair to decide, the likeliest first; the column `decision` is to be filled with same or different."""
    nothing: Mapping[str, str | None] = {}
    rows = []
    for pair in matched.review:
        first, second = (matched.people.get(number, nothing) for number in (pair.one, pair.other))
        probability = "" if pair.probability is None else f"{pair.probability:.3f}"
        facts = [each.get(name) or "" for name in COLUMNS for each in (first, second)]
        doubt = pair.doubt or "below the threshold"
        rows.append(
            (merge_id(pair.one, pair.other), pair.one, pair.other, pair.evidence, probability, doubt, *facts, "")
        )
    write_private(path, HEADER, rows)


def write_private(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A CSV file that only its owner may read. Raises BadInput where it cannot be written."""
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(header)
            writer.writerows(rows)
    except OSError:
        raise BadInput(got="a file that cannot be written", expected="a path", do="Check the path.") from None


def read_decisions(path: Path) -> dict[tuple[str, str], str]:
    """What a clerk decided, by pair: `merged` or `apart`; rows not yet decided are left out. Raises BadInput naming the
    line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as given:
            rows = list(csv.DictReader(given))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise BadInput(got="a file that cannot be read", expected="a CSV file", do="Check --decisions.") from None
    decided: dict[tuple[str, str], str] = {}
    for line, row in enumerate(rows, 2):
        first, second, word = (row.get(name) for name in (*IDS, "decision"))
        decision = DECISIONS.get((word or "").strip().lower(), "")
        if not first or not second or word is None or decision == "":
            raise BadInput(
                got=f"line {line} of the decisions without two ids or with another word for a decision",
                expected="same, different or nothing",
                do="Mend the line.",
            )
        pair = (min(first, second), max(first, second))
        if decision is not None and decided.setdefault(pair, decision) != decision:
            raise BadInput(got=f"two decisions on one pair, line {line}", expected="one", do="Mend the line.")
    return decided
