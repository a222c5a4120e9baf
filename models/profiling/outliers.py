"""Which units differ from the network by more than chance makes of so many units."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.profiling.exact import ratios
from models.profiling.expected import Units

FALSE_DISCOVERIES = 0.05  # of the flagged, as many may be false on average
ROUNDS = 5

Flags = npt.NDArray[np.bool_]


def outliers(units: Units, judged: Flags) -> Flags:
    """(units,): which of the judged ones are flagged.

    Each is compared with the network less those that are flagged: two bad hospitals make all others look better than
    expected, and many of what is flagged would then be these. So the level is that of the middle at first, then of who
    is not flagged, until the answer stays.
    """
    flagged = np.zeros(len(units.names), dtype=np.bool_)
    level = _middle(units)
    for _ in range(ROUNDS):
        if not level > 0:
            break
        chance = ratios(units.observed, units.expected * level, units.trials, units.dispersion).chance
        found = discoveries(np.where(judged, chance, np.nan))
        if np.array_equal(found, flagged):
            break
        flagged = found
        if flagged.all():
            break
        level = float(units.observed[~flagged].sum() / units.expected[~flagged].sum())
    return flagged


def _middle(units: Units) -> float:
    """The O/E below which half of what was expected lies."""
    found = units.observed / units.expected
    order = np.argsort(found)
    reached = np.cumsum(units.expected[order])
    return float(found[order][np.searchsorted(reached, reached[-1] / 2)])


def discoveries(chance: npt.ArrayLike) -> Flags:
    """(units,): flagged by Benjamini and Hochberg (J R Stat Soc B 1995;57:289-300). `chance`: nan where not judged."""
    from scipy.stats import false_discovery_control

    p = np.asarray(chance, dtype=np.float64)
    flagged = np.zeros(len(p), dtype=np.bool_)
    judged = ~np.isnan(p)
    if judged.any():
        flagged[judged] = false_discovery_control(p[judged]) <= FALSE_DISCOVERIES
    return flagged
