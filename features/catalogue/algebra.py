"""The three shapes a feature can have, and the one way each is computed.

A *family* is one grouped aggregation in long form: events of a row, grouped by a label, aggregated over windows. A
*sequence* is an ordered pass within a person (features.catalogue.sequences) whose rows a family aggregates. A *ratio*
(or a score, or a difference) is finished from columns of the other two. Engines return integers only; numpy scatters
and finishes.

Windows that nest share one pass: events are aggregated by the band of ages between two neighbouring window edges, and
numpy adds the bands up, so the cost does not grow with the number of windows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.catalogue.declaration import Column
from features.errors import BadDeclaration
from features.record.known import Known
from features.record.record import lacked
from features.record.tables import facts
from features.windows import Lookback

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

Floats = npt.NDArray[np.float64]

# LAST packs age and value into one integer, so that one aggregation finds the value of the latest event
VALUE_BITS = 32
VALUE_OFFSET = 1 << (VALUE_BITS - 1)
LONGEST_AGO = (1 << 31) - 1  # seconds, 68 years: what is older counts as this old
NOTHING = 2**63 - 1
# of an index row about no stay, such as an open gap, all three are one: the day itself
THIS_DAY = "this day"
ANCHORS = ("admission", "discharge", THIS_DAY)


class Statistic(Enum):
    """What is made of a row's events in a window. Null where there was none, but counts and sums, which are 0."""

    COUNT = "count"  # events
    DAYS = "days"  # distinct days
    SUM = "sum"  # of values
    ANY = "any"  # 1 when there was one
    SINCE = "since"  # days from the latest event to the anchor
    LAST = "last"  # value of the latest event; the larger of two at the same time
    MIN = "min"
    MAX = "max"


ZERO_WHEN_NONE = (Statistic.COUNT, Statistic.DAYS, Statistic.SUM, Statistic.ANY)
YES_OR_NO = "yes or no"
NEEDS_VALUE = (Statistic.SUM, Statistic.LAST, Statistic.MIN, Statistic.MAX)


@dataclass(frozen=True)
class Measured:
    """The value that a family's events carry: its unit (or one for each label), and what an integer value is divided by
    to have that unit.
    """

    unit: str
    divisor: int = 1
    units: Mapping[str, str] = field(default_factory=dict)

    def unit_of(self, label: str | None) -> str:
        """The unit of a label's values."""
        return self.units.get(label, self.unit) if label else self.unit


@dataclass(frozen=True)
class Family:
    """Events by label, over windows, with statistics.

    `events(known)` gives row_id and age (days from the event to the anchor, never negative), and where they are used
    label, value (integer) and moment (seconds from the event to the anchor, for LAST; else the age decides). `words`
    names each label, or the events where there are no labels. `needs` are the tables or facts without which nothing
    can be said: null, never 0.
    """

    name: str
    group: str
    events: Callable[[Known], ir.Table]
    windows: tuple[Lookback, ...]
    statistics: tuple[Statistic, ...]
    words: str | Mapping[str, str]
    needs: tuple[str, ...]
    measured: Measured | None = None
    anchor: str = "admission"
    actionable: bool = False
    spoken: bool = True
    when: str = "in the {days} days before {anchor}"
    tells: Mapping[str, str] = field(default_factory=dict)  # the sensitive categories of which a label tells
    nearest: str = "{words}: the last {{value}} before {anchor}"
    none: str = "{words}: none known {when}"

    def __post_init__(self) -> None:
        if not self.windows or not self.statistics:
            raise BadDeclaration(got=f"{self.name} without a window", expected="at least one", do="Declare it.")
        if self.anchor not in ANCHORS:
            raise BadDeclaration(
                got=f"{self.name} with anchor {self.anchor}", expected=", ".join(ANCHORS), do="Choose one."
            )
        if self.measured is None and set(self.statistics) & set(NEEDS_VALUE):
            raise BadDeclaration(
                got=f"{self.name} with a statistic of values", expected="`measured`", do="Say what the value is."
            )
        _known_facts(self.name, self.needs)

    @property
    def labels(self) -> tuple[str | None, ...]:
        """Its labels in order; one None where there are none."""
        return (None,) if isinstance(self.words, str) else tuple(self.words)

    def columns(self) -> tuple[Column, ...]:
        """Its columns in order: by label, statistic, window."""
        return tuple(
            self._column(label, statistic, window)
            for label in self.labels
            for statistic in self.statistics
            for window in self._windows_of(statistic)
        )

    def _windows_of(self, statistic: Statistic) -> tuple[Lookback, ...]:
        # the latest event in the widest window is the latest in any that it lies in
        return (max(self.windows),) if statistic in (Statistic.SINCE, Statistic.LAST) else self.windows

    def _column(self, label: str | None, statistic: Statistic, window: Lookback) -> Column:
        words = self.words if isinstance(self.words, str) else self.words[str(label)]
        name = "_".join(filter(None, [self.name, label, statistic.value, f"{window.days}d"]))
        said = self.when.format(days=window.days, last=window.farthest, anchor=self.anchor)
        value_unit = self.measured.unit_of(label) if self.measured else ""
        unit = {Statistic.COUNT: "", Statistic.DAYS: "days", Statistic.ANY: YES_OR_NO, Statistic.SINCE: "days"}
        # a value is told with its unit: "{value}" becomes "3 days"
        sentence = {
            Statistic.COUNT: f"{words}: {{value}} {said}",
            Statistic.DAYS: f"{words}: on {{value}} {said}",
            Statistic.SUM: f"{words}: {{value}} {said}",
            Statistic.ANY: f"{words} {said}: {{value}}",
            Statistic.SINCE: self.nearest.format(words=words, anchor=self.anchor),
            Statistic.LAST: f"{words}: last value {{value}}",
            Statistic.MIN: f"{words}: lowest {{value}} {said}",
            Statistic.MAX: f"{words}: highest {{value}} {said}",
        }[statistic]
        missing = f"{words}: not evaluable on this source"
        if statistic not in ZERO_WHEN_NONE:
            missing = self.none.format(words=words, when=said)
        return Column(
            name=name,
            family=self.name,
            group=self.group,
            unit=unit.get(statistic, value_unit),
            window=said,
            missing=missing,
            sentence=sentence,
            actionable=self.actionable,
            spoken=self.spoken,
            tells=self.tells.get(str(label), ""),
        )

    def asks(self, then: Known) -> ir.Table | None:
        """What the engine is asked; null where nothing can be said."""
        return None if lacked(self.needs, then.record.lacks) else self._aggregation(then, _bands(self.windows))

    def compute(self, then: Known, count: int) -> dict[str, Floats]:
        """Its columns for rows 0 to count-1."""
        asked = self.asks(then)
        return self.answered(None if asked is None else then.record.con.to_pyarrow(asked), count, then.record.lacks)

    def answered(self, aggregated: pa.Table | None, count: int, _: Mapping[str, str]) -> dict[str, Floats]:
        """Its columns, from what the engine answered."""
        if aggregated is None:
            return {column.name: np.full(count, np.nan) for column in self.columns()}
        bands = _bands(self.windows)
        row = aggregated["row_id"].to_numpy()
        band = aggregated["band"].to_numpy()
        label = aggregated["label"].to_pylist() if len(self.labels) > 1 or self.labels[0] is not None else None
        places = {name: i for i, name in enumerate(self.labels)}
        place = np.zeros(len(row), np.int64) if label is None else np.array([places[x] for x in label], np.int64)
        found: dict[str, Floats] = {}
        for statistic in self.statistics:
            values = aggregated[statistic.value].to_numpy() if len(row) else np.zeros(0, np.int64)
            for window in self._windows_of(statistic):
                inside = np.isin(band, [i for i, ages in enumerate(bands) if _within(ages, window)])
                cells = _scatter(statistic, place[inside] * count + row[inside], values[inside], count * len(places))
                if self.measured is not None and statistic in NEEDS_VALUE:
                    cells = cells / self.measured.divisor
                for name, i in places.items():
                    found[self._column(name, statistic, window).name] = cells[i * count : (i + 1) * count]
        return {column.name: found[column.name] for column in self.columns()}

    def _aggregation(self, then: Known, bands: list[tuple[int, int]]) -> ir.Table:
        import ibis

        events = self.events(then)
        events = events.filter(events.age.between(bands[0][0], bands[-1][1]))
        band = ibis.literal(0, "int64")
        for first, _ in bands[1:]:
            band = band + (events.age >= first).cast("int64")
        events = events.mutate(band=band)
        keys = ["row_id", "band"]
        if self.labels[0] is not None:
            events = events.filter(events.label.isin(list(self.labels)))
            keys.append("label")
        made: dict[str, ir.Value] = {}
        for statistic in self.statistics:
            made[statistic.value] = _made(events, statistic).cast("int64")
        return events.group_by(keys).aggregate(**made)


def _made(events: ir.Table, statistic: Statistic) -> ir.Value:
    import ibis

    if statistic is Statistic.LAST:
        moment = ibis.least(events.moment if "moment" in events.columns else events.age, LONGEST_AGO)
        value = ibis.greatest(ibis.least(events.value, VALUE_OFFSET - 1), -VALUE_OFFSET)
        packed = moment * (1 << VALUE_BITS) + (VALUE_OFFSET - 1 - value)
        # no null here: an Arrow column with one would come over as doubles, and lose the last bits
        return packed.min(where=events.value.notnull()).fill_null(NOTHING)
    return {
        Statistic.COUNT: lambda: events.count(),
        Statistic.ANY: lambda: events.count(),
        Statistic.DAYS: lambda: events.age.nunique(),
        Statistic.SINCE: lambda: events.age.min(),
        Statistic.SUM: lambda: events.value.sum(),
        Statistic.MIN: lambda: events.value.min(),
        Statistic.MAX: lambda: events.value.max(),
    }[statistic]()


def _bands(windows: tuple[Lookback, ...]) -> list[tuple[int, int]]:
    """Ages between neighbouring window edges: (first, last), both included."""
    starts = sorted({w.nearest for w in windows} | {w.farthest + 1 for w in windows})
    return [(first, after - 1) for first, after in pairwise(starts)]


def _within(ages: tuple[int, int], window: Lookback) -> bool:
    return window.nearest <= ages[0] and ages[1] <= window.farthest


def _scatter(statistic: Statistic, cell: npt.NDArray[np.int64], values: npt.NDArray[np.int64], size: int) -> Floats:
    """One value a cell from one value a band; integers below 2**53, so every sum is exact."""
    if statistic in (Statistic.COUNT, Statistic.DAYS, Statistic.SUM):
        held = ~np.isnan(values.astype(np.float64))
        return np.bincount(cell[held], weights=values[held], minlength=size).astype(np.float64)
    if statistic is Statistic.ANY:
        return (np.bincount(cell, minlength=size) > 0).astype(np.float64)
    if statistic is Statistic.LAST:
        lowest = np.full(size, NOTHING, np.int64)
        np.minimum.at(lowest, cell, values)
        value = (VALUE_OFFSET - 1 - (lowest & ((1 << VALUE_BITS) - 1))).astype(np.float64)
        return np.where(lowest == NOTHING, np.nan, value)
    numbers = values.astype(np.float64)
    held = ~np.isnan(numbers)
    cells = np.full(size, np.nan)
    best = np.fmax if statistic is Statistic.MAX else np.fmin
    best.at(cells, cell[held], numbers[held])
    return cells


@dataclass(frozen=True)
class Facts:
    """Facts of the index row itself: a family with one event a row. `values(known)` gives row_id and one integer column
    for each declared column, null where the fact was not told.
    """

    name: str
    values: Callable[[Known], ir.Table]
    declared: tuple[Column, ...]
    needs: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        for needed in self.needs.values():
            _known_facts(self.name, needed)

    def columns(self) -> tuple[Column, ...]:
        """As declared."""
        return self.declared

    def asks(self, then: Known) -> ir.Table:
        """What the engine is asked."""
        return self.values(then)

    def compute(self, then: Known, count: int) -> dict[str, Floats]:
        """Its columns for rows 0 to count-1."""
        return self.answered(then.record.con.to_pyarrow(self.asks(then)), count, then.record.lacks)

    def answered(self, told: pa.Table | None, count: int, lacks: Mapping[str, str]) -> dict[str, Floats]:
        """Its columns, from what the engine answered."""
        import pyarrow.compute as pc

        assert told is not None
        row = told["row_id"].to_numpy()
        found: dict[str, Floats] = {}
        for column in self.declared:
            cells = np.full(count, np.nan)
            if not set(self.needs.get(column.name, ())) & set(lacks):
                cells[row] = pc.cast(told[column.name], "float64").to_numpy(zero_copy_only=False)
            found[column.name] = cells
        return found


@dataclass(frozen=True)
class Ratio:
    """A column finished from others: `finish(*of)`, null where one that it needs is null or the result is undefined.

    `of` names columns of features that stand before it.
    """

    declared: Column
    of: tuple[str, ...]
    finish: Callable[..., Floats]

    def columns(self) -> tuple[Column, ...]:
        """One column."""
        return (self.declared,)

    def finished(self, found: Mapping[str, Floats]) -> dict[str, Floats]:
        """The column, from those already computed."""
        return {self.declared.name: self.finish(*(found[name] for name in self.of))}


Feature = Family | Facts | Ratio


def share(of: Floats, to: Floats) -> Floats:
    """of / to; null where `to` is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(to > 0, of / np.where(to > 0, to, 1), np.nan)


def difference(of: Floats, to: Floats) -> Floats:
    """of - to."""
    return of - to


def _known_facts(name: str, needs: tuple[str, ...]) -> None:
    unknown = sorted(set(needs) - facts())
    if unknown:
        raise BadDeclaration(got=f"{name} needs {unknown}", expected="a table or table.column", do="Mend `needs`.")
