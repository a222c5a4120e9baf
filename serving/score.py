"""From index stays to risks and reasons: the same `dataset.build` that training calls, and a champion's release."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.dataset import build
from features.record.record import Record
from models import pointer
from models.explain import Reason, contributions, reasons
from models.release import Release, check_fingerprint, load
from models.specs import spec
from models.specs.spec import Spec
from models.tiers import Tier, tiers

if TYPE_CHECKING:
    import pandas as pd

REASONS = 4  # as many as a person takes in before a call


@dataclass(frozen=True)
class Champion:
    """The promoted release of a model, checked, with its spec."""

    spec: Spec
    release: Release


@dataclass(frozen=True)
class Scored:
    """Index stays with their risks. `rows` as the cohort gives them, `features` and `risk` in the same order."""

    rows: pd.DataFrame
    features: pd.DataFrame
    risk: np.ndarray[tuple[int], np.dtype[np.float64]]


def champion(model: str) -> Champion:
    """The champion as the pointer names it now. Raises BadModel for an unknown model, one never trained or promoted, a
    release that does not verify, or one whose features this code declares otherwise.
    """
    spec(model)
    return _loaded(model, pointer.champion(model))


@lru_cache(maxsize=8)
def _loaded(model: str, path: Path) -> Champion:
    asked, release = spec(model), load(path)
    check_fingerprint(release, asked.features)
    return Champion(asked, release)


def score(record: Record, rows: pd.DataFrame, with_: Champion) -> Scored:
    """Calibrated risk of each index stay, from what was known at its `as_of`."""
    features = build(record, rows, with_.spec.features)
    return Scored(rows.reset_index(drop=True), features, with_.release.predict(features))


def explain(scored: Scored, places: list[int], with_: Champion) -> list[tuple[Reason, ...]]:
    """The reasons of some rows, by their place: explaining costs hundreds of times what scoring does."""
    if not places:
        return []
    matrix = with_.release.matrix(scored.features.iloc[places])
    values = contributions(with_.release.booster, matrix).values
    columns = with_.release.columns
    return [reasons(row, cells, columns, REASONS) for row, cells in zip(values, matrix, strict=True)]


def tiers_of(scored: Scored, with_: Champion) -> list[Tier]:
    """The tier of each row by the release's cut points."""
    return tiers(scored.risk, with_.release.cuts)
