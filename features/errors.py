"""Causes of failure, each a class with its exit code.

A message says what was got, what was expected and what to do. It never holds a patient's name, identifier or clinical
value: a file, a column, a line number and a count are enough to find the row.
"""

from __future__ import annotations

import traceback
from pathlib import Path

PLACES = 6


class Failure(Exception):
    """Anything that a user can mend. The front door prints it on one line and exits with `exit_code`."""

    exit_code = 1

    def __init__(self, *, got: str, expected: str, do: str) -> None:
        super().__init__(f"got {got}; expected {expected}. {do}")
        self.got, self.expected, self.do = got, expected, do


class BadInput(Failure):
    """A file, a folder or a request that is not what its format says."""

    exit_code = 2


class BadStore(Failure):
    """A store that is missing, empty, locked by another load or damaged."""

    exit_code = 3


class BadModel(Failure):
    """A model that is unknown, never trained, never promoted or whose release does not verify."""

    exit_code = 4


class Refused(BadModel):
    """A version that a gate keeps from use."""


class BadDeclaration(Failure):
    """A table, feature, code set or reader that is declared wrongly; raised when it is declared, not when it runs."""

    exit_code = 5


class BadSetting(Failure):
    """An environment variable that is missing or cannot be read."""

    exit_code = 6


class NotAllowed(Failure):
    """A caller without a valid key."""

    exit_code = 7


class BadDatabase(Failure):
    """The service's own database cannot be read or written, or its audit log is not what was written."""

    exit_code = 8


def places(fault: BaseException) -> str:
    """Where our own code was when it failed, innermost last: a fault's own words may hold a patient's value."""
    steps = traceback.extract_tb(fault.__traceback__)
    return " > ".join(f"{Path(step.filename).name}:{step.lineno}" for step in steps[-PLACES:])
