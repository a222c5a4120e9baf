"""Synthea's own CSV export: patients, encounters, conditions, allergies, medications, observations, procedures,
immunizations, claims, payer transitions, organizations and providers.

Source: the CSV File Data Dictionary of Synthea (github.com/synthetichealth/synthea, wiki). Its moments are in UTC and
are moved to the network's clock. The people are invented.

When it was known: what happened at an encounter when it happened, a medicine, a condition and an encounter once more
when it ended. A claim is declared known DAYS_TO_PAY after it was last billed and DAYS_TO_DELIVER (or the feed's delay
of a back-load) later; a death DEATH_LAG_DAYS after it. Laboratory results carry no time of issue: RESULT_DAYS_AFTER.

Files that the record has no use for (care plans, devices, supplies, imaging, payers, the postings of claims) are read
and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features.record.tables import (
    ADT_EVENT,
    ALLERGY,
    CLAIM_LINE,
    CLINICAL_PROCEDURE,
    CONTACT_DETAILS,
    COVERAGE,
    DEATH,
    DIAGNOSIS,
    ENCOUNTER,
    FACILITY,
    IMMUNIZATION,
    PERSON,
    PRESCRIPTION,
    PROBLEM,
    PROVIDER,
    RESULT,
)
from features.sources import synthea_clinical as clinical
from features.sources import synthea_people as people
from features.sources import values
from features.sources.reader import Layout, Reader
from features.sources.synthea_rows import checked

if TYPE_CHECKING:
    import ibis.expr.types as ir


def _unused(name: str, *marks: str) -> Layout:
    """A file whose rows are counted and become nothing."""
    no_row = "no " + marks[0]
    return Layout(name, marks=marks, needs=marks, rejects=lambda raw: {no_row: raw[marks[0]].isnull()}, fills={})


def _patient_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    told = checked(("Id", "BIRTHDATE"), ("BIRTHDATE", "DEATHDATE"), "BIRTHDATE", "DEATHDATE")(raw)
    return {**told, **values.no_births({"BIRTHDATE": values.day(raw.BIRTHDATE)})}


SPAN, HERE = ("START", "STOP"), ("PATIENT", "ENCOUNTER", "CODE")
PEOPLE = ("Id", "BIRTHDATE", "DEATHDATE", "FIRST", "LAST", "RACE", "ETHNICITY", "GENDER", "ADDRESS", "CITY", "STATE")
CLAIM = ("Id", "PATIENTID", "PROVIDERID", "SERVICEDATE", "LASTBILLEDDATE1", "HEALTHCARECLAIMTYPEID1")

# the first layout whose columns a file has is its own, so what has more of them comes first
LAYOUTS = (
    Layout(
        name="patients",
        marks=("BIRTHDATE", "DEATHDATE"),
        needs=(*PEOPLE, "ZIP"),
        rejects=_patient_rejects,
        fills={PERSON: people.persons, DEATH: people.deaths, CONTACT_DETAILS: people.contacts},
        moments=("DEATHDATE",),
    ),
    Layout(
        name="encounters",
        marks=("ENCOUNTERCLASS",),
        needs=("Id", *SPAN, "PATIENT", "ORGANIZATION", "PROVIDER", "ENCOUNTERCLASS", "REASONCODE"),
        rejects=checked(("Id", "PATIENT", "START"), SPAN, *SPAN),
        fills={ENCOUNTER: clinical.encounters, ADT_EVENT: clinical.messages},
        moments=SPAN,
    ),
    Layout(
        name="medications",
        marks=("DISPENSES",),
        needs=(*SPAN, *HERE, "DISPENSES"),
        rejects=checked(("PATIENT", "CODE", "START"), SPAN, *SPAN),
        fills={PRESCRIPTION: clinical.prescriptions},
        moments=SPAN,
    ),
    Layout(
        name="observations",
        marks=("VALUE", "UNITS"),
        needs=("DATE", *HERE, "VALUE", "UNITS"),
        may=("CATEGORY",),
        rejects=checked(("PATIENT", "CODE", "DATE"), ("DATE",)),
        fills={RESULT: clinical.results},
        moments=("DATE",),
    ),
    Layout(
        name="allergies",
        marks=("REACTION1",),
        needs=(*SPAN, *HERE, "SYSTEM", "TYPE", "CATEGORY", "REACTION1"),
        rejects=checked(("PATIENT", "CODE", "START"), SPAN, *SPAN),
        fills={ALLERGY: clinical.allergies},
        moments=SPAN,
    ),
    Layout(
        name="claims",
        marks=("LASTBILLEDDATE1", "DIAGNOSIS1"),
        needs=(*CLAIM, *(f"DIAGNOSIS{i}" for i in range(1, people.DIAGNOSES + 1))),
        rejects=checked(
            ("Id", "PATIENTID", "SERVICEDATE"), ("SERVICEDATE", "LASTBILLEDDATE1"), "SERVICEDATE", "LASTBILLEDDATE1"
        ),
        fills={CLAIM_LINE: people.claims, DIAGNOSIS: people.diagnoses},
        moments=("SERVICEDATE", "LASTBILLEDDATE1"),
    ),
    Layout(
        name="payer transitions",
        marks=("PAYER", "START_DATE"),
        needs=("PATIENT", "PAYER", "START_DATE", "END_DATE"),
        may=("START_YEAR", "END_YEAR"),
        rejects=checked(("PATIENT", "PAYER", "START_DATE"), ("START_DATE", "END_DATE"), "START_DATE", "END_DATE"),
        fills={COVERAGE: people.coverage},
        moments=("START_DATE", "END_DATE"),
    ),
    Layout(
        name="payer transitions of Synthea 2",
        marks=("PAYER", "START_YEAR"),
        needs=("PATIENT", "PAYER", "START_YEAR", "END_YEAR"),
        may=("START_DATE", "END_DATE"),
        rejects=checked(("PATIENT", "PAYER", "START_YEAR"), ("START_YEAR", "END_YEAR"), "START_YEAR", "END_YEAR"),
        fills={COVERAGE: people.coverage},
        moments=("START_YEAR", "END_YEAR"),
    ),
    Layout(
        name="providers",
        marks=("SPECIALITY",),
        needs=("Id", "ORGANIZATION", "NAME", "SPECIALITY"),
        rejects=checked(("Id",), ()),
        fills={PROVIDER: people.providers},
    ),
    _unused("payers", "Id", "AMOUNT_COVERED", "UNIQUE_CUSTOMERS"),
    _unused("claims transactions", "ID", "CHARGEID", "TRANSFERTYPE"),
    _unused("care plans", "PATIENT", "Id", "START", "STOP", "REASONCODE", "CODE"),
    _unused("devices", "PATIENT", "UDI"),
    _unused("supplies", "PATIENT", "DATE", "QUANTITY"),
    _unused("imaging studies", "PATIENT", "MODALITY_CODE"),
    Layout(
        name="organizations",
        marks=("Id", "NAME", "UTILIZATION"),
        needs=("Id", "NAME", "UTILIZATION"),
        rejects=checked(("Id",), ()),
        fills={FACILITY: people.facilities},
    ),
    Layout(
        name="procedures",
        marks=("BASE_COST", "REASONCODE"),
        needs=(*HERE, "BASE_COST", "REASONCODE", "START", "STOP"),
        may=("DATE",),
        rejects=checked(("PATIENT", "CODE", "START"), SPAN, *SPAN),
        fills={CLINICAL_PROCEDURE: clinical.procedures},
        moments=SPAN,
    ),
    Layout(
        name="immunizations",
        marks=("BASE_COST", "DATE"),
        needs=("DATE", *HERE, "BASE_COST"),
        rejects=checked(("PATIENT", "CODE", "DATE"), ("DATE",)),
        fills={IMMUNIZATION: clinical.immunizations},
        moments=("DATE",),
    ),
    Layout(
        name="conditions",
        marks=(*SPAN, *HERE),
        needs=(*SPAN, *HERE),
        may=("SYSTEM",),
        rejects=checked(("PATIENT", "CODE", "START"), SPAN, *SPAN),
        fills={PROBLEM: clinical.problems},
        moments=SPAN,
    ),
)
READER = Reader(
    name="synthea",
    says="Synthea's CSV export",
    layouts=LAYOUTS,
    lacks={
        "adt_event.discharge_disposition_code": "Synthea's encounters do not say where somebody went",
        "adt_event.admit_type_code": "Synthea's encounters have no type of admission",
        "adt_event.admit_source_code": "Synthea's encounters have no point of origin",
        "claim_line.bill_type_code": "Synthea's claims have no type of bill",
        "claim_line.hcpcs_code": "Synthea's claims carry SNOMED CT codes of services, in another file",
        "claim_line.revenue_center_code": "Synthea's claims have no revenue centres",
        "claim_line.drg_code": "Synthea's claims have no DRG",
        "claim_line.place_of_service_code": "Synthea's claims have no place of service",
        "claim_line.paid": "what was paid for a claim is posted in another file, which is not read",
        "claim_line.allowed": "Synthea's claims have no allowed amount",
        "diagnosis.icd-10-cm": "Synthea's diagnoses are SNOMED CT",
        "diagnosis.icd-9-cm": "Synthea's diagnoses are SNOMED CT",
        "diagnosis.present_on_admission": "Synthea's claims have no present-on-admission flags",
        "coverage.managed_care": "Synthea does not say who manages the care",
        "coverage.drug_coverage": "Synthea does not say whether medicines are covered",
        "contact_details.phone": "Synthea's CSV has no telephone numbers",
        "contact_details.preferred_language": "Synthea's CSV has no languages",
    },
    claims_lag=90,
    admissions_lag=1,
)
