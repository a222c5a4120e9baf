"""The systems and codes that our resources name things by."""

from __future__ import annotations

from typing import Any

SYSTEM = "urn:afterward"  # nobody's host is ours: a network's own base URL would go here if a code had to resolve
MODEL, STAY, MEASURE, SCORE = f"{SYSTEM}:model", f"{SYSTEM}:stay", f"{SYSTEM}:measure", f"{SYSTEM}:score"
HL7 = "http://terminology.hl7.org/CodeSystem"
RISK = f"{HL7}/risk-probability"
POPULATION = f"{HL7}/measure-population"
ACT = f"{HL7}/v3-ActCode"
LOINC = "http://loinc.org"
DEQM = "http://hl7.org/fhir/us/davinci-deqm"
GAP_STATUS = f"{DEQM}/StructureDefinition/extension-gapStatus"
GAP_STATUSES = f"{DEQM}/CodeSystem/gaps-status"
Resource = dict[str, Any]


def coded(system: str, code: str, display: str | None = None) -> Resource:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    return {"coding": [coding if display is None else coding | {"display": display}]}


def patient(person: str) -> Resource:
    """A reference to a person."""
    return {"reference": f"Patient/{person}"}


def narrative(*sentences: str) -> Resource:
    """Sentences as the text that a resource must be readable by."""
    from html import escape

    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{told}</div>'}
