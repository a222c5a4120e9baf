"""What is kept of a score: who and when, by what, and the features to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from features import windows
from models.explain import Reason
from serving import kept_rows, settings
from serving.kept import KEPT_SCORE, Home, Occasion, Places, home_of, keep
from serving.score import Champion, Scored
from tests.champions import longer_is_riskier

ZONE = "America/New_York"
WHY = Reason("length of stay", "Stayed 9 days", "9 days", "raises", 0.5, actionable=False)
NOON = 1_733_500_000  # 2024-12-06 in New York


@pytest.fixture(scope="module")
def champion() -> Champion:
    return longer_is_riskier()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = home_of(f"sqlite:///{tmp_path / 'afterward.db'}", tmp_path / "rows")
    yield made
    made.engine.dispose()


def scored(champion: Champion, days: list[float]) -> Scored:
    """People who stayed so many days."""
    names = [column.name for column in champion.release.columns]
    features = pd.DataFrame(np.nan, index=range(len(days)), columns=names)
    features["length_of_stay"] = days
    rows = pd.DataFrame(
        {
            "person_id": [f"p{place}" for place in range(len(days))],
            "stay_id": [f"s{place}" for place in range(len(days))],
            "as_of": NOON,
            "discharge_day": 20_000,
        }
    )
    return Scored(rows, features, champion.release.predict(features))


def all_kept(home: Home) -> list[dict[str, Any]]:
    with home.engine.connect() as connection:
        found = connection.execute(select(KEPT_SCORE).order_by(KEPT_SCORE.c.person_id)).mappings().all()
    return [dict(one) for one in found]


def check_kept(home: Home, champion: Champion) -> None:
    made = scored(champion, [2.0, 9.0, 1 / 3])
    keep(home, Occasion("http", "request-1", "ehr"), made, champion, "store-1", ZONE, {1: [WHY]})
    found = all_kept(home)
    assert [one["risk"] for one in found] == made.risk.tolist(), "a risk that was rounded is not what was told"
    assert [one["reasons"] and one["reasons"][0]["sentence"] for one in found] == [None, "Stayed 9 days", None]
    assert {(one["model"], one["version"], one["store"]) for one in found} == {("readmission_30d", 7, "store-1")}
    assert {(one["channel"], one["request_id"], one["caller"]) for one in found} == {("http", "request-1", "ehr")}
    assert {one["list_rank"] for one in found} == {None}
    day = found[0]["made_day"]
    told = kept_rows.read(home.folder, "readmission_30d", 7, day, day).to_pandas().set_index("score_id")
    for one, (_, features) in zip(found, made.features.iterrows(), strict=True):
        assert told.loc[one["score_id"]].to_numpy().tobytes() == features.to_numpy().tobytes()


def test_a_score_is_kept_with_what_it_was_scored_on(home: Home, champion: Champion) -> None:
    check_kept(home, champion)


@pytest.mark.slow
def test_so_it_is_in_postgresql(postgres: str, champion: Champion, tmp_path: Path) -> None:
    home = home_of(postgres, tmp_path / "rows")
    check_kept(home, champion)
    home.engine.dispose()


def test_of_a_list_everyone_has_a_place_and_the_cutoff(home: Home, champion: Champion) -> None:
    made = scored(champion, [2.0, 9.0, 5.0, 9.0])
    keep(home, Occasion("list"), made, champion, "store-1", ZONE, {}, Places(20_001, 2))
    found = all_kept(home)
    assert [one["list_rank"] for one in found] == [4, 1, 3, 2], "of equal risks the order of the rows decides"
    assert {(one["list_day"], one["list_places"]) for one in found} == {(20_001, 2)}
    assert {one["list_cutoff"] for one in found} == {made.risk[3]}, "the lowest risk that had a place"


def test_nobody_scored_leaves_nothing(home: Home, champion: Champion) -> None:
    keep(home, Occasion("list"), scored(champion, []), champion, "store-1", ZONE, {})
    assert all_kept(home) == []
    assert not home.folder.exists()


def test_the_files_of_a_day_that_is_over_become_one(
    home: Home, champion: Champion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (0, 0, 0, 1, 1):
        monkeypatch.setattr(windows, "now", lambda day=day: NOON + day * windows.SECONDS_A_DAY)
        keep(home, Occasion("http"), scored(champion, [2.0, 9.0]), champion, "store-1", ZONE, {})
    today = max(one["made_day"] for one in all_kept(home))
    before = kept_rows.read(home.folder, "readmission_30d", 7, today - 1, today).to_pandas()
    assert kept_rows.gather(home.folder, today) == 3
    assert kept_rows.gather(home.folder, today) == 0
    after = kept_rows.read(home.folder, "readmission_30d", 7, today - 1, today).to_pandas()
    assert len(list(home.folder.rglob("*.parquet"))) == 3, "the day that is not over is left as it is"
    pd.testing.assert_frame_equal(
        before.sort_values("score_id", ignore_index=True), after.sort_values("score_id", ignore_index=True)
    )


def test_a_merge_that_was_killed_doubles_nothing(
    home: Home, champion: Champion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        keep(home, Occasion("http"), scored(champion, [2.0]), champion, "store-1", ZONE, {})
    day = all_kept(home)[0]["made_day"]
    monkeypatch.setattr(Path, "unlink", lambda _: None)
    kept_rows.gather(home.folder, day + 1)
    monkeypatch.undo()
    assert kept_rows.read(home.folder, "readmission_30d", 7, day, day).num_rows == 2


def test_without_a_place_to_keep_it_nothing_is_told(home: Home, champion: Champion) -> None:
    """A score that nobody could look up later must not leave: the fault comes before the answer."""
    home.folder.write_text("in the way")
    with pytest.raises(OSError, match=r"exists|directory"):
        keep(home, Occasion("http"), scored(champion, [2.0]), champion, "store-1", ZONE, {})
    assert all_kept(home) == []


def test_the_folder_is_beside_a_database_that_is_a_file() -> None:
    assert settings.kept({}) == Path("afterward.scores")
    assert settings.kept({"AFTERWARD_DATABASE_URL": "sqlite:////data/net.db"}) == Path("/data/net.scores")
    assert settings.kept({"AFTERWARD_DATABASE_URL": "postgresql://a@b/c"}) == Path("afterward.scores")
    assert settings.kept({"AFTERWARD_KEPT": "/elsewhere"}) == Path("/elsewhere")
