"""The states of a worklist item and the actions that move it: one table, complete by test.

A state says what is known of the work, not of the person's health. `new` and `assigned` are one place, waiting: which
of the two depends on whether somebody answers for the item. What an action does not name for a state is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from features.errors import BadInput


class State(StrEnum):
    """Where the work on one person stands."""

    NEW = "new"
    ASSIGNED = "assigned"
    ATTEMPTED = "attempted"
    REACHED = "reached"
    DECLINED = "declined"
    SCHEDULED = "scheduled"
    DEFERRED = "deferred"
    CLOSED = "closed"
    DECEASED = "deceased"
    LEFT = "left the network"


class Action(StrEnum):
    """What somebody, or a rule at the morning's fill, does to an item."""

    ASSIGN = "assign"
    RELEASE = "release"
    ATTEMPT = "attempt"
    REACH = "reach"
    DECLINE = "decline"
    SCHEDULE = "schedule"
    DEFER = "defer"
    CLOSE = "close"
    DIE = "die"
    LEAVE = "leave"
    REOPEN = "reopen"
    NOTE = "note"
    CAME_HOME = "came home"


WORKING = (
    State.NEW,
    State.ASSIGNED,
    State.ATTEMPTED,
    State.REACHED,
    State.DECLINED,
    State.SCHEDULED,
    State.DEFERRED,
)
FINISHED = (State.CLOSED, State.DECEASED, State.LEFT)
TO_CALL = (State.NEW, State.ASSIGNED, State.ATTEMPTED)  # whose first contact is still to be made

_ENDS: Mapping[Action, State] = {
    Action.CLOSE: State.CLOSED,
    Action.DIE: State.DECEASED,
    Action.LEAVE: State.LEFT,
}
_CALLS: Mapping[Action, State] = {
    Action.REACH: State.REACHED,
    Action.DECLINE: State.DECLINED,
    Action.SCHEDULE: State.SCHEDULED,
    Action.DEFER: State.DEFERRED,
}


def _of(state: State) -> Mapping[Action, State]:
    """What may be done to an item in a state, and where that leads."""
    stays = {Action.NOTE: state, Action.CAME_HOME: state}
    if state in (State.NEW, State.ASSIGNED):
        return {
            **stays,
            **_CALLS,
            **_ENDS,
            Action.ASSIGN: State.ASSIGNED,
            Action.RELEASE: State.NEW,
            Action.ATTEMPT: State.ATTEMPTED,
        }
    kept = {**stays, Action.ASSIGN: state, Action.RELEASE: state}
    if state is State.ATTEMPTED:
        return {**kept, **_CALLS, **_ENDS, Action.ATTEMPT: State.ATTEMPTED}
    if state is State.DEFERRED:
        return {**kept, **_CALLS, **_ENDS, Action.ATTEMPT: State.ATTEMPTED, Action.REOPEN: State.NEW}
    if state is State.DECLINED:
        return {**kept, **_CALLS, **_ENDS, Action.REOPEN: State.NEW}
    if state is State.REACHED:
        return {**kept, **_CALLS, **_ENDS, Action.ATTEMPT: State.REACHED}
    if state is State.SCHEDULED:
        return {**kept, **_CALLS, **_ENDS, Action.REACH: State.SCHEDULED, Action.ATTEMPT: State.SCHEDULED}
    if state is State.CLOSED:
        return {Action.NOTE: state, Action.REOPEN: State.NEW, Action.DIE: State.DECEASED, Action.LEAVE: State.LEFT}
    return {Action.NOTE: state, Action.REOPEN: State.NEW}


TRANSITIONS: Mapping[State, Mapping[Action, State]] = {state: _of(state) for state in State}


class NotPossible(BadInput):
    """An action that the item's state does not allow."""


@dataclass(frozen=True)
class Outcome:
    """How an item was closed: the word that is kept, and what the page says."""

    name: str
    says: str


OUTCOMES = (
    Outcome("done", "Done: contacted, visit and medicines settled"),
    Outcome("no answer", "Not reached after the tries that there is time for"),
    Outcome("no need", "No need: somebody else looks after it"),
    Outcome("readmitted", "Back in hospital"),
    Outcome("hospice", "Went to hospice"),
    Outcome("opted out", "Asked not to be called"),
    Outcome("period over", "The 30 days after discharge are over"),
    Outcome("newer stay", "A newer discharge took its place"),
)
BY_HAND = ("done", "no answer", "no need", "opted out")  # the others are for the rules of the morning


def after(state: State, action: Action, assigned_to: str | None) -> State:
    """The state that an action leads to. `assigned_to` is who answers for the item afterwards. Raises NotPossible."""
    found = TRANSITIONS[state].get(action)
    if found is None:
        raise NotPossible(
            got=f"the action {action.value!r} for an item that is {state.value}",
            expected=f"one of {', '.join(possible.value for possible in TRANSITIONS[state])}",
            do="Look at the item again: somebody may have moved it.",
        )
    if found in (State.NEW, State.ASSIGNED):
        return State.ASSIGNED if assigned_to else State.NEW
    return found
