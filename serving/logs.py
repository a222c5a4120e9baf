"""Logs in lines of JSON, each with the id of the request that it belongs to. No path, query or body is ever logged:
they may hold a patient's number. A request is told by the pattern of its route.
"""

from __future__ import annotations

import logging
import re
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog

from serving import metrics

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-request-id"
GIVEN = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
ON_SCOPE, ROUTE_ON_SCOPE = "afterward.request_id", "afterward.route"
NOT_OURS = "(not ours)"
requests = structlog.stdlib.get_logger("afterward.requests")


def set_up() -> None:
    """Lines of JSON on standard error, from structlog and from the standard library's loggers alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    ours = logging.getLogger("afterward")
    ours.handlers = [handler]
    ours.setLevel(logging.INFO)
    ours.propagate = False


class Logged:
    """ASGI middleware around the whole server: an id for each request, taken from X-Request-ID where that is one and
    made where it is not, returned with the answer; one line of log and one observation of the metrics a request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and tell how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope[ON_SCOPE], scope[ROUTE_ON_SCOPE] = request_id, [NOT_OURS]
        began, status = perf_counter(), [500]

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, request_id.encode())]}
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, marked)
            finally:
                seconds, route = perf_counter() - began, scope[ROUTE_ON_SCOPE][0]
                metrics.answered(scope["method"], route, status[0], seconds)
                requests.info(
                    "answered",
                    method=scope["method"] if scope["method"].isalpha() else "other",
                    route=route,
                    status=status[0],
                    milliseconds=round(seconds * 1000, 1),
                )


def _request_id(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == HEADER]
    return given[0].decode() if len(given) == 1 and GIVEN.fullmatch(given[0]) else uuid4().hex
