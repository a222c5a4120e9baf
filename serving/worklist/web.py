"""From a request to a page: templates, forms, and who is signed in. Deny by default: `page` and `form` ask first."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from serving.audit import Entry, record
from serving.auth import Caller
from serving.database import writing
from serving.worklist import clock, sessions
from serving.worklist.accounts import CARE_MANAGER, SUPERVISOR, Account
from serving.worklist.sessions import Session

ROOT = "/worklist"
HERE = Path(__file__).parent
LARGEST_FORM = 256 * 1024
MOST_FIELDS = 3_000  # a bulk assignment names each row

Form = dict[str, list[str]]
Page = Callable[[Request, Session], Response]
Posted = Callable[[Request, Session, Form], Response]
Endpoint = Callable[[Request], Any]


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The templates; whatever comes from the record is escaped."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"day": clock.short_day, "per_cent": per_cent, "query": urlencode, "zip_self": _same}
    made.globals |= {"root": ROOT, "ahead": clock.from_today}
    return made


def _same(values: Iterable[str]) -> list[tuple[str, str]]:
    """Choices whose value is what is read."""
    return [(value, value) for value in values]


def per_cent(risk: float | None) -> str:
    """`46 %`, and a dash where there is no risk."""
    return "\u2013" if risk is None else f"{risk * 100:.0f}\u2009%"


def engine_of(request: Request) -> Engine:
    """The service's database."""
    found = request.app.state.database()
    assert isinstance(found, Engine)
    return found


def shown(request: Request, name: str, given: Session | None, status: int = 200, **more: Any) -> HTMLResponse:
    """A page from a template, with what every page needs."""
    base = {
        "me": given.account if given else None,
        "supervises": given is not None and SUPERVISOR in given.account.roles,
        "csrf": given.csrf if given else "",
        "path": request.url.path,
    }
    return HTMLResponse(templates().get_template(name).render({**base, **more}), status)


def new_token() -> str:
    """The token of a form: sent twice, done once."""
    return secrets.token_urlsafe(18)


def session_of(request: Request) -> Session | None:
    """Who is signed in in this browser; the use is written down once a minute."""
    secret = sessions.secret_of(request.cookies)
    if not secret:
        return None
    with engine_of(request).connect() as connection:
        found = sessions.session(connection, secret)
    if found is not None and found.stale:
        with writing(engine_of(request)) as connection:
            sessions.note_use(connection, secret)
    return found


def caller(of: Account) -> Caller:
    """Who an account is to the rest of the service: of a supervisor, a care manager too."""
    return Caller(of.name, frozenset({*of.roles, CARE_MANAGER}), panels=frozenset(of.panels))


def audited(request: Request, entries: Sequence[Entry]) -> None:
    """Write down who saw or changed what, before it is shown. Raises BadDatabase where it cannot be."""
    record(engine_of(request), entries)


def page(answer: Page) -> Endpoint:
    """A page for whoever is signed in; others are sent to sign in and come back."""

    def endpoint(request: Request) -> Response:
        found = session_of(request)
        if found is None:
            back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            to = f"{ROOT}/sign-in?{urlencode({'back': back})}"
            if request.headers.get("hx-request"):
                return Response(status_code=401, headers={"HX-Redirect": to})
            return RedirectResponse(to, 303)
        return answer(request, found)

    return endpoint


def form(answer: Posted) -> Endpoint:
    """A form that somebody signed in sent. Where the session is over nothing is done, and what was written is carried
    through the sign-in, back to its page.
    """

    async def endpoint(request: Request) -> Response:
        given = await form_of(request)
        if given is None:
            return HTMLResponse("This form is larger than is read.", 413)
        return await run_in_threadpool(answered, request, given)

    def answered(request: Request, given: Form) -> Response:
        found = session_of(request)
        if found is None:
            carried = json.dumps({"path": request.url.path, "form": given})
            said = "Your session is over. Nothing is lost: what you wrote is kept in this page until you sign in."
            return shown(request, "sign_in.html", None, 401, back=request.url.path, carried=carried, problem=said)
        if not same_site(request) or not sessions.is_ours(found, one(given, "csrf")):
            return shown(request, "problem.html", found, 403, problem="This form was not sent from our own page.")
        return answer(request, found, given)

    return endpoint


async def form_of(request: Request) -> Form | None:
    """The fields of a form; null where it is larger than is read."""
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > LARGEST_FORM:
            return None
    try:
        return parse_qs(read.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return None


def one(given: Form, name: str) -> str:
    """The first value of a field; empty where it was not sent."""
    return given.get(name, [""])[0]


def same_site(request: Request) -> bool:
    """Whether the browser says that our own page sent this; what says nothing is left to the form's own token."""
    told = request.headers.get("sec-fetch-site")
    if told is not None:
        return told in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
