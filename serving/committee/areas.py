"""Areas by postal code, as a network gives them: rurality (such as RUCA), or fifths of an index of deprivation."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from features.errors import BadInput

ZIP, AREA = "zip_code", "area"


def read_areas(path: Path) -> Mapping[str, str]:
    """The area of each postal code: a CSV with the columns zip_code and area; other columns are left alone."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as given:
            reader = csv.DictReader(given)
            rows = list(reader) if {ZIP, AREA} <= set(reader.fieldnames or ()) else None
    except (OSError, UnicodeDecodeError, csv.Error):
        rows = None
    if not rows:
        raise BadInput(
            got="a file of areas that cannot be read, is empty, or has no columns zip_code and area",
            expected="a CSV with a row for each postal code",
            do="Check --areas.",
        )
    return {row[ZIP].strip(): row[AREA].strip() for row in rows if row[ZIP] and row[AREA]}
