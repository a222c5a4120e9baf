"""How fast measures are worked out on claims: `make bench-gaps-claims`, or `python -m tests.benchmarks.gaps_on_claims`.

Simulates and loads a network, and times a process of its own that tells who has which gap of the four measures that
claims with results can tell, as `afterward gaps` does. Prints people a second and peak memory, and what a million
people would take at that rate: extrapolated, not measured. It asserts nothing.
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.benchmarks.chain import run

MEMBERS, DAY = 20_000, "2024-09-30"
MILLION = 1_000_000
# argument 1: the store, 2: the day. Prints the seconds of each step and how many people and rows were told
SCRIPT = """
import json, sys
from pathlib import Path
from time import perf_counter
from features.catalogue.gaps import FORESEEN
from features.measures.gaps import gaps
from features.measures.value_sets import ValueSets
from features.record.record import open_record
from features.windows import parse_day
start = perf_counter()
record = open_record(Path(sys.argv[1]))
opened = perf_counter() - start
start = perf_counter()
found = gaps(record, ValueSets(), parse_day(sys.argv[2]), FORESEEN)
print(json.dumps({"seconds": {"open the store": opened, "four measures": perf_counter() - start},
                  "people": max(table.num_rows for table in found.tables.values()),
                  "measures": len(found.tables)}))
"""


@click.command()
@click.option("--members", default=MEMBERS, show_default=True, help="How many members the network has.")
@click.option("--store", type=click.Path(path_type=Path), help="A store that is there already, instead.")
def main(members: int, store: Path | None) -> None:
    """Simulate, load, time, print."""
    from features.simulate.network import simulate
    from features.sources import tuva
    from features.sources.load import load
    from features.sources.reader import Delivery

    with TemporaryDirectory(prefix="afterward-bench-") as temporary:
        folder = Path(temporary)
        if store is None:
            simulate(members, 3, 7, folder / "files")
            store = folder / "store"
            load(tuva.READER, folder / "files", store, Delivery(None), "America/New_York")
        ran = run(["-c", SCRIPT, str(store), DAY], {}, folder / "gaps.log")
    said = json.loads(ran.said)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    click.echo(f"{said['people']:,} people, {said['measures']} measures as of {DAY}, {machine}")
    for step, seconds in said["seconds"].items():
        click.echo(f"  {step:<20}{seconds:>8.2f} s")
    click.echo(f"  {'whole process':<20}{ran.seconds:>8.2f} s")
    click.echo(f"peak memory: {ran.memory:,.0f} MB")
    rate = said["people"] / said["seconds"]["four measures"]
    click.echo(f"{rate:,.0f} people a second for {said['measures']} measures")
    click.echo(f"extrapolated, not measured: a million people in {MILLION / rate / 60:,.1f} minutes at that rate")


if __name__ == "__main__":
    main()
