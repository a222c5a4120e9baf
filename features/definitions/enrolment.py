"""Whether somebody was enrolled on every day of a span. Whom this is asked about may lie in the future: only labels and
retrospective cohorts ask it of days after `as_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.record.record import Record
from features.record.tables import COVERAGE
from features.windows import expression_of_month_end

if TYPE_CHECKING:
    import pandas as pd


def enrolled(
    record: Record, persons: pd.Series, first_day: pd.Series, last_day: pd.Series, payer_types: Sequence[str] = ()
) -> pd.Series:
    """Whether every day from first to last was covered (by a payer of these types, where any are named); months of two
    payers count once. An empty span is covered. Same index as `persons`.
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
    rows = record[COVERAGE]
    if payer_types:
        rows = rows.filter(rows.payer_type.isin(list(payer_types)))
    months = rows.select("person_id", first="from_day", final="to_day").distinct()
    joined = ibis.memtable(spans).inner_join(months, "person_id")
    joined = joined.filter(joined["first"] <= joined.end, joined.final >= joined.start)
    covered = ibis.least(joined.final, joined.end) - ibis.greatest(joined["first"], joined.start) + 1
    joined = joined.mutate(covered=covered, month=expression_of_month_end(joined["first"]))
    by_month = joined.group_by("span", "month").aggregate(days=joined.covered.max())
    days = by_month.group_by("span").aggregate(days=by_month.days.sum()).to_pandas()
    covered_days = spans["span"].map(days.set_index("span").days).fillna(0)
    return pd.Series((covered_days >= spans.end - spans.start + 1).to_numpy(), index=persons.index)
