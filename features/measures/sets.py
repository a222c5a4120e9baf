"""Value sets and codes that several measures name. Source: the CQL of cqframework/ecqm-content-qicore-2024."""

from __future__ import annotations

from features.codes.systems import LOINC, SNOMED
from features.measures.value_set import Code, ValueSet

_NCQA = "2.16.840.1.113883.3.464.1003"

ACUTE_INPATIENT = ValueSet("Encounter Inpatient", "2.16.840.1.113883.3.666.5.307")
OFFICE_VISIT = ValueSet("Office Visit", f"{_NCQA}.101.12.1001")
ANNUAL_WELLNESS = ValueSet("Annual Wellness Visit", "2.16.840.1.113883.3.526.3.1240")
HOME_CARE = ValueSet("Home Healthcare Services", f"{_NCQA}.101.12.1016")
VIRTUAL = ValueSet("Virtual Encounter", f"{_NCQA}.101.12.1089")  # until 2024 called Online Assessments
PREVENTIVE_ESTABLISHED = ValueSet(
    "Preventive Care Services Established Office Visit, 18 and Up", f"{_NCQA}.101.12.1025"
)
PREVENTIVE_INITIAL = ValueSet("Preventive Care Services Initial Office Visit, 18 and Up", f"{_NCQA}.101.12.1023")
TELEPHONE = ValueSet("Telephone Visits", f"{_NCQA}.101.12.1080")
CONSULTATION = ValueSet("Outpatient Consultation", f"{_NCQA}.101.12.1008")

DIABETES = ValueSet("Diabetes", f"{_NCQA}.103.12.1001")
KIDNEY_FAILURE = ValueSet("End Stage Renal Disease", "2.16.840.1.113883.3.526.3.353")
KIDNEY_STAGE_5 = ValueSet("Chronic Kidney Disease, Stage 5", "2.16.840.1.113883.3.526.3.1002")
MEDICAL_REASON = ValueSet("Medical Reason", "2.16.840.1.113883.3.526.3.1007")

YES = Code("Yes", SNOMED, "373066001")
FACIT_PAL = Code("FACIT-Pal questionnaire", LOINC, "71007-9")

# the library AdultOutpatientEncounters
ADULT_OUTPATIENT = (
    OFFICE_VISIT,
    ANNUAL_WELLNESS,
    PREVENTIVE_ESTABLISHED,
    PREVENTIVE_INITIAL,
    HOME_CARE,
    VIRTUAL,
    TELEPHONE,
)
