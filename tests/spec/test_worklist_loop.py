"""What became of the calls, given back: contacts that the record loads, Tasks for an EHR and its answers, digests."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.task import Task
from sqlalchemy import Engine

import features
from features.errors import BadInput
from features.record.record import open_record
from features.record.store import read_manifest
from features.record.tables import OUTREACH_CONTACT
from features.sources import outreach
from features.sources.load import load
from features.sources.reader import Delivery
from serving.database import writing
from serving.worklist import fhir_task, store
from serving.worklist.contacts import contacts_csv, digests, write_digests
from serving.worklist.fhir_task import Taken, take
from serving.worklist.states import WORKING, Action, State
from serving.worklist.store import Item, Move
from tests.worklists import TODAY, ZONE, do, filled_once, fresh, put


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = fresh(tmp_path)
    with writing(made) as connection:
        filled_once(connection)
    return made


def _put(engine: Engine, **told: object) -> int:
    with writing(engine) as connection:
        return put(connection, **told)


def _item(engine: Engine, number: int) -> Item:
    with engine.connect() as connection:
        return store.item(connection, number)


# ---- contacts


def test_a_day_s_calls_are_contacts_of_the_record_and_the_notes_stay_behind(engine: Engine, tmp_path: Path) -> None:
    one = _put(engine, person_id="p1", stay_id="s1")
    do(engine, one, Move(Action.ASSIGN, to="ana"))
    do(engine, one, Move(Action.ATTEMPT), today=TODAY - 1)
    do(engine, one, Move(Action.ATTEMPT))
    do(engine, one, Move(Action.SCHEDULE, "a private note", day=TODAY + 2, spoke_to="caregiver"))
    with engine.connect() as connection:
        text = contacts_csv(connection, TODAY)
    assert "private" not in text
    (tmp_path / "calls.csv").write_text(text)
    report = load(outreach.READER, tmp_path / "calls.csv", tmp_path / "store", Delivery(None), ZONE)
    assert (report.read, report.loaded, report.quarantined) == (2, 2, 0)
    record = open_record(tmp_path / "store")
    rows = record.con.to_pyarrow(record[OUTREACH_CONTACT].order_by("contact_id")).to_pylist()
    told = [(row["person_id"], row["stay_id"], row["outcome"], row["spoke_to"], row["from_day"]) for row in rows]
    assert told == [("p1", "s1", "attempted", None, TODAY), ("p1", "s1", "scheduled", "caregiver", TODAY)]
    assert all(row["known_at"] == row["happened_to"] for row in rows), "a call is known when it is made"


def test_a_contact_that_is_not_right_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    rows = ["c1,p1,s1,2024-12-31 10:00:00,call,reached,caregiver", "c2,p1,,31.12.,call,reached,", "c3,p1,,2024-12-31,"]
    rows[2] += "fax,reached,"
    (tmp_path / "calls.csv").write_text("\n".join([",".join(outreach.COLUMNS), *rows]) + "\n")
    report = load(outreach.READER, tmp_path / "calls.csv", tmp_path / "store", Delivery(None), ZONE)
    assert (report.loaded, report.quarantined) == (1, 2)


def test_our_own_calls_are_no_feature_and_make_no_store_another_one(tmp_path: Path) -> None:
    """A call was made because of a score: a model that saw it would learn from itself. Nor may loading it raise the
    warning that a store differs from what the model was trained on.
    """
    rooms = (Path(features.__file__).parent / room for room in ("catalogue", "definitions", "measures"))
    sees = [path for room in rooms for path in room.rglob("*.py") if "outreach_contact" in path.read_text().lower()]
    assert sees == []
    (tmp_path / "calls.csv").write_text(f"{','.join(outreach.COLUMNS)}\nc1,p1,,2024-12-31,call,reached,\n")
    load(outreach.READER, tmp_path / "calls.csv", tmp_path / "store", Delivery(None), ZONE)
    record = open_record(tmp_path / "store")
    assert (record.sources, record.lacks) == ((), {})
    assert OUTREACH_CONTACT.name not in read_manifest(tmp_path / "store").batches[0].lacks


# ---- an EHR's task list


def test_an_item_is_a_valid_task_with_its_steps_and_the_last_day_for_contact(engine: Engine) -> None:
    one = _put(engine, person_id="p7", name="Ana Ruiz", discharge_day=TODAY - 1)
    facility = _put(engine, whereabouts="skilled nursing", clock_day=None, due_day=None, risk=None, tier="")
    do(engine, one, Move(Action.ASSIGN, to="maria"))
    with engine.connect() as connection:
        lines = fhir_task.tasks(store.items(connection, WORKING), ZONE).splitlines()
    told = {row["identifier"][0]["value"]: row for row in map(json.loads, lines)}
    for row in told.values():
        Task.model_validate(row)
    first = told[str(one)]
    assert (first["status"], first["businessStatus"], first["priority"]) == ("accepted", {"text": "assigned"}, "urgent")
    assert first["for"]["identifier"]["value"] == "p7"
    assert first["restriction"]["period"]["end"] == "2025-01-02T23:59:59-05:00"
    assert first["owner"] == {"display": "maria"}
    assert "restriction" not in told[str(facility)]
    assert told[str(facility)]["input"][0]["valueString"].startswith("Spoke with the nurse in charge")


def test_every_state_has_a_status_that_fhir_knows(engine: Engine) -> None:
    one = _item(engine, _put(engine))
    for state in State:
        changed: Mapping[str, Any] = {**vars(one), "state": state}
        Task.model_validate(fhir_task.task(Item(**changed), ZONE))


def _answer(engine: Engine, *given: dict[str, Any]) -> Taken:
    with writing(engine) as connection:
        return take(connection, "".join(json.dumps(each) + "\n" for each in given), TODAY)


def _task(engine: Engine, number: int, **changed: Any) -> dict[str, Any]:
    return {**fhir_task.task(_item(engine, number), ZONE), **changed}


def test_an_answer_of_the_ehr_moves_its_item_once(engine: Engine) -> None:
    one = _put(engine)
    reached = _task(engine, one, businessStatus={"text": "Reached"}, status="in-progress", note=[{"text": "is well"}])
    assert _answer(engine, reached) == Taken(1, 0, {})
    assert _answer(engine, reached) == Taken(0, 1, {})
    found = _item(engine, one)
    assert (found.state, found.version) == (State.REACHED, 2)
    with engine.connect() as connection:
        [event] = store.events(connection, [one])
    assert (event.who, event.note) == ("EHR", "is well")
    assert _answer(engine, {**_task(engine, one, status="completed"), "businessStatus": {}}) == Taken(1, 0, {})
    assert (_item(engine, one).state, _item(engine, one).outcome) == (State.CLOSED, "done")


def test_tasks_that_say_nothing_new_change_nothing(engine: Engine) -> None:
    numbers = [_put(engine) for _ in range(3)]
    assert _answer(engine, *(_task(engine, number) for number in numbers)) == Taken(0, 3, {})


def test_a_task_that_fits_no_item_is_told_by_its_line_and_stops_no_other(engine: Engine) -> None:
    one = _put(engine)
    done = _answer(
        engine,
        _task(engine, one, identifier=[{"system": "other", "value": "1"}]),
        _task(engine, one, identifier=[{"system": fhir_task.SYSTEM, "value": "999999"}]),
        _task(engine, one, status="rejected", businessStatus={}),
    )
    assert (done.done, sorted(done.refused)) == (1, [1, 2])
    assert _item(engine, one).state is State.DECLINED


@pytest.mark.parametrize("text", ["{", "[]", '{"resourceType": "Patient"}', "null"])
def test_what_is_no_task_is_refused_whole(engine: Engine, text: str) -> None:
    with writing(engine) as connection, pytest.raises(BadInput, match="line 1, which is no Task"):
        take(connection, text, TODAY)


# ---- the practices


def test_each_practice_has_a_file_of_its_own_people_alone(engine: Engine, tmp_path: Path) -> None:
    _put(engine, person_id="a", practice="River Street")
    _put(engine, person_id="b", practice="river street!")
    _put(engine, person_id="c", practice="")
    _put(engine, person_id="d", practice="River Street", state="closed", outcome="done")
    with engine.connect() as connection:
        found = digests(connection)
        assert write_digests(connection, tmp_path / "out") == 3
    people = {name: [row["person_id"] for row in csv.DictReader(text.splitlines())] for name, text in found.items()}
    assert people == {"no-practice.csv": ["c"], "river-street.csv": ["a"], "river-street-2.csv": ["b"]}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(people)
