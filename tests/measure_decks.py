"""Small decks of test cases, written by us in the form of the official ones. Each value set holds one invented code."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from features.measures import MEASURES
from features.measures.measure import value_sets_of
from features.measures.value_set import Code, CodeSet, ValueSet
from features.measures.value_sets import ValueSets, of_rows, stored

SNOMED = "http://snomed.info/sct"
YEAR = {"start": "2025-01-01", "end": "2025-12-31"}
Resource = dict[str, Any]


@dataclass(frozen=True)
class OurCase:
    """A case: resources of one patient, and who is in which population; a population that is not named is 0."""

    says: str
    resources: Sequence[Resource]
    expected: Mapping[str, int] = field(default_factory=dict)


def coding(of: CodeSet) -> dict[str, str]:
    """The one code of a value set, or the code that a measure names outright."""
    if isinstance(of, Code):
        uris = {"loinc": "http://loinc.org", "snomed-ct": SNOMED, "hcpcs": "http://www.ama-assn.org/go/cpt"}
        return {"system": uris[of.system.name], "code": of.code}
    return {"system": SNOMED, "code": "9" + "".join(c for c in of.oid if c.isdigit())[-12:]}


def concept(*of: CodeSet) -> dict[str, Any]:
    return {"coding": [coding(each) for each in of]}


def words(system: str, *codes: str) -> list[dict[str, Any]]:
    return [{"coding": [{"system": system, "code": code}]} for code in codes]


def patient(born: str, gender: str = "female", **more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "somebody", "gender": gender, "birthDate": born, **more}


def visit(of: CodeSet, start: str, end: str | None = None, **more: Any) -> Resource:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "type": [concept(of)],
        "period": {"start": start, **({"end": end} if end else {})},
        **more,
    }


def condition(of: CodeSet, onset: str | None, status: str = "active", **more: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "clinicalStatus": words("x", status)[0],
        "category": words("x", "problem-list-item"),
        "code": concept(of),
        **({"onsetDateTime": onset} if onset else {}),
        **more,
    }


def result(of: CodeSet, at: str, category: str = "laboratory", **more: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": words("x", category),
        "code": concept(of),
        "effectiveDateTime": at,
        **more,
    }


def quantity(value: float, unit: str) -> dict[str, Any]:
    return {"valueQuantity": {"value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org"}}


def procedure(of: CodeSet, start: str, end: str | None = None, **more: Any) -> Resource:
    period = {"start": start, **({"end": end} if end else {})}
    return {"resourceType": "Procedure", "status": "completed", "code": concept(of), "performedPeriod": period, **more}


def sets_of_ours(*decks: str) -> tuple[ValueSet, ...]:
    """Every value set that these decks' measures ask for."""
    found: set[ValueSet] = set()
    for measure in MEASURES:
        for name in decks:
            edition = measure.edition(name)
            if edition is not None:
                found |= value_sets_of(measure, edition)
    return tuple(sorted(found, key=lambda each: each.oid))


def read_csv(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read_cases(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as data:
        return [json.loads(line) for line in data]


def write_cases(path: Path, cases: Sequence[Mapping[str, Any]]) -> None:
    with gzip.open(path, "wt") as out:
        out.writelines(json.dumps(case) + "\n" for case in cases)


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def write_deck(folder: Path, cases: Mapping[str, Sequence[OurCase]]) -> Path:
    """A deck of these cases, by the name of their measure there."""
    (folder / "cases").mkdir(parents=True)
    truth = []
    for deck, ours in cases.items():
        named = [(f"case-{number}", case) for number, case in enumerate(ours)]
        write_cases(folder / "cases" / f"{deck}.ndjson.gz", [_case(deck, case_id, case) for case_id, case in named])
        measure = next(each for each in MEASURES if each.edition(deck))
        for (case_id, case), (number, group) in product(named, enumerate(measure.groups)):
            for population in _populations(group.exceptions is not None):
                truth.append(_answer(deck, case_id, number, population, case.expected.get(population, 0)))
    write_csv(folder / "truth.csv", truth)
    _write_sets(folder, tuple(cases))
    return folder


def _populations(exceptions: bool) -> list[str]:
    named = ["initial-population", "denominator", "denominator-exclusion", "numerator"]
    return [*named, "denominator-exception"] if exceptions else named


def _case(deck: str, case_id: str, case: OurCase) -> dict[str, Any]:
    resources = []
    for number, each in enumerate(case.resources):
        about = {"subject": {"reference": "Patient/somebody"}} if each["resourceType"] != "Patient" else {}
        resources.append({"id": f"r{number}", **about, **each})
    report = {"resourceType": "MeasureReport", "id": "answer", "period": YEAR, "group": []}
    return {"measure": deck, "case_id": case_id, "resources": [*resources, report]}


def _answer(deck: str, case_id: str, group: int, population: str, count: int) -> dict[str, object]:
    return {
        "measure": deck,
        "case_id": case_id,
        "group": group,
        "population": population,
        "expected_count": count,
        "stratifier": "",
    }


def sets_held(*decks: str) -> ValueSets:
    """The value sets of these decks, as an import would keep them."""
    rows = [(each.oid, each.name, "1", *stored(*coding(each).values())) for each in sets_of_ours(*decks)]
    return of_rows(rows)


def _write_sets(folder: Path, decks: Sequence[str]) -> None:
    sets = sets_of_ours(*decks)
    codes = [
        {"oid": each.oid, "name": each.name, "version": "1", "truncated": "0", **coding(each), "display": ""}
        for each in sets
    ]
    write_csv(folder / "valuesets.csv.gz", codes)
    named = [
        {"measure": deck, "oid": each.oid, "valueset_display": each.name, "available": "1", "truncated": "0"}
        for deck in decks
        for each in sets
    ]
    write_csv(folder / "measure_valuesets.csv", named)
