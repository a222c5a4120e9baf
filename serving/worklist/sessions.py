"""Who is signed in: sessions kept in the database, so that a restart ends none. The cookie alone has its secret."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from features import windows
from serving.worklist.accounts import Account, account
from serving.worklist.tables import ACCOUNT, SESSION

COOKIE = "afterward_session"
IDLE_SECONDS = 30 * 60  # after which somebody who did nothing is signed out
LONGEST_SECONDS = 12 * 3_600
NOTED_SECONDS = 60  # how often a use is written down: a page that is only read should not wait for the disk


@dataclass(frozen=True)
class Session:
    """A browser in which somebody is signed in; `csrf` is what its forms must carry."""

    account: Account
    csrf: str
    stale: bool  # a use is to be written down


def begin(connection: Connection, name: str) -> str:
    """Sign somebody in, in a transaction that writes; gives the secret for the cookie. Sessions that ended are
    forgotten.
    """
    secret, now = secrets.token_urlsafe(32), windows.now()
    over = or_(SESSION.c.seen < now - IDLE_SECONDS, SESSION.c.began < now - LONGEST_SECONDS)
    connection.execute(delete(SESSION).where(over))
    values = {"session_hash": _hash(secret), "account": name, "csrf": secrets.token_urlsafe(24)}
    connection.execute(insert(SESSION).values(**values, began=now, seen=now))
    return secret


def session(connection: Connection, secret: str) -> Session | None:
    """The session of a cookie; null where it is over or never was, or the account is switched off."""
    now = windows.now()
    wanted = select(SESSION, ACCOUNT.c.active).join(ACCOUNT, ACCOUNT.c.name == SESSION.c.account)
    row = connection.execute(wanted.where(SESSION.c.session_hash == _hash(secret))).mappings().first()
    if row is None or not row["active"]:
        return None
    if row["seen"] < now - IDLE_SECONDS or row["began"] < now - LONGEST_SECONDS:
        return None
    return Session(account(connection, row["account"]), row["csrf"], stale=row["seen"] < now - NOTED_SECONDS)


def note_use(connection: Connection, secret: str) -> None:
    """Write down that a session was used just now."""
    used = update(SESSION).where(SESSION.c.session_hash == _hash(secret)).values(seen=windows.now())
    connection.execute(used)


def end(connection: Connection, secret: str) -> None:
    """Sign out."""
    connection.execute(delete(SESSION).where(SESSION.c.session_hash == _hash(secret)))


def is_ours(given: Session, sent: str) -> bool:
    """Whether a form carries what this session's forms carry."""
    return hmac.compare_digest(given.csrf, sent)


def secret_of(cookies: Mapping[str, Any]) -> str:
    """The secret that a browser sent; empty where none."""
    return str(cookies.get(COOKIE, ""))


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
