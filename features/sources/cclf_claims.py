"""CCLF claims of every part: when a version was known, which claim it is a version of, and in what order.

When it was known: on the day of its file's delivery; in a first back-load its effective date plus the feed's declared
delay. Where it has no effective date, it is declared effective DAYS_TO_PAY after the claim ended. It is never known
before the claim ended.

Versions: the packet's natural keys say what is one claim; each record of it is a version, which `record/known.py` nets.
Those known at the same instant are ordered by effective date, then by type of adjustment (0 original, 1 cancel, 2
adjust), then by the record's own number: CMS sends some adjusted claims as originals. A record that comes again as it
was (monthly files and those of the run-out overlap) is no new version: the store remembers what it was told. Which of
two deliveries told it first is then a matter of which was loaded first; within one load it is the earlier delivery.

Claims that were denied are kept like others: what was done was done, and the record has no column for a denial.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, System
from features.record.store import Writer
from features.sources import values
from features.sources.cclf_lines import literal
from features.sources.cclf_people import SOURCE, number_rejects
from features.sources.fhir_delivered import FILE
from features.sources.reader import Delivery
from features.sources.unmapped import UNMAPPED

if TYPE_CHECKING:
    import ibis.expr.types as ir

DAYS_TO_PAY = 30  # declared by us, used where a claim has no effective date
CANCEL, KINDS = 1, 3
RECORDS_OF_A_KIND = 100  # of one claim, known and effective on one day
ICD10_BEGAN = windows.parse_day("2015-10-01")
FIRST_DAY = windows.first_day_of_year(1965)  # Medicare began; earlier dates stand for none
LAST_DAY = windows.first_day_of_year(2100)
FACTS = ("line", "claim_id", "started", "ended", "known_day", "version", "cancels")


def plausible_day(text: ir.StringValue) -> ir.IntegerValue:
    """The day of a date; null for one that stands for none, such as 1000-01-01 and 9999-12-31."""
    import ibis

    day = values.day(text)
    return ibis.ifelse((day >= FIRST_DAY) & (day < LAST_DAY), day, None)


def rejects(raw: ir.Table, dates: tuple[str, ...], amounts: tuple[str, ...]) -> dict[str, ir.BooleanValue]:
    """What is wrong with a record of a claim, in any part."""
    return {
        **number_rejects(raw, "BENE_MBI_ID"),
        **values.none_given(raw, ("CUR_CLM_UNIQ_ID",)),
        **values.no_dates(raw, (*dates, "CLM_EFCTV_DT")),
        **values.no_numbers(raw, amounts),
        "CLM_ADJSMT_TYPE_CD is not 0, 1 or 2": ~_adjustment(raw).isin([0, 1, 2]).fill_null(False),
    }


def _adjustment(raw: ir.Table) -> ir.IntegerValue:
    return raw.CLM_ADJSMT_TYPE_CD.try_cast("int64")


def key(*parts: ir.StringValue | str) -> ir.StringValue:
    """A natural key of several parts; an empty part is empty in it."""
    import ibis

    return ibis.literal("-").join([ibis.literal(p) if isinstance(p, str) else p.fill_null("") for p in parts])


def with_versions(
    raw: ir.Table, claim_id: ir.StringValue, started: ir.IntegerValue, ended: ir.IntegerValue, delivery: Delivery
) -> ir.Table:
    """The facts of each record of a claim, by line: FACTS."""
    import ibis

    ended = ibis.greatest(started, ended)
    effective = plausible_day(raw.CLM_EFCTV_DT).fill_null(ended + DAYS_TO_PAY)
    known = raw.told_day if delivery.back_load_delay is None else effective + delivery.back_load_delay
    kind = _adjustment(raw)
    rows = raw.select(
        "line",
        "person_id",
        "CUR_CLM_UNIQ_ID",
        claim_id=claim_id,
        started=started,
        ended=ended,
        known_day=ibis.greatest(known, ended),
        place=ibis.greatest(effective, 0) * KINDS + kind,
        cancels=(kind == CANCEL).cast("int8"),
    )
    same = ibis.window(group_by=["person_id", "claim_id", "known_day", "place"], order_by="CUR_CLM_UNIQ_ID")
    rows = rows.mutate(turn=ibis.dense_rank().over(same))
    turn = ibis.least(rows.turn, RECORDS_OF_A_KIND - 1)
    return rows.mutate(version=(rows.place * RECORDS_OF_A_KIND + turn).cast("int64")).select(*FACTS)


def time(rows: ir.Table, first: ir.IntegerValue, last: ir.IntegerValue) -> dict[str, ir.Value]:
    """The columns of time of what happened from one day to another and was known with its version."""
    import ibis

    return {
        "happened_from": first * windows.SECONDS_A_DAY,
        "happened_to": windows.expression_of_local_end(last),
        "precision": ibis.literal("day"),
        "known_at": windows.expression_of_local_end(rows.known_day),
        "source": ibis.literal(SOURCE),
    }


def diagnosis_code(rows: ir.Table, written: ir.StringValue) -> dict[str, ir.StringValue]:
    """`code_system` and `code` of a diagnosis: ICD-9 or ICD-10 as the record says, else by when the claim ended."""
    return _coded(rows, written, ICD9CM, ICD10CM)


def procedure_code(rows: ir.Table, written: ir.StringValue) -> dict[str, ir.StringValue]:
    """The same of a procedure."""
    return _coded(rows, written, ICD9PCS, ICD10PCS)


def _coded(rows: ir.Table, written: ir.StringValue, ninth: System, tenth: System) -> dict[str, ir.StringValue]:
    import ibis

    told = rows.DGNS_PRCDR_ICD_IND
    is_ninth = ibis.cases((told == "9", True), (told == "0", False), else_=rows.ended < ICD10_BEGAN)
    system = ibis.ifelse(is_ninth, ninth.name, tenth.name)
    code = ibis.ifelse(is_ninth, ninth.expression(written), tenth.expression(written))
    return {
        "code_system": ibis.ifelse(code.isnull(), UNMAPPED, system),
        "code": code.fill_null(written.upper()),
    }


def remember(writer: Writer, lines: Sequence[Path]) -> int:
    """Make the table `cclf_again` (number): records of claims that the store was told before, or that an earlier
    delivery of this load has. What is new is written beside the tables of the batch. Returns how many came again.

    `lines` are where the records are; what is set aside must be known by then.
    """
    con = writer.con
    held = [writer.store / "batches" / batch.id / FILE for batch in writer.manifest.batches]
    held = [path for path in held if path.is_file()]
    before = f"read_parquet({literal(*held)})" if held else "(SELECT NULL::BLOB AS hash WHERE false)"
    told = f"read_parquet({literal(*lines)})"
    con.execute(
        "CREATE TEMP TABLE cclf_records AS SELECT number, told_day, unhex(md5(file || text)) AS hash "  # noqa: S608
        f"FROM {told} JOIN cclf_files USING (place) WHERE number NOT IN (SELECT number FROM cclf_wrong)"
    )
    con.execute(
        "CREATE TEMP TABLE cclf_again AS SELECT number FROM cclf_records "  # noqa: S608  # own names and paths
        f"WHERE hash IN (SELECT hash FROM {before}) UNION SELECT number FROM "
        "(SELECT number, row_number() OVER (PARTITION BY hash ORDER BY told_day, number) AS turn FROM cclf_records) "
        "WHERE turn > 1"
    )
    con.execute(
        "COPY (SELECT DISTINCT hash FROM cclf_records WHERE number NOT IN (SELECT number FROM cclf_again) "  # noqa: S608
        f"ORDER BY hash) TO {literal(writer.folder / FILE)[1:-1]} (FORMAT parquet, COMPRESSION zstd)"
    )
    (found,) = con.execute("SELECT count(*) FROM cclf_again").fetchall()
    return int(found[0])
