"""Who cannot be called now, as known at an instant: people in hospital, and people who have died."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.places import EXPIRED
from features.definitions.stays import stay_versions
from features.record.record import Record
from features.record.tables import DEATH

if TYPE_CHECKING:
    import ibis.expr.types as ir


def in_hospital(record: Record, instant: int) -> frozenset[str]:
    """People whose stay was known at the instant and not over: no discharge was known, or it lay ahead."""
    now = _valid(record, instant)
    within = (now.over == 0) | (now.discharged_at > instant).fill_null(False)
    return _people(record, now.filter(within, now.admitted_at <= instant))


def dead(record: Record, instant: int) -> frozenset[str]:
    """People whose death was known at the instant, by a death notice or by how a stay ended (20, 40-42)."""
    died = record[DEATH].filter(record[DEATH].known_at <= instant)
    now = _valid(record, instant)
    expired = now.filter(now.discharge_disposition_code.isin(EXPIRED))
    return _people(record, died) | _people(record, expired)


def _valid(record: Record, instant: int) -> ir.Table:
    versions = stay_versions(record)
    return versions.filter(versions.known_from <= instant, versions.known_until > instant)


def _people(record: Record, rows: ir.Table) -> frozenset[str]:
    return frozenset(record.con.to_pyarrow(rows.select("person_id").distinct())["person_id"].to_pylist())
