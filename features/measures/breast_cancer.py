"""CMS125: a mammogram every two years."""

from __future__ import annotations

from features import windows
from features.codes.systems import SNOMED
from features.measures.edition import Edition
from features.measures.left_out import FRAIL_AND_ILL, HOSPICE, NURSING_HOME, OF_AGE_AT_END, PALLIATIVE, SEEN, WOMAN
from features.measures.measure import Criterion, Group, Measure, found
from features.measures.panel import Panel
from features.measures.period import Period
from features.measures.rows import Bools, Rows
from features.measures.sets import ADULT_OUTPATIENT
from features.measures.value_set import Code, ValueSet

_NCQA = "2.16.840.1.113883.3.464.1003"
MAMMOGRAPHY = ValueSet("Mammography", f"{_NCQA}.108.12.1018")
BOTH_REMOVED = ValueSet("Bilateral Mastectomy", f"{_NCQA}.198.12.1005")
HISTORY_BOTH_REMOVED = ValueSet("History of bilateral mastectomy", f"{_NCQA}.198.12.1068")
LEFT_REMOVED = ValueSet("Unilateral Mastectomy Left", f"{_NCQA}.198.12.1133")
RIGHT_REMOVED = ValueSet("Unilateral Mastectomy Right", f"{_NCQA}.198.12.1134")
AFTER_LEFT_REMOVED = ValueSet("Status Post Left Mastectomy", f"{_NCQA}.198.12.1069")
AFTER_RIGHT_REMOVED = ValueSet("Status Post Right Mastectomy", f"{_NCQA}.198.12.1070")
ONE_REMOVED = ValueSet("Unilateral Mastectomy, Unspecified Laterality", f"{_NCQA}.198.12.1071")
LEFT, RIGHT = Code("Left", SNOMED, "7771000"), Code("Right", SNOMED, "24028007")


def _removed(at: Panel, procedure: ValueSet, after: ValueSet, side: Code) -> Bools:
    of_side = at.of("condition", "site", at.conditions(ONE_REMOVED), side)
    by_now = (at.conditions(after) | of_side).started_by(at.period.last)
    return by_now.exist() | at.procedures(procedure).only("completed").ended_by(at.period.last).exist()


def no_breast_left(at: Panel) -> Bools:
    """Both breasts removed, at once or one after the other."""
    right = _removed(at, RIGHT_REMOVED, AFTER_RIGHT_REMOVED, RIGHT)
    left = _removed(at, LEFT_REMOVED, AFTER_LEFT_REMOVED, LEFT)
    history = at.conditions(HISTORY_BOTH_REMOVED).started_by(at.period.last)
    return (
        (right & left)
        | history.exist()
        | at.procedures(BOTH_REMOVED).only("completed").ended_by(at.period.last).exist()
    )


def mammograms(at: Panel) -> Rows:
    """Mammograms from 1 October two years before the period."""
    since = Period(windows.day_in(at.period.year - 2, 10, 1), at.period.last)
    return at.imaged(at.results(MAMMOGRAPHY)).ending(since)


MEASURE = Measure(
    cms="CMS125",
    name="breast_cancer",
    title="Breast cancer screening",
    better="higher",
    evidence="US Preventive Services Task Force, grade B: mammography every two years",
    editions=(
        Edition(2024, ("BreastCancerScreeningFHIR",), ages=(52, 74), visits=ADULT_OUTPATIENT),
        Edition(
            2025,
            ("CMS125FHIRBreastCancerScreening",),
            ages=(42, 74),
            sex="clinical_sex",
            verified=True,
            follows_references=True,
            visits=ADULT_OUTPATIENT,
        ),
    ),
    groups=(
        Group(
            initial=(OF_AGE_AT_END, WOMAN, SEEN),
            exclusions=(
                HOSPICE,
                Criterion("both breasts removed", no_breast_left),
                FRAIL_AND_ILL,
                NURSING_HOME,
                PALLIATIVE,
            ),
            numerator=(found("a mammogram", mammograms),),
            care=(mammograms,),
            closes="a mammogram",
        ),
    ),
)
