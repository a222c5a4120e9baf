"""The last step from a model's raw risk to the risk that people are told: a calibrator, shipped as numbers.

A release holds one of three calibrators as JSON; this file applies it and reads and writes it. Fitting and choosing one
is training's work. Every calibrated risk lies strictly between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import BadModel
from models.log_odds import Floats, inside, log_odds, risk_of

# Nobody's risk is 0 or 1. One in a million is far below what any outcome here could show.
LOWEST_RISK = 1e-6


@dataclass(frozen=True)
class Logistic:
    """logit(calibrated) = intercept + slope x logit(risk); slope 1 and intercept 0 change nothing.

    Platt, Advances in Large Margin Classifiers 1999, on the log-odds.
    """

    slope: float
    intercept: float


@dataclass(frozen=True)
class Beta:
    """logit(calibrated) = a ln(risk) - b ln(1 - risk) + c; a = b = 1 and c = 0 change nothing.

    Kull, Silva Filho and Flach, AISTATS 2017.
    """

    a: float
    b: float
    c: float


@dataclass(frozen=True)
class Isotonic:
    """Straight lines between knots: the risk `y[i]` at raw risk `x[i]`, flat before the first knot and after the last.

    `x` rises strictly, `y` never falls. Zadrozny and Elkan, KDD 2002.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]


Calibrator = Logistic | Beta | Isotonic


def apply(calibrator: Calibrator, risk: npt.ArrayLike) -> Floats:
    """Calibrated risks, of the shape of `risk` (raw risks within 0 and 1); a row's answer depends on no other row."""
    raw = inside(risk)
    match calibrator:
        case Logistic(slope, intercept):
            calibrated = risk_of(intercept + slope * log_odds(raw))
        case Beta(a, b, c):
            calibrated = risk_of(a * np.log(raw) - b * np.log1p(-raw) + c)
        case Isotonic(x, y):
            calibrated = np.interp(raw, x, y)
    return np.clip(calibrated, LOWEST_RISK, 1 - LOWEST_RISK)


def to_json(calibrator: Calibrator) -> dict[str, object]:
    """The calibrator as a JSON object: its kind and its numbers, which `json` writes and reads back to the bit."""
    match calibrator:
        case Logistic(slope, intercept):
            return {"kind": "logistic", "slope": slope, "intercept": intercept}
        case Beta(a, b, c):
            return {"kind": "beta", "a": a, "b": b, "c": c}
        case Isotonic(x, y):
            return {"kind": "isotonic", "x": list(x), "y": list(y)}


def from_json(written: Mapping[str, object]) -> Calibrator:
    """The calibrator that `to_json` wrote; BadModel for an unknown kind, a missing number, or knots out of order."""
    match dict(written):
        case {"kind": "logistic", "slope": slope, "intercept": intercept}:
            return Logistic(_number(slope), _number(intercept))
        case {"kind": "beta", "a": a, "b": b, "c": c}:
            return Beta(_number(a), _number(b), _number(c))
        case {"kind": "isotonic", "x": [*x], "y": [*y]}:
            return _checked(Isotonic(tuple(map(_number, x)), tuple(map(_number, y))))
        case _:
            raise _not_a_calibrator("an unknown kind, or numbers missing")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise _not_a_calibrator("something else where a number belongs")
    return float(value)


def _checked(curve: Isotonic) -> Isotonic:
    x, y = np.asarray(curve.x), np.asarray(curve.y)
    if len(x) == 0 or len(x) != len(y):
        raise _not_a_calibrator(f"{len(x)} knots with {len(y)} risks")
    if (np.diff(x) <= 0).any() or (np.diff(y) < 0).any() or y[0] < 0 or y[-1] > 1:
        raise _not_a_calibrator("knots out of order or risks outside 0 to 1")
    return curve


def _not_a_calibrator(got: str) -> BadModel:
    return BadModel(
        got=f"a calibrator that is not one: {got}",
        expected="one of logistic, beta or isotonic, with finite numbers",
        do="Take the release again from where it was made.",
    )
