"""Judge a version on rows that it never learned from, beside the baselines on the same rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import windows
from features.errors import BadInput
from models import censoring, metrics, pointer
from models.censoring import Censored
from models.held_out import left_after, rows_to_judge, weights_of
from models.intervals import Interval, bootstrap
from training import baselines

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Judged = dict[str, Interval]

HEADLINE = (metrics.auroc, metrics.auprc, metrics.brier, metrics.calibration_slope, metrics.calibration_intercept)
METRICS = (*HEADLINE, metrics.observed_to_expected, metrics.scaled_brier, metrics.log_loss)
RESAMPLES, RESAMPLES_OF_A_BASELINE = 1000, 300
SEED = 0


@dataclass(frozen=True)
class Evaluation:
    """A version's metrics on some rows, and the baselines' on the same; `period` is (first, last) day of discharge.

    `version` is null while its release is not written yet.
    """

    model: str
    version: int | None
    rows_are: str
    rows: int
    people: int
    events: int
    period: tuple[int, int]
    judged: Judged
    baselines: Mapping[str, Judged]
    censored: Censored

    def to_json(self) -> dict[str, object]:
        """Metrics at top level, each {value, low, high}, null where rows or events are too few for a number."""
        return {
            **written(self.judged),
            "rows": self.rows,
            "people": self.people,
            "events": self.events,
            "baselines": {name: written(judged) for name, judged in self.baselines.items()},
            "censored": asdict(self.censored),
            "model": self.model,
            **({} if self.version is None else {"version": self.version}),
            "rows_are": self.rows_are,
            "period": {"first": windows.iso(self.period[0]), "last": windows.iso(self.period[1])},
        }

    def numbers(self) -> dict[str, float]:
        """Every number by one name, the model's own bare: for a table of runs."""
        found = {"holdout_rows": float(self.rows), "holdout_events": float(self.events)}
        for name, interval in self.judged.items():
            found |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
        for who, judged in self.baselines.items():
            found |= {f"baseline/{who}/{name}".replace(":", "").replace(",", ""): i.value for name, i in judged.items()}
        return found


def judge(
    y: npt.ArrayLike,
    risk: npt.ArrayLike,
    persons: npt.ArrayLike,
    resamples: int = RESAMPLES,
    weights: npt.ArrayLike | None = None,
) -> Judged:
    """Every metric with its 95 % interval, people drawn together."""
    return bootstrap(y, risk, persons, METRICS, resamples=resamples, seed=SEED, weights=weights)


def evaluated(
    model: str,
    version: int | None,
    rows_are: str,
    rows: pd.DataFrame,
    risk: Floats,
    others: Mapping[str, Floats],
    censored: pd.DataFrame,
) -> Evaluation:
    """Judge `risk` and the baselines' risks of the same rows, which have label, person_id, discharge_day and
    followed_days; where more than a few of the `censored` rows lie in the same period, the others stand for them too.

    BadInput where the rows do not hold both events and non-events.
    """
    y, persons = rows.label.to_numpy("float64"), rows.person_id.to_numpy()
    if len(set(y)) < 2:
        raise BadInput(
            got=f"{len(y)} rows to judge {model} on, {int(y.sum())} with the outcome",
            expected="some with it and some without",
            do="Load a longer period.",
        )
    period = int(rows.discharge_day.min()), int(rows.discharge_day.max())
    weights = weights_of(rows, censored)
    return Evaluation(
        model=model,
        version=version,
        rows_are=rows_are,
        rows=len(rows),
        people=int(rows.person_id.nunique()),
        events=int(y.sum()),
        period=period,
        judged=judge(y, risk, persons, weights=weights),
        baselines={name: judge(y, other, persons, RESAMPLES_OF_A_BASELINE, weights) for name, other in others.items()},
        censored=censoring.censored(rows.followed_days, left_after(rows, censored)),
    )


def evaluate(model: str, store: Path, version: int | None = None) -> Evaluation:
    """Judge a version (the latest where none is named) on its held-out rows of a store, or on all rows of a store that
    it has never seen. BadModel when the model is unknown or was never trained.
    """
    import pandas as pd

    from features.dataset import build
    from features.record.record import open_record
    from models import release
    from models.population import labelled
    from models.specs import spec

    asked = spec(model)
    trained = release.load(pointer.existing(model, version))
    release.check_fingerprint(trained, asked.features)
    record = open_record(store)
    judged_on = labelled(record, asked, asked.measured)
    saved = pd.read_parquet(pointer.rows_path(model, trained.version))
    rows, rows_are = rows_to_judge(judged_on.rows, saved, trained.version)
    X = build(record, rows, asked.features)
    risk = trained.predict(X)
    X = baselines.with_rules(asked, X, rows, judged_on.cohort)
    others = {other["name"]: baselines.from_json(other).risk(X) for other in trained.read(release.BASELINES)}
    return evaluated(model, trained.version, rows_are, rows, risk, others, judged_on.censored)


def written(judged: Judged) -> dict[str, dict[str, float | None]]:
    """Each metric as {value, low, high}, null where there is no number."""
    return {
        name: {end: _number(getattr(found, end)) for end in ("value", "low", "high")} for name, found in judged.items()
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
