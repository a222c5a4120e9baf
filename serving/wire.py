"""What goes over the wire, as Pydantic models, and the OpenAPI document made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

MOST_IDS = 1_000
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ScoreRequest(BaseModel):
    """Whom to score, in one of three ways: ids of stays, ids of people (their latest index stay), or inline records."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"model": "readmission_30d", "persons": ["P0000017"]}]},
    )

    model: Identifier = Field(description="The model, such as readmission_30d; its champion answers.")
    stays: list[Identifier] | None = Field(None, min_length=1, max_length=MOST_IDS, description="Ids of index stays.")
    persons: list[Identifier] | None = Field(None, min_length=1, max_length=MOST_IDS, description="Ids of people.")
    records: dict[str, list[dict[str, Any]]] | None = Field(
        None, description="Rows of canonical tables by table name; the people in them are scored on these rows alone."
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


class ScoreResponse(BaseModel):
    """The scores, in the order asked for."""

    model: str
    version: int
    scores: list[ScoreOut]


class Problem(BaseModel):
    """One thing that is wrong: the field, and what was expected. The value itself is never told."""

    field: str
    problem: str


class Problems(BaseModel):
    """Why a request was refused."""

    errors: list[Problem]


def problems_of(wrong: ValidationError) -> Problems:
    """Pydantic's findings, without the values."""
    found = []
    for error in wrong.errors(include_input=False, include_url=False, include_context=False):
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
        found.append(Problem(field=place or "body", problem=error["msg"]))
    return Problems(errors=found)


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
