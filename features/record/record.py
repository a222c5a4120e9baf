"""An open record: the canonical tables as expressions on one engine, from a store or from rows handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features import windows
from features.errors import BadStore
from features.record.schema import Table
from features.record.store import Manifest, read_manifest, set_up, table_files
from features.record.tables import TABLES

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


@dataclass(frozen=True)
class Record:
    """Tables by name, the network's zone, and what its sources lack; `sources` are the formats that a store was
    loaded from.

    `derived` keeps what was concluded from the tables (netted claims, stays) for as long as the record is open.
    """

    con: Any
    zone: str
    tables: Mapping[str, ir.Table]
    lacks: Mapping[str, str]
    fingerprint: str
    claims_complete_to: int | None
    admissions_complete_to: int | None
    derived: dict[str, ir.Table] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def __getitem__(self, table: Table) -> ir.Table:
        return self.tables[table.name]

    def conclude(self, name: str, expression: Callable[[Record], ir.Table]) -> ir.Table:
        """The result of `expression` on this record, worked out once and kept by the engine as a table."""
        if name not in self.derived:
            import ibis

            table = ibis.util.gen_name(name)
            self.derived[name] = self.con.create_table(table, expression(self), temp=True)
        return self.derived[name]

    def conclude_in_parts(
        self, name: str, rows: ir.Table, expression: Callable[[ir.Table], ir.Table], rows_at_once: int
    ) -> ir.Table:
        """The same of rows by person, a share of the people at a time, so that what stands between rows and result
        need not fit in memory for all of them.
        """
        if name not in self.derived:
            import ibis

            parts = 1 + int(self.con.to_pyarrow(rows.count()).as_py()) // rows_at_once
            table, share = ibis.util.gen_name(name), ibis.util.gen_name("share")
            for part in range(parts):
                # a table of its own, since of a filter the engine does not know how many rows it leaves
                some = self.con.create_table(share, rows.filter(rows.person_id.hash().abs() % parts == part), temp=True)
                if part == 0:
                    self.derived[name] = self.con.create_table(table, expression(some), temp=True)
                else:
                    self.con.insert(table, expression(some))
                self.con.drop_table(share)
        return self.derived[name]


def connect() -> Any:
    """A DuckDB engine in this process, quiet and with its clock in UTC."""
    import ibis

    con = ibis.duckdb.connect()
    set_up(con.con)
    return con


def open_record(store: Path) -> Record:
    """Open a store. Raises BadStore where there is none or nothing was ever loaded."""
    manifest = read_manifest(store)
    if not any(batch.rows for batch in manifest.batches):
        raise BadStore(got="an empty store", expected="at least one load", do=f"Run `afterward load` into {store}.")
    con = connect()
    tables = {}
    for table in TABLES:
        files = table_files(store, manifest, table.name)
        tables[table.name] = con.read_parquet(files) if files else _empty(table)
    return Record(
        con=con,
        zone=manifest.zone,
        tables=tables,
        lacks=lacked_by_all(manifest),
        fingerprint=manifest.fingerprint,
        claims_complete_to=windows.latest(batch.claims_complete_to for batch in manifest.batches),
        admissions_complete_to=windows.latest(batch.admissions_complete_to for batch in manifest.batches),
        sources=tuple(sorted({batch.reader for batch in manifest.batches if batch.rows})),
    )


def lacked(needs: Iterable[str], lacks: Mapping[str, str]) -> list[str]:
    """Those of some facts (`table` or `table.column`) that are lacking, a column also where its whole table is."""
    return [fact for fact in needs if fact in lacks or fact.split(".")[0] in lacks]


def lacked_by_all(manifest: Manifest) -> dict[str, str]:
    """The facts that no load of the store carries, with the reason: not evaluable, which is not the same as none."""
    declared = [batch.lacks for batch in manifest.batches if batch.rows]
    shared = set.intersection(*(set(lacks) for lacks in declared)) if declared else set()
    return {fact: declared[0][fact] for fact in sorted(shared)}


def from_rows(rows: Mapping[str, pa.Table], zone: str, lacks: Mapping[str, str] | None = None) -> Record:
    """A record of rows handed over (canonical columns on the Arrow schema of their table); other tables are empty."""
    import ibis

    con = connect()
    tables = {t.name: ibis.memtable(rows[t.name]) if t.name in rows else _empty(t) for t in TABLES}
    return Record(con, zone, tables, dict(lacks or {}), "rows", None, None)


def of_persons(record: Record, persons: Iterable[str]) -> Record:
    """The same record with the rows of these people only; tables about the network stay whole."""
    wanted = list(persons)
    tables = {
        t.name: record[t].filter(record[t].person_id.isin(wanted)) if t.about == "person" else record[t] for t in TABLES
    }
    return replace(record, tables=tables, derived={})


def cut_to_persons(record: Record, persons: Iterable[str]) -> Record:
    """`of_persons`, with what was concluded of everyone cut down to them: all of it is person by person."""
    wanted = sorted(set(persons))
    whole = {name: rows.filter(rows.person_id.isin(wanted)) for name, rows in record.derived.items()}
    return replace(of_persons(record, wanted), derived=whole)


def with_network_of(record: Record, other: Record) -> Record:
    """The same record with the clinicians and places of another one, which may stand on another engine, where it tells
    of none itself: what kind of hospital a bill comes from is not a caller's to say again each time.
    """
    import ibis

    tables = dict(record.tables)
    for table in TABLES:
        if table.about != "person" and not record.con.to_pyarrow(record[table].limit(1)).num_rows:
            tables[table.name] = ibis.memtable(other.con.to_pyarrow(other[table]))
    return replace(record, tables=tables, derived={})


def known_by(record: Record, instant: int) -> Record:
    """A record that holds only the rows known by an instant: the oracle of the law that `known.py` obeys."""
    tables = {t.name: record[t].filter(record[t].known_at <= instant) for t in TABLES}
    return replace(record, tables=tables, derived={})


def _empty(table: Table) -> ir.Table:
    import ibis

    return ibis.memtable(table.schema().empty_table())
