"""CCLF files 1 to 4 and A: bills of hospitals and other institutions, their revenue centres, procedures and diagnoses.

The natural key of a claim is the provider's certification number, its first and last day, and the beneficiary's current
number, as the packet has it: of two bills of one provider for the same days the later one counts as a version of the
earlier. Which version a line of files 2 to 4 belongs to is told by its header, the record of file 1 with the same
CUR_CLM_UNIQ_ID in the same delivery.

The header is a claim line of number 0 that carries what was paid for the whole claim; lines of revenue centres carry no
payment, because CMS warns that theirs often do not sum to it. The day of admission is that of file A, where it came
with the claim, else the first day of the bill; the day of discharge is the last one, unless the patient was still
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import HCPCS, MSDRG, RevenueCentre
from features.record.tables import ADT_EVENT, CLAIM_LINE, DIAGNOSIS, DISCHARGE_NOTICE, FACILITY, PROCEDURE
from features.sources import values
from features.sources.cclf_claims import (
    KINDS,
    RECORDS_OF_A_KIND,
    diagnosis_code,
    key,
    plausible_day,
    procedure_code,
    rejects,
    time,
    with_versions,
)
from features.sources.cclf_layouts import RECORDS
from features.sources.cclf_people import SOURCE
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout
from features.sources.unmapped import UNMAPPED

if TYPE_CHECKING:
    import ibis.expr.types as ir

IN_A_BED = ("20", "30", "60", "61")  # types of claim: skilled nursing, swing bed, inpatient and its full encounter
STILL_A_PATIENT = "30"
ALWAYS_KNOWN = windows.local_end(0)  # places of care: not facts about a patient
# what a line takes from its header
HEADER = (
    *("claim_id", "person_id", "version", "cancels", "known_day", "started", "ended", "facility", "bill"),
    *("admission_day", "discharge_day", "CLM_ADMSN_TYPE_CD", "CLM_ADMSN_SRC_CD", "BENE_PTNT_STUS_CD", "DGNS_DRG_CD"),
    *("FAC_PRVDR_NPI_NUM", "ATNDG_PRVDR_NPI_NUM", "PRNCPL_DGNS_CD"),
)


def _provider(raw: ir.Table) -> ir.StringValue:
    return raw.PRVDR_OSCAR_NUM.fill_null(raw.CLM_BLG_PRVDR_OSCAR_NUM)


def _header_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    import ibis

    same = ibis.window(group_by=["delivery", "CUR_CLM_UNIQ_ID"])
    return {
        **rejects(raw, ("CLM_FROM_DT", "CLM_THRU_DT"), ("CLM_PMT_AMT",)),
        **values.none_given(raw, ("CLM_FROM_DT", "CLM_THRU_DT")),
        "no PRVDR_OSCAR_NUM": _provider(raw).isnull(),
        "CLM_THRU_DT before CLM_FROM_DT": values.day(raw.CLM_THRU_DT) < values.day(raw.CLM_FROM_DT),
        "CUR_CLM_UNIQ_ID twice in one delivery": raw.number > raw.number.min().over(same),
    }


def _header_facts(raw: ir.Table, delivery: Delivery) -> ir.Table:
    """FACTS, `facility`, `bill` (its type), `admission_day` and `discharge_day`; raw has `active_care` of file A."""
    import ibis

    started, ended = values.day(raw.CLM_FROM_DT), values.day(raw.CLM_THRU_DT)
    claim_id = key("A", _provider(raw), raw.CLM_FROM_DT, raw.CLM_THRU_DT)
    care = plausible_day(raw.active_care)
    in_a_bed = raw.CLM_TYPE_CD.isin(IN_A_BED).fill_null(False)
    admitted = ibis.ifelse(care <= ended, care, None).fill_null(started)
    still = (raw.BENE_PTNT_STUS_CD == STILL_A_PATIENT).fill_null(False)
    own = raw.select(
        "line",
        facility=_provider(raw),
        bill=raw.CLM_BILL_FAC_TYPE_CD + raw.CLM_BILL_CLSFCTN_CD + raw.CLM_BILL_FREQ_CD.fill_null(""),
        admission_day=ibis.ifelse(in_a_bed, admitted, None),
        discharge_day=ibis.ifelse(in_a_bed & ~still, ended, None),
    )
    return with_versions(raw, claim_id, started, ended, delivery).inner_join(own, "line")


def _of_header(raw: ir.Table) -> dict[str, ir.Value]:
    """The columns that every line of a claim repeats."""
    import ibis

    return {
        "person_id": raw.person_id,
        "claim_id": raw.claim_id,
        "version": raw.version,
        "cancels": raw.cancels,
        "claim_type": ibis.literal("institutional"),
        "bill_type_code": raw.bill,
        "admission_day": raw.admission_day,
        "discharge_day": raw.discharge_day,
        "admit_type_code": _one_digit(raw.CLM_ADMSN_TYPE_CD),
        "admit_source_code": _one_digit(raw.CLM_ADMSN_SRC_CD),
        "discharge_disposition_code": values.two_digits(raw.BENE_PTNT_STUS_CD),
        "drg_code": values.of_system(raw.DGNS_DRG_CD.re_replace("^0+$", "").nullif(""), MSDRG),
        "rendering_id": raw.ATNDG_PRVDR_NPI_NUM,
        "billing_id": raw.FAC_PRVDR_NPI_NUM,
        "facility_id": raw.facility,
    }


def _one_digit(code: ir.StringValue) -> ir.StringValue:
    return code.re_replace("^0(.)$", r"\1")


def _headers(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        **_of_header(raw),
        claim_line_number=ibis.literal(0, "int64"),
        paid=values.cents(raw.CLM_PMT_AMT),
        **time(raw, raw.started, raw.ended),
    )


def _header_diagnoses(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Principal (with its flag from file 4) and admitting diagnosis; of a version that takes back nothing is listed."""
    import ibis

    parts = []
    for role, column in (("principal", raw.PRNCPL_DGNS_CD), ("admitting", raw.ADMTG_DGNS_CD)):
        rows = raw.mutate(written=column).filter(lambda t: t.written.notnull() & (t.cancels == 0))
        poa = _present(rows.principal_poa) if role == "principal" else ibis.null("string")
        parts.append(
            rows.select(
                *("person_id", "claim_id", "version"),
                role=ibis.literal(role),
                present_on_admission=poa,
                **diagnosis_code(rows, rows.written),
                **time(rows, rows.started, rows.ended),
            )
        )
    return parts[0].union(parts[1])


def _present(flag: ir.StringValue) -> ir.StringValue:
    import ibis

    first = flag.upper().substr(0, 1)
    return ibis.ifelse(first.isin(["Y", "N", "U", "W", "1"]), first, None)


def _facilities(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = raw.select(facility_id=raw.facility, ccn=raw.facility).distinct()
    return rows.mutate(known_at=ibis.literal(ALWAYS_KNOWN), source=ibis.literal(SOURCE))


def _notices(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """What the hospital would have told on the day of discharge, declared from inpatient bills (type 11x) as they were
    first sent: a correction was nobody's knowledge on that day.
    """
    import ibis

    rows = raw.mutate(first=raw.version.min().over(ibis.window(group_by=["person_id", "claim_id"])))
    rows = rows.filter(
        rows.version == rows["first"],
        rows.version // RECORDS_OF_A_KIND % KINDS == 0,
        rows.bill.startswith("11"),
        rows.discharge_day.notnull(),
        # interim bills that another goes on with (112, 113) and voids (118) tell no discharge
        ~rows.bill.re_search("[238]$"),
    )
    coded = diagnosis_code(rows, rows.ADMTG_DGNS_CD)
    known = coded["code_system"] != UNMAPPED
    return rows.select(
        *("person_id", "claim_id", "admission_day", "discharge_day"),
        code_system=ibis.ifelse(known, coded["code_system"], None),
        code=ibis.ifelse(known, coded["code"], None),
        facility_id=rows.facility,
        happened_from=rows.admission_day * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(rows.discharge_day),
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(rows.discharge_day),
        source=ibis.literal(SOURCE),
    ).distinct()


# ---- what stands under a header


def _under_a_header(raw: ir.Table) -> dict[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("CUR_CLM_UNIQ_ID",)),
        "no header in file 1 with this CUR_CLM_UNIQ_ID": raw.claim_id.isnull(),
    }


def _line_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **_under_a_header(raw),
        **values.no_dates(raw, ("CLM_LINE_FROM_DT", "CLM_LINE_THRU_DT")),
        **values.no_numbers(raw, ("CLM_LINE_SRVC_UNIT_QTY",)),
        "CLM_LINE_NUM is not a number of 1 or more": ~(raw.CLM_LINE_NUM.try_cast("int64") >= 1).fill_null(False),
    }


def _lines(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    first = plausible_day(raw.CLM_LINE_FROM_DT).fill_null(raw.started)
    last = ibis.greatest(first, plausible_day(raw.CLM_LINE_THRU_DT).fill_null(raw.ended))
    return raw.select(
        **_of_header(raw),
        claim_line_number=raw.CLM_LINE_NUM.cast("int64"),
        revenue_center_code=values.of_system(raw.CLM_LINE_PROD_REV_CTR_CD, RevenueCentre),
        hcpcs_code=values.of_system(raw.CLM_LINE_HCPCS_CD, HCPCS),
        units=values.thousandths(raw.CLM_LINE_SRVC_UNIT_QTY),
        **time(raw, first, last),
    )


def _procedure_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **_under_a_header(raw),
        **values.none_given(raw, ("CLM_PRCDR_CD",)),
        **values.no_dates(raw, ("CLM_PRCDR_PRFRM_DT",)),
    }


def _procedures(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = raw.filter(raw.cancels == 0)
    on = plausible_day(rows.CLM_PRCDR_PRFRM_DT)
    return rows.select(
        *("person_id", "claim_id", "version"),
        **procedure_code(rows, rows.CLM_PRCDR_CD),
        **time(rows, on.fill_null(rows.started), on.fill_null(rows.ended)),
    )


def _diagnosis_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {**_under_a_header(raw), **values.none_given(raw, ("CLM_DGNS_CD",))}


def _diagnoses(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Every code but the principal one, which its header tells."""
    import ibis

    principal = (raw.CLM_DGNS_CD == raw.PRNCPL_DGNS_CD).fill_null(False)
    rows = raw.filter((raw.cancels == 0) & ~principal)
    return rows.select(
        *("person_id", "claim_id", "version"),
        role=ibis.literal("secondary"),
        present_on_admission=_present(rows.CLM_POA_IND),
        **diagnosis_code(rows, rows.CLM_DGNS_CD),
        **time(rows, rows.started, rows.ended),
    ).distinct()


def _admission_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {**_under_a_header(raw), **values.no_dates(raw, ("CLM_ACTV_CARE_FROM_DT",))}


CLAIMS = Layout(
    name="CCLF1 Part A claims",
    marks=(),
    needs=RECORDS["1"].names,
    rejects=_header_rejects,
    fills={CLAIM_LINE: _headers, DIAGNOSIS: _header_diagnoses, DISCHARGE_NOTICE: _notices, FACILITY: _facilities},
    unless={DISCHARGE_NOTICE: ADT_EVENT},
    derives=_header_facts,
)
UNDER = {
    "2": Layout("CCLF2 revenue centres", (), RECORDS["2"].names, _line_rejects, {CLAIM_LINE: _lines}),
    "3": Layout("CCLF3 procedures", (), RECORDS["3"].names, _procedure_rejects, {PROCEDURE: _procedures}),
    "4": Layout("CCLF4 diagnoses", (), RECORDS["4"].names, _diagnosis_rejects, {DIAGNOSIS: _diagnoses}),
    "A": Layout("CCLFA Part A enhancements", (), RECORDS["A"].names, _admission_rejects, {}),
}
