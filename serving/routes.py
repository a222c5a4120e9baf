"""The routes under /v1: read a request, have it answered, word what is refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version as version_of
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from features import windows
from features.codes.sensitive import allowed
from features.errors import BadInput, Failure, places
from models import pointer
from models.explain import Explanation, contributions, worded
from models.specs import SPECS
from serving import logs, metrics
from serving.answer import Answered, Answers, Unknown
from serving.audit import record, saw, scored
from serving.auth import caller_of, may_word, sees
from serving.database import current
from serving.kept import Occasion, home
from serving.openapi import Operation, document
from serving.outreach import accounted
from serving.settings import settings
from serving.wire import (
    ExplainRequest,
    ExplainResponse,
    ExplanationOut,
    GroupOut,
    ModelOut,
    ModelsResponse,
    OutreachEntry,
    OutreachQuery,
    OutreachResponse,
    PartOut,
    Problem,
    Problems,
    ReadyResponse,
    ReasonOut,
    ScoreOut,
    ScoreRequest,
    ScoreResponse,
    problem_of,
    problems_of,
)

log = logging.getLogger("afterward")
UNREADABLE = Problem(field="body", got="something that is not JSON", expected="JSON in UTF-8")


@lru_cache(maxsize=1)
def answers() -> Answers:
    """The one store of this process."""
    return Answers(settings().store, home=home)


# ---- what is asked, answered


def score(asked: ScoreRequest, request: Request) -> ScoreResponse:
    """POST /v1/score."""
    made = answers().scores(asked, occasion(request, "http"), scopes_of(request))
    record_scored(request, made)
    return ScoreResponse(
        model=made.with_.spec.name,
        version=made.with_.release.version,
        warnings=list(made.warnings),
        scores=scores_of(made),
    )


def scores_of(made: Answered) -> list[ScoreOut]:
    """Scores as they go over the wire."""
    from serving.score import tiers_of

    rows = made.scored.rows.to_dict("records")
    told = zip(rows, made.scored.risk, tiers_of(made.scored, made.with_), strict=True)
    return [
        ScoreOut(
            person_id=str(row["person_id"]),
            stay_id=str(row["stay_id"]),
            as_of=windows.stamp(int(row["as_of"]), made.zone),
            discharge_date=windows.iso(int(row["discharge_day"])),
            risk=float(risk),
            tier=tier.value,
            **_why(made.why.get(place)),
        )
        for place, (row, risk, tier) in enumerate(told)
    ]


def _why(because: Explanation | None) -> dict[str, Any]:
    if because is None:
        return {"reasons": None, "base_log_odds": None, "other_log_odds": None}
    reasons = [ReasonOut(**asdict(reason)) for reason in because.reasons]
    return {"reasons": reasons, "base_log_odds": because.base, "other_log_odds": because.other}


def explain(asked: ExplainRequest, request: Request) -> ExplainResponse:
    """POST /v1/explain."""
    made = answers().explained(asked, occasion(request, "http"), scopes_of(request))
    record_scored(request, made)
    release = made.with_.release
    matrix = release.matrix(made.scored.features)
    told, log_odds = contributions(release.booster, matrix), release.log_odds(matrix)
    hidden = [not allowed(column.tells, scopes_of(request)) for column in release.columns]
    rows = made.scored.rows.to_dict("records")
    return ExplainResponse(
        model=made.with_.spec.name,
        version=release.version,
        explanations=[
            ExplanationOut(
                person_id=str(row["person_id"]),
                stay_id=str(row["stay_id"]),
                as_of=windows.stamp(int(row["as_of"]), made.zone),
                risk=float(made.scored.risk[place]),
                log_odds=float(log_odds[place]),
                base_log_odds=told.base,
                other_log_odds=float(told.values[place][hidden].sum()),
                groups=_groups(release.columns, matrix[place], np.where(hidden, 0.0, told.values[place])),
            )
            for place, row in enumerate(rows)
        ],
    )


def _groups(columns: Any, values: Any, added: Any) -> list[GroupOut]:
    parts: dict[str, list[PartOut]] = {}
    for column, value, weight in zip(columns, values.tolist(), added.tolist(), strict=True):
        if weight:
            part = PartOut(
                column=column.name,
                sentence=worded(column, value)[1],
                value=None if value != value else value,
                log_odds=weight,
            )
            parts.setdefault(column.group, []).append(part)
    groups = [
        GroupOut(
            group=name,
            log_odds=sum(part.log_odds for part in found),
            parts=sorted(found, key=lambda part: (-abs(part.log_odds), part.column)),
        )
        for name, found in parts.items()
    ]
    return sorted(groups, key=lambda group: (-abs(group.log_odds), group.group))


def models(_: None, __: Request) -> ModelsResponse:
    """GET /v1/models."""
    found = []
    for spec in SPECS:
        promoted = pointer.champion_version(spec.name) is not None
        release = answers().watch.of(spec.name).release if promoted else None
        found.append(
            ModelOut(
                name=spec.name,
                title=spec.title,
                outcome=spec.outcome.name,
                prediction_time=spec.prediction_time,
                intended_use=spec.intended_use,
                misuse=spec.misuse,
                version=None if release is None else release.version,
                columns=None if release is None else len(release.columns),
                feature_fingerprint=None if release is None else release.feature_fingerprint,
                high_from=None if release is None else release.cuts.high,
                medium_from=None if release is None else release.cuts.medium,
            )
        )
    return ModelsResponse(models=found)


def outreach(asked: OutreachQuery, request: Request) -> OutreachResponse:
    """GET /v1/outreach."""
    days = windows.parse_day(asked.from_), windows.parse_day(asked.to)
    try:
        made = answers().outreach(asked.model, *days, asked.top, occasion(request, "list"), scopes_of(request))
    except BadInput as wrong:
        raise BadInput(got=f"from {wrong.got}", expected=wrong.expected, do=wrong.do) from None
    shown = [entry for entry in made.entries if sees(caller_of(request.scope), entry.practice or None)]
    record(current(), saw(caller_of(request.scope), [entry.person_id for entry in shown], _request_id(request)))
    return OutreachResponse(
        model=made.model,
        version=made.model_version,
        title=made.title,
        first_day=asked.from_,
        last_day=asked.to,
        accounted=accounted(made),
        warnings=list(made.warnings),
        entries=[
            OutreachEntry(
                rank=entry.rank,
                person_id=entry.person_id,
                stay_id=entry.stay_id,
                name=entry.name,
                risk=entry.risk,
                tier=entry.tier,
                reasons=[ReasonOut(**asdict(reason)) for reason in entry.reasons],
                discharge_date=windows.iso(entry.discharge_day),
                first_contact_due=windows.iso(entry.due),
                facility=entry.facility,
                went_to=entry.went_to,
                practice=entry.practice,
                phone=entry.phone,
                language=entry.language,
                interpreter=entry.interpreter,
            )
            for entry in shown
        ],
    )


def ready(_: None, __: Request) -> ReadyResponse:
    """GET /v1/ready."""
    missing = answers().missing()
    return ReadyResponse(ready=not missing, missing=missing, models=answers().watch.versions())


OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "/score", "score", "Score stays, people or what is brought", ScoreRequest, ScoreResponse, score),
    Operation("POST", "/explain", "explain", "Take scores apart", ExplainRequest, ExplainResponse, explain),
    Operation("GET", "/models", "models", "The models, and which version answers", None, ModelsResponse, models),
    Operation("GET", "/outreach", "outreach", "Whom to call first, and why", OutreachQuery, OutreachResponse, outreach),
    Operation(
        "GET",
        "/ready",
        "ready",
        "Whether scores can be given, and what is missing",
        None,
        ReadyResponse,
        ready,
        also={503: "not yet"},
    ),
)


# ---- a request read, an answer written


def occasion(request: Request, channel: str) -> Occasion:
    """In which request, and for whom, something is answered."""
    return Occasion(channel, _request_id(request), caller_of(request.scope).name)


def scopes_of(request: Request) -> frozenset[str]:
    """The sensitive categories that the caller may be told of."""
    return may_word(caller_of(request.scope))


def record_scored(request: Request, made: Answered) -> None:
    """Write into the audit log whom the caller got a score of; without that nothing is answered."""
    stays = [(str(row.person_id), str(row.stay_id)) for row in made.scored.rows.itertuples()]
    model, version = made.with_.spec.name, made.with_.release.version
    record(current(), scored(caller_of(request.scope), model, version, stays, _request_id(request)))


def _request_id(request: Request) -> str | None:
    found: str | None = request.scope.get(logs.ON_SCOPE)
    return found


class NotRead(Exception):
    """A body that is not read, with the status that says so."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem.got)
        self.status, self.problem = status, problem


async def json_body(request: Request) -> Any:
    """The body as JSON. Raises NotRead for one that is too large, of another type or charset, or not JSON."""
    kind, _, parameters = request.headers.get("content-type", "application/json").lower().partition(";")
    charset = parameters.partition("charset=")[2].split(";")[0].strip(' "') or "utf-8"
    if not (kind.strip() == "application/json" or kind.strip().endswith("+json")) or charset not in ("utf-8", "utf8"):
        raise NotRead(415, Problem(field="Content-Type", got="another type or charset", expected="JSON in UTF-8"))
    read, most = bytearray(), settings().largest_body
    async for part in request.stream():
        read += part
        if len(read) > most:
            raise NotRead(413, Problem(field="body", got=f"more than {most} bytes", expected=f"at most {most} bytes"))
    try:
        return json.loads(read.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotRead(400, UNREADABLE) from None


def _no_number(_: str) -> None:
    raise ValueError


def refused(status: int, *problems: Problem) -> JSONResponse:
    """An answer that says what is wrong."""
    return JSONResponse(Problems(errors=list(problems)).model_dump(), status)


def _endpoint(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        request.scope.get(logs.ROUTE_ON_SCOPE, [""])[0] = f"/v1{operation.path}"
        try:
            asked = await _asked(operation, request)
            made = await run_in_threadpool(operation.answer, asked, request)
        except ValidationError as wrong:
            return refused(422, *problems_of(wrong))
        except NotRead as wrong:
            return refused(wrong.status, wrong.problem)
        except Unknown as unknown:
            return refused(422, *unknown.problems)
        except BadInput as wrong:
            return refused(422, problem_of(wrong))
        except Failure as failure:
            log.error("cannot answer: %s", failure)
            return refused(503, Problem(field="service", got=failure.got, expected="a service that can answer"))
        except Exception as fault:  # its message may hold a patient's value: neither the caller nor the log gets it
            log.error("fault: %s in %s", type(fault).__name__, places(fault))
            return refused(500, Problem(field="service", got="a fault of ours", expected="an answer; see the log"))
        if isinstance(made, ScoreResponse):
            metrics.scored(made.model, made.version, "http", len(made.scores))
        status = 503 if isinstance(made, ReadyResponse) and not made.ready else 200
        return Response(made.model_dump_json(), status, media_type="application/json")

    return endpoint


async def _asked(operation: Operation, request: Request) -> BaseModel | None:
    if operation.asked is None:
        return None
    given = await json_body(request) if operation.method == "POST" else dict(request.query_params)
    return operation.asked.model_validate(given)


async def described(request: Request) -> JSONResponse:
    """GET /v1/openapi.json."""
    request.scope.get(logs.ROUTE_ON_SCOPE, [""])[0] = "/v1/openapi.json"
    return JSONResponse(document(OPERATIONS, version_of("afterward")))


async def _not_there(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    if problem.status_code == 405:
        told = Problem(field="method", got="a method that this path has not", expected="one that the document names")
    else:
        told = Problem(field="path", got="a path that is none", expected="one that /v1/openapi.json names")
    answer = refused(problem.status_code, told)
    answer.headers.update(problem.headers or {})
    return answer


app = Starlette(
    routes=[
        *(Route(each.path, _endpoint(each), methods=[each.method], name=each.name) for each in OPERATIONS),
        Route("/openapi.json", described),
    ],
    exception_handlers={HTTPException: _not_there},
)
