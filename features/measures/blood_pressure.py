"""CMS165: people with hypertension whose last blood pressure of the period is below 140 over 90."""

from __future__ import annotations

import numpy as np

from features.codes.systems import LOINC
from features.measures.edition import Edition
from features.measures.left_out import FRAIL_OR_ILL_FROM_81, HOSPICE, NURSING_HOME, OF_AGE_AT_END, PALLIATIVE, SEEN
from features.measures.measure import Criterion, Group, Measure
from features.measures.panel import Panel
from features.measures.rows import OPEN, Bools, Rows
from features.measures.sets import ADULT_OUTPATIENT, KIDNEY_FAILURE, KIDNEY_STAGE_5
from features.measures.value_set import Code, ValueSet

_NCQA = "2.16.840.1.113883.3.464.1003"
HYPERTENSION = ValueSet("Essential Hypertension", f"{_NCQA}.104.12.1011")
PREGNANCY = ValueSet("Pregnancy", "2.16.840.1.113883.3.526.3.378")
TRANSPLANTED = ValueSet("Kidney Transplant Recipient", f"{_NCQA}.109.12.1029")
TRANSPLANT = ValueSet("Kidney Transplant", f"{_NCQA}.109.12.1012")
DIALYSIS = ValueSet("Dialysis Services", f"{_NCQA}.109.12.1013")
KIDNEY_FAILURE_MONTHLY = ValueSet("ESRD Monthly Outpatient Services", f"{_NCQA}.109.12.1014")
BLOOD_PRESSURE = Code("Blood pressure panel", LOINC, "85354-9")
SYSTOLIC, DIASTOLIC = (
    Code("Systolic blood pressure", LOINC, "8480-6"),
    Code("Diastolic blood pressure", LOINC, "8462-4"),
)
SYSTOLIC_BELOW, DIASTOLIC_BELOW = 140_000, 90_000  # thousandths of a millimetre of mercury


def hypertensive(at: Panel) -> Bools:
    """Hypertension in the first six months of the period."""
    return at.conditions(HYPERTENSION).overlapping(at.period.first_months(6)).exist()


def pregnant_or_kidneys_failing(at: Panel) -> Bools:
    """Pregnancy, kidney failure or a transplanted kidney in the period."""
    found = at.conditions(PREGNANCY, KIDNEY_FAILURE, TRANSPLANTED, KIDNEY_STAGE_5)
    return found.overlapping(at.period).exist()


def dialysed_or_transplanted(at: Panel) -> Bools:
    """Dialysis or a kidney transplant at any time."""
    done = at.procedures(TRANSPLANT, DIALYSIS).only("completed").ended_by(at.period.last)
    seen = at.performed(at.visits(KIDNEY_FAILURE_MONTHLY)).started_by(at.period.last)
    return done.exist() | seen.exist()


def _last_day(at: Panel) -> Rows:
    """The values of the last day with a blood pressure that was not taken in hospital."""
    taken = at.parts(BLOOD_PRESSURE) | at.results(BLOOD_PRESSURE)  # the whole stands for one without any value
    taken = taken | at.results(SYSTOLIC, DIASTOLIC).only("alone")  # of a source that does not tell wholes
    taken = taken.only("settled", "vital").latest_during(at.period)
    taken = taken.where(~taken.flag("acute"))
    return taken.highest(taken.latest_day)


def _below(at: Panel, of: Rows, part: Code, limit: int) -> Bools:
    """Whose lowest reading is below a limit, where every blood pressure of the day has such a reading."""
    readings = of.where(np.isin(of.index, at.results(part).index)).only("mm_hg")
    taken, complete = (np.zeros(at.people, dtype=np.int64) for _ in range(2))
    for counted, rows in ((taken, of), (complete, readings)):
        _, first = np.unique(rows["part_of"], return_index=True)  # each is of one person
        np.add.at(counted, rows["who"][first], 1)
    every: Bools = taken == complete
    return readings.where(readings["value"] < limit).exist() & every


def controlled(at: Panel) -> Bools:
    """Below 140 over 90 on the last day."""
    last = _last_day(at)
    return _below(at, last, SYSTOLIC, SYSTOLIC_BELOW) & _below(at, last, DIASTOLIC, DIASTOLIC_BELOW)


def never_taken(at: Panel) -> Bools:
    """No blood pressure outside hospital in the period."""
    return ~_last_day(at).exist()


def measured(at: Panel) -> Bools:
    """Both values on the last day, whatever they are."""
    last = _last_day(at)
    return _below(at, last, SYSTOLIC, OPEN) & _below(at, last, DIASTOLIC, OPEN)


def incomplete(at: Panel) -> Bools:
    """Taken, but not both values each time on the last day."""
    return ~never_taken(at) & ~measured(at)


MEASURE = Measure(
    cms="CMS165",
    name="blood_pressure",
    title="Controlling high blood pressure",
    better="higher",
    evidence="American College of Cardiology and American Heart Association guideline, 2017",
    editions=(
        Edition(2024, ("ControllingHighBloodPressureFHIR",), ages=(18, 85), visits=ADULT_OUTPATIENT),
        Edition(
            2025,
            ("CMS165FHIRControllingHighBloodPressure",),
            ages=(18, 85),
            verified=True,
            follows_references=True,
            visits=ADULT_OUTPATIENT,
        ),
    ),
    groups=(
        Group(
            initial=(OF_AGE_AT_END, Criterion("hypertension", hypertensive), SEEN),
            exclusions=(
                HOSPICE,
                Criterion("pregnant, or in kidney failure", pregnant_or_kidneys_failing),
                Criterion("dialysis or a kidney transplant", dialysed_or_transplanted),
                FRAIL_OR_ILL_FROM_81,
                NURSING_HOME,
                PALLIATIVE,
            ),
            numerator=(Criterion("a blood pressure below 140 over 90", controlled),),
            care=(_last_day,),
            closes="a blood pressure below 140 over 90, taken outside hospital",
            steps=(
                Criterion("a blood pressure taken outside hospital: none this year", never_taken),
                Criterion("a reading of both values: the last day lacks one", incomplete),
                Criterion("treatment, and a blood pressure below 140 over 90: the last was not", measured),
            ),
        ),
    ),
)
