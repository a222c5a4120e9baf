"""What others learn of the same rows as we do, and how a difference between two of them is told."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from models.log_odds import risk_of
from training import compare, fit, peers
from training.compare import Contender, Rows, learned, standings
from training.fit import Lesson
from training.peers import OURS, PEERS, Grown, Peer, installed

ROWS = 1_000


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    """The first column decides, the second is noise, the third is the same for everybody and the fourth comes late."""
    X = np.random.default_rng(3).normal(size=(ROWS, 4))
    later = np.arange(ROWS) >= ROWS * 0.8
    X[::10, 0], X[:, 2], X[~later, 3] = np.nan, 1.0, np.nan
    return Lesson(X, labels(X), np.arange(ROWS), ("decides", "noise", "same", "late"), fit=~later, tune=later)


def labels(X: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    truth = risk_of(2 * np.nan_to_num(X[:, 0]) - 1)
    return (np.random.default_rng(4).random(len(X)) < truth).astype(np.float64)


@pytest.fixture(scope="module")
def rows() -> Rows:
    X = np.random.default_rng(5).normal(size=(1_200, 4))
    y, persons = labels(X), np.arange(len(X)).astype(str).astype(object)
    return Rows(X[:600], y[:600], persons[:600], X[600:], y[600:], persons[600:])


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_learns_what_decides_the_same_each_time(
    peer: Peer, lesson: Lesson, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer that stumbles over an empty column, or learns the tuning rows by heart, would make us look good."""
    if peer not in installed():
        pytest.skip(f"{peer.name}: {peers.EXTRA}")
    monkeypatch.setattr(peers, "PARAMETERS", {**fit.PARAMETERS, "learning_rate": 0.2, "feature_fraction": 1.0})
    monkeypatch.setattr(peers, "PATIENCE", 5)
    made = learned((peer,), lesson, rows, seed=1)[peer.name]
    assert np.corrcoef(made.risk, rows.judged[:, 0])[0, 1] > 0.8
    assert abs(made.risk.mean() - rows.y.mean()) < 0.05, "calibrated on the calibration slice"
    assert made.trees is not None
    assert fit.FEWEST_TREES <= made.trees < fit.MOST_TREES, "stopped where the tuning rows said"
    assert np.array_equal(made.risk, learned((peer,), lesson, rows, seed=1)[peer.name].risk)


def test_a_peer_sees_only_columns_that_say_something(lesson: Lesson) -> None:
    """Trees that draw a tenth of the columns would often draw nothing but empty ones, where LightGBM's never do."""
    seen = []

    def learn(given: Lesson, seed: int) -> Grown:
        seen.append(given.names)
        return Grown(1, lambda of: of.sum(axis=1))

    made = peers.grown(Peer("sums", "numpy", learn), lesson, seed=0)
    assert seen == [("decides", "noise")]
    assert made.log_odds(np.asarray([[1.0, 2.0, 4.0, np.nan]])).tolist() == [3.0]


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = importlib.util.find_spec
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name == "xgboost" else everything(name))
    assert "XGBoost" not in [peer.name for peer in installed()]
    assert "HistGradientBoosting" in [peer.name for peer in installed()]


def test_a_difference_is_theirs_less_ours_over_the_same_people(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each person has two rows here. The same risks differ by nothing in any resample; the truth is above a coin."""
    monkeypatch.setattr(compare, "RESAMPLES", 200)
    twice = replace(rows, persons=np.repeat(np.arange(300).astype(str).astype(object), 2))
    truth = risk_of(2 * twice.judged[:, 0] - 1)
    noisy = risk_of(2 * twice.judged[:, 0] - 1 + np.random.default_rng(6).normal(0, 3, len(truth)))
    found = standings({OURS.name: Contender(noisy), "same": Contender(noisy), "better": Contender(truth)}, twice)
    assert found[OURS.name].less_ours is None
    same, better = found["same"].less_ours, found["better"].less_ours
    assert same is not None
    assert better is not None
    assert all((each.value, each.low, each.high) == (0, 0, 0) for each in same.values())
    assert better["auroc"].low > 0
    assert better["brier"].high < 0, "less is better there"
    ours, theirs = found[OURS.name].judged["auroc"].value, found["better"].judged["auroc"].value
    assert better["auroc"].value == pytest.approx(theirs - ours)
