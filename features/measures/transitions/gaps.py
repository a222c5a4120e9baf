"""Who has which transition gap, as of a day, on what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from features.measures.evaluable import MANY, nobody_closed
from features.measures.rows import Bools, Ints
from features.measures.status import CLOSED, EXCLUDED, NOT_APPLICABLE, OPEN_GAP, flat
from features.measures.transitions.transition import LATE, Care, Opened, Transition, first_care
from features.record.known import Known
from features.record.record import Record, lacked

if TYPE_CHECKING:
    import pyarrow as pa


def untold(transition: Transition, record: Record) -> str:
    """What no source of the store tells and the measure cannot do without; empty where all is told."""
    absent = [" or ".join(group) for group in transition.needs if len(lacked(group, record.lacks)) == len(group)]
    return f"is not evaluable: no source of the store tells {', '.join(absent)}" if absent else ""


def table(each: Transition, then: Known, people: Sequence[str], as_of_day: int, gone: Bools) -> pa.Table | str:
    """A row a person, in the order of their places; or why there are none. The dead (`gone`) have no gaps."""
    opened, done = each.opens(then), each.care(then)
    gaps = opened.where((each.until(opened.day) >= as_of_day) & (opened.day <= as_of_day) & ~gone[opened.who])
    if len(gaps.who) >= MANY and not len(done.who):
        return nobody_closed(len(gaps.who), "at any time")
    return flat(each.name, people, as_of_day, _columns(each, then, gaps, done, len(people), as_of_day))


def _columns(each: Transition, then: Known, gaps: Opened, done: Care, people: int, as_of_day: int) -> dict[str, Any]:
    due = each.due(gaps.day)
    there, found = first_care(gaps, done, each.first, np.full(len(gaps.who), as_of_day))
    status, why = status_of(gaps, done, there, found, due)
    still = np.isin(status, OPEN_GAP)
    texts = {name: np.full(people, None, dtype=object) for name in ("evidence_table", "evidence_id", "closes")}
    columns: dict[str, Any] = {
        "status": np.full(people, NOT_APPLICABLE, dtype=object),
        "why": np.full(people, "", dtype=object),
        **{name: np.zeros(people, dtype=np.int64) for name in ("evidence_date", "open_since", "due")},
        **texts,
    }
    columns["status"][gaps.who], columns["why"][gaps.who] = status, why
    columns["open_since"][gaps.who], columns["due"][gaps.who] = gaps.day, due
    columns["closes"][gaps.who[still]] = each.closes(then, gaps.where(still), due[still])
    who, where = gaps.who[found], there[found]
    columns["evidence_table"][who], columns["evidence_id"][who] = done.table[where], done.number[where]
    columns["evidence_date"][who] = done.day[where]
    return columns


def status_of(gaps: Opened, done: Care, there: Ints, found: Bools, due: Ints) -> tuple[Any, Any]:
    """The status of each gap and why. What was done after it was due closes it late."""
    status = np.full(len(gaps.who), OPEN_GAP, dtype=object)
    why = np.full(len(gaps.who), "", dtype=object)
    status[found] = CLOSED
    late = found.copy()
    late[found] = (done.day[there[found]] > due[found]) & ~done.proves[there[found]]
    why[late] = LATE
    spared = gaps.why != ""
    status[spared], why[spared] = EXCLUDED, gaps.why[spared]
    return status, why
