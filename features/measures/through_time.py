"""The status of many people on many days: each index row of the record by what was known at its own `as_of`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.errors import BadInput
from features.measures import MEASURES
from features.measures.check import needed
from features.measures.events import gather_known
from features.measures.gaps import edition_of
from features.measures.measure import Measure, evaluate
from features.measures.panel import Facts, Panel
from features.measures.period import Period
from features.measures.rows import Ints
from features.measures.shipped import completed
from features.measures.status import NOT_APPLICABLE
from features.measures.value_sets import ValueSets
from features.measures.yearly import NO_DAY, calendar, status_of
from features.record.known import known
from features.record.record import Record, by_era

if TYPE_CHECKING:
    import pandas as pd

AT_ONCE = 40_000  # index rows, whose events take a few gigabytes at most; ours


def measures_named(names: Sequence[str]) -> tuple[Measure, ...]:
    """The measures of these CMS numbers, in that order. BadInput for an unknown one."""
    by_number = {measure.cms: measure for measure in MEASURES}
    unknown = sorted(set(names) - set(by_number))
    if unknown:
        raise BadInput(got=f"measure {', '.join(unknown)}", expected=", ".join(by_number), do="Name one of them.")
    return tuple(by_number[name] for name in names)


@dataclass(frozen=True)
class ThroughTime:
    """The facts about some index rows that ask about one `year` (a person of `facts` is a row, of which `places` are
    the places among all).
    """

    facts: Facts
    year: int
    places: Ints

    def status(self, measure: Measure, years_before: int = 0) -> Any:
        """(rows,): what the gap of the year, or of so many years earlier, was, on what was known."""
        asked = self.year - years_before
        met = evaluate(measure, self.facts, calendar(asked), edition_of(measure, asked))
        return status_of(measure, met)[0]

    def last_care(self, measure: Measure, years_before: int) -> Ints:
        """(rows,): the day of the last event of the care in the year and so many years before; NO_DAY where none was
        known.
        """
        period = Period(calendar(self.year - years_before).first, calendar(self.year).last)
        panel = Panel(self.facts, period, edition_of(measure, self.year))
        last = np.full(panel.people, NO_DAY)
        for care in dict.fromkeys(each for group in measure.groups for each in group.care):
            rows = care(panel)
            np.maximum.at(last, rows["who"], rows.latest_day)
        return last


def through_time(
    record: Record, rows: pd.DataFrame, measures: Sequence[Measure], years_before: int = 0
) -> Iterator[ThroughTime]:
    """The facts about each of `rows` (person_id, as_of, year), as known at its `as_of`, a year and a share of the rows
    at a time; `years_before` is how many earlier years are asked about too. People go by the record's numbers.
    """
    held = completed(ValueSets())
    years = rows.year.to_numpy("int64")
    for year in np.unique(years).tolist():
        asked = range(year - years_before, year + 1)
        able = dict.fromkeys((measure, edition_of(measure, each)) for measure in measures for each in asked)
        wanted = needed(able)
        here = np.flatnonzero(years == year)
        for first in range(0, len(here), AT_ONCE):
            some = here[first : first + AT_ONCE]
            then = known(record, index_of(record, rows.iloc[some]))
            facts = gather_known(then, wanted, held)
            then.forget()
            yield ThroughTime(facts, year, some)


def statuses(record: Record, rows: pd.DataFrame, measures: Sequence[Measure]) -> dict[str, Any]:
    """By CMS number the status of each of `rows` (person_id, as_of, year), in order: of the gap of that year, on what
    was known at `as_of`. People are taken by whatever numbers were then one person.
    """
    found = {measure.cms: np.full(len(rows), NOT_APPLICABLE, dtype=object) for measure in measures}
    for era, places, names in by_era(record, rows.person_id.tolist(), rows.as_of.tolist()):
        theirs = rows.iloc[places].assign(person_id=names)
        of = np.asarray(places, dtype=np.int64)
        for made in through_time(era, theirs, measures):
            for measure in measures:
                found[measure.cms][of[made.places]] = made.status(measure)
    return found


def index_of(record: Record, rows: pd.DataFrame) -> Any:
    """The index rows of people at instants, as the door to the record takes them: about no stay."""
    import ibis
    import pandas as pd

    as_of = rows.as_of.to_numpy("int64")
    days = windows.local_day(as_of, record.zone)
    given = pd.DataFrame(
        {
            "row_id": np.arange(len(rows), dtype=np.int64),
            "person_id": rows.person_id.to_numpy(),
            "as_of": as_of,
            "as_of_day": days,
            "stay_id": "",
            "admit_day": days,
            "discharge_day": days,
        }
    )
    return record.con.create_table(ibis.util.gen_name("people_at"), ibis.memtable(given), temp=True)
