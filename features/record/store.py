"""The store: Parquet in person buckets, immutable batches, and a manifest that is swapped atomically.

    STORE/manifest.json                  what the store holds; swapped in one step: a killed load leaves it as it was
    STORE/batches/ID/TABLE.parquet       one batch's rows of a table, sorted by bucket, person and time;
                                         a row group never spans two buckets, so one person is found without a scan
    STORE/batches/ID/quarantine.parquet  rejected input rows with the reason
    STORE/batches/ID/delivered.parquet   where a reader needs it: hashes of what was told, so that it is told once
    STORE/batches/ID/messages.parquet    hashes of the messages taken, so that none is loaded twice

A batch's ID is a hash of the files it was read from and of how: loading the same files twice changes nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from features import windows
from features.errors import BadDeclaration, BadStore
from features.record.schema import Kind, Table
from features.record.tables import table

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pyarrow as pa

BUCKETS = 64
ROWS_IN_A_GROUP = 65_536
FORMAT = 1
DEFAULT_ZONE = "America/New_York"
MEMORY = "3GB"  # what sorting a table may hold; the rest spills to disk beside the batch


@dataclass(frozen=True)
class FileCount:
    """What became of one input file's rows: read = loaded + quarantined."""

    name: str
    sha256: str
    layout: str
    read: int
    loaded: int
    quarantined: int


Counted = Sequence[int]  # codes, and how many of them are of no form of their system


@dataclass(frozen=True)
class Batch:
    """One load. `unmapped` counts its codes by `table.column`; a store of before this was kept has none."""

    id: str
    reader: str
    loaded_at: int
    files: tuple[FileCount, ...]
    rows: Mapping[str, int]
    lacks: Mapping[str, str] = field(default_factory=dict)  # fact -> why it is not evaluable on this source
    claims_complete_to: int | None = None  # day to which claims-borne events are complete
    admissions_complete_to: int | None = None  # day to which admissions are complete
    unmapped: Mapping[str, Counted] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a store holds."""

    zone: str
    buckets: int = BUCKETS
    batches: tuple[Batch, ...] = ()

    @property
    def fingerprint(self) -> str:
        """A hash of the loaded content: the same files give the same fingerprint, in whatever order they came."""
        ids = sorted(batch.id for batch in self.batches)
        return hashlib.sha256("\n".join([self.zone, *ids]).encode()).hexdigest()[:16]


def read_manifest(store: Path) -> Manifest:
    """The manifest of an existing store. Raises BadStore when there is none or it cannot be read."""
    path = store / "manifest.json"
    if not path.is_file():
        raise BadStore(got="a folder without a store", expected="a store", do=f"Run `afterward load` into {store}.")
    try:
        found = json.loads(path.read_text())
        if found.pop("format") != FORMAT:
            raise BadStore(got="a store of another format", expected=f"format {FORMAT}", do="Load the files again.")
        batches = tuple(
            Batch(**{**batch, "files": tuple(FileCount(**f) for f in batch["files"])}) for batch in found.pop("batches")
        )
        return Manifest(batches=batches, **found)
    except (json.JSONDecodeError, KeyError, TypeError):
        raise BadStore(
            got="a damaged manifest.json", expected="a store", do="Restore the store from a backup."
        ) from None


def _write_manifest(store: Path, manifest: Manifest) -> None:
    content = {"format": FORMAT, **asdict(manifest)}
    temporary = store / "manifest.json.new"
    with temporary.open("w") as out:
        json.dump(content, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(store / "manifest.json")
    _sync_folder(store)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(store: Path) -> Iterator[None]:
    absent = [folder for folder in (store, *store.parents) if not folder.exists()]
    try:
        store.mkdir(parents=True, exist_ok=True)
        if store in absent:
            store.chmod(0o700)  # it holds names and telephones, and rows in quarantine as they came
        lock = (store / ".lock").open("w")
    except OSError:
        raise BadStore(got=f"{store}, which cannot be written", expected="a folder", do="Check --store.") from None
    with lock as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # a first load that fails takes its lock file away: a lock on a file that is gone keeps nobody out
            if (store / ".lock").stat().st_ino != os.fstat(handle.fileno()).st_ino:
                raise BlockingIOError
        except (BlockingIOError, FileNotFoundError):
            raise BadStore(
                got="a store that another load is writing", expected="one load at a time", do="Wait for it to end."
            ) from None
        try:
            yield
        finally:
            if not (store / "manifest.json").is_file():
                _leave_nothing(store, absent)


def _leave_nothing(store: Path, absent: Sequence[Path]) -> None:
    """Take away what a load made where it made no store: its own files, and the folders that were not there before."""
    (store / ".lock").unlink(missing_ok=True)
    for folder in (store / "batches", *absent):
        with suppress(OSError):  # not empty: something else lies in it
            folder.rmdir()


def set_up(con: duckdb.DuckDBPyConnection) -> None:
    """Put an engine's clock in UTC and let it print nothing of its own."""
    con.execute("SET TimeZone='UTC'")
    # where it is off it may not even be named: in a notebook without ipywidgets DuckDB refuses the setting itself
    if con.execute("SELECT current_setting('enable_progress_bar')").fetchall() != [(False,)]:
        con.execute("SET enable_progress_bar=false")
    # DuckDB 2.0.0 breaks off joins of large Parquet files, such as the claims of 12,000 members, with the internal
    # error "dict-surviving cache: global dictionary column changed identity"; without this cache they run
    con.execute("SET debug_enable_caching_operators=false")


class Writer:
    """Writes one batch; nothing of it is in the store until `loading` ends without an error."""

    def __init__(self, store: Path, manifest: Manifest) -> None:
        import duckdb
        import ibis

        self.store = store
        self.manifest = manifest
        self.folder = store / "batches" / f".new-{os.getpid()}"
        self.folder.mkdir(parents=True)
        self.con = duckdb.connect(config={"temp_directory": str(self.folder / "spill"), "memory_limit": MEMORY})
        set_up(self.con)
        self.engine = ibis.duckdb.from_connection(self.con)
        self.rows: dict[str, int] = {}

    def write(self, target: Table, *parts: ir.Table) -> int:
        """Write expressions on `self.engine`, one under the other, as the batch's rows of `target`; returns how many.

        Their instants are wall-clock seconds of the network's zone. Columns that they lack are null. Raises
        BadDeclaration when the rows break the table's declaration: readers quarantine bad input before this.
        """
        if target.name in self.rows:
            raise BadDeclaration(got=f"{target.name} twice in a batch", expected="once", do="Write it in one call.")
        union = " UNION ALL BY NAME ".join(f"({self.engine.compile(part)})" for part in parts)
        self.con.execute(f"CREATE OR REPLACE TEMP VIEW handed_over AS {union}")
        given = {row[0] for row in self.con.execute("DESCRIBE handed_over").fetchall()}
        _check_columns(target, given)
        subject = target.about == "person"
        bucket = f"('0x' || substr(md5(person_id), 1, 2))::INTEGER % {self.manifest.buckets}" if subject else "0"
        columns = [f"({bucket})::SMALLINT AS bucket"]
        for column in target.all_columns:
            sql_type = {"string": "VARCHAR", "int32": "INTEGER", "int8": "TINYINT"}.get(column.kind.stored, "BIGINT")
            value = column.name if column.name in given else "NULL"
            if column.name in ("from_day", "to_day"):
                value = f"happened_{column.name.removesuffix('_day')} // {windows.SECONDS_A_DAY}"
            columns.append(f'({value})::{sql_type} AS "{column.name}"')
        order = "bucket, person_id, happened_from, known_at" if subject else f"{target.columns[0].name}, known_at"
        query = f"SELECT {', '.join(columns)} FROM handed_over ORDER BY {order}"  # noqa: S608  # declared names only
        reader = self.con.sql(query).to_arrow_reader(ROWS_IN_A_GROUP)
        written = self._stream(target, reader)
        if written:
            self.rows[target.name] = written
        else:
            self.path(target).unlink()
        return written

    def path(self, target: Table) -> Path:
        """Where the batch's rows of a table are written."""
        return self.folder / f"{target.name}.parquet"

    def write_quarantine(self, rejected: ir.Table) -> int:
        """Write rejected rows (file, line, reason, raw); returns how many."""
        import pyarrow.parquet as pq

        found = self.engine.to_pyarrow(rejected.select("file", "line", "reason", "raw").order_by("file", "line"))
        pq.write_table(found, self.folder / "quarantine.parquet")
        return int(found.num_rows)

    def _stream(self, target: Table, reader: pa.RecordBatchReader) -> int:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = target.schema()
        written = 0
        with pq.ParquetWriter(self.path(target), schema, compression="zstd") as out:
            for group in _by_bucket(reader):
                _check_values(target, group)
                fixed = _to_instants(group, target, self.manifest.zone)
                out.write_table(pa.Table.from_arrays(fixed, schema=schema), row_group_size=ROWS_IN_A_GROUP)
                written += group.num_rows
        return written


def _by_bucket(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of at most ROWS_IN_A_GROUP rows of one bucket, in order."""
    import numpy as np
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    current = None
    for batch in reader:
        buckets = batch.column(0).to_numpy(zero_copy_only=False)
        edges = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), len(buckets)]
        for start, stop in pairwise(edges):
            if stop == start:
                continue
            if current is not None and (
                buckets[start] != current or sum(part.num_rows for part in held) + stop - start > ROWS_IN_A_GROUP
            ):
                yield pa.Table.from_batches(held)
                held = []
            current = buckets[start]
            held.append(batch.slice(start, stop - start))
    if held:
        yield pa.Table.from_batches(held)


def _to_instants(group: pa.Table, target: Table, zone: str) -> list[pa.ChunkedArray | pa.Array]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    instants = {column.name for column in target.all_columns if column.kind is Kind.INSTANT}
    fixed: list[pa.ChunkedArray | pa.Array] = []
    for name in group.column_names:
        values = group.column(name)
        if name in instants and values.null_count < len(values):
            local = pc.fill_null(values, 0).to_numpy()
            values = pa.array(windows.to_instant(local, zone), mask=np.asarray(pc.is_null(values)))
        fixed.append(values)
    return fixed


def _check_columns(target: Table, given: set[str]) -> None:
    unknown = given - {column.name for column in target.all_columns}
    missing = {column.name for column in target.all_columns if column.required} - given
    if unknown or missing:
        raise BadDeclaration(
            got=f"for {target.name} unknown columns {sorted(unknown)}, missing columns {sorted(missing)}",
            expected="the declared ones",
            do="Mend the reader.",
        )


def _check_values(target: Table, group: pa.Table) -> None:
    """Raises BadDeclaration where values break the table's declaration; a reader quarantines such rows before this."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in target.all_columns:
        values = group.column(column.name)
        if column.required and values.null_count:
            _refuse(target, column.name, "null")
        if column.at_least is not None and (pc.min(values).as_py() or 0) < column.at_least:
            _refuse(target, column.name, f"below {column.at_least}")
        if column.choices and not pc.all(pc.is_in(values, pa.array([*column.choices, None], pa.string()))).as_py():
            _refuse(target, column.name, f"none of {', '.join(column.choices)}")


def _refuse(target: Table, column: str, wrong: str) -> None:
    raise BadDeclaration(got=f"rows of {target.name} whose {column} is {wrong}", expected="none", do="Mend the reader.")


@contextmanager
def loading(store: Path, zone: str | None = None) -> Iterator[Writer]:
    """A writer for one new batch, alone on the store. Nothing is kept unless `commit` is called on what it yields."""
    with _locked(store):
        manifest = read_manifest(store) if (store / "manifest.json").is_file() else Manifest(zone or DEFAULT_ZONE)
        windows.zone(manifest.zone)
        if zone is not None and zone != manifest.zone:
            raise BadStore(got=f"zone {zone}", expected=f"the store's own, {manifest.zone}", do="Leave --zone out.")
        _sweep(store, manifest)
        writer = Writer(store, manifest)
        try:
            yield writer
        except OSError as fault:
            _refuse_a_full_disk(fault)
            raise
        except Exception as fault:
            if type(fault).__module__.split(".")[0] in ("duckdb", "_duckdb"):
                _refuse_a_full_disk(fault)
            raise
        finally:
            writer.con.close()
            shutil.rmtree(writer.folder, ignore_errors=True)
            _take_back(store)


FULL = ("No space left on device", "File too large", "Disk quota exceeded")


def is_full(fault: BaseException) -> bool:
    """Whether a fault of the system or of an engine says that the disk can take no more."""
    return any(words.lower() in str(fault).lower() for words in FULL)


def _refuse_a_full_disk(fault: Exception) -> None:
    if is_full(fault):
        raise BadStore(
            got="a disk that is full, or a file larger than may be",
            expected="room for the store and for what is unpacked on the way, about twice the files",
            do="Make room and load again; the store is as it was.",
        ) from None


def _take_back(store: Path) -> None:
    """Take away what a load that failed had already moved into place: only the manifest says what is in the store."""
    (store / "manifest.json.new").unlink(missing_ok=True)
    if (store / "manifest.json").is_file():
        _sweep(store, read_manifest(store))
    else:
        shutil.rmtree(store / "batches", ignore_errors=True)


def _sweep(store: Path, manifest: Manifest) -> None:
    """Remove what a killed load left behind; only the manifest says what is in the store."""
    kept = {batch.id for batch in manifest.batches}
    for folder in (store / "batches").glob("*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def commit(writer: Writer, batch: Batch) -> Manifest:
    """Make the batch part of the store: its files first, then the manifest, each on disk before the next step."""
    shutil.rmtree(writer.folder / "spill", ignore_errors=True)
    for path in writer.folder.iterdir():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    writer.folder.rename(writer.store / "batches" / batch.id)
    _sync_folder(writer.store / "batches")
    manifest = Manifest(writer.manifest.zone, writer.manifest.buckets, (*writer.manifest.batches, batch))
    _write_manifest(writer.store, manifest)
    return manifest


def batch_id(parts: Sequence[str]) -> str:
    """The identity of a batch: the hash of what made it, its files' hashes first of all, in whatever order."""
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16]


def bucket_of(person: str, buckets: int) -> int:
    """The bucket of a person: the twin of what `Writer.write` says in SQL."""
    return int(hashlib.md5(person.encode(), usedforsecurity=False).hexdigest()[:2], 16) % buckets


def table_files(store: Path, manifest: Manifest, name: str) -> list[str]:
    """The Parquet files that hold rows of a table, batch by batch."""
    table(name)
    return [str(store / "batches" / batch.id / f"{name}.parquet") for batch in manifest.batches if name in batch.rows]
