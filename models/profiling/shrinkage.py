"""Predicted over expected: what a unit's rate is after its few stays were allowed to say only so much.

Stays: a logistic regression with a random intercept for each unit (as CMS judges hospitals: predicted is with the
unit's own intercept, expected with the network's). At each of some standard deviations of the intercepts the mode of
coefficients and intercepts is found by Newton's method, and Laplace's approximation says how likely that standard
deviation is; a half-normal prior of 0.5 on the log-odds keeps it from running away where units are few. Counts and
cost: the gamma-Poisson model of Clayton and Kaldor (Biometrics 1987;43:671-681), with the same prior on the coefficient
of variation. Intervals and ranks are of seeded draws over all of these, so that not knowing how much units differ is in
them; where one guess of it is taken for true, they are too short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.intervals import TAIL
from models.log_odds import Floats, risk_of
from models.profiling.expected import PENALTY, Units, standardised

GRID = np.linspace(0.02, 1.5, 26)
PRIOR = 0.5
DRAWS = 4_000
NEWTON_STEPS, ENOUGH = 50, 1e-8
REACH = 4.0  # log-odds to either side, between which a ratio is read off


@dataclass(frozen=True)
class Shrunken:
    """(units,) each: predicted over expected with the ends of its 95 % interval; `rank` by the ratio, 1 the lowest, and
    the ends of its interval. `between` is the standard deviation between units, on the log scale, by its mean.
    """

    value: Floats
    low: Floats
    high: Floats
    rank: Floats
    rank_low: Floats
    rank_high: Floats
    between: float


@dataclass(frozen=True)
class _Mode:
    """At one standard deviation: the intercepts and their variances, the linear predictor without them, and the
    logarithm of the marginal likelihood.
    """

    intercepts: Floats
    variances: Floats
    linear: Floats
    coefficients: Floats
    likelihood: float


def of_stays(names: npt.ArrayLike, y: npt.ArrayLike, columns: npt.ArrayLike, seed: int = 0) -> Shrunken:
    """Units in the order of their names, from their stays: y (rows,), 1 or 0, and the case mix (rows, columns)."""
    happened = np.asarray(y, dtype=np.float64)
    x = np.column_stack([np.ones(len(happened)), standardised(columns)])
    units, place = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    count = len(units)
    modes: list[_Mode] = []
    start = np.zeros(x.shape[1] + count)
    for spread in GRID:
        modes.append(_mode(happened, x, place, count, float(spread), start))
        start = np.concatenate([modes[-1].coefficients, modes[-1].intercepts])
    weights = _weights(np.array([mode.likelihood for mode in modes]))
    draw = np.random.default_rng(seed)
    drawn = np.empty((DRAWS, count))
    which = draw.choice(len(GRID), size=DRAWS, p=weights)
    for place_of, mode in enumerate(modes):
        mine = which == place_of
        moved = mode.intercepts + np.sqrt(mode.variances) * draw.standard_normal((int(mine.sum()), count))
        drawn[mine] = _ratios_at(moved, mode.linear, place, count)
    return _told(drawn, float(GRID @ weights))


def of_counts(units: Units, seed: int = 0) -> Shrunken:
    """Units of counts or cost, each count divided by its dispersion."""
    from scipy.special import gammaln

    seen, wanted = units.observed / units.dispersion, units.expected / units.dispersion
    shape = 1 / np.square(GRID)[:, np.newaxis]
    terms = gammaln(seen + shape) - gammaln(shape) + shape * np.log(shape) - (seen + shape) * np.log(wanted + shape)
    weights = _weights(terms.sum(axis=1))
    draw = np.random.default_rng(seed)
    of_each = shape[draw.choice(len(GRID), size=DRAWS, p=weights)]
    return _told(draw.gamma(seen + of_each) / (wanted + of_each), float(GRID @ weights))


def _mode(y: Floats, x: Floats, place: npt.NDArray[np.intp], count: int, spread: float, start: Floats) -> _Mode:
    """Newton's method on coefficients and intercepts together; intercepts are eliminated, being diagonal."""
    width = x.shape[1]
    penalty = np.full(width, PENALTY * len(y))
    penalty[0] = 0.0
    coefficients, intercepts = start[:width].copy(), start[width:].copy()

    def score(b: Floats, u: Floats) -> float:
        eta = x @ b + u[place]
        fit = float((y * eta - np.logaddexp(0, eta)).sum())
        return fit - 0.5 * float(penalty @ np.square(b)) - 0.5 * float(np.square(u).sum()) / spread**2

    best = score(coefficients, intercepts)
    for _ in range(NEWTON_STEPS):
        risk = risk_of(x @ coefficients + intercepts[place])
        weight = risk * (1 - risk)
        of_x = x.T @ (y - risk) - penalty * coefficients
        of_u = np.bincount(place, y - risk, count) - intercepts / spread**2
        own = np.bincount(place, weight, count) + 1 / spread**2
        both = np.array([np.bincount(place, weight * column, count) for column in x.T]).reshape(width, count)
        schur = (x.T * weight) @ x + np.diag(penalty) - (both / own) @ both.T
        step = np.linalg.solve(schur, of_x - both @ (of_u / own))
        step_u = (of_u - both.T @ step) / own
        part = 1.0
        while (found := score(coefficients + part * step, intercepts + part * step_u)) < best - 1e-9 and part > 1e-4:
            part /= 2
        coefficients, intercepts = coefficients + part * step, intercepts + part * step_u
        gain, best = found - best, found
        if gain < ENOUGH * (1 + abs(best)):
            break
    spill = both / own
    variances = 1 / own + np.einsum("ku,kl,lu->u", spill, np.linalg.inv(schur), spill)
    likelihood = best - count * np.log(spread) - 0.5 * float(np.log(own).sum())
    return _Mode(intercepts, variances, x @ coefficients, coefficients, likelihood)


def _ratios_at(intercepts: Floats, linear: Floats, place: npt.NDArray[np.intp], count: int) -> Floats:
    """(draws, units): predicted over expected at drawn intercepts, read off a curve of each unit."""
    steps = np.linspace(-REACH, REACH, 65)
    found = np.empty_like(intercepts)
    for unit in range(count):
        mine = linear[place == unit]
        sums = risk_of(mine[np.newaxis] + steps[:, np.newaxis]).sum(axis=1)
        found[:, unit] = np.exp(np.interp(intercepts[:, unit], steps, np.log(sums / risk_of(mine).sum())))
    return found


def _weights(likelihoods: Floats) -> Floats:
    prior = -0.5 * np.square(GRID / PRIOR)
    told = np.exp(likelihoods + prior - (likelihoods + prior).max())
    return np.asarray(told / told.sum(), dtype=np.float64)


def _told(drawn: Floats, between: float) -> Shrunken:
    ranks = drawn.argsort(axis=1).argsort(axis=1) + 1.0
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL], axis=0)
    rank_low, rank_high = np.quantile(ranks, [TAIL, 1 - TAIL], axis=0, method="inverted_cdf")
    value = np.median(drawn, axis=0)
    return Shrunken(value, low, high, ranks.mean(axis=0), rank_low, rank_high, between)
