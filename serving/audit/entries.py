"""One line of the audit log, shaped after FHIR's AuditEvent, and how it is chained to the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import BigInteger, Column, Integer, String, Table

from serving.database import METADATA

if TYPE_CHECKING:
    from serving.auth.caller import Caller

Long = BigInteger().with_variant(Integer, "sqlite")
BEGINNING = "0" * 64
LINES_AT_ONCE = 2_000  # read at once: a log outgrows the memory
AUDIT = Table(
    "audit_event",
    METADATA,
    Column("seq", Long, primary_key=True, autoincrement=False),
    Column("recorded", Long, nullable=False),
    Column("type", String, nullable=False),
    Column("action", String(1), nullable=False),
    Column("agent", String, nullable=False),
    Column("roles", String, nullable=False),
    Column("person", String, index=True),
    Column("stay", String),
    Column("about", String),
    Column("outcome", String(2), nullable=False),
    Column("model", String),
    Column("version", Integer),
    Column("request", String),
    Column("hash", String(64), nullable=False),
)
TOLD = tuple(column.name for column in AUDIT.columns if column.name != "hash")


@dataclass(frozen=True)
class Entry:
    """`type`: score, view, change, export, sign_in. `action` and `outcome` in FHIR's codes: C, R, U, D or E; 0 success,
    4 refused, 8 failed. `agent`: the caller's name, `roles` theirs then. `person` and `stay`: who was seen; null where
    it was nobody's. `about`: what else it concerned, such as a key that was made. `request`: the id under which the
    ordinary log tells of it.
    """

    type: str
    action: Literal["C", "R", "U", "D", "E"]
    agent: str
    roles: str = ""
    person: str | None = None
    stay: str | None = None
    about: str | None = None
    outcome: Literal["0", "4", "8", "12"] = "0"
    model: str | None = None
    version: int | None = None
    request: str | None = None


def scored(
    caller: Caller, model: str, version: int, stays: Iterable[tuple[str, str | None]], request: str | None = None
) -> list[Entry]:
    """A line for each person and stay that the caller got a score of."""
    roles = _listed(caller)
    return [
        Entry("score", "E", caller.name, roles, person, stay, model=model, version=version, request=request)
        for person, stay in stays
    ]


def saw(caller: Caller, persons: Iterable[str], request: str | None = None) -> list[Entry]:
    """A line for each person whom the caller was shown."""
    roles = _listed(caller)
    return [Entry("view", "R", caller.name, roles, person, request=request) for person in persons]


def chained(entries: Sequence[Entry], last: int, last_hash: str, recorded: int) -> list[dict[str, Any]]:
    """The rows of these entries after row `last`, each with its hash."""
    rows = []
    for seq, entry in enumerate(entries, last + 1):
        row: dict[str, Any] = {"seq": seq, "recorded": recorded}
        row |= {name: _storable(value) for name, value in vars(entry).items()}
        row["hash"] = last_hash = hash_of(row, last_hash)
        rows.append(row)
    return rows


def hash_of(row: dict[str, Any], before: str) -> str:
    """SHA-256, in hexadecimal digits, of the hash before and all that the row tells."""
    told = json.dumps([row[name] for name in TOLD], ensure_ascii=False, separators=(",", ":"))
    return sha256(f"{before}{told}".encode()).hexdigest()


def _storable(value: object) -> object:
    """What both databases give back as it was put in: PostgreSQL takes no NUL, neither takes half a character."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _listed(caller: Caller) -> str:
    return " ".join(sorted(caller.roles))
