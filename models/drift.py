"""Whether what comes in is what used to come in: control charts of feeds, month by month.

A chart has what was usual (of the reference months) and two limits. A month beyond a limit raises an alarm, and limits
are never nearer than what matters to somebody: chance alone must not reach them, nor a change that nobody would act on.
How far chance reaches is told by the spread between the reference months and by that of the count itself, by Student's
t for a month that is yet to come, at an error that is shared out among all charts and months of the year (Bonferroni):
so that of a hundred stationary years at most a few raise any alarm. `make bench-committee` counts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from models.log_odds import Floats

Integers = npt.NDArray[np.int64]

ERROR_OF_FEEDS = 0.02  # of a year of stationary months, the share that may raise an alarm of a feed
VOLUME_MATTERS = float(np.log(2))  # half as many rows, or twice
UNMAPPED_MATTERS, UNSEEN_MATTERS, MISSING_MATTERS = 0.03, 0.05, 0.10  # shares of rows
LAG_MATTERS = 5.0  # days
LAG_NOISE = 0.5  # days that a median moves for no reason
FEWEST_ROWS = 30  # a month in the reference, or nothing is said of a feed's shares
FEWEST_MONTHS = 4  # of reference, or nothing is said at all


class Kind(StrEnum):
    """What a chart is of."""

    VOLUME = "rows"
    UNMAPPED = "codes of no form of their system"
    UNSEEN = "codes not seen in the thirteen months before"
    MISSING = "not given"
    LAG = "days until known"
    INTAKE = "mean risk"
    SCORES = "population stability index of the scores"
    INPUTS = "how well months are told apart by their inputs (AUROC)"
    RATIO = "observed over expected"


@dataclass(frozen=True)
class Codes:
    """The codes of a column, month by month (months,): rows with one, of them those of no form of their system, and
    those with a code that was in none of the thirteen months before (nan where the record does not reach back so far).
    """

    rows: Integers
    unmapped: Integers
    unseen: Floats


@dataclass(frozen=True)
class Feed:
    """One table of one source, month by month (months,), by when its rows became known. `lag` is the median of days
    from what happened until it was known, nan of no rows; `missing` are rows without a value, by column.
    """

    source: str
    table: str
    rows: Integers
    lag: Floats
    missing: Mapping[str, Integers]
    codes: Mapping[str, Codes]

    @property
    def name(self) -> str:
        """Source and table."""
        return f"{self.source} {self.table}"


@dataclass(frozen=True)
class Signal:
    """One month on one chart. `month` counts from the first month of the reference; an `alarm` is a value beyond a
    limit.
    """

    kind: Kind
    about: str
    month: int
    value: float
    usual: float
    low: float
    high: float

    @property
    def alarm(self) -> bool:
        """Whether the value lies beyond a limit."""
        return not self.low <= self.value <= self.high


@dataclass(frozen=True)
class _Chart:
    """A series before it has limits: `noise` is the variance that the count itself has in a month."""

    kind: Kind
    about: str
    values: Floats
    noise: Floats
    matters: float
    logarithm: bool = False


def feed_signals(feeds: Sequence[Feed], reference: int) -> tuple[Signal, ...]:
    """A signal for each chart and each month after the first `reference` ones."""
    charts = [chart for feed in feeds for chart in _charts(feed, reference)]
    watched = len(feeds[0].rows) - reference if feeds else 0
    comparisons = max(1, watched * len(charts))
    return tuple(signal for chart in charts for signal in _signals(chart, reference, comparisons))


def _charts(feed: Feed, reference: int) -> Iterator[_Chart]:
    then = feed.rows[:reference]
    if not np.median(then) > 0:
        return
    rows = np.maximum(feed.rows, 0.5)
    yield _Chart(Kind.VOLUME, feed.name, np.log(rows), 1 / rows, VOLUME_MATTERS, logarithm=True)
    if np.median(then) < FEWEST_ROWS:
        return
    for column, codes in feed.codes.items():
        if np.median(codes.rows[:reference]) >= FEWEST_ROWS:
            about, unmapped = f"{feed.name}.{column}", codes.unmapped.astype(np.float64)
            yield _share(Kind.UNMAPPED, about, unmapped, codes.rows, UNMAPPED_MATTERS)
            yield _share(Kind.UNSEEN, about, codes.unseen, codes.rows, UNSEEN_MATTERS)
    noise = np.full(len(feed.lag), LAG_NOISE**2)
    yield _Chart(Kind.LAG, feed.name, feed.lag, noise, LAG_MATTERS)
    for column, without in feed.missing.items():
        yield _share(Kind.MISSING, f"{feed.name}.{column}", without.astype(np.float64), feed.rows, MISSING_MATTERS)


def _share(kind: Kind, about: str, part: Floats, whole: Integers, matters: float) -> _Chart:
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, part / whole, np.nan)
        added = (part + 1) / (whole + 2)  # so that none of few is not held to be none of all
    return _Chart(kind, about, share, added * (1 - added) / np.maximum(whole, 1), matters)


def _signals(chart: _Chart, reference: int, comparisons: int) -> Iterator[Signal]:
    then = chart.values[:reference]
    known = np.isfinite(then)
    if known.sum() < FEWEST_MONTHS:
        return
    usual, spread = float(then[known].mean()), float(then[known].var(ddof=1))
    by = student(ERROR_OF_FEEDS / comparisons, int(known.sum()) - 1)
    usual_noise = float(chart.noise[:reference][known].mean())
    for month in range(reference, len(chart.values)):
        value = float(chart.values[month])
        if not np.isfinite(value):
            continue
        # the count's own noise is that of a usual month: one of few rows is what is asked about
        half = max(chart.matters, by * np.sqrt(max(spread, usual_noise) * (1 + 1 / known.sum())))
        ends = usual, usual - half, usual + half
        told = np.exp([value, *ends]) if chart.logarithm else np.asarray([value, *ends])
        yield Signal(chart.kind, chart.about, month, *map(float, told))


def student(error: float, freedom: int) -> float:
    """By how many standard errors an interval of two sides reaches, its spread being estimated."""
    from scipy.stats import t

    return float(t.isf(error / 2, freedom))
