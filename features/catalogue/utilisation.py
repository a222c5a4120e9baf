"""How much care, where, how recently, with whom, and at what cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.catalogue.algebra import Family, Measured, Ratio, Statistic, difference, share
from features.catalogue.declaration import Column
from features.catalogue.events import (
    earlier_stays,
    emergency_stays,
    fill_cost,
    known_encounters,
    messages_of_class,
    office_providers,
    office_visits,
    transitional_visits,
    wellness_visits,
)
from features.catalogue.sequences import first_after, most_by_key, returns_within
from features.record.known import Known
from features.windows import Lookback

if TYPE_CHECKING:
    import ibis.expr.types as ir

MONTH, QUARTER, HALF, YEAR, TWO_YEARS = (Lookback(days) for days in (30, 90, 180, 365, 730))
ALL = (MONTH, QUARTER, HALF, YEAR, TWO_YEARS)
MONEY = Measured("cents")
DAYS_IN = Measured("days")

STAYS = Family(
    "stays",
    group="earlier hospital stays",
    events=earlier_stays,
    windows=ALL,
    statistics=(Statistic.COUNT, Statistic.SUM, Statistic.SINCE, Statistic.MAX),
    words="earlier hospital stays",
    needs=(),
    measured=DAYS_IN,
    nearest="last in hospital {{value}} before {anchor}",
)
EMERGENCY_STAYS = Family(
    "emergency_stays",
    group="earlier hospital stays",
    events=emergency_stays,
    windows=(HALF, YEAR),
    statistics=(Statistic.COUNT,),
    words="earlier stays that began as an emergency",
    needs=("claim_line.admit_type_code",),
)


def readmissions(then: Known) -> ir.Table:
    """Earlier unplanned stays that began within 30 days of the one before."""
    returned = returns_within(earlier_stays(then), 30)
    return returned.filter(returned.planned == 0)


READMISSIONS = Family(
    "returns",
    group="earlier returns to hospital",
    events=readmissions,
    windows=(HALF, YEAR, TWO_YEARS),
    statistics=(Statistic.COUNT, Statistic.SINCE),
    words="earlier unplanned returns to hospital within 30 days",
    needs=(),
)
CARE = Family(
    "care",
    group="care used",
    events=known_encounters,
    windows=ALL,
    statistics=(Statistic.COUNT, Statistic.SINCE),
    words={
        "emergency": "emergency visits",
        "observation": "observation stays",
        "skilled_nursing": "skilled nursing bills",
        "home_health": "home health bills",
        "outpatient": "hospital outpatient visits",
        "office": "office visits",
        "telehealth": "telehealth visits",
    },
    needs=("claim_line.place_of_service_code",),
)
COST = Family(
    "cost",
    group="cost of care",
    events=known_encounters,
    windows=(QUARTER, YEAR),
    statistics=(Statistic.SUM,),
    words={
        "emergency": "paid for emergency visits",
        "skilled_nursing": "paid for skilled nursing",
        "outpatient": "paid for hospital outpatient care",
        "office": "paid for office visits",
    },
    needs=("claim_line.place_of_service_code",),
    measured=MONEY,
)
INPATIENT_COST = Family(
    "inpatient_cost",
    group="cost of care",
    events=known_encounters,
    windows=(YEAR, TWO_YEARS),
    statistics=(Statistic.SUM,),
    words={"inpatient": "paid for hospital stays"},
    needs=("claim_line",),
    measured=MONEY,
)
DRUG_COST = Family(
    "drug_cost",
    group="cost of care",
    events=fill_cost,
    windows=(QUARTER, YEAR),
    statistics=(Statistic.SUM,),
    words="paid for medicines",
    needs=("dispensing", "dispensing.paid"),
    measured=MONEY,
)
MESSAGES = Family(
    "messages",
    group="care used",
    events=messages_of_class,
    windows=ALL,
    statistics=(Statistic.COUNT, Statistic.SINCE),
    words={"emergency": "emergency visits told by hospitals", "outpatient": "hospital visits told by hospitals"},
    needs=("adt_event",),
)
TRANSITIONAL = Family(
    "transitional",
    group="follow-up after earlier stays",
    events=transitional_visits,
    windows=(YEAR, TWO_YEARS),
    statistics=(Statistic.COUNT,),
    words="transitional-care visits",
    needs=("claim_line.place_of_service_code",),
    actionable=True,
)
WELLNESS = Family(
    "wellness",
    group="primary care",
    events=wellness_visits,
    windows=(YEAR,),
    statistics=(Statistic.COUNT,),
    words="annual wellness visits",
    needs=("claim_line.place_of_service_code",),
    actionable=True,
)
PROVIDERS = Family(
    "providers",
    group="continuity",
    events=office_providers,
    windows=(YEAR, TWO_YEARS),
    statistics=(Statistic.COUNT,),
    words="different clinicians seen in the office",
    needs=("claim_line.place_of_service_code",),
)


OFFICE = Family(
    "office",
    group="primary care",
    events=office_visits,
    windows=(QUARTER, YEAR),
    statistics=(Statistic.COUNT,),
    words="office or telehealth visits",
    needs=("claim_line.place_of_service_code",),
)


def visits_to_usual_provider(then: Known) -> ir.Table:
    """Visits of the last year to the clinician seen most."""
    return most_by_key(office_visits(then), "provider_id", YEAR.days)


USUAL = Family(
    "usual_provider_visits",
    group="continuity",
    events=visits_to_usual_provider,
    windows=(YEAR,),
    statistics=(Statistic.SUM,),
    words="visits to the clinician seen most",
    needs=("claim_line.place_of_service_code",),
    measured=Measured("visits"),
)
USUAL_SHARE = Ratio(
    Column(
        name="usual_provider_share_365d",
        family="continuity",
        group="continuity",
        unit="",
        window="in the 365 days before admission",
        missing="no office visit in the year",
        sentence="share of office visits to the clinician seen most: {value}",
        actionable=True,
    ),
    of=("usual_provider_visits_sum_365d", "office_count_365d"),
    finish=share,
)


def days_to_follow_up(then: Known) -> ir.Table:
    """For discharges more than 30 days before admission, the days to the first office or telehealth visit, when within
    30.
    """
    stays = earlier_stays(then)
    return first_after(office_visits(then), stays.filter(stays.age > 30), 30)


FOLLOW_UP = Family(
    "follow_up",
    group="follow-up after earlier stays",
    events=days_to_follow_up,
    windows=(TWO_YEARS,),
    statistics=(Statistic.COUNT,),
    words="earlier discharges with a visit within 30 days",
    needs=("claim_line.place_of_service_code",),
    actionable=True,
)
DAYS_TO_FOLLOW_UP = Family(
    "days_to_follow_up",
    group="follow-up after earlier stays",
    events=days_to_follow_up,
    windows=(TWO_YEARS,),
    statistics=(Statistic.MIN,),
    words="time to a visit after an earlier discharge",
    needs=("claim_line.place_of_service_code",),
    measured=DAYS_IN,
    actionable=True,
)
RISING = Ratio(
    Column(
        name="stays_rising",
        family="stays",
        group="earlier hospital stays",
        unit="",
        window="last 180 days against the 180 before",
        missing="never",
        sentence="stays in the last half-year less those in the half-year before: {value}",
        spoken=False,
    ),
    of=("stays_count_180d", "stays_count_365d"),
    finish=lambda half, year: difference(half, year - half),
)
FEATURES = (
    STAYS,
    EMERGENCY_STAYS,
    READMISSIONS,
    CARE,
    COST,
    INPATIENT_COST,
    DRUG_COST,
    MESSAGES,
    TRANSITIONAL,
    WELLNESS,
    PROVIDERS,
    OFFICE,
    USUAL,
    USUAL_SHARE,
    FOLLOW_UP,
    DAYS_TO_FOLLOW_UP,
    RISING,
)
