"""Small FHIR resources, written by us, and what a load makes of them. None is of a real person."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from features.record.schema import Table
from features.sources import fhir
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from tests.feeds import ZONE, rows_of

Resource = Mapping[str, Any]
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
ICD10, RXNORM = "http://hl7.org/fhir/sid/icd-10-cm", "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC, CPT = "http://hl7.org/fhir/sid/ndc", "http://www.ama-assn.org/go/cpt"
PATIENT = {"reference": "Patient/p1"}
PERSON = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-01-31"}

# what a resource of each type holds where a test does not say otherwise
USUAL: dict[str, dict[str, Any]] = {
    "Encounter": {"subject": PATIENT, "status": "finished", "class": {"code": "AMB"}},
    "Condition": {"subject": PATIENT, "recordedDate": "2024-03-01"},
    "Procedure": {"subject": PATIENT, "status": "completed"},
    "Observation": {"subject": PATIENT, "status": "final"},
    "DiagnosticReport": {"subject": PATIENT, "status": "final"},
    "Immunization": {"patient": PATIENT, "status": "completed"},
    "AllergyIntolerance": {"patient": PATIENT},
    "MedicationRequest": {"subject": PATIENT, "status": "active", "intent": "order"},
    "MedicationDispense": {"subject": PATIENT, "status": "completed"},
    "ServiceRequest": {"subject": PATIENT, "status": "active", "intent": "order"},
    "Appointment": {"participant": [{"actor": PATIENT}], "status": "booked"},
    "Consent": {"patient": PATIENT, "status": "active"},
    "Coverage": {"beneficiary": PATIENT, "status": "active"},
    "ExplanationOfBenefit": {"patient": PATIENT, "status": "active", "use": "claim", "outcome": "complete"},
}


def a(kind: str, **given: Any) -> dict[str, Any]:
    """A resource of that type; `class_` is written `class`."""
    own = {name.rstrip("_"): value for name, value in given.items()}
    return {"resourceType": kind, "id": "r1", **USUAL.get(kind, {}), **own}


def concept(system: str, *codes: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def ndjson(resources: Sequence[Resource]) -> str:
    return "".join(json.dumps(each) + "\n" for each in resources)


def bundle(resources: Sequence[Resource], base: str = "urn:uuid:") -> dict[str, Any]:
    entries = [{"fullUrl": f"{base}{each['id']}", "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def write(path: Path, content: str | bytes) -> Path:
    """A file, packed as its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"inside/{path.stem}", data)
    else:
        path.write_bytes(data)
    return path


def load_fhir(given: Path, store: Path, back_load_delay: int | None = None) -> LoadReport:
    return load(fhir.READER, given, store, Delivery(back_load_delay), ZONE)


def load_resources(folder: Path, *resources: Resource, back_load_delay: int | None = None) -> LoadReport:
    """Load resources as one NDJSON file; the store is `folder / "store"`."""
    write(folder / "in" / "delivery.ndjson", ndjson(resources))
    return load_fhir(folder / "in", folder / "store", back_load_delay)


def becomes(folder: Path, resource: Resource, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of a table that one good resource becomes; the store is `folder / "store"`."""
    report = load_resources(folder, resource)
    assert report.reasons == {}
    return rows_of(folder / "store", table, *columns)


def rejected(folder: Path, resource: Resource) -> list[str]:
    """The reasons for which a resource is set aside, beside a good one."""
    report = load_resources(folder, PERSON, resource)
    assert (report.read, report.loaded, report.quarantined) == (2, 1, 1)
    return list(report.reasons)


# ---- a stay, as the hospital's own record and as its claim tell it

STAY = {
    "class_": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    "period": {"start": "2024-03-01T22:00:00-05:00", "end": "2024-03-05T11:00:00-05:00"},
    "hospitalization": {"dischargeDisposition": concept("x", "snf"), "admitSource": concept("x", "emd")},
    "reasonCode": [concept(ICD10, "I50.9")],
}


def beside(category: str, **told: Any) -> dict[str, Any]:
    """One of `supportingInfo`."""
    return {"sequence": 1, "category": concept("x", category), **told}


def stay_claim(**given: Any) -> dict[str, Any]:
    """The claim of a hospital for a stay from 1 to 5 March, paid on 10 April."""
    claim = a(
        "ExplanationOfBenefit",
        id="c1",
        type=concept("http://terminology.hl7.org/CodeSystem/claim-type", "institutional"),
        subType=concept("x", "inpatient"),
        billablePeriod={"start": "2024-03-01", "end": "2024-03-05"},
        payment={"date": "2024-04-10", "amount": {"value": 9000.5}},
        supportingInfo=[
            beside("admissionperiod", timingPeriod={"start": "2024-03-01", "end": "2024-03-05"}),
            beside("drg", code=concept("x", "291")),
            beside("discharge-status", code=concept("x", "6")),
            beside("admtype", code=concept("x", "1")),
            beside("typeofbill", code=concept("x", "0111")),
        ],
        diagnosis=[
            {
                "sequence": 1,
                "type": [concept("x", "principal")],
                "diagnosisCodeableConcept": concept(ICD10, "I50.23"),
                "onAdmission": concept("x", "y"),
            },
            {"sequence": 2, "type": [concept("x", "admitting")], "diagnosisCodeableConcept": concept(ICD10, "R06.02")},
            {"sequence": 3, "type": [concept("x", "other")], "diagnosisCodeableConcept": concept(ICD10, "N18.3")},
        ],
        procedure=[
            {
                "date": "2024-03-02",
                "procedureCodeableConcept": concept("http://hl7.org/fhir/sid/icd-10", "5A1D70Z"),
            }
        ],
        facility={"identifier": {"value": "3333333333"}},
        item=[
            {"sequence": 1, "revenue": concept("x", "120"), "servicedDate": "2024-03-01"},
            {"sequence": 2, "revenue": concept("x", "0300"), "servicedDate": "2024-03-02"},
        ],
    )
    return {**claim, **given}
