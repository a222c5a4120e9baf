"""A model of somebody's own table, from the file to a release: types inferred, judged by people it never saw,
calibrated, and learned once more from all rows with the settings that were chosen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from models import calibration, pointer
from models.calibration import Calibrator
from models.log_odds import risk_of
from models.table import release
from models.table.history import ROWS_BEFORE, SINCE_LAST, times, with_history
from models.table.preparation import TableColumn, prepare
from models.table.read import Asked, Cells, read
from models.table.release import TableContents, TableRelease
from training.calibrate import calibrate
from training.evaluate import RESAMPLES_OF_A_BASELINE, Judged, judge, written
from training.findings import HeldOut, findings_of_table
from training.question import Question
from training.table_columns import Inferred, infer

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

Floats = npt.NDArray[np.float64]
Say = Callable[[str], None]

# Chosen by cross-validation on Diabetes 130-US, where trees of 15 to 31 leaves differ by less than 0.002 in AUROC
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "metric": "binary_logloss",
    "learning_rate": 0.02,
    "num_leaves": 24,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "cat_smooth": 20.0,
    "cat_l2": 20.0,
    "max_bin": 255,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
MOST_TREES, PATIENCE = 2000, 60
FOLDS = 5
FEWEST_EVENTS, FEWEST_PEOPLE = 50, 50


@dataclass(frozen=True)
class CrossValidated:
    """`risk`: of each row by a model, and a calibrator, that never saw its person. `trees`: how many all rows are
    learned with. `calibrator`: of the scores of all people.
    """

    risk: Floats
    trees: int
    calibrator: Calibrator


@dataclass(frozen=True)
class Made:
    """What a run made. `judged` are the model's metrics by its cross-validated risks, `baselines` those beside it."""

    release: TableRelease
    rows: int
    people: int
    events: int
    judged: Judged
    baselines: Mapping[str, Judged]
    inferred: Inferred
    run_id: str


def train(asked: Question, seed: int = 0, say: Say = lambda _: None) -> Made:
    """Train on a table and write the next version of `asked.name`. BadInput for a table that cannot be learned from."""
    from models.specs import SPECS
    from training import registry
    from training.table_report import card, run_of

    if asked.name in {spec.name for spec in SPECS}:
        raise BadInput(
            got=f"--name {asked.name}, a model of the record", expected="a name of its own", do="Name it otherwise."
        )
    say("reading the table")
    cells = read(asked.table, Asked(asked.where, asked.label))
    persons = _persons(cells.text, asked.person)
    inferred = infer(cells.text, (*cells.label_columns, asked.person, *filter(None, (asked.time,)), *asked.drop))
    X = inputs(cells.text, asked, inferred.columns)
    _check_enough(cells.label, persons)
    say(f"learning from {len(X):,} rows of {len(np.unique(persons)):,} people, {X.shape[1]} columns")
    categorical = [column.name for column in inferred.columns if column.kind == "category"]
    found = cross_validated(X, cells.label, persons, categorical, seed, say)
    say("judging beside the baselines")
    judged = judge(cells.label, found.risk, persons)
    beside = {
        name: judge(cells.label, risk, persons, RESAMPLES_OF_A_BASELINE)
        for name, risk in baselines(X, cells.label, persons, categorical, seed).items()
    }
    say("learning once more from all rows")
    booster = grown(X, cells.label, categorical, found.trees, seed)
    counts = {"rows": len(X), "people": len(np.unique(persons)), "events": int(cells.label.sum())}
    metrics = {**written(judged), **counts, "baselines": {name: written(each) for name, each in beside.items()}}
    contents = TableContents(
        model=asked.name,
        label=asked.label,
        person=asked.person,
        time=asked.time,
        seed=seed,
        table_fingerprint=_fingerprint(cells),
        rows=len(X),
        events=counts["events"],
        columns=inferred.columns,
        booster=booster,
        calibrator=found.calibrator,
        metrics={**metrics, "rows_are": "cross-validated by person", "folds": FOLDS},
        card=card(asked, counts, judged, beside, inferred, found.trees),
        findings=_findings(booster, X, cells.label, found.risk, persons, inferred),
    )
    made = release.load(release.write(contents))
    _save_rows(persons, cells.label, found.risk, pointer.rows_path(asked.name, made.version))
    say("logging to MLflow")
    run_id = registry.log(made, run_of(asked, made, judged, beside, found.trees, PARAMETERS))
    return Made(made, counts["rows"], counts["people"], counts["events"], judged, beside, inferred, run_id)


def _save_rows(persons: npt.NDArray[np.int64], y: Floats, risk: Floats, path: Path) -> None:
    """What another version of the same table is compared with: a number for each person, the label, and the risk by a
    model that never saw the person, in the order of the table.
    """
    import pandas as pd

    pd.DataFrame({"person_id": persons, "label": y, "risk": risk}).to_parquet(path, index=False)


def _findings(
    booster: Booster, X: pd.DataFrame, y: Floats, risk: Floats, persons: npt.NDArray[np.int64], inferred: Inferred
) -> dict[str, Any]:
    """What the report shows beyond the metrics; drawn are numbers, whose order a reader knows."""
    drawn = {column.name for column in inferred.columns if column.kind == "number"} | {ROWS_BEFORE, SINCE_LAST}
    return findings_of_table(booster, list(X.columns), drawn, HeldOut(y, risk, persons, X.to_numpy("float64")))


def inputs(text: pd.DataFrame, asked: Question, columns: Sequence[TableColumn]) -> pd.DataFrame:
    """The model's inputs of each row; with a time column also what the person's earlier rows tell."""
    X = prepare(text, columns).X
    if asked.time is None:
        return X
    if asked.time not in text:
        raise _no_column(asked.time, "--time", text)
    return with_history(X, columns, text[asked.person], times(text, asked.person, asked.time))


def cross_validated(
    X: pd.DataFrame, y: Floats, persons: npt.NDArray[np.int64], categorical: Sequence[str], seed: int, say: Say
) -> CrossValidated:
    """Each fifth of the people scored by a model of the others. How many trees is chosen for each fold by the other
    folds' curves alone; the calibrator that a fold's risks get was fitted on the other folds' scores.
    """
    places = folds(persons, seed)
    grown_on: list[tuple[Booster, npt.NDArray[np.int64]]] = []
    curves: list[Floats] = []
    for number, own in enumerate(places):
        say(f"fold {number + 1} of {FOLDS}")
        booster, curve = _curve(X, y, np.setdiff1d(np.arange(len(y)), own), own, categorical, seed)
        grown_on.append((booster, own))
        curves.append(curve)
    raw = np.empty(len(y))
    for number, (booster, own) in enumerate(grown_on):
        trees = _best([curve for place, curve in enumerate(curves) if place != number])
        raw[own] = np.asarray(
            booster.predict(X.iloc[own].to_numpy("float64"), raw_score=True, num_iteration=trees), dtype=np.float64
        )
    scores = risk_of(raw)
    risk = np.empty(len(y))
    for own in places:
        others = np.setdiff1d(np.arange(len(y)), own)
        calibrator = calibrate(y[others], scores[others], persons[others]).calibrator
        risk[own] = calibration.apply(calibrator, scores[own])
    return CrossValidated(risk, _best(curves), calibrate(y, scores, persons).calibrator)


def folds(persons: npt.NDArray[np.int64], seed: int) -> list[npt.NDArray[np.int64]]:
    """The places of each fold's rows: people are dealt at random, all rows of one together."""
    people = int(persons.max()) + 1
    fold = np.random.default_rng(seed).permutation(people) % FOLDS
    return [np.flatnonzero(fold[persons] == number) for number in range(FOLDS)]


def _curve(
    X: pd.DataFrame,
    y: Floats,
    others: npt.NDArray[np.int64],
    own: npt.NDArray[np.int64],
    categorical: Sequence[str],
    seed: int,
) -> tuple[Booster, Floats]:
    """The model of the other people, and its log loss on the fold's own after each tree."""
    import lightgbm as lgb

    parameters = {**PARAMETERS, "seed": seed}
    losses: dict[str, dict[str, list[float]]] = {}
    names, sets = list(X.columns), list(categorical)
    data = lgb.Dataset(X.iloc[others].to_numpy("float64"), y[others], feature_name=_plain(names), params=parameters)
    data.set_categorical_feature([names.index(name) for name in sets])
    booster = lgb.train(
        parameters,
        data,
        num_boost_round=MOST_TREES,
        valid_sets=[lgb.Dataset(X.iloc[own].to_numpy("float64"), y[own], reference=data)],
        valid_names=["own"],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False), lgb.record_evaluation(losses)],
    )
    return booster, np.asarray(losses["own"]["binary_logloss"], dtype=np.float64)


def _best(curves: Sequence[Floats]) -> int:
    """The number of trees at which the mean of the curves is lowest, as far as all of them go."""
    shortest = min(map(len, curves))
    return int(np.argmin(np.mean([curve[:shortest] for curve in curves], axis=0))) + 1


def grown(X: pd.DataFrame, y: Floats, categorical: Sequence[str], trees: int, seed: int) -> Booster:
    """The released model: all rows, so many trees."""
    import lightgbm as lgb

    parameters, names = {**PARAMETERS, "seed": seed}, list(X.columns)
    data = lgb.Dataset(X.to_numpy("float64"), y, feature_name=_plain(names), params=parameters)
    data.set_categorical_feature([names.index(name) for name in categorical])
    return lgb.train(parameters, data, num_boost_round=trees)


def _plain(names: Sequence[str]) -> list[str]:
    """LightGBM takes no JSON marks in names; the columns are told apart by their place."""
    return [f"c{place}" for place in range(len(names))]


def baselines(
    X: pd.DataFrame, y: Floats, persons: npt.NDArray[np.int64], categorical: Sequence[str], seed: int
) -> dict[str, Floats]:
    """The risks of simpler models on the same folds: the share of events, and regularised logistic regression."""
    base, regression = np.empty(len(y)), np.empty(len(y))
    for own in folds(persons, seed):
        others = np.setdiff1d(np.arange(len(y)), own)
        base[own] = y[others].mean()
        regression[own] = _regression(X.iloc[others], y[others], X.iloc[own], categorical)
    return {"base rate": base, "logistic regression: all columns": regression}


def _regression(X: pd.DataFrame, y: Floats, of: pd.DataFrame, categorical: Sequence[str]) -> Floats:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [name for name in X.columns if name not in set(categorical)]
    scaled = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    columns = ColumnTransformer(
        [("numbers", scaled, numbers), ("sets", OneHotEncoder(handle_unknown="ignore"), list(categorical))]
    )
    model = make_pipeline(columns, LogisticRegression(C=0.1, solver="lbfgs", max_iter=500))
    return np.asarray(model.fit(X, y).predict_proba(of)[:, 1], dtype=np.float64)


def _persons(text: pd.DataFrame, person: str) -> npt.NDArray[np.int64]:
    """(rows,): a number for each person. BadInput where the column is absent, or a row names nobody."""
    import pandas as pd

    if person not in text:
        raise _no_column(person, "--person", text)
    nobody = int(text[person].isna().sum())
    if nobody:
        raise BadInput(
            got=f"--person {person} with {nobody:,} empty cells",
            expected="whose row it is, in each",
            do="Leave those rows out with --where.",
        )
    return np.asarray(pd.factorize(text[person])[0], dtype=np.int64)


def _no_column(name: str, option: str, text: pd.DataFrame) -> BadInput:
    return BadInput(
        got=f"{option} {name}, which the table does not have",
        expected=f"one of its {len(text.columns)} columns: {', '.join(map(str, text.columns[:20]))}"
        + (" ..." if len(text.columns) > 20 else ""),
        do="Name one of these.",
    )


def _check_enough(y: Floats, persons: npt.NDArray[np.int64]) -> None:
    events, people = int(min(y.sum(), len(y) - y.sum())), len(np.unique(persons))
    if events < FEWEST_EVENTS or people < FEWEST_PEOPLE:
        raise BadInput(
            got=f"{len(y):,} rows of {people:,} people, {int(y.sum()):,} of them with the label",
            expected=f"at least {FEWEST_EVENTS} rows with it, as many without, and {FEWEST_PEOPLE} people",
            do="Give a larger table: a model learns noise from fewer.",
        )


def _fingerprint(cells: Cells) -> str:
    """A hash of what was learned from, so that two releases of one table can be told to be so."""
    import pandas as pd

    digest = hashlib.sha256(",".join(map(str, cells.text.columns)).encode())
    digest.update(pd.util.hash_pandas_object(cells.text, index=False).to_numpy().tobytes())
    digest.update(cells.label.tobytes())
    return digest.hexdigest()[:16]
