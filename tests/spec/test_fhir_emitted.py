"""What we emit as FHIR R4: its figures read back, and every kind of resource held to two validators."""

from __future__ import annotations

import json
from typing import Any

import pytest

from features import windows
from serving.fhir import care_gaps, risk
from serving.fhir.capability import capability_statement, operation_outcome
from serving.fhir.care_gaps import Asked
from serving.fhir.naming import GAP_STATUS
from tests.fhir_validators import check_by_python, faults_by_node

ZONE = "America/New_York"
LEFT = windows.parse_day("2024-12-12")
AS_OF = int(windows.end_of_day(LEFT, ZONE))
WHY = {"sentence": "Stayed 9 days & more <at> last", "direction": "raises", "group": "length of stay"}
WRITTEN = "2024-12-31T09:00:00-05:00"
ALL = frozenset(care_gaps.STATUSES)


def told(score: float = 0.23, tier: str = "medium", reasons: Any = (WHY,)) -> risk.Told:
    return risk.Told(f"{'a' * 32}-0", "P0000017", "0a1b2c3d", AS_OF, LEFT, "readmission_30d", 7, score, tier, reasons)


def row(status: str, **values: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("why", "evidence_table", "evidence_id", "evidence_date", "open_since", "due", "closes"))
    return {"person_id": "P1", "measure": "CMS122", "status": status, "as_of": "2024-12-31", **empty, **values}


OPEN_ROW = row("open", open_since="2024-01-01", due="2024-12-31", closes="an HbA1c below 9 %")
CLOSED_ROW = row("closed", measure="CMS165", evidence_table="result", evidence_id="r-17", evidence_date="2024-05-01")
OUT_ROW = row("excluded", measure="CMS130", why="in hospice")
ELSE_ROW = row("not applicable", measure="CMS125")
ROWS = [OPEN_ROW, CLOSED_ROW, OUT_ROW, ELSE_ROW]


def asked(*statuses: str) -> Asked:
    return Asked("2024-01-01", "2024-12-31", frozenset(statuses) or ALL, WRITTEN)


EMITTED = {
    "risk": risk.risk_assessment(told(), ZONE),
    "risk without reasons": risk.risk_assessment(told(0.9, "high", None), ZONE),
    "low risk": risk.risk_assessment(told(1e-7, "low", ()), ZONE),
    "gaps": care_gaps.parameters({"P1": ROWS, "P2": [OPEN_ROW]}, asked()),
    "no gaps": care_gaps.parameters({}, asked()),
    "capability": capability_statement("1.0", WRITTEN),
    "outcome": operation_outcome("value", "a day is expected", "periodStart"),
    "outcome of nothing in particular": operation_outcome("exception", "a fault of ours"),
}


@pytest.mark.parametrize("name", EMITTED)
def test_fhir_resources_finds_no_fault(name: str) -> None:
    check_by_python(json.loads(json.dumps(EMITTED[name])))


def test_npm_fhir_finds_no_fault() -> None:
    found = dict(zip(EMITTED, faults_by_node(list(EMITTED.values())), strict=True))
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_the_validators_find_what_is_wrong() -> None:
    """A validator that finds nothing anywhere would prove nothing."""
    wrong = {**EMITTED["risk"], "status": "perhaps"}
    assert faults_by_node([wrong])[0], "a code that FHIR does not have"
    with pytest.raises(ValueError, match="birthday"):
        check_by_python({**EMITTED["risk"], "birthday": 1})


@pytest.mark.parametrize(("score", "percent"), [(0.23, 23.0), (0.07, 7.0), (0.5188654737225169, 51.88654737225169)])
def test_a_probability_is_told_in_percent_and_reads_back(score: float, percent: float) -> None:
    """R4: "probabilityDecimal ... SHALL be ... <= 100": whoever writes 0.23 says a quarter of one percent."""
    (prediction,) = risk.risk_assessment(told(score), ZONE)["prediction"]
    read = json.loads(json.dumps(prediction["probabilityDecimal"]))
    assert read == percent
    assert read / 100 == pytest.approx(score, rel=1e-15)


def test_a_risk_says_by_what_of_whom_and_until_when() -> None:
    made = risk.risk_assessment(told(), ZONE)
    (device,) = made["contained"]
    assert made["performer"]["reference"] == f"#{device['id']}"
    assert (device["modelNumber"], device["version"][0]["value"]) == ("readmission_30d", "7")
    assert made["subject"] == {"reference": "Patient/P0000017"}
    assert made["basis"]
    period = made["prediction"][0]["whenPeriod"]
    assert (period["start"], period["end"]) == ("2024-12-12T23:59:59-05:00", "2025-01-11T23:59:59-05:00")
    assert "<at>" not in made["text"]["div"], "what a record tells is text, never markup"


def test_a_document_begins_with_its_composition_and_every_reference_leads_somewhere() -> None:
    (returned,) = care_gaps.parameters({"P1": ROWS}, asked())["parameter"]
    document = returned["resource"]
    kinds = [entry["resource"]["resourceType"] for entry in document["entry"]]
    assert (returned["name"], document["type"], kinds[0]) == ("return", "document", "Composition")
    assert kinds[1:-1] == ["MeasureReport", "DetectedIssue"] * 4
    urls = {entry["fullUrl"] for entry in document["entry"]}
    composition = document["entry"][0]["resource"]
    pointed = {section[key]["reference"] for section in composition["section"] for key in ("focus",)}
    pointed |= {entry["reference"] for section in composition["section"] for entry in section["entry"]}
    pointed |= {author["reference"] for author in composition["author"]}
    assert pointed <= urls


@pytest.mark.parametrize(
    ("given", "status", "populations"),
    [
        (OPEN_ROW, "open-gap", {"initial-population", "denominator"}),
        (CLOSED_ROW, "closed-gap", {"initial-population", "denominator", "numerator"}),
        (OUT_ROW, "not-applicable", {"initial-population", "denominator", "denominator-exclusion"}),
        (ELSE_ROW, "not-applicable", set()),
    ],
)
def test_each_gap_says_its_status_and_in_which_populations_the_person_is(
    given: dict[str, Any], status: str, populations: set[str]
) -> None:
    issue, report = care_gaps.issue("P1", given, asked()), care_gaps.report("P1", given, asked())
    (extension,) = issue["modifierExtension"]
    assert extension["url"] == GAP_STATUS
    assert extension["valueCodeableConcept"]["coding"][0]["code"] == status
    counted = {each["code"]["coding"][0]["code"]: each["count"] for each in report["group"][0]["population"]}
    assert {name for name, count in counted.items() if count} == populations


def test_only_what_was_asked_for_is_told() -> None:
    made = care_gaps.parameters({"P1": ROWS, "P2": [CLOSED_ROW]}, asked("open-gap"))
    (returned,) = made["parameter"]
    issues = [e["resource"] for e in returned["resource"]["entry"] if e["resource"]["resourceType"] == "DetectedIssue"]
    assert [each["patient"]["reference"] for each in issues] == ["Patient/P1"], "P2 has no open gap, so no document"
