"""The worklist by its commands, as whoever runs it types them, on a simulated network; and a very long list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select

import afterward
from features import windows
from features.definitions.stays import stay_versions
from features.errors import BadInput
from features.record.record import open_record
from serving.database import current, writing
from serving.kept import KEPT_SCORE, home
from serving.outreach import outreach_list
from serving.worklist import accounts, morning, store
from serving.worklist.states import WORKING, Action, State
from serving.worklist.store import Move
from tests.champions import longer_is_riskier
from tests.worklists import PASSWORD, TODAY, do, filled_once, fresh, put, quick_hashes, signed_in


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of this test's own, as the environment names it."""
    monkeypatch.setenv("AFTERWARD_DATABASE_URL", f"sqlite:///{tmp_path / 'afterward.db'}")
    monkeypatch.setenv("AFTERWARD_TODAY", windows.iso(TODAY))
    monkeypatch.setenv("AFTERWARD_KEPT", str(tmp_path / "kept"))
    for once in (current, home):
        once.cache_clear()
    yield
    current().dispose()
    for once in (current, home):
        once.cache_clear()


def _worklist(*words: str | Path) -> str:
    done = CliRunner().invoke(afterward.cli, ["worklist", *map(str, words)], catch_exceptions=False)
    return done.output


@pytest.mark.slow
def test_two_mornings_of_a_network_are_filled_and_the_calls_given_back(
    database: None, simulated_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = longer_is_riskier()
    monkeypatch.setattr(morning, "named", lambda models: (champion,))
    record = open_record(simulated_store)
    days = record.con.to_pyarrow(stay_versions(record).discharge_day).drop_null().to_pylist()
    last = max(days)
    monkeypatch.setenv("AFTERWARD_TODAY", windows.iso(last))

    def fill(day: int) -> list[str]:
        return _worklist("fill", "--store", simulated_store, "--day", windows.iso(day), "--back", "14").splitlines()

    assert fill(last - 1)[0] == f"Worklist of {windows.spoken(last - 1)}, by readmission_30d"
    said = fill(last)[1]
    with current().connect() as connection:
        on_it = store.items(connection, WORKING)
        kept = connection.execute(select(KEPT_SCORE.c.stay_id)).scalars().all()
    assert f"{len(on_it)} on the list" in said
    listed = outreach_list(record, champion, last - 13, last, 1_000).entries
    risks = {one.stay_id: one.risk for one in on_it}
    assert {entry.stay_id: entry.risk for entry in listed}.items() <= risks.items()
    assert [one.place for one in on_it] == list(range(1, len(on_it) + 1))
    assert len({one.person_id for one in on_it}) == len(on_it) > 3
    assert {stay for stay, risk in risks.items() if risk is not None} <= set(kept), "every score that was given is kept"
    assert fill(last)[1].startswith("0 new")
    do(current(), on_it[0].item_id, Move(Action.REACH, spoke_to="the person"), today=last)
    calls = _worklist("contacts", "--day", windows.iso(last), "--out", tmp_path / "calls.csv")
    assert calls.startswith("1 contacts")
    assert _worklist("digest", "--out", tmp_path / "digests").startswith(f"{len({one.practice for one in on_it})} ")


@pytest.mark.slow
def test_accounts_are_made_renewed_and_switched_off_and_tasks_go_out_and_come_back(
    database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_hashes(monkeypatch)
    made = _worklist("account", "maria.lopez", "--full-name", "Maria Lopez", "--panel", "River Street", "--calls", "25")
    first = made.split()[-1]
    second = _worklist("password", "maria.lopez").split()[-1]
    assert _worklist("accounts") == "maria.lopez: care_manager; River Street; 25 calls a day\n"
    with writing(current()) as connection:
        assert accounts.proven(connection, "maria.lopez", first) is None
        assert accounts.proven(connection, "maria.lopez", second) is not None
        number = put(connection)
        filled_once(connection)
    _worklist("switch-off", "maria.lopez")
    with writing(current()) as connection:
        assert accounts.proven(connection, "maria.lopez", second) is None
    assert _worklist("accounts") == ""
    assert _worklist("tasks", "--out", tmp_path / "tasks.ndjson").startswith("1 Tasks")
    answer = {**json.loads((tmp_path / "tasks.ndjson").read_text()), "status": "rejected", "businessStatus": {}}
    (tmp_path / "answers.ndjson").write_text(json.dumps(answer))
    assert _worklist("tasks", "--take", tmp_path / "answers.ndjson") == "1 done, 0 said nothing new, 0 refused\n"
    with current().connect() as connection:
        assert store.item(connection, number).state is State.DECLINED
    for words, wrong in (
        (["account", "Maria Lopez"], "a name that is none"),
        (["account", "x", "--role", "king"], "no role, or one that is none"),
        (["password", "nobody"], "a name that nobody has"),
        (["tasks"], "not one of --out and --take"),
        (["tasks", "--take", tmp_path / "absent"], "which cannot be read"),
    ):
        with pytest.raises(BadInput, match=wrong):
            _worklist(*map(str, words))


def _long(folder: Path, people: int) -> Engine:
    engine = fresh(folder)
    with writing(engine) as connection:
        filled_once(connection)
        accounts.add(connection, "ana", "Ana Brook", ["care_manager", "supervisor"], (), 20, PASSWORD)
        for place in range(1, people + 1):
            put(connection, place=place, name=f"Number {place}", practice=f"Practice {place % 60}")
    return engine


@pytest.mark.soak
def test_of_5000_people_every_one_stands_on_one_page_and_no_page_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_hashes(monkeypatch)
    monkeypatch.setenv("AFTERWARD_TODAY", windows.iso(TODAY))
    client = signed_in(_long(tmp_path, 5_000), "ana")
    found: list[str] = []
    for page in range(1, 101):
        answer = client.get(f"/worklist/?page={page}")
        assert len(answer.content) < 100_000
        found += re.findall(r'class="person"><a href="[^"]*">(Number \d+)<', answer.text)
    assert found == [f"Number {place}" for place in range(1, 5_001)]
    assert len(client.get("/worklist/list.csv").text.splitlines()) == 5_001
