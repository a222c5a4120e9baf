"""When a bill is paid, when the payer's monthly file brings it, and whether it is later taken back or changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.simulate.frame import Array, Ints
from features.windows import month_starts

MEDIAN_DAYS_TO_PAY = 12.0
SPREAD = 0.8
STANDS, REVERSED, REBILLED, ADJUSTED = 0, 1, 2, 3
FATE_SHARES = (0.95, 0.01, 0.01, 0.03)


@dataclass(frozen=True)
class Calendar:
    """The last days of the months: on each of them the payer delivers what it paid since the one before."""

    month_ends: Ints

    def delivered(self, paid: Array) -> Ints:
        """The day of the first delivery on or after the day of payment."""
        place = np.searchsorted(self.month_ends, paid).clip(0, len(self.month_ends) - 1)
        return np.asarray(self.month_ends[place], dtype=np.int64)


def calendar(start: int, end: int) -> Calendar:
    """Month ends from the month of `start` to two years after `end`."""
    return Calendar(np.array(month_starts(start, end + 800)[1:], dtype=np.int64) - 1)


def days_to_pay(random: np.random.Generator, size: int) -> Ints:
    """Days from the end of a service to its payment: a median under two weeks and a long tail."""
    return 1 + np.minimum(random.lognormal(np.log(MEDIAN_DAYS_TO_PAY), SPREAD, size), 400).astype(np.int64)


def fates(random: np.random.Generator, size: int) -> Ints:
    """What becomes of each bill: it stands, is reversed, is reversed and billed anew, or is adjusted."""
    return np.searchsorted(np.cumsum(FATE_SHARES), random.random(size), side="right").clip(0, ADJUSTED)
