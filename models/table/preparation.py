"""How the cells of a table become numbers: what kind each column is, written down once and applied to every table.

A number is itself. A category is its place among the few values that were seen, in natural order; the trees split it
as a set. A code has many values, and is its place among them in natural order (numbers by their size, `250.02` after
`250.01`, letters after digits): most coding systems keep like beside like, so a tree finds a chapter as a range, and a
code that was never seen takes the place between its neighbours.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Kind = Literal["number", "category", "code"]
NaturalKey = tuple[tuple[int, float, str], ...]


@dataclass(frozen=True)
class TableColumn:
    """A column of the table. `values`: those seen, in natural order (category and code). `low` and `high`: the range of
    a number. `missing`: the share of cells without a value.
    """

    name: str
    kind: Kind
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    missing: float = 0.0


@dataclass(frozen=True)
class Prepared:
    """`X`: one column of numbers for each of the table's, nan where nothing is known. `absent`: columns that the table
    does not have. `unseen`: how many cells hold what was never seen (a category becomes nan, a code goes between its
    neighbours) or, of a number, what is none (nan). Both by column, only where there are any.
    """

    X: pd.DataFrame
    absent: tuple[str, ...]
    unseen: Mapping[str, int]


def prepare(text: pd.DataFrame, columns: Sequence[TableColumn]) -> Prepared:
    """The numbers of a table of text (`read.Cells.text`); a column that it lacks is nan throughout."""
    import pandas as pd

    made: dict[str, Floats] = {}
    unseen: dict[str, int] = {}
    for column in columns:
        if column.name not in text:
            made[column.name] = np.full(len(text), np.nan)
            continue
        made[column.name], strange = _numbers(text[column.name], column)
        if strange:
            unseen[column.name] = strange
    absent = tuple(column.name for column in columns if column.name not in text)
    return Prepared(pd.DataFrame(made, index=text.index), absent, unseen)


def _numbers(cells: pd.Series, column: TableColumn) -> tuple[Floats, int]:
    """(rows,) and how many cells were never seen, each distinct text looked up once."""
    import pandas as pd

    places, distinct = pd.factorize(cells)
    if column.kind == "number":
        found = np.asarray(pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce"), dtype=np.float64)
        strange = np.isnan(found)
    else:
        seen = {value: float(place) for place, value in enumerate(column.values)}
        strange = np.asarray([word not in seen for word in distinct], dtype=bool)
        keys = [natural(value) for value in column.values]
        found = np.asarray([seen.get(word, _if_unseen(column.kind, keys, word)) for word in distinct], dtype=np.float64)
    count = int(np.isin(places, np.flatnonzero(strange)).sum())
    return np.append(found, np.nan)[places], count  # factorize gives -1 where a cell is null


def _if_unseen(kind: Kind, keys: Sequence[NaturalKey], word: str) -> float:
    """A code that is none of these, which are in order, goes between its neighbours; a category is like no other."""
    return bisect_left(keys, natural(word)) - 0.5 if kind == "code" else np.nan


@lru_cache(maxsize=100_000)
def natural(word: str) -> NaturalKey:
    """Sorts runs of digits (with one decimal point) by size and before letters: `[9-10)` before `[10-20)`."""
    parts = re.findall(r"\d+(?:\.\d+)?|[^\d]+", word)
    return tuple((0, float(part), "") if part[0].isdigit() else (1, 0.0, part) for part in parts)
