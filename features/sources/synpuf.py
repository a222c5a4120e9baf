"""CMS DE-SynPUF 2008-2010: beneficiary summaries and inpatient claims, as CMS published them.

Source: CMS Linkable 2008-2010 Medicare Data Entrepreneurs' Synthetic Public Use File, codebook. The files carry no paid
date, so a claim is declared known CLAIMS_LAG_DAYS after discharge; and no hospital messages, so each claim also gives a
declared discharge notice, known at the end of the day of discharge: dates, hospital and admitting diagnosis, no more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import HCPCS, ICD9CM, ICD9PCS, MSDRG, System
from features.errors import BadInput
from features.record.tables import (
    CLAIM_LINE,
    COVERAGE,
    DEATH,
    DIAGNOSIS,
    DISCHARGE_NOTICE,
    PERSON,
    PROCEDURE,
)
from features.sources import values
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout, Reader
from features.sources.unmapped import UNMAPPED

if TYPE_CHECKING:
    import ibis.expr.types as ir

CLAIMS_LAG_DAYS = 30  # declared by us: the file is silent
SOURCE = "synpuf"
DAY = "%Y%m%d"
DIAGNOSES, PROCEDURES, SERVICES = 10, 6, 45

BENEFICIARY_COLUMNS = (
    "DESYNPUF_ID",
    "BENE_BIRTH_DT",
    "BENE_DEATH_DT",
    "BENE_SEX_IDENT_CD",
    "BENE_RACE_CD",
    "SP_STATE_CODE",
    "BENE_HI_CVRAGE_TOT_MONS",
    "BENE_HMO_CVRAGE_TOT_MONS",
)
INPATIENT_COLUMNS = (
    "DESYNPUF_ID",
    "CLM_ID",
    "SEGMENT",
    "CLM_FROM_DT",
    "CLM_THRU_DT",
    "PRVDR_NUM",
    "CLM_PMT_AMT",
    "CLM_ADMSN_DT",
    "ADMTNG_ICD9_DGNS_CD",
    "NCH_BENE_DSCHRG_DT",
    "CLM_DRG_CD",
    *(f"ICD9_DGNS_CD_{i}" for i in range(1, DIAGNOSES + 1)),
    *(f"ICD9_PRCDR_CD_{i}" for i in range(1, PROCEDURES + 1)),
)


# ---- beneficiary summary: one row a person and year


def _year(file: InputFile) -> int:
    found = re.search(r"(20\d\d)_Beneficiary", file.name)
    if found is None:
        raise BadInput(
            got=f"{file.name}, whose name holds no year",
            expected="the name that CMS gave it, such as DE1_0_2008_Beneficiary_Summary_File_Sample_1",
            do="The year stands nowhere else: restore the name.",
        )
    return int(found.group(1))


def _beneficiary_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    months = raw.BENE_HI_CVRAGE_TOT_MONS.try_cast("int64")
    return {
        "no DESYNPUF_ID": raw.DESYNPUF_ID.isnull(),
        "BENE_BIRTH_DT is not a date": windows.expression_of_day(raw.BENE_BIRTH_DT, DAY).isnull(),
        **values.no_births({"BENE_BIRTH_DT": windows.expression_of_day(raw.BENE_BIRTH_DT, DAY)}),
        "BENE_DEATH_DT is not a date": raw.BENE_DEATH_DT.notnull()
        & windows.expression_of_day(raw.BENE_DEATH_DT, DAY).isnull(),
        "BENE_SEX_IDENT_CD is not 1 or 2": ~raw.BENE_SEX_IDENT_CD.isin(["1", "2"]).fill_null(False),
        "BENE_HI_CVRAGE_TOT_MONS is not 0 to 12": ~months.between(0, 12).fill_null(False),
    }


def _persons(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    year_start = windows.first_day_of_year(_year(file))
    return raw.select(
        person_id=raw.DESYNPUF_ID,
        birth_day=windows.expression_of_day(raw.BENE_BIRTH_DT, DAY),
        sex=raw.BENE_SEX_IDENT_CD.cases(("1", "male"), ("2", "female")),
        race=raw.BENE_RACE_CD.cases(("1", "white"), ("2", "black"), ("3", "other"), ("5", "hispanic"), else_=None),
        state=raw.SP_STATE_CODE,
        happened_from=ibis.literal(windows.local_start(year_start)),
        happened_to=ibis.null("int64"),
        precision=ibis.literal("year"),
        known_at=ibis.literal(windows.local_end(year_start)),
        source=ibis.literal(SOURCE),
    )


def _deaths(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The file dates a death by the first of its month; it counts as known when that month has ended."""
    import ibis

    died = raw.filter(raw.BENE_DEATH_DT.notnull())
    first = windows.expression_of_day(died.BENE_DEATH_DT, DAY)
    month_end = windows.expression_of_month_end(first)
    return died.select(
        person_id=died.DESYNPUF_ID,
        happened_from=first * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(month_end),
        precision=ibis.literal("month"),
        known_at=windows.expression_of_local_end(month_end),
        source=ibis.literal(SOURCE),
    )


def _coverage(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The file counts the months of Part A in a year and does not say which. In the first year's file they are taken
    from the year's end (people who age in: 77 % of such rows of sample 1 are followed by a whole year), in later files
    from its start (people who leave). Each month is known on its first day.
    """
    import ibis

    year = _year(file)
    starts = windows.month_starts(windows.first_day_of_year(year), windows.first_day_of_year(year + 1))
    rows = raw.select(
        person_id=raw.DESYNPUF_ID,
        count=raw.BENE_HI_CVRAGE_TOT_MONS.cast("int64"),
        managed_care=(raw.BENE_HMO_CVRAGE_TOT_MONS.try_cast("int64") > 0).cast("int8"),
        month=ibis.array(list(range(1, 13))).unnest(),
        first=ibis.array(starts[:-1]).unnest(),
        following=ibis.array(starts[1:]).unnest(),
    )
    rows = rows.filter(rows.month > 12 - rows["count"] if year == FIRST_FILE_YEAR else rows.month <= rows["count"])
    return rows.select(
        person_id=rows.person_id,
        payer=ibis.literal("medicare part a"),
        payer_type=ibis.literal("medicare"),
        managed_care=rows.managed_care,
        drug_coverage=ibis.literal(0, "int8"),
        happened_from=rows["first"] * windows.SECONDS_A_DAY,
        happened_to=rows.following * windows.SECONDS_A_DAY - 1,
        precision=ibis.literal("month"),
        known_at=windows.expression_of_local_end(rows["first"]),
        source=ibis.literal(SOURCE),
    )


FIRST_FILE_YEAR = 2008


# ---- inpatient claims: one row a claim and segment; a second segment has no dates of its own but those of the stay


def _admitted(raw: ir.Table) -> ir.IntegerColumn:
    return windows.expression_of_day(raw.CLM_ADMSN_DT, DAY)


def _discharged(raw: ir.Table) -> ir.IntegerColumn:
    return windows.expression_of_day(raw.NCH_BENE_DSCHRG_DT, DAY)


def _inpatient_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        "no DESYNPUF_ID": raw.DESYNPUF_ID.isnull(),
        "no CLM_ID": raw.CLM_ID.isnull(),
        "SEGMENT is not a number of 1 or more": ~(raw.SEGMENT.try_cast("int64") >= 1).fill_null(False),
        "CLM_ADMSN_DT is not a date": _admitted(raw).isnull(),
        "NCH_BENE_DSCHRG_DT is not a date": _discharged(raw).isnull(),
        "discharge before admission (negative length of stay)": _discharged(raw) < _admitted(raw),
        "CLM_PMT_AMT is not an amount": raw.CLM_PMT_AMT.notnull() & raw.CLM_PMT_AMT.try_cast("decimal(18,2)").isnull(),
    }


def _claim_time(raw: ir.Table) -> dict[str, ir.Value]:
    import ibis

    return {
        "happened_from": _admitted(raw) * windows.SECONDS_A_DAY,
        "happened_to": windows.expression_of_local_end(_discharged(raw)),
        "precision": ibis.literal("day"),
        "known_at": windows.expression_of_local_end(_discharged(raw) + CLAIMS_LAG_DAYS),
        "source": ibis.literal(SOURCE),
    }


def _claim_lines(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        person_id=raw.DESYNPUF_ID,
        claim_id=raw.CLM_ID,
        version=ibis.literal(0, "int64"),
        cancels=ibis.literal(0, "int8"),
        claim_line_number=raw.SEGMENT.cast("int64"),
        claim_type=ibis.literal("institutional"),
        bill_type_code=ibis.literal("111"),
        admission_day=_admitted(raw),
        discharge_day=_discharged(raw),
        drg_code=MSDRG.expression(raw.CLM_DRG_CD),
        facility_id=raw.PRVDR_NUM,
        billing_id=raw.PRVDR_NUM,
        paid=(raw.CLM_PMT_AMT.try_cast("decimal(18,2)") * 100).cast("int64"),
        **_claim_time(raw),
    )


def _coded(raw: ir.Table, columns: Sequence[str], system: System) -> ir.Table:
    """The codes of some columns, one a row, with `place` counted from 1 among these columns, and `segment`."""
    import ibis

    names = ("happened_from", "happened_to", "precision", "known_at", "source")
    rows = raw.mutate(**_claim_time(raw)).select(
        *names,
        person_id="DESYNPUF_ID",
        claim_id="CLM_ID",
        segment="SEGMENT",
        place=ibis.array(list(range(1, len(columns) + 1))).unnest(),
        written=ibis.array([raw[column] for column in columns]).unnest(),
    )
    rows = rows.filter(rows.written.notnull())
    code = system.expression(rows.written)
    return rows.select(
        *names,
        *("person_id", "claim_id", "segment", "place"),
        version=ibis.literal(0, "int64"),
        code_system=ibis.ifelse(code.notnull(), system.name, UNMAPPED),
        code=ibis.coalesce(code, rows.written.upper()),
    )


def _diagnoses(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    admitting = _coded(raw, ["ADMTNG_ICD9_DGNS_CD"], ICD9CM).mutate(role=ibis.literal("admitting"))
    listed = _coded(raw, [f"ICD9_DGNS_CD_{i}" for i in range(1, DIAGNOSES + 1)], ICD9CM)
    # the first code of a continuation segment is not a second principal diagnosis
    principal = (listed.place == 1) & (listed.segment == "1")
    listed = listed.mutate(role=ibis.ifelse(principal, "principal", "secondary"))
    return admitting.union(listed).drop("segment", "place")


def _procedures(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = _coded(raw, [f"ICD9_PRCDR_CD_{i}" for i in range(1, PROCEDURES + 1)], ICD9PCS)
    services = [f"HCPCS_CD_{i}" for i in range(1, SERVICES + 1) if f"HCPCS_CD_{i}" in raw.columns]
    if services:
        rows = rows.union(_coded(raw, services, HCPCS))
    return rows.drop("segment", "place")


def _notices(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    first = raw.filter(raw.SEGMENT.try_cast("int64") == 1)
    code = ICD9CM.expression(first.ADMTNG_ICD9_DGNS_CD)
    time = _claim_time(first)
    time["known_at"] = time["happened_to"]
    return first.select(
        person_id=first.DESYNPUF_ID,
        claim_id=first.CLM_ID,
        admission_day=_admitted(first),
        discharge_day=_discharged(first),
        code_system=code.notnull().ifelse(ICD9CM.name, None),
        code=code,
        facility_id=first.PRVDR_NUM,
        **time,
    )


BENEFICIARY = Layout(
    name="beneficiary summary",
    marks=("DESYNPUF_ID", "BENE_BIRTH_DT"),
    needs=BENEFICIARY_COLUMNS,
    rejects=_beneficiary_rejects,
    fills={PERSON: _persons, DEATH: _deaths, COVERAGE: _coverage},
)
INPATIENT = Layout(
    name="inpatient claims",
    marks=("DESYNPUF_ID", "CLM_ID", "CLM_ADMSN_DT"),
    needs=INPATIENT_COLUMNS,
    rejects=_inpatient_rejects,
    fills={
        CLAIM_LINE: _claim_lines,
        DIAGNOSIS: _diagnoses,
        PROCEDURE: _procedures,
        DISCHARGE_NOTICE: _notices,
    },
)
READER = Reader(
    name="synpuf",
    says="CMS DE-SynPUF beneficiary summaries and inpatient claims, zips or CSVs",
    layouts=(BENEFICIARY, INPATIENT),
    lacks={
        "claim_line.discharge_disposition_code": "SynPUF has no patient status",
        "claim_line.admit_type_code": "SynPUF has no type of admission",
        "claim_line.admit_source_code": "SynPUF has no point of origin",
        "claim_line.place_of_service_code": "only inpatient claims are read",
        "claim_line.revenue_center_code": "only inpatient claims are read",
        "diagnosis.icd-10-cm": "SynPUF has ICD-9-CM codes",
        "diagnosis.present_on_admission": "SynPUF has no present-on-admission flags",
    },
)
