"""CMS951: people with diabetes have their kidneys tested each year, by filtration rate and by albumin in the urine."""

from __future__ import annotations

from features.measures.edition import Edition
from features.measures.left_out import HOSPICE, OF_AGE_AT_START, PALLIATIVE
from features.measures.measure import Criterion, Group, Measure, found
from features.measures.panel import Panel
from features.measures.rows import Bools, Rows
from features.measures.sets import (
    ANNUAL_WELLNESS,
    CONSULTATION,
    DIABETES,
    HOME_CARE,
    KIDNEY_FAILURE,
    KIDNEY_STAGE_5,
    OFFICE_VISIT,
    PREVENTIVE_ESTABLISHED,
    PREVENTIVE_INITIAL,
    TELEPHONE,
)
from features.measures.value_set import ValueSet

FILTRATION = ValueSet("Estimated Glomerular Filtration Rate", "2.16.840.1.113883.3.6929.3.1000")
URINE_ALBUMIN = ValueSet("Urine Albumin Creatinine Ratio", "2.16.840.1.113883.3.6929.3.1007")
VISITS = (
    *(ANNUAL_WELLNESS, HOME_CARE, OFFICE_VISIT, CONSULTATION),
    *(PREVENTIVE_ESTABLISHED, PREVENTIVE_INITIAL, TELEPHONE),
)


def diabetic(at: Panel) -> Bools:
    """Diabetes in the period that is still active."""
    return at.conditions(DIABETES).only("active").overlapping(at.period).exist()


def seen_to_the_end(at: Panel) -> Bools:
    """A finished encounter within the period."""
    return at.visits(*at.edition.visits).only("finished").during(at.period).exist()


def kidneys_failing(at: Panel) -> Bools:
    """Kidney disease of stage 5 or kidney failure that is still active."""
    return at.conditions(KIDNEY_STAGE_5, KIDNEY_FAILURE).only("active").overlapping(at.period).exist()


def _tests(at: Panel, test: ValueSet) -> Rows:
    return at.results(test).only("settled", "has_value").during(at.period)


def filtration_rates(at: Panel) -> Rows:
    """Filtration rates of the period."""
    return _tests(at, FILTRATION)


def urine_albumin(at: Panel) -> Rows:
    """Albumin to creatinine ratios of the period."""
    return _tests(at, URINE_ALBUMIN)


def kidneys_tested(at: Panel) -> Bools:
    """Both tests in the period, each with a value."""

    return filtration_rates(at).exist() & urine_albumin(at).exist()


MEASURE = Measure(
    cms="CMS951",
    name="kidney_health",
    title="Kidney health evaluation",
    better="higher",
    evidence="American Diabetes Association, Standards of Care; KDIGO 2022: both tests at least once a year",
    editions=(Edition(2024, ("KidneyHealthEvaluationFHIR",), ages=(18, 85), visits=VISITS),),
    groups=(
        Group(
            initial=(
                OF_AGE_AT_START,
                Criterion("active diabetes", diabetic),
                Criterion("seen in the period", seen_to_the_end),
            ),
            exclusions=(Criterion("kidneys failing", kidneys_failing), HOSPICE, PALLIATIVE),
            numerator=(Criterion("both tests of the kidneys", kidneys_tested),),
            care=(filtration_rates, urine_albumin),
            closes="a filtration rate and an albumin to creatinine ratio in urine",
            steps=(
                found("an albumin to creatinine ratio in urine: the filtration rate is there", filtration_rates),
                found("a filtration rate: the albumin to creatinine ratio is there", urine_albumin),
            ),
        ),
    ),
)
