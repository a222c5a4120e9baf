"""Results that were still to come at discharge: somebody has looked at each of them.

Pending is false only where orders are received; without them nobody can say, and the measure is not evaluable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.measures.rows import Ints
from features.measures.transitions import discharges
from features.measures.transitions.transition import Care, Opened, Transition, care, opened
from features.record.known import Known
from features.record.tables import ORDER

if TYPE_CHECKING:
    import ibis.expr.types as ir

DAYS = 14  # from discharge until each result has been looked at; ours
ORDERS = ("laboratory", "imaging")


def _pending_at_discharge(then: Known) -> ir.Table:
    """Orders of the last stay whose result had not come when the person left: row_id, order_id, resulted and reviewed
    (instants, null where not yet), and reviewed_day.
    """

    def pending(then: Known) -> ir.Table:

        told = then.events(ORDER)
        told = told.filter(told.order_type.isin(ORDERS))
        orders = told.group_by("row_id", "source", "order_id").aggregate(
            ordered_day=told.from_day.min(where=told.status == "ordered"),
            ordered=told.known_at.min(where=told.status == "ordered"),
            resulted=told.known_at.min(where=told.status.isin(("resulted", "reviewed"))),
            reviewed=told.known_at.min(where=told.status == "reviewed"),
            reviewed_day=told.from_day.min(where=told.status == "reviewed"),
            cancelled=told.known_at.min(where=told.status == "cancelled"),
        )
        stays = discharges.last_discharges(then)
        orders = orders.inner_join(stays, "row_id")
        return orders.filter(
            orders.ordered_day >= orders.admit_day,
            orders.ordered <= orders.left_at,
            (orders.resulted > orders.left_at).fill_null(True),
            (orders.cancelled > orders.left_at).fill_null(True),
        ).select("row_id", "order_id", "resulted", "reviewed", "reviewed_day", "cancelled", "day", "why")

    return then.keep("pending_at_discharge", pending)


def _with_pending(then: Known) -> Opened:
    rows = _pending_at_discharge(then)
    return opened(then, rows.select("row_id", "day", "why").distinct())


def _all_looked_at(then: Known) -> Care:
    """The last look at a result, of those all of whose results were looked at or called off."""
    import ibis

    rows = _pending_at_discharge(then)
    waiting = rows.reviewed.isnull() & rows.cancelled.isnull()
    people = rows.group_by("row_id").aggregate(
        waiting=waiting.cast("int64").sum(),
        day=ibis.greatest(rows.reviewed_day, rows.day).max().cast("int64"),
        number=rows.order_id.argmax(rows.reviewed),
    )
    people = people.filter(people.waiting == 0, people.day.notnull())
    return care(then, people.mutate(told=ibis.literal(ORDER.name), proves=ibis.literal(0, "int64")))


def _what_is_left(then: Known, gaps: Opened, due: Ints) -> Any:
    """How many results have come and nobody has looked at, and how many are to come."""
    rows = _pending_at_discharge(then)
    left = rows.filter(rows.reviewed.isnull(), rows.cancelled.isnull())
    counted = left.group_by("row_id").aggregate(come=left.resulted.count(), all=left.count())
    found = then.record.con.to_pyarrow(counted)
    told = {
        who: (come, every - come)
        for who, come, every in zip(*(found[name].to_pylist() for name in ("row_id", "come", "all")), strict=True)
    }
    said = []
    for who in gaps.who.tolist():
        come, to_come = told.get(who, (0, 0))
        parts = [f"a look at {come} that came since"] if come else []
        parts += [f"word of {to_come} still to come"] if to_come else []
        said.append("of the results pending at discharge: " + ", and ".join(parts))
    return np.array(said, dtype=object)


TRANSITION = Transition(
    name="pending_results_followed_up",
    title="Results pending at discharge followed up",
    evidence="Society of Hospital Medicine and others: results that come after discharge are overlooked; days are ours",
    opened_by="a discharge home with a result of laboratory or imaging still to come",
    opens=_with_pending,
    due_in_words=f"{DAYS} days after it",
    due=lambda days: days + DAYS,
    until=lambda days: days + discharges.PERIOD_DAYS,
    care=_all_looked_at,
    closed_by="a review of each result, or the order called off",
    closes=_what_is_left,
    needs=(*discharges.NEEDS, ("order",)),
    first=0,
)
