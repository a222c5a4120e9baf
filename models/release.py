"""A release: what training learned, as a directory of text and JSON. Nothing in it is executed, nothing is pickled.

    about.json        model, outcome, prediction time, fingerprint of the features, of the data, seed, sources and lacks
    model.txt         LightGBM's own text
    calibration.json  the calibrator as numbers
    features.json     the columns in the model's order, each with its declaration
    tiers.json        the lowest risk of the high and of the medium tier
    metrics.json      on the held-out period, with intervals and baselines
    findings.json     curves, groups and what moves the scores, on the held-out period: sums over 11 people or more
    split.json        slices, attrition, rows lost
    baselines.json    the baselines as numbers
    gates.json        what each gate that needs the rows said of it (training.gates)
    card.md           for whom, from what, how well, and the limits
    self_check.json   people with their features and scores, worked out again at load
    manifest.json     sha256 of each of these files

The version is the name of the directory. Run, time and host are MLflow's business, so the same data, seed and threads
give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.catalogue.declaration import Column
from features.errors import BadModel
from models import calibration, pointer, self_check
from models.calibration import Calibrator
from models.log_odds import Floats, risk_of
from models.self_check import SelfCheck
from models.tiers import Cuts

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

    from features.catalogue.algebra import Feature

FORMAT = 1
MANIFEST = "manifest.json"
ABOUT, MODEL, CALIBRATION, FEATURES, TIERS = (
    "about.json",
    "model.txt",
    "calibration.json",
    "features.json",
    "tiers.json",
)
METRICS, FINDINGS, SPLIT, BASELINES, GATES, CARD, SELF_CHECK = (
    "metrics.json",
    "findings.json",
    "split.json",
    "baselines.json",
    "gates.json",
    "card.md",
    "self_check.json",
)
FILES = (ABOUT, MODEL, CALIBRATION, FEATURES, TIERS, METRICS, FINDINGS, SPLIT, BASELINES, GATES, CARD, SELF_CHECK)
TAKE_AGAIN = "Take the release again from where it was made, or train anew."


@dataclass(frozen=True)
class Contents:
    """All that a release holds, before it is written; `metrics` to `baselines`, `findings` and `gates` become JSON."""

    model: str
    outcome: str
    prediction_time: str
    feature_fingerprint: str
    data_fingerprint: str
    seed: int
    model_text: str
    calibrator: Calibrator
    columns: tuple[Column, ...]
    cuts: Cuts
    metrics: Mapping[str, object]
    split: Mapping[str, object]
    baselines: Sequence[Mapping[str, object]]
    card: str
    check: SelfCheck
    sources: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()
    gates: Sequence[Mapping[str, object]] = ()
    findings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A release that was read and whose sums and scores agree. `columns` are in the model's order.

    `sources` are the formats that the training store was loaded from (empty: not recorded), `lacks` the facts that none
    of them told.
    """

    path: Path
    model: str
    version: int
    outcome: str
    prediction_time: str
    feature_fingerprint: str
    data_fingerprint: str
    seed: int
    booster: Booster
    calibrator: Calibrator
    columns: tuple[Column, ...]
    cuts: Cuts
    sources: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the columns, in the model's order."""
        return tuple(column.name for column in self.columns)

    def matrix(self, X: pd.DataFrame) -> Floats:
        """The columns of a frame in the model's order, others left out; BadModel names one that is missing."""
        names = [column.name for column in self.columns]
        missing = [name for name in names if name not in X.columns]
        if missing:
            raise BadModel(
                got=f"features without {missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else ""),
                expected=f"the {len(names)} columns of {self.model} version {self.version}",
                do="Build them with the declarations that the model was trained with, or train anew.",
            )
        return np.asarray(X[names].to_numpy(dtype=np.float64))

    def log_odds(self, X: pd.DataFrame | npt.NDArray[np.float64]) -> Floats:
        """(rows,): the model's own score. X is a frame, or a matrix in the model's order; null is nan."""
        matrix = X if isinstance(X, np.ndarray) else self.matrix(X)
        if matrix.ndim != 2 or matrix.shape[1] != len(self.columns):
            raise BadModel(
                got=f"a matrix of shape {matrix.shape}",
                expected=f"(rows, {len(self.columns)})",
                do="Give the columns of the release, in its order.",
            )
        if len(matrix) == 0:
            return np.zeros(0)
        return np.asarray(self.booster.predict(matrix, raw_score=True), dtype=np.float64)

    def raw(self, X: pd.DataFrame | npt.NDArray[np.float64]) -> Floats:
        """(rows,): risk before calibration."""
        return risk_of(self.log_odds(X))

    def predict(self, X: pd.DataFrame | npt.NDArray[np.float64]) -> Floats:
        """(rows,): calibrated risk, the one that people are told."""
        return calibration.apply(self.calibrator, self.raw(X))

    def read(self, name: str) -> Any:
        """One of the JSON files, such as METRICS."""
        return json.loads((self.path / name).read_text(encoding="utf-8"))


def write(contents: Contents) -> Path:
    """Write a release as the next version of its model; gives its directory, which appears complete or not at all."""
    return published(contents.model, _texts(contents), FORMAT)


def published(model: str, texts: Mapping[str, str], release_format: int) -> Path:
    """Write files as the next version of a model, with the manifest of their sums."""
    folder = pointer.home() / model
    building = folder / f".building.{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    for name, text in texts.items():
        (building / name).write_text(text, encoding="utf-8", newline="\n")
    sums = {name: sha256(building / name) for name in texts}
    (building / MANIFEST).write_text(
        as_json({"format": release_format, "sha256": sums}), encoding="utf-8", newline="\n"
    )
    while True:
        version = max(pointer.versions(model), default=0) + 1
        try:
            return building.rename(folder / str(version))
        except OSError:  # another training took this number in the same moment
            if not (folder / str(version)).is_dir():
                raise


def load(path: Path) -> Release:
    """Read a release; BadModel names the file where a sum differs, or the scores of the self-check do."""
    _check_sums(path)
    about = _json(path, ABOUT)
    release = Release(
        path=path,
        model=str(about["model"]),
        version=int(path.name) if path.name.isdecimal() else 0,
        outcome=str(about["outcome"]),
        prediction_time=str(about["prediction_time"]),
        feature_fingerprint=str(about["feature_fingerprint"]),
        data_fingerprint=str(about["data_fingerprint"]),
        seed=int(about["seed"]),
        booster=_booster(path),
        calibrator=calibration.from_json(_json(path, CALIBRATION)),
        columns=tuple(Column(**column) for column in _json(path, FEATURES)["columns"]),
        cuts=Cuts(**_json(path, TIERS)),
        sources=tuple(about.get("sources", ())),
        lacks=frozenset(about.get("lacks", ())),
    )
    if release.booster.feature_name() != [column.name for column in release.columns]:
        raise BadModel(
            got=f"{MODEL} and {FEATURES} that name other columns", expected="the same, in one order", do=TAKE_AGAIN
        )
    check = self_check.from_json(_json(path, SELF_CHECK))
    check.check_scores(release.log_odds(check.features), release.predict(check.features))
    return release


def verify(release: Release, features: Sequence[Feature]) -> None:
    """Beyond `load`: the declarations of this code are the ones it was trained with, and they give the people of the
    self-check the same features to the bit. BadModel names the column that differs.
    """
    check_fingerprint(release, features)
    self_check.from_json(_json(release.path, SELF_CHECK)).check_features(release.columns, features)


def check_fingerprint(release: Release, features: Sequence[Feature]) -> None:
    """BadModel where this code declares features otherwise than the code that trained the release."""
    from features.fingerprint import fingerprint

    today = fingerprint(features)
    if today != release.feature_fingerprint:
        raise BadModel(
            got=f"features declared otherwise (fingerprint {today}) than {release.model} version {release.version}",
            expected=f"fingerprint {release.feature_fingerprint}",
            do=f"Run `afterward train {release.model} --store STORE`, or go back to the code it was trained with.",
        )


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def as_json(value: object) -> str:
    """JSON that is the same for the same value: keys sorted, floats by their shortest exact form."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _texts(contents: Contents) -> dict[str, str]:
    about = {
        "model": contents.model,
        "outcome": contents.outcome,
        "prediction_time": contents.prediction_time,
        "feature_fingerprint": contents.feature_fingerprint,
        "data_fingerprint": contents.data_fingerprint,
        "seed": contents.seed,
        "sources": list(contents.sources),
        "lacks": sorted(contents.lacks),
    }
    declared = {"fingerprint": contents.feature_fingerprint, "columns": [asdict(column) for column in contents.columns]}
    return {
        ABOUT: as_json(about),
        MODEL: contents.model_text,
        CALIBRATION: as_json(calibration.to_json(contents.calibrator)),
        FEATURES: as_json(declared),
        TIERS: as_json(asdict(contents.cuts)),
        METRICS: as_json(contents.metrics),
        FINDINGS: as_json(contents.findings),
        SPLIT: as_json(contents.split),
        BASELINES: as_json(contents.baselines),
        GATES: as_json({"gates": list(contents.gates)}),
        CARD: contents.card,
        SELF_CHECK: contents.check.as_text(),
    }


def _check_sums(path: Path) -> None:
    if not path.is_dir():
        raise BadModel(got=f"no release at {path.name}", expected="a directory", do=TAKE_AGAIN)
    manifest = _json(path, MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BadModel(
            got=f"a release of format {manifest.get('format')}", expected=f"format {FORMAT}", do="Train anew."
        )
    sums = manifest["sha256"]
    for name in FILES:
        if not (path / name).is_file():
            raise BadModel(got=f"a release without {name}", expected="every file of its manifest", do=TAKE_AGAIN)
        if sums.get(name) != sha256(path / name):
            raise BadModel(got=f"{name} changed since it was released", expected="its sha256", do=TAKE_AGAIN)


def _booster(path: Path) -> Booster:
    import lightgbm as lgb

    try:
        return lgb.Booster(model_str=(path / MODEL).read_text(encoding="utf-8"))
    except lgb.basic.LightGBMError:
        raise BadModel(got=f"{MODEL} that LightGBM cannot read", expected="its text model", do=TAKE_AGAIN) from None


def _json(path: Path, name: str) -> Any:
    try:
        return json.loads((path / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadModel(got=f"a release without {name}", expected="every file of a release", do=TAKE_AGAIN) from None
    except ValueError:
        raise BadModel(got=f"{name} that is not JSON", expected="a file of a release", do=TAKE_AGAIN) from None
