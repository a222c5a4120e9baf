"""Observed over expected of a unit with its exact interval, what chance makes of it, and the limits of a funnel.

An event either happens to a stay or not, so the count of a unit is a sum of unequal Bernoulli trials. It is taken as a
binomial count of the same mean and variance: `trials` = (sum of risks)^2 / sum of squared risks. Where somebody may
have an event any number of times (visits, cost) there is no end to the trials, and it is a Poisson count. Tails are
mid-P: half of the probability of what was seen counts to either side. The strict tails of Clopper and Pearson, and of
Garwood, hold what they say at worst and far more on the whole: at ten events expected their 95 % are 97 to 98 %.
(Lancaster, J Am Stat Assoc 1961;56:223-234; Berry and Armitage, The Statistician 1995;44:417-423.)

`dispersion` is the variance of the count as a part of the one that these laws give: above 1 where one person has many
events; below 1 since a unit is a part of the network that it is compared with (`models.profiling.expected`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.intervals import TAIL
from models.log_odds import Floats

HALVINGS = 70  # of the span in which an end is sought; more than a double can tell apart


@dataclass(frozen=True)
class Ratios:
    """(units,) each: observed over expected with the ends of its 95 % interval; `chance` is the probability of a count
    at least as far off, on either side, of a unit that is like the network.
    """

    value: Floats
    low: Floats
    high: Floats
    chance: Floats


def ratios(
    observed: npt.ArrayLike, expected: npt.ArrayLike, trials: npt.ArrayLike = np.inf, dispersion: npt.ArrayLike = 1.0
) -> Ratios:
    """O/E of each unit. `expected` is above 0; what is expected of a binomial count is below `trials`."""
    seen, wanted, most, spread = np.broadcast_arrays(
        *(np.asarray(each, dtype=np.float64) for each in (observed, expected, trials, dispersion))
    )
    counted, mean = seen / spread, wanted / spread
    most = np.maximum(most / spread, counted + 1)
    low = np.where(counted > 0, _mean_of(counted, most, TAIL), 0.0)
    high = _mean_of(counted, most, 1 - TAIL)
    above = upper_tail(counted, mean, most)
    chance = np.minimum(1.0, 2 * np.minimum(above, 1 - above))
    return Ratios(counted / mean, low / mean, high / mean, chance)


def trials(risks: npt.ArrayLike) -> float:
    """Of how many equal trials the sum has the mean and the variance that events of these risks have."""
    risk = np.asarray(risks, dtype=np.float64)
    return float(risk.sum() ** 2 / np.square(risk).sum()) if len(risk) else 0.0


def upper_tail(count: npt.ArrayLike, mean: npt.ArrayLike, most: npt.ArrayLike) -> Floats:
    """Probability of more than `count`, and half of that of just as many; counts need not be whole."""
    from scipy.special import betainc, gammainc

    n, mu, of = np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in (count, mean, most)))
    endless = np.isinf(of)
    whole = np.where(endless, n + 1, of)  # any number will do where it is not looked at
    share = np.clip(mu / whole, 0.0, 1.0)
    some = np.maximum(n, 1e-300)
    as_many = np.where(endless, gammainc(some, mu), betainc(some, np.maximum(whole - n + 1, 1e-300), share))
    more = np.where(endless, gammainc(n + 1, mu), betainc(n + 1, np.maximum(whole - n, 1e-300), share))
    return np.asarray(0.5 * np.where(n > 0, as_many, 1.0) + 0.5 * more, dtype=np.float64)


def funnel(expected: npt.ArrayLike, mean_risk: float, confidence: float) -> tuple[Floats, Floats]:
    """(low, high): between which O/E lies with that probability at each expected count of a unit like the network.
    `mean_risk` is 0 for counts without end. The lower limit is 0 where no count is few enough.
    """
    mean = np.asarray(expected, dtype=np.float64)
    most = mean / mean_risk if mean_risk > 0 else np.full_like(mean, np.inf)
    tail = (1 - confidence) / 2
    return _count_of(mean, most, 1 - tail) / mean, _count_of(mean, most, tail) / mean


def _mean_of(count: Floats, most: Floats, tail: float) -> Floats:
    """The mean under which the upper tail of a count is `tail`: it grows with the mean."""
    low = np.zeros_like(count)
    high = np.where(np.isinf(most), count + 20 + 10 * np.sqrt(count + 1), most)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_small = upper_tail(count, middle, most) < tail
        low, high = np.where(too_small, middle, low), np.where(too_small, high, middle)
    return np.asarray((low + high) / 2, dtype=np.float64)


def _count_of(mean: Floats, most: Floats, tail: float) -> Floats:
    """The count whose upper tail is `tail` under a mean: it shrinks with the count."""
    low = np.zeros_like(mean)
    high = np.minimum(mean + 20 + 10 * np.sqrt(mean + 1), most)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_few = upper_tail(middle, mean, most) > tail
        low, high = np.where(too_few, middle, low), np.where(too_few, high, middle)
    found = (low + high) / 2
    return np.asarray(np.where(found < 1e-9, 0.0, found), dtype=np.float64)
