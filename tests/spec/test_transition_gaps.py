"""The gaps that a discharge, an emergency visit or a new year opens: small Tuva files of our own.

Everybody leaves hospital on Friday 24 May 2024, and the Monday after is a holiday, unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features.errors import BadInput
from features.measures.gaps import Gaps, gaps
from features.measures.transitions import TRANSITIONS
from features.measures.value_sets import ValueSets
from features.record.record import Record, known_by, open_record
from features.windows import end_of_day, parse_day
from tests.feeds import ZONE, Row, load_feed, write_feed

pytestmark = pytest.mark.slow
LEFT = "2024-05-24"
MAY, JUNE = "2024-05-29", "2024-06-20"
NAMES = tuple(each.name for each in TRANSITIONS)
CONTACT, WEEK, FORTNIGHT = "contact_2_business_days", "visit_7_days", "visit_14_days"
MEDICINES, PENDING = "medicines_reconciled_30_days", "pending_results_followed_up"
EMERGENCY, WELLNESS = "emergency_follow_up_7_days", "annual_wellness_visit"


def messages(who: str, first: str, last: str, ending: str = "01", kind: str = "I", number: str = "v1") -> list[Row]:
    """Admission and discharge of one visit, as they happened; no end leaves it open."""
    visit = {"person_id": who, "visit_number": f"{who}-{number}", "patient_class": kind, "facility_npi": "h1"}
    came = {**visit, "event_type": "A01" if kind == "I" else "A04", "admit_datetime": f"{first} 08:00:00"}
    sent: list[Row] = [{**came, "message_id": f"{who}{number}in", "message_datetime": f"{first} 08:00:00"}]
    if last:
        left = {"event_type": "A03", "discharge_datetime": f"{last} 14:00:00", "discharge_disposition_code": ending}
        sent.append({**came, **left, "message_id": f"{who}{number}out", "message_datetime": f"{last} 14:00:00"})
    return sent


def bill(who: str, number: str, on: str, filed: str, *diagnoses: str) -> Row:
    codes = {f"diagnosis_code_{place}": code for place, code in enumerate(diagnoses, 1)}
    usual = {"place_of_service_code": "11", "claim_start_date": on, "claim_end_date": on, "file_date": filed}
    return {"person_id": who, "claim_id": f"{who}-{number}-{on}", "hcpcs_code": number, **usual, **codes}


def appointment(who: str, on: str, status: str = "kept") -> Row:
    times = {
        "start_datetime": f"{on} 09:00:00",
        "end_datetime": f"{on} 09:30:00",
        "booked_datetime": f"{LEFT} 10:00:00",
    }
    return {"person_id": who, "appointment_id": f"{who}{on}", "normalized_status": status, **times}


def order(who: str, number: str, resulted: str = "", reviewed: str = "", status: str = "active") -> Row:
    told = {"ordered_datetime": "2024-05-23 10:00:00", "resulted_datetime": resulted, "reviewed_datetime": reviewed}
    return {"person_id": who, "order_id": f"{who}-{number}", "encounter_id": f"{who}-v1", "status": status, **told}


HOME = (
    *("called", "seen", "late", "same-day", "waiting", "booked-in-time", "billed", "billed-later", "reported"),
    *("looked-at", "not-looked-at", "to-come", "called-off", "come-before"),
)
MESSAGES = [row for who in HOME for row in messages(who, "2024-05-20", LEFT)]
MESSAGES += messages("to-hospice", "2024-05-20", LEFT, "50")
MESSAGES += messages("to-nursing-home", "2024-05-20", LEFT, "03")
MESSAGES += messages("died", "2024-05-20", LEFT, "20")
MESSAGES += [*messages("again", "2024-05-20", LEFT), *messages("again", "2024-06-18", "", number="v2")]
MESSAGES += [*messages("twice", "2024-05-20", LEFT), *messages("twice", "2024-06-10", "2024-06-14", number="v2")]
MESSAGES += messages("long-ago", "2024-05-01", "2024-05-10")
for ill in ("emergency", "emergency-seen", "emergency-one-condition"):
    MESSAGES += messages(ill, "2024-06-10", "2024-06-10", kind="E")
MESSAGES += [*messages("emergency-admitted", "2024-06-10", "2024-06-10", kind="E")]
MESSAGES += messages("emergency-admitted", "2024-06-12", "", number="v2")
SEVERAL = ("I50.9", "J44.9")
BILLS = [
    bill("called", "98966", "2024-05-28", "2024-06-01"),
    bill("billed", "99496", "2024-05-31", "2024-06-10"),
    bill("billed-later", "99496", "2024-05-31", "2024-07-10"),
    bill("reported", "1111F", "2024-06-03", "2024-06-10"),
    bill("seen", "G0439", "2024-03-01", "2024-04-01"),
    bill("late", "G0438", "2023-12-01", "2024-01-10"),
    *(bill(f"emergency{more}", "99213", "2024-01-10", "2024-02-10", *SEVERAL) for more in ("", "-seen", "-admitted")),
    bill("emergency-one-condition", "99213", "2024-01-10", "2024-02-10", "I50.9", "I50.22"),
]
APPOINTMENTS = [
    appointment("seen", "2024-05-29"),
    appointment("late", "2024-06-04"),
    appointment("same-day", LEFT),
    appointment("waiting", "2024-06-25", "booked"),
    appointment("booked-in-time", "2024-06-22", "booked"),
    appointment("waiting", "2024-05-28", "noshow"),
    appointment("emergency-seen", "2024-06-12"),
]
ORDERS = [
    order("looked-at", "1", "2024-05-26 10:00:00", "2024-05-27 10:00:00"),
    order("looked-at", "2", "2024-05-28 10:00:00", "2024-05-30 10:00:00"),
    order("not-looked-at", "1", "2024-05-26 10:00:00", "2024-05-27 10:00:00"),
    order("not-looked-at", "2", "2024-05-28 10:00:00"),
    order("not-looked-at", "3"),
    order("to-come", "1"),
    order("called-off", "1", status="cancelled"),
    order("come-before", "1", "2024-05-24 09:00:00"),
]
PEOPLE = sorted({str(row["person_id"]) for row in (*MESSAGES, *BILLS)})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transitions")
    for layout, rows in (("medical_claim", BILLS), ("adt_event", MESSAGES), ("order", ORDERS)):
        write_feed(folder / "files", layout, rows)
    write_feed(folder / "files", "appointment", APPOINTMENTS)
    covered = {"birth_date": "1955-01-31", "enrollment_end_date": "2024-12-31"}
    payers = [{"person_id": who, "payer_type": "commercial" if who == "called" else "medicare"} for who in PEOPLE]
    write_feed(folder / "files", "eligibility", [{**covered, **each} for each in payers])
    load_feed(folder / "files", folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def record(store: Path) -> Record:
    return open_record(store)


@pytest.fixture(scope="module")
def found(record: Record) -> dict[str, Gaps]:
    asked = {MAY: (CONTACT, WEEK, PENDING), JUNE: NAMES}
    return {day: gaps(record, ValueSets(), parse_day(day), names) for day, names in asked.items()}


def of(found: Gaps, name: str) -> dict[str, Mapping[str, Any]]:
    return {row["person_id"]: row for row in found.tables[name].to_pylist() if row["status"] != "not applicable"}


def status(found: Gaps, name: str, *people: str) -> list[str]:
    rows = of(found, name)
    return [rows[who]["status"] if who in rows else "" for who in people]


def test_two_business_days_leave_out_the_weekend_and_the_holiday(found: dict[str, Gaps]) -> None:
    row = of(found[MAY], CONTACT)["waiting"]
    assert [str(row[name]) for name in ("open_since", "due")] == [LEFT, "2024-05-29"]


def test_an_open_gap_tells_the_next_step_and_the_visit_that_is_booked(found: dict[str, Gaps]) -> None:
    rows = of(found[JUNE], WEEK)
    assert rows["waiting"]["closes"] == "a visit; a visit is booked for 25 June 2024, after it is due"
    assert of(found[JUNE], MEDICINES)["booked-in-time"]["closes"].endswith("; a visit is booked for 22 June 2024")
    assert rows["called"]["closes"] == "a visit"


def test_a_call_is_a_contact_and_no_visit(found: dict[str, Gaps]) -> None:
    assert [status(found[JUNE], name, "called") for name in (CONTACT, WEEK)] == [["closed"], ["open"]]


def test_a_visit_closes_every_gap_that_was_due_by_then_and_the_others_late(found: dict[str, Gaps]) -> None:
    whys = {name: of(found[JUNE], name)["late"]["why"] for name in (CONTACT, WEEK, FORTNIGHT)}
    assert whys == {CONTACT: "late", WEEK: "late", FORTNIGHT: None}
    row = of(found[JUNE], WEEK)["seen"]
    assert [row[name] for name in ("status", "why", "evidence_table", "evidence_id")] == [
        *("closed", None, "appointment", "seen2024-05-29")
    ]


def test_a_visit_on_the_day_of_discharge_or_one_missed_is_none(found: dict[str, Gaps]) -> None:
    assert status(found[JUNE], FORTNIGHT, "same-day", "waiting") == ["open", "open"]


def test_a_bill_for_transitional_care_proves_contact_visit_and_medicines(found: dict[str, Gaps]) -> None:
    """It counts from when it was known: what is billed later leaves the gap open until then."""
    for name in (CONTACT, WEEK, MEDICINES):
        row = of(found[JUNE], name)["billed"]
        assert (row["status"], row["why"], str(row["evidence_date"])) == ("closed", None, "2024-05-31")
        assert status(found[JUNE], name, "billed-later") == ["open"]


def test_medicines_are_reconciled_where_it_is_reported(found: dict[str, Gaps]) -> None:
    assert status(found[JUNE], MEDICINES, "reported", "seen") == ["closed", "open"]


def test_what_follows_a_discharge_is_not_for_everybody(found: dict[str, Gaps]) -> None:
    rows = of(found[JUNE], WEEK)
    assert {who: rows[who]["why"] for who in ("to-hospice", "to-nursing-home", "again")} == {
        "to-hospice": "went to hospice",
        "to-nursing-home": "went on to another facility",
        "again": "in hospital again",
    }
    assert status(found[JUNE], WEEK, "died", "long-ago", "emergency") == ["", "", ""]


def test_the_last_discharge_counts(found: dict[str, Gaps]) -> None:
    assert str(of(found[JUNE], WEEK)["twice"]["due"]) == "2024-06-21"


# ---- results


def test_results_pending_at_discharge_stay_open_until_each_was_looked_at(found: dict[str, Gaps]) -> None:
    people = ("looked-at", "not-looked-at", "to-come", "called-off", "come-before", "seen")
    assert status(found[JUNE], PENDING, *people) == ["closed", "open", "open", "closed", "", ""]
    assert str(of(found[JUNE], PENDING)["looked-at"]["evidence_date"]) == "2024-05-30"
    assert status(found[MAY], PENDING, "looked-at") == ["open"], "the second was looked at a day later"


def test_an_open_one_says_what_came_and_what_is_to_come(found: dict[str, Gaps]) -> None:
    words = "of the results pending at discharge: a look at 1 that came since, and word of 1 still to come"
    assert of(found[JUNE], PENDING)["not-looked-at"]["closes"] == words


def test_without_orders_nobody_knows_what_is_pending(record: Record) -> None:
    without = replace(record, lacks={**record.lacks, "order": "no order row in the files loaded"})
    with pytest.raises(
        BadInput, match="pending_results_followed_up is not evaluable: no source of the store tells order"
    ):
        gaps(without, ValueSets(), parse_day(JUNE), (PENDING,))


# ---- emergencies, and the year


def test_an_emergency_visit_is_followed_up_in_people_with_several_conditions(found: dict[str, Gaps]) -> None:
    people = ("emergency", "emergency-seen", "emergency-one-condition", "emergency-admitted")
    assert status(found[JUNE], EMERGENCY, *people) == ["open", "closed", "", "excluded"]
    assert str(of(found[JUNE], EMERGENCY)["emergency"]["due"]) == "2024-06-17"


def test_the_wellness_visit_is_one_of_the_year_and_of_medicare(found: dict[str, Gaps]) -> None:
    assert status(found[JUNE], WELLNESS, "seen", "late", "called", "died") == ["closed", "open", "", ""]
    assert str(of(found[JUNE], WELLNESS)["late"]["due"]) == "2024-12-31"


def test_gaps_as_of_a_day_are_those_of_a_record_that_holds_no_more(record: Record, found: dict[str, Gaps]) -> None:
    """The law of the record: a visit kept, billed or looked at later moves nothing."""
    only = known_by(record, int(end_of_day(parse_day(MAY), ZONE)))
    then = gaps(only, ValueSets(), parse_day(MAY), (CONTACT, WEEK, PENDING))
    for name, table in then.tables.items():
        assert table.to_pylist() == found[MAY].tables[name].to_pylist()
