"""Keys of machines."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from serving.auth.caller import INTEGRATION, Caller
from serving.settings import settings

if TYPE_CHECKING:
    from starlette.types import Scope

BOOTSTRAP = Caller("AFTERWARD_API_KEY", frozenset({INTEGRATION}))


async def by_key(scope: Scope) -> Caller | None:
    """Whose key the request presents, in either header; null where it presents none that is valid."""
    expected = settings().api_key.reveal().encode()
    return BOOTSTRAP if any(hmac.compare_digest(given, expected) for given in presented(scope)) else None


def presented(scope: Scope) -> list[bytes]:
    """What stands in X-API-Key and as bearer token."""
    found = []
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            found.append(value)
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            found.append(value[7:].strip())
    return found
