"""How fast the measures are: `make bench-gaps`, or `python -m tests.benchmarks.gaps --patients 20000`.

Loads the official test patients of the ten measures, repeats them under new identities, and times processes of their
own that work out all ten measures for everybody, from the tables on disk to every population. Prints the median of the
runs and their spread, patients per second and peak memory, beside what a public calculator takes for one patient and
one measure; of times it asserts nothing. Every copy must have the answers of the original.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click

from tests.benchmarks.chain import run

PATIENTS = 100_000
PEER_MS = 140  # the public JavaScript calculator fqm-execution 1.8.6, one patient and one measure, median on 2 cores

# argument 1: folder of tables, 2: the deck. Prints the seconds of each step and how many are in each population
SCRIPT = """
import json, sys
from pathlib import Path
from time import perf_counter
from features.measures.check import chosen, needed
from features.measures.deck import ZONE, measures_of, value_sets
from features.measures.events import gather
from features.measures.measure import evaluate
from features.measures.period import Period
from features.record.record import Record, connect
from features.record.tables import TABLES
from features import windows
start, seconds = perf_counter(), {}
folder, deck = Path(sys.argv[1]), Path(sys.argv[2])
held, wanted = value_sets(deck), chosen((), measures_of(deck))
sets = needed((measure, edition) for _, measure, edition in wanted)
seconds["value sets"] = perf_counter() - start
start, con = perf_counter(), connect()
import ibis
tables = {t.name: con.read_parquet(str(folder / f"{t.name}.parquet")) if (folder / f"{t.name}.parquet").exists()
          else ibis.memtable(t.schema().empty_table()) for t in TABLES}
facts = gather(Record(con, ZONE, tables, {}, "bench", None, None), sets, held)
seconds["tables to columns"] = perf_counter() - start
start = perf_counter()
year = Period(windows.day_in(2025, 1, 1), windows.day_in(2025, 12, 31))
counts = {}
for _, measure, edition in wanted:
    for number, found in enumerate(evaluate(measure, facts, year, edition)):
        counts |= {f"{measure.cms} {number} {name}": int(met.sum()) for name, met in found.counts.items()}
seconds["ten measures"] = perf_counter() - start
print(json.dumps({"seconds": seconds, "counts": counts, "patients": len(facts.person_id)}))
"""


def _load(deck: Path, folder: Path) -> tuple[Path, int]:
    """A store of the deck's patients of our measures, and how many they are."""
    from features.measures.check import chosen
    from features.measures.deck import ZONE, measures_of, unpack
    from features.sources import fhir
    from features.sources.load import load
    from features.sources.reader import Delivery

    (folder / "in").mkdir()
    names = [name for name, _, _ in chosen((), measures_of(deck))]
    cases = unpack(deck, names, folder / "in" / "deck.ndjson").cases
    load(fhir.READER, folder / "in", folder / "store", Delivery(None), ZONE)
    return folder / "store", len(cases)


def _repeat(store: Path, copies: int, target: Path) -> int:
    """Write each table of the store with every person so many times; returns the rows written."""
    import duckdb

    from features.record.store import read_manifest, table_files
    from features.record.tables import TABLES

    target.mkdir()
    con, rows = duckdb.connect(), 0
    manifest = read_manifest(store)
    for table in TABLES:
        files = table_files(store, manifest, table.name)
        if files:
            person = "REPLACE (person_id || '-' || copy AS person_id)" if table.about == "person" else ""
            among = f", range({copies}) AS r(copy)" if table.about == "person" else ""
            chosen = f"SELECT t.* {person} FROM read_parquet({files}) t{among}"  # noqa: S608  # names of our own
            path = target / f"{table.name}.parquet"
            con.execute(f"COPY ({chosen}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
            rows += con.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()[0]
    return rows


@click.command()
@click.option("--patients", default=PATIENTS, show_default=True, help="About how many patients.")
@click.option("--runs", default=3, show_default=True, help="How often each is run.")
@click.option("--deck", type=click.Path(path_type=Path), help="The official deck; by default that of the tests' data.")
def main(patients: int, runs: int, deck: Path | None) -> None:
    """Load, repeat, time, print."""
    data = Path(os.environ.get("AFTERWARD_TEST_DATA", "../shared/data"))
    deck = deck or data / "ecqm_decks_2024"
    with TemporaryDirectory(prefix="afterward-bench-") as temporary:
        folder = Path(temporary)
        store, originals = _load(deck, folder)
        copies = max(1, round(patients / originals))
        _repeat(store, 1, folder / "one")
        rows = _repeat(store, copies, folder / "many")
        alone = json.loads(run(["-c", SCRIPT, str(folder / "one"), str(deck)], {}, folder / "one.log").said)
        ran = [run(["-c", SCRIPT, str(folder / "many"), str(deck)], {}, folder / f"{n}.log") for n in range(runs)]
    said = [json.loads(one.said) for one in ran]
    if any(each["counts"] != {name: count * copies for name, count in alone["counts"].items()} for each in said):
        sys.exit("a copy of a patient has not the answers of the original")
    everybody = said[0]["patients"]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    click.echo(f"{everybody:,} patients ({originals} repeated {copies} times), {rows:,} rows, {runs} runs, {machine}")
    for step in said[0]["seconds"]:
        taken = [each["seconds"][step] for each in said]
        click.echo(f"  {step:<20}{median(taken):>8.2f} s  ({min(taken):.2f} - {max(taken):.2f})")
    whole = [one.seconds for one in ran]
    click.echo(f"  {'whole process':<20}{median(whole):>8.2f} s  ({min(whole):.2f} - {max(whole):.2f})")
    click.echo(f"peak memory: {max(one.memory for one in ran):,.0f} MB")
    rate = everybody / median(whole)
    click.echo(f"{rate:,.0f} patients a second for all ten measures, with the start of Python")
    click.echo(
        f"a public calculator: {PEER_MS} ms a patient and measure; {rate * PEER_MS / 1000:,.0f} times its patients,"
    )
    click.echo(f"{10 * rate * PEER_MS / 1000:,.0f} times its patients and measures")


if __name__ == "__main__":
    main()
