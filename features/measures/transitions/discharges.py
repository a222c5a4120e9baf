"""The last discharge of each person, and for whom what follows a discharge is not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.places import DISPOSITIONS, EXPIRED, HOSPICE, codes_of
from features.definitions.stays import stay_versions
from features.measures.transitions.transition import Opened, opened
from features.record.known import Known

if TYPE_CHECKING:
    import ibis.expr.types as ir

PERIOD_DAYS = 30  # the days after discharge that transitional care is about (CPT 99495, 99496)
TO_THE_COMMUNITY = codes_of(DISPOSITIONS, "home", "home_health", "against_medical_advice", "law_enforcement")
IN_HOSPITAL, TO_HOSPICE, ELSEWHERE = "in hospital again", "went to hospice", "went on to another facility"
NEEDS = (("claim_line", "adt_event", "discharge_notice"),)


def last_discharges(then: Known) -> ir.Table:
    """One row a person who left hospital alive: row_id, day, why, stay_id, admit_day, left_at (instant). How somebody
    left is not always told: then the person is taken to have gone home.
    """

    def last(then: Known) -> ir.Table:
        import ibis

        stays = then.versions(stay_versions(then.record))
        inside = stays.filter(stays.over == 0).select("row_id", inside=ibis.literal(1, "int64")).distinct()
        left = stays.filter(stays.over == 1, stays.discharge_day <= stays.as_of_day)
        order = [left.discharge_day.desc(), left.admit_day.desc(), left.stay_id]
        left = left.mutate(turn=ibis.row_number().over(ibis.window(group_by="row_id", order_by=order)))
        left = left.filter(left.turn == 0).left_join(inside, "row_id")
        code = left.discharge_disposition_code
        why = ibis.cases(
            (left.inside.notnull(), IN_HOSPITAL),
            (code.isin(HOSPICE), TO_HOSPICE),
            (code.notin(TO_THE_COMMUNITY), ELSEWHERE),
            else_="",
        )
        alive = left.filter(code.notin(EXPIRED).fill_null(True))
        return alive.select(
            "row_id",
            "stay_id",
            day=alive.discharge_day.cast("int64"),
            admit_day=alive.admit_day.cast("int64"),
            left_at=alive.discharged_at,
            why=why,
        )

    return then.keep("last_discharges", last)


def discharges(then: Known) -> Opened:
    """The same, as what opens gaps."""
    return opened(then, last_discharges(then))
