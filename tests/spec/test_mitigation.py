"""What could be done about a list: who gains a place, what it costs, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import BadInput
from models.fairness import cells_of
from models.fairness_closed import on_list
from models.mitigation import called_in_parts, check_places_by, option, reweighed

ONES = np.ones(400)
Y = np.r_[np.repeat([1.0, 0.0], [60, 140]), np.repeat([1.0, 0.0], [30, 170])]
RISK = np.r_[np.linspace(0.9, 0.4, 200), np.linspace(0.5, 0.1, 200)]
PART = np.repeat([0, 1], 200)


def test_capacity_of_its_own_gives_places_by_discharges_and_says_its_price() -> None:
    called, instead = on_list(Y, RISK, 100, ONES), called_in_parts(Y, RISK, PART, 100, ONES)
    assert instead[PART == 0].sum() == pytest.approx(50)
    assert instead[PART == 1].sum() == pytest.approx(50)
    cells = cells_of(pd.DataFrame({"practice": np.asarray(["north", "south"])[PART]}), Y, np.arange(400))
    found = option("capacity", "by practice", Y, called, instead, np.arange(400), cells, ONES)
    assert found.sensitivity == pytest.approx((50 + 30) / 90)
    assert found.price.value == pytest.approx((60 - 80) / 90), "here it finds more, so its price is below 0"
    assert found.price.low < found.price.value < found.price.high
    assert found.moved["practice", "north"] == pytest.approx(-found.moved["practice", "south"])  # type: ignore[operator]


def test_an_odd_place_is_shared() -> None:
    assert called_in_parts(Y, RISK, PART, 101, ONES)[PART == 0].sum() == pytest.approx(50.5)


def test_reweighed_groups_and_outcomes_are_independent() -> None:
    weights = reweighed(Y, PART)
    rates = [np.average(Y[part == PART], weights=weights[part == PART]) for part in (0, 1)]
    assert rates == [pytest.approx(90 / 400)] * 2


@pytest.mark.parametrize(
    "column", ["race", "ethnicity", "language", "sex", "age", "Medicare through disability", "Medicaid beside Medicare"]
)
def test_no_threshold_differs_by_who_people_are(column: str) -> None:
    with pytest.raises(BadInput, match=r"45 CFR 92\.210"):
        check_places_by(column)
