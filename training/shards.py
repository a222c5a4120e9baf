"""The rows of a model a share of the people at a time, a file for each bucket of them: for a network whose table would
not fit in memory, or on Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.record.record import Record, forget, of_buckets, open_record, persons_now
from features.record.store import bucket_of, read_manifest
from features.record.whole import whole
from training.frame import frame, write_frame

if TYPE_CHECKING:
    import pandas as pd

    from models.specs.spec import Spec

ROWS_AT_ONCE = 20_000_000  # of the record: about 60,000 discharges, whose features take half a gigabyte


def write_shards(store: Path, asked: Spec, folder: Path, engine: Callable[[], Any]) -> pd.DataFrame:
    """Write `frame` as bucket-NN.parquet into a new or empty folder, whole or not at all, and give back person_id,
    label, null_reason and trained of every row. Only the share that is being written is held at a time.
    """
    import pandas as pd

    told = []
    record = open_record(store, engine)
    with whole(folder) as beside:
        beside.mkdir()
        for buckets in _shares(store, record.buckets):
            part = of_buckets(record, buckets)
            made = frame(part, asked)
            forget(part)
            for bucket, rows in _by_bucket(record, made):
                write_frame(rows, beside / f"bucket-{bucket:02d}.parquet")
            told.append(made[["person_id", "label", "null_reason", "trained"]])
    return pd.concat(told, ignore_index=True)


def _shares(store: Path, buckets: int) -> list[list[int]]:
    """The buckets, as many together as hold ROWS_AT_ONCE rows or fewer, at least one."""
    rows = sum(count for batch in read_manifest(store).batches for count in batch.rows.values())
    together = max(1, buckets * ROWS_AT_ONCE // max(rows, 1))
    return [list(range(buckets))[first : first + together] for first in range(0, buckets, together)]


def _by_bucket(record: Record, made: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    buckets = [bucket_of(person, record.buckets) for person in persons_now(record, made.person_id)]
    for bucket in sorted(set(buckets)):
        yield bucket, made[[each == bucket for each in buckets]].reset_index(drop=True)
