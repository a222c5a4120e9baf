"""Concepts of the OMOP vocabularies as data: what each becomes in the record.

Source: the standard concepts of the OHDSI vocabularies (Visit, Gender, Ethnicity) and the CDM 5.4 conventions, in our
own words; patient status and point of origin are NUBC's.
"""

from __future__ import annotations

from features.codes.systems import CVX, HCPCS, ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, LOINC, NDC, SNOMED, RxNorm, System

VOCABULARIES: dict[str, System] = {
    "ICD10CM": ICD10CM,
    "ICD9CM": ICD9CM,
    "ICD10PCS": ICD10PCS,
    "ICD9Proc": ICD9PCS,
    "CPT4": HCPCS,
    "HCPCS": HCPCS,
    "SNOMED": SNOMED,
    "LOINC": LOINC,
    "RxNorm": RxNorm,
    "NDC": NDC,
    "CVX": CVX,
}
DIAGNOSED, DONE = (ICD10CM, SNOMED, ICD9CM), (ICD10PCS, HCPCS, SNOMED, ICD9PCS)
MEASURED, TAKEN = (LOINC, SNOMED, HCPCS), (CVX, NDC, RxNorm)

SEXES = {"8507": "male", "8532": "female"}
ETHNICITIES = {"38003563": "hispanic or latino", "38003564": "not hispanic or latino"}

# setting, and the class of patient of a message; null where it is no stay in an acute hospital nor a visit to one
VISITS: dict[str, tuple[str, str | None]] = {
    "9201": ("inpatient", "I"),  # inpatient
    "262": ("inpatient", "I"),  # emergency and inpatient
    "8717": ("inpatient", "I"),  # inpatient hospital
    "32037": ("inpatient", "I"),  # intensive care
    "8971": ("inpatient", None),  # psychiatric hospital
    "8920": ("inpatient", None),  # rehabilitation hospital
    "38004284": ("inpatient", None),  # psychiatric hospital
    "9203": ("emergency", "E"),
    "8870": ("emergency", "E"),  # emergency department of a hospital
    "581385": ("observation", "O"),
    "9202": ("outpatient", None),
    "8756": ("outpatient", None),  # hospital outpatient
    "8940": ("outpatient", None),  # office
    "581477": ("outpatient", None),  # office
    "38004207": ("outpatient", None),  # clinic
    "581476": ("home", None),
    "8536": ("home", None),
    "5083": ("telehealth", None),
    "722455": ("telehealth", None),
}
DISPOSITIONS = {
    "8536": "01",  # home
    "581476": "01",
    "8717": "02",  # hospital
    "9201": "02",
    "8863": "03",  # skilled nursing facility
    "8676": "04",  # nursing facility
    "38004519": "06",  # home health agency
    "4021968": "07",  # against medical advice
    "4216643": "20",  # died
    "8546": "51",  # hospice
    "8920": "62",  # rehabilitation
    "8970": "63",  # long-term care hospital
    "8971": "65",  # psychiatric hospital
}
ORIGINS = {
    "8536": "1",  # home
    "8940": "2",  # office
    "38004207": "2",
    "8717": "4",  # hospital
    "9201": "4",
    "8863": "5",  # skilled nursing facility
    "9203": "7",  # emergency department
    "8870": "7",
    "8546": "F",  # hospice
}
# a row whose standard concept is unknown stands in the wrong table where its source concept is of one of these domains
MISFITS = {
    "condition_occurrence": ("Drug", "Procedure", "Measurement", "Device"),
    "drug_exposure": ("Condition", "Procedure", "Measurement", "Observation", "Device"),
    "procedure_occurrence": ("Condition", "Drug", "Device"),
    "measurement": ("Condition", "Drug", "Procedure", "Device"),
    "observation": ("Condition", "Drug", "Procedure", "Device"),
}
