"""The service's own database: SQLite where nothing is installed, PostgreSQL by AFTERWARD_DATABASE_URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from features.errors import BadDatabase, BadSetting
from serving import settings

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

# constraints are named by rule, so that a migration can name what it drops
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
WAITS_MILLISECONDS = 10_000
UPGRADES = 0x0AF7E501  # any number that nobody else takes on this database


def opened(url: str) -> Engine:
    """An engine for sqlite:///FILE or postgresql://. Raises BadSetting for a URL of another kind; the URL, which may
    hold a password, is never shown.
    """
    try:
        given = make_url(url)
    except ArgumentError:
        given = None
    kind = given.drivername.split("+")[0] if given is not None else ""
    if given is None or kind not in DRIVERS:
        raise BadSetting(
            got="an AFTERWARD_DATABASE_URL of another kind",
            expected="sqlite:///FILE or postgresql://USER@HOST/NAME",
            do="Set AFTERWARD_DATABASE_URL to one of them, or leave it out.",
        )
    engine = create_engine(given.set(drivername=DRIVERS[kind]), hide_parameters=True)
    if kind == "sqlite":
        event.listen(engine, "connect", _prepared)
        event.listen(engine, "begin", _begun)
    return engine


def _prepared(connection: Any, _: object) -> None:
    """Readers beside one writer, on disk before a commit returns; transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {WAITS_MILLISECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begun(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write. On SQLite it takes the one writer's turn when it begins: one that read first and
    wrote later would be refused when another wrote between.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@lru_cache(maxsize=1)
def current() -> Engine:
    """The one engine of this process, on the database that the environment names."""
    return opened(settings.database(os.environ).reveal())


@contextmanager
def within_reach() -> Iterator[None]:
    """Raises BadDatabase, without the database's own words, where it does not answer or lacks this version's tables."""
    try:
        yield
    except SQLAlchemyError as fault:
        raise BadDatabase(
            got=f"a database that does not do what is asked ({type(fault).__name__})",
            expected="the one of AFTERWARD_DATABASE_URL, within reach, writable and of this version",
            do="See that it runs and has room, then run `afterward database upgrade`.",
        ) from None


def upgrade(engine: Engine) -> None:
    """Bring the tables to this version's form. Of several processes that start at once, one does it."""
    from alembic import command

    with within_reach(), writing(engine) as connection:
        take_turn(connection, UPGRADES)
        command.upgrade(_alembic(connection), "head")


def take_turn(connection: Connection, on: int) -> None:
    """Wait until no other transaction holds this turn, and hold it until this one ends. On SQLite whoever writes has
    the one turn there is.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(on)))


def _alembic(connection: Connection) -> Config:
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.attributes["connection"] = connection
    return made
