"""When a figure passes, when it fails, and when there are too few people to tell."""

from __future__ import annotations

import math

import pytest

from models.intervals import Interval
from models.verdicts import Band, Verdict, together, within

PASS, FAIL, TOO_FEW = Verdict.PASS, Verdict.FAIL, Verdict.TOO_FEW
SLOPE, NOT_WORSE = Band(0.9, 1.1), Band(-0.01, math.inf)


@pytest.mark.parametrize(
    ("low", "high", "band", "verdict"),
    [
        (0.95, 1.05, SLOPE, PASS),
        (0.70, 0.89, SLOPE, FAIL),
        (1.11, 1.40, SLOPE, FAIL),
        (0.85, 1.05, SLOPE, TOO_FEW),
        (0.95, 1.15, SLOPE, TOO_FEW),
        (0.50, 1.50, SLOPE, TOO_FEW),
        (math.nan, math.nan, SLOPE, TOO_FEW),
        (-0.005, 0.3, NOT_WORSE, PASS),
        (0.0, 0.0, NOT_WORSE, PASS),
        (-0.01, 0.3, NOT_WORSE, TOO_FEW),
        (-0.04, -0.02, NOT_WORSE, FAIL),
        (-0.04, 0.02, NOT_WORSE, TOO_FEW),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, band: Band, verdict: Verdict) -> None:
    assert within(Interval((low + high) / 2, low, high), band) is verdict


def test_a_point_inside_the_band_is_not_enough() -> None:
    """Ten events can show a slope of exactly 1 and mean nothing."""
    assert within(Interval(1.0, 0.2, 2.0), SLOPE) is TOO_FEW


def test_one_fail_fails_and_all_must_pass() -> None:
    assert together([PASS, TOO_FEW, FAIL]) is FAIL
    assert together([PASS, TOO_FEW]) is TOO_FEW
    assert together([PASS, PASS]) is PASS
    assert together([]) is TOO_FEW, "what was not asked was not passed"
