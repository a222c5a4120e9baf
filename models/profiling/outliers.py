"""Which units differ from the network by more than chance makes of so many units."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FALSE_DISCOVERIES = 0.05  # of the flagged, as many may be false on average


def outliers(chance: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """(units,): flagged by Benjamini and Hochberg (J R Stat Soc B 1995;57:289-300). `chance`: nan where not judged."""
    from scipy.stats import false_discovery_control

    p = np.asarray(chance, dtype=np.float64)
    flagged = np.zeros(len(p), dtype=np.bool_)
    judged = ~np.isnan(p)
    if judged.any():
        flagged[judged] = false_discovery_control(p[judged]) <= FALSE_DISCOVERIES
    return flagged
