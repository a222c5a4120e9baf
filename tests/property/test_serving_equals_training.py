"""The same person, the same risk: alone, in a batch, over HTTP, from the store or from rows that a caller sends."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features import windows
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.record.record import Record, of_persons, open_record
from features.record.schema import Column, Kind
from features.record.tables import TABLES
from models import pointer, release
from models.specs import spec
from serving.answer import Answers
from serving.wire import ScoreRequest
from tests.chains import MODEL, Chain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PEOPLE = 12


@pytest.fixture
def batch(simulated_chain: Chain, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Some held-out stays with the risk that training gave them, as the run wrote them down."""
    monkeypatch.setenv(pointer.HOME, str(simulated_chain.releases))
    kept = pd.read_parquet(pointer.rows_path(MODEL, 1))
    return kept[kept.risk.notna()].drop_duplicates("person_id").head(PEOPLE).reset_index(drop=True)


def test_serving_gives_the_risk_that_training_wrote_down(simulated_chain: Chain, batch: pd.DataFrame) -> None:
    answered = Answers(simulated_chain.store).scores(ScoreRequest(model=MODEL, stays=batch.stay_id.tolist()))
    assert [score.stay_id for score in answered.scores] == batch.stay_id.tolist()
    assert [score.risk for score in answered.scores] == batch.risk.tolist()


def test_one_alone_gets_the_risk_of_the_batch(simulated_chain: Chain, batch: pd.DataFrame) -> None:
    answers = Answers(simulated_chain.store)
    for stay, risk in zip(batch.stay_id[:3], batch.risk[:3], strict=True):
        (alone,) = answers.scores(ScoreRequest(model=MODEL, stays=[stay])).scores
        assert alone.risk == risk


def test_rows_that_a_caller_sends_get_the_risk_of_the_store(simulated_chain: Chain, batch: pd.DataFrame) -> None:
    """All the rows of a person, through JSON and back: every reason is the same too."""
    answers = Answers(simulated_chain.store)
    people = batch.person_id.tolist()[:2]
    record = open_record(simulated_chain.store)
    sent = json.loads(json.dumps(rows_as_sent(of_persons(record, people))))
    by_rows = answers.scores(ScoreRequest(model=MODEL, records=sent)).scores
    by_id = answers.scores(ScoreRequest(model=MODEL, persons=sorted(people))).scores
    assert by_rows == by_id


def test_a_release_predicts_in_serving_what_it_predicts_anywhere(simulated_chain: Chain, batch: pd.DataFrame) -> None:
    """The release alone, on features built once for all index stays of the store."""
    record = open_record(simulated_chain.store)
    rows = prediction_cohort(record).rows
    chosen = rows[rows.stay_id.isin(batch.stay_id)].set_index("stay_id").loc[batch.stay_id].reset_index()
    made = release.load(pointer.champion(MODEL)).predict(build(record, chosen, spec(MODEL).features))
    assert np.array_equal(made, batch.risk.to_numpy("float64"))


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
