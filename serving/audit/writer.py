"""Adds lines to the log: one writer at a time on a database, on disk before it returns, several callers a commit."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from features import windows
from features.errors import BadDatabase
from serving.audit.entries import AUDIT, BEGINNING, Entry, chained
from serving.database import take_turn, writing
from serving.settings import audit_anchors

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

log = logging.getLogger("afterward")
ONE_WRITER = 0x0AF7E502
SECONDS_BETWEEN_ANCHORS = 1.0


def record(engine: Engine, entries: Sequence[Entry]) -> None:
    """Add these lines. They are on disk when this returns. Raises BadDatabase where they could not be written."""
    if entries:
        _writer(engine).add(entries)


@dataclass(eq=False)
class _Waiting:
    entries: Sequence[Entry]
    written: bool = False
    done: bool = False


class _Writer:
    """Callers of one process queue up. Whoever finds nobody writing writes the lines of all who wait, in one commit;
    those who come meanwhile wait for the next.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._moment = Condition()
        self._writing = False
        self._waiting: list[_Waiting] = []
        self._anchors, self._anchored = audit_anchors(os.environ), float("-inf")

    def add(self, entries: Sequence[Entry]) -> None:
        mine = _Waiting(entries)
        together = self._turn(mine)
        if together:
            try:
                self._write(together)
            finally:
                self._finish(together)
        if not mine.written:
            raise BadDatabase(
                got="an audit log that cannot be written",
                expected="the database of AFTERWARD_DATABASE_URL, upgraded and within reach",
                do="See whether it runs, has room, and what `afterward database upgrade` says.",
            )

    def _turn(self, mine: _Waiting) -> list[_Waiting]:
        """Wait until another has written this; else all who wait, for this caller to write."""
        with self._moment:
            self._waiting.append(mine)
            self._moment.wait_for(lambda: mine.done or not self._writing)
            if mine.done:
                return []
            self._writing = True
            together, self._waiting = self._waiting, []
            return together

    def _finish(self, together: Sequence[_Waiting]) -> None:
        with self._moment:
            for one in together:
                one.done = True
            self._writing = False
            self._moment.notify_all()

    def _write(self, together: Sequence[_Waiting]) -> None:
        try:
            with writing(self.engine) as connection:
                last, last_hash = _append(connection, [entry for one in together for entry in one.entries])
        except SQLAlchemyError as fault:  # its words may hold what was to be written
            log.error("the audit log cannot be written: %s", type(fault).__name__)
            return
        for one in together:
            one.written = True
        self._anchor(last, last_hash)

    def _anchor(self, last: int, last_hash: str) -> None:
        if self._anchors is None or monotonic() - self._anchored < SECONDS_BETWEEN_ANCHORS:
            return
        self._anchored = monotonic()
        try:
            _append_line(self._anchors, f"{last} {last_hash}\n")
        except OSError as fault:
            log.error("the anchor of the audit log cannot be written: %s", type(fault).__name__)


def newest(connection: Connection) -> tuple[int, str]:
    """The number and hash of the last line; 0 and zeros where there is none."""
    last = select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)
    row = connection.execute(last).one_or_none()
    return (0, BEGINNING) if row is None else (row.seq, row.hash)


@lru_cache(maxsize=8)
def _writer(engine: Engine) -> _Writer:
    return _Writer(engine)


def _append(connection: Connection, entries: Sequence[Entry]) -> tuple[int, str]:
    """Add the entries after the last row there is, whoever wrote it; gives the number and hash of the new last row."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL synchronous_commit = on"))
    take_turn(connection, ONE_WRITER)
    seq, before = newest(connection)
    rows = chained(entries, seq, before, windows.now())
    connection.execute(insert(AUDIT), rows)
    return rows[-1]["seq"], rows[-1]["hash"]


def _append_line(path: Path, line: str) -> None:
    # one write of a few bytes to the end of a file: several processes do not mix theirs
    to = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(to, line.encode())
    finally:
        os.close(to)
