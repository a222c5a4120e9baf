"""A server of the worklist's pages and a real browser before it, for the tests that need both."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Engine

from tests.worklists import PASSWORD, application

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]


@dataclass
class Server:
    """The pages on a port of this machine. `restart` is what an administrator does in the middle of the day."""

    engine: Engine
    port: int
    running: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/worklist"

    def start(self) -> None:
        settings = uvicorn.Config(application(self.engine), "127.0.0.1", self.port, log_level="error", ws="none")
        self.running = uvicorn.Server(settings)
        threading.Thread(target=self.running.run, daemon=True).start()
        while not self.running.started:
            time.sleep(0.01)

    def stop(self) -> None:
        assert self.running is not None
        self.running.should_exit = True
        while self.running.servers and any(each.is_serving() for each in self.running.servers):
            time.sleep(0.01)

    def restart(self) -> None:
        self.stop()
        self.start()


@contextmanager
def serving(engine: Engine) -> Iterator[Server]:
    """A server of a database's worklist, for as long as it is needed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Server(engine, port)
    made.start()
    yield made
    made.stop()


@contextmanager
def browsing(chromium: Path) -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


def sign_in(page: Page, server: Server, name: str) -> None:
    """By keyboard alone: the name has the focus, Tab leads to the password, Enter sends."""
    page.goto(f"{server.url}/")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector('h1:has-text("Today\'s calls")')


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its own best practice: rule, and the elements."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {[node['html'][:160] for node in each['nodes'][:3]]}" for each in found]
