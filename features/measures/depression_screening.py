"""CMS2: people from 12 years on are screened for depression, and followed up where the screening is positive.

From 2025 on a bipolar disorder counts from the day before an encounter, a reason not to screen on any hour of the
encounter's days, a medicine by any intent that is an order, and somebody already under treatment is followed up.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.codes.systems import LOINC, SNOMED
from features.measures.edition import Edition
from features.measures.measure import Criterion, Group, Measure
from features.measures.panel import Panel
from features.measures.rows import Bools, Rows
from features.measures.sets import MEDICAL_REASON, TELEPHONE
from features.measures.value_set import Code, ValueSet

_AMA = "2.16.840.1.113883.3.526.3"
BIPOLAR = ValueSet("Bipolar Disorder", "2.16.840.1.113883.3.67.1.101.1.128")
VISITS = (
    ValueSet("Encounter to Screen for Depression", "2.16.840.1.113883.3.600.1916"),
    ValueSet("Physical Therapy Evaluation", f"{_AMA}.1022"),
    TELEPHONE,
)
DECLINED = Code("Depression screening declined", SNOMED, "720834000")
NEGATIVE = Code("Depression screening negative", SNOMED, "428171000124102")
POSITIVE = Code("Depression screening positive", SNOMED, "428181000124104")
SCREENED_DAYS_BEFORE, ORDERED_DAYS_AFTER = 14, 2


@dataclass(frozen=True)
class Screening:
    """A kind of screening, for whom (years at the start of the period), and what follows a positive one."""

    ages: tuple[int, int]
    code: Code
    medicines: ValueSet
    referral: ValueSet
    follow_up: ValueSet


ADOLESCENT = Screening(
    (12, 17),
    Code("Adolescent depression screening", LOINC, "73831-0"),
    ValueSet("Adolescent Depression Medications", f"{_AMA}.1567"),
    ValueSet("Referral for Adolescent Depression", f"{_AMA}.1570"),
    ValueSet("Follow Up for Adolescent Depression", f"{_AMA}.1569"),
)
ADULT = Screening(
    (17, 200),
    Code("Adult depression screening", LOINC, "73832-8"),
    ValueSet("Adult Depression Medications", f"{_AMA}.1566"),
    ValueSet("Referral for Adult Depression", f"{_AMA}.1571"),
    ValueSet("Follow Up for Adult Depression", f"{_AMA}.1568"),
)
SCREENINGS = (ADOLESCENT, ADULT)


def _visits(at: Panel) -> Rows:
    return at.visits(*at.edition.visits).only("finished").during(at.period)


def _by_days(at: Panel) -> bool:
    return at.edition.year >= 2025


def seen_from_12(at: Panel) -> Bools:
    """12 years or older at the start of the period, with an encounter in it."""
    return at.aged(at.edition.ages, at.period.first) & _visits(at).exist()


def bipolar_before(at: Panel) -> Bools:
    """A bipolar disorder that began before an encounter."""
    start = "start_day" if _by_days(at) else "start"

    def before(condition: Rows, visit: Rows) -> Bools:
        found: Bools = condition[start] < visit[start]
        return found

    return at.conditions(BIPOLAR).only("listed").having(_visits(at), before).exist()


# ---- screened


def _shortly_before(screened: Rows, visit: Rows) -> Bools:
    days = visit["start_day"] - screened["end_day"]
    found: Bools = (days >= 0) & (days <= SCREENED_DAYS_BEFORE)
    return found


def _screened(at: Panel, how: Screening) -> Rows:
    return at.results(how.code).only("final", "has_value").having(_visits(at), _shortly_before)


def _last(at: Panel, how: Screening) -> Rows:
    screened = _screened(at, how)
    return screened.last(screened["start"])


def _visits_after_positive(at: Panel, how: Screening) -> Rows:
    """The visits soon after a last screening that is positive."""
    positive = at.of("result", "value", _last(at, how), POSITIVE)

    def begun_shortly_before(visit: Rows, screened: Rows) -> Bools:
        days = visit["start_day"] - screened["start_day"]
        found: Bools = (days >= 0) & (days <= SCREENED_DAYS_BEFORE)
        return found

    return _visits(at).having(positive, begun_shortly_before)


def _medicines(at: Panel, how: Screening) -> Rows:
    medicines = at.prescriptions(how.medicines)
    return medicines.where(medicines.flag("active") | medicines.flag("completed"))


def _followed_up(at: Panel, how: Screening) -> Bools:
    """A visit soon after a positive screening at which, or after which, something was done."""
    visits = _visits_after_positive(at, how)

    def at_visit(done: Rows, visit: Rows) -> Bools:
        found: Bools = (done["start"] >= visit["start"]) & (done["start"] <= visit["end"])
        return found

    def soon_after(ordered: Rows, visit: Rows) -> Bools:
        days = ordered["start_day"] - visit["end_day"]
        found: Bools = (days >= 0) & (days <= ORDERED_DAYS_AFTER)
        return found

    medicines = at.ordered(_medicines(at, how))
    referrals = at.orders(how.referral).only("placed")
    referrals = referrals.where(~referrals.flag("device"))
    done = at.procedures(how.follow_up).only("completed").starting(at.period)
    return (
        medicines.starting(at.period).having(visits, soon_after).exist()
        | referrals.starting(at.period).having(visits, soon_after).exist()
        | done.having(visits, at_visit).exist()
    )


def _under_treatment(at: Panel, how: Screening) -> Bools:
    """A visit soon after a positive screening, and a medicine that is being taken then and after it."""

    def through(taken: Rows, visit: Rows) -> Bools:
        found: Bools = (taken["covered_from"] <= visit["end_day"]) & (taken["covered_to"] > visit["end_day"])
        return found

    return _medicines(at, how).only("order").having(_visits_after_positive(at, how), through).exist()


def positive(at: Panel) -> Bools:
    """The last screening of the person's age is positive."""
    found = at.nobody()
    for how in SCREENINGS:
        found = found | at.aged(how.ages, at.period.first) & at.of("result", "value", _last(at, how), POSITIVE).exist()
    return found


def never_screened(at: Panel) -> Bools:
    """No screening near an encounter of the period, by either."""
    return ~(_screened(at, ADOLESCENT).exist() | _screened(at, ADULT).exist())


def negative(at: Panel) -> Bools:
    """The last screening of the person's age is negative."""
    found = at.nobody()
    for how in SCREENINGS:
        found = found | at.aged(how.ages, at.period.first) & at.of("result", "value", _last(at, how), NEGATIVE).exist()
    return found


def positive_and_followed_up(at: Panel) -> Bools:
    """The last screening of the person's age is positive and something was done, or from 2025 on is being done."""
    found = at.nobody()
    for how in SCREENINGS:
        followed_up = _followed_up(at, how)
        if at.edition.year >= 2025:
            followed_up = followed_up | _under_treatment(at, how)
        found = found | (at.aged(how.ages, at.period.first) & followed_up)
    return found


def not_screened_for_a_reason(at: Panel) -> Bools:
    """At a visit the screening was declined, or a medical reason stood against it, and there was none."""

    issued, start, end = ("issued_day", "start_day", "end_day") if _by_days(at) else ("issued", "start", "end")

    def at_visit(told: Rows, visit: Rows) -> Bools:
        found: Bools = (told[issued] >= visit[start]) & (told[issued] <= visit[end])
        return found

    found = at.nobody()
    for how in SCREENINGS:
        called_off = at.not_done(how.code).only("result", "cancelled")
        reasoned = at.of("not_done", "refusal", called_off, DECLINED, MEDICAL_REASON)
        found = found | (reasoned.having(_visits(at), at_visit).exist() & ~_screened(at, how).exist())
    return found


MEASURE = Measure(
    cms="CMS2",
    name="depression_screening",
    title="Screening for depression and follow-up plan",
    better="higher",
    evidence="US Preventive Services Task Force 2022 and 2023, grade B: screen adolescents from 12 years and adults",
    editions=(
        Edition(2024, ("PCSDepressionScreenAndFollowUpFHIR",), ages=(12, 200), visits=VISITS),
        Edition(
            2025, ("CMS2FHIRPCSDepressionScreenAndFollowUp",), ages=(12, 200), follows_references=True, visits=VISITS
        ),
    ),
    groups=(
        Group(
            initial=(Criterion("12 or older, seen in the period", seen_from_12),),
            exclusions=(Criterion("a bipolar disorder", bipolar_before),),
            numerator=(
                Criterion("the last screening negative", negative),
                Criterion("the last screening positive, and followed up", positive_and_followed_up),
            ),
            care=(lambda at: _last(at, ADOLESCENT), lambda at: _last(at, ADULT)),
            closes="a screening, and a follow-up within two days of the visit where it is positive",
            steps=(
                Criterion("a follow-up of the last screening, which was positive", positive),
                Criterion("a screening", never_screened),
            ),
            exceptions=(Criterion("declined, or a medical reason against it", not_screened_for_a_reason),),
        ),
    ),
)
