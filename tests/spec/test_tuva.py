"""The Tuva Input Layer, by example: what a row of each file becomes, when it counts as known, and what is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import BadInput
from features.record import tables
from features.record.known import claim_versions
from features.record.record import open_record
from features.record.schema import Table
from features.sources import tuva
from features.sources.tuva_claims import DAYS_TO_DELIVER, DAYS_TO_PAY
from tests.feeds import Row, clock, day, load_feed, midnight, rows_of, write_feed


def _loaded(tmp_path: Path, layout: str, *rows: Row, back_load_delay: int | None = None) -> Path:
    write_feed(tmp_path / "in", layout, rows)
    report = load_feed(tmp_path / "in", tmp_path / "store", back_load_delay)
    assert report.reasons == {}
    return tmp_path / "store"


# ---- claims: when they were known


INPATIENT = {
    "claim_type": "institutional",
    "claim_start_date": "2024-03-01",
    "claim_end_date": "2024-03-05",
    "admission_date": "2024-03-01",
    "discharge_date": "2024-03-05",
}
DELIVERED: list[Row] = [
    {"claim_id": "delivered", "paid_date": "2024-03-20", "file_date": "2024-04-30"},
    {"claim_id": "no file date", "paid_date": "2024-03-20"},
    {"claim_id": "no date at all"},
    {"claim_id": "file date before it ended", "file_date": "2024-02-01"},
]
REVERSED: list[Row] = [
    {**INPATIENT, "claim_id": "bill", "bill_type_code": "0111", "paid_amount": "100", "file_date": "2024-04-30"},
    {**INPATIENT, "claim_id": "bill", "bill_type_code": "0118", "paid_amount": "-100", "file_date": "2024-06-30"},
    {"claim_id": "visit", "paid_amount": "7", "file_date": "2024-04-30"},
    {"claim_id": "visit", "paid_amount": "-7", "file_date": "2024-05-31"},
]
_LINE = {**INPATIENT, "claim_id": "adjusted", "file_date": "2024-04-30"}
ADJUSTED: list[Row] = [
    {**_LINE, "bill_type_code": "111", "claim_line_number": "1", "paid_amount": "60"},
    {**_LINE, "bill_type_code": "111", "claim_line_number": "2", "paid_amount": "40"},
    {**_LINE, "bill_type_code": "117", "paid_amount": "87", "file_date": "2024-06-30"},
]
_SAME = {"file_date": "2024-04-30", "paid_date": "2024-03-10"}
TOGETHER: list[Row] = [
    {**_SAME, **INPATIENT, "claim_id": "cancelled", "bill_type_code": "111"},
    {**_SAME, **INPATIENT, "claim_id": "cancelled", "bill_type_code": "118"},
    {**_SAME, **INPATIENT, "claim_id": "replaced", "bill_type_code": "118", "paid_amount": "-10"},
    {**_SAME, **INPATIENT, "claim_id": "replaced", "bill_type_code": "117", "paid_amount": "8"},
    {**_SAME, "claim_id": "nothing left", "paid_amount": "5"},
    {**_SAME, "claim_id": "nothing left", "paid_amount": "-5"},
    {**_SAME, "claim_id": "signs tell", "paid_amount": "-5"},
    {**_SAME, "claim_id": "signs tell", "paid_amount": "4"},
    {**_SAME, "claim_id": "paid twice", "paid_amount": "5"},
    {**_SAME, "claim_id": "paid twice", "paid_amount": "4", "paid_date": "2024-03-25"},
    {**_SAME, "claim_id": "a discount line", "paid_amount": "5"},
    {**_SAME, "claim_id": "a discount line", "paid_amount": "-1", "claim_line_number": "2"},
]
WRITTEN: list[Row] = [
    {
        **INPATIENT,
        "claim_id": "written",
        "bill_type_code": "0111",
        "drg_code": "65",
        "discharge_disposition_code": "3",
        "revenue_center_code": "450",
        "hcpcs_code": "g0378",
        "service_unit_quantity": "2.5",
        "paid_amount": "10.005",
        "allowed_amount": "-0.005",
    },
    {"claim_id": "wrong forms", "hcpcs_code": "not one", "drg_code_type": "apr-drg", "drg_code": "065"},
]
_CODES = {"diagnosis_code_1": "I50.22", "diagnosis_poa_1": "y", "diagnosis_code_25": "e11.9", "diagnosis_code_3": "??"}
CODED: list[Row] = [
    {**INPATIENT, "claim_id": "ten", "claim_line_number": "2", **_CODES},
    {**INPATIENT, "claim_id": "ten", "claim_line_number": "3", **_CODES},
    {"claim_id": "nine", "diagnosis_code_type": "icd-9-cm", "diagnosis_code_1": "250.00"},
]
OPERATED: list[Row] = [
    {
        **INPATIENT,
        "claim_id": "operated",
        "procedure_code_type": "icd-10-pcs",
        "procedure_code_1": "0SR90J9",
        "procedure_date_1": "2024-03-02",
        "procedure_code_2": "02HV33Z",
    }
]


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of all the claims above."""
    rows = [*DELIVERED, *REVERSED, *ADJUSTED, *TOGETHER, *WRITTEN, *CODED, *OPERATED]
    return _loaded(tmp_path_factory.mktemp("claims"), "medical_claim", *rows)


def _of(store: Path, rows: list[Row], table: Table, *columns: str) -> list[tuple[object, ...]]:
    """What a table has of these claims: the claim and the columns."""
    wanted = {row["claim_id"] for row in rows}
    return [found for found in rows_of(store, table, "claim_id", *columns) if found[0] in wanted]


def test_a_claim_is_known_when_its_file_came(claims: Path) -> None:
    declared = {day("2024-03-20") + DAYS_TO_DELIVER, day("2024-03-01") + DAYS_TO_PAY + DAYS_TO_DELIVER}
    assert declared == {day("2024-04-04"), day("2024-04-15")}
    assert _of(claims, DELIVERED, tables.CLAIM_LINE, "known_at") == [
        ("delivered", midnight("2024-04-30")),
        ("file date before it ended", midnight("2024-03-01")),
        ("no date at all", midnight("2024-04-15")),
        ("no file date", midnight("2024-04-04")),
    ]


def test_in_a_first_back_load_the_file_date_says_nothing(tmp_path: Path) -> None:
    claim = {"claim_id": "c", "paid_date": "2024-03-20", "file_date": "2026-01-31"}
    store = _loaded(tmp_path, "medical_claim", claim, back_load_delay=10)
    assert rows_of(store, tables.CLAIM_LINE, "known_at") == [(midnight("2024-03-30"),)]


# ---- claims: versions


def _valid(store: Path, rows: list[Row], on: str) -> list[tuple[str, int | None]]:
    """Which of these claims are valid at the end of a day, with the amount paid by the version that is valid then."""
    record = open_record(store)
    wanted = {row["claim_id"] for row in rows}
    lines = record[tables.CLAIM_LINE].to_pyarrow().to_pylist()
    valid = [
        version
        for version in claim_versions(record).to_pyarrow().to_pylist()
        if version["claim_id"] in wanted
        and clock(version["known_from"]) <= midnight(on)
        and (version["known_until"] > 2**61 or midnight(on) < clock(version["known_until"]))
    ]
    return sorted(
        (version["claim_id"], sum(x["paid"] for x in lines if all(x[k] == version[k] for k in KEYS)))
        for version in valid
    )


KEYS = ("person_id", "claim_id", "known_at", "version")


def test_a_reversed_claim_counts_until_its_reversal_is_known(claims: Path) -> None:
    assert _valid(claims, REVERSED, "2024-04-29") == []
    assert _valid(claims, REVERSED, "2024-04-30") == [("bill", 10_000), ("visit", 700)]
    assert _valid(claims, REVERSED, "2024-05-31") == [("bill", 10_000)]
    assert _valid(claims, REVERSED, "2024-06-30") == []


def test_an_adjusted_claim_replaces_the_original_from_the_day_it_is_known(claims: Path) -> None:
    assert _valid(claims, ADJUSTED, "2024-06-29") == [("adjusted", 10_000)]
    assert _valid(claims, ADJUSTED, "2024-06-30") == [("adjusted", 8_700)]


def test_versions_delivered_together_are_put_in_order(claims: Path) -> None:
    """One file may bring a claim, its reversal and its replacement: only what was left at the end may count."""
    assert _valid(claims, TOGETHER, "2024-04-30") == [
        ("a discount line", 400),
        ("paid twice", 400),
        ("replaced", 800),
        ("signs tell", 400),
    ]


# ---- claims: columns


def test_a_line_is_stored_in_canonical_forms(claims: Path) -> None:
    columns = "bill_type_code drg_code discharge_disposition_code revenue_center_code hcpcs_code units paid allowed"
    assert _of(claims, WRITTEN, tables.CLAIM_LINE, *columns.split()) == [
        ("written", "111", "065", "03", "0450", "G0378", 2500, 1001, -1),
        ("wrong forms", None, None, None, None, "NOT ONE", None, 1000, None),
    ]


def test_diagnoses_are_taken_once_a_claim_with_their_place(claims: Path) -> None:
    assert _of(claims, CODED, tables.DIAGNOSIS, "role", "code_system", "code", "present_on_admission") == [
        ("nine", "principal", "icd-9-cm", "25000", None),
        ("ten", "principal", "icd-10-cm", "I5022", "Y"),
        ("ten", "secondary", "icd-10-cm", "E119", None),
        ("ten", "secondary", "unmapped", "??", None),
    ]


def test_a_procedure_happened_on_its_own_date(claims: Path) -> None:
    assert _of(claims, OPERATED, tables.PROCEDURE, "code", "from_day", "to_day") == [
        ("operated", "02HV33Z", day("2024-03-01"), day("2024-03-05")),
        ("operated", "0SR90J9", day("2024-03-02"), day("2024-03-02")),
    ]


def test_claims_declare_a_discharge_notice_for_hospitals_that_send_no_messages(tmp_path: Path) -> None:
    bills: list[Row] = [
        {**INPATIENT, "claim_id": "stay", "bill_type_code": "111", "facility_npi": "h1"},
        {**INPATIENT, "claim_id": "stay", "bill_type_code": "111", "facility_npi": "h1", "claim_line_number": "2"},
        {**INPATIENT, "claim_id": "elsewhere", "bill_type_code": "111", "facility_npi": "h2"},
        {**INPATIENT, "claim_id": "corrected", "bill_type_code": "117", "facility_npi": "h2"},
        {**INPATIENT, "claim_id": "still there", "bill_type_code": "112", "discharge_disposition_code": "30"},
        {**INPATIENT, "claim_id": "outpatient", "bill_type_code": "131"},
    ]
    store = _loaded(tmp_path, "medical_claim", *bills)
    told = rows_of(store, tables.DISCHARGE_NOTICE, "claim_id", "admission_day", "discharge_day", "known_at", "code")
    first, last = day("2024-03-01"), day("2024-03-05")
    assert sorted(told) == [
        ("elsewhere", first, last, midnight("2024-03-05"), None),
        ("stay", first, last, midnight("2024-03-05"), None),
    ], "a correction was nobody's knowledge on the day of discharge"

    message = {"visit_number": "v", "event_type": "A03", "message_datetime": "2024-03-05 11:00:00"}
    message |= {"facility_npi": "h1"}
    write_feed(tmp_path / "both", "adt_event", [message])
    write_feed(tmp_path / "both", "medical_claim", bills)
    report = load_feed(tmp_path / "both", tmp_path / "other")
    told = rows_of(tmp_path / "other", tables.DISCHARGE_NOTICE, "claim_id")
    assert told == [("elsewhere",)], "h1 tells of its stays itself, h2 does not"
    assert not [fact for fact in report.lacks if fact.startswith("discharge_notice")]


# ---- pharmacy


def test_fills_and_their_reversals(tmp_path: Path) -> None:
    fill = {"claim_id": "f", "ndc_code": "0093-7146-98", "quantity": "30", "days_supply": "30.0"}
    store = _loaded(
        tmp_path,
        "pharmacy_claim",
        {**fill, "file_date": "2024-03-31"},
        {**fill, "file_date": "2024-04-30", "quantity": "-30", "days_supply": "-30", "paid_amount": "-5"},
    )
    columns = ("known_at", "cancels", "version", "ndc_code", "quantity", "days_supply", "paid")
    assert rows_of(store, tables.DISPENSING, *columns) == [
        (midnight("2024-03-31"), 0, 0, "00093714698", 30_000, 30, 500),
        (midnight("2024-04-30"), 1, 1, "00093714698", 30_000, 30, -500),
    ]


# ---- who, and when covered


def test_a_span_becomes_months_each_known_on_its_first_covered_day(tmp_path: Path) -> None:
    store = _loaded(
        tmp_path,
        "eligibility",
        {"enrollment_start_date": "2024-01-15", "enrollment_end_date": "2024-03-01", "payer_type": "Medicare"},
    )
    assert rows_of(store, tables.COVERAGE, "from_day", "to_day", "known_at", "payer_type") == [
        (day("2024-01-01"), day("2024-01-31"), midnight("2024-01-15"), "medicare"),
        (day("2024-02-01"), day("2024-02-29"), midnight("2024-02-01"), "medicare"),
        (day("2024-03-01"), day("2024-03-31"), midnight("2024-03-01"), "medicare"),
    ]


def test_an_open_end_is_followed_to_the_day_of_the_file(tmp_path: Path) -> None:
    """9999-12-31 must not become a hundred thousand months of enrolment."""
    store = _loaded(
        tmp_path,
        "eligibility",
        {"enrollment_end_date": "9999-12-31", "file_date": "2024-02-10"},
        {"person_id": "p2", "file_date": "2024-03-10"},
    )
    assert rows_of(store, tables.COVERAGE, "person_id", "from_day", "known_at") == [
        ("p1", day("2024-01-01"), midnight("2024-02-10")),
        ("p1", day("2024-02-01"), midnight("2024-02-10")),
        ("p2", day("2024-01-01"), midnight("2024-03-10")),
        ("p2", day("2024-02-01"), midnight("2024-03-10")),
        ("p2", day("2024-03-01"), midnight("2024-03-10")),
    ]


def test_what_eligibility_says_of_a_person_is_kept_when_it_changes(tmp_path: Path) -> None:
    store = _loaded(
        tmp_path,
        "eligibility",
        {"gender": "F", "zip_code": "10001"},
        {"gender": "female", "zip_code": "10001", "enrollment_start_date": "2024-02-01"},
        {"gender": "female", "zip_code": "14201", "enrollment_start_date": "2024-03-01"},
        {"person_id": "p2", "gender": "another code", "death_date": "2024-05-04"},
        {"person_id": "p3", "gender": "male", "death_date": "2024-05-04", "file_date": "2024-05-20"},
    )
    assert rows_of(store, tables.PERSON, "person_id", "sex", "zip_code", "known_at") == [
        ("p1", "female", "10001", midnight("2024-01-01")),
        ("p1", "female", "14201", midnight("2024-03-01")),
        ("p2", "unknown", None, midnight("2024-01-01")),
        ("p3", "male", None, midnight("2024-01-01")),
    ]
    assert rows_of(store, tables.DEATH, "person_id", "from_day", "known_at") == [
        ("p2", day("2024-05-04"), midnight("2024-06-03")),
        ("p3", day("2024-05-04"), midnight("2024-05-20")),
    ]


def test_attribution_contact_details_clinicians_and_places(tmp_path: Path) -> None:
    given = tmp_path / "in"
    write_feed(
        given,
        "provider_attribution",
        [
            {"person_id": "p1", "year_month": "2024-02", "payer_attributed_provider": "d1"},
            {"person_id": "p1", "year_month": "202403", "custom_attributed_provider": "d2"},
        ],
    )
    write_feed(
        given,
        "contact",
        [{"person_id": "p1", "updated_date": "2024-02-03", "contact_opt_out": "Yes", "interpreter_needed": "0"}],
    )
    write_feed(given, "practitioner", [{"practitioner_id": "x", "npi": "d1", "first_name": "A", "last_name": "B"}])
    write_feed(given, "location", [{"location_id": "h9", "name": "North", "facility_type": "Hospital"}])
    load_feed(given, tmp_path / "store")
    store = tmp_path / "store"
    assert rows_of(store, tables.ATTRIBUTION, "provider_id", "from_day", "to_day", "known_at") == [
        ("d1", day("2024-02-01"), day("2024-02-29"), midnight("2024-02-01")),
        ("d2", day("2024-03-01"), day("2024-03-31"), midnight("2024-03-01")),
    ]
    assert rows_of(store, tables.CONTACT_DETAILS, "contact_opt_out", "interpreter_needed", "known_at") == [
        (1, 0, midnight("2024-02-03"))
    ]
    assert rows_of(store, tables.PROVIDER, "provider_id", "name") == [("d1", "A B")]
    assert rows_of(store, tables.FACILITY, "facility_id", "facility_type") == [("h9", "hospital")]


# ---- clinical


def test_results_are_known_when_issued_and_keep_what_is_no_number(tmp_path: Path) -> None:
    given = tmp_path / "in"
    at = {"collection_datetime": "2024-03-01 08:00:00"}
    write_feed(
        given,
        "lab_result",
        [
            {"lab_result_id": "1", "result": "1.25", **at, "result_datetime": "2024-03-01T10:30:00.5"},
            {"lab_result_id": "2", "result": "<0.5", **at, "result_datetime": "2024-03-02"},
            {"lab_result_id": "3", "result": "1e3", **at},
        ],
    )
    write_feed(given, "observation", [{"source_code": "8480-6", "result": "120", "observation_date": "2024-03-02"}])
    load_feed(given, tmp_path / "store")
    assert rows_of(tmp_path / "store", tables.RESULT, "kind", "code", "value", "precision", "known_at") == [
        ("laboratory", "2160-0", 1_000_000, "instant", "2024-03-04 08:00:00"),
        ("laboratory", "2160-0", 1_250, "instant", "2024-03-01 10:30:00"),
        ("laboratory", "2160-0", None, "instant", midnight("2024-03-02")),
        ("vital", "8480-6", 120_000, "day", midnight("2024-03-02")),
    ]


def test_an_order_is_told_once_for_each_state(tmp_path: Path) -> None:
    store = _loaded(
        tmp_path,
        "order",
        {"order_id": "o1", "ordered_datetime": "2024-03-01 08:00:00", "resulted_datetime": "2024-03-03 09:00:00"},
        {"order_id": "o2", "ordered_datetime": "2024-03-01 08:00:00", "status": "cancelled"},
    )
    assert rows_of(store, tables.ORDER, "order_id", "status", "known_at") == [
        ("o1", "ordered", "2024-03-01 08:00:00"),
        ("o1", "resulted", "2024-03-03 09:00:00"),
        ("o2", "cancelled", "2024-03-08 08:00:00"),
        ("o2", "ordered", "2024-03-01 08:00:00"),
    ]


def test_an_adt_message_is_known_when_it_was_sent(tmp_path: Path) -> None:
    store = _loaded(
        tmp_path,
        "adt_event",
        {
            "visit_number": "v",
            "event_type": "a03",
            "message_datetime": "2024-03-05 11:00:00",
            "admit_datetime": "2024-03-01 22:15:00",
            "discharge_datetime": "2024-03-05 10:45:00",
            "discharge_disposition_code": "1",
            "admitting_diagnosis_code": "I50.9",
        },
    )
    columns = ("event_type", "admitted_at", "discharge_day", "discharge_disposition_code", "code", "known_at")
    assert rows_of(store, tables.ADT_EVENT, *columns) == [
        ("A03", "2024-03-01 22:15:00", day("2024-03-05"), "01", "I509", "2024-03-05 11:00:00")
    ]


def test_an_appointment_is_booked_and_then_kept_missed_or_cancelled(tmp_path: Path) -> None:
    at = {"start_datetime": "2024-03-20 09:00:00", "end_datetime": "2024-03-20 09:30:00"}
    store = _loaded(
        tmp_path,
        "appointment",
        {"appointment_id": "a1", **at, "normalized_status": "fulfilled", "booked_datetime": "2024-03-01 12:00:00"},
        {"appointment_id": "a2", **at, "source_status": "No-Show", "ingest_datetime": "2024-03-02 12:00:00"},
        {"appointment_id": "a3", **at, "source_status": "cancelled", "ingest_datetime": "2025-01-01 12:00:00"},
        {"appointment_id": "a4", **at, "source_status": "booked"},
    )
    assert rows_of(store, tables.APPOINTMENT, "appointment_id", "status", "known_at") == [
        ("a1", "booked", "2024-03-01 12:00:00"),
        ("a1", "kept", "2024-03-20 09:30:00"),
        ("a2", "booked", "2024-03-02 12:00:00"),
        ("a2", "missed", midnight("2024-03-20")),
        ("a3", "booked", "2024-03-06 09:00:00"),
        ("a3", "cancelled", "2024-03-20 09:00:00"),
        ("a4", "booked", "2024-03-06 09:00:00"),
    ]


# ---- what is rejected


REJECTED: dict[str, list[tuple[str, Row]]] = {
    "medical_claim": [
        ("no person_id", {"person_id": ""}),
        ("no claim_id", {"claim_id": ""}),
        ("no claim_start_date", {"claim_start_date": ""}),
        ("claim_line_number is not a number of 0 or more", {"claim_line_number": "-1"}),
        ("claim_type is not institutional, professional or undetermined", {"claim_type": "dental"}),
        ("paid_date is not a date", {"paid_date": "2024-02-30"}),
        ("file_date is not a date", {"file_date": "02/03/2024"}),
        ("paid_amount is not a number", {"paid_amount": "ten"}),
        ("service_unit_quantity is not a number", {"service_unit_quantity": "1,5"}),
        ("claim_end_date before claim_start_date", {"claim_end_date": "2024-02-01"}),
        (
            "discharge_date before admission_date (negative length of stay)",
            {"admission_date": "2024-03-02", "discharge_date": "2024-03-01"},
        ),
    ],
    "pharmacy_claim": [
        ("no dispensing_date", {"dispensing_date": ""}),
        ("quantity is not a number", {"quantity": "a box"}),
        ("days_supply is negative on a fill that is not taken back", {"days_supply": "-30"}),
    ],
    "eligibility": [
        ("no enrollment_start_date", {"enrollment_start_date": ""}),
        ("birth_date is not a date", {"birth_date": "19500131"}),
        ("enrollment_end_date before enrollment_start_date", {"enrollment_end_date": "2023-12-31"}),
        ("death_date before birth_date", {"death_date": "1949-01-01"}),
    ],
    "adt_event": [
        ("no visit_number", {"event_type": "A01", "message_datetime": "2024-03-01"}),
        (
            "discharge_datetime before admit_datetime (negative length of stay)",
            {
                "visit_number": "v",
                "event_type": "A03",
                "message_datetime": "2024-03-01 10:00:00",
                "admit_datetime": "2024-03-01 10:00:00",
                "discharge_datetime": "2024-03-01 09:00:00",
            },
        ),
    ],
}


@pytest.mark.parametrize("layout", REJECTED)
def test_each_bad_row_is_quarantined_with_its_reason_and_the_good_one_is_loaded(layout: str, tmp_path: Path) -> None:
    good: dict[str, object] = {"claim_id": "good"}
    if layout == "adt_event":
        good = {"visit_number": "v", "event_type": "A01", "message_datetime": "2024-03-01 10:00:00"}
    bad = [row for _, row in REJECTED[layout]]
    rows = [{"claim_id": "c", **row} for row in bad]
    write_feed(tmp_path / "in", layout, [*rows, good])
    report = load_feed(tmp_path / "in", tmp_path / "store")
    assert dict(report.reasons) == {reason: 1 for reason, _ in REJECTED[layout]}
    assert (report.read, report.loaded, report.quarantined) == (len(rows) + 1, 1, len(rows))


@pytest.mark.parametrize("column", ["person_id", "claim_type", "paid_date", "diagnosis_code_1"])
def test_a_missing_column_is_named(column: str, tmp_path: Path) -> None:
    write_feed(tmp_path / "in", "medical_claim", [{"claim_id": "c"}], without=[column])
    with pytest.raises(BadInput, match=rf"medical_claim.csv without {column};"):
        load_feed(tmp_path / "in", tmp_path / "store")


def test_the_demo_seeds_have_headers_only_and_load_nothing(data_dir: Path, tmp_path: Path) -> None:
    """Every seed file is recognised: a renamed column of Tuva's would show here."""
    seeds = data_dir / "tuva_input_layer" / "demo" / "seeds"
    report = load_feed(seeds, tmp_path / "store")
    assert {file.layout for file in report.files} == {path.stem for path in seeds.glob("*.csv")}
    assert (report.read, report.loaded, report.unread) == (0, 0, ())


def test_every_layout_is_told_apart_by_its_columns() -> None:
    """No file of one layout may be taken for another's, whatever the order in which layouts are tried."""
    for layout in tuva.READER.layouts:
        columns = {*layout.needs, *layout.may}
        assert [other.name for other in tuva.READER.layouts if set(other.needs) <= columns] == [layout.name]
