"""Who may sign in with a password: local accounts, their roles, panels and calls a day."""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, insert, select, update

from features import windows
from features.errors import BadInput
from serving.worklist.tables import ACCOUNT, SESSION

CARE_MANAGER, SUPERVISOR = "care_manager", "supervisor"
ROLES = (CARE_MANAGER, SUPERVISOR)
CALLS_A_DAY = 20
SHORTEST_PASSWORD = 12
TRIES, LOCKED_SECONDS = 5, 15 * 60
_HASHER = PasswordHasher()  # argon2id with the library's parameters (RFC 9106, low memory)


@dataclass(frozen=True)
class Account:
    """One who may sign in. `panels` are the practices whose people they see; a supervisor sees everyone. `capacity` is
    calls a day.
    """

    name: str
    full_name: str
    roles: tuple[str, ...]
    panels: tuple[str, ...]
    capacity: int


def add(
    connection: Connection,
    name: str,
    full_name: str,
    roles: Sequence[str],
    panels: Sequence[str] = (),
    capacity: int = CALLS_A_DAY,
    password: str | None = None,
) -> str:
    """Make an account and give its password, made up here where none is given. Raises BadInput for a name that is taken
    or no name, a role that is none, or a password that is too short.
    """
    given = secrets.token_urlsafe(12) if password is None else password
    _check(name, roles, capacity, given)
    if SUPERVISOR not in roles and not panels:
        raise BadInput(
            got="a care manager without a panel, who would see nobody",
            expected="a practice or more whose people they call",
            do="Give --panel, or --role supervisor to somebody who is to see the whole network.",
        )
    if connection.execute(select(ACCOUNT.c.name).where(ACCOUNT.c.name == name)).scalar() is not None:
        raise BadInput(got="a name that is taken", expected="a new one", do="Choose another.")
    values = {
        "name": name,
        "full_name": full_name or name,
        "password": _HASHER.hash(given),
        "roles": json.dumps(sorted(set(roles))),
        "panels": json.dumps(sorted(set(panels))),
        "capacity": capacity,
        "active": 1,
        "failures": 0,
        "locked_until": 0,
    }
    connection.execute(insert(ACCOUNT).values(**values))
    return given


def _check(name: str, roles: Sequence[str], capacity: int, password: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._@-]{0,79}", name):
        raise BadInput(
            got="a name that is none",
            expected="small letters, digits, dots and hyphens",
            do="Write it like maria.lopez.",
        )
    if not roles or set(roles) - set(ROLES):
        raise BadInput(got="no role, or one that is none", expected=f"one of {', '.join(ROLES)}", do="Choose one.")
    if capacity < 1:
        raise BadInput(got=f"{capacity} calls a day", expected="1 or more", do="Say how many calls there is time for.")
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(
            got=f"a password of {len(password)} characters",
            expected=f"{SHORTEST_PASSWORD} or more",
            do="Take a longer one; a sentence does well.",
        )


def new_password(connection: Connection, name: str, password: str | None = None) -> str:
    """Give an account another password, end its sessions, and let it in again where it was locked."""
    given = secrets.token_urlsafe(12) if password is None else password
    account(connection, name)
    _check(name, ROLES, 1, given)
    values = {"password": _HASHER.hash(given), "failures": 0, "locked_until": 0}
    connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(**values))
    connection.execute(SESSION.delete().where(SESSION.c.account == name))
    return given


def switch_off(connection: Connection, name: str) -> None:
    """Nobody signs in with it any more, and whoever is signed in is out. What they did stays under their name."""
    account(connection, name)
    connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(active=0))
    connection.execute(SESSION.delete().where(SESSION.c.account == name))


def account(connection: Connection, name: str) -> Account:
    """The account of that name, active or not. Raises BadInput where there is none."""
    row = connection.execute(select(ACCOUNT).where(ACCOUNT.c.name == name)).mappings().first()
    if row is None:
        raise BadInput(got="a name that nobody has", expected="an account", do="See `afterward worklist accounts`.")
    roles, panels = tuple(json.loads(row["roles"])), tuple(json.loads(row["panels"]))
    return Account(row["name"], row["full_name"], roles, panels, row["capacity"])


def accounts(connection: Connection) -> list[Account]:
    """The active accounts, by name."""
    names = connection.execute(select(ACCOUNT.c.name).where(ACCOUNT.c.active == 1).order_by(ACCOUNT.c.name)).scalars()
    return [account(connection, name) for name in names.all()]


def managers_of_panels(connection: Connection) -> dict[str, str]:
    """The one active care manager of each practice that exactly one has in their panel."""
    managers = [one for one in accounts(connection) if CARE_MANAGER in one.roles]
    times = Counter(practice for one in managers for practice in one.panels)
    return {practice: one.name for one in managers for practice in one.panels if times[practice] == 1}


def proven(connection: Connection, name: str, password: str) -> Account | None:
    """The account, where the password is its own, in a transaction that writes; null otherwise, whatever is wrong, and
    after as much work. Five wrong passwords in a row lock the account for a quarter of an hour.
    """
    row = connection.execute(select(ACCOUNT).where(ACCOUNT.c.name == name)).mappings().first()
    right = _is_right(row["password"] if row is not None else _NOBODY, password)
    if row is None or not row["active"] or row["locked_until"] > windows.now():
        return None
    failures = 0 if right else row["failures"] + 1
    locked = windows.now() + LOCKED_SECONDS if failures >= TRIES else 0
    values = {"failures": 0 if locked else failures, "locked_until": locked}
    connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(**values))
    return account(connection, name) if right else None


_NOBODY = _HASHER.hash(secrets.token_urlsafe(12))


def _is_right(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
