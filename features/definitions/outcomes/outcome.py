"""What an outcome is, and the label of each index stay: 1, 0, or null with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.definitions.deaths import deaths
from features.definitions.enrolment import covered_through
from features.definitions.stays import OPEN, final_stays
from features.record.record import Record, lacked, persons_now
from features.windows import OutcomeWindow, local_day

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

CLAIMS_RUN_OUT_DAYS = 90  # after which nearly all claims of a day have come, so that their absence tells something
DIED, PLANNED = "death", "planned"

WENT_ON = "the stay went on after this discharge, was taken back, or was none in an acute hospital"
DATA_END = "the data end within the window"
LEFT_NETWORK = "left the network within the window"
NOT_TOLD = "not evaluable: a bill does not tell whether what counts on it was there on admission"


@dataclass(frozen=True)
class Outcome:
    """A named outcome. `events(record, rows)` gives row_id, event_day and event_known (instant) of each row's first
    event in the window; where only some of them count, `counts` (1 or 0) and `why`; where of an event nobody can tell
    whether it counts, `unsure_day`. `shows(record, rows, event_day)`
    words what was seen on that day, for one row. `by_claims` says that its absence is known only when claims have run
    out, where the network gets claims at all. `needs` are the facts without which it is not evaluable. Death without
    the event is competing, or itself the event (`death_counts`).
    """

    name: str
    says: str
    window: OutcomeWindow
    events: Callable[[Record, ir.Table], ir.Table]
    shows: Callable[[Record, ir.Table, int], str]
    by_claims: bool
    death_counts: bool
    needs: tuple[str, ...] = ()


def labels(record: Record, rows: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """For each row, in order: label (1, 0 or null), null_reason, competing (`death`, `planned` or null: what came first
    in the place of the event), event_day, why (what decided, where the outcome tells it), complete (the whole window
    lies in the loaded data), followed_days (from discharge to the event, the death, the end of the window or the last
    day in the network, whichever came first; null where the label is null for another reason than leaving) and
    label_known_day (when the label could be known; null with the label).

    Disenrolment and the end of data make a label null, never 0, and so does an event of which nobody can tell whether
    it counts, where no other makes the label 1; an event seen before either still counts. What is seen of somebody
    after they left is not asked: of those who left, only some are seen again.
    """
    import ibis
    import numpy as np
    import pandas as pd

    # what happened next is looked for under every number that is now known to be the person's
    now = pd.Series(persons_now(record, rows.person_id), rows.index, dtype=rows.person_id.dtype)
    rows = rows.assign(person_id=now)
    given = ibis.memtable(rows[["row_id", "person_id", "stay_id", "admit_day", "discharge_day"]])
    first, last = outcome.window.first, outcome.window.last
    found = rows[["row_id", "person_id", "discharge_day"]].reset_index(drop=True)
    index = index_stays(record, given).select("row_id", "index_discharge_day")
    found = found.merge(_frame(index), on="row_id", how="left")
    found = found.merge(_events(record, given, outcome), on="row_id", how="left")
    found = found.merge(_frame(deaths(record)), on="person_id", how="left")
    # whoever is said to have died before they were discharged is dead by then, whichever of the days is wrong
    found["death_day"] = found.death_day.clip(lower=found.discharge_day)
    ends = found.discharge_day + last
    waits = outcome.by_claims and "claim_line" not in record.lacks
    through = record.claims_complete_to if waits else record.admissions_complete_to
    seen_through = through if through is not None else -OPEN
    complete = ends <= seen_through

    came = (found.event_day - found.discharge_day).between(first, last)
    happened, instead = came & (found.counts != 0), came & (found.counts == 0)
    died = (found.death_day - found.discharge_day).between(0, last)
    news = _day_of(found.event_known, record.zone).where(came)
    event_day = found.event_day.where(came)
    if outcome.death_counts:
        happened = happened | died
        event_day = _earlier(event_day, found.death_day.where(died))
        news = _earlier(news, _day_of(found.death_known, record.zone).where(died))
    # whoever dies cannot leave the network afterwards, and the first event, counted or not, ends the waiting
    seen_to = _earlier(_earlier(ends, found.death_day), found.event_day.where(came))
    through_day = covered_through(record, found.person_id, found.discharge_day + first, seen_to)
    stayed = (through_day >= seen_to) | ("coverage" in record.lacks)
    went_on = found.index_discharge_day.fillna(OPEN) != found.discharge_day

    reason = pd.Series(np.full(len(found), None, dtype=object))
    unsure = (found.unsure_day.astype("float64") - found.discharge_day).between(first, last)
    reason[unsure & ~happened] = NOT_TOLD
    reason[(seen_to > seen_through) & ~happened] = DATA_END
    reason[~stayed] = LEFT_NETWORK
    reason[went_on] = WENT_ON
    for fact in reversed(lacked(outcome.needs, record.lacks)):
        why = record.lacks.get(fact) or record.lacks[fact.split(".")[0]]
        reason[:] = f"not evaluable on this source: {why}"
    label = happened.astype("float64").mask(reason.notna())
    told = label.notna()
    competing = pd.Series(np.full(len(found), None, dtype=object))
    competing[died & ~happened & ~instead & told] = DIED
    competing[instead & told] = PLANNED
    followed = (seen_to.where(stayed, through_day) - found.discharge_day).clip(lower=0)
    absence = ends + (CLAIMS_RUN_OUT_DAYS if waits else 0)
    return pd.DataFrame(
        {
            "row_id": found.row_id,
            "label": label,
            "null_reason": reason,
            "competing": competing,
            "event_day": event_day.mask(~told),
            "why": found.why.where(came & told, None),
            "complete": complete,
            "followed_days": followed.where(told | (reason == LEFT_NETWORK)),
            "label_known_day": news.where(happened, absence).mask(~told),
        }
    )


def _events(record: Record, given: ir.Table, outcome: Outcome) -> pd.DataFrame:
    rows = _frame(outcome.events(record, given))
    nothing = {"counts": 1, "why": None, "unsure_day": None}
    return rows.assign(**{name: value for name, value in nothing.items() if name not in rows})


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


def ends_of(stays: ir.Table) -> ir.IntegerValue:
    """The last day of each stay; of one that is over and nobody told when, the day it began."""
    import ibis

    return ibis.coalesce(stays.discharge_day, ibis.ifelse(stays.over == 1, stays.admit_day, OPEN))


def index_stays(record: Record, given: ir.Table) -> ir.Table:
    """For each row the stay that it is about, as finally told: row_id, person_id, discharge_day (as the row has it),
    index_id and index_discharge_day (OPEN where it has none). It may have another name by now: then it is the stay that
    covers it. No row where the stay is no more.
    """
    import ibis

    final = final_stays(record)
    final = final.select("person_id", other_id="stay_id", from_="admit_day", to="discharge_day", last=ends_of(final))
    joined = given.inner_join(final, "person_id")
    covers = (joined.from_ <= joined.admit_day) & (joined["last"] >= joined.discharge_day)
    joined = joined.filter((joined.other_id == joined.stay_id) | covers)
    own = (joined.other_id == joined.stay_id).cast("int64")
    order = ibis.window(group_by="row_id", order_by=[ibis.desc(own), ibis.desc("from_"), "other_id"])
    first = joined.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)
    return first.select(
        "row_id", "person_id", "discharge_day", index_id="other_id", index_discharge_day=first.to.fill_null(OPEN)
    )
