"""What a release records of its held-out period beyond the metrics, so that a report can be made of the release alone:
curves, lists of N people, groups, and what moves the scores. Sums over people, never a row of one; nothing of fewer
than 11 people.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.dataset import columns
from features.pages.few import FEWEST_PEOPLE, binned, few
from models import explain, metrics, tiers
from models.held_out import HOLDOUT
from models.intervals import bootstrap
from models.metrics import Levels, named_metric
from models.metrics_at_capacity import (
    lift_at,
    net_benefit,
    net_benefit_of_calling_all,
    number_needed_to_call_at,
    ppv_at,
    sensitivity_at,
)
from training.evaluate import RESAMPLES_OF_A_BASELINE, SEED, written
from training.subgroups import by_group, represented

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

    from features.catalogue.declaration import Column
    from models.specs.spec import Spec

Floats = npt.NDArray[np.float64]

CURVE_POINTS = 25
GROUPS_OF_RISK = 10
THRESHOLDS = np.arange(1, 100) / 100
LIST_SHARES = (0.01, 0.05, 0.10, 0.20)
ROWS_EXPLAINED = 2_000  # explaining costs hundreds of times what predicting does; a mean over so many is steady
COLUMNS_SHOWN, BINS = 8, 8


@dataclass(frozen=True)
class HeldOut:
    """The held-out rows: outcome, calibrated risk and person of each, and the model's inputs."""

    y: Floats
    risk: Floats
    persons: npt.NDArray[Any]
    X: Floats


def of_version(
    asked: Spec, booster: Booster, groups: pd.DataFrame, rows: pd.DataFrame, X: pd.DataFrame, risk: Floats
) -> dict[str, Any]:
    """The findings of a version: `groups` (who people are), `rows` with their slice, `X` and `risk` are of the same
    rows in one order; judged on is the hold-out.
    """
    late = rows.slice.eq(HOLDOUT).to_numpy("bool")
    persons = rows.person_id.to_numpy()
    held = HeldOut(rows.label.to_numpy("float64")[late], risk[late], persons[late], X.to_numpy("float64")[late])
    called = tiers.cuts(held.risk, asked.tier_shares).high
    everyone = groups, persons, rows.slice.tolist()
    return findings(booster, columns(asked.features), held, groups[late], everyone, called)


def findings(
    booster: Booster,
    declared: Sequence[Column],
    held: HeldOut,
    late: pd.DataFrame,
    everyone: tuple[pd.DataFrame, npt.NDArray[Any], Sequence[Any]],
    threshold: float,
) -> dict[str, Any]:
    """All of it as JSON. `late` (rows, attributes) says who the held-out people are, `everyone` the same of all rows
    with their persons and slices; `threshold` is the lowest risk of the high tier.
    """
    return {
        **curves(held),
        "subgroups": by_group(late, held.y, held.risk, held.persons, threshold),
        "represented": represented(*everyone),
        "explanations": explained(booster, declared, held),
    }


def findings_of_table(booster: Booster, names: Sequence[str], drawn: Collection[str], held: HeldOut) -> dict[str, Any]:
    """The same of somebody's own table, where nobody is known by group: risks are those of models that did not see the
    person. `names` are the inputs, `drawn` those whose values have an order that a reader knows.
    """
    sample = _sample(held)
    added = explain.contributions(booster, sample.X).values
    return {**curves(held), "explanations": _strongest(names, drawn, sample, added)}


def curves(held: HeldOut) -> dict[str, Any]:
    """Calibration, decision curve and lists."""
    return {
        "calibration": {"curve": smoothed(held), "groups": groups_of_risk(held)},
        "decision": decision(held),
        "lists": lists(held),
    }


def smoothed(held: HeldOut) -> list[dict[str, float]]:
    """The calibration curve at risks spread over the people; empty where it cannot be fitted."""
    told, observed = metrics.calibration_curve(held.y, held.risk)
    if not np.isfinite(observed).all():
        return []
    at = np.unique(np.quantile(held.risk, np.linspace(0.01, 0.99, CURVE_POINTS)))
    return [{"risk": float(x), "observed": float(y)} for x, y in zip(at, np.interp(at, told, observed), strict=True)]


def groups_of_risk(held: HeldOut) -> list[dict[str, Any]]:
    """People of alike risk: how many rows, the mean risk told, and the share with the outcome with its interval."""
    found = []
    for rows in binned(held.risk, held.persons, GROUPS_OF_RISK, (held.y == 1, held.y == 0)):
        share = bootstrap(
            held.y[rows], held.risk[rows], held.persons[rows], [_OBSERVED], resamples=RESAMPLES_OF_A_BASELINE, seed=SEED
        )
        found.append({"rows": len(rows), "risk": float(held.risk[rows].mean()), **written(share)})
    return found


def decision(held: HeldOut) -> list[dict[str, float]]:
    """Net benefit of calling by the model and of calling everyone, at the thresholds of which it can be told."""
    found = []
    told = np.zeros(len(held.y), dtype=np.bool_)
    for threshold in map(float, THRESHOLDS[::-1]):
        called = held.risk >= threshold
        if not _tellable(held, called, told):
            continue
        told = called
        everyone = net_benefit_of_calling_all(threshold)(held.y, held.risk)
        model = net_benefit(threshold)(held.y, held.risk)
        found.append({"threshold": threshold, "model": model, "everyone": everyone})
    return found[::-1]


def lists(held: HeldOut) -> list[dict[str, Any]]:
    """What lists of the rows at most risk give, by the share of all that is called, where it can be told."""
    found = []
    told = np.zeros(len(held.y), dtype=np.bool_)
    for share in LIST_SHARES:
        called = max(1, round(share * len(held.y)))
        on = np.zeros(len(held.y), dtype=np.bool_)
        on[np.argsort(-held.risk, kind="stable")[:called]] = True
        if not _tellable(held, on, told):
            continue
        told = on
        judged = (ppv_at(called), sensitivity_at(called), lift_at(called), number_needed_to_call_at(called))
        figures = bootstrap(held.y, held.risk, held.persons, judged, resamples=RESAMPLES_OF_A_BASELINE, seed=SEED)
        plain = {name.removesuffix(f"_at_{called}"): value for name, value in written(figures).items()}
        found.append({"share": share, "called": called, **plain})
    return found


def explained(booster: Booster, declared: Sequence[Column], held: HeldOut) -> dict[str, Any]:
    """What moves the scores: mean |SHAP| by group and by column, and how the strongest columns' values move them."""
    sample, names = _sample(held), [column.name for column in declared]
    added = explain.contributions(booster, sample.X).values
    groups = [{"group": name, "mean": value} for name, value in explain.importance(added, declared) if value > 0]
    return {"groups": groups, **_strongest(names, names, sample, added)}


def _sample(held: HeldOut) -> HeldOut:
    """At most so many rows, spread evenly."""
    at = np.unique(np.linspace(0, len(held.X) - 1, min(ROWS_EXPLAINED, len(held.X))).astype(np.int64))
    return HeldOut(held.y[at], held.risk[at], held.persons[at], held.X[at])


def _strongest(names: Sequence[str], drawn: Collection[str], sample: HeldOut, added: Floats) -> dict[str, Any]:
    strength = np.abs(added).mean(axis=0)
    strongest = sorted(range(len(names)), key=lambda c: (-strength[c], names[c]))
    used = [c for c in strongest if strength[c] > 0]
    shown = [c for c in used if names[c] in drawn][:COLUMNS_SHOWN]
    return {
        "rows": len(sample.y),
        "columns": [{"column": names[c], "mean": float(strength[c])} for c in used],
        "dependence": [{"column": names[c], **dependence(sample.X[:, c], added[:, c], sample.persons)} for c in shown],
    }


def dependence(values: Floats, added: Floats, persons: npt.NDArray[Any]) -> dict[str, Any]:
    """How much a column's values add to the log-odds, by stretches of values that hold 11 people each; and what it adds
    where nothing is known (null where that are few people).
    """
    known = np.flatnonzero(~np.isnan(values))
    unknown = np.flatnonzero(np.isnan(values))
    points = [
        {"value": float(values[known[rows]].mean()), "adds": float(added[known[rows]].mean()), "rows": len(rows)}
        for rows in binned(values[known], persons[known], BINS)
    ]
    tell = len(np.unique(persons[unknown])) >= FEWEST_PEOPLE
    return {"points": points, "not_known": float(added[unknown].mean()) if tell else None}


def _observed(at: Levels) -> Floats:
    """The share of rows with the outcome."""
    return at.all_events / (at.all_events + at.all_nonevents)


_OBSERVED = named_metric("observed", _observed)


def _tellable(held: HeldOut, called: npt.NDArray[np.bool_], told: npt.NDArray[np.bool_]) -> bool:
    """Whether 11 people are called with the outcome, and without, and neither kind has a few who are not called, nor a
    few who are called beyond those of whom it was told before: the difference would tell of them.
    """
    kinds = (held.y == 1, held.y == 0)
    people = [[len(np.unique(held.persons[kind & on])) for kind in kinds] for on in (called, ~called, called & ~told)]
    return min(people[0]) >= FEWEST_PEOPLE and not any(map(few, people[1] + people[2]))
