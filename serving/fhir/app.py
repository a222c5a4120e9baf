"""The routes under /fhir."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version as version_of
from typing import Any

import orjson
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features import windows
from features.errors import BadInput, Failure, places
from serving import routes
from serving.answer import Unknown
from serving.audit import record, saw, scored
from serving.auth import caller_of
from serving.database import current
from serving.fhir import care_gaps, risk
from serving.fhir.capability import FHIR_JSON, capability_statement, operation_outcome
from serving.fhir.naming import Resource
from serving.kept import KEPT_SCORE
from serving.logs import ROUTE_ON_SCOPE
from serving.wire import MODELS, ScoreRequest

log = logging.getLogger("afterward")
PATIENT = re.compile(r"(?:Patient/)?([A-Za-z0-9\-.]{1,64})")
SCORE = re.compile(r"[0-9a-f]{32}-[0-9]{1,6}")
Given = Sequence[tuple[str, str]]  # parameters by name, as a query or a Parameters resource has them
Answer = Callable[[Request, Given], Resource]
GIVEN_ONCE = ("periodStart", "periodEnd", "subject")


class Wrong(Exception):
    """What is not right in a request: FHIR's code for it, which parameter, and what was expected of it."""

    def __init__(self, code: str, where: str | None, says: str, status: int = 400) -> None:
        super().__init__(says)
        self.code, self.where, self.says, self.status = code, where, says, status


# ---- risk


def search(request: Request, asked: Given) -> Resource:
    """GET /fhir/RiskAssessment?subject=Patient/ID: the latest index stay, scored now by every champion or by one."""
    given = _parameters(asked, ("subject", "method"))
    person = _patient(_one(given, "subject"))
    wanted = [_model(_one(given, "method").split("|")[-1])] if "method" in given else _standing()
    found: list[Resource] = []
    for model in wanted:
        one = ScoreRequest(model=model, persons=[person])
        try:
            made = routes.answers().scores(one, routes.occasion(request, "fhir"))
        except Unknown:
            continue
        routes.record_scored(request, made)
        found += [risk.risk_assessment(each, made.zone) for each in told_of(made)]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        **({"entry": [_found(each) for each in found]} if found else {}),
    }


def told_of(made: Any) -> list[risk.Told]:
    """Scores just given, as they were kept."""
    from dataclasses import asdict

    from serving.score import tiers_of

    rows = made.scored.rows.to_dict("records")
    return [
        risk.Told(
            score_id=made.score_ids[place],
            person_id=str(row["person_id"]),
            stay_id=str(row["stay_id"]),
            as_of=int(row["as_of"]),
            discharge_day=int(row["discharge_day"]),
            model=made.with_.spec.name,
            version=made.with_.release.version,
            risk=float(made.scored.risk[place]),
            tier=tier.value,
            reasons=[asdict(each) for each in made.why[place].reasons] if place in made.why else None,
        )
        for place, (row, tier) in enumerate(zip(rows, tiers_of(made.scored, made.with_), strict=True))
    ]


def read(request: Request, _: Given) -> Resource:
    """GET /fhir/RiskAssessment/ID: a score as it was given then."""
    score_id = request.path_params["id"]
    if not SCORE.fullmatch(score_id):
        raise Wrong("not-found", None, "no RiskAssessment of this id", 404)
    with current().connect() as connection:
        row = connection.execute(select(KEPT_SCORE).where(KEPT_SCORE.c.score_id == score_id)).mappings().first()
    if row is None:
        raise Wrong("not-found", None, "no RiskAssessment of this id", 404)
    told = risk.Told(**{name: row[name] for name in risk.Told.__dataclass_fields__})
    stays = [(told.person_id, told.stay_id)]
    record(current(), scored(caller_of(request.scope), told.model, told.version, stays, _id_of(request)))
    return risk.risk_assessment(told, routes.answers().zone())


def _found(resource: Resource) -> Resource:
    return {"fullUrl": f"urn:afterward:score:{resource['id']}", "resource": resource, "search": {"mode": "match"}}


def _standing() -> list[str]:
    return list(routes.answers().watch.versions())


def _model(name: str) -> str:
    if name not in MODELS:
        raise Wrong("code-invalid", "method", f"one of {', '.join(MODELS)} is expected")
    return name


# ---- care gaps


def gaps(request: Request, given: Given) -> Resource:
    """Measure/$care-gaps: periodStart, periodEnd, subject, status."""
    asked_for = _parameters(given, (*GIVEN_ONCE, "status"))
    first, last = (_day(_one(asked_for, name), name) for name in ("periodStart", "periodEnd"))
    if last < first or first != windows.first_day_of_year(windows.year_of(last)):
        says = "a period within one year that begins on its first day is expected: the measures ask about years"
        raise Wrong("value", "periodStart", says)
    person = _patient(_one(asked_for, "subject"))
    statuses = frozenset(asked_for.get("status", ()))
    if not statuses or statuses - set(care_gaps.STATUSES):
        code = "required" if not statuses else "code-invalid"
        raise Wrong(code, "status", f"one or more of {', '.join(care_gaps.STATUSES)} is expected")
    now = windows.now()
    zone = routes.answers().zone()
    as_of = min(last, int(windows.local_day(now, zone)))
    rows = routes.answers().gaps_of(person, as_of)
    record(current(), saw(caller_of(request.scope), [person], _id_of(request)))
    asked = care_gaps.Asked(windows.iso(first), windows.iso(last), statuses, windows.stamp(now, zone))
    return care_gaps.parameters({person: rows} if rows else {}, asked)


def _day(text: str, name: str) -> int:
    try:
        return windows.parse_day(text)
    except BadInput:
        raise Wrong("value", name, "a day, YYYY-MM-DD, is expected") from None


def _of_body(body: Any) -> list[tuple[str, str]]:
    """The parameters of a Parameters resource, by name."""
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        raise Wrong("structure", "Parameters", "a Parameters resource is expected")
    parts = body.get("parameter", [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Wrong("structure", "Parameters.parameter", "a list of parameters is expected")
    found = []
    for number, part in enumerate(parts):
        values = [value for key, value in part.items() if key.startswith("value")]
        if not isinstance(part.get("name"), str) or len(values) != 1 or not isinstance(values[0], str):
            where = f"Parameters.parameter[{number}]"
            raise Wrong("structure", where, "a name and one value that is text are expected")
        found.append((part["name"], values[0]))
    return found


# ---- a request read, a resource written


def _parameters(given: Sequence[tuple[str, str]], known: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in given:
        if name == "_format":
            continue
        if name not in known:
            raise Wrong("not-supported", None, f"the parameters {', '.join(known)} are expected")
        found.setdefault(name, []).append(value)
    return found


def _one(given: Mapping[str, list[str]], name: str) -> str:
    values = given.get(name, [])
    if len(values) != 1:
        raise Wrong("required", name, "exactly one value is expected")
    return values[0]


def _patient(reference: str) -> str:
    found = PATIENT.fullmatch(reference)
    if found is None:
        raise Wrong("value", "subject", "a reference to one Patient is expected, Patient/ID")
    return found.group(1)


def _id_of(request: Request) -> str | None:
    return routes.occasion(request, "fhir").request_id


def _written(resource: Resource, status: int = 200) -> Response:
    return Response(orjson.dumps(resource), status, media_type=FHIR_JSON)


def _refused(status: int, code: str, says: str, where: str | None = None) -> Response:
    return _written(operation_outcome(code, says, where), status)


def _endpoint(path: str, answer: Answer) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        request.scope.get(ROUTE_ON_SCOPE, [""])[0] = f"/fhir{path}"
        try:
            posted = request.method == "POST"
            given = _of_body(await routes.json_body(request)) if posted else request.query_params.multi_items()
            return _written(await run_in_threadpool(answer, request, given))
        except Wrong as wrong:
            return _refused(wrong.status, wrong.code, wrong.says, wrong.where)
        except routes.NotRead as wrong:
            return _refused(wrong.status, "structure", f"{wrong.problem.expected} is expected")
        except BadInput as wrong:
            return _refused(422, "processing", f"{wrong.expected} is expected")
        except Failure as failure:
            log.error("cannot answer: %s", failure)
            return _refused(503, "transient", f"cannot answer now: {failure.got}")
        except Exception as fault:  # its message may hold a patient's value
            log.error("fault: %s in %s", type(fault).__name__, places(fault))
            return _refused(500, "exception", "a fault of ours; the log says where")

    return endpoint


def metadata(_: Request, __: Given) -> Resource:
    """GET /fhir/metadata."""
    return capability_statement(version_of("afterward"), _started())


@lru_cache(maxsize=1)
def _started() -> str:
    return windows.stamp(windows.now(), "UTC")


async def _not_there(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    answer = _refused(problem.status_code, "not-supported", "what the CapabilityStatement names is expected")
    answer.headers.update(problem.headers or {})
    return answer


def _route(path: str, answer: Answer, *methods: str) -> Route:
    return Route(path, _endpoint(path, answer), methods=list(methods))


app = Starlette(
    routes=[
        _route("/metadata", metadata, "GET"),
        _route("/RiskAssessment", search, "GET"),
        _route("/RiskAssessment/{id}", read, "GET"),
        _route("/Measure/$care-gaps", gaps, "GET", "POST"),
    ],
    exception_handlers={HTTPException: _not_there},
)
