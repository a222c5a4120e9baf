"""The answer of `Measure/$care-gaps`: Parameters with one document Bundle for each person, after Da Vinci DEQM.

A document is a Composition first, then for each measure an individual MeasureReport and the DetectedIssue whose
modifier extension says whether the gap is open, closed or not applicable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from features.measures.gaps_file import TITLES
from features.measures.status import CLOSED, EXCLUDED, NOT_APPLICABLE, OPEN_GAP
from serving.fhir.naming import (
    ACT,
    GAP_STATUS,
    GAP_STATUSES,
    LOINC,
    MEASURE,
    POPULATION,
    SYSTEM,
    Resource,
    coded,
    narrative,
    patient,
)

OPEN, SHUT, ELSE = "open-gap", "closed-gap", "not-applicable"
STATUSES = {OPEN: "Open gap", SHUT: "Closed gap", ELSE: "Not applicable"}
OF_OURS = {OPEN_GAP: OPEN, CLOSED: SHUT, EXCLUDED: ELSE, NOT_APPLICABLE: ELSE}
# the populations of somebody with each status: who is excluded was in the denominator first
COUNTS = {
    OPEN_GAP: ("initial-population", "denominator"),
    CLOSED: ("initial-population", "denominator", "numerator"),
    EXCLUDED: ("initial-population", "denominator", "denominator-exclusion"),
    NOT_APPLICABLE: (),
}
POPULATIONS = ("initial-population", "denominator", "denominator-exclusion", "numerator")
Row = Mapping[str, Any]  # of features.measures.status.COLUMNS


@dataclass(frozen=True)
class Asked:
    """What the operation was asked. Days are `YYYY-MM-DD`; `written` is the instant of the answer, ISO 8601."""

    first: str
    last: str
    statuses: frozenset[str]
    written: str


def parameters(by_person: Mapping[str, Sequence[Row]], asked: Asked) -> Resource:
    """One document for each person, with the measures whose status was asked for; none for whom nothing is left."""
    documents = []
    for person, rows in sorted(by_person.items()):
        wanted = [row for row in rows if OF_OURS[row["status"]] in asked.statuses]
        if wanted:
            documents.append({"name": "return", "resource": document(person, wanted, asked)})
    # R4 allows no empty list: without a document the answer has no parameter
    return {"resourceType": "Parameters", **({"parameter": documents} if documents else {})}


def document(person: str, rows: Sequence[Row], asked: Asked) -> Resource:
    """The document Bundle of one person."""
    parts = [(report(person, row, asked), issue(person, row, asked)) for row in rows]
    entries = [composition(person, rows, asked), *(resource for pair in parts for resource in pair), _reporter()]
    return {
        "resourceType": "Bundle",
        "identifier": {"system": SYSTEM, "value": _id(person, "document", asked)},
        "type": "document",
        "timestamp": asked.written,
        "entry": [{"fullUrl": _url(resource["id"]), "resource": resource} for resource in entries],
    }


def composition(person: str, rows: Sequence[Row], asked: Asked) -> Resource:
    """What the document is, and a section for each measure."""
    return {
        "resourceType": "Composition",
        "id": _id(person, "composition", asked),
        "status": "final",
        "type": coded(LOINC, "96315-7", "Gaps in care report"),
        "subject": patient(person),
        "date": asked.written,
        "author": [{"reference": _url(REPORTER)}],
        "title": f"Gaps in care from {asked.first} to {asked.last}",
        "section": [
            {
                "title": TITLES[row["measure"]],
                "focus": {"reference": _url(_id(person, f"report {row['measure']}", asked))},
                "text": narrative(*_told(row)),
                "entry": [{"reference": _url(_id(person, f"issue {row['measure']}", asked))}],
            }
            for row in rows
        ],
    }


def report(person: str, row: Row, asked: Asked) -> Resource:
    """The individual MeasureReport: in which populations the person is."""
    made: Resource = {
        "resourceType": "MeasureReport",
        "id": _id(person, f"report {row['measure']}", asked),
        "status": "complete",
        "type": "individual",
        "measure": f"{MEASURE}:{row['measure']}",
        "subject": patient(person),
        "date": asked.written,
        "reporter": {"reference": _url(REPORTER)},
        "period": {"start": asked.first, "end": asked.last},
        "group": [
            {
                "population": [
                    {"code": coded(POPULATION, each), "count": int(each in COUNTS[row["status"]])}
                    for each in POPULATIONS
                ]
            }
        ],
    }
    if row["evidence_id"]:
        evidence = {"system": f"{SYSTEM}:{row['evidence_table']}", "value": row["evidence_id"]}
        made["evaluatedResource"] = [{"identifier": evidence}]
    return made


def issue(person: str, row: Row, asked: Asked) -> Resource:
    """The gap itself."""
    status = OF_OURS[row["status"]]
    return {
        "resourceType": "DetectedIssue",
        "id": _id(person, f"issue {row['measure']}", asked),
        "modifierExtension": [
            {"url": GAP_STATUS, "valueCodeableConcept": coded(GAP_STATUSES, status, STATUSES[status])}
        ],
        "status": "final",
        "code": coded(ACT, "CAREGAP", "Care Gaps"),
        "patient": patient(person),
        "identifiedDateTime": asked.written,
        "evidence": [{"detail": [{"reference": _url(_id(person, f"report {row['measure']}", asked))}]}],
        "detail": " ".join(_told(row)),
    }


def _told(row: Row) -> tuple[str, ...]:
    said = [f"{TITLES[row['measure']]}: {row['status']}."]
    if row["status"] == OPEN_GAP:
        said.append(f"Open since {row['open_since']}, due {row['due']}. What closes it: {row['closes']}.")
    if row["why"]:
        said.append(f"{row['why']}.")
    if row["evidence_date"]:
        said.append(f"Done on {row['evidence_date']}.")
    return tuple(said)


def _reporter() -> Resource:
    return {
        "resourceType": "Organization",
        "id": REPORTER,
        "active": True,
        "name": "The network",
    }


def _id(person: str, what: str, asked: Asked) -> str:
    """The same question has the same ids, so that whoever stores the answer twice has it once."""
    return str(uuid5(NAMESPACE_URL, f"{SYSTEM}|{person}|{what}|{asked.first}|{asked.last}"))


def _url(resource_id: str) -> str:
    return f"urn:uuid:{resource_id}"


REPORTER = str(uuid5(NAMESPACE_URL, f"{SYSTEM}|reporter"))
