"""What is sent: a call recorded, people assigned. A form becomes a move; what is wrong with it goes back with it."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from features import windows
from features.errors import BadInput
from serving.database import writing
from serving.worklist import accounts, clock, store
from serving.worklist.pages import person, seen
from serving.worklist.sessions import Session
from serving.worklist.states import Action
from serving.worklist.store import Changed, Move, NoItem
from serving.worklist.web import ROOT, Form, engine_of, one, shown

DAY_OF = {  # which field of the form has the day of an action
    Action.ATTEMPT: "next_day",
    Action.SCHEDULE: "visit_day",
    Action.DEFER: "until_day",
    Action.CAME_HOME: "home_day",
}
WORDS = {
    "attempt": "a call without an answer",
    "reach": "a call",
    "schedule": "a visit booked",
    "decline": "that the person declined",
    "defer": "that it is put off",
    "close": "the end of the work",
    "die": "a death",
    "leave": "that the person left the network",
    "reopen": "that it is open again",
    "assign": "another colleague for it",
    "release": "that nobody answers for it",
    "note": "a note",
    "came home": "the day of coming home",
    "fill": "the morning's list",
}


def record(request: Request, who: Session, given: Form) -> Response:
    """POST /people/N: a call, or what else became of it; then to the next person, or back with what was wrong."""
    item_id = int(request.path_params["item"])
    try:
        move, version = _move(given), _version(given)
        with writing(engine_of(request)) as connection:
            seen(connection, item_id, who)
            store.act(connection, item_id, version, move, who.account.name, _token(given), clock.today(connection))
    except NoItem:
        return shown(request, "problem.html", who, 404, problem="This person is not on your list.")
    except Changed as changed:
        return person(request, who, item_id, given, said(request, changed), 409)
    except BadInput as wrong:
        return person(request, who, item_id, given, f"Not saved: {wrong.got}. {wrong.do}", 422)
    stays = move.action in (Action.NOTE, Action.ASSIGN, Action.RELEASE, Action.REOPEN, Action.CAME_HOME)
    return RedirectResponse(f"{ROOT}/people/{item_id}?saved=1" if stays else f"{ROOT}/?saved={item_id}", 303)


def said(request: Request, changed: Changed) -> str:
    """What somebody is told whose form is behind."""
    with engine_of(request).connect() as connection:
        by, zone = changed.by, clock.zone(connection)
        with suppress(BadInput):
            by = accounts.account(connection, changed.by).full_name
    at = f" at {clock.clock_time(changed.at, zone)[-5:]}" if changed.at else ""
    what = WORDS.get(changed.action, changed.action)
    return (
        f"Not saved yet: {by} recorded {what} here{at}, after you opened this page. What you wrote is below. "
        "Look at the history, then save again if it still holds."
    )


def carried_on(request: Request, who: Session, path: str, written: Form) -> Response | None:
    """The page of a form that somebody was filling in when their session ended, as they had it; null for any other."""
    number = path.removeprefix(f"{ROOT}/people/")
    if not number.isdecimal() or number == path:
        return None
    said = "You were signed out while you wrote. It is not saved yet: look it over, then save."
    return person(request, who, int(number), written, said)


def assign(request: Request, who: Session, given: Form) -> Response:
    """POST /assign: several people to one colleague. Each row is sent with its version; who changed is left alone."""
    to = one(given, "to")
    chosen = [row.split(":") for row in given.get("row", []) if row.count(":") == 1]
    with engine_of(request).connect() as connection:
        known = {each.name for each in accounts.accounts(connection)}
        today = clock.today(connection)
    if (to and to not in known) or not all(number.isdecimal() and version.isdecimal() for number, version in chosen):
        return shown(request, "problem.html", who, 422, problem="Choose people and a colleague.")
    done, behind = 0, 0
    for number, version in chosen:
        move = Move(Action.ASSIGN, to=to) if to else Move(Action.RELEASE)
        token = f"{_token(given)} {number}"
        try:
            with writing(engine_of(request)) as connection:
                seen(connection, int(number), who)
                store.act(connection, int(number), int(version), move, who.account.name, token, today)
            done += 1
        except BadInput:
            behind += 1
    back = one(given, "back")
    start = back if back.startswith("?") else "?"
    return RedirectResponse(f"{ROOT}/{start}&assigned={done}&behind={behind}", 303)


def _move(given: Form) -> Move:
    try:
        action = Action(one(given, "action"))
    except ValueError:
        raise BadInput(got="nothing chosen", expected="what became of the call", do="Choose what happened.") from None
    return Move(
        action=action,
        note=one(given, "note").replace("\r\n", "\n"),
        day=_day(one(given, DAY_OF.get(action, "")), action),
        to=one(given, "to") or None,
        outcome=one(given, "outcome") or None if action is Action.CLOSE else None,
        spoke_to=one(given, "spoke_to") if action in (Action.REACH, Action.SCHEDULE, Action.DECLINE) else "",
        steps=tuple(given.get("step", ())) if action not in (Action.ASSIGN, Action.RELEASE) else (),
    )


def _day(text: str, action: Action) -> int | None:
    if not text:
        return None
    try:
        return windows.parse_day(text)
    except BadInput:
        raise BadInput(got=f"a day for {action.value} that is none", expected="a date", do="Choose one.") from None


def _version(given: Form) -> int:
    text = one(given, "version")
    if not text.isdecimal() or len(text) > 9:
        raise BadInput(got="a form without its version", expected="our own form", do="Open the page again.")
    return int(text)


def _token(given: Form) -> str:
    text = one(given, "token")
    if not 10 <= len(text) <= 40:
        raise BadInput(got="a form without its token", expected="our own form", do="Open the page again.")
    return text
