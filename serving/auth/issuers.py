"""The public keys of token issuers: found by discovery, fetched over TLS, kept a while, and fetched anew when an issuer
signs with a key that is not known yet.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from serving.auth.refusal import Refusal

log = logging.getLogger("afterward")
SECONDS_KEPT = 600.0  # a key that an issuer withdrew is believed this long at most while the issuer answers
SECONDS_WITHOUT_ISSUER = 3_600.0  # and this long where it does not
SECONDS_BETWEEN_FETCHES = 10.0  # tokens with invented key ids must not make us call the issuer at every request
SECONDS_TO_ANSWER = 5.0
LARGEST_ANSWER = 512 * 1024
SMALLEST_RSA = 2048
DISCOVERY = ("/.well-known/openid-configuration", "/.well-known/smart-configuration")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

PublicKey = RSAKey | ECKey


@dataclass
class _Held:
    keys: dict[str, PublicKey] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Issuers:
    """What is known of each issuer's keys in this process."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    async def key(self, issuer: str, key_id: str | None) -> PublicKey:
        """The key of this id, or the only one where a token names none. Raises Refusal."""
        held = self._held.setdefault(issuer, _Held())
        async with held.turn:
            if _wants_fetch(held, key_id):
                await _fetch(issuer, held)
        if not held.keys or monotonic() - held.fetched > SECONDS_WITHOUT_ISSUER:
            raise Refusal(503, "service", "an issuer whose keys cannot be had", "one that answers")
        if key_id is None and len(held.keys) == 1:
            return next(iter(held.keys.values()))
        if key_id is None or key_id not in held.keys:
            raise invalid("a token signed with a key that its issuer does not tell")
        return held.keys[key_id]

    def forget(self) -> None:
        """Fetch everything anew."""
        self._held.clear()


def invalid(got: str) -> Refusal:
    """The refusal of a token, in the words of RFC 6750."""
    expected = "a signed token for this service, of an issuer that it knows, within its time"
    return Refusal(401, "Authorization", got, expected, challenge='Bearer error="invalid_token"')


def is_safe(url: str) -> bool:
    """Whether keys may be fetched from there: over TLS, or from this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def _wants_fetch(held: _Held, key_id: str | None) -> bool:
    now = monotonic()
    if now - held.tried < SECONDS_BETWEEN_FETCHES:
        return False
    return now - held.fetched > SECONDS_KEPT or (key_id is not None and key_id not in held.keys)


async def _fetch(issuer: str, held: _Held) -> None:
    held.tried = monotonic()
    try:
        async with httpx.AsyncClient(timeout=SECONDS_TO_ANSWER, follow_redirects=False, trust_env=False) as client:
            told = await _json(client, await _keys_url(client, issuer))
        found = _public_keys(told)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, JoseError) as fault:
        log.error("the keys of an issuer cannot be fetched: %s", type(fault).__name__)
        return
    held.keys, held.fetched = found, monotonic()


async def _keys_url(client: httpx.AsyncClient, issuer: str) -> str:
    for place in DISCOVERY:
        try:
            told = await _json(client, issuer.rstrip("/") + place)
        except (httpx.HTTPError, ValueError):
            continue
        # the document must speak of this very issuer: else one host could vouch for another
        if told.get("issuer", issuer) == issuer and isinstance(told.get("jwks_uri"), str):
            return str(told["jwks_uri"])
    raise ValueError("no discovery")


async def _json(client: httpx.AsyncClient, url: str) -> Mapping[str, Any]:
    if not is_safe(url):
        raise ValueError("neither TLS nor this machine")
    read = bytearray()
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as answer:
        answer.raise_for_status()
        async for part in answer.aiter_bytes():
            read += part
            if len(read) > LARGEST_ANSWER:
                raise ValueError("too large")
    told = json.loads(read)
    if not isinstance(told, dict) or answer.status_code != 200:
        raise ValueError("not an object")
    return told


def _public_keys(told: Mapping[str, Any]) -> dict[str, PublicKey]:
    """The keys that may sign, by id. A shared secret among them would let whoever reads it sign, so it is left out."""
    found: dict[str, PublicKey] = {}
    for one in told.get("keys", ()):
        if not isinstance(one, dict) or one.get("kty") not in ("RSA", "EC") or one.get("use", "sig") != "sig":
            continue
        public = {name: value for name, value in one.items() if name not in ("d", "p", "q", "dp", "dq", "qi", "oth")}
        try:
            key = JWKRegistry.import_key(public)
        except (JoseError, ValueError):
            continue
        if isinstance(key, RSAKey) and key.public_key.key_size < SMALLEST_RSA:
            continue
        if isinstance(key, (RSAKey, ECKey)):
            found[str(one.get("kid") or key.thumbprint())] = key
    if not found:
        raise ValueError("no key")
    return found


ISSUERS = Issuers()
