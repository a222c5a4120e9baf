"""The share of codes that have no form of their coding system, counted in what a load is about to commit."""

from __future__ import annotations

from features.codes.systems import HCPCS, MSDRG, NDC, RevenueCentre, System
from features.record.schema import Table
from features.record.store import Writer
from features.record.tables import CLAIM_LINE, DISPENSING, TABLES

UNMAPPED = "unmapped"  # what `code_system` says of such a code
FIXED: tuple[tuple[Table, str, System], ...] = (
    (CLAIM_LINE, "drg_code", MSDRG),
    (CLAIM_LINE, "revenue_center_code", RevenueCentre),
    (CLAIM_LINE, "hcpcs_code", HCPCS),
    (DISPENSING, "ndc_code", NDC),
)


def unmapped(writer: Writer) -> dict[str, tuple[int, int]]:
    """For each `table.column` of codes that was written: (codes, codes of no form of their system)."""
    named = [(table, "code") for table in TABLES if any(column.name == "code_system" for column in table.columns)]
    found = {
        f"{table.name}.{column}": _named(writer, table, column) for table, column in named if table.name in writer.rows
    }
    fixed = {
        f"{table.name}.{column}": _of_system(writer, table, column, system)
        for table, column, system in FIXED
        if table.name in writer.rows
    }
    return {name: counts for name, counts in {**found, **fixed}.items() if counts[0]}


def _named(writer: Writer, table: Table, column: str) -> tuple[int, int]:
    query = f"SELECT count({column}), count(*) FILTER (code_system = '{UNMAPPED}') FROM read_parquet(?)"  # noqa: S608
    codes, wrong = writer.con.execute(query, [str(writer.path(table))]).fetchone()
    return int(codes), int(wrong)


def _of_system(writer: Writer, table: Table, column: str, system: System) -> tuple[int, int]:
    query = f"SELECT {column}, count(*) FROM read_parquet(?) WHERE {column} IS NOT NULL GROUP BY 1"  # noqa: S608
    counts = writer.con.execute(query, [str(writer.path(table))]).fetchall()
    return sum(n for _, n in counts), sum(n for code, n in counts if system.normalise(code) != code)
