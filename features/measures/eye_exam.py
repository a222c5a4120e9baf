"""CMS131: people with diabetes have their retina looked at: each year with retinopathy, else every two years."""

from __future__ import annotations

from features.measures.edition import Edition
from features.measures.left_out import FRAIL_AND_ILL, HOSPICE, NURSING_HOME, OF_AGE_AT_END, PALLIATIVE, SEEN
from features.measures.measure import Criterion, Group, Measure
from features.measures.panel import Panel
from features.measures.rows import Bools, Rows
from features.measures.sets import (
    ANNUAL_WELLNESS,
    DIABETES,
    HOME_CARE,
    OFFICE_VISIT,
    PREVENTIVE_ESTABLISHED,
    PREVENTIVE_INITIAL,
    TELEPHONE,
)
from features.measures.value_set import ValueSet

RETINOPATHY = ValueSet("Diabetic Retinopathy", "2.16.840.1.113883.3.526.3.327")
EYE_SERVICES = ValueSet("Ophthalmological Services", "2.16.840.1.113883.3.526.3.1285")
RETINAL_EXAM = ValueSet("Retinal or Dilated Eye Exam", "2.16.840.1.113883.3.464.1003.115.12.1088")
VISITS = (
    *(OFFICE_VISIT, ANNUAL_WELLNESS, PREVENTIVE_ESTABLISHED, PREVENTIVE_INITIAL, HOME_CARE),
    *(EYE_SERVICES, TELEPHONE),
)


def diabetic(at: Panel) -> Bools:
    """Diabetes in the period."""
    return at.conditions(DIABETES).overlapping(at.period).exist()


def exams_in_two_years(at: Panel) -> Rows:
    """Retinal exams in the period or the year before."""
    return at.results(RETINAL_EXAM).only("settled", "exam").during(at.period.from_years_before(1))


def with_retinopathy(at: Panel) -> Bools:
    """Retinopathy in the period."""
    return at.conditions(RETINOPATHY).overlapping(at.period).exist()


def eyes_examined(at: Panel) -> Bools:
    """A retinal exam in the period, or without retinopathy in the year before."""
    exams = exams_in_two_years(at)
    return exams.during(at.period).exist() | (~with_retinopathy(at) & exams.exist())


DIABETIC = Criterion("diabetes", diabetic)
MEASURE = Measure(
    cms="CMS131",
    name="eye_exam",
    title="Diabetes: eye exam",
    better="higher",
    evidence="American Diabetes Association, Standards of Care: an eye exam every one to two years",
    editions=(Edition(2024, ("DiabetesEyeExamFHIR",), ages=(18, 75), visits=VISITS),),
    groups=(
        Group(
            initial=(OF_AGE_AT_END, SEEN, DIABETIC),
            exclusions=(HOSPICE, FRAIL_AND_ILL, NURSING_HOME, PALLIATIVE),
            numerator=(Criterion("a retinal exam", eyes_examined),),
            care=(exams_in_two_years,),
            closes="an exam of the retina",
            steps=(
                Criterion(
                    "an exam of the retina this year: there is retinopathy, so that of the year before does not do",
                    with_retinopathy,
                ),
            ),
        ),
    ),
)
