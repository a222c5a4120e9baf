"""Duplicate tests: the same test of a person again, outside hospital, sooner than it can tell anything new.

No published claims definition fits all tests, so the days are ours, below what coverage rules and practice name; each
has its reason. A test within a stay in hospital counts neither as one that is repeated nor as a repetition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.definitions.stays import final_stays
from features.record.record import Record
from features.record.tables import ORDER, RESULT

if TYPE_CHECKING:
    import ibis.expr.types as ir

OPEN_DAYS = 1_000_000


@dataclass(frozen=True)
class Interval:
    """A laboratory test (LOINC) that tells nothing new within so many days of the last."""

    loinc: str
    days: int
    why: str


INTERVALS = (
    Interval("4548-4", 60, "it looks back on three months (Medicare NCD 190.21 pays for one every three months)"),
    Interval("13457-7", 30, "cholesterol settles four weeks or more after a change of treatment"),
    Interval(
        "3016-3", 30, "thyrotropin settles six weeks after a change of dose (NCD 190.22: two a year where stable)"
    ),
    Interval("2132-9", 60, "stores of vitamin B12 change over months"),
    Interval("9318-7", 60, "it is asked once a year, and again within three to six months to confirm"),
)
IMAGING_DAYS = 14  # the same picture, by its code, again within two weeks


def duplicate_tests(record: Record) -> ir.Table:
    """person_id and day of each repetition, by taken tests and resulted imaging."""
    import ibis

    days = ibis.cases(*((ibis._.code == one.loinc, one.days) for one in INTERVALS), else_=0)
    tests = record[RESULT]
    tests = tests.filter(tests.kind == "laboratory", tests.from_day.notnull())
    tests = tests.select("person_id", "code_system", "code", day="from_day").mutate(within=days)
    tests = tests.filter(tests.within > 0, tests.code_system == "loinc")
    pictures = record[ORDER]
    pictures = pictures.filter(
        pictures.order_type == "imaging", pictures.status == "resulted", pictures.code.notnull()
    ).select("person_id", "code_system", "code", day="from_day", within=ibis.literal(IMAGING_DAYS))
    done = _outside_hospital(record, tests.union(pictures).distinct())
    before = ibis.window(group_by=["person_id", "code_system", "code"], order_by="day")
    done = done.mutate(last=done.day.lag().over(before))
    again = done.filter(done.day - done["last"] < done.within)
    return again.select("person_id", "day")


def _outside_hospital(record: Record, tests: ir.Table) -> ir.Table:
    stays = final_stays(record)
    stays = stays.select("person_id", began="admit_day", ended=stays.discharge_day.fill_null(OPEN_DAYS))
    inside = tests.inner_join(stays, "person_id")
    inside = inside.filter(inside.day.between(inside.began, inside.ended)).select(*tests.columns).distinct()
    return tests.anti_join(inside, ["person_id", "code_system", "code", "day"])
