"""What tells whether an open care gap will close by itself: how this gap and others went before, visits, medicines.

The index row is a person, a day and a measure (its `stay_id`) whose gap is open on that day. Measures are worked out
on what was known at `as_of`, by the same code that tells who has a gap; nothing here sees what became of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.catalogue import treatment, utilisation
from features.catalogue.algebra import THIS_DAY, YES_OR_NO, Facts, Family, Feature, Statistic
from features.catalogue.declaration import Column
from features.catalogue.events import booked_visits, past_appointments
from features.catalogue.person import DEMOGRAPHICS, ENROLMENT
from features.measures.evaluable import untold
from features.measures.measure import Measure
from features.measures.rows import Ints
from features.measures.status import CLOSED, OPEN_GAP
from features.measures.through_time import measures_named, through_time
from features.measures.yearly import NO_DAY
from features.record.known import Known
from features.windows import Lookback

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

# the measures that a claims network with laboratory results can be asked about, by what Afterward ships
FORESEEN = ("CMS122", "CMS165", "CMS347", "CMS951")
SHORT = {"CMS122": "blood sugar", "CMS165": "blood pressure", "CMS347": "statin", "CMS951": "kidney tests"}
YEARS_BACK = 2
LAST_YEAR, YEAR_BEFORE, SINCE_CARE, LEFT = (
    "gap_open_last_year",
    "gap_open_year_before",
    "gap_days_since_care",
    "gap_days_left",
)
FAMILY = "gap_history"


def _column(name: str, group: str, unit: str, missing: str, sentence: str, spoken: bool = True) -> Column:
    return Column(
        name=name,
        family=FAMILY,
        group=group,
        unit=unit,
        window="as known this day",
        missing=missing,
        sentence=sentence,
        actionable=True,
        spoken=spoken,
    )


NOT_ASKED = "the measure did not ask about the person then"
_OF_THIS = (
    replace(_column(LEFT, "time left", "days", "never", "{value} left in the period"), actionable=False),
    _column(LAST_YEAR, "this gap before", YES_OR_NO, NOT_ASKED, "this gap was still open last year: {value}"),
    _column(YEAR_BEFORE, "this gap before", YES_OR_NO, NOT_ASKED, "this gap was open the year before last: {value}"),
    _column(SINCE_CARE, "this gap before", "days", "no such care in three years", "last care of this kind {value} ago"),
)  # fmt: skip
_OF_OTHERS = tuple(
    _column(f"gap_{cms.lower()}_{when}", "other gaps", YES_OR_NO, NOT_ASKED, f"{SHORT[cms]}: {words}: {{value}}")
    for cms in FORESEEN
    for when, words in (("open", "a gap open now"), ("open_last_year", "a gap still open last year"))
)
_WHICH = tuple(
    replace(
        _column(f"gap_is_{cms.lower()}", "which gap", YES_OR_NO, "never", f"the gap is {SHORT[cms]}: {{value}}", False),
        actionable=False,
    )
    for cms in FORESEEN
)


def gap_history(then: Known) -> ir.Table:
    """Every column of the family for each row: whole numbers, null where there is nothing to say."""
    import ibis
    import pyarrow as pa

    given = then.rows.select("row_id", "person_id", "as_of", "as_of_day", "stay_id").order_by("row_id")
    columns = _histories(then, given.to_pandas())
    size = len(next(iter(columns.values())))
    return ibis.memtable(
        pa.table(
            {
                "row_id": pa.array(np.arange(size), pa.int64()),
                **{name: pa.array(values, pa.int64(), mask=values == NO_DAY) for name, values in columns.items()},
            }
        )
    )


def _histories(then: Known, rows: pd.DataFrame) -> dict[str, Ints]:
    """The columns by name, NO_DAY where null."""
    days, about = rows.as_of_day.to_numpy("int64"), rows.stay_id.to_numpy(dtype=object)
    rows = rows.assign(year=_years(days))
    measures = tuple(each for each in measures_named(FORESEEN) if _told(each, then))
    found = {column.name: np.full(len(days), NO_DAY) for column in (*_OF_THIS, *_OF_OTHERS, *_WHICH)}
    ends = {year: windows.first_day_of_year(year + 1) - 1 for year in rows.year.unique().tolist()}
    found[LEFT] = rows.year.map(ends).to_numpy("int64") - days
    for cms in FORESEEN:
        found[f"gap_is_{cms.lower()}"] = (about == cms).astype(np.int64)
    for made in through_time(then.record, rows, measures, YEARS_BACK):
        at = made.places
        for measure in measures:
            cms = measure.cms.lower()
            now, last, before = (_open(made.status(measure, back)) for back in range(YEARS_BACK + 1))
            found[f"gap_{cms}_open"][at], found[f"gap_{cms}_open_last_year"][at] = now, last
            this = about[at] == measure.cms
            care = made.last_care(measure, YEARS_BACK)[this]
            found[LAST_YEAR][at[this]], found[YEAR_BEFORE][at[this]] = last[this], before[this]
            found[SINCE_CARE][at[this]] = np.where(care == NO_DAY, NO_DAY, days[at[this]] - care)
    return found


def _years(days: Ints) -> Ints:
    every, places = np.unique(days, return_inverse=True)
    return np.array([windows.year_of(day) for day in every.tolist()], dtype=np.int64)[places]


def _told(measure: Measure, then: Known) -> bool:
    """Whether a source tells what the measure asks for; where none does, its columns are null."""
    return not untold(measure, measure.editions[-1], then.record)


def _open(status: Any) -> Ints:
    """1 open, 0 closed, NO_DAY where neither."""
    return np.where(status == OPEN_GAP, 1, np.where(status == CLOSED, 0, NO_DAY)).astype(np.int64)


HISTORY = Facts(FAMILY, gap_history, (*_OF_THIS, *_OF_OTHERS, *_WHICH), needs={})

BOOKED_AHEAD = Family(
    "booked_ahead",
    group="visits booked",
    events=booked_visits,
    windows=(Lookback(31, through_anchor=True), Lookback(92, through_anchor=True), Lookback(183, through_anchor=True)),
    statistics=(Statistic.COUNT, Statistic.SINCE),
    words="visits booked",
    needs=("appointment",),
    anchor=THIS_DAY,
    when="within {last} days",
    nearest="next visit booked in {{value}}",
    none="no visit booked {when}",
    actionable=True,
)


ATTENDANCE = Family(
    "attendance",
    group="appointments kept and missed",
    events=past_appointments,
    windows=(Lookback(365, through_anchor=True), Lookback(1095, through_anchor=True)),
    statistics=(Statistic.COUNT,),
    words={"kept": "appointments kept", "missed": "appointments missed", "cancelled": "appointments cancelled"},
    needs=("appointment",),
    anchor=THIS_DAY,
    actionable=True,
)


def as_of_this_day(feature: Feature) -> Feature:
    """The same feature of an index row about no stay, told in words that fit: the same columns and the same numbers."""
    if isinstance(feature, Family):
        return replace(feature, anchor=THIS_DAY)
    if isinstance(feature, Facts):
        return replace(feature, declared=tuple(_reworded(column) for column in feature.declared))
    return replace(feature, declared=_reworded(feature.declared))


def _reworded(column: Column) -> Column:
    return replace(
        column,
        window=column.window.replace("at discharge", "this day").replace("before admission", f"before {THIS_DAY}"),
    )


# medicines, results and care used tell of anybody on any day; what is asked of a stay and its follow-up does not
_OF_ANYBODY: tuple[Feature, ...] = (
    DEMOGRAPHICS,
    ENROLMENT,
    utilisation.STAYS,
    utilisation.CARE,
    utilisation.WELLNESS,
    utilisation.PROVIDERS,
    utilisation.OFFICE,
    utilisation.USUAL,
    utilisation.USUAL_SHARE,
    treatment.ON_HAND,
    treatment.SUPPLY,
    treatment.SUPPLY_OF_ALL,
    treatment.ON_TREATMENT,
    treatment.COVERED,
    treatment.LABORATORY,
    treatment.VITAL_SIGNS,
)
GAP_FEATURES: tuple[Feature, ...] = (HISTORY, BOOKED_AHEAD, ATTENDANCE, *map(as_of_this_day, _OF_ANYBODY))
