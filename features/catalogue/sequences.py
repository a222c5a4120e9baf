"""Ordered passes within an index row: gaps, unions of intervals, first and most frequent. Their rows feed families."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def first_by_key(events: ir.Table, key: str) -> ir.Table:
    """One event for each key of a row, at the age of its latest event: row_id, key, age. Counting them counts keys."""
    kept = events.filter(events[key].notnull())
    return kept.group_by("row_id", key).aggregate(age=kept.age.min())


def most_by_key(events: ir.Table, key: str, within: int) -> ir.Table:
    """One event a row whose value is how many events the most frequent key has among those at most `within` old."""
    kept = events.filter(events[key].notnull(), events.age <= within)
    counted = kept.group_by("row_id", key).aggregate(n=kept.count())
    return counted.group_by("row_id").aggregate(value=counted.n.max()).mutate(age=1)


def days_covered(fills: ir.Table, within: int) -> ir.Table:
    """Days of the last `within` days before admission on which a supply was on hand, by label; overlaps count once.

    `fills` has row_id, label, age (days from the fill to admission) and value (days supply). A supply covers the days
    age, age-1, ..., age-value+1 before admission, cut to [1, within].
    """
    import ibis

    kept = fills.filter(fills.label.notnull(), fills.value > 0)
    order = ibis.window(group_by=["row_id", "label"], order_by=[ibis.desc("age"), "value"])
    # ages fall as time goes on: a supply starts at `age` and its last day is age-value+1
    kept = kept.mutate(last=ibis.greatest(kept.age - kept.value + 1, 1))
    so_far = ibis.cumulative_window(group_by=["row_id", "label"], order_by=[ibis.desc("age"), "value"])
    kept = kept.mutate(reached=kept["last"].min().over(so_far))
    kept = kept.mutate(before=kept.reached.lag().over(order).fill_null(1_000_000))
    starts = ibis.least(ibis.least(kept.age, within), kept.before - 1)
    kept = kept.mutate(value=ibis.greatest(starts - kept["last"] + 1, 0), age=ibis.literal(1, "int64"))
    return kept.filter(kept.value > 0).select("row_id", "label", "age", "value")


def returns_within(stays: ir.Table, days: int) -> ir.Table:
    """Stays that began 0 to `days` days after the discharge of the stay before; the age is that of the later stay."""
    import ibis

    order = ibis.window(group_by="row_id", order_by=["admit_day", "discharge_day"])
    stays = stays.mutate(before=stays.discharge_day.lag().over(order))
    return stays.filter((stays.admit_day - stays.before).between(0, days))


def first_after(events: ir.Table, starts: ir.Table, within: int) -> ir.Table:
    """For each start (row_id, age) the days to the first event (row_id, age) after it, if at most `within`: value."""
    later = starts.select("row_id", start="age").inner_join(events.select("row_id", came="age"), "row_id")
    later = later.filter(later.came < later.start, later.start - later.came <= within)
    return later.group_by("row_id", "start").aggregate(value=(later.start - later.came).min()).rename(age="start")
