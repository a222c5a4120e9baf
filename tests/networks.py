"""A small network in canonical rows that no rule of data quality has anything against, to plant faults in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from features import windows
from features.quality.seen import Seen
from features.record.record import Record, from_rows
from features.record.store import Batch
from features.record.tables import table
from tests.histories import ZONE, Rows, arrow, end, row

PEOPLE = 60
FIRST, LAST = windows.parse_day("2023-01-01"), windows.parse_day("2023-12-31")
LOADED = windows.parse_day("2024-02-15")
MONTHS = windows.month_starts(FIRST, LAST)


def sound() -> Rows:
    """Sixty people over a year: each month a visit with a diagnosis, a fill and a result; five stays a month."""
    rows: Rows = {
        name: [] for name in ("person", "coverage", "claim_line", "diagnosis", "dispensing", "result", "adt_event")
    }
    for number in range(PEOPLE):
        who = {"person_id": f"p{number}"}
        born = windows.parse_day("1950-01-01") + 100 * number
        rows["person"].append(row(born, born, end(FIRST - 400), **who, birth_day=born, sex="female"))
        for place, month in enumerate(MONTHS):
            rows["coverage"].append(row(month, month + 27, end(month), **who, payer="m"))
            for name, one in _month(number, place, month).items():
                rows[name].append({**who, **one})
            if number % 12 == place:
                rows["adt_event"] += [{**who, **one} for one in _stay(number, month + 3)]
    network = {"known_at": end(FIRST - 400), "source": "test"}
    rows["facility"] = [{**network, "facility_id": "h1", "name": "hospital", "facility_type": "short_term"}]
    return rows


def _month(number: int, place: int, month: int) -> dict[str, dict[str, Any]]:
    day, claim = month + number % 27, f"c{number}-{place}"
    late = end(day + 20)
    line = {"claim_id": claim, "version": 0, "cancels": 0, "claim_line_number": 1, "claim_type": "professional"}
    dx = {"claim_id": claim, "version": 0, "role": "principal", "code_system": "icd-10-cm", "code": "I10"}
    fill = {"claim_id": f"f{claim}", "version": 0, "cancels": 0, "ndc_code": "00071015523", "days_supply": 30}
    test = {"kind": "laboratory", "code_system": "loinc", "code": "2160-0", "value": 1000, "unit": "mg/dL"}
    return {
        "claim_line": row(day, day, late, **line, hcpcs_code="G0439", paid=9_000 + place, facility_id="h1"),
        "diagnosis": row(day, day, late, **dx),
        "dispensing": row(day, day, end(day + 5), **fill),
        "result": row(day, day, end(day), **test),
    }


def _stay(number: int, admit: int) -> list[dict[str, Any]]:
    visit = {"visit_number": f"v{number}", "patient_class": "I", "facility_id": "h1", "admission_day": admit}
    came = row(admit, admit, end(admit), **visit, event_type="A01")
    left = row(admit + 4, admit + 4, end(admit + 4), **visit, event_type="A03", discharge_day=admit + 4)
    return [came, {**left, "discharge_disposition_code": "01"}]


@cache
def _sound() -> tuple[Rows, dict[str, pa.Table]]:
    rows = sound()
    return rows, {name: arrow(table(name), given) for name, given in rows.items()}


def untouched(rows: Rows) -> frozenset[str]:
    """The tables that are as in the sound network."""
    whole, _ = _sound()
    return frozenset(name for name, given in rows.items() if given == whole.get(name))


def _record(rows: Rows) -> Record:
    _, made = _sound()
    same = untouched(rows)
    return from_rows({n: made[n] if n in same else arrow(table(n), given) for n, given in rows.items()}, ZONE)


def seen(
    rows: Rows, last: Rows | None = None, unmapped: Mapping[str, tuple[int, int]] | None = None, smaller: int = 1
) -> Seen:
    """These rows as a store of three loads of one format. The last one brought `last` (else the same again), with
    `unmapped` codes, and 1 / `smaller` of the rows of the others.
    """
    record = _record(rows)
    usual = {name: len(given) for name, given in rows.items()}
    codes = {"diagnosis.code": (720, 7)}
    told = {name: record.tables[name] for name in rows}
    latest = told
    if last is not None:
        latest = dict(_record(last).tables)
    batches = tuple(
        Batch(
            f"b{number}",
            "test",
            int(windows.start_of_day(LOADED - 30 * (3 - number), ZONE)),
            (),
            usual,
            {},
            unmapped=codes,
        )
        for number in (1, 2)
    )
    less = {name: count // smaller for name, count in usual.items()}
    newest = Batch("b3", "test", int(windows.start_of_day(LOADED, ZONE)), (), less, {}, unmapped=unmapped or codes)
    return Seen(record, (*batches, newest), LOADED, {"test": told}, latest, told)
