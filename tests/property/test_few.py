"""No number leads back to a few people, whatever the counts and values are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.pages.few import FEWEST_PEOPLE, binned, few, withheld


@given(st.lists(st.integers(0, 40), max_size=8))
def test_what_is_withheld_cannot_be_worked_out_from_the_total(counts: list[int]) -> None:
    hidden = withheld(counts)
    assert all(hides for count, hides in zip(counts, hidden, strict=True) if few(count))
    kept_back = [count for count, hides in zip(counts, hidden, strict=True) if hides]
    everything = all(hides or count == 0 for count, hides in zip(counts, hidden, strict=True))
    assert not kept_back or everything or (len(kept_back) > 1 and sum(kept_back) >= FEWEST_PEOPLE)
    assert 0 not in kept_back, "that there is nobody tells of nobody"


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 60), st.booleans()), max_size=300),
    st.integers(1, 10),
)
def test_every_stretch_holds_eleven_people_of_each_kind_and_no_value_is_torn_apart(
    rows: list[tuple[int, int, bool]], wanted: int
) -> None:
    values = np.asarray([row[0] for row in rows], dtype=np.float64)
    persons = np.asarray([row[1] for row in rows], dtype=np.int64)
    kind = np.asarray([row[2] for row in rows], dtype=np.bool_)
    found = binned(values, persons, wanted, (kind, ~kind))
    if not found:
        assert min(len(set(persons[kind])), len(set(persons[~kind]))) < FEWEST_PEOPLE
        return
    assert sorted(np.concatenate(found).tolist()) == list(range(len(rows))), "each row lies in one stretch"
    assert len(found) <= wanted
    for part in found:
        assert min(len(set(persons[part][kind[part]])), len(set(persons[part][~kind[part]]))) >= FEWEST_PEOPLE
    spans = [(values[part].min(), values[part].max()) for part in found]
    assert all(before[1] < after[0] for before, after in pairwise(spans))
