"""On which rows a calibrator is fitted anew, and on which it is judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import BadInput
from models.population import without
from training.recalibrate import IN_THE_SLICE, Span, learned_from, marked, span

FIRST = 20_000


def rows_of(days: int) -> pd.DataFrame:
    """One person a day."""
    day = FIRST + np.arange(days)
    return pd.DataFrame(
        {
            "person_id": [f"p{number}" for number in range(days)],
            "discharge_day": day,
            "label": (np.arange(days) % 5 == 0).astype(float),
        }
    )


def saved_of(rows: pd.DataFrame, held_out_from: int) -> pd.DataFrame:
    return rows.assign(slice=np.where(rows.discharge_day >= FIRST + held_out_from, "holdout", "train"))


def test_rows_of_the_trees_are_left_out_whatever_their_stay_is_called() -> None:
    rows = rows_of(10)
    saved = rows.assign(stay_id="old")
    slices = ["train"] * 3 + ["tune"] + ["calibrate"] * 2 + [None] + ["holdout"] * 3
    saved["slice"] = pd.Series(slices, dtype=object)
    found = without(rows.assign(stay_id="corrected"), learned_from(saved))
    assert found.person_id.tolist() == ["p4", "p5", "p6", "p7", "p8", "p9"]


def test_by_itself_it_takes_the_earlier_half_of_what_was_held_out_and_the_later_judges() -> None:
    rows = rows_of(1_000)
    found = span(rows, saved_of(rows, 600), None, None)
    assert found == Span(FIRST + 600, FIRST + 799)
    calibrating, judged = marked(rows, found).slices
    assert (calibrating.rows, judged.rows) == (200, 200)


def test_days_that_are_named_are_taken() -> None:
    rows = rows_of(1_000)
    saved = saved_of(rows, 600)
    assert span(rows, saved, FIRST + 500, FIRST + 700) == Span(FIRST + 500, FIRST + 700)
    assert span(rows, saved, None, FIRST + 700) == Span(FIRST + 600, FIRST + 700)
    with pytest.raises(BadInput, match="a first day that is not after the last"):
        span(rows, saved, FIRST + 700, FIRST + 500)


def test_whoever_is_in_the_slice_judges_nothing_and_the_slice_keeps_those_who_come_back() -> None:
    """Without them it would hold too few events: whoever comes back has a later row."""
    rows = rows_of(400)
    rows.loc[390, "person_id"] = "p20"
    found = marked(rows, Span(FIRST + 10, FIRST + 199))
    assert found.rows.slice.isna().sum() == 10 + 1, "before the slice, and the one"
    assert (found.rows.slice[20], found.rows.left_out[390]) == ("calibrate", IN_THE_SLICE)
    calibrating, judged = found.slices
    assert (calibrating.name, calibrating.rows, calibrating.lost_to_people) == ("calibrate", 190, 0)
    assert (judged.name, judged.rows, judged.first_day, judged.lost_to_people) == ("holdout", 199, FIRST + 200, 1)
