"""Keeps paths and queries, which may hold a patient's number, from what BentoML counts and traces.

BentoML's outermost layer labels its metrics, and the next one names its spans, by the path that was asked. So the
outermost layer is handed the pattern of the path, and Guard, which stands inside of both, brings back what was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serving.auth import access

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

ASKED = "afterward.asked"


def veiled(scope: Scope) -> Scope:
    """The scope with the pattern of its path and no query."""
    path, raw = scope["path"], scope.get("raw_path", b"").split(b"?")[0]
    pattern = access.pattern_of(path, raw)
    asked = {name: scope[name] for name in ("path", "raw_path", "query_string") if name in scope}
    return {**scope, "path": pattern, "raw_path": pattern.encode(), "query_string": b"", ASKED: asked}


def unveil(scope: Scope) -> None:
    """What was asked, put back in place."""
    scope.update(scope.pop(ASKED, {}))


def veil_bentoml() -> None:
    """Have BentoML's outermost layer see patterns only, in every server that is made after this."""
    from bentoml._internal.server.http import instruments

    theirs: Any = instruments.RunnerTrafficMetricsMiddleware
    if getattr(theirs, "is_veiled", False):
        return

    class Veiled(theirs):  # type: ignore[misc]  # BentoML ships no types
        """Their metrics, counted by pattern."""

        is_veiled = True

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            """Hand on the request without its path."""
            await super().__call__(veiled(scope) if scope["type"] in ("http", "websocket") else scope, receive, send)

    instruments.RunnerTrafficMetricsMiddleware = Veiled
