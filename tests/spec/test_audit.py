"""The audit log: what is written down, that it is on disk, and that whoever touches it is found out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import DatabaseError

from features.errors import BadDatabase, BadInput
from serving.audit import Entry, record, saw, scored
from serving.audit.entries import AUDIT, BEGINNING, chained
from serving.audit.fhir import audit_event, export
from serving.audit.verify import read_anchors, verify
from serving.auth import CARE_MANAGER, INTEGRATION, Caller
from serving.database import opened, upgrade, writing
from tests.conftest import PROJECT

NURSE = Caller("nurse", frozenset({CARE_MANAGER}), panels=frozenset({"North"}))
EHR = Caller("ehr", frozenset({INTEGRATION, CARE_MANAGER}))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("AFTERWARD_AUDIT_ANCHORS", str(tmp_path / "anchors"))
    url = f"sqlite:///{tmp_path / 'a.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = opened(url)
    upgrade(made)
    yield made
    made.dispose()


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


def test_a_service_that_does_not_own_its_tables_can_write_and_not_unlock(postgres: str) -> None:
    """The rights that docs/security.md tells to give on PostgreSQL: what was taken over cannot switch triggers off."""
    owner = opened(postgres)
    upgrade(owner)
    page = (PROJECT / "docs" / "security.md").read_text()
    grants = re.findall(r"^    ((?:GRANT|REVOKE) .+;)$", page, re.MULTILINE)
    assert len(grants) == 4
    with writing(owner) as connection:
        connection.execute(text("DROP ROLE IF EXISTS afterward_service"))
        connection.execute(text("CREATE ROLE afterward_service LOGIN"))
        for grant in grants:
            connection.execute(text(grant))
    service = opened(postgres.replace("//afterward@", "//afterward_service@"))
    upgrade(service)  # as `serve` does at its start; there is nothing to do
    record(service, saw(NURSE, ["P1"]))
    for locked in (
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_event_no_change ON audit_event",
        "UPDATE audit_event SET person = 'P9'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "DROP TABLE audit_event",
    ):
        with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), writing(service) as connection:
            connection.execute(text(locked))
    assert verify(service, {}).lines == 1
    with writing(owner) as connection:
        connection.execute(text("DROP OWNED BY afterward_service"))
        connection.execute(text("DROP ROLE afterward_service"))
    for one in (owner, service):
        one.dispose()


# ---- whoever touches it is found out


UNLOCKED = {
    "sqlite": tuple(f"DROP TRIGGER audit_event_no_{what}" for what in ("update", "delete", "replace")),
    "postgresql": ("ALTER TABLE audit_event DISABLE TRIGGER ALL",),
}


def touched(engine: Engine, *changes: str) -> tuple[str, ...]:
    """What `verify` says of ten lines after somebody who owns the database changed them; only the chain is known."""
    record(engine, saw(NURSE, [f"P{number}" for number in range(1, 11)]))
    assert verify(engine, {}).wrong == ()
    with writing(engine) as connection:
        for statement in (*UNLOCKED[engine.dialect.name], *changes):
            connection.execute(text(statement))
    return verify(engine, {}).wrong


@pytest.mark.parametrize(
    "column",
    ["recorded = recorded - 1", "person = 'P9'", "agent = 'nobody'", "outcome = '4'", "stay = ''", "type = 'x'"],
)
def test_an_altered_line_is_found(engine: Engine, column: str) -> None:
    (wrong,) = touched(engine, f"UPDATE audit_event SET {column} WHERE seq = 4")  # noqa: S608
    assert "line 4 was altered" in wrong


def test_a_line_taken_out_is_found(engine: Engine) -> None:
    assert touched(engine, "DELETE FROM audit_event WHERE seq IN (4, 5)") == ("lines 4 to 5 are missing",)


def test_a_first_line_taken_out_is_found(engine: Engine) -> None:
    assert touched(engine, "DELETE FROM audit_event WHERE seq = 1") == ("line 1 is missing",)


def test_a_line_taken_out_and_the_others_moved_up_is_found(engine: Engine) -> None:
    moved = [f"UPDATE audit_event SET seq = {seq - 1} WHERE seq = {seq}" for seq in range(5, 11)]  # noqa: S608
    wrong = touched(engine, "DELETE FROM audit_event WHERE seq = 4", *moved)
    assert wrong[0].startswith("line 4 was altered, or moved")


def test_lines_that_changed_places_are_found(engine: Engine) -> None:
    swap = [f"UPDATE audit_event SET seq = {to} WHERE seq = {seq}" for seq, to in ((4, 99), (7, 4), (99, 7))]  # noqa: S608
    wrong = touched(engine, *swap)
    assert any(line.startswith("line 4 was altered, or moved") for line in wrong)
    assert any(line.startswith("line 7 was altered, or moved") for line in wrong)


def test_a_line_put_in_at_the_end_without_its_hash_is_found(engine: Engine) -> None:
    values = "11, 0, 'view', 'R', 'nurse', '', '0', 'abc'"
    columns = "seq, recorded, type, action, agent, roles, outcome, hash"
    (wrong,) = touched(engine, f"INSERT INTO audit_event ({columns}) VALUES ({values})")  # noqa: S608
    assert "line 11" in wrong


def test_lines_cut_off_at_the_end_are_found_by_an_anchor_and_only_by_one(engine: Engine, tmp_path: Path) -> None:
    """The chain of what is left is whole: no look at the database alone can tell."""
    assert touched(engine, "DELETE FROM audit_event WHERE seq > 7") == ()
    anchors = read_anchors(tmp_path / "anchors")
    assert list(anchors) == [10], "the service told its last line as it wrote it"
    assert verify(engine, anchors).wrong == ("lines 8 to 10 are cut off at the end: line 10 was anchored",)


def test_a_log_written_anew_with_right_hashes_is_found_by_an_anchor(engine: Engine, tmp_path: Path) -> None:
    """Who can write may work out every hash anew; an anchor kept elsewhere they cannot reach."""
    anew = [row["hash"] for row in chained(saw(NURSE, ["Q"] * 10), 0, BEGINNING, 0)]
    told = [
        f"UPDATE audit_event SET person = 'Q', recorded = 0, hash = '{hash_}' WHERE seq = {seq}"  # noqa: S608
        for seq, hash_ in enumerate(anew, 1)
    ]
    assert touched(engine, *told) == ()
    (wrong,) = verify(engine, read_anchors(tmp_path / "anchors")).wrong
    assert "line 10 was anchored with another hash" in wrong


def test_anchors_are_read_from_among_what_a_journal_adds(tmp_path: Path) -> None:
    kept = tmp_path / "journal"
    kept.write_text(f"Nov 24 16:00:01 host afterward[77]: 12 {'a' * 64}\nrubbish 3\n13 {'b' * 64}\n")
    assert read_anchors(kept) == {12: "a" * 64, 13: "b" * 64}
    kept.write_text("nothing\n")
    for path in (kept, tmp_path / "absent"):
        with pytest.raises(BadInput, match="no anchor"):
            read_anchors(path)


@pytest.mark.slow
def test_four_processes_write_one_chain(engine: Engine, tmp_path: Path) -> None:
    """Two writers that both read the same last line would fork the chain, or one of them would lose its lines."""
    script = (
        "import sys\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from serving.audit import Entry, record\n"
        "from serving.database import current\n"
        "name = sys.argv[1]\n"
        "def ask(n):\n"
        "    record(current(), [Entry('view', 'R', name, person=f'{name}-{n}-{m}') for m in range(3)])\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    list(pool.map(ask, range(40)))\n"
    )
    url = engine.url.set(drivername=engine.dialect.name).render_as_string(hide_password=False)
    environment = {**os.environ, "AFTERWARD_DATABASE_URL": url}
    writers = [
        subprocess.Popen([sys.executable, "-c", script, name], cwd=PROJECT, env=environment)
        for name in ("a", "b", "c", "d")
    ]
    assert [one.wait(timeout=60) for one in writers] == [0] * 4
    found = verify(engine, read_anchors(tmp_path / "anchors"))
    assert (found.lines, found.wrong) == (480, ())
    with engine.connect() as connection:
        written = connection.scalars(select(AUDIT.c.person).order_by(AUDIT.c.seq)).all()
    assert len(set(written)) == 480
    assert all(
        written[place].rsplit("-", 1)[0] == written[place + 2].rsplit("-", 1)[0] for place in range(0, 480, 3)
    ), "the lines of one request stand together"


# ---- as FHIR tells it


def test_a_line_is_a_valid_audit_event(engine: Engine) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from fhir.resources.R4B.auditevent import AuditEvent

    record(engine, scored(EHR, "readmission_30d", 7, [("P1", "S1")], request="r-1"))
    record(engine, [Entry("sign_in", "E", "nurse", outcome="4"), Entry("change", "C", "root", about="key 1 of ehr")])
    with engine.connect() as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).mappings().all()
    made = [audit_event(dict(row)) for row in rows]
    for one in made:
        AuditEvent.model_validate(one)
    score, sign_in, change = made
    assert [entity["what"]["identifier"]["value"] for entity in score["entity"][:3]] == [
        "P1", "S1", "readmission_30d version 7",
    ]  # fmt: skip
    assert score["agent"][0]["role"] == [{"text": "care_manager"}, {"text": "integration"}]
    assert (sign_in["type"]["code"], sign_in["outcome"], "entity" in sign_in) == ("110114", "4", False)
    assert (change["action"], change["entity"]) == ("C", [{"name": "key 1 of ehr"}])


def test_who_saw_one_person_can_be_handed_out(engine: Engine, tmp_path: Path) -> None:
    record(engine, [*saw(NURSE, ["P1", "P2"]), *scored(EHR, "readmission_30d", 7, [("P1", "S1")])])
    assert export(engine, tmp_path / "of_one.ndjson", "P1") == 2
    assert export(engine, tmp_path / "all.ndjson", None) == 3
    lines = [json.loads(line) for line in (tmp_path / "of_one.ndjson").read_text().splitlines()]
    assert [(line["id"], line["action"]) for line in lines] == [("1", "R"), ("3", "E")]
