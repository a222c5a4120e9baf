"""Years of monthly arrays as a network would give them, stationary or with one shift planted in a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.drift import Codes, Feed, feed_signals
from models.drift_names import Cause, Shift, named
from models.drift_of_scores import Month, ratio_signals, score_signals
from models.log_odds import risk_of

REFERENCE, WATCHED = 12, 12
MONTHS = REFERENCE + WATCHED
# source, table, rows a month, days until known, share of codes new in a month, columns with the share not given
FEEDS = (
    ("tuva", "claim_line", 6_000, 24.0, 0.02, {"drg_code": 0.93, "facility_id": 0.3, "paid": 0.01}),
    ("tuva", "dispensing", 9_000, 15.0, 0.03, {"days_supply": 0.02, "prescriber_id": 0.2}),
    ("tuva", "result", 7_000, 1.0, 0.005, {"unit": 0.05, "value": 0.1}),
    ("adt", "adt_event", 700, 0.1, 0.08, {"code": 0.4, "facility_id": 0.02}),
    ("tuva", "appointment", 900, 0.5, 0.02, {"facility_id": 0.1}),
    ("registry", "immunization", 60, 7.0, 0.01, {"code": 0.01}),
)
ROWS, COLUMNS, PEOPLE = 300, 12, 4_000
IMMATURE = 4  # the last months
SHIFTS = {
    "coding change": Cause.CODING,
    "missing feed": Cause.MISSING_FEED,
    "sicker intake": Cause.SICKER,
    "lag jump": Cause.LAG,
}


@dataclass(frozen=True)
class Year:
    """What the monitor sees."""

    feeds: tuple[Feed, ...]
    months: tuple[Month, ...]

    def shifts(self) -> tuple[Shift, ...]:
        """What it names."""
        return named(
            feed_signals(self.feeds, REFERENCE),
            score_signals(self.months, REFERENCE),
            ratio_signals(self.months, REFERENCE),
        )


def stationary(seed: int, rows: int = ROWS) -> Year:
    """Nothing changes but by chance: months differ by more than their counts alone would, and by season."""
    draw = np.random.default_rng(seed)
    return Year(tuple(_feed(draw, *feed) for feed in FEEDS), tuple(_month(draw, at, rows) for at in range(MONTHS)))


def shifted(seed: int, shift: str, month: int) -> Year:
    """The same with one of SHIFTS from a month on."""
    year = stationary(seed)
    if shift == "sicker intake":
        draw = np.random.default_rng(seed + 1_000_000)
        later = [_month(draw, at, ROWS, sicker=0.6) for at in range(month, MONTHS)]
        return Year(year.feeds, (*year.months[:month], *later))
    change = {"coding change": _recoded, "missing feed": _silent, "lag jump": _later}[shift]
    return replace(year, feeds=(change(year.feeds[0], month), *year.feeds[1:]))


def treated(seed: int, month: int) -> Year:
    """From a month on a call averts half of what would have happened to those contacted."""
    year = stationary(seed, 4 * ROWS)
    draw = np.random.default_rng(seed)
    helped = [
        replace(each, y=np.where((each.contacted == 1) & (draw.random(len(each.y)) < 0.5), each.y * 0, each.y))
        for each in year.months[month:]
    ]
    return Year(year.feeds, (*year.months[:month], *helped))


def _feed(
    draw: np.random.Generator, source: str, table: str, size: int, lag: float, new: float, without: dict[str, float]
) -> Feed:
    season = 1 + 0.05 * np.sin(2 * np.pi * np.arange(MONTHS) / 12)
    rows = draw.poisson(size * season * np.exp(draw.normal(0, 0.06, MONTHS))).astype(np.int64)

    def some(share: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        own = np.clip(share * np.exp(draw.normal(0, 0.05, MONTHS)), 0, 1)
        return np.asarray(draw.binomial(rows, own), dtype=np.int64)

    unseen = some(new).astype(np.float64)
    unseen[:6] = np.nan
    return Feed(
        source,
        table,
        rows,
        lag * np.exp(draw.normal(0, 0.03, MONTHS)),
        {column: some(share) for column, share in without.items()},
        {"code": Codes(rows.copy(), some(0.002), unseen)},
    )


def _month(draw: np.random.Generator, at: int, rows: int, sicker: float = 0.0) -> Month:
    persons = draw.integers(0, PEOPLE * rows // ROWS, rows)
    X = draw.normal(0, 1, (rows, COLUMNS))
    X[:, 0] += sicker
    X[:, 1] += sicker
    score = -2.2 + X[:, :4] @ np.asarray([0.7, 0.5, 0.3, 0.2]) + draw.normal(0, 0.05)
    X[draw.random(X.shape) < 0.1] = np.nan
    risk = risk_of(score)
    y = (draw.random(rows) < risk_of(score + draw.normal(0, 0.05))).astype(np.float64)
    contacted = (risk >= np.quantile(risk, 0.8)).astype(np.float64)
    mature = at < MONTHS - IMMATURE
    return Month(risk, y if mature else np.full(rows, np.nan), mature, contacted, persons, X)


def _recoded(feed: Feed, month: int) -> Feed:
    """A sender that writes a quarter of its codes in another system: no form of ours, and never seen."""
    later, codes = np.arange(MONTHS) >= month, feed.codes["code"]
    more = np.where(later, codes.rows // 4, 0)
    return replace(feed, codes={"code": Codes(codes.rows, codes.unmapped + more, codes.unseen + more)})


def _silent(feed: Feed, month: int) -> Feed:
    later = np.arange(MONTHS) >= month
    return replace(_thinned(feed, later, 0.0), lag=np.where(later, np.nan, feed.lag))


def _later(feed: Feed, month: int) -> Feed:
    """Files come twenty days later: of one month two thirds of the rows are not there yet."""
    at = np.arange(MONTHS)
    return replace(_thinned(feed, at == month, 1 / 3), lag=np.where(at >= month, feed.lag + 20, feed.lag))


def _thinned(feed: Feed, which: npt.NDArray[np.bool_], share: float) -> Feed:
    """A feed of which a share of the rows is there in some months."""
    part = np.where(which, share, 1.0)

    def left(counts: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return np.asarray(counts * part, dtype=np.int64)

    codes = feed.codes["code"]
    return replace(
        feed,
        rows=left(feed.rows),
        missing={name: left(told) for name, told in feed.missing.items()},
        codes={"code": Codes(left(codes.rows), left(codes.unmapped), codes.unseen * part)},
    )


def within_two_months(shifts: Sequence[Shift], cause: Cause, month: int) -> bool:
    """Whether the shift of a month was named in it or in the next one."""
    return any(shift.cause is cause and month <= shift.month < month + 2 for shift in shifts)
