"""What the definitions cost: `make bench-definitions`, or `python -m tests.benchmarks.definitions --members 20000`.

Simulates a network with 10 million claim lines, loads the files that tell of stays, and times two processes on that
store, several times each: a plain read of the tables that the definitions read, and the way from claim lines to
labelled index stays (stays as versions, both cohorts, readmission labels). Prints medians, spread, rows per second,
peak memory and the ratio; of times it asserts nothing. What it writes lies in a temporary folder that is removed.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from tests.benchmarks.chain import Cost, Ran, run, table

MEMBERS = 470_500  # over three years: a little more than 10 million claim lines
# files of the network that say nothing of a stay, an enrolment or a death
BESIDE = (
    *("appointment", "contact", "immunization", "lab_result", "observation", "order", "pharmacy_claim"),
    *("practitioner", "provider_attribution", "truth"),
)

# reads every value of the tables that the definitions ask; prints how many rows they have, and the claim lines
READ = """
import json, sys
from pathlib import Path
from features.record.record import open_record
from features.record.store import read_manifest, table_files
from features.record.tables import ADT_EVENT, CLAIM_LINE, COVERAGE, DEATH, DIAGNOSIS, DISCHARGE_NOTICE, FACILITY
from features.record.tables import PERSON, PROCEDURE
store = Path(sys.argv[1])
record, manifest, rows = open_record(store), read_manifest(store), {}
for one in (CLAIM_LINE, DIAGNOSIS, PROCEDURE, ADT_EVENT, DISCHARGE_NOTICE, COVERAGE, PERSON, DEATH, FACILITY):
    files = table_files(store, manifest, one.name)
    if files:
        values = ", ".join(f"max({name})" for name in (column.name for column in one.all_columns))
        query = f"select count(*), {values} from read_parquet(?)"
        rows[one.name] = record.con.con.execute(query, [list(map(str, files))]).fetchone()[0]
print(json.dumps({"rows": rows}))
"""

# prints the seconds of each step and what it gave; the counts must be the same in each run
DEFINE = """
import json, sys
from pathlib import Path
from time import perf_counter
from features.definitions.cohort import prediction_cohort
from features.definitions.evidence import stay_evidence
from features.definitions.hwr import hwr_cohort
from features.definitions.outcomes import READMISSION_30D, labels
from features.definitions.planned import planned_stays
from features.definitions.stays import stay_versions
from features.record.known import claim_versions
from features.record.record import open_record
record, seconds, counts = open_record(Path(sys.argv[1])), {}, {}
def step(name, work):
    start = perf_counter()
    done = work()
    seconds[name] = perf_counter() - start
    return done
step("claims netted", lambda: claim_versions(record))
step("evidence of stays", lambda: stay_evidence(record))
counts["stay versions"] = int(step("stay versions", lambda: stay_versions(record)).count().to_pandas())
step("planned or not", lambda: planned_stays(record))
scored = step("prediction cohort", lambda: prediction_cohort(record).rows)
measured = step("HWR cohort", lambda: hwr_cohort(record).rows)
for name, rows in (("prediction", scored), ("HWR", measured)):
    told = step(f"labels, {name}", lambda rows=rows: labels(record, rows, READMISSION_30D))
    counts[f"index stays, {name}"], counts[f"readmitted, {name}"] = len(told), int(told.label.sum())
print(json.dumps({"seconds": seconds, "counts": counts}))
"""


def _loaded(members: int, folder: Path) -> Path:
    """A store of the simulated files that tell of stays."""
    files, store = folder / "files", folder / "store"
    words = ["-m", "afterward", "simulate", "--members", str(members), "--years", "3", "--seed", "7"]
    simulating = run([*words, "--out", str(files)], {}, folder / "simulate.log")
    click.echo(f"simulated {members:,} members in {simulating.seconds:.0f} s", err=True)
    for name in BESIDE:
        (files / f"{name}.parquet").unlink()
    loading = run(["-m", "afterward", "load", "tuva", str(files), "--store", str(store)], {}, folder / "load.log")
    size = sum(path.stat().st_size for path in store.rglob("*.parquet")) / 1e9
    click.echo(f"loaded in {loading.seconds:.0f} s: {size:.1f} GB", err=True)
    return store


def _same(runs: Sequence[Mapping[str, Mapping[str, int]]], what: str) -> Mapping[str, int]:
    """What every run counted; stops where two runs on one store do not agree."""
    if any(one[what] != runs[0][what] for one in runs):
        sys.exit("two runs on the same store gave different counts")
    return runs[0][what]


def _steps(said: Sequence[Mapping[str, Mapping[str, float]]]) -> str:
    """Median seconds of each step within the definitions, fastest and slowest."""
    lines = []
    for name in said[0]["seconds"]:
        taken = [one["seconds"][name] for one in said]
        lines.append(f"  {name:<20}{median(taken):>8.1f}  ({min(taken):.1f} - {max(taken):.1f})")
    return "\n".join(lines)


@click.command()
@click.option("--members", default=MEMBERS, show_default=True, help="Size of the simulated network.")
@click.option("--runs", default=3, show_default=True, help="How often each process is run, in turns.")
@click.option("--store", type=click.Path(path_type=Path), help="Measure this store instead of simulating one.")
def main(members: int, runs: int, store: Path | None) -> None:
    """Make a store, run both processes on it in turns, print the tables."""
    with TemporaryDirectory(prefix="afterward-bench-") as temporary:
        folder = Path(temporary)
        measured = store or _loaded(members, folder)
        ran: dict[str, list[Ran]] = {"plain read": [], "definitions": []}
        for number in range(runs):
            for name, script in (("plain read", READ), ("definitions", DEFINE)):
                one = run(["-c", script, str(measured)], {}, folder / f"{name.replace(' ', '_')}.log")
                click.echo(f"run {number + 1} of {runs}, {name}: {one.seconds:.1f} s", err=True)
                ran[name].append(one)
    said = {name: [json.loads(one.said) for one in runs_of] for name, runs_of in ran.items()}
    rows, counts = _same(said["plain read"], "rows"), _same(said["definitions"], "counts")
    lines = rows["claim_line"]
    costs: dict[str, list[Cost]] = {name: [one.cost(lines) for one in runs_of] for name, runs_of in ran.items()}
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    click.echo(f"{lines:,} claim lines among {sum(rows.values()):,} rows read, {runs} runs, {machine}")
    click.echo(table(costs))
    click.echo("rows: claim lines; seconds with the start of Python")
    ratios = [
        mine.seconds / plain.seconds for mine, plain in zip(costs["definitions"], costs["plain read"], strict=True)
    ]
    click.echo(f"definitions / plain read: {median(ratios):.1f} ({min(ratios):.1f} - {max(ratios):.1f})")
    click.echo("seconds of each step:")
    click.echo(_steps(said["definitions"]))
    click.echo("; ".join(f"{name}: {count:,}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
