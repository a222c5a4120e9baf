"""Our metrics against scikit-learn's on the same arrays, and against figures that their inventors published."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import sklearn.metrics
from sklearn.calibration import calibration_curve as binned_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from models import calibration
from models.intervals import bootstrap, resampled_weights
from models.log_odds import log_odds
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
    scaled_brier,
)
from models.metrics_at_capacity import net_benefit, ppv_at, sensitivity_at

Floats = npt.NDArray[np.float64]


def some_rows(seed: int, rows: int = 400) -> tuple[Floats, Floats, Floats]:
    """Outcomes, risks with many ties that are neither right nor wrong, and weights."""
    draw = np.random.default_rng(seed)
    risk = np.round(draw.beta(1.5, 6, size=rows), 2).clip(0.005, 0.995)
    y = (draw.random(rows) < risk**1.3).astype(np.float64)
    return y, risk, draw.gamma(2, size=rows)


PEERS = [
    (auroc, sklearn.metrics.roc_auc_score),
    (auprc, sklearn.metrics.average_precision_score),
    (brier, sklearn.metrics.brier_score_loss),
    (log_loss, sklearn.metrics.log_loss),
    (scaled_brier, sklearn.metrics.d2_brier_score),
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("ours", "theirs"), PEERS, ids=[ours.name for ours, _ in PEERS])
def test_equals_scikit_learn_with_ties_and_weights(ours: Metric, theirs: object, seed: int) -> None:
    assert callable(theirs)
    y, risk, weights = some_rows(seed)
    assert ours(y, risk) == pytest.approx(theirs(y, risk), rel=1e-12)
    assert ours(y, risk, weights) == pytest.approx(theirs(y, risk, sample_weight=weights), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_calibration_slope_is_the_coefficient_of_a_logistic_regression_on_the_log_odds(seed: int) -> None:
    y, risk, weights = some_rows(seed)
    regression = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    regression.fit(log_odds(risk)[:, np.newaxis], y, sample_weight=weights)
    assert calibration_slope(y, risk, weights) == pytest.approx(regression.coef_[0, 0], rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_shifting_by_the_calibration_intercept_makes_expected_events_equal_observed_ones(seed: int) -> None:
    y, risk, weights = some_rows(seed)
    shifted = calibration.apply(calibration.Logistic(1.0, calibration_intercept(y, risk, weights)), risk)
    assert weights @ shifted == pytest.approx(weights @ y, rel=1e-9)


def test_the_smoothed_curve_passes_through_scikit_learns_bins() -> None:
    """A smoother that misses a bend (here risk**1.3) would leave the observed share of some bin."""
    y, risk, _ = some_rows(11, rows=60_000)
    observed, foretold = binned_curve(y, risk, n_bins=10, strategy="quantile")
    levels, smoothed = calibration_curve(y, risk)
    assert np.abs(np.interp(foretold, levels, smoothed) - observed).max() < 0.012
    assert ici(y, risk) == pytest.approx(np.mean(np.abs(risk - risk**1.3)), abs=0.003)


def test_ppv_and_sensitivity_of_a_list_equal_precision_and_recall_of_calling_it() -> None:
    y, _, _ = some_rows(2)
    risk = np.random.default_rng(2).permutation(len(y)) / len(y)
    called = risk >= np.sort(risk)[-40]
    assert ppv_at(40)(y, risk) == pytest.approx(sklearn.metrics.precision_score(y, called))
    assert sensitivity_at(40)(y, risk) == pytest.approx(sklearn.metrics.recall_score(y, called))


def test_net_benefit_from_scikit_learns_confusion_matrix() -> None:
    y, risk, _ = some_rows(3)
    (_, false_calls), (_, true_calls) = sklearn.metrics.confusion_matrix(y, risk >= 0.2)
    assert net_benefit(0.2)(y, risk) == pytest.approx((true_calls - false_calls * 0.25) / len(y))


def test_resampled_weights_give_what_scikit_learn_gives_on_the_copied_rows() -> None:
    """The bootstrap never copies a row; if its weights were wrong, copying would give another interval."""
    y, risk, _ = some_rows(4)
    persons = np.arange(len(y)) // 3
    copied = [
        sklearn.metrics.roc_auc_score(y[rows], risk[rows])
        for block in resampled_weights(persons, np.ones(len(y)), resamples=200, seed=5)
        for rows in (np.repeat(np.arange(len(y)), times.astype(np.int64)) for times in block)
    ]
    ours = bootstrap(y, risk, persons, [auroc], resamples=200, seed=5)["auroc"]
    ordered = np.sort(copied)
    assert (ours.low, ours.high) == pytest.approx((ordered[4], ordered[195]), rel=1e-12)


def test_isotonic_calibration_equals_scikit_learns_at_and_between_knots() -> None:
    y, risk, _ = some_rows(6)
    theirs = IsotonicRegression(y_min=0.001, y_max=0.999, out_of_bounds="clip").fit(risk, y)
    ours = calibration.Isotonic(tuple(theirs.X_thresholds_), tuple(theirs.y_thresholds_))
    anywhere = np.linspace(0, 1, 500)
    assert calibration.apply(ours, anywhere) == pytest.approx(theirs.predict(anywhere), rel=1e-12)


# Published figures


HANLEY_NORMAL, HANLEY_ABNORMAL = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)


def hanley_ratings() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    ratings = np.tile(np.arange(1, 6), 2)
    counts = HANLEY_NORMAL + HANLEY_ABNORMAL
    return np.repeat(np.repeat([0, 1], 5), counts), np.repeat(ratings, counts)


def test_auroc_of_the_109_ct_images_of_hanley_and_mcneil_1982() -> None:
    """Radiology 1982;143:29-36, table II: 58 normal and 51 abnormal images rated 1 to 5; Wilcoxon area 0.893."""
    y, rating = hanley_ratings()
    assert round(auroc(y, rating), 3) == 0.893


def test_auroc_interval_of_the_109_ct_images_of_hanley_and_mcneil_1982() -> None:
    """They give a standard error of 0.032; the bootstrap's interval is about four of them wide."""
    y, rating = hanley_ratings()
    found = bootstrap(y, rating, np.arange(len(y)), [auroc], resamples=2000)["auroc"]
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(0.032, abs=0.004)


def test_brier_score_of_the_ten_rain_forecasts_of_brier_1950() -> None:
    """Mon Weather Rev 1950;78:1-3, table 1: P = 0.19, which counts rain and no rain, and so is twice ours."""
    rain = (0, 1, 1, 1, 0, 0, 0, 0, 0, 0)
    forecast = (0.7, 0.9, 0.8, 0.4, 0.2, 0.0, 0.0, 0.0, 0.0, 0.1)
    assert 2 * brier(rain, forecast) == pytest.approx(0.19)


# shap


@pytest.mark.slow  # importing shap takes 7 s
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap's way of making its colour maps
@pytest.mark.filterwarnings("ignore:LightGBM binary classifier")  # shap tells what its answer looked like once
def test_contributions_equal_shaps_tree_explainer_to_the_bit() -> None:
    """shap asks LightGBM too, so this only shows that its plots agree with our reasons; test_explain has the proof."""
    import lightgbm
    import shap

    from models.explain import contributions

    draw = np.random.default_rng(0)
    X = draw.normal(size=(600, 6))
    X[draw.random(X.shape) < 0.1] = np.nan
    y = (np.nan_to_num(X[:, 0]) + draw.normal(size=600) > 0.5).astype(np.int64)
    booster = lightgbm.train(
        {"objective": "binary", "num_leaves": 15, "verbose": -1, "num_threads": 1, "seed": 1},
        lightgbm.Dataset(X, y),
        num_boost_round=20,
    )
    ours = contributions(booster, X)
    theirs = np.asarray(shap.TreeExplainer(booster).shap_values(X))
    assert np.array_equal(ours.values, theirs)
