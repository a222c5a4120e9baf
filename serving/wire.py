"""What goes over the wire, as Pydantic models, and the OpenAPI document made from them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from features.errors import BadInput
from models.specs import OF_DISCHARGES

MOST_IDS = 1_000
MOST_PROBLEMS = 100
MODELS = tuple(spec.name for spec in OF_DISCHARGES)
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Row = dict[str, Any]


def _of_a_model(name: str) -> str:
    if name not in MODELS:
        raise ValueError(f"one of {', '.join(MODELS)} is expected")
    return name


class ScoreRequest(BaseModel):
    """Whom to score, in one of three ways: ids of stays, ids of people (their latest index stay), or inline records."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"model": "readmission_30d", "persons": ["P0000017"]}]},
    )

    model: Annotated[str, AfterValidator(_of_a_model)] = Field(
        description="The model; its champion answers.", json_schema_extra={"enum": list(MODELS)}
    )
    stays: list[Identifier] | None = Field(
        default=None, min_length=1, max_length=MOST_IDS, description="Ids of index stays."
    )
    persons: list[Identifier] | None = Field(
        default=None, min_length=1, max_length=MOST_IDS, description="Ids of people."
    )
    records: dict[str, Annotated[list[Row], FailFast()]] | None = Field(
        default=None,
        description="Rows of canonical tables by table name; the people in them are scored on these rows alone.",
    )

    @model_validator(mode="after")
    def one_way(self) -> Self:
        """Exactly one of stays, persons and records is given."""
        if sum(way is not None for way in (self.stays, self.persons, self.records)) != 1:
            raise ValueError("give exactly one of stays, persons and records")
        return self


class ReasonOut(BaseModel):
    """One group's part in the score, in log-odds, worded with the person's own value."""

    group: str
    sentence: str
    value: str
    direction: Literal["raises", "lowers"]
    log_odds: float
    actionable: bool


class ScoreOut(BaseModel):
    """One index stay's calibrated risk, as known at `as_of`."""

    person_id: str
    stay_id: str
    as_of: str = Field(description="ISO 8601")
    discharge_date: str
    risk: float = Field(ge=0, le=1)
    tier: Literal["high", "medium", "low"]
    reasons: list[ReasonOut]
    base_log_odds: float = Field(description="The model's log-odds before anything is known of the person.")
    other_log_odds: float = Field(
        description="What no reason tells: base, reasons and other add up to the log-odds before calibration."
    )


class ScoreResponse(BaseModel):
    """The scores, in the order asked for."""

    model: str
    version: int
    scores: list[ScoreOut]
    warnings: list[str] = Field(
        default=[], description="How the data scored differ from those that the model was trained on."
    )


class Problem(BaseModel):
    """One thing that is wrong: the field, and what was expected. The value itself is never told."""

    field: str
    problem: str


class Problems(BaseModel):
    """Why a request was refused."""

    errors: list[Problem]


def problems_of(wrong: ValidationError) -> list[Problem]:
    """Pydantic's findings, without the values."""
    errors = wrong.errors(include_input=False, include_url=False, include_context=False)[:MOST_PROBLEMS]
    says = [error["msg"].removeprefix("Value error, ").removesuffix(" or instance of ScoreRequest") for error in errors]
    return [Problem(field=_place(error["loc"]), problem=said) for error, said in zip(errors, says, strict=True)]


def problem_of(wrong: BadInput) -> Problem:
    """What `features.record.inline` found: its message begins with the field."""
    field, _, says = wrong.got.partition(" ")
    return Problem(field=field, problem=f"{says}; expected {wrong.expected}")


def _place(parts: tuple[int | str, ...]) -> str:
    """`records.person[3].sex`. A name that does not look like one of ours may be a patient's, so it is not repeated."""
    names = (f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in parts)
    return "".join(names).lstrip(".") or "body"


def _shown(name: str) -> str:
    return name if re.fullmatch("[a-z_]{1,40}", name) else "(unknown)"


def openapi(version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of the clinical routes."""
    models = (ScoreRequest, ScoreResponse, Problems)
    schemas: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema

    def answer(says: str, model: type[BaseModel]) -> dict[str, Any]:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
        return {"description": says, "content": content}

    refused = {
        "400": answer("not JSON", Problems),
        "401": answer("no valid key", Problems),
        "413": answer("larger than is read", Problems),
        "422": answer("a field that is not right", Problems),
        "503": answer("no champion to answer with, or no store", Problems),
    }
    body = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ScoreRequest"}}},
        "required": True,
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Afterward", "version": version, "description": "Risk after discharge, with reasons."},
        "paths": {
            "/v1/score": {
                "post": {
                    "summary": "Score stays, people or inline records",
                    "operationId": "score",
                    "requestBody": body,
                    "responses": {"200": answer("the scores", ScoreResponse), **refused},
                }
            },
            "/healthz": {
                "get": {
                    "summary": "Whether the service is alive",
                    "operationId": "healthz",
                    "security": [],
                    "responses": {"200": {"description": "alive"}},
                }
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": [{"bearer": []}, {"key": []}],
    }
