"""Keys of machines: made, changed and taken back by one command each, and shown once.

A key is 32 random bytes. Of these the database keeps a SHA-256 and no more: what nobody can guess needs no slow hash,
which is for passwords, and every request would pay for one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, String, Table, Text, insert, select, update

from features import windows
from features.errors import BadInput, BadSetting
from serving.audit import Entry, record
from serving.audit.entries import Long
from serving.auth.caller import ROLES, Caller
from serving.database import METADATA, writing

if TYPE_CHECKING:
    from sqlalchemy import Engine

MARK = "afterward"  # so that a key that leaked into some text is found, and known for what it is
KEYS = Table(
    "api_key",
    METADATA,
    Column("key_id", String(16), primary_key=True),
    Column("name", String(80), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("roles", Text, nullable=False),  # words with a blank between, as the two below
    Column("scopes", Text, nullable=False),
    Column("panels", Text, nullable=False),  # lines: a practice's name may hold blanks
    Column("made", Long, nullable=False),
    Column("expires", Long),
    Column("revoked", Long),
)


@dataclass(frozen=True)
class Key:
    """One key, without its secret. `made`, `expires` and `revoked` are instants; null is never."""

    key_id: str
    hash: str
    caller: Caller
    made: int
    expires: int | None
    revoked: int | None


def add(engine: Engine, caller: Caller, expires: int | None, by: str) -> str:
    """A new key for this caller; gives its text, which is kept nowhere. Raises BadInput where the name has one."""
    if not caller.name or len(caller.name) > 80 or not caller.name.isprintable():
        raise BadInput(got="that name", expected="1 to 80 printable characters", do="Name the system that will call.")
    if any(is_valid(key, windows.now()) for key in of_name(engine, caller.name)):
        raise BadInput(
            got=f"{caller.name}, which has a valid key",
            expected="a name that has none",
            do=f"Run `afterward keys rotate {caller.name}`, or take another name.",
        )
    return _made(engine, caller, expires, by)


def rotate(engine: Engine, name: str, hours: int, by: str) -> str:
    """A new key with the rights of the present one, which ends after so many hours; gives the new text."""
    now = windows.now()
    valid = [key for key in of_name(engine, name) if is_valid(key, now)]
    if not valid:
        raise _unknown(name)
    present = max(valid, key=lambda key: float("inf") if key.expires is None else key.expires)
    ends = windows.hours_after(now, hours)
    with writing(engine) as connection:
        for key in valid:
            last = ends if key.expires is None else min(ends, key.expires)
            connection.execute(update(KEYS).where(KEYS.c.key_id == key.key_id).values(expires=last))
    return _made(engine, present.caller, present.expires, by)


def revoke(engine: Engine, name: str, by: str) -> int:
    """End every key of this name now; gives how many there were. Raises BadInput where none was valid."""
    now = windows.now()
    valid = [key for key in of_name(engine, name) if is_valid(key, now)]
    if not valid:
        raise _unknown(name)
    with writing(engine) as connection:
        ids = [key.key_id for key in valid]
        connection.execute(update(KEYS).where(KEYS.c.key_id.in_(ids)).values(revoked=now))
    record(engine, [Entry("change", "D", by, about=f"key {key_id} of {name}") for key_id in ids])
    return len(valid)


def every(engine: Engine) -> tuple[Key, ...]:
    """All keys there ever were, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(select(KEYS).order_by(KEYS.c.name, KEYS.c.made, KEYS.c.key_id)).mappings()
        return tuple(_key(row) for row in rows)


def of_name(engine: Engine, name: str) -> list[Key]:
    """The keys of one name, oldest first."""
    return [key for key in every(engine) if key.caller.name == name]


def is_valid(key: Key, now: int) -> bool:
    """Whether it is neither taken back nor run out."""
    return key.revoked is None and (key.expires is None or now < key.expires)


def expect_somebody(engine: Engine) -> None:
    """Raises BadSetting where no key is valid, so that nobody could ask."""
    now = windows.now()
    if not any(is_valid(key, now) for key in every(engine)):
        raise BadSetting(
            got="no AFTERWARD_API_KEY, and no valid key in the database",
            expected="one of them: else nobody can ask",
            do="Run `afterward keys add NAME --role integration`, or set AFTERWARD_API_KEY.",
        )


def checked_roles(names: Iterable[str]) -> frozenset[str]:
    """Roles by name. Raises BadInput for one that there is not."""
    given = frozenset(names)
    if not given or not given <= set(ROLES):
        raise BadInput(
            got=f"role {', '.join(sorted(given - set(ROLES)))}" if given else "no role",
            expected=f"one or more of {', '.join(ROLES)}",
            do="Give each by --role.",
        )
    return given


def hashed(secret: str) -> str:
    """What is kept of a key's secret part."""
    return sha256(secret.encode()).hexdigest()


def _made(engine: Engine, caller: Caller, expires: int | None, by: str) -> str:
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {
        "key_id": key_id,
        "name": caller.name,
        "hash": hashed(secret),
        "roles": " ".join(sorted(caller.roles)),
        "scopes": " ".join(sorted(caller.scopes)),
        "panels": "\n".join(sorted(caller.panels)),
        "made": windows.now(),
        "expires": expires,
    }
    with writing(engine) as connection:
        connection.execute(insert(KEYS).values(**row))
    record(engine, [Entry("change", "C", by, about=f"key {key_id} of {caller.name}: {row['roles']} {row['scopes']}")])
    return f"{MARK}_{key_id}_{secret}"


def _key(row: Any) -> Key:
    caller = Caller(
        row["name"],
        frozenset(row["roles"].split()),
        frozenset(row["scopes"].split()),
        frozenset(row["panels"].splitlines()),
    )
    return Key(row["key_id"], row["hash"], caller, row["made"], row["expires"], row["revoked"])


def _unknown(name: str) -> BadInput:
    return BadInput(got=f"{name}, which has no valid key", expected="one that has", do="See `afterward keys list`.")
