"""The annual wellness visit of people whom Medicare covers."""

from __future__ import annotations

import numpy as np

from features import windows
from features.measures.rows import Ints
from features.measures.transitions import after_care
from features.measures.transitions.transition import Care, Opened, Transition, care, opened
from features.record.known import Known
from features.record.tables import COVERAGE

NUMBERS = ("G0402", "G0438", "G0439")  # the visit on joining Medicare, the first wellness visit, and later ones


def _covered_this_year(then: Known) -> Opened:
    """Whom Medicare covers in a month of the year of `as_of`, from its first day; who pays is not always told."""
    import ibis

    months = then.events(COVERAGE)
    months = months.filter((months.payer_type.contains("medicare")).fill_null(True))
    day = int(then.record.con.to_pyarrow(then.rows.as_of_day.max()).as_py() or 0)
    first = windows.first_day_of_year(windows.year_of(day))
    months = months.filter(months.to_day >= first, months.from_day <= day)
    people = months.select("row_id").distinct()
    return opened(then, people.mutate(day=ibis.literal(first, "int64"), why=ibis.literal("")))


def _wellness_visits(then: Known) -> Care:
    return care(then, after_care.billed_for(then, NUMBERS))


def _end_of_year(days: Ints) -> Ints:
    return np.array([windows.day_in(windows.year_of(day), 12, 31) for day in days.tolist()], dtype=np.int64)


TRANSITION = Transition(
    name="annual_wellness_visit",
    title="Annual wellness visit",
    evidence="Medicare pays for one a year (42 CFR 410.15); it is where screening and advance care are planned",
    opened_by="a calendar year in which Medicare covers somebody",
    opens=_covered_this_year,
    due_in_words="the end of the year",
    due=_end_of_year,
    until=_end_of_year,
    care=_wellness_visits,
    closed_by="a claim for the visit on joining Medicare or for a wellness visit (G0402, G0438, G0439)",
    closes=after_care.or_the_visit_booked("an annual wellness visit"),
    needs=(("claim_line",), ("coverage",)),
    first=0,
)
