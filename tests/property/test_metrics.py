"""Laws that every metric and interval must keep, on rows that Hypothesis invents."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from features.errors import BadInput
from models import intervals
from models.calibration import Logistic, apply
from models.intervals import Interval, bootstrap, paired_difference
from models.log_odds import log_odds, risk_of
from models.metrics import (
    Metric,
    auprc,
    auroc,
    brier,
    calibration_curve,
    calibration_intercept,
    calibration_slope,
    ici,
    log_loss,
    observed_to_expected,
    scaled_brier,
)
from models.metrics_at_capacity import (
    lift_at,
    list_stability,
    net_benefit,
    net_benefit_of_calling_all,
    number_needed_to_call_at,
    ppv_at,
    sensitivity_at,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

OF_RANK = (auroc, auprc, ppv_at(3), sensitivity_at(3), lift_at(3), number_needed_to_call_at(3))
OF_RISK = (
    brier,
    scaled_brier,
    log_loss,
    observed_to_expected,
    calibration_slope,
    calibration_intercept,
    ici,
    net_benefit(0.1),
    net_benefit_of_calling_all(0.1),
)
ALL = OF_RANK + OF_RISK


@st.composite
def rows(draw: st.DrawFn) -> tuple[Integers, Floats]:
    """Up to 40 rows with at least one event and one non-event, risks on a grid so that ties are common."""
    size = draw(st.integers(2, 40))
    y = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    assume(0 < sum(y) < size)
    risk = draw(st.lists(st.sampled_from([0.0, 0.02, 0.1, 0.15, 0.3, 0.5, 0.9, 1.0]), min_size=size, max_size=size))
    return np.asarray(y), np.asarray(risk)


def many_rows(seed: int, size: int = 3_000) -> tuple[Integers, Floats]:
    """Rows whose risks are true."""
    draw = np.random.default_rng(seed)
    risk = risk_of(draw.normal(-2, 1, size))
    return (draw.random(size) < risk).astype(np.int64), risk


@given(rows())
def test_auroc_is_the_share_of_pairs_in_the_right_order(given_rows: tuple[Integers, Floats]) -> None:
    y, risk = given_rows
    pairs = list(itertools.product(risk[y == 1], risk[y == 0]))
    won = sum(float(event > nonevent) + 0.5 * float(event == nonevent) for event, nonevent in pairs)
    assert auroc(y, risk) == pytest.approx(won / len(pairs), rel=1e-14)


@given(rows())
def test_ranking_metrics_do_not_change_under_a_monotone_transform(given_rows: tuple[Integers, Floats]) -> None:
    y, risk = given_rows
    for metric in OF_RANK:
        assert metric(y, risk) == metric(y, np.exp(3 * risk) - 7)


@given(rows())
def test_turning_the_ranking_round_turns_auroc_round(given_rows: tuple[Integers, Floats]) -> None:
    y, risk = given_rows
    assert auroc(y, -risk) == pytest.approx(1 - auroc(y, risk), abs=1e-14)


@given(rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_bit(given_rows: tuple[Integers, Floats], shuffle: object) -> None:
    y, risk = given_rows
    order = np.arange(len(y))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    for metric in ALL:
        assert np.array_equal(metric(y, risk), metric(y[order], risk[order]), equal_nan=True), metric.name


@given(rows(), st.data())
def test_a_weight_of_k_is_k_copies_of_the_row(given_rows: tuple[Integers, Floats], data: st.DataObject) -> None:
    """At capacity the weighted list is the same share of the weight, so there the copies must be of everyone."""
    y, risk = given_rows
    times = np.asarray(data.draw(st.lists(st.integers(0, 3), min_size=len(y), max_size=len(y))))
    for metric in (auroc, auprc, brier, scaled_brier, log_loss, observed_to_expected, net_benefit(0.15)):
        copied = metric(np.repeat(y, times), np.repeat(risk, times))
        assert metric(y, risk, times) == pytest.approx(copied, rel=1e-12, nan_ok=True), metric.name
    assert ppv_at(6)(np.repeat(y, 2), np.repeat(risk, 2)) == pytest.approx(ppv_at(3)(y, risk))


@given(rows())
def test_metrics_of_a_list_agree_with_each_other(given_rows: tuple[Integers, Floats]) -> None:
    y, risk = given_rows
    n = min(3, len(y))
    ppv, rate = ppv_at(3)(y, risk), y.mean()
    assert sensitivity_at(3)(y, risk) == pytest.approx(ppv * n / y.sum())
    assert lift_at(3)(y, risk) == pytest.approx(ppv / rate)
    assert number_needed_to_call_at(3)(y, risk) == (pytest.approx(1 / ppv) if ppv else np.inf)
    assert ppv_at(1000)(y, risk) == pytest.approx(rate)


@given(rows())
def test_a_list_is_what_drawing_lots_among_the_tied_gives_on_average(given_rows: tuple[Integers, Floats]) -> None:
    y, risk = given_rows
    places = min(3, len(y))
    edge = np.sort(risk)[::-1][places - 1]
    sure, tied = risk > edge, risk == edge
    events = y[sure].sum() + y[tied].mean() * (places - sure.sum())
    assert ppv_at(3)(y, risk) == pytest.approx(events / places)


@pytest.mark.parametrize("metric", ALL, ids=[metric.name for metric in ALL])
@pytest.mark.parametrize("y", [(), (0, 0, 0), (1, 1, 1)], ids=["no rows", "no events", "no non-events"])
def test_one_outcome_alone_judges_nothing(metric: Metric, y: tuple[int, ...]) -> None:
    assert np.isnan(metric(y, np.linspace(0.1, 0.5, len(y))))


def test_a_list_without_events_needs_endlessly_many_calls() -> None:
    assert number_needed_to_call_at(1)([0, 1], [0.9, 0.1]) == np.inf


@pytest.mark.parametrize("seed", range(3))
def test_true_risks_have_slope_1_and_intercept_0(seed: int) -> None:
    """Within four standard errors at 30,000 rows."""
    y, risk = many_rows(seed, 30_000)
    assert calibration_slope(y, risk) == pytest.approx(1, abs=0.08)
    assert calibration_intercept(y, risk) == pytest.approx(0, abs=0.08)
    assert observed_to_expected(y, risk) == pytest.approx(1, abs=0.07)
    assert ici(y, risk) < 0.01


@given(st.floats(0.2, 4), st.floats(-12, 6))
def test_distorting_the_log_odds_distorts_slope_and_intercept_by_as_much(stretch: float, shift: float) -> None:
    """Newton's method must find its way even from risks that are a thousand times too low."""
    y, risk = many_rows(7, 500)
    twisted = risk_of(shift + stretch * log_odds(risk))
    assert calibration_slope(y, twisted) == pytest.approx(calibration_slope(y, risk) / stretch, rel=1e-4)
    moved = risk_of(shift + log_odds(risk))
    assert calibration_intercept(y, moved) == pytest.approx(calibration_intercept(y, risk) - shift, abs=1e-4)


@pytest.mark.parametrize("risk", [(0.2, 0.2, 0.2, 0.2), (0.1, 0.2, 0.8, 0.9), (0.1, 0.5, 0.5, 0.9)])
def test_no_slope_where_none_fits_best(risk: tuple[float, ...]) -> None:
    """All risks equal; outcomes separated without error; separated but for a tie."""
    assert np.isnan(calibration_slope((0, 0, 1, 1), risk))


def test_the_calibration_curve_of_one_outcome_is_not_drawn() -> None:
    assert np.isnan(calibration_curve((0, 0), (0.1, 0.2))[1]).all()


def test_accuracy_of_a_score_that_is_no_probability_is_refused() -> None:
    with pytest.raises(BadInput, match="2 rows whose risk is below 0 or above 1"):
        brier((0, 1, 1), (0.5, 7, 12))
    assert auroc((0, 1, 1), (0.5, 7, 12)) == 1


@pytest.mark.parametrize(
    ("y", "risk", "weights"),
    [((0, 2), (0.1, 0.2), None), ((0, 1), (0.1, np.nan), None), ((0, 1), (0.1,), None), ((0, 1), (0.1, 0.2), (1, -1))],
)
def test_rows_that_cannot_be_judged_are_refused(
    y: tuple[int, ...], risk: tuple[float, ...], weights: tuple[float, ...] | None
) -> None:
    with pytest.raises(BadInput):
        auroc(y, risk, weights)


# Intervals

FIVE = (auroc, auprc, brier, calibration_slope, calibration_intercept)


def test_the_same_seed_gives_the_same_interval_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    y, risk = many_rows(1, 200)
    persons = np.arange(len(y)) // 2
    at_once = bootstrap(y, risk, persons, FIVE, resamples=50, seed=3)
    monkeypatch.setattr(intervals, "WEIGHTS_IN_A_BLOCK", 700)
    in_blocks = bootstrap(y, risk, persons, FIVE, resamples=50, seed=3)
    for name, found in at_once.items():
        assert (found.value, found.low, found.high) == pytest.approx(
            (in_blocks[name].value, in_blocks[name].low, in_blocks[name].high), rel=1e-8
        )
    assert bootstrap(y, risk, persons, FIVE, resamples=50, seed=3) == in_blocks
    assert bootstrap(y, risk, persons, FIVE, resamples=50, seed=4) != in_blocks


def test_rows_of_one_person_said_twice_tell_nothing_new() -> None:
    """A bootstrap of rows would narrow the interval by a factor of 1.4."""
    y, risk = many_rows(2, 300)
    persons = np.char.add("person ", np.arange(len(y)).astype(str))
    once = bootstrap(y, risk, persons, FIVE, resamples=60)
    twice = bootstrap(np.tile(y, 2), np.tile(risk, 2), np.tile(persons, 2), FIVE, resamples=60)
    for name, found in once.items():
        assert (found.low, found.high) == pytest.approx((twice[name].low, twice[name].high), rel=1e-9)


def test_weights_of_rows_reach_the_interval() -> None:
    y, risk = many_rows(3, 300)
    persons = np.arange(len(y))
    weighted = bootstrap(y, risk, persons, [auroc], resamples=60, weights=np.where(risk > 0.1, 2.0, 0.5))["auroc"]
    assert weighted.value == auroc(y, risk, np.where(risk > 0.1, 2.0, 0.5))
    assert weighted != bootstrap(y, risk, persons, [auroc], resamples=60)["auroc"]


def test_a_risk_does_not_differ_from_itself() -> None:
    y, risk = many_rows(4, 300)
    same = paired_difference(y, risk, risk, np.arange(len(y)), FIVE, resamples=40)
    assert set(same.values()) == {Interval(0.0, 0.0, 0.0)}


def test_a_pair_on_the_same_rows_is_told_apart_where_two_intervals_overlap() -> None:
    """The point of pairing: both risks meet the same easy and hard people in every resample."""
    y, risk = many_rows(5, 3_000)
    worse = risk_of(log_odds(risk) + np.random.default_rng(0).normal(0, 0.4, len(risk)))
    persons = np.arange(len(y))
    alone, other = (bootstrap(y, r, persons, [auroc], resamples=200)["auroc"] for r in (risk, worse))
    paired = paired_difference(y, risk, worse, persons, [auroc], resamples=200)["auroc"]
    assert alone.low < other.high
    assert paired.low > 0
    assert paired.value == pytest.approx(alone.value - other.value)
    swapped = paired_difference(y, worse, risk, persons, [auroc], resamples=200)["auroc"]
    assert (swapped.low, swapped.high) == pytest.approx((-paired.high, -paired.low))


def test_too_few_events_give_no_ends() -> None:
    """With one event, a third of the resamples hold none: an interval of the others would look far too sure."""
    y, risk = np.asarray([1] + [0] * 30), np.linspace(0.5, 0.1, 31)
    found = bootstrap(y, risk, np.arange(31), [brier], resamples=100)["brier"]
    assert found.value == brier(y, risk)
    assert np.isnan([found.low, found.high]).all()


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """O/E of true risks: 95 % intervals miss in 10 of 200 samples on average, and in 21 or more once in a thousand."""
    missed = 0
    for seed in range(200):
        y, risk = many_rows(100 + seed, 400)
        found = bootstrap(y, risk, np.arange(400), [observed_to_expected], resamples=200)["observed_to_expected"]
        missed += not found.low <= 1 <= found.high
    assert 2 <= missed <= 20


def test_persons_must_be_named_for_every_row() -> None:
    with pytest.raises(BadInput, match="one person per row"):
        bootstrap((0, 1), (0.1, 0.2), ("a",), [auroc])


# Lists from day to day


def test_stability_is_the_share_of_yesterdays_list_that_is_still_there() -> None:
    assert list_stability(["a", "b", "c", "d"], ["b", "c", "d", "e", "f"]) == 0.75
    assert np.isnan(list_stability([], ["a"]))


def test_recalibrating_leaves_the_ranking_as_it_was() -> None:
    y, risk = many_rows(6, 300)
    assert auroc(y, apply(Logistic(0.7, -0.4), risk)) == auroc(y, risk)
