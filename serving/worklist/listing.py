"""What a list page shows: who of those a colleague may see, by which filters, in which order, fifty at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, true

from serving.worklist import store
from serving.worklist.accounts import SUPERVISOR, Account
from serving.worklist.states import FINISHED, TO_CALL, WORKING, State
from serving.worklist.store import COLUMNS, Item
from serving.worklist.tables import EVENT, ITEM

PAGE = 50
SORTS: Mapping[str, tuple[str, tuple[ColumnElement[Any], ...]]] = {
    "order": ("Order of the morning", (ITEM.c.place,)),
    "due": ("Due first", (ITEM.c.due_day.is_(None), ITEM.c.due_day, ITEM.c.place)),
    "discharge": ("Left hospital last", (ITEM.c.discharge_day.desc(), ITEM.c.place)),
    "name": ("Name", (ITEM.c.name, ITEM.c.place)),
}
SHOWS = {
    "today": "To call today",
    "due": "Due today",
    "overdue": "Overdue",
    "later": "Later",
    "open": "All open",
    "finished": "Finished",
}


@dataclass(frozen=True)
class Wanted:
    """The filters of a list, as they stand in its address; empty is no filter."""

    show: str = "today"
    practice: str = ""
    facility: str = ""
    tier: str = ""
    status: str = ""
    gap: str = ""
    q: str = ""
    sort: str = "order"
    page: int = 1

    def address(self, **changed: str | int) -> dict[str, str]:
        """The parts of the address that say something else than what is said without them."""
        told = {**vars(self), **changed}
        return {each.name: str(told[each.name]) for each in fields(self) if told[each.name] != each.default}


def wanted(told: Mapping[str, str]) -> Wanted:
    """The filters of an address; what makes no sense is left out, as a link from yesterday may have it."""
    given = {each.name: told.get(each.name, "").strip() for each in fields(Wanted) if each.name != "page"}
    page = told.get("page", "")
    show = given["show"] if given["show"] in SHOWS else "today"
    sort = given["sort"] if given["sort"] in SORTS else "order"
    number = int(page) if page.isdecimal() and 1 <= int(page) <= 10_000 else 1
    return Wanted(**{**given, "show": show, "sort": sort}, page=number)


@dataclass(frozen=True)
class Listed:
    """One page: the items, how many there are in all, and how many stand before this page."""

    items: tuple[Item, ...]
    found: int
    before: int

    @property
    def pages(self) -> int:
        """How many pages there are, one at least."""
        return max(1, -(-self.found // PAGE))


@dataclass(frozen=True)
class Counts:
    """How the day stands for a colleague: people to call, of them due today and overdue, and calls made today."""

    to_call: int
    due: int
    overdue: int
    made: int


@dataclass(frozen=True)
class Choices:
    """What the filters offer."""

    practices: tuple[str, ...]
    facilities: tuple[str, ...]
    gaps: tuple[str, ...]
    tiers: tuple[str, ...] = field(default=("high", "medium", "low"))


def seen_by(who: Account) -> ColumnElement[bool]:
    """The people that a colleague may see: those of their panels, and those who are assigned to them. A supervisor sees
    everybody: a person of no practice must be on somebody's list.
    """
    if SUPERVISOR in who.roles:
        return true()
    return or_(ITEM.c.practice.in_(who.panels), ITEM.c.assigned_to == who.name)


def may_see(who: Account, one: Item) -> bool:
    """The same for one item."""
    return SUPERVISOR in who.roles or one.practice in who.panels or one.assigned_to == who.name


def _mine(who: Account) -> ColumnElement[bool]:
    """Whom a care manager has to call: nobody else's people. A supervisor looks at all of them."""
    if SUPERVISOR in who.roles:
        return seen_by(who)
    return and_(seen_by(who), or_(ITEM.c.assigned_to.is_(None), ITEM.c.assigned_to == who.name))


def _in(*states: State) -> ColumnElement[bool]:
    return ITEM.c.state.in_([state.value for state in states])


def _now(today: int) -> ColumnElement[bool]:
    return and_(_in(*TO_CALL), or_(ITEM.c.next_day.is_(None), ITEM.c.next_day <= today))


def _overdue(today: int) -> ColumnElement[bool]:
    return and_(_in(*TO_CALL), ITEM.c.contact_day.is_(None), ITEM.c.due_day < today)


def _due(today: int) -> ColumnElement[bool]:
    return and_(_in(*TO_CALL), ITEM.c.contact_day.is_(None), ITEM.c.due_day == today)


def _shown(show: str, who: Account, today: int) -> ColumnElement[bool]:
    return {
        "today": and_(_now(today), _mine(who)),
        "due": and_(_due(today), seen_by(who)),
        "overdue": and_(_overdue(today), seen_by(who)),
        "later": and_(_in(*WORKING), ITEM.c.next_day > today, seen_by(who)),
        "open": and_(_in(*WORKING), seen_by(who)),
        "finished": and_(_in(*FINISHED), seen_by(who)),
    }[show]


def condition(asked: Wanted, who: Account, today: int) -> ColumnElement[bool]:
    """The condition of a list's filters."""
    parts = [_shown(asked.show, who, today)]
    for name in ("practice", "facility", "tier"):
        value = getattr(asked, name)
        if value:
            parts.append(ITEM.c[name] == value)
    if asked.status:
        parts.append(ITEM.c.state == asked.status)
    if asked.gap:
        parts.append(ITEM.c.gap_titles.contains(f"|{asked.gap}|", autoescape=True))
    parts += [ITEM.c.searched.contains(word, autoescape=True) for word in asked.q.lower().split()]
    return and_(*parts)


def listed(connection: Connection, asked: Wanted, who: Account, today: int) -> Listed:
    """One page of the list."""
    holds = condition(asked, who, today)
    found = int(connection.execute(select(func.count()).select_from(ITEM).where(holds)).scalar_one())
    page = min(asked.page, max(1, -(-found // PAGE)))
    order = (*SORTS[asked.sort][1], ITEM.c.item_id)
    numbers = select(ITEM.c.item_id).where(holds).order_by(*order).limit(PAGE).offset((page - 1) * PAGE)
    wanted_now = list(connection.execute(numbers).scalars())
    rows = connection.execute(select(*COLUMNS).where(ITEM.c.item_id.in_(wanted_now))).mappings()
    by_number = {row["item_id"]: store.item_of(row) for row in rows}
    return Listed(tuple(by_number[number] for number in wanted_now), found, (page - 1) * PAGE)


def every(connection: Connection, asked: Wanted, who: Account, today: int) -> list[Item]:
    """All items of the list, for an export."""
    order = (*SORTS[asked.sort][1], ITEM.c.item_id)
    rows = connection.execute(select(*COLUMNS).where(condition(asked, who, today)).order_by(*order)).mappings()
    return [store.item_of(row) for row in rows]


def counts(connection: Connection, who: Account, today: int) -> Counts:
    """How the day stands."""

    def count(holds: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(case((holds, 1), else_=0)), 0)

    row = connection.execute(
        select(
            count(and_(_now(today), _mine(who))),
            count(and_(_due(today), seen_by(who))),
            count(and_(_overdue(today), seen_by(who))),
        ).where(_in(*TO_CALL))
    ).one()
    calls = ("attempt", "reach", "decline", "schedule")
    made = select(func.count()).select_from(EVENT)
    made = made.where(EVENT.c.who == who.name, EVENT.c.day == today, EVENT.c.action.in_(calls))
    return Counts(int(row[0]), int(row[1]), int(row[2]), int(connection.execute(made).scalar_one()))


def choices(connection: Connection, who: Account) -> Choices:
    """What the filters offer: of the people whom a colleague sees and whose work is open."""
    holds = and_(_in(*WORKING), seen_by(who))

    def values(name: str) -> list[str]:
        return [str(v) for v in connection.execute(select(ITEM.c[name]).where(holds).distinct()).scalars() if v]

    some = select(ITEM.c.gap_titles).where(holds, ITEM.c.open_gaps > 0).distinct()
    gaps = {title for titles in connection.execute(some).scalars() for title in titles.strip("|").split("||")}
    return Choices(tuple(sorted(values("practice"))), tuple(sorted(values("facility"))), tuple(sorted(gaps)))
