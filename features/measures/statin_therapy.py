"""CMS347: a statin for people at high risk of a heart attack or stroke, in four groups that exclude one another: those
with vascular disease, with very high cholesterol, with diabetes, and with a high risk by score.
"""

from __future__ import annotations

from collections.abc import Callable

from features.codes.systems import ICD10CM, LOINC
from features.measures.edition import Edition
from features.measures.left_out import HOSPICE, PALLIATIVE
from features.measures.measure import Criterion, Group, Measure, found
from features.measures.panel import Panel
from features.measures.rows import Bools, Rows
from features.measures.sets import (
    ANNUAL_WELLNESS,
    CONSULTATION,
    DIABETES,
    KIDNEY_FAILURE,
    MEDICAL_REASON,
    OFFICE_VISIT,
    PREVENTIVE_ESTABLISHED,
    PREVENTIVE_INITIAL,
)
from features.measures.value_set import Code, CodeSet, ValueSet

_NCQA, _ACC, _AMA = "2.16.840.1.113883.3.464.1003", "2.16.840.1.113762.1.4.1047", "2.16.840.1.113883.3.526.3"
INFARCTION = ValueSet("Myocardial Infarction", f"{_AMA}.403")
STROKE = ValueSet("Cerebrovascular Disease Stroke or TIA", f"{_ACC}.44")
ARTERIAL_DISEASE = ValueSet("Atherosclerosis and Peripheral Arterial Disease", f"{_ACC}.21")
ISCHAEMIC_HEART = ValueSet("Ischemic Heart Disease or Other Related Diagnoses", f"{_ACC}.46")
ANGINA = ValueSet("Stable and Unstable Angina", f"{_ACC}.47")
VASCULAR_DISEASE = (INFARCTION, STROKE, ARTERIAL_DISEASE, ISCHAEMIC_HEART, ANGINA)
SECOND_INFARCTION = Code("Subsequent non-ST elevation (NSTEMI) myocardial infarction", ICD10CM, "I22.2")
STENTING = ValueSet("PCI", "2.16.840.1.113762.1.4.1045.67")
BYPASS = ValueSet("CABG Surgeries", "2.16.840.1.113883.3.666.5.694")
CAROTID = ValueSet("Carotid Intervention", "2.16.840.1.113883.3.117.1.7.1.204")
BYPASS_OR_STENTING = ValueSet("CABG or PCI Procedure", "2.16.840.1.113762.1.4.1138.566")
VASCULAR_PROCEDURES = (STENTING, BYPASS, CAROTID, BYPASS_OR_STENTING)
FAMILIAL_CHOLESTEROL = ValueSet("Familial Hypercholesterolemia", f"{_ACC}.100")
LDL = ValueSet("LDL Cholesterol", f"{_AMA}.1573")
RISK_SCORES = (
    Code("Cardiovascular disease 10Y risk", LOINC, "99055-6"),
    Code("Cardiovascular disease 10Y risk, ACC-AHA Pooled Cohort", LOINC, "79423-0"),
)
LOW_INTENSITY = ValueSet("Low Intensity Statin Therapy", f"{_AMA}.1574")
MODERATE_INTENSITY = ValueSet("Moderate Intensity Statin Therapy", f"{_AMA}.1575")
HIGH_INTENSITY = ValueSet("High Intensity Statin Therapy", f"{_AMA}.1572")
STATINS = (LOW_INTENSITY, MODERATE_INTENSITY, HIGH_INTENSITY)
BREASTFEEDING, MUSCLE_BREAKDOWN = ValueSet("Breastfeeding", f"{_ACC}.73"), ValueSet("Rhabdomyolysis", f"{_ACC}.102")
HEPATITIS_A = ValueSet("Hepatitis A", f"{_NCQA}.110.12.1024")
HEPATITIS_B = ValueSet("Hepatitis B", "2.16.840.1.113883.3.67.1.101.1.269")
LIVER_DISEASE = ValueSet("Liver Disease", f"{_ACC}.42")
LIVER = (HEPATITIS_A, HEPATITIS_B, LIVER_DISEASE)
STATIN_ALLERGEN = ValueSet("Statin Allergen", "2.16.840.1.113762.1.4.1110.42")
MUSCLE_SYMPTOMS = ValueSet("Statin Associated Muscle Symptoms", "2.16.840.1.113762.1.4.1108.85")
TELEMEDICINE = ValueSet("Telemedicine Services", "2.16.840.1.113762.1.4.1248.276")
PREVENTIVE_OUTPATIENT = ValueSet("Outpatient Encounters for Preventive Care", f"{_AMA}.1576")
COUNSELLING = ValueSet("Preventive Care Services Individual Counseling", f"{_NCQA}.101.12.1026")
PREVENTIVE_OTHER = ValueSet("Preventive Care Services Other", f"{_NCQA}.101.11.1150")
VISITS = (
    *(ANNUAL_WELLNESS, OFFICE_VISIT, CONSULTATION, PREVENTIVE_ESTABLISHED, PREVENTIVE_INITIAL),
    *(PREVENTIVE_OUTPATIENT, COUNSELLING, PREVENTIVE_OTHER),
)
VERY_HIGH_LDL, HIGH_RISK = 190_000, 20_000  # thousandths of mg/dL and of a per cent

# ---- who is in


def _visits(at: Panel) -> Rows:
    return at.visits(*at.edition.visits).only("finished").during(at.period)


def seen(at: Panel) -> Bools:
    """A finished encounter within the period."""
    return _visits(at).exist()


def _listed(at: Panel, *sets: CodeSet) -> Rows:
    """Conditions of the problem list or health concerns."""
    return at.conditions(*sets).only("listed")


def _vascular(at: Panel) -> Bools:
    diseases = VASCULAR_DISEASE if at.edition.year < 2025 else (*VASCULAR_DISEASE, SECOND_INFARCTION)
    disease = _listed(at, *diseases).started_by(at.period.last)
    procedure = at.procedures(*VASCULAR_PROCEDURES).only("completed").started_by(at.period.last)
    return disease.exist() | procedure.exist()


def vascular_disease(at: Panel) -> Bools:
    """A disease or a procedure of the arteries by the end of the period."""
    return _vascular(at) | _listed(at, SECOND_INFARCTION).started_by(at.period.last).exist()


def _very_high(at: Panel) -> Bools:
    ldl = at.results(LDL).only("mg_dl").started_by(at.period.last)
    ldl = ldl.where((ldl["value"] >= VERY_HIGH_LDL) & (ldl.flag("settled") | ldl.flag("appended")))
    return ldl.exist() | _listed(at, FAMILIAL_CHOLESTEROL).started_by(at.period.last).exist()


def _diabetic(at: Panel) -> Bools:
    return _listed(at, DIABETES).overlapping(at.period).exist()


def very_high_cholesterol(at: Panel) -> Bools:
    """20 to 75 years, LDL of 190 or more or familial, and no vascular disease."""
    return at.aged((20, 75), at.period.first) & _very_high(at) & ~_vascular(at)


def diabetic(at: Panel) -> Bools:
    """40 to 75 years, with diabetes, and none of the former."""
    return at.aged((40, 75), at.period.first) & _diabetic(at) & ~_vascular(at) & ~_very_high(at)


def high_risk(at: Panel) -> Bools:
    """40 to 75 years, a risk of 20 per cent or more in ten years, and none of the former."""
    scores = at.results(*RISK_SCORES).only("percent").during(at.period)
    scored = scores.where(scores["value"] >= HIGH_RISK).exist()
    former = _vascular(at) | _very_high(at) | _diabetic(at)
    return at.aged((40, 75), at.period.first) & scored & ~former


# ---- who is left out, and who has a reason


def breastfeeding_or_muscle_breakdown(at: Panel) -> Bools:
    """Breastfeeding or rhabdomyolysis in the period."""
    return _listed(at, BREASTFEEDING, MUSCLE_BREAKDOWN).overlapping(at.period).exist()


def _in_period(*sets: CodeSet) -> Callable[[Panel], Bools]:
    return lambda at: _listed(at, *sets).overlapping(at.period).exist()


def allergic(at: Panel) -> Bools:
    """An active allergy to statins that began, or was beginning, in the period."""
    found = at.allergies(STATIN_ALLERGEN).only("allergy", "active")
    return found.where((found["onset"] <= at.period.last) & (found["onset_end"] >= at.period.first)).exist()


def reacted(at: Panel) -> Bools:
    """An adverse reaction to a statin recorded in the period."""
    return at.allergies(STATIN_ALLERGEN).only("event").during(at.period).exist()


def not_ordered_for_a_reason(at: Panel) -> Bools:
    """At a visit it was decided, for a medical reason, not to order a statin."""
    decided = at.of("not_done", "reason", at.not_done(*STATINS).only("prescription", "completed"), MEDICAL_REASON)
    column = "start" if at.edition.year < 2025 else "start_day"
    end = column.replace("start", "end")

    def at_visit(decision: Rows, visit: Rows) -> Bools:
        found: Bools = (decision[column] >= visit[column]) & (decision[column] <= visit[end])
        return found

    return decided.having(_visits(at), at_visit).exist()


def statins(at: Panel) -> Rows:
    """Statins ordered in the period, or to be taken in it."""
    ordered = at.prescriptions(*STATINS)
    in_period = (ordered["start_day"] >= at.period.first) & (ordered["start_day"] <= at.period.last)
    first, last = ("taken_from", "taken_to") if at.edition.year < 2025 else ("covered_from", "covered_to")
    taken = (ordered[first] <= at.period.last) & (ordered[last] >= at.period.first)
    counting = ordered.where(in_period | taken)
    if at.edition.year < 2025:
        counting = counting.where(counting.flag("active") | counting.flag("completed")).only("order")
    return counting


_SEEN = Criterion("seen in the period", seen)
_EXCLUSIONS = (Criterion("breastfeeding, or rhabdomyolysis", breastfeeding_or_muscle_breakdown),)
_NUMERATOR = (found("a statin", statins),)
_EXCEPTIONS = (
    Criterion("allergic to statins", allergic),
    HOSPICE,
    PALLIATIVE,
    Criterion("hepatitis or liver disease", _in_period(*LIVER)),
    Criterion("muscle symptoms from statins", _in_period(MUSCLE_SYMPTOMS)),
    Criterion("kidney failure", _in_period(KIDNEY_FAILURE)),
    Criterion("an adverse reaction to a statin", reacted),
    Criterion("a medical reason against a statin", not_ordered_for_a_reason),
)
MEASURE = Measure(
    cms="CMS347",
    name="statin_therapy",
    title="Statin therapy for the prevention and treatment of cardiovascular disease",
    better="higher",
    evidence="American College of Cardiology and American Heart Association cholesterol guideline, 2018",
    editions=(
        Edition(2024, ("StatinTherapyforthePreventionandTreatmentofCardiovascularDiseaseFHIR",), visits=VISITS),
        Edition(
            2025,
            ("CMS347FHIRStatinsforthePreventionandTreatmentofCVD",),
            follows_references=True,
            visits=(*VISITS, TELEMEDICINE),
        ),
    ),
    groups=tuple(
        Group((who, _SEEN), _EXCLUSIONS, _NUMERATOR, (statins,), "an order of a statin", _EXCEPTIONS)
        for who in (
            Criterion("vascular disease", vascular_disease),
            Criterion("very high cholesterol", very_high_cholesterol),
            Criterion("diabetes", diabetic),
            Criterion("a high risk by score", high_risk),
        )
    ),
)
