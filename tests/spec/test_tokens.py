"""Bearer tokens: whose are believed, and every way in which one must not be."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import sleep
from typing import Any

import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from features import windows
from features.errors import BadSetting
from serving.auth import ADMIN, INTEGRATION, Caller, issuers, tokens
from serving.auth.issuers import ISSUERS, is_safe
from serving.auth.refusal import Refusal
from serving.auth.tokens import by_token, caller_from
from serving.settings import read, settings

AUDIENCE = "https://afterward.example.org"
RSA, EC, OTHER = RSAKey.generate_key(2048), ECKey.generate_key("P-384"), ECKey.generate_key("P-384")
PUBLISHED = {"rsa-1": RSA, "ec-1": EC}


@dataclass
class Issuer:
    """A server of this machine that tells its keys."""

    url: str
    keys: dict[str, Any] = field(default_factory=dict)
    extra: list[dict[str, Any]] = field(default_factory=list)
    named: str = ""
    fetches: int = 0
    broken: bool = False
    elsewhere: str = ""

    async def discovery(self, _: Request) -> Response:
        if self.broken:
            return Response(status_code=500)
        if self.elsewhere:
            return RedirectResponse(self.elsewhere)
        return JSONResponse({"issuer": self.named or self.url, "jwks_uri": f"{self.url}/keys"})

    async def published(self, _: Request) -> Response:
        self.fetches += 1
        told = [{**key.as_dict(private=False), "kid": kid} for kid, key in self.keys.items()]
        return JSONResponse({"keys": told + self.extra})


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    issuer = Issuer(f"http://127.0.0.1:{port}")
    routes = [Route("/.well-known/openid-configuration", issuer.discovery), Route("/keys", issuer.published)]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        sleep(0.01)
    yield issuer
    server.should_exit = True
    thread.join()


@pytest.fixture
def issuer(running: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    running.keys, running.extra, running.named, running.elsewhere = dict(PUBLISHED), [], "", ""
    running.fetches, running.broken = 0, False
    for name, value in {
        "AFTERWARD_STORE": "store",
        "AFTERWARD_OIDC_ISSUER": f"https://never-asked.example.org, {running.url}",
        "AFTERWARD_OIDC_AUDIENCE": AUDIENCE,
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    ISSUERS.forget()
    tokens.BELIEVED.clear()
    yield running
    settings.cache_clear()
    ISSUERS.forget()
    tokens.BELIEVED.clear()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the time is to issuers and tokens: one number, to be moved on."""
    now = [1_000.0]
    for module in (issuers, tokens):
        monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def claims_of(issuer: Issuer, **changed: Any) -> dict[str, Any]:
    now = windows.now()
    told = {
        "iss": issuer.url, "sub": "ehr-backend", "aud": AUDIENCE, "iat": now, "exp": now + 300, "scope": "system/*.rs",
        **changed,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def signed(claims: dict[str, Any], key: Any = EC, alg: str = "ES384", kid: str | None = "ec-1", **header: Any) -> str:
    head = {"alg": alg, **({} if kid is None else {"kid": kid}), **header}
    return jwt.encode(head, claims, key, algorithms=[alg])


def part(told: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


def caller_with(token: str) -> Caller | None:
    return asyncio.run(by_token({"headers": [(b"authorization", f"Bearer {token}".encode())]}))


def refused(token: str) -> Refusal:
    with pytest.raises(Refusal) as found:
        caller_with(token)
    assert token not in f"{found.value.got} {found.value.expected}"
    return found.value


def test_a_system_that_its_issuer_speaks_for_may_call(issuer: Issuer) -> None:
    found = caller_with(signed(claims_of(issuer, panels=["North"])))
    assert found == Caller(
        f"ehr-backend of {issuer.url}", frozenset({INTEGRATION}), frozenset({"system/*.rs"}), frozenset({"North"})
    )
    assert caller_with(signed(claims_of(issuer), RSA, "RS384", "rsa-1")) is not None
    assert caller_with(signed(claims_of(issuer, aud=["https://x.example.org", AUDIENCE]))) is not None
    assert issuer.fetches == 1, "keys are fetched once, not for each request"


NOW = windows.now()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"exp": NOW - 60}, "run out"),
        ({"exp": None}, "not of this time"),
        ({"exp": "soon"}, "not of this time"),
        ({"exp": True}, "not of this time"),
        ({"nbf": NOW + 3_600}, "not of this time"),
        ({"iat": NOW + 3_600}, "not of this time"),
        ({"aud": "https://other.example.org"}, "not for this service"),
        ({"aud": []}, "not for this service"),
        ({"aud": None}, "not for this service"),
        ({"aud": AUDIENCE + "/"}, "not for this service"),
        ({"sub": None}, "not for this service"),
        ({"iss": "https://foreign.example.org"}, "not on the list"),
        ({"iss": None}, "without issuer"),
        ({"iss": ["x"]}, "without issuer"),
    ],
)
def test_a_token_that_does_not_say_so_is_not_believed(issuer: Issuer, changed: dict[str, Any], told: str) -> None:
    found = refused(signed(claims_of(issuer, **changed)))
    assert (found.status, found.challenge) == (401, 'Bearer error="invalid_token"')
    assert told in found.got


def test_clocks_may_differ_by_some_seconds(issuer: Issuer) -> None:
    now = windows.now()
    assert caller_with(signed(claims_of(issuer, exp=now - 5, nbf=now + 5))) is not None


def test_a_token_that_nobody_signed_is_not_believed(issuer: Issuer) -> None:
    claims = part(claims_of(issuer))
    for alg in ("none", "None", "NONE", ""):
        assert "signed otherwise" in refused(f"{part({'alg': alg, 'kid': 'ec-1'})}.{claims}.").got


def test_a_public_key_is_no_shared_secret(issuer: Issuer) -> None:
    """The classic confusion: HMAC with the published key as its secret, which anybody can do."""
    for public in (RSA.as_pem(private=False), json.dumps(RSA.as_dict(private=False)).encode()):
        secret = OctKey.import_key(base64.b64encode(public))
        for alg in ("HS256", "HS384"):
            forged = signed(claims_of(issuer), secret, alg, "rsa-1")
            assert "signed otherwise" in refused(forged).got


def test_a_shared_secret_among_the_published_keys_is_left_out(issuer: Issuer) -> None:
    issuer.extra = [{**OctKey.generate_key(256).as_dict(), "kid": "oct-1", "alg": "ES384"}]
    assert "does not tell" in refused(signed(claims_of(issuer), kid="oct-1")).got


@pytest.mark.parametrize(
    "forge",
    [
        lambda claims: signed(claims, OTHER),
        lambda claims: signed(claims, OTHER, jwk=OTHER.as_dict(private=False)),
        lambda claims: signed(claims, kid="rsa-1"),
        lambda claims: signed(claims, RSA, "RS384", "ec-1"),
        lambda claims: signed(claims, kid="unknown"),
        lambda claims: signed(claims, kid=None),
        lambda claims: signed(claims, kid="../../etc/passwd"),
        lambda claims: signed(claims, ECKey.generate_key("P-256"), "ES256"),
        lambda claims: signed(claims)[:-4] + "AAAA",
        lambda claims: signed(claims) + "x" * 8_192,
        lambda claims: (
            f"{part({'alg': 'ES384', 'kid': 'ec-1'})}.{part({**claims, 'sub': 'other'})}."
            + signed(claims).split(".")[2]
        ),
        lambda claims: f"{part([])}.{part(claims)}.x",
        lambda claims: f"{part({'alg': 'ES384', 'kid': 7})}.{part(claims)}.x",
        lambda claims: f"{part({'alg': 'ES384'})}.{part('[' * 3_000)}.x",
        lambda claims: "a.b.c",
        lambda claims: "..",
    ],
)
def test_a_token_signed_otherwise_is_not_believed(issuer: Issuer, forge: Any) -> None:
    assert refused(forge(claims_of(issuer))).status == 401


def test_a_key_that_comes_with_the_token_is_never_fetched(issuer: Issuer) -> None:
    here = f"{issuer.url}/keys"
    assert refused(signed(claims_of(issuer, iss="https://foreign.example.org"), OTHER, jku=here)).status == 401
    assert issuer.fetches == 0


def test_a_new_key_is_found_and_one_withdrawn_is_forgotten(issuer: Issuer, clock: list[float]) -> None:
    old = signed(claims_of(issuer))
    assert caller_with(old) is not None
    issuer.keys = {"ec-2": OTHER}
    new = signed(claims_of(issuer), OTHER, kid="ec-2")
    clock[0] += issuers.SECONDS_BETWEEN_FETCHES + 1
    assert caller_with(new) is not None
    clock[0] += tokens.SECONDS_BELIEVED
    assert "does not tell" in refused(old).got
    assert issuer.fetches == 3


def test_tokens_with_invented_key_ids_do_not_make_us_call_the_issuer_each_time(issuer: Issuer) -> None:
    for number in range(20):
        refused(signed(claims_of(issuer), OTHER, kid=f"invented-{number}"))
    assert issuer.fetches == 1


def test_a_token_that_was_checked_is_believed_no_longer_than_it_lasts(issuer: Issuer, clock: list[float]) -> None:
    token = signed(claims_of(issuer, exp=windows.now() + 20))
    assert caller_with(token) is not None
    issuer.keys = {"ec-2": OTHER}
    ISSUERS.forget()
    clock[0] += 15
    assert caller_with(token) is not None, "its signature is not checked at each request"
    clock[0] += 10
    assert refused(token).status == 401


def test_an_issuer_that_is_away_for_a_moment_stops_nobody(issuer: Issuer, clock: list[float]) -> None:
    token = signed(claims_of(issuer))
    assert caller_with(token) is not None
    issuer.broken = True
    clock[0] += issuers.SECONDS_KEPT + 1
    assert caller_with(token) is not None
    clock[0] += issuers.SECONDS_WITHOUT_ISSUER
    assert refused(token).status == 503


def test_keys_are_believed_only_of_the_issuer_that_was_asked(issuer: Issuer) -> None:
    issuer.named = "https://foreign.example.org"
    assert refused(signed(claims_of(issuer))).status == 503


def test_a_redirect_is_not_followed(issuer: Issuer) -> None:
    issuer.elsewhere = f"{issuer.url}/keys"
    assert refused(signed(claims_of(issuer))).status == 503
    assert issuer.fetches == 0


def test_keys_are_fetched_over_tls_or_from_this_machine() -> None:
    assert is_safe("https://ehr.example.org/keys")
    assert is_safe("http://127.0.0.1:9/keys")
    for url in ("http://ehr.example.org/keys", "file:///etc/passwd", "ftp://127.0.0.1/", "http://127.0.0.1.example.org/",
                "http://localhost@ehr.example.org/", "//127.0.0.1/", ""):  # fmt: skip
        assert not is_safe(url)


def test_without_an_issuer_no_token_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWARD_STORE", "store")
    settings.cache_clear()
    assert caller_with("a.b.c") is None
    settings.cache_clear()


def test_a_token_brings_no_role_that_the_network_did_not_say_it_may() -> None:
    """An EHR's issuer must not be able to make administrators of us."""
    told = {"iss": "i", "sub": "s", "roles": ["admin", "integration", "boss"], "scope": "sensitive:substance_use"}
    assert caller_from(told, frozenset({INTEGRATION})).roles == {INTEGRATION}
    assert caller_from(told, frozenset({INTEGRATION, ADMIN})).roles == {INTEGRATION, ADMIN}
    assert caller_from({"iss": "i", "sub": "s", "roles": 7, "scope": ["x", 1]}, frozenset({ADMIN})) == Caller(
        "s of i", frozenset(), frozenset({"x"})
    )


def test_an_issuer_without_an_audience_is_refused_at_the_start() -> None:
    with pytest.raises(BadSetting, match="AFTERWARD_OIDC_AUDIENCE"):
        read({"AFTERWARD_STORE": "s", "AFTERWARD_OIDC_ISSUER": "https://i.example.org"})
