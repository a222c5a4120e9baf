"""95 % intervals by a bootstrap of people, not rows: a person's rows resemble each other, so they are drawn together.

Each resample draws as many people as there are, with replacement; a row's weight is how often its person was drawn. No
row is copied: metrics are weighted, and take many resamples at once. Resamples come one after another from one
seeded generator, so neither the size of a block nor the choice of metrics changes what is drawn.
Percentile intervals: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; by cluster: Field and
Welsh, J R Stat Soc B 2007;69:369-390.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from models.log_odds import Floats
from models.metrics import Metric, levels, ranked, row_weights

TAIL = 0.025
SHARE_DEFINED = 0.95  # with fewer resamples than this in which the metric exists, an interval would hide the rest
WEIGHTS_IN_A_BLOCK = 400_000  # 3 MB a matrix: larger blocks fall out of the processor's cache and are slower


@dataclass(frozen=True)
class Interval:
    """A value between the ends of its 95 % interval; ends are `nan` where too few events allow one."""

    value: float
    low: float
    high: float


def bootstrap(
    y: npt.ArrayLike,
    risk: npt.ArrayLike,
    persons: npt.ArrayLike,
    metrics: Sequence[Metric],
    resamples: int = 1000,
    seed: int = 0,
    weights: npt.ArrayLike | None = None,
) -> dict[str, Interval]:
    """Each metric of these rows by its name, with its interval; `persons` (rows,) says whose row each is."""
    ranking = ranked(y, risk)
    own = row_weights(weights, len(ranking.order))
    as_given = levels(ranking, own[np.newaxis])
    drawn: dict[str, list[Floats]] = {metric.name: [] for metric in metrics}
    for block in resampled_weights(persons, own, resamples, seed):
        at = levels(ranking, block)
        for metric in metrics:
            drawn[metric.name].append(metric.of(at))
    return {m.name: interval(float(m.of(as_given)[0]), np.concatenate(drawn[m.name])) for m in metrics}


def paired_difference(
    y: npt.ArrayLike,
    risk: npt.ArrayLike,
    other_risk: npt.ArrayLike,
    persons: npt.ArrayLike,
    metrics: Sequence[Metric],
    resamples: int = 1000,
    seed: int = 0,
    weights: npt.ArrayLike | None = None,
) -> dict[str, Interval]:
    """Each metric of `risk` minus that of `other_risk` on the same rows; both see the same resamples of people."""
    first, second = ranked(y, risk), ranked(y, other_risk)
    own = row_weights(weights, len(first.order))
    ones = levels(first, own[np.newaxis]), levels(second, own[np.newaxis])
    drawn: dict[str, list[Floats]] = {metric.name: [] for metric in metrics}
    for block in resampled_weights(persons, own, resamples, seed):
        at, other = levels(first, block), levels(second, block)
        for metric in metrics:
            drawn[metric.name].append(metric.of(at) - metric.of(other))
    return {m.name: interval(float((m.of(ones[0]) - m.of(ones[1]))[0]), np.concatenate(drawn[m.name])) for m in metrics}


def resampled_weights(persons: npt.ArrayLike, weights: Floats, resamples: int, seed: int) -> Iterator[Floats]:
    """Blocks (resamples in a block, rows) of row weights: how often its person was drawn, times its own weight."""
    names = np.asarray(persons)
    if names.shape != weights.shape:
        raise BadInput(
            got=f"persons of shape {names.shape} for {len(weights)} rows",
            expected="one person per row",
            do="Give the person of each row.",
        )
    if resamples < 1:
        raise BadInput(got=f"{resamples} resamples", expected="at least 1", do="Ask for about 1,000.")
    people, person = np.unique(names, return_inverse=True)
    draw = np.random.default_rng(seed)
    size = max(1, WEIGHTS_IN_A_BLOCK // max(1, len(names)))
    for begin in range(0, resamples, size):
        block = np.empty((min(size, resamples - begin), len(names)))
        for row in block:
            row[:] = _times_drawn(draw, len(people))[person]
        block *= weights
        yield block


def _times_drawn(draw: np.random.Generator, people: int) -> Floats:
    """(people,): how often each is drawn in one resample (a multinomial count, by drawing and counting)."""
    return np.bincount(draw.integers(0, people, size=people), minlength=people).astype(np.float64)


def interval(value: float, drawn: Floats) -> Interval:
    """The value with the 2.5th and 97.5th percentile of its resamples, each rounded outwards to one that was seen.

    Resamples without the metric are left out; where they are more than 5 %, or there is no value, the ends are nan.
    """
    seen = np.sort(drawn[~np.isnan(drawn)])
    if np.isnan(value) or len(seen) == 0 or len(seen) < SHARE_DEFINED * len(drawn):
        return Interval(value, float("nan"), float("nan"))
    last = len(seen) - 1
    return Interval(value, float(seen[int(np.floor(TAIL * last))]), float(seen[int(np.ceil((1 - TAIL) * last))]))


def reach(comparisons: int, error: float = 2 * TAIL) -> float:
    """By how many standard errors each of several intervals must reach for all to hold together but in a share `error`
    of cases, whatever depends on what (Bonferroni; Dunn, J Am Stat Assoc 1961;56:52-64).
    """
    return NormalDist().inv_cdf(1 - error / (2 * max(1, comparisons)))
