"""Files of messages into rows: each message is taken whole, or set aside with its reason; each content once.

A hospital sends a message again when it is not sure that it arrived, and a day's file overlaps the stream of that day.
So a batch remembers the content of the messages that it took (`messages.parquet`, sha256 cut to 128 bits), and a
message that the store holds already is set aside and told as that. Rows depend on the message alone, so the order in
which files are loaded does not matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from features.record.schema import Kind, Table
from features.record.store import FileCount, Writer
from features.sources.files import BLOCK, InputFile
from features.sources.reader import Delivery, Layout, Unfolded

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

MEMORY_FILE = "messages.parquet"
MESSAGES_AT_ONCE = 5_000
KEPT_OF_A_MESSAGE = 100_000
AGAIN = "the same message again: its content is in the store"
DERIVED = {"from_day", "to_day"}  # the store works these out


Told = Mapping[Table, Sequence[Mapping[str, str | int | None]]]


class Rejected(Exception):
    """Why one message cannot be taken, in words that hold nothing of what stands in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Messages:
    """A kind of file that holds messages, one after the other, instead of rows under a header.

    `holds` tells such a file by its first bytes. `split` gives each message with the line on which it starts. `tells`
    is what one message says, by table, in the zone named: columns of the record, instants as wall-clock seconds of that
    zone; it raises Rejected with the reason. A listener that is sent one message calls the same function.
    """

    name: str
    fills: tuple[Table, ...]
    holds: Callable[[bytes], bool]
    split: Callable[[IO[bytes]], Iterator[tuple[int, bytes]]]
    tells: Callable[[bytes, str], Told]

    def layouts(self) -> tuple[Layout, ...]:
        """A layout for each table: the messages were read before, and their rows are the table's own."""
        return tuple(Layout(table.name, (), (), lambda raw: {}, {table: _as_they_are}) for table in self.fills)


def _as_they_are(rows: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    return rows


class _Scratch:
    """Rows by name on their way to scratch Parquet files, a few thousand messages in memory at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: dict[str, list[Mapping[str, Any]]] = {}
        self.out: dict[str, Any] = {}

    def path(self, name: str) -> Path:
        return self.folder / f"messages-{name}.parquet"

    def add(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.held.setdefault(name, []).extend(rows)

    def write(self, schemas: Mapping[str, pa.Schema]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        for name, rows in self.held.items():
            if name not in self.out:
                self.out[name] = pq.ParquetWriter(self.path(name), schemas[name], compression="zstd")
            self.out[name].write_table(pa.Table.from_pylist(rows, schema=schemas[name]))
        self.held = {}

    def close(self) -> None:
        for writer in self.out.values():
            writer.close()


def unfold(kind: Messages, writer: Writer, files: Sequence[InputFile], scratch: Path, delivery: Delivery) -> Unfolded:
    """Read every message of every file of that kind. Memory grows neither with a file nor with their number: some
    senders write one file a message."""
    ours = [file for file in files if kind.holds(_head(file))]
    parts, read = _Scratch(scratch), []
    schemas = {table.name: _typed(table) for table in kind.fills}
    schemas.update(memory=_schema("message"), rejected=_schema("reason", "raw"))
    number = 0
    try:
        parts.add("memory", ())
        parts.add("rejected", ())
        for place, file in enumerate(ours):
            before = number
            with file.path.open("rb") as data:
                for line, content in kind.split(data):
                    number += 1
                    _told(parts, kind, {"number": number, "place": place, "line": line}, content, writer.manifest.zone)
                    if number % MESSAGES_AT_ONCE == 0:
                        parts.write(schemas)
            read.append(number - before)
        parts.write(schemas)
    finally:
        parts.close()
    fresh = _fresh(writer, parts.path("memory"))
    loaded = _counted(writer, fresh)
    good = tuple(
        (layout, writer.engine.read_parquet(parts.path(layout.name)).semi_join(fresh, "number").drop("number"))
        for layout in kind.layouts()
        if layout.name in parts.out
    )
    counts = tuple(
        FileCount(file.name, file.sha256, kind.name, count, loaded.get(place, 0), count - loaded.get(place, 0))
        for place, (file, count) in enumerate(zip(ours, read, strict=True))
    )
    unread = tuple(file.name for file in files if file not in ours)
    return Unfolded(good, _rejected(writer, parts, fresh, [file.name for file in ours]), counts, unread)


def _head(file: InputFile) -> bytes:
    with file.path.open("rb") as data:
        return data.read(BLOCK)


def _told(parts: _Scratch, kind: Messages, at: Mapping[str, int], content: bytes, zone: str) -> None:
    try:
        told = kind.tells(content, zone)
    except Rejected as why:
        raw = content[:KEPT_OF_A_MESSAGE].decode("utf-8", "replace")
        parts.add("rejected", [{**at, "reason": why.reason, "raw": raw}])
        return
    for table, rows in told.items():
        parts.add(table.name, [{"number": at["number"], **row} for row in rows])
    parts.add("memory", [{**at, "message": hashlib.sha256(content).hexdigest()[:32]}])


def _fresh(writer: Writer, path: Path) -> ir.Table:
    """The first of each content among the messages of this load, less those that the store holds; what is taken is
    written beside the tables of the batch."""
    con = writer.con
    kept = [str(p) for batch in writer.manifest.batches if (p := _memory_of(writer.store, batch.id)).is_file()]
    held = "WHERE message::UUID NOT IN (SELECT message FROM read_parquet($held))" if kept else ""
    con.execute(
        "CREATE TEMP TABLE messages_taken AS "  # noqa: S608  # own names
        "SELECT min(number) AS number, arg_min(place, number) AS place, message::UUID AS message "
        f"FROM read_parquet($here) {held} GROUP BY message",
        {"here": str(path), **({"held": kept} if kept else {})},
    )
    target = str(writer.folder / MEMORY_FILE).replace("'", "''")
    con.execute(f"COPY (SELECT message FROM messages_taken ORDER BY message) TO '{target}' (FORMAT parquet)")  # noqa: S608
    return writer.engine.table("messages_taken")


def _counted(writer: Writer, fresh: ir.Table) -> dict[int, int]:
    counted = writer.engine.to_pyarrow(fresh.group_by("place").aggregate(n=fresh.count()))
    return dict(zip(counted["place"].to_pylist(), counted["n"].to_pylist(), strict=True))


def _rejected(writer: Writer, parts: _Scratch, fresh: ir.Table, names: Sequence[str]) -> ir.Table:
    import ibis
    import pyarrow as pa

    engine = writer.engine
    again = engine.read_parquet(parts.path("memory")).anti_join(fresh, "number")
    again = again.select("place", "line", reason=ibis.literal(AGAIN), raw=ibis.null("string"))
    why = engine.read_parquet(parts.path("rejected")).select("place", "line", "reason", "raw").union(again)
    called = pa.table({"place": pa.array(range(len(names)), pa.int64()), "file": pa.array(names, pa.string())})
    return why.inner_join(ibis.memtable(called), "place").select("file", "line", "reason", "raw")


def _memory_of(store: Path, batch: str) -> Path:
    return store / "batches" / batch / MEMORY_FILE


def _schema(*texts: str) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [("number", pa.int64()), ("place", pa.int64()), ("line", pa.int64()), *((t, pa.string()) for t in texts)]
    )


def _typed(table: Table) -> pa.Schema:
    import pyarrow as pa

    texts = (Kind.TEXT, Kind.IDENTIFIER, Kind.CODE)
    columns = [column for column in table.all_columns if column.name not in DERIVED]
    typed = [(column.name, pa.string() if column.kind in texts else pa.int64()) for column in columns]
    return pa.schema([("number", pa.int64()), *typed])
