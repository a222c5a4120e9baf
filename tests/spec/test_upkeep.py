"""What whoever runs the service types: keys, the audit log, the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from afterward import cli
from features.errors import BadDatabase
from serving.audit import record, saw
from serving.auth import CARE_MANAGER, Caller
from serving.database import current, writing


@pytest.fixture(autouse=True)
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AFTERWARD_DATABASE_URL", f"sqlite:///{tmp_path / 'a.db'}")
    monkeypatch.setenv("AFTERWARD_AUDIT_ANCHORS", str(tmp_path / "anchors"))
    current.cache_clear()
    yield
    current().dispose()
    current.cache_clear()


def run(*words: str) -> Result:
    done = CliRunner().invoke(cli, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_key_is_shown_once_and_listed_without_itself() -> None:
    made = run("keys", "add", "desk", "--role", "care_manager", "--panel", "North", "--expires", "2199-12-31").stdout
    new = run("keys", "rotate", "desk", "--hours", "2").stdout
    listed = run("keys", "list").stdout
    assert made.startswith("afterward_")
    assert made.strip() not in listed
    assert new.strip() not in listed
    assert listed.count("desk  ") == 2
    assert "until 2199-12-31T23:59:59+00:00: care_manager, panels North" in listed
    assert run("keys", "revoke", "desk").stdout == "desk: 2 taken back\n"
    assert run("keys", "list").stdout.count("taken back") == 2


def test_a_log_that_somebody_touched_ends_the_check_with_a_failure(tmp_path: Path) -> None:
    assert run("database", "upgrade").stdout == "the sqlite database has this version's tables\n"
    record(current(), saw(Caller("nurse", frozenset({CARE_MANAGER})), ["CANARY-1", "CANARY-2"]))
    assert "2 lines, each as it was written" in run("audit-log", "verify").stdout
    assert run("audit-log", "head").stdout == (tmp_path / "anchors").read_text()
    run("audit-log", "export", "--person", "CANARY-2", "--out", str(tmp_path / "out.ndjson"))
    assert json.loads((tmp_path / "out.ndjson").read_text())["id"] == "2"
    with writing(current()) as connection:
        connection.execute(text("DROP TRIGGER audit_event_no_delete"))
        connection.execute(text("DELETE FROM audit_event WHERE seq = 2"))
    with pytest.raises(BadDatabase, match="line 2 is cut off at the end") as found:
        run("audit-log", "verify")
    assert "CANARY" not in str(found.value)


@pytest.mark.parametrize("what", ["verify", "head"])
def test_a_log_that_is_not_there_is_told_in_one_sentence(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFTERWARD_AUDIT_ANCHORS")
    with pytest.raises(BadDatabase, match="afterward database upgrade"):
        run("audit-log", what)
