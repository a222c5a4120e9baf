"""How much care the members of each practice and clinician had: months of membership, and what fell into them.

A member belongs to whom the network says in each month (ATTRIBUTION, the latest word of it); what happens in a month
counts for that practice. Months after a death are not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.definitions.encounters import encounters
from features.definitions.profile.duplicates import duplicate_tests
from features.definitions.stays import final_stays
from features.record.known import FOREVER, dispensings
from features.record.record import Record
from features.record.tables import ATTRIBUTION

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

COUNTED = ("emergency_visits", "admissions", "duplicate_tests", "cents")


def attributed_months(record: Record) -> ir.Table:
    """person_id, from_day, to_day, practice, provider_id: who answers for a person in a month, once a month."""
    import ibis

    rows = record[ATTRIBUTION]
    order = ibis.window(
        group_by=["person_id", "from_day"], order_by=[ibis.desc("known_at"), "practice", "provider_id", "source"]
    )
    first = rows.mutate(place=ibis.row_number().over(order))
    return first.filter(first.place == 0).select("person_id", "from_day", "to_day", "practice", "provider_id")


def use(record: Record, first_day: int, last_day: int) -> pd.DataFrame:
    """One row a person, practice, clinician and month that begins in these days: months (1), COUNTED, from_day."""
    asked = attributed_months(record)
    asked = asked.filter(asked.from_day.between(first_day, last_day))
    months = asked.to_pandas().assign(months=1)
    for name, events in _events(record).items():
        within = asked.inner_join(events, "person_id")
        within = within.filter(within.day.between(within.from_day, within.to_day))
        sums = within.group_by("person_id", "from_day").aggregate(**{name: within.much.sum()})
        months = months.merge(sums.to_pandas(), on=["person_id", "from_day"], how="left")
    found: pd.DataFrame = months.fillna(dict.fromkeys(COUNTED, 0))
    return found


def _events(record: Record) -> dict[str, ir.Table]:
    """By the names of COUNTED: person_id, day, much."""
    paid = encounters(record)
    paid = paid.filter(paid.known_until == FOREVER)
    fills = dispensings(record)
    fills = fills.filter(fills.known_until == FOREVER)
    bills = paid.select("person_id", day=paid.from_day.cast("int64"), much=paid.paid.fill_null(0).cast("int64"))
    medicines = fills.select("person_id", day=fills.from_day.cast("int64"), much=fills.paid.fill_null(0).cast("int64"))
    tests = duplicate_tests(record)
    stays = final_stays(record)
    found = (
        emergency_visits(record).mutate(much=1),
        stays.select("person_id", day=stays.admit_day.cast("int64"), much=1),
        tests.select("person_id", day=tests.day.cast("int64"), much=1),
        bills.union(medicines),
    )
    return dict(zip(COUNTED, found, strict=True))


def emergency_visits(record: Record) -> ir.Table:
    """person_id and day of each emergency visit that led to no stay that day or the next: a day counts once."""
    told = encounters(record)
    final = told.filter(told.setting == "emergency", told.known_until == FOREVER)
    visits = final.select("person_id", day=final.from_day.cast("int64")).distinct()
    began = final_stays(record).select("person_id", began="admit_day")
    led = visits.inner_join(began, "person_id")
    led = led.filter((led.began - led.day).between(0, 1)).select("person_id", "day").distinct()
    return visits.anti_join(led, ["person_id", "day"])
