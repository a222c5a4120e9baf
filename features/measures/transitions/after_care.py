"""Visits and contacts after a discharge or an emergency: what claims, the clinical record and bookings tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.codes.systems import HCPCS
from features.measures import claims
from features.measures.rows import Ints
from features.measures.transitions.transition import Care, Opened, care
from features.record.known import Known, appointment_states, encounter_states

if TYPE_CHECKING:
    import ibis.expr.types as ir

TRANSITIONAL = "transitional_care"
IN_PERSON = ("office", "preventive", "home_visit", TRANSITIONAL)  # by video they are billed with the same numbers
BY_TELEPHONE = "telehealth"
OUTSIDE_HOSPITAL = ("outpatient", "home", "telehealth")
NEEDS = (("claim_line", "encounter", "appointment"),)


def visits(then: Known) -> Care:
    """Visits in person or by video: billed, recorded, or booked and kept."""
    return care(then, _attended(then, IN_PERSON).mutate(proves=0))


def contacts(then: Known) -> Care:
    """The same, and calls and messages. A bill for transitional care proves a first contact in time, since it may not
    be sent without (CPT 99495, 99496).
    """
    return care(then, _attended(then, (*IN_PERSON, BY_TELEPHONE)))


def _attended(then: Known, kinds: tuple[str, ...]) -> ir.Table:
    rows = then.keep("attended", _every_visit)
    return rows.filter(rows.kind.isnull() | rows.kind.isin(kinds)).drop("kind")


def _every_visit(then: Known) -> ir.Table:
    """Care of any kind, with the kind of visit where it was billed."""
    import ibis

    billed = claims.visits(then)
    billed = billed.filter(billed.code_system == claims.KIND_OF_VISIT, billed.code.isin((*IN_PERSON, BY_TELEPHONE)))
    recorded = then.versions(encounter_states(then.record))
    recorded = recorded.filter(recorded.encounter_type.isin(OUTSIDE_HOSPITAL), recorded.encounter_start_day.notnull())
    kept = then.versions(appointment_states(then.record))
    kept = kept.filter(kept.status == "kept")
    return ibis.union(
        _done(billed, billed.from_day, "claim_line", billed.claim_id, billed.code),
        _done(recorded, recorded.encounter_start_day, "encounter", recorded.encounter_id, ibis.null("string")),
        _done(kept, kept.appointment_day, "appointment", kept.appointment_id, ibis.null("string")),
    )


def _done(rows: ir.Table, day: ir.IntegerValue, table: str, number: ir.StringValue, kind: ir.StringValue) -> ir.Table:
    import ibis

    proves = kind.isin((TRANSITIONAL,)).fill_null(False).cast("int64")
    return rows.select(
        "row_id", day=day.cast("int64"), told=ibis.literal(table), number=number, kind=kind, proves=proves
    )


def billed_for(then: Known, numbers: tuple[str, ...]) -> ir.Table:
    """Services billed with one of some numbers, as care."""
    import ibis

    rows = claims.services(then)
    rows = rows.filter(rows.code_system == HCPCS.name, rows.code.isin(numbers))
    return _done(rows, rows.from_day, "claim_line", rows.claim_id, ibis.null("string")).drop("kind")


# ---- the next step, in words


def or_the_visit_booked(words: str) -> Any:
    """What closes a gap, and the next visit that is booked, where one is, even where that will be too late."""

    def closes(then: Known, gaps: Opened, due: Ints) -> Any:
        days = _next_booked(then)
        said = [words + _booking(days.get(who), last) for who, last in zip(gaps.who.tolist(), due, strict=True)]
        return np.array(said, dtype=object)

    return closes


def _booking(day: int | None, due: int) -> str:
    if day is None:
        return ""
    return f"; a visit is booked for {windows.spoken(day)}" + (", after it is due" if day > due else "")


def _next_booked(then: Known) -> dict[int, int]:
    rows = then.versions(appointment_states(then.record))
    rows = rows.filter(rows.status == "booked", rows.appointment_day >= rows.as_of_day)
    first = rows.group_by("row_id").aggregate(day=rows.appointment_day.min())
    found = then.record.con.to_pyarrow(first)
    return dict(zip(found["row_id"].to_pylist(), found["day"].to_pylist(), strict=True))
