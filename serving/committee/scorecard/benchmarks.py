"""What others reach: benchmarks of a region and a year, from a CSV that the network brings.

Columns: measure (as the scorecard names it), region, year, value, source. A share is 0 to 1, a rate as the scorecard
tells it (per 1,000 members a year, dollars a month).
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from features.errors import BadInput

COLUMNS = ("measure", "region", "year", "value", "source")


@dataclass(frozen=True)
class Benchmark:
    """One figure that others reach."""

    measure: str
    region: str
    year: int
    value: float
    source: str


def read(path: Path, region: str | None, measures: tuple[str, ...]) -> dict[str, Benchmark]:
    """By measure the latest year of a region. BadInput names the line of what cannot be read, and asks for the region
    where the file holds several.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            got="benchmarks that cannot be read", expected="a CSV in UTF-8", do="Check --benchmarks."
        ) from None
    if not lines or not set(COLUMNS) <= set(lines[0]):
        raise BadInput(
            got="benchmarks without these columns, or without a row",
            expected=", ".join(COLUMNS),
            do="Mend the first line of the file.",
        )
    told = [_benchmark(line, number, measures) for number, line in enumerate(lines, start=2)]
    regions = sorted({one.region for one in told})
    if region is None and len(regions) > 1:
        raise BadInput(got=f"{len(regions)} regions", expected="one", do=f"Add --region, one of {', '.join(regions)}.")
    if region is not None and region not in regions:
        raise BadInput(got=f"--region {region}", expected=f"one of {', '.join(regions)}", do="Choose one.")
    own = [one for one in told if region in (None, one.region)]
    return {one.measure: one for one in sorted(own, key=lambda one: one.year)}


def _benchmark(line: dict[str, str], number: int, measures: tuple[str, ...]) -> Benchmark:
    if line["measure"] not in measures:
        raise BadInput(
            got=f"an unknown measure in line {number} of the benchmarks",
            expected=f"one of {', '.join(measures)}",
            do="Name it so, or leave the line out.",
        )
    try:
        year, value = int(line["year"]), float(line["value"])
    except (TypeError, ValueError):
        year, value = 0, float("nan")
    if not year or not math.isfinite(value) or value < 0:
        raise BadInput(
            got=f"line {number} of the benchmarks, without a year or a value",
            expected="a year, and a number of 0 or more",
            do="Mend the line.",
        )
    return Benchmark(line["measure"], line["region"] or "", year, value, line["source"] or "")
