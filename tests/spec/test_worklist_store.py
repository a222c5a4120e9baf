"""What an action does to an item, by example, and that two people at once lose nothing and do nothing twice."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from features import windows
from features.errors import BadInput
from serving.database import opened, upgrade, writing
from serving.worklist import rules, store
from serving.worklist.states import Action, NotPossible, State
from serving.worklist.store import Changed, Move, NoItem
from serving.worklist.tables import EVENT
from tests.worklists import TODAY, do, fresh, put


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return fresh(tmp_path)


def _put(engine: Engine, **told: object) -> int:
    with writing(engine) as connection:
        return put(connection, **told)


def test_each_change_is_kept_with_who_when_and_note(engine: Engine) -> None:
    one = _put(engine)
    do(engine, one, Move(Action.ASSIGN, to="ana"), who="sam")
    do(engine, one, Move(Action.ATTEMPT, "no answer, left word", day=TODAY + 2))
    then = do(engine, one, Move(Action.REACH, "is well", spoke_to="caregiver", steps=("medicines", "visit")))
    assert (then.state, then.assigned_to, then.attempts, then.next_day) == (State.REACHED, "ana", 1, None)
    with engine.connect() as connection:
        told = store.events(connection, [one])
    assert [(event.who, event.action, event.from_state, event.to_state, event.note) for event in told] == [
        ("ana", "reach", "attempted", "reached", "is well"),
        ("ana", "attempt", "assigned", "attempted", "no answer, left word"),
        ("sam", "assign", "new", "assigned", ""),
    ]
    assert told[0].details == {"spoke_to": "caregiver", "steps": ["medicines", "visit"]}
    assert told[1].details == {"day": TODAY + 2}
    assert all(event.day == TODAY and abs(event.at - windows.now()) < 60 for event in told)


def test_whoever_read_an_older_version_is_told_who_changed_it_and_changes_nothing(engine: Engine) -> None:
    one = _put(engine)
    do(engine, one, Move(Action.DECLINE), who="maria", version=1)
    with pytest.raises(Changed) as refused:
        do(engine, one, Move(Action.REACH, "all well"), who="ana", version=1)
    assert (refused.value.by, refused.value.action) == ("maria", "decline")
    with engine.connect() as connection:
        assert store.item(connection, one).state is State.DECLINED
        assert len(store.events(connection, [one])) == 1


def test_a_form_that_is_sent_twice_is_done_once(engine: Engine) -> None:
    one = _put(engine)
    for _ in range(2):
        with writing(engine) as connection:
            then = store.act(connection, one, 1, Move(Action.ATTEMPT), "ana", "the same form", TODAY)
        assert (then.attempts, then.version) == (1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_many_who_act_on_one_row_at_once_one_succeeds_and_the_others_hear_of_it(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    engine = fresh(tmp_path)
    if kind == "postgresql":
        engine = opened(request.getfixturevalue("postgres"))
        upgrade(engine)
    one = _put(engine)
    said: list[str] = []
    ready = threading.Barrier(8)

    def act(who: str) -> None:
        ready.wait()
        try:
            do(engine, one, Move(Action.ATTEMPT), who=who, version=1)
            said.append("done")
        except Changed as changed:
            said.append(f"changed by {changed.by}")

    at_once = [threading.Thread(target=act, args=(f"w{number}",)) for number in range(8)]
    for each in at_once:
        each.start()
    for each in at_once:
        each.join()
    with engine.connect() as connection:
        [event] = store.events(connection, [one])
        assert store.item(connection, one).attempts == 1
    assert sorted(said) == [f"changed by {event.who}"] * 7 + ["done"]
    engine.dispose()


def test_nothing_is_left_of_an_action_that_was_refused(engine: Engine) -> None:
    one = _put(engine)
    wrong = [
        (Move(Action.REOPEN), NotPossible),
        (Move(Action.DEFER, day=TODAY), BadInput),
        (Move(Action.DEFER), BadInput),
        (Move(Action.ATTEMPT, day=TODAY - 1), BadInput),
        (Move(Action.SCHEDULE), BadInput),
        (Move(Action.SCHEDULE, day=TODAY - 1), BadInput),
        (Move(Action.CLOSE), BadInput),
        (Move(Action.CLOSE, outcome="bored"), BadInput),
        (Move(Action.ASSIGN), BadInput),
        (Move(Action.NOTE, "  "), BadInput),
        (Move(Action.NOTE, "x" * 4_001), BadInput),
        (Move(Action.CAME_HOME, day=TODAY + 1), BadInput),
        (Move(Action.CAME_HOME, day=TODAY - 2), BadInput),
    ]
    for move, why in wrong:
        with pytest.raises(why):
            do(engine, one, move)
    with pytest.raises(NoItem):
        do(engine, 10**6, Move(Action.NOTE, "x"))
    with engine.connect() as connection:
        assert store.item(connection, one).version == 1
        assert connection.execute(select(func.count()).select_from(EVENT)).scalar() == 0


# ---- by when, and what counts as contact


def _days(text: str) -> int:
    return windows.parse_day(text)


@pytest.mark.parametrize(
    ("left", "due"),
    [
        ("2024-12-27", "2024-12-31"),  # a Friday
        ("2024-12-30", "2025-01-02"),  # New Year's Day is a holiday
        ("2024-12-28", "2024-12-31"),  # a Saturday
    ],
)
def test_first_contact_is_due_by_the_end_of_the_second_business_day(left: str, due: str) -> None:
    assert rules.due_day(_days(left)) == _days(due)


def test_two_tries_by_the_due_day_count_as_contact_and_one_does_not(engine: Engine) -> None:
    one = _put(engine, discharge_day=TODAY - 1)
    assert do(engine, one, Move(Action.ATTEMPT)).contact_day is None
    assert do(engine, one, Move(Action.ATTEMPT), today=TODAY + 2).contact_day == TODAY + 2


def test_a_second_try_after_the_due_day_comes_too_late_to_count(engine: Engine) -> None:
    one = _put(engine, discharge_day=TODAY - 1)
    do(engine, one, Move(Action.ATTEMPT))
    assert do(engine, one, Move(Action.ATTEMPT), today=TODAY + 3).contact_day is None
    assert do(engine, one, Move(Action.REACH), today=TODAY + 4).contact_day == TODAY + 4


def test_in_a_nursing_facility_the_clock_waits_for_the_day_of_coming_home(engine: Engine) -> None:
    assert rules.clock_starts(TODAY - 1, "skilled nursing") is None
    assert next(step.name for step in rules.steps_of("skilled nursing")) == "facility contact"
    one = _put(engine, whereabouts="skilled nursing", clock_day=None, due_day=None, discharge_day=_days("2024-12-20"))
    assert do(engine, one, Move(Action.ATTEMPT)).contact_day is None
    home = do(engine, one, Move(Action.CAME_HOME, day=_days("2024-12-30")))
    assert (home.whereabouts, home.clock_day, home.due_day) == ("home", _days("2024-12-30"), _days("2025-01-02"))
    assert home.state is State.ATTEMPTED


@pytest.mark.parametrize(("tier", "day", "number"), [("high", 7, "99496"), ("medium", 14, "99495"), ("", 14, "99495")])
def test_a_visit_is_due_within_seven_days_of_those_at_high_risk_and_fourteen_of_the_others(
    tier: str, day: int, number: str
) -> None:
    assert rules.visit_by(100, tier) == (100 + day, number)
    assert rules.visit_by(None, tier) is None
