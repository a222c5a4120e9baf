"""Canonical rows as a caller writes them in JSON, checked against the tables. Nothing of a value is echoed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from features import windows
from features.errors import BadDeclaration, BadInput
from features.record.record import Record, from_rows
from features.record.tables import Column, Kind, Table, table

if TYPE_CHECKING:
    import pyarrow as pa

DERIVED = ("from_day", "to_day")
TEXTS = (Kind.TEXT, Kind.IDENTIFIER, Kind.CODE)
TIMES = {
    Kind.DAY: (windows.parse_day, "a day, YYYY-MM-DD"),
    Kind.INSTANT: (windows.parse_instant, "an instant, ISO 8601 with its offset"),
}


def record_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], zone: str) -> Record:
    """A record of rows by table name. Days are `YYYY-MM-DD`, instants ISO 8601 with an offset, money integer cents.

    Raises BadInput that names table, row and column (`claim_line[3].known_at`) of the first thing that is not right.
    """
    tables = {}
    for name, given in rows.items():
        try:
            target = table(name)
        except BadDeclaration as wrong:
            raise BadInput(got=f"records.{name[:40]}", expected=wrong.expected, do="Name a canonical table.") from None
        tables[name] = _arrow(target, given, zone)
    return from_rows(tables, zone)


def _arrow(target: Table, rows: Sequence[Mapping[str, Any]], zone: str) -> pa.Table:
    import pyarrow as pa

    columns = {column.name: column for column in target.all_columns}
    made = []
    for number, row in enumerate(rows):
        where = f"records.{target.name}[{number}]"
        if not isinstance(row, Mapping):
            raise BadInput(got=f"{where} that is no object", expected="an object of columns", do="Mend the request.")
        unknown = sorted(set(row) - set(columns))
        if unknown:
            raise BadInput(
                got=f"{where} with a column that {target.name} does not have",
                expected=", ".join(columns),
                do="Leave it out or name it as declared.",
            )
        full = {name: _value(column, row.get(name), f"{where}.{name}") for name, column in columns.items()}
        for name, other in (("from_day", "happened_from"), ("to_day", "happened_to")):
            at = full[other]
            full[name] = int(windows.local_day(at, zone)) if isinstance(at, int) else None
        made.append({"bucket": 0, **full})
    return pa.Table.from_pylist(made, schema=target.schema())


def _value(column: Column, value: object, where: str) -> str | int | None:
    if value is None or column.name in DERIVED:
        if column.required:
            raise BadInput(got=f"{where} empty", expected=column.says, do="Give it a value.")
        return None
    if column.kind in TEXTS:
        if not isinstance(value, str) or (column.choices and value not in column.choices):
            raise _wrong(where, " or ".join(column.choices) or "text")
        return value
    if column.kind in TIMES:
        read, says = TIMES[column.kind]
        try:
            return read(value if isinstance(value, str) else "")
        except BadInput:
            raise _wrong(where, says) from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(where, f"{column.kind.value}, {column.says}")
    smallest, largest = (0, 1) if column.kind is Kind.FLAG else (column.at_least, 2**53)
    if not (-(2**53) if smallest is None else smallest) <= value <= largest:
        raise _wrong(where, f"{column.kind.value} within its bounds")
    return value


def _wrong(where: str, expected: str) -> BadInput:
    return BadInput(got=f"{where} of another kind", expected=expected, do="Mend the request.")
