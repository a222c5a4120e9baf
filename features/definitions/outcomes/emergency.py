"""An emergency visit within 30 days of discharge from which the person went home again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.definitions.encounters import encounters
from features.definitions.outcomes.outcome import Outcome
from features.definitions.stays import final_stays
from features.record.known import FOREVER
from features.record.record import Record
from features.windows import OutcomeWindow

if TYPE_CHECKING:
    import ibis.expr.types as ir

# a visit on the day of discharge may have come before it: the bill tells only the day
WINDOW = OutcomeWindow(1, 30)


def emergency_visits(record: Record, given: ir.Table) -> ir.Table:
    """The first such visit in the window, as finally told. A visit that led to observation is billed with it and is
    none; nor is one with a stay, here or elsewhere, that begins on its day or the next.
    """
    visits = _visits(record, given)
    days = visits.group_by("row_id", "from_day").aggregate(event_known=visits.known_from.min())
    return days.group_by("row_id").aggregate(
        event_day=days.from_day.min(), event_known=days.event_known.argmin(days.from_day)
    )


def emergency_visits_in_words(record: Record, given: ir.Table, event_day: int) -> str:
    """Where the visits of that day were."""
    visits = _visits(record, given)
    places = visits.filter(visits.from_day == event_day).facility_id.to_pandas().dropna()
    return ", ".join(["emergency", *sorted(set(places))])


def _visits(record: Record, given: ir.Table) -> ir.Table:
    told = encounters(record)
    final = told.filter(told.setting == "emergency", told.known_until == FOREVER)
    stays = final_stays(record).select("person_id", began="admit_day")
    led = final.inner_join(stays, "person_id")
    led = led.filter((led.began - led.from_day).between(0, 1)).select("person_id", "from_day").distinct()
    joined = given.inner_join(final.anti_join(led, ["person_id", "from_day"]), "person_id")
    return joined.filter((joined.from_day - joined.discharge_day).between(WINDOW.first, WINDOW.last))


ED_VISIT_30D = Outcome(
    "ed_visit_30d",
    "an emergency visit 1 to 30 days after discharge that led to no stay and no observation",
    WINDOW,
    emergency_visits,
    emergency_visits_in_words,
    by_claims=True,
    death_counts=False,
    needs=("claim_line.revenue_center_code",),
)
