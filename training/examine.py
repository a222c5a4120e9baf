"""Judge at the making of a version every gate that needs its rows; what is kept is figures, never a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.fairness import audit
from models.held_out import CALIBRATE, HOLDOUT
from models.metrics import auroc
from training.evaluate import Judged
from training.gates import Gate, calibration, fair, score_shift
from training.implausible import Sign, alarm, alone, labels_in_time, too_good, twins

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

    from models.specs.spec import Spec

Floats = npt.NDArray[np.float64]

ROWS_ENOUGH = 50_000  # to ask each of hundreds of columns alone


def examine(
    asked: Spec,
    groups: pd.DataFrame,
    rows: pd.DataFrame,
    X: pd.DataFrame,
    booster: Booster,
    raw: Floats,
    risk: Floats,
    judged: Judged,
    weights: Floats | None = None,
    before: Gate | None = None,
) -> tuple[Gate, ...]:
    """Calibration, fairness, score shift and the alarm. `rows`, as `split.sliced` marks them, `X`, `raw` (risk before
    calibration) and `risk` are of the same rows in one order. Judged on is the hold-out: of it are `groups`
    (models.groups), `judged` (the metrics) and `weights` (what each row counts for; null: once). `before` is the
    alarm of the version whose trees these are, where they were learned earlier: what it found goes on, and the label
    timing was asked then.
    """
    late, levelled = (rows.slice.eq(name).to_numpy("bool") for name in (HOLDOUT, CALIBRATE))
    persons = rows.person_id.to_numpy()
    y = rows.label.to_numpy("float64")
    used = [name for name, splits in zip(X.columns, booster.feature_importance(), strict=True) if splits]
    places = max(1, round(asked.tier_shares.high * int(late.sum())))
    found = audit(y[late], risk[late], persons[late], groups, places, weights=weights)
    some = np.random.default_rng(0).permutation(np.flatnonzero(late))[:ROWS_ENOUGH]
    signs = [
        too_good(judged[auroc.name], asked.plausible_auroc),
        alone(X.iloc[some][used], y[some], judged[auroc.name].value),
        twins(X, rows),
        labels_in_time(rows) if before is None else Sign("trees learned earlier", before.verdict, before.says, None),
    ]
    return (
        calibration(judged),
        fair(found),
        score_shift(raw[levelled], raw[late], np.concatenate([persons[levelled], persons[late]])),
        alarm(signs),
    )
