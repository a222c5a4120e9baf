"""Planted shifts are named within two months, stationary years stay quiet, and what contact explains is no drift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.drift import Feed, Kind, feed_signals
from models.drift_names import Cause, named
from models.drift_of_scores import ALL, Month, calibration, ratio_signals, told_apart
from tests.planted_drift import FEEDS, MONTHS, REFERENCE, SHIFTS, shifted, stationary, treated, within_two_months


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("month", [14, 19])
def test_a_planted_shift_is_named_within_two_months(shift: str, month: int) -> None:
    shifts = shifted(month, shift, month).shifts()
    assert within_two_months(shifts, SHIFTS[shift], month)
    others = {each.cause for each in shifts if each.drift} - {SHIFTS[shift]}
    assert others == set(), "and nothing else is"


@pytest.mark.slow
def test_a_stationary_year_stays_quiet() -> None:
    """Of 500 years `make bench-committee` finds fewer than 5 % with an alarm; of 15 more than 3 would be a fault."""
    loud = sum(any(shift.drift for shift in stationary(seed).shifts()) for seed in range(15))
    assert loud <= 3


def test_a_fall_that_contact_explains_is_treatment_and_not_drift() -> None:
    shifts = treated(3, 14).shifts()
    assert {shift.cause for shift in shifts} == {Cause.TREATED}
    assert not any(shift.drift for shift in shifts)


def test_the_same_fall_is_drift_where_nobody_kept_who_was_contacted() -> None:
    year = treated(3, 14)
    unknown = tuple(replace(each, contacted=each.contacted * np.nan) for each in year.months)
    assert {shift.cause for shift in named((), (), ratio_signals(unknown, REFERENCE))} == {Cause.CALIBRATION}


def test_a_month_that_is_not_mature_is_no_fall() -> None:
    year = stationary(5)
    assert not year.months[-1].mature
    assert max(signal.month for signal in ratio_signals(year.months, REFERENCE)) == MONTHS - 5
    assert np.isnan(calibration(year.months[-1])[0].value)


def test_an_alarm_needs_what_matters_and_what_chance_does_not_reach() -> None:
    rows = np.full(MONTHS, 10_000)
    rows[-1], rows[-2] = 4_900, 5_100
    feed = Feed("tuva", "result", rows, np.full(MONTHS, 1.0), {}, {})
    volume = [signal for signal in feed_signals((feed,), REFERENCE) if signal.kind is Kind.VOLUME]
    assert [signal.alarm for signal in volume] == [False] * 11 + [True], "half as many matter, a little more does not"
    few = replace(feed, rows=rows // 2_500)
    assert not any(signal.alarm for signal in feed_signals((few,), REFERENCE)), "one row of four says nothing"


def test_a_feed_that_began_in_the_reference_raises_no_alarm() -> None:
    feed = stationary(1).feeds[0]
    later = replace(feed, rows=np.where(np.arange(MONTHS) < 8, 0, feed.rows))
    assert not any(signal.alarm and signal.kind is Kind.VOLUME for signal in feed_signals((later,), REFERENCE))


def test_a_classifier_tells_other_inputs_from_the_same() -> None:
    draw = np.random.default_rng(0)
    then, now, persons = draw.normal(size=(2_000, 8)), draw.normal(size=(400, 8)), np.arange(2_400)
    alike, error = told_apart(then, persons[:2_000], now, persons[2_000:])
    assert abs(alike - 0.5) < 3 * error
    other, _ = told_apart(then, persons[:2_000], now + 0.8, persons[2_000:])
    assert other > 0.9
    lacking = np.where(draw.random(now.shape) < 0.7, np.nan, now)
    assert told_apart(then, persons[:2_000], lacking, persons[2_000:])[0] > 0.9, "what lacks is told too"


def test_the_ratio_of_a_month_is_that_of_plain_counting() -> None:
    y, risk = np.repeat([1.0, 0.0], [30, 170]), np.full(200, 0.1)
    month = Month(risk, y, True, np.full(200, np.nan), np.arange(200), np.zeros((200, 1)))
    assert calibration(month)[0].value == pytest.approx(1.5)
    signals = ratio_signals([month] * 8, 6)
    assert [signal.value for signal in signals if signal.about == ALL] == [pytest.approx(1.5)] * 2


def test_every_planted_feed_is_charted() -> None:
    signals = feed_signals(stationary(2).feeds, REFERENCE)
    assert {signal.about for signal in signals if signal.kind is Kind.VOLUME} == {
        f"{feed[0]} {feed[1]}" for feed in FEEDS
    }
