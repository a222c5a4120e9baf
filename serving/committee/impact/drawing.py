"""The lottery on a list of `afterward score`: read it, draw, write the day's part of the log."""

from __future__ import annotations

import csv
from pathlib import Path

from features import windows
from features.errors import BadInput
from serving.committee.impact.lottery import drawn

NEEDED = ("rank", "person_id", "stay_id", "risk", "discharge_date")
LINE = (
    "day",
    "person_id",
    "stay_id",
    "discharge_day",
    "risk",
    "rank",
    "places",
    "contacted",
    "call",
    "lottery",
    "seed",
)


def drawn_list(path: Path, places: int, band: int, seed: int, day: int) -> list[dict[str, str]]:
    """One LINE a person, in order of rank. `contacted` is empty: the call is still to be made. BadInput for a file that
    is no such list.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            got="a list that cannot be read", expected="a CSV of `afterward score`", do="Check it."
        ) from None
    missing = [name for name in NEEDED if not rows or name not in rows[0]]
    if missing:
        raise BadInput(
            got=f"a list without {', '.join(missing)}", expected="a CSV of `afterward score`", do="Write it with --out."
        )
    lots = drawn(len(rows), places, band, seed, day)
    return [
        {
            "day": windows.iso(day),
            "person_id": row["person_id"],
            "stay_id": row["stay_id"],
            "discharge_day": row["discharge_date"],
            "risk": row["risk"],
            "rank": row["rank"],
            "places": str(places),
            "contacted": "",
            "call": "1" if call else "0",
            "lottery": said,
            "seed": str(seed),
        }
        for row, (call, said) in zip(rows, lots, strict=True)
    ]


def write(lines: list[dict[str, str]], path: Path) -> None:
    """As CSV. BadInput where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, LINE, lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)
    except OSError:
        raise BadInput(got="a file that cannot be written", expected="a path", do="Check --out.") from None
