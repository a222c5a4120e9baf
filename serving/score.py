"""From index stays to risks and reasons: the same `dataset.build` that training calls, and a champion's release."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.dataset import build
from features.errors import BadModel
from features.record.record import Record
from models import pointer
from models.explain import Explanation, contributions, explanations
from models.release import Release, check_fingerprint, load
from models.specs import spec
from models.specs.spec import Spec
from models.tiers import Tier, tiers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from features.standing import Standing

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


def champion_of_discharges(model: str) -> Champion:
    """The same, of a model that is about discharges; BadModel for one that is not."""
    if spec(model).prediction_time != "discharge":
        raise BadModel(
            got=f"{model}, a model of care gaps", expected="one of discharges", do="Run `afterward campaign` for gaps."
        )
    return champion(model)


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


def score_with(standing: Standing, people: Sequence[str], rows: pd.DataFrame, with_: Champion) -> Scored:
    """The same of a few people, by queries that stand; to the bit."""
    features = standing.build(people, rows)
    return Scored(rows.reset_index(drop=True), features, with_.release.predict(features))


def explain(
    scored: Scored, places: list[int], with_: Champion, scopes: Collection[str] = ()
) -> tuple[Explanation, ...]:
    """Why some rows have their risk, by their place: explaining costs hundreds of times what scoring does. Nothing of a
    sensitive category is worded outside `scopes`.
    """
    if not places:
        return ()
    matrix = with_.release.matrix(scored.features.iloc[places])
    return explanations(contributions(with_.release.booster, matrix), matrix, with_.release.columns, REASONS, scopes)


def strangeness(record: Record, with_: Champion) -> tuple[str, ...]:
    """How a record differs from what the release was trained on, in sentences; none where nothing is known to."""
    learned, found = with_.release, []
    if learned.sources and record.sources and set(learned.sources) != set(record.sources):
        found.append(
            f"trained on other sources: {', '.join(learned.sources)}; this store is from {', '.join(record.sources)}"
        )
    if learned.sources:
        missing, new = (
            sorted(facts) for facts in (set(record.lacks) - learned.lacks, learned.lacks - set(record.lacks))
        )
        found += [f"trained with facts that are not here: {', '.join(missing)}"] if missing else []
        found += [f"trained without facts that are here: {', '.join(new)}"] if new else []
    return tuple(found)


def tiers_of(scored: Scored, with_: Champion) -> list[Tier]:
    """The tier of each row by the release's cut points."""
    return tiers(scored.risk, with_.release.cuts)
