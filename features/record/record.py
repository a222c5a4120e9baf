"""An open record: the canonical tables as expressions on one engine, from a store or from rows handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features import windows
from features.errors import BadStore
from features.record.consent import opted_out, taken_from
from features.record.identity import Eras, Merge, eras, groups, in_force, renamed
from features.record.schema import Table
from features.record.store import Manifest, bucket_of, read_manifest, set_up, table_files
from features.record.tables import CONSENT, NO_FACTS, OUTREACH_CONTACT, PERSON_MERGE, TABLES

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa


NAMED_IN_A_QUERY = 50  # people


@dataclass(frozen=True)
class Record:
    """Tables by name, the network's zone, and what its sources lack; `sources` are the formats that a store was
    loaded from.

    `derived` keeps what was concluded from the tables (netted claims, stays) for as long as the record is open.
    `tables` have nobody who does not share their data (see `consent`) and the merged people as one; `told` has the
    numbers as the sources gave them; `former` are the records of the merged people in the eras before, the latest
    first, and `eras` who is who in this one (see `identity`).
    """

    con: Any
    zone: str
    tables: Mapping[str, ir.Table]
    lacks: Mapping[str, str]
    fingerprint: str
    claims_complete_to: int | None
    admissions_complete_to: int | None
    derived: dict[str, ir.Table] = field(default_factory=dict)
    told: Mapping[str, ir.Table] = field(default_factory=dict)
    merges: tuple[Merge, ...] = ()
    eras: Eras = field(default_factory=dict)
    former: tuple[Record, ...] = ()
    sources: tuple[str, ...] = ()
    buckets: int = 1  # into which the people are parted

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


def open_record(store: Path, engine: Callable[[], Any] = connect) -> Record:
    """Open a store on an engine: DuckDB in this process, or `features.record.spark.connect`. Raises BadStore where
    there is none or nothing was ever loaded.
    """
    manifest = read_manifest(store)
    if not any(batch.rows for batch in manifest.batches):
        raise BadStore(got="an empty store", expected="at least one load", do=f"Run `afterward load` into {store}.")
    con = engine()
    tables = {}
    for table in TABLES:
        files = table_files(store, manifest, table.name)
        tables[table.name] = con.read_parquet(files) if files else _empty(table)
    record = Record(
        con=con,
        zone=manifest.zone,
        tables=tables,
        lacks=lacked_by_all(manifest),
        fingerprint=manifest.fingerprint,
        claims_complete_to=windows.latest(batch.claims_complete_to for batch in manifest.batches),
        admissions_complete_to=windows.latest(batch.admissions_complete_to for batch in manifest.batches),
        sources=tuple(sorted({b.reader for b in manifest.batches if set(b.rows) - NO_FACTS})),
        buckets=manifest.buckets,
    )
    return with_merges(record, tables)


def with_merges(record: Record, told: Mapping[str, ir.Table]) -> Record:
    """The record of tables as the sources told them, with the merges among them that hold, and without the people who
    do not share their data today.
    """
    merges = in_force(record.con.to_pyarrow(told[PERSON_MERGE.name]).to_pylist())
    return _of_sharing(record, told, merges, windows.now())


def _of_sharing(record: Record, told: Mapping[str, ir.Table], merges: tuple[Merge, ...], instant: int) -> Record:
    shared = _shared(record, told, merges, instant)
    return replace(_of_merges(replace(record, told=shared, derived={}), merges), told=told)


def _shared(
    record: Record, told: Mapping[str, ir.Table], merges: Sequence[Merge], instant: int
) -> Mapping[str, ir.Table]:
    """The tables without the rows of whoever opted out, by whatever number."""
    consents = record.con.to_pyarrow(told[CONSENT.name]).to_pylist()
    day = int(windows.local_day([instant], record.zone)[0])
    out = opted_out(consents, day)
    if not out:
        return told
    one = groups((merge.survivor, merge.absorbed) for merge in merges)
    people = {one.get(number, number) for number in out}
    numbers = sorted(out | {number for number, name in one.items() if name in people})
    gone = record.con.create_table(_named("opted_out"), _persons(numbers), temp=True)
    return {**told, **{table.name: told[table.name].anti_join(gone, "person_id") for table in taken_from()}}


def _persons(numbers: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    return pa.table({"person_id": pa.array(numbers, pa.string())})


def _of_merges(record: Record, merges: tuple[Merge, ...]) -> Record:
    last, *before = eras(merges) or ({},)
    if not last:
        return replace(record, tables=record.told, merges=(), eras={}, former=())
    former = [replace(record, tables=_in_era(record, era, last), eras=era, derived={}) for era in before]
    ours = _in_era(record, last, last)
    names = record.con.create_table(_named("merged"), _names(record, last, last), temp=True)
    tables = dict(record.told)
    for table in renamed():
        others = record.told[table.name].anti_join(names, [("person_id", "told_id")])
        tables[table.name] = others.union(ours[table.name])
    return replace(record, tables=tables, merges=merges, eras=last, former=tuple(former))


def _in_era(record: Record, era: Eras, last: Eras) -> dict[str, ir.Table]:
    """The tables of the people who were merged at some time, under the numbers that they went by in an era, all in the
    bucket of who they are now.
    """
    names = record.con.create_table(_named("era"), _names(record, era, last), temp=True)
    tables = dict(record.told)
    for table in renamed():
        rows = record.told[table.name]
        joined = rows.inner_join(names, [("person_id", "told_id")])
        tables[table.name] = joined.mutate(person_id=joined.one_id, bucket=joined.one_bucket).select(*rows.columns)
    return tables


def _names(record: Record, era: Eras, last: Eras) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "told_id": list(era),
            "one_id": [each.person for each in era.values()],
            "one_bucket": pa.array([bucket_of(last[number].person, record.buckets) for number in era], pa.int16()),
        }
    )


def _named(what: str) -> str:
    import ibis

    return str(ibis.util.gen_name(what))


def persons_now(record: Record, persons: Iterable[str]) -> list[str]:
    """By which number each of these people goes now."""
    return [record.eras[person].person if person in record.eras else person for person in persons]


def within_era(record: Record, versions: ir.Table) -> ir.Table:
    """Versions of something concluded, as long as the people they are about went by that number."""
    import ibis
    import pyarrow as pa

    if not record.eras:
        return versions
    spans = {era.person: era for era in record.eras.values()}
    table = pa.table(
        {
            "person_id": list(spans),
            "since": pa.array([era.since for era in spans.values()], pa.int64()),
            "until": pa.array([era.until for era in spans.values()], pa.int64()),
        }
    )
    joined = versions.left_join(ibis.memtable(table), "person_id")
    clipped = joined.mutate(
        known_from=ibis.greatest(joined.known_from, joined.since.fill_null(joined.known_from)),
        known_until=ibis.least(joined.known_until, joined.until.fill_null(joined.known_until)),
    )
    return clipped.filter(clipped.known_from < clipped.known_until).select(*versions.columns)


def by_era(
    record: Record, persons: Sequence[str], instants: Sequence[int]
) -> list[tuple[Record, list[int], list[str]]]:
    """Which record tells of each of these people as known at that instant: the record, the places of the rows that it
    answers, and by which numbers the people went then. Any number of a person will do.
    """
    parts: list[tuple[Record, list[int], list[str]]] = [(each, [], []) for each in (record, *record.former)]
    for place, (person, instant) in enumerate(zip(persons, instants, strict=True)):
        for each, places, names in parts:
            era = each.eras.get(person)
            if era is None or era.since <= instant < era.until:
                places.append(place)
                names.append(person if era is None else era.person)
                break
    return [part for part in parts if part[1]]


def lacked(needs: Iterable[str], lacks: Mapping[str, str]) -> list[str]:
    """Those of some facts (`table` or `table.column`) that are lacking, a column also where its whole table is."""
    return [fact for fact in needs if fact in lacks or fact.split(".")[0] in lacks]


def lacked_by_all(manifest: Manifest) -> dict[str, str]:
    """The facts that no load of the store carries, with the reason: not evaluable, which is not the same as none."""
    # a batch of merges or of our own calls alone brings no fact, and so lacks none
    declared = [batch.lacks for batch in manifest.batches if set(batch.rows) - NO_FACTS]
    shared = set.intersection(*(set(lacks) for lacks in declared)) - {OUTREACH_CONTACT.name} if declared else set()
    return {fact: declared[0][fact] for fact in sorted(shared)}


def from_rows(rows: Mapping[str, pa.Table], zone: str, lacks: Mapping[str, str] | None = None) -> Record:
    """A record of rows handed over (canonical columns on the Arrow schema of their table); other tables are empty."""
    import ibis

    con = connect()
    tables = {t.name: ibis.memtable(rows[t.name]) if t.name in rows else _empty(t) for t in TABLES}
    return with_merges(Record(con, zone, tables, dict(lacks or {}), "rows", None, None), tables)


def of_persons(record: Record, persons: Iterable[str]) -> Record:
    """The same record with the rows of these people only; tables about the network stay whole, and so do the eras of
    merged people before they were.
    """
    wanted = set(persons)
    gone_by = wanted | {number for number, era in record.eras.items() if era.person in wanted}
    ours, gone = _those_of(record, wanted), _those_of(record, gone_by)
    tables = {t.name: ours(record[t]) if t.about == "person" else record[t] for t in TABLES}
    told = {t.name: gone(record.told[t.name]) if t.about == "person" else record[t] for t in TABLES}
    return replace(record, tables=tables, told=told, derived={})


def of_buckets(record: Record, buckets: Iterable[int]) -> Record:
    """The same record with the rows of the people in some buckets only. People who are one now are in one bucket, by
    whatever numbers they went before.
    """
    wanted = list(buckets)

    def cut(part: Record) -> Record:
        tables = {t.name: part[t] for t in TABLES}
        ours = {
            t.name: tables[t.name].filter(tables[t.name].bucket.isin(wanted)) for t in TABLES if t.about == "person"
        }
        return replace(part, tables={**tables, **ours}, derived={})

    return replace(cut(record), former=tuple(cut(part) for part in record.former))


def forget(record: Record) -> None:
    """Drop what the engine keeps of what was concluded."""
    for part in (record, *record.former):
        for table in part.derived.values():
            part.con.drop_table(table.op().name)
        part.derived.clear()


def cut_to_persons(record: Record, persons: Iterable[str]) -> Record:
    """`of_persons`, with what was concluded of everyone cut down to them where it is person by person."""
    wanted = set(persons)
    ours = _those_of(record, wanted)
    return replace(
        of_persons(record, wanted),
        derived={name: ours(rows) for name, rows in record.derived.items() if "person_id" in rows.columns},
    )


def _those_of(record: Record, persons: set[str]) -> Callable[[ir.Table], ir.Table]:
    """Cuts rows down to those of some people. A few stand in the query, where the engine skips files by them; many
    stand in a table, since a query that names thousands takes longer to write than to run.
    """
    wanted = sorted(persons)
    if len(wanted) <= NAMED_IN_A_QUERY:
        return lambda rows: rows.filter(rows.person_id.isin(wanted))
    named = record.con.create_table(_named("wanted"), _persons(wanted), temp=True)
    return lambda rows: rows.semi_join(named, "person_id")


def with_network_of(record: Record, other: Record) -> Record:
    """The same record with the clinicians and places of another one, which may stand on another engine, where it tells
    of none itself: what kind of hospital a bill comes from is not a caller's to say again each time.
    """
    import ibis

    tables = dict(record.tables)
    for table in TABLES:
        if table.about != "person" and not record.con.to_pyarrow(record[table].limit(1)).num_rows:
            tables[table.name] = ibis.memtable(other.con.to_pyarrow(other[table]))
    told = {t.name: record.told[t.name] if t.about == "person" else tables[t.name] for t in TABLES}
    return replace(record, tables=tables, told=told, derived={})


def known_by(record: Record, instant: int) -> Record:
    """A record that holds only the rows known by an instant: the oracle of the law that `known.py` obeys. A merge that
    was undone, whenever that was, never was.
    """
    told = {t.name: record.told[t.name].filter(record.told[t.name].known_at <= instant) for t in TABLES}
    merges = tuple(merge for merge in record.merges if merge.known_at <= instant)
    return _of_sharing(record, told, merges, instant)


def _empty(table: Table) -> ir.Table:
    import ibis

    return ibis.memtable(table.schema().empty_table())
