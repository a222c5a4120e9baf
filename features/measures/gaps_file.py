"""The gaps that `afterward gaps` wrote, read again: what is still open of each person, in words."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from features import windows
from features.errors import BadInput
from features.measures import MEASURES
from features.measures.status import COLUMNS, OPEN_GAP
from features.measures.transitions import TRANSITIONS

TITLES = {measure.cms: measure.title for measure in MEASURES} | {each.name: each.title for each in TRANSITIONS}
_AGAIN = "Write it with `afterward gaps`."


@dataclass(frozen=True)
class OpenGap:
    """One gap of somebody. `due` is a day number; `closes` is the next step; `measure` is its number or name. `chance`
    is that of staying open until it is due, null where nobody foretells it.
    """

    title: str
    due: int
    closes: str
    measure: str = ""
    chance: float | None = None


def read_open(path: Path, as_of_day: int) -> dict[str, tuple[OpenGap, ...]]:
    """The open gaps by person, what is due first before the rest. Raises BadInput where the file is none of ours, or is
    as of another day: what was known later must not be on a list of that day.
    """
    found: dict[str, list[OpenGap]] = {}
    for number, row in enumerate(_rows(path), 2):
        if row["as_of"] != windows.iso(as_of_day):
            raise BadInput(
                got=f"{path.name} line {number}, as of {row['as_of']}",
                expected=f"gaps as of {windows.iso(as_of_day)}, the last day of the list",
                do=f"Run `afterward gaps --as-of {windows.iso(as_of_day)}`.",
            )
        if row["status"] == OPEN_GAP:
            title = TITLES.get(row["measure"], row["measure"])
            gap = OpenGap(title, windows.parse_day(row["due"]), row["closes"], row["measure"])
            found.setdefault(row["person_id"], []).append(gap)
    return {who: tuple(sorted(gaps, key=lambda gap: (gap.due, gap.title))) for who, gaps in found.items()}


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as data:
            reader = csv.DictReader(data)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise BadInput(got=f"{path}, which cannot be read", expected="a file of gaps", do=_AGAIN) from None
    if tuple(reader.fieldnames or ()) != COLUMNS or any(None in row.values() or None in row for row in rows):
        raise BadInput(
            got=f"{path.name}, whose rows are not {', '.join(COLUMNS)}", expected="a file of gaps", do=_AGAIN
        )
    return rows
