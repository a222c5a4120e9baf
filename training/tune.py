"""Look for better settings of the trees, within a budget: what is learned on the fit rows, judged on the tuning rows.

The trials of one question (the same data, features and seed) are kept in a SQLite file beside the releases: a search
that was interrupted goes on where it stopped. What a trial tries depends on the seed and the trials before it, so that
the same budget of trials gives the same settings, interrupted or not.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from features.errors import BadInput
from training.fit import PARAMETERS, Lesson, losses_by_tree

if TYPE_CHECKING:
    from lightgbm.callback import CallbackEnv
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution

TREES_BEFORE_PRUNING = 50  # after so many trees, and again after as many more, a trial behind the median is given up


@dataclass(frozen=True)
class Budget:
    """How long to look: so many trials, or until so many seconds have passed; neither means not to look."""

    trials: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.trials is not None and self.seconds is not None:
            raise BadInput(got="--trials and --minutes", expected="one budget", do="Give one of them.")
        if (self.trials or 0) < 0 or (self.seconds or 0) < 0:
            raise BadInput(got="a budget below 0", expected="0 or more", do="Change --trials or --minutes.")

    @property
    def says(self) -> str:
        """The budget in words, and whether a run within it can be repeated."""
        if self.seconds:
            return (
                f"{self.seconds / 60:g} minutes; another machine makes more or fewer trials, so it cannot be repeated"
            )
        return f"{self.trials} trials" if self.trials else "none: the settings of training/fit.py"


NO_SEARCH = Budget()


@dataclass(frozen=True)
class Tried:
    """One trial: its settings, its log loss on the tuning rows, and how many trees it took (null where given up)."""

    number: int
    settings: Mapping[str, float]
    log_loss: float | None
    trees: int | None


@dataclass(frozen=True)
class Tuned:
    """The settings found, in full, and every trial in order."""

    parameters: Mapping[str, Any]
    tried: tuple[Tried, ...]
    budget: Budget

    def to_json(self) -> dict[str, object]:
        """Settings and counts, for the release."""
        return {
            "budget": self.budget.says,
            "trials": len(self.tried),
            "given_up": sum(one.log_loss is None for one in self.tried),
            "settings": {name: value for name, value in self.parameters.items() if name in searched()},
        }


def searched() -> dict[str, BaseDistribution]:
    """What is looked for, and between which bounds."""
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        "num_leaves": IntDistribution(2, 16, log=True),
        "min_data_in_leaf": IntDistribution(20, 400, log=True),
        "feature_fraction": FloatDistribution(0.03, 0.6, log=True),
        "bagging_fraction": FloatDistribution(0.5, 1.0),
        "lambda_l2": FloatDistribution(0.1, 100.0, log=True),
    }


def tune(lesson: Lesson, seed: int, budget: Budget, kept: Path, question: str) -> Tuned:
    """The best settings that the budget finds; trial 0 is the settings of training/fit.py, so never worse than those
    on the tuning rows. `kept` is the SQLite file; `question` names what is asked, so that only its own trials count.
    """
    if not (budget.trials or budget.seconds):
        return Tuned(PARAMETERS, (), budget)
    import optuna

    optuna.logging.set_verbosity(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = _opened(kept, f"{question} seed {seed}")
        _search(study, lesson, seed, budget)
    best = {**PARAMETERS, **study.best_trial.params}
    return Tuned(best, tuple(map(_tried, _done(study))), budget)


def _opened(kept: Path, name: str) -> Study:
    import optuna

    kept.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=name,
        storage=f"sqlite:///{kept}",
        direction="minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=TREES_BEFORE_PRUNING),
        load_if_exists=True,
    )
    for cut_short in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(cut_short.number, state=optuna.trial.TrialState.FAIL)
    if not _done(study):
        study.enqueue_trial({name: PARAMETERS[name] for name in searched()}, skip_if_exists=True)
    return study


def _search(study: Study, lesson: Lesson, seed: int, budget: Budget) -> None:
    import optuna
    from tqdm import tqdm

    start = monotonic()
    with tqdm(total=budget.trials, desc="trying settings", unit="trial", leave=False, disable=None) as bar:
        bar.update(len(_done(study)))
        while _goes_on(len(_done(study)), monotonic() - start, budget):
            # a sampler of its own for each trial: it would else depend on how the search was interrupted
            study.sampler = optuna.samplers.TPESampler(seed=seed * 100_003 + len(_done(study)), n_startup_trials=8)
            trial = study.ask(searched())
            try:
                losses = losses_by_tree(lesson, {**PARAMETERS, **trial.params, "seed": seed}, _pruning(trial))
            except optuna.TrialPruned:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            else:
                trial.set_user_attr("trees", min(range(len(losses)), key=losses.__getitem__) + 1)
                study.tell(trial, min(losses))
            bar.update(1)


def _goes_on(done: int, seconds: float, budget: Budget) -> bool:
    if budget.trials is not None:
        return done < budget.trials
    return not done or seconds < (budget.seconds or 0)


def _done(study: Study) -> list[Any]:
    from optuna.trial import TrialState

    return list(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))


def _pruning(trial: Trial) -> Callable[[CallbackEnv], None]:
    import optuna

    def watch(at: CallbackEnv) -> None:
        trees = at.iteration + 1
        if trees % TREES_BEFORE_PRUNING == 0:
            trial.report(at.evaluation_result_list[0][2], trees)
            if trial.should_prune():
                raise optuna.TrialPruned

    return watch


def _tried(trial: Any) -> Tried:
    return Tried(
        trial.number, dict(trial.params), trial.value if trial.user_attrs else None, trial.user_attrs.get("trees")
    )
