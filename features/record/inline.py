"""Canonical rows as a caller writes them in JSON, checked against the tables. Nothing of a value is echoed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from features import windows
from features.codes.systems import HCPCS, MSDRG, NDC, SYSTEMS, RevenueCentre, System
from features.errors import BadInput
from features.record.record import Record, from_rows
from features.record.schema import Column, Kind, Table
from features.record.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

DERIVED = {"from_day": "happened_from", "to_day": "happened_to"}
TEXTS = (Kind.TEXT, Kind.IDENTIFIER, Kind.CODE)
LARGEST = 10**12  # ten thousand million dollars in cents: no sum of such numbers overflows
NAMED = {system.name: system for system in SYSTEMS}
UNMAPPED = "unmapped"  # what a store says of a code that has no form of its system
TIMES = {
    Kind.DAY: (windows.parse_day, "a day, YYYY-MM-DD"),
    Kind.INSTANT: (windows.parse_instant, "an instant, ISO 8601 with its offset"),
}
FIXED = {"ndc_code": NDC, "hcpcs_code": HCPCS, "revenue_center_code": RevenueCentre, "drg_code": MSDRG}


def record_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], zone: str, lacks: Mapping[str, str]) -> Record:
    """A record of rows by table name, and of nothing else."""
    return from_rows(tables_of(rows, zone), zone, lacks)


def tables_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], zone: str) -> dict[str, pa.Table]:
    """Rows by table name, checked. Days are `YYYY-MM-DD`, instants ISO 8601 with an offset, money integer cents, codes
    as people or machines write them; `from_day` and `to_day` are worked out from the instants.

    Raises BadInput whose `got` begins with table, row and column (`records.claim_line[3].known_at`) of the first thing
    that is not right.
    """
    known = {table.name: table for table in TABLES}
    if set(rows) - set(known):
        raise BadInput(
            got="records with a table that is none",
            expected=f"tables of {', '.join(known)}",
            do="Name the tables as docs/data.md does.",
        )
    return {name: _arrow(known[name], given, zone) for name, given in rows.items()}


def _arrow(target: Table, rows: Sequence[Mapping[str, Any]], zone: str) -> pa.Table:
    import pyarrow as pa

    made = [_row(target, row, f"records.{target.name}[{number}]", zone) for number, row in enumerate(rows)]
    return pa.Table.from_pylist(made, schema=target.schema())


def _row(target: Table, row: Mapping[str, Any], where: str, zone: str) -> dict[str, Any]:
    names = [column.name for column in target.all_columns]
    if set(row) - set(names):
        raise _wrong(where, "with a column that is none", f"columns of {', '.join(names)}")
    full: dict[str, Any] = {}
    for column in target.all_columns:
        full[column.name] = _value(column, row.get(column.name), f"{where}.{column.name}")
    for name, told_by in DERIVED.items():
        full[name] = None if full[told_by] is None else int(windows.local_day(full[told_by], zone))
    for name, system in FIXED.items():
        if full.get(name) is not None:
            full[name] = _canonical(system, full[name], f"{where}.{name}")
    if full.get("code") is not None and full["code_system"] != UNMAPPED:
        if full["code_system"] not in NAMED:
            raise _wrong(f"{where}.code_system", "that is none", f"one of {', '.join(NAMED)}")
        full["code"] = _canonical(NAMED[full["code_system"]], full["code"], f"{where}.code")
    return {"bucket": 0, **full}


def _value(column: Column, value: object, where: str) -> str | int | None:
    if value is None or column.name in DERIVED:
        if column.required:
            raise _wrong(where, "empty", column.says)
        return None
    if column.kind in TEXTS:
        return _text(column, value, where)
    if column.kind in TIMES:
        return _time(column.kind, value, where)
    return _number(column, value, where)


def _text(column: Column, value: object, where: str) -> str:
    if column.choices and value not in column.choices:
        raise _wrong(where, "of another kind", f"one of {', '.join(column.choices)}")
    if not isinstance(value, str) or not value.isprintable():
        raise _wrong(where, "of another kind", "text on one line")
    return value


def _time(kind: Kind, value: object, where: str) -> int:
    read, expected = TIMES[kind]
    try:
        return read(value if isinstance(value, str) else "")
    except BadInput:
        raise _wrong(where, "of another kind", expected) from None


def _number(column: Column, value: object, where: str) -> int:
    least, most = (0, 1) if column.kind is Kind.FLAG else (column.at_least, LARGEST)
    least = -LARGEST if least is None else least
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _wrong(where, "of another kind", f"a whole number from {least} to {most} ({column.kind.value})")
    return value


def _canonical(system: System, code: str, where: str) -> str:
    canonical = system.normalise(code)
    if canonical is None:
        raise _wrong(where, "of another kind", f"a code of {system.title}")
    return canonical


def _wrong(where: str, got: str, expected: str) -> BadInput:
    return BadInput(got=f"{where} {got}", expected=expected, do="Mend the request.")
