"""A transition measure is data: what opens the gap, whom it is not for, when it is due, and what closes it.

At most one gap a person is open at a time: the last thing that opened one counts, as long as `until` says. Care after
the day on which it was due still closes the gap, and is called late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.measures.rows import Bools, Ints
from features.record.known import Known

if TYPE_CHECKING:
    import ibis.expr.types as ir

LATE = "late"
_A_PERSON = 1 << 24  # more days than there are


@dataclass(frozen=True)
class Opened:
    """What opened gaps, one a person: places of people, days, and why a gap is not for them (empty where it is)."""

    who: Ints
    day: Ints
    why: Any

    def where(self, mask: Bools) -> Opened:
        """Those for which it holds."""
        return Opened(self.who[mask], self.day[mask], self.why[mask])


@dataclass(frozen=True)
class Care:
    """What was done: places of people, days, the table that tells of it and its number there (null where it has none).
    `proves` is set where it says that care was in time, though it is dated later.
    """

    who: Ints
    day: Ints
    table: Any
    number: Any
    proves: Bools


@dataclass(frozen=True)
class Transition:
    """`due` and `until` give days from the day of opening; care from `first` days after it on counts. `closes` says in
    words what would close each open gap, and is given the day on which it is due. `needs` are facts, of each group of
    which something must be told.
    """

    name: str
    title: str
    evidence: str
    opened_by: str
    opens: Callable[[Known], Opened]
    due_in_words: str
    due: Callable[[Ints], Ints]
    until: Callable[[Ints], Ints]
    care: Callable[[Known], Care]
    closed_by: str
    closes: Callable[[Known, Opened, Ints], Any]
    needs: tuple[tuple[str, ...], ...]
    first: int = 1


def opened(then: Known, rows: ir.Table) -> Opened:
    """Of a table with row_id, day and why."""
    found = then.record.con.to_pyarrow(rows.select("row_id", "day", "why").order_by("row_id"))
    return Opened(_ints(found, "row_id"), _ints(found, "day"), _texts(found, "why"))


def care(then: Known, rows: ir.Table) -> Care:
    """Of a table with row_id, day, told, number and proves (1 or 0)."""
    order = ["row_id", "day", "told", "number", "proves"]
    found = then.record.con.to_pyarrow(rows.select(*order).distinct().order_by(order))
    days = (_ints(found, "row_id"), _ints(found, "day"))
    return Care(*days, _texts(found, "told"), _texts(found, "number"), _ints(found, "proves") == 1)


def first_care(gaps: Opened, done: Care, first: int, last: Ints) -> tuple[Ints, Bools]:
    """Of each gap the place of the first care from `first` days after the opening to the last day, and whether there
    is any. Care is sorted by person and day.
    """
    at = np.searchsorted(done.who * _A_PERSON + done.day, gaps.who * _A_PERSON + gaps.day + first)
    there = np.minimum(at, max(len(done.who) - 1, 0))
    if not len(done.who):
        return there, np.zeros(len(gaps.who), dtype=np.bool_)
    found = (at < len(done.who)) & (done.who[there] == gaps.who) & (done.day[there] <= last)
    return there, found


def _ints(table: Any, name: str) -> Ints:
    found: Ints = table.column(name).to_numpy().astype(np.int64)
    return found


def _texts(table: Any, name: str) -> Any:
    return np.array(table.column(name).to_pylist(), dtype=object)
