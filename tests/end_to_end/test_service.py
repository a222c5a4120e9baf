"""The service: who may ask, what is answered, and what is never told. In this process with a small champion, then as
`afterward serve` starts it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Timer
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from starlette.routing import Mount

from features.errors import BadModel
from models import pointer
from serving.answer import Answers
from serving.audit.entries import AUDIT
from serving.audit.verify import verify
from serving.auth import ADMIN, Caller, access, keys
from serving.auth.caller import ROLES
from serving.auth.presented import SECONDS_KEPT
from serving.database import opened
from serving.kept import KEPT_SCORE, Home
from serving.settings import Secret, settings
from tests.chains import MODEL, Chain
from tests.conftest import PROJECT
from tests.end_to_end.conftest import KEY, WITH_KEY, Client
from tests.end_to_end.test_chain import rows_of
from tests.leaks import planted, told

pytestmark = pytest.mark.slow
CANARY = "CANARY-7719"
SECONDS_TO_START = 240


# ---- in this process


def ask(client: Client, **body: Any) -> httpx.Response:
    return client.post("/v1/score", json={"model": MODEL, **body}, headers=WITH_KEY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": "Bearer "},
        {"X-API-Key": "wrong"},
        {"X-API-Key": KEY.upper()},
        {"Cookie": f"key={KEY}"},
    ],
)
def test_without_the_key_nothing_is_answered(client: Client, headers: dict[str, str]) -> None:
    found = client.post(f"/v1/score?key={KEY}", json={"model": MODEL, "persons": [CANARY]}, headers=headers)
    assert found.status_code == 401
    assert found.headers["www-authenticate"] == "Bearer"
    assert KEY not in found.text
    assert CANARY not in found.text


@pytest.mark.parametrize(
    "headers",
    [
        WITH_KEY,
        {"authorization": f"bearer  {KEY}"},
        {"X-API-Key": KEY},
        {"X-API-Key": KEY, "Authorization": "Bearer wrong"},
        {"X-API-Key": "wrong", "Authorization": f"Bearer {KEY}"},
    ],
)
def test_with_the_key_in_either_header_one_may_ask(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/v1/openapi.json", headers=headers).status_code == 200


@pytest.mark.slow
def test_the_same_person_is_answered_by_stay_and_by_id(client: Client, someone: tuple[str, str]) -> None:
    person, stay = someone
    by_person, by_stay = ask(client, persons=[person, person]).json(), ask(client, stays=[stay]).json()
    assert by_person["scores"] == by_stay["scores"] * 2, "asked for twice, answered twice"
    (score,) = by_stay["scores"]
    assert (score["person_id"], score["stay_id"]) == someone
    assert 0 < score["risk"] < 1
    assert score["reasons"][0]["direction"] in ("raises", "lowers")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", score["as_of"])
    assert (by_stay["model"], by_stay["version"]) == (MODEL, 7)


def test_a_request_leaves_nothing_behind_in_the_engine(
    client: Client, answers: Answers, someone: tuple[str, str]
) -> None:
    """A server that kept a table a request would be full in a day."""

    def tables() -> int:
        with answers._one.record() as record:
            return int(record.con.con.execute("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0])

    ask(client, stays=[someone[1]])
    before = tables()
    for _ in range(2):
        assert ask(client, stays=[someone[1]]).status_code == 200
        assert ask(client, persons=[CANARY]).status_code == 422
    assert tables() == before


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 400, "body"),
        (b"{", 400, "body"),
        (b"\xff\xfe{}", 400, "body"),
        (b"[" * 100_000, 400, "body"),
        (b'{"model": ' + b"1" * 5_000 + b"}", 400, "body"),
        (b"[]", 422, "body"),
        (b"null", 422, "body"),
        (f'"{CANARY}"'.encode(), 422, "body"),
        (b"{}", 422, "model"),
    ],
)
def test_what_is_not_a_request_is_refused(client: Client, body: bytes, status: int, field: str) -> None:
    found = client.post("/v1/score", content=body, headers=WITH_KEY)
    assert (found.status_code, found.json()["errors"][0]["field"]) == (status, field)
    assert CANARY not in found.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"model": CANARY, "persons": ["a"]}, "model"),
        ({}, "body"),
        ({"persons": ["a"], "stays": ["b"]}, "body"),
        ({"persons": []}, "persons"),
        ({"persons": CANARY}, "persons"),
        ({"persons": ["a", 7]}, "persons[1]"),
        ({"persons": [""]}, "persons[0]"),
        ({"persons": [CANARY * 100]}, "persons[0]"),
        ({"persons": ["a"] * 10_001}, "persons"),
        ({"persons": ["\ud800"]}, "persons[0]"),
        ({"persons": [CANARY]}, "persons[0]"),
        ({"stays": [CANARY, CANARY]}, "stays[0]"),
        ({"persons": ["a' OR '1'='1"]}, "persons[0]"),
        ({"persons": ["a"], CANARY: 1}, "(unknown)"),
        ({"persons": ["a"], "person_ids": 1}, "person_ids"),
        ({"records": {"person": [3]}}, "records.person[0]"),
        ({"records": {CANARY: {}}}, "records.(unknown)"),
        ({"records": {CANARY: []}}, "records"),
        ({"records": {}}, "records"),
        ({"records": {"person": [{"person_id": CANARY}]}}, "records.person[0].known_at"),
        (
            {"records": {"person": [{"person_id": CANARY, "known_at": "2024-01-01T00:00:00Z", "source": "x"}]}},
            "records",
        ),
    ],
)
def test_a_wrong_field_is_named_and_its_value_is_not(client: Client, body: dict[str, Any], field: str) -> None:
    content = json.dumps({"model": MODEL, **body})
    found = client.post("/v1/score", content=content, headers=WITH_KEY)
    assert found.status_code == 422, found.text
    assert found.json()["errors"][0]["field"] == field
    assert all(error["got"] and error["expected"] for error in found.json()["errors"])
    assert CANARY not in found.text


def test_a_body_larger_than_is_read_is_refused(client: Client) -> None:
    found = client.post("/v1/score", content=b" " * (settings().largest_body + 1), headers=WITH_KEY)
    assert found.status_code == 413
    assert str(settings().largest_body) in found.text


def test_a_model_without_a_champion_is_no_fault_of_the_caller(
    client: Client, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_: str) -> None:
        raise BadModel(got="a model, which was never promoted", expected=f"one in {PROJECT}", do="Promote it.")

    monkeypatch.setattr(answers.watch, "of", none)
    found = ask(client, persons=["a"])
    assert (found.status_code, found.json()["errors"][0]["field"]) == (503, "service")
    assert "never promoted" in found.text
    assert str(PROJECT) not in found.text, "a caller is not told how our disk is laid out"


def test_a_fault_of_ours_tells_neither_the_caller_nor_the_log_a_value(
    client: Client, answers: Answers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: str) -> None:
        raise RuntimeError(f"no such person {CANARY}")

    monkeypatch.setattr(answers.watch, "of", broken)
    found = ask(client, persons=["a"])
    assert found.status_code == 500
    assert "RuntimeError in " in caplog.text
    assert "answer.py:" in caplog.text
    assert CANARY not in found.text + caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "field"),
    [("GET", f"/v1/{CANARY}", 403, "path"), ("GET", "/v1/score", 405, "method"), ("POST", "/v1/models", 405, "method")],
)
def test_what_is_not_there_is_refused_in_json_too(
    client: Client, method: str, path: str, status: int, field: str
) -> None:
    found = client.send(method, path, headers=WITH_KEY)
    assert (found.status_code, found.json()["errors"][0]["field"]) == (status, field)
    assert CANARY not in found.text


@pytest.mark.parametrize(
    ("given", "kept"), [("gateway-17.4_a", True), ("short", False), ("a" * 65, False), ("a b c d e f", False)]
)
def test_a_request_id_is_taken_or_made(client: Client, given: str, kept: bool) -> None:
    told = client.get("/v1/models", headers={**WITH_KEY, "X-Request-ID": given}).headers["x-request-id"]
    assert (told == given) is kept
    assert re.fullmatch("[A-Za-z0-9._-]{8,64}", told)


def test_what_is_taken_apart_adds_up(client: Client, someone: tuple[str, str]) -> None:
    answer = client.post("/v1/explain", json={"model": MODEL, "stays": [someone[1]]}, headers=WITH_KEY).json()
    (told,) = answer["explanations"]
    parts = [part["log_odds"] for group in told["groups"] for part in group["parts"]]
    assert told["base_log_odds"] + sum(parts) == pytest.approx(told["log_odds"], abs=1e-9)
    assert told["other_log_odds"] == 0
    for group in told["groups"]:
        assert sum(part["log_odds"] for part in group["parts"]) == pytest.approx(group["log_odds"], abs=1e-9)


def test_what_is_sensitive_is_told_to_nobody_without_the_scope(
    client: Client, answers: Answers, home: Home, someone: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of these tests has no scope; here the days in hospital are what is sensitive."""
    one = answers.watch.of(MODEL)
    columns = tuple(replace(each, tells="mental_health") for each in one.release.columns)
    sensitive = replace(one, release=replace(one.release, columns=columns))
    monkeypatch.setattr(answers.watch, "of", lambda _: sensitive)
    (scored,) = ask(client, stays=[someone[1]]).json()["scores"]
    body = {"model": MODEL, "stays": [someone[1]]}
    named = {**WITH_KEY, "X-Request-ID": "of-what-is-sensitive"}
    (told,) = client.post("/v1/explain", json=body, headers=named).json()["explanations"]
    assert (scored["reasons"], told["groups"]) == ([], [])
    assert told["base_log_odds"] + told["other_log_odds"] == pytest.approx(told["log_odds"], abs=1e-9)
    with home.engine.connect() as connection:
        asked = select(KEPT_SCORE.c.reasons).where(KEPT_SCORE.c.request_id == "of-what-is-sensitive")
        assert connection.execute(asked).scalar_one() == [], "what is kept may be read by others later"


def test_the_list_of_an_evening_is_kept_with_everyone_who_could_be_on_it(client: Client, home: Home) -> None:
    query = {"model": MODEL, "from": "2024-10-01", "to": "2024-12-31", "top": "2"}
    answer = client.get("/v1/outreach", params=query, headers={**WITH_KEY, "X-Request-ID": "the-list-of-today"})
    assert answer.status_code == 200, answer.text
    listed = answer.json()["entries"]
    assert [entry["rank"] for entry in listed] == [1, 2]
    with home.engine.connect() as connection:
        asked = select(KEPT_SCORE).where(KEPT_SCORE.c.request_id == "the-list-of-today")
        kept = connection.execute(asked.order_by(KEPT_SCORE.c.list_rank)).mappings().all()
    assert [score["list_rank"] for score in kept] == list(range(1, len(kept) + 1))
    assert len(kept) > len(listed), "those just below the cutoff are whom an honest evaluation compares with"
    assert [score["stay_id"] for score in kept[:2]] == [entry["stay_id"] for entry in listed]
    assert [score["reasons"] is not None for score in kept] == [True, True] + [False] * (len(kept) - 2)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2024-10-01", "to": "2024-12-31"}, "model"),
        ({"model": MODEL, "from": "2024-02-30", "to": "2024-12-31"}, "from"),
        ({"model": MODEL, "from": CANARY, "to": "2024-12-31"}, "from"),
        ({"model": MODEL, "from": "2024-12-31", "to": "2024-12-01"}, "from"),
        ({"model": MODEL, "from": "2024-10-01", "to": "2024-12-31", "top": "0"}, "top"),
        ({"model": MODEL, "from": "1999-10-01", "to": "1999-12-31"}, "from"),
    ],
)
def test_a_list_that_cannot_be_is_refused(client: Client, query: dict[str, str], field: str) -> None:
    found = client.get("/v1/outreach", params=query, headers=WITH_KEY)
    assert (found.status_code, found.json()["errors"][0]["field"]) == (422, field)
    assert CANARY not in found.text


def test_features_that_a_caller_worked_out_are_refused(client: Client) -> None:
    told = {"person_id": "new", "known_at": "2024-01-01T00:00:00Z", "source": "x", "length_of_stay": 3}
    found = ask(client, records={"person": [told]})
    assert (found.status_code, found.json()["errors"][0]["field"]) == (422, "records.person[0].length_of_stay")
    assert "worked out here" in found.json()["errors"][0]["expected"]


def test_the_openapi_document_tells_the_route_and_its_key(client: Client) -> None:
    told = client.get("/v1/openapi.json", headers=WITH_KEY).json()
    ours = {f"/v1/{name}" for name in ("score", "explain", "models", "outreach", "ready", "openapi.json")}
    assert set(told["paths"]) == {*ours, "/healthz"}
    assert told["paths"]["/healthz"]["get"]["security"] == []
    request = told["components"]["schemas"]["ScoreRequest"]
    assert set(request["properties"]) == {"model", "stays", "persons", "records", "bundle", "reasons"}
    assert MODEL in request["properties"]["model"]["enum"]
    refs = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(told)))
    assert refs <= set(told["components"]["schemas"]), "a reference that leads nowhere"


def test_a_secret_never_shows_itself() -> None:
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == CANARY


def test_the_path_of_a_score_is_light() -> None:
    """Each of these would add seconds to the start of the service, and a reason for it to break."""
    probe = "import sys, serving.score, serving.outreach, serving.page; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in done.stdout.split()} & {"sklearn", "shap", "fairlearn", "mlflow"} == set()


# ---- as it is started


@dataclass(frozen=True)
class Server:
    """Where it listens, and the file that has all it wrote."""

    url: str
    log: Path
    database: str


@contextmanager
def started(store: Path, releases: Path, log: Path) -> Iterator[Server]:
    """`afterward serve` on a free port of this machine; stopped at the end with all that it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = f"sqlite:///{log.parent / 'afterward.db'}"
    environment = {
        **os.environ,
        "AFTERWARD_API_KEY": KEY,
        "AFTERWARD_RELEASES": str(releases),
        "AFTERWARD_DATABASE_URL": database,
    }
    words = [sys.executable, "-m", "afterward", "serve", "--store", str(store), "--port", str(port)]
    with log.open("w") as out:
        child = subprocess.Popen(
            words, cwd=PROJECT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", log, database)
        _wait(server, child)
        yield server
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # whatever it left


def _wait(server: Server, child: subprocess.Popen[bytes]) -> None:
    until = monotonic() + SECONDS_TO_START
    while monotonic() < until:
        assert child.poll() is None, server.log.read_text()
        with suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/healthz", timeout=5).status_code == 200:
                return
        sleep(0.5)
    raise AssertionError(server.log.read_text())


LONG = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def server(simulated_chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(simulated_chain.releases / MODEL, folder / "releases" / MODEL)
    shutil.copytree(folder / "releases" / MODEL / "1", folder / "releases" / MODEL / "2")
    with started(simulated_chain.store, folder / "releases", folder / "log") as running:
        yield running


def scores(server: Server, **body: Any) -> list[dict[str, Any]]:
    found = httpx.post(f"{server.url}/v1/score", json={"model": MODEL, **body}, headers=WITH_KEY, timeout=120)
    assert found.status_code == 200, found.text
    answered = found.json()["scores"]
    assert isinstance(answered, list)
    return answered


def raw(server: Server, request: str) -> int:
    """The status that a request gets as it is written, without a client that mends its path."""
    return int(sent(server, request).split(b" ")[1])


def sent(server: Server, request: str, key: str | None = None) -> bytes:
    """The whole answer to a request as it is written."""
    presented = "" if key is None else f"X-API-Key: {key}\r\n"
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.sendall(f"{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{presented}\r\n".encode())
        return b"".join(iter(lambda: wire.recv(65_536), b""))


def key_of(server: Server, role: str) -> str:
    """A key of one role, made beside the running server."""
    engine = opened(server.database)
    made = keys.add(engine, Caller(f"{role} {uuid4()}", frozenset({role})), None, "a test")
    engine.dispose()
    return made


def let_in(server: Server, method: str, path: str, key: str | None) -> bool:
    """Whether Guard lets this through to whatever answers: its own refusals are JSON, the worklist's are pages."""
    answer = sent(server, f"{method} {path}", key)
    return not (int(answer.split(b" ")[1]) in (401, 403, 405) and b"application/json" in answer)


def by_rule(method: str, path: str) -> set[str | None]:
    """Who should be let in; null is whoever comes."""
    if access.is_open(method, path, path.encode()):
        return {None, *ROLES}
    return {*access.roles_for(method, path, path.encode())}


def logged(server: Server, request_id: str) -> list[dict[str, Any]]:
    """The lines of one request, once there is one: the answer may be here before the log is on disk."""
    found: list[dict[str, Any]] = []
    deadline = monotonic() + 20
    while not found and monotonic() < deadline:
        lines = [
            json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{") and "}" in line
        ]
        found = [line for line in lines if line.get("request_id") == request_id]
        sleep(0.1)
    return found


class TestServer:
    """Against the real server."""

    pytestmark = LONG

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/v1/score",
            "/v1/openapi.json",
            "/docs.json",
            "/metrics",
            "/livez",
            "/readyz",
            "//healthz",
            "/healthz/",
            "/healthz%2f",
            "/healthz%2F..%2Fmetrics",
            "/%68ealthz",
            "/HEALTHZ",
            "/healthz;x",
            "/healthz/../v1/openapi.json",
            "/v1/../healthz",
            "/./healthz",
            "/v1/score?/healthz",
            "http://127.0.0.1/metrics",
        ],
    )
    def test_every_route_but_one_needs_the_key(self, server: Server, method: str, path: str) -> None:
        assert raw(server, f"{method} {path}") == 401

    def test_whether_it_lives_may_be_asked_by_everyone(self, server: Server) -> None:
        assert [raw(server, f"{method} /healthz") for method in ("GET", "HEAD")] == [200, 200]
        assert raw(server, "POST /healthz") == 401

    def test_the_list_and_the_service_give_the_same_risk(self, server: Server, simulated_chain: Chain) -> None:
        listed = rows_of(simulated_chain.listed)
        answered = scores(server, persons=[row["person_id"] for row in listed])
        assert [f"{score['risk']:.6f}" for score in answered] == [row["risk"] for row in listed]
        assert [score["tier"] for score in answered] == [row["tier"] for row in listed]

    def test_four_at_once_get_the_answers_of_one(self, server: Server, simulated_chain: Chain) -> None:
        people = [row["person_id"] for row in rows_of(simulated_chain.listed)][:4]
        alone = [scores(server, persons=[person]) for person in people]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda person: scores(server, persons=[person]), people))
        assert together == alone

    def test_a_new_champion_is_picked_up_and_no_request_is_dropped(
        self, server: Server, simulated_chain: Chain, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(pointer.HOME, str(server.log.parent / "releases"))
        person, over = rows_of(simulated_chain.listed)[0]["person_id"], Event()

        def asks() -> list[tuple[int, int]]:
            found = []
            while not over.is_set():
                body = {"model": MODEL, "persons": [person]}
                answer = httpx.post(f"{server.url}/v1/score", json=body, headers=WITH_KEY, timeout=120)
                found.append((answer.status_code, answer.json().get("version", 0)))
                if found[-1][1] == 2:
                    over.set()
            return found

        with ThreadPoolExecutor(2) as pool:
            asking = [pool.submit(asks) for _ in range(2)]
            pointer.point(MODEL, 2)
            stop = Timer(60, over.set)
            stop.start()
            found = [answer for each in asking for answer in each.result()]
            stop.cancel()
        assert {status for status, _ in found} == {200}
        assert 2 in {version for _, version in found}, "the promoted version never answered"

    def test_it_says_whether_it_is_ready(self, server: Server) -> None:
        answer = httpx.get(f"{server.url}/v1/ready", headers=WITH_KEY, timeout=60)
        assert (answer.status_code, answer.json()["missing"]) == (200, [])
        assert MODEL in answer.json()["models"]
        assert httpx.get(f"{server.url}/readyz", headers=WITH_KEY, timeout=60).status_code == 200

    def test_our_metrics_stand_beside_those_of_bentoml(self, server: Server) -> None:
        httpx.get(f"{server.url}/v1/models", headers=WITH_KEY, timeout=60)
        told = httpx.get(f"{server.url}/metrics", headers={"X-API-Key": key_of(server, ADMIN)}, timeout=60).text
        assert re.search(r'afterward_requests_total\{.*route="/v1/models".*\} [1-9]', told)
        assert "bentoml_" in told

    def test_a_request_has_an_id_that_the_log_has_too(self, server: Server) -> None:
        given = {**WITH_KEY, "X-Request-ID": "from-the-gateway-1"}
        answer = httpx.get(f"{server.url}/v1/models", headers=given, timeout=60)
        assert answer.headers["x-request-id"] == "from-the-gateway-1"
        (line,) = logged(server, "from-the-gateway-1")
        assert (line["route"], line["status"]) == ("/v1/models", 200)

    def test_the_log_holds_no_person_and_no_key(self, server: Server, simulated_chain: Chain) -> None:
        person = rows_of(simulated_chain.listed)[0]["person_id"]
        scores(server, persons=[person])
        for body in ({"model": MODEL, "persons": [CANARY]}, {"model": CANARY}, {"records": {"person": [{CANARY: 1}]}}):
            httpx.post(f"{server.url}/v1/score", json=body, headers=WITH_KEY, timeout=60)
        log = server.log.read_text()
        assert "127.0.0.1" in log
        assert [word for word in (person, CANARY, KEY, "Traceback") if word in log] == []

    def test_each_route_that_runs_is_for_the_roles_of_its_rule(self, server: Server) -> None:
        """BentoML's own routes, the mounted applications' and static files, as the server has them, not as we think."""
        there = set(routes_of(bento().routes))
        assert {"/metrics", "/healthz", "/docs.json", "/", "/static_content/x", "/v1/score", "/worklist/"} <= there
        keys_of = {role: key_of(server, role) for role in ROLES}
        sleep(SECONDS_KEPT)  # so long the running server goes by the keys that it read last
        asked = [(method, path) for path in there for method in ("GET", "POST")]
        reached = {
            one: {who for who in (None, *ROLES) if let_in(server, *one, keys_of.get(who or ""))} for one in asked
        }
        assert reached == {one: by_rule(*one) for one in asked}
        shut = {path for _, path in asked} - {path for (_, path), roles in reached.items() if roles}
        assert shut == {"/", "/docs.json", "/schema.json", "/static_content/x"}, "a route of ours that nobody can reach"
        for path in there:
            for trick in (f"/{path}", f"{path}%2f", f"/x/..{path}"):
                assert not let_in(server, "GET", trick, keys_of[ADMIN]), trick
            for method in ("DELETE", "OPTIONS"):
                assert not let_in(server, method, path, keys_of[ADMIN])

    def test_who_was_scored_stands_in_the_audit_log(self, server: Server, simulated_chain: Chain) -> None:
        people = [row["person_id"] for row in rows_of(simulated_chain.listed)][:3]
        asked = {"model": MODEL, "persons": people}
        answer = httpx.post(f"{server.url}/v1/score", json=asked, headers=WITH_KEY, timeout=120).json()
        engine = opened(server.database)
        found = verify(engine, {})
        with engine.connect() as connection:
            newest = connection.execute(select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(3)).all()
        engine.dispose()
        assert found.wrong == ()
        assert [line.person for line in reversed(newest)] == people
        assert {(line.agent, line.type, line.model, line.version) for line in newest} == {
            ("AFTERWARD_API_KEY", "score", MODEL, answer["version"])
        }
        assert newest[-1].stay == answer["scores"][0]["stay_id"]

    def test_nothing_that_was_written_tells_who_anybody_is(self, server: Server, simulated_chain: Chain) -> None:
        """Log, metrics, MLflow and releases of a whole run. A release's self-check has invented people of its own."""
        listed = [row["person_id"] for row in rows_of(simulated_chain.listed)]
        scores(server, persons=listed[:5])
        with suppress(httpx.HTTPError):
            httpx.get(f"{server.url}/v1/{listed[0]}?name={CANARY}", headers=WITH_KEY)
            httpx.get(f"{server.url}/healthz?name={CANARY}", headers={"User-Agent": CANARY})
        key = key_of(server, ADMIN)
        metrics = httpx.get(f"{server.url}/metrics", headers={"X-API-Key": key}).text
        assert "bentoml_service_request_total" in metrics
        files = [path for path in simulated_chain.releases.rglob("*") if path.is_file() and path.suffix != ".parquet"]
        ours = [path for path in files if path.name != "self_check.json" and path.parent.name != ".people"]
        checks = b"".join(path.read_bytes() for path in files if path not in ours)
        who = planted(simulated_chain.store, 150) | {listed[0].encode(), CANARY.encode(), key.encode()}
        who -= told(checks, who)
        assert len(who) > 500
        assert any(path.name == "mlflow.db" for path in ours)
        written = {"metrics": metrics.encode(), "log": server.log.read_bytes()}
        written |= {str(path.relative_to(simulated_chain.releases)): path.read_bytes() for path in ours}
        assert {name: told(text, who) for name, text in written.items() if told(text, who)} == {}


def bento() -> Any:
    """The whole application as BentoML serves it, in this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BentoML's, of its own packages
        from serving.service import service

        return service.to_asgi()


def routes_of(routes: Any, prefix: str = "") -> Iterator[str]:
    """The paths of an application's routes; for a folder of files, one in it; 1 for an id."""
    for route in routes:
        path, inside = prefix + route.path, getattr(getattr(route, "app", None), "routes", None)
        if inside:
            yield from routes_of(inside, path)
        else:
            yield f"{path}/x" if isinstance(route, Mount) else re.sub(r"\{[^}]*\}", "1", path)


def test_a_trace_tells_no_path_and_no_query(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """BentoML names its spans by the path; where a network exports them, an id in it would leave the house."""
    from bentoml._internal.configuration.containers import BentoMLContainer
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    monkeypatch.setenv("AFTERWARD_API_KEY", KEY)
    monkeypatch.setenv("AFTERWARD_STORE", str(tmp_path))
    settings.cache_clear()
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    BentoMLContainer.tracer_provider.set(provider)
    client = Client(bento())
    for path in (f"/v1/{CANARY}?name={CANARY}", f"/v1/openapi.json?name={CANARY}", "/metrics"):
        client.get(path, headers={**WITH_KEY, "Referer": CANARY})
    BentoMLContainer.tracer_provider.reset()
    settings.cache_clear()
    spans = " ".join(span.to_json() for span in kept.get_finished_spans())
    assert "/v1/openapi.json" in spans
    assert CANARY not in spans
