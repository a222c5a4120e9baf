"""`make bench-worklist`: the first page of 5,000 people, and 20 people who record calls at once, on SQLite.

Prints the time that a caller waits, in milliseconds, and the size of the page; checks nothing.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from sqlalchemy import Engine

from features import windows
from serving.database import opened, upgrade, writing
from serving.worklist import accounts
from tests.browsers import Server, serving
from tests.worklists import PASSWORD, TODAY, fields, filled_once, put, quick_hashes

PEOPLE, COLLEAGUES, PAGES, CALLS = 5_000, 20, 100, 20
SECONDS_BETWEEN_CALLS = 0.5  # of one colleague, on average: a hundred times faster than anybody telephones
REASONS = [
    {"sentence": f"{words}", "direction": "raises", "log_odds": 0.5, "actionable": True}
    for words in (
        "Sodium: lowest 132 mmol/L in the 365 days before discharge",
        "No visit booked within 30 days of discharge",
        "Last in hospital 17 days before admission",
        "Congestive heart failure: the last 27 days before admission",
    )
]
LINE = [{"day": TODAY - 9 * n, "to": None, "kind": "visit", "what": "Office visit"} for n in range(1, 30)]


def main(people: int) -> None:
    """Measure on a new database in a folder of its own."""
    rng = random.Random(1)  # noqa: S311  # no secret
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        quick_hashes(patch)
        patch.setenv("AFTERWARD_TODAY", windows.iso(TODAY))
        engine = opened(f"sqlite:///{Path(folder) / 'worklist.db'}")
        upgrade(engine)
        _filled(engine, people, rng)
        with serving(engine) as server:
            page, size = _first_pages(server)
            print(f"first page of {people:,} people: {_told(page)}, {size / 1000:.0f} KB")  # noqa: T201
            print(f"a person's page: {_told(_person_pages(server, people, rng))}")  # noqa: T201
            acts = _calls(server, people)
            print(f"a call recorded, {COLLEAGUES} at once, {len(acts)} calls: {_told(acts)}")  # noqa: T201
        engine.dispose()


def _filled(engine: Engine, people: int, rng: random.Random) -> None:
    with writing(engine) as connection:
        filled_once(connection)
        for number in range(COLLEAGUES):
            accounts.add(
                connection, f"w{number}", f"Colleague {number}", ["care_manager", "supervisor"], (), 25, PASSWORD
            )
        for place in range(1, people + 1):
            left = TODAY - rng.randint(1, 14)
            put(
                connection,
                place=place,
                discharge_day=left,
                practice=f"Practice {place % 60}",
                facility=f"Hospital {place % 12}",
                tier=("high", "medium", "low")[min(2, place * 4 // people)],
                why_now="2 before them are settled, 1 new before them",
                facts={"reasons": REASONS, "timeline": LINE},
            )


def _client(server: Server, name: str) -> httpx.Client:
    client = httpx.Client(base_url=server.url.removesuffix("/worklist"))
    client.post("/worklist/sign-in", data={"name": name, "password": PASSWORD})
    return client


def _timed(ask: Callable[[], httpx.Response]) -> tuple[float, httpx.Response]:
    began = time.perf_counter()
    answer = ask()
    return (time.perf_counter() - began) * 1000, answer


def _first_pages(server: Server) -> tuple[list[float], int]:
    client = _client(server, "w0")
    found = [_timed(lambda: client.get("/worklist/")) for _ in range(PAGES)]
    assert all(answer.status_code == 200 for _, answer in found)
    return [took for took, _ in found], len(found[0][1].content)


def _person_pages(server: Server, people: int, rng: random.Random) -> list[float]:
    client = _client(server, "w0")
    return [_timed(lambda: client.get(f"/worklist/people/{rng.randint(1, people)}"))[0] for _ in range(PAGES)]


def _calls(server: Server, people: int) -> list[float]:
    took: list[float] = []

    def work(number: int) -> None:
        client, rng = _client(server, f"w{number}"), random.Random(number)  # noqa: S311  # no secret
        csrf = fields(client.get("/worklist/").text, "/worklist/sign-out")["csrf"]
        for call in range(CALLS):
            time.sleep(rng.uniform(0, 2 * SECONDS_BETWEEN_CALLS))
            item = 1 + (number * CALLS + call) % people
            told = {"csrf": csrf, "token": f"bench {number} {call} calls", "version": "1", "action": "reach"}
            spent, answer = _timed(lambda: client.post(f"/worklist/people/{item}", data=told))  # noqa: B023
            assert answer.status_code == 303, answer.status_code
            took.append(spent)

    at_once = [threading.Thread(target=work, args=(number,)) for number in range(COLLEAGUES)]
    for each in at_once:
        each.start()
    for each in at_once:
        each.join()
    return took


def _told(took: list[float]) -> str:
    ordered = sorted(took)
    middle, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return f"p50 {middle:.0f} ms, p95 {high:.0f} ms"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
