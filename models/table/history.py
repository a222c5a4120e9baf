"""What a person's own earlier rows tell: the same inputs before, never a label. Rows are ordered by person and time.

The time itself is an input too, since care and coding change over the years. Rows later than any that were learned from
are taken as the latest ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import windows
from features.errors import BadInput
from models.table.preparation import TableColumn

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
TIME_ITSELF, ROWS_BEFORE, SINCE_LAST, SINCE_LAST_BUT_ONE = (
    "the time itself",
    "rows before",
    "since the last row",
    "since the last row but one",
)


def times(text: pd.DataFrame, person: str, time: str) -> Floats:
    """(rows,): the time of each row, a running number as it is, a date as its day. BadInput, with the count, where a
    cell is empty or neither, where the whole table has one time, or where a person has the same time twice.
    """
    import pandas as pd

    cells = text[time]
    distinct = cells.dropna().unique()
    numbers = pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce")
    if numbers.isna().sum() * 2 > len(numbers):
        numbers = pd.Series([_day(word) for word in distinct], dtype="float64")
    found = cells.map(dict(zip(distinct, numbers, strict=True))).astype("float64")
    empty = int(found.isna().sum())
    if empty:
        raise BadInput(
            got=f"--time {time} with {empty:,} cells that are empty or neither a number nor a date",
            expected="a number or a date like 2024-03-05 in each row",
            do="Leave those rows out with --where, or leave out --time.",
        )
    if len(found) > 1 and found.nunique() == 1:
        raise BadInput(
            got=f"--time {time} with one value in all {len(found):,} rows",
            expected="a column that orders a person's rows",
            do="Name another column, or leave out --time.",
        )
    twice = int(pd.DataFrame({"person": text[person], "time": found}).duplicated(keep=False).sum())
    if twice:
        raise BadInput(
            got=f"--time {time} with equal values within one person in {twice:,} rows",
            expected="one order of each person's rows",
            do="Name a column that orders them, or leave out --time.",
        )
    return np.asarray(found, dtype=np.float64)


def with_history(X: pd.DataFrame, columns: Sequence[TableColumn], persons: npt.ArrayLike, when: Floats) -> pd.DataFrame:
    """X (rows, columns) with the time and what the person's earlier rows say beside it: how many there are and how long
    ago; of each column its last value before; of a number also the mean before and the change; of the others whether it
    is the same. nan where there is no earlier row.
    """
    import pandas as pd

    person = pd.factorize(np.asarray(persons))[0]
    order = np.lexsort((when, person))
    back = np.argsort(order)
    ordered = person[order]
    first = np.append(np.ones(1, dtype=bool), ordered[1:] != ordered[:-1])[: len(order)]
    began = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    before = (np.arange(len(order)) - began).astype(np.float64)
    times_ordered = when[order]
    told: dict[str, Floats] = {
        ROWS_BEFORE: before,
        SINCE_LAST: _lagged(times_ordered, before, 1),
        SINCE_LAST_BUT_ONE: _lagged(times_ordered, before, 2),
    }
    told = {name: times_ordered - value if name != ROWS_BEFORE else value for name, value in told.items()}
    told[TIME_ITSELF] = times_ordered
    for column in columns:
        value = X[column.name].to_numpy("float64")[order]
        last = _lagged(value, before, 1)
        told[f"{column.name}, before"] = last
        if column.kind == "number":
            told[f"{column.name}, mean before"] = _mean_before(value, ordered, before)
            told[f"{column.name}, change"] = value - last
        else:
            same = np.where(np.isnan(value) | np.isnan(last), np.nan, (value == last).astype(np.float64))
            told[f"{column.name}, same as before"] = same
    return pd.concat([X, pd.DataFrame({name: each[back] for name, each in told.items()}, index=X.index)], axis=1)


def _lagged(values: Floats, before: Floats, rows: int) -> Floats:
    """The value that many rows earlier, nan where the person has not so many."""
    earlier = np.concatenate([np.full(min(rows, len(values)), np.nan), values[: max(0, len(values) - rows)]])
    return np.where(before >= rows, earlier, np.nan)


def _mean_before(values: Floats, person: npt.NDArray[np.int64], before: Floats) -> Floats:
    """The mean of the person's earlier known values; summed person by person, so that whoever else stands in the table
    changes no bit.
    """
    import pandas as pd

    earlier = pd.Series(_lagged(values, before, 1))
    of = earlier.notna().groupby(person)
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = earlier.fillna(0.0).groupby(person).cumsum().to_numpy("float64")
        counts = of.cumsum().to_numpy("float64")
        return np.where(counts > 0, sums / counts, np.nan)


def _day(word: str) -> float:
    try:
        return float(windows.parse_day(word))
    except BadInput:
        return float("nan")
