"""The guard: what passes, what is refused and in which words, on an application that would answer everything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from features.codes.sensitive import SUBSTANCE
from serving.auth import (
    ADMIN,
    CARE_MANAGER,
    COMMITTEE,
    DATA_SCIENTIST,
    INTEGRATION,
    Caller,
    Guard,
    access,
    caller_of,
    may_word,
    rate,
    sees,
)
from serving.auth.caller import ROLES
from serving.auth.refusal import Refusal
from serving.settings import settings

EVERYBODY = (None, *ROLES)


async def by_role(scope: Any) -> Caller | None:
    """A way for tests: the header names the role."""
    named = [value.decode() for name, value in scope["headers"] if name == b"x-role"]
    return Caller(named[0], frozenset(named)) if named else None


@dataclass
class Behind:
    """An application that answers everything, and remembers what reached it."""

    seen: list[Any]
    reads: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        while self.reads:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RuntimeError("the client is gone")
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answered"})


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, str]:
        (found,) = json.loads(self.body)["errors"]
        assert set(found) == {"field", "got", "expected"}
        return dict(found)


@pytest.fixture
def behind() -> Behind:
    return Behind([])


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AFTERWARD_STORE", "store")
    monkeypatch.setenv("AFTERWARD_REQUESTS_PER_SECOND", "1000")
    settings.cache_clear()
    yield
    settings.cache_clear()


def ask(
    guard: Guard, method: str, raw: str, role: str | None = None, body: tuple[bytes, ...] = (b"",), **headers: str
) -> Answer:
    """One request, with its path as it stands on the wire and as a server decodes it."""
    from urllib.parse import unquote

    given = {"x-role": role, **headers} if role else headers
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }
    parts = [
        {"type": "http.request", "body": part, "more_body": place < len(body) - 1} for place, part in enumerate(body)
    ]
    sent: list[Any] = []

    async def run() -> None:
        async def receive() -> Any:
            return parts.pop(0) if parts else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await guard(scope, receive, send)

    asyncio.run(run())
    start, *rest = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], told, b"".join(message["body"] for message in rest))


def guard_of(behind: Behind, **given: Any) -> Guard:
    return Guard(behind, ways=(by_role,), **given)


# ---- who may ask for what


def test_what_is_open_is_this_and_no_more() -> None:
    """Whoever opens another path has to write it here too."""
    assert {(method, rule.path) for rule in access.OPEN for method in rule.methods - {"HEAD"}} == {
        ("GET", "/healthz"),
        ("GET", "/worklist/sign-in"),
        ("POST", "/worklist/sign-in"),
        ("GET", "/worklist/static/{file}"),
        # forms that ask for the session themselves, so that what was written when it ended is not lost
        ("POST", "/worklist/people/{item}"),
        ("POST", "/worklist/assign"),
        ("POST", "/worklist/sign-out"),
    }


def test_every_rule_names_roles_that_there_are() -> None:
    assert all(rule.roles and rule.roles <= set(ROLES) for rule in access.RULES)


@pytest.mark.parametrize("rule", access.RULES, ids=lambda rule: rule.path)
def test_a_role_passes_where_its_rule_says_so_and_nowhere_else(behind: Behind, rule: access.Rule) -> None:
    path = rule.path.replace("{", "").replace("}", "")
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        allowed = {
            role
            for other in access.RULES
            if other.path == rule.path and method in other.methods
            for role in other.roles
        }
        is_open = access.is_open(method, path, path.encode())
        for role in EVERYBODY:
            status = ask(guard_of(behind), method, path, role).status
            if is_open:
                assert status == 200
            elif role is None:
                assert status == 401
            elif role in allowed:
                assert status == 200
            else:
                assert status == (403 if allowed else 405)


@pytest.mark.parametrize(
    "raw",
    [
        "/", "//", "", "/nothing", "/v1", "/v1/", "/v1/score/", "//v1/score", "/v1//score", "/v1/./score",
        "/v1/../v1/score", "/healthz/../v1/score", "/v1/score/..", "/v1/score%2f", "/v1%2fscore", "/v1%2Fscore",
        "/v1/%2e%2e/v1/score", "/v1/score%00", "/v1/score;x", "/v1/score\\", "/v1\\score", "/v1/score%5c", "/V1/SCORE",
        "/v1/scores", "/v1/scor", "/v1/score.json", "/v1x/score", "/v1/score%0a", "/v1/score%20", "/%2fv1/score",
        "/v1/%252e%252e/score", "/metrics/", "/metrics%2f", "/readyz/x", "/static_content/x", "/docs.json",
        "/schema.json", "/assets/index.js", "/v1/sc\u00f6re", "/healthz/x", "/healthzz", "/healthz%2f..%2fmetrics",
    ],
)  # fmt: skip
def test_a_path_that_no_rule_names_is_for_nobody(behind: Behind, raw: str) -> None:
    """Tricks by which a path is read as one thing by the guard and as another by what stands behind it."""
    for role in EVERYBODY:
        for method in ("GET", "POST"):
            assert ask(guard_of(behind), method, raw, role).status == (401 if role is None else 403)
    assert behind.seen == []


@pytest.mark.parametrize("raw", ["/%68ealthz", "/HEALTHZ", "/healthz/", "//healthz", "/./healthz", "/healthz%00"])
def test_what_is_open_is_open_as_it_is_written(behind: Behind, raw: str) -> None:
    assert ask(guard_of(behind), "GET", "/healthz").status == 200
    assert ask(guard_of(behind), "GET", raw).status == 401


def test_an_id_in_a_path_stands_in_one_segment(monkeypatch: pytest.MonkeyPatch, behind: Behind) -> None:
    monkeypatch.setattr(access, "RULES", (access._rule("GET", "/v1/people/{id}/score", INTEGRATION),))
    for fits in ("/v1/people/P-1/score", "/v1/people/P%201/score", "/v1/people/%24x/score"):
        assert ask(guard_of(behind), "GET", fits, INTEGRATION).status == 200
    for other in ("/v1/people//score", "/v1/people/a/b/score", "/v1/people/a%2fb/score", "/v1/people/../score"):
        assert ask(guard_of(behind), "GET", other, INTEGRATION).status == 403


def test_the_route_learns_who_asks(behind: Behind) -> None:
    ask(guard_of(behind), "POST", "/v1/score", INTEGRATION)
    assert caller_of(behind.seen[0]).roles == {INTEGRATION}
    ask(guard_of(behind), "GET", "/healthz", INTEGRATION)
    assert behind.seen[1]["afterward.caller"] is None, "an open path knows nobody, whatever was sent along"


def test_a_caller_cannot_say_who_they_are(behind: Behind) -> None:
    """A header that looks like ours is not the scope."""
    assert ask(guard_of(behind), "POST", "/v1/score", afterward_caller=INTEGRATION).status == 401


def test_a_refusal_says_what_was_expected(behind: Behind) -> None:
    nobody = ask(guard_of(behind), "POST", "/v1/score")
    assert (nobody.status, nobody.headers["www-authenticate"], nobody.headers["content-type"]) == (
        401, "Bearer", "application/json",
    )  # fmt: skip
    assert nobody.problem["field"] == "Authorization"
    other = ask(guard_of(behind), "POST", "/v1/score", COMMITTEE)
    assert other.problem == {
        "field": "Authorization", "got": "a caller of role committee", "expected": "one of role integration",
    }  # fmt: skip
    method = ask(guard_of(behind), "DELETE", "/v1/score", INTEGRATION)
    assert (method.status, method.headers["allow"]) == (405, "POST")


def test_the_reason_why_a_token_is_not_valid_reaches_the_caller(behind: Behind) -> None:
    async def expired(_: Any) -> Caller | None:
        raise Refusal(401, "Authorization", "a token that has run out", "one that has not")

    answer = ask(Guard(behind, ways=(expired, by_role)), "POST", "/v1/score")
    assert answer.problem["got"] == "a token that has run out"
    assert ask(Guard(behind, ways=(expired, by_role)), "POST", "/v1/score", INTEGRATION).status == 200


def test_a_browser_is_shown_where_to_sign_in_and_a_program_is_not(behind: Behind) -> None:
    guard = guard_of(behind, sign_in="/sign-in")
    page = ask(guard, "GET", "/v1/outreach", accept="text/html,*/*")
    assert (page.status, page.headers["location"]) == (303, "/sign-in?back=%2Fv1%2Foutreach")
    assert ask(guard, "GET", "/v1/outreach", accept="application/json").status == 401
    assert ask(guard, "POST", "/v1/score", accept="text/html").status == 401
    assert ask(guard, "GET", "/v1/outreach", COMMITTEE, accept="text/html").status == 403


def test_a_websocket_is_closed_and_what_is_unknown_is_dropped(behind: Behind) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    for kind in ("websocket", "webtransport"):
        asyncio.run(guard_of(behind)({"type": kind, "path": "/healthz", "headers": []}, None, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert behind.seen == []


# ---- how much, and how often


def test_a_body_that_says_it_is_too_large_is_not_read(behind: Behind) -> None:
    most = settings().largest_body
    found = ask(guard_of(behind), "POST", "/v1/score", INTEGRATION, content_length=str(most + 1))
    assert (found.status, found.problem["field"]) == (413, "body")
    assert str(most) in found.problem["expected"]
    assert behind.seen == []
    assert ask(guard_of(behind), "POST", "/v1/score", INTEGRATION, content_length=str(most)).status == 200
    assert ask(guard_of(behind), "POST", "/v1/score", INTEGRATION, content_length="9" * 5_000).status == 413
    assert ask(guard_of(behind), "POST", "/v1/score", INTEGRATION, content_length="-1").status == 400


@pytest.mark.parametrize("path", ["/v1/score", "/healthz"])
def test_a_body_that_does_not_say_how_large_it_is_is_counted(path: str) -> None:
    """Sent in parts without a length, it would otherwise fill the memory; nor may what is open be flooded."""
    behind = Behind([], reads=True)
    part = b"x" * (settings().largest_body // 4 + 1)
    method = "POST" if path == "/v1/score" else "GET"
    assert ask(guard_of(behind), method, path, INTEGRATION, body=(part,) * 3).status == 200
    found = ask(guard_of(behind), method, path, INTEGRATION, body=(part,) * 5)
    assert (found.status, found.problem["field"]) == (413, "body")


def test_a_caller_who_asks_too_often_waits_and_the_others_do_not(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(rate, "monotonic", lambda: clock[0])
    monkeypatch.setenv("AFTERWARD_REQUESTS_PER_SECOND", "0.5")
    settings.cache_clear()
    guard = guard_of(behind)
    assert ask(guard, "GET", "/v1/models", ADMIN).status == 200
    late = ask(guard, "GET", "/v1/models", ADMIN)
    assert (late.status, late.headers["retry-after"], late.problem["expected"]) == (429, "2", "at most 0.5 a second")
    assert ask(guard, "GET", "/v1/models", COMMITTEE).status == 200
    clock[0] += 2
    assert ask(guard, "GET", "/v1/models", ADMIN).status == 200


# ---- whom one may see


def test_a_care_manager_sees_their_panels_and_others_see_nobody_or_all() -> None:
    nurse = Caller("nurse", frozenset({CARE_MANAGER}), panels=frozenset({"North"}))
    assert sees(nurse, "North")
    assert not sees(nurse, "South")
    assert not sees(nurse, None), "a person of no practice is on nobody's panel"
    assert not sees(Caller("new", frozenset({CARE_MANAGER})), "North"), "no panel is none, not all"
    for role in (DATA_SCIENTIST, COMMITTEE, ADMIN):
        assert not sees(Caller("one", frozenset({role}), panels=frozenset({"North"})), "North")
    assert sees(Caller("ehr", frozenset({INTEGRATION})), None)


def test_what_is_sensitive_is_worded_only_with_its_scope() -> None:
    caller = Caller("ehr", frozenset({INTEGRATION}), frozenset({"sensitive:substance_use", "mental_health"}))
    assert may_word(caller) == {SUBSTANCE}, "the name that the code lists have, with the prefix of a scope"
