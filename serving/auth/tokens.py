"""The way of bearer tokens: JWTs that an issuer on our list signed for us (OAuth 2, SMART Backend Services)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError

from features import windows
from serving.auth.caller import INTEGRATION, ROLES, Caller
from serving.auth.issuers import ISSUERS, invalid
from serving.auth.presented import presented
from serving.settings import settings

if TYPE_CHECKING:
    from starlette.types import Scope

# signed with a private key, each with the kind of key that fits. No HMAC: its secret could be the issuer's public key
ALGORITHMS = {"RS256": "RSA", "RS384": "RSA", "ES256": "EC", "ES384": "EC"}
CLOCKS_DIFFER = 30  # seconds
LONGEST = 8_192
OF_A_SYSTEM = "system/"
# a signature of ES384 takes milliseconds to check: a token that was checked is believed a while, within its time
SECONDS_BELIEVED = 60.0
MOST_BELIEVED = 1_000
BELIEVED: dict[bytes, tuple[float, Caller]] = {}  # until when, by the token's hash


async def by_token(scope: Scope) -> Caller | None:
    """Who the token speaks of; null where there is none. Raises Refusal for one that is not valid."""
    ours = settings()
    tokens = [one for one in presented(scope) if one.count(b".") == 2]
    if not tokens or not ours.issuers:
        return None
    digest = sha256(tokens[0]).digest()
    until, caller = BELIEVED.get(digest, (float("-inf"), None))
    if caller is None or monotonic() >= until:
        claims = await verified(tokens[0], ours.issuers, ours.audience)
        caller = caller_from(claims, ours.token_roles)
        if len(BELIEVED) >= MOST_BELIEVED:
            BELIEVED.clear()
        left = min(SECONDS_BELIEVED, claims["exp"] - windows.now())
        BELIEVED[digest] = monotonic() + left, caller
    return caller


async def verified(token: bytes, issuers: Collection[str], audience: str) -> Mapping[str, Any]:
    """The claims of a token that one of these issuers signed for this audience, within its time. Raises Refusal."""
    issuer, key_id, algorithm = _unverified(token)
    if issuer not in issuers:
        raise invalid("a token of an issuer that is not on the list")
    if algorithm not in ALGORITHMS:
        raise invalid(f"a token signed otherwise than by {', '.join(ALGORITHMS)}")
    key = await ISSUERS.key(issuer, key_id)
    if key.key_type != ALGORITHMS[algorithm]:
        raise invalid("a token whose algorithm does not fit its key")
    required = jwt.JWTClaimsRegistry(
        now=windows.now(),
        leeway=CLOCKS_DIFFER,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        claims = jwt.decode(token, key, algorithms=[algorithm]).claims
        required.validate(claims)
    except ExpiredTokenError:
        raise invalid("a token that has run out") from None
    except (JoseError, ValueError):
        raise invalid("a token that is not signed so, not for this service or not of this time") from None
    return claims


def caller_from(claims: Mapping[str, Any], may_bring: frozenset[str]) -> Caller:
    """Who calls, with the roles that tokens may bring here. A SMART system scope makes a system: role integration."""
    scopes = _words(claims.get("scope"))
    roles = _words(claims.get("roles")) & set(ROLES)
    if any(scope.startswith(OF_A_SYSTEM) for scope in scopes):
        roles |= {INTEGRATION}
    name = f"{claims['sub']} of {claims['iss']}"
    return Caller(name, frozenset(roles & may_bring), frozenset(scopes), frozenset(_listed(claims.get("panels"))))


def _unverified(token: bytes) -> tuple[str, str | None, str]:
    """What the token says of its issuer, key and algorithm: enough to look for the key, believed for nothing else."""
    if len(token) > LONGEST:
        raise invalid(f"a token of more than {LONGEST} bytes")
    try:
        found = jws.extract_compact(token)
        header, claims = found.headers(), json.loads(found.payload)
    except (JoseError, ValueError, RecursionError):
        raise invalid("what is not a token") from None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    key_id, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(issuer, str) or not isinstance(algorithm, str) or not isinstance(key_id, str | None):
        raise invalid("a token without issuer or algorithm")
    return issuer, key_id, algorithm


def _words(given: object) -> set[str]:
    return set(given.split()) if isinstance(given, str) else set(_listed(given))


def _listed(given: object) -> list[str]:
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
