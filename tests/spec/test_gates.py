"""What each gate lets through and what it stops, on small arrays."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from models.intervals import Interval
from models.log_odds import risk_of
from models.shift import psi, psi_beyond_chance
from models.verdicts import Verdict
from training import gates
from training.gates import Gate, Pairs
from training.implausible import Sign, alarm, alone, labels_in_time, too_good, twins

Floats = npt.NDArray[np.float64]
PASS, FAIL, TOO_FEW = Verdict.PASS, Verdict.FAIL, Verdict.TOO_FEW
NOTHING = Interval(math.nan, math.nan, math.nan)


def scores(rows: int, seed: int) -> tuple[Floats, Floats]:
    """(y, log-odds) of which the risks are true."""
    draw = np.random.default_rng(seed)
    log_odds = draw.normal(-1.5, 1.0, rows)
    return (draw.random(rows) < risk_of(log_odds)).astype(np.float64), log_odds


# Discrimination


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.55, 0.7, PASS), (0.48, 0.6, TOO_FEW), (0.3, 0.45, FAIL), (math.nan, math.nan, TOO_FEW)],
)
def test_a_first_version_must_be_better_than_lots(low: float, high: float, verdict: Verdict) -> None:
    assert gates.discrimination(Interval((low + high) / 2, low, high)).verdict is verdict


def test_a_version_may_not_be_worse_than_the_champion_on_the_same_rows() -> None:
    y, log_odds = scores(3_000, 1)
    noise = np.random.default_rng(2).normal(0, 2, len(y))
    persons = np.arange(len(y)) // 2
    good, bad = risk_of(log_odds), risk_of(log_odds + noise)
    worse = gates.discrimination_beside(3, Pairs(y, bad, good, persons))
    assert worse.verdict is FAIL
    assert worse.figures["difference"]["high"] < -0.01
    assert "version 3" in worse.says
    assert gates.discrimination_beside(3, Pairs(y, good, bad, persons)).verdict is PASS
    assert gates.discrimination_beside(3, Pairs(y, good, good, persons)).verdict is PASS, "the same is not worse"
    few, alike = slice(0, 120), risk_of(log_odds + noise / 8)
    assert gates.discrimination_beside(3, Pairs(y[few], alike[few], good[few], persons[few])).verdict is TOO_FEW


@pytest.mark.parametrize("y", [[], [0.0, 0.0], [1.0, 1.0]])
def test_without_rows_that_neither_saw_nothing_is_compared(y: list[float]) -> None:
    none = np.asarray(y)
    found = gates.discrimination_beside(1, Pairs(none, none, none, np.arange(len(y))))
    assert found.verdict is TOO_FEW
    assert gates.discrimination_beside(1, None).verdict is TOO_FEW


# Calibration


@pytest.mark.parametrize(
    ("slope", "ratio", "verdict"),
    [
        ((0.95, 1.05), (0.97, 1.03), PASS),
        ((0.95, 1.05), (0.80, 0.94), FAIL),
        ((0.60, 0.89), (0.97, 1.03), FAIL),
        ((0.85, 1.05), (0.97, 1.03), TOO_FEW),
        ((0.60, 0.89), (0.80, 1.20), FAIL),
    ],
)
def test_calibration_needs_slope_and_level(
    slope: tuple[float, float], ratio: tuple[float, float], verdict: Verdict
) -> None:
    judged = {"calibration_slope": Interval(1.0, *slope), "observed_to_expected": Interval(1.0, *ratio)}
    assert gates.calibration(judged).verdict is verdict


def test_a_figure_that_there_is_not_is_null_in_json_and_no_pass() -> None:
    found = gates.calibration({"calibration_slope": NOTHING, "observed_to_expected": Interval(1.0, 0.97, 1.03)})
    assert found.verdict is TOO_FEW
    again = gates.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert again == found


# Latency


def test_a_slow_answer_is_stopped_by_the_median_and_not_by_one_hiccup(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.cumsum([0.0, 5.0] + [0.0, 0.02] * (gates.ANSWERS_TIMED - 1)).tolist())
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    found = gates.latency(lambda: None)
    assert found.verdict is PASS
    assert found.figures["seconds"] == pytest.approx(0.02)
    clock = iter(np.cumsum([0.0, 0.2] * gates.ANSWERS_TIMED).tolist())
    assert gates.latency(lambda: None).verdict is FAIL


# Score shift


def test_psi_by_hand() -> None:
    """Tenths of 1,000 rows; of the newest half lie in the first tenth, the rest as before."""
    then = np.arange(1_000) / 1_000
    now = np.concatenate([np.repeat(0.05, 500), then[::2]])
    was, is_now = np.r_[0.1, np.full(9, 0.1)], np.r_[0.55, np.full(9, 0.05)]
    assert psi(then, now) == pytest.approx(((is_now - was) * np.log(is_now / was)).sum(), abs=0.02)
    assert psi(then, then) == 0
    assert math.isnan(psi(then, []))


def test_chance_alone_is_no_shift_even_among_few() -> None:
    for seed in range(8):
        draw = np.random.default_rng(seed)
        then, now = draw.normal(0, 1, 80), draw.normal(0, 1, 60)
        found = psi_beyond_chance(then, now, np.arange(140), resamples=200)
        assert found.low < 0.1, "80 rows against 60 differ by 0.27 by chance"
        assert gates.score_shift(then, now, np.arange(140)).verdict is not FAIL


def test_scores_that_moved_are_stopped() -> None:
    draw = np.random.default_rng(3)
    then, now = draw.normal(0, 1, 800), draw.normal(0.8, 1, 700)
    assert gates.score_shift(then, now, np.arange(1_500)).verdict is FAIL
    assert gates.score_shift(then, now - 0.8, np.arange(1_500)).verdict is PASS


# Implausibility


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Interval(0.70, 0.66, 0.74), PASS),
        (Interval(0.80, 0.70, 0.90), TOO_FEW),
        (Interval(0.92, 0.83, 0.97), FAIL),
        (NOTHING, TOO_FEW),
    ],
)
def test_an_auroc_above_what_is_plausible_alarms(found: Interval, verdict: Verdict) -> None:
    assert too_good(found, 0.85).verdict is verdict


def test_one_column_that_explains_all_alarms_also_where_it_is_told_by_being_there() -> None:
    y, log_odds = scores(2_000, 4)
    leak = np.where((y == 1) & (np.arange(2_000) % 10 > 0), 1.0, np.nan)
    X = pd.DataFrame({"honest": log_odds, "readmission_bill": leak})
    found = alone(X, y, model_auroc=0.97)
    assert found.verdict is FAIL
    assert "readmission_bill" in found.says
    assert alone(X[["honest"]], y, model_auroc=0.76).verdict is PASS, "a good column of an honest model"


def table_of(slices: list[str], seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = pd.DataFrame({"slice": slices, "person_id": np.arange(len(slices)).astype(str)})
    rows["discharge_day"] = 20_000 + np.arange(len(slices))
    rows["label_known_day"], rows["label"] = rows.discharge_day, 0.0
    X = pd.DataFrame(np.random.default_rng(seed).normal(size=(len(slices), 6)), columns=list("abcdef"))
    return X, rows


def test_near_twins_of_events_across_slices_alarm() -> None:
    X, rows = table_of(["train"] * 200 + ["calibrate"] * 50 + ["holdout"] * 100, 5)
    assert twins(X, rows).verdict is PASS
    copied = X.copy()
    copied.iloc[250:256] = X.iloc[0:6].to_numpy() * 1.00001
    events = rows.assign(label=(rows.index < 276).astype(float))
    assert twins(copied, events).verdict is FAIL, "6 of 26 events are training rows, all but for the last digits"
    assert twins(copied, rows).verdict is PASS, "as many of those without the outcome look alike by chance"
    same_slice = X.copy()
    same_slice.iloc[250:256] = X.iloc[340:346].to_numpy()
    assert twins(same_slice, events).verdict is PASS, "twins within the hold-out give nothing away"


def test_a_file_that_was_loaded_twice_under_other_numbers_alarms() -> None:
    X, rows = table_of(["train"] * 100 + ["holdout"] * 100, 8)
    X.iloc[100:] = X.iloc[:100].to_numpy()
    assert twins(X, rows).verdict is FAIL


def test_a_person_in_two_slices_alarms() -> None:
    X, rows = table_of(["train"] * 200 + ["holdout"] * 100, 6)
    rows.loc[250, "person_id"] = "3"
    assert twins(X, rows).verdict is FAIL


def test_a_label_that_came_after_the_next_slice_began_alarms() -> None:
    _, rows = table_of(["train"] * 20 + ["calibrate"] * 20 + ["holdout"] * 20, 7)
    assert labels_in_time(rows).verdict is PASS
    for place, verdict in ((19, FAIL), (39, FAIL), (59, PASS)):
        late = rows.assign(label_known_day=rows.label_known_day + 5 * (np.arange(60) == place))
        assert labels_in_time(late).verdict is verdict


def test_the_alarm_tells_what_was_found_and_what_was_looked_for() -> None:
    signs = [Sign("AUROC", PASS, "AUROC 0.7", 0.7), Sign("one column", FAIL, "stay_id alone has 0.99", 0.99)]
    found = alarm(signs)
    assert (found.verdict, found.says) == (FAIL, "stay_id alone has 0.99")
    assert set(found.figures) == {"AUROC", "one column"}
    assert alarm(signs[:1]) == Gate(
        "implausibility",
        PASS,
        "nothing that hints at a leak: AUROC",
        {"AUROC": {"verdict": "pass", "says": "AUROC 0.7", "number": 0.7}},
    )
