"""The monitor reads the scores that serving kept, and of whom the worklist says that somebody reached them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import insert

from serving.committee.monitor_kept import kept_here, kept_in
from serving.committee.monitor_scores import nothing_kept
from serving.database import writing
from serving.kept import Occasion, home_of, keep
from serving.score import Scored
from serving.worklist.states import State
from serving.worklist.tables import ITEM
from tests.champions import longer_is_riskier


def test_the_first_score_of_a_stay_with_its_features_and_who_was_reached(tmp_path: Path) -> None:
    home, with_ = home_of(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "rows"), longer_is_riskier()
    names = [column.name for column in with_.release.columns]
    for days in ([9.0, 1.0], [2.0, 2.0]):  # scored twice: the first is what the morning saw
        features = pd.DataFrame(np.nan, index=range(2), columns=names).assign(length_of_stay=days)
        rows = pd.DataFrame(
            {"person_id": ["p0", "p1"], "stay_id": ["s0", "s1"], "as_of": 1_733_500_000, "discharge_day": 20_000}
        )
        scored = Scored(rows, features, with_.release.predict(features))
        keep(home, Occasion("http"), scored, with_, "store", "America/New_York", {})
    filled = {column.name: "" for column in ITEM.columns if not column.nullable}
    whole = {column.name: 0 for column in ITEM.columns if not column.nullable and column.type.python_type is int}
    with writing(home.engine) as connection:
        told = {
            **filled,
            **whole,
            "item_id": "1",
            "state": State.REACHED.value,
            "person_id": "p1",
            "stay_id": "s1",
            "reached_day": 20_001,
        }
        connection.execute(insert(ITEM), told)
    found = kept_in(home.engine, home.folder)(with_, 19_990, 20_010)
    assert found is not None
    told_by = found.keys.assign(stayed=found.X.length_of_stay, reached=found.contacted).sort_values("person_id")
    assert told_by.stayed.tolist() == [9.0, 1.0]
    assert told_by.reached.tolist() == [0.0, 1.0]
    assert told_by.risk.iloc[0] > told_by.risk.iloc[1]
    assert kept_in(home.engine, home.folder)(with_, 0, 100) is None, "nobody was discharged then"
    home.engine.dispose()


def test_looking_makes_no_database(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    assert kept_here({"AFTERWARD_DATABASE_URL": f"sqlite:///{file}"}) is nothing_kept
    assert not file.exists()
