"""Who has which gap, as of a day: tiny patients of our own in one store, loaded as any delivery of FHIR."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from features.errors import BadInput
from features.measures import MEASURES, breast_cancer, glycemic_status, statin_therapy
from features.measures.cli import gaps as command
from features.measures.gaps import edition_of, gaps, told
from features.measures.left_out import HOSPICE_DIAGNOSIS
from features.measures.sets import DIABETES, OFFICE_VISIT
from features.measures.status import COLUMNS
from features.measures.value_sets import ValueSets, write
from features.record.record import known_by, open_record
from features.windows import end_of_day, parse_day
from tests.feeds import ZONE
from tests.fhir_feeds import load_resources
from tests.measure_decks import Resource, concept, condition, patient, procedure, quantity, result, sets_held, visit

pytestmark = pytest.mark.slow
ASKED = ("CMS125", "CMS122", "CMS347")
JUNE = "2025-06-30"
HELD = sets_held(*(name for measure in MEASURES for edition in measure.editions for name in edition.names))
SEEN = visit(OFFICE_VISIT, "2025-03-01T09:00:00-05:00", "2025-03-01T09:30:00-05:00")
DIABETIC = condition(DIABETES, "2020-01-01", recordedDate="2020-01-01")
WOMAN = patient("1965-05-05")
MAMMOGRAM = result(breast_cancer.MAMMOGRAPHY, "2025-02-01", "imaging", issued="2025-02-03T08:00:00-05:00")


def test_of_one(at: float, day: str) -> Resource:
    return result(glycemic_status.HBA1C, day, issued=f"{day}T12:00:00-05:00", **quantity(at, "%"))


test_of_one.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test

PEOPLE: dict[str, list[Resource]] = {
    "open": [WOMAN, SEEN],
    "closed": [WOMAN, SEEN, MAMMOGRAM],
    "closed-later": [WOMAN, SEEN, {**MAMMOGRAM, "issued": "2025-07-01T08:00:00-05:00"}],
    "excluded": [WOMAN, SEEN, MAMMOGRAM, condition(HOSPICE_DIAGNOSIS, "2025-01-15", recordedDate="2025-01-15")],
    "man": [patient("1965-05-05", "male"), SEEN],
    "not-seen": [WOMAN],
    "high": [WOMAN, SEEN, DIABETIC, test_of_one(7.0, "2025-03-01"), test_of_one(9.5, "2025-04-01")],
    "low": [WOMAN, SEEN, DIABETIC, test_of_one(9.5, "2025-03-01"), test_of_one(7.0, "2025-04-01")],
    "operated": [WOMAN, SEEN, procedure(breast_cancer.BOTH_REMOVED, "2020-01-01T08:00:00Z", "2020-01-01T09:00:00Z")],
    "on-statin": [
        WOMAN,
        SEEN,
        DIABETIC,
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "authoredOn": "2025-04-01",
            "medicationCodeableConcept": concept(statin_therapy.STATINS[0]),
        },
    ],
}


def _resources() -> list[Resource]:
    found = []
    for who, resources in PEOPLE.items():
        for number, each in enumerate(resources):
            about = {} if each["resourceType"] == "Patient" else {"subject": {"reference": f"Patient/{who}"}}
            own = who if each["resourceType"] == "Patient" else f"{who}-{number}"
            found.append({**each, **about, "id": own})
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gaps")
    load_resources(folder, *_resources())
    return folder / "store"


Found = Mapping[tuple[str, str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def found(store: Path) -> Found:
    """The rows by person, for each day and measure that the tests ask about."""
    record = open_record(store)
    every = {day: gaps(record, HELD, parse_day(day), ASKED) for day in ("2025-02-28", "2025-06-30", "2025-07-01")}
    return {(day, cms): by_person(table) for day, one in every.items() for cms, table in one.tables.items()}


def by_person(table: Any) -> dict[str, dict[str, Any]]:
    return {row["person_id"]: {k: v for k, v in row.items() if v is not None} for row in table.to_pylist()}


def test_each_person_has_one_row_with_what_became_of_the_gap(found: Found) -> None:
    assert {who: row["status"] for who, row in found[JUNE, "CMS125"].items()} == {
        "open": "open",
        "closed": "closed",
        "closed-later": "open",
        "excluded": "excluded",
        "man": "not applicable",
        "not-seen": "not applicable",
        "high": "open",
        "low": "open",
        "operated": "excluded",
        "on-statin": "open",
    }


def test_an_open_gap_says_since_when_until_when_and_what_closes_it(found: Found) -> None:
    row = found[JUNE, "CMS125"]["open"]
    assert [str(row[name]) for name in ("open_since", "due", "closes", "as_of")] == [
        *("2025-03-01", "2025-12-31", "a mammogram", "2025-06-30")
    ]
    assert "evidence_id" not in row


def test_the_next_step_follows_from_what_is_known(found: Found) -> None:
    rows = found[JUNE, "CMS122"]
    assert rows["high"]["closes"] == "treatment, and a test of 9 per cent or less: the last was above"
    assert rows["on-statin"]["closes"] == "a test of glycated haemoglobin: none this year"


def test_a_closed_gap_names_the_entry_of_the_record_and_its_day(found: Found) -> None:
    row = found[JUNE, "CMS125"]["closed"]
    assert (row["evidence_table"], row["evidence_id"], str(row["evidence_date"])) == (
        "result",
        "closed-2",
        "2025-02-01",
    )
    assert "due" not in row


def test_an_excluded_person_is_told_why(found: Found) -> None:
    whys = {who: row["why"] for who, row in found[JUNE, "CMS125"].items() if "why" in row}
    assert whys == {"excluded": "in hospice", "operated": "both breasts removed"}


def test_what_was_not_known_on_the_day_closes_nothing(found: Found) -> None:
    assert found["2025-07-01", "CMS125"]["closed-later"]["status"] == "closed"
    assert found["2025-02-28", "CMS125"]["open"]["status"] == "not applicable", "not seen yet"


def test_where_a_low_rate_is_good_the_last_good_test_closes_the_gap(found: Found) -> None:
    rows = found[JUNE, "CMS122"]
    assert [rows[who]["status"] for who in ("high", "low", "on-statin")] == ["open", "closed", "open"]
    assert (rows["low"]["evidence_id"], rows["open"]["status"]) == ("low-4", "not applicable")


def test_the_groups_of_a_measure_give_one_row_a_person(found: Found) -> None:
    rows = found[JUNE, "CMS347"]
    assert len(rows) == len(PEOPLE)
    assert {who: row["status"] for who, row in rows.items() if row["status"] != "not applicable"} == {
        "high": "open",
        "low": "open",
        "on-statin": "closed",
    }
    row = rows["on-statin"]
    assert (row["evidence_table"], str(row["evidence_date"])) == ("prescription", "2025-04-01")


@pytest.mark.parametrize("day", ["2025-02-28", "2025-04-01"])
def test_gaps_as_of_a_day_are_those_of_a_record_that_holds_no_more(day: str, store: Path) -> None:
    """The law of the record: what became known later moves nothing."""
    record = open_record(store)
    only = known_by(record, int(end_of_day(parse_day(day), ZONE)))
    then, now = (gaps(each, HELD, parse_day(day), ASKED).tables for each in (only, record))
    for cms in ASKED:
        assert then[cms].to_pylist() == now[cms].to_pylist()


# ---- what cannot be said


def test_a_measure_without_its_value_sets_has_no_rows_and_says_so(store: Path) -> None:
    less = {oid: held for oid, held in HELD.content.items() if oid != breast_cancer.MAMMOGRAPHY.oid}
    found = gaps(open_record(store), ValueSets(less), parse_day(JUNE), ("CMS122", "CMS125"))
    assert "CMS125" not in found.tables
    assert [line for line in told(found) if line.startswith("CMS125")] == [
        f"CMS125 value sets missing: Mammography ({breast_cancer.MAMMOGRAPHY.oid}), which lacks codes of LOINC"
    ]


def test_a_measure_that_asks_about_nobody_says_what_nobody_meets(store: Path) -> None:
    """Nobody has the disease, or nobody's codes are known: whoever reads a nought must be able to tell."""
    found = gaps(open_record(store), HELD, parse_day("2024-06-30"), ("CMS125",))
    assert found.nobody == {"CMS125": ("seen in the period",)}
    assert "CMS125 asks about nobody; met by nobody: seen in the period" in list(told(found))


def test_kinds_of_visit_tell_nothing_where_there_are_no_claims(store: Path) -> None:
    """The sets that come with us know an office visit by its claim: in a clinical record nobody would seem seen."""
    with pytest.raises(BadInput, match=r"CMS122 value sets missing: Home Healthcare Services .*Office Visit"):
        gaps(open_record(store), ValueSets(), parse_day(JUNE), ("CMS122",))


def test_what_no_source_tells_is_not_a_gap_of_everybody(tmp_path: Path) -> None:
    """Without any results in the store nobody can say who had a mammogram."""
    seen = [{**SEEN, "id": "v1", "subject": {"reference": "Patient/p1"}}, {**WOMAN, "id": "p1"}]
    load_resources(tmp_path, *seen)
    with pytest.raises(BadInput, match="CMS125 is not evaluable: no source of the store tells result"):
        gaps(open_record(tmp_path / "store"), HELD, parse_day(JUNE), ("CMS125",))


def test_an_unknown_measure_is_named(store: Path) -> None:
    with pytest.raises(BadInput, match=r"measure CMS1; .*CMS125"):
        gaps(open_record(store), HELD, parse_day(JUNE), ("CMS1",))


def test_the_edition_is_the_one_for_the_year() -> None:
    assert [edition_of(breast_cancer.MEASURE, year).year for year in (2023, 2025, 2026, 2030)] == [
        2024,
        2024,
        2025,
        2025,
    ]


def test_the_command_writes_one_flat_table(store: Path, tmp_path: Path) -> None:
    write(HELD, tmp_path / "sets.csv")
    words = ("--store", str(store), "--as-of", "2025-06-30", "--valuesets", str(tmp_path / "sets.csv"))
    done = CliRunner().invoke(command, (*words, "--measure", "CMS125", "--out", str(tmp_path / "gaps.csv")))
    assert done.exit_code == 0, done.output
    assert "CMS125: 5 open, 1 closed, 2 excluded, 2 not applicable" in done.output
    with (tmp_path / "gaps.csv").open(newline="") as data:
        written = list(csv.DictReader(data))
    assert tuple(written[0]) == COLUMNS
    assert len(written) == len(PEOPLE)
