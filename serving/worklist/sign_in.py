"""Signing in and out with a local account, and the way in which Guard finds whoever is signed in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from serving.audit import Entry
from serving.database import current, writing
from serving.worklist import accounts, sessions
from serving.worklist.tables import ACCOUNT
from serving.worklist.web import ROOT, Form, audited, caller, engine_of, form_of, one, same_site, session_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from serving.auth import Caller

    Again = Callable[[Request, sessions.Session, str, Form], Response | None]

ADDRESS = f"{ROOT}/sign-in"
WRONG = "Name and password do not fit together, or the account is locked for a quarter of an hour."


async def by_session(scope: Scope) -> Caller | None:
    """The way of browsers, for Guard: who is signed in, on the worklist's own addresses; null where nobody is."""
    if scope["path"] != ROOT and not scope["path"].startswith(f"{ROOT}/"):
        return None
    secret = sessions.secret_of(HTTPConnection(scope).cookies)
    return await run_in_threadpool(_caller, secret) if secret else None


def _caller(secret: str) -> Caller | None:
    with current().connect() as connection:
        found = sessions.session(connection, secret)
    return None if found is None else caller(found.account)


def ask(request: Request) -> Response:
    """GET sign-in: the form."""
    if session_of(request) is not None:
        return RedirectResponse(f"{ROOT}/", 303)
    back = request.query_params.get("back", "")
    return shown(request, "sign_in.html", None, back=back, carried="", problem="")


def signing_in(again: Again) -> Callable[[Request], Any]:
    """POST sign-in. `again` shows the page with what somebody was writing when their session ended."""

    async def endpoint(request: Request) -> Response:
        given = await form_of(request)
        if given is None or not same_site(request):
            return shown(request, "problem.html", None, 403, problem="This form was not sent from our own page.")
        return await run_in_threadpool(_signed_in, request, given, again)

    return endpoint


def _signed_in(request: Request, given: Form, again: Again) -> Response:
    engine = engine_of(request)
    with writing(engine) as connection:
        found = accounts.proven(connection, one(given, "name").strip().lower(), one(given, "password"))
        secret = sessions.begin(connection, found.name) if found is not None else ""
        begun = sessions.session(connection, secret) if secret else None
    carried = one(given, "carried")
    name = one(given, "name").strip().lower()[:80]
    audited(request, [Entry("sign_in", "E", name, outcome="4" if begun is None else "0")])
    if begun is None:
        more = {"back": one(given, "back"), "carried": carried, "problem": WRONG}
        return shown(request, "sign_in.html", None, 401, **more)
    answer = _carried_on(request, begun, carried, again)
    if answer is None:
        answer = RedirectResponse(_inside(one(given, "back")), 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(sessions.COOKIE, secret, path=ROOT, httponly=True, samesite="lax", secure=secure)
    return answer


def _carried_on(request: Request, begun: sessions.Session, carried: str, again: Again) -> Response | None:
    try:
        told = json.loads(carried)
        path, written = (
            str(told["path"]),
            {str(name): [str(v) for v in values] for name, values in told["form"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return again(request, begun, path, written)


def _inside(path: str) -> str:
    """A path of ours to go to after signing in; anything else is the list."""
    ours = path.startswith(f"{ROOT}/") and not any(sign in path for sign in ("\\", "//", "\r", "\n"))
    return path if ours else f"{ROOT}/"


def sign_out(request: Request, found: sessions.Session, given: Form) -> Response:
    """POST sign-out."""
    with writing(engine_of(request)) as connection:
        sessions.end(connection, sessions.secret_of(request.cookies))
    answer = RedirectResponse(f"{ROOT}/sign-in", 303)
    answer.delete_cookie(sessions.COOKIE, path=ROOT)
    return answer


def first_account(connection: Connection) -> tuple[str, str] | None:
    """Name and password of a first account, made where there is none, in a transaction that writes."""
    if connection.execute(select(func.count()).select_from(ACCOUNT)).scalar_one():
        return None
    roles = (accounts.CARE_MANAGER, accounts.SUPERVISOR)
    return "first", accounts.add(connection, "first", "First account", roles)
