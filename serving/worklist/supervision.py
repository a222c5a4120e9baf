"""What a supervisor looks at: how much work each colleague has, how soon people are called and how many are reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from serving.worklist import store
from serving.worklist.accounts import accounts
from serving.worklist.states import TO_CALL, WORKING, State
from serving.worklist.store import Item

NOBODY = ""
LOOKED_AT_DAYS = 30


@dataclass(frozen=True)
class Workload:
    """One colleague's people. `days_to_contact` is the middle of the days from discharge to first contact; null where
    nobody was reached. `reached` of `tried`: those spoken to, of those called.
    `in_time`: first contact, or two tries, by the due day.
    """

    name: str
    full_name: str
    capacity: int
    open: int
    to_call: int
    overdue: int
    reached: int
    tried: int
    in_time: int
    days_to_contact: float | None


def workloads(connection: Connection, today: int) -> list[Workload]:
    """Everybody with an account or with people, and those people for whom nobody answers; by name, nobody last.

    Counts people discharged in the last 30 days, and whoever is still open.
    """
    names = {one.name: one for one in accounts(connection)}
    by_name: dict[str, list[Item]] = defaultdict(list)
    for one in store.items(connection, list(State)):
        if one.state in WORKING or today - one.discharge_day <= LOOKED_AT_DAYS:
            by_name[one.assigned_to or NOBODY].append(one)
    wanted = sorted({*names, *by_name} - {NOBODY}) + ([NOBODY] if by_name[NOBODY] else [])
    return [
        _workload(
            name,
            names[name].full_name if name in names else name,
            names[name].capacity if name in names else 0,
            by_name[name],
            today,
        )
        for name in wanted
    ]


def _workload(name: str, full_name: str, capacity: int, theirs: Iterable[Item], today: int) -> Workload:
    people = list(theirs)
    waits = [one for one in people if one.state in TO_CALL]
    tried = [one for one in people if one.attempts or one.reached_day is not None]
    reached = [one for one in people if one.reached_day is not None]
    took = sorted(one.reached_day - one.discharge_day for one in reached if one.reached_day is not None)
    met = [one for one in tried if one.contact_day is not None and one.contact_day <= (one.due_day or one.contact_day)]
    return Workload(
        name=name,
        full_name=full_name,
        capacity=capacity,
        open=sum(1 for one in people if one.state in WORKING),
        to_call=len(waits),
        overdue=sum(1 for one in waits if one.contact_day is None and (one.due_day or today) < today),
        reached=len(reached),
        tried=len(tried),
        in_time=len(met),
        days_to_contact=_middle(took),
    )


def _middle(values: list[int]) -> float | None:
    if not values:
        return None
    half = len(values) // 2
    return float(values[half]) if len(values) % 2 else (values[half - 1] + values[half]) / 2
