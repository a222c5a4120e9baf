"""Worklists for tests: a database with its tables, and people on the list who are invented here."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, insert
from starlette.applications import Starlette
from starlette.routing import Mount

from features import windows
from serving.database import METADATA, opened, writing
from serving.worklist import accounts, rules, store
from serving.worklist.app import worklist
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
    values["gap_titles"] = "".join(f"|{gap['title']}|" for gap in told.get("facts", {}).get("gaps", []))
    values["searched"] = f"{values['name']} {values['person_id']}".lower()
    made = connection.execute(insert(ITEM).values(**values).returning(ITEM.c.item_id)).scalar_one()
    return int(made)


def do(engine: Engine, item_id: int, move: Move, who: str = "ana", today: int = TODAY, version: int = 0) -> Item:
    """One action on the item as it now stands, or as it was at a version."""
    with writing(engine) as connection:
        version = version or store.item(connection, item_id).version
        return store.act(connection, item_id, version, move, who, f"token {next(_tokens)}", today)


# ---- the pages, without a browser

PASSWORD = "a long password"  # noqa: S105  # of accounts that are invented here


def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed with next to no work: a test's password needs no protection."""
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def application(engine: Engine) -> Starlette:
    """The pages where the service has them."""
    return Starlette(routes=[Mount("/worklist", worklist(lambda: engine))])


class Browser:
    """What a browser does without its screen: asks, sends forms, keeps cookies; follows no redirect by itself."""

    def __init__(self, engine: Engine, base: str = "http://testserver") -> None:
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(application(engine)), base_url=base)

    @property
    def cookies(self) -> httpx.Cookies:
        return self._client.cookies

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._client.request(method, path, **more))

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.request("GET", path, headers=headers)

    def post(self, path: str, data: Mapping[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        return self.request("POST", path, data=data, headers=headers)


def signed_in(engine: Engine, name: str) -> Browser:
    """A browser in which somebody with an account has signed in."""
    browser = Browser(engine)
    answer = browser.post("/worklist/sign-in", data={"name": name, "password": PASSWORD})
    assert answer.status_code == 303, answer.status_code
    return browser


def fields(page: str, form: str) -> dict[str, str]:
    """The hidden fields of the form with that address, as a browser would send them."""
    [found] = [part for part in page.split("<form")[1:] if f'action="{form}"' in part.split(">")[0]][:1]
    inputs = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", found.split("</form>")[0])
    told = [(re.search(r'name="([^"]*)"', one), re.search(r'value="([^"]*)"', one)) for one in inputs]
    return {name[1]: html.unescape(value[1]) for name, value in told if name and value}
