"""The whole chain as a user types it, command by command, in one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import PROJECT

MODEL = "readmission_30d"


@dataclass(frozen=True)
class Chain:
    """What the commands made. `listed` and `again` are the CSV of the same command run twice; the pages lie beside."""

    store: Path
    releases: Path
    evaluation: Path
    listed: Path
    again: Path
    first: str
    last: str


def afterward(*words: str | Path, releases: Path) -> subprocess.CompletedProcess[str]:
    """One command line, in a process of its own, with its releases in that folder."""
    environment = {**os.environ, "AFTERWARD_RELEASES": str(releases)}
    given = [sys.executable, "-m", "afterward", *map(str, words)]
    return subprocess.run(given, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def run_chain(format_: str, given: Path, folder: Path, first: str, last: str) -> Chain:
    """Load, train, evaluate, promote, and score twice."""
    made = Chain(
        store=folder / "store",
        releases=folder / "releases",
        evaluation=folder / "evaluation.json",
        listed=folder / "one" / "outreach.csv",
        again=folder / "two" / "outreach.csv",
        first=first,
        last=last,
    )
    days = ("--from", first, "--to", last, "--top", "50")
    for words in (
        ("load", format_, given, "--store", made.store),
        ("train", MODEL, "--store", made.store),
        ("evaluate", MODEL, "--store", made.store, "--json", made.evaluation),
        ("promote", MODEL),
        ("score", MODEL, "--store", made.store, *days, "--out", made.listed),
        ("score", MODEL, "--store", made.store, *days, "--out", made.again),
    ):
        done = afterward(*words, releases=made.releases)
        assert done.returncode == 0, f"afterward {words[0]}: {done.stderr[-2000:]}"
    return made
