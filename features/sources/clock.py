"""Moments that carry an offset, moved to the clock of the network's zone before a layout reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features import windows
from features.record.store import Writer

if TYPE_CHECKING:
    import ibis.expr.types as ir


def on_the_networks_clock(writer: Writer, raw: ir.Table, columns: Sequence[str]) -> ir.Table:
    """The rows with `2024-03-01T13:00:00Z` of these columns as `2024-03-01 08:00:00`; text that is no moment with an
    offset stays as it is. Each different text is worked out once.
    """
    import ibis

    for column in columns:
        given = writer.engine.to_pyarrow(raw.select(text=raw[column]).filter(raw[column].notnull()).distinct())
        texts = given["text"].to_pylist()
        moved = {"text": texts, "moved": [windows.on_clock(text, writer.manifest.zone) for text in texts]}
        name = ibis.util.gen_name("clock")
        clock = writer.engine.create_table(name, ibis.memtable(moved, schema={"text": "string", "moved": "string"}))
        joined = raw.left_join(clock, raw[column] == clock.text)
        raw = joined.mutate(**{column: joined.moved}).drop("text", "moved")
    return raw
