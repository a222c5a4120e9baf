"""Learn a LightGBM model: the number of trees on the latest part of the training slice, then from all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from training.trend import Trend, trend

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset
    from lightgbm.callback import CallbackEnv
    from tqdm import tqdm

Floats = npt.NDArray[np.float64]

# Chosen on simulated networks of 20,000 members (seeds 1, 2, 3 and 7), where a training slice holds 600 events: many
# small trees that each see few of the columns reached 0.883 of the oracle's lift, trees of 4 leaves that see a third of
# the columns 0.873, larger ones less.
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "metric": "binary_logloss",
    "learning_rate": 0.03,
    "num_leaves": 3,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.1,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
MOST_TREES = 2000
PATIENCE = 100
FEWEST_TREES = 10


@dataclass(frozen=True)
class Fit:
    """What was learned: the model, its number of trees, the log loss on the tuning rows after each tree, and the trend
    beside which it was learned.
    """

    booster: Booster
    trees: int
    tuning_log_loss: tuple[float, ...]
    trend: Trend


@dataclass(frozen=True)
class Lesson:
    """The training slice: X (rows, columns by `names`; null is nan), labels y (rows,), the day of each discharge, and
    which rows find settings and the number of trees: learned on `fit`, judged on `tune`.
    """

    X: Floats
    y: Floats
    days: npt.NDArray[np.int64]
    names: tuple[str, ...]
    fit: npt.NDArray[np.bool_]
    tune: npt.NDArray[np.bool_]

    @cached_property
    def trend(self) -> Trend:
        """How often the outcome happened from the first day to the last."""
        return trend(self.days, self.y)

    @cached_property
    def level(self) -> Floats:
        """(rows,): the log-odds of each row's day."""
        return self.trend.log_odds(self.days)

    def dataset(self, of: npt.NDArray[np.bool_], **more: Any) -> Dataset:
        """These of the rows, as LightGBM takes them."""
        import lightgbm as lgb

        return lgb.Dataset(self.X[of], self.y[of], init_score=self.level[of], **more)


def fit(lesson: Lesson, seed: int, parameters: Mapping[str, Any] = PARAMETERS) -> Fit:
    """Learn who is at risk, beside the trend of the outcome over the days.

    The number of trees is found on the tuning rows; the released model then learns that many from all rows, and tells
    the risk as it was on the last of the days. Same rows, seed, parameters and threads, same model.
    """
    chosen = {**parameters, "seed": seed}
    losses = losses_by_tree(lesson, chosen)
    trees = max(FEWEST_TREES, int(np.argmin(losses)) + 1)
    booster = _grown(lesson, chosen, trees)
    _raise_all(booster, float(lesson.trend.log_odds([lesson.days.max()])[0]))
    return Fit(booster, trees, tuple(losses), lesson.trend)


def losses_by_tree(
    lesson: Lesson, parameters: Mapping[str, Any], watching: Callable[[CallbackEnv], None] | None = None
) -> list[float]:
    """Log loss on the tuning rows after each tree, until it has not fallen for PATIENCE trees; `watching` is called
    after each.
    """
    import lightgbm as lgb

    learned: dict[str, dict[str, list[float]]] = {}
    data = lesson.dataset(lesson.fit, params=dict(parameters))
    with _bar("finding the number of trees", MOST_TREES) as bar:
        lgb.train(
            dict(parameters),
            data,
            num_boost_round=MOST_TREES,
            valid_sets=[lesson.dataset(lesson.tune, reference=data)],
            valid_names=["tune"],
            callbacks=[
                lgb.early_stopping(PATIENCE, verbose=False),
                lgb.record_evaluation(learned),
                _advancing(bar),
                *([watching] if watching else []),
            ],
        )
    return learned["tune"]["binary_logloss"]


def _grown(lesson: Lesson, parameters: Mapping[str, Any], trees: int) -> Booster:
    import lightgbm as lgb

    everything = np.ones(len(lesson.y), dtype=np.bool_)
    data = lesson.dataset(everything, params=dict(parameters), feature_name=list(lesson.names))
    with _bar("growing the trees", trees) as bar:
        return lgb.train(dict(parameters), data, num_boost_round=trees, callbacks=[_advancing(bar)])


def _raise_all(booster: Booster, by: float) -> None:
    """Add a constant to every score, in the leaves of the first tree, where LightGBM keeps its own level too."""
    leaves = booster.dump_model(num_iteration=1)["tree_info"][0]["num_leaves"]
    for leaf in range(leaves):
        booster.set_leaf_output(0, leaf, booster.get_leaf_output(0, leaf) + by)


def _bar(what: str, trees: int) -> tqdm[None]:
    from tqdm import tqdm

    return tqdm(total=trees, desc=what, unit="tree", leave=False, disable=None)


def _advancing(bar: tqdm[None]) -> Callable[[object], None]:
    def advance(_: object) -> None:
        bar.update(1)

    return advance
