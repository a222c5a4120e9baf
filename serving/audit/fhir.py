"""A line of the audit log as a FHIR R4 AuditEvent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from features import windows
from serving.audit.entries import AUDIT, LINES_AT_ONCE

if TYPE_CHECKING:
    from sqlalchemy import Engine

TYPES = "http://terminology.hl7.org/CodeSystem/audit-event-type"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
INTERACTIONS = "http://hl7.org/fhir/restful-interaction"
OURS = "urn:afterward:audit-event-type"
ROLE_OF_PATIENT = {"system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "1", "display": "Patient"}
KINDS: Mapping[str, Mapping[str, str]] = {
    "sign_in": {"system": DICOM, "code": "110114", "display": "User Authentication"},
    "export": {"system": DICOM, "code": "110106", "display": "Export"},
    "change": {"system": DICOM, "code": "110136", "display": "Security Roles Changed"},
}
REST = {"system": TYPES, "code": "rest", "display": "RESTful Operation"}


def audit_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """The resource of one row of `audit_event`."""
    return {
        "resourceType": "AuditEvent",
        "id": str(row["seq"]),
        "type": dict(KINDS.get(row["type"], REST)),
        "subtype": [{"system": OURS, "code": row["type"]}],
        "action": row["action"],
        "recorded": windows.stamp(row["recorded"], "UTC"),
        "outcome": row["outcome"],
        "agent": [_agent(row)],
        "source": {"observer": {"display": "Afterward"}},
        **({"entity": found} if (found := _entities(row)) else {}),
    }


def export(engine: Engine, out: Path, person: str | None) -> int:
    """Write the log, or what concerns one person, as AuditEvents, one a line; gives how many."""
    asked = select(AUDIT).order_by(AUDIT.c.seq)
    if person is not None:
        asked = asked.where(AUDIT.c.person == person)
    lines = 0
    with out.open("w", encoding="utf-8", newline="\n") as to, engine.connect() as connection:
        for row in connection.execution_options(yield_per=LINES_AT_ONCE).execute(asked).mappings():
            to.write(json.dumps(audit_event(dict(row)), ensure_ascii=False) + "\n")
            lines += 1
    return lines


def _agent(row: Mapping[str, Any]) -> dict[str, Any]:
    roles = [{"text": role} for role in row["roles"].split()]
    who: dict[str, Any] = {"who": {"identifier": {"value": row["agent"]}, "display": row["agent"]}, "requestor": True}
    return {**who, "role": roles} if roles else who


def _entities(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if row["person"] is not None:
        found.append({"what": {"identifier": {"value": row["person"]}, "type": "Patient"}, "role": ROLE_OF_PATIENT})
    if row["stay"] is not None:
        found.append({"what": {"identifier": {"value": row["stay"]}, "type": "Encounter"}})
    if row["model"] is not None:
        named = {"identifier": {"value": f"{row['model']} version {row['version']}"}, "type": "Device"}
        found.append({"what": named})
    if row["about"] is not None:
        found.append({"name": row["about"]})
    if row["request"] is not None:
        found.append({"name": "request", "detail": [{"type": "id", "valueString": row["request"]}]})
    return found
