"""One measure of one kind of provider: each unit's ratio, what it is after shrinkage, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.pages.few import few, withheld
from models.intervals import Interval
from models.profiling.exact import Ratios, ratios
from models.profiling.expected import Units
from models.profiling.outliers import outliers
from models.profiling.shrinkage import Shrunken

FEWEST_ROWS = 25  # index stays (CMS shows no hospital with fewer), or members
# below which an interval of a whole number of events cannot hold the truth in 93 to 97 of 100 times, whatever it is
FEWEST_EXPECTED = 10.0
AS_EXPECTED, MORE, FEWER = "as expected", "more than expected", "fewer than expected"
TOO_FEW = "too few to judge"


@dataclass(frozen=True)
class Unit:
    """A provider on a measure. `observed` and `ratio` are null (nan) where they would lead back to a few people, and
    so are the ratio after shrinkage and the `rank`, which counts from the lowest. `spread` is the count's dispersion.
    """

    name: str
    rows: int
    observed: float | None
    expected: float
    spread: float
    ratio: Interval
    shrunken: Interval
    rank: Interval
    reading: str
    flagged: bool


@dataclass(frozen=True)
class Judged:
    """All judged units of a measure, in the order of their names, and how many others there are with how many rows."""

    measure: str
    kind: str
    units: tuple[Unit, ...]
    others: int
    rows_of_others: int
    between: float
    total: float  # events, or the amount, of all units together
    rows: int

    @property
    def flagged(self) -> tuple[Unit, ...]:
        """The units that differ from the network by more than chance makes of so many."""
        return tuple(unit for unit in self.units if unit.flagged)


NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def judged(
    measure: str, kind: str, units: Units, shrunken: Shrunken, with_event: Sequence[int], people: Sequence[int]
) -> Judged:
    """`with_event` and `people` (units,): how many people had any event, and how many there are."""
    found = ratios(units.observed, units.expected, units.trials, units.dispersion)
    enough = (units.rows >= FEWEST_ROWS) & (units.expected / units.dispersion >= FEWEST_EXPECTED)
    flagged = outliers(units, enough)
    hidden = _hidden(with_event, people)
    told = tuple(
        _unit(units, found, shrunken, place, bool(flagged[place]), hidden[place])
        for place in np.flatnonzero(enough).tolist()
    )
    return Judged(
        measure=measure,
        kind=kind,
        units=told,
        others=int((~enough).sum()),
        rows_of_others=int(units.rows[~enough].sum()),
        between=shrunken.between,
        total=float(units.observed.sum()),
        rows=int(units.rows.sum()),
    )


def _hidden(with_event: Sequence[int], people: Sequence[int]) -> tuple[bool, ...]:
    """Whose events may not be shown: few people with one, few without, and a second where the total would tell."""
    without = [every - some for some, every in zip(with_event, people, strict=True)]
    return tuple(one or few(other) for one, other in zip(withheld(with_event), without, strict=True))


def _unit(units: Units, found: Ratios, shrunken: Shrunken, place: int, flagged: bool, hidden: bool) -> Unit:
    away = MORE if found.value[place] > 1 else FEWER
    return Unit(
        name=units.names[place],
        rows=int(units.rows[place]),
        observed=None if hidden else float(units.observed[place]),
        expected=float(units.expected[place]),
        spread=float(units.dispersion[place]),
        ratio=NOTHING if hidden else _at(found.value, found.low, found.high, place),
        shrunken=NOTHING if hidden else _at(shrunken.value, shrunken.low, shrunken.high, place),
        rank=NOTHING if hidden else _at(shrunken.rank, shrunken.rank_low, shrunken.rank_high, place),
        reading=away if flagged else AS_EXPECTED,
        flagged=flagged,
    )


def _at(
    value: npt.NDArray[np.float64], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], place: int
) -> Interval:
    return Interval(float(value[place]), float(low[place]), float(high[place]))
