"""How fast the chain is: `make bench-chain`, or `python -m tests.benchmarks.chain --members 100000 --runs 1`.

Simulates a network, then loads, builds, trains and scores it, each step a process of its own and with everything that
the step does, start-up of Python included. Prints the median of the runs and their spread; asserts nothing. What it
writes lies in a temporary folder that is removed at the end.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import click

MODEL = "readmission_30d"
FIRST, LAST = "2024-01-01", "2024-12-31"  # the last of the three simulated years

# prints the index stays of the store, and those of the year that is scored
BUILD = f"""
import sys
from pathlib import Path
from features import windows
from features.catalogue import CATALOGUE
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.record.record import open_record
record = open_record(Path(sys.argv[1]))
rows = prediction_cohort(record).rows
made = build(record, rows, CATALOGUE)
assert len(made) == len(rows)
print(len(rows), int(rows.discharge_day.between(windows.parse_day("{FIRST}"), windows.parse_day("{LAST}")).sum()))
"""


@dataclass(frozen=True)
class Cost:
    """What one process took: rows handled, wall and processor seconds, largest resident memory in MB."""

    rows: int
    seconds: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Ran:
    """What a process wrote on standard output, and what it took."""

    said: str
    seconds: float
    cpu: float
    memory: float

    def cost(self, rows: int) -> Cost:
        """The same for so many rows."""
        return Cost(rows, self.seconds, self.cpu, self.memory)


def run(words: Sequence[str], settings: Mapping[str, str], log: Path) -> Ran:
    """Run a Python process to its end; stops the benchmark, showing the log, where it fails."""
    with log.open("w+") as out, log.with_suffix(".err").open("w+") as err:
        start = perf_counter()
        child = subprocess.Popen([sys.executable, *words], stdout=out, stderr=err, env={**os.environ, **settings})
        # the usage of this one child (and its own children), where RUSAGE_CHILDREN gives the largest of all so far
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = perf_counter() - start
        out.seek(0)
        err.seek(0)
        if child.returncode:
            sys.exit(f"{' '.join(words)[:60]} failed:\n{err.read()}")
        return Ran(out.read(), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def once(files: Path, folder: Path) -> dict[str, Cost]:
    """One run over simulated files, in an empty folder."""
    store, report = folder / "store", folder / "load.json"
    settings = {"AFTERWARD_RELEASES": str(folder / "releases"), "MLFLOW_TRACKING_URI": ""}

    def afterward(*words: str | Path) -> Ran:
        return run(["-m", "afterward", *map(str, words)], settings, folder / f"{words[0]}.log")

    loading = afterward("load", "tuva", files, "--store", store, "--json", report)
    building = run(["-c", BUILD, str(store)], settings, folder / "build.log")
    stays, scored = map(int, building.said.split()[-2:])
    training = afterward("train", MODEL, "--store", store)
    afterward("promote", MODEL, "--force", "the benchmark asks how fast, not how good")
    out = folder / "list.csv"
    scoring = afterward("score", MODEL, "--store", store, "--from", FIRST, "--to", LAST, "--top", "50", "--out", out)
    return {
        "load": loading.cost(json.loads(report.read_text())["read"]),
        "build": building.cost(stays),
        "train": training.cost(stays),
        "score": scoring.cost(scored),
    }


def table(costs: Mapping[str, Sequence[Cost]]) -> str:
    """Median of the runs and, for the seconds, the fastest and the slowest."""
    heads = ("step", "rows", "seconds", "(min - max)", "rows/s", "CPU s", "peak MB")
    lines = [heads]
    for step, runs in costs.items():
        seconds = [cost.seconds for cost in runs]
        middle = median(seconds)
        lines.append(
            (
                step,
                f"{runs[0].rows:,}",
                f"{middle:.1f}",
                f"({min(seconds):.1f} - {max(seconds):.1f})",
                f"{runs[0].rows / middle:,.0f}",
                f"{median(cost.cpu for cost in runs):.1f}",
                f"{median(cost.memory for cost in runs):,.0f}",
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines)


@click.command()
@click.option("--members", default=20_000, show_default=True, help="Size of the simulated network.")
@click.option("--runs", default=3, show_default=True, help="How often the chain is run.")
def main(members: int, runs: int) -> None:
    """Simulate a network once, run the chain on it several times, print the table."""
    with TemporaryDirectory(prefix="afterward-bench-") as folder:
        files = Path(folder) / "files"
        words = ["-m", "afterward", "simulate", "--members", str(members), "--years", "3", "--seed", "7"]
        simulating = run([*words, "--out", str(files)], {}, Path(folder) / "simulate.log")
        costs: dict[str, list[Cost]] = {"simulate": [simulating.cost(members)]}
        for number in range(runs):
            click.echo(f"run {number + 1} of {runs}", err=True)
            with TemporaryDirectory(dir=folder) as one:
                for step, cost in once(files, Path(one)).items():
                    costs.setdefault(step, []).append(cost)
                    click.echo(f"  {step}: {cost.seconds:.1f} s, {cost.memory:,.0f} MB", err=True)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    click.echo(f"{members:,} members over 3 years, {runs} runs, {machine}")
    click.echo(table(costs))
    click.echo("rows: members; rows of the input files; discharges; discharges; discharges of the last year")


if __name__ == "__main__":
    main()
