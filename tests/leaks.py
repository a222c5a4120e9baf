"""What must not stand in anything that the service or a training run writes beside its own database: who people are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from features.record.record import open_record

TELLING = {
    "contact_details": ("phone", "email", "address", "caregiver_name", "caregiver_phone"),
    "identifier": ("value",),
    "person": ("person_id",),
}
WORD = re.compile(rb"[A-Za-z0-9@.+-]+")


def planted(store: Path, people: int) -> frozenset[bytes]:
    """All that a store tells of who so many people are: numbers, addresses, telephones, and names as written out."""
    record = open_record(store)
    found: set[str] = set()
    some = record.tables["person"].select("person_id").distinct().order_by("person_id").limit(people)

    def of_some(table: str, *columns: str) -> Any:
        return record.con.to_pyarrow(record.tables[table].semi_join(some, "person_id").select(*columns))

    for table, columns in TELLING.items():
        rows = of_some(table, *columns)
        for column in columns:
            found |= {value for value in rows[column].to_pylist() if value}
    named = of_some("contact_details", "first_name", "last_name").to_pylist()
    found |= {f"{one['first_name']} {one['last_name']}" for one in named}
    found |= {f"{one['last_name']}, {one['first_name']}" for one in named}
    record.con.disconnect()
    return frozenset(value.encode() for value in found)


def told(written: bytes, planted: Iterable[bytes]) -> set[bytes]:
    """Which of these stand in what was written. One word is looked up; of several, the first leads to the rest."""
    words = set(WORD.findall(written))
    return {
        value
        for value in planted
        if (first := WORD.search(value)) is not None and first.group() in words and value in written
    }
