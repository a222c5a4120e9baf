"""A training run from top to bottom: from a store to a release that is judged, written and logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models import calibration, pointer, release, self_check, tiers
from models.calibration import Calibrator
from models.groups import OF_PEOPLE, groups_of
from models.held_out import CALIBRATE, HOLDOUT, TRAIN, weights_of
from models.log_odds import risk_of
from models.population import Labelled, days_of_trend, labelled
from models.release import Contents, Release
from models.self_check import SelfCheck
from models.specs import spec
from training import baselines, registry, split
from training.baselines import Linear
from training.calibrate import calibrate
from training.card import card
from training.evaluate import Evaluation, evaluated
from training.examine import examine
from training.figures import reliability
from training.findings import of_version
from training.fit import Lesson, fit
from training.gates import Gate
from training.report.files import texts
from training.report.recorded import of
from training.split import FIT, TUNE, Sliced
from training.tune import NO_SEARCH, Budget, Tuned, tune

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

    from features.catalogue.declaration import Column
    from features.record.record import Record
    from models.specs.spec import Spec

Floats = npt.NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Learned:
    """What was learned, and the risk of every row, before and after calibration."""

    booster: Booster
    trees: int
    calibrator: Calibrator
    calibration_log_loss: Mapping[str, float]
    baselines: Mapping[str, Linear]
    tuned: Tuned
    raw: Floats
    risk: Floats


@dataclass(frozen=True)
class Trained:
    """What a run made."""

    release: Release
    evaluation: Evaluation
    sliced: Sliced
    attrition: pd.DataFrame
    run_id: str


def train(model: str, store: Path, seed: int = 0, budget: Budget = NO_SEARCH, say: Say = lambda _: None) -> Trained:
    """Train a model on a store, judge it on the latest period, write it as the next version and log it; `budget` is for
    the search for better settings of the trees.

    BadModel for an unknown model, BadStore for a store that is none, BadInput where too little happened to learn from.
    """
    from features.dataset import build
    from features.fingerprint import fingerprint
    from features.record.record import open_record

    asked = spec(model)
    pointer.home()  # a setting that is wrong is told before the work and not after it
    record = open_record(store)
    say(f"finding {asked.rows_are} and what happened next")
    people = labelled(record, asked, asked.trained)
    sliced = split.sliced(people.rows, asked.outcome)
    split.check_enough(sliced, model)
    say(f"building the features of {len(sliced.rows):,} {asked.rows_are}")
    X = build(record, sliced.rows, asked.features)
    say("learning")
    lesson = lesson_of(X, sliced.rows)
    question = f"{record.fingerprint} {fingerprint(asked.features)}"
    tuned = tune(lesson, seed, budget, pointer.tuning_path(model), question)
    learned = learn(asked, X, sliced.rows, people.cohort, lesson, tuned, seed)
    say("judging on the latest period")
    evaluation = _judged(asked, X, sliced.rows, people, learned)
    groups = groups_of(record, sliced.rows)
    late = _in(sliced.rows.slice, HOLDOUT)
    counts = weights_of(sliced.rows[late], people.censored)
    gates = examine(
        asked, groups[late], sliced.rows, X, learned.booster, learned.raw, learned.risk, evaluation.judged, counts
    )
    say("writing the release")
    told = of_version(asked, learned.booster, groups[list(OF_PEOPLE)], sliced.rows, X, learned.risk)
    contents = _contents(asked, record, people, sliced, X, learned, evaluation, gates, seed)
    path = release.write(replace(contents, findings=told))
    made = release.load(path)
    _save_rows(sliced.rows, learned, pointer.rows_path(model, made.version))
    say("logging to MLflow")
    run_id = registry.log(made, _run(made, people, sliced, learned, evaluation))
    return Trained(made, replace(evaluation, version=made.version), sliced, people.attrition, run_id)


def lesson_of(X: pd.DataFrame, rows: pd.DataFrame) -> Lesson:
    """The training slice, as the trees learn it; `rows` as `split.sliced` says."""
    training = _in(rows.slice, TRAIN)
    return Lesson(
        X.to_numpy("float64")[training],
        rows.label.to_numpy("float64")[training],
        days_of_trend(rows).to_numpy("int64")[training],
        tuple(X.columns),
        fit=_in(rows.stage, FIT)[training],
        tune=_in(rows.stage, TUNE)[training],
    )


def learn(
    asked: Spec, X: pd.DataFrame, rows: pd.DataFrame, cohort: pd.DataFrame, lesson: Lesson, tuned: Tuned, seed: int
) -> Learned:
    """Learn model and baselines on the training slice, calibrate on its own."""
    y, persons, matrix = rows.label.to_numpy("float64"), rows.person_id.to_numpy(), X.to_numpy("float64")
    training, calibrating = _in(rows.slice, TRAIN), _in(rows.slice, CALIBRATE)
    stages = _in(rows.stage, FIT), _in(rows.stage, TUNE)
    fitted = fit(lesson, seed, tuned.parameters)
    raw = risk_of(np.asarray(fitted.booster.predict(matrix, raw_score=True), dtype=np.float64))
    chosen = calibrate(y[calibrating], raw[calibrating], persons[calibrating])
    ruled = baselines.with_rules(asked, X, rows, cohort)
    return Learned(
        booster=fitted.booster,
        trees=fitted.trees,
        calibrator=chosen.calibrator,
        calibration_log_loss=chosen.log_loss,
        baselines=baselines.learn(ruled, y, training, calibrating, stages, asked.simple),
        tuned=tuned,
        raw=raw,
        risk=calibration.apply(chosen.calibrator, raw),
    )


def _judged(asked: Spec, X: pd.DataFrame, rows: pd.DataFrame, people: Labelled, learned: Learned) -> Evaluation:
    """The held-out period: judged on its own rows, with the baselines beside."""
    holdout = _in(rows.slice, HOLDOUT)
    late = rows[holdout]
    ruled = baselines.with_rules(asked, X[holdout], late, people.cohort)
    others = {name: other.risk(ruled) for name, other in learned.baselines.items()}
    risk, rows_are = learned.risk[holdout], "held out, the latest period"
    return evaluated(asked.name, None, rows_are, late, risk, others, people.censored)


def _contents(
    asked: Spec,
    record: Record,
    people: Labelled,
    sliced: Sliced,
    X: pd.DataFrame,
    learned: Learned,
    evaluation: Evaluation,
    gates: Sequence[Gate],
    seed: int,
) -> Contents:
    from features.dataset import columns
    from features.fingerprint import fingerprint

    declared = columns(asked.features)
    without_value = [name for name in X.columns if X[name].isna().all()]
    return Contents(
        model=asked.name,
        outcome=asked.outcome.name,
        prediction_time=asked.prediction_time,
        feature_fingerprint=fingerprint(asked.features),
        data_fingerprint=record.fingerprint,
        seed=seed,
        model_text=learned.booster.model_to_string(),
        calibrator=learned.calibrator,
        columns=declared,
        cuts=tiers.cuts(learned.risk[_in(sliced.rows.slice, HOLDOUT)], asked.tier_shares),
        metrics=evaluation.to_json(),
        split={
            **sliced.to_json(),
            "attrition": people.attrition.to_dict("records"),
            "trees": learned.trees,
            "tuning": learned.tuned.to_json(),
            "calibration_log_loss": dict(learned.calibration_log_loss),
        },
        baselines=[{"name": name, **other.to_json()} for name, other in learned.baselines.items()],
        card=card(asked, evaluation, sliced, people.attrition, declared, without_value, record.lacks, gates),
        check=_self_check(asked, declared, learned),
        sources=record.sources,
        lacks=frozenset(record.lacks),
        gates=[gate.to_json() for gate in gates],
    )


def _self_check(asked: Spec, declared: tuple[Column, ...], learned: Learned) -> SelfCheck:
    """Simulated people with the features and scores that this model gives them."""
    people = self_check.simulated(pointer.home() / ".people")
    features = self_check.features_of(people, asked.features)
    log_odds = np.asarray(learned.booster.predict(features, raw_score=True), dtype=np.float64)
    return SelfCheck(features, log_odds, calibration.apply(learned.calibrator, risk_of(log_odds)), people)


def _save_rows(rows: pd.DataFrame, learned: Learned, path: Path) -> None:
    """The split as a column, with label and risk. A risk stands only where nothing of its row was learned from."""
    kept = rows[["person_id", "stay_id", "as_of", "discharge_day", "label", "slice", "stage", "lost_from", "left_out"]]
    holdout = _in(rows.slice, HOLDOUT)
    unseen = holdout | _in(rows.slice, CALIBRATE)
    kept = kept.assign(risk_before_calibration=np.where(unseen, learned.raw, np.nan))
    kept = kept.assign(risk=np.where(holdout, learned.risk, np.nan))
    kept.to_parquet(path, index=False)


def _run(made: Release, people: Labelled, sliced: Sliced, learned: Learned, evaluation: Evaluation) -> registry.Run:
    """What MLflow is told: settings, counts, metrics, fingerprints, a table, a figure and the report."""
    late = _in(sliced.rows.slice, HOLDOUT)
    y, risk = sliced.rows.label.to_numpy("float64")[late], learned.risk[late]
    sizes = {f"{found.name}_{what}": getattr(found, what) for found in sliced.slices for what in ("rows", "events")}
    return registry.Run(
        parameters={
            **learned.tuned.parameters,
            "seed": made.seed,
            "trees": learned.trees,
            "columns": len(made.columns),
            **sizes,
        },
        metrics=evaluation.numbers(),
        tags={
            "afterward.data_fingerprint": made.data_fingerprint,
            "afterward.feature_fingerprint": made.feature_fingerprint,
            "afterward.outcome": made.outcome,
            "afterward.prediction_time": made.prediction_time,
            "afterward.calibrator": type(learned.calibrator).__name__.lower(),
        },
        tried=tuple(
            (f"trial {one.number}", one.settings, {"tuning_log_loss": one.log_loss, "trees": one.trees})
            for one in learned.tuned.tried
        ),
        artefacts={
            "attrition.csv": people.attrition.to_csv(index=False).encode(),
            "evaluation.json": release.as_json(evaluation.to_json()).encode(),
            "reliability.png": reliability(y, risk, f"{made.model}, held-out period"),
            **{name: text.encode() for name, text in texts(of(made)).items()},
        },
    )


def _in(column: pd.Series, name: str) -> npt.NDArray[np.bool_]:
    return np.asarray(column.eq(name).to_numpy("bool"))
