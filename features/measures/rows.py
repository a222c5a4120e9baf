"""Rows of people, in columns: what the published logic says of lists of events, said of all people at once.

Days that are not known stand beyond all days: a start that is not told lies before every day (FIRST), an end that is
not told after every day (OPEN), as CQL reads an interval whose edge is null. Nothing here looks at one person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.measures.period import Period

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
FIRST, OPEN = -(2**40), 2**40  # beyond every day and every second
UNKNOWN = -(2**50)  # no number


@dataclass(frozen=True)
class Rows:
    """Some rows of one kind of event: `index` are their places in `columns`, which are sorted by person (`who`).

    Each kind has the columns that `features.measures.kinds` gives it.
    """

    people: int
    columns: Mapping[str, Ints]
    index: Ints

    def __getitem__(self, name: str) -> Ints:
        column: Ints = self.columns[name][self.index]
        return column

    def __len__(self) -> int:
        return len(self.index)

    def __or__(self, other: Rows) -> Rows:
        return Rows(self.people, self.columns, np.union1d(self.index, other.index))

    def flag(self, name: str) -> Bools:
        """A column of yes and no."""
        found: Bools = self[name] == 1
        return found

    def where(self, mask: Bools) -> Rows:
        """Those for which it holds."""
        return Rows(self.people, self.columns, self.index[mask])

    def only(self, *flags: str) -> Rows:
        """Those of which each of the flags is set."""
        kept = self
        for name in flags:
            kept = kept.where(kept.flag(name))
        return kept

    def exist(self) -> Bools:
        """Which people have any."""
        found = np.zeros(self.people, dtype=np.bool_)
        found[self["who"]] = True
        return found

    # ---- time, by days

    @property
    def latest_day(self) -> Ints:
        """The last day; of what has no end the first."""
        return np.where(self["end_day"] < OPEN, self["end_day"], self["start_day"])

    def during(self, period: Period) -> Rows:
        """Those that begin and end within it."""
        return self.where((self["start_day"] >= period.first) & (self["end_day"] <= period.last))

    def starting(self, period: Period) -> Rows:
        """Those that begin within it."""
        return self.where((self["start_day"] >= period.first) & (self["start_day"] <= period.last))

    def ending(self, period: Period) -> Rows:
        """Those that end within it."""
        return self.where((self["end_day"] >= period.first) & (self["end_day"] <= period.last))

    def overlapping(self, period: Period) -> Rows:
        """Those that share a day with it."""
        return self.where((self["start_day"] <= period.last) & (self["end_day"] >= period.first))

    def started_by(self, day: int) -> Rows:
        """Those that began on that day or before."""
        return self.where(self["start_day"] <= day)

    def ended_by(self, day: int) -> Rows:
        """Those that ended on that day or before."""
        return self.where(self["end_day"] <= day)

    def latest_during(self, period: Period) -> Rows:
        """Those whose latest day lies within it."""
        latest = self.latest_day
        return self.where((latest >= period.first) & (latest <= period.last))

    # ---- of each person

    def highest(self, of: Ints) -> Rows:
        """Of each person those with the person's highest value of `of`."""
        best = np.full(self.people, np.iinfo(np.int64).min)
        np.maximum.at(best, self["who"], of)
        return self.where(of == best[self["who"]])

    def last(self, of: Ints) -> Rows:
        """Of each person the one with the highest value of `of`; of several the later in the record's order."""
        order = np.lexsort((self.index, of, self["who"]))
        who = self["who"][order]
        ends = np.append(who[1:] != who[:-1], True) if len(who) else np.zeros(0, dtype=np.bool_)
        return Rows(self.people, self.columns, np.sort(self.index[order[ends]]))

    # ---- of two kinds, person by person

    def having(self, other: Rows, holds: Callable[[Rows, Rows], Bools]) -> Rows:
        """Those for which a row of the same person in `other` is such that `holds` (CQL's `with ... such that`)."""
        here, there = pairs(self, other)
        mask = holds(
            Rows(self.people, self.columns, self.index[here]), Rows(other.people, other.columns, other.index[there])
        )
        return self.where(np.bincount(here[mask], minlength=len(self)) > 0)


def pairs(left: Rows, right: Rows) -> tuple[Ints, Ints]:
    """Positions in each of every pair of rows of the same person."""
    who = right["who"]
    begin = np.searchsorted(who, left["who"], side="left")
    count = np.searchsorted(who, left["who"], side="right") - begin
    here = np.repeat(np.arange(len(left)), count)
    within = np.arange(len(here)) - np.repeat(np.cumsum(count) - count, count)
    return here, begin[here] + within
