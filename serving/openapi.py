"""The OpenAPI 3.1 document of the clinical routes, made from what the routes themselves are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from serving.wire import Problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel
    from starlette.requests import Request

REFUSED = {
    "400": "not JSON, or not in UTF-8",
    "401": "nobody whom we know asks",
    "403": "not for this caller",
    "413": "larger than is read",
    "415": "something else than JSON",
    "422": "a field that is not right",
    "503": "cannot answer now: no champion, no store, or nowhere to keep what is answered",
}


@dataclass(frozen=True)
class Operation:
    """One route: what is asked (in the body of a POST, in the query of a GET), what is answered and by what.
    `also` are answers other than 200 that carry the same model.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    says: str
    asked: type[BaseModel] | None
    answered: type[BaseModel]
    answer: Callable[[Any, Request], BaseModel]
    also: dict[int, str] = field(default_factory=dict)


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of the operations."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for each in operations:
        paths.setdefault(f"/v1{each.path}", {})[each.method.lower()] = _told(each, schemas)
    paths["/v1/openapi.json"] = {"get": _plain("This document", "openapi", "the document")}
    paths["/healthz"] = {"get": {**_plain("Whether the service is alive", "healthz", "alive"), "security": []}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Afterward", "version": version, "description": "Risk after discharge, with reasons."},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": [{"bearer": []}, {"key": []}],
    }


def _told(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    answers = {
        "200": _answer(operation.says, operation.answered, schemas),
        **{str(status): _answer(says, operation.answered, schemas) for status, says in operation.also.items()},
        **{
            status: _answer(says, Problems, schemas)
            for status, says in REFUSED.items()
            if int(status) not in operation.also and (operation.method == "POST" or status not in ("400", "413", "415"))
        },
    }
    told: dict[str, Any] = {"summary": operation.says, "operationId": operation.name, "responses": answers}
    if operation.asked is not None and operation.method == "POST":
        content = {"application/json": {"schema": _ref(operation.asked, schemas)}}
        told["requestBody"] = {"content": content, "required": True}
    elif operation.asked is not None:
        told["parameters"] = _parameters(operation.asked)
    return told


def _plain(says: str, name: str, answer: str) -> dict[str, Any]:
    return {"summary": says, "operationId": name, "responses": {"200": {"description": answer}}}


def _answer(says: str, model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    return {"description": says, "content": {"application/json": {"schema": _ref(model, schemas)}}}


def _ref(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": told.pop("description", ""),
            "schema": told,
        }
        for name, told in schema["properties"].items()
    ]
