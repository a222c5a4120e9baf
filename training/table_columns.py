"""What kind each column of a table is, by its cells and its name; written down in the release, so that whoever reads it
can object.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.table.preparation import TableColumn, natural

if TYPE_CHECKING:
    import pandas as pd

MOST_CATEGORIES = 12  # more values than these are taken as a code, which keeps what was never seen near its like
MOST_CODES = 5_000
NUMBERS = 0.98  # a column is one of numbers where this share of its values are
UNLIKE = 0.95  # a column with nearly as many values as rows names rows, and tells nothing of the next one
# a whole number under such a name is a code: adding or halving it has no meaning
NAMES_OF_CODES = ("id", "code", "cd", "type", "class", "category", "status", "source", "disposition", "zip", "group")

CONSTANT, NAMES_ROWS = "one value in all rows", "nearly as many values as rows: it names the row, or is free text"


@dataclass(frozen=True)
class Inferred:
    """The columns that a model learns from, in the order of the table, and why each of the others was left out."""

    columns: tuple[TableColumn, ...]
    left_out: dict[str, str]


def infer(text: pd.DataFrame, never: Collection[str]) -> Inferred:
    """Columns of a table of text (`read.Cells.text`); those in `never` are not looked at."""
    columns: list[TableColumn] = []
    left_out: dict[str, str] = {}
    for name in text.columns:
        if name in never:
            continue
        found = _column(str(name), text[name])
        if isinstance(found, str):
            left_out[str(name)] = found
        else:
            columns.append(found)
    return Inferred(tuple(columns), left_out)


def _column(name: str, cells: pd.Series) -> TableColumn | str:
    import pandas as pd

    known = cells.dropna()
    counts = known.value_counts()
    if len(counts) < 2 and (len(known) == len(cells) or not len(counts)):
        return CONSTANT
    missing = 1 - len(known) / len(cells)
    values = pd.to_numeric(pd.Series(counts.index, dtype=object), errors="coerce").to_numpy("float64")
    numeric = counts.to_numpy()[~np.isnan(values)].sum() >= NUMBERS * len(known)
    whole = bool((values[~np.isnan(values)] % 1 == 0).all())
    coded = whole and _named_like_a_code(name)
    if numeric and not coded:
        return TableColumn(name, "number", low=float(np.nanmin(values)), high=float(np.nanmax(values)), missing=missing)
    if len(counts) >= UNLIKE * len(known) or len(counts) > MOST_CODES:
        return NAMES_ROWS
    ordered = tuple(sorted(map(str, counts.index), key=lambda word: (natural(word), word)))
    return TableColumn(name, "category" if len(ordered) <= MOST_CATEGORIES else "code", ordered, missing=missing)


def _named_like_a_code(name: str) -> bool:
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return any(word in NAMES_OF_CODES for word in words)
