"""The service's database: both kinds reach the same tables, and a writer waits for its turn."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from features.errors import BadDatabase, BadSetting
from serving.database import METADATA, opened, upgrade, writing


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param == "sqlite":
        return opened(f"sqlite:///{tmp_path / 'afterward.db'}")
    return opened(request.getfixturevalue("postgres"))


def test_migrations_lead_to_the_tables_that_the_code_declares(engine: Engine) -> None:
    upgrade(engine)
    upgrade(engine)  # a second start changes nothing
    seen = inspect(engine)
    assert set(seen.get_table_names()) - {"alembic_version"} == set(METADATA.tables)
    for table in METADATA.tables.values():
        assert {column["name"] for column in seen.get_columns(table.name)} == set(table.columns.keys())
    engine.dispose()


def test_two_who_read_and_then_write_both_succeed(engine: Engine) -> None:
    """On SQLite a transaction that read before it writes fails at once when another wrote between."""
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE counted (n INTEGER)"))
        connection.execute(text("INSERT INTO counted VALUES (0)"))
    faults: list[BaseException] = []

    def add() -> None:
        try:
            for _ in range(20):
                with writing(engine) as connection:
                    connection.execute(text("SELECT n FROM counted")).all()
                    connection.execute(text("UPDATE counted SET n = n + 1"))
        except BaseException as fault:
            faults.append(fault)

    at_once = [threading.Thread(target=add) for _ in range(4)]
    for one in at_once:
        one.start()
    for one in at_once:
        one.join()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT n FROM counted")).scalar() == 80
    assert not faults
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["postgresql://someone:secret@127.0.0.1:9/none", "sqlite:////nowhere/secret/afterward.db"]
)
def test_a_database_out_of_reach_is_one_sentence_without_its_password(url: str) -> None:
    engine = opened(url)
    with pytest.raises(BadDatabase, match="afterward database upgrade") as refused:
        upgrade(engine)
    assert "secret" not in str(refused.value)
    engine.dispose()


def test_processes_that_start_at_once_do_not_upgrade_twice(engine: Engine) -> None:
    """A service of several processes: each wants this version's tables, and only one may make them."""
    at_once = [opened(engine.url.render_as_string(hide_password=False).replace("+psycopg", "").replace("+pysqlite", ""))
               for _ in range(3)]  # fmt: skip
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(upgrade, at_once))
    assert set(METADATA.tables) <= set(inspect(engine).get_table_names())
    for one in (engine, *at_once):
        one.dispose()


@pytest.mark.parametrize("url", ["mysql://root:secret@there/db", "not a url at all", ""])
def test_a_database_of_another_kind_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        opened(url)
    assert "secret" not in str(refused.value)
