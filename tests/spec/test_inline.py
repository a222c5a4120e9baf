"""Rows that a caller sends, by example: how each kind is written, and what is said of one that is not right."""

from __future__ import annotations

from typing import Any

import pytest

from features.errors import BadInput
from features.record.inline import record_of
from features.record.tables import CLAIM_LINE, DIAGNOSIS, PERSON, table
from tests.histories import ZONE
from tests.spec.tables import day, moment

CANARY = "CANARY-7719"
TOLD: dict[str, Any] = {"person_id": CANARY, "known_at": "2024-03-09T12:00:00-05:00", "source": "a caller"}
HAPPENED = {"happened_from": "2024-03-09T23:30:00-05:00", "happened_to": "2024-03-10T04:30:00Z"}
LINE: dict[str, Any] = TOLD | {
    "claim_id": "c",
    "version": 0,
    "cancels": 0,
    "claim_line_number": 1,
    "claim_type": "institutional",
}
CODED: dict[str, Any] = TOLD | {"claim_id": "c", "version": 0, "role": "principal"}


def one(name: str, row: Any) -> dict[str, Any]:
    """The row as the record holds it."""
    record = record_of({name: [row]}, ZONE, {})
    (found,) = record.con.to_pyarrow(record[table(name)]).to_pylist()
    return dict(found)


def test_days_and_instants_are_read_as_iso_8601() -> None:
    found = one(PERSON.name, TOLD | HAPPENED | {"birth_day": "1950-03-01"})
    assert found["birth_day"] == day("1950-03-01")
    assert found["known_at"] == moment("03-09 12:00")
    assert (found["happened_from"], found["happened_to"]) == (moment("03-09 23:30"), moment("03-09 23:30"))


def test_days_of_what_happened_are_worked_out_on_the_networks_calendar() -> None:
    """The caller's own would be a second opinion on what day it was."""
    found = one(PERSON.name, TOLD | HAPPENED | {"from_day": "1999-01-01"})
    assert (found["from_day"], found["to_day"]) == (day("03-09"), day("03-09"))


def test_what_is_not_sent_is_null() -> None:
    found = one(PERSON.name, TOLD)
    assert {name for name, value in found.items() if value is not None} == {"bucket", *TOLD}


@pytest.mark.parametrize(
    ("name", "row", "column", "kept"),
    [
        (DIAGNOSIS.name, CODED | {"code_system": "icd-10-cm", "code": "i50.22"}, "code", "I5022"),
        (DIAGNOSIS.name, CODED | {"code_system": "unmapped", "code": "home-made"}, "code", "home-made"),
        (CLAIM_LINE.name, LINE | {"drg_code": "65"}, "drg_code", "065"),
        (CLAIM_LINE.name, LINE | {"revenue_center_code": "450"}, "revenue_center_code", "0450"),
        ("dispensing", LINE | {"ndc_code": "0002-3227-30"}, "ndc_code", "00002322730"),
    ],
)
def test_a_code_is_kept_in_the_form_that_features_look_for(name: str, row: Any, column: str, kept: str) -> None:
    """Written as people write it, it would be found by no value set, and nobody would know."""
    own = {column.name for column in table(name).all_columns}
    assert one(name, {key: value for key, value in row.items() if key in own})[column] == kept


def test_what_the_store_lacks_the_record_lacks() -> None:
    assert record_of({}, ZONE, {"coverage": "no enrolment"}).lacks == {"coverage": "no enrolment"}


@pytest.mark.parametrize(
    ("name", "wrong", "field"),
    [
        ("person", {"birth_day": CANARY}, "records.person[0].birth_day of another kind; expected a day, YYYY-MM-DD"),
        ("person", {"birth_day": "2024-02-30"}, "records.person[0].birth_day of another kind"),
        ("person", {"birth_day": 19_000}, "records.person[0].birth_day of another kind"),
        (
            "person",
            {"known_at": "2024-03-09T12:00:00"},
            "records.person[0].known_at of another kind; expected an instant",
        ),
        ("person", {"known_at": None}, "records.person[0].known_at empty"),
        ("person", {"sex": CANARY}, "records.person[0].sex of another kind; expected one of female, male, unknown"),
        ("person", {"state": {"a": CANARY}}, "records.person[0].state of another kind; expected text"),
        ("person", {"state": "\ud800"}, "records.person[0].state of another kind"),
        ("person", {"state": f"{CANARY}\x00"}, "records.person[0].state of another kind"),
        ("person", {CANARY: 1}, "records.person[0] with a column that is none; expected columns of person_id"),
        ("claim_line", {"paid": "12"}, "records.claim_line[0].paid of another kind; expected a whole number"),
        ("claim_line", {"paid": 12.5}, "records.claim_line[0].paid of another kind"),
        ("claim_line", {"paid": True}, "records.claim_line[0].paid of another kind"),
        ("claim_line", {"paid": 10**30}, "records.claim_line[0].paid of another kind"),
        (
            "claim_line",
            {"cancels": 2},
            "records.claim_line[0].cancels of another kind; expected a whole number from 0 to 1",
        ),
        ("claim_line", {"version": -1}, "records.claim_line[0].version of another kind"),
        (
            "claim_line",
            {"drg_code": CANARY},
            "records.claim_line[0].drg_code of another kind; expected a code of MS-DRG",
        ),
        ("diagnosis", {"code_system": "icd-10-cm", "code": CANARY}, "records.diagnosis[0].code of another kind"),
        ("diagnosis", {"code_system": CANARY, "code": "I10"}, "records.diagnosis[0].code_system that is none"),
    ],
)
def test_a_wrong_cell_is_named_and_its_value_is_not(name: str, wrong: dict[str, Any], field: str) -> None:
    right: dict[str, Any] = {"person": TOLD, "claim_line": LINE, "diagnosis": CODED}[name]
    with pytest.raises(BadInput) as refused:
        record_of({name: [right | wrong]}, ZONE, {})
    assert field in str(refused.value)
    assert CANARY not in str(refused.value)


def test_the_row_is_counted_from_nought() -> None:
    with pytest.raises(BadInput, match=r"records\.person\[2\]\.sex "):
        record_of({"person": [TOLD, TOLD, TOLD | {"sex": "?"}]}, ZONE, {})


def test_a_table_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="expected tables of person, death") as refused:
        record_of({CANARY: []}, ZONE, {})
    assert CANARY not in str(refused.value)
