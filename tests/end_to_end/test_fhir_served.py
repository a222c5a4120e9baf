"""The routes under /fhir: what they answer is valid, and what is not right gets an OperationOutcome."""

from __future__ import annotations

from typing import Any

import pytest

from features import windows
from serving.answer import Answers
from tests.chains import MODEL
from tests.end_to_end.conftest import WITH_KEY, Client
from tests.fhir_validators import check_by_python, faults_by_node

pytestmark = pytest.mark.slow
CANARY = "CANARY-7719"
YEAR = {"periodStart": "2024-01-01", "periodEnd": "2024-12-31"}
GAPS = "/fhir/Measure/$care-gaps"


def test_a_risk_that_was_searched_for_can_be_read_again(client: Client, someone: tuple[str, str]) -> None:
    query = {"subject": f"Patient/{someone[0]}", "method": MODEL}
    found = client.get("/fhir/RiskAssessment", params=query, headers=WITH_KEY)
    assert found.status_code == 200, found.text
    assert found.headers["content-type"] == "application/fhir+json"
    bundle = found.json()
    (entry,) = bundle["entry"]
    made = entry["resource"]
    again = client.get(f"/fhir/RiskAssessment/{made['id']}", headers=WITH_KEY)
    assert again.json() == made, "what was told then is what is read now"
    asked = client.post("/v1/score", json={"model": MODEL, "persons": [someone[0]]}, headers=WITH_KEY).json()
    assert made["prediction"][0]["probabilityDecimal"] == pytest.approx(100 * asked["scores"][0]["risk"], rel=1e-14)
    check_by_python(bundle)
    assert faults_by_node([bundle]) == [[]]


def test_of_someone_unknown_there_is_no_risk(client: Client) -> None:
    query = {"subject": f"Patient/{CANARY}", "method": MODEL}
    found = client.get("/fhir/RiskAssessment", params=query, headers=WITH_KEY).json()
    assert (found["total"], "entry" in found) == (0, False)


def test_gaps_are_asked_for_in_either_way_and_answered_alike(
    client: Client, answers: Answers, someone: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = [*YEAR.items(), ("subject", f"Patient/{someone[0]}"), ("status", "open-gap"), ("status", "closed-gap")]
    rows = answers.gaps_of(someone[0], windows.parse_day("2024-12-31"))  # seconds of work: once for both
    monkeypatch.setattr(answers, "gaps_of", lambda person, _: rows if person == someone[0] else [])
    got = client.get(GAPS, params=query, headers=WITH_KEY)
    assert got.status_code == 200, got.text
    parts = [{"name": name, "valueString": value} for name, value in query]
    body = {"resourceType": "Parameters", "parameter": parts}
    posted = client.post(GAPS, json=body, headers=WITH_KEY)
    (one,), (other,) = got.json()["parameter"], posted.json()["parameter"]
    assert _without_times(one) == _without_times(other)
    check_by_python(got.json())
    assert faults_by_node([got.json()]) == [[]]


def _without_times(told: Any) -> Any:
    if isinstance(told, dict):
        written = ("timestamp", "date", "identifiedDateTime")
        return {name: _without_times(value) for name, value in told.items() if name not in written}
    return [_without_times(each) for each in told] if isinstance(told, list) else told


def test_what_it_can_do_is_told(client: Client) -> None:
    found = client.get("/fhir/metadata", headers=WITH_KEY).json()
    check_by_python(found)
    resources = {each["type"] for each in found["rest"][0]["resource"]}
    assert resources == {"RiskAssessment", "Measure"}


SUBJECT = {"subject": "Patient/P1", "status": "open-gap"}


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({**YEAR, "status": "open-gap"}, "subject"),
        ({**YEAR, "subject": "Patient/P1"}, "status"),
        ({**YEAR, **SUBJECT, "status": CANARY}, "status"),
        ({**YEAR, **SUBJECT, "subject": f"Group/{CANARY}"}, "subject"),
        ({**YEAR, **SUBJECT, "subject": "Patient/a' OR '1'='1"}, "subject"),
        ({"periodEnd": "2024-12-31", **SUBJECT}, "periodStart"),
        ({**YEAR, **SUBJECT, "periodEnd": CANARY}, "periodEnd"),
        ({**YEAR, **SUBJECT, "periodStart": "2024-02-01"}, "periodStart"),
        ({**YEAR, **SUBJECT, "periodStart": "2025-01-01"}, "periodStart"),
        ({**YEAR, **SUBJECT, CANARY: "1"}, None),
    ],
)
def test_what_is_not_right_is_named(client: Client, query: dict[str, str], where: str | None) -> None:
    found = client.get(GAPS, params=query, headers=WITH_KEY)
    assert found.status_code == 400, found.text
    (issue,) = found.json()["issue"]
    assert issue.get("expression") == (None if where is None else [where])
    assert CANARY not in found.text
    check_by_python(found.json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/fhir/RiskAssessment/{CANARY}", 404),
        ("GET", f"/fhir/RiskAssessment/{'0' * 32}-1", 404),
        ("GET", f"/fhir/RiskAssessment?subject=Patient/P1&method={CANARY}", 400),
        ("GET", "/fhir/RiskAssessment", 400),
    ],
)
def test_what_is_not_there_gets_an_operation_outcome(client: Client, method: str, path: str, status: int) -> None:
    found = client.send(method, path, headers=WITH_KEY)
    assert found.status_code == status
    check_by_python(found.json())
    assert found.json()["resourceType"] == "OperationOutcome"
    assert CANARY not in found.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"resourceType": "Bundle"}',
        b'{"resourceType": "Parameters", "parameter": 7}',
        b'{"resourceType": "Parameters", "parameter": [7]}',
        b'{"resourceType": "Parameters", "parameter": [{"name": "subject"}]}',
        b'{"resourceType": "Parameters", "parameter": [{"name": 3, "valueString": "x"}]}',
        b'{"resourceType": "Parameters"}',
    ],
)
def test_a_body_that_is_none_gets_an_operation_outcome(client: Client, body: bytes) -> None:
    found = client.post(GAPS, content=body, headers=WITH_KEY)
    assert found.status_code == 400
    check_by_python(found.json())
