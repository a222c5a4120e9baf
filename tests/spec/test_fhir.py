"""FHIR R4, by example: who, visits, problems, results, orders and medicines: what each resource becomes, and when it is
known.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from features.record import tables
from tests.feeds import day, midnight, rows_of
from tests.fhir_feeds import (
    LOINC,
    NDC,
    PATIENT,
    PERSON,
    RXNORM,
    SNOMED,
    STAY,
    Resource,
    a,
    becomes,
    bundle,
    concept,
    load_fhir,
    load_resources,
    rejected,
    write,
)

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
