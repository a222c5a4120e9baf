"""The share of codes that have no form of their coding system or stand in no list, counted in what a load is about to
commit, and where it jumped against earlier loads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from features.codes.places import BILL_TYPES, DISPOSITIONS
from features.codes.systems import HCPCS, MSDRG, NDC, RevenueCentre, System
from features.record.schema import Table
from features.record.store import Batch, Counted, Writer
from features.record.tables import ADT_EVENT, CLAIM_LINE, DISPENSING, ENCOUNTER, TABLES

UNMAPPED = "unmapped"  # what `code_system` says of such a code
JUMP = 0.02  # of all codes: what a share may rise by before somebody should look
FEWEST_CODES = 50  # of fewer no share is told apart from chance


@dataclass(frozen=True)
class Coded:
    """A column whose coding system is fixed: what it is called, and which codes it can hold."""

    table: Table
    column: str
    says: str
    has: Callable[[str], bool]

    @property
    def place(self) -> str:
        """`table.column`."""
        return f"{self.table.name}.{self.column}"


def _of_form(system: System) -> Callable[[str], bool]:
    return lambda code: system.normalise(code) == code


def _is_bill_type(code: str) -> bool:
    return len(code) == 3 and code[:2] in {fact.code for fact in BILL_TYPES} and code[2].isalnum()


def _is_disposition(code: str) -> bool:
    return code in {fact.code for fact in DISPOSITIONS}


FIXED = (
    Coded(CLAIM_LINE, "drg_code", MSDRG.name, _of_form(MSDRG)),
    Coded(CLAIM_LINE, "revenue_center_code", RevenueCentre.name, _of_form(RevenueCentre)),
    Coded(CLAIM_LINE, "hcpcs_code", HCPCS.name, _of_form(HCPCS)),
    Coded(DISPENSING, "ndc_code", NDC.name, _of_form(NDC)),
    Coded(CLAIM_LINE, "bill_type_code", "type of bill", _is_bill_type),
    *(
        Coded(table, "discharge_disposition_code", "patient status", _is_disposition)
        for table in (CLAIM_LINE, ADT_EVENT, ENCOUNTER)
    ),
)


def unmapped(writer: Writer) -> dict[str, tuple[int, int]]:
    """For each `table.column` of codes that was written: (codes, codes of no form of their system or in no list)."""
    named = [(table, "code") for table in TABLES if any(column.name == "code_system" for column in table.columns)]
    found = {
        f"{table.name}.{column}": _named(writer, table, column) for table, column in named if table.name in writer.rows
    }
    fixed = {coded.place: _of_list(writer, coded) for coded in FIXED if coded.table.name in writer.rows}
    return {name: counts for name, counts in {**found, **fixed}.items() if counts[0]}


def jumps(now: Mapping[str, Counted], earlier: Iterable[Batch]) -> dict[str, tuple[float, float]]:
    """The columns whose unmapped share is JUMP above that of earlier loads, each (then, now): 0 to 1. Columns of fewer
    than FEWEST_CODES codes, then or now, are not judged.
    """
    before = list(earlier)
    found = {}
    for name, (codes, wrong) in now.items():
        told = [batch.unmapped[name] for batch in before if name in batch.unmapped]
        codes_then, wrong_then = sum(each[0] for each in told), sum(each[1] for each in told)
        if min(codes, codes_then) >= FEWEST_CODES and wrong / codes - wrong_then / codes_then > JUMP:
            found[name] = (wrong_then / codes_then, wrong / codes)
    return found


def _named(writer: Writer, table: Table, column: str) -> tuple[int, int]:
    query = f"SELECT count({column}), count(*) FILTER (code_system = '{UNMAPPED}') FROM read_parquet(?)"  # noqa: S608
    codes, wrong = writer.con.execute(query, [str(writer.path(table))]).fetchone()
    return int(codes), int(wrong)


def _of_list(writer: Writer, coded: Coded) -> tuple[int, int]:
    name = coded.column
    query = f"SELECT {name}, count(*) FROM read_parquet(?) WHERE {name} IS NOT NULL GROUP BY 1"  # noqa: S608
    counts = writer.con.execute(query, [str(writer.path(coded.table))]).fetchall()
    return sum(n for _, n in counts), sum(n for code, n in counts if not coded.has(code))
