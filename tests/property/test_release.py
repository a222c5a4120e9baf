"""A release is trusted only when every sum, score and feature is what it was; the pointer names one that is."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue.person import DEMOGRAPHICS, INDEX_STAY
from features.dataset import columns
from features.definitions.cohort import prediction_cohort
from features.errors import BadModel
from features.fingerprint import fingerprint
from features.record.tables import table
from models import calibration, pointer, release, self_check
from models.calibration import Logistic
from models.log_odds import risk_of
from models.release import FILES, Contents, Release, load, verify, write
from models.self_check import People, SelfCheck
from models.tiers import Cuts
from tests.histories import ZONE, arrow, random_rows, record_of

pytestmark = pytest.mark.slow
FEATURES = (DEMOGRAPHICS, INDEX_STAY)
MODEL = "readmission_30d"
CALIBRATOR = Logistic(slope=0.9, intercept=-0.1)


def invented_people() -> People:
    rows = random_rows(11, people=12)
    index = prediction_cohort(record_of(rows)).rows.drop_duplicates("person_id", keep="last").reset_index(drop=True)
    assert len(index) >= 5
    return People(index, {name: arrow(table(name), told) for name, told in rows.items()}, ZONE, {})


def contents() -> Contents:
    import lightgbm as lgb

    people = invented_people()
    declared = columns(FEATURES)
    names = [column.name for column in declared]
    random = np.random.default_rng(1)
    X = random.integers(0, 9, size=(400, len(names))).astype(np.float64)
    y = (random.random(400) < risk_of(X[:, 0] / 4 - 2)).astype(np.float64)
    parameters = {"objective": "binary", "num_threads": 1, "deterministic": True, "verbosity": -1, "seed": 1}
    booster = lgb.train(parameters, lgb.Dataset(X, y, feature_name=names), num_boost_round=5)
    built = self_check.features_of(people, FEATURES)
    log_odds = np.asarray(booster.predict(built, raw_score=True))
    return Contents(
        model=MODEL,
        outcome=MODEL,
        prediction_time="discharge",
        feature_fingerprint=fingerprint(FEATURES),
        data_fingerprint="rows",
        seed=1,
        model_text=booster.model_to_string(),
        calibrator=CALIBRATOR,
        columns=declared,
        cuts=Cuts(0.3, 0.2),
        metrics={"auroc": {"value": 0.7}},
        split={},
        baselines=[],
        card="# A card\n",
        check=SelfCheck(built, log_odds, calibration.apply(CALIBRATOR, risk_of(log_odds)), people),
    )


@pytest.fixture(scope="module")
def made() -> Contents:
    return contents()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(pointer.HOME, str(tmp_path))
    return tmp_path


@pytest.fixture
def released(made: Contents, home: Path) -> Release:
    return load(write(made))


def resummed(path: Path) -> None:
    """Make the manifest agree with the files, as someone would who changed one on purpose."""
    sums = {name: release.sha256(path / name) for name in FILES}
    (path / release.MANIFEST).write_text(release.as_json({"format": release.FORMAT, "sha256": sums}))


def test_what_is_written_is_read_back_to_the_bit(made: Contents, released: Release) -> None:
    assert released.columns == made.columns
    assert (released.calibrator, released.cuts, released.seed) == (made.calibrator, made.cuts, made.seed)
    assert released.log_odds(made.check.features).tobytes() == made.check.log_odds.tobytes()
    assert released.predict(made.check.features).tobytes() == made.check.risk.tobytes()
    verify(released, FEATURES)


def test_the_same_contents_give_the_same_bytes(made: Contents, home: Path) -> None:
    first, second = write(made), write(made)
    assert (first.name, second.name) == ("1", "2")
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted([*FILES, release.MANIFEST])
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_nothing_in_a_release_is_a_pickle(released: Release) -> None:
    for path in released.path.iterdir():
        path.read_text(encoding="utf-8")
        assert path.suffix in (".json", ".txt", ".md")


@pytest.mark.parametrize("name", FILES)
def test_a_changed_or_missing_file_is_named(released: Release, name: str) -> None:
    path = released.path / name
    path.write_text(path.read_text() + " ")
    with pytest.raises(BadModel, match=re.escape(name)):
        load(released.path)
    path.unlink()
    with pytest.raises(BadModel, match=re.escape(name)):
        load(released.path)


def test_a_model_that_was_changed_with_its_sum_is_found_by_its_scores(released: Release) -> None:
    path = released.path / release.MODEL
    text = path.read_text()
    leaves = re.search(r"leaf_value=(.*)", text)
    assert leaves is not None
    nudged = " ".join(
        f"{value[:-4]}{'1' if value[-4] == '2' else '2'}{value[-3:]}" for value in leaves.group(1).split(" ")
    )
    path.write_text(text.replace(leaves.group(1), nudged, 1))  # a late digit of each leaf of the first tree
    resummed(released.path)
    with pytest.raises(BadModel, match=r"model\.txt"):
        load(released.path)


def test_a_calibrator_that_was_changed_with_its_sum_is_found_by_its_risks(released: Release) -> None:
    path = released.path / release.CALIBRATION
    path.write_text(release.as_json(calibration.to_json(replace(CALIBRATOR, intercept=-0.1001))))
    resummed(released.path)
    with pytest.raises(BadModel, match=r"calibration\.json"):
        load(released.path)


@pytest.mark.slow
def test_one_differing_feature_bit_refuses_and_names_the_column(made: Contents, home: Path) -> None:
    wrong = made.check.features.copy()
    place = next(i for i, column in enumerate(made.columns) if column.name == "length_of_stay")
    wrong[2, place] = np.nextafter(wrong[2, place], np.inf)
    scores = load(write(made)).log_odds(wrong)
    check = replace(made.check, features=wrong, log_odds=scores, risk=calibration.apply(CALIBRATOR, risk_of(scores)))
    changed = load(write(replace(made, check=check)))  # sums and scores agree: only the record tells
    with pytest.raises(BadModel, match="column length_of_stay built otherwise for 1 self-check people"):
        verify(changed, FEATURES)


def test_other_declarations_than_those_it_was_trained_with_refuse(released: Release) -> None:
    with pytest.raises(BadModel, match="declared otherwise"):
        verify(released, FEATURES[:1])


def test_a_frame_without_a_column_names_it_and_other_columns_do_not_matter(made: Contents, released: Release) -> None:
    names = [column.name for column in made.columns]
    frame = pd.DataFrame(made.check.features, columns=names)
    shuffled = frame[names[::-1]].assign(something_else=1.0)
    assert released.predict(shuffled).tobytes() == made.check.risk.tobytes()
    with pytest.raises(BadModel, match="features without age_years"):
        released.predict(frame.drop(columns="age_years"))
    with pytest.raises(BadModel, match="a matrix of shape"):
        released.predict(made.check.features[:, 1:])
    assert released.predict(made.check.features[:0]).tolist() == []


def test_alone_or_together_a_person_has_the_same_risk(made: Contents, released: Release) -> None:
    together = released.predict(made.check.features)
    alone = [released.predict(row[np.newaxis])[0] for row in made.check.features]
    assert np.asarray(alone).tobytes() == together.tobytes()


values = st.floats(allow_nan=True, allow_infinity=False, width=64)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=8))
def test_a_self_check_survives_json_to_the_bit(cells: list[tuple[float, float]]) -> None:
    features = np.asarray(cells, dtype=np.float64)
    check = SelfCheck(features, np.nan_to_num(features[:, 0]), np.nan_to_num(features[:, 1]), None)
    again = self_check.from_json(json.loads(check.as_text()))
    assert np.array_equal(again.features, features, equal_nan=True)
    assert again.log_odds.tobytes() == check.log_odds.tobytes()
    assert again.as_text() == check.as_text()


# The pointer


def test_nothing_trained_or_promoted_says_what_to_do(home: Path, made: Contents) -> None:
    with pytest.raises(BadModel, match=r"never trained here.*afterward train readmission_30d"):
        pointer.existing(MODEL)
    with pytest.raises(BadModel, match=r"afterward train readmission_30d.*then `afterward promote"):
        pointer.champion(MODEL)
    write(made)
    with pytest.raises(BadModel, match=r"never promoted.*Run `afterward promote readmission_30d`"):
        pointer.champion(MODEL)


def test_the_pointer_moves_in_one_step_and_says_from_where(home: Path, made: Contents) -> None:
    write(made), write(made)
    assert pointer.point(MODEL, 1) is None
    assert pointer.point(MODEL, 2) == 1
    assert pointer.champion(MODEL) == home / MODEL / "2"
    with pytest.raises(BadModel, match="version 9"):
        pointer.point(MODEL, 9)
    assert pointer.champion_version(MODEL) == 2, "what cannot be promoted leaves the champion where it was"
    assert [path.name for path in (home / MODEL).glob(".champion*")] == [], "nothing is left beside it"


def test_a_writer_that_was_killed_leaves_no_version(home: Path, made: Contents) -> None:
    write(made)
    (home / MODEL / ".building.999").mkdir()
    (home / MODEL / "2.rows.parquet").write_bytes(b"")
    assert pointer.versions(MODEL) == [1]
    assert write(made).name == "2"


def test_a_pointer_to_a_version_that_is_gone_is_said(home: Path, made: Contents) -> None:
    shutil.rmtree(write(made).parent / "2", ignore_errors=True)
    write(made)
    pointer.point(MODEL, 2)
    shutil.rmtree(home / MODEL / "2")
    with pytest.raises(BadModel, match="version 2"):
        pointer.champion(MODEL)
