"""CMS69: adults have their body mass index taken, and a plan made where it is too high or too low."""

from __future__ import annotations

from features.codes.systems import LOINC
from features.measures.edition import Edition
from features.measures.left_out import HOSPICE, PALLIATIVE
from features.measures.measure import Criterion, Group, Measure
from features.measures.panel import Panel
from features.measures.rows import Bools, Rows
from features.measures.sets import MEDICAL_REASON
from features.measures.value_set import Code, ValueSet

_QIP, _AMA = "2.16.840.1.113883.3.600.1", "2.16.840.1.113883.3.526.3"
VISITS = ValueSet("Encounter to Evaluate BMI", f"{_QIP}.1751")
FOLLOW_UP_HIGH = ValueSet("Follow Up for Above Normal BMI", f"{_QIP}.1525")
FOLLOW_UP_LOW = ValueSet("Follow Up for Below Normal BMI", f"{_QIP}.1528")
REFERRALS = ValueSet("Referrals Where Weight Assessment May Occur", f"{_QIP}.1527")
MEDICINES_HIGH = ValueSet("Medications for Above Normal BMI", f"{_AMA}.1561")
MEDICINES_LOW = ValueSet("Medications for Below Normal BMI", f"{_AMA}.1562")
OVERWEIGHT = ValueSet("Overweight or Obese", "2.16.840.1.113762.1.4.1047.502")
UNDERWEIGHT = ValueSet("Underweight", f"{_AMA}.1563")
DECLINED = ValueSet("Patient Declined", f"{_AMA}.1582")
PREGNANCY = ValueSet("Pregnancy or Other Related Diagnoses", f"{_QIP}.1623")
BMI = Code("Body mass index", LOINC, "39156-5")
LOW_BELOW, HIGH_FROM = 18_500, 25_000  # thousandths of kg/m2
ADULT = 18


def _visits(at: Panel) -> Rows:
    visits = at.visits(*at.edition.visits).only("finished").during(at.period)
    return visits.where(~visits.flag("virtual"))


def adult_seen(at: Panel) -> Bools:
    """An encounter at 18 years or later."""
    visits = _visits(at)
    return visits.where(at.age_of(visits["who"], visits["start_day"]) >= ADULT).exist()


def pregnant(at: Panel) -> Bools:
    """An active pregnancy in the period."""
    return at.conditions(PREGNANCY).only("active").overlapping(at.period).exist() & _visits(at).exist()


def _taken(at: Panel) -> Rows:
    taken = at.results(BMI).only("settled", "vital", "kg_m2").during(at.period)
    return taken.where(taken["value"] > 0)


def _high(at: Panel) -> Bools:
    taken = _taken(at)
    return taken.where(taken["value"] >= HIGH_FROM).exist()


def _low(at: Panel) -> Bools:
    taken = _taken(at)
    return taken.where(taken["value"] < LOW_BELOW).exist()


def normal(at: Panel) -> Bools:
    """Taken, and never too high or too low."""
    return _taken(at).exist() & ~_high(at) & ~_low(at)


def _began_before(plan: Rows, condition: Rows) -> Bools:
    found: Bools = condition["start_day"] <= plan["start_day"]
    return found


def _lasted(plan: Rows, condition: Rows) -> Bools:
    return _began_before(plan, condition) & (condition["end_day"] >= plan["start_day"])


def _ordered(at: Panel, follow_up: ValueSet, medicines: ValueSet, why: ValueSet, known: Rows) -> Bools:
    """A plan ordered in the period, for the weight by its own reason or by a condition known then."""
    found = at.nobody()
    services = at.orders(follow_up, REFERRALS)
    for kind, plans in (
        ("order", services.where(~services.flag("device"))),
        ("prescription", at.prescriptions(medicines)),
    ):
        reasoned = at.of(kind, "reason", plans, why) | plans.having(known, _began_before)
        found = found | reasoned.starting(at.period).exist()
    return found


def high_and_planned(at: Panel) -> Bools:
    """Too high, and a plan ordered or carried out in the period."""
    overweight = at.conditions(OVERWEIGHT)
    overweight = overweight if at.edition.year < 2025 else overweight.only("listed")
    ordered = _ordered(at, FOLLOW_UP_HIGH, MEDICINES_HIGH, OVERWEIGHT, overweight.only("listed", "ongoing"))
    done = at.procedures(FOLLOW_UP_HIGH)
    done = at.of("procedure", "reason", done, OVERWEIGHT) | done.having(overweight, _lasted)
    return _high(at) & (ordered | done.starting(at.period).exist())


def low_and_planned(at: Panel) -> Bools:
    """Too low, and a plan ordered or carried out in the period."""
    underweight = at.conditions(UNDERWEIGHT).only("concern", "ongoing")
    ordered = _ordered(at, FOLLOW_UP_LOW, MEDICINES_LOW, UNDERWEIGHT, underweight)
    plans = at.procedures(FOLLOW_UP_LOW)
    done = at.of("procedure", "reason", plans.only("completed"), UNDERWEIGHT)
    done = done | plans.during(at.period).having(underweight, _lasted)
    return _low(at) & (ordered | done.starting(at.period).exist())


def _on_day_of_visit(decision: Rows, visit: Rows) -> Bools:
    found: Bools = decision["end_day"] == visit["start_day"]
    return found


def no_plan_for_a_reason(at: Panel) -> Bools:
    """At a visit it was decided, for a medical reason, to make no plan."""
    services = at.not_done(REFERRALS, FOLLOW_UP_HIGH, FOLLOW_UP_LOW).only("service", "completed")
    medicines = at.not_done(MEDICINES_HIGH, MEDICINES_LOW).only("prescription", "completed")
    decided = at.of("not_done", "refusal", services, MEDICAL_REASON) | at.of(
        "not_done", "reason", medicines, MEDICAL_REASON
    )
    return decided.having(_visits(at), _on_day_of_visit).exist()


def not_taken_for_a_reason(at: Panel) -> Bools:
    """At a visit it was not taken, for a medical reason or because the person declined."""
    called_off = at.not_done(BMI).only("result", "cancelled")
    reasoned = at.of("not_done", "refusal", called_off, DECLINED, MEDICAL_REASON)
    return reasoned.having(_visits(at), _on_day_of_visit).exist()


MEASURE = Measure(
    cms="CMS69",
    name="bmi_screening",
    title="Body mass index: screening and follow-up plan",
    better="higher",
    evidence="US Preventive Services Task Force 2018, grade B: offer adults with obesity behavioural help",
    editions=(
        Edition(2024, ("PCSBMIScreenAndFollowUpFHIR",), visits=(VISITS,)),
        Edition(2025, ("CMS69FHIRPCSBMIScreenAndFollowUp",), follows_references=True, visits=(VISITS,)),
    ),
    groups=(
        Group(
            initial=(Criterion("an adult seen in the period", adult_seen),),
            exclusions=(HOSPICE, PALLIATIVE, Criterion("pregnant", pregnant)),
            numerator=(
                Criterion("too high, with a plan", high_and_planned),
                Criterion("too low, with a plan", low_and_planned),
                Criterion("normal", normal),
            ),
            care=(_taken,),
            closes="a body mass index, and a plan where it is too high or too low",
            steps=(
                Criterion("a plan: the body mass index is too high", _high),
                Criterion("a plan: the body mass index is too low", _low),
                Criterion("a body mass index, taken at a visit", lambda at: ~_taken(at).exist()),
            ),
            exceptions=(
                Criterion("a medical reason against a plan", no_plan_for_a_reason),
                Criterion("declined, or a medical reason against taking it", not_taken_for_a_reason),
            ),
        ),
    ),
)
