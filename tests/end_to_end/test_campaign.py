"""A campaign on the simulated network, from its store to the list, with a champion that takes no training run: whoever
left the gap open last year will again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from features.catalogue.gaps import HISTORY, LAST_YEAR
from features.dataset import columns
from features.measures.gaps import gaps
from features.measures.gaps_file import OpenGap
from features.measures.value_sets import ValueSets
from features.record.record import Record, open_record
from features.windows import parse_day
from models.calibration import Logistic
from models.release import Release
from models.specs import spec
from models.tiers import Cuts
from serving.campaign import chances as of_gaps
from serving.campaign import ranked
from serving.campaign.call_effects import by_measure
from serving.campaign.ranked import Campaign, campaign
from serving.score import Champion

pytestmark = pytest.mark.slow
DAY = parse_day("2024-09-30")
ASKED = ("CMS122", "CMS347")  # of the second the whole store is counted, whether its packages are known


def as_last_year(model: str) -> Champion:
    """The chance is high where the gap was open last year, and depends on nothing else."""
    declared = columns((HISTORY,))
    names = [column.name for column in declared]
    rng = np.random.default_rng(0)
    X = np.full((2_000, len(names)), np.nan)
    X[:, names.index(LAST_YEAR)] = rng.integers(0, 2, len(X))
    y = rng.random(len(X)) < 0.3 + 0.5 * X[:, names.index(LAST_YEAR)]
    data = lightgbm.Dataset(X, y, feature_name=names, params={"verbose": -1})
    settings = {"objective": "binary", "num_threads": 1, "seed": 0, "verbose": -1}
    release = Release(
        path=Path("releases") / model / "4",
        model=model,
        version=4,
        outcome=model,
        prediction_time="month end",
        feature_fingerprint="",
        data_fingerprint="",
        seed=0,
        booster=lightgbm.train(settings, data, num_boost_round=20),
        calibrator=Logistic(1.0, 0.0),
        columns=declared,
        cuts=Cuts(high=0.6, medium=0.3),
    )
    return Champion(replace(spec(model), features=(HISTORY,)), release)


@pytest.fixture(scope="module")
def champions() -> dict[str, Champion]:
    return {name: as_last_year(f"gap_{name.lower()}") for name in ASKED}


@pytest.fixture(scope="module")
def record(simulated_store: Path) -> Record:
    return open_record(simulated_store)


@pytest.fixture(scope="module")
def made(record: Record, champions: dict[str, Champion]) -> Campaign:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranked, "some_champion_of_gaps", lambda: champions)
        return campaign(record, DAY, 25)


def test_people_with_open_gaps_are_ranked_by_what_one_call_closes(record: Record, made: Campaign) -> None:
    tables = gaps(record, ValueSets(), DAY, ASKED).tables
    still = {
        (who, name)
        for name, table in tables.items()
        for who, status in zip(table["person_id"].to_pylist(), table["status"].to_pylist(), strict=True)
        if status == "open"
    }
    assert len(made.called) == 25
    assert {(each.person_id, gap.measure) for each in made.called for gap in each.gaps} <= still
    expected = [each.expected for each in made.called]
    assert expected == sorted(expected, reverse=True)
    for each in made.called:
        assert each.expected == pytest.approx(sum(gap.chance * by_measure()[gap.measure].share for gap in each.gaps)), (
            "chance times what a call is assumed to do, added up"
        )


def test_the_outreach_list_tells_the_same_chance(
    record: Record, made: Campaign, champions: dict[str, Champion], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_gaps, "champions_of_gaps", lambda: champions)
    [first, *_] = made.called
    listed = {first.person_id: tuple(OpenGap(gap.title, gap.due, gap.closes, gap.measure) for gap in first.gaps)}
    told = of_gaps.chances(record, listed, DAY)
    assert told == {(first.person_id, gap.measure): gap.chance for gap in first.gaps}, "alone as among all, to the bit"
