"""Who may ask what.

Guard stands before the whole server. It finds who is asking and puts a `Caller(name, roles, scopes, panels)` on the
ASGI scope; a route reads it with `caller_of(request.scope)`. It denies by default: a path and method pass only where
`access.OPEN` names them (no caller then) or where a line of `access.RULES` gives them to one of the caller's roles.
Whoever adds a route adds its line there:

    _rule("GET", "/v1/outreach", INTEGRATION, CARE_MANAGER)

A person is found by the *ways* that Guard is given: `Way = (scope) -> Caller | None`, tried in order. Keys of machines
and bearer tokens are ours (`guard.WAYS`); a session in a browser is one more: `Guard(app, ways=(*WAYS, by_session))`.
Without any valid one the answer is 401; a browser that asks for a page is sent to `Guard(app, sign_in="/...")`.

`sees(caller, practice)` says whether a person of a practice may be shown, `may_word(caller)` which
sensitive categories may be put into words. What was seen is recorded with `serving.audit.record(engine, entries)`
before the answer leaves, on `serving.database.current()`, the one engine of this process.
"""

from __future__ import annotations

from serving.auth.caller import (
    ADMIN,
    CARE_MANAGER,
    COMMITTEE,
    DATA_SCIENTIST,
    INTEGRATION,
    Caller,
    caller_of,
    may_word,
    sees,
)
from serving.auth.guard import WAYS, Guard, Way

__all__ = [
    "ADMIN",
    "CARE_MANAGER",
    "COMMITTEE",
    "DATA_SCIENTIST",
    "INTEGRATION",
    "WAYS",
    "Caller",
    "Guard",
    "Way",
    "caller_of",
    "may_word",
    "sees",
]
