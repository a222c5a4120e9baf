"""Who has which gap where a network has claims, fills and results, and no clinical record: Tuva files of our own.

Only the value sets that come with Afterward are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features.errors import BadInput
from features.measures import MEASURES, glycemic_status, kidney_health, statin_therapy, yearly
from features.measures.evaluable import unknown_packages, untold
from features.measures.gaps import Gaps, gaps, told
from features.measures.shipped import completed
from features.measures.value_sets import Content, ValueSets
from features.record.record import Record, known_by, of_persons, open_record
from features.windows import end_of_day, parse_day
from tests.feeds import ZONE, Row, load_feed, write_feed

pytestmark = pytest.mark.slow
DIABETES, HYPERTENSION, OLD_INFARCTION, PNEUMONIA = "E11.9", "I10", "I21.9", "J18.9"
RHABDOMYOLYSIS = "M62.82"
ATORVASTATIN, FUROSEMIDE, NOT_OURS = "60505258009", "00054429731", "99999999999"
SEEN = "2024-03-01"


def bill(who: str, number: str, *diagnoses: str, on: str = SEEN, filed: str = "2024-04-01", **more: object) -> Row:
    """An office visit for some diagnoses, as the payer's file of a day told it."""
    codes = {f"diagnosis_code_{place}": code for place, code in enumerate(diagnoses, 1)}
    usual = {"hcpcs_code": "99213", "place_of_service_code": "11", "claim_start_date": on, "claim_end_date": on}
    return {"person_id": who, "claim_id": f"{who}-{number}", "file_date": filed, **usual, **codes, **more}


def fill(who: str, on: str, ndc: str, days: int = 30, **more: object) -> Row:
    return {
        "person_id": who,
        "claim_id": f"{who}-{on}",
        "dispensing_date": on,
        "ndc_code": ndc,
        "days_supply": days,
        "quantity": days,
        "file_date": on,
        **more,
    }


def lab(who: str, code: str, on: str, value: float, unit: str) -> Row:
    return {
        "person_id": who,
        "normalized_component_code": code,
        "result": value,
        "normalized_units": unit,
        "lab_result_id": f"{who}{on}{code}",
        "collection_datetime": on,
        "result_datetime": on,
        "status": "final",
    }


def pressure(who: str, on: str, systolic: int, diastolic: int) -> list[Row]:
    return [
        {
            "person_id": who,
            "observation_id": f"{who}{on}{code}",
            "observation_date": on,
            "source_code": code,
            "result": value,
            "source_units": "mm[Hg]",
        }
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]


def hospital(who: str, first: str, last: str, filed: str, ending: str = "01") -> Row:
    return {
        **bill(who, "stay", PNEUMONIA, on=first, filed=filed),
        "claim_type": "institutional",
        "bill_type_code": "111",
        "place_of_service_code": "",
        "hcpcs_code": "",
        "admission_date": first,
        "discharge_date": last,
        "claim_end_date": last,
        "facility_npi": "h1",
        "discharge_disposition_code": ending,
    }


HBA1C, FILTRATION, URINE = "4548-4", "98979-8", "9318-7"
CLAIMS: list[Row] = [
    bill("tested", "1", DIABETES),
    bill("untested", "1", DIABETES),
    bill("taken-back", "1", DIABETES),
    bill("taken-back", "1", DIABETES, filed="2024-06-01", paid_amount="-10.00"),
    bill("late", "1", DIABETES, filed="2024-07-01"),
    bill("year-before", "1", DIABETES, on="2023-03-01", filed="2023-04-01"),
    bill("year-before", "2"),
    bill("muscles-then", "1", OLD_INFARCTION, RHABDOMYOLYSIS, on="2023-03-01", filed="2023-04-01"),
    bill("muscles-then", "2"),
    bill("muscles-now", "1", OLD_INFARCTION, RHABDOMYOLYSIS),
    bill("looked-for", "1", DIABETES, place_of_service_code="81", hcpcs_code="83036"),
    bill("looked-for", "2", "R73.9"),
    bill("hospice", "1", DIABETES),
    bill("hospice", "2", "C25.9", hcpcs_code="Q5003", place_of_service_code="31"),
    bill("to-hospice", "1", DIABETES),
    hospital("to-hospice", "2024-03-05", "2024-03-09", "2024-04-01", ending="50"),
    bill("dead", "1", DIABETES),
    hospital("dead", "2024-03-05", "2024-03-09", "2024-04-01", ending="20"),
    bill("on-statin", "1", OLD_INFARCTION),
    bill("statin-before", "1", OLD_INFARCTION),
    bill("statin-over", "1", OLD_INFARCTION),
    bill("statin-returned", "1", OLD_INFARCTION),
    bill("other-medicine", "1", OLD_INFARCTION),
    bill("calm", "1", HYPERTENSION),
    bill("in-hospital", "1", HYPERTENSION),
    bill("young", "1"),
    bill("young-too", "1"),
    hospital("in-hospital", "2024-05-01", "2024-05-04", "2024-06-01"),
]
FILLS: list[Row] = [
    fill("on-statin", "2024-02-01", ATORVASTATIN),
    fill("statin-before", "2023-12-15", ATORVASTATIN, 90),
    fill("statin-over", "2023-11-15", ATORVASTATIN, 30),
    fill("statin-returned", "2024-02-01", ATORVASTATIN, file_date="2024-02-01"),
    fill("statin-returned", "2024-02-01", ATORVASTATIN, file_date="2024-05-01", paid_amount="-5"),
    fill("other-medicine", "2024-02-01", FUROSEMIDE),
    *(fill("other-medicine", f"2024-02-{day:02d}", FUROSEMIDE) for day in range(2, 22)),
    fill("unknown-package", "2024-02-01", NOT_OURS),
]
LABS = [lab("tested", HBA1C, "2024-03-02", 7.1, "%"), lab("tested", FILTRATION, "2024-03-02", 60, "mL/min/1.73m2")]
LABS += [lab("hospice", HBA1C, "2024-03-02", 7.1, "%"), lab("tested", URINE, "2024-05-02", 20, "mg/g")]
SIGNS = [*pressure("calm", "2024-03-01", 130, 80), *pressure("in-hospital", "2024-03-01", 130, 80)]
SIGNS += pressure("in-hospital", "2024-05-02", 170, 95)
PEOPLE = sorted({str(row["person_id"]) for row in (*CLAIMS, *FILLS)})
JUNE, APRIL = "2024-06-30", "2024-04-30"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claims")
    write_feed(folder / "files", "medical_claim", CLAIMS)
    write_feed(folder / "files", "pharmacy_claim", FILLS)
    write_feed(folder / "files", "lab_result", LABS)
    write_feed(folder / "files", "observation", SIGNS)
    born = {"young": "1984-01-31", "young-too": "1984-01-31"}
    people = [{"person_id": who, "birth_date": born.get(who, "1955-01-31"), "gender": "female"} for who in PEOPLE]
    write_feed(folder / "files", "eligibility", people)
    load_feed(folder / "files", folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def record(store: Path) -> Record:
    return open_record(store)


@pytest.fixture(scope="module")
def found(record: Record) -> dict[str, Gaps]:
    cms = tuple(measure.cms for measure in MEASURES)
    return {day: gaps(record, ValueSets(), parse_day(day), cms) for day in (APRIL, JUNE)}


def of(found: Gaps, cms: str) -> dict[str, Mapping[str, Any]]:
    return {row["person_id"]: row for row in found.tables[cms].to_pylist() if row["status"] != "not applicable"}


def status(found: Gaps, cms: str) -> dict[str, str]:
    return {who: row["status"] for who, row in of(found, cms).items()}


def test_a_diagnosis_on_a_claim_and_an_office_visit_put_somebody_in(found: dict[str, Gaps]) -> None:
    """What is chronic goes on from year to year; what was only looked for, or was taken back, does not count."""
    assert status(found[JUNE], "CMS122") == {
        "tested": "closed",
        "untested": "open",
        "year-before": "open",
        "hospice": "excluded",
        "to-hospice": "excluded",
    }


def test_what_passes_lasts_as_long_as_its_claim(found: dict[str, Gaps]) -> None:
    people = of(found[JUNE], "CMS347")
    assert people["muscles-then"]["status"] == "open"
    assert people["muscles-now"]["why"] == "breastfeeding, or rhabdomyolysis"


def test_a_claim_counts_from_when_it_was_known_until_it_was_taken_back(found: dict[str, Gaps]) -> None:
    people = status(found[APRIL], "CMS122")
    assert people["taken-back"] == "open"
    assert "late" not in people


def test_the_dead_have_no_gaps(found: dict[str, Gaps]) -> None:
    assert "dead" not in of(found[JUNE], "CMS122")


def test_a_gap_is_closed_by_a_result_and_not_by_the_bill_for_it(found: dict[str, Gaps]) -> None:
    row = of(found[JUNE], "CMS122")["tested"]
    assert (row["evidence_table"], str(row["evidence_date"])) == ("result", "2024-03-02")


def test_both_tests_of_the_kidneys_are_needed(found: dict[str, Gaps]) -> None:
    row = of(found[APRIL], "CMS951")["tested"]
    assert row["closes"] == "an albumin to creatinine ratio in urine: the filtration rate is there"
    assert status(found[JUNE], "CMS951")["tested"] == "closed"


def test_a_fill_is_a_statin_prescribed_and_taken_for_as_long_as_it_lasts(found: dict[str, Gaps]) -> None:
    people = {who: row for who, row in of(found[JUNE], "CMS347").items() if who in {str(f["person_id"]) for f in FILLS}}
    assert {who: row["status"] for who, row in people.items()} == {
        "on-statin": "closed",
        "statin-before": "closed",
        "statin-over": "open",
        "statin-returned": "open",
        "other-medicine": "open",
    }
    row = people["on-statin"]
    assert (row["evidence_table"], row["evidence_id"]) == ("dispensing", "on-statin-2024-02-01")
    assert status(found[APRIL], "CMS347")["statin-returned"] == "closed", "nobody knew yet that it was taken back"


def test_two_readings_of_one_moment_are_a_blood_pressure_and_none_of_a_day_in_hospital_counts(
    found: dict[str, Gaps],
) -> None:
    assert status(found[JUNE], "CMS165") == {"calm": "closed", "in-hospital": "closed"}
    row = of(found[JUNE], "CMS165")["in-hospital"]
    assert str(row["evidence_date"]) == "2024-03-01"


def test_gaps_as_of_a_day_are_those_of_a_record_that_holds_no_more(record: Record, found: dict[str, Gaps]) -> None:
    """The law of the record: a claim that came later, or was taken back later, moves nothing."""
    only = known_by(record, int(end_of_day(parse_day(APRIL), ZONE)))
    then = gaps(only, ValueSets(), parse_day(APRIL), tuple(found[APRIL].tables))
    assert set(then.tables) == set(found[APRIL].tables)
    for cms, table in then.tables.items():
        assert table.to_pylist() == found[APRIL].tables[cms].to_pylist()


# ---- what cannot be said


def test_a_measure_that_cannot_be_without_lists_of_others_says_so(found: dict[str, Gaps]) -> None:
    lines = {line.split(" ")[0]: line for line in told(found[JUNE]) if "value sets missing" in line}
    assert set(lines) == {"CMS2", "CMS69", "CMS125", "CMS130", "CMS131"}
    assert "Colonoscopy" in lines["CMS130"]
    assert "CPT, SNOMED CT" in lines["CMS130"]


def test_sets_that_come_in_part_are_told(found: dict[str, Gaps]) -> None:
    assert "Office Visit" in found[JUNE].in_part["CMS122"]
    assert any(line.startswith("CMS122: ") and "come in part" in line for line in told(found[JUNE]))


STATINS, SUGAR = (measure.MEASURE for measure in (statin_therapy, glycemic_status))


def without(record: Record, fact: str) -> Record:
    return replace(record, lacks={**record.lacks, fact: "not in the files loaded"})


def test_diagnoses_of_another_edition_put_nobody_in_and_are_said(record: Record) -> None:
    why = untold(STATINS, STATINS.editions[0], without(record, "diagnosis.icd-10-cm"))
    assert why == "is not evaluable: no source of the store tells problem or diagnosis.icd-10-cm"


def test_visits_without_a_type_are_none(record: Record) -> None:
    """Of an encounter whose type no source codes nobody can say that it was one of the measure's."""
    why = untold(SUGAR, SUGAR.editions[0], without(record, "claim_line"))
    assert why == "is not evaluable: no source of the store tells coding or claim_line"


def test_without_results_a_group_that_needs_none_is_still_worked_out(record: Record) -> None:
    claims_alone = without(record, "result")
    assert untold(STATINS, STATINS.editions[0], claims_alone) == ""
    assert untold(SUGAR, SUGAR.editions[0], claims_alone) == "is not evaluable: no source of the store tells result"


def test_where_nearly_nobody_s_medicines_are_known_nobody_is_overdue(record: Record) -> None:
    """A package that our list does not have may be a statin."""
    some = of_persons(record, ["on-statin", "unknown-package"])
    held = completed(ValueSets())
    assert unknown_packages(STATINS, STATINS.editions[0], record, held) == ""
    assert unknown_packages(STATINS, STATINS.editions[0], some, held).startswith(
        "is not evaluable: of 2 fills 1 are of packages that Afterward knows"
    )


def test_where_many_have_a_gap_and_nobody_closed_one_the_store_does_not_tell_of_it(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store whose laboratory sends no smears would make every woman overdue."""
    monkeypatch.setattr(yearly, "MANY", 2)
    with pytest.raises(BadInput, match="CMS124 is not evaluable: of 2 people whom it asks about nobody had the care"):
        gaps(record, ValueSets(), parse_day(JUNE), ("CMS124",))


def test_what_somebody_imported_stands_before_what_comes_with_us(record: Record) -> None:
    """But packages of medicines are added: no published set can name them."""
    statins = {
        each.oid: Content(each.name, "imported", frozenset({("rxnorm", "1")})) for each in statin_therapy.STATINS
    }
    none = Content("Urine", "imported", frozenset({("loinc", "1-8")}))
    held = ValueSets({**statins, kidney_health.URINE_ALBUMIN.oid: none})
    found = gaps(record, held, parse_day(JUNE), ("CMS347", "CMS951"))
    assert status(found, "CMS347")["on-statin"] == "closed"
    assert status(found, "CMS951")["tested"] == "open"
