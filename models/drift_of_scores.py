"""Whether the people, their scores and what became of them are what they used to be, month by month.

- mean risk, and the population stability index of the scores (`models.shift`);
- how well a classifier tells the month's rows from those of the reference by their inputs, learned on half of the
  people and judged on the others, by its AUROC and not by a p-value, which any difference makes small where rows are
  many (Lopez-Paz and Oquab, ICLR 2017);
- observed over expected beside that of the reference, of months whose outcomes are known; of those contacted and of the
  others apart, since a call that helps makes the foretold not happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.described import Z, auroc_and_error, clustered
from models.drift import FEWEST_MONTHS, Kind, Signal, student
from models.fairness import FEWEST_EVENTS
from models.intervals import Interval, reach
from models.label_choice import standardised
from models.log_odds import Floats, log_odds, risk_of
from models.logistic import fitted
from models.shift import BINS, psi

ERROR_OF_SCORES, ERROR_OF_RATIOS = 0.01, 0.015  # of a stationary year, the share that may raise such an alarm
INTAKE_MATTERS = float(np.log(1.15))  # of the mean risk
SHIFT_MATTERS = 0.25  # models.shift says why
TOLD_APART = 0.6  # AUROC
RATIO_MATTERS = float(np.log(1.25))
ROWS_BESIDE = 4  # of the reference for each row of the month, to learn the classifier on
PENALTY = 10.0
FEWEST_ROWS = 50  # of a month to be told apart by its inputs
FEWEST_EXPECTED = 5.0  # events of a month for its ratio
ALL, CONTACTED, NOT_CONTACTED, ALL_MONTHS = "all", "contacted", "not contacted", "all months together"


@dataclass(frozen=True)
class Month:
    """The rows scored in a month (rows,). `mature`: what became of its people is known; else every `y` is nan, as it is
    of who left the network. `contacted` is 1, 0, or nan where nobody kept it; `X` (rows, k) are inputs, nan where there
    is no value.
    """

    risk: Floats
    y: Floats
    mature: bool
    contacted: Floats
    persons: npt.NDArray[Any]
    X: Floats


def score_signals(months: Sequence[Month], reference: int) -> tuple[Signal, ...]:
    """The signals of risks and inputs of each month after the first `reference` ones."""
    then, watched = months[:reference], range(reference, len(months))
    told = [month for month in then if len(month.risk)]
    if len(told) < FEWEST_MONTHS:
        return ()
    found: list[Signal] = []
    error = ERROR_OF_SCORES / max(1, 3 * len(watched))
    usual = np.asarray([np.log(month.risk.mean()) for month in told])
    spread = max(float(usual.var(ddof=1)), float(np.mean([_noise(month) for month in told])))
    by = student(error, len(told) - 1)
    risks, inputs, persons = (
        np.concatenate([getattr(month, name) for month in told]) for name in ("risk", "X", "persons")
    )
    for place in watched:
        month = months[place]
        if not len(month.risk):
            continue
        half = max(INTAKE_MATTERS, by * np.sqrt(max(spread, _noise(month)) * (1 + 1 / len(told))))
        ends = np.exp(float(usual.mean()) + np.asarray([0.0, -half, half]))
        found.append(Signal(Kind.INTAKE, ALL, place, float(month.risk.mean()), *map(float, ends)))
        found.append(_scores(risks, month.risk, place, error))
        if len(month.risk) >= FEWEST_ROWS:
            auroc, spread_of = told_apart(inputs, persons, month.X, month.persons)
            low = TOLD_APART + reach(1, error) * spread_of
            found.append(Signal(Kind.INPUTS, ALL, place, auroc, 0.5, 0.0, low))
    return tuple(found)


def ratio_signals(months: Sequence[Month], reference: int) -> tuple[Signal, ...]:
    """O/E of each mature month after the reference beside that of the mature months of the reference, and of all those
    months together: of all, of those contacted and of the others.
    """
    found: list[Signal] = []
    for about in (ALL, CONTACTED, NOT_CONTACTED):
        parts = [_part(month, about) for month in months]
        then = [
            (o, e, v) for (o, e, v), month in zip(parts[:reference], months, strict=False) if month.mature and e > 0
        ]
        usual = _summed(then)
        mature = [place for place in range(reference, len(months)) if months[place].mature]
        if usual is None or len(then) < FEWEST_MONTHS:
            continue
        by = reach(3 * (len(mature) + 1), ERROR_OF_RATIOS)
        between = _between(then)
        for place in mature:
            found += _ratio(about, place, parts[place], usual, between, by)
        if len(mature) > 1:
            together = _summed([parts[place] for place in mature])
            if together is not None:
                found += _ratio(f"{about}, {ALL_MONTHS}", mature[-1], together, usual, between / len(mature), by)
    return tuple(found)


def told_apart(inputs: Floats, persons: npt.ArrayLike, newest: Floats, whose: npt.ArrayLike) -> tuple[float, float]:
    """AUROC, and its standard error, of a logistic regression that tells the newest rows from the reference's, each
    half of the people judged by what was learned on the other.
    """
    reference = np.asarray(persons)
    some = np.random.default_rng(0).permutation(len(inputs))[: ROWS_BESIDE * len(newest)]
    columns = standardised(np.concatenate([inputs[some], newest]))
    y = np.r_[np.zeros(len(some)), np.ones(len(newest))]
    person = np.unique(np.concatenate([reference[some], np.asarray(whose)]), return_inverse=True)[1].astype(np.int64)
    half = np.random.default_rng(1).permutation(int(person.max()) + 1)[person] % 2
    X = np.column_stack([np.ones(len(y)), *columns])
    score = np.zeros(len(y))
    for part in (0, 1):
        learned, _ = fitted(X[half == part], y[half == part], np.ones(int((half == part).sum())), PENALTY)
        score[half != part] = X[half != part] @ np.nan_to_num(learned)
    return auroc_and_error(y, risk_of(score), person, np.ones(len(y)))


def calibration(month: Month) -> tuple[Interval, Interval]:
    """O/E and AUROC of a mature month with their own 95 % intervals; nan where nothing can be said."""
    none = Interval(float("nan"), float("nan"), float("nan"))
    known = np.isfinite(month.y)
    y, risk = month.y[known], month.risk[known]
    if not month.mature or min(y.sum(), (1 - y).sum()) < FEWEST_EVENTS:
        return none, none
    observed, expected, variance = _part(month, ALL)
    middle, half = np.log(observed / expected), Z * np.sqrt(max(variance, 0.0)) / expected
    ratio = Interval(*(float(np.exp(middle + step)) for step in (0.0, -half, half)))
    person = np.unique(month.persons[known], return_inverse=True)[1].astype(np.int64)
    value, error = auroc_and_error(y, risk, person, np.ones(len(y)))
    if not 0 < value < 1:
        return ratio, none
    low, high = risk_of(log_odds(value) + np.asarray([-1, 1]) * Z * error / (value * (1 - value)))
    return ratio, Interval(value, float(low), float(high))


def _noise(month: Month) -> float:
    """The variance of the logarithm of a month's mean risk, people being drawn."""
    person = np.unique(month.persons, return_inverse=True)[1].astype(np.int64)
    mean = float(month.risk.mean())
    influence = (month.risk - mean) / (mean * len(month.risk))
    return float(clustered(influence, person, np.zeros(int(person.max()) + 1, dtype=np.int64), 1)[0])


def _scores(then: Floats, now: Floats, place: int, error: float) -> Signal:
    """The index less what chance adds to it, which is a chi-square of one less than the bins, shared by the rows."""
    from scipy.stats import chi2

    one = 1 / len(then) + 1 / len(now)
    by_chance = (BINS - 1) * one
    high = max(SHIFT_MATTERS, float(chi2.isf(error, BINS - 1)) * one - by_chance)
    return Signal(Kind.SCORES, ALL, place, max(0.0, psi(then, now) - by_chance), 0.0, 0.0, high)


def _part(month: Month, about: str) -> tuple[float, float, float]:
    """Observed, expected and the variance of the difference, people being drawn, of those contacted, not, or all."""
    those = {ALL: np.ones(len(month.y)) == 1, CONTACTED: month.contacted == 1, NOT_CONTACTED: month.contacted == 0}[
        about
    ]
    those = those & np.isfinite(month.y)
    if not month.mature or not those.any():
        return 0.0, 0.0, 0.0
    y, risk = month.y[those], month.risk[those]
    person = np.unique(month.persons[those], return_inverse=True)[1]
    by_chance = np.bincount(person, risk * (1 - risk)).sum()
    seen = (np.bincount(person, y - risk) ** 2).sum()
    return float(y.sum()), float(risk.sum()), float(max(by_chance, seen))


def _summed(parts: Sequence[tuple[float, float, float]]) -> tuple[float, float, float] | None:
    observed, expected, variance = (float(sum(each)) for each in zip(*parts, strict=True)) if parts else (0.0,) * 3
    return (observed, expected, variance) if observed > 0 and expected > 0 else None


def _between(parts: Sequence[tuple[float, float, float]]) -> float:
    """The variance of the logarithm of O/E between months of the reference, beyond what each month's own gives."""
    ratios = np.asarray([np.log(max(o, 0.5) / e) for o, e, _ in parts])
    own = float(np.mean([v / e**2 for _, e, v in parts]))
    return max(0.0, float(ratios.var(ddof=1)) - own)


def _ratio(
    about: str,
    place: int,
    now: tuple[float, float, float],
    usual: tuple[float, float, float],
    between: float,
    by: float,
) -> Iterator[Signal]:
    observed, expected, _ = now
    if expected < FEWEST_EXPECTED:
        return
    level = usual[0] / usual[1]
    # the spread is that under the usual level: a month without an event would else seem certain
    variance = now[2] / expected**2 / level + usual[2] / usual[0] ** 2 + between
    # by the square root, on which counts are about normal however few they are: Bartlett, J R Stat Soc 1936;3:68-78
    half = by * np.sqrt(variance) / 2
    low = min(np.exp(-RATIO_MATTERS), max(0.0, 1 - half) ** 2)
    high = max(np.exp(RATIO_MATTERS), (1 + half) ** 2)
    ends = level * np.asarray([1.0, low, high])
    yield Signal(Kind.RATIO, about, place, observed / expected, *map(float, ends))
