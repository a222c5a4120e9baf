"""docs/time.md by execution: the table there is what the features say of that one person."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from features import windows
from features.catalogue import CATALOGUE
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from tests.histories import ZONE, Rows, end, record_of, row, start

PAGE = Path(__file__).resolve().parents[2] / "docs" / "time.md"
HOUR, MINUTE = 3_600, 60


def _day(text: str) -> int:
    return windows.parse_day(text)


def _at(text: str, hour: int, minute: int = 0) -> int:
    return int(windows.to_instant([windows.local_start(_day(text)) + hour * HOUR + minute * MINUTE], ZONE)[0])


def _message(rows: Rows, visit: str, came: int, left: int | None) -> None:
    days = windows.local_day([came if left is None else left, came], ZONE)
    gone = {} if left is None else {"discharged_at": left, "discharge_day": int(days[0])}
    told = {"visit_number": visit, "patient_class": "I", "facility_id": "h1", "admitted_at": came} | gone
    told |= {"admission_day": int(days[1]), "admit_type_code": "1", "discharge_disposition_code": "01"}
    kind = "A01" if left is None else "A03"
    rows["adt_event"].append(
        row(int(days[1]), int(days[0]), came if left is None else left, person_id="p", event_type=kind, **told)
    )


def _bill(rows: Rows, version: int, known: int, cancels: int = 0) -> None:
    first, last = _day("2024-03-04"), _day("2024-03-11")
    stands = {"person_id": "p", "claim_id": "c1", "version": version}
    line = {"cancels": cancels, "claim_line_number": 1, "claim_type": "institutional", "bill_type_code": "111"}
    line |= {"admission_day": first, "discharge_day": last, "facility_id": "h1", "drg_code": "291", "paid": 1_184_000}
    rows["claim_line"].append(row(first, last, known, **stands, **line))
    code = {"role": "principal", "code_system": "icd-10-cm", "code": "I5023"}
    rows["diagnosis"].append(row(first, last, known, **stands, **code))


def _her_rows() -> Rows:
    rows: Rows = {name: [] for name in ("person", "adt_event", "claim_line", "diagnosis", "order", "result")}
    born = _day("1948-06-02")
    rows["person"].append(row(born, born, end(_day("2023-01-01")), person_id="p", birth_day=born, sex="female"))
    for visit, came, left in (
        ("v1", _at("2024-03-04", 21, 10), _at("2024-03-11", 14, 5)),
        ("v2", _at("2024-04-18", 8, 30), _at("2024-04-22", 10, 30)),
    ):
        _message(rows, visit, came, None)
        _message(rows, visit, came, left)
    test: dict[str, Any] = {"code_system": "loinc", "code": "718-7"}
    drawn = _day("2024-03-11")
    order = {"person_id": "p", "order_id": "o1", "order_type": "laboratory", **test}
    rows["order"].append(row(drawn, drawn, start(drawn) + 9 * HOUR, status="ordered", **order))
    issued = _at("2024-03-11", 16, 40)
    rows["order"].append(row(drawn, drawn, issued, status="resulted", **order))
    rows["result"].append(row(drawn, drawn, issued, person_id="p", kind="laboratory", value=8_100, **test))
    _bill(rows, 0, end(_day("2024-04-20")))
    return rows


def _features(rows: Rows) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    record = record_of(rows)
    found = build(record, prediction_cohort(record).rows, CATALOGUE)
    return tuple(found.columns), found.to_numpy("float64")


def _told() -> list[tuple[str, str, str]]:
    """Rows `| words | `column` | at the first discharge | at the second |` of the page."""
    return re.findall(r"^\|[^|]+\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.slow
def test_the_page_says_what_the_features_say() -> None:
    names, found = _features(_her_rows())
    assert len(found) == 2, "two discharges, two predictions"
    told = _told()
    assert len(told) >= 5, "the table of the page was not found"
    for name, *says in told:
        made = found[:, names.index(name)]
        shown = ["null" if np.isnan(value) else f"{value:.12g}" for value in made]
        assert shown == [said.strip() for said in says], f"docs/time.md says otherwise of {name}"


@pytest.mark.slow
@pytest.mark.parametrize("taken_back", [pytest.param(0, marks=pytest.mark.soak), 1])
def test_a_later_version_of_the_claim_changes_neither_prediction(taken_back: int) -> None:
    rows = _her_rows()
    _, before = _features(rows)
    _bill(rows, 1, end(_day("2024-06-02")), cancels=taken_back)
    _, after = _features(rows)
    assert before.view(np.int64).tolist() == after.view(np.int64).tolist(), (
        "what came in June was used in March or April"
    )
