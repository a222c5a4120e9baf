"""The history of some people together with rows that somebody brings of them: as if these had been loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from features.record.record import Record, from_rows, of_persons, persons_now
from features.record.tables import PERSON_MERGE, TABLES

if TYPE_CHECKING:
    import pyarrow as pa


def with_rows(record: Record, brought: Mapping[str, pa.Table]) -> Record:
    """A record on an engine of its own, of the people in the rows brought: what `record` holds of them, and the rows.

    A row that the record holds already is told once. What the network is (clinicians, places) is `record`'s, and what
    the rows add to it. What no source of `record` tells is not read from the rows either: no model saw it. Whoever asks
    closes the engine with `record.con.disconnect()`.
    """
    return _apart(record, people_of(brought), brought)


def apart(record: Record, people: Iterable[str]) -> Record:
    """What `record` holds of some people, on an engine of its own."""
    return _apart(record, people, {})


def _apart(record: Record, people: Iterable[str], brought: Mapping[str, pa.Table]) -> Record:
    held = of_persons(record, persons_now(record, sorted(people))).told
    both = {table.name: _together(record.con.to_pyarrow(held[table.name]), brought.get(table.name)) for table in TABLES}
    made = from_rows(both, record.zone, record.lacks)
    return replace(
        made,
        fingerprint=record.fingerprint,
        claims_complete_to=record.claims_complete_to,
        admissions_complete_to=record.admissions_complete_to,
        sources=record.sources,
        buckets=record.buckets,
    )


def people_of(brought: Mapping[str, pa.Table]) -> set[str]:
    """Whom the rows are about, by the numbers in them."""
    columns = [(t.name, "person_id") for t in TABLES if t.about == "person"] + [(PERSON_MERGE.name, "absorbed_id")]
    return {value for name, column in columns if name in brought for value in brought[name][column].to_pylist()}


def _together(held: pa.Table, brought: pa.Table | None) -> pa.Table:
    """The rows held, in the types of their table, and those brought that are not among them."""
    import pyarrow as pa

    if brought is None or not len(brought):
        return held
    told = brought.column_names
    ours = [name for name in told if name != "bucket"]
    there = {tuple(row.values()) for row in held.select(ours).to_pylist()}
    new: dict[tuple[object, ...], int] = {}
    for place, row in enumerate(brought.select(ours).to_pylist()):
        if tuple(row.values()) not in there:
            new.setdefault(tuple(row.values()), place)
    return pa.concat_tables([held.select(told).cast(brought.schema), brought.take(pa.array(new.values(), pa.int64()))])
