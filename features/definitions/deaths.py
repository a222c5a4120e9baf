"""When people died, as everything loaded tells it. Only labels and retrospective cohorts may ask: it looks ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.places import EXPIRED
from features.definitions.present import expired_bills
from features.definitions.stays import final_stays, other_stays, stay_versions
from features.record.known import FOREVER
from features.record.record import Record
from features.record.tables import DEATH

if TYPE_CHECKING:
    import ibis.expr.types as ir


def deaths(record: Record) -> ir.Table:
    """person_id, death_day and death_known (instant) of each person of whom a death is told, by a notice or by how a
    stay or a bill of any setting ended (patient status). A death dated only to the month counts at its end, and never
    before a discharge.
    """
    import ibis

    died = record[DEATH].select("person_id", "to_day", "precision", "known_at").union(_billed(record))
    stays = ibis.union(stay_versions(record), other_stays(record))
    in_hospital = stays.filter(stays.discharge_disposition_code.isin(EXPIRED), stays.discharge_day.notnull())
    first_told = in_hospital.group_by("person_id", "stay_id", "discharge_day").aggregate(
        known_at=in_hospital.known_from.min()
    )
    now = in_hospital.filter(in_hospital.known_until == FOREVER)
    now = now.inner_join(first_told, ["person_id", "stay_id", "discharge_day"])
    told = now.select(
        "person_id", to_day=now.discharge_day.cast("int32"), precision=ibis.literal("day"), known_at="known_at"
    )
    died = died.union(told)
    # whoever tells the day is believed before whoever tells only the month
    died = died.mutate(exact=died.precision != "month")
    best = died.mutate(most=died.exact.max().over(ibis.window(group_by="person_id")))
    best = best.filter(best.exact == best.most)
    by_day = best.group_by("person_id", "exact", "to_day").aggregate(known_at=best.known_at.min())
    days = by_day.group_by("person_id").aggregate(
        day=by_day.to_day.min(), exact=by_day.exact.max(), death_known=by_day.known_at.argmin(by_day.to_day)
    )
    final = final_stays(record)
    last = final.group_by("person_id").aggregate(last_discharge=final.discharge_day.max())
    days = days.left_join(last, "person_id")
    day = ibis.ifelse(days.exact, days.day, ibis.greatest(days.day, days.last_discharge.fill_null(0)))
    return days.select("person_id", "death_known", death_day=day)


def _billed(record: Record) -> ir.Table:
    """Deaths that a bill of a nursing facility, a hospice or anyone else tells, as finally netted."""
    import ibis

    bills = expired_bills(record)
    last = bills.filter(bills.known_until == FOREVER)
    return last.select("person_id", to_day="died_day", precision=ibis.literal("day"), known_at="known_from")
