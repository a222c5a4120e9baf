"""Laws of the measures: the populations follow from who meets what, and the algebra of rows from a plain second way."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.measures import MEASURES
from features.measures.measure import EXCEPTION, EXCLUSION, NUMERATOR, Populations, populations
from features.measures.rows import Rows
from features.measures.status import CLOSED, EXCLUDED, NOT_APPLICABLE, OPEN_GAP
from features.measures.transitions.gaps import status_of as transition_status
from features.measures.transitions.transition import LATE, Care, Opened, first_care
from features.measures.yearly import status_of
from features.windows import business_days_after, business_days_after_each, is_business_day

EVENTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=12)


@pytest.mark.parametrize("who", list(itertools.product((False, True), repeat=4)))
def test_the_populations_follow_from_who_meets_what(who: tuple[bool, bool, bool, bool]) -> None:
    """Every combination: nobody is in two of exclusion, numerator and exception, and only the denominator is in any."""
    initial, excluded, closed, excepted = who
    found = {name: bool(met[0]) for name, met in populations(*(np.array([each]) for each in who)).items()}
    assert found["initial-population"] == found["denominator"] == initial
    assert found["denominator-exclusion"] == (initial and excluded)
    assert found["numerator"] == (initial and not excluded and closed)
    assert found["denominator-exception"] == (initial and not excluded and not closed and excepted)


@pytest.mark.parametrize("better", ["higher", "lower"])
@pytest.mark.parametrize("who", list(itertools.product((False, True), repeat=4)))
def test_each_person_has_one_status_in_every_combination(
    who: tuple[bool, bool, bool, bool], better: Literal["higher", "lower"]
) -> None:
    """Where a low rate is good, the numerator is the gap itself."""
    initial, excluded, met, excepted = who
    counts = populations(*(np.array([each]) for each in who))
    why = {
        EXCLUSION: {"a reason": np.array([excluded])},
        NUMERATOR: {"care": np.array([met])},
        EXCEPTION: {"an exception": np.array([excepted])},
    }
    measure = replace(MEASURES[0], better=better)
    (status,), (reason,) = status_of(measure, [Populations(counts, why)])
    closed = met if better == "higher" else not met
    wanted = NOT_APPLICABLE
    if initial:
        spared = excluded or (excepted and not met)
        wanted = EXCLUDED if spared else CLOSED if closed else OPEN_GAP
    assert status == wanted
    assert bool(reason) == (status == EXCLUDED), "whoever is excluded is told why, and nobody else"


@pytest.mark.parametrize("who", list(itertools.product((False, True), repeat=4)))
def test_a_transition_gap_has_one_status_in_every_combination(who: tuple[bool, bool, bool, bool]) -> None:
    """Whoever it is not for is excluded whatever was done; late is what came after it was due and proves nothing."""
    spared, done, after_due, proves = who
    day = 12 if after_due else 10
    opened = Opened(np.array([0]), np.array([5]), np.array(["elsewhere" if spared else ""], dtype=object))
    events = 1 if done else 0
    texts = np.array(["table"], dtype=object)[:events]
    care = Care(np.array([0])[:events], np.array([day])[:events], texts, texts, np.array([proves])[:events])
    there, found = first_care(opened, care, 1, np.array([20]))
    (status,), (why,) = transition_status(opened, care, there, found, np.array([11]))
    assert status == (EXCLUDED if spared else CLOSED if done else OPEN_GAP)
    assert why == ("elsewhere" if spared else LATE if done and after_due and not proves else "")


@given(EVENTS, EVENTS)
def test_the_first_care_after_the_opening_is_found(opened: list[tuple[int, int]], done: list[tuple[int, int]]) -> None:
    gaps = dict(opened)
    care = sorted(done)
    who, day = (np.array([each[i] for each in care], dtype=np.int64) for i in (0, 1))
    nothing = np.full(len(care), "", dtype=object)
    what = Opened(np.array(list(gaps), dtype=np.int64), np.array(list(gaps.values()), dtype=np.int64), nothing)
    there, found = first_care(what, Care(who, day, nothing, nothing, who == 0), 1, np.full(len(gaps), 5))
    for place, (person, start) in enumerate(gaps.items()):
        after = [day for other, day in care if other == person and start + 1 <= day <= 5]
        assert bool(found[place]) == bool(after)
        if after:
            assert care[there[place]] == (person, min(after))


# ---- what is due


@given(st.lists(st.integers(19_000, 21_000), max_size=8))
def test_business_days_of_many_are_those_of_each(days: list[int]) -> None:
    found = business_days_after_each(days, 2).tolist()
    assert found == [business_days_after(day, 2) for day in days]
    assert all(is_business_day(day) for day in found)


# ---- rows of people, against a plain second way


def rows_of(events: list[tuple[int, int]]) -> Rows:
    who, day = (np.array([each[i] for each in sorted(events)], dtype=np.int64) for i in (0, 1))
    return Rows(5, {"who": who, "start_day": day}, np.arange(len(events)))


@given(EVENTS, EVENTS)
def test_having_asks_every_pair_of_the_same_person(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    found = rows_of(left).having(rows_of(right), lambda a, b: a["start_day"] < b["start_day"])
    wanted = [a for a in sorted(left) if any(a[0] == b[0] and a[1] < b[1] for b in right)]
    assert list(zip(found["who"].tolist(), found["start_day"].tolist(), strict=True)) == wanted


@given(EVENTS)
def test_last_and_highest_of_each_person(events: list[tuple[int, int]]) -> None:
    rows = rows_of(events)
    best = {who: max(day for other, day in events if other == who) for who, _ in events}
    assert (
        dict(
            zip(
                rows.last(rows["start_day"])["who"].tolist(),
                rows.last(rows["start_day"])["start_day"].tolist(),
                strict=True,
            )
        )
        == best
    )
    highest = rows.highest(rows["start_day"])
    assert sorted(zip(highest["who"].tolist(), highest["start_day"].tolist(), strict=True)) == sorted(
        each for each in events if each[1] == best[each[0]]
    )
