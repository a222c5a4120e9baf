"""What FHIR resources tell beside the thing itself: further codes, reasons, states, and what was not done and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.record import tables
from tests.feeds import day, midnight, rows_of
from tests.fhir_feeds import ICD10, LOINC, RXNORM, SNOMED, STAY, a, becomes, concept, load_resources, rejected

pytestmark = pytest.mark.slow  # each loads a store
QICORE = "http://hl7.org/fhir/us/qicore/StructureDefinition"
CODING = ("about", "about_id", "role", "code_system", "code")
NOT_DONE = ("kind", "status", "code_system", "code", "known_at")
REASON = concept(SNOMED, "183932001")


def extension(url: str, value: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"url": "http://example.org/other", "valueString": "x"}, {"url": url, "valueCodeableConcept": value}]


def test_every_type_of_an_encounter_is_told(tmp_path: Path) -> None:
    visit = a("Encounter", **STAY, type=[concept(SNOMED, "185349003", "11429006"), concept("x", "local")])
    assert becomes(tmp_path, visit, tables.CODING, *CODING) == [
        ("encounter", "r1", "type", "snomed-ct", "11429006"),
        ("encounter", "r1", "type", "snomed-ct", "185349003"),
    ]
    told = rows_of(tmp_path / "store", tables.ENCOUNTER, "status", "told_status", "class_code")
    assert told == [("finished", "finished", "IMP"), ("in-progress", None, "IMP")]


def test_an_encounter_that_ended_by_the_clock_only_keeps_its_own_word(tmp_path: Path) -> None:
    visit = a("Encounter", **{**STAY, "status": "arrived"})
    told = becomes(tmp_path, visit, tables.ENCOUNTER, "status", "told_status")
    assert told == [("finished", "arrived"), ("in-progress", None)]


def test_only_the_further_codes_of_a_condition_stand_beside_it(tmp_path: Path) -> None:
    """The one in its own row told twice would count twice."""
    both = {"coding": [*concept(SNOMED, "44054006")["coding"], *concept(ICD10, "E11.9")["coding"]]}
    condition = a(
        "Condition", code=both, bodySite=[concept(SNOMED, "7771000")], category=[concept("x", "health-concern")]
    )
    assert sorted(becomes(tmp_path, condition, tables.CODING, *CODING)) == [
        ("problem", "r1", "code", "snomed-ct", "44054006"),
        ("problem", "r1", "site", "snomed-ct", "7771000"),
    ]
    assert rows_of(tmp_path / "store", tables.PROBLEM, "code", "category") == [("E119", " health-concern ")]


@pytest.mark.parametrize(
    ("value", "has", "number"),
    [
        ({"valueQuantity": {"value": 5.5, "code": "%"}}, 1, 5500),
        ({"valueCodeableConcept": REASON}, 1, None),
        ({"valueBoolean": False}, 1, None),
        ({"dataAbsentReason": REASON}, 0, None),
        ({}, 0, None),
    ],
)
def test_a_result_tells_whether_it_has_a_value(
    value: dict[str, Any], has: int, number: int | None, tmp_path: Path
) -> None:
    result = a("Observation", code=concept(LOINC, "4548-4"), effectiveDateTime="2024-03-01", **value)
    columns = ("result_id", "has_value", "value", "status", "timing")
    assert becomes(tmp_path, result, tables.RESULT, *columns) == [("r1", has, number, "final", "taken")]


def test_a_coded_value_stands_beside_its_result(tmp_path: Path) -> None:
    result = a(
        "Observation", code=concept(LOINC, "71802-3"), effectiveDateTime="2024-03-01", valueCodeableConcept=REASON
    )
    assert becomes(tmp_path, result, tables.CODING, *CODING) == [("result", "r1", "value", "snomed-ct", "183932001")]


def test_components_know_what_they_are_part_of(tmp_path: Path) -> None:
    parts = [{"code": concept(LOINC, code), "valueQuantity": {"value": 1}} for code in ("8480-6", "8462-4")]
    panel = a("Observation", code=concept(LOINC, "85354-9"), effectiveDateTime="2024-03-01", component=parts)
    told = becomes(tmp_path, panel, tables.RESULT, "code", "result_id", "part_of")
    assert told == [("8462-4", None, "r1"), ("8480-6", None, "r1")]
    assert rows_of(tmp_path / "store", tables.CODING, *CODING) == [("result", "r1", "whole", "loinc", "85354-9")]


@pytest.mark.parametrize(
    ("when", "timing"),
    [
        ({"effectivePeriod": {"start": "2024-03-01"}}, "ongoing"),
        ({"effectivePeriod": {"start": "2024-03-01", "end": "2024-03-02"}}, "taken"),
        ({"issued": "2024-03-01T10:00:00Z"}, "issued"),
    ],
)
def test_a_result_tells_what_its_times_are_of(when: dict[str, Any], timing: str, tmp_path: Path) -> None:
    result = a("Observation", code=concept(LOINC, "4548-4"), valueQuantity={"value": 1}, **when)
    assert becomes(tmp_path, result, tables.RESULT, "timing") == [(timing,)]


# ---- what was not done


def test_a_result_called_off_with_its_reason_is_no_result(tmp_path: Path) -> None:
    result = a(
        "Observation",
        status="cancelled",
        code=concept(LOINC, "73832-8"),
        issued="2024-03-01T10:00:00-05:00",
        extension=extension(f"{QICORE}/qicore-notDoneReason", REASON),
    )
    assert becomes(tmp_path, result, tables.NOT_DONE, *NOT_DONE) == [
        ("result", "cancelled", "loinc", "73832-8", "2024-03-01 10:00:00")
    ]
    assert rows_of(tmp_path / "store", tables.NOT_DONE, "issued_day") == [(day("2024-03-01"),)]
    assert rows_of(tmp_path / "store", tables.RESULT, "code") == []
    assert rows_of(tmp_path / "store", tables.CODING, *CODING) == [
        ("not_done", "r1", "refusal", "snomed-ct", "183932001")
    ]


def test_a_result_called_off_without_a_reason_is_set_aside(tmp_path: Path) -> None:
    said = "status says that it was cancelled, not done or entered in error"
    result = a("Observation", status="cancelled", code=concept(LOINC, "73832-8"), effectiveDateTime="2024-03-01")
    assert rejected(tmp_path, result) == [said]


def test_a_prescription_not_to_be_given_is_no_prescription(tmp_path: Path) -> None:
    refused = a(
        "MedicationRequest",
        status="completed",
        doNotPerform=True,
        authoredOn="2024-03-01",
        medicationCodeableConcept=concept(RXNORM, "617310"),
        reasonCode=[REASON],
    )
    assert becomes(tmp_path, refused, tables.NOT_DONE, *NOT_DONE) == [
        ("prescription", "completed", "rxnorm", "617310", midnight("2024-03-01"))
    ]
    assert rows_of(tmp_path / "store", tables.PRESCRIPTION, "code") == []
    assert rows_of(tmp_path / "store", tables.CODING, *CODING) == [
        ("not_done", "r1", "reason", "snomed-ct", "183932001")
    ]


def test_a_service_not_to_be_done_tells_why(tmp_path: Path) -> None:
    refused = a(
        "ServiceRequest",
        doNotPerform=True,
        authoredOn="2024-03-01",
        code=concept(SNOMED, "103699006"),
        extension=extension(f"{QICORE}/qicore-doNotPerformReason", REASON),
    )
    told = becomes(tmp_path, refused, tables.NOT_DONE, *NOT_DONE)
    assert told == [("service", "active", "snomed-ct", "103699006", midnight("2024-03-01"))]
    assert rows_of(tmp_path / "store", tables.ORDER, "code") == []
    assert rows_of(tmp_path / "store", tables.CODING, "role") == [("refusal",)]


# ---- devices, supply, reactions


def test_a_device_is_ordered_unless_it_is_not_to_be(tmp_path: Path) -> None:
    device = {"subject": {"reference": "Patient/p1"}, "status": "active", "intent": "order", "authoredOn": "2024-03-01"}
    wanted = a("DeviceRequest", **device, codeCodeableConcept=concept(SNOMED, "183240000"))
    never = [{"url": f"{QICORE}/qicore-doNotPerform", "valueBoolean": True}]
    load_resources(tmp_path, wanted, {**wanted, "id": "r2", "modifierExtension": never})
    columns = ("order_id", "order_type", "status", "intent", "code")
    told = rows_of(tmp_path / "store", tables.ORDER, *columns)
    assert told == [("r1", "device", "ordered", "order", "183240000")]
    assert rows_of(tmp_path / "store", tables.NOT_DONE, "not_done_id", "kind") == [("r2", "device")]


def test_a_prescription_tells_when_and_how_much_is_taken(tmp_path: Path) -> None:
    dosage = {
        "timing": {
            "repeat": {
                "boundsPeriod": {"start": "2024-03-02", "end": "2024-03-31"},
                "frequency": 2,
                "period": 1,
                "periodUnit": "d",
            }
        },
        "doseAndRate": [{"doseQuantity": {"value": 1.5}}],
    }
    prescription = a(
        "MedicationRequest",
        authoredOn="2024-03-01",
        medicationCodeableConcept=concept(RXNORM, "617310"),
        dosageInstruction=[dosage],
    )
    columns = ("intent", "taken_from_day", "taken_to_day", "daily_quantity", "by_reference")
    assert becomes(tmp_path, prescription, tables.PRESCRIPTION, *columns) == [
        ("order", day("2024-03-02"), day("2024-03-31"), 3000, 0)
    ]


def test_an_adverse_event_is_a_reaction_that_happened(tmp_path: Path) -> None:
    event = a(
        "AdverseEvent",
        subject={"reference": "Patient/p1"},
        actuality="actual",
        event=concept(RXNORM, "301542"),
        recordedDate="2024-03-01",
    )
    columns = ("allergy_type", "code_system", "code", "known_at")
    assert becomes(tmp_path, event, tables.ALLERGY, *columns) == [
        ("adverse-event", "rxnorm", "301542", midnight("2024-03-01"))
    ]
    assert becomes(tmp_path / "2", {**event, "actuality": "potential"}, tables.ALLERGY, *columns) == []


def test_the_sex_for_clinical_use_stands_beside_the_administrative_one(tmp_path: Path) -> None:
    sex = [{"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex", "valueCode": "248153007"}]
    person = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-01-31", "extension": sex}
    assert becomes(tmp_path, person, tables.PERSON, "sex", "clinical_sex") == [("female", "male")]
