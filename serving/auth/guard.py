"""The guard before the whole server, BentoML's own routes included: who asks, may they, how often and how much."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from serving.auth import access
from serving.auth.caller import ON_SCOPE, Caller
from serving.auth.presented import by_key
from serving.auth.rate import Buckets
from serving.auth.refusal import Refusal
from serving.auth.tokens import by_token
from serving.auth.veil import unveil
from serving.settings import settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# how a caller is found: null where the request carries nothing of this kind; raises Refusal where what it carries is
# not valid and the caller should be told why
Way = Callable[["Scope"], Awaitable[Caller | None]]
WAYS: tuple[Way, ...] = (by_key, by_token)
NOBODY = Refusal(
    401, "Authorization", "no key or token that is valid", "a valid one, as Authorization: Bearer or as X-API-Key"
)
POLICY_VIOLATION = 1008


class Guard:
    """ASGI middleware. `sign_in`: the path of a page that a browser without a session is sent to, with the
    address that it asked for as `back`."""

    def __init__(self, app: ASGIApp, ways: Sequence[Way] = WAYS, sign_in: str | None = None) -> None:
        self.app, self.ways, self.sign_in, self.buckets = app, ways, sign_in, Buckets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through what may pass and refuse the rest. Beside HTTP only the server's own start passes."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        elif scope["type"] == "http":
            unveil(scope)
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            scope[ON_SCOPE] = None if _is_open(scope) else await self._allowed(scope)
            _check_declared_size(scope)
        except Refusal as refusal:
            if refusal.status == 401 and self.sign_in is not None and _wants_page(scope):
                await _redirect(send, f"{self.sign_in}?{urlencode({'back': _address(scope)})}")
            else:
                await _refuse(send, refusal)
            return
        await _limited(self.app, scope, receive, send)

    async def _allowed(self, scope: Scope) -> Caller:
        """Who asks, where they may. Raises Refusal."""
        caller = await self._found(scope)
        self.buckets.take(caller.name, settings().requests_per_second)
        method, path, raw = _asked(scope)
        roles = access.roles_for(method, path, raw)
        if caller.roles & roles:
            return caller
        if roles:
            had = _listed(caller.roles) or "none"
            raise Refusal(403, "Authorization", f"a caller of role {had}", f"one of role {_listed(roles)}")
        methods = access.methods_of(path, raw)
        if methods:
            raise Refusal(405, "method", "a method that this path has not", _listed(methods), allow=methods)
        raise Refusal(403, "path", "a path that is open to no role", "one that /v1/openapi.json names")

    async def _found(self, scope: Scope) -> Caller:
        why = NOBODY
        for way in self.ways:
            try:
                caller = await way(scope)
            except Refusal as refusal:
                why = refusal
                continue
            if caller is not None:
                return caller
        raise why


def _asked(scope: Scope) -> tuple[str, str, bytes]:
    return scope["method"], scope["path"], scope.get("raw_path", b"").split(b"?")[0]


def _is_open(scope: Scope) -> bool:
    return access.is_open(*_asked(scope))


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _wants_page(scope: Scope) -> bool:
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return scope["method"] == "GET" and b"text/html" in accepted


def _too_large() -> Refusal:
    most = settings().largest_body
    return Refusal(413, "body", f"more than {most} bytes", f"at most {most} bytes")


def _check_declared_size(scope: Scope) -> None:
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not declared.isdigit():
        raise Refusal(400, "Content-Length", "what is not a number", "a number of bytes")
    if len(declared) > 18 or int(declared) > settings().largest_body:
        raise _too_large()


async def _limited(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application on no more of the body than is read. What comes without a declared length is counted: once
    it is too much, the answer is ours and what the application says is dropped.
    """
    read, begun, refused = 0, False, False

    async def counted() -> Message:
        nonlocal read, refused
        message = await receive()
        read += len(message.get("body", b""))
        if read > settings().largest_body and not refused:
            refused = True
            if not begun:
                await _refuse(send, _too_large())
        return {"type": "http.disconnect"} if refused else message

    async def kept(message: Message) -> None:
        nonlocal begun
        if not refused or begun:
            begun = True
            await send(message)

    try:
        await app(scope, counted, kept)
    except Exception:
        if not refused:  # an application that is cut off may fail as it likes
            raise


async def _refuse(send: Send, refusal: Refusal) -> None:
    body = json.dumps({"errors": [refusal.told()]}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *refusal.headers()]
    await _answer(send, refusal.status, headers, body)


def _address(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


async def _redirect(send: Send, to: str) -> None:
    await _answer(send, 303, [(b"location", to.encode()), (b"content-length", b"0")], b"")


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    start: dict[str, Any] = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
