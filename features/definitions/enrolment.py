"""On how many days of a span somebody was followed: enrolled, so that what was done for them reaches the network.

A month in managed care is not followed: fee-for-service claims of that time may lack (COVERAGE.managed_care; where a
source does not say who managed the care, the month counts). Whom this is asked about may lie in the future: only labels
and retrospective cohorts ask it of days after `as_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.record.record import Record
from features.record.tables import COVERAGE

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd


def enrolled(
    record: Record, persons: pd.Series, first_day: pd.Series, last_day: pd.Series, payer_types: Sequence[str] = ()
) -> pd.Series:
    """Whether every day from first to last was followed (see `days_enrolled`). An empty span is. Same index as
    `persons`.
    """
    days = days_enrolled(record, persons, first_day, last_day, payer_types)
    return days >= last_day - first_day + 1


def days_enrolled(
    record: Record, persons: pd.Series, first_day: pd.Series, last_day: pd.Series, payer_types: Sequence[str] = ()
) -> pd.Series:
    """How many days from first to last, both included, were followed (through a payer of these types, where any are
    named); a day of two payers counts once. Same index as `persons`.
    """
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
    rows = _followed(record, payer_types)
    joined = ibis.memtable(spans).inner_join(rows, "person_id")
    joined = joined.filter(joined["first"] <= joined.end, joined.final >= joined.start)
    so_far = ibis.window(group_by="span", order_by=["first", "final"], preceding=(None, 1))
    begins = ibis.greatest(joined["first"], joined.start, joined.final.max().over(so_far) + 1)
    joined = joined.mutate(days=ibis.greatest(0, ibis.least(joined.final, joined.end) - begins + 1))
    days = joined.group_by("span").aggregate(days=joined.days.sum()).to_pandas()
    covered = spans["span"].map(days.set_index("span").days).fillna(0).astype("int64")
    return pd.Series(covered.to_numpy(), index=persons.index)


def _followed(record: Record, payer_types: Sequence[str]) -> ir.Table:
    """Spans of enrolment, each once: person_id, first, final (days)."""
    rows = record[COVERAGE]
    rows = rows.filter(rows.managed_care.fill_null(0) == 0)
    if payer_types:
        rows = rows.filter(rows.payer_type.isin(list(payer_types)))
    return rows.select("person_id", first="from_day", final="to_day").distinct()
