"""Worklists for tests: a database with its tables, and people on the list who are invented here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert

from features import windows
from serving.database import METADATA, opened, writing
from serving.worklist import rules, store
from serving.worklist.store import Item, Move
from serving.worklist.tables import FILL, ITEM

TODAY = windows.parse_day("2024-12-31")  # a Tuesday; the day after is a federal holiday
ZONE = "America/New_York"
FACTS: Mapping[str, Any] = {
    "phone": "+1-555-010-0001",
    "language": "English",
    "interpreter": False,
    "best_time": "morning",
    "caregiver": "",
    "caregiver_phone": "",
    "doctor": "",
    "born": "",
    "reasons": [
        {"sentence": "In hospital for 8 days", "direction": "raises", "log_odds": 0.8, "actionable": False},
        {"sentence": "Has a visit booked", "direction": "lowers", "log_odds": -0.3, "actionable": True},
    ],
    "other_risks": [],
    "gaps": [],
    "pending": [],
    "appointments": [],
    "timeline": [],
    "stay": [],
    "warnings": [],
    "outside": "",
    "title": "Readmission within 30 days",
    "model_version": 1,
}
_tokens = count()


def fresh(folder: Path) -> Engine:
    """A new SQLite database with all tables."""
    engine = opened(f"sqlite:///{folder / 'worklist.db'}")
    METADATA.create_all(engine)  # what the migrations lead to, in a tenth of the time
    return engine


def filled_once(connection: Connection, day: int = TODAY) -> None:
    """Tell the page of a fill, so that it knows the zone."""
    connection.execute(insert(FILL).values(day=day, zone=ZONE, at=0, told="{}"))


def put(connection: Connection, **told: Any) -> int:
    """One person on the list; what is not told is taken to be ordinary. Gives the item's number."""
    number = next(_tokens)
    left = told.get("discharge_day", TODAY - 1)
    values: dict[str, Any] = {
        "version": 1,
        "state": "new",
        "person_id": f"p{number}",
        "stay_id": f"s{number}",
        "name": f"Person {number}",
        "practice": "River Street",
        "facility": "General Hospital",
        "whereabouts": "home",
        "tier": "high",
        "tier_order": 0,
        "risk": 0.5,
        "model": "readmission_30d",
        "discharge_day": left,
        "clock_day": left,
        "due_day": rules.due_day(left),
        "place": number,
        "why_now": "new on the list",
        "filled_day": TODAY,
        "attempts": 0,
        "open_gaps": 0,
        "pending_results": 0,
    } | told
    values["facts"] = json.dumps({**FACTS, **told.get("facts", {})})
    values["searched"] = f"{values['name']} {values['person_id']}".lower()
    made = connection.execute(insert(ITEM).values(**values).returning(ITEM.c.item_id)).scalar_one()
    return int(made)


def do(engine: Engine, item_id: int, move: Move, who: str = "ana", today: int = TODAY, version: int = 0) -> Item:
    """One action on the item as it now stands, or as it was at a version."""
    with writing(engine) as connection:
        version = version or store.item(connection, item_id).version
        return store.act(connection, item_id, version, move, who, f"token {next(_tokens)}", today)
