"""How well a risk agrees with what happened: discrimination, accuracy and calibration.

Every metric is called the same way, `auroc(y, risk)` or `auroc(y, risk, weights)`, on three arrays of one length:
`y` 1 where the outcome happened and else 0, `risk` the predicted probability, `weights` what each row counts for
(inverse probability of censoring; left out, each row counts once). The result is a float, and `nan` where the rows do
not hold at least one event and one non-event: one outcome alone judges nothing.

All of them are functions of one small table, the weight of events and of non-events at each distinct risk (`Levels`).
So rows in another order change nothing, ties need no rule of their own, and a bootstrap asks for a thousand resamples
of the table at once (`Metric.of`). Metrics of a list of N people are in `metrics_at_capacity`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from models.log_odds import Floats, inside, log_odds, risk_of

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """Rows put in order of risk, lowest first, before anyone says what each row weighs.

    `order` (rows,) sorts the rows, `starts` (levels,) is where each distinct risk begins in that order, `event` (rows,)
    is 1.0 or 0.0 in that order, `risk` (levels,) the distinct risks.
    """

    order: Integers
    starts: Integers
    event: Floats
    risk: Floats


@dataclass(frozen=True)
class Levels:
    """Outcomes at each distinct risk, lowest first; one row of the table per resample, or one row in all.

    `risk` and `rows` are (levels,): the risk and how many rows have it. `events` and `nonevents` are
    (resamples, levels): the weight of rows with and without the outcome.
    """

    risk: Floats
    rows: Integers
    events: Floats
    nonevents: Floats

    @cached_property
    def total(self) -> Floats:
        """(resamples, levels): the weight of all rows at each risk."""
        return self.events + self.nonevents

    @cached_property
    def all_events(self) -> Floats:
        """(resamples,): the weight of all events."""
        return np.asarray(self.events.sum(axis=1))

    @cached_property
    def all_nonevents(self) -> Floats:
        """(resamples,): the weight of all non-events."""
        return np.asarray(self.nonevents.sum(axis=1))

    @cached_property
    def probability(self) -> Floats:
        """The distinct risks where a metric needs probabilities; BadInput where they are a score such as LACE."""
        outside = int(self.rows[(self.risk < 0) | (self.risk > 1)].sum())
        if outside:
            raise BadInput(
                got=f"{outside} rows whose risk is below 0 or above 1",
                expected="probabilities",
                do="Use auroc, auprc or a metric at capacity for a score, or calibrate it first.",
            )
        return self.risk


@dataclass(frozen=True)
class Metric:
    """A named number: called with arrays it gives a float; `of` gives one value per row of a table of levels.

    `meaning` is the docstring of the function, for pages that show definitions beside figures.
    """

    name: str
    meaning: str
    of: Callable[[Levels], Floats]

    def __call__(self, y: npt.ArrayLike, risk: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
        return float(self.of(tabulated(y, risk, weights))[0])


def metric(formula: Callable[[Levels], Floats]) -> Metric:
    """Name a formula after its function and give `nan` wherever events or non-events are missing."""
    return named_metric(formula.__name__, formula)


def named_metric(name: str, formula: Callable[[Levels], Floats]) -> Metric:
    """As `metric`, for a formula that is made for a capacity or a threshold and takes its name from it."""

    def judged(at: Levels) -> Floats:
        both = (at.all_events > 0) & (at.all_nonevents > 0)
        if not both.any():
            return np.full(len(both), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(both, formula(at), np.nan)

    return Metric(name, inspect.cleandoc(formula.__doc__ or ""), judged)


def ranked(y: npt.ArrayLike, risk: npt.ArrayLike) -> Ranking:
    """Sort rows by risk; BadInput unless every outcome is 0 or 1 and every risk a number."""
    outcome, score = np.asarray(y, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    if outcome.ndim != 1 or outcome.shape != score.shape:
        raise BadInput(
            got=f"outcomes of shape {outcome.shape} and risks of shape {score.shape}",
            expected="two columns of one length",
            do="Give one outcome and one risk per row.",
        )
    unusable = int((~np.isin(outcome, (0.0, 1.0)) | ~np.isfinite(score)).sum())
    if unusable:
        raise BadInput(
            got=f"{unusable} rows whose outcome is not 0 or 1 or whose risk is not a number",
            expected="known outcomes and finite risks",
            do="Leave out rows with a censored label and weight the rest (weights=).",
        )
    order = np.argsort(score, kind="stable")
    ascending = score[order]
    starts = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]][: len(ascending)])
    return Ranking(order, starts, outcome[order], ascending[starts])


def levels(ranking: Ranking, weights: Floats) -> Levels:
    """Add up `weights` (resamples, rows), in the rows' original order, at each distinct risk."""
    sorted_weights = np.take(weights, ranking.order, axis=1)
    events = sorted_weights * ranking.event
    nonevents = sorted_weights - events
    rows = np.diff(np.r_[ranking.starts, len(ranking.order)])
    if len(ranking.starts) < len(ranking.order):
        events = np.add.reduceat(events, ranking.starts, axis=1)
        nonevents = np.add.reduceat(nonevents, ranking.starts, axis=1)
    return Levels(ranking.risk, rows, events, nonevents)


def row_weights(weights: npt.ArrayLike | None, rows: int) -> Floats:
    """The weight of each row, 1 where none is given; BadInput for a weight that is negative or not a number."""
    if weights is None:
        return np.ones(rows)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (rows,) or not (np.isfinite(given) & (given >= 0)).all():
        raise BadInput(
            got=f"weights of shape {given.shape}, or some that are negative or not numbers",
            expected=f"{rows} weights of 0 or more",
            do="Give one weight per row.",
        )
    return given


def tabulated(y: npt.ArrayLike, risk: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Levels:
    """The table of levels of these rows, as they are: one row of events and non-events."""
    ranking = ranked(y, risk)
    return levels(ranking, row_weights(weights, len(ranking.order))[np.newaxis])


def weighed(weights: Floats, values: npt.NDArray[np.float64] | npt.NDArray[np.bool_]) -> Floats:
    """(resamples,): the sum over the levels of weights (resamples, levels) x values, one per level or per both.

    By einsum and not by `@`: for sums as short as these, waking the threads of a linear-algebra library costs more than
    adding up, and the last bits would depend on how many threads there are.
    """
    return np.asarray(np.einsum("rl,rl->r", weights, np.broadcast_to(values, weights.shape)))


# Discrimination


@metric
def auroc(at: Levels) -> Floats:
    """Area under the receiver operating characteristic curve.

    P(risk of an event > risk of a non-event) + P(equal) / 2 over all pairs, exact with ties. 0.5 means no better than
    drawing lots, 1 every event above every non-event, 0 the reverse. Any score will do. Hanley and McNeil, Radiology
    1982;143:29-36.
    """
    beaten = np.cumsum(at.nonevents, axis=1) - at.nonevents / 2
    return weighed(at.events, beaten) / (at.all_events * at.all_nonevents)


@metric
def auprc(at: Levels) -> Floats:
    """Area under the precision-recall curve, as average precision (no interpolation).

    Sum over distinct risks of (gain in recall) x (precision among all at that risk or above). The share of events is
    what drawing lots gives; 0 is not reached. Any score will do. As scikit-learn's average_precision_score.
    """
    events_above = np.cumsum(at.events[:, ::-1], axis=1)[:, ::-1]
    called = np.cumsum(at.total[:, ::-1], axis=1)[:, ::-1]
    precision = np.divide(events_above, called, out=np.zeros_like(called), where=called > 0)
    return weighed(at.events, precision) / at.all_events


# Accuracy


@metric
def brier(at: Levels) -> Floats:
    """Brier score: mean of (risk - outcome)^2. 0 means certain and right about everyone.

    Brier, Mon Weather Rev 1950;78:1-3 (who adds both outcomes' squares and so has twice this).
    """
    risk = at.probability
    return (weighed(at.events, (1 - risk) ** 2) + weighed(at.nonevents, risk**2)) / (at.all_events + at.all_nonevents)


@metric
def scaled_brier(at: Levels) -> Floats:
    """Brier score against the base rate: 1 - brier / (rate x (1 - rate)), the rate being that of these rows.

    0 means no better than giving everyone the base rate, 1 certain and right, below 0 worse than the base rate.
    Steyerberg et al., Epidemiology 2010;21:128-138.
    """
    rate = at.all_events / (at.all_events + at.all_nonevents)
    return 1 - brier.of(at) / (rate * (1 - rate))


@metric
def log_loss(at: Levels) -> Floats:
    """Mean of -log(risk given to what happened), natural logarithm; 0 and 1 count as one step of a double inside.

    0 means certain and right about everyone. Good, J R Stat Soc B 1952;14:107-114; as scikit-learn's log_loss.
    """
    risk = inside(at.probability)
    return -(weighed(at.events, np.log(risk)) + weighed(at.nonevents, np.log1p(-risk))) / (
        at.all_events + at.all_nonevents
    )


# Calibration


@metric
def observed_to_expected(at: Levels) -> Floats:
    """O/E: events over the sum of risks. 1 means as many as foretold, above 1 more (risks too low); 0 is not reached.

    Also called calibration in the large as a ratio. Van Calster et al., BMC Med 2019;17:230.
    """
    return at.all_events / weighed(at.total, at.probability)


@metric
def calibration_slope(at: Levels) -> Floats:
    """Slope b of the logistic regression logit P(y = 1) = a + b logit(risk), by Newton's method.

    1 is right; below 1 the risks are too extreme, above 1 too timid; 0 means that they say nothing. `nan` where all
    risks are equal or where they separate the outcomes without error. Cox, Biometrika 1958;45:562-565.
    """
    x = log_odds(at.probability)
    return 1 + _recalibrated(at, np.stack([np.ones_like(x), x]))[:, 1]


@metric
def calibration_intercept(at: Levels) -> Floats:
    """Calibration in the large: intercept a of logit P(y = 1) = a + logit(risk), slope held at 1, by Newton's method.

    0 is right; above 0 the risks are too low, in log-odds. Cox, Biometrika 1958;45:562-565; Steyerberg, Clinical
    Prediction Models, 2nd ed., chapter 15.
    """
    return _recalibrated(at, np.ones((1, len(at.risk))))[:, 0]


@metric
def ici(at: Levels) -> Floats:
    """Integrated calibration index: mean of |risk - smoothed observed risk|. 0 means a curve on the diagonal.

    The smoother is a logistic regression on a restricted cubic spline of logit(risk) with four knots, at the 5th, 35th,
    65th and 95th percentile of the rows' risks (fewer where they coincide). `nan` where it cannot be fitted: too few
    events. Austin and Steyerberg, Stat Med 2019;38:4051-4065, who use loess; the spline is that of Austin, Harrell and
    van Klaveren, Stat Med 2020;39:2714-2742.
    """
    gap = np.abs(_smoothed(at) - at.probability)
    return weighed(at.total, gap) / (at.all_events + at.all_nonevents)


def calibration_curve(
    y: npt.ArrayLike, risk: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """The curve that `ici` measures: distinct risks, lowest first, and the smoothed observed risk at each, or `nan`."""
    at = tabulated(y, risk, weights)
    if not (at.all_events[0] > 0 and at.all_nonevents[0] > 0):
        return at.probability, np.full_like(at.risk, np.nan)
    return at.probability, _smoothed(at)[0]


SPLINE_PERCENTILES = (0.05, 0.35, 0.65, 0.95)  # Harrell, Regression Modeling Strategies, 2nd ed., table 2.3
MOST_STEPS = 100
# Where it moves no row by more than this in one step, Newton's method always goes uphill (it would up to 1.79), because
# the log-likelihood is generalised self-concordant: Sun and Tran-Dinh, Math Program 2019;178:145-213.
LARGEST_MOVE = 1.5  # log-odds
SETTLED = 1e-5  # log-odds; convergence is quadratic, so what is left after this move is about its square
NUMBERS_IN_CACHE = 16_384
SINGULAR = 1e-12  # smallest over largest eigenvalue of the information


def _recalibrated(at: Levels, columns: Floats) -> Floats:
    """Coefficients (resamples, k) of `columns` (k, levels; the first all 1) in a logistic regression after logit(risk).

    All 0 means that the risks need no correction. `nan` where no finite coefficients fit best.
    """
    resamples, k = len(at.events), len(columns)
    offset = log_odds(at.probability)
    coefficients = np.zeros((resamples, k))
    coefficients[:, 0] = _shift_in_the_large(at)
    solvable, settled = np.ones(resamples, dtype=np.bool_), np.zeros(resamples, dtype=np.bool_)
    for _ in range(MOST_STEPS):
        gradient, information = _slope_and_bend(at, offset, columns, coefficients)
        eigenvalues = np.linalg.eigvalsh(information)
        solvable &= eigenvalues[:, 0] > SINGULAR * eigenvalues[:, -1]
        information[~solvable], gradient[~solvable] = np.eye(k), 0
        step: Floats = np.linalg.solve(information, gradient[:, :, np.newaxis])[:, :, 0].astype(np.float64, copy=False)
        move = _largest_move(step, columns)
        coefficients += step * (LARGEST_MOVE / np.maximum(move, LARGEST_MOVE))[:, np.newaxis]
        settled = move < SETTLED
        if settled.all():
            break
    coefficients[~(settled & solvable)] = np.nan
    return coefficients


def _slope_and_bend(at: Levels, offset: Floats, columns: Floats, coefficients: Floats) -> tuple[Floats, Floats]:
    """Of the log-likelihood: its gradient (resamples, k) and its information (resamples, k, k)."""
    resamples, k = coefficients.shape
    gradient, information = np.zeros((resamples, k)), np.zeros((resamples, k * k))
    for some in _stretches(resamples, len(offset)):
        x = columns[:, some]
        fitted = risk_of(offset[some] + coefficients @ x)
        expected = at.total[:, some] * fitted
        gradient += (at.events[:, some] - expected) @ x.T
        information += (expected * (1 - fitted)) @ (x[:, np.newaxis] * x).reshape(k * k, -1).T
    return gradient, information.reshape(-1, k, k)


def _largest_move(step: Floats, columns: Floats) -> Floats:
    """(resamples,): the most that a step of the coefficients changes the log-odds of any level."""
    stretches = _stretches(len(step), columns.shape[1])
    return np.asarray(np.max([np.abs(step @ columns[:, some]).max(axis=1) for some in stretches], axis=0))


def _stretches(resamples: int, levels: int) -> Iterator[slice]:
    """Levels a stretch at a time, so that what is computed of them stays in the processor's cache."""
    size = max(1, NUMBERS_IN_CACHE // max(1, resamples))
    return (slice(begin, begin + size) for begin in range(0, levels, size))


def _shift_in_the_large(at: Levels) -> Floats:
    """(resamples,): log-odds of the observed rate minus those of the mean risk, where Newton's method starts."""
    everyone = at.all_events + at.all_nonevents
    shift = np.log(at.all_events / at.all_nonevents) - log_odds(weighed(at.total, at.probability) / everyone)
    return np.where(np.isfinite(shift), shift, 0.0)


def _smoothed(at: Levels) -> Floats:
    """(resamples, levels): the observed risk at each predicted risk, through the spline that `ici` describes."""
    columns = _spline(log_odds(at.probability), at.rows)
    return risk_of(log_odds(at.probability) + _recalibrated(at, columns) @ columns)


def _spline(x: Floats, rows: Integers) -> Floats:
    """(k, levels): 1, x and restricted cubic terms of ascending x; `rows` share each x. Knots ignore weights."""
    counted = np.cumsum(rows)
    places = np.searchsorted(counted, np.asarray(SPLINE_PERCENTILES) * counted[-1])
    knots = np.unique(x[places])
    columns = [np.ones_like(x), x]
    if len(knots) > 2:
        last, before = knots[-1], knots[-2]
        for knot in knots[:-2]:
            bend = _cubed_above(x, before) * (last - knot) - _cubed_above(x, last) * (before - knot)
            columns.append((_cubed_above(x, knot) - bend / (last - before)) / (last - knots[0]) ** 2)
    return np.stack(columns)


def _cubed_above(x: Floats, knot: float) -> Floats:
    return np.maximum(x - knot, 0.0) ** 3
