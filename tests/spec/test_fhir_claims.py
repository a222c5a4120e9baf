"""FHIR R4, by example: what an ExplanationOfBenefit becomes, when it is known, and what it is a version of."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.record import tables
from tests.feeds import day, midnight, rows_of
from tests.fhir_feeds import (
    CPT,
    ICD10,
    NDC,
    PERSON,
    STAY,
    a,
    becomes,
    beside,
    concept,
    load_resources,
    stay_claim,
)

pytestmark = pytest.mark.slow

# ---- claims


def test_a_hospital_claim_is_known_when_paid_and_delivered_and_its_notice_on_the_day_of_discharge(
    tmp_path: Path,
) -> None:
    lines = ("claim_line_number", "bill_type_code", "revenue_center_code", "drg_code", "discharge_disposition_code")
    paid = "2024-04-25"  # paid on 10 April, delivered 15 days later
    assert becomes(tmp_path, stay_claim(), tables.CLAIM_LINE, *lines, "admission_day", "paid", "known_at") == [
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
    claim = stay_claim()
    week = beside("https://bluebutton.cms.gov/resources/variables/nch_wkly_proc_dt", timingDate="2024-04-05")
    claim["supportingInfo"] = [*claim["supportingInfo"], week]
    load_resources(tmp_path, claim, back_load_delay=3)
    assert {row[0] for row in rows_of(tmp_path / "store", tables.CLAIM_LINE, "known_at")} == {midnight("2024-04-08")}


def test_a_claim_that_says_nothing_of_payment_is_known_a_declared_time_after_the_care(tmp_path: Path) -> None:
    claim = stay_claim(payment={"amount": {"value": 1}})
    found = becomes(tmp_path, claim, tables.CLAIM_LINE, "known_at")
    assert set(found) == {(midnight("2024-04-19"),)}  # 5 March, and 30 and 15 days


def test_an_encounter_in_hospital_makes_a_declared_notice_needless(tmp_path: Path) -> None:
    """What the hospital told is better than what we declare from the bill: both would be counted."""
    house = {"reference": "Organization/h1"}
    npi = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "3333333333"}]
    told = (a("Encounter", **STAY, serviceProvider=house), a("Organization", id="h1", identifier=npi))
    report = load_resources(tmp_path, stay_claim(), *told)
    assert report.rows["adt_event"] == 2
    assert "discharge_notice" not in report.rows
    assert "discharge_notice" not in report.lacks


def test_an_encounter_elsewhere_does_not_make_it_needless(tmp_path: Path) -> None:
    practice = a("Encounter", period={"start": "2024-01-01"})
    elsewhere = a("Encounter", id="r2", **STAY, serviceProvider={"reference": "Organization/h2"})
    report = load_resources(tmp_path, stay_claim(), practice, elsewhere)
    assert report.rows["discharge_notice"] == 1


def test_a_claim_that_replaces_another_is_a_version_of_it_whatever_comes_first(tmp_path: Path) -> None:
    """Counted as two claims, one stay would have cost twice."""
    related = [{"relationship": concept("x", "prior"), "reference": {"value": "N1"}}]
    uc = concept("x", "uc")
    first = stay_claim(identifier=[{"type": uc, "value": "N1"}])
    second = stay_claim(
        id="c2", identifier=[{"type": uc, "value": "N2"}], related=related, payment={"date": "2024-06-01"}
    )
    third = stay_claim(
        id="c3",
        identifier=[{"type": uc, "value": "N3"}],
        related=[{"relationship": concept("x", "prior"), "reference": {"value": "N2"}}],
        payment={"date": "2024-07-01"},
        status="cancelled",
    )
    expected = [
        ("N1", 0, 0, midnight("2024-04-25")),
        ("N1", 1, 1, midnight("2024-07-16")),
        ("N1", 2, 0, midnight("2024-06-16")),
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
        supportingInfo=[beside("dayssupply", valueQuantity={"value": 30})],
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
    report = load_resources(tmp_path, PERSON, stay_claim(use="preauthorization"))
    assert (report.loaded, set(report.rows)) == (2, {"person", "contact_details"})
