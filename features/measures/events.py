"""From the record to columns: the events that carry a measure's codes, as they were known at one time.

Each kind of event is one table of the record. Its columns are whole numbers: days, seconds, flags (1 or 0) and places
of people. What a source does not tell stands beyond all days (`features.measures.rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from features import windows
from features.measures.panel import UNBORN, Facts
from features.measures.rows import FIRST, OPEN, UNKNOWN, Ints
from features.measures.value_set import CodeSet
from features.measures.value_sets import ValueSets
from features.record.known import (
    FOREVER,
    Known,
    encounter_states,
    known,
    latest,
    order_states,
    prescription_states,
    problem_states,
    result_states,
    states,
)
from features.record.record import Record
from features.record.schema import Table
from features.record.tables import ALLERGY, CLINICAL_PROCEDURE, CODING, ENCOUNTER, NOT_DONE, PERSON

if TYPE_CHECKING:
    import ibis.expr.types as ir

EVERYTHING = FOREVER - 1  # an `as_of` at which all that the record holds is known
FINAL = ("final", "amended", "corrected")
PERFORMED = ("finished", "arrived", "triaged", "in-progress", "onleave")
ACTIVE = ("active", "recurrence", "relapse")
VERIFIED = ("confirmed", "unconfirmed", "provisional", "differential")
ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
# the settings in which a blood pressure is not one of everyday life (HL7 v3 ActEncounterCode)
ACUTE = ("EMER", "IMP", "ACUTE", "NONAC", "PRENC", "SS")
UNITS = {"percent": "%", "mg_dl": "mg/dL", "kg_m2": "kg/m2", "mm_hg": "mm[Hg]"}  # as UCUM writes them
TO_HOSPICE = ("428371000124100", "428361000124107")  # SNOMED CT: discharged to hospice, in a facility or at home

Columns = Mapping[str, "ir.Value"]


@dataclass(frozen=True)
class Kind:
    """One kind of event: its rows, each with `row_id` (the person's place), what they are numbered by, and columns.

    `role` is what its own code is. Where `part` names a column, the codings of the whole are found by it.
    """

    name: str
    about: str
    number: str
    rows: Callable[[Known], ir.Table]
    columns: Callable[[ir.Table], Columns]
    role: str = "code"
    part: str = ""


def _flag(condition: ir.BooleanValue) -> ir.IntegerValue:
    return condition.fill_null(False).cast("int64")


def _told(rows: ir.Table) -> dict[str, ir.Value]:
    """Start and end, by day and by second."""
    return {
        "start_day": rows.from_day.fill_null(FIRST),
        "end_day": rows.to_day.fill_null(OPEN),
        "start": rows.happened_from.fill_null(FIRST),
        "end": rows.happened_to.fill_null(OPEN),
    }


def _on(rows: ir.Table) -> dict[str, ir.Value]:
    """What is dated by one moment: that it was written."""
    return {**_told(rows), "end_day": rows.from_day.fill_null(FIRST), "end": rows.happened_from.fill_null(FIRST)}


# ---- the kinds


def _visits(rows: ir.Table) -> Columns:
    status = rows.told_status.fill_null(rows.status)
    return {
        **_told(rows),
        "performed": _flag(status.isin(PERFORMED)),
        "finished": _flag(status == "finished"),
        "virtual": _flag(rows.class_code.upper() == "VR"),
        "to_hospice": _flag(rows.discharge_disposition_code.isin(TO_HOSPICE)),
    }


def _problems(then: Known) -> ir.Table:
    return then.versions(problem_states(then.record))


def _conditions(rows: ir.Table) -> Columns:
    """How long a condition lasted, as QI-Core reads it. Of one that is not active and whose end is not told nobody can
    say that it went on into any period.
    """
    import ibis

    start = rows.onset_day.fill_null(FIRST)
    active = rows.status.isin(ACTIVE).fill_null(False)
    category = rows.category.fill_null(ibis.literal(" ") + rows.condition_type.fill_null("") + ibis.literal(" "))
    return {
        "start_day": start,
        "end_day": ibis.coalesce(rows.resolved_day.cast("int64"), ibis.ifelse(active, OPEN, FIRST)),
        "start": ibis.ifelse(rows.onset_day.isnull(), FIRST, rows.happened_from.fill_null(FIRST)),
        "active": _flag(rows.status == "active"),
        "ongoing": _flag(active),
        "problem": _flag(category.contains(" problem-list-item ")),
        "concern": _flag(category.contains(" health-concern ")),
        "of_visit": _flag(category.contains(" encounter-diagnosis ")),
        "listed": _flag(category.contains(" problem-list-item ") | category.contains(" health-concern ")),
        "verified": _flag(rows.verification_status.isnull() | rows.verification_status.isin(VERIFIED)),
    }


def _result_rows(then: Known) -> ir.Table:
    """Results that tell when they were taken, with the setting of their encounter."""
    rows = then.versions(result_states(then.record))
    rows = rows.filter((rows.timing != "issued").fill_null(True))
    return rows.left_join(then.keep("settings", _settings), ["row_id", "source", "encounter_id"])


def _settings(then: Known) -> ir.Table:
    visits = then.versions(encounter_states(then.record))
    return visits.group_by("row_id", "source", "encounter_id").aggregate(class_code=visits.class_code.max())


def _results(rows: ir.Table) -> Columns:
    import ibis

    category = rows.category.fill_null("")
    ongoing = (rows.timing == "ongoing").fill_null(False)
    status = rows.status.fill_null("final")  # a feed without states sends what is final
    return {
        **_told(rows),
        "end_day": ibis.ifelse(ongoing, OPEN, rows.to_day.cast("int64").fill_null(OPEN)),
        "end": ibis.ifelse(ongoing, OPEN, rows.happened_to.fill_null(OPEN)),
        "settled": _flag(status.isin(FINAL)),
        "appended": _flag(status == "appended"),
        "final": _flag(status == "final"),
        "preliminary": _flag(status == "preliminary"),
        "laboratory": _flag(category.contains(" laboratory ") | (rows.category.isnull() & (rows.kind == "laboratory"))),
        "survey": _flag(category.contains(" survey ") | (rows.category.isnull() & (rows.kind == "assessment"))),
        "vital": _flag(rows.kind == "vital"),
        "exam": _flag(category.contains(" exam ")),
        "imaging": _flag(category.contains(" imaging ")),
        "acute": _flag(rows.class_code.upper().isin(ACUTE)),
        "has_value": _flag((rows.has_value == 1).fill_null(rows.value.notnull())),
        "value": rows.value.fill_null(UNKNOWN),
        "quantity": _flag(rows.value.notnull() & rows.unit.notnull()),
        "part_of": ibis.dense_rank().over(order_by=[rows.row_id, rows.part_of]),
        **{name: _flag(rows.unit == unit) for name, unit in UNITS.items()},
    }


def _procedures(rows: ir.Table) -> Columns:
    status = rows.status.fill_null("completed")  # a feed without states sends what was done
    return {**_told(rows), "completed": _flag(status == "completed")}


def _prescriptions(rows: ir.Table) -> Columns:
    import ibis

    told = rows.taken_from_day.notnull() | rows.taken_to_day.notnull()
    first = rows.taken_from_day.fill_null(rows.from_day)
    supplied = (rows.days_supply * 1000).fill_null(rows.quantity * 1000 // rows.daily_quantity.nullif(0))
    days = supplied * (1 + rows.refills.fill_null(0)) // 1000
    last = (first + days - 1).fill_null(rows.taken_to_day.cast("int64"))
    return {
        **_on(rows),
        "active": _flag(rows.status == "active"),
        "completed": _flag(rows.status == "completed"),
        "order": _flag(rows.intent.fill_null("order") == "order"),
        "ordered": _flag(rows.intent.fill_null("order").isin(ORDERS)),
        "referred_to": _flag(rows.by_reference == 1),
        "taken_from": ibis.ifelse(told, rows.taken_from_day.cast("int64").fill_null(FIRST), OPEN),
        "taken_to": ibis.ifelse(told, rows.taken_to_day.cast("int64").fill_null(OPEN), FIRST),
        # the period that the supply covers, by the rule of CumulativeMedicationDuration; none where it cannot be told
        "covered_from": ibis.ifelse(last.notnull(), first, OPEN),
        "covered_to": last.fill_null(FIRST),
    }


def _order_rows(then: Known) -> ir.Table:
    rows = then.versions(order_states(then.record))
    return rows.filter(rows.order_type != "medication")


def _orders(rows: ir.Table) -> Columns:
    return {
        **_on(rows),
        "placed": _flag(rows.status.isin(("ordered", "resulted", "reviewed"))),
        "order": _flag(rows.intent.fill_null("order") == "order"),
        "ordered": _flag(rows.intent.fill_null("order").isin(ORDERS)),
        "device": _flag(rows.order_type == "device"),
    }


def _allergies(rows: ir.Table) -> Columns:
    event = (rows.allergy_type == "adverse-event").fill_null(False)
    return {
        **_on(rows),
        "onset": rows.onset_day.fill_null(OPEN),
        "onset_end": rows.onset_end_day.fill_null(OPEN),
        "active": _flag(rows.status == "active"),
        "event": _flag(event),
        "allergy": _flag(~event),
    }


def _not_done(rows: ir.Table) -> Columns:
    return {
        **_told(rows),
        "issued": rows.issued_at.fill_null(OPEN),
        "issued_day": rows.issued_day.fill_null(OPEN),
        "completed": _flag(rows.status == "completed"),
        "cancelled": _flag(rows.status == "cancelled"),
        **{kind: _flag(rows.kind == kind) for kind in ("result", "prescription", "service", "device")},
    }


def _last_told(table: Table, number: str) -> Callable[[Known], ir.Table]:
    return lambda then: then.versions(states(then.record, table, "source", number))


KINDS = (
    Kind("visit", ENCOUNTER.name, "encounter_id", lambda t: t.versions(encounter_states(t.record)), _visits, "type"),
    Kind("condition", "problem", "condition_id", _problems, _conditions),
    Kind("result", "result", "result_id", _result_rows, _results, part="part_of"),
    Kind(
        "procedure", "clinical_procedure", "procedure_id", _last_told(CLINICAL_PROCEDURE, "procedure_id"), _procedures
    ),
    Kind(
        "prescription",
        "prescription",
        "prescription_id",
        lambda t: t.versions(prescription_states(t.record)),
        _prescriptions,
    ),
    Kind("order", "order", "order_id", _order_rows, _orders),
    Kind("allergy", "allergy", "allergy_id", _last_told(ALLERGY, "allergy_id"), _allergies),
    Kind("not_done", "not_done", "not_done_id", _last_told(NOT_DONE, "not_done_id"), _not_done),
)


# ---- the facts


def gather(record: Record, sets: Sequence[CodeSet], held: ValueSets, as_of: int = EVERYTHING) -> Facts:
    """The facts about everybody in the record, as known at `as_of`, that carry a code of any of the sets."""
    then = known(record, _everybody(record, as_of))
    then.keep("wanted", lambda then: _wanted(sets, held))
    then.keep("beside", _beside)
    columns: dict[str, Mapping[str, Ints]] = {}
    coded: dict[tuple[str, str, CodeSet], Ints] = {}
    numbers: dict[str, Any] = {}
    for kind in KINDS:
        columns[kind.name], numbers[kind.name], found = _of_kind(then, kind)
        coded |= {(kind.name, role, sets[number]): places for (role, number), places in found.items()}
    facts = replace(_people(then, columns, coded), numbers=numbers)
    then.forget()
    return facts


def _everybody(record: Record, as_of: int) -> ir.Table:
    import ibis

    people = record[PERSON].select("person_id").distinct()
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

    table = then.keep(kind.name, lambda then: _numbered(kind, kind.rows(then)))
    place, number, roles = _hits(then, kind, table)
    kept = np.unique(place[(roles == kind.role) | (roles == "whole")])
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


UNSEEN = ("number", "part", "own_system", "own_code")


def _numbered(kind: Kind, rows: ir.Table) -> ir.Table:
    """The rows in the order of people, each with its place in that order."""
    import ibis

    nothing = ibis.null("string")
    own = {"own_system": rows.code_system, "own_code": rows.code}
    return rows.select(
        who=rows.row_id,
        place=ibis.row_number().over(order_by=[rows.row_id, rows.known_at, rows[kind.number]]),
        number=rows[kind.number],
        part=rows[kind.part] if kind.part else nothing,
        **(own if kind.role == "code" else dict.fromkeys(own, nothing)),
        **kind.columns(rows),
    )


def _at(table: ir.Table, places: Ints) -> ir.Table:
    import ibis
    import pyarrow as pa

    wanted = ibis.memtable(pa.table({"place": pa.array(places, pa.int64())}))
    return table.semi_join(wanted, "place")


def _hits(then: Known, kind: Kind, table: ir.Table) -> tuple[Ints, Ints, Any]:
    """(place, set, role) of each wanted code: that of the row itself, and those told beside it."""
    import ibis
    import numpy as np

    wanted, beside = then.cut["wanted"], then.cut["beside"]
    beside = beside.filter(beside.about == kind.about)
    own = table.inner_join(wanted, [table.own_system == wanted.code_system, table.own_code == wanted.code])
    parts = [own.select("place", "set", role=ibis.literal(kind.role))]
    for column, told in (
        ("number", beside.filter(beside.role != "whole")),
        ("part", beside.filter(beside.role == "whole")),
    ):
        joined = table.inner_join(told, [table.who == told.row_id, table[column] == told.about_id])
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
            sex=_flag(everyone.sex == "female"),
            clinical_sex=_flag(everyone.clinical_sex == "female"),
        ).order_by("row_id")
    )
    women = {name: _ints(found, name) == 1 for name in ("sex", "clinical_sex")}
    return Facts(tuple(found.column("person_id").to_pylist()), _ints(found, "born"), women, columns, coded)


SCALE = 64  # seconds that count as the same time when the latest birth day told is sought


def _last(told: ir.Table, column: str) -> ir.StringValue:
    return told[column].argmax(told.known_at, where=told[column].notnull())


def _ints(table: Any, name: str) -> Ints:
    import numpy as np

    found: Ints = table.column(name).to_numpy().astype(np.int64)
    return found
