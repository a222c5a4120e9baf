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
from features.measures.yearly import status_of
from features.windows import business_days_after, business_days_after_each, is_business_day


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


# ---- what is due


@given(st.lists(st.integers(19_000, 21_000), max_size=8))
def test_business_days_of_many_are_those_of_each(days: list[int]) -> None:
    found = business_days_after_each(days, 2).tolist()
    assert found == [business_days_after(day, 2) for day in days]
    assert all(is_business_day(day) for day in found)


# ---- rows of people, against a plain second way

EVENTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=12)


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
