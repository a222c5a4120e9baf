"""The routes under /v1: read a request, have it answered, word what is refused."""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from importlib.metadata import version

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from features.errors import BadInput, Failure, places
from serving.answer import Answers, Unknown
from serving.audit import record, scored
from serving.auth import caller_of
from serving.database import current
from serving.settings import settings
from serving.wire import Problem, Problems, ScoreRequest, openapi, problem_of, problems_of

log = logging.getLogger("afterward")


@lru_cache(maxsize=1)
def answers() -> Answers:
    """The one store of this process."""
    return Answers(settings().store)


def _refused(status: int, *problems: Problem) -> JSONResponse:
    return JSONResponse(Problems(errors=list(problems)).model_dump(), status)


async def _body(request: Request) -> bytes | None:
    """The body, or null when it is larger than is read."""
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > settings().largest_body:
            return None
    return bytes(read)


async def score(request: Request) -> JSONResponse:
    """POST /v1/score."""
    body = await _body(request)
    if body is None:
        return _refused(413, Problem(field="body", problem=f"at most {settings().largest_body} bytes are read"))
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return _refused(400, Problem(field="body", problem="this is not JSON"))
    try:
        made = await run_in_threadpool(answers().scores, ScoreRequest.model_validate(given))
        whom = [(score.person_id, score.stay_id) for score in made.scores]
        await run_in_threadpool(record, current(), scored(caller_of(request.scope), made.model, made.version, whom))
    except ValidationError as wrong:
        return _refused(422, *problems_of(wrong))
    except Unknown as unknown:
        return _refused(422, *unknown.problems)
    except BadInput as wrong:
        return _refused(422, problem_of(wrong))
    except Failure as failure:
        log.error("cannot answer: %s", failure)
        return _refused(503, Problem(field="service", problem=f"cannot answer now: {failure.got}"))
    except Exception as fault:  # its message may hold a patient's value: neither the caller nor the log gets it
        log.error("fault: %s in %s", type(fault).__name__, places(fault))
        return _refused(500, Problem(field="service", problem="a fault of ours; the log says where"))
    return JSONResponse(made.model_dump())


async def described(_: Request) -> JSONResponse:
    """GET /v1/openapi.json."""
    return JSONResponse(openapi(version("afterward")))


app = Starlette(routes=[Route("/score", score, methods=["POST"]), Route("/openapi.json", described)])
