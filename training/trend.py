"""How often the outcome happened as the months went by. A model learns who is at risk beside this curve, not when.

Rates drift for reasons that no column tells: coding, payment, files that end early. Left to itself a model learns the
drift through whatever grows with the calendar, above all the length of the history on file, and is wrong about everyone
in the months after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BENDS = 2  # a line and one bend: what a network's rate does within a few years
DAYS_A_UNIT = 365.0


@dataclass(frozen=True)
class Trend:
    """The log-odds of the outcome by day: `intercept` at `origin`, and a coefficient for each power of years since."""

    origin: float
    intercept: float
    coefficients: tuple[float, ...]

    def log_odds(self, days: npt.ArrayLike) -> Floats:
        """(rows,): the log-odds of the day on which each row's stay ended."""
        powers = _powers(days, self.origin)
        return np.asarray(self.intercept + powers @ np.asarray(self.coefficients), dtype=np.float64)


def trend(days: npt.ArrayLike, y: Floats) -> Trend:
    """The trend of labels y (rows,) over their days, by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    origin = float(np.mean(np.asarray(days, dtype=np.float64)))
    fitted = LogisticRegression(C=10.0, max_iter=200).fit(_powers(days, origin), y)
    return Trend(origin, float(fitted.intercept_[0]), tuple(map(float, fitted.coef_[0])))


def _powers(days: npt.ArrayLike, origin: float) -> Floats:
    since = (np.asarray(days, dtype=np.float64) - origin) / DAYS_A_UNIT
    return np.stack([since**power for power in range(1, BENDS + 1)], axis=1)
