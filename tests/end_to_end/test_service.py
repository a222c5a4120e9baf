"""The service: who may ask, what is answered, and what is never told. In this process with a small champion, then as
`afterward serve` starts it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Mount

import serving.answer
import serving.routes
from features.errors import BadModel
from serving.answer import Answers
from serving.audit.entries import AUDIT
from serving.audit.verify import verify
from serving.auth import ADMIN, Caller, Guard, access, keys
from serving.auth.caller import ROLES
from serving.database import current, opened, upgrade
from serving.settings import Secret, settings
from tests.chains import MODEL, Chain
from tests.champions import longer_is_riskier
from tests.conftest import PROJECT
from tests.end_to_end.test_chain import rows_of
from tests.leaks import planted, told

pytestmark = pytest.mark.slow
KEY = "a-key-for-the-tests"
WITH_KEY = {"Authorization": f"Bearer {KEY}"}
CANARY = "CANARY-7719"
SECONDS_TO_START = 240


# ---- in this process


@dataclass(frozen=True)
class Client:
    """Asks an application of this process."""

    app: Any

    def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, **given)

        return asyncio.run(sent())

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.send("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.send("POST", path, **given)


@pytest.fixture(scope="module")
def answers(simulated_store: Path) -> Answers:
    return Answers(simulated_store)


@pytest.fixture
def client(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The routes behind the guard, with a champion that takes no training."""
    monkeypatch.setenv("AFTERWARD_API_KEY", KEY)
    monkeypatch.setenv("AFTERWARD_STORE", str(answers.store))
    settings.cache_clear()
    current.cache_clear()
    upgrade(current())
    champion = longer_is_riskier()
    monkeypatch.setattr(serving.answer, "champion", lambda _: champion)
    monkeypatch.setattr(serving.routes, "answers", lambda: answers)
    yield Client(Guard(Starlette(routes=[Mount("/v1", serving.routes.app)])))
    settings.cache_clear()
    current().dispose()
    current.cache_clear()


@pytest.fixture(scope="module")
def someone(answers: Answers) -> tuple[str, str]:
    """A person and their latest index stay."""
    from features.definitions.cohort import prediction_cohort
    from features.record.record import open_record

    rows = prediction_cohort(open_record(answers.store)).rows
    last = rows.sort_values(["as_of", "stay_id"]).iloc[-1]
    return str(last.person_id), str(last.stay_id)


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
        record = answers._opened()
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
        ({"persons": ["a"] * 1_001}, "persons"),
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
    assert all(error["problem"] for error in found.json()["errors"])
    assert CANARY not in found.text


def test_a_body_larger_than_is_read_is_refused(client: Client) -> None:
    found = client.post("/v1/score", content=b" " * (settings().largest_body + 1), headers=WITH_KEY)
    assert found.status_code == 413
    assert str(settings().largest_body) in found.text


def test_a_model_without_a_champion_is_no_fault_of_the_caller(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: str) -> None:
        raise BadModel(got="a model, which was never promoted", expected=f"one in {PROJECT}", do="Promote it.")

    monkeypatch.setattr(serving.answer, "champion", none)
    found = ask(client, persons=["a"])
    assert (found.status_code, found.json()["errors"][0]["field"]) == (503, "service")
    assert "never promoted" in found.text
    assert str(PROJECT) not in found.text, "a caller is not told how our disk is laid out"


def test_a_fault_of_ours_tells_neither_the_caller_nor_the_log_a_value(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: str) -> None:
        raise RuntimeError(f"no such person {CANARY}")

    monkeypatch.setattr(serving.answer, "champion", broken)
    found = ask(client, persons=["a"])
    assert found.status_code == 500
    assert "RuntimeError in " in caplog.text
    assert "answer.py:" in caplog.text
    assert CANARY not in found.text + caplog.text


def test_the_openapi_document_tells_the_route_and_its_key(client: Client) -> None:
    told = client.get("/v1/openapi.json", headers=WITH_KEY).json()
    assert set(told["paths"]) == {"/v1/score", "/healthz"}
    assert told["paths"]["/healthz"]["get"]["security"] == []
    request = told["components"]["schemas"]["ScoreRequest"]
    assert set(request["properties"]) == {"model", "stays", "persons", "records"}
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
    environment = {**os.environ, "AFTERWARD_API_KEY": KEY, "AFTERWARD_RELEASES": str(releases)}
    environment["AFTERWARD_DATABASE_URL"] = database
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
    log = tmp_path_factory.mktemp("server") / "log"
    with started(simulated_chain.store, simulated_chain.releases, log) as running:
        yield running


def scores(server: Server, **body: Any) -> list[dict[str, Any]]:
    found = httpx.post(f"{server.url}/v1/score", json={"model": MODEL, **body}, headers=WITH_KEY, timeout=120)
    assert found.status_code == 200, found.text
    answered = found.json()["scores"]
    assert isinstance(answered, list)
    return answered


def raw(server: Server, request: str, key: str | None = None) -> int:
    """The status that a request gets as it is written, without a client that mends its path."""
    presented = "" if key is None else f"X-API-Key: {key}\r\n"
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.sendall(f"{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{presented}\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65_536), b""))
    return int(answer.split(b" ")[1])


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

    def test_the_log_holds_no_person_and_no_key(self, server: Server, simulated_chain: Chain) -> None:
        person = rows_of(simulated_chain.listed)[0]["person_id"]
        scores(server, persons=[person])
        for body in ({"model": MODEL, "persons": [CANARY]}, {"model": CANARY}, {"records": {"person": [{CANARY: 1}]}}):
            httpx.post(f"{server.url}/v1/score", json=body, headers=WITH_KEY, timeout=60)
        log = server.log.read_text()
        assert "127.0.0.1" in log
        assert [word for word in (person, CANARY, KEY, "Traceback") if word in log] == []

    def test_each_route_that_runs_is_for_the_roles_of_its_rule(self, server: Server) -> None:
        """BentoML's own routes, the mounted application's and static files, as the server has them, not as we think."""
        there = set(routes_of(bento().routes))
        assert {"/metrics", "/healthz", "/docs.json", "/", "/static_content/x", "/v1/score"} <= there
        engine = opened(server.database)
        keys_of = {role: keys.add(engine, Caller(f"walks-{role}", frozenset({role})), None, "a test") for role in ROLES}
        reached: dict[str, set[str]] = {path: set() for path in there}
        for path in there - {"/healthz"}:
            for method in ("GET", "POST", "DELETE", "OPTIONS"):
                assert raw(server, f"{method} {path}") == 401
                for role, key in keys_of.items():
                    if raw(server, f"{method} {path}", key) not in (403, 405):
                        reached[path].add(role)
            for trick in (f"/{path}", f"{path}/", f"{path}%2f", f"/x/..{path}", f"{path}/..", f"{path}x", path.upper()):
                if trick not in there and trick.rstrip("/") != path[:-1]:
                    assert raw(server, f"GET {trick}") == 401
                    assert raw(server, f"GET {trick}", keys_of[ADMIN]) == 403, trick
        for role in ROLES:
            keys.revoke(engine, f"walks-{role}", "a test")
        engine.dispose()
        by_rule = {rule.path: set(rule.roles) for rule in access.RULES}
        assert {path: roles for path, roles in reached.items() if roles} == {
            path: roles for path, roles in by_rule.items() if path in there
        }
        assert {path for path, roles in reached.items() if not roles} == {
            "/healthz", "/", "/docs.json", "/schema.json", "/static_content/x",
        }  # fmt: skip

    def test_who_was_scored_stands_in_the_audit_log(self, server: Server, simulated_chain: Chain) -> None:
        people = [row["person_id"] for row in rows_of(simulated_chain.listed)][:3]
        (first, *_) = scores(server, persons=people)
        engine = opened(server.database)
        found = verify(engine, {})
        with engine.connect() as connection:
            newest = connection.execute(select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(3)).all()
        engine.dispose()
        assert found.wrong == ()
        assert [line.person for line in reversed(newest)] == people
        assert {(line.agent, line.type, line.model, line.version) for line in newest} == {
            ("AFTERWARD_API_KEY", "score", MODEL, simulated_chain.version)
        }
        assert newest[-1].stay == first["stay_id"]

    def test_nothing_that_was_written_tells_who_anybody_is(self, server: Server, simulated_chain: Chain) -> None:
        """Log, metrics, MLflow and releases of a whole run. A release's self-check has invented people of its own."""
        listed = [row["person_id"] for row in rows_of(simulated_chain.listed)]
        scores(server, persons=listed[:5])
        with suppress(httpx.HTTPError):
            httpx.get(f"{server.url}/v1/{listed[0]}?name={CANARY}", headers=WITH_KEY)
            httpx.get(f"{server.url}/healthz?name={CANARY}", headers={"User-Agent": CANARY})
        engine = opened(server.database)
        key = keys.add(engine, Caller("prometheus", frozenset({ADMIN})), None, "a test")
        metrics = httpx.get(f"{server.url}/metrics", headers={"X-API-Key": key}).text
        keys.revoke(engine, "prometheus", "a test")
        engine.dispose()
        assert "bentoml_service_request_total" in metrics
        files = [path for path in simulated_chain.releases.rglob("*") if path.is_file() and path.suffix != ".parquet"]
        ours = [path for path in files if path.name != "self_check.json" and path.parent.name != ".people"]
        checks = b"".join(path.read_bytes() for path in files if path not in ours)
        who = planted(simulated_chain.store, 400) | {listed[0].encode(), CANARY.encode(), key.encode()}
        who -= told(checks, who)
        assert len(who) > 1_000
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
    """The paths of an application's routes; for a folder of files, one in it."""
    for route in routes:
        path, inside = prefix + route.path, getattr(getattr(route, "app", None), "routes", None)
        if inside:
            yield from routes_of(inside, path)
        else:
            yield f"{path}/x" if isinstance(route, Mount) else path


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
