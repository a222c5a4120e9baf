"""Hold our model against what others would have learned, on the very split, rows and columns of `afterward train`.

Everybody learns on the training slice, is calibrated on the calibration slice as ours is, and is judged on the latest
period. A difference is worth more than two intervals side by side: both models see the same resamples of people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import windows
from models import calibration, metrics
from models.held_out import CALIBRATE, HOLDOUT, TRAIN, weights_of
from models.intervals import bootstrap, paired_difference
from models.log_odds import risk_of
from models.population import Labelled, labelled
from models.specs import spec
from models.specs.spec import Spec
from training import baselines, peers, split
from training.calibrate import calibrate
from training.evaluate import RESAMPLES, SEED, Judged, written
from training.fit import Lesson
from training.peers import EXTRA, OURS, PEERS, Peer
from training.run import lesson_of
from training.split import FIT, TUNE, Sliced

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Say = Callable[[str], None]

METRICS = (metrics.auroc, metrics.auprc, metrics.brier, metrics.calibration_slope)
DIFFERENCES = (metrics.auroc, metrics.auprc, metrics.brier)  # of two slopes neither the higher nor the lower is better


@dataclass(frozen=True)
class Rows:
    """What no model learned trees from. `calibrating` and `judged` are X (rows, columns of the lesson), with the label
    and the person of each row; `weights` as the rows that are judged count (null: once each).
    """

    calibrating: Floats
    calibrating_y: Floats
    calibrating_persons: npt.NDArray[np.object_]
    judged: Floats
    y: Floats
    persons: npt.NDArray[np.object_]
    weights: Floats | None = None


@dataclass(frozen=True)
class Contender:
    """The calibrated risks of the rows that are judged; how many trees, and the seconds from the lesson to these risks
    (both null for a baseline).
    """

    risk: Floats
    trees: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Standing:
    """A contender's figures, and those of DIFFERENCES less ours (null for our own)."""

    trees: int | None
    seconds: float | None
    judged: Judged
    less_ours: Judged | None

    def to_json(self) -> dict[str, object]:
        """Each figure as {value, low, high}, null where there is no number."""
        less = None if self.less_ours is None else written(self.less_ours)
        return {**written(self.judged), "less_ours": less, "trees": self.trees, "seconds": self.seconds}


@dataclass(frozen=True)
class Comparison:
    """Ours first, then the peers, then the baselines; `left_out` says why a peer is not among them."""

    model: str
    seed: int
    rows: int
    people: int
    events: int
    period: tuple[int, int]
    sliced: Sliced
    standings: Mapping[str, Standing]
    left_out: Mapping[str, str]

    def to_json(self) -> dict[str, object]:
        """Figures and counts, no rows."""
        counts = {name: getattr(self, name) for name in ("model", "seed", "rows", "people", "events")}
        return {
            **counts,
            "period": {"first": windows.iso(self.period[0]), "last": windows.iso(self.period[1])},
            **self.sliced.to_json(),
            "standings": [{"name": name, **found.to_json()} for name, found in self.standings.items()],
            "left_out": dict(self.left_out),
        }


def compare(model: str, store: Path, seed: int = 0, say: Say = lambda _: None) -> Comparison:
    """Learn ours, the peers that are installed and the baselines on a store. Fails as `training.run.train` does."""
    from features.dataset import build
    from features.record.record import open_record

    asked = spec(model)
    record = open_record(store)
    say(f"finding {asked.rows_are} and what happened next")
    people = labelled(record, asked, asked.trained)
    sliced = split.sliced(people.rows, asked.outcome)
    split.check_enough(sliced, model)
    say(f"building the features of {len(sliced.rows):,} {asked.rows_are}")
    X = build(record, sliced.rows, asked.features)
    late = sliced.rows[sliced.rows.slice == HOLDOUT]
    rows = _rows(X, sliced.rows, people)
    here = peers.installed()
    contenders = learned((OURS, *here), lesson_of(X, sliced.rows), rows, seed, say)
    say("learning the baselines")
    contenders |= _baselines(asked, X, sliced.rows, people)
    say("judging on the latest period")
    return Comparison(
        model=asked.name,
        seed=seed,
        rows=len(late),
        people=int(late.person_id.nunique()),
        events=int(late.label.sum()),
        period=(int(late.discharge_day.min()), int(late.discharge_day.max())),
        sliced=sliced,
        standings=standings(contenders, rows),
        left_out={peer.name: EXTRA for peer in PEERS if peer not in here},
    )


def learned(
    who: tuple[Peer, ...], lesson: Lesson, rows: Rows, seed: int, say: Say = lambda _: None
) -> dict[str, Contender]:
    """Each of them by name, learned of the same lesson, calibrated on the same rows."""
    found = {}
    for peer in who:
        say(f"learning: {peer.name}")
        begin = perf_counter()
        made = peers.grown(peer, lesson, seed)
        raw = risk_of(made.log_odds(rows.calibrating))
        chosen = calibrate(rows.calibrating_y, raw, rows.calibrating_persons)
        risk = calibration.apply(chosen.calibrator, risk_of(made.log_odds(rows.judged)))
        found[peer.name] = Contender(risk, made.trees, perf_counter() - begin)
    return found


def standings(contenders: Mapping[str, Contender], rows: Rows) -> dict[str, Standing]:
    """The figures of each on the rows that are judged, and less ours, people drawn together."""
    ours = contenders[OURS.name].risk

    def judged(risk: Floats) -> Judged:
        return bootstrap(rows.y, risk, rows.persons, METRICS, RESAMPLES, SEED, rows.weights)

    def less_ours(risk: Floats) -> Judged:
        return paired_difference(rows.y, risk, ours, rows.persons, DIFFERENCES, RESAMPLES, SEED, rows.weights)

    return {
        name: Standing(
            found.trees, found.seconds, judged(found.risk), None if name == OURS.name else less_ours(found.risk)
        )
        for name, found in contenders.items()
    }


def _rows(X: pd.DataFrame, rows: pd.DataFrame, people: Labelled) -> Rows:
    calibrating, late = (_in(rows.slice, name) for name in (CALIBRATE, HOLDOUT))
    matrix, y, persons = X.to_numpy("float64"), rows.label.to_numpy("float64"), rows.person_id.to_numpy(dtype=object)
    return Rows(
        matrix[calibrating],
        y[calibrating],
        persons[calibrating],
        matrix[late],
        y[late],
        persons[late],
        weights_of(rows[late], people.censored),
    )


def _baselines(asked: Spec, X: pd.DataFrame, rows: pd.DataFrame, people: Labelled) -> dict[str, Contender]:
    ruled = baselines.with_rules(asked, X, rows, people.cohort)
    training, calibrating, late = (_in(rows.slice, name) for name in (TRAIN, CALIBRATE, HOLDOUT))
    stages = _in(rows.stage, FIT), _in(rows.stage, TUNE)
    made = baselines.learn(ruled, rows.label.to_numpy("float64"), training, calibrating, stages, asked.simple)
    return {name: Contender(each.risk(ruled[late])) for name, each in made.items()}


def _in(column: pd.Series, name: str) -> npt.NDArray[np.bool_]:
    return np.asarray(column.eq(name).to_numpy("bool"))
