"""The worklist as FHIR R4 Tasks, one a line (NDJSON), so that an EHR's own task list can hold the work; and back.

An EHR answers with the same Task, its `status` and, where it can, its `businessStatus` moved on. Each answer is a move
like any other, done once: a Task that comes again with the same status, word and change is the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from features import windows
from features.errors import BadInput
from serving.worklist import rules, store
from serving.worklist.states import TRANSITIONS, Action, State
from serving.worklist.store import Item, Move

SYSTEM = "urn:afterward:worklist-item"
PERSON = "urn:afterward:person"
WHO = "EHR"
STATUS: Mapping[State, str] = {
    State.NEW: "requested",
    State.ASSIGNED: "accepted",
    State.ATTEMPTED: "in-progress",
    State.REACHED: "in-progress",
    State.SCHEDULED: "in-progress",
    State.DECLINED: "rejected",
    State.DEFERRED: "on-hold",
    State.CLOSED: "completed",
    State.DECEASED: "cancelled",
    State.LEFT: "cancelled",
}
PRIORITY = {"high": "urgent", "medium": "asap"}
# what an EHR's answer does: its own words for the state first, else the status of the Task
BY_WORD: Mapping[str, Action] = {
    "attempted": Action.ATTEMPT,
    "reached": Action.REACH,
    "declined": Action.DECLINE,
    "deceased": Action.DIE,
    "left the network": Action.LEAVE,
}
BY_STATUS: Mapping[str, tuple[Action, str | None]] = {
    "completed": (Action.CLOSE, "done"),
    "rejected": (Action.DECLINE, None),
    "failed": (Action.CLOSE, "no answer"),
    "cancelled": (Action.CLOSE, "no need"),
}
_AGAIN = "Write Tasks, one a line, with the identifier that `afterward worklist tasks` gave."


@dataclass(frozen=True)
class Taken:
    """What became of the Tasks that were given: `done` changed an item, `same` said nothing new, `refused` are those
    that fit no item or whose item does not allow it, by line.
    """

    done: int
    same: int
    refused: Mapping[int, str]


def tasks(items: Iterable[Item], zone: str) -> str:
    """The items as Tasks, one a line."""
    return "".join(json.dumps(task(one, zone), ensure_ascii=False, sort_keys=True) + "\n" for one in items)


def task(one: Item, zone: str) -> dict[str, Any]:
    """One item as a Task. `restriction.period` ends with the last day for first contact; times are instants."""
    made: dict[str, Any] = {
        "resourceType": "Task",
        "identifier": [{"system": SYSTEM, "value": str(one.item_id)}],
        "status": STATUS[one.state],
        "businessStatus": {"text": one.state.value},
        "intent": "order",
        "priority": PRIORITY.get(one.tier, "routine"),
        "code": {"text": "Call after discharge from hospital"},
        "description": _description(one),
        "for": {"identifier": {"system": PERSON, "value": one.person_id}, "display": one.name or one.person_id},
        "authoredOn": windows.stamp(int(windows.end_of_day(one.discharge_day, zone)), zone),
        "input": [{"type": {"text": "step"}, "valueString": step.says} for step in rules.steps_of(one.whereabouts)],
    }
    why = "; ".join(reason["sentence"] for reason in one.facts["reasons"]) or one.facts["outside"]
    if why:
        made["reasonCode"] = {"text": why}
    if one.assigned_to:
        made["owner"] = {"display": one.assigned_to}
    if one.due_day is not None:
        made["restriction"] = {"period": {"end": windows.stamp(int(windows.end_of_day(one.due_day, zone)), zone)}}
    return made


def _description(one: Item) -> str:
    risk = f"{one.facts['title']}: {one.risk * 100:.0f} %. " if one.risk is not None else ""
    return f"{risk}Left {one.facility or 'hospital'} on {windows.spoken(one.discharge_day)}, now {one.whereabouts}."


def take(connection: Connection, text: str, today: int) -> Taken:
    """Do what an EHR's Tasks say, in a transaction that writes. Raises BadInput where the text is no NDJSON of Tasks;
    a Task that cannot be done is told by its line and stops no other.
    """
    done, same, refused = 0, 0, {}
    for number, given in _read(text):
        try:
            if _taken(connection, given, today):
                done += 1
            else:
                same += 1
        except BadInput as wrong:
            refused[number] = f"got {wrong.got}; expected {wrong.expected}"
    return Taken(done, same, refused)


def _read(text: str) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except ValueError:
            given = None
        if not isinstance(given, dict) or given.get("resourceType") != "Task":
            raise BadInput(got=f"line {number}, which is no Task", expected="a FHIR Task as JSON", do=_AGAIN)
        found.append((number, given))
    return found


def _taken(connection: Connection, given: Mapping[str, Any], today: int) -> bool:
    """Whether a Task changed its item."""
    one = store.item(connection, _number(given))
    move = _move(given)
    if move is None or _says_the_same(one, given) or move.action not in TRANSITIONS[one.state]:
        return False
    before = one.version
    return store.act(connection, one.item_id, before, move, WHO, _token(one, given), today).version == before + 1


def _says_the_same(one: Item, given: Mapping[str, Any]) -> bool:
    word = _text(given.get("businessStatus"))
    return word == one.state.value and given.get("status") == STATUS[one.state]


def _number(given: Mapping[str, Any]) -> int:
    identifiers = given.get("identifier")
    for each in identifiers if isinstance(identifiers, list) else []:
        if isinstance(each, dict) and each.get("system") == SYSTEM and str(each.get("value", "")).isdecimal():
            return int(each["value"])
    raise BadInput(got="a Task without our identifier", expected=f"one of {SYSTEM}", do=_AGAIN)


def _move(given: Mapping[str, Any]) -> Move | None:
    notes = given.get("note")
    texts = [str(each.get("text", "")) for each in notes if isinstance(each, dict)] if isinstance(notes, list) else []
    note = "\n".join(texts)[: store.LONGEST_NOTE]
    word = BY_WORD.get(_text(given.get("businessStatus")))
    if word is not None:
        return Move(word, note)
    status = BY_STATUS.get(str(given.get("status")))
    return None if status is None else Move(status[0], note, outcome=status[1])


def _text(concept: Any) -> str:
    return str(concept.get("text", "")).strip().lower() if isinstance(concept, dict) else ""


def _token(one: Item, given: Mapping[str, Any]) -> str:
    meta = given.get("meta")
    said = {name: given.get(name) for name in ("status", "businessStatus", "lastModified", "note")}
    said["meta"] = meta if isinstance(meta, dict) else {}
    told = json.dumps([one.item_id, said], sort_keys=True)
    return f"task {sha256(told.encode()).hexdigest()[:48]}"
