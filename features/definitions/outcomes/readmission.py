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
    """The first acute stay that starts on or after the day of discharge, transfers joined: event_day, event_known (when
    its bill was known, which tells whether it was planned; without a bill when the stay was), counts (0 where it was
    planned: a later unplanned one then does not count either) and why.
    """
    import ibis

    versions = planned_stays(record)
    told = versions.group_by("stay_id").aggregate(
        first_told=versions.known_from.min(), first_billed=versions.known_from.min(where=versions.billed == 1)
    )
    final = versions.filter(versions.known_until == FOREVER).inner_join(told, "stay_id")
    later = final.select(
        "person_id",
        "planned",
        "planned_why",
        other_id="stay_id",
        from_="admit_day",
        last=ends_of(final),
        told=ibis.coalesce(final.first_billed, final.first_told),
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
    )


READMISSION_30D = Outcome(
    "readmission_30d",
    "an unplanned acute stay that begins 0 to 30 days after discharge, transfers joined, the first stay deciding",
    OutcomeWindow(0, 30),
    next_stays,
    by_claims=True,
    death_counts=False,
)
