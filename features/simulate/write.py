"""Columns to Arrow and rows to Parquet: the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.simulate import layout
from features.simulate.frame import NO_DAY, Array, Flags
from features.windows import SECONDS_A_DAY

Columns = Mapping[str, pa.Array]
SOURCE = "simulated"


def coded(positions: Array, labels: Sequence[str]) -> pa.Array:
    """Text of positions in `labels`; null where the position is negative."""
    index = np.asarray(positions, dtype=np.int32)
    distinct = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    if len(distinct) < len(labels):  # a dictionary with a label twice is written differently from run to run
        index = np.where(index < 0, -1, np.array([distinct[label] for label in labels], dtype=np.int32)[index])
    return pa.DictionaryArray.from_arrays(pa.array(index, mask=index < 0), pa.array(list(distinct), pa.string()))


def same(label: str, size: int) -> pa.Array:
    """One text in every row."""
    return coded(np.zeros(size, dtype=np.int32), (label,))


def numbered(stem: str, numbers: Array, width: int) -> pa.Array:
    """`stem` and the number with leading zeros; null where the number is negative."""
    text = pc.utf8_lpad(pc.cast(pa.array(np.abs(numbers)), pa.string()), width, "0")
    joined = pc.binary_join_element_wise(stem, text, "")
    return pc.if_else(pa.array(np.asarray(numbers) < 0), pa.scalar(None, pa.string()), joined)


def text(labels: Array) -> pa.Array:
    """Text as it is given."""
    return pa.array(labels, pa.string())


def decimals(values: Array, digits: Array | int) -> pa.Array:
    """Numbers as text with as few digits as they need; null where NaN."""
    rounded = np.round(np.asarray(values, dtype=np.float64), 6)
    plain = pc.cast(pa.array(rounded, from_pandas=True), pa.string())
    return pc.replace_substring_regex(plain, r"\.0$", "") if isinstance(digits, int) and digits == 0 else plain


def dates(days: Array) -> pa.Array:
    """Dates of day numbers; null where NO_DAY."""
    numbers = np.asarray(days, dtype=np.int32)
    return pa.array(numbers, mask=numbers == NO_DAY).view(pa.date32())


def times(seconds: Array) -> pa.Array:
    """Wall-clock times of local seconds; null before the first century of computing (any negative number)."""
    local = np.asarray(seconds, dtype=np.int64)
    return pa.array(local * 1_000_000, mask=local < 0).view(pa.timestamp("us"))


def seconds_of(days: Array, seconds: Array) -> Array:
    """Local seconds of a day and a second of that day; -1 where the day is NO_DAY."""
    return np.where(np.asarray(days) == NO_DAY, -1, np.asarray(days) * SECONDS_A_DAY + seconds)


def money(cents: Array) -> pa.Array:
    """Decimals with two places of integer cents."""
    low = np.asarray(cents, dtype=np.int64)
    halves = np.stack([low, low >> 63], axis=1)
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(low), [None, pa.py_buffer(np.ascontiguousarray(halves))])


def flags(values: Flags) -> pa.Array:
    """`1` and `0` as text."""
    return coded(np.asarray(values, dtype=np.int32), ("0", "1"))


class Files:
    """Open Parquet files of one network; `add` appends a row group to one of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Files:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, name: str, columns: Columns, size: int) -> None:
        """Appends rows to `name`.parquet; columns of its layout that are not given are null."""
        schema = layout.schema_of(name)
        arrays = [columns[field.name] if field.name in columns else pa.nulls(size, field.type) for field in schema]
        unknown = set(columns) - set(schema.names)
        assert not unknown, f"columns that {name} does not have: {sorted(unknown)}"
        self._append(name, pa.Table.from_arrays(arrays, names=schema.names))

    def add_truth(self, columns: Columns, name: str = "truth") -> None:
        """Appends rows to a file of the planted truth, whose columns are those given first."""
        self._append(name, pa.table(dict(columns)))

    def _append(self, name: str, table: pa.Table) -> None:
        plain = [
            column.cast(pa.string()) if pa.types.is_null(column.type) else column for column in table.itercolumns()
        ]
        table = pa.table(dict(zip(table.column_names, plain, strict=True)))
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(
                self._folder / f"{name}.parquet", table.schema, compression="zstd", store_schema=False
            )
        self._writers[name].write_table(table, row_group_size=1 << 20)
