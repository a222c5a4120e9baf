"""Bad models, planted: each is stopped by the gate that is meant for it, and by no other; an honest one by none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from features.catalogue.person import INDEX_STAY
from features.dataset import columns
from features.errors import Refused
from features.fingerprint import fingerprint
from models import calibration, pointer, release
from models.calibration import Calibrator
from models.held_out import CALIBRATE, HOLDOUT, TRAIN
from models.log_odds import log_odds, risk_of
from models.release import Contents
from models.self_check import SelfCheck
from models.specs import readmission_30d
from models.tiers import Cuts
from models.verdicts import Verdict
from training import gates, promote, registry, split, standing
from training.calibrate import calibrate
from training.evaluate import judge, written
from training.examine import examine
from training.gates import Gate

pytestmark = pytest.mark.slow
Floats = npt.NDArray[np.float64]

FEATURES = (INDEX_STAY,)
ASKED = replace(readmission_30d.SPEC, features=FEATURES)
NAMES = [column.name for column in columns(FEATURES)]
ROWS, FIRST_DAY, DAYS = 16_000, 19_000, 1_500


@dataclass(frozen=True)
class Network:
    """Discharges with what is known at each (`X`), what came of it (`rows`: label and when it was known), and of which
    group each is.
    """

    X: pd.DataFrame
    rows: pd.DataFrame
    group: npt.NDArray[Any]


@dataclass(frozen=True)
class Learned:
    booster: lightgbm.Booster
    calibrator: Calibrator
    judged: dict[str, Any]
    gates: tuple[Gate, ...]

    @property
    def stopped_by(self) -> list[str]:
        return [gate.name for gate in self.gates if gate.verdict is Verdict.FAIL]


def network(seed: int, sicker_from: int = DAYS, hidden: float = 0.0) -> Network:
    """People of two groups over four years, a fifth of them sick, and from the day `sicker_from` on seven in ten.
    People of group b are worse off by `hidden`, of which nothing in X tells.
    """
    draw = np.random.default_rng(seed)
    X = pd.DataFrame(draw.normal(size=(ROWS, len(NAMES))), columns=NAMES)
    day = np.sort(draw.integers(0, DAYS, ROWS))
    sick = draw.random(ROWS) < np.where(day >= sicker_from, 0.7, 0.2)
    X[NAMES[0]] = X[NAMES[0]] / 2 + 2 * sick - 1
    group = np.where(draw.random(ROWS) < 0.2, "b", "a")
    truth = -1.6 + 0.8 * X[NAMES[0]] + 0.4 * X[NAMES[1]] + hidden * (group == "b")
    rows = pd.DataFrame({"person_id": np.arange(ROWS).astype(str), "discharge_day": FIRST_DAY + day})
    rows["label"] = (draw.random(ROWS) < risk_of(truth)).astype(float)
    rows["label_known_day"] = rows.discharge_day + 120
    return Network(X, rows, group)


def learned(of: Network, distort: Callable[[Floats], Floats] = lambda risk: risk) -> Learned:
    """As training does it: the split, trees of the first slice, a calibrator of the second, the gates on the last."""
    rows = split.sliced(of.rows, ASKED.outcome).rows
    first, second, last = (rows.slice.eq(name).to_numpy() for name in (TRAIN, CALIBRATE, HOLDOUT))
    y, persons, matrix = rows.label.to_numpy(), rows.person_id.to_numpy(), of.X.to_numpy()
    settings = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "seed": 0, "verbosity": -1}
    data = lightgbm.Dataset(matrix[first], y[first], feature_name=list(of.X.columns), params={"verbosity": -1})
    booster = lightgbm.train(settings, data, num_boost_round=60)
    raw = risk_of(np.asarray(booster.predict(matrix, raw_score=True)))
    calibrator = calibrate(y[second], raw[second], persons[second]).calibrator
    risk = distort(calibration.apply(calibrator, raw))
    judged = judge(y[last], risk[last], persons[last], resamples=200)
    groups = pd.DataFrame({"race": of.group[last]})
    found = examine(ASKED, groups, rows, of.X, booster, raw, risk, judged)
    return Learned(booster, calibrator, dict(written(judged)), found)


def test_an_honest_model_is_stopped_by_none() -> None:
    found = learned(network(1))
    assert found.stopped_by == []
    assert {gate.name: gate.verdict for gate in found.gates}["implausibility"] is Verdict.PASS


def test_a_leaky_model_is_stopped_by_the_alarm() -> None:
    """A column that only the bill of the readmission fills."""
    honest = network(2)
    bill = np.where((honest.rows.label == 1) & (np.arange(ROWS) % 10 < 8), 1.0, np.nan)
    assert learned(replace(honest, X=honest.X.assign(**{NAMES[-1]: bill}))).stopped_by == ["implausibility"]


def test_a_model_that_was_oversampled_before_the_split_is_stopped_by_the_alarm() -> None:
    """Every event is copied three times, each copy with a number of its own, and then the rows are split."""
    honest = network(3)
    events = np.flatnonzero(honest.rows.label == 1)
    place = np.concatenate([np.arange(ROWS), *[events] * 3])
    place = place[np.random.default_rng(3).permutation(len(place))]
    rows = honest.rows.iloc[place].reset_index(drop=True)
    day = np.linspace(FIRST_DAY, FIRST_DAY + DAYS, len(rows)).astype(int)
    rows = rows.assign(person_id=np.arange(len(rows)).astype(str), discharge_day=day, label_known_day=day + 120)
    copied = Network(honest.X.iloc[place].reset_index(drop=True), rows, honest.group[place])
    assert learned(copied).stopped_by == ["implausibility"]


def test_a_miscalibrated_model_is_stopped_by_calibration_and_not_promoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = learned(network(4), distort=lambda risk: risk_of(log_odds(risk) + 0.25))
    assert found.stopped_by == ["calibration"]
    number = released(found, tmp_path, monkeypatch)
    with pytest.raises(Refused, match="with calibration: fail;"):
        promote.promote(promote.judge(ASKED.name, number))
    assert pointer.champion_version(ASKED.name) is None


def test_a_model_that_is_unfair_to_a_group_is_stopped_by_fairness() -> None:
    """Group b is worse off in a way that nobody recorded; over all, as many events come as were foretold."""
    assert learned(network(5, hidden=1.2)).stopped_by == ["fairness"]


def test_a_model_of_a_period_that_has_gone_is_stopped_by_score_shift() -> None:
    """Trained and calibrated before the intake grew sicker; its risks still hold, but for people unlike those."""
    assert learned(network(6, sicker_from=1_150)).stopped_by == ["score shift"]


class Slow:
    """A booster that takes its time."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        self.booster = booster

    def predict(self, *given: Any, **more: Any) -> Any:
        time.sleep(gates.SLOWEST_SECONDS)
        return self.booster.predict(*given, **more)


def test_a_slow_model_is_stopped_by_latency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "ANSWERS_TIMED", 3)
    made = release.load(pointer.release_path(ASKED.name, released(learned(network(1)), tmp_path, monkeypatch)))
    slow = standing.of_release(replace(made, booster=Slow(made.booster)), None, None)
    assert [gate.name for gate in slow if gate.verdict is Verdict.FAIL] == ["latency"]


def released(found: Learned, home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Write it as training does, under a spec that has its few columns; gives its version."""
    monkeypatch.setenv(pointer.HOME, str(home))
    for module in (standing, promote):
        monkeypatch.setattr(module, "spec", lambda _: ASKED)
    monkeypatch.setattr(registry, "tag", lambda *_: None)
    nobody = np.zeros((3, len(NAMES)))
    score = np.asarray(found.booster.predict(nobody, raw_score=True))
    path = release.write(
        Contents(
            model=ASKED.name,
            outcome=ASKED.outcome.name,
            prediction_time=ASKED.prediction_time,
            feature_fingerprint=fingerprint(FEATURES),
            data_fingerprint="rows",
            seed=0,
            model_text=found.booster.model_to_string(),
            calibrator=found.calibrator,
            columns=columns(FEATURES),
            cuts=Cuts(0.3, 0.2),
            metrics=found.judged,
            split={},
            baselines=[],
            card="",
            check=SelfCheck(nobody, score, calibration.apply(found.calibrator, risk_of(score)), None),
            gates=[gate.to_json() for gate in found.gates],
        )
    )
    return int(path.name)
