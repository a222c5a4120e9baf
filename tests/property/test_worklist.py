"""Random days of work: the same actions on SQLite, on PostgreSQL and in memory end the same, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine

from features.errors import BadInput
from serving.database import opened, upgrade, writing
from serving.worklist import store
from serving.worklist.states import OUTCOMES, TRANSITIONS, Action, State
from serving.worklist.store import Changed, Item, Move
from tests.databases import fresh
from tests.worklists import TODAY, put

PEOPLE = 3
_examples = count()
DAYS = st.one_of(st.none(), st.integers(TODAY - 3, TODAY + 6))
MOVES = st.builds(
    Move,
    action=st.sampled_from(Action),
    note=st.sampled_from(["", "a note"]),
    day=DAYS,
    to=st.sampled_from([None, "ana", "sam"]),
    outcome=st.sampled_from([None, *(outcome.name for outcome in OUTCOMES)]),
)


class Work(RuleBasedStateMachine):
    """Random work on several databases at once, beside a plain list of what each person's item should be."""

    engines: ClassVar[tuple[Engine, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.items: list[list[int]] = []
        self.seen: list[dict[int, Item]] = []
        self.log: list[list[tuple[str, str, str]]] = []
        self.day = TODAY
        self.sent = 0
        self.forms = f"forms of example {next(_examples)}"

    @initialize()
    def begin(self) -> None:
        for engine in self.engines:
            with writing(engine) as connection:
                numbers = [put(connection, name=f"P{number}") for number in range(PEOPLE)]
                self.items.append(numbers)
                self.seen.append({place: store.item(connection, each) for place, each in enumerate(numbers)})
        self.log = [[] for _ in range(PEOPLE)]

    def _one(self, place: int, move: Move, version: int, token: str) -> set[tuple[Any, ...]]:
        said: set[tuple[Any, ...]] = set()
        for engine, numbers in zip(self.engines, self.items, strict=True):
            try:
                with writing(engine) as connection:
                    then = store.act(connection, numbers[place], version, move, "ana", token, self.day)
                said.add(("done", then.state, then.version, then.attempts, then.contact_day, then.next_day))
            except BadInput as refused:
                said.add((type(refused).__name__, str(refused)))
        return said

    @rule(place=st.integers(0, PEOPLE - 1), move=MOVES)
    def act(self, place: int, move: Move) -> None:
        before = self.seen[0][place]
        self.sent += 1
        said = self._one(place, move, before.version, f"{self.forms}, {self.sent}")
        assert len(said) == 1, "the databases disagree"
        possible = move.action in TRANSITIONS[before.state]
        try:
            expected = store.moved(before, move, self.day)
        except BadInput:
            assert {answer[0] for answer in said} <= {"BadInput", "NotPossible"}
            return
        assert possible
        assert {answer[:3] for answer in said} == {("done", expected.state, expected.version)}
        self.log[place].append((move.action.value, before.state.value, expected.state.value))
        for seen in self.seen:
            seen[place] = expected

    @rule(place=st.integers(0, PEOPLE - 1), move=MOVES, behind=st.integers(1, 3))
    def act_on_an_older_version(self, place: int, move: Move, behind: int) -> None:
        self.sent += 1
        said = self._one(place, move, self.seen[0][place].version - behind, f"{self.forms}, {self.sent}")
        assert {answer[0] for answer in said} == {Changed.__name__}

    @rule(place=st.integers(0, PEOPLE - 1), move=MOVES)
    def send_the_last_form_again(self, place: int, move: Move) -> None:
        if self.sent and self.log[place]:
            token = f"{self.forms}, {self.sent}"
            self._one(place, move, -1, token)  # whatever it was, nothing may change

    @rule()
    def the_day_goes_by(self) -> None:
        self.day += 1

    @invariant()
    def each_database_holds_what_was_done(self) -> None:
        for engine, numbers in zip(self.engines, self.items, strict=True):
            with engine.connect() as connection:
                for place, number in enumerate(numbers):
                    found, expected = store.item(connection, number), self.seen[0][place]
                    assert (found.state, found.version) == (expected.state, expected.version)
                    assert (found.attempts, found.contact_day, found.next_day, found.outcome) == (
                        expected.attempts,
                        expected.contact_day,
                        expected.next_day,
                        expected.outcome,
                    )
                    told = store.events(connection, [number])
                    steps = [(event.action, event.from_state, event.to_state) for event in reversed(told)]
                    assert steps == self.log[place], "a change that nobody can follow"
                    assert (found.state is State.ASSIGNED) <= (found.assigned_to is not None)


@pytest.fixture
def engines(tmp_path: Path, postgres_server: str) -> Iterator[tuple[Engine, ...]]:
    with ExitStack() as stack:
        made = (opened(f"sqlite:///{tmp_path / 'worklist.db'}"), opened(fresh(postgres_server)))
        for engine in made:
            stack.callback(engine.dispose)
            upgrade(engine)
        yield made


@pytest.mark.slow
def test_random_work_ends_the_same_on_both_databases(engines: tuple[Engine, ...]) -> None:
    here = type("Here", (Work,), {"engines": engines})
    few = settings(max_examples=settings().max_examples // 4, stateful_step_count=20)
    run_state_machine_as_test(here, settings=few)
