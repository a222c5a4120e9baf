"""DE-SynPUF, by example: what a beneficiary's row and an inpatient claim become, and what is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import BadInput
from features.record import tables
from features.sources import synpuf
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from tests.feeds import Row, day, midnight, rows_of, write_synpuf


def _load(folder: Path, store: Path) -> LoadReport:
    return load(synpuf.READER, folder, store, Delivery())


def _loaded(tmp_path: Path, person: Row, *claims: Row) -> Path:
    write_synpuf(tmp_path / "in", 2008, [person], claims)
    assert _load(tmp_path / "in", tmp_path / "store").reasons == {}
    return tmp_path / "store"


def test_a_claim_is_known_a_declared_lag_after_discharge_and_its_notice_at_once(tmp_path: Path) -> None:
    store = _loaded(tmp_path, {}, {"ADMTNG_ICD9_DGNS_CD": "4280", "CLM_DRG_CD": "291", "CLM_PMT_AMT": "4000.00"})
    assert rows_of(store, tables.CLAIM_LINE, "drg_code", "paid", "known_at") == [
        ("291", 400_000, midnight("2008-02-11"))
    ]
    notice = ("admission_day", "discharge_day", "code_system", "code", "known_at")
    assert rows_of(store, tables.DISCHARGE_NOTICE, *notice) == [
        (day("2008-01-10"), day("2008-01-12"), "icd-9-cm", "4280", midnight("2008-01-12"))
    ]


def test_a_second_segment_is_a_line_and_no_second_principal_diagnosis_or_discharge(tmp_path: Path) -> None:
    store = _loaded(
        tmp_path,
        {},
        {"ICD9_DGNS_CD_1": "4280", "ICD9_DGNS_CD_2": "25000"},
        {"ICD9_DGNS_CD_1": "5849", "SEGMENT": "2"},
    )
    assert rows_of(store, tables.CLAIM_LINE, "claim_line_number") == [(1,), (2,)]
    assert rows_of(store, tables.DIAGNOSIS, "role", "code") == [
        ("principal", "4280"),
        ("secondary", "25000"),
        ("secondary", "5849"),
    ]
    assert len(rows_of(store, tables.DISCHARGE_NOTICE, "claim_id")) == 1


def test_a_death_is_known_when_its_month_has_ended(tmp_path: Path) -> None:
    store = _loaded(tmp_path, {"BENE_DEATH_DT": "20080201"})
    assert rows_of(store, tables.DEATH, "from_day", "to_day", "precision", "known_at") == [
        (day("2008-02-01"), day("2008-02-29"), "month", midnight("2008-02-29"))
    ]


@pytest.mark.parametrize(
    ("year", "first", "last"), [(2008, "2008-10-01", "2008-12-01"), (2010, "2010-01-01", "2010-03-01")]
)
def test_months_of_part_a_are_taken_from_the_years_end_at_first_and_later_from_its_start(
    year: int, first: str, last: str, tmp_path: Path
) -> None:
    write_synpuf(tmp_path / "in", year, [{"BENE_HI_CVRAGE_TOT_MONS": "3", "BENE_HMO_CVRAGE_TOT_MONS": "12"}])
    _load(tmp_path / "in", tmp_path / "store")
    months = rows_of(tmp_path / "store", tables.COVERAGE, "from_day", "managed_care")
    assert len(months) == 3
    assert months[0] == (day(first), 1)
    assert months[-1] == (day(last), 1)


def test_a_code_of_no_form_is_kept_as_unmapped_and_counted(tmp_path: Path) -> None:
    write_synpuf(tmp_path / "in", 2008, [{}], [{"ICD9_DGNS_CD_1": "4280", "ICD9_DGNS_CD_2": "OTHER"}])
    report = _load(tmp_path / "in", tmp_path / "store")
    assert report.unmapped["diagnosis.code"] == (2, 1)
    assert ("unmapped", "OTHER") in rows_of(tmp_path / "store", tables.DIAGNOSIS, "code_system", "code")


def test_bad_rows_are_quarantined_with_their_reason(tmp_path: Path) -> None:
    write_synpuf(
        tmp_path / "in",
        2008,
        [
            {"DESYNPUF_ID": ""},
            {"BENE_BIRTH_DT": "19400230"},
            {"BENE_DEATH_DT": "not one"},
            {"BENE_SEX_IDENT_CD": "9"},
            {"BENE_HI_CVRAGE_TOT_MONS": "13"},
            {},
        ],
        [
            {"CLM_ID": ""},
            {"SEGMENT": "x"},
            {"CLM_ADMSN_DT": ""},
            {"CLM_ADMSN_DT": "20080113"},
            {"CLM_PMT_AMT": "much"},
            {},
        ],
    )
    report = _load(tmp_path / "in", tmp_path / "store")
    assert [(file.read, file.loaded, file.quarantined) for file in report.files] == [(6, 1, 5), (6, 1, 5)]
    assert dict(report.reasons) == {
        "no DESYNPUF_ID": 1,
        "BENE_BIRTH_DT is not a date": 1,
        "BENE_DEATH_DT is not a date": 1,
        "BENE_SEX_IDENT_CD is not 1 or 2": 1,
        "BENE_HI_CVRAGE_TOT_MONS is not 0 to 12": 1,
        "no CLM_ID": 1,
        "SEGMENT is not a number of 1 or more": 1,
        "CLM_ADMSN_DT is not a date": 1,
        "discharge before admission (negative length of stay)": 1,
        "CLM_PMT_AMT is not an amount": 1,
    }


def test_a_beneficiary_file_whose_name_lost_its_year_is_refused(tmp_path: Path) -> None:
    """The year stands nowhere else in the file: guessing it would move a year of coverage."""
    write_synpuf(tmp_path / "in", 2008, [{}])
    named = next((tmp_path / "in").iterdir())
    named.rename(named.with_name("beneficiaries.csv"))
    with pytest.raises(BadInput, match=r"beneficiaries\.csv, whose name holds no year"):
        _load(tmp_path / "in", tmp_path / "store")


def test_what_synpuf_cannot_tell_is_said_to_be_lacking(tmp_path: Path) -> None:
    write_synpuf(tmp_path / "in", 2008, [{}], [{}])
    lacks = _load(tmp_path / "in", tmp_path / "store").lacks
    assert {"claim_line.discharge_disposition_code", "claim_line.admit_type_code", "result"} <= set(lacks)
    assert "claim_line" not in lacks
