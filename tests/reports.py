"""What a release recorded, made without training: a small model whose only signal is the length of stay, judged on
invented rows with groups of many, few and very few people.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from features.dataset import columns
from models.intervals import bootstrap
from models.specs import readmission_30d
from tests.champions import FEATURES, longer_is_riskier
from training.evaluate import METRICS, written
from training.findings import HeldOut, findings
from training.report.recorded import Recorded

ROWS, FEW_OF_A_RACE = 800, 4
ATTRITION = [
    ("discharges told", 1_010, 0),
    ("discharged alive", 1_004, 6),
    ("not to hospice", 960, 44),
    ("adult", 957, 3),
    ("outcome known", 800, 157),
]
SLICE = {"first_day": "2023-01-01", "last_day": "2023-06-30", "rows": 500, "people": 400, "events": 90}


def held_out() -> HeldOut:
    """Discharges of people whose outcome follows the model's own risk."""
    release = longer_is_riskier().release
    random = np.random.default_rng(4)
    X = np.full((ROWS, len(release.columns)), np.nan)
    X[:, list(release.inputs).index("length_of_stay")] = random.integers(1, 11, ROWS)
    X[:, list(release.inputs).index("emergency_admission")] = random.integers(0, 2, ROWS)
    risk = release.predict(X)
    y = (random.random(ROWS) < risk).astype(np.float64)
    return HeldOut(y, risk, np.arange(ROWS) // 2, X)


def people() -> pd.DataFrame:
    """Sex is told of everyone, a third race of very few, and all live in one state."""
    person = np.arange(ROWS) // 2
    race = np.where(person < FEW_OF_A_RACE, "other", np.where(person < 60, "black", "white"))
    sex = np.where(person % 2 == 0, "female", "male")
    return pd.DataFrame({"sex": sex, "race": race, "state": "NY"}, dtype=object)


@cache
def small() -> Recorded:
    """The release and all that a training would have recorded of it."""
    release, held, who = longer_is_riskier().release, held_out(), people()
    judged = written(bootstrap(held.y, held.risk, held.persons, METRICS, resamples=60))
    slices = np.where(np.arange(ROWS) < 500, "train", "holdout").tolist()
    return Recorded(
        release=replace(release, sources=("tuva",), lacks=frozenset({"allergy"})),
        spec=replace(readmission_30d.SPEC, features=FEATURES),
        metrics={
            **judged,
            "rows_are": "held out, the latest period",
            "rows": ROWS,
            "people": ROWS // 2,
            "events": int(held.y.sum()),
            "period": {"first": "2024-01-01", "last": "2024-06-30"},
            "baselines": {"base rate": {**judged, "auroc": {"value": 0.5, "low": 0.5, "high": 0.5}}},
        },
        findings=findings(release.booster, columns(FEATURES), held, who, (who, held.persons, slices), 0.6),
        split={
            "attrition": [{"rule": r, "sense": f"why {r}", "left": n, "removed": m} for r, n, m in ATTRITION],
            "slices": [
                {"name": name, **SLICE, "lost_to_labels": lost, "lost_to_people": 0}
                for name, lost in (("train", 40), ("calibrate", 5), ("holdout", 0))
            ],
            "stages": [],
            "trees": 40,
            "tuning": {"budget": "9 trials", "trials": 9, "given_up": 2, "settings": {"num_leaves": 4}},
            "calibration_log_loss": {"logistic": 0.61, "isotonic": 0.62},
        },
    )
