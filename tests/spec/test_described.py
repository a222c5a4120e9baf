"""What a list does for each group: places, shares and intervals by example, and what may not be told."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from models.described import Described, described, wilson
from models.fairness import audit, cells_of
from models.fairness_closed import audit_of_many
from models.intervals import bootstrap
from models.log_odds import risk_of
from models.metrics import auroc, calibration_slope

Floats = npt.NDArray[np.float64]


def some_people(seed: int, rows: int) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """(y, risk, persons): four rows a person, alike within a person, true risks."""
    draw = np.random.default_rng(seed)
    persons = np.arange(rows) // 4
    risk = risk_of(draw.normal(-1.5, 0.9, rows // 4)[persons] + draw.normal(0, 0.4, rows))
    return (draw.random(rows) < risk).astype(np.float64), risk, persons


def told(y: Floats, risk: Floats, persons: npt.NDArray[np.int64], groups: pd.DataFrame, places: int) -> list[Described]:
    return list(described(y, risk, persons, cells_of(groups, y, persons), places))


def test_closed_forms_say_of_every_group_what_resamples_say() -> None:
    y, risk, persons = some_people(1, 6_000)
    groups = pd.DataFrame(
        {"race": np.asarray(["a", "b", "c"])[persons % 3], "sex": np.where(persons % 2 == 0, "f", "m")}
    )
    by_resamples = audit(y, risk, persons, groups, 900, resamples=400)
    closed = audit_of_many(y, risk, persons, cells_of(groups, y, persons), 900)
    assert closed.sensitivity == pytest.approx(by_resamples.sensitivity)
    assert closed.reach == pytest.approx(by_resamples.reach, rel=0.1)
    for one, other in zip(closed.groups, by_resamples.groups, strict=True):
        assert (one.column, one.name, one.people, one.events) == (other.column, other.name, other.people, other.events)
        for ours, theirs in (
            (one.difference, other.difference),
            (one.observed_to_expected, other.observed_to_expected),
        ):
            assert ours.value == pytest.approx(theirs.value)
            assert ours.high - ours.low == pytest.approx(theirs.high - theirs.low, rel=0.2)


def test_intervals_of_described_figures_draw_a_person_s_rows_together() -> None:
    y, risk, persons = some_people(2, 4_000)
    found = told(y, risk, persons, pd.DataFrame({"all": ["one"] * 4_000}), 400)[0].figures
    drawn = bootstrap(y, risk, persons, (auroc, calibration_slope), resamples=400)
    for name in ("auroc", "calibration_slope"):
        assert found[name].value == pytest.approx(drawn[name].value, rel=1e-6)
        assert found[name].high - found[name].low == pytest.approx(drawn[name].high - drawn[name].low, rel=0.15)
    copies = told(np.tile(y, 2), np.tile(risk, 2), np.tile(persons, 2), pd.DataFrame({"all": ["one"] * 8_000}), 800)
    twice = copies[0].figures["prevalence"]
    assert twice.high - twice.low == pytest.approx(found["prevalence"].high - found["prevalence"].low, rel=0.01), (
        "the same rows of the same people once more tell nothing new"
    )


def test_places_and_who_loses_them() -> None:
    y = np.r_[np.repeat([1.0, 0.0], [30, 70]), np.repeat([1.0, 0.0], [30, 70])]
    risk = np.r_[np.linspace(0.9, 0.5, 100), np.linspace(0.6, 0.2, 100)]
    groups = pd.DataFrame({"race": np.repeat(["first", "second"], 100)})
    few = told(y, risk, np.arange(200), groups, 80)
    assert [one.places for one in few] == [None, None], "3 of the second are called, as 80 less 77 would tell"
    more = told(y, risk, np.arange(200), groups, 100)
    assert [one.places for one in more] == [pytest.approx(87, abs=1), pytest.approx(13, abs=1)]
    assert [one.due for one in more] == [50, 50], "with as many events each would have half of the list"


def test_no_share_leads_back_to_a_few_people() -> None:
    y, risk, persons = np.zeros(300), np.linspace(0.1, 0.9, 300), np.arange(300)
    y[[5, 100, 200]] = 1
    found = told(y, risk, persons, pd.DataFrame({"sex": np.where(persons < 150, "f", "m")}), 50)
    for one in found:
        assert np.isnan(one.figures["prevalence"].value), "three events lead back to three people"
        assert np.isnan(one.figures["auroc"].value), "and are too few to judge"


def test_wilson_by_example() -> None:
    found = wilson(0.0, 50)
    assert found.low == 0
    assert found.high == pytest.approx(0.07135, abs=1e-5), "none of 50 is not none of all"
    assert wilson(0.5, 100).low == pytest.approx(0.40383, abs=1e-5)
