"""The kinds of event that a measure asks for, and who tells of each.

Each kind of event is told by a table of the clinical record, and most also by one of the claims (`claims`). Its
columns are whole numbers: days, seconds, flags (1 or 0) and places of people. What a source does not tell stands beyond
all days (`features.measures.rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.measures import claims
from features.measures.rows import FIRST, OPEN, UNKNOWN
from features.record.known import (
    Known,
    encounter_states,
    order_states,
    prescription_states,
    problem_states,
    result_states,
    states,
)
from features.record.schema import Table
from features.record.tables import ALLERGY, CLINICAL_PROCEDURE, CODING, NOT_DONE

if TYPE_CHECKING:
    import ibis.expr.types as ir

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
class Teller:
    """A table that tells of a kind of event: its rows, each with `row_id` (the person's place), what they are numbered
    by, and columns. `codes` says what the code of a row itself is to the measures; empty where it is nothing to them.
    Where `part` names a column, the codings of the whole are found by it. `fact` is what must be told of it, where a
    table that is there is not enough.
    """

    table: str
    number: str
    rows: Callable[[Known], ir.Table]
    columns: Callable[[ir.Table], Columns]
    codes: str = "code"
    part: str = ""
    fact: str = ""

    @property
    def needs(self) -> str:
        """The fact without which it tells nothing."""
        return self.fact or self.table


@dataclass(frozen=True)
class Kind:
    """One kind of event and who tells of it: the clinical record, whose codes also stand beside it, then the claims."""

    name: str
    tellers: tuple[Teller, ...]


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
    """Results that tell when they were taken, with the setting of their encounter. Those that no source numbers stand
    alone; of vital signs among them whose encounter is not told, `in_hospital` (1) says that the day was one there.
    """
    import ibis

    rows = then.versions(result_states(then.record))
    rows = rows.filter((rows.timing != "issued").fill_null(True))
    rows = rows.mutate(alone=rows.result_id.isnull() & rows.part_of.isnull())
    keys = ["row_id", "source", "encounter_id"]
    rows = rows.left_join(then.keep("settings", _settings), keys).drop(*(f"{name}_right" for name in keys))
    measured = rows.filter(rows.alone, rows.encounter_id.isnull(), rows.kind == "vital")
    measured = measured.select("row_id", "from_day").distinct()
    if not then.record.con.to_pyarrow(measured.limit(1)).num_rows:
        return rows.mutate(in_hospital=ibis.null("int64"))
    within = measured.inner_join(then.keep("hospital_days", claims.hospital_days), "row_id")
    within = within.filter(within.from_day >= within.first_day, within.from_day <= within.last_day)
    within = within.select("row_id", "from_day", in_hospital=ibis.literal(1, "int64")).distinct()
    return rows.left_join(within, ["row_id", "from_day"]).drop("row_id_right", "from_day_right")


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
        "acute": _flag(rows.class_code.upper().isin(ACUTE) | (rows.encounter_id.isnull() & rows.in_hospital.notnull())),
        "alone": _flag(rows.alone),
        "has_value": _flag((rows.has_value == 1).fill_null(rows.value.notnull())),
        "value": rows.value.fill_null(UNKNOWN),
        "quantity": _flag(rows.value.notnull() & rows.unit.notnull()),
        # values that stand alone belong together where they were taken at the same moment
        "part_of": ibis.dense_rank().over(
            order_by=[rows.row_id, rows.part_of, ibis.ifelse(rows.alone, rows.happened_from, None)]
        ),
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
    Kind(
        "visit",
        (
            Teller(
                "encounter",
                "encounter_id",
                lambda t: t.versions(encounter_states(t.record)),
                _visits,
                codes="",
                fact=CODING.name,  # its type stands there
            ),
            Teller("claim_line", "claim_id", claims.visits, claims.visit_columns, codes="type"),
        ),
    ),
    Kind(
        "condition",
        (
            Teller("problem", "condition_id", _problems, _conditions),
            Teller("diagnosis", "claim_id", claims.conditions, claims.condition_columns, fact=claims.ICD_10),
        ),
    ),
    Kind("result", (Teller("result", "result_id", _result_rows, _results, part="part_of"),)),
    Kind(
        "procedure",
        (
            Teller("clinical_procedure", "procedure_id", _last_told(CLINICAL_PROCEDURE, "procedure_id"), _procedures),
            Teller("procedure", "claim_id", claims.procedures, claims.procedure_columns),
            Teller("claim_line", "claim_id", claims.services, claims.procedure_columns),
        ),
    ),
    Kind(
        "prescription",
        (
            Teller(
                "prescription", "prescription_id", lambda t: t.versions(prescription_states(t.record)), _prescriptions
            ),
            Teller("dispensing", "claim_id", claims.fills, claims.fill_columns),
        ),
    ),
    Kind("order", (Teller("order", "order_id", _order_rows, _orders),)),
    Kind("allergy", (Teller("allergy", "allergy_id", _last_told(ALLERGY, "allergy_id"), _allergies),)),
    Kind("not_done", (Teller("not_done", "not_done_id", _last_told(NOT_DONE, "not_done_id"), _not_done),)),
)
