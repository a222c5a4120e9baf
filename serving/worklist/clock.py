"""Which day it is on the worklist, and how its days are said."""

from __future__ import annotations

import os

from sqlalchemy import Connection, select

from features import windows
from serving.worklist.tables import FILL

ZONE_UNTIL_FILLED = "UTC"


def zone(connection: Connection) -> str:
    """The network's zone, as the last fill told it."""
    return connection.execute(select(FILL.c.zone).order_by(FILL.c.fill_id.desc()).limit(1)).scalar() or (
        ZONE_UNTIL_FILLED
    )


def today(connection: Connection) -> int:
    """The day number of today in the network's zone; `AFTERWARD_TODAY` sets another, for a demonstration."""
    told = os.environ.get("AFTERWARD_TODAY", "")
    return windows.parse_day(told) if told else int(windows.local_day([windows.now()], zone(connection))[0])


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def short_day(day: int | None) -> str:
    """`Tue 31 Dec`; nothing for no day."""
    if day is None:
        return ""
    number, month, _ = windows.spoken(day).split()
    return f"{WEEKDAYS[int(windows.weekday(day))]} {number} {month[:3]}"


def from_today(day: int | None, now: int) -> str:
    """How far a day is from today, in words: 2 days overdue, today, tomorrow, in 3 days."""
    if day is None:
        return ""
    ahead = day - now
    if ahead < 0:
        return f"{-ahead} {'day' if ahead == -1 else 'days'} overdue"
    return {0: "today", 1: "tomorrow"}.get(ahead, f"in {ahead} days")


def clock_time(instant: int, zone_name: str) -> str:
    """`31 December 2024, 14:05` of the zone's clock."""
    day = int(windows.local_day([instant], zone_name)[0])
    return f"{windows.spoken(day)}, {windows.stamp(instant, zone_name)[11:16]}"
