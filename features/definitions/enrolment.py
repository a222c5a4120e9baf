"""On which days of a span somebody was enrolled. Whom this is asked about may lie in the future: only labels and
retrospective cohorts ask it of days after `as_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.record.record import Record
from features.record.tables import COVERAGE

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd


def covered_through(record: Record, persons: pd.Series, first_day: pd.Series, last_day: pd.Series) -> pd.Series:
    """The last day, up to `last_day`, of unbroken cover from `first_day` on, by whatever payer and plan; the day before
    `first_day` where that was not covered. Same index as `persons`.
    """
    import ibis
    import pandas as pd

    joined = _covers(record[COVERAGE], persons, first_day, last_day)
    before = joined.final.max().over(ibis.window(group_by="span", order_by=["first", "final"], preceding=(None, 1)))
    apart = joined["first"] > ibis.greatest(before.fill_null(joined.start - 1), joined.start - 1) + 1
    joined = joined.mutate(apart=apart.cast("int64"))
    so_far = ibis.cumulative_window(group_by="span", order_by=["first", "final"])
    joined = joined.mutate(gaps=joined.apart.sum().over(so_far))
    reached = joined.group_by("span").aggregate(through=joined.final.max(where=joined.gaps == 0)).to_pandas()
    through = pd.Series(range(len(persons)), persons.index).map(reached.set_index("span").through)
    return through.fillna(first_day - 1).clip(upper=last_day).astype("int64")


def fee_for_service(record: Record, payer_types: Sequence[str] = ()) -> ir.Table:
    """Rows of COVERAGE outside managed care, of these kinds of payer where any are named. In a month of managed care
    fee-for-service claims may lack (COVERAGE.managed_care); where a source does not say who managed it, it stays.
    """
    rows = record[COVERAGE]
    rows = rows.filter(rows.managed_care.fill_null(0) == 0)
    return rows.filter(rows.payer_type.isin(list(payer_types))) if payer_types else rows


def days_enrolled(covered: ir.Table, persons: pd.Series, first_day: pd.Series, last_day: pd.Series) -> pd.Series:
    """How many days from first to last, both included, these rows of COVERAGE cover; a day of two payers counts once.
    Same index as `persons`.
    """
    import ibis
    import pandas as pd

    joined = _covers(covered, persons, first_day, last_day)
    so_far = ibis.window(group_by="span", order_by=["first", "final"], preceding=(None, 1))
    begins = ibis.greatest(joined["first"], joined.start, joined.final.max().over(so_far) + 1)
    joined = joined.mutate(days=ibis.greatest(0, ibis.least(joined.final, joined.end) - begins + 1))
    days = joined.group_by("span").aggregate(days=joined.days.sum()).to_pandas()
    counted = pd.Series(range(len(persons)), persons.index).map(days.set_index("span").days)
    return counted.fillna(0).astype("int64")


def _covers(covered: ir.Table, persons: pd.Series, first_day: pd.Series, last_day: pd.Series) -> ir.Table:
    """Rows of COVERAGE that touch each span of days: span (its place), start, end, first and final day of the row."""
    import ibis
    import pandas as pd

    spans = pd.DataFrame(
        {
            "span": range(len(persons)),
            "person_id": persons.to_numpy(),
            "start": first_day.to_numpy("int64"),
            "end": last_day.to_numpy("int64"),
        }
    )
    rows = covered.select("person_id", first="from_day", final="to_day").distinct()
    joined = ibis.memtable(spans).inner_join(rows, "person_id")
    return joined.filter(joined["first"] <= joined.end, joined.final >= joined.start)
