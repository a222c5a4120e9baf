"""When a list is fair to a group, when it is not, and what is never shown of a few people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from features.errors import BadInput
from models.fairness import Audit, Group, audit, suppressed
from models.log_odds import risk_of
from models.verdicts import Verdict

Floats = npt.NDArray[np.float64]


def some_people(seed: int, rows: int) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """(y, risk, persons): two rows a person, true risks."""
    draw = np.random.default_rng(seed)
    risk = risk_of(draw.normal(-1.5, 1.0, rows))
    return (draw.random(rows) < risk).astype(np.float64), risk, np.arange(rows) // 2


def named(found: Audit, column: str, name: str) -> Group:
    return next(group for group in found.groups if (group.column, group.name) == (column, name))


def test_the_figures_of_a_group_are_those_of_plain_counting() -> None:
    y, risk, persons = some_people(1, 2_000)
    sex = np.where(np.arange(2_000) % 3 == 0, "female", "male")
    found = named(audit(y, risk, persons, pd.DataFrame({"sex": sex}), 200, resamples=20), "sex", "female")
    on_list = risk >= np.sort(risk)[-200]
    theirs = sex == "female"
    of_all, of_group = y[on_list].sum() / y.sum(), y[on_list & theirs].sum() / y[theirs].sum()
    assert found.difference.value == pytest.approx(of_group - of_all)
    assert found.observed_to_expected.value == pytest.approx(y[theirs].sum() / risk[theirs].sum())
    assert (found.rows, found.events) == (theirs.sum(), y[theirs].sum())
    assert found.people == len(set(persons[theirs]))


def test_a_row_counts_for_those_who_left_and_for_whom_it_stands() -> None:
    y, risk, persons = some_people(8, 1_000)
    weights, sex = (
        1 + np.arange(1_000) % 3,
        pd.DataFrame({"sex": np.where(np.arange(1_000) % 4 == 0, "female", "male")}),
    )
    found = named(audit(y, risk, persons, sex, 100, resamples=20, weights=weights), "sex", "female")
    theirs = (sex.sex == "female").to_numpy()
    assert found.observed_to_expected.value == pytest.approx(
        (y * weights)[theirs].sum() / (risk * weights)[theirs].sum()
    )
    assert found.rows == 250, "counts are of rows that were seen"


def test_risks_too_low_for_one_group_are_unfair_to_it_and_to_nobody_else() -> None:
    y, risk, persons = some_people(2, 40_000)
    race = np.asarray(["a", "b", "c", "d"])[persons % 4]
    told = np.where(race == "c", risk / 2, risk)
    found = audit(y, told, persons, pd.DataFrame({"race": race}), 6_000, resamples=100)
    wronged = named(found, "race", "c")
    assert wronged.verdict is Verdict.FAIL
    assert wronged.observed_to_expected.low > 1.25
    assert wronged.difference.high < -0.05, "their events are missed by the list"
    assert found.verdict is Verdict.FAIL
    fair = audit(y, risk, persons, pd.DataFrame({"race": race}), 6_000, resamples=100)
    assert [group.verdict for group in fair.groups] == [Verdict.PASS] * 4, "and true risks are fair to all"


@pytest.mark.slow
def test_all_intervals_of_an_audit_hold_together() -> None:
    """With 24 groups drawn by lot, intervals of one group alone would miss somewhere in most audits."""
    missed = alone = 0
    for seed in range(30):
        y, risk, persons = some_people(seed, 2_000)
        lot = np.random.default_rng(seed).integers(0, 8, (2_000, 3)).astype(str)
        found = audit(y, risk, persons, pd.DataFrame(lot, columns=["one", "two", "three"]), 300, 100, seed)
        ratios = [group.observed_to_expected for group in found.groups]
        missed += any(not each.low < 1 < each.high for each in ratios)
        alone += any(abs(np.log(each.value)) > 1.96 * np.log(each.high / each.value) / found.reach for each in ratios)
    assert missed <= 4
    assert alone >= 12, "or the test shows nothing"


def test_a_list_that_finds_none_of_a_few_events_is_not_sure_of_it() -> None:
    y = np.r_[np.repeat([1.0, 0.0], [300, 2_700]), np.repeat([1.0, 0.0], [21, 179])]
    risk = np.r_[np.linspace(0.9, 0.8, 60), np.full(2_940, 0.08), np.full(200, 0.07)]
    place = pd.DataFrame({"facility": np.where(np.arange(3_200) < 3_000, "large", "small")})
    found = named(audit(y, risk, np.arange(3_200), place, 60, resamples=100), "facility", "small")
    assert found.difference.value < -0.15
    assert found.difference.high > -0.05, "every resample also finds none, yet 21 events prove little"
    assert found.verdict is Verdict.TOO_FEW


def test_few_people_are_not_shown_nor_the_cell_that_would_give_them_away() -> None:
    y, risk, persons = some_people(3, 1_000)
    language = np.where(persons < 8, "ht", np.where(persons < 60, "es", "en"))
    found = audit(y, risk, persons, pd.DataFrame({"language": language}), 100, resamples=20)
    few, next_smallest, most = (named(found, "language", name) for name in ("ht", "es", "en"))
    assert (few.people, few.rows, few.events, few.why) == (None, None, None, "fewer than 11 people")
    assert (next_smallest.people, next_smallest.rows, next_smallest.events) == (None, None, None)
    assert np.isnan(few.observed_to_expected.value)
    assert most.people == 440
    assert few.verdict is Verdict.TOO_FEW


def test_groups_of_a_few_people_are_judged_together_and_nobody_is_forgotten() -> None:
    y, risk, persons = some_people(7, 6_000)
    facility = np.where(persons < 2_000, "large", np.char.add("small ", (persons // 5).astype(str)))
    found = audit(y, risk, persons, pd.DataFrame({"facility": facility}), 600, resamples=20)
    assert [group.name for group in found.groups] == ["200 groups of fewer than 11 people, together", "large"]
    assert sum(group.people or 0 for group in found.groups) == 3_000
    assert not np.isnan(found.groups[0].observed_to_expected.low)


def test_a_rare_outcome_is_hidden_though_the_group_is_large() -> None:
    y = np.zeros(600)
    y[:40], y[580:584] = 1, 1
    place = pd.DataFrame({"facility": np.where(np.arange(600) < 400, "a", "b")})
    found = audit(y, np.full(600, 0.1), np.arange(600), place, 60, resamples=20)
    b = named(found, "facility", "b")
    assert (b.people, b.events, b.why) == (200, None, "fewer than 20 events")
    assert named(found, "facility", "a").events is None, "44 less 40 is 4"


def test_suppression_by_example() -> None:
    column = np.asarray([True, True, True, True, False])
    assert suppressed(np.asarray([10, 11, 50, 60, 3]), column).tolist() == [True, True, False, False, False]
    assert suppressed(np.asarray([10, 9, 50, 60, 3]), column).tolist() == [True, True, False, False, False]
    assert suppressed(np.asarray([11, 12, 50, 60, 3]), column).tolist() == [False] * 5


def test_what_is_known_of_nobody_is_said_and_not_guessed() -> None:
    y, risk, persons = some_people(4, 500)
    groups = pd.DataFrame({"language": [None] * 500, "sex": ["female"] * 500})
    language, sex = audit(y, risk, persons, groups, 50, resamples=20).groups
    assert (language.name, language.verdict) == ("not known", Verdict.TOO_FEW)
    assert language.why == "known of nobody: collect it"
    assert (sex.verdict, sex.why) == (Verdict.PASS, "everyone is in it")


def test_nobody_s_group_is_dropped_for_being_unknown() -> None:
    y, risk, persons = some_people(5, 500)
    some = pd.DataFrame({"race": ["white", None] * 250})
    assert [group.name for group in audit(y, risk, persons, some, 50, resamples=20).groups] == ["not known", "white"]


def test_groups_of_other_rows_are_refused() -> None:
    y, risk, persons = some_people(6, 500)
    with pytest.raises(BadInput, match="groups of 499 rows for 500 outcomes"):
        audit(y, risk, persons, pd.DataFrame({"sex": ["female"] * 499}), 50)
