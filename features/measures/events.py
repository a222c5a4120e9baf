"""From the record to columns: the events that carry a measure's codes, as they were known at one time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from features import windows
from features.measures.kinds import KINDS, Kind, Teller
from features.measures.panel import UNBORN, Facts
from features.measures.rows import OPEN, Ints
from features.measures.value_set import CodeSet
from features.measures.value_sets import ValueSets
from features.record.known import FOREVER, Known, known, latest
from features.record.record import Record
from features.record.tables import CODING, PERSON

if TYPE_CHECKING:
    import ibis.expr.types as ir

EVERYTHING = FOREVER - 1  # an `as_of` at which all that the record holds is known


def gather(record: Record, sets: Sequence[CodeSet], held: ValueSets, as_of: int = EVERYTHING) -> Facts:
    """The facts about everybody in the record, as known at `as_of`, that carry a code of any of the sets."""
    then = known(record, everybody(record, as_of))
    facts = gather_known(then, sets, held)
    then.forget()
    return facts


def gather_known(then: Known, sets: Sequence[CodeSet], held: ValueSets) -> Facts:
    """The same about each index row, as known at its own `as_of`: a person of the facts is a row, by its `row_id`."""
    then.keep("wanted", lambda then: _wanted(sets, held))
    then.keep("beside", _beside)
    columns: dict[str, Mapping[str, Ints]] = {}
    coded: dict[tuple[str, str, CodeSet], Ints] = {}
    numbers: dict[str, Any] = {}
    for kind in KINDS:
        columns[kind.name], numbers[kind.name], found = _of_kind(then, kind)
        coded |= {(kind.name, role, sets[number]): places for (role, number), places in found.items()}
    return replace(_people(then, columns, coded), numbers=numbers)


def everybody(record: Record, as_of: int) -> ir.Table:
    """Index rows of everybody of whom something was known at `as_of`, numbered in the order of their ids."""
    import ibis

    told = record[PERSON]
    people = told.filter(told.known_at <= as_of).select("person_id").distinct()
    nothing = ibis.null("int64")
    rows = people.select(
        "person_id",
        row_id=ibis.row_number().over(order_by=people.person_id),
        as_of=ibis.literal(as_of, "int64"),
        as_of_day=ibis.literal(int(windows.local_day(as_of, record.zone)) if as_of != EVERYTHING else OPEN, "int64"),
        stay_id=ibis.null("string"),
        admit_day=nothing,
        discharge_day=nothing,
    )
    return record.con.create_table(ibis.util.gen_name("everybody"), rows, temp=True)


def _wanted(sets: Sequence[CodeSet], held: ValueSets) -> ir.Table:
    """The codes of the sets, each with the number of its set."""
    import ibis
    import pyarrow as pa

    rows = [(number, *pair) for number, each in enumerate(sets) for pair in sorted(held.codes(each))]
    numbers, systems, codes = zip(*rows, strict=True) if rows else ((), (), ())
    return ibis.memtable(
        pa.table(
            {
                "set": pa.array(numbers, pa.int64()),
                "code_system": pa.array(systems, pa.string()),
                "code": pa.array(codes, pa.string()),
            }
        )
    )


def _beside(then: Known) -> ir.Table:
    """The wanted ones among the codes that are told beside things: row_id, about, about_id, role, set."""
    coding = then.events(CODING)
    found = coding.inner_join(then.cut["wanted"], ["code_system", "code"])
    return found.select("row_id", "about", "about_id", "role", "set")


def _of_kind(then: Known, kind: Kind) -> tuple[Mapping[str, Ints], Any, dict[tuple[str, int], Ints]]:
    """The columns of a kind's rows that carry a wanted code, their numbers, and the places of those of each role and
    set.
    """
    import numpy as np

    table = then.keep(kind.name, lambda then: _numbered(then, kind))
    place, number, roles = _hits(then, kind, table)
    own = [teller.codes or OF_ENCOUNTERS for teller in kind.tellers]
    kept = np.unique(place[np.isin(roles, [*own, "whole"])])
    here = np.isin(place, kept)
    names = [name for name in table.columns if name not in UNSEEN]
    rows = _at(table, kept)
    told = rows.number.fill_null(rows.part)
    found = then.record.con.to_pyarrow(rows.select(*names, told=told).order_by("place"))
    columns = {name: _ints(found, name) for name in names if name != "place"}
    at, number, roles = np.searchsorted(kept, place[here]), number[here], roles[here]
    groups = {
        (str(role), int(which)): np.unique(at[(roles == role) & (number == which)])
        for role, which in {(str(role), int(which)) for role, which in zip(roles, number, strict=True)}
    }
    return columns, found.column("told"), groups


def _wanted_ones(then: Known, teller: Teller, rows: ir.Table) -> ir.Table:
    import ibis

    wanted, beside = then.cut["wanted"], then.cut["beside"]
    beside = beside.filter(beside.about == teller.table)
    told = beside.select(key=beside.row_id.cast("string") + " " + beside.about_id)
    numbers = [rows[name] for name in (teller.number, teller.part) if name]
    found = [(rows.row_id.cast("string") + " " + number).isin(told.key) for number in numbers]
    if teller.codes:
        own = wanted.select(key=wanted.code_system + " " + wanted.code)
        found.append((rows.code_system + " " + rows.code).isin(own.key))
    return rows.filter(ibis.or_(*(each.fill_null(False) for each in found)))


UNSEEN = ("number", "part", "known_at", "own_role", "own_system", "own_code")
OF_ENCOUNTERS = "type"  # what measures ask of an encounter stands beside it


def _numbered(then: Known, kind: Kind) -> ir.Table:
    """The rows of all tellers in the order of people, each with its place in that order."""
    import ibis

    telling = [place for place, teller in enumerate(kind.tellers) if _any_row(then, teller.table)] or [0]
    rows = ibis.union(*(_as_told(then, kind, place) for place in telling))
    order = [rows.who, rows.known_at, rows.number, rows.told_by, rows.own_system, rows.own_code, rows.start_day]
    return rows.mutate(place=ibis.row_number().over(order_by=order))


def _any_row(then: Known, table: str) -> bool:
    return bool(then.record.con.to_pyarrow(then.record.tables[table].limit(1)).num_rows)


def _as_told(then: Known, kind: Kind, place: int) -> ir.Table:
    """The rows of one teller that carry a wanted code, or have one beside them."""
    import ibis

    teller = kind.tellers[place]
    rows = _wanted_ones(then, teller, teller.rows(then))
    nothing = ibis.null("string")
    own = {"own_system": rows.code_system, "own_code": rows.code}
    columns = {name: column.cast("int64") for name, column in teller.columns(rows).items()}
    return rows.select(
        who=rows.row_id,
        told_by=ibis.literal(place, "int64"),
        known_at=rows.known_at,
        number=rows[teller.number],
        part=rows[teller.part] if teller.part else nothing,
        own_role=ibis.literal(teller.codes),
        **(own if teller.codes else dict.fromkeys(own, nothing)),
        **dict(sorted(columns.items())),
    )


def _at(table: ir.Table, places: Ints) -> ir.Table:
    import ibis
    import pyarrow as pa

    wanted = ibis.memtable(pa.table({"place": pa.array(places, pa.int64())}))
    return table.semi_join(wanted, "place")


def _hits(then: Known, kind: Kind, table: ir.Table) -> tuple[Ints, Ints, Any]:
    """(place, set, role) of each wanted code: that of the row itself, and those told beside it."""
    import numpy as np

    wanted, beside = then.cut["wanted"], then.cut["beside"]
    beside = beside.filter(beside.about == kind.tellers[0].table)
    own = table.inner_join(wanted, [table.own_system == wanted.code_system, table.own_code == wanted.code])
    parts = [own.select("place", "set", role="own_role")]
    clinical = table.filter(table.told_by == 0)
    for column, told in (
        ("number", beside.filter(beside.role != "whole")),
        ("part", beside.filter(beside.role == "whole")),
    ):
        joined = clinical.inner_join(told, [clinical.who == told.row_id, clinical[column] == told.about_id])
        parts.append(joined.select("place", "set", "role"))
    found = [then.record.con.to_pyarrow(part) for part in parts]
    place, number = (np.concatenate([_ints(part, name) for part in found]) for name in ("place", "set"))
    roles = np.concatenate([np.asarray(part.column("role").to_pylist(), dtype=object) for part in found])
    return place, number, roles


def _people(
    then: Known, columns: Mapping[str, Mapping[str, Ints]], coded: Mapping[tuple[str, str, CodeSet], Ints]
) -> Facts:
    told = then.events(PERSON)
    people = told.group_by("row_id", "person_id").aggregate(
        born=latest(told.birth_day.cast("int64"), told.known_at // SCALE),
        sex=_last(told, "sex"),
        clinical_sex=_last(told, "clinical_sex"),
    )
    everyone = then.rows.select("row_id", "person_id").left_join(people, ["row_id", "person_id"])
    found = then.record.con.to_pyarrow(
        everyone.select(
            "row_id",
            "person_id",
            born=everyone.born.fill_null(2 * UNBORN),
            sex=_yes(everyone.sex == "female"),
            clinical_sex=_yes(everyone.clinical_sex == "female"),
        ).order_by("row_id")
    )
    women = {name: _ints(found, name) == 1 for name in ("sex", "clinical_sex")}
    return Facts(tuple(found.column("person_id").to_pylist()), _ints(found, "born"), women, columns, coded)


SCALE = 64  # seconds that count as the same time when the latest birth day told is sought


def _yes(condition: ir.BooleanValue) -> ir.IntegerValue:
    return condition.fill_null(False).cast("int64")


def _last(told: ir.Table, column: str) -> ir.StringValue:
    return told[column].argmax(told.known_at, where=told[column].notnull())


def _ints(table: Any, name: str) -> Ints:
    import numpy as np

    found: Ints = table.column(name).to_numpy().astype(np.int64)
    return found
