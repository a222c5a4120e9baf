"""Who cannot be called now, as known at an instant: people in hospital, and people who have died."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.places import EXPIRED
from features.definitions.stays import other_stays, stay_versions
from features.record.known import with_claim_versions
from features.record.record import Record
from features.record.tables import CLAIM_LINE, DEATH

if TYPE_CHECKING:
    import ibis.expr.types as ir


def in_hospital(record: Record, instant: int) -> frozenset[str]:
    """People whose stay was known at the instant and not over: no discharge was known, or it lay ahead."""
    now = _valid(record, instant)
    within = (now.over == 0) | (now.discharged_at > instant).fill_null(False)
    return _people(record, now.filter(within, now.admitted_at <= instant))


def dead(record: Record, instant: int) -> frozenset[str]:
    """People whose death was known at the instant, by a death notice or by how a stay or a bill ended (20, 40-42)."""
    died = record[DEATH].filter(record[DEATH].known_at <= instant)
    ended = (_valid(record, instant), _at(other_stays(record), instant))
    expired = [now.filter(now.discharge_disposition_code.isin(EXPIRED)) for now in ended]
    told = (died, *expired, _at(expired_bills(record), instant))
    return frozenset().union(*(_people(record, rows) for rows in told))


def expired_bills(record: Record) -> ir.Table:
    """Bills of any setting with a patient status that says died: person_id, known_from, known_until, died_day (its
    discharge, else its last day).
    """
    import ibis

    lines = with_claim_versions(record, CLAIM_LINE)
    told = lines.filter(lines.discharge_disposition_code.isin(EXPIRED))
    day = ibis.coalesce(told.discharge_day, told.to_day).cast("int32")
    return told.select("person_id", "known_from", "known_until", died_day=day).distinct()


def _valid(record: Record, instant: int) -> ir.Table:
    return _at(stay_versions(record), instant)


def _at(versions: ir.Table, instant: int) -> ir.Table:
    return versions.filter(versions.known_from <= instant, versions.known_until > instant)


def _people(record: Record, rows: ir.Table) -> frozenset[str]:
    return frozenset(record.con.to_pyarrow(rows.select("person_id").distinct())["person_id"].to_pylist())
