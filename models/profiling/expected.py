"""What was to be expected of each row, had the network as a whole cared for it: one regression on the case mix.

Events of stays by logistic regression, visits and cost by a Poisson regression, which needs no Poisson counts to be
right on average. The intercept is not penalised, so all units together have as many events as are expected of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.log_odds import Floats
from models.profiling.exact import trials

PENALTY = 1e-4  # of the squared coefficients of standardised columns, a row: so rare a condition cannot run away
STEPS = 200


@dataclass(frozen=True)
class Units:
    """(units,) each, in the order of `names`: rows, events and what was expected; for `ratios` the trials and the
    dispersion.
    """

    names: tuple[str, ...]
    rows: Floats
    observed: Floats
    expected: Floats
    trials: Floats
    dispersion: Floats


def risks(y: npt.ArrayLike, columns: npt.ArrayLike) -> Floats:
    """(rows,): the risk of each stay by its case mix; `columns` is (rows, columns). The mean where all are alike."""
    from sklearn.linear_model import LogisticRegression

    happened, x = np.asarray(y, dtype=np.float64), standardised(columns)
    if not x.shape[1] or len(np.unique(happened)) < 2:
        return np.full(len(happened), happened.mean() if len(happened) else 0.0)
    strength = 1 / (PENALTY * max(1, len(happened)))
    fitted = LogisticRegression(C=strength, max_iter=STEPS, solver="newton-cholesky").fit(x, happened)
    return np.asarray(fitted.predict_proba(x)[:, 1], dtype=np.float64)


def amounts(y: npt.ArrayLike, columns: npt.ArrayLike, exposure: npt.ArrayLike) -> Floats:
    """(rows,): the amount to be expected of each person in their `exposure` (months, above 0)."""
    from sklearn.linear_model import PoissonRegressor

    got, x = np.asarray(y, dtype=np.float64), standardised(columns)
    months = np.asarray(exposure, dtype=np.float64)
    if not x.shape[1] or not got.sum() > 0:
        return np.asarray(months * got.sum() / months.sum(), dtype=np.float64)
    scale = got.sum() / months.sum()  # cents and visits alike are about 1 a month then
    model: Any = PoissonRegressor(alpha=PENALTY, max_iter=STEPS, solver="newton-cholesky")
    fitted = model.fit(x, got / months / scale, sample_weight=months)
    found = fitted.predict(x) * months
    return np.asarray(found * got.sum() / found.sum(), dtype=np.float64)


def standardised(columns: npt.ArrayLike) -> Floats:
    """Columns of mean 0 and standard deviation 1; those that never differ are left out."""
    x = np.asarray(columns, dtype=np.float64)
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0))[:, spread > 0] / spread[spread > 0], dtype=np.float64)


def units_of_stays(names: npt.ArrayLike, y: npt.ArrayLike, risk: npt.ArrayLike) -> Units:
    """Units of stays: `names` (rows,) says whose each is.

    A unit's own stays are among those from which the expected is learned, which then follows what is observed: of its
    variance the share that it is of the network's is not seen. With one hospital of two that halves it.
    """
    happened, expected = np.asarray(y, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    own = expected * (1 - expected)
    found, place = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    sums = [summed(place, each, len(found)) for each in (happened, expected, own)]
    of_each = np.array([trials(expected[place == unit]) for unit in range(len(found))])
    rows = summed(place, np.ones(len(place)), len(found))
    return Units(tuple(found.tolist()), rows, sums[0], sums[1], of_each, _unseen(sums[2]))


def units_of_people(names: npt.ArrayLike, y: npt.ArrayLike, expected: npt.ArrayLike) -> Units:
    """Units of people with any number of events each, or with their cost: as many times wider than a Poisson count as
    people of the network differ from what is expected of them.
    """
    got, wanted = np.asarray(y, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    found, place = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    wide = float(np.square(got - wanted).sum() / wanted.sum()) if wanted.sum() > 0 else 1.0
    sums = [summed(place, each, len(found)) for each in (got, wanted)]
    rows = summed(place, np.ones(len(place)), len(found))
    endless = np.full(len(found), np.inf)
    return Units(tuple(found.tolist()), rows, sums[0], sums[1], endless, wide * _unseen(sums[1]))


def summed(place: npt.NDArray[np.intp], values: Floats, count: int) -> Floats:
    """(count,): the sum of the values of each place."""
    return np.asarray(np.bincount(place, weights=values, minlength=count), dtype=np.float64)


def _unseen(variances: Floats) -> Floats:
    """1 less the share of each unit, and not below a tenth: of a network of one nothing can be told."""
    total = variances.sum()
    return np.maximum(0.1, 1 - (variances / total if total > 0 else variances))
