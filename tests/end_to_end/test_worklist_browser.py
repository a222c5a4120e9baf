"""A day's work on the worklist in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import delete, select

from features import windows
from serving.database import writing
from serving.worklist import accounts, store
from serving.worklist.states import State
from serving.worklist.tables import EVENT, ITEM, SESSION
from tests.browsers import Server, browsing, serving, sign_in, violations
from tests.worklists import PASSWORD, TODAY, filled_once, fresh, put

pytestmark = pytest.mark.slow
GAP = {"gaps": [{"title": "Visit within 7 days of discharge", "due": TODAY, "closes": "a visit"}]}
TOLD = {
    "pending": [{"what": "blood culture", "owner": "", "standing": "still to come"}],
    "timeline": [{"day": TODAY - 9, "to": TODAY - 1, "kind": "stay", "what": "In hospital, General Hospital"}],
    "stay": [["Discharged", "30 December 2024, after 8 nights"]],
}


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with browsing(chromium) as made:
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    engine = fresh(tmp_path_factory.mktemp("worklist"))
    with writing(engine) as connection:
        filled_once(connection)
        accounts.add(connection, "ana", "Ana Brook", ["care_manager"], ["River Street"], 20, PASSWORD)
        accounts.add(connection, "sam", "Sam Field", ["care_manager", "supervisor"], (), 20, PASSWORD)
    with serving(engine) as made:
        yield made
    engine.dispose()


@pytest.fixture
def people(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A small day: three people to call, fresh for each test."""
    monkeypatch.setenv("AFTERWARD_TODAY", windows.iso(TODAY))
    with writing(server.engine) as connection:
        for table in (EVENT, ITEM):
            connection.execute(delete(table))
        return [
            put(connection, name="Ada First", place=1, facts={**GAP, **TOLD}, open_gaps=1, pending_results=1),
            put(connection, name="Bo Second", place=2, whereabouts="skilled nursing", clock_day=None, due_day=None),
            put(connection, name="Cy Third", place=3, tier="low", tier_order=2),
        ]


@pytest.fixture
def page(browser: Browser, people: list[int]) -> Iterator[Page]:
    """A page that fails its test where the browser complains or asks elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    made = context.new_page()
    made.set_default_timeout(15_000)
    complaints: list[str] = []
    made.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    made.on("pageerror", lambda fault: complaints.append(str(fault)))
    made.on("request", lambda asked: complaints.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
    yield made
    context.close()
    assert [one for one in complaints if "status of 4" not in one] == []


def _record(page: Page, choice: str, note: str) -> None:
    page.get_by_label(choice, exact=True).check()
    page.get_by_label("Note", exact=True).fill(note)
    page.get_by_role("button", name="Save").click()


def _press(page: Page, key: str) -> None:
    """A key, once the page has the script that listens."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)


def test_a_small_day_is_worked_to_its_end_though_the_server_is_restarted_in_its_middle(
    server: Server, page: Page, people: list[int]
) -> None:
    sign_in(page, server, "ana")
    _press(page, "c")  # the first call
    page.get_by_role("heading", name="Ada First").wait_for()
    assert page.get_by_label("Day of the visit").is_hidden(), "only what the choice needs is asked"
    page.get_by_label("Reached, and a visit is booked").check()
    page.get_by_label("Day of the visit").fill("2025-01-03")
    page.get_by_label("Every medicine gone through", exact=False).check()
    page.get_by_label("Note", exact=True).fill("Is well.")
    server.restart()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved: Ada First, scheduled.").wait_for()
    _press(page, "c")
    page.get_by_role("heading", name="Bo Second").wait_for()
    _record(page, "No answer", "")
    page.get_by_text("Saved: Bo Second, attempted.").wait_for()
    _press(page, "c")
    _record(page, "Reached", "Spoke with the nurse.")
    page.get_by_text("Saved: Bo Second, reached.").wait_for()
    _press(page, "j")
    _press(page, "Enter")  # the row, not the button
    page.get_by_role("heading", name="Cy Third").wait_for()
    _record(page, "Reached, does not want this", "")
    page.get_by_text("That is everybody for today.").wait_for()
    with server.engine.connect() as connection:
        found = [store.item(connection, number) for number in people]
        notes = connection.execute(select(EVENT.c.note).order_by(EVENT.c.event_id)).scalars().all()
    assert [one.state for one in found] == [State.SCHEDULED, State.REACHED, State.DECLINED]
    assert notes == ["Is well.", "", "Spoke with the nurse.", ""]


def test_two_people_on_one_row_hear_of_each_other_and_lose_nothing(
    server: Server, page: Page, browser: Browser, people: list[int]
) -> None:
    sign_in(page, server, "sam")
    other = browser.new_context().new_page()
    sign_in(other, server, "ana")
    for each in (page, other):
        each.goto(f"{server.url}/people/{people[0]}")
    _record(other, "No answer", "left word")
    other.get_by_text("Saved: Ada First, attempted.").wait_for()
    _record(page, "Reached", "she called back")
    page.get_by_role("alert").get_by_text("Ana Brook recorded a call without an answer").wait_for()
    assert page.get_by_label("Note", exact=True).input_value() == "she called back"
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved: Ada First, reached.").wait_for()
    other.context.close()
    with server.engine.connect() as connection:
        assert [event.who for event in store.events(connection, [people[0]])] == ["sam", "ana"]


def test_a_note_outlives_a_session_that_ends_while_it_is_written(server: Server, page: Page, people: list[int]) -> None:
    sign_in(page, server, "ana")
    page.goto(f"{server.url}/people/{people[0]}")
    page.get_by_label("Reached", exact=True).check()
    page.get_by_label("Note", exact=True).fill("A long note,\nof two lines.")
    with writing(server.engine) as connection:
        connection.execute(delete(SESSION))
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").get_by_text("Nothing is lost").wait_for()
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").get_by_text("It is not saved yet").wait_for()
    assert page.get_by_label("Note", exact=True).input_value() == "A long note,\nof two lines."
    assert page.get_by_label("Reached", exact=True).is_checked()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved: Ada First, reached.").wait_for()


def test_the_search_narrows_the_list_while_one_types_and_the_address_follows(server: Server, page: Page) -> None:
    sign_in(page, server, "ana")
    _press(page, "/")
    page.keyboard.type("third")
    page.get_by_text("1 person: to call today").wait_for()
    assert page.locator(".people .person a").all_inner_texts() == ["Cy Third"]
    assert "q=third" in page.url
    page.get_by_label("Search").fill("")
    page.get_by_text("3 people: to call today").wait_for()


@pytest.mark.parametrize("size", [(1280, 860), (320, 640)], ids=["screen", "phone, or 400 % zoom"])
def test_axe_finds_nothing_on_any_page_and_nothing_runs_off_it(
    server: Server, page: Page, people: list[int], size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    pages = [
        "/",
        f"/people/{people[0]}",
        f"/people/{people[1]}",
        f"/people/{people[0]}/sheet",
        "/supervisor",
        "/people/0",
    ]
    found = {}
    page.goto(f"{server.url}/sign-in")
    found["sign in"] = violations(page)
    sign_in(page, server, "sam")
    for path in pages if size[0] > 320 else [*pages[:2], "/supervisor"]:
        page.goto(f"{server.url}{path}")
        found[path] = violations(page)
        wide, inside = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= inside, f"{path} must be scrolled sideways"
    assert {path: faults for path, faults in found.items() if faults} == {}
