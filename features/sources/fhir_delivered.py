"""Which resources a store was told before, in whatever file: a server that exports everything each week must not make
two results of one.

Beside its tables a batch keeps `delivered.parquet`, a hash of each resource that it loaded. What the server says of the
resource itself (`meta`) is left out: a resource that was only touched is the same. One of which anything else changed
is told anew, and its rows are those of a later state or version.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from features.record.store import Writer

BYTES = 16
FILE = "delivered.parquet"
NOT_HASHED = b"\0" * BYTES


def fingerprint(resource: Mapping[str, Any]) -> bytes:
    """The hash of what a resource says."""
    import orjson

    told = {name: value for name, value in resource.items() if name != "meta"}
    try:
        return blake2b(orjson.dumps(told), digest_size=BYTES).digest()
    except orjson.JSONEncodeError:  # nested too deeply: it is set aside
        return NOT_HASHED


def told_before(writer: Writer, numbers: list[int], hashes: bytearray) -> int:
    """Make the tables `fhir_delivered` (resource, hash) and `fhir_before` (resource): those of which the store already
    holds the hash. Returns how many these are.
    """
    import pyarrow as pa

    column = pa.Array.from_buffers(pa.binary(BYTES), len(numbers), [None, pa.py_buffer(bytes(hashes))])
    writer.con.register(
        "fhir_delivered", pa.table({"resource": pa.array(numbers, pa.int64()), "hash": column.cast(pa.binary())})
    )
    held = [writer.store / "batches" / batch.id / FILE for batch in writer.manifest.batches]
    files = ", ".join(f"'{path}'" for path in held if path.is_file())
    source = f"read_parquet([{files}])" if files else "(SELECT NULL::BLOB AS hash WHERE false)"
    writer.con.execute(
        "CREATE TEMP TABLE fhir_before AS SELECT resource FROM fhir_delivered "  # noqa: S608
        f"WHERE hash IN (SELECT hash FROM {source})"
    )
    (found,) = writer.con.execute("SELECT count(*) FROM fhir_before").fetchall()
    return int(found[0])


def keep(writer: Writer) -> None:
    """Write the hashes of what is loaded, for later loads to know it again."""
    target = writer.folder / FILE
    writer.con.execute(
        "COPY (SELECT DISTINCT hash FROM fhir_delivered "  # noqa: S608
        "WHERE resource NOT IN (SELECT resource FROM fhir_wrong) ORDER BY hash) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )
