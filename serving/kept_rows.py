"""The rows of features that scores were made of, as dated Parquet:

    FOLDER/MODEL/VERSION/YYYY-MM-DD/*.parquet     score_id and the columns of the release, as scored

Each occasion writes a file of its own; the files of a day that is over are merged into one (`gather`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from features import windows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def write(folder: Path, day: int, model: str, version: int, ids: Sequence[str], features: pd.DataFrame) -> None:
    """Write rows under their ids. When this returns they are on disk; a file is there whole or not at all."""
    import pyarrow as pa

    columns = [pa.array(features[name].to_numpy("float64")) for name in features.columns]
    table = pa.Table.from_arrays([pa.array(ids, pa.string()), *columns], names=["score_id", *features.columns])
    _put(folder_of(folder, model, version, day) / f"{uuid4().hex}.parquet", table)


def read(folder: Path, model: str, version: int, first_day: int, last_day: int) -> pa.Table:
    """The rows of the scores that a version gave on some days, both included; no row where it gave none."""
    import pyarrow as pa

    there = (folder_of(folder, model, version, day) for day in range(first_day, last_day + 1))
    files = [file for each in there if each.is_dir() for file in sorted(each.glob("*.parquet"))]
    return _together(files) if files else pa.table({"score_id": pa.array([], pa.string())})


def gather(folder: Path, today: int) -> int:
    """Merge the files of each day before `today` into one a day; gives how many files went into others."""
    gone = 0
    for each in sorted(folder.glob("*/*/*")):
        files = sorted(each.glob("*.parquet"))
        if each.name >= windows.iso(today) or len(files) < 2:
            continue
        _put(each / f"{uuid4().hex}.parquet", _together(files))
        for file in files:
            file.unlink()
        gone += len(files)
    return gone


def _together(files: Sequence[Path]) -> pa.Table:
    """The rows of some files, each once: a merge that was killed leaves what it merged beside its result."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = pa.concat_tables([pq.read_table(file) for file in files])
    _, first = np.unique(whole["score_id"].to_numpy(zero_copy_only=False).astype(str), return_index=True)
    return whole if len(first) == len(whole) else whole.take(pa.array(np.sort(first)))


def folder_of(folder: Path, model: str, version: int, day: int) -> Path:
    """Where the rows of a day lie."""
    return folder / model / str(version) / windows.iso(day)


def _put(path: Path, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("wb") as out:
        pq.write_table(table, out, compression="zstd")
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
