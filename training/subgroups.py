"""How a version does for each group of people, and how many of them it learned from.

Described here and not judged: whether a difference is fair is the gates' verdict. Groups of a few people are put
together, and what is still told of few is withheld, so that nobody is found by it (`features.pages.few`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.pages.few import FEWEST_PEOPLE, few, withheld
from models import metrics
from models.intervals import bootstrap
from models.metrics import Levels, Metric, named_metric, weighed
from training.evaluate import RESAMPLES_OF_A_BASELINE, SEED, written

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

NOT_TOLD = "not told"
TOGETHER = "groups of few people, together"


def selected_at(threshold: float) -> Metric:
    """The share of people whose risk is at least `threshold`."""

    def selection_rate(at: Levels) -> Floats:
        """Selection rate: people called / people. 0 means that nobody of the group is on the list."""
        return weighed(at.total, at.risk >= threshold) / (at.all_events + at.all_nonevents)

    return named_metric("selection_rate", selection_rate)


def found_at(threshold: float) -> Metric:
    """The share of events among people whose risk is at least `threshold`."""

    def sensitivity(at: Levels) -> Floats:
        """Sensitivity: events called / events. 0 means that none of the group's events are on the list."""
        return weighed(at.events, at.risk >= threshold) / at.all_events

    return named_metric("sensitivity", sensitivity)


def by_group(
    who: pd.DataFrame, y: Floats, risk: Floats, persons: npt.NDArray[Any], threshold: float
) -> list[dict[str, Any]]:
    """For each attribute of `who` (rows, attributes) that tells people apart each group: people, rows, mean risk and,
    unless few, events and metrics with intervals; `threshold` is the lowest risk that is called first.
    """
    judged = (metrics.auroc, metrics.observed_to_expected, selected_at(threshold), found_at(threshold))
    found: list[dict[str, Any]] = []
    for attribute in who.columns:
        groups = _groups(who[attribute], persons)
        if len(groups) < 2:
            continue
        with_event = withheld([_people(persons, rows[y[rows] == 1]) for _, rows in groups])
        without = withheld([_people(persons, rows[y[rows] == 0]) for _, rows in groups])
        for (name, rows), *hides in zip(groups, with_event, without, strict=True):
            people = _people(persons, rows)
            told: dict[str, Any] = {"attribute": attribute, "group": name, "people": None, "rows": None}
            if people >= FEWEST_PEOPLE:
                told |= {"people": people, "rows": len(rows), "mean_risk": float(risk[rows].mean())}
                if not any(hides):
                    told["events"] = int(y[rows].sum())
                    told |= written(_judged(y[rows], risk[rows], persons[rows], judged))
                    told |= _untellable(persons, rows, risk[rows] >= threshold, y[rows] == 1)
            found.append(told)
    return found


def _untellable(
    persons: npt.NDArray[Any], rows: Places, called: npt.NDArray[np.bool_], event: npt.NDArray[np.bool_]
) -> dict[str, None]:
    """The shares that would tell of a few people, as null: beside its denominator a share is a count."""
    of_shares = {"selection_rate": (called, ~called), "sensitivity": (called & event, ~called & event)}
    return {
        name: None
        for name, parts in of_shares.items()
        if any(few(_people(persons, rows[part])) for part in (*parts, called & event, called & ~event))
    }


def represented(who: pd.DataFrame, persons: npt.NDArray[Any], slices: Sequence[Any]) -> list[dict[str, Any]]:
    """How many people of each group lie in each slice of the split (null where that is withheld)."""
    names = np.asarray([str(name) for name in slices], dtype=object)
    found: list[dict[str, Any]] = []
    for attribute in who.columns:
        values = who[attribute].fillna(NOT_TOLD).to_numpy(dtype=object)
        groups = sorted(set(values))
        lines: list[dict[str, Any]] = [{"attribute": attribute, "group": group} for group in groups]
        for name in ("train", "calibrate", "holdout"):
            counts = [_people(persons, np.flatnonzero((values == group) & (names == name))) for group in groups]
            for line, count, hides in zip(lines, counts, withheld(counts), strict=True):
                line[name] = None if hides else count
        found += lines
    return found


def _groups(values: pd.Series, persons: npt.NDArray[Any]) -> list[tuple[str, Places]]:
    """The rows of each group by name, those of few people together at the end."""
    told = values.fillna(NOT_TOLD).to_numpy(dtype=object)
    groups = [(str(name), np.flatnonzero(told == name)) for name in sorted(set(told))]
    hidden = withheld([_people(persons, rows) for _, rows in groups])
    kept = [group for group, hides in zip(groups, hidden, strict=True) if not hides]
    if any(hidden):
        together = [rows for (_, rows), hides in zip(groups, hidden, strict=True) if hides]
        kept.append((TOGETHER, np.sort(np.concatenate(together))))
    return kept


def _judged(y: Floats, risk: Floats, persons: npt.NDArray[Any], judged: Sequence[Metric]) -> Any:
    return bootstrap(y, risk, persons, judged, resamples=RESAMPLES_OF_A_BASELINE, seed=SEED)


def _people(persons: npt.NDArray[Any], rows: Places) -> int:
    return len(np.unique(persons[rows]))
