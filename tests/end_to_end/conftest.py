"""What the tests of the service share: the routes behind the guard in this process, with a champion of no training."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import serving.fhir.app
import serving.routes
from serving.answer import Answers
from serving.auth import Guard
from serving.database import current
from serving.kept import Home, home_of
from serving.logs import Logged
from serving.settings import settings
from serving.watch import Watch
from tests.champions import longer_is_riskier

KEY = "a-key-for-the-tests"
WITH_KEY = {"Authorization": f"Bearer {KEY}"}


@dataclass(frozen=True)
class Client:
    """Asks an application of this process."""

    app: Any

    def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, **given)

        return asyncio.run(sent())

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.send("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.send("POST", path, **given)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Where the scores of these tests are kept."""
    folder = tmp_path_factory.mktemp("kept")
    made = home_of(f"sqlite:///{folder / 'afterward.db'}", folder / "rows")
    yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def answers(simulated_store: Path, home: Home) -> Answers:
    """With a champion that takes no training."""
    champion = longer_is_riskier()
    return Answers(simulated_store, Watch(lambda _: champion), lambda: home)


@pytest.fixture
def client(answers: Answers, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """All our routes behind the guard."""
    monkeypatch.setenv("AFTERWARD_API_KEY", KEY)
    monkeypatch.setenv("AFTERWARD_STORE", str(answers.store))
    monkeypatch.setenv("AFTERWARD_DATABASE_URL", home.engine.url.render_as_string(hide_password=False))
    for cached in (settings, current):
        cached.cache_clear()
    monkeypatch.setattr(serving.routes, "answers", lambda: answers)
    yield Client(
        Logged(Guard(Starlette(routes=[Mount("/v1", serving.routes.app), Mount("/fhir", serving.fhir.app.app)])))
    )
    current().dispose()
    for cached in (settings, current):
        cached.cache_clear()


@pytest.fixture(scope="session")
def someone(answers: Answers) -> tuple[str, str]:
    """A person and their latest index stay."""
    from features.definitions.cohort import prediction_cohort
    from features.record.record import open_record

    rows = prediction_cohort(open_record(answers.store)).rows
    last = rows.sort_values(["as_of", "stay_id"]).iloc[-1]
    return str(last.person_id), str(last.stay_id)
