"""The morning's fill: who is new on the list, whom a rule closes or reopens, and why everybody stands where they stand.

Filling again from the same record changes nothing. What a care manager did is never undone by it; a rule's own change
is an event like any other, by `RULES`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from features import windows
from serving.worklist import rules, store
from serving.worklist.accounts import managers_of_panels
from serving.worklist.clock import short_day
from serving.worklist.morning import TIER_ORDER, Candidate, Morning, placed
from serving.worklist.states import WORKING, Action, State
from serving.worklist.store import Item, Move
from serving.worklist.tables import FILL, ITEM

RULES = "rules"  # who acts at the fill


@dataclass(frozen=True)
class Filled:
    """What a fill did: how many people are new, how many stand on the list, and whom a rule closed, by why."""

    day: int
    new: int
    on_the_list: int
    closed: Mapping[str, int]
    reopened: int


def last_fill(connection: Connection) -> int | None:
    """The day of the last fill; null before the first."""
    day = connection.execute(select(func.max(FILL.c.day))).scalar()
    return None if day is None else int(day)


def people_to_follow(connection: Connection) -> list[str]:
    """Of whom the fill must know what became of them: those on the list, and those closed by an admission."""
    followed = [one for one in store.items(connection, (*WORKING, State.CLOSED)) if _followed(one)]
    return sorted({one.person_id for one in followed})


def _followed(one: Item) -> bool:
    return one.state in WORKING or one.outcome == "readmitted"


def fill(connection: Connection, told: Morning) -> Filled:
    """Bring the list to the morning of a day, in one transaction that writes."""
    before = store.items(connection, list(State))
    last = last_fill(connection)
    places = {one.item_id: one.place for one in before if one.filled_day == last}
    matched = _matched(before, told)
    newest = {each.person_id: each.discharge_day for each in told.candidates}
    closed: Counter[str] = Counter()
    why: dict[int, str] = {}
    for one in before:
        ruling = ruled(one, told, newest)
        if ruling is not None:
            move, because = ruling
            token = f"rule {told.day} {one.item_id} {one.version}"
            store.act(connection, one.item_id, one.version, move, RULES, token, told.day)
            if move.action is Action.REOPEN:
                why[one.item_id] = f"back on the list: {because}"
            else:
                closed[because] += 1
    new = _added(connection, told, before, [each for each in told.candidates if each.person_id not in matched])
    why = {**_refreshed(connection, told, matched), **why, **new}
    standing = _ordered(connection, told.day, places, why)
    reopened = sum(1 for said in why.values() if said.startswith("back on the list"))
    made = Filled(told.day, len(new), len(standing), dict(closed), reopened)
    kept = json.dumps(vars(made), sort_keys=True)
    connection.execute(insert(FILL).values(day=told.day, zone=told.zone, at=windows.now(), told=kept))
    return made


def _matched(before: Iterable[Item], told: Morning) -> dict[str, Item]:
    """The item that each candidate has already: of that stay, or of that person and day of discharge, since a
    correction may rename a stay and a merge a person.
    """
    of_stay: dict[str, Item] = {}
    of_day: dict[tuple[str, int], Item] = {}
    for one in before:
        of_stay[one.stay_id] = one
        of_day[told.people_now.get(one.person_id, one.person_id), one.discharge_day] = one
    found = {
        each.person_id: of_stay.get(each.stay_id) or of_day.get((each.person_id, each.discharge_day))
        for each in told.candidates
    }
    return {person: one for person, one in found.items() if one is not None}


def ruled(one: Item, told: Morning, newest: Mapping[str, int]) -> tuple[Move, str] | None:
    """What the rules of the morning do to an item, and why in words; null where nothing. `newest` is the day of the
    discharge by which each person belongs on the list.
    """
    person = told.people_now.get(one.person_id, one.person_id)
    gone = _gone(person, told)
    if newest.get(person, one.discharge_day) > one.discharge_day:
        gone = gone or (Move(Action.CLOSE, outcome="newer stay"), "a newer discharge took its place")
    if told.day - (one.clock_day or one.discharge_day) > rules.PERIOD_DAYS:
        gone = gone or (Move(Action.CLOSE, outcome="period over"), "the 30 days are over")
    if one.state in WORKING:
        return gone or _woken(one, told.day)
    if one.state is State.CLOSED and one.outcome == "readmitted" and not gone and not _came_back(one, person, told):
        return Move(Action.REOPEN, "The admission that closed it was taken back."), "the admission was taken back"
    return None


def _gone(person: str, told: Morning) -> tuple[Move, str] | None:
    if person in told.dead:
        return Move(Action.DIE), "died"
    if person in told.back:
        return Move(Action.CLOSE, outcome="readmitted"), "in hospital again"
    if person in told.hospice:
        return Move(Action.CLOSE, outcome="hospice"), "went to hospice"
    if person in told.opted_out:
        return Move(Action.CLOSE, outcome="opted out"), "asked not to be called"
    return None


def _woken(one: Item, day: int) -> tuple[Move, str] | None:
    if one.state is State.DEFERRED and one.next_day is not None and one.next_day <= day:
        return Move(Action.REOPEN), f"put off until {short_day(one.next_day)}"
    return None


def _came_back(one: Item, person: str, told: Morning) -> bool:
    """Whether the record still tells of a stay after the one that the item is about."""
    others = [stay for stay in told.stays.get(person, ()) if stay["stay_id"] != one.stay_id]
    return any(stay["admit_day"] >= one.discharge_day for stay in others)


def _added(connection: Connection, told: Morning, before: Sequence[Item], fresh: Sequence[Candidate]) -> dict[int, str]:
    """Put new people on the list, with whoever answered for them before, else the one manager of their practice."""
    managers = managers_of_panels(connection)
    answered = {one.person_id: one.assigned_to for one in before if one.assigned_to}
    why = {}
    for each in fresh:
        number = connection.execute(insert(ITEM).values(_first(each, told)).returning(ITEM.c.item_id)).scalar_one()
        why[number] = f"new: left hospital on {short_day(each.discharge_day)}"
        manager = answered.get(each.person_id) or managers.get(each.practice)
        if manager:
            move = Move(Action.ASSIGN, to=manager)
            store.act(connection, number, 1, move, RULES, f"new {told.day} {number}", told.day)
    return why


def _first(each: Candidate, told: Morning) -> dict[str, Any]:
    clock = rules.clock_starts(each.discharge_day, each.whereabouts)
    return {
        **_snapshot(each),
        "version": 1,
        "state": State.NEW.value,
        "person_id": each.person_id,
        "tier": each.tier,
        "tier_order": TIER_ORDER[each.tier],
        "risk": each.risks[0].risk if each.risks else None,
        "model": each.risks[0].model if each.risks else "",
        "discharge_day": each.discharge_day,
        "whereabouts": each.whereabouts,
        "clock_day": clock,
        "due_day": rules.due_day(clock),
        "place": 0,
        "why_now": "",
        "filled_day": told.day,
        "attempts": 0,
    }


def _snapshot(each: Candidate) -> dict[str, Any]:
    """What may be told otherwise from one morning to the next. The risk is that of the discharge and stays."""
    return {
        "stay_id": each.stay_id,
        "name": each.name,
        "searched": f"{each.name} {each.person_id} {each.facts['phone']}".lower()[:400],
        "practice": each.practice,
        "facility": each.facility,
        "open_gaps": each.open_gaps,
        "gap_titles": "".join(f"|{gap['title']}|" for gap in each.facts["gaps"]),
        "pending_results": each.pending_results,
        "facts": json.dumps(each.facts, sort_keys=True),
    }


def _refreshed(connection: Connection, told: Morning, matched: Mapping[str, Item]) -> dict[int, str]:
    """Tell of the people on the list what is known now. Nobody's form becomes out of date by it: the version stays."""
    why = {}
    for each in told.candidates:
        one = matched.get(each.person_id)
        if one is None or one.state not in WORKING:
            continue
        changed = {**_snapshot(each), "person_id": each.person_id}
        if one.clock_day is None and rules.clock_starts(each.discharge_day, each.whereabouts) is not None:
            clock = each.discharge_day
            changed |= {"whereabouts": each.whereabouts, "clock_day": clock, "due_day": rules.due_day(clock)}
        connection.execute(update(ITEM).where(ITEM.c.item_id == one.item_id).values(**changed))
        results = _come(each.facts["pending"]) - _come(one.facts["pending"])
        if results > 0:
            why[one.item_id] = f"new: {results} {'result has' if results == 1 else 'results have'} come since discharge"
    return why


def _come(pending: Iterable[Mapping[str, str]]) -> int:
    return sum(1 for order in pending if order["standing"].startswith("has come"))


def _ordered(connection: Connection, day: int, before: Mapping[int, int], why: Mapping[int, str]) -> list[int]:
    """Give everybody on the list a place and say why it is another one than before; gives the items in order."""
    on_it = sorted(store.items(connection, WORKING), key=lambda o: placed(o.tier, o.risk, o.discharge_day, o.stay_id))
    standing = [one.item_id for one in on_it]
    gone = sorted(place for number, place in before.items() if number not in set(standing))
    entered = 0
    for place, one in enumerate(on_it, 1):
        if one.item_id in before:
            left = sum(1 for was in gone if was < before[one.item_id])
            said = why.get(one.item_id) or _moved(left, entered)
        else:
            said = why.get(one.item_id, "")
            entered += 1
        if not said and one.filled_day == day:
            said = one.why_now  # a second fill of one day takes nothing back
        changed = {"place": place, "why_now": said, "filled_day": day}
        if changed != {"place": one.place, "why_now": one.why_now, "filled_day": one.filled_day}:
            connection.execute(update(ITEM).where(ITEM.c.item_id == one.item_id).values(**changed))
    return standing


def _moved(left: int, entered: int) -> str:
    """Why somebody stands elsewhere than on the morning before; nothing where nobody before them came or went."""
    said = [f"{left} before them {'is' if left == 1 else 'are'} settled"] if left else []
    said += [f"{entered} new before them"] if entered else []
    return ", ".join(said)
