"""Death within 30 days of discharge, whatever its cause. For comparing hospitals; no model foretells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.definitions.outcomes.outcome import Outcome
from features.record.record import Record
from features.windows import OutcomeWindow

if TYPE_CHECKING:
    import ibis.expr.types as ir


def _nothing_but_death(record: Record, given: ir.Table) -> ir.Table:
    del record
    none = given.filter(given.row_id < 0)
    return none.select("row_id", event_day=none.discharge_day, event_known=none.discharge_day)


def death_in_words(record: Record, given: ir.Table, event_day: int) -> str:
    """There is one thing that counts."""
    del record, given, event_day
    return "death"


DEATH_30D = Outcome(
    "death_30d",
    "death 0 to 30 days after discharge, of whatever cause; CMS counts from admission, deaths in the stay included",
    OutcomeWindow(0, 30),
    _nothing_but_death,
    death_in_words,
    by_claims=False,
    death_counts=True,
    needs=("death",),
)
