"""Fit the last step from raw risk to told risk on its own slice, and choose which of three shapes it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models import calibration
from models.calibration import Beta, Calibrator, Isotonic, Logistic
from models.log_odds import inside, log_odds
from models.metrics import calibration_intercept

Floats = npt.NDArray[np.float64]
Fitter = Callable[[Floats, Floats], Calibrator]

FOLDS = 5
EVENTS_FOR_A_SLOPE = 100  # with fewer only the level is moved: Steyerberg, Clinical Prediction Models, 2nd ed., ch. 20


@dataclass(frozen=True)
class Calibrated:
    """The calibrator chosen, and the cross-validated log loss of each that was tried."""

    calibrator: Calibrator
    log_loss: Mapping[str, float]


def level(y: Floats, risk: Floats) -> Logistic:
    """Moves every risk by the same log-odds, so that as many events are foretold as happened."""
    shift = calibration_intercept(y, risk)
    return Logistic(slope=1.0, intercept=shift if np.isfinite(shift) else 0.0)


def logistic(y: Floats, risk: Floats) -> Logistic:
    """Logistic regression on the log-odds of the risk, without penalty."""
    (slope,), intercept = _regression(log_odds(risk)[:, np.newaxis], y)
    return Logistic(slope=slope, intercept=intercept)


def beta(y: Floats, risk: Floats) -> Calibrator:
    """Beta calibration; where its curve would turn back on itself (a or b below 0), the logistic one."""
    raw = inside(risk)
    (a, b), c = _regression(np.column_stack([np.log(raw), -np.log1p(-raw)]), y)
    return Beta(a=a, b=b, c=c) if a >= 0 and b >= 0 else logistic(y, risk)


def isotonic(y: Floats, risk: Floats) -> Isotonic:
    """The rising step curve nearest to the outcomes, with straight lines between its steps."""
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(y_min=0.0, y_max=1.0).fit(inside(risk), y)
    x, at = np.unique(curve.X_thresholds_, return_index=True)
    return Isotonic(tuple(map(float, x)), tuple(map(float, np.maximum.accumulate(curve.y_thresholds_[at]))))


FITTERS: Mapping[str, Fitter] = {"logistic": logistic, "beta": beta, "isotonic": isotonic}


def calibrate(y: Floats, risk: Floats, persons: npt.ArrayLike) -> Calibrated:
    """The calibrator of these rows, chosen by log loss cross-validated by person.

    A more flexible curve must be better than the logistic one by more than a standard error of the difference.
    """
    if min(y.sum(), len(y) - y.sum()) < EVENTS_FOR_A_SLOPE:
        return Calibrated(level(y, risk), {})
    losses = {name: _cross_validated(fitter, y, risk, persons) for name, fitter in FITTERS.items()}
    chosen = "logistic"
    for name in ("beta", "isotonic"):
        better = losses[chosen] - losses[name]
        if better.mean() > better.std() / np.sqrt(len(better)):
            chosen = name
    return Calibrated(FITTERS[chosen](y, risk), {name: float(loss.mean()) for name, loss in losses.items()})


def _cross_validated(fitter: Fitter, y: Floats, risk: Floats, persons: npt.ArrayLike) -> Floats:
    """(rows,): the log loss of each row by a calibrator fitted on other people's rows."""
    from sklearn.model_selection import GroupKFold

    loss = np.empty(len(y))
    for others, own in GroupKFold(FOLDS).split(risk, y, persons):
        told = calibration.apply(fitter(y[others], risk[others]), risk[own])
        loss[own] = -np.where(y[own] == 1, np.log(told), np.log1p(-told))
    return loss


def _regression(columns: Floats, y: Floats) -> tuple[list[float], float]:
    """Coefficients and intercept of a logistic regression without penalty."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", max_iter=200).fit(columns, y)
    return [float(value) for value in fitted.coef_[0]], float(fitted.intercept_[0])
