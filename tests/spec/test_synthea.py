"""Synthea's CSV, by example: what a row of each file becomes, when it is known, and what is rejected."""

from __future__ import annotations

import csv
import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest

from features.record import tables
from features.record.schema import Table
from features.sources import synthea
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from tests.feeds import ZONE, Row, day, midnight, rows_of

pytestmark = pytest.mark.slow

HERE = {"PATIENT": "p1", "ENCOUNTER": "e1"}
USUAL: dict[str, dict[str, str]] = {
    "patients": {"Id": "p1", "BIRTHDATE": "1950-01-31", "GENDER": "F", "RACE": "white"},
    "encounters": {"Id": "e1", "PATIENT": "p1", "START": "2024-03-01T13:00:00Z", "ENCOUNTERCLASS": "ambulatory"},
    "conditions": {**HERE, "START": "2024-03-01", "CODE": "44054006"},
    "allergies": {**HERE, "START": "2024-03-01", "CODE": "7980", "SYSTEM": "RxNorm"},
    "medications": {**HERE, "START": "2024-03-01T13:00:00Z", "CODE": "314076"},
    "observations": {**HERE, "DATE": "2024-03-01T13:00:00Z", "CODE": "2160-0", "VALUE": "1.25", "UNITS": "mg/dL"},
    "procedures": {**HERE, "START": "2024-03-01T13:00:00Z", "STOP": "2024-03-01T14:00:00Z", "CODE": "430193006"},
    "immunizations": {**HERE, "DATE": "2024-03-01T13:00:00Z", "CODE": "8"},
    "claims": {"Id": "c1", "PATIENTID": "p1", "SERVICEDATE": "2024-03-01T13:00:00Z"},
    "payer transitions": {"PATIENT": "p1", "PAYER": "payer-1", "START_DATE": "2024-01-15T13:00:00Z"},
}


def _write(folder: Path, layout: str, *rows: Row) -> Path:
    """A CSV of a layout, of columns in the order of its declaration."""
    found = next(each for each in synthea.READER.layouts if each.name == layout)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{layout}.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, [*found.needs, *found.may], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({**USUAL.get(layout, {}), **row} for row in rows)
    return path


def _load(given: Path, store: Path, back_load_delay: int | None = None) -> LoadReport:
    return load(synthea.READER, given, store, Delivery(back_load_delay), ZONE)


def becomes(folder: Path, layout: str, row: Row, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    _write(folder / "in", layout, row)
    assert _load(folder / "in", folder / "store").reasons == {}
    return rows_of(folder / "store", table, *columns)


def test_a_patient_is_a_person_known_since_birth_and_a_death_is_known_a_month_later(tmp_path: Path) -> None:
    dead = {"DEATHDATE": "2024-05-03T12:00:00Z", "FIRST": "Ann", "LAST": "Doe"}
    columns = ("person_id", "birth_day", "sex", "race", "known_at")
    assert becomes(tmp_path, "patients", dead, tables.PERSON, *columns) == [
        ("p1", day("1950-01-31"), "female", "white", midnight("1950-01-31"))
    ]
    assert rows_of(tmp_path / "store", tables.DEATH, "from_day", "known_at") == [
        (day("2024-05-03"), "2024-06-02 08:00:00")
    ]
    assert rows_of(tmp_path / "store", tables.CONTACT_DETAILS, "first_name", "last_name") == [("Ann", "Doe")]


def test_moments_in_utc_are_moved_to_the_networks_clock(tmp_path: Path) -> None:
    """At half past two at night in UTC it is still yesterday in the network's zone."""
    late = {"DATE": "2024-03-02T02:30:00Z"}
    assert becomes(tmp_path, "immunizations", late, tables.IMMUNIZATION, "code", "from_day", "known_at") == [
        ("08", day("2024-03-01"), "2024-03-01 21:30:00")
    ]


def test_an_inpatient_encounter_is_told_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    stay = {
        "ENCOUNTERCLASS": "inpatient",
        "STOP": "2024-03-04T15:00:00Z",
        "ORGANIZATION": "h1",
        "REASONCODE": "84114007",
    }
    columns = ("status", "encounter_type", "encounter_end_day", "facility_id", "code", "known_at")
    assert becomes(tmp_path, "encounters", stay, tables.ENCOUNTER, *columns) == [
        ("finished", "inpatient", day("2024-03-04"), "h1", "84114007", "2024-03-04 10:00:00"),
        ("in-progress", "inpatient", None, "h1", "84114007", "2024-03-01 08:00:00"),
    ]
    assert rows_of(
        tmp_path / "store", tables.ADT_EVENT, "event_type", "patient_class", "discharge_day", "known_at"
    ) == [
        ("A01", "I", None, "2024-03-01 08:00:00"),
        ("A03", "I", day("2024-03-04"), "2024-03-04 10:00:00"),
    ]


@pytest.mark.parametrize("kind", ["ambulatory", "wellness", "urgentcare", "snf", "hospice"])
def test_no_other_encounter_tells_of_a_hospital(kind: str, tmp_path: Path) -> None:
    visit = {"ENCOUNTERCLASS": kind, "STOP": "2024-03-04T15:00:00Z"}
    assert becomes(tmp_path, "encounters", visit, tables.ADT_EVENT, "event_type") == []


def test_a_condition_does_not_tell_its_end_before_it_ended(tmp_path: Path) -> None:
    columns = ("status", "onset_day", "resolved_day", "code_system", "code", "known_at")
    assert becomes(tmp_path, "conditions", {"STOP": "2024-03-20"}, tables.PROBLEM, *columns) == [
        ("active", day("2024-03-01"), None, "snomed-ct", "44054006", midnight("2024-03-01")),
        ("resolved", day("2024-03-01"), day("2024-03-20"), "snomed-ct", "44054006", midnight("2024-03-20")),
    ]


def test_a_medicine_does_not_tell_its_end_before_it_ended(tmp_path: Path) -> None:
    columns = ("status", "code_system", "code", "known_at")
    assert becomes(tmp_path, "medications", {"STOP": "2024-04-01T12:00:00Z"}, tables.PRESCRIPTION, *columns) == [
        ("active", "rxnorm", "314076", "2024-03-01 08:00:00"),
        ("completed", "rxnorm", "314076", "2024-04-01 08:00:00"),
    ]


def test_an_allergy_is_coded_in_the_system_that_its_row_names(tmp_path: Path) -> None:
    assert becomes(tmp_path, "allergies", {"TYPE": "allergy"}, tables.ALLERGY, "code_system", "code", "known_at") == [
        ("rxnorm", "7980", midnight("2024-03-01"))
    ]


@pytest.mark.parametrize(
    ("category", "kind", "known"),
    [
        ("laboratory", "laboratory", "2024-03-04 08:00:00"),
        ("vital-signs", "vital", "2024-03-01 08:00:00"),
        ("survey", "assessment", "2024-03-01 08:00:00"),
    ],
)
def test_a_laboratory_result_is_declared_known_days_later(category: str, kind: str, known: str, tmp_path: Path) -> None:
    columns = ("kind", "code_system", "code", "value", "unit", "known_at")
    assert becomes(tmp_path, "observations", {"CATEGORY": category}, tables.RESULT, *columns) == [
        (kind, "loinc", "2160-0", 1250, "mg/dL", known)
    ]


def test_a_procedure_is_known_when_it_was_done(tmp_path: Path) -> None:
    columns = ("encounter_id", "code_system", "code", "known_at")
    assert becomes(tmp_path, "procedures", {}, tables.CLINICAL_PROCEDURE, *columns) == [
        ("e1", "snomed-ct", "430193006", "2024-03-01 09:00:00")
    ]


@pytest.mark.parametrize(("delay", "known"), [(None, "2024-04-16"), (3, "2024-04-04")])
def test_a_claim_is_known_a_declared_time_after_it_was_billed(delay: int | None, known: str, tmp_path: Path) -> None:
    claim = {"LASTBILLEDDATE1": "2024-03-02T15:00:00Z", "DIAGNOSIS1": "44054006", "DIAGNOSIS3": "59621000"}
    _write(tmp_path / "in", "claims", claim)
    _load(tmp_path / "in", tmp_path / "store", delay)
    assert rows_of(tmp_path / "store", tables.CLAIM_LINE, "claim_id", "known_at") == [("c1", midnight(known))]
    assert rows_of(tmp_path / "store", tables.DIAGNOSIS, "role", "code_system", "code", "known_at") == [
        ("principal", "snomed-ct", "44054006", midnight(known)),
        ("secondary", "snomed-ct", "59621000", midnight(known)),
    ]


def test_the_payer_no_insurance_covers_no_month(tmp_path: Path) -> None:
    """Counted as coverage, people whose care nobody sees would look as if they had had none."""
    none = {"PAYER": "e03e23c9-4df1-3eb6-a62d-f70f02301496", "END_DATE": "2024-06-01T00:00:00Z"}
    _write(tmp_path / "in", "payer transitions", {"END_DATE": "2024-02-20T00:00:00Z"}, none)
    report = _load(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.loaded) == (2, 2)
    assert rows_of(tmp_path / "store", tables.COVERAGE, "from_day", "payer", "known_at") == [
        (day("2024-01-01"), "payer-1", midnight("2024-01-15")),
        (day("2024-02-01"), "payer-1", midnight("2024-02-01")),
    ]


@pytest.mark.parametrize(
    ("layout", "row", "reason"),
    [
        ("patients", {"BIRTHDATE": "soon"}, "BIRTHDATE is not a date"),
        ("patients", {"DEATHDATE": "1949-01-01"}, "DEATHDATE before BIRTHDATE"),
        ("encounters", {"STOP": "2024-02-01T00:00:00Z"}, "STOP before START"),
        ("encounters", {"PATIENT": ""}, "no PATIENT"),
        ("conditions", {"CODE": ""}, "no CODE"),
        ("observations", {"DATE": "2024-03-01T25:00:00Z"}, "DATE is not a date"),
        ("claims", {"SERVICEDATE": ""}, "no SERVICEDATE"),
        ("payer transitions", {"START_DATE": ""}, "no START_DATE"),
    ],
)
def test_a_row_that_is_not_right_is_set_aside_with_the_reason(
    layout: str, row: Row, reason: str, tmp_path: Path
) -> None:
    _write(tmp_path / "in", layout, {}, row)
    report = _load(tmp_path / "in", tmp_path / "store")
    assert (report.loaded, report.quarantined, report.reasons) == (1, 1, {reason: 1})


@pytest.mark.parametrize("layout", synthea.READER.layouts, ids=lambda layout: layout.name)
def test_each_file_is_taken_for_what_it_is(layout: Any, tmp_path: Path) -> None:
    """Devices, care plans and procedures have all columns of conditions, and are none."""
    path = tmp_path / f"{layout.name}.csv"
    path.write_text(",".join(layout.needs) + "\n" + "x" + "," * (len(layout.needs) - 1) + "\n")
    (file,) = _load(path, tmp_path / "store").files
    assert file.layout == layout.name


# ---- files of others, whole


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sample", "read", "people"),
    [("jijones12", 11_969, 11), ("ohdsi_dbt_synthea27nj_csv", 10_950, 27), ("onthemarq", 32_475, 102)],
)
def test_the_files_of_three_synthea_runs_load_completely(
    sample: str, read: int, people: int, data_dir: Path, tmp_path: Path
) -> None:
    """Of two versions of Synthea; what is not Synthea's own (OMOP seeds) is told as unread."""
    folder = data_dir / "synthea_csv" / sample
    report = _load(folder, tmp_path / "store")
    assert (report.read, report.loaded, report.rows["person"]) == (read, read, people)
    assert all(not name.endswith(".csv") or "seed" in name or name == "states.csv" for name in report.unread)
    assert _load(folder, tmp_path / "store").read == 0


def test_a_copy_unpacked_and_in_sub_folders_gives_the_same_record(data_dir: Path, tmp_path: Path) -> None:
    names = ("patients", "conditions", "encounters", "allergies")
    for number, name in enumerate(reversed(names)):
        packed = data_dir / "synthea_csv" / "jijones12" / f"{name}.csv.gz"
        (tmp_path / "packed").mkdir(exist_ok=True)
        shutil.copy(packed, tmp_path / "packed")
        deep = tmp_path / "plain" / str(number)
        deep.mkdir(parents=True)
        (deep / f"{name}.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    found = []
    for given in ("packed", "plain"):
        _load(tmp_path / given, tmp_path / f"{given} store")
        filled = (tables.PERSON, tables.PROBLEM, tables.ENCOUNTER, tables.ADT_EVENT, tables.ALLERGY)
        columns = {table: [column.name for column in table.all_columns] for table in filled}
        found.append({table.name: rows_of(tmp_path / f"{given} store", table, *columns[table]) for table in filled})
    assert found[0] == found[1]
    assert all(found[0].values())
