"""Every state and every action: where it leads, or that it is refused."""

from __future__ import annotations

import pytest

from serving.worklist.states import BY_HAND, OUTCOMES, TRANSITIONS, Action, NotPossible, State, after
from tests.spec.tables import parse

# `-` is refused; `waiting` is assigned where somebody answers for the item, else new
EXPECTED = """
state            | assign    | release   | attempt   | reach     | decline  | schedule  | defer    | close  | die      | leave            | reopen  | note             | came home
new              | waiting   | waiting   | attempted | reached   | declined | scheduled | deferred | closed | deceased | left the network | -       | waiting          | waiting
assigned         | waiting   | waiting   | attempted | reached   | declined | scheduled | deferred | closed | deceased | left the network | -       | waiting          | waiting
attempted        | attempted | attempted | attempted | reached   | declined | scheduled | deferred | closed | deceased | left the network | -       | attempted        | attempted
reached          | reached   | reached   | reached   | reached   | declined | scheduled | deferred | closed | deceased | left the network | -       | reached          | reached
declined         | declined  | declined  | -         | reached   | declined | scheduled | deferred | closed | deceased | left the network | waiting | declined         | declined
scheduled        | scheduled | scheduled | scheduled | scheduled | declined | scheduled | deferred | closed | deceased | left the network | -       | scheduled        | scheduled
deferred         | deferred  | deferred  | attempted | reached   | declined | scheduled | deferred | closed | deceased | left the network | waiting | deferred         | deferred
closed           | -         | -         | -         | -         | -        | -         | -        | -      | deceased | left the network | waiting | closed           | -
deceased         | -         | -         | -         | -         | -        | -         | -        | -      | -        | -                | waiting | deceased         | -
left the network | -         | -         | -         | -         | -        | -         | -        | -      | -        | -                | waiting | left the network | -
"""  # noqa: E501  # one line a state
EVERY = [(row["state"], action, row[action]) for row in parse(EXPECTED) for action in row if action != "state"]


def test_the_table_above_has_every_state_and_every_action_once() -> None:
    assert sorted((state, action) for state, action, _ in EVERY) == sorted(
        (state.value, action.value) for state in State for action in Action
    )


@pytest.mark.parametrize("assigned_to", ["ana", None])
def test_each_action_leads_where_the_table_says_or_is_refused(assigned_to: str | None) -> None:
    waiting = State.ASSIGNED if assigned_to else State.NEW
    for state, action, leads in EVERY:
        if leads is None:
            with pytest.raises(NotPossible, match=f"the action {action!r} for an item that is {state}"):
                after(State(str(state)), Action(action), assigned_to)
        else:
            expected = waiting if leads == "waiting" else State(leads)
            assert after(State(str(state)), Action(action), assigned_to) is expected, (state, action)


def test_every_state_can_be_reached_and_none_is_a_trap() -> None:
    """An item in a state that nothing leaves would be lost; one that nothing enters is not needed."""
    entered = {leads for state in State for action, leads in TRANSITIONS[state].items() if leads is not state}
    assert entered | {State.NEW, State.ASSIGNED} == set(State)
    for state in State:
        assert set(TRANSITIONS[state].values()) - {state}, f"nothing leads out of {state}"


def test_the_outcomes_that_people_choose_are_among_the_outcomes() -> None:
    names = [outcome.name for outcome in OUTCOMES]
    assert len(set(names)) == len(names)
    assert set(BY_HAND) < set(names)
