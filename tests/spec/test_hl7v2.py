"""What each HL7 version 2 message becomes in the record, and when it is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features.record import tables
from features.record.schema import Table
from features.sources.hl7v2 import tells
from features.sources.messages import Rejected
from features.windows import compact_moment
from tests.feeds import ZONE, day, midnight
from tests.hl7 import Fields, adt, load_messages, message, write_messages


def _row(content: bytes, table: Table = tables.ADT_EVENT) -> Mapping[str, Any]:
    [row] = tells(content, ZONE)[table]
    return row


def _wall(text: str) -> int:
    """Wall-clock seconds of `YYYY-MM-DD HH:MM:SS`."""
    date, clock = text.split()
    hours, minutes, seconds = map(int, clock.split(":"))
    return day(date) * 86_400 + hours * 3600 + minutes * 60 + seconds


def _reason(content: bytes) -> str:
    with pytest.raises(Rejected) as why:
        tells(content, ZONE)
    return why.value.reason


# ---- ADT: one row a message, the visit as it stands


ADMITTED, LEFT = "202403010930-0500", "202403051130-0500"


@pytest.mark.parametrize(
    ("event", "pv1", "expected"),
    [
        ("A01", {2: "I", 44: ADMITTED}, ("I", "2024-03-01 09:30:00", None)),
        ("A02", {2: "I", 44: ADMITTED}, ("I", "2024-03-01 09:30:00", None)),
        (
            "A03",
            {2: "I", 44: ADMITTED, 45: LEFT},
            ("I", "2024-03-01 09:30:00", "2024-03-05 11:30:59"),
        ),
        ("A04", {2: "E", 44: ADMITTED}, ("E", "2024-03-01 09:30:00", None)),
        ("A06", {2: "I", 44: ADMITTED}, ("I", "2024-03-01 09:30:00", None)),
        ("A06", {2: "", 44: ADMITTED}, ("I", "2024-03-01 09:30:00", None)),
        ("A07", {2: "O", 44: ADMITTED}, ("O", "2024-03-01 09:30:00", None)),
        ("A07", {2: "", 44: ADMITTED}, ("O", "2024-03-01 09:30:00", None)),
        ("A08", {2: "i", 44: ADMITTED}, ("I", "2024-03-01 09:30:00", None)),
        ("A11", {2: "I", 44: ADMITTED}, ("I", "2024-03-01 09:30:00", None)),
        ("A12", {2: "I", 44: ADMITTED}, ("I", "2024-03-01 09:30:00", None)),
        ("A13", {2: "I", 44: ADMITTED}, ("I", "2024-03-01 09:30:00", None)),
    ],
)
def test_each_event_tells_the_visit_as_it_stands(
    event: str, pv1: Fields, expected: tuple[str, str, str | None]
) -> None:
    row = _row(adt(event, pv1=pv1))
    patient_class, admitted, discharged = expected
    assert (row["event_type"], row["patient_class"]) == (event, patient_class)
    assert row["admitted_at"] == _wall(admitted)
    assert row["discharged_at"] == (None if discharged is None else _wall(discharged))
    assert row["known_at"] == _wall("2024-03-05 12:00:00")
    assert row["discharge_day"] == (None if discharged is None else day("2024-03-05"))


@pytest.mark.parametrize("event", ["A01", "A04", "A06"])
def test_an_arrival_without_its_time_took_place_when_the_event_did(event: str) -> None:
    """Without a day of admission the patient would be in no stay."""
    content = message(f"ADT^{event}", ("EVN", {2: "20240304101500", 6: "20240304100000"}), ("PID", {}), ("PV1", {}))
    assert _row(content)["admitted_at"] == _wall("2024-03-04 10:00:00")
    assert _row(adt(event))["admitted_at"] == _wall("2024-03-05 12:00:00")


def test_a_discharge_without_its_time_took_place_when_the_event_did() -> None:
    """A stay that stays open for want of a field is a patient whom nobody calls."""
    content = message("ADT^A03", ("EVN", {2: "20240305113000"}), ("PID", {}), ("PV1", {44: ADMITTED}))
    assert _row(content)["discharged_at"] == _wall("2024-03-05 11:30:00")


def test_nothing_took_place_after_the_message_that_tells_it() -> None:
    """A planned transfer that is told before it happens is known now, and is not news of a later day."""
    row = _row(message("ADT^A02", ("EVN", {6: "20240309080000"}), ("PID", {}), ("PV1", {44: ADMITTED})))
    assert row["happened_from"] == row["known_at"] == _wall("2024-03-05 12:00:00")


def test_a_cancelled_discharge_has_none_though_its_time_was_left_in_the_message() -> None:
    row = _row(adt("A13", pv1={44: ADMITTED, 45: LEFT, 36: "01"}))
    assert (row["discharged_at"], row["discharge_day"], row["discharge_disposition_code"]) == (None, None, None)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("20", "20"), ("1", "01"), ("EXP", "20"), ("Expired", "20"), ("D^Deceased", "20"), ("HOM", "01"),
        ("hosp", "HOSP"), ("X7", "X7"), ("went home with his wife", None), ("", None),
    ],
)  # fmt: skip
def test_patient_status_is_two_digits_where_it_can_be(told: str, kept: str | None) -> None:
    """The dead are known by 20 and 40 to 42: a word of the hospital's own would put them on the list."""
    assert _row(adt("A03", pv1={44: ADMITTED, 45: LEFT, 36: told}))["discharge_disposition_code"] == kept


def test_type_source_service_and_place_of_the_visit() -> None:
    row = _row(adt("A01", pv1={4: "E", 14: "7", 10: "CAR", 3: "4E^101^A^NORTH HOSPITAL&1.2.3&ISO"}))
    columns = ("admit_type_code", "admit_source_code", "hospital_service", "facility_id", "source")
    assert [row[name] for name in columns] == ["1", "7", "CAR", "NORTH HOSPITAL", "NORTH"]
    assert _row(adt("A01", pv1={4: "3", 3: "4E"}))["admit_type_code"] == "3"
    assert _row(adt("A01", pv1={4: "3", 3: "4E"}))["facility_id"] == "NORTH"


@pytest.mark.parametrize(
    ("diagnoses", "expected"),
    [
        ([{3: "I50.9^x^I10", 6: "W"}, {3: "J18.9^x^I10C", 6: "A"}], ("icd-10-cm", "J189")),
        ([{3: "I50.9^x^I10", 6: "F"}, {3: "J18.9^x^I10", 6: "W"}], ("icd-10-cm", "J189")),
        ([{3: "I50.9^x^I10", 6: "F"}], (None, None)),
        ([{3: "I50.9^x^I10", 6: "A", 21: "D"}], (None, None)),
        ([{2: "I9", 3: "428.0", 6: "A"}], ("icd-9-cm", "4280")),
        ([{3: "84114007^x^SCT^I50.9^y^ICD-10-CM", 6: "A"}], ("icd-10-cm", "I509")),
        ([{3: "HF1^x^L", 6: "A"}], ("unmapped", "HF1")),
    ],
)
def test_the_diagnosis_is_the_admitting_one_else_the_working_one_and_never_the_final(
    diagnoses: list[Fields], expected: tuple[str | None, str | None]
) -> None:
    content = message("ADT^A01", ("PID", {}), ("PV1", {}), *(("DG1", each) for each in diagnoses))
    row = _row(content)
    assert (row["code_system"], row["code"]) == expected


def test_a_diagnosis_of_no_type_counts_before_discharge_only() -> None:
    """Before discharge it cannot be the final diagnosis; afterwards it may be, and the bill will tell that one."""
    coded = ("DG1", {3: "I50.9^x^I10"})
    before = _row(message("ADT^A08", ("PID", {}), ("PV1", {44: ADMITTED}), coded))
    after = _row(message("ADT^A08", ("PID", {}), ("PV1", {44: ADMITTED, 45: LEFT}), coded))
    assert (before["code"], after["code"]) == ("I509", None)


# ---- when it is known


@pytest.mark.parametrize(
    ("sent", "entered", "known"),
    [
        ("20240305120000-0500", "", "2024-03-05 12:00:00"),
        ("20240305170000+0000", "", "2024-03-05 12:00:00"),
        ("20240305120000.123", "", "2024-03-05 12:00:00"),
        ("202403051200", "", "2024-03-05 12:00:59"),
        ("20240305", "", midnight("2024-03-05")),
        ("20240305-0800", "", midnight("2024-03-05")),
        ("", "20240305130000", "2024-03-05 13:00:00"),
        ("not one", "20240305130000", "2024-03-05 13:00:00"),
        ("2024", "20240305130000", "2024-03-05 13:00:00"),
    ],
)
def test_a_message_is_known_at_its_time_else_when_it_was_entered(sent: str, entered: str, known: str) -> None:
    content = message("ADT^A08", ("EVN", {2: entered}), ("PID", {}), ("PV1", {44: ADMITTED}), sent=sent)
    assert _row(content)["known_at"] == _wall(known)


@pytest.mark.parametrize(
    "text",
    [
        "20240230",
        "2024030512000",
        "202403052460",
        "17991231",
        "2024-03-05",
        "20240305120000 0500",
        "\u0662\u0660\u0662\u0664",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert compact_moment(text, ZONE) is None


def test_a_birth_date_is_not_moved_by_the_senders_offset() -> None:
    assert _row(adt("A08", pid={7: "195001312330+0900"}), tables.PERSON)["birth_day"] == day("1950-01-31")


def test_the_hour_that_comes_twice_is_never_known_too_early(tmp_path: Path) -> None:
    """On 3 November 2024 01:30 came twice in New York."""
    sent = {"first": "20241103053000+0000", "second": "20241103063000+0000"}
    write_messages(tmp_path / "in", "a.hl7", [adt("A08", sent=at, pv1={19: name}) for name, at in sent.items()])
    load_messages(tmp_path / "in", tmp_path / "store")
    paths = (tmp_path / "store").rglob("adt_event.parquet")
    known = sorted(row["known_at"] for path in paths for row in pq.read_table(path).to_pylist())
    assert known == [1730615400, 1730615400]


# ---- whose number it is


def _person(pid: str, **header: Any) -> str:
    content = message("ADT^A01", ("PID", {3: pid}), ("PV1", {}), header={int(k[1:]): v for k, v in header.items()})
    return str(_row(content)["person_id"])


def test_one_number_at_two_hospitals_is_two_people() -> None:
    assert _person("77", f4="NORTH") != _person("77", f4="SOUTH")
    assert _person("77^^^EMPI", f4="NORTH") == _person("77^^^EMPI", f4="SOUTH") == "77^^^EMPI"


def test_no_number_can_be_written_so_that_it_names_somebody_elses_owner() -> None:
    assert _person("77\\S\\\\S\\\\S\\SOUTH", f4="NORTH") != _person("77", f4="SOUTH\\S\\\\S\\\\S\\NORTH")


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ("123-45-6789^^^USSSA^SS~77^^^NORTH^MR", "77^^^NORTH"),
        ("88^^^SOUTH^MR~77^^^NORTH^MR", "77^^^NORTH"),
        ("AC1^^^NORTH^AN~9^^^NORTH^PI", "9^^^NORTH"),
        ("AC1^^^NORTH^AN~5^^^NORTH", "5^^^NORTH"),
        ("AC1^^^NORTH^AN", "AC1^^^NORTH"),
        ("77^^^&1.2.840&ISO^MR", "77^^^1.2.840"),
        ("77^^^^MR^NORTH CLINIC", "77^^^NORTH CLINIC"),
        ("0077", "0077^^^NORTH"),
    ],
)
def test_of_several_numbers_the_medical_record_number_is_taken(told: str, taken: str) -> None:
    assert _person(told) == taken


def test_a_visit_belongs_to_its_sender_and_an_account_stands_in_for_it() -> None:
    assert _row(adt("A01", pv1={19: "V1"}))["visit_number"] == "V1^^^NORTH"
    assert _row(adt("A01", pid={18: "AC1"}, pv1={19: ""}))["visit_number"] == "AC1^^^NORTH^AN"


# ---- the person


def test_who_somebody_is_and_how_to_reach_them() -> None:
    pid = {
        5: "DOE&van^JANE^Q",
        7: "19500131",
        8: "F",
        10: "2054-5^Black^HL70005",
        11: "1 MAIN ST&x^^TOWN^NY^10001",
        13: "jane@example.org^NET^Internet^jane@example.org~(555)555-0100^PRN^PH",
        15: "spa^Spanish^ISO639",
        22: "2186-5",
    }
    content = adt("A08", pid=pid)
    person, contact = _row(content, tables.PERSON), _row(content, tables.CONTACT_DETAILS)
    assert [person[name] for name in ("birth_day", "sex", "race", "ethnicity", "state", "zip_code")] == [
        day("1950-01-31"), "female", "black or african american", "not hispanic or latino", "NY", "10001",
    ]  # fmt: skip
    columns = ("first_name", "last_name", "phone", "email", "address", "city", "preferred_language", "known_at")
    assert [contact[name] for name in columns] == [
        "JANE", "DOE", "(555)555-0100", "jane@example.org", "1 MAIN ST", "TOWN", "es", _wall("2024-03-05 12:00:00"),
    ]  # fmt: skip


def test_a_telephone_in_parts_an_escape_and_an_emptied_field() -> None:
    contact = _row(
        adt("A08", pid={5: "O\\T\\NEIL^ANN", 13: "^PRN^PH^^1^555^5550100", 11: '""'}), tables.CONTACT_DETAILS
    )
    assert (contact["last_name"], contact["phone"], contact["address"]) == ("O&NEIL", "1-555-5550100", None)


def test_a_line_that_is_no_segment_goes_on_with_the_one_before() -> None:
    """Some senders let line ends through that stand in a field; what comes behind them must not be lost."""
    content = adt("A08", pid={5: "DOE^MARY\nANNA", 8: "F"})
    assert _row(content, tables.CONTACT_DETAILS)["first_name"] == "MARY ANNA"
    assert _row(content, tables.PERSON)["sex"] == "female"


def test_a_change_of_address_outside_any_visit_is_kept() -> None:
    told = tells(message("ADT^A08", ("PID", {11: "1 MAIN ST"})), ZONE)
    assert set(told) == {tables.CONTACT_DETAILS, tables.IDENTIFIER}


@pytest.mark.parametrize(
    ("pid", "happened", "known"),
    [
        ({29: "20240304", 30: "Y"}, ("2024-03-04 00:00:00", midnight("2024-03-04")), "2024-03-05 12:00:00"),
        ({30: "Y"}, (None, "2024-03-05 12:00:00"), "2024-03-05 12:00:00"),
    ],
)
def test_a_death_is_known_from_the_message_that_tells_it(
    pid: Fields, happened: tuple[str | None, str], known: str
) -> None:
    row = _row(adt("A08", pid=pid), tables.DEATH)
    first, last = happened
    assert (row["happened_from"], row["happened_to"]) == (None if first is None else _wall(first), _wall(last))
    assert row["known_at"] == _wall(known)


def test_nobody_died_who_is_not_said_to_have() -> None:
    assert tables.DEATH not in tells(adt("A08", pid={30: "N"}), ZONE)


# ---- ORU: results and the state of their order


def _results(obr: Fields, *observations: Fields) -> Mapping[Table, Any]:
    usual = {2: "O1^NORTH", 4: "24323-8^Panel^LN", 7: "20240305080000", 16: "1234567893^A^B^^^^^^NPI", 25: "F"}
    panel = [("OBX", {2: "NM", 11: "F", **each}) for each in observations]
    return tells(message("ORU^R01", ("PID", {}), ("PV1", {}), ("OBR", {**usual, **obr}), *panel), ZONE)


def test_a_result_has_its_value_unit_time_and_is_known_when_issued() -> None:
    told = _results({22: "20240305113000"}, {3: "2160-0^Creatinine^LN", 5: "1.25", 6: "mg/dL", 14: "20240305081500"})
    [row] = told[tables.RESULT]
    columns = ("person_id", "kind", "code_system", "code", "value", "unit")
    assert [row[name] for name in columns] == ["77^^^NORTH", "laboratory", "loinc", "2160-0", 1250, "mg/dL"]
    assert (row["happened_from"], row["known_at"]) == (_wall("2024-03-05 08:15:00"), _wall("2024-03-05 11:30:00"))


def test_a_result_is_never_known_before_it_was_taken() -> None:
    times = {22: "20240305070000"}, {3: "2160-0^x^LN", 5: "1", 14: "20240305081500"}
    [row] = _results(*times)[tables.RESULT]
    assert row["known_at"] == row["happened_from"] == _wall("2024-03-05 08:15:00")


def test_a_result_without_a_time_of_issue_is_known_with_the_message() -> None:
    [row] = _results({}, {3: "2160-0^x^LN", 5: "1"})[tables.RESULT]
    assert (row["happened_from"], row["known_at"]) == (_wall("2024-03-05 08:00:00"), _wall("2024-03-05 12:00:00"))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("NM", "7", 7000), ("NM", "-0.5", -500), ("NM", "+1.0005", 1001), ("NM", ".5", 500), ("ST", "12.5", 12_500),
        ("SN", "^182", 182_000), ("SN", "<^0.01", 10), ("SN", "^1^:^128", None), ("SN", "~^3", None),
        ("NM", "27~25", None), ("NM", "pending", None), ("TX", "12", None), ("NM", "", None),
        ("CWE", "27268008^Salmonella^SCT", None), ("NM", "9" * 40, None),
    ],
)  # fmt: skip
def test_a_value_is_a_number_or_null(kind: str, text: str, value: int | None) -> None:
    [row] = _results({}, {2: kind, 3: "2160-0^x^LN", 5: text})[tables.RESULT]
    assert row["value"] == value


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("2160-0^x^LN", ("loinc", "2160-0")),
        ("CREA^x^L^2160-0^y^LN", ("loinc", "2160-0")),
        ("crea^x^99LAB", ("unmapped", "CREA")),
        ("1554-5", ("unmapped", "1554-5")),
    ],
)
def test_a_local_code_is_kept_and_told_as_unmapped(code: str, expected: tuple[str, str]) -> None:
    [row] = _results({}, {3: code, 5: "1"})[tables.RESULT]
    assert (row["code_system"], row["code"]) == expected


@pytest.mark.parametrize(
    ("code", "section", "kind"),
    [("8480-6^x^LN", "", "vital"), ("2160-0^x^LN", "LAB", "laboratory"), ("1487^x^L", "RAD", "assessment")],
)
def test_results_are_of_a_kind(code: str, section: str, kind: str) -> None:
    [row] = _results({24: section}, {3: code, 5: "1"})[tables.RESULT]
    assert row["kind"] == kind


def test_what_is_deleted_pending_or_wrongly_posted_is_no_result() -> None:
    told = _results({}, *({3: "2160-0^x^LN", 5: "1", 11: state} for state in ("D", "I", "N", "O", "W", "X")))
    assert tables.RESULT not in told


@pytest.mark.parametrize(
    ("state", "issued", "status", "known"),
    [
        ("F", "20240305113000", "resulted", "2024-03-05 11:30:00"),
        ("C", "20240305113000", "resulted", "2024-03-05 11:30:00"),
        ("P", "20240305113000", "ordered", "2024-03-05 12:00:00"),
        ("I", "", "ordered", "2024-03-05 12:00:00"),
        ("X", "", "cancelled", "2024-03-05 12:00:00"),
    ],
)
def test_an_order_is_resulted_when_all_its_results_are_final(state: str, issued: str, status: str, known: str) -> None:
    [row] = _results({22: issued, 25: state})[tables.ORDER]
    assert [row[name] for name in ("order_id", "status", "order_type", "code", "orderer_id", "visit_number")] == [
        "O1^^^NORTH", status, "laboratory", "24323-8", "1234567893", "V1^^^NORTH",
    ]  # fmt: skip
    assert row["known_at"] == _wall(known)


def test_each_patient_of_a_message_gets_their_own_results() -> None:
    """In a batch of results a second PID begins a second patient: mixing them up would harm both."""
    content = message(
        "ORU^R01",
        ("PID", {3: "1^^^NORTH^MR"}), ("OBR", {2: "A"}), ("OBX", {2: "NM", 3: "2160-0^x^LN", 5: "1", 11: "F"}),
        ("PID", {3: "2^^^NORTH^MR"}), ("OBR", {2: "B"}), ("OBX", {2: "NM", 3: "2160-0^x^LN", 5: "2", 11: "F"}),
        ("OBR", {2: "C"}), ("OBX", {2: "NM", 3: "2160-0^x^LN", 5: "3", 11: "F"}),
    )  # fmt: skip
    told = tells(content, ZONE)
    assert [(row["person_id"], row["value"]) for row in told[tables.RESULT]] == [
        ("1^^^NORTH", 1000),
        ("2^^^NORTH", 2000),
        ("2^^^NORTH", 3000),
    ]
    assert [(row["person_id"], row["order_id"]) for row in told[tables.ORDER]] == [
        ("1^^^NORTH", "A^^^NORTH"),
        ("2^^^NORTH", "B^^^NORTH"),
        ("2^^^NORTH", "C^^^NORTH"),
    ]


# ---- SIU: bookings


@pytest.mark.parametrize(
    ("event", "filled", "state"),
    [
        ("S12", "Booked", "booked"), ("S13", "", "booked"), ("S14", "", "booked"), ("S14", "Complete", "kept"),
        ("S14", "Checked-In", "kept"), ("S15", "Cancelled", "cancelled"), ("S17", "", "cancelled"),
        ("S26", "Noshow", "missed"),
    ],
)  # fmt: skip
def test_a_booking_has_a_state_that_is_known_with_the_message(event: str, filled: str, state: str) -> None:
    content = message(
        f"SIU^{event}",
        ("SCH", {1: "P9", 25: filled}),
        ("TQ1", {7: "20240320140000", 8: "20240320143000"}),
        ("PID", {}),
        ("AIP", {3: "1234567893^A^B^^^^^^^^^^NPI", 4: "CAR^Cardiology"}),
    )
    row = _row(content, tables.APPOINTMENT)
    assert [row[name] for name in ("appointment_id", "status", "specialty", "provider_id", "appointment_day")] == [
        "B1^^^NORTH", state, "cardiology", "1234567893", day("2024-03-20"),
    ]  # fmt: skip
    assert (row["happened_from"], row["happened_to"]) == (_wall("2024-03-20 14:00:00"), _wall("2024-03-20 14:30:00"))
    assert row["known_at"] == _wall("2024-03-05 12:00:00")


@pytest.mark.parametrize(("name", "fields"), [("AIS", {4: "20240320140000"}), ("AIL", {6: "20240320140000"})])
def test_the_start_may_stand_with_the_service_or_the_place(name: str, fields: Fields) -> None:
    row = _row(message("SIU^S12", ("SCH", {11: "^^^20990101"}), ("PID", {}), (name, fields)), tables.APPOINTMENT)
    assert row["happened_from"] == _wall("2024-03-20 14:00:00")


def test_the_older_field_of_the_start_is_read_where_nothing_else_is() -> None:
    row = _row(message("SIU^S12", ("SCH", {11: "^^^20240320140000"}), ("PID", {})), tables.APPOINTMENT)
    assert row["appointment_day"] == day("2024-03-20")


# ---- what is set aside


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no message header (MSH)"),
        (b"PID|1||77", "no message header (MSH)"),
        (b"MSH|", "a message header whose separators are none (MSH-1, MSH-2)"),
        (b"MSH|^^^^|A|B", "a message header whose separators are none (MSH-1, MSH-2)"),
        (message("JONES^A01", ("PID", {})), "a message of no known type (MSH-9) is not read"),
        (message("ADT^A31", ("PID", {})), "ADT^A31 is not read"),
        (message("MDM^T02", ("PID", {})), "MDM^T02 is not read"),
        (message("ADT^A40", ("PID", {}), ("MRG", {1: ""})), "no number that is given up (MRG-1)"),
        (message("ADT^A40", ("PID", {}), ("MRG", {1: "77^^^NORTH^MR"})), "the number that is given up is the one that"),
        (message("ADT^A01", ("PID", {3: ""}), ("PV1", {})), "no number of the patient (PID-3)"),
        (message("ADT^A01", ("PID", {}), ("PV1", {19: ""})), "no number of the visit (PV1-19, PID-18)"),
        (message("ADT^A01", ("PID", {}), ("PV1", {}), sent=""), "no time of the message (MSH-7, EVN-2)"),
        (message("ADT^A01", ("PID", {}), header={3: "", 4: ""}), "no sender (MSH-3, MSH-4)"),
        (adt("A03", pv1={44: "20240306", 45: "20240305"}), "discharge before admission (negative length of stay)"),
        (message("ORU^R01", ("PID", {}), ("OBR", {}), ("OBX", {3: "", 11: "F"})), "no observation with a code"),
        (message("SIU^S12", ("SCH", {2: ""}), ("PID", {})), "no number of the appointment (SCH-1, SCH-2)"),
        (message("SIU^S12", ("SCH", {}), ("PID", {})), "no start of the appointment"),
    ],
)
def test_what_cannot_be_taken_is_set_aside_with_a_reason(content: bytes, reason: str) -> None:
    assert _reason(content).startswith(reason)


def test_the_trigger_may_stand_in_the_event_segment() -> None:
    assert _row(message("ADT", ("EVN", {1: "A01"}), ("PID", {}), ("PV1", {})))["event_type"] == "A01"


def test_a_merge_names_who_goes_on_and_who_is_given_up() -> None:
    """Every pair of one message counts, and it is known when the message was sent."""
    one, other = ("PID", {3: "77^^^NORTH^MR"}), ("PID", {3: "78^^^NORTH^MR"})
    merge = message("ADT^A40", one, ("MRG", {1: "66^^^NORTH^MR"}), other, ("MRG", {1: "M1^^^PLAN^MB~67"}))
    found = tells(merge, ZONE)[tables.PERSON_MERGE]
    assert [(row["person_id"], row["absorbed_id"]) for row in found] == [
        ("77^^^NORTH", "66^^^NORTH"),
        ("78^^^NORTH", "67^^^NORTH"),
    ]
    assert {row["known_at"] for row in found} == {_wall("2024-03-05 12:00:00")}


# ---- other separators and character sets


def test_a_sender_may_choose_its_separators() -> None:
    content = b"MSH*:%!$*ADT*NORTH***20240305120000**ADT:A01\rPID***77:::SOUTH$x:MR\rPV1**I*4E::!F!*****************V1"
    row = _row(content.replace(b"*****************V1", b"*" * 16 + b"V1"))
    assert (row["person_id"], row["visit_number"]) == ("77^^^SOUTH", "V1^^^NORTH")


@pytest.mark.parametrize(
    ("charset", "written"),
    [("", "Zoë".encode()), ("", "Zoë".encode("latin-1")), ("8859/2", "Zoë".encode("iso8859-2")), ("8859/5", b"Zo\xd5")],
)
def test_names_are_read_in_the_character_set_of_the_message(charset: str, written: bytes) -> None:
    content = message("ADT^A08", ("PID", {5: "NAME"}), ("PV1", {}), header={18: charset}).replace(b"NAME", written)
    expected = "Zo\u0435" if charset == "8859/5" else "Zo\u00eb"
    assert _row(content, tables.CONTACT_DETAILS)["last_name"] == expected
