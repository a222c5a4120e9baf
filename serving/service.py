"""The service: routes only. BentoML runs it, a Starlette app answers, and Guard stands before both."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from importlib.metadata import version
from typing import Any

os.environ["BENTOML_DO_NOT_TRACK"] = "True"  # read when bentoml is imported

import bentoml
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from features.errors import BadInput, Failure
from serving.answer import Answers, Unknown, as_problem
from serving.auth import Guard
from serving.settings import settings
from serving.wire import Problem, Problems, ScoreRequest, openapi, problems_of

THREADS = 4


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
        asked = ScoreRequest.model_validate(json.loads(body))
        made = await run_in_threadpool(answers().scores, asked)
    except ValidationError as wrong:
        return JSONResponse(problems_of(wrong).model_dump(), 422)
    except (ValueError, RecursionError):
        return _refused(400, Problem(field="body", problem="this is not JSON"))
    except Unknown as unknown:
        return _refused(422, *unknown.problems)
    except Failure as failure:
        unknown_model = failure.got.startswith("an unknown model")
        return _refused(422 if isinstance(failure, BadInput) or unknown_model else 503, as_problem(failure))
    return JSONResponse(made.model_dump())


async def described(_: Request) -> JSONResponse:
    """GET /v1/openapi.json."""
    return JSONResponse(openapi(version("afterward")))


app = Starlette(routes=[Route("/score", score, methods=["POST"]), Route("/openapi.json", described)])


@bentoml.service(
    name="afterward", workers=1, threads=THREADS, traffic={"timeout": 60}, logging={"access": {"enabled": False}}
)
@bentoml.asgi_app(app, path="/v1")
class Scoring:
    """Opens the store when the server starts, so that the first caller does not wait for it."""

    def __init__(self) -> None:
        settings()
        answers()


service: Any = Scoring
service.add_asgi_middleware(Guard)
