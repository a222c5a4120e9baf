"""Laws of one person from several numbers, on random histories: a merge changes nothing before it was known, from then
on it reads as if the numbers had been one from the start, and its undo brings everything back, to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.catalogue.algebra import Family, Feature
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.definitions.outcomes import READMISSION_30D, labels
from features.record.identity import ALWAYS, STILL, Era, Merge, eras, groups, in_force, merge_id
from features.record.known import known
from features.record.record import Record, by_era, known_by, persons_now
from features.record.tables import TABLES
from tests.histories import DAY_ZERO, Rows, end, random_rows, record_of, row
from tests.property.test_store import READINGS, _index

PEOPLE = tuple(f"p{number}" for number in range(5))
SOME = tuple(feature for feature in CATALOGUE if isinstance(feature, Family))[::12]

merges = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(-100, 500)).filter(lambda m: m[0] != m[1]),
    min_size=1,
    max_size=4,
)
seeds = st.integers(0, 10_000)
days = st.integers(-100, 500)
FEW = settings(max_examples=3 if settings.get_current_profile_name() == "afterward" else 200)


def told(survivor: str, absorbed: str, day: int, status: str = "merged") -> dict[str, Any]:
    at = DAY_ZERO + day
    pair = {"person_id": survivor, "absorbed_id": absorbed, "merge_id": merge_id(survivor, absorbed)}
    return row(at, at, end(at), **pair, status=status, evidence="message")


def _with(rows: Rows, *merged: dict[str, Any]) -> Rows:
    return {**rows, "person_merge": list(merged)}


def _by_hand(rows: Rows, merged: list[tuple[str, str, int]], day: int) -> tuple[Rows, dict[str, str]]:
    """The same history in which the numbers merged by a day were one from the start, and who went by which."""
    names = {person: person for person in PEOPLE}
    held = [Merge(one, other, end(DAY_ZERO + at)) for one, other, at in merged if at <= day]
    for group in dict.fromkeys(groups((m.survivor, m.absorbed) for m in held).values()):
        first = groups((m.survivor, m.absorbed) for m in held)
        of_it = sorted(number for number, least in first.items() if least == group)
        going_on = [number for number in of_it if number not in {m.absorbed for m in held}] or of_it
        names.update(dict.fromkeys(of_it, going_on[0]))
    moved = {name: [{**one, "person_id": names[one["person_id"]]} for one in given] for name, given in rows.items()}
    return moved, names


def _read(record: Record, instant: int, reading: str) -> dict[str, list[str]]:
    """What the door gives for each number, asked as known at an instant."""
    found: dict[str, list[str]] = {}
    for person in PEOPLE:
        [(era, _, [name])] = by_era(record, [person], [instant])
        rows = READINGS[reading](known(era, _index(era, [name], instant)))
        columns = [column for column in rows.columns if column not in ("known_until", "index_stay_id")]
        found[person] = sorted(repr(one) for one in rows.select(columns).to_pyarrow().to_pylist())
    return found


def _bits(frame: pd.DataFrame) -> Any:
    return frame.to_numpy("float64").view(np.int64)


@settings(FEW, max_examples=2 if settings.get_current_profile_name() == "afterward" else 200)
@given(seeds, merges, days, st.sampled_from(sorted(READINGS)))
@pytest.mark.slow
def test_reading_at_a_time_is_as_if_what_was_then_merged_had_been_one_from_the_start(
    seed: int, merged: list[tuple[str, str, int]], day: int, reading: str
) -> None:
    history = random_rows(seed, people=len(PEOPLE))
    record = record_of(_with(history, *(told(*each) for each in merged)))
    moved, names = _by_hand(history, merged, day)
    instant = end(DAY_ZERO + day)
    expected = _read(record_of(moved), instant, reading)
    found = _read(record, instant, reading)
    for person in PEOPLE:
        assert found[person] == expected[names[person]], reading
    only = known_by(record, instant)
    assert _read(only, instant, reading) == found, "what is known later moves what is read"


def _tables(record: Record) -> dict[str, list[str]]:
    names = [t.name for t in TABLES if t.name != "person_merge"]
    return {name: sorted(map(repr, record.tables[name].to_pyarrow().to_pylist())) for name in names}


@FEW
@given(seeds, merges)
def test_an_undo_brings_back_every_row(seed: int, merged: list[tuple[str, str, int]]) -> None:
    history = random_rows(seed, people=len(PEOPLE))
    undone = [told(one, other, 900, status="apart") for one, other, _ in merged]
    record = record_of(_with(history, *(told(*each) for each in merged), *undone))
    assert _tables(record) == _tables(record_of(history))
    assert record.former == ()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3])
def test_features_before_a_merge_do_not_change_and_after_its_undo_are_what_they_were(seed: int) -> None:
    _check_features(seed, [("p0", "p1", 60)], SOME)


@pytest.mark.soak
@settings(max_examples=3)
@given(seeds, merges)
def test_no_feature_moves_before_a_merge(seed: int, merged: list[tuple[str, str, int]]) -> None:
    _check_features(seed, merged, CATALOGUE)


def _check_features(seed: int, merged: list[tuple[str, str, int]], features: tuple[Feature, ...]) -> None:
    history = random_rows(seed, people=3)
    apart = record_of(history)
    rows = prediction_cohort(apart).rows
    if rows.empty:
        return
    alone = build(apart, rows, features)
    together = record_of(_with(history, *(told(*each) for each in merged)))
    before = (rows.as_of < end(DAY_ZERO + min(day for *_, day in merged))).to_numpy()
    assert (_bits(build(together, rows, features))[before] == _bits(alone)[before]).all()
    undone = [told(one, other, 900, status="apart") for one, other, _ in merged]
    back = record_of(_with(history, *(told(*each) for each in merged), *undone))
    assert (_bits(build(back, rows, features)) == _bits(alone)).all()


@pytest.mark.slow
def test_index_stays_of_each_era_are_scored_once_and_followed_under_every_number() -> None:
    """A stay is not lost because its number was given up later, and coming back under the other number is coming
    back."""
    history = random_rows(5, people=2)
    alone = prediction_cohort(record_of(history)).rows
    record = record_of(_with(history, told("p0", "p1", 120)))
    rows = prediction_cohort(record).rows
    merge = end(DAY_ZERO + 120)
    kept = ["person_id", "stay_id", "as_of", "discharge_day"]
    assert rows[rows.as_of < merge][kept].values.tolist() == alone[alone.as_of < merge][kept].values.tolist()
    assert set(rows[rows.as_of < merge].person_id) == {"p0", "p1"}
    assert set(rows[rows.as_of >= merge].person_id) <= {"p0"}
    one = record_of(_by_hand(history, [("p0", "p1", 0)], 0)[0])
    found = labels(record, rows, READMISSION_30D).event_day
    assert found.equals(labels(one, rows.assign(person_id="p0"), READMISSION_30D).event_day)
    assert found.notna().sum() > labels(record_of(history), alone, READMISSION_30D).event_day.notna().sum()


# ---- who is who, against brute force


@given(merges, st.permutations(range(4)))
def test_the_order_in_which_merges_are_told_does_not_matter(
    merged: list[tuple[str, str, int]], order: list[int]
) -> None:
    rows = [told(*each) for each in merged]
    shuffled = [rows[place] for place in order if place < len(rows)]
    assert {(m.known_at, m.survivor, m.absorbed) for m in in_force(rows)} == {
        (m.known_at, m.survivor, m.absorbed) for m in in_force(shuffled)
    }
    assert eras(in_force(rows)) == eras(in_force(shuffled))


@given(merges, days)
def test_at_every_time_each_number_has_one_era(merged: list[tuple[str, str, int]], day: int) -> None:
    found = eras(in_force([told(*each) for each in merged]))
    instant = end(DAY_ZERO + day)
    for person in {number for era in found for number in era}:
        holding = [era[person] for era in found if person in era and era[person].since <= instant < era[person].until]
        assert len(holding) == 1
        spans = sorted((era[person].since, era[person].until) for era in found if person in era)
        assert (spans[0][0], spans[-1][1]) == (ALWAYS, STILL)
    assert eras(()) == ()


def test_a_chain_of_merges_goes_by_the_number_that_none_absorbed() -> None:
    found = eras((Merge("b", "a", 10), Merge("c", "b", 20)))
    assert found[0] == {number: Era("c", 20) for number in "abc"}
    assert found[1] == {"a": Era("b", 10, 20), "b": Era("b", 10, 20), "c": Era("c", 10, 20)}
    record = record_of({"person": [row(DAY_ZERO, DAY_ZERO, 5, person_id=each) for each in "abc"]})
    assert persons_now(record, ["a"]) == ["a"]
