"""What each table of the OMOP CDM becomes in the record, and when it is declared known."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from features.definitions.stays import final_stays
from features.record import tables
from features.record.record import open_record
from features.record.schema import Table
from features.sources import omop
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from tests.feeds import ZONE, day, midnight, rows_of

pytestmark = pytest.mark.slow

Row = Mapping[str, str]

CONCEPTS: dict[str, Sequence[str]] = {
    # concept_id: domain, vocabulary, code, name
    "28060": ("Condition", "SNOMED", "43878008", "Streptococcal sore throat"),
    "45561949": ("Condition", "ICD10CM", "J02.0", "Streptococcal pharyngitis"),
    "3016723": ("Measurement", "LOINC", "2160-0", "Creatinine"),
    "3004249": ("Measurement", "LOINC", "8480-6", "Systolic blood pressure"),
    "8840": ("Unit", "UCUM", "mg/dL", "milligram per deciliter"),
    "1729720": ("Drug", "RxNorm", "7984", "penicillin V"),
    "40213154": ("Drug", "CVX", "140", "influenza"),
    "4249893": ("Procedure", "SNOMED", "73761001", "Colonoscopy"),
    "8527": ("Race", "Race", "5", "White"),
    "32020": ("Type Concept", "Condition Type", "x1", "EHR encounter diagnosis"),
    "32840": ("Type Concept", "Type Concept", "x2", "EHR problem list"),
    "32810": ("Type Concept", "Type Concept", "x3", "Claim"),
    "38000175": ("Type Concept", "Drug Type", "x4", "Prescription dispensed in pharmacy"),
    "32838": ("Type Concept", "Type Concept", "x5", "EHR prescription"),
    "32818": ("Type Concept", "Type Concept", "x6", "EHR administration record"),
}
USUAL: dict[str, Row] = {
    "PERSON": {
        "person_id": "1", "gender_concept_id": "8532", "year_of_birth": "1950", "month_of_birth": "1",
        "day_of_birth": "31", "race_concept_id": "8527", "ethnicity_concept_id": "0", "person_source_value": "anna",
        "gender_source_value": "F", "race_source_value": "white", "ethnicity_source_value": "Irish",
    },
    "OBSERVATION_PERIOD": {"observation_period_id": "1", "person_id": "1"},
    "DEATH": {"person_id": "1", "death_date": "2024-05-01", "death_datetime": "", "death_type_concept_id": "32817"},
    "VISIT_OCCURRENCE": {
        "visit_occurrence_id": "9", "person_id": "1", "visit_concept_id": "9201", "visit_start_date": "2024-03-01",
        "visit_start_datetime": "", "visit_end_date": "2024-03-05", "visit_end_datetime": "", "care_site_id": "4",
        "provider_id": "0", "discharged_to_concept_id": "0", "discharged_to_source_value": "",
        "admitted_from_concept_id": "0", "admitted_from_source_value": "",
    },
    "CONDITION_OCCURRENCE": {
        "condition_occurrence_id": "1", "person_id": "1", "condition_start_date": "2024-03-01",
        "condition_end_date": "", "condition_concept_id": "28060", "condition_source_value": "x",
        "condition_source_concept_id": "0", "condition_type_concept_id": "32020", "visit_occurrence_id": "",
    },
    "DRUG_EXPOSURE": {
        "drug_exposure_id": "1", "person_id": "1", "drug_exposure_start_date": "2024-03-01",
        "drug_exposure_end_date": "", "stop_reason": "", "refills": "", "quantity": "30", "days_supply": "10",
        "drug_concept_id": "1729720", "drug_source_value": "x", "drug_source_concept_id": "0",
        "drug_type_concept_id": "32838",
    },
    "PROCEDURE_OCCURRENCE": {
        "procedure_occurrence_id": "1", "person_id": "1", "procedure_date": "2024-03-01",
        "procedure_concept_id": "4249893", "procedure_source_value": "x", "procedure_source_concept_id": "0",
        "procedure_type_concept_id": "32817", "visit_occurrence_id": "",
    },
    "MEASUREMENT": {
        "measurement_id": "1", "person_id": "1", "measurement_date": "2024-03-01", "measurement_datetime": "",
        "measurement_concept_id": "3016723", "measurement_source_value": "x", "measurement_source_concept_id": "0",
        "measurement_type_concept_id": "32817", "value_as_number": "1.25", "unit_concept_id": "8840",
        "unit_source_value": "",
    },
    "OBSERVATION": {
        "observation_id": "1", "person_id": "1", "observation_date": "2024-03-01", "observation_concept_id": "0",
        "observation_source_value": "44261-6", "observation_source_concept_id": "0",
        "observation_type_concept_id": "32817", "value_as_number": "9",
    },
}  # fmt: skip


def _write(folder: Path, table: str, *rows: Row) -> Path:
    """A CSV of a table: each row as it differs from the usual one."""
    folder.mkdir(parents=True, exist_ok=True)
    full = [{**USUAL.get(table, {}), **row} for row in rows]
    path = folder / f"{table}.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(dict.fromkeys(name for row in full for name in row)), restval="")
        writer.writeheader()
        writer.writerows(full)
    return path


def _write_concepts(folder: Path) -> None:
    names = ("concept_id", "domain_id", "vocabulary_id", "concept_code", "concept_name")
    rows = [dict(zip(names, (concept, *facts), strict=True)) for concept, facts in CONCEPTS.items()]
    _write(folder, "CONCEPT", *rows)


def _load(given: Path, store: Path) -> LoadReport:
    return load(omop.READER, given, store, Delivery(), ZONE)


def _loaded(folder: Path, table: str, *rows: Row, also: Mapping[str, Row] | None = None) -> Path:
    """The store of a delivery of one person, the concepts and these rows; nothing is set aside."""
    _write(folder / "in", "PERSON", *([{}] if table != "PERSON" else rows))
    _write_concepts(folder / "in")
    for name, row in {**(also or {}), **({table: {}} if table != "PERSON" else {})}.items():
        _write(folder / "in", name, *(rows if name == table else [row]))
    assert dict(_load(folder / "in", folder / "store").reasons) == {}
    return folder / "store"


def _one(store: Path, table: Table, *columns: str) -> tuple[Any, ...]:
    [row] = rows_of(store, table, *columns)
    return row


# ---- people


def test_a_person_has_the_number_of_the_source_and_is_known_since_birth(tmp_path: Path) -> None:
    born, usual = day("1950-01-31"), ("female", "white", "irish")
    cases: dict[str, tuple[Row, tuple[Any, ...]]] = {
        "anna": ({}, (born, *usual, "day", midnight("1950-01-31"))),
        "berta": (
            {
                "gender_concept_id": "0",
                "race_concept_id": "0",
                "ethnicity_concept_id": "38003563",
                "race_source_value": "B",
            },
            (born, "female", "b", "hispanic or latino", "day", midnight("1950-01-31")),
        ),
        "clara": ({"day_of_birth": ""}, (day("1950-01-01"), *usual, "month", midnight("1950-01-31"))),
        "dora": (
            {"month_of_birth": "", "day_of_birth": ""},
            (day("1950-01-01"), *usual, "year", midnight("1950-12-31")),
        ),
    }
    rows = [{"person_id": who, "person_source_value": who, **row} for who, (row, _) in cases.items()]
    store = _loaded(tmp_path, "PERSON", *rows, {"person_id": "7", "person_source_value": ""})
    columns = ("birth_day", "sex", "race", "ethnicity", "precision", "known_at")
    found = {who: tuple(told) for who, *told in rows_of(store, tables.PERSON, "person_id", *columns)}
    assert found.pop("omop|7") == cases["anna"][1]
    assert found == {who: expected for who, (_, expected) in cases.items()}


def test_an_observation_period_is_its_months_each_known_on_its_first_day(tmp_path: Path) -> None:
    period = {"observation_period_start_date": "2024-01-15", "observation_period_end_date": "2024-03-02"}
    store = _loaded(tmp_path, "OBSERVATION_PERIOD", period)
    assert rows_of(store, tables.COVERAGE, "from_day", "known_at") == [
        (day("2024-01-01"), midnight("2024-01-15")),
        (day("2024-02-01"), midnight("2024-02-01")),
        (day("2024-03-01"), midnight("2024-03-01")),
    ]


def test_a_death_is_known_a_declared_lag_later(tmp_path: Path) -> None:
    store = _loaded(tmp_path, "DEATH", {})
    assert _one(store, tables.DEATH, "person_id", "to_day", "known_at") == (
        "anna",
        day("2024-05-01"),
        midnight("2024-05-31"),
    )


# ---- visits


def test_an_inpatient_visit_is_an_encounter_and_the_messages_of_its_stay(tmp_path: Path) -> None:
    visit = {
        "visit_start_datetime": "2024-03-01 09:30:00",
        "visit_end_datetime": "2024-03-05 11:15:00",
        "discharged_to_concept_id": "8863",
        "admitted_from_concept_id": "9203",
    }
    store = _loaded(tmp_path, "VISIT_OCCURRENCE", visit)
    columns = ("encounter_type", "encounter_start_day", "encounter_end_day", "discharge_disposition_code", "known_at")
    assert rows_of(store, tables.ENCOUNTER, "status", *columns) == [
        ("finished", "inpatient", day("2024-03-01"), day("2024-03-05"), "03", "2024-03-05 11:15:00"),
        ("in-progress", "inpatient", day("2024-03-01"), None, None, "2024-03-01 09:30:00"),
    ]
    columns = ("patient_class", "admit_source_code", "discharge_disposition_code", "discharged_at", "known_at")
    assert rows_of(store, tables.ADT_EVENT, "event_type", *columns) == [
        ("A01", "I", "7", None, None, "2024-03-01 09:30:00"),
        ("A03", "I", "7", "03", "2024-03-05 11:15:00", "2024-03-05 11:15:00"),
    ]
    [stay] = final_stays(open_record(store)).to_pandas().to_dict("records")
    assert (stay["person_id"], stay["admit_day"], stay["discharge_day"]) == (
        "anna",
        day("2024-03-01"),
        day("2024-03-05"),
    )


def test_a_visit_dated_by_days_or_at_midnight_ends_with_its_day(tmp_path: Path) -> None:
    """Midnight is filled in where no time of day is known: believed, the discharge would be known a day early."""
    visit = {"visit_start_datetime": "2024-03-01", "visit_end_datetime": "2024-03-05 00:00:00"}
    store = _loaded(tmp_path, "VISIT_OCCURRENCE", visit)
    assert rows_of(store, tables.ADT_EVENT, "event_type", "precision", "known_at") == [
        ("A01", "day", midnight("2024-03-01")),
        ("A03", "day", midnight("2024-03-05")),
    ]


def test_only_visits_to_an_acute_hospital_tell_messages(tmp_path: Path) -> None:
    expected = {
        "9201": ("inpatient", ["A01", "A03"]),
        "262": ("inpatient", ["A01", "A03"]),
        "9203": ("emergency", ["A03", "A04"]),
        "581385": ("observation", ["A03", "A04"]),
        "9202": ("outpatient", []),
        "8971": ("inpatient", []),
        "581476": ("home", []),
        "77": ("other", []),
    }
    rows = [{"visit_occurrence_id": concept, "visit_concept_id": concept} for concept in expected]
    store = _loaded(tmp_path, "VISIT_OCCURRENCE", *rows)
    settings = set(rows_of(store, tables.ENCOUNTER, "encounter_id", "encounter_type"))
    messages = rows_of(store, tables.ADT_EVENT, "visit_number", "event_type")
    assert settings == {(concept, setting) for concept, (setting, _) in expected.items()}
    assert messages == sorted(
        ((concept, event) for concept, (_, events) in expected.items() for event in events), key=repr
    )


def test_the_dead_are_known_by_concept_or_by_patient_status(tmp_path: Path) -> None:
    cases = {("4216643", ""): "20", ("0", "1"): "01", ("0", "06"): "06", ("0", "home, well"): None, ("99", "20"): "20"}
    rows = [
        {
            "visit_occurrence_id": f"{concept} {written}",
            "discharged_to_concept_id": concept,
            "discharged_to_source_value": written,
        }
        for concept, written in cases
    ]
    store = _loaded(tmp_path, "VISIT_OCCURRENCE", *rows)
    told = rows_of(store, tables.ADT_EVENT, "event_type", "visit_number", "discharge_disposition_code")
    found = {visit: left for event, visit, left in told if event == "A03"}
    assert found == {f"{concept} {written}".strip(): left for (concept, written), left in cases.items()}


def test_the_names_of_the_older_version_are_read(tmp_path: Path) -> None:
    visit = {"discharge_to_concept_id": "8863", "discharged_to_concept_id": "", "admitting_source_concept_id": "8717"}
    store = _loaded(tmp_path, "VISIT_OCCURRENCE", {**visit, "admitted_from_concept_id": ""})
    told = rows_of(store, tables.ADT_EVENT, "event_type", "discharge_disposition_code", "admit_source_code")
    assert told[1] == ("A03", "03", "4")


# ---- codes


def test_a_code_is_looked_up_else_known_by_its_form_else_unmapped(tmp_path: Path) -> None:
    """V89.03 has the form of a code of both editions, so it is taken for neither."""
    cases: list[tuple[Row, tuple[str, str]]] = [
        ({"condition_concept_id": "28060"}, ("snomed-ct", "43878008")),
        ({"condition_concept_id": "28060", "condition_source_concept_id": "45561949"}, ("icd-10-cm", "J020")),
        ({"condition_concept_id": "28060.0", "condition_source_concept_id": "0.0"}, ("snomed-ct", "43878008")),
        ({"condition_concept_id": "5", "condition_source_value": "43878008"}, ("snomed-ct", "43878008")),
        ({"condition_concept_id": "5", "condition_source_value": "J02.0"}, ("icd-10-cm", "J020")),
        ({"condition_concept_id": "5", "condition_source_value": "V89.03"}, ("unmapped", "V89.03")),
        ({"condition_concept_id": "0", "condition_source_value": "sore throat"}, ("unmapped", "SORE THROAT")),
    ]
    rows = [{"condition_occurrence_id": str(number), **row} for number, (row, _) in enumerate(cases)]
    store = _loaded(tmp_path, "CONDITION_OCCURRENCE", *rows)
    found = rows_of(store, tables.PROBLEM, "condition_id", "code_system", "code")
    assert found == [(str(number), *expected) for number, (_, expected) in enumerate(cases)]


def test_a_source_concept_is_followed_to_what_it_is_mapped_to(tmp_path: Path) -> None:
    _write(tmp_path / "in", "PERSON", {})
    _write_concepts(tmp_path / "in")
    mapped = {"concept_id_1": "700", "concept_id_2": "28060", "relationship_id": "Maps to", "invalid_reason": ""}
    _write(tmp_path / "in", "CONCEPT_RELATIONSHIP", mapped, {**mapped, "concept_id_2": "1", "invalid_reason": "D"})
    _write(
        tmp_path / "in",
        "CONDITION_OCCURRENCE",
        {"condition_concept_id": "0", "condition_source_concept_id": "700", "condition_source_value": "local"},
    )
    report = _load(tmp_path / "in", tmp_path / "store")
    assert report.quarantined == 0
    assert _one(tmp_path / "store", tables.PROBLEM, "code_system", "code") == ("snomed-ct", "43878008")


def test_without_a_vocabulary_the_source_values_speak(tmp_path: Path) -> None:
    _write(tmp_path / "in", "PERSON", {})
    _write(tmp_path / "in", "MEASUREMENT", {"measurement_source_value": "2160-0", "unit_source_value": "mg/dL"})
    assert _load(tmp_path / "in", tmp_path / "store").quarantined == 0
    assert _one(tmp_path / "store", tables.RESULT, "code_system", "code", "unit") == ("loinc", "2160-0", "mg/dL")


# ---- what is coded after a visit is known after it


def test_a_condition_of_a_stay_is_known_after_its_end_and_never_on_admission(tmp_path: Path) -> None:
    """The final diagnosis of a stay is dated by its first day in most databases: a leak if it were believed."""
    condition = {"condition_start_date": "2024-03-01", "visit_occurrence_id": "9"}
    store = _loaded(tmp_path, "CONDITION_OCCURRENCE", condition, also={"VISIT_OCCURRENCE": {}})
    assert _one(store, tables.PROBLEM, "onset_day", "condition_type", "encounter_id", "known_at") == (
        day("2024-03-01"),
        "encounter-diagnosis",
        "9",
        midnight("2024-03-12"),
    )


def test_what_comes_from_a_claim_is_as_late_as_claims(tmp_path: Path) -> None:
    types = ("32020", "32840", "32810")
    rows = [{"condition_occurrence_id": each, "condition_type_concept_id": each} for each in types]
    store = _loaded(tmp_path, "CONDITION_OCCURRENCE", *rows)
    assert rows_of(store, tables.PROBLEM, "condition_id", "condition_type", "known_at") == [
        ("32020", "encounter-diagnosis", midnight("2024-03-08")),
        ("32810", None, midnight("2024-04-15")),
        ("32840", "problem-list-item", midnight("2024-03-08")),
    ]


def test_that_a_condition_is_over_is_a_row_of_its_own(tmp_path: Path) -> None:
    """The first row must not tell the end, which nobody knew then."""
    store = _loaded(tmp_path, "CONDITION_OCCURRENCE", {"condition_end_date": "2024-06-10"})
    assert rows_of(store, tables.PROBLEM, "status", "resolved_day", "known_at") == [
        ("active", None, midnight("2024-03-08")),
        ("resolved", day("2024-06-10"), midnight("2024-06-10")),
    ]


def test_a_procedure_of_a_stay_is_known_after_its_end(tmp_path: Path) -> None:
    store = _loaded(tmp_path, "PROCEDURE_OCCURRENCE", {"visit_occurrence_id": "9"}, also={"VISIT_OCCURRENCE": {}})
    columns = ("code_system", "code", "from_day", "known_at")
    assert _one(store, tables.CLINICAL_PROCEDURE, *columns) == (
        "snomed-ct", "73761001", day("2024-03-01"), midnight("2024-03-12"),
    )  # fmt: skip


# ---- medicines


def test_a_prescription_is_known_the_day_after_and_its_end_when_it_came(tmp_path: Path) -> None:
    drug = {"drug_exposure_end_date": "2024-03-20", "refills": "2"}
    store = _loaded(tmp_path, "DRUG_EXPOSURE", drug, {**drug, "drug_exposure_id": "2", "stop_reason": "rash"})
    columns = ("prescription_id", "status", "code", "quantity", "days_supply", "refills", "known_at")
    assert rows_of(store, tables.PRESCRIPTION, *columns) == [
        ("1", "active", "7984", 30_000, 10, 2, midnight("2024-03-02")),
        ("1", "completed", "7984", 30_000, 10, 2, midnight("2024-03-20")),
        ("2", "active", "7984", 30_000, 10, 2, midnight("2024-03-02")),
        ("2", "stopped", "7984", 30_000, 10, 2, midnight("2024-03-20")),
    ]


def test_a_dispensing_has_its_ndc_or_rxnorm_and_no_zero_for_unknown(tmp_path: Path) -> None:
    filled = {"drug_type_concept_id": "38000175"}
    store = _loaded(
        tmp_path,
        "DRUG_EXPOSURE",
        {**filled, "drug_exposure_id": "1"},
        {**filled, "drug_exposure_id": "2", "drug_concept_id": "0", "drug_source_value": "00093-0058-01"},
        {**filled, "drug_exposure_id": "3", "quantity": "0", "days_supply": "0"},
    )
    columns = ("claim_id", "ndc_code", "rxnorm_code", "quantity", "days_supply")
    assert rows_of(store, tables.DISPENSING, *columns) == [
        ("omop|1", None, "7984", 30_000, 10),
        ("omop|2", "00093005801", None, 30_000, 10),
        ("omop|3", None, "7984", None, None),
    ]


def test_a_vaccine_is_an_immunization_whatever_its_type(tmp_path: Path) -> None:
    vaccine = {"drug_concept_id": "40213154", "drug_type_concept_id": "32818"}
    store = _loaded(tmp_path, "DRUG_EXPOSURE", vaccine)
    assert _one(store, tables.IMMUNIZATION, "code_system", "code", "known_at") == ("cvx", "140", midnight("2024-03-02"))


# ---- results


def test_a_measurement_is_a_result_known_three_days_after_it_was_taken(tmp_path: Path) -> None:
    taken = {"measurement_datetime": "2024-03-01 08:15:00"}
    store = _loaded(tmp_path, "MEASUREMENT", taken, {**taken, "measurement_concept_id": "3004249"})
    columns = ("kind", "code", "value", "unit", "precision", "known_at")
    assert rows_of(store, tables.RESULT, *columns) == [
        ("laboratory", "2160-0", 1250, "mg/dL", "instant", midnight("2024-03-04")),
        ("vital", "8480-6", 1250, "mg/dL", "instant", midnight("2024-03-04")),
    ]


def test_an_observation_is_an_assessment(tmp_path: Path) -> None:
    store = _loaded(tmp_path, "OBSERVATION", {})
    assert _one(store, tables.RESULT, "kind", "code", "value", "known_at") == (
        "assessment", "44261-6", 9000, midnight("2024-03-04"),
    )  # fmt: skip


# ---- what is set aside


@pytest.mark.slow
def test_what_cannot_be_taken_is_set_aside_with_a_reason(tmp_path: Path) -> None:
    unknown = {"condition_concept_id": "0", "condition_source_value": ""}
    wrong: dict[str, dict[str, Row]] = {
        "PERSON": {
            "no person_id": {"person_id": ""},
            "year_of_birth, month_of_birth, day_of_birth are not a date": {"year_of_birth": "x"},
        },
        "VISIT_OCCURRENCE": {
            "person_id is not in PERSON of the delivery": {"person_id": "2"},
            "visit_start_date is not a date": {"visit_start_date": "1 March"},
            "visit_end_date before visit_start_date (negative length of stay)": {"visit_end_date": "2024-02-01"},
        },
        "DEATH": {"no death_date": {"death_date": ""}},
        "CONDITION_OCCURRENCE": {
            "no condition_start_date": {"condition_start_date": ""},
            "no concept, source concept or source value": unknown,
        },
        "DRUG_EXPOSURE": {
            "a source concept of another domain, and no standard concept": {
                "drug_concept_id": "0",
                "drug_source_concept_id": "28060",
            },
            "given in a hospital, for which the record has no table": {"drug_type_concept_id": "32818"},
            "quantity is not a number": {"quantity": "much"},
        },
        "MEASUREMENT": {"value_as_number is not a number": {"value_as_number": "high"}},
    }
    _write_concepts(tmp_path / "in")
    for table, rows in wrong.items():
        _write(tmp_path / "in", table, {}, *rows.values())
    report = _load(tmp_path / "in", tmp_path / "store")
    assert dict(report.reasons) == {reason: 1 for rows in wrong.values() for reason in rows}
    assert {file.name: file.quarantined for file in report.files if file.quarantined} == {
        f"{table}.csv": len(rows) for table, rows in wrong.items()
    }


# ---- a delivery


def test_a_later_file_finds_people_and_concepts_in_files_that_the_store_holds(tmp_path: Path) -> None:
    """A delivery repeats PERSON and CONCEPT; they are not loaded again, but what is new refers to them."""
    _write(tmp_path / "in", "PERSON", {})
    _write_concepts(tmp_path / "in")
    _load(tmp_path / "in", tmp_path / "store")
    _write(tmp_path / "in", "MEASUREMENT", {})
    report = _load(tmp_path / "in", tmp_path / "store")
    assert (report.already, report.loaded, report.quarantined) == (("CONCEPT.csv", "PERSON.csv"), 1, 0)
    assert _one(tmp_path / "store", tables.RESULT, "person_id", "code") == ("anna", "2160-0")


def test_a_vocabulary_as_it_is_downloaded_is_read(tmp_path: Path) -> None:
    """Athena writes CONCEPT.csv with tabs and without quoting, so a quote in a name is a quote."""
    _write_concepts(tmp_path / "in")
    text = (tmp_path / "in" / "CONCEPT.csv").read_text().replace(",", "\t").replace("Creatinine", 'Creatinine 5" tube')
    (tmp_path / "in" / "CONCEPT.csv").write_text(text)
    _write(tmp_path / "in", "PERSON", {})
    _write(tmp_path / "in", "MEASUREMENT", {})
    report = _load(tmp_path / "in", tmp_path / "store")
    assert (report.quarantined, report.unread) == (0, ())
    assert _one(tmp_path / "store", tables.RESULT, "code_system", "code", "unit") == ("loinc", "2160-0", "mg/dL")


def test_one_person_or_concept_told_twice_doubles_no_row(tmp_path: Path) -> None:
    _write_concepts(tmp_path / "in")
    text = (tmp_path / "in" / "CONCEPT.csv").read_text()
    (tmp_path / "in" / "CONCEPT.csv").write_text(text + "\n".join(text.splitlines()[1:]) + "\n")
    _write(tmp_path / "in", "PERSON", {}, {})
    _write(tmp_path / "in", "MEASUREMENT", {})
    assert _load(tmp_path / "in", tmp_path / "store").rows["result"] == 1


@pytest.mark.slow
def test_parquet_gzip_and_csv_give_the_same_rows(tmp_path: Path) -> None:
    tables_given: dict[str, Row] = {"PERSON": {}, "VISIT_OCCURRENCE": {}, "MEASUREMENT": {}, "CONDITION_OCCURRENCE": {}}
    for name, row in tables_given.items():
        _write(tmp_path / "csv", name, row)
    _write_concepts(tmp_path / "csv")
    for kind in ("gzip", "parquet"):
        (tmp_path / kind).mkdir()
    for path in sorted((tmp_path / "csv").iterdir()):
        (tmp_path / "gzip" / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        typed = pa_csv.read_csv(path)
        nulls = [name for name in typed.column_names if typed[name].type == pa.null()]
        typed = typed.cast(
            pa.schema([pa.field(f.name, pa.string() if f.name in nulls else f.type) for f in typed.schema])
        )
        pq.write_table(typed, tmp_path / "parquet" / f"{path.stem}.parquet")
    contents = {}
    for kind in ("csv", "gzip", "parquet"):
        assert _load(tmp_path / kind, tmp_path / "stores" / kind).quarantined == 0
        contents[kind] = {
            path.stem: pq.read_table(path).to_pylist()
            for path in (tmp_path / "stores" / kind).rglob("*.parquet")
            if path.stem != "quarantine"
        }
    assert set(contents["csv"]) == {"person", "encounter", "adt_event", "result", "problem"}
    assert contents["csv"] == contents["gzip"] == contents["parquet"]


def test_what_the_cdm_cannot_tell_is_said_to_be_lacking(tmp_path: Path) -> None:
    store = _loaded(tmp_path, "VISIT_OCCURRENCE", {})
    lacks = open_record(store).lacks
    assert {"diagnosis", "claim_line", "coverage.drug_coverage", "adt_event.admit_type_code", "order"} <= set(lacks)
    assert not {"adt_event", "encounter", "person"} & set(lacks)


@pytest.mark.slow
def test_the_public_database_loads_completely(data_dir: Path, tmp_path: Path) -> None:
    """Synthea, 1,130 people. 30,990 of its rows are conditions and procedures that stand in the tables of medicines,
    measurements and observations without a standard concept; each is loaded from its own table.
    """
    folder = data_dir / "omop_synthea_1k"
    report = _load(folder, tmp_path / "store")
    assert {file.name: (file.read, file.quarantined) for file in report.files} == {
        "CONCEPT.csv": (639, 0),
        "CONDITION_OCCURRENCE.csv": (7_900, 0),
        "DRUG_EXPOSURE.csv": (29_518, 7_584),
        "MEASUREMENT.csv": (199_514, 16_648),
        "OBSERVATION.csv": (8_518, 6_758),
        "OBSERVATION_PERIOD.csv": (1_126, 0),
        "PERSON.csv": (1_130, 1),  # a year of birth that cannot be
        "PROCEDURE_OCCURRENCE.csv": (17_333, 0),
        "VISIT_OCCURRENCE.csv": (32_153, 0),
    }
    assert dict(report.reasons) == {
        "a source concept of another domain, and no standard concept": 30_990,
        "year_of_birth is before 1900 or after today": 1,
    }
    assert report.unread == ("CONDITION_ERA.csv", "DRUG_ERA.csv", "SOURCE.txt")
    assert report.unmapped["result.code"] == (184_626, 1)
    with gzip.open(folder / "VISIT_OCCURRENCE.csv.gz", "rt") as text:
        inpatient = [row for row in csv.DictReader(text) if row["visit_concept_id"] == "9201"]
    stays = final_stays(open_record(tmp_path / "store")).to_pandas()
    told = {(row["person_id"], row["visit_end_date"]) for row in inpatient}
    assert 0 < len(stays) <= len(told) == len({(p, d) for p, d in told})
    again = _load(folder, tmp_path / "store")
    assert (again.read, again.loaded) == (0, 0)
    shutil.rmtree(tmp_path / "store")
