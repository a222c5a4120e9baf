"""The whole chain as a user types it, command by command, in one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import PROJECT

MODEL = "readmission_30d"
FORCED = ("--force", "a chain for tests needs a champion, whatever so few people show of it")


@dataclass(frozen=True)
class Chain:
    """What the commands made. `listed` and `again` are the CSV of the same command run twice; the pages lie beside.
    `version` is the champion.
    """

    version: int
    store: Path
    releases: Path
    evaluation: Path
    listed: Path
    again: Path
    first: str
    last: str


def afterward(*words: str | Path, releases: Path) -> subprocess.CompletedProcess[str]:
    """One command line, in a process of its own, with its releases in that folder."""
    database = f"sqlite:///{releases.absolute().parent / 'afterward.db'}"
    environment = {**os.environ, "AFTERWARD_RELEASES": str(releases), "AFTERWARD_DATABASE_URL": database}
    given = [sys.executable, "-m", "afterward", *map(str, words)]
    return subprocess.run(given, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def chain_of(folder: Path, first: str, last: str, version: int = 1) -> Chain:
    """Where `run_chain` puts things in that folder."""
    return Chain(
        version=version,
        store=folder / "store",
        releases=folder / "releases",
        evaluation=folder / "evaluation.json",
        listed=folder / "one" / "outreach.csv",
        again=folder / "two" / "outreach.csv",
        first=first,
        last=last,
    )


def run_chain(format_: str, given: Path, folder: Path, first: str, last: str) -> Chain:
    """Load, train, evaluate, promote, and score twice."""
    made = chain_of(folder, first, last)
    return _run(format_, given, made, (("promote", MODEL, *FORCED),))


def run_chain_with_recalibration(
    format_: str, given: Path, folder: Path, first: str, last: str, recent: tuple[str, str]
) -> Chain:
    """The same with a calibrator of recent rows, discharged from the one day to the other."""
    made = chain_of(folder, first, last, version=2)
    again = ("recalibrate", MODEL, "--store", made.store, "--from", recent[0], "--to", recent[1])
    return _run(format_, given, made, (again, ("promote", MODEL, *FORCED)))


def _run(format_: str, given: Path, made: Chain, into_use: tuple[tuple[str | Path, ...], ...]) -> Chain:
    days = ("--from", made.first, "--to", made.last, "--top", "50")
    for words in (
        ("load", format_, given, "--store", made.store),
        ("train", MODEL, "--store", made.store),
        ("evaluate", MODEL, "--store", made.store, "--json", made.evaluation),
        *into_use,
        ("score", MODEL, "--store", made.store, *days, "--out", made.listed),
        ("score", MODEL, "--store", made.store, *days, "--out", made.again),
    ):
        done = afterward(*words, releases=made.releases)
        assert done.returncode == 0, f"afterward {words[0]}: {done.stderr[-2000:]}"
    return made
