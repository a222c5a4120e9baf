"""What a request brings of people, in either form, as checked rows of the canonical tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from features import windows
from features.errors import BadInput, Failure
from features.record.inline import tables_of
from features.record.record import open_record
from features.record.tables import PERSON, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

CLOCKS_DIFFER = 3_600  # seconds that a caller's clock may run before ours
OURS = ("features", "values", "columns")  # what somebody may call features that they worked out


def rows_of(
    records: Mapping[str, Sequence[Mapping[str, Any]]] | None,
    bundle: Mapping[str, Any] | None,
    zone: str,
    inputs: Sequence[str],
) -> dict[str, pa.Table]:
    """Rows by table name. `inputs` are the columns that the model reads, which nobody may bring: they are worked out
    here, by the code that trained the model. Raises BadInput whose `got` begins with the field.
    """
    if records is not None:
        _no_features(records, frozenset(inputs))
        found = tables_of(records, zone)
        _nothing_of_the_future(found)
        return found
    return of_bundle(bundle or {}, zone)


def _no_features(records: Mapping[str, Sequence[Mapping[str, Any]]], inputs: frozenset[str]) -> None:
    names = {table.name: {column.name for column in table.all_columns} for table in TABLES}
    for table, rows in records.items():
        if table in OURS and table not in names:
            raise _wrong(f"records.{table} computed features", "rows of the record: features are worked out here")
        for number, row in enumerate(rows):
            brought = sorted(set(row) & inputs - names.get(table, set()))
            if brought:
                got = f"records.{table}[{number}].{brought[0]} a computed feature"
                raise _wrong(got, "rows of the record: features are worked out here")


def _nothing_of_the_future(found: Mapping[str, pa.Table]) -> None:
    import pyarrow.compute as pc

    limit = windows.now() + CLOCKS_DIFFER
    for name, rows in found.items():
        late = pc.greater(rows["known_at"], limit).to_pylist()
        if any(late):
            got = f"records.{name}[{late.index(True)}].known_at an instant that is still to come"
            raise _wrong(got, "when the row was known: now or before")
    born = found[PERSON.name]["birth_day"].to_pylist() if PERSON.name in found else []
    for number, day in enumerate(born):
        if day is not None and windows.end_of_day(day, "UTC") > limit + windows.SECONDS_A_DAY:
            raise _wrong(f"records.person[{number}].birth_day a day that is still to come", "a day of birth")


def of_bundle(bundle: Mapping[str, Any], zone: str) -> dict[str, pa.Table]:
    """The rows of a FHIR Bundle, by the reader that loads files of them."""
    from features.sources import fhir
    from features.sources.load import load
    from features.sources.reader import Delivery

    if bundle.get("resourceType") != "Bundle" or not isinstance(bundle.get("entry"), list):
        raise _wrong("bundle something else", "a FHIR R4 Bundle with entries")
    with TemporaryDirectory(prefix="afterward-") as folder:
        given = Path(folder) / "bundle.json"
        given.write_text(json.dumps(bundle), encoding="utf-8")
        try:
            report = load(fhir.READER, given, Path(folder) / "store", Delivery(), zone)
            record = None if report.quarantined else open_record(Path(folder) / "store")
        except Failure:
            raise _wrong("bundle nothing that tells of a person", "resources of R4 that refer to a Patient") from None
        if record is None:
            counts = ", ".join(f"{count} {why}" for why, count in sorted(report.reasons.items()))
            raise _wrong(f"bundle resources that cannot be read ({counts})", "resources of R4")
        try:
            found = {table.name: record.con.to_pyarrow(record.told[table.name]) for table in TABLES}
        finally:
            record.con.disconnect()
    return {name: rows for name, rows in found.items() if len(rows)}


def _wrong(got: str, expected: str) -> BadInput:
    return BadInput(got=got, expected=expected, do="Mend the request.")
