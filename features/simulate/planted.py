"""The planted risk: which facts make a readmission or an adverse event more likely, and by how much.

Both risks are logistic. A *visible* fact is one that the files show by the moment of discharge; a *hidden* one is
written only in bills that come later, or nowhere. Hidden facts are drawn after everything visible, each with a
probability that visible facts alone decide, so the risk given what is visible is an exact average over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from features.simulate.frame import Floats, Frame, logistic


@dataclass(frozen=True)
class Fact:
    """A visible fact of a discharge: what it adds to the log-odds of both outcomes, and the files that show it."""

    key: str
    sentence: str
    readmission: float
    adverse: float
    files: str


@dataclass(frozen=True)
class Hidden:
    """A hidden fact. `share` is its probability, `long` and `surgical` what a long or surgical stay adds to it."""

    key: str
    sentence: str
    readmission: float
    adverse: float
    share: float
    long: float
    surgical: float


READMISSION_INTERCEPT = -3.90
ADVERSE_INTERCEPT = -4.15

FACTS: tuple[Fact, ...] = (
    Fact("admitted_once", "exactly one admission began in the 365 days before discharge, this one not counted", 0.35,
         0.10, "adt_event, medical_claim"),
    Fact("admitted_often", "two or more admissions began in the 365 days before discharge", 0.70, 0.15,
         "adt_event, medical_claim"),
    Fact("home_briefly", "the admission came within 30 days of the previous discharge", 0.20, 0.05,
         "adt_event, medical_claim"),
    Fact("emergency_once", "exactly one emergency visit without admission in the 180 days before admission", 0.10, 0.05,
         "adt_event, medical_claim"),
    Fact("emergency_often", "two or more such emergency visits", 0.40, 0.15, "adt_event, medical_claim"),
    Fact("stay_4_to_6", "the stay lasted 4 to 6 nights", 0.50, 0.20, "adt_event"),
    Fact("stay_7_plus", "the stay lasted 7 nights or more", 0.95, 0.60, "adt_event"),
    Fact("unplanned", "the admission was not elective (type other than 3)", 0.50, 0.10, "adt_event"),
    Fact("anaemic", "the last haemoglobin of the stay is under 12 g/dL", 0.75, 0.20, "lab_result"),
    Fact("very_anaemic", "the last haemoglobin of the stay is under 10 g/dL", 0.15, 0.20, "lab_result"),
    Fact("low_sodium", "the last sodium of the stay is under 135 mmol/L", 0.55, 0.20, "lab_result"),
    Fact("creatinine_rose", "creatinine rose by 0.3 mg/dL or more from the first to the last of the stay", 0.30, 1.00,
         "lab_result"),
    Fact("low_albumin", "the last albumin of the stay is under 3.0 g/dL", 0.15, 0.15, "lab_result"),
    Fact("low_pressure", "the last systolic pressure on record before the day of discharge is under 105 mm[Hg]", 0.10,
         0.50, "observation"),
    Fact("underweight", "body mass index in the stay is under 20", 0.10, 0.10, "observation"),
    Fact("heart_failure", "a bill naming heart failure is known", 0.10, 0.05, "medical_claim"),
    Fact("heart_and_kidney", "bills naming heart failure and chronic kidney disease are known", 0.15, 0.15,
         "medical_claim"),
    Fact("lung_flare", "admitted with chronic obstructive lung disease, or known so from a stay or an emergency visit "
         "in the 90 days before admission", 0.15, 0.05, "adt_event, medical_claim"),
    Fact("mind_or_substance", "a bill naming depression or substance use is known", 0.10, 0.10, "medical_claim"),
    Fact("dementia_alone", "a bill naming dementia is known and the contact file has no caregiver", 0.30, 0.40,
         "medical_claim, contact"),
    Fact("spread_cancer", "a bill naming metastatic cancer is known", 0.25, 0.40, "medical_claim"),
    Fact("many_medicines", "ten or more maintenance classes were begun 60 days or more before discharge", 0.10, 0.50,
         "pharmacy_claim"),
    Fact("harmful_at_80", "aged 80 or more, and an anticoagulant, insulin or opioid was begun 60 days or more before",
         0.10, 1.10, "pharmacy_claim, eligibility"),
    Fact("unsteady", "cardiac medicines dispensed from 240 to 61 days before discharge cover under half of the days",
         0.35, 0.10, "pharmacy_claim"),
    Fact("to_nursing_home", "discharged to a skilled nursing facility", 0.10, 0.05, "adt_event"),
    Fact("to_home_care", "discharged to organised home health care", 0.05, 0.05, "adt_event"),
    Fact("against_advice", "left against medical advice", 0.80, 0.40, "adt_event"),
    Fact("to_hospice", "discharged to hospice", -3.00, 1.00, "adt_event"),
    Fact("from_nursing_home", "admitted from a skilled nursing facility", 0.15, 0.10, "adt_event"),
    Fact("visit_booked", "a visit within 7 days of discharge was booked by discharge", -1.15, -0.90, "appointment"),
    Fact("off_hours", "discharged on a weekend or at 18:00 or later", 0.15, 0.05, "adt_event"),
    Fact("no_primary_care", "no kept primary care appointment in the 365 days before discharge", 0.10, 0.05,
         "appointment"),
    Fact("missed_visits", "two or more missed appointments in the 365 days before discharge", 0.10, 0.05,
         "appointment"),
    Fact("dual", "covered by Medicaid as well", 0.10, 0.05, "eligibility"),
    Fact("deprived_area", "lives in a deprived ZIP code", 0.05, 0.05, "eligibility"),
    Fact("result_pending", "a laboratory result of the stay is pending at discharge", 0.20, 0.60, "order"),
    Fact("unspoken", "needs an interpreter and no visit within 7 days is booked", 0.15, 0.25, "contact, appointment"),
)  # fmt: skip

HIDDEN: tuple[Hidden, ...] = (
    Hidden("complication", "a complication arose in hospital: a diagnosis not present on admission, on the stay's own "
           "bill", 0.60, 0.50, 0.10, 0.12, 0.06),
    Hidden("major_comorbidity", "the stay's DRG is the one with a major complication or comorbidity", 0.35, 0.20, 0.22,
           0.15, -0.08),
    Hidden("no_support", "nobody at home can help; written nowhere", 0.45, 0.25, 0.25, 0.0, 0.0),
    Hidden("medicines_confused", "the list of medicines given at discharge is wrong; written nowhere", 0.25, 0.90, 0.15,
           0.0, 0.0),
)  # fmt: skip

KEYS: tuple[str, ...] = tuple(fact.key for fact in FACTS)


def hidden_shares(long_stay: Floats, surgical: Floats) -> Floats:
    """Probability of each hidden fact given what is visible, shape (discharges, hidden facts)."""
    return np.stack(
        [np.clip(fact.share + fact.long * long_stay + fact.surgical * surgical, 0.01, 0.9) for fact in HIDDEN], axis=1
    )


def log_odds(facts: Frame, hospital_effect: Floats) -> tuple[Floats, Floats]:
    """Visible part of the log-odds of readmission and of an adverse event."""
    readmission = READMISSION_INTERCEPT + hospital_effect
    adverse = ADVERSE_INTERCEPT + 0.5 * hospital_effect
    for fact in FACTS:
        readmission = readmission + fact.readmission * facts[fact.key]
        adverse = adverse + fact.adverse * facts[fact.key]
    return readmission, adverse


def visible_risk(visible: Floats, shares: Floats, weights: tuple[float, ...]) -> Floats:
    """Exact mean of the risk over every combination of hidden facts, given the visible part of the log-odds."""
    total = np.zeros(len(visible))
    for combination in product((0, 1), repeat=len(HIDDEN)):
        probability = np.ones(len(visible))
        shift = 0.0
        for position, present in enumerate(combination):
            probability = probability * (shares[:, position] if present else 1 - shares[:, position])
            shift += weights[position] * present
        total = total + probability * logistic(visible + shift)
    return total


READMISSION_WEIGHTS: tuple[float, ...] = tuple(fact.readmission for fact in HIDDEN)
ADVERSE_WEIGHTS: tuple[float, ...] = tuple(fact.adverse for fact in HIDDEN)
