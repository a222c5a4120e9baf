"""How fast bulk FHIR is read: `make bench-sources`, or `python -m tests.benchmarks.sources --megabytes 20`.

Writes NDJSON of patients, encounters, conditions, observations, procedures and prescriptions (invented, the shapes of a
bulk export), and times processes of their own: the parsing of every line with orjson and nothing else, and the whole
load into a store (read, check, canonical codes, sorted Parquet). Prints both and how many times the bare parse a load
costs; of times it asserts nothing. Every resource must be loaded.
"""

from __future__ import annotations

import json
import platform
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from features import windows
from tests.benchmarks.chain import run

MEGABYTES = 200
PARSE = """
import sys
from pathlib import Path
from time import perf_counter, process_time
import orjson
start, used, lines = perf_counter(), process_time(), 0
for path in sorted(Path(sys.argv[1]).glob("*.ndjson")):
    with path.open("rb") as data:
        for line in data:
            orjson.loads(line)
            lines += 1
print(perf_counter() - start, process_time() - used, lines)
"""
LOAD = """
import sys
from pathlib import Path
from time import perf_counter, process_time
from features.sources.formats import reader
from features.sources.load import load
from features.sources.reader import Delivery
start, used = perf_counter(), process_time()
report = load(reader("fhir"), Path(sys.argv[1]), Path(sys.argv[2]), Delivery(), "America/New_York")
print(perf_counter() - start, process_time() - used, report.loaded)
"""
LABS = (("2160-0", "mg/dL"), ("718-7", "g/dL"), ("2823-3", "mmol/L"), ("2345-7", "mg/dL"), ("8480-6", "mm[Hg]"))
CONDITIONS = ("I10", "E119", "I5022", "J449", "N183", "F0390", "Z7901", "M170")


def resources(person: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """One patient with twelve encounters and what was found and done in them."""
    who = {"reference": f"Patient/p{person}"}
    yield {
        "resourceType": "Patient",
        "id": f"p{person}",
        "identifier": [{"system": "http://hospital.example/mrn", "value": f"{person:08d}"}],
        "name": [{"use": "official", "family": f"Family{person}", "given": ["Given", "Middle"]}],
        "gender": rng.choice(("female", "male")),
        "birthDate": f"{rng.randint(1930, 1990)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}",
        "address": [{"line": ["1 Example Street"], "city": "Albany", "state": "NY", "postalCode": "12207"}],
    }
    for number in range(12):
        visit = f"p{person}e{number}"
        on = windows.iso(windows.parse_day("2022-01-01") + 80 * number + rng.randint(0, 70))
        at = f"{on}T1{rng.randint(0, 9)}:30:00-05:00"
        inside = {"subject": who, "encounter": {"reference": f"Encounter/{visit}"}}
        yield {
            "resourceType": "Encounter",
            "id": visit,
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "185345009", "display": "Encounter"}]}],
            "subject": who,
            "period": {"start": at, "end": at},
        }
        icd = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": rng.choice(CONDITIONS)}
        yield {
            "resourceType": "Condition",
            "id": f"{visit}c",
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "verificationStatus": {"coding": [{"code": "confirmed"}]},
            "category": [{"coding": [{"code": "encounter-diagnosis"}]}],
            "code": {"coding": [icd], "text": "a condition"},
            "onsetDateTime": at,
            "recordedDate": at,
            **inside,
        }
        for place, (loinc, unit) in enumerate(LABS):
            yield {
                "resourceType": "Observation",
                "id": f"{visit}o{place}",
                "status": "final",
                "category": [{"coding": [{"code": "laboratory"}]}],
                "code": {"coding": [{"system": "http://loinc.org", "code": loinc, "display": "a test"}]},
                "effectiveDateTime": at,
                "issued": at,
                "valueQuantity": {"value": rng.randint(1, 200), "unit": unit, "code": unit},
                **inside,
            }


def write(folder: Path, megabytes: int) -> int:
    """NDJSON by type of resource, `megabytes` in all; how many resources."""
    folder.mkdir()
    rng, size, count, person = random.Random(7), 0, 0, 0  # noqa: S311  # invented patients, no secrets
    kinds = ("Patient", "Encounter", "Condition", "Observation")
    files = {kind: (folder / f"{kind}.ndjson").open("w") for kind in kinds}
    try:
        while size < megabytes * 1_000_000:
            for one in resources(person, rng):
                line = json.dumps(one) + "\n"
                files[one["resourceType"]].write(line)
                size, count = size + len(line), count + 1
            person += 1
    finally:
        for file in files.values():
            file.close()
    return count


@click.command()
@click.option("--megabytes", default=MEGABYTES, show_default=True, help="Of NDJSON.")
def main(megabytes: int) -> None:
    """Time the FHIR reader beside a bare parse of the same lines."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        count = write(folder / "in", megabytes)
        parsed = run(["-c", PARSE, str(folder / "in")], {}, folder / "parse.log")
        loaded = run(["-c", LOAD, str(folder / "in"), str(folder / "store")], {}, folder / "load.log")
        bare, bare_cpu, lines = parsed.said.split()
        whole, whole_cpu, rows = loaded.said.split()
    if not int(lines) == int(rows) == count:
        sys.exit(f"bench-sources: of {count:,} resources {int(lines):,} were parsed and {int(rows):,} loaded")
    click.echo(f"{platform.machine()}, Python {platform.python_version()}; {megabytes} MB, {count:,} resources")
    click.echo(f"orjson alone     {float(bare):8.2f} s, processor {float(bare_cpu):.2f} s")
    click.echo(
        f"load into store  {float(whole):8.2f} s, processor {float(whole_cpu):.2f} s, {loaded.memory:,.0f} MB at most"
    )
    click.echo(f"{count / float(whole):,.0f} resources a second")
    click.echo(f"a load takes {float(whole_cpu) / float(bare_cpu):.1f} times the processor of a parse of its JSON")


if __name__ == "__main__":
    main()
