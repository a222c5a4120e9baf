"""Every measure of every kind of provider, judged; the trend by quarter; and the cases behind a flag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.pages.few import withheld
from models.intervals import Interval
from models.profiling.exact import ratios
from models.profiling.expected import Units, amounts, risks, units_of_people, units_of_stays
from models.profiling.shrinkage import of_counts, of_stays
from serving.committee.scorecard.counted import NOT_ATTRIBUTED, Counted
from serving.committee.scorecard.judged import FEWEST_EXPECTED, FEWEST_ROWS, NOTHING, Judged, judged
from serving.committee.scorecard.measures import FACILITY, KINDS, MEMBERS, STAYS, OfMembers, OfStays

if TYPE_CHECKING:
    import pandas as pd

CASE_COLUMNS = ("kind", "provider", "measure", "person_id", "stay_id", "day", "observed", "expected")


@dataclass(frozen=True)
class Quarter:
    """The network in one quarter on one measure: rows (stays, or members), and O/E of what the whole period expects."""

    measure: str
    quarter: str
    rows: int
    ratio: Interval
    rate: float | None


@dataclass(frozen=True)
class Comparison:
    """Judgements in the order of measures and kinds, the trend, and the cases (CASE_COLUMNS) behind every flag."""

    judged: tuple[Judged, ...]
    trend: tuple[Quarter, ...]
    cases: pd.DataFrame


def compared(given: Counted) -> Comparison:
    """All of it. A measure that could not be told, or of which nothing happened, is not there."""
    import pandas as pd

    found: list[Judged] = []
    trend: list[Quarter] = []
    cases: list[pd.DataFrame] = []
    for rows, mix, measure in _measured(given):
        for kind in KINDS:
            if kind == FACILITY and isinstance(measure, OfMembers):
                continue  # a hospital has no members
            own = rows[rows[kind] != NOT_ATTRIBUTED]
            if not len(own):
                continue
            one = _of_kind(own, mix.loc[own.index].to_numpy("float64"), measure, kind)
            found.append(one)
            cases += [_cases(own, one, unit.name) for unit in one.flagged]
        trend += _trend(rows, measure)
    nothing = pd.DataFrame(columns=list(CASE_COLUMNS))
    return Comparison(tuple(found), tuple(trend), pd.concat(cases, ignore_index=True) if cases else nothing)


def _measured(given: Counted) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, OfStays | OfMembers]]:
    """The rows of each measure with `y`, `expected` and `months` (1 of a stay), and their case mix."""
    for stays in STAYS:
        rows = given.stays[given.stays[stays.name].notna()]
        if stays.name not in given.refused and len(rows) and rows[stays.name].sum():
            mix = given.mix.loc[rows.index]
            yield rows.assign(y=rows[stays.name], months=1.0, expected=risks(rows[stays.name], mix)), mix, stays
    for members in MEMBERS:
        rows = given.members
        if members.name not in given.refused and len(rows) and rows[members.counted].sum():
            y, months = rows[members.counted].astype("float64"), rows.months.astype("float64")
            expected = amounts(y, given.member_mix, months)
            yield rows.assign(y=y, months=months, expected=expected), given.member_mix, members


def _of_kind(
    rows: pd.DataFrame, mix: np.ndarray[tuple[int, ...], np.dtype[np.float64]], measure: OfStays | OfMembers, kind: str
) -> Judged:
    if isinstance(measure, OfStays):
        units = units_of_stays(rows[kind], rows.y, rows.expected)
        shrunken = of_stays(rows[kind], rows.y, mix)
    else:
        of_person = rows.groupby([kind, "person_id"], as_index=False)[["y", "expected"]].sum()
        units = units_of_people(of_person[kind], of_person.y, of_person.expected)
        shrunken = of_counts(units)
    had = rows[rows.y > 0].groupby(kind).person_id.nunique().reindex(units.names, fill_value=0)
    people = rows.groupby(kind).person_id.nunique().reindex(units.names)
    if isinstance(measure, OfMembers) and measure.counted == "cents":
        had = people  # a sum of money leads back to nobody where they are enough, whoever had none of it
    return judged(measure.name, kind, units, shrunken, had.astype(int).tolist(), people.astype(int).tolist())


def _trend(rows: pd.DataFrame, measure: OfStays | OfMembers) -> list[Quarter]:
    """What follows from a whole period's expectation in each quarter: nobody is judged by it, it shows a course."""
    if isinstance(measure, OfStays):
        units = units_of_stays(rows.quarter, rows.y, rows.expected)
        scale = 1.0
    else:
        of_person = rows.groupby(["quarter", "person_id"], as_index=False)[["y", "expected"]].sum()
        units = units_of_people(of_person.quarter, of_person.y, of_person.expected)
        scale = measure.times
    found = ratios(units.observed, units.expected, units.trials, units.dispersion)
    months = rows.groupby("quarter").months.sum().reindex(units.names)
    had = rows[rows.y > 0].groupby("quarter").person_id.nunique().reindex(units.names, fill_value=0)
    hidden = withheld([int(count) for count in had])
    told = []
    for place, quarter in enumerate(units.names):
        shown = _may_be_shown(units, place) and not hidden[place]
        ends = Interval(float(found.value[place]), float(found.low[place]), float(found.high[place]))
        rate = float(units.observed[place] / months.iloc[place] * scale)
        told.append(
            Quarter(measure.name, quarter, int(units.rows[place]), ends if shown else NOTHING, rate if shown else None)
        )
    return told


def _may_be_shown(units: Units, place: int) -> bool:
    enough = units.expected[place] / units.dispersion[place] >= FEWEST_EXPECTED
    return bool(enough and units.rows[place] >= FEWEST_ROWS)


def _cases(rows: pd.DataFrame, of: Judged, name: str) -> pd.DataFrame:
    """The stays with the event, or the members by how far they are above what was expected of them."""
    own = rows[rows[of.kind] == name]
    if "stay_id" in own:
        own = own[own.y > 0].sort_values("expected")
        days = [windows.iso(int(day)) for day in own.discharge_day]
        cases = own.assign(day=days)
    else:
        people = own.groupby("person_id", as_index=False)[["y", "expected"]].sum()
        people = people[people.y > 0]
        order = (people.expected - people.y).sort_values(kind="stable").index
        cases = people.loc[order].assign(stay_id="", day="")
    told = cases.assign(kind=of.kind, provider=name, measure=of.measure).rename(columns={"y": "observed"})
    return told[list(CASE_COLUMNS)]
