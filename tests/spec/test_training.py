"""What training learns, by example: specs, calibrators, baselines, the trees, and how a version is judged."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from features import windows
from features.catalogue.gaps import FORESEEN
from features.dataset import columns
from features.definitions.cohort import PREDICTION_RULES
from features.errors import BadInput, BadModel
from features.measures.outcomes import GapOutcome
from models import calibration, specs
from models.calibration import Beta, Isotonic, Logistic
from models.log_odds import log_odds, risk_of
from models.specs import OF_DISCHARGES, SPECS, spec
from models.specs.spec import OUTCOME_RULES, Spec
from training import baselines, calibrate, card
from training.evaluate import HEADLINE, evaluated, judge
from training.fit import PARAMETERS, Lesson, fit
from training.tune import NO_SEARCH, Budget, tune

Floats = npt.NDArray[np.float64]


# Specs


def test_every_file_with_a_spec_is_among_the_specs() -> None:
    modules = [importlib.import_module(f"models.specs.{found.name}") for found in pkgutil.iter_modules(specs.__path__)]
    declared = [module.SPEC for module in modules if hasattr(module, "SPEC")]
    assert sorted(s.name for s in declared) == sorted(s.name for s in SPECS)
    assert len({s.name for s in SPECS}) == len(SPECS)


@pytest.mark.parametrize("asked", OF_DISCHARGES, ids=lambda s: s.name)
def test_a_spec_scores_by_what_is_known_at_discharge_only(asked: Spec) -> None:
    assert asked.scored.rules == PREDICTION_RULES
    assert set(asked.scored.rules) < set(asked.trained.rules), "training may also ask whether the outcome could be seen"
    assert asked.name == asked.outcome.name


def test_whoever_has_an_open_gap_is_scored_and_only_training_asks_what_became_of_it() -> None:
    of_gaps = [asked for asked in SPECS if isinstance(asked.outcome, GapOutcome)]
    assert {asked.name for asked in of_gaps} == {"gap_pooled", *(f"gap_{name.lower()}" for name in FORESEEN)}
    for asked in of_gaps:
        assert asked not in OF_DISCHARGES
        assert asked.prediction_time == "month end"
        assert asked.scored.rules == ()
        assert asked.trained.rules == asked.measured.rules == OUTCOME_RULES
        assert not any("contact" in column.name for column in columns(asked.features)), "a call is never a feature"


def test_an_unknown_model_lists_the_choices() -> None:
    with pytest.raises(BadModel, match="readmission_30d, adverse_event_21d"):
        spec("readmissions")


# Calibration


def outcomes(rows: int, seed: int, slope: float, shift: float) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """(y, risk, persons) where logit(true risk) = shift + slope x logit(risk)."""
    random = np.random.default_rng(seed)
    risk = risk_of(random.normal(-1.5, 1.0, rows))
    y = (random.random(rows) < risk_of(shift + slope * log_odds(risk))).astype(np.float64)
    return y, risk, np.arange(rows) // 2


def test_a_planted_distortion_is_found() -> None:
    y, risk, persons = outcomes(40_000, 1, slope=0.6, shift=0.4)
    chosen = calibrate.calibrate(y, risk, persons)
    told = calibration.apply(chosen.calibrator, risk)
    truth = risk_of(0.4 + 0.6 * log_odds(risk))
    assert np.abs(told - truth).mean() < 0.005
    assert set(chosen.log_loss) == {"logistic", "beta", "isotonic"}


def test_the_simplest_curve_is_kept_unless_another_is_clearly_better() -> None:
    y, risk, persons = outcomes(2_000, 2, slope=1.0, shift=0.0)
    assert isinstance(calibrate.calibrate(y, risk, persons).calibrator, Logistic)


def test_a_step_that_no_smooth_curve_follows_is_taken_by_the_isotonic_one() -> None:
    random = np.random.default_rng(3)
    risk = random.random(20_000)
    y = (random.random(20_000) < np.where(risk > 0.7, 0.9, 0.1)).astype(np.float64)
    chosen = calibrate.calibrate(y, risk, np.arange(20_000)).calibrator
    assert isinstance(chosen, Isotonic)
    assert calibration.from_json(json.loads(json.dumps(calibration.to_json(chosen)))) == chosen


def test_with_few_events_only_the_level_is_moved() -> None:
    y, risk, persons = outcomes(200, 4, slope=1.0, shift=0.5)
    assert y.sum() < calibrate.EVENTS_FOR_A_SLOPE
    chosen = calibrate.calibrate(y, risk, persons).calibrator
    assert isinstance(chosen, Logistic)
    assert chosen.slope == 1.0
    assert calibration.apply(chosen, risk).sum() == pytest.approx(y.sum())


def test_beta_never_turns_the_ranking_round() -> None:
    y, risk, _ = outcomes(3_000, 5, slope=-0.5, shift=0.0)
    fitted = calibrate.beta(y, risk)
    assert isinstance(fitted, Logistic) or (isinstance(fitted, Beta) and fitted.a >= 0 and fitted.b >= 0)


# Baselines


def test_prior_admissions_counts_stays_that_ended_in_the_year_before() -> None:
    day = windows.parse_day("2024-06-01")
    stays = [("a", day, day + 3), ("a", day - 365, day - 365), ("a", day - 366, day - 366), ("a", day - 1, day - 1)]
    stays += [("a", day - 5, day), ("b", day - 9, day - 2), ("a", day + 9, day + 9)]
    cohort = pd.DataFrame(stays, columns=["person_id", "admit_day", "discharge_day"])
    found = baselines.prior_admissions(cohort.head(1), cohort)
    assert found.tolist() == [2.0], "day 365 counts, 366 does not; nor one that ended on the day, later, or another's"


def test_prior_admissions_agrees_with_counting_one_by_one() -> None:
    random = np.random.default_rng(6)
    admit = random.integers(19_000, 20_000, 300)
    frame = pd.DataFrame({"person_id": random.integers(0, 20, 300).astype(str), "admit_day": admit})
    frame["discharge_day"] = admit + random.integers(0, 9, 300)
    slow = [
        float(((frame.person_id == person) & (began - frame.discharge_day).between(1, 365)).sum())
        for person, began in zip(frame.person_id, admit, strict=True)
    ]
    assert baselines.prior_admissions(frame, frame).tolist() == slow


def learned_baselines() -> tuple[pd.DataFrame, Floats, dict[str, baselines.Linear]]:
    random = np.random.default_rng(7)
    X = pd.DataFrame(random.normal(size=(3_000, 4)), columns=["age_years", "female", "useful", "empty"])
    X["empty"] = np.nan
    X.loc[::5, "useful"] = np.nan
    X[baselines.PRIOR_ADMISSIONS] = random.poisson(1.0, 3_000).astype(float)
    score = -2 + 0.5 * X[baselines.PRIOR_ADMISSIONS] + X.useful.fillna(0)
    y = (random.random(3_000) < risk_of(score.to_numpy())).astype(np.float64)
    place = np.arange(3_000)
    stages = place < 1_200, (place >= 1_200) & (place < 1_500)
    return X, y, baselines.learn(X, y, place < 1_500, (place >= 1_500) & (place < 2_500), stages)


def test_baselines_are_the_four_that_are_always_shown_and_survive_json_to_the_bit() -> None:
    X, y, learned = learned_baselines()
    assert list(learned) == [
        "base rate",
        "admissions in the prior year",
        "logistic regression: age, sex, prior admissions",
        "logistic regression: all columns",
    ]
    assert learned["base rate"].risk(X).tolist() == pytest.approx([y[:1_500].mean()] * len(X))
    assert "empty" not in learned["logistic regression: all columns"].columns
    for other in learned.values():
        again = baselines.from_json(json.loads(json.dumps({"name": "x", **other.to_json()})))
        assert again.risk(X).tobytes() == other.risk(X).tobytes()


def test_baselines_are_brought_to_level_as_the_model_is() -> None:
    X, y, learned = learned_baselines()
    levelled = slice(1_500, 2_500)
    for name, other in learned.items():
        if name != "base rate":
            assert other.risk(X)[levelled].mean() == pytest.approx(y[levelled].mean(), rel=0.02), name


# Trees


def a_lesson(y_of: Callable[[Floats, npt.NDArray[np.int64]], Floats]) -> Lesson:
    """Rows of five months; the label by its risk's log-odds, given the columns and the days."""
    random = np.random.default_rng(8)
    X, days = random.normal(size=(1_500, 6)), np.arange(1_500) // 10
    X[::7, 2] = np.nan
    y = (random.random(1_500) < risk_of(y_of(X, days))).astype(np.float64)
    fitted = np.arange(1_500) < 1_100
    return Lesson(X, y, days, tuple(f"c{n}" for n in range(6)), fitted, ~fitted)


def test_the_same_seed_grows_the_same_trees_and_noise_stops_early() -> None:
    lesson = a_lesson(lambda X, _: -1 + X[:, 0])
    first, again = (fit(lesson, seed=3) for _ in range(2))
    other = fit(lesson, seed=4)
    assert first.booster.model_to_string() == again.booster.model_to_string()
    assert first.booster.model_to_string() != other.booster.model_to_string()
    assert first.booster.num_trees() == first.trees < len(first.tuning_log_loss), (
        "it stopped before the last tree tried"
    )
    noise = fit(replace(lesson, y=np.random.default_rng(8).permutation(lesson.y)), seed=3)
    assert noise.trees < first.trees, "nothing to learn, so few trees"


def test_a_rate_that_falls_with_the_months_is_not_learned_as_a_risk_of_whom() -> None:
    """Column 1 grows with the calendar and tells nothing of anybody: without the trend beside it, it would be the
    model's best column.
    """

    def falling(X: Floats, days: npt.NDArray[np.int64]) -> Floats:
        X[:, 1] = days + X[:, 1]
        return np.asarray(0.7 * X[:, 0] - days / 50, dtype=np.float64)

    lesson = a_lesson(falling)
    made = fit(lesson, seed=3)
    gained = made.booster.feature_importance("gain")
    assert gained[1] < 0.5 * gained[0]
    told = risk_of(np.asarray(made.booster.predict(lesson.X, raw_score=True), dtype=np.float64))
    last = lesson.days >= 100
    assert told[last].mean() == pytest.approx(risk_of(-150 / 50 + 0.7 * lesson.X[:, 0]).mean(), abs=0.02), (
        "the risk is told as it was at the end"
    )


# Settings


@pytest.mark.slow
def test_the_same_budget_of_trials_finds_the_same_settings_interrupted_or_not(tmp_path: Path) -> None:
    lesson = a_lesson(lambda X, _: -1 + X[:, 0] * X[:, 3])
    whole = tune(lesson, 3, Budget(trials=10), tmp_path / "whole.db", "q")
    tune(lesson, 3, Budget(trials=4), tmp_path / "parted.db", "q")
    parted = tune(lesson, 3, Budget(trials=10), tmp_path / "parted.db", "q")
    assert parted == whole
    assert tune(lesson, 4, Budget(trials=10), tmp_path / "whole.db", "q").tried[1:] != whole.tried[1:], "another seed"
    first, *others = whole.tried
    assert first.settings == {name: PARAMETERS[name] for name in first.settings}, "the settings that stand are tried"
    found = [one.log_loss for one in others if one.log_loss is not None]
    assert first.log_loss is not None
    assert min(found) < first.log_loss, "an interaction asks for more leaves"
    assert whole.parameters["num_leaves"] > 2
    assert any(one.log_loss is None for one in others), "and whatever is hopeless is given up"


def test_without_a_budget_the_settings_that_stand_are_taken_and_a_time_cannot_be_repeated(tmp_path: Path) -> None:
    lesson = a_lesson(lambda X, _: -1 + X[:, 0])
    assert tune(lesson, 3, NO_SEARCH, tmp_path / "tuning.db", "q").parameters == PARAMETERS
    assert not (tmp_path / "tuning.db").exists()
    timed = tune(lesson, 3, Budget(seconds=0.1), tmp_path / "tuning.db", "q")
    assert len(timed.tried) >= 1
    assert "cannot be repeated" in str(timed.to_json()["budget"])
    with pytest.raises(BadInput, match="one budget"):
        Budget(trials=1, seconds=1)


# Judging


def some_rows(events: int) -> tuple[pd.DataFrame, Floats]:
    random = np.random.default_rng(9)
    rows = pd.DataFrame(
        {"person_id": random.integers(0, 150, 300).astype(str), "discharge_day": np.arange(300) + 19_000}
    )
    rows["label"] = (np.arange(300) < events).astype(float)
    return rows.assign(followed_days=np.where(rows.label == 1, 10, 30)), random.random(300)


def some_censored(rows: int, day: int = 19_100) -> pd.DataFrame:
    return pd.DataFrame({"discharge_day": [day] * rows, "followed_days": [20] * rows})


def test_the_json_of_an_evaluation_is_what_readers_of_it_expect() -> None:
    rows, risk = some_rows(60)
    found = evaluated("readmission_30d", 3, "held out", rows, risk, {"base rate": np.full(300, 0.2)}, some_censored(3))
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (written["rows"], written["events"], written["version"]) == (300, 60, 3)
    assert written["period"] == {"first": windows.iso(19_000), "last": windows.iso(19_299)}
    for metric in HEADLINE:
        assert set(written[metric.name]) == {"value", "low", "high"}
        assert written[metric.name]["low"] <= written[metric.name]["value"] <= written[metric.name]["high"]
    assert written["baselines"]["base rate"]["auroc"]["value"] == 0.5
    assert written["baselines"]["base rate"]["calibration_slope"]["value"] is None, "one risk for all has no slope"
    assert "readmission_30d" in card.metrics_table(found)
    assert written["censored"] == {"rows": 3, "share": 3 / 303, "weighted": False}
    assert "3 more discharges of these days have no label" in card.censored_line(found)


def test_those_who_left_in_the_judged_period_are_stood_for_by_the_others() -> None:
    rows, risk = some_rows(60)
    plain, outside, weighted = (
        evaluated("readmission_30d", 3, "held out", rows, risk, {}, gone).judged["brier"].value
        for gone in (some_censored(0), some_censored(90, day=18_000), some_censored(90))
    )
    assert plain == outside != weighted


def test_rows_without_an_event_judge_nothing() -> None:
    rows, risk = some_rows(0)
    with pytest.raises(BadInput, match="300 rows to judge readmission_30d on, 0 with the outcome"):
        evaluated("readmission_30d", 1, "held out", rows, risk, {}, some_censored(0))


def test_intervals_draw_people_not_rows() -> None:
    rows, risk = some_rows(60)
    y = rows.label.to_numpy()
    alone = judge(y, risk, np.arange(300))["auroc"]
    tenfold = judge(np.tile(y, 10), np.tile(risk, 10), np.tile(np.arange(300), 10))["auroc"]
    assert tenfold.high - tenfold.low == pytest.approx(alone.high - alone.low, rel=0.1), (
        "copies of a person tell no more"
    )
