"""Slices follow time; nobody is on both sides; every label was known before the next slice began."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import windows
from features.definitions.outcomes import ADVERSE_EVENT_21D, CLAIMS_RUN_OUT_DAYS, READMISSION_30D
from features.errors import BadInput
from models.specs import spec
from training import split
from training.split import IN_A_LATER_SLICE, UNKNOWN_IN_TIME, by_time

WAIT = 30
LATER = {"calibrate": 0.2, "holdout": 0.2}


def rows_of(*told: tuple[str, int, int]) -> pd.DataFrame:
    """Rows from (person, day of discharge, days until the label is known)."""
    frame = pd.DataFrame(told, columns=["person_id", "discharge_day", "waited"])
    return frame.assign(label_known_day=frame.discharge_day + frame.waited, label=0.0)


def one_a_day(days: int) -> pd.DataFrame:
    return rows_of(*((f"p{day}", day, WAIT) for day in range(days)))


def test_the_latest_period_is_held_out_and_slices_get_their_shares() -> None:
    made = by_time(one_a_day(1000), WAIT, "train", LATER)
    held = {name: np.flatnonzero(made.slice == name) for name in ("train", "calibrate", "holdout")}
    assert (held["holdout"].min(), held["holdout"].max(), len(held["holdout"])) == (800, 999, 200)
    assert (held["calibrate"].max(), len(held["calibrate"])) == (769, 200), "waiting is not taken from its share"
    assert held["train"].max() == 570 - WAIT - 1, "a label known on the day on which the next slice begins is too late"


def test_a_person_with_a_row_in_a_later_slice_gives_none_to_an_earlier_one() -> None:
    rows = one_a_day(1000)
    rows.loc[[5, 600, 900], "person_id"] = "again and again"
    rows.loc[[6, 601], "person_id"] = "twice"
    made = by_time(rows, WAIT, "train", LATER)
    assert made.slice[[900, 601]].tolist() == ["holdout", "calibrate"]
    assert made.slice[[5, 600, 6]].isna().all()
    assert made.left_out[[5, 600, 6]].eq(IN_A_LATER_SLICE).all()
    assert made.lost_from[[5, 600, 6]].tolist() == ["train", "calibrate", "train"]


def test_a_row_that_is_left_out_keeps_nobody_else_out() -> None:
    rows = one_a_day(1000)
    rows.loc[[5, 790], "person_id"] = "late"  # day 790 lies between calibrate and holdout: its label is not known
    made = by_time(rows, WAIT, "train", LATER)
    assert made.left_out[790] == UNKNOWN_IN_TIME
    assert made.slice[5] == "train"


def test_events_wait_as_long_as_their_absence_does() -> None:
    rows = one_a_day(1000)
    rows["waited"] = np.where(rows.index % 2 == 0, 1, WAIT)  # an event is known the next day, its absence after a month
    rows["label_known_day"] = rows.discharge_day + rows.waited
    made = by_time(rows, WAIT, "train", LATER)
    in_training = made.slice[540:570].notna()
    assert not in_training.any(), "else the last weeks of the training slice would hold nothing but events"


def test_news_that_comes_after_the_next_slice_began_is_not_used() -> None:
    rows = one_a_day(1000)
    rows.loc[100, "label_known_day"] = 900
    made = by_time(rows, WAIT, "train", LATER)
    assert (made.left_out[100], made.lost_from[100]) == (UNKNOWN_IN_TIME, "train")


def test_an_outcome_told_by_claims_waits_for_claims_to_run_out() -> None:
    told_at_once = replace(READMISSION_30D, by_claims=False)
    assert split.days_until_known(told_at_once) == 30
    assert split.days_until_known(READMISSION_30D) == 30 + CLAIMS_RUN_OUT_DAYS
    assert split.days_until_known(ADVERSE_EVENT_21D) == 21 + CLAIMS_RUN_OUT_DAYS


def test_stages_lie_within_the_training_slice_and_every_row_is_accounted_for() -> None:
    rows = one_a_day(1000)
    made = split.sliced(rows, READMISSION_30D)
    assert made.rows.stage.notna().sum() > 0
    assert (made.rows.slice[made.rows.stage.notna()] == "train").all()
    lost = sum(found.lost_to_labels + found.lost_to_people for found in made.slices)
    assert sum(found.rows for found in made.slices) + lost == len(rows)
    assert made.to_json()["slices"], "counts and dates go into the release"


def test_too_few_events_is_said_with_the_counts() -> None:
    rows = one_a_day(1000)
    rows.loc[rows.index % 20 == 0, "label"] = 1.0
    made = split.sliced(rows, READMISSION_30D)
    with pytest.raises(BadInput, match=r"got \d+ events in the \d+ rows of the train slice"):
        split.check_enough(made, "readmission_30d")


def test_a_period_too_short_for_any_slice_is_said_and_does_not_break() -> None:
    made = split.sliced(one_a_day(10), READMISSION_30D)
    with pytest.raises(BadInput, match="0 events"):
        split.check_enough(made, "readmission_30d")


histories = st.lists(
    st.tuples(st.sampled_from([f"p{n}" for n in range(30)]), st.integers(0, 400), st.integers(0, 90)),
    min_size=1,
    max_size=120,
)


@given(histories, st.integers(0, 120))
def test_law_of_slices(told: list[tuple[str, int, int]], wait: int) -> None:
    rows = rows_of(*told)
    made = by_time(rows, wait, "train", LATER)
    assert (made.slice.notna() ^ made.left_out.notna()).all(), "a row is in a slice or left out with a reason"
    names = ["train", *LATER]
    for earlier, later in [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]:
        first, second = rows[made.slice == earlier], rows[made.slice == later]
        assert not set(first.person_id) & set(second.person_id), "nobody is on both sides"
        if len(first) and len(second):
            assert first.discharge_day.max() < second.discharge_day.min(), "slices follow time"
            assert first.label_known_day.max() < second.discharge_day.min(), "labels were known in time"
            assert first.discharge_day.max() + wait < second.discharge_day.min()


# ---- gaps, whose people have rows in every period


def gaps_of(people: int, years: tuple[int, ...] = (2020, 2021, 2022, 2023)) -> pd.DataFrame:
    """A row a person and month's end; what became of a year's gaps is known 90 days after it."""
    told = [
        (f"p{person}", end - 1, windows.first_day_of_year(year + 1) - 1 + 90)
        for year in years
        for end in windows.month_starts(windows.first_day_of_year(year), windows.first_day_of_year(year + 1))[1:]
        for person in range(people)
    ]
    return pd.DataFrame(told, columns=["person_id", "discharge_day", "label_known_day"]).assign(label=0.0)


def test_each_person_belongs_to_one_slice_of_gaps_and_slices_follow_time() -> None:
    rows = gaps_of(300)
    made = split.by_period(rows)
    kept = rows.assign(slice=made.slice)[made.slice.notna()]
    assert kept.groupby("person_id").slice.nunique().max() == 1
    years = {name: {windows.year_of(day) for day in kept.discharge_day[kept.slice == name]} for name in set(kept.slice)}
    assert years == {"train": {2020, 2021}, "calibrate": {2022}, "holdout": {2023}}
    shares = kept.groupby("slice").person_id.nunique() / 300
    assert dict(shares.round(1)) == pytest.approx({"train": 0.55, "calibrate": 0.15, "holdout": 0.3}, abs=0.07)


def test_a_slice_of_gaps_begins_when_the_labels_before_it_are_known() -> None:
    rows = gaps_of(50)
    made = split.by_period(rows)
    early = rows[made.left_out == split.BEFORE_LABELS]
    assert {(windows.year_of(day), windows.date_of(day).month) for day in early.discharge_day} == {
        (year, month) for year in (2022, 2023) for month in (1, 2, 3)
    }
    for before, after in (("train", "calibrate"), ("calibrate", "holdout")):
        assert rows.label_known_day[made.slice == before].max() < rows.discharge_day[made.slice == after].min()


def test_two_years_of_gaps_are_too_few_to_learn_calibrate_and_judge() -> None:
    with pytest.raises(BadInput, match="2 years whose gaps have run out"):
        split.by_period(gaps_of(5, (2020, 2021)))


def test_the_stages_within_training_share_nobody() -> None:
    made = split.sliced(gaps_of(200), spec("gap_cms122").outcome)
    kept = made.rows[made.rows.stage.notna()]
    assert set(kept.stage) == {"fit", "tune"}
    assert kept.groupby("person_id").stage.nunique().max() == 1
    assert (kept.slice == "train").all()
