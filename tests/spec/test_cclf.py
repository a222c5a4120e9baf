"""CMS's CCLF, by example: where fields stand, what a record of each file becomes, when it is known, which version of a
claim holds, what is set aside and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from features.errors import BadInput
from features.record import tables
from features.record.identity import merge_id
from features.record.known import FOREVER, claim_versions, dispensing_versions
from features.record.record import open_record
from features.record.schema import Table
from features.sources import cclf
from features.sources.cclf_layouts import RECORDS
from features.sources.cclf_lines import told_by, wrong
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from tests.cclf import MBI, OLD, OTHER, WIDTHS, delivery, line, name_of, statistics, write, zipped
from tests.feeds import ZONE, clock, day, midnight, rows_of

KNOWN = midnight("2024-04-15")  # the usual delivery
slow = pytest.mark.slow


def load_cclf(given: Path, store: Path, back_load_delay: int | None = None) -> LoadReport:
    return load(cclf.READER, given, store, Delivery(back_load_delay), ZONE)


# ---- the layouts, from two sources


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_fields_stand_where_another_source_has_them(kind: str) -> None:
    """A field that is one character off is read with its neighbour's digit, and nothing else would tell."""
    at, expected = 1, []
    for name, width in WIDTHS[kind]:
        expected.append((name, at, at + width - 1))
        at += width
    assert [(field.name, field.start, field.end) for field in RECORDS[kind].fields] == expected


# lengths of records that CMS's own samples of file 0 tell, written in 2018; there file 9 has 54, its samples 55
TOLD_IN_2018 = {"1": 292, "2": 179, "3": 94, "4": 92, "5": 363, "6": 227, "7": 195, "8": 549, "A": 101, "B": 93}


@pytest.mark.parametrize("kind", sorted(TOLD_IN_2018))
def test_records_of_2018_are_read_too(kind: str) -> None:
    assert wrong("x" * TOLD_IN_2018[kind], kind) is None


# ---- names and lines


def test_the_name_of_a_file_tells_what_it_is_and_when_it_came() -> None:
    says = told_by("folder/P.A1234.ACO.ZC8Y24.D240115.T1200000")
    assert says is not None
    assert (says.file, says.day) == ("8", day("2024-01-15"))
    run_out = told_by("P.A1234.ACO.ZC8R24.D240115.T1200000")
    assert run_out is not None
    assert run_out.delivery != says.delivery, "a run-out and a monthly file are two deliveries"
    assert told_by("P.PCPB.M2411.D181120.T1000000") is None


@pytest.mark.parametrize("rest", ["D18NOV20.T1000009", "D241399.T1000009", "T1000009"])
def test_a_name_without_a_day_of_delivery_is_an_error(rest: str) -> None:
    with pytest.raises(BadInput, match="tells no day of delivery"):
        told_by(f"P.A1234.ACO.ZC8Y24.{rest}")


def test_a_line_of_another_length_or_with_no_text_in_it_is_no_record() -> None:
    whole = line("8")
    assert wrong(whole, "8") is None
    assert "its length is not 549" in str(wrong(whole[:-1], "8"))
    assert "its length is not 549" in str(wrong(whole + " ", "8"))
    assert "characters that are no text" in str(wrong("\x00" + whole[1:], "8"))
    assert wrong(whole.replace("Ann", "Ané"), "8") is None


# ---- a whole delivery


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One usual record of each file, from a zip without an ending, in a store. Read only."""
    folder = tmp_path_factory.mktemp("cclf")
    report = load_cclf(zipped(delivery(folder / "files"), folder / "zips"), folder / "store")
    assert (report.reasons, report.unread) == ({}, ())
    assert (report.read, report.loaded) == (23, 23)
    assert load_cclf(folder / "files", folder / "store").read == 0, "the same files again, no longer packed"
    return folder / "store"


EXPECTED: dict[Table, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
    tables.PERSON: (
        ("person_id", "birth_day", "sex", "race", "state", "zip_code", "entitlement_code", "known_at"),
        [(MBI, day("1950-01-31"), "female", "white", "MD", "21117", "0", KNOWN)],
    ),
    tables.CONTACT_DETAILS: (("first_name", "last_name"), [("Ann", "Doe")]),
    tables.COVERAGE: (
        ("payer", "dual_status_code", "from_day", "to_day", "known_at"),
        [("medicare", None, day("2024-04-01"), day("2024-04-30"), KNOWN)],
    ),
    tables.CLAIM_LINE: (
        ("claim_id", "claim_line_number", "claim_type", "bill_type_code", "hcpcs_code", "paid", "allowed", "from_day"),
        [
            ("A-010001-2024-03-01-2024-03-05", 0, "institutional", "111", None, 900050, None, day("2024-03-01")),
            ("A-010001-2024-03-01-2024-03-05", 1, "institutional", "111", "99285", None, None, day("2024-03-02")),
            ("B-C200-1", 1, "professional", None, "99214", 8000, 10000, day("2024-03-12")),
            ("B-C300-1", 1, "professional", None, "E0143", 6000, None, day("2024-03-13")),
        ],
    ),
    tables.DIAGNOSIS: (
        ("claim_id", "role", "code_system", "code", "present_on_admission"),
        [
            ("A-010001-2024-03-01-2024-03-05", "admitting", "icd-10-cm", "R0602", None),
            ("A-010001-2024-03-01-2024-03-05", "principal", "icd-10-cm", "I5023", None),
            ("A-010001-2024-03-01-2024-03-05", "secondary", "icd-10-cm", "N179", "N"),
            ("B-C200-1", "principal", "icd-10-cm", "I5022", None),
            ("B-C200-1", "secondary", "icd-10-cm", "E119", None),
        ],
    ),
    tables.PROCEDURE: (("code_system", "code", "from_day"), [("icd-10-pcs", "0BH17EZ", day("2024-03-02"))]),
    tables.DISPENSING: (
        ("ndc_code", "quantity", "days_supply", "prescriber_id", "from_day", "known_at"),
        [("00093005801", 30_000, 30, "1003000126", day("2024-03-06"), KNOWN)],
    ),
    tables.DISCHARGE_NOTICE: (
        ("admission_day", "discharge_day", "code_system", "code", "facility_id", "known_at"),
        [(day("2024-02-28"), day("2024-03-05"), "icd-10-cm", "R0602", "010001", midnight("2024-03-05"))],
    ),
    tables.IDENTIFIER: (("person_id", "system", "value"), [(MBI, "mbi", OLD), (MBI, "mbi", MBI)]),
    tables.PERSON_MERGE: (("person_id", "absorbed_id", "status", "known_at"), [(MBI, OLD, "merged", KNOWN)]),
    tables.FACILITY: (("facility_id", "ccn"), [("010001", "010001")]),
}


@slow
@pytest.mark.parametrize("table", EXPECTED, ids=lambda table: str(table.name))
def test_what_a_delivery_becomes(store: Path, table: Table) -> None:
    columns, expected = EXPECTED[table]
    assert rows_of(store, table, *columns) == sorted(expected, key=repr)


@slow
def test_a_bill_tells_its_stay_on_every_line(store: Path) -> None:
    """The day of admission is that of file A; a DRG loses its leading zero, codes of admission are one digit."""
    columns = ("admission_day", "discharge_day", "drg_code", "discharge_disposition_code", "admit_source_code")
    stay = (day("2024-02-28"), day("2024-03-05"), "291", "01", "1")
    assert [row for row in rows_of(store, tables.CLAIM_LINE, *columns) if row[0]] == [stay, stay]


# ---- when a claim was known, and which version of it holds


def _valid(store: Path, table: Table = tables.CLAIM_LINE) -> list[tuple[str, int, str]]:
    """(claim, paid, since when) of the versions that hold at some time."""
    record = open_record(store)
    versions = (claim_versions if table is tables.CLAIM_LINE else dispensing_versions)(record)
    known = {(row["claim_id"], row["version"]): row for row in versions.to_pyarrow().to_pylist()}
    found = rows_of(store, table, "claim_id", "version", "paid")
    return sorted(
        (claim, paid, clock(known[claim, version]["known_from"]))
        for claim, version, paid in found
        if (claim, version) in known
    )


def _versions(folder: Path, kind: str, *versions: tuple[str, str, str, str], store: str = "store") -> Path:
    """A store of versions of one claim (number, adjustment, effective, paid) in one delivery."""
    paid = "CLM_PMT_AMT" if kind == "1" else "CLM_LINE_CVRD_PD_AMT"
    lines = [
        line(kind, CUR_CLM_UNIQ_ID=number, CLM_ADJSMT_TYPE_CD=adjustment, CLM_EFCTV_DT=effective, **{paid: amount})
        for number, adjustment, effective, amount in versions
    ]
    write(folder / f"in-{store}", kind, lines)
    assert load_cclf(folder / f"in-{store}", folder / store).reasons == {}
    return folder / store


ORIGINAL = ("100", "0", "2024-03-20", "10.00")
CANCEL = ("101", "1", "2024-04-02", "10.00")
ADJUST = ("102", "2", "2024-04-02", "7.00")


@slow
@pytest.mark.parametrize("kind", ["1", "6"])
def test_a_claim_that_is_cancelled_and_adjusted_in_one_delivery_holds_as_adjusted(tmp_path: Path, kind: str) -> None:
    """Cancel and adjustment are effective on one day: the type of adjustment puts them in order, not the file."""
    found = _valid(_versions(tmp_path, kind, ADJUST, CANCEL, ORIGINAL))
    assert [(paid, since) for _, paid, since in found] == [(700, KNOWN)]


@slow
def test_a_cancelled_claim_holds_no_more_and_a_later_original_replaces_an_earlier_one(tmp_path: Path) -> None:
    assert _valid(_versions(tmp_path, "6", ORIGINAL, CANCEL, store="cancelled")) == []
    later = ("103", "0", "2024-04-02", "8.00")
    assert [paid for _, paid, _ in _valid(_versions(tmp_path, "6", later, ORIGINAL, store="later"))] == [800]
    same_day = ("099", "0", "2024-03-20", "9.00")
    assert [paid for _, paid, _ in _valid(_versions(tmp_path, "6", same_day, ORIGINAL, store="same"))] == [1000]


@slow
def test_in_a_back_load_each_version_is_known_by_its_own_effective_date(tmp_path: Path) -> None:
    given = tmp_path / "in"
    lines = [line("6"), line("6", CUR_CLM_UNIQ_ID="301", CLM_ADJSMT_TYPE_CD="2", CLM_EFCTV_DT="2024-06-01")]
    write(given, "6", [*lines, line("6", CLM_CNTL_NUM="C301", CLM_EFCTV_DT="1000-01-01")])
    load_cclf(given, tmp_path / "store", back_load_delay=10)
    assert rows_of(tmp_path / "store", tables.CLAIM_LINE, "claim_id", "known_at") == [
        ("B-C300-1", midnight("2024-04-05")),
        ("B-C300-1", midnight("2024-06-11")),
        ("B-C301-1", midnight("2024-04-22")),  # no effective date: 30 days after the service
    ]


@slow
def test_a_record_that_comes_again_in_a_later_delivery_is_no_new_version(tmp_path: Path) -> None:
    """Monthly files and those of the run-out overlap; an original that comes again must not undo its cancellation."""
    for day_, lines in (("240415", [line("6")]), ("240515", [line("6", **_cancelled())]), ("240615", [line("6")])):
        write(tmp_path / day_, "6", lines, day_)
        report = load_cclf(tmp_path / day_, tmp_path / "store")
    assert report.read == 0, "the very same file"
    write(tmp_path / "more", "6", [line("6"), line("6", CLM_CNTL_NUM="C9")], "240715")
    report = load_cclf(tmp_path / "more", tmp_path / "store")
    assert (report.loaded, report.unused) == (2, {"records of claims that were told before": 1})
    held = [(claim, since) for claim, _, since in _valid(tmp_path / "store")]
    assert held == [("B-C300-1", KNOWN), ("B-C9-1", midnight("2024-07-15"))]
    versions = claim_versions(open_record(tmp_path / "store")).to_pyarrow().to_pylist()
    until = {row["claim_id"]: row["known_until"] for row in versions}
    assert clock(until["B-C300-1"]) == midnight("2024-05-15"), "the cancellation holds"


def _cancelled() -> dict[str, str]:
    return {"CUR_CLM_UNIQ_ID": "301", "CLM_ADJSMT_TYPE_CD": "1", "CLM_EFCTV_DT": "2024-05-01"}


@slow
def test_deliveries_in_any_order_give_the_same_record(tmp_path: Path) -> None:
    first = {"1": [line("1")], "2": [line("2")], "4": [line("4")], "9": [line("9")]}
    second = {"1": [line("1", BENE_MBI_ID=OLD, **{**_cancelled(), "CUR_CLM_UNIQ_ID": "101"})], "7": [line("7")]}
    for day_, files in (("240415", first), ("240515", second)):
        for kind, lines in files.items():
            write(tmp_path / day_, kind, lines, day_)
    content = []
    for order in (("240415", "240515"), ("240515", "240415")):
        store = tmp_path / "-".join(order)
        for day_ in order:
            load_cclf(tmp_path / day_, store)
        content.append({t.name: rows_of(store, t, *(c.name for c in t.all_columns)) for t in cclf.READER.fills})
    assert content[0] == content[1]
    held = claim_versions(open_record(store)).to_pyarrow().to_pylist()
    assert [clock(row["known_until"]) for row in held] == [midnight("2024-05-15")], "the cancellation holds"


@slow
def test_lines_under_a_header_that_comes_again_are_loaded_and_give_no_row_again(tmp_path: Path) -> None:
    write(tmp_path / "in", "1", [line("1")], "240415")
    write(tmp_path / "in", "2", [line("2"), line("2", CLM_LINE_NUM="2")], "240415")
    write(tmp_path / "in", "1", [line("1"), line("1", CUR_CLM_UNIQ_ID="9", CLM_FROM_DT="2024-02-29")], "240515")
    write(tmp_path / "in", "2", [line("2")], "240515")
    report = load_cclf(tmp_path / "in", tmp_path / "store")
    assert report.reasons == {}
    assert report.unused == {"records of claims that were told before": 1}
    told = rows_of(tmp_path / "store", tables.CLAIM_LINE, "claim_id", "claim_line_number", "known_at")
    assert told == [
        ("A-010001-2024-02-29-2024-03-05", 0, midnight("2024-05-15")),
        ("A-010001-2024-03-01-2024-03-05", 0, KNOWN),
        ("A-010001-2024-03-01-2024-03-05", 1, KNOWN),
        ("A-010001-2024-03-01-2024-03-05", 2, KNOWN),
    ]


@slow
def test_a_fill_that_is_taken_back_holds_no_more(tmp_path: Path) -> None:
    back = line("7", CUR_CLM_UNIQ_ID="401", CLM_ADJSMT_TYPE_CD="1", CLM_EFCTV_DT="2024-03-09")
    other = line("7", CUR_CLM_UNIQ_ID="402", CLM_LINE_RX_FILL_NUM="2")
    write(tmp_path / "in", "7", [line("7"), back, other])
    load_cclf(tmp_path / "in", tmp_path / "store")
    held = dispensing_versions(open_record(tmp_path / "store")).to_pyarrow()["claim_id"].to_pylist()
    assert held == ["D-2024-03-06-01-1003000142--77-2"]


# ---- people


@slow
def test_rows_under_an_earlier_number_are_the_current_one_s_once_it_is_told(tmp_path: Path) -> None:
    """The claims came a month before file 9, under two numbers that it makes one with a third."""
    store = tmp_path / "store"
    write(tmp_path / "first", "6", [line("6", BENE_MBI_ID=OLD), line("6", CLM_CNTL_NUM="C301", BENE_MBI_ID=OTHER)])
    load_cclf(tmp_path / "first", store)
    assert _people(store) == {OLD, OTHER}
    rows = [line("9"), line("9", PRVS_NUM=MBI, CRNT_NUM=OTHER), line("9", HICN_MBI_XREF_IND="H", PRVS_NUM="203031401A")]
    write(tmp_path / "second", "9", rows, "240515")
    report = load_cclf(tmp_path / "second", store)
    assert report.unused == {"rows of file 9 about numbers before MBIs (HICN)": 1}
    assert _people(store) == {OTHER}
    told = rows_of(store, tables.PERSON_MERGE, "person_id", "absorbed_id", "merge_id", "known_at")
    known = midnight("2024-05-15")
    assert told == [(MBI, OLD, merge_id(MBI, OLD), known), (OTHER, MBI, merge_id(OTHER, MBI), known)]
    assert rows_of(store, tables.IDENTIFIER, "person_id", "system", "value") == [(MBI, "mbi", OLD), (OTHER, "mbi", MBI)]


def _people(store: Path) -> set[str]:
    rows = open_record(store)[tables.CLAIM_LINE]
    return set(rows.select("person_id").to_pyarrow()["person_id"].to_pylist())


@slow
def test_a_bill_corrected_under_a_new_number_is_one_claim_of_the_current_one(tmp_path: Path) -> None:
    """Part A has no control number: a bill is provider, first and last day, and whose number is current. Else the stay
    and its cost would count twice as soon as a card was replaced.
    """
    store = tmp_path / "store"
    write(tmp_path / "first", "1", [line("1", BENE_MBI_ID=OLD, CLM_PMT_AMT="10.00")])
    load_cclf(tmp_path / "first", store)
    corrected = {
        "CUR_CLM_UNIQ_ID": "109",
        "CLM_ADJSMT_TYPE_CD": "2",
        "CLM_EFCTV_DT": "2024-05-02",
        "CLM_PMT_AMT": "7.00",
    }
    write(tmp_path / "second", "1", [line("1", **corrected)], "240515")
    write(tmp_path / "second", "9", [line("9")], "240515")
    load_cclf(tmp_path / "second", store)
    record = open_record(store)
    held = claim_versions(record).filter(lambda t: t.known_until == FOREVER).to_pyarrow().to_pylist()
    assert [(row["person_id"], clock(row["known_from"])) for row in held] == [(MBI, midnight("2024-05-15"))]
    paid = record[tables.CLAIM_LINE].to_pyarrow().to_pylist()
    assert sorted((row["person_id"], row["paid"]) for row in paid) == [(MBI, 700), (MBI, 1000)]


@slow
def test_of_two_numbers_that_took_over_from_one_the_later_holds(tmp_path: Path) -> None:
    """Else two people would be one; in a back-load a number was known to have ended when it did."""
    rows = [line("9", PRVS_ID_OBSLT_DT="2024-02-02"), line("9", CRNT_NUM=OTHER, PRVS_ID_OBSLT_DT="2024-03-03")]
    write(tmp_path / "in", "9", rows)
    load_cclf(tmp_path / "in", tmp_path / "store", back_load_delay=10)
    told = rows_of(tmp_path / "store", tables.PERSON_MERGE, "person_id", "absorbed_id", "known_at")
    assert told == [(OTHER, OLD, midnight("2024-03-03"))]


@slow
def test_in_a_back_load_people_are_covered_and_known_over_the_history(tmp_path: Path) -> None:
    lines = [
        line("8", BENE_PART_A_ENRLMT_BGN_DT="2024-02-10", BENE_DEATH_DT="2024-03-02"),
        line("8", BENE_MBI_ID=OTHER, BENE_PART_A_ENRLMT_BGN_DT="", BENE_ENTLMT_BUYIN_IND="2"),
    ]
    write(tmp_path / "in", "8", lines)
    load_cclf(tmp_path / "in", tmp_path / "store", back_load_delay=10)
    assert rows_of(tmp_path / "store", tables.COVERAGE, "person_id", "from_day", "known_at") == [
        (MBI, day("2024-02-01"), midnight("2024-02-01")),
        (MBI, day("2024-03-01"), midnight("2024-03-01")),
    ]
    assert rows_of(tmp_path / "store", tables.DEATH, "from_day", "known_at") == [
        (day("2024-03-02"), midnight("2024-04-01"))
    ]
    assert rows_of(tmp_path / "store", tables.PERSON, "person_id", "known_at") == [
        (MBI, midnight("2024-02-10")),
        (OTHER, midnight("2021-04-16")),
    ]


# ---- what is set aside


BAD: list[tuple[str, dict[str, str], str]] = [
    ("8", {"BENE_MBI_ID": ""}, "no BENE_MBI_ID"),
    ("8", {"BENE_MBI_ID": "1EG4 TE5MK7"}, "BENE_MBI_ID is not a beneficiary's number"),
    ("8", {"BENE_DOB": "19500131"}, "BENE_DOB is not a date"),
    ("8", {"BENE_DEATH_DT": "1949-01-01"}, "BENE_DEATH_DT before BENE_DOB"),
    ("8", {"BENE_SEX_CD": "F"}, "BENE_SEX_CD is not 0, 1 or 2"),
    ("9", {"PRVS_NUM": ""}, "no PRVS_NUM"),
    ("9", {"HICN_MBI_XREF_IND": "X"}, "HICN_MBI_XREF_IND is not H or M"),
    ("1", {"CLM_THRU_DT": "2024-02-01"}, "CLM_THRU_DT before CLM_FROM_DT"),
    ("1", {"PRVDR_OSCAR_NUM": ""}, "no PRVDR_OSCAR_NUM"),
    ("1", {"CLM_ADJSMT_TYPE_CD": "3"}, "CLM_ADJSMT_TYPE_CD is not 0, 1 or 2"),
    ("1", {"CLM_PMT_AMT": "12,50"}, "CLM_PMT_AMT is not a number"),
    ("2", {"CUR_CLM_UNIQ_ID": "7"}, "no header in file 1 with this CUR_CLM_UNIQ_ID"),
    ("2", {"CLM_LINE_NUM": "0"}, "CLM_LINE_NUM is not a number of 1 or more"),
    ("3", {"CLM_PRCDR_CD": ""}, "no CLM_PRCDR_CD"),
    ("4", {"CLM_DGNS_CD": ""}, "no CLM_DGNS_CD"),
    ("5", {"CLM_CNTL_NUM": ""}, "no CLM_CNTL_NUM"),
    ("6", {"CLM_LINE_NUM": "x"}, "CLM_LINE_NUM is not a number of 1 or more"),
    ("7", {"CLM_LINE_DAYS_SUPLY_QTY": "-3"}, "CLM_LINE_DAYS_SUPLY_QTY is not a number of 0 or more"),
    ("A", {"CLM_ACTV_CARE_FROM_DT": "soon"}, "CLM_ACTV_CARE_FROM_DT is not a date"),
    ("B", {"CLM_LINE_NUM": ""}, "no CLM_LINE_NUM"),
]


@slow
def test_every_bad_record_is_set_aside_with_its_reason_and_takes_no_other_with_it(tmp_path: Path) -> None:
    lines = {kind: [line(kind)] for kind in WIDTHS}
    for number, (kind, fields, _) in enumerate(BAD):
        own = {"CUR_CLM_UNIQ_ID": f"9{number}"} if kind == "1" else {}
        lines[kind].append(line(kind, **{**own, **fields}))
    lines["1"].append(line("1", CLM_PMT_AMT="1.00"))
    lines["7"].append(line("7")[:-30])
    for kind, records in lines.items():
        write(tmp_path / "in", kind, records)
    report = load_cclf(tmp_path / "in", tmp_path / "store")
    reasons: list[str] = sorted([*(why for _, _, why in BAD), "CUR_CLM_UNIQ_ID twice in one delivery", _short("7")])
    assert sorted(why for why, count in report.reasons.items() for _ in range(count)) == reasons
    assert report.read == sum(map(len, lines.values()))
    assert report.loaded == len(WIDTHS)
    for file in report.files:
        assert file.read == file.loaded + file.quarantined


def _short(kind: str) -> str:
    return str(wrong("short", kind))


def _disagreements(folder: Path, *lines: str) -> list[str]:
    write(folder / "in", "0", lines)
    write(folder / "in", "8", [line("8")])
    return sorted(load_cclf(folder / "in", folder / "store").reasons)


@slow
def test_file_0_is_compared_with_what_was_read(tmp_path: Path) -> None:
    told: Sequence[str] = statistics(CCLF8=2, CCLF9=0, CCLF1=3)
    assert _disagreements(tmp_path, *told, "CCLFX|what|1|2", "CCLF8|1") == [
        "file 1 (Part A Claims Header) was not delivered, and file 0 counts records of it",
        "file 8 (Beneficiary Demographics) has other than the number of records that file 0 counts",
        "not a row of file 0: it has not four parts between bars",
        "not a row of file 0: it names no file of the feed with a number of records",
    ]


@slow
def test_file_0_counts_files_that_the_store_holds_already(tmp_path: Path) -> None:
    write(tmp_path / "first", "8", [line("8")])
    load_cclf(tmp_path / "first", tmp_path / "store")
    write(tmp_path / "first", "0", statistics(CCLF8=1))
    assert load_cclf(tmp_path / "first", tmp_path / "store").reasons == {}


@slow
def test_no_value_of_a_record_is_told(tmp_path: Path) -> None:
    write(tmp_path / "in", "8", [line("8"), line("8", BENE_DOB="CANARY"), "CANARY", line("8", BENE_SEX_CD="C")])
    report = load_cclf(tmp_path / "in", tmp_path / "store")
    assert report.quarantined == 3
    assert "CANARY" not in repr(report)
    assert name_of("8") in repr(report)
