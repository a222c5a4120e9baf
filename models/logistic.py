"""Logistic regression by Newton's method, in numpy: small, the same on every machine, and heavy on nothing."""

from __future__ import annotations

import numpy as np

from models.log_odds import Floats, risk_of

MOST_STEPS = 50
SETTLED = 1e-8  # the most that a coefficient moves in the last step
LARGEST_STEP = 2.0  # of one coefficient; a longer one may go downhill


def fitted(X: Floats, y: Floats, weights: Floats, penalty: float = 0.0) -> tuple[Floats, Floats]:
    """(k,) coefficients of the columns of X (rows, k) and the inverse of their information (k, k); nan where none fit
    best, as where the columns separate the outcomes. `penalty` is added to the information of every column but the
    first, which is meant to be 1 throughout.
    """
    k = X.shape[1]
    ridge = np.diag(np.r_[0.0, np.full(k - 1, penalty)])
    coefficients = np.zeros(k)
    inverse = np.full((k, k), np.nan)
    for _ in range(MOST_STEPS):
        p = risk_of(X @ coefficients)
        information = (X * (weights * p * (1 - p))[:, np.newaxis]).T @ X + ridge
        try:
            inverse = np.linalg.inv(information)
        except np.linalg.LinAlgError:
            break
        step = inverse @ (X.T @ (weights * (y - p)) - ridge @ coefficients)
        coefficients = coefficients + step * min(1.0, LARGEST_STEP / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < SETTLED:
            return coefficients, inverse
    return np.full(k, np.nan), np.full((k, k), np.nan)
