"""The log of outreach: one row for each person and day on which they could have been on the list.

Columns (Parquet, or CSV in UTF-8): day and discharge_day (YYYY-MM-DD), person_id, stay_id, risk (0 to 1), rank (1 the
highest), places (how many were to be called that day), contacted (1 where reached on that day, else 0), and where there
was a lottery, lottery (`chosen`, `not chosen`, or empty for whom it did not decide). Everybody is in it, called or not:
who is missing below the cutoff makes the people there look fewer, and no estimate is then given.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from features import windows
from features.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("day", "person_id", "stay_id", "discharge_day", "risk", "rank", "places", "contacted")
LOTTERY = "lottery"
CHOSEN, NOT_CHOSEN = "chosen", "not chosen"


def read(path: Path) -> pd.DataFrame:
    """COLUMNS and LOTTERY, days as numbers. BadInput for what a log cannot be; it names no person."""
    import pandas as pd

    try:
        rows = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
    except (OSError, ValueError, UnicodeDecodeError):
        raise BadInput(got="a log that cannot be read", expected="Parquet or CSV", do="Check --log.") from None
    missing = [name for name in COLUMNS if name not in rows]
    if missing or rows.empty:
        raise BadInput(
            got=f"a log without {', '.join(missing) or 'a row'}", expected=", ".join(COLUMNS), do="Write it anew."
        )
    if LOTTERY not in rows:
        rows[LOTTERY] = ""
    rows = rows[[*COLUMNS, LOTTERY]].assign(lottery=rows[LOTTERY].fillna(""))
    for name in ("day", "discharge_day"):
        rows[name] = [windows.parse_day(str(day)[:10]) for day in rows[name]]
    for name in ("risk", "rank", "places", "contacted"):
        rows[name] = pd.to_numeric(rows[name], errors="coerce")
    rows = rows.astype({"person_id": str, "stay_id": str})
    return checked(rows)


def checked(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows, by day and rank. BadInput where they cannot be the log of a list."""
    faults = {
        "a risk that is not 0 to 1": ~rows.risk.between(0, 1),
        "a rank or a number of places below 1": ~((rows["rank"] >= 1) & (rows.places >= 1)),
        "contacted that is neither 1 nor 0": ~rows.contacted.isin((0, 1)),
        f"a lottery that says neither {CHOSEN} nor {NOT_CHOSEN}": ~rows[LOTTERY].isin((CHOSEN, NOT_CHOSEN, "")),
        "a person twice on a day": rows.duplicated(["day", "person_id"]),
        "a discharge after the day": rows.discharge_day > rows.day,
    }
    rows = rows.sort_values(["day", "rank"], kind="stable").reset_index(drop=True)
    higher = rows.groupby("day").risk.shift()
    faults["a lower rank with a higher risk"] = rows.risk > higher + 1e-12
    faults["two numbers of places on a day"] = rows.groupby("day").places.transform("nunique") > 1
    for fault, where in faults.items():
        if bool(where.any()):
            raise BadInput(got=f"{int(where.sum())} rows of the log with {fault}", expected="none", do="Write it anew.")
    return rows
