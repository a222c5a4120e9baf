"""The record in the MEDS format (Medical Event Data Standard, schema 0.4), for the tools that read it.

    DIR/data/SHARD.parquet        subject_id, time, code, numeric_value and EXTRA, by subject and time; nobody is in two
    DIR/metadata/codes.parquet    every code, in words, with the concept of the vocabulary that it is
    DIR/metadata/dataset.json     from what it was made
    DIR/subjects.parquet          who each subject is; only its owner may read it, and it need not be passed on

MEDS lets a model use everything whose `time` is at or before the prediction time. So `time` is when the network knew,
not when it happened, which stands beside it: a claim is no news before it came. Only a birth has its own time. What is
told again, as in the next version of a claim, is told once, when it was first known.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.codes.systems import HCPCS, NDC, SYSTEMS
from features.errors import BadStore
from features.record.meds_tellings import COLUMN, TAKEN_BACK, TELLINGS, Telling
from features.record.record import Record
from features.record.tables import DEATH, PERSON
from features.record.whole import whole

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

MEDS_VERSION = "0.4.1"
BIRTH, DEATH_CODE = "MEDS_BIRTH", "MEDS_DEATH"
NOT_TOLD = "unknown"
SUBJECTS_IN_A_SHARD = 10_000
ROWS_AT_ONCE = 65_536
EXTRA = ("happened_from", "happened_to", "entry_id", "unit", "facility_id", "source")
# OMOP's names of the coding systems, by which MEDS names the concept that a code is
VOCABULARIES = {
    "icd-10-cm": "ICD10CM",
    "icd-9-cm": "ICD9CM",
    "icd-10-pcs": "ICD10PCS",
    "icd-9-pcs": "ICD9Proc",
    "hcpcs": "HCPCS",
    "ndc": "NDC",
    "rxnorm": "RxNorm",
    "loinc": "LOINC",
    "snomed-ct": "SNOMED",
    "cvx": "CVX",
    "revenue-center": "Revenue Code",
    "ms-drg": "DRG",
}
CPT = re.compile(r"\d{4}[0-9A-Z]")  # HCPCS level I, which OMOP keeps apart


@dataclass(frozen=True)
class Exported:
    """What was written."""

    subjects: int
    measurements: int
    codes: int
    shards: int


def export(record: Record, folder: Path) -> Exported:
    """Write the record into a new or empty folder, whole or not at all. BadInput where it cannot be written."""
    with whole(folder) as beside:
        for name in ("data", "metadata"):
            (beside / name).mkdir(parents=True)
        subjects = _subjects(record)
        _write_subjects(subjects, beside / "subjects.parquet")
        codes: set[str] = set()
        measurements = shards = 0
        for shard, tables in _by_shard(_measurements(record, subjects)):
            measurements += _write_shard(tables, beside / "data" / f"{shard:04d}.parquet", codes)
            shards += 1
        _write_codes(sorted(codes), beside / "metadata" / "codes.parquet")
        told = json.dumps(_about(record), indent=1) + "\n"
        (beside / "metadata" / "dataset.json").write_text(told, encoding="utf-8")
    return Exported(subjects.num_rows, measurements, len(codes), shards)


def data_schema() -> pa.Schema:
    """The columns of the data files."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("subject_id", pa.int64(), nullable=False),
            pa.field("time", pa.timestamp("us")),
            pa.field("code", pa.string(), nullable=False),
            pa.field("numeric_value", pa.float32()),
            pa.field("happened_from", pa.timestamp("us")),
            pa.field("happened_to", pa.timestamp("us")),
            *(pa.field(name, pa.string()) for name in EXTRA[2:]),
        ]
    )


def subject_id(person: str) -> int:
    """The number of a subject: 63 bits of a hash of the person's, so that every export gives the same."""
    return int.from_bytes(hashlib.blake2b(person.encode(), digest_size=8).digest(), "big") >> 1


# ---- what is told


def _subjects(record: Record) -> pa.Table:
    """person_id, subject_id and shard of everyone of whom anything is told, in the order of the subjects."""
    import ibis
    import pyarrow as pa

    tables = {DEATH.name: DEATH, **{telling.table.name: telling.table for telling in TELLINGS}}
    told = ibis.union(*(record[table].select("person_id") for table in tables.values()))
    persons = record.con.to_pyarrow(told.distinct())["person_id"].to_pylist()
    numbered = sorted((subject_id(person), person) for person in persons)
    if len({number for number, _ in numbered}) != len(numbered):
        raise BadStore(got="two people with one subject number", expected="one each", do="Tell us: it is a fault.")
    return pa.table(
        {
            "person_id": pa.array([person for _, person in numbered], pa.string()),
            "subject_id": pa.array([number for number, _ in numbered], pa.int64()),
            "shard": pa.array(np.arange(len(numbered)) // SUBJECTS_IN_A_SHARD, pa.int64()),
        }
    )


def _measurements(record: Record, subjects: pa.Table) -> Iterator[pa.RecordBatch]:
    """Everything that is told, by subject and time; instants as seconds."""
    import ibis

    told = ibis.union(
        *(_events(_kept(record[t.table]), t) for t in TELLINGS),
        *(_events(_cancelled(record[t.table]), t) for t in TAKEN_BACK),
        _births(record),
        _deaths(record),
    )
    keys = [name for name in told.columns if name != "known_at"]
    # what is told again is told once
    once = told.group_by(keys).aggregate(known_at=told.known_at.min())
    placed = once.inner_join(ibis.memtable(subjects), "person_id")
    names = ("shard", "subject_id", "known_at", "code", "numeric_value", *EXTRA)
    # as a table, which the engine keeps in this order and moves to disk where it must
    ordered = record.con.create_table(ibis.util.gen_name("told"), placed.select(*names).order_by(names), temp=True)
    name = ordered.op().name
    yield from record.con.con.sql(f"FROM {name}").to_arrow_reader(ROWS_AT_ONCE)
    record.con.drop_table(name)


def _events(rows: ir.Table, telling: Telling) -> ir.Table:
    import ibis

    rows = rows.filter(rows[telling.columns[-1]].notnull())
    code: ir.StringValue = ibis.literal("")
    for place, part in enumerate(COLUMN.split(telling.code)):
        code = code + (rows[part].cast("string").fill_null(NOT_TOLD) if place % 2 else ibis.literal(part))
    number = ibis.null("float64") if telling.number is None else rows[telling.number].cast("float64") / telling.divisor
    return rows.select(
        "person_id",
        "known_at",
        code=code,
        numeric_value=number,
        happened_from=rows.happened_from,
        happened_to=rows.happened_to,
        entry_id=rows[telling.entry] if telling.entry else ibis.null("string"),
        **{name: rows[name] if name in rows.columns else ibis.null("string") for name in EXTRA[3:]},
    )


def _kept(rows: ir.Table) -> ir.Table:
    return rows.filter(rows.cancels == 0) if "cancels" in rows.columns else rows


def _cancelled(rows: ir.Table) -> ir.Table:
    return rows.filter(rows.cancels == 1)


def _births(record: Record) -> ir.Table:
    """One birth a person, as told last, at the first instant of its day."""
    import ibis
    import pyarrow as pa

    rows = record[PERSON].filter(record[PERSON].birth_day.notnull())
    last = ibis.window(group_by="person_id", order_by=[ibis.desc("known_at"), ibis.desc("birth_day")])
    rows = rows.mutate(place=ibis.row_number().over(last)).filter(lambda t: t.place == 0)
    told = record.con.to_pyarrow(rows.select("person_id", "birth_day", "source"))
    born = pa.array(windows.start_of_day(told["birth_day"].to_numpy(), record.zone))
    told = told.drop_columns("birth_day").append_column("happened_from", born)
    births = ibis.memtable(told.append_column("known_at", born).append_column("happened_to", born))
    return _alone(births, BIRTH)


def _deaths(record: Record) -> ir.Table:
    """One death a person, as told first."""
    import ibis

    rows = record[DEATH]
    first = ibis.window(group_by="person_id", order_by=["known_at", "happened_from", "source"])
    return _alone(rows.mutate(place=ibis.row_number().over(first)).filter(lambda t: t.place == 0), DEATH_CODE)


def _alone(rows: ir.Table, code: str) -> ir.Table:
    import ibis

    nothing = dict.fromkeys(("entry_id", "unit", "facility_id"), ibis.null("string"))
    rows = rows.mutate(code=ibis.literal(code), numeric_value=ibis.null("float64"), **nothing)
    return rows.select("person_id", "known_at", "code", "numeric_value", *EXTRA)


# ---- files


def _by_shard(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, Iterator[pa.Table]]]:
    """The tables of each shard in turn, each to be taken before the next shard is asked for."""
    from itertools import groupby

    pieces = (piece for batch in batches for piece in _pieces(batch))
    for shard, of_one in groupby(pieces, key=lambda piece: piece[0]):
        yield shard, (table for _, table in of_one)


def _pieces(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.Table]]:
    import pyarrow as pa

    shards = batch.column(0).to_numpy()
    edges = [0, *(np.flatnonzero(np.diff(shards)) + 1).tolist(), len(shards)]
    for start, stop in pairwise(edges):
        if stop > start:
            yield int(shards[start]), pa.Table.from_batches([batch.slice(start, stop - start)])


def _write_shard(tables: Iterable[pa.Table], path: Path, codes: set[str]) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    written, schema = 0, data_schema()
    with pq.ParquetWriter(path, schema, compression="zstd") as out:
        for rows in tables:
            rows = rows.rename_columns(["shard", "subject_id", "time", *rows.column_names[3:]])
            fixed = [
                _times(rows[f.name]) if pa.types.is_timestamp(f.type) else rows[f.name].cast(f.type) for f in schema
            ]
            out.write_table(pa.Table.from_arrays(fixed, schema=schema))
            codes.update(pc.unique(rows["code"]).to_pylist())
            written += rows.num_rows
    return written


def _times(instants: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.array(windows.times(pc.fill_null(instants, 0).to_numpy()), mask=np.asarray(pc.is_null(instants)))


def _write_subjects(subjects: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        pq.write_table(subjects.select(["subject_id", "person_id"]), out)


def _write_codes(codes: list[str], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            pa.field("code", pa.string(), nullable=False),
            pa.field("description", pa.string()),
            pa.field("parent_codes", pa.list_(pa.string())),
        ]
    )
    rows = [{"code": code, "description": _words(code), "parent_codes": _parents(code)} for code in codes]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def _concept(code: str) -> tuple[str, str] | None:
    """The system and the code as people write it; null where the last part is of no coding system."""
    *_, system, last = ("", *code.split("//"))
    named = {each.name: each for each in SYSTEMS}
    return (system, named[system].written(last)) if system in named else None


def _parents(code: str) -> list[str]:
    found = _concept(code)
    if found is None:
        return []
    system, written = found
    if system == NDC.name:
        written = code.split("//")[-1]  # OMOP writes these without hyphens
    vocabulary = "CPT4" if system == HCPCS.name and CPT.fullmatch(written) else VOCABULARIES[system]
    return [f"{vocabulary}/{written}"]


def _words(code: str) -> str:
    found = _concept(code)
    if found is None:
        return code.replace("//", ": ").replace("_", " ").lower()
    kind = ", ".join(code.split("//")[:-2]).replace("_", " ").lower()
    title = next(each.title for each in SYSTEMS if each.name == found[0])
    return f"{kind}: {title} {found[1]}"


def _about(record: Record) -> dict[str, object]:
    return {
        "dataset_name": "afterward",
        "dataset_version": record.fingerprint,
        "etl_name": "afterward",
        "etl_version": metadata.version("afterward"),
        "meds_version": MEDS_VERSION,
        "created_at": windows.stamp(windows.now(), "UTC"),
        "raw_source_id_columns": ["entry_id"],
        "code_modifier_columns": ["unit"],
        "site_id_columns": ["facility_id"],
        "other_extension_columns": ["happened_from", "happened_to", "source"],
    }
