"""A store opened to be judged: its record, its loads, and its rows by the reader that brought them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from features import windows
from features.record.record import Record, open_record
from features.record.schema import Table
from features.record.store import Batch, read_manifest
from features.record.tables import PERSON_MERGE, TABLES

if TYPE_CHECKING:
    import ibis.expr.types as ir

T = TypeVar("T")
Told = Mapping[str, "ir.Table"]  # by table


@dataclass(frozen=True)
class Seen:
    """`by_reader` are the rows as each reader brought them; `latest` those of the last load, `earlier` those that the
    same reader brought before it. `loaded_day` is the day of the last load; no event lies after it.
    """

    record: Record
    batches: tuple[Batch, ...]
    loaded_day: int
    by_reader: Mapping[str, Told]
    latest: Told = field(default_factory=dict)
    earlier: Told = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def keep(self, name: str, work_out: Callable[[Seen], T]) -> T:
        """What `work_out` gives, worked out once."""
        if name not in self.kept:
            self.kept[name] = work_out(self)
        return cast("T", self.kept[name])

    @property
    def tables(self) -> tuple[Table, ...]:
        """The canonical tables for which some load brought rows."""
        return tuple(table for table in TABLES if any(table.name in told for told in self.by_reader.values()))

    def rows(self, query: ir.Table) -> list[dict[str, Any]]:
        """The rows of a small result."""
        found: list[dict[str, Any]] = self.record.con.to_pyarrow(query).to_pylist()
        return found

    def lacks(self, reader: str) -> frozenset[str]:
        """The facts that none of a reader's loads carries."""
        declared = [set(batch.lacks) for batch in self.batches if batch.reader == reader]
        return frozenset(set.intersection(*declared)) if declared else frozenset()


def see(store: Path) -> Seen:
    """Open a store to judge it. Raises BadStore where there is none or nothing was loaded."""
    record, manifest = open_record(store), read_manifest(store)
    batches = loads_of(manifest.batches)
    last = batches[-1]
    before = [batch for batch in batches[:-1] if batch.reader == last.reader]
    readers = dict.fromkeys(batch.reader for batch in batches)
    return Seen(
        record=record,
        batches=batches,
        loaded_day=int(windows.local_day([last.loaded_at], record.zone)[0]),
        by_reader={name: _told(store, record, [b for b in batches if b.reader == name]) for name in readers},
        latest=_told(store, record, [last]),
        earlier=_told(store, record, before),
    )


def loads_of(batches: Iterable[Batch]) -> tuple[Batch, ...]:
    """The loads in the order in which they were made; a batch of merges alone is none."""
    return tuple(sorted((b for b in batches if set(b.rows) - {PERSON_MERGE.name}), key=lambda b: b.loaded_at))


def _told(store: Path, record: Record, batches: Sequence[Batch]) -> Told:
    def files(table: Table) -> list[str]:
        return [
            str(store / "batches" / batch.id / f"{table.name}.parquet") for batch in batches if table.name in batch.rows
        ]

    return {table.name: record.con.read_parquet(files(table)) for table in TABLES if files(table)}
