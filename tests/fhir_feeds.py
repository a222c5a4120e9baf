"""Small FHIR resources, written by us, and what a load makes of them. None is of a real person."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from features.sources import fhir
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from tests.feeds import ZONE

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
