"""The same person, the same bits: alone, in a batch, over HTTP, from the store or from rows that a caller sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from features import windows
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.record.record import Record, of_persons, open_record
from features.record.schema import Column, Kind
from features.record.tables import TABLES
from models import pointer, release
from models.specs import spec
from serving import kept_rows
from serving.answer import Answers
from serving.kept import KEPT_SCORE, Occasion, home_of
from serving.routes import scores_of
from serving.wire import ScoreOut, ScoreRequest
from tests.chains import MODEL, Chain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PEOPLE = 12


def asked(answers: Answers, **given: Any) -> list[ScoreOut]:
    """What a caller is answered."""
    return scores_of(answers.scores(ScoreRequest(model=MODEL, **given), Occasion("http")))


@pytest.fixture
def batch(simulated_chain: Chain, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Some held-out stays with the risk that training gave them, as the run wrote them down."""
    monkeypatch.setenv(pointer.HOME, str(simulated_chain.releases))
    kept = pd.read_parquet(pointer.rows_path(MODEL, 1))
    return kept[kept.risk.notna()].drop_duplicates("person_id").head(PEOPLE).reset_index(drop=True)


def test_serving_gives_the_risk_that_training_wrote_down(simulated_chain: Chain, batch: pd.DataFrame) -> None:
    answered = asked(Answers(simulated_chain.store), stays=batch.stay_id.tolist())
    assert [score.stay_id for score in answered] == batch.stay_id.tolist()
    assert [score.risk for score in answered] == batch.risk.tolist()


def test_one_alone_gets_the_risk_of_the_batch(simulated_chain: Chain, batch: pd.DataFrame) -> None:
    answers = Answers(simulated_chain.store)
    for stay, risk in zip(batch.stay_id[:3], batch.risk[:3], strict=True):
        (alone,) = asked(answers, stays=[stay])
        assert alone.risk == risk


def test_rows_that_a_caller_sends_get_the_risk_of_the_store(simulated_chain: Chain, batch: pd.DataFrame) -> None:
    """All the rows of a person, through JSON and back: every reason is the same too."""
    answers = Answers(simulated_chain.store)
    people = batch.person_id.tolist()[:2]
    record = open_record(simulated_chain.store)
    sent = json.loads(json.dumps(rows_as_sent(of_persons(record, people))))
    by_rows = asked(answers, records=sent)
    by_id = asked(answers, persons=sorted(people))
    assert by_rows == by_id


def test_a_release_predicts_in_serving_what_it_predicts_anywhere(simulated_chain: Chain, batch: pd.DataFrame) -> None:
    """The release alone, on features built once for all index stays of the store."""
    record = open_record(simulated_chain.store)
    rows = prediction_cohort(record).rows
    chosen = rows[rows.stay_id.isin(batch.stay_id)].set_index("stay_id").loc[batch.stay_id].reset_index()
    made = release.load(pointer.champion(MODEL)).predict(build(record, chosen, spec(MODEL).features))
    assert np.array_equal(made, batch.risk.to_numpy("float64"))


@pytest.mark.parametrize("count", [60, pytest.param(1_000, marks=pytest.mark.soak)])
def test_what_is_kept_of_requests_is_what_a_batch_builds(
    simulated_chain: Chain, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features and risks to the bit: asked for in one request and, some, one by one; then read from where they lie."""
    monkeypatch.setenv(pointer.HOME, str(simulated_chain.releases))
    record = open_record(simulated_chain.store)
    rows = prediction_cohort(record).rows.sort_values(["as_of", "stay_id"])
    # a stay that goes on in another hospital is scored at each discharge; asked by its id, at the last
    rows = rows.drop_duplicates("stay_id", keep="last").head(count).reset_index(drop=True)
    champion = release.load(pointer.champion(MODEL))
    built = build(record, rows, spec(MODEL).features)
    home = home_of(f"sqlite:///{tmp_path / 'afterward.db'}", tmp_path / "rows")
    answers = Answers(simulated_chain.store, home=lambda: home)
    stays = rows.stay_id.tolist()
    together = [score.risk for score in asked(answers, stays=stays, reasons=0)]
    alone = [asked(answers, stays=[stay])[0].risk for stay in stays[:: count // 5]]
    assert together == champion.predict(built).tolist()
    assert alone == together[:: count // 5]
    with home.engine.connect() as connection:
        kept = connection.execute(select(KEPT_SCORE).order_by(KEPT_SCORE.c.made_at)).mappings().all()
    days = [score["made_day"] for score in kept]
    told = kept_rows.read(home.folder, MODEL, champion.version, min(days), max(days)).to_pandas().set_index("score_id")
    assert len(kept) == len(told) == len(rows) + len(alone)
    place = {stay: number for number, stay in enumerate(stays)}
    for score in kept:
        number = place[score["stay_id"]]
        assert score["risk"] == together[number]
        assert told.loc[score["score_id"]].to_numpy("float64").tobytes() == built.iloc[number].to_numpy().tobytes()


def rows_as_sent(record: Record) -> dict[str, list[dict[str, Any]]]:
    """Every row of the record as a caller would write it in JSON."""
    return {
        table.name: [
            {column.name: _written(column, row[column.name], record.zone) for column in table.all_columns}
            for row in record.con.to_pyarrow(record[table]).to_pylist()
        ]
        for table in TABLES
        if table.about == "person"
    }


def _written(column: Column, value: Any, zone: str) -> Any:
    if value is None:
        return None
    if column.kind is Kind.DAY:
        return windows.iso(value)
    return windows.stamp(value, zone) if column.kind is Kind.INSTANT else value
