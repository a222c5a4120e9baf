"""FHIR R4: bulk NDJSON, Bundles and single resources, as EHRs, Synthea, Blue Button, AB2D and BCDA write them.

Read: Patient, Coverage, Consent, Practitioner, Organization, Location, Encounter, Condition, Procedure, Observation,
DiagnosticReport, ServiceRequest, DeviceRequest, MedicationRequest, MedicationDispense, Medication, Immunization,
AllergyIntolerance, AdverseEvent, Appointment, ExplanationOfBenefit (CARIN and CMS profiles; also those of FHIR STU3
that Blue Button's first version writes). Resources of other types are counted as loaded and of no use. What each
becomes and when it was known is in the rooms in ROOMS; the paths there are the map.

A person is the logical id of the Patient that a resource refers to: relative, by a full URL, by `urn:uuid` within its
Bundle, or by the identifier of a contained Patient.

Checked on files of others: Synthea's Bundles, the examples of US Core, and samples of Blue Button, AB2D and BCDA.
Checked by our own resources only: Appointment, Consent, MedicationDispense with an NDC, ServiceRequest to its report,
claims that replace or cancel one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.record.store import Writer
from features.sources import (
    fhir_claim_lines,
    fhir_claims,
    fhir_clinical,
    fhir_codings,
    fhir_not_done,
    fhir_orders,
    fhir_person,
    fhir_reactions,
    fhir_visits,
)
from features.sources.fhir_sheets import unfold
from features.sources.files import InputFile
from features.sources.reader import Delivery, Reader, Unfolded

CLAIMS_LAG_DAYS = 90  # from so many days before the last claim, claims are still on their way
ENCOUNTERS_LAG_DAYS = 1
ROOMS = (
    *(fhir_person, fhir_visits, fhir_clinical, fhir_reactions, fhir_orders, fhir_not_done, fhir_codings),
    *(fhir_claims, fhir_claim_lines),
)
SHEETS = tuple(sheet for room in ROOMS for sheet in room.SHEETS)


def _unfold(writer: Writer, files: Sequence[InputFile], scratch: Path, delivery: Delivery) -> Unfolded:
    return unfold(SHEETS, writer, files, scratch, delivery)


READER = Reader(
    name="fhir",
    says="FHIR R4: bulk NDJSON (one resource a line), Bundles and single resources",
    layouts=tuple(sheet.layout for sheet in SHEETS),
    lacks={
        "attribution": "FHIR has no resource for who answers for a person in a month",
        "person.entitlement_code": "a Patient does not say why somebody is entitled to Medicare",
        "contact_details.best_time": "a Patient does not say when to call",
        "contact_details.contact_opt_out": "a Patient does not say it; see consent",
        "provider.specialty": "a Practitioner carries qualifications, not the specialty in which somebody works",
        "provider.practice": "a Practitioner does not say where somebody works",
        "adt_event.hospital_service": "an Encounter's service is not coded alike anywhere",
    },
    claims_lag=CLAIMS_LAG_DAYS,
    admissions_lag=ENCOUNTERS_LAG_DAYS,
    unfolds=_unfold,
)
