"""CCLF files 8 and 9: who the beneficiaries are, that Medicare covers them, and which number took over from which.

A person goes by the number (MBI) that a record has. File 9 tells that a number took over from another: from then on the
two are one person, whatever was loaded when (`person_merge`). Its rows about the numbers before MBIs (HICN) are of no
use: no record has them as a person's.

When it was known: file 8 on the day of its delivery. In a first back-load it stands for the history that comes with it:
what it says of a person is known since the later of the start of Part A and HISTORY_DAYS before the file, each month of
coverage on its first day, and a death DEATH_LAG_DAYS after it.

Coverage is the month of the file, in a back-load all months of the history, from the start of Part A on. Where that
start is not given, the month of the file counts when the buy-in indicator tells Part A. Months in managed care cannot
be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.record.identity import MERGED
from features.record.tables import CONTACT_DETAILS, COVERAGE, DEATH, IDENTIFIER, PERSON, PERSON_MERGE
from features.sources import values
from features.sources.cclf_layouts import RECORDS
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout

if TYPE_CHECKING:
    import ibis.expr.types as ir

SOURCE = "cclf"
DEATH_LAG_DAYS = 30  # declared by us, for a back-load
HISTORY_DAYS = 3 * 365  # as far back as a first delivery of claims goes
PART_A = ("1", "3", "A", "C")  # of the buy-in indicator: Part A, or Parts A and B, with or without state buy-in
SEXES = (("1", "male"), ("2", "female"))
RACES = (
    *(("1", "white"), ("2", "black"), ("3", "other"), ("4", "asian"), ("5", "hispanic")),
    ("6", "north american native"),
)
NUMBER = r"^[0-9A-Z]{1,11}$"


def number_rejects(raw: ir.Table, *columns: str) -> dict[str, ir.BooleanValue]:
    """A reason for each column that must hold a beneficiary's number and does not."""
    return {
        **values.none_given(raw, columns),
        **{f"{c} is not a beneficiary's number": ~raw[c].re_search(NUMBER) for c in columns},
    }


def _rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    dates = ("BENE_DOB", "BENE_DEATH_DT", "BENE_PART_A_ENRLMT_BGN_DT", "BENE_PART_B_ENRLMT_BGN_DT")
    return {
        **number_rejects(raw, "BENE_MBI_ID"),
        **values.none_given(raw, ("BENE_DOB",)),
        **values.no_dates(raw, dates),
        **values.no_births({"BENE_DOB": values.day(raw.BENE_DOB)}),
        "BENE_SEX_CD is not 0, 1 or 2": raw.BENE_SEX_CD.notnull() & ~raw.BENE_SEX_CD.isin(["0", "1", "2"]),
        "BENE_DEATH_DT before BENE_DOB": values.day(raw.BENE_DEATH_DT) < values.day(raw.BENE_DOB),
    }


def _since(raw: ir.Table) -> ir.IntegerValue:
    """From when a back-load tells of a person."""
    import ibis

    begun = ibis.greatest(raw.told_day - HISTORY_DAYS, values.day(raw.BENE_PART_A_ENRLMT_BGN_DT))
    return ibis.least(raw.told_day, begun)


def _known_day(raw: ir.Table, delivery: Delivery) -> ir.IntegerValue:
    return raw.told_day if delivery.back_load_delay is None else _since(raw)


def _persons(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    known = _known_day(raw, delivery)
    return raw.select(
        person_id=raw.person_id,
        birth_day=values.day(raw.BENE_DOB),
        sex=raw.BENE_SEX_CD.cases(*SEXES, else_="unknown"),
        race=raw.BENE_RACE_CD.cases(*RACES, else_=None),
        state=raw.GEO_USPS_STATE_CD,
        zip_code=raw.GEO_ZIP5_CD.fill_null(raw.BENE_ZIP_CD),
        entitlement_code=raw.BENE_ORGNL_ENTLMT_RSN_CD,
        happened_from=known * windows.SECONDS_A_DAY,
        happened_to=ibis.null("int64"),
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(known),
        source=ibis.literal(SOURCE),
    ).distinct()


def _deaths(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    died = values.day(raw.BENE_DEATH_DT)
    known = raw.told_day if delivery.back_load_delay is None else died + DEATH_LAG_DAYS
    rows = raw.select(person_id=raw.person_id, died=died, known=ibis.greatest(died, known))
    rows = rows.filter(rows.died.notnull())
    return rows.select(
        person_id=rows.person_id,
        happened_from=rows.died * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(rows.died),
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(rows.known),
        source=ibis.literal(SOURCE),
    ).distinct()


def _contacts(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    known = _known_day(raw, delivery)
    lines = [raw[f"BENE_LINE_{i}_ADR"].fill_null("") for i in range(1, 7)]
    return raw.select(
        person_id=raw.person_id,
        first_name=raw.BENE_1ST_NAME,
        last_name=raw.BENE_LAST_NAME,
        address=ibis.literal(" ").join(lines).re_replace(" +", " ").strip().nullif(""),
        city=raw.GEO_ZIP_PLC_NAME,
        happened_from=known * windows.SECONDS_A_DAY,
        happened_to=ibis.null("int64"),
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(known),
        source=ibis.literal(SOURCE),
    ).distinct()


def _coverage(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    begun = values.day(raw.BENE_PART_A_ENRLMT_BGN_DT)
    buys_in = raw.BENE_ENTLMT_BUYIN_IND.isin(PART_A).fill_null(False)
    first = raw.told_day if delivery.back_load_delay is None else _since(raw)
    rows = raw.select(
        person_id=raw.person_id,
        dual_status_code=raw.BENE_DUAL_STUS_CD.nullif("NA"),
        told_day=raw.told_day,
        first=ibis.ifelse(begun.isnull(), raw.told_day, first),
        last=ibis.least(raw.told_day, values.day(raw.BENE_DEATH_DT)),
        covered=ibis.ifelse(begun.isnull(), buys_in, begun <= windows.expression_of_month_end(raw.told_day)),
    )
    rows = rows.filter(rows.covered)
    month = windows.expression_of_months(rows["first"], rows["last"])
    rows = rows.select("person_id", "dual_status_code", "told_day", month=month).distinct()
    known = rows.told_day if delivery.back_load_delay is None else rows.month
    return rows.select(
        "person_id",
        "dual_status_code",
        payer=ibis.literal("medicare"),
        payer_type=ibis.literal("medicare"),
        happened_from=rows.month * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(windows.expression_of_month_end(rows.month)),
        precision=ibis.literal("month"),
        known_at=windows.expression_of_local_end(known),
        source=ibis.literal(SOURCE),
    )


def _xref_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **number_rejects(raw, "CRNT_NUM", "PRVS_NUM"),
        **values.no_dates(raw, ("PRVS_ID_EFCTV_DT", "PRVS_ID_OBSLT_DT")),
        "HICN_MBI_XREF_IND is not H or M": ~raw.HICN_MBI_XREF_IND.isin(["H", "M"]).fill_null(False),
    }


def _took_over(raw: ir.Table, delivery: Delivery) -> ir.Table:
    """Of each earlier number which took over from it, once: CRNT_NUM, PRVS_NUM, `known_day`. Where a delivery tells
    two, the one that took over last holds. In a back-load it was known when the earlier number ended.
    """
    import ibis

    rows = raw.filter(raw.HICN_MBI_XREF_IND == "M", raw.CRNT_NUM != raw.PRVS_NUM)
    ended = ibis.least(rows.told_day, values.day(rows.PRVS_ID_OBSLT_DT))
    known = rows.told_day if delivery.back_load_delay is None else ended
    rows = rows.mutate(known_day=known, until=rows.PRVS_ID_OBSLT_DT.fill_null(""))
    last = ibis.window(
        group_by=["delivery", "PRVS_NUM"], order_by=[ibis.desc("until"), ibis.desc("CRNT_NUM"), "known_day"]
    )
    rows = rows.mutate(turn=ibis.row_number().over(last))
    return rows.filter(rows.turn == 0)


def _told(rows: ir.Table, day: ir.IntegerValue) -> dict[str, ir.Value]:
    """The columns of time of what holds from when it was told."""
    import ibis

    return {
        "happened_from": day * windows.SECONDS_A_DAY,
        "precision": ibis.literal("day"),
        "known_at": windows.expression_of_local_end(day),
        "source": ibis.literal(SOURCE),
    }


def _merges(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = _took_over(raw, delivery)
    return rows.select(
        person_id=rows.CRNT_NUM,
        absorbed_id=rows.PRVS_NUM,
        merge_id=merge_name(rows.CRNT_NUM, rows.PRVS_NUM),
        status=ibis.literal(MERGED),
        evidence=ibis.literal("message"),
        **_told(rows, rows.known_day),
    )


def merge_name(one: ir.StringValue, other: ir.StringValue) -> ir.StringValue:
    """`features.record.identity.merge_id` of two columns."""
    import ibis

    pair = ibis.least(one, other) + "\n" + ibis.greatest(one, other)
    return pair.hexdigest("sha256").substr(0, 16)


def _earlier_numbers(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = _took_over(raw, delivery)
    return rows.select(
        person_id=rows.CRNT_NUM, system=ibis.literal("mbi"), value=rows.PRVS_NUM, **_told(rows, rows.known_day)
    )


def _numbers(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    known = _known_day(raw, delivery)
    return raw.select(
        person_id=raw.person_id, system=ibis.literal("mbi"), value=raw.BENE_MBI_ID, **_told(raw, known)
    ).distinct()


DEMOGRAPHICS = Layout(
    name="CCLF8 beneficiary demographics",
    marks=(),
    needs=RECORDS["8"].names,
    rejects=_rejects,
    fills={PERSON: _persons, IDENTIFIER: _numbers, DEATH: _deaths, CONTACT_DETAILS: _contacts, COVERAGE: _coverage},
)
XREF = Layout(
    name="CCLF9 beneficiary numbers",
    marks=(),
    needs=RECORDS["9"].names,
    rejects=_xref_rejects,
    fills={PERSON_MERGE: _merges, IDENTIFIER: _earlier_numbers},
)
