"""Whatever is sent, the service answers with a 4xx that names the field or with a safe result: never a fault, and never
the value that was sent.
"""

from __future__ import annotations

import json
from time import monotonic
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from serving.openapi import document
from serving.routes import OPERATIONS
from tests.chains import MODEL
from tests.end_to_end.conftest import WITH_KEY, Client

pytestmark = pytest.mark.slow
CANARY = "CANARY-7719"
NOW = "2024-05-01T09:00:00-04:00"
PERSON = {"person_id": CANARY, "known_at": NOW, "source": "ehr"}
BILLED = {"claim_id": "c", "version": 0}
INJECTED = (
    "'; DROP TABLE kept_score; --",
    "x' OR '1'='1",
    '" UNION SELECT * FROM person --',
    "{{7*7}}",
    "${7*7}",
    "{% for x in ().__class__ %}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%s%n%x",
    "\u202etxt",
    "=HYPERLINK(1)",
)


def post(client: Client, body: dict[str, Any], path: str = "/v1/score") -> Any:
    return client.post(path, content=json.dumps({"model": MODEL, **body}), headers=WITH_KEY)


def refused(found: Any, status: int, field: str) -> None:
    assert (found.status_code, found.json()["errors"][0]["field"]) == (status, field), found.text
    assert CANARY not in found.text


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"birth_day": "2199-01-01"}, "birth_day"),
        ({"birth_day": "2024-02-30"}, "birth_day"),
        ({"birth_day": 19_000}, "birth_day"),
        ({"birth_day": [CANARY]}, "birth_day"),
        ({"sex": CANARY}, "sex"),
        ({"sex": True}, "sex"),
        ({"known_at": "2199-01-01T00:00:00Z"}, "known_at"),
        ({"known_at": "2024-05-01"}, "known_at"),
        ({"known_at": None}, "known_at"),
        ({"person_id": 7}, "person_id"),
        ({"person_id": None}, "person_id"),
        ({"person_id": f"{CANARY}\n"}, "person_id"),
        ({"state": {"of": CANARY}}, "state"),
        ({"lace_points": 3}, "lace_points"),
    ],
)
def test_a_wrong_value_of_a_row_is_named(client: Client, row: dict[str, Any], field: str) -> None:
    found = post(client, {"records": {"person": [{**PERSON, **row}]}})
    expected = f"records.person[0].{field}"
    if field == "lace_points":  # neither a column of the table nor one that the model reads
        expected = "records.person[0]"
    refused(found, 422, expected)


@pytest.mark.parametrize(
    ("table", "row", "field"),
    [
        ("diagnosis", {**BILLED, "role": "principal", "code_system": "icd-10-cm", "code": f"?{CANARY}"}, ".code"),
        ("diagnosis", {**BILLED, "role": "principal", "code_system": CANARY, "code": "I10"}, ".code_system"),
        ("dispensing", {**BILLED, "cancels": 2}, ".cancels"),
        ("claim_line", {"claim_id": "c", "version": -1}, ".version"),
        ("claim_line", {"claim_id": "c", "version": 10**15}, ".version"),
        ("claim_line", {"claim_id": "c", "version": 1.5}, ".version"),
    ],
)
def test_an_unknown_code_or_an_impossible_number_is_named(
    client: Client, table: str, row: dict[str, Any], field: str
) -> None:
    refused(post(client, {"records": {table: [{**PERSON, **row}]}}), 422, f"records.{table}[0]{field}")


@pytest.mark.parametrize("text", INJECTED)
def test_text_that_is_code_elsewhere_is_text_here(client: Client, text: str) -> None:
    for body in ({"persons": [text]}, {"stays": [text]}):
        found = post(client, body)
        assert found.status_code == 422
        assert text not in found.text
    named = client.get("/v1/outreach", params={"model": text, "from": text, "to": text}, headers=WITH_KEY)
    assert {error["field"] for error in named.json()["errors"]} == {"model", "from", "to"}
    assert named.status_code == 422


@pytest.mark.soak
@pytest.mark.parametrize("text", INJECTED)
def test_so_it_is_in_every_text_column_of_a_row(client: Client, someone: tuple[str, str], text: str) -> None:
    """Rows about somebody whom the store knows: they are scored, or the column is named."""
    from features.record.schema import Kind
    from features.record.tables import TABLES

    for table in TABLES:
        texts = [c.name for c in table.all_columns if c.kind in (Kind.TEXT, Kind.IDENTIFIER, Kind.CODE)]
        for name in set(texts) - {"person_id", "source"}:
            row = {**PERSON, "person_id": someone[0], name: text}
            found = post(client, {"records": {table.name: [row]}, "reasons": 0})
            assert found.status_code in (200, 422), f"{table.name}.{name}: {found.status_code}"


@pytest.mark.parametrize(
    ("content", "kind", "status", "field"),
    [
        (b" " * (50 * 2**20), "application/json", 413, "body"),
        (b'{"records": ' + b'{"a":' * 50_000, "application/json", 400, "body"),
        (b'{"bundle": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}", "application/json", 422, "model"),
        ('{"model": "é"}'.encode("latin-1"), "application/json", 400, "body"),
        ('{"model": "x"}'.encode("utf-16"), "application/json", 400, "body"),
        (b'{"model": NaN}', "application/json", 400, "body"),
        (b'{"model": Infinity}', "application/json", 400, "body"),
        (b"{}", "application/json; charset=latin-1", 415, "Content-Type"),
        (b"<a/>", "application/xml", 415, "Content-Type"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "Content-Type"),
    ],
    ids=["50 MB", "deep", "deep but whole", "latin-1", "utf-16", "NaN", "Infinity", "charset", "XML", "form"],
)
def test_a_body_that_is_none_is_refused(client: Client, content: bytes, kind: str, status: int, field: str) -> None:
    refused(client.post("/v1/score", content=content, headers={**WITH_KEY, "Content-Type": kind}), status, field)


@pytest.mark.parametrize(
    "bundle",
    [
        {},
        {"resourceType": "Patient"},
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "entry": {}},
        {"resourceType": "Bundle", "type": "collection", "entry": []},
        {"resourceType": "Bundle", "type": "collection", "entry": [7]},
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": CANARY}}]},
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]},
    ],
)
def test_a_bundle_that_tells_of_nobody_is_refused(client: Client, bundle: dict[str, Any]) -> None:
    refused(post(client, {"bundle": bundle}), 422, "bundle")


def test_a_deep_bundle_is_refused(client: Client) -> None:
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"resource": deep}
    found = post(client, {"bundle": {"resourceType": "Bundle", "type": "collection", "entry": [deep]}})
    refused(found, 422, "bundle")


# ---- at random, from our own document

SCHEMA = schemathesis.openapi.from_dict(document(OPERATIONS, "1"))
NAMES = [("/v1" + each.path, each.method) for each in OPERATIONS]


@pytest.mark.parametrize(("path", "method"), NAMES, ids=[path for path, _ in NAMES])
@pytest.mark.parametrize("seconds", [4, pytest.param(120, marks=pytest.mark.soak)])
def test_what_the_document_allows_never_makes_a_fault(client: Client, path: str, method: str, seconds: int) -> None:
    """Requests as Schemathesis makes them of the document, valid and not, for so many seconds."""
    began: list[float] = []  # one a request; the first is made when the strategies are
    cases = st.one_of(
        SCHEMA[path][method].as_strategy(),
        SCHEMA[path][method].as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
    )

    @settings(
        derandomize=True,
        max_examples=25 * seconds,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        if began and monotonic() > began[0] + seconds:
            return
        began.append(monotonic())
        sent = case.as_transport_kwargs(base_url="http://service")
        headers = {**WITH_KEY, **dict(sent.get("headers") or {})}
        body = {"content": json.dumps(sent["json"])} if "json" in sent else {}
        found = client.send(method, path, params=sent.get("params"), headers=headers, **body)
        assert found.status_code < 500 or (path, found.status_code) == ("/v1/ready", 503), found.text
        if found.status_code != 200:
            assert all(error["field"] and error["expected"] for error in found.json()["errors"])

    ask()
    assert began


def test_schemathesis_makes_requests_that_are_not_right() -> None:
    """Or the test above would only ever see what a careful caller sends."""
    strategy = SCHEMA["/v1/score"]["POST"].as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    found = find(strategy, lambda case: not isinstance(case.body, dict) or "model" not in case.body)
    assert found is not None
