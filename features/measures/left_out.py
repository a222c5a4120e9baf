"""Why people are left out of measures: hospice, palliative care, frailty with advanced illness, a nursing home.

Source: the libraries Hospice, PalliativeCare, AdvancedIllnessandFrailty, AdultOutpatientEncounters, Status and
CumulativeMedicationDuration of the published eCQMs.
"""

from __future__ import annotations

from features.codes.systems import LOINC, SNOMED
from features.measures.measure import Criterion
from features.measures.panel import Panel
from features.measures.rows import Bools
from features.measures.sets import ACUTE_INPATIENT, FACIT_PAL, YES
from features.measures.value_set import Code, ValueSet

_NCQA = "2.16.840.1.113883.3.464.1003"

# ---- hospice

HOSPICE_CARE = ValueSet("Hospice Care Ambulatory", "2.16.840.1.113883.3.526.3.1584")
HOSPICE_ENCOUNTER = ValueSet("Hospice Encounter", f"{_NCQA}.1003")
HOSPICE_DIAGNOSIS = ValueSet("Hospice Diagnosis", f"{_NCQA}.1165")
HOSPICE_ASSESSMENT = Code("Hospice care [Minimum Data Set]", LOINC, "45755-6")


def in_hospice(at: Panel) -> Bools:
    """Any sign of hospice care in the period."""
    period = at.period
    said_yes = at.of("result", "value", at.results(HOSPICE_ASSESSMENT), YES)
    return (
        at.performed(at.visits(ACUTE_INPATIENT)).only("to_hospice").ending(period).exist()
        | at.performed(at.visits(HOSPICE_ENCOUNTER)).overlapping(period).exist()
        | said_yes.only("settled", "survey").overlapping(period).exist()
        | at.ordered(at.orders(HOSPICE_CARE)).only("placed").during(period).exist()
        | at.procedures(HOSPICE_CARE).only("completed").overlapping(period).exist()
        | at.diagnoses(HOSPICE_DIAGNOSIS).overlapping(period).exist()
    )


HOSPICE = Criterion("in hospice", in_hospice)

# ---- palliative care

PALLIATIVE_ENCOUNTER = ValueSet("Palliative Care Encounter", f"{_NCQA}.101.12.1090")
PALLIATIVE_INTERVENTION = ValueSet("Palliative Care Intervention", f"{_NCQA}.198.12.1135")
PALLIATIVE_DIAGNOSIS = ValueSet("Palliative Care Diagnosis", f"{_NCQA}.1167")


def in_palliative_care(at: Panel) -> Bools:
    """Any sign of palliative care in the period."""
    period = at.period
    return (
        at.results(FACIT_PAL).only("settled", "survey").overlapping(period).exist()
        | at.diagnoses(PALLIATIVE_DIAGNOSIS).overlapping(period).exist()
        | at.performed(at.visits(PALLIATIVE_ENCOUNTER)).overlapping(period).exist()
        | at.procedures(PALLIATIVE_INTERVENTION).only("completed").overlapping(period).exist()
    )


PALLIATIVE = Criterion("in palliative care", in_palliative_care)

# ---- frailty and advanced illness

ADVANCED_ILLNESS = ValueSet("Advanced Illness", f"{_NCQA}.110.12.1082")
DEMENTIA_MEDICINES = ValueSet("Dementia Medications", f"{_NCQA}.196.12.1510")
FRAILTY_DEVICE = ValueSet("Frailty Device", f"{_NCQA}.118.12.1300")
FRAILTY_DIAGNOSIS = ValueSet("Frailty Diagnosis", f"{_NCQA}.113.12.1074")
FRAILTY_ENCOUNTER = ValueSet("Frailty Encounter", f"{_NCQA}.101.12.1088")
FRAILTY_SYMPTOM = ValueSet("Frailty Symptom", f"{_NCQA}.113.12.1075")
EQUIPMENT_USED = Code("Medical equipment used", LOINC, "98181-1")
HOUSING_STATUS = Code("Housing status", LOINC, "71802-3")
NURSING_HOME_RESIDENT = Code("Lives in a nursing home", SNOMED, "160734000")


def frail(at: Panel) -> Bools:
    """A device, equipment, a diagnosis, an encounter or a symptom of frailty in the period."""
    period = at.period
    symptom = at.results(FRAILTY_SYMPTOM)
    return (
        at.ordered(at.orders(FRAILTY_DEVICE)).only("device", "placed").during(period).exist()
        | at.of("result", "value", at.results(EQUIPMENT_USED), FRAILTY_DEVICE)
        .only("settled", "survey")
        .ending(period)
        .exist()
        | at.diagnoses(FRAILTY_DIAGNOSIS).overlapping(period).exist()
        | at.performed(at.visits(FRAILTY_ENCOUNTER)).overlapping(period).exist()
        | symptom.where(symptom.flag("settled") | symptom.flag("preliminary")).overlapping(period).exist()
    )


def gravely_ill(at: Panel) -> Bools:
    """An advanced illness that began, or a medicine for dementia taken, in the period or the year before."""
    span = at.period.from_years_before(1)
    taken = at.ordered(at.prescriptions(DEMENTIA_MEDICINES)).only("active")
    taken = taken.where((taken["covered_from"] <= span.last) & (taken["covered_to"] >= span.first))
    return at.diagnoses(ADVANCED_ILLNESS).starting(span).exist() | taken.exist()


def frail_and_gravely_ill(at: Panel) -> Bools:
    """66 years or older, frail, with an advanced illness."""
    return at.aged((66, OLDEST), at.period.last) & frail(at) & gravely_ill(at)


def frail_at_81(at: Panel) -> Bools:
    """The same, and the frail of 81 years or older whether ill or not."""
    return frail(at) & (at.aged((81, OLDEST), at.period.last) | (at.aged((66, 80), at.period.last) & gravely_ill(at)))


def in_nursing_home(at: Panel) -> Bools:
    """66 years or older, whose last housing status says that the person lives in a nursing home."""
    told = at.results(HOUSING_STATUS).only("settled", "survey").ended_by(at.period.last)
    last = told.last(told["end"])
    return at.aged((66, OLDEST), at.period.last) & at.of("result", "value", last, NURSING_HOME_RESIDENT).exist()


OLDEST = 200
FRAIL_AND_ILL = Criterion("66 or older, frail, with an advanced illness", frail_and_gravely_ill)
FRAIL_OR_ILL_FROM_81 = Criterion("66 or older, frail, with an advanced illness, or 81 or older and frail", frail_at_81)
NURSING_HOME = Criterion("66 or older, in a nursing home", in_nursing_home)

# ---- who is in


def seen(at: Panel) -> Bools:
    """An encounter of the edition's kinds within the period."""
    return at.performed(at.visits(*at.edition.visits)).during(at.period).exist()


SEEN = Criterion("seen in the period", seen)


def of_age_at_end(at: Panel) -> Bools:
    """Of the edition's ages on the last day of the period."""
    return at.aged(at.edition.ages, at.period.last)


def of_age_at_start(at: Panel) -> Bools:
    """Of the edition's ages on the first day of the period."""
    return at.aged(at.edition.ages, at.period.first)


OF_AGE_AT_END = Criterion("of the measure's age at the end of the period", of_age_at_end)
OF_AGE_AT_START = Criterion("of the measure's age at the start of the period", of_age_at_start)
WOMAN = Criterion("a woman", lambda at: at.women)
