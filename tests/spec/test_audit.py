"""The audit log: what is written down, that it is on disk, and that whoever touches it is found out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DatabaseError

from features.errors import BadDatabase
from serving.audit import Entry, record, saw, scored
from serving.audit.entries import AUDIT
from serving.auth import CARE_MANAGER, INTEGRATION, Caller
from serving.database import opened, upgrade, writing
from serving.settings import settings

NURSE = Caller("nurse", frozenset({CARE_MANAGER}), panels=frozenset({"North"}))
EHR = Caller("ehr", frozenset({INTEGRATION, CARE_MANAGER}))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("AFTERWARD_API_KEY", "a-key-for-the-tests")
    monkeypatch.setenv("AFTERWARD_STORE", str(tmp_path))
    monkeypatch.setenv("AFTERWARD_AUDIT_ANCHORS", str(tmp_path / "anchors"))
    settings.cache_clear()
    url = f"sqlite:///{tmp_path / 'a.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = opened(url)
    upgrade(made)
    yield made
    made.dispose()
    settings.cache_clear()


def test_who_scored_whom_with_which_version_is_written_down(engine: Engine) -> None:
    record(engine, scored(EHR, "readmission_30d", 7, [("P1", "S1"), ("P2", None)], request="r-1"))
    record(engine, saw(NURSE, ["P3"]))
    with engine.connect() as connection:
        first, second, third = connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).all()
    assert (first.seq, first.type, first.action, first.agent, first.roles) == (
        1, "score", "E", "ehr", "care_manager integration",
    )  # fmt: skip
    assert (first.person, first.stay, first.model, first.version, first.outcome, first.request) == (
        "P1", "S1", "readmission_30d", 7, "0", "r-1",
    )  # fmt: skip
    assert (second.person, second.stay) == ("P2", None)
    assert (third.seq, third.type, third.action, third.agent, third.person) == (3, "view", "R", "nurse", "P3")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_event SET person = 'P9' WHERE seq = 2",
        "DELETE FROM audit_event WHERE seq = 3",
        "DELETE FROM audit_event",
        "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 1",
    ],
)
def test_the_database_refuses_to_change_a_line(engine: Engine, change: str) -> None:
    record(engine, saw(NURSE, ["P1", "P2", "P3"]))
    with pytest.raises(DatabaseError), writing(engine) as connection:
        connection.execute(text(change))
    with engine.connect() as connection:
        assert connection.scalars(select(AUDIT.c.person).order_by(AUDIT.c.seq)).all() == ["P1", "P2", "P3"]


def test_a_line_cannot_be_replaced_nor_all_be_emptied(engine: Engine) -> None:
    """The side doors: SQLite's REPLACE asks no trigger of DELETE, PostgreSQL's TRUNCATE none of a row."""
    record(engine, saw(NURSE, ["P1"]))
    side_door = {
        "sqlite": "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event",
        "postgresql": "TRUNCATE audit_event",
    }[engine.dialect.name]
    with pytest.raises(DatabaseError, match="only added to"), writing(engine) as connection:
        connection.execute(text(side_door))


def test_callers_who_come_at_once_are_written_in_fewer_commits(engine: Engine) -> None:
    """Each commit waits for the disk: a hundred callers must not wait in a hundred turns."""
    commits = 0
    begun = threading.Barrier(20)

    def count(_: object) -> None:
        nonlocal commits
        commits += 1

    from sqlalchemy import event

    event.listen(engine, "commit", count)

    def ask(number: int) -> None:
        begun.wait()
        for turn in range(5):
            record(engine, saw(NURSE, [f"P{number}-{turn}"]))

    at_once = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for one in at_once:
        one.start()
    for one in at_once:
        one.join()
    with engine.connect() as connection:
        written = connection.scalars(select(AUDIT.c.person)).all()
    assert sorted(written) == sorted(f"P{number}-{turn}" for number in range(20) for turn in range(5))
    assert commits < 100


def test_what_a_database_would_not_take_is_written_all_the_same(engine: Engine) -> None:
    """An id from a request may hold anything; a line that could not be written would refuse the answer for ever."""
    record(engine, saw(NURSE, ["a\0b", "\ud800", "'; DROP TABLE audit_event; --", "é" * 1_000]))
    with engine.connect() as connection:
        kept = connection.scalars(select(AUDIT.c.person).order_by(AUDIT.c.seq)).all()
    assert kept == ["a\ufffdb", "?", "'; DROP TABLE audit_event; --", "é" * 1_000]


def test_where_nothing_can_be_written_nothing_may_be_answered(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE audit_event RENAME TO elsewhere"))
    with pytest.raises(BadDatabase) as refused:
        record(engine, [Entry("view", "R", "nurse", person="CANARY-7719")])
    assert "CANARY-7719" not in str(refused.value) + caplog.text
