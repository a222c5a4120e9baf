"""What this server can do, and how it says that something is wrong."""

from __future__ import annotations

from serving.fhir.naming import Resource

FHIR_JSON = "application/fhir+json"
DEFINITION = "http://hl7.org/fhir/us/davinci-deqm/OperationDefinition/care-gaps"


def capability_statement(version: str, day: str) -> Resource:
    """The CapabilityStatement; `day` is when the server started."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": day,
        "kind": "instance",
        "software": {"name": "Afterward", "version": version},
        "implementation": {"description": "Risk after discharge and open care gaps of a clinically integrated network"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": "Every request but /healthz needs a key or token; see docs/security.md"},
                "resource": [
                    {
                        "type": "RiskAssessment",
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [
                            {"name": "subject", "type": "reference", "documentation": "Patient/ID; needed"},
                            {
                                "name": "method",
                                "type": "token",
                                "documentation": "The model; all that answer if absent",
                            },
                        ],
                    },
                    {"type": "Measure", "operation": [{"name": "care-gaps", "definition": DEFINITION}]},
                ],
            }
        ],
    }


def operation_outcome(code: str, diagnostics: str, expression: str | None = None) -> Resource:
    """Why a request was refused: `code` of FHIR's IssueType; where in the request, never what stood there."""
    issue: Resource = {"severity": "error", "code": code, "diagnostics": diagnostics}
    return {
        "resourceType": "OperationOutcome",
        "issue": [issue if expression is None else issue | {"expression": [expression]}],
    }
