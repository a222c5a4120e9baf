"""What being just above a cutoff does, by people whose truth is planted."""

from __future__ import annotations

import numpy as np
import pytest

from models.discontinuity import MOVED, TOO_FEW, UNLIKE, WEAK, bandwidth, density_p, discontinuity, jump
from models.matching import matched
from models.trial import trial
from tests.benchmarks import impact as bench

DRAW = np.random.default_rng(5)
X = DRAW.uniform(-1, 1, 3_000)
LISTED = (X >= 0).astype(float)
AGE = 70 + 5 * X + DRAW.standard_normal(3_000)


def test_a_jump_on_a_bent_line_without_noise_is_found_exactly() -> None:
    found = jump(X, 1 + X + 3 * X**2 + 0.25 * LISTED, 0.5)
    assert (found.value, found.low, found.high) == pytest.approx((0.25,) * 3, abs=1e-9)


def test_no_jump_is_none_however_steep_the_line() -> None:
    found = jump(X, 4 * X, 0.5)
    assert (found.value, found.low, found.high) == pytest.approx((0, 0, 0), abs=1e-9)


def test_a_bandwidth_is_narrower_where_the_curve_bends_more() -> None:
    noise = 0.2 * np.random.default_rng(1).standard_normal(len(X))
    assert bandwidth(X, np.sign(X) * 8 * X**2 + noise) < bandwidth(X, X + noise)


def test_the_effect_of_a_contact_is_the_jump_of_the_outcome_over_that_of_contact() -> None:
    draw = np.random.default_rng(2)
    reached = (draw.random(len(X)) < np.where(LISTED == 1, 0.8, 0.1)).astype(float)
    outcome = 0.3 - 0.1 * X - 0.2 * reached + 0.02 * draw.standard_normal(len(X))
    found = discontinuity(X, reached, outcome, {"age": AGE})
    assert found.contact is not None
    assert found.listed is not None
    assert found.contact.low <= -0.2 <= found.contact.high
    assert found.listed.value == pytest.approx(-0.2 * 0.7, abs=0.03), "three in ten of the listed were not reached"


def test_people_pushed_over_the_cutoff_are_noticed_and_no_estimate_is_given() -> None:
    pushed = np.where((X > -0.1) & (X < 0), -X, X)
    assert density_p(pushed) < 0.001 < density_p(X)
    found = discontinuity(pushed, (pushed >= 0).astype(float), np.zeros(len(X)), {"age": AGE})
    assert (found.listed, found.contact, found.refused) == (None, None, MOVED)


def test_people_above_who_were_older_before_any_call_are_noticed() -> None:
    found = discontinuity(X, LISTED, LISTED * 0.5, {"age": AGE, "nights": AGE + 8 * LISTED})
    assert (found.contact, found.refused) == (None, UNLIKE)


def test_a_cutoff_that_changed_nobodys_calls_tells_nothing_of_calls() -> None:
    reached = (np.random.default_rng(3).random(len(X)) < 0.3).astype(float)
    found = discontinuity(X, reached, X + LISTED, {"age": AGE})
    assert (found.contact, found.refused) == (None, WEAK)


def test_a_few_people_are_too_few() -> None:
    found = discontinuity(X[:60], LISTED[:60], LISTED[:60], {"age": AGE[:60]})
    assert (found.listed, found.refused) == (None, TOO_FEW)


def test_a_lottery_compares_within_each_draw() -> None:
    draw = np.repeat(["monday", "friday"], 200)
    chosen = np.array([*([1.0] * 150 + [0.0] * 50), *([1.0] * 50 + [0.0] * 150)])
    outcome = np.where(draw == "monday", 0.5, 0.1)
    found = trial(draw, chosen, chosen, outcome)
    assert found.chosen is not None
    assert found.chosen.value == pytest.approx(0.0, abs=1e-12), "mondays are worse, and more were chosen on them"


def test_a_lottery_gives_the_difference_of_shares_and_what_a_contact_did() -> None:
    chosen = np.repeat([1.0, 0.0], 200)
    reached = np.concatenate([np.tile([1.0, 1, 1, 0], 50), np.zeros(200)])
    outcome = np.concatenate([np.tile([0.0, 0, 0, 0, 1], 40), np.tile([0.0, 1], 100)])
    found = trial(np.repeat("one", 400), chosen, reached, outcome)
    assert found.chosen is not None
    assert found.contact is not None
    assert found.chosen.value == pytest.approx(0.2 - 0.5)
    assert found.contact.value == pytest.approx(-0.3 / 0.75)
    assert trial(["a"] * 40, [1.0, 0.0] * 20, [1.0, 0.0] * 20, [0.0] * 40).refused == TOO_FEW


def test_pairs_are_of_people_alike_in_risk_and_the_others_are_counted() -> None:
    risk = np.array([*([0.2] * 60), *([0.2] * 60), *([0.9] * 10), *([0.02] * 30)])
    reached = np.array([*([1.0] * 60), *([0.0] * 60), *([1.0] * 10), *([0.0] * 30)])
    outcome = np.array([*([0.0] * 60), *([1.0] * 30 + [0.0] * 30), *([1.0] * 10), *([0.0] * 30)])
    found = matched(risk, reached, outcome)
    assert (found.pairs, found.alone) == (60, 10), "nobody is like the ten at great risk"
    assert found.difference is not None
    assert found.difference.value == pytest.approx(-0.5)


@pytest.mark.slow
def test_the_cutoff_and_the_lottery_hold_the_truth_and_a_before_and_after_does_not() -> None:
    for effect in (0.0, bench.EFFECT):
        assert bench.at_the_cutoff(20, effect).holds >= 0.8, "by chance alone under 16 of 20 in one of 400 runs"
    assert bench.by_lottery(20, bench.EFFECT).holds >= 0.8
    fooled = bench.before_and_after(5, 0.0)
    assert fooled.holds == 0.0
    assert fooled.mean < -0.1, "calls that do nothing seem to halve the stays of people called at their worst"
    assert bench.by_matching(5, 0.0).mean < -0.03, "who answers is healthier, and matching cannot know"


@pytest.mark.soak
def test_coverage_of_the_evaluation_in_200_repeats() -> None:
    for effect in (0.0, bench.EFFECT):
        assert 0.92 <= bench.at_the_cutoff(200, effect).holds <= 0.99
        assert 0.92 <= bench.by_lottery(200, effect).holds <= 0.99
