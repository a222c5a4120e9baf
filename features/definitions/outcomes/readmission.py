"""Back in hospital within 30 days, unplanned: the first readmission decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.definitions.outcomes.outcome import Outcome, ends_of, index_stays
from features.definitions.planned import planned_stays
from features.record.known import FOREVER
from features.record.record import Record
from features.windows import OutcomeWindow

if TYPE_CHECKING:
    import ibis.expr.types as ir


def next_stays(record: Record, given: ir.Table) -> ir.Table:
    """The first acute stay that starts on or after the day of discharge, transfers joined: event_day, event_known (the
    moment since which it was told as it finally was, billed or not and planned or not), counts (0 where planned: a
    later unplanned one then does not count either), why and stay_id.
    """
    import ibis

    versions = planned_stays(record)
    final = versions.filter(versions.known_until == FOREVER)
    # held as one number each, so that no version needs the final one beside it
    at = versions.mutate(said=2 * versions.planned + versions.billed.cast("int64"))
    at = at.mutate(last_said=at.said.max(where=at.known_until == FOREVER).over(ibis.window(group_by="stay_id")))
    told = at.group_by("stay_id").aggregate(
        first_told=at.known_from.min(), otherwise_until=at.known_until.max(where=at.said != at.last_said)
    )
    final = final.inner_join(told, "stay_id")
    later = final.select(
        "person_id",
        "planned",
        "planned_why",
        other_id="stay_id",
        from_="admit_day",
        last=ends_of(final),
        told=ibis.coalesce(final.otherwise_until, final.first_told),
    )
    # joined on the person alone: with the rows once more beside it DuckDB 2.0.0 multiplies stays by rows first
    joined = index_stays(record, given).inner_join(later, "person_id")
    joined = joined.filter(joined.other_id != joined.index_id, joined.from_ >= joined.discharge_day)
    order = ibis.window(group_by="row_id", order_by=["from_", "last", "other_id"])
    first = joined.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)
    return first.select(
        "row_id",
        event_day="from_",
        event_known="told",
        counts=1 - first.planned,
        why="planned_why",
        stay_id="other_id",
    )


def next_stay_in_words(record: Record, given: ir.Table, event_day: int) -> str:
    """Where the stay that decided was, and for what it began."""
    first = next_stays(record, given)
    first = first.filter(first.event_day == event_day)
    final = planned_stays(record)
    final = final.filter(final.known_until == FOREVER).semi_join(first, "stay_id")
    stay = final.to_pandas().iloc[0]
    parts = (
        ("stay", stay.stay_id),
        ("in", stay.first_facility_id),
        ("first principal diagnosis", stay.first_principal_code),
        ("planned or not", stay.planned_why),
    )
    return ", ".join(f"{name}: {value}" for name, value in parts if isinstance(value, str))


READMISSION_30D = Outcome(
    "readmission_30d",
    "an unplanned acute stay that begins 0 to 30 days after discharge, transfers joined, the first stay deciding",
    OutcomeWindow(0, 30),
    next_stays,
    next_stay_in_words,
    by_claims=True,
    death_counts=False,
)
