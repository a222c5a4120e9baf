"""Who may ask: every path but one is refused without the key. Deny by default, whoever serves the path."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

from serving.settings import settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = frozenset({"/healthz"})


class Guard:
    """ASGI middleware around the whole server, BentoML's own routes included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what may pass, answer 401 otherwise. Only HTTP and the server's own start pass."""
        if scope["type"] == "lifespan" or (scope["type"] == "http" and _may_pass(scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            body = json.dumps({"errors": [{"field": "Authorization", "problem": "a valid key is needed"}]}).encode()
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": body})


def _may_pass(scope: Scope) -> bool:
    if scope["path"] in OPEN and scope.get("raw_path", b"").split(b"?")[0].decode("latin-1") in (*OPEN, ""):
        return scope["method"] in ("GET", "HEAD")
    expected = settings().api_key.reveal().encode()
    return any(hmac.compare_digest(given, expected) for given in _presented(scope))


def _presented(scope: Scope) -> list[bytes]:
    found = []
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            found.append(value)
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            found.append(value[7:].strip())
    return found
