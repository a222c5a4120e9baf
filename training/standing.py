"""What every gate says of a version now: those judged when it was made, and those that depend on what is here today."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models import pointer, release
from models.explain import contributions, explanations
from models.intervals import Interval
from models.metrics import auroc, calibration_slope, observed_to_expected
from models.release import Release
from models.specs import spec
from models.specs.spec import Spec
from models.table import release as table_release
from models.table.release import TableRelease
from models.verdicts import Verdict
from training import gates, pairs
from training.gates import CALIBRATION, FAIRNESS, FINGERPRINT, IMPLAUSIBILITY, SCORE_SHIFT, Gate, Pairs
from training.implausible import alarm, too_good

AT_TRAINING = (CALIBRATION, FAIRNESS, SCORE_SHIFT, IMPLAUSIBILITY)
PLAUSIBLE_OF_A_TABLE = 0.95  # nobody declared what is plausible; above this, notebooks had resampled before the split
REASONS = 3  # as the list has


def of_release(made: Release, champion: int | None, store: Path | None) -> tuple[Gate, ...]:
    """Every gate of a release of the record. `champion`: the version to be compared with, null where there is none."""
    asked = spec(made.model)
    return (
        _discrimination(asked, made, champion, store),
        *_when_made(made),
        gates.latency(_answering(made)),
        gates.fingerprint(made, asked.features),
    )


def of_table(made: TableRelease, champion: int | None) -> tuple[Gate, ...]:
    """Every gate of a model of somebody's own table, whose figures are cross-validated by person."""
    judged = _intervals(made.metrics)
    found = judged[auroc.name]
    discrimination = gates.discrimination(found)
    if champion is not None:
        discrimination = gates.discrimination_beside(champion, _of_same_table(made, champion))
    return (
        discrimination,
        gates.calibration(judged),
        Gate(FAIRNESS, Verdict.TOO_FEW, "a table does not say which groups it has", {}),
        Gate(SCORE_SHIFT, Verdict.TOO_FEW, "the split of a table is by person, not by time", {}),
        alarm([too_good(found, PLAUSIBLE_OF_A_TABLE)]),
        gates.latency(lambda: made.predict(np.zeros((1, len(made.inputs))))),
        Gate(FINGERPRINT, Verdict.PASS, "the release verifies with the code that is here", {}),
    )


def _discrimination(asked: Spec, made: Release, champion: int | None, store: Path | None) -> Gate:
    if champion is None:
        return gates.discrimination(_intervals(made.read(release.METRICS))[auroc.name])
    if store is None:
        found = pairs.held_out_by_both(made.model, made.version, champion)
    else:
        other = release.load(pointer.existing(made.model, champion))
        found = pairs.newest_of_store(asked, made, other, store)
    return gates.discrimination_beside(champion, found)


def _of_same_table(made: TableRelease, champion: int) -> Pairs | None:
    other = table_release.load(pointer.existing(made.model, champion))
    same = (other.data_fingerprint, other.label, other.person) == (made.data_fingerprint, made.label, made.person)
    return pairs.of_one_table(made.model, made.version, champion) if same else None


def _when_made(made: Release) -> list[Gate]:
    """The gates that were judged when the version was made; one that was not is said to be so."""
    found = {gate.name: gate for gate in gates.recorded(made)}
    return [
        found.get(name, Gate(name, Verdict.TOO_FEW, "not judged when this version was made", {}))
        for name in AT_TRAINING
    ]


def _answering(made: Release) -> Callable[[], object]:
    """Scores one patient of the self-check with reasons, as the service does."""
    first = made.read(release.SELF_CHECK)["features"][0]
    row = np.asarray([[_nan(value) for value in first]])

    def answer() -> object:
        made.predict(row)
        return explanations(contributions(made.booster, row), row, made.columns, REASONS)

    return answer


def _intervals(metrics: Mapping[str, Any]) -> dict[str, Interval]:
    """What `evaluate.written` wrote."""
    asked = (auroc, calibration_slope, observed_to_expected)
    told = {metric.name: metrics.get(metric.name, {}) for metric in asked}
    return {name: Interval(*(_nan(ends.get(end)) for end in ("value", "low", "high"))) for name, ends in told.items()}


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
