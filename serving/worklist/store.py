"""Items and what happens to them: every change is checked, is kept with who and when, and is done once.

Whoever writes names the version that was read. If somebody wrote in between, nothing is written and `Changed` says who
and what. A form that is sent twice carries the same token, and is done once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.engine import RowMapping

from features import windows
from features.errors import BadInput
from serving.worklist import rules
from serving.worklist.states import OUTCOMES, TO_CALL, Action, State, after
from serving.worklist.tables import EVENT, ITEM

LONGEST_NOTE = 4_000


class Changed(BadInput):
    """Somebody else changed the item after it was read; `by`, `at` and `action` tell of the last change."""

    def __init__(self, by: str, at: int, action: str) -> None:
        super().__init__(
            got="a change to an item that has changed since it was read",
            expected="the item as it stands now",
            do="Look at what changed, and send it again if it still holds.",
        )
        self.by, self.at, self.action = by, at, action


class NoItem(BadInput):
    """There is no such item, or it is not in the caller's panels."""

    def __init__(self) -> None:
        super().__init__(got="an item that is not there", expected="one of the list", do="Go back to the list.")


@dataclass(frozen=True)
class Item:
    """One item as it stands. The columns are those of the table; `facts` is what the fill told of the person."""

    item_id: int
    version: int
    state: State
    person_id: str
    stay_id: str
    name: str
    practice: str
    facility: str
    whereabouts: str
    tier: str
    tier_order: int
    risk: float | None
    model: str
    discharge_day: int
    clock_day: int | None
    due_day: int | None
    place: int
    why_now: str
    filled_day: int
    assigned_to: str | None
    attempts: int
    next_day: int | None
    contact_day: int | None
    reached_day: int | None
    visit_day: int | None
    outcome: str | None
    open_gaps: int
    pending_results: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class Move:
    """What is done. `day` is the day that the action names: the next try, the end of a deferral, the visit, or the day
    on which somebody came home. `to` is who answers for the item from now on, `spoke_to` whom a call reached.
    """

    action: Action
    note: str = ""
    day: int | None = None
    to: str | None = None
    outcome: str | None = None
    spoke_to: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """One change of an item, with who, when and note; `details` are the rest of the move."""

    at: int
    day: int
    who: str
    action: str
    from_state: str
    to_state: str
    note: str
    details: dict[str, Any]


SPOKE_TO = ("the person", "caregiver", "facility", "practice")
COLUMNS = tuple(ITEM.c[name] for name in Item.__dataclass_fields__)


def item_of(row: RowMapping) -> Item:
    """An item of a row with COLUMNS."""
    told = dict(row)
    told["state"], told["facts"] = State(told["state"]), json.loads(told["facts"])
    return Item(**told)


def item(connection: Connection, item_id: int) -> Item:
    """The item as it stands. Raises NoItem."""
    found = connection.execute(select(*COLUMNS).where(ITEM.c.item_id == item_id)).mappings().first()
    if found is None:
        raise NoItem
    return item_of(found)


def items(connection: Connection, states: Sequence[State]) -> list[Item]:
    """All items in some states, in the list's order."""
    wanted = select(*COLUMNS).where(ITEM.c.state.in_([state.value for state in states]))
    rows = connection.execute(wanted.order_by(ITEM.c.place, ITEM.c.item_id)).mappings()
    return [item_of(row) for row in rows]


def events(connection: Connection, item_ids: Sequence[int]) -> list[Event]:
    """What happened to some items, the latest first."""
    wanted = select(EVENT).where(EVENT.c.item_id.in_(list(item_ids))).order_by(EVENT.c.event_id.desc())
    return [event_of(row) for row in connection.execute(wanted).mappings()]


def event_of(row: RowMapping) -> Event:
    """An event of a row with the table's columns."""
    told = {name: row[name] for name in Event.__dataclass_fields__}
    return Event(**{**told, "details": json.loads(row["details"])})


def act(connection: Connection, item_id: int, version: int, move: Move, who: str, token: str, today: int) -> Item:
    """Do it, in a transaction that writes (`database.writing`), and give the item as it then stands. Raises NoItem,
    Changed, NotPossible for what the state does not allow and BadInput for what the move lacks.
    """
    done = connection.execute(select(EVENT.c.item_id).where(EVENT.c.token == token)).scalar()
    if done is not None:
        return item(connection, int(done))
    before = item(connection, item_id)
    if before.version != version:
        raise _changed(connection, item_id)
    then = moved(before, move, today)
    wanted = update(ITEM).where(ITEM.c.item_id == item_id, ITEM.c.version == version)
    if connection.execute(wanted.values(**changes(before, then))).rowcount != 1:
        raise _changed(connection, item_id)
    connection.execute(insert(EVENT).values(**_event(before, then, move, who, token, today)))
    return then


def moved(before: Item, move: Move, today: int) -> Item:
    """The item after a move, in memory: the rules of each action."""
    _check(before, move, today)
    to = {Action.ASSIGN: move.to, Action.RELEASE: None}.get(move.action, before.assigned_to)
    state = after(before.state, move.action, to)
    then = replace(before, version=before.version + 1, state=state, assigned_to=to)
    if move.action is Action.ATTEMPT:
        tries = before.attempts + 1
        met = today if rules.contact_made(before.due_day, today, tries) else None
        then = replace(then, attempts=tries, next_day=move.day, contact_day=before.contact_day or met)
    elif move.action in (Action.REACH, Action.DECLINE, Action.SCHEDULE):
        visit = move.day if move.action is Action.SCHEDULE else before.visit_day
        met, reached = before.contact_day or today, before.reached_day or today
        then = replace(then, contact_day=met, reached_day=reached, visit_day=visit, next_day=None)
    elif move.action is Action.DEFER:
        then = replace(then, next_day=move.day)
    elif move.action is Action.CLOSE:
        then = replace(then, outcome=move.outcome, next_day=None)
    elif move.action in (Action.DIE, Action.LEAVE):
        then = replace(then, next_day=None)
    elif move.action is Action.REOPEN:
        then = replace(then, outcome=None, next_day=None)
    elif move.action is Action.CAME_HOME:
        then = replace(then, whereabouts="home", clock_day=move.day, due_day=rules.due_day(move.day))
    return then


def _check(before: Item, move: Move, today: int) -> None:
    if len(move.note) > LONGEST_NOTE:
        raise BadInput(
            got=f"a note of {len(move.note)} characters", expected=f"at most {LONGEST_NOTE}", do="Write a shorter one."
        )
    if move.action is Action.NOTE and not move.note.strip():
        raise BadInput(got="an empty note", expected="some words", do="Write what should be known.")
    if move.action is Action.ASSIGN and not move.to:
        raise BadInput(got="nobody to assign it to", expected="a colleague", do="Choose one.")
    if move.action is Action.CLOSE and move.outcome not in {outcome.name for outcome in OUTCOMES}:
        raise BadInput(got="no outcome", expected="how it ended", do="Choose one.")
    _check_day(before, move, today)


def _check_day(before: Item, move: Move, today: int) -> None:
    if move.action is Action.DEFER and (move.day is None or move.day <= today):
        raise BadInput(got="no later day to come back to it", expected="a day after today", do="Choose one.")
    if move.action is Action.ATTEMPT and move.day is not None and move.day < today:
        raise BadInput(got="a next try in the past", expected="today or later, or no day", do="Choose another.")
    if move.action is Action.SCHEDULE and (move.day is None or move.day < today):
        raise BadInput(got="no day of the visit", expected="today or later", do="Choose the day that was booked.")
    if move.action is Action.CAME_HOME and (move.day is None or not before.discharge_day <= move.day <= today):
        raise BadInput(
            got="no day of coming home", expected="a day from the discharge to today", do="Choose the day they came."
        )


def changes(before: Item, then: Item) -> dict[str, Any]:
    """The columns in which two forms of an item differ, as the table holds them."""
    found = {name: value for name, value in vars(then).items() if value != getattr(before, name)}
    if "state" in found:
        found["state"] = then.state.value
    if "facts" in found:
        found["facts"] = json.dumps(then.facts, sort_keys=True)
    return found


def _event(before: Item, then: Item, move: Move, who: str, token: str, today: int) -> dict[str, Any]:
    details = {name: value for name, value in asdict(move).items() if value and name not in ("action", "note")}
    return {
        "item_id": before.item_id,
        "token": token,
        "at": windows.now(),
        "day": today,
        "who": who,
        "action": move.action.value,
        "from_state": before.state.value,
        "to_state": then.state.value,
        "note": move.note.strip(),
        "details": json.dumps(details, sort_keys=True),
    }


def _changed(connection: Connection, item_id: int) -> Changed:
    last = events(connection, [item_id])
    return Changed(last[0].who, last[0].at, last[0].action) if last else Changed("the morning's list", 0, "fill")


def still_to_call(one: Item) -> bool:
    """Whether first contact is still to be made."""
    return one.state in TO_CALL
