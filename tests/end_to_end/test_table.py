"""What a data scientist runs on a table of their own: train, promote, predict."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from features.errors import BadModel
from models import pointer
from models.metrics import auroc
from models.release import SELF_CHECK
from models.table import release
from serving.cli import predict as predict_command
from serving.predict import predict
from tests.markup import faults
from training import standing
from training.cli import report
from training.promote import judge, promote
from training.question import Question
from training.table import Made, train

pytestmark = pytest.mark.slow
NAME = "returns"


def _table(seed: int, people: int) -> pd.DataFrame:
    """People with one to four visits. The outcome depends on age, on a chapter of codes, and on how many visits came
    before; a patient's later visits stand first in the file.
    """
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), rng.integers(1, 5, people))
    visits = pd.DataFrame({"patient": person, "visit": np.arange(len(person))})
    before = visits.groupby("patient").cumcount().to_numpy()
    age, code = rng.normal(65, 12, len(visits)), rng.integers(100, 900, len(visits))
    score = -3 + 0.04 * (age - 65) + 1.6 * ((code >= 400) & (code < 450)) + 0.8 * before
    happened = rng.random(len(visits)) < 1 / (1 + np.exp(-score))
    told = visits.assign(
        age=age.round(1),
        diagnosis=code,
        ward_id=rng.integers(1, 5, len(visits)),
        outcome=np.where(happened, "back", "home"),
    )
    return told.astype({"diagnosis": str}).iloc[::-1].reset_index(drop=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def made(folder: Path) -> Made:
    _table(1, 1200).to_csv(folder / "train.csv", index=False)
    _table(2, 400).to_csv(folder / "others.csv", index=False)
    asked = Question(folder / "train.csv", 'outcome == "back"', "patient", NAME, time="visit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(pointer.HOME, str(folder / "releases"))
        return train(asked)


@pytest.fixture(autouse=True)
def _at_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pointer.HOME, str(folder / "releases"))


def test_a_model_is_judged_beside_simpler_ones_on_people_it_never_saw(made: Made) -> None:
    judged = made.judged["auroc"]
    assert judged.value > made.baselines["base rate"]["auroc"].value + 0.1
    assert judged.low < judged.value < judged.high
    assert made.judged["calibration_slope"].low < 1 < made.judged["calibration_slope"].high
    assert [column.name for column in made.inferred.columns] == ["age", "diagnosis", "ward_id"], "and not the outcome"


def test_its_risks_hold_on_other_people_in_the_order_of_their_table(made: Made, folder: Path) -> None:
    others = pd.read_csv(folder / "others.csv")
    found = predict(folder / "others.csv", NAME)
    assert found.rows.columns.tolist() == ["patient", "visit", "risk"]
    assert found.rows.visit.astype(int).tolist() == others.visit.tolist()
    y = (others.outcome == "back").to_numpy("float64")
    assert auroc(y, found.rows.risk.to_numpy()) > made.judged["auroc"].low - 0.02
    assert abs(found.rows.risk.mean() / y.mean() - 1) < 0.25


def test_what_a_table_lacks_or_the_model_never_saw_is_told(made: Made, folder: Path) -> None:
    strange = pd.read_csv(folder / "others.csv").drop(columns="age").assign(ward_id=77)
    strange.to_csv(folder / "strange.csv", index=False)
    out = folder / "scores.csv"
    words = ["--table", str(folder / "strange.csv"), "--model", NAME, "--out", str(out)]
    said = CliRunner().invoke(predict_command, words, catch_exceptions=False)
    assert "not in this table, taken as not known: age" in said.stderr
    assert f"never seen in training: {len(strange):,} cells of ward_id" in said.stderr
    assert len(pd.read_csv(out)) == len(strange)


def test_the_champion_predicts_once_there_is_one(made: Made, folder: Path) -> None:
    assert not predict(folder / "others.csv", NAME).is_champion
    assert promote(judge(NAME)).version == made.release.version
    assert predict(folder / "others.csv", NAME).is_champion


def test_the_invented_rows_are_none_of_the_table_and_a_changed_file_is_refused(made: Made, folder: Path) -> None:
    table = pd.read_csv(folder / "train.csv")
    rows = json.loads((made.release.path / SELF_CHECK).read_text())["rows"]
    assert set(rows["patient"]).isdisjoint(table.patient.astype(str))
    assert len(rows["age"]) == release.INVENTED_ROWS
    written = made.release.path / release.TABLE
    kept = written.read_text()
    try:
        written.write_text(kept.replace("ward_id", "ward_ix"))
        with pytest.raises(BadModel, match=r"table\.json changed"):
            release.load(made.release.path)
    finally:
        written.write_text(kept)


def test_its_report_is_a_valid_page_that_names_nobody(made: Made, folder: Path) -> None:
    said = CliRunner().invoke(report, [NAME, "--out", str(folder / "report")], catch_exceptions=False)
    assert said.exit_code == 0
    text = (folder / "report" / "report.html").read_text(encoding="utf-8")
    assert faults(text) == []
    assert {"calibration", "explanations", "columns"} <= set(re.findall(r'<section id="([a-z-]+)"', text))
    facts = json.loads((folder / "report" / "report.json").read_text())["sections"][0]["parts"][1]["facts"]
    assert facts["AUROC"]["value"] == made.judged["auroc"].value
    assert not (folder / "report" / "model_card.xml").exists(), "whom it is for, nobody told us"


def test_the_same_table_and_seed_give_the_same_release_byte_for_byte(made: Made, folder: Path) -> None:
    again = train(Question(folder / "train.csv", 'outcome == "back"', "patient", NAME, time="visit"))
    for name in release.FILES:
        assert (again.release.path / name).read_bytes() == (made.release.path / name).read_bytes(), name
    compared = standing.of_table(again.release, made.release.version)[0]
    assert (compared.verdict, compared.figures["rows"]) == ("pass", made.rows), "each row by models without its person"
    assert set(pd.read_parquet(pointer.rows_path(NAME, again.release.version)).columns) == {
        "person_id",
        "label",
        "risk",
    }
