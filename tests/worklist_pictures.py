"""Writes the pictures of docs/worklist.md: `python -m tests.worklist_pictures`, after `make demo`.

It takes a copy of the demo's database, so that nothing is changed by it, records a few calls, and looks at the pages
with Chromium. Everybody in the pictures is invented.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

from features import windows
from serving.database import opened, upgrade, writing
from serving.worklist import accounts, store
from serving.worklist.states import WORKING, Action
from serving.worklist.store import Move
from tests.browsers import browsing, serving, sign_in
from tests.worklists import PASSWORD, TODAY, do

INTO = Path(__file__).resolve().parent.parent / "docs" / "images"
SCREEN, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def main(database: Path) -> None:
    """The pictures of a worklist that `afterward worklist fill` filled."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "chromium is needed"
    os.environ["AFTERWARD_TODAY"] = windows.iso(TODAY)
    with TemporaryDirectory() as folder:
        engine = opened(f"sqlite:///{shutil.copy(database, folder)}")
        upgrade(engine)
        with writing(engine) as connection:
            accounts.add(connection, "maria", "Maria Lopez", ["care_manager", "supervisor"], (), 20, PASSWORD)
            accounts.add(connection, "sam", "Sam Field", ["care_manager"], ["River Street"], 20, PASSWORD)
            people = store.items(connection, WORKING)
        for number, one in enumerate(people[5:45]):
            do(engine, one.item_id, Move(Action.ASSIGN, to=("maria", "sam")[number % 2]), who="maria")
        for one in people[5:17]:
            do(engine, one.item_id, Move(Action.REACH, spoke_to="the person", steps=("medicines",)), who="maria")
        do(engine, people[0].item_id, Move(Action.ATTEMPT, "Rang twice; left word.", day=TODAY), who="maria")
        with serving(engine) as server, browsing(Path(chromium)) as browser:
            page = browser.new_page(viewport=SCREEN)  # type: ignore[arg-type]
            sign_in(page, server, "maria")
            _shot(page, "worklist")
            page.keyboard.press("c")
            page.wait_for_selector("#record")
            page.get_by_label("Reached, and a visit is booked").check()
            page.set_viewport_size({"width": 1280, "height": 1000})
            _shot(page, "worklist-person")
            page.set_viewport_size({"width": 1280, "height": 480})
            page.goto(f"{server.url}/supervisor")
            _shot(page, "worklist-supervisor")
            page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            page.goto(f"{server.url}/")
            _shot(page, "worklist-phone")
        engine.dispose()


def _shot(page: Page, name: str) -> None:
    page.screenshot(path=INTO / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo/afterward.db"))
