"""What others would learn trees with: scikit-learn, XGBoost and CatBoost, each with the settings of training/fit.py.

The same learning rate, size of trees, share of rows and columns, penalty and most trees, as near as each library has
them; CatBoost's trees are symmetric, so they have four leaves where the others have three. The number of trees is found
on the tuning rows, then that many are grown on the whole training slice, as ours are. The trend over the days is ours
alone: a peer gets the columns as anybody would hand them over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from training.fit import FEWEST_TREES, MOST_TREES, PARAMETERS, PATIENCE, Lesson, fit

Floats = npt.NDArray[np.float64]

EXTRA = "not installed: pip install 'afterward[peers]'"
SMALLEST_HESSIAN = 5.0  # XGBoost weighs a row by risk x (1 - risk): about the weight of 50 rows at a risk of 1 in 10
DEPTH_OF_FOUR_LEAVES = 2


@dataclass(frozen=True)
class Grown:
    """`log_odds` gives the score before calibration of a matrix (rows, columns of the lesson)."""

    trees: int
    log_odds: Callable[[Floats], Floats]


@dataclass(frozen=True)
class Peer:
    """A way to learn: its name, and the package that it needs."""

    name: str
    package: str
    learn: Callable[[Lesson, int], Grown]


def of_scikit_learn(lesson: Lesson, seed: int) -> Grown:
    """HistGradientBoosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    settings: dict[str, Any] = {
        "learning_rate": PARAMETERS["learning_rate"],
        "max_leaf_nodes": PARAMETERS["num_leaves"],
        "min_samples_leaf": PARAMETERS["min_data_in_leaf"],
        "max_features": PARAMETERS["feature_fraction"],
        "l2_regularization": PARAMETERS["lambda_l2"],
        "max_bins": PARAMETERS["max_bin"],
        "random_state": seed,
    }
    watched = HistGradientBoostingClassifier(
        **settings, max_iter=MOST_TREES, early_stopping=True, n_iter_no_change=PATIENCE, scoring="loss"
    )
    X, y = lesson.X, lesson.y
    with threadpool_limits(PARAMETERS["num_threads"], user_api="openmp"):
        watched.fit(X[lesson.fit], y[lesson.fit], X_val=X[lesson.tune], y_val=y[lesson.tune])
        # the first of its scores is that of no tree at all
        trees = max(FEWEST_TREES, int(np.argmax(watched.validation_score_)))
        made = HistGradientBoostingClassifier(**settings, max_iter=trees, early_stopping=False).fit(X, y)
    return Grown(trees, lambda of: np.asarray(made.decision_function(of), dtype=np.float64))


def of_xgboost(lesson: Lesson, seed: int) -> Grown:
    """XGBoost."""
    import xgboost as xgb

    threads = PARAMETERS["num_threads"]
    settings = {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_depth": 0,
        "max_leaves": PARAMETERS["num_leaves"],
        "min_child_weight": SMALLEST_HESSIAN,
        "learning_rate": PARAMETERS["learning_rate"],
        "colsample_bytree": PARAMETERS["feature_fraction"],
        "subsample": PARAMETERS["bagging_fraction"],
        "reg_lambda": PARAMETERS["lambda_l2"],
        "max_bin": PARAMETERS["max_bin"],
        "nthread": threads,
        "seed": seed,
        "verbosity": 0,
    }

    def data(of: npt.NDArray[np.bool_]) -> Any:
        return xgb.DMatrix(lesson.X[of], lesson.y[of], nthread=threads)

    watched = xgb.train(
        settings,
        data(lesson.fit),
        num_boost_round=MOST_TREES,
        evals=[(data(lesson.tune), "tune")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    trees = max(FEWEST_TREES, int(watched.best_iteration) + 1)
    made = xgb.train(settings, data(np.ones(len(lesson.y), dtype=np.bool_)), num_boost_round=trees)

    def log_odds(of: Floats) -> Floats:
        return np.asarray(made.predict(xgb.DMatrix(of, nthread=threads), output_margin=True), dtype=np.float64)

    return Grown(trees, log_odds)


def of_catboost(lesson: Lesson, seed: int) -> Grown:
    """CatBoost."""
    from catboost import CatBoost, Pool

    settings: dict[str, Any] = {
        "loss_function": "Logloss",
        "learning_rate": PARAMETERS["learning_rate"],
        "depth": DEPTH_OF_FOUR_LEAVES,
        "rsm": PARAMETERS["feature_fraction"],
        "bootstrap_type": "Bernoulli",
        "subsample": PARAMETERS["bagging_fraction"],
        "l2_leaf_reg": PARAMETERS["lambda_l2"],
        "border_count": PARAMETERS["max_bin"],
        "thread_count": PARAMETERS["num_threads"],
        "random_seed": seed,
        "logging_level": "Silent",
        "allow_writing_files": False,
    }

    def data(of: npt.NDArray[np.bool_]) -> Any:
        return Pool(lesson.X[of], lesson.y[of])

    watched = CatBoost({**settings, "iterations": MOST_TREES, "od_type": "Iter", "od_wait": PATIENCE})
    watched.fit(data(lesson.fit), eval_set=data(lesson.tune))
    trees = max(FEWEST_TREES, int(watched.get_best_iteration()) + 1)
    made = CatBoost({**settings, "iterations": trees})
    made.fit(data(np.ones(len(lesson.y), dtype=np.bool_)))
    return Grown(trees, lambda of: np.asarray(made.predict(of, prediction_type="RawFormulaVal"), dtype=np.float64))


def of_ours(lesson: Lesson, seed: int) -> Grown:
    """LightGBM as `afterward train` learns it."""
    made = fit(lesson, seed)
    return Grown(made.trees, lambda of: np.asarray(made.booster.predict(of, raw_score=True), dtype=np.float64))


OURS = Peer("afterward", "lightgbm", of_ours)
PEERS = (
    Peer("HistGradientBoosting", "sklearn", of_scikit_learn),
    Peer("XGBoost", "xgboost", of_xgboost),
    Peer("CatBoost", "catboost", of_catboost),
)


def installed(peers: tuple[Peer, ...] = PEERS) -> tuple[Peer, ...]:
    """Those whose package is here."""
    return tuple(peer for peer in peers if find_spec(peer.package) is not None)


def grown(peer: Peer, lesson: Lesson, seed: int) -> Grown:
    """What a peer learned of the columns that say anything in the fit rows: its trees draw a share of these, as
    LightGBM's do by themselves (and scikit-learn takes no column without a value).
    """
    if peer is OURS:
        return peer.learn(lesson, seed)
    fitting = lesson.X[lesson.fit]
    telling = np.fmin.reduce(fitting, axis=0) < np.fmax.reduce(fitting, axis=0)
    names = tuple(name for name, tells in zip(lesson.names, telling, strict=True) if tells)
    made = peer.learn(replace(lesson, X=lesson.X[:, telling], names=names), seed)
    return Grown(made.trees, lambda of: made.log_odds(of[:, telling]))
