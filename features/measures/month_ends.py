"""The index rows of models of care gaps: a person, a month's end and a measure whose gap is open on that day, by what
was known on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.definitions.cohort import Cohort
from features.errors import BadInput
from features.measures.gaps import edition_of, why_not
from features.measures.measure import Measure
from features.measures.shipped import completed
from features.measures.status import NOT_APPLICABLE, OPEN_GAP
from features.measures.through_time import measures_named, statuses
from features.measures.value_sets import ValueSets
from features.record.record import Record, lacked
from features.record.tables import CLAIM_LINE, COVERAGE, ENCOUNTER, PERSON

if TYPE_CHECKING:
    import pandas as pd

RUN_OUT_DAYS = 90  # after the end of a period, until which what happened in it is told; as for claims
LATE_START = 31  # days of a year without care told, with which it still counts as whole
OPEN_AT_MONTH_END = "open at a month's end, by what was known"


def month_ends(record: Record, last_day: int | None) -> list[int]:
    """The last day of every month of each whole year of the record, and of the year that is under way on `last_day`
    (null: the day on which care was told last).
    """
    told = _days_of_care(record)
    if told is None:
        return []
    last = told[1] if last_day is None else last_day
    start = windows.first_day_of_year(windows.year_of(told[0]))
    if told[0] > start + LATE_START:
        start = windows.first_day_of_year(windows.year_of(told[0]) + 1)
    following = windows.month_starts(start, last + 1)[1:] if start <= last else []
    return [day - 1 for day in following if day - 1 <= last]


def _days_of_care(record: Record) -> tuple[int, int] | None:
    """The first and the last day on which care is told; null where none is."""
    rows = record[CLAIM_LINE].select("from_day").union(record[ENCOUNTER].select("from_day"))
    found = record.con.to_pyarrow(rows.aggregate(first=rows.from_day.min(), last=rows.from_day.max())).to_pylist()[0]
    return None if found["first"] is None else (int(found["first"]), int(found["last"]))


def evaluable(record: Record, names: Sequence[str]) -> dict[str, str]:
    """Why measures cannot be worked out on a record, by CMS number; empty where all can."""
    year = windows.year_of(record.claims_complete_to or windows.first_day_of_year(2024))
    held = completed(ValueSets())
    found = {each.cms: why_not(each, edition_of(each, year), record, held) for each in measures_named(names)}
    return {cms: why for cms, why in found.items() if why}


def open_gaps(record: Record, names: Sequence[str], last_day: int | None) -> Cohort:
    """Everybody with an open gap of these measures at the months' ends up to `last_day`, who was enrolled on that day.

    Rows as of discharges: person_id, stay_id (the measure), as_of (the end of the day), as_of_day, admit_day and
    discharge_day (that day), facility_id (null); and `due`, the last day of the measure's year. BadInput where a
    measure cannot be worked out on the record.
    """
    why = evaluable(record, names)
    if why:
        raise BadInput(
            got="; ".join(f"{name} {told}" for name, told in why.items()),
            expected="a record that tells what the measures are about",
            do="Load what is lacking, or train another model.",
        )
    return open_at(record, measures_named(names), month_ends(record, last_day))


def open_at(record: Record, measures: Sequence[Measure], days: Sequence[int]) -> Cohort:
    """The same on some days. Of each year only people are asked who are in a measure by what was known at its end."""
    import pandas as pd

    people = _asked_about(record, measures, days)
    people = people[enrolled(record, people)].reset_index(drop=True)
    found = statuses(record, people, measures)
    parts = [
        people[status == OPEN_GAP].assign(stay_id=cms) for cms, status in found.items() if (status == OPEN_GAP).any()
    ]
    columns = ["person_id", "stay_id", "as_of", "as_of_day", "year"]
    rows = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    rows = rows.sort_values(["person_id", "as_of", "stay_id"]).reset_index(drop=True)
    rows.insert(0, "row_id", np.arange(len(rows), dtype=np.int64))
    days_ = rows.as_of_day.astype("int64")
    due = np.array([windows.first_day_of_year(year + 1) - 1 for year in rows.year], dtype=np.int64)
    rows = rows.assign(
        as_of=rows.as_of.astype("int64"),
        admit_day=days_,
        discharge_day=days_,
        facility_id=pd.Series(None, index=rows.index, dtype="str"),
        due=due,
    )
    sense = "what is closed, or not asked about, needs no call"
    attrition = pd.DataFrame(
        [("in a measure, enrolled, at a month's end", "a row a person and month", len(people), 0, 0),
         (OPEN_AT_MONTH_END, sense, len(rows), 0, 0)],
        columns=["rule", "sense", "left", "removed", "not_evaluable"],
    )  # fmt: skip
    return Cohort(rows, rows.head(0), attrition)


def _asked_about(record: Record, measures: Sequence[Measure], days: Sequence[int]) -> pd.DataFrame:
    """person_id, as_of, as_of_day, year of everybody on each of the days who was in a measure of the year when the
    claims of it had run out: who is in none then has no label either, and asking of each month costs most of the time.
    """
    import pandas as pd

    told = record[PERSON].select("person_id", "known_at").to_pandas()
    first_told = told.groupby("person_id").known_at.min()
    years = sorted({windows.year_of(day) for day in days})
    ends = {year: int(windows.end_of_day(windows.first_day_of_year(year + 1) - 1 + RUN_OUT_DAYS, record.zone)) for year
            in years}  # fmt: skip
    everybody = pd.concat(
        [pd.DataFrame({"person_id": first_told.index, "as_of": ends[year], "year": year}) for year in years]
        or [pd.DataFrame(columns=["person_id", "as_of", "year"])],
        ignore_index=True,
    )
    found = statuses(record, everybody, measures)
    within = np.zeros(len(everybody), dtype=np.bool_)
    for status in found.values():
        within |= status != NOT_APPLICABLE
    asked = everybody[within][["person_id", "year"]]
    of_days = pd.DataFrame({"as_of_day": list(days), "year": [windows.year_of(day) for day in days]}, dtype="int64")
    of_days["as_of"] = windows.end_of_day(of_days.as_of_day.to_numpy(), record.zone)
    rows = asked.astype({"year": "int64"}).merge(of_days, on="year")
    rows = rows[first_told.reindex(rows.person_id).to_numpy() <= rows.as_of.to_numpy()]
    found_rows: pd.DataFrame = rows.sort_values(["as_of", "person_id"]).reset_index(drop=True)
    return found_rows


def enrolled(record: Record, rows: pd.DataFrame) -> pd.Series:
    """Whether each person was enrolled on the day, by what was known then; all are where no source tells of cover."""
    import ibis
    import pandas as pd

    if lacked((COVERAGE.name,), record.lacks) or rows.empty:
        return pd.Series(data=True, index=rows.index)
    given = ibis.memtable(rows[["person_id", "as_of", "as_of_day"]].assign(place=np.arange(len(rows))))
    spans = record[COVERAGE].select("person_id", "known_at", "from_day", "to_day")
    joined = given.inner_join(spans, "person_id")
    covers = (joined.from_day <= joined.as_of_day) & (joined.to_day >= joined.as_of_day)
    here = joined.filter(covers, joined.known_at <= joined.as_of).select("place").distinct()
    places = record.con.to_pyarrow(here)["place"].to_numpy()
    found = np.zeros(len(rows), dtype=np.bool_)
    found[places] = True
    return pd.Series(found, index=rows.index)
