"""Which hospital a facility is, and of what kind: only short-term acute and critical access hospitals hold acute stays.

The directory says what a place is, not what happened to anybody, so it holds for every moment, whenever it was loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.places import ACUTE_FACILITIES, UNITS, facility_type, facility_words, hospital_of
from features.record.record import Record
from features.record.tables import FACILITY

if TYPE_CHECKING:
    import ibis.expr.types as ir


def facilities(record: Record, named: ir.Table) -> ir.Table:
    """Each facility that these rows name (`facility_id`): facility_id, hospital (a unit's is its hospital's), kind
    (null where nothing decides it). By the certification number that the directory gives, else by the number on the
    bill, else by the directory's words; words that name a unit hold where the number is its acute hospital's. There are
    thousands of them at most, and one person meets few, so they are looked up one by one: as an expression the
    ranges of numbers cost more to compile than to ask.
    """
    import ibis
    import pyarrow as pa

    told = record.con.to_pyarrow(named.filter(named.facility_id.notnull()).select("facility_id").distinct())
    ids = sorted(told["facility_id"].to_pylist())
    rows = record[FACILITY]
    known = record.con.to_pyarrow(
        rows.group_by("facility_id").aggregate(ccn=rows.ccn.max(), words=rows.facility_type.max())
    ).to_pylist()
    of = {one["facility_id"]: one for one in known}
    numbers = [of.get(name, {}).get("ccn") or name for name in ids]
    words = [of.get(name, {}).get("words") or "" for name in ids]
    kinds = [_kind(number, said) for number, said in zip(numbers, words, strict=True)]
    columns = {"facility_id": ids, "hospital": [hospital_of(number) for number in numbers], "kind": kinds}
    return ibis.memtable(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))


def _kind(number: str, words: str) -> str | None:
    by_number, by_words = facility_type(number), facility_words(words)
    if by_words in UNITS and by_number in ACUTE_FACILITIES:
        return by_words
    return by_number or by_words
