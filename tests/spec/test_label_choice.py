"""A label that counts care is caught where care is not given equally, and another is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.fairness import cells_of
from models.label_choice import UNDERSTATES, Choice, illness, label_choice
from models.log_odds import risk_of
from models.verdicts import Verdict
from tests.planted_label import ILLNESS, LESS_CARE, discharges


def chosen(rows: pd.DataFrame, race: pd.Series) -> dict[str, Choice]:
    y, persons = rows.label.to_numpy(), rows.person.to_numpy()
    ill = illness(y, rows[["age", *ILLNESS]].to_numpy())
    cells = cells_of(pd.DataFrame({"race": race}), y, persons)
    found = label_choice(y, rows.risk.to_numpy(), ill, persons, cells, len(rows) // 20)
    return {one.name: one for one in found}


@pytest.mark.slow
def test_the_biased_label_of_the_simulator_is_caught() -> None:
    rows = discharges(10_000, bias=0.3)
    found = chosen(rows, rows.race)
    assert found[LESS_CARE].says == UNDERSTATES
    assert [one.name for one in found.values() if one.says == UNDERSTATES] == [LESS_CARE], "and of nobody else"
    one = found[LESS_CARE]
    assert one.by_risk is not None
    assert one.by_illness is not None
    assert one.by_risk < one.by_illness, "a list by illness would hold more of them"


@pytest.mark.slow
def test_the_unbiased_label_passes() -> None:
    rows = discharges(20_000, bias=0.0)
    found = chosen(rows, rows.race.where(rows.race == LESS_CARE, "others"))
    assert found[LESS_CARE].verdict is Verdict.PASS
    assert found["others"].verdict is Verdict.PASS


def test_illness_is_learned_with_what_was_not_measured() -> None:
    draw = np.random.default_rng(0)
    measured = draw.normal(size=4_000)
    y = (draw.random(4_000) < risk_of(measured - 2)).astype(float)
    told = np.where(draw.random(4_000) < 0.2, np.nan, measured)[:, np.newaxis]
    found = illness(y, told)
    assert found.sum() == pytest.approx(y.sum(), rel=0.02)
    assert np.corrcoef(found[~np.isnan(told[:, 0])], measured[~np.isnan(told[:, 0])])[0, 1] > 0.9
    assert illness(y, np.full((4_000, 1), np.nan)) == pytest.approx(np.full(4_000, y.mean())), "nothing measured"


def test_too_few_events_are_never_a_number() -> None:
    rows = pd.DataFrame({"label": np.r_[np.ones(10), np.zeros(390)], "person": np.arange(400)})
    cells = cells_of(pd.DataFrame({"race": ["a", "b"] * 200}), rows.label.to_numpy(), rows.person)
    assert label_choice(rows.label, np.full(400, 0.1), np.full(400, 0.1), rows.person, cells, 20) == ()
