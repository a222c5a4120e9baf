"""The pages that are read: the list, a person, the call sheet, the supervisor's view, the export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from features import windows
from serving.audit import Entry, saw
from serving.kept import KEPT_SCORE
from serving.worklist import accounts, clock, listing, picture, rules, store, supervision
from serving.worklist.export import list_csv
from serving.worklist.sessions import Session
from serving.worklist.states import BY_HAND, OUTCOMES, TRANSITIONS, WORKING, Action
from serving.worklist.store import SPOKE_TO, Item, NoItem
from serving.worklist.tables import ITEM
from serving.worklist.web import audited, caller, engine_of, new_token, shown

ASKED = (  # what a care manager chooses from, in the order in which it happens
    (Action.ATTEMPT, "No answer"),
    (Action.REACH, "Reached"),
    (Action.SCHEDULE, "Reached, and a visit is booked"),
    (Action.DECLINE, "Reached, does not want this"),
    (Action.DEFER, "Put off to a later day"),
    (Action.NOTE, "Only a note"),
    (Action.CAME_HOME, "Came home from the facility"),
    (Action.CLOSE, "Close"),
    (Action.DIE, "Has died"),
    (Action.LEAVE, "Left the network"),
    (Action.REOPEN, "Open again"),
)


def listing_page(request: Request, who: Session) -> Response:
    """GET /: the list; the part that the filters change where htmx asks."""
    asked = listing.wanted(request.query_params)
    with engine_of(request).connect() as connection:
        today = clock.today(connection)
        found = listing.listed(connection, asked, who.account, today)
        more: dict[str, Any] = {
            "asked": asked,
            "found": found,
            "today": today,
            "counts": listing.counts(connection, who.account, today),
            "capacity": who.account.capacity,
            "shows": listing.SHOWS,
            "colleagues": accounts.accounts(connection),
            "token": new_token(),
        }
        audited(request, saw(caller(who.account), [one.person_id for one in found.items]))
        if request.headers.get("hx-request"):
            return _varied(shown(request, "rows.html", who, **more))
        choices = listing.choices(connection, who.account)
        sorts = {name: says for name, (says, _) in listing.SORTS.items()}
        statuses = [state.value for state in WORKING]
        more |= {"choices": choices, "sorts": sorts, "statuses": statuses, "notice": _notice(connection, request, who)}
        return _varied(shown(request, "list.html", who, **more))


def _notice(connection: Connection, request: Request, who: Session) -> str:
    """What was just done, in a sentence."""
    told = request.query_params
    saved, done, behind = (told.get(name, "") for name in ("saved", "assigned", "behind"))
    if saved.isdecimal():
        with suppress(NoItem):
            one = seen(connection, int(saved), who)
            return f"Saved: {one.name or one.person_id}, {one.state.value}."
    if done.isdecimal() and behind.isdecimal():
        left = f" {behind} had changed meanwhile and were left alone." if int(behind) else ""
        return f"{done} assigned.{left}"
    return ""


def _varied(answer: HTMLResponse) -> HTMLResponse:
    answer.headers["vary"] = "HX-Request"
    return answer


def seen(connection: Connection, item_id: int, who: Session) -> Item:
    """The item, where this colleague may see it. Raises NoItem."""
    one = store.item(connection, item_id)
    if not listing.may_see(who.account, one):
        raise NoItem
    return one


def person_page(request: Request, who: Session) -> Response:
    """GET /people/N."""
    return person(request, who, int(request.path_params["item"]))


def person(
    request: Request,
    who: Session,
    item_id: int,
    written: Mapping[str, list[str]] | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    """A person's page, with the form as it was `written` and what was wrong with it."""
    with engine_of(request).connect() as connection:
        try:
            one = seen(connection, item_id, who)
        except NoItem:
            return shown(request, "problem.html", who, 404, problem="This person is not on your list.")
        audited(request, saw(caller(who.account), [one.person_id]))
        told = about(connection, one)
        more = {
            **told,
            "written": written or {},
            "problem": problem,
            "token": new_token(),
            "colleagues": accounts.accounts(connection),
            "next_up": following(connection, one, who),
        }
    return shown(request, "person.html", who, status, **more)


def about(connection: Connection, one: Item) -> dict[str, Any]:
    """What a person's page and the call sheet tell."""
    zone = clock.zone(connection)
    numbers = connection.execute(select(ITEM.c.item_id).where(ITEM.c.person_id == one.person_id)).scalars().all()
    history = store.events(connection, numbers)
    done = {name for event in history if event.day >= one.discharge_day for name in event.details.get("steps", ())}
    possible = TRANSITIONS[one.state]
    home = one.clock_day is not None
    return {
        "one": one,
        "today": clock.today(connection),
        "history": [(event, clock.clock_time(event.at, zone)) for event in history],
        "steps": [(step, step.name in done) for step in rules.steps_of(one.whereabouts)],
        "visit": rules.visit_by(one.clock_day, one.tier),
        "bars": picture.bars(one.facts["reasons"]),
        "risks": risks(connection, one),
        "dots": picture.dots(risks(connection, one)),
        "asked": [
            (action.value, says)
            for action, says in ASKED
            if action in possible and not (action is Action.CAME_HOME and home)
        ],
        "outcomes": [outcome for outcome in OUTCOMES if outcome.name in BY_HAND],
        "outcome_words": {outcome.name: outcome.says for outcome in OUTCOMES},
        "spoke_to": SPOKE_TO,
        "open": one.state in WORKING,
        "iso": windows.iso,
        "spoken": windows.spoken,
    }


def risks(connection: Connection, one: Item) -> list[tuple[int, float, str]]:
    """The risks that this model gave of this person's discharges, the last one of each: day, risk, words."""
    given = KEPT_SCORE.c
    wanted = select(given.discharge_day, given.risk).where(given.model == one.model, given.person_id == one.person_id)
    last = {int(day): float(risk) for day, risk in connection.execute(wanted.order_by(given.made_at))}
    words = "{:.0f} % at the discharge of {}"
    return [(day, risk, words.format(risk * 100, windows.spoken(day))) for day, risk in sorted(last.items())]


def following(connection: Connection, one: Item, who: Session) -> Item | None:
    """Whom to call after this one, by the order of the morning."""
    today = clock.today(connection)
    found = listing.listed(connection, listing.Wanted(), who.account, today).items
    others = [each for each in found if each.item_id != one.item_id]
    return next((each for each in others if each.place > one.place), others[0] if others else None)


def sheet(request: Request, who: Session) -> Response:
    """GET /people/N/sheet: the same on one sheet of paper, with room to write."""
    with engine_of(request).connect() as connection:
        try:
            one = seen(connection, int(request.path_params["item"]), who)
        except NoItem:
            return shown(request, "problem.html", who, 404, problem="This person is not on your list.")
        audited(request, saw(caller(who.account), [one.person_id]))
        return shown(request, "sheet.html", who, **about(connection, one))


def export(request: Request, who: Session) -> Response:
    """GET /list.csv: everybody whom the filters leave, not only the page."""
    asked = listing.wanted(request.query_params)
    with engine_of(request).connect() as connection:
        today = clock.today(connection)
        people = listing.every(connection, asked, who.account, today)
    me = caller(who.account)
    roles = " ".join(sorted(me.roles))
    audited(request, [Entry("export", "R", me.name, roles, one.person_id, one.stay_id) for one in people])
    name = f"worklist-{windows.iso(today)}.csv"
    to_save = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(list_csv(people), 200, to_save, "text/csv; charset=utf-8")


def supervisor(request: Request, who: Session) -> Response:
    """GET /supervisor: for supervisors."""
    if accounts.SUPERVISOR not in who.account.roles:
        return shown(request, "problem.html", who, 403, problem="This page is for supervisors.")
    with engine_of(request).connect() as connection:
        today = clock.today(connection)
        loads = supervision.workloads(connection, today)
    return shown(request, "supervisor.html", who, loads=loads, today=today, total=_total(loads))


def _total(loads: Sequence[supervision.Workload]) -> dict[str, int]:
    names = ("open", "to_call", "overdue", "reached", "tried", "in_time")
    return {name: sum(getattr(load, name) for load in loads) for name in names}
