"""A champion that takes no training run: a small LightGBM model for whom the longer the stay, the higher the risk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np

from features.catalogue.algebra import Feature
from features.catalogue.person import INDEX_STAY
from features.dataset import columns
from models.calibration import Logistic
from models.release import Release
from models.specs import readmission_30d
from models.tiers import Cuts
from serving.score import Champion

FEATURES: tuple[Feature, ...] = (INDEX_STAY,)


def longer_is_riskier() -> Champion:
    """Risk rises with each day from 1 to 10 in hospital and with nothing else."""
    return riskier_with(FEATURES, ("length_of_stay",))


def riskier_with(features: tuple[Feature, ...], of: tuple[str, ...]) -> Champion:
    """Risk rises with each of these columns from 0 to 10, and with nothing else."""
    declared = columns(features)
    names = [column.name for column in declared]
    rng = np.random.default_rng(0)
    X = np.full((4_000, len(names)), np.nan)
    days = rng.integers(0 if len(of) > 1 else 1, 11, size=(len(X), len(of)))
    X[:, [names.index(name) for name in of]] = days
    raised = rng.random(len(X)) < days.mean(axis=1) / 12
    data = lightgbm.Dataset(X, raised, feature_name=names, params={"verbose": -1})
    settings = {
        "objective": "binary",
        "monotone_constraints": [int(name in of) for name in names],
        "num_threads": 1,
        "seed": 0,
        "verbose": -1,
    }
    release = Release(
        path=Path("releases/readmission_30d/7"),
        model="readmission_30d",
        version=7,
        outcome="readmission_30d",
        prediction_time="discharge",
        feature_fingerprint="",
        data_fingerprint="",
        seed=0,
        booster=lightgbm.train(settings, data, num_boost_round=40),
        calibrator=Logistic(1.0, 0.0),
        columns=declared,
        cuts=Cuts(high=0.6, medium=0.3),
    )
    return Champion(replace(readmission_30d.SPEC, features=features), release)
