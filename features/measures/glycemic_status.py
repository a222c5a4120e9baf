"""CMS122: people with diabetes whose last glycaemic status is above 9 per cent, has no value, or was never taken. A low
rate is good care.
"""

from __future__ import annotations

import numpy as np

from features.codes.systems import HCPCS, LOINC
from features.measures.edition import Edition
from features.measures.left_out import FRAIL_AND_ILL, HOSPICE, NURSING_HOME, OF_AGE_AT_END, PALLIATIVE, SEEN
from features.measures.measure import Criterion, Group, Measure
from features.measures.panel import Panel
from features.measures.rows import UNKNOWN, Bools, Rows
from features.measures.sets import (
    ADULT_OUTPATIENT,
    ANNUAL_WELLNESS,
    DIABETES,
    HOME_CARE,
    OFFICE_VISIT,
    PREVENTIVE_ESTABLISHED,
    PREVENTIVE_INITIAL,
    TELEPHONE,
)
from features.measures.value_set import Code, CodeSet, ValueSet

HBA1C = ValueSet("HbA1c Laboratory Test", "2.16.840.1.113883.3.464.1003.198.12.1013")
GLUCOSE_INDICATOR = Code("Glucose management indicator", LOINC, "97506-0")
NUTRITION = ValueSet("Nutrition Services", "2.16.840.1.113883.3.464.1003.1006")
NUTRITION_CODES = tuple(
    Code("Medical nutrition therapy", HCPCS, code) for code in ("97802", "97803", "97804", "G0270", "G0271")
)
HIGH = 9_000  # thousandths of a per cent
VISITS_2025: tuple[CodeSet, ...] = (
    *(OFFICE_VISIT, ANNUAL_WELLNESS, PREVENTIVE_ESTABLISHED, PREVENTIVE_INITIAL, HOME_CARE, NUTRITION, TELEPHONE),
    *NUTRITION_CODES,
)


def diabetic(at: Panel) -> Bools:
    """Diabetes in the period; from 2025 on as the diagnosis of an encounter."""
    found = at.conditions(DIABETES).overlapping(at.period)
    return (found if at.edition.year < 2025 else found.only("of_visit")).exist()


def _tests(at: Panel) -> Rows:
    return at.results(HBA1C, GLUCOSE_INDICATOR).only("settled", "laboratory").latest_during(at.period)


def _lowest_of_the_last_day(at: Panel) -> Rows:
    """The lowest reading of the last day with any; one that is no quantity comes before all numbers."""
    tests = _tests(at)
    newest = tests.highest(tests.latest_day)
    return newest.highest(-np.where(newest.flag("quantity"), newest["value"], UNKNOWN))


def never_taken(at: Panel) -> Bools:
    """No test in the period."""
    return ~_tests(at).exist()


def without_value(at: Panel) -> Bools:
    """The last test has no value."""
    lowest = _lowest_of_the_last_day(at)
    return lowest.where(~lowest.flag("has_value")).exist()


def above_nine(at: Panel) -> Bools:
    """The last test is above 9 per cent."""
    lowest = _lowest_of_the_last_day(at).only("quantity", "percent")
    return lowest.where(lowest["value"] > HIGH).exist()


MEASURE = Measure(
    cms="CMS122",
    name="glycemic_status",
    title="Diabetes: glycaemic status above 9 per cent",
    better="lower",
    evidence="American Diabetes Association, Standards of Care: glycaemic status at least twice a year",
    editions=(
        Edition(
            2024,
            ("DiabetesGlycemicStatusAssessmentGreaterThan9PercentFHIR",),
            ages=(18, 75),
            visits=ADULT_OUTPATIENT,
        ),
        Edition(
            2025,
            ("CMS122FHIRDiabetesAssessGreaterThan9Percent",),
            ages=(18, 75),
            verified=True,
            follows_references=True,
            visits=VISITS_2025,
        ),
    ),
    groups=(
        Group(
            initial=(OF_AGE_AT_END, SEEN, Criterion("diabetes", diabetic)),
            exclusions=(HOSPICE, NURSING_HOME, FRAIL_AND_ILL, PALLIATIVE),
            numerator=(
                Criterion("the last test has no value", without_value),
                Criterion("the last test is above 9 per cent", above_nine),
                Criterion("not tested in the period", never_taken),
            ),
            care=(_lowest_of_the_last_day,),
            closes="a test of 9 per cent or less",
            steps=(
                Criterion("a test of glycated haemoglobin: none this year", never_taken),
                Criterion("a test with a value: the last has none", without_value),
                Criterion("treatment, and a test of 9 per cent or less: the last was above", above_nine),
            ),
        ),
    ),
)
