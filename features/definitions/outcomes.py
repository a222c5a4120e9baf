"""What happened next: the only module that may look past `as_of`. No feature can import it (import contract)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.codes.harms import HARMS
from features.definitions.encounters import encounters
from features.definitions.stays import OPEN, final_stays, stay_versions
from features.record.known import FOREVER, with_claim_versions
from features.record.record import Record, lacked
from features.record.tables import COVERAGE, DEATH, DIAGNOSIS
from features.windows import OutcomeWindow, expression_of_month_end, local_day

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

CLAIMS_RUN_OUT_DAYS = 90  # after which nearly all claims of a day have come, so that their absence tells something
ACUTE = ("emergency", "observation", "inpatient")
HARM_LOOKBACK_DAYS = 365


@dataclass(frozen=True)
class Outcome:
    """A named outcome. `events(record, rows)` gives row_id, event_day and event_known (instant) of each row's first
    event in the window. `by_claims` says that its absence is known only when claims have run out. `needs` are the facts
    without which it is not evaluable. Death without the event is competing, or itself the event (`death_counts`).
    """

    name: str
    says: str
    window: OutcomeWindow
    events: Callable[[Record, ir.Table], ir.Table]
    by_claims: bool
    death_counts: bool
    needs: tuple[str, ...] = ()


def labels(record: Record, rows: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """For each row, in order: label (1, 0 or null), null_reason, competing (`death` or null), event_day, complete
    (the whole window lies in the loaded data) and label_known_day (when the label could be known; null with the label).

    Disenrolment and the end of data make a label null, never 0; an event seen before either still counts.
    """
    import ibis
    import numpy as np
    import pandas as pd

    given = ibis.memtable(rows[["row_id", "person_id", "stay_id", "admit_day", "discharge_day"]])
    first, last = outcome.window.first, outcome.window.last
    found = rows[["row_id", "person_id", "discharge_day"]].reset_index(drop=True)
    found = found.merge(_index_stay(record, given), on="row_id", how="left")
    found = found.merge(outcome.events(record, given).to_pandas(), on="row_id", how="left")
    found = found.merge(_deaths(record, given), on="row_id", how="left")
    ends = found.discharge_day + last
    through = record.claims_complete_to if outcome.by_claims else record.admissions_complete_to
    complete = ends <= (through if through is not None else -OPEN)

    happened = (found.event_day - found.discharge_day).between(first, last)
    died = (found.death_day - found.discharge_day).between(0, last)
    event_day, news = found.event_day.where(happened), _day_of(found.event_known, record.zone).where(happened)
    if outcome.death_counts:
        happened = happened | died
        event_day = _earlier(event_day, found.death_day.where(died))
        news = _earlier(news, _day_of(found.death_known, record.zone).where(died))
    # whoever dies cannot leave the network afterwards
    alive_to = _earlier(ends, found.death_day)
    enrolled = _enrolled(record, found, found.discharge_day + first, alive_to) | ("coverage" in record.lacks)
    went_on = found.index_discharge_day.fillna(OPEN) != found.discharge_day

    reason = pd.Series(np.full(len(found), None, dtype=object))
    reason[~complete & ~died] = "the data end within the window"
    reason[~enrolled & complete] = "left the network within the window"
    reason[happened] = None
    reason[went_on] = "the stay went on after this discharge, or was taken back"
    for fact in reversed(lacked(outcome.needs, record.lacks)):
        why = record.lacks.get(fact) or record.lacks[fact.split(".")[0]]
        reason[:] = f"not evaluable on this source: {why}"
    label = happened.astype("float64").mask(reason.notna())
    absence = ends + (CLAIMS_RUN_OUT_DAYS if outcome.by_claims else 0)
    return pd.DataFrame(
        {
            "row_id": found.row_id,
            "label": label,
            "null_reason": reason,
            "competing": pd.Series("death", index=found.index).where(died & ~happened & label.notna()),
            "event_day": event_day.mask(label.isna()),
            "complete": complete,
            "label_known_day": news.where(happened, absence).mask(label.isna()),
        }
    )


def _day_of(instants: pd.Series, zone: str) -> pd.Series:
    """The local day of each instant, null where it is null."""
    import pandas as pd

    days = pd.Series(local_day(instants.fillna(0).to_numpy("int64"), zone), index=instants.index)
    return days.where(instants.notna())


def _earlier(one: pd.Series, other: pd.Series) -> pd.Series:
    """The earlier of two days, null where both are."""
    return one.where((one <= other) | other.isna(), other)


def _frame(rows: ir.Table) -> pd.DataFrame:
    frame: pd.DataFrame = rows.to_pandas()
    return frame


def _index_stay(record: Record, given: ir.Table) -> pd.DataFrame:
    """The discharge day, as finally told, of the stay that each row is about; null where the stay is no more."""
    final = final_stays(record).select("person_id", other_id="stay_id", from_="admit_day", to="discharge_day")
    joined = given.inner_join(final, "person_id")
    covers = (joined.from_ <= joined.admit_day) & (joined.to.fill_null(OPEN) >= joined.discharge_day)
    joined = joined.filter((joined.other_id == joined.stay_id) | covers)
    exact = (joined.other_id == joined.stay_id).cast("int64") * OPEN + joined.from_
    return _frame(joined.group_by("row_id").aggregate(index_discharge_day=joined.to.argmax(exact)))


def next_stays(record: Record, given: ir.Table) -> ir.Table:
    """The first stay that starts on or after the day of discharge, all causes; transfers are already joined."""
    versions = stay_versions(record)
    first_known = versions.group_by("stay_id").aggregate(first_known=versions.known_from.min())
    final = final_stays(record).inner_join(first_known, "stay_id")
    later = final.select("person_id", other_id="stay_id", from_="admit_day", to="discharge_day", told="first_known")
    joined = given.inner_join(later, "person_id")
    # the index stay may have another name by now: whatever covers it is no return
    covers = (joined.from_ <= joined.admit_day) & (joined.to.fill_null(OPEN) >= joined.discharge_day)
    joined = joined.filter(joined.other_id != joined.stay_id, joined.from_ >= joined.discharge_day, ~covers)
    return joined.group_by("row_id").aggregate(
        event_day=joined.from_.min(), event_known=joined.told.argmin(joined.from_)
    )


def acute_care(record: Record, given: ir.Table) -> ir.Table:
    """The first emergency, observation or inpatient encounter after the day of discharge, as finally told."""
    claims = _after(encounters(record).filter(encounters(record).setting.isin(ACUTE)), given)
    return claims.group_by("row_id").aggregate(
        event_day=claims.from_day.min(), event_known=claims.known_from.argmin(claims.from_day)
    )


def harms(record: Record, given: ir.Table) -> ir.Table:
    """The first such encounter that carries a harm code new since discharge (features.codes.harms).

    New: the same code stands on no claim of the 365 days up to the day of discharge. On an inpatient claim the code
    must have been present on admission (Y, W, or 1 exempt): the harm came before that stay.
    """
    import ibis

    codes = ibis.memtable(HARMS.table())
    coded = with_claim_versions(record, DIAGNOSIS).filter(lambda t: t.known_until == FOREVER)
    coded = coded.filter(coded.role != "admitting").inner_join(codes, ["code_system", "code"])
    acute = encounters(record).filter(encounters(record).setting.isin(ACUTE))
    acute = acute.select("person_id", "claim_id", "version", "known_from", "setting", came="from_day")
    harm = coded.inner_join(acute, ["person_id", "claim_id", "version", "known_from"])
    before_admission = harm.present_on_admission.isin(["Y", "W", "1"])
    harm = harm.filter((harm.setting != "inpatient") | before_admission)
    harm = harm.select("person_id", "known_from", "known_until", "code", "label", from_day="came", to_day="came")
    after = _after(harm, given)
    earlier = coded.select("person_id", "code", seen="from_day")
    seen = after.select("row_id", "person_id", "code", "discharge_day").inner_join(earlier, ["person_id", "code"])
    seen = seen.filter(seen.seen.between(seen.discharge_day - HARM_LOOKBACK_DAYS, seen.discharge_day))
    fresh = after.anti_join(seen.select("row_id", "code").distinct(), ["row_id", "code"])
    # bleeding counts only with the code of the anticoagulant's effect beside it
    alone = fresh.group_by("row_id", "from_day").aggregate(
        event_known=fresh.known_from.min(),
        other=(~fresh.label.isin(["bleeding", "anticoagulant_haemorrhagic_disorder"])).max(),
        bleeds=(fresh.label == "bleeding").max(),
        thinned=(fresh.label == "anticoagulant_haemorrhagic_disorder").max(),
    )
    counted = alone.filter(alone.other | (alone.bleeds & alone.thinned))
    return counted.group_by("row_id").aggregate(
        event_day=counted.from_day.min(), event_known=counted.event_known.argmin(counted.from_day)
    )


def _after(events: ir.Table, given: ir.Table) -> ir.Table:
    """Events as finally told that start after the day of discharge."""
    final = events.filter(events.known_until == FOREVER)
    joined = given.inner_join(final, "person_id")
    return joined.filter(joined.from_day > joined.discharge_day)


def _deaths(record: Record, given: ir.Table) -> pd.DataFrame:
    """The day of death, and when it was known. A death dated only to the month counts at its end, and never before a
    discharge.
    """
    import ibis

    died = record[DEATH]
    days = died.group_by("person_id").aggregate(
        day=died.to_day.min(), exact=(died.precision != "month").max(), death_known=died.known_at.min()
    )
    final = final_stays(record)
    last = final.group_by("person_id").aggregate(last_discharge=final.discharge_day.max())
    days = days.left_join(last, "person_id")
    day = ibis.ifelse(days.exact, days.day, ibis.greatest(days.day, days.last_discharge.fill_null(0)))
    days = days.select("person_id", "death_known", death_day=day)
    return _frame(given.select("row_id", "person_id").inner_join(days, "person_id").drop("person_id"))


def _enrolled(record: Record, found: pd.DataFrame, first_day: pd.Series, last_day: pd.Series) -> pd.Series:
    """Whether every day from first to last was covered; months of two payers count once."""
    import ibis

    spans = found[["row_id", "person_id"]].assign(start=first_day.astype("int64"), end=last_day.astype("int64"))
    months = record[COVERAGE].select("person_id", first="from_day", final="to_day").distinct()
    joined = ibis.memtable(spans).inner_join(months, "person_id")
    joined = joined.filter(joined.first <= joined.end, joined.final >= joined.start)
    covered = ibis.least(joined.final, joined.end) - ibis.greatest(joined.first, joined.start) + 1
    joined = joined.mutate(covered=covered, month=expression_of_month_end(joined.first))
    by_month = joined.group_by("row_id", "month").aggregate(days=joined.covered.max())
    days = _frame(by_month.group_by("row_id").aggregate(days=by_month.days.sum()))
    covered_days = found.row_id.map(days.set_index("row_id").days).fillna(0)
    return covered_days >= spans.end - spans.start + 1


READMISSION_30D = Outcome(
    "readmission_30d",
    "a new acute stay that begins 0 to 30 days after discharge, all causes, transfers joined",
    OutcomeWindow(0, 30),
    next_stays,
    by_claims=False,
    death_counts=False,
)
ANY_ACUTE_CARE_21D = Outcome(
    "any_acute_care_21d",
    "an emergency, observation or inpatient encounter 1 to 21 days after discharge",
    OutcomeWindow(1, 21),
    acute_care,
    by_claims=True,
    death_counts=False,
    needs=("claim_line.revenue_center_code",),
)
ADVERSE_EVENT_21D = Outcome(
    "adverse_event_21d",
    "death, or acute care that carries a harm code new since discharge, 1 to 21 days after it; the list is ours",
    OutcomeWindow(1, 21),
    harms,
    by_claims=True,
    death_counts=True,
    needs=("claim_line.revenue_center_code", "diagnosis.present_on_admission"),
)
OUTCOMES = (READMISSION_30D, ADVERSE_EVENT_21D, ANY_ACUTE_CARE_21D)
