"""Medicines, results, orders still open and visits booked: what a care manager can do something about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.catalogue.algebra import Family, Measured, Ratio, Statistic, difference, share
from features.catalogue.declaration import Column
from features.catalogue.events import (
    DRUG_CLASSES,
    SIGNS,
    TESTS,
    booked_visits,
    drugs_on_hand,
    high_risk_on_hand,
    known_fills,
    known_results,
    label_of,
    past_appointments,
    pending_orders,
)
from features.catalogue.sequences import days_covered
from features.codes.laboratory import LABS, VITALS
from features.codes.sensitive import TELLS
from features.record.known import Known
from features.windows import Lookback

if TYPE_CHECKING:
    import ibis.expr.types as ir

CHRONIC_CLASSES = tuple(
    label
    for label in (
        "loop_diuretic",
        "ace_inhibitor",
        "angiotensin_receptor_blocker",
        "beta_blocker",
        "statin",
        "anticoagulant",
        "antiplatelet",
        "insulin",
        "antidepressant",
        "calcium_channel_blocker",
        "biguanide",
        "sulfonylurea",
    )
    if label in DRUG_CLASSES
)
QUARTER, HALF, YEAR = Lookback(90), Lookback(180), Lookback(365)

FILLS = Family(
    "fills",
    group="medicines",
    events=known_fills,
    windows=(HALF,),
    statistics=(Statistic.COUNT, Statistic.SINCE),
    words={label: f"fills of {words}" for label, words in DRUG_CLASSES.items()},
    tells=TELLS["medicines"],
    needs=("dispensing",),
    measured=Measured("days"),
)
ON_HAND = Family(
    "drugs",
    group="many medicines",
    events=drugs_on_hand,
    windows=(YEAR,),
    statistics=(Statistic.COUNT,),
    words="different medicines on hand",
    needs=("dispensing",),
    actionable=True,
)
HIGH_RISK = Family(
    "high_risk_drugs",
    group="high-risk medicines",
    events=high_risk_on_hand,
    windows=(YEAR,),
    statistics=(Statistic.COUNT,),
    words="high-risk medicines on hand",
    needs=("dispensing",),
    actionable=True,
)


def supply_on_hand(then: Known) -> ir.Table:
    """Days of the last half-year on which a chronic medicine was on hand, by class."""
    return days_covered(known_fills(then), HALF.days)


SUPPLY = Family(
    "supply",
    group="medicines taken",
    events=supply_on_hand,
    windows=(HALF,),
    statistics=(Statistic.SUM,),
    words={label: f"days with {DRUG_CLASSES[label]} on hand" for label in CHRONIC_CLASSES},
    tells=TELLS["medicines"],
    needs=("dispensing",),
    measured=Measured("days"),
    actionable=True,
)


def supply_of_all(then: Known) -> ir.Table:
    """The same summed over the chronic classes of a person."""
    rows = supply_on_hand(then)
    rows = rows.filter(rows.label.isin(CHRONIC_CLASSES))
    return rows.select("row_id", "age", "value")


def time_on_treatment(then: Known) -> ir.Table:
    """For each chronic class, the days from the first one of the last half-year with it on hand to admission."""
    import ibis

    fills = known_fills(then)
    reaches = fills.age - fills.value + 1 <= HALF.days
    fills = fills.filter(fills.label.isin(CHRONIC_CLASSES), fills.value > 0, reaches)
    first = fills.group_by("row_id", "label").aggregate(value=ibis.least(fills.age.max(), HALF.days))
    return first.mutate(age=ibis.literal(1, "int64"))


SUPPLY_OF_ALL = Family(
    "supply_of_all",
    group="medicines taken",
    events=supply_of_all,
    windows=(HALF,),
    statistics=(Statistic.SUM,),
    words="days with long-term medicines on hand, added over classes",
    needs=("dispensing",),
    measured=Measured("days"),
    spoken=False,
)
ON_TREATMENT = Family(
    "on_treatment",
    group="medicines taken",
    events=time_on_treatment,
    windows=(HALF,),
    statistics=(Statistic.SUM,),
    words="days on long-term medicines, added over classes",
    needs=("dispensing",),
    measured=Measured("days"),
    spoken=False,
)
COVERED = Ratio(
    Column(
        name="proportion_of_days_covered_180d",
        family="supply",
        group="medicines taken",
        unit="",
        window="in the 180 days before admission",
        missing="no long-term medicine on hand in the half-year",
        sentence="share of days with long-term medicines on hand: {value}",
        actionable=True,
    ),
    of=("supply_of_all_sum_180d", "on_treatment_sum_180d"),
    finish=share,
)


def told(unit: str) -> str:
    """A UCUM unit as people write it: annotations in braces are left out."""
    return {"10*3/uL": "thousand/uL", "mm[Hg]": "mmHg", "m[IU]/L": "mIU/L", "1": ""}.get(
        unit, "" if unit.startswith("{") else unit
    )


WEEK, RECENT, LONG = (Lookback(days, through_anchor=True) for days in (7, 30, 365))
THOUSANDTHS = Measured("", 1000, {label_of(x.name): told(x.unit) for x in (*LABS, *VITALS)})
LABORATORY = Family(
    "lab",
    group="laboratory results",
    events=known_results,
    windows=(RECENT, LONG),
    statistics=(Statistic.LAST, Statistic.MIN, Statistic.MAX),
    words=TESTS,
    needs=("result",),
    measured=THOUSANDTHS,
    anchor="discharge",
    actionable=True,
)
VITAL_SIGNS = Family(
    "sign",
    group="vital signs",
    events=known_results,
    windows=(LONG,),
    statistics=(Statistic.LAST,),
    words=SIGNS,
    tells=TELLS["signs"],
    needs=("result",),
    measured=THOUSANDTHS,
    anchor="discharge",
)
CREATININE_RISE = Ratio(
    Column(
        name="creatinine_above_lowest_30d",
        family="lab",
        group="laboratory results",
        unit="mg/dL",
        window="in the 30 days before discharge",
        missing="no creatinine known",
        sentence="creatinine above its lowest value: {value}",
        actionable=True,
        spoken=False,
    ),
    of=("lab_creatinine_last_365d", "lab_creatinine_min_30d"),
    finish=difference,
)
PENDING = Family(
    "pending",
    group="results pending",
    events=pending_orders,
    windows=(WEEK, RECENT),
    statistics=(Statistic.COUNT,),
    words={"laboratory": "laboratory results pending", "imaging": "imaging results pending"},
    needs=("order",),
    anchor="discharge",
    actionable=True,
)
BOOKED = Family(
    "booked",
    group="visits booked",
    events=booked_visits,
    windows=(Lookback(8, through_anchor=True), Lookback(15, through_anchor=True), Lookback(31, through_anchor=True)),
    statistics=(Statistic.COUNT, Statistic.SINCE),
    words="visits booked after discharge",
    needs=("appointment",),
    anchor="discharge",
    when="within {last} days of discharge",
    nearest="first visit booked {{value}} after {anchor}",
    none="no visit booked {when}",
    actionable=True,
)
APPOINTMENTS = Family(
    "appointments",
    group="appointments kept and missed",
    events=past_appointments,
    windows=(Lookback(180, through_anchor=True), LONG),
    statistics=(Statistic.COUNT,),
    words={"kept": "appointments kept", "missed": "appointments missed", "cancelled": "appointments cancelled"},
    needs=("appointment",),
    anchor="discharge",
    actionable=True,
)
FEATURES = (
    FILLS,
    ON_HAND,
    HIGH_RISK,
    SUPPLY,
    SUPPLY_OF_ALL,
    ON_TREATMENT,
    COVERED,
    LABORATORY,
    VITAL_SIGNS,
    CREATININE_RISE,
    PENDING,
    BOOKED,
    APPOINTMENTS,
)
