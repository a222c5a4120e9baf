"""Care that was due and given: gaps closed, visits after discharge, the protocol; each provider beside the network.

The case mix is not allowed for: a visit within 7 days is owed to everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.measures.gaps import gaps
from features.measures.status import CLOSED, OPEN_GAP
from features.measures.transitions import TRANSITIONS
from features.measures.transitions.after_stays import PROTOCOL
from features.measures.value_sets import ValueSets
from features.pages.few import few, withheld
from features.record.record import Record
from models.intervals import Interval
from models.profiling.exact import ratios
from serving.committee.scorecard.counted import NOT_ATTRIBUTED, Counted
from serving.committee.scorecard.judged import FEWEST_ROWS, NOTHING
from serving.committee.scorecard.measures import CLINICIAN, KINDS, PRACTICE

if TYPE_CHECKING:
    import pandas as pd

TOP = 0.9  # the share of providers below whom the best tenth begins
TITLES = {each.name: each.title for each in (*TRANSITIONS, *PROTOCOL)}


@dataclass(frozen=True)
class Part:
    """A provider: of how many stays or people care was due, and to which share it was given; nan where it would lead
    back to a few people.
    """

    name: str
    due: int
    share: Interval


@dataclass(frozen=True)
class Shares:
    """One measure of one kind of provider; `median` and `top` decile are of providers with enough, and nan of none.
    `others` are providers with too few.
    """

    measure: str
    title: str
    kind: str
    parts: tuple[Part, ...]
    others: int
    median: float
    top: float


def shares(given: Counted) -> tuple[Shares, ...]:
    """The protocol after discharge, of each kind of provider."""
    found = []
    for name in given.protocol:
        rows = given.stays[given.stays[name].notna()]
        for kind in KINDS:
            told = rows[[kind, "person_id"]].assign(given=rows[name].astype("float64")).rename(columns={kind: "of"})
            found.append(_of_kind(told, name, kind))
    return tuple(one for one in found if one.parts)


def gap_closure(
    record: Record, given: Counted, held: ValueSets, last_day: int
) -> tuple[tuple[Shares, ...], dict[str, str]]:
    """Of each measure of care gaps the share closed by the last day, and why others could not be worked out. A person
    counts for whom they belonged to in the last of their months.
    """
    told = gaps(record, held, last_day)
    of = given.members.sort_values(["person_id", "quarter", "months"]).drop_duplicates("person_id", keep="last")
    found = []
    for name, table in told.tables.items():
        if name in {each.name for each in PROTOCOL}:
            continue  # asked of every stay above, not of the last one alone
        rows = table.select(["person_id", "status"]).to_pandas()
        rows = rows[rows.status.isin((CLOSED, OPEN_GAP))].merge(of, on="person_id")
        for kind in (PRACTICE, CLINICIAN):
            one = rows[[kind, "person_id"]].assign(given=(rows.status == CLOSED).astype("float64"))
            found.append(_of_kind(one.rename(columns={kind: "of"}), name, kind))
    return tuple(one for one in found if one.parts), dict(told.refused)


def _of_kind(rows: pd.DataFrame, measure: str, kind: str) -> Shares:
    """`rows`: of (the provider), person_id, given (1 or 0)."""
    rows = rows[rows.of != NOT_ATTRIBUTED]
    sums = rows.groupby("of").given.agg(["size", "sum"])
    enough = sums[sums["size"] >= FEWEST_ROWS]
    people = rows.groupby("of").person_id.nunique().reindex(enough.index)
    had = rows[rows.given == 1].groupby("of").person_id.nunique().reindex(enough.index, fill_value=0)
    hidden = withheld([int(count) for count in had])
    parts = []
    for place, name in enumerate(enough.index):
        due, done = int(enough["size"].iloc[place]), float(enough["sum"].iloc[place])
        hides = hidden[place] or few(int(people.iloc[place] - had.iloc[place]))
        parts.append(Part(str(name), due, NOTHING if hides else share(done, due)))
    values = (enough["sum"] / enough["size"]).to_numpy()
    ends = np.quantile(values, [0.5, TOP]) if len(values) else (np.nan, np.nan)
    title = TITLES.get(measure, measure)
    return Shares(measure, title, kind, tuple(parts), len(sums) - len(enough), float(ends[0]), float(ends[1]))


def share(done: float, due: int) -> Interval:
    """A share with its mid-P interval."""
    found = ratios([done], [due / 2], [float(due)])
    return Interval(done / due, min(1.0, float(found.low[0]) / 2), min(1.0, float(found.high[0]) / 2))
