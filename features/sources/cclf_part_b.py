"""CCLF files 5, 6 and B: what physicians, other practitioners and suppliers of equipment billed, line by line.

The natural key is the claim's control number, the line and the beneficiary's current number: each line is a claim of
its own here, with the diagnoses of the claim that it stands on (file 6 has none). Flags of file B are of no use to the
record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features.codes.systems import HCPCS
from features.record.tables import CLAIM_LINE, DIAGNOSIS
from features.sources import values
from features.sources.cclf_claims import diagnosis_code, key, plausible_day, rejects, time, with_versions
from features.sources.cclf_layouts import RECORDS
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout

if TYPE_CHECKING:
    import ibis.expr.types as ir

DIAGNOSES = tuple(f"CLM_DGNS_{i}_CD" for i in range(1, 13))
DATES = ("CLM_FROM_DT", "CLM_THRU_DT", "CLM_LINE_FROM_DT", "CLM_LINE_THRU_DT")
AMOUNTS = ("CLM_LINE_CVRD_PD_AMT", "CLM_LINE_ALOWD_CHRG_AMT")


def _rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **rejects(raw, DATES, AMOUNTS),
        **values.none_given(raw, ("CLM_CNTL_NUM", "CLM_FROM_DT")),
        "CLM_LINE_NUM is not a number of 1 or more": ~(raw.CLM_LINE_NUM.try_cast("int64") >= 1).fill_null(False),
        "CLM_THRU_DT before CLM_FROM_DT": values.day(raw.CLM_THRU_DT) < values.day(raw.CLM_FROM_DT),
    }


def _physician_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {**_rejects(raw), **values.no_numbers(raw, ("CLM_LINE_SRVC_UNIT_QTY",))}


def _facts(raw: ir.Table, delivery: Delivery) -> ir.Table:
    import ibis

    started = values.day(raw.CLM_FROM_DT)
    started = plausible_day(raw.CLM_LINE_FROM_DT).fill_null(started)
    ended = ibis.coalesce(plausible_day(raw.CLM_LINE_THRU_DT), plausible_day(raw.CLM_THRU_DT), started)
    number = raw.CLM_LINE_NUM.cast("int64").cast("string")
    return with_versions(raw, key("B", raw.CLM_CNTL_NUM, number), started, ended, delivery)


def _line(raw: ir.Table) -> dict[str, ir.Value]:
    import ibis

    return {
        "person_id": raw.person_id,
        "claim_id": raw.claim_id,
        "version": raw.version,
        "cancels": raw.cancels,
        "claim_line_number": raw.CLM_LINE_NUM.cast("int64"),
        "claim_type": ibis.literal("professional"),
        "place_of_service_code": values.two_digits(raw.CLM_POS_CD),
        "hcpcs_code": values.of_system(raw.CLM_LINE_HCPCS_CD, HCPCS),
        "paid": values.cents(raw.CLM_LINE_CVRD_PD_AMT),
        "allowed": values.cents(raw.CLM_LINE_ALOWD_CHRG_AMT),
        **time(raw, raw.started, raw.ended),
    }


def _physician_lines(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    return raw.select(
        **_line(raw),
        units=values.thousandths(raw.CLM_LINE_SRVC_UNIT_QTY),
        rendering_id=raw.RNDRG_PRVDR_NPI_NUM.fill_null(raw.CLM_RNDRG_PRVDR_NPI_NUM),
    )


def _equipment_lines(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    return raw.select(**_line(raw), billing_id=raw.PAYTO_PRVDR_NPI_NUM.fill_null(raw.CLM_BLG_PRVDR_NPI_NUM))


def _diagnoses(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The codes of a line's claim; of a version that takes back nothing is listed."""
    import ibis

    rows = raw.filter(raw.cancels == 0)
    rows = rows.select(
        *("person_id", "claim_id", "version", "known_day", "started", "ended", "DGNS_PRCDR_ICD_IND"),
        place=ibis.array(list(range(1, len(DIAGNOSES) + 1))).unnest(),
        written=ibis.array([rows[name] for name in DIAGNOSES]).unnest(),
    )
    rows = rows.filter(rows.written.notnull())
    return rows.select(
        *("person_id", "claim_id", "version"),
        role=ibis.ifelse(rows.place == 1, "principal", "secondary"),
        **diagnosis_code(rows, rows.written),
        **time(rows, rows.started, rows.ended),
    )


def _flag_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return values.none_given(raw, ("CUR_CLM_UNIQ_ID", "CLM_LINE_NUM", "BENE_MBI_ID"))


PHYSICIANS = Layout(
    name="CCLF5 physicians",
    marks=(),
    needs=RECORDS["5"].names,
    rejects=_physician_rejects,
    fills={CLAIM_LINE: _physician_lines, DIAGNOSIS: _diagnoses},
    derives=_facts,
)
EQUIPMENT = Layout(
    name="CCLF6 equipment",
    marks=(),
    needs=RECORDS["6"].names,
    rejects=_rejects,
    fills={CLAIM_LINE: _equipment_lines},
    derives=_facts,
)
ENHANCEMENTS = Layout("CCLFB Part B enhancements", (), RECORDS["B"].names, _flag_rejects, {})
