"""Risk as log-odds and back: the scale on which a model adds up, is calibrated and is explained."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A risk of exactly 0 or 1 has no log-odds. It counts as this far inside, the step of a double next to 1, which is what
# scikit-learn's log_loss clips at too.
NEAREST_TO_CERTAIN = float(np.finfo(np.float64).eps)

FARTHEST = 700.0  # log-odds; exp of much more overflows


def inside(risk: npt.ArrayLike) -> Floats:
    """The risks, those of 0 and 1 (or beyond) moved just inside."""
    return np.clip(np.asarray(risk, dtype=np.float64), NEAREST_TO_CERTAIN, 1 - NEAREST_TO_CERTAIN)


def log_odds(risk: npt.ArrayLike) -> Floats:
    """ln(risk / (1 - risk)); always finite (see `inside`)."""
    probability = inside(risk)
    return np.asarray(np.log(probability) - np.log1p(-probability))


def risk_of(score: npt.ArrayLike) -> Floats:
    """1 / (1 + exp(-log-odds))."""
    return np.asarray(1 / (1 + np.exp(np.minimum(np.negative(score), FARTHEST))))
