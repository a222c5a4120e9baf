"""What a figure says about a demand on it: met, broken, or that there are too few people to tell.

A verdict looks at the whole 95 % interval and never at the point alone: a figure whose interval lies inside the band
passes, one whose interval lies wholly outside fails, and one whose interval crosses an edge is too few to judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from models.intervals import Interval


class Verdict(StrEnum):
    """The three answers there are."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    TOO_FEW = "too few to judge"


@dataclass(frozen=True)
class Band:
    """What a figure may be; an end that is infinite demands nothing on that side."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


def within(found: Interval, band: Band) -> Verdict:
    """Whether an interval lies inside a band. An interval without ends (nan) is too few to judge."""
    if found.low > band.high or found.high < band.low:
        return Verdict.FAIL
    if found.low > band.low and found.high < band.high:
        return Verdict.PASS
    return Verdict.TOO_FEW


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict of several: a single fail fails, and all must pass to pass. Of none: too few to judge."""
    found = set(verdicts)
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.PASS if found == {Verdict.PASS} else Verdict.TOO_FEW
