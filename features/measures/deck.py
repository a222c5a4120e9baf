"""A deck of official test cases: people as FHIR resources, value sets, and the answers.

A deck is a folder with `cases/<measure>.ndjson.gz` (a case a line), `truth.csv`, `valuesets.csv.gz`,
`valuesets_gapfill.csv.gz` and `measure_valuesets.csv`. A case holds the answer too (a MeasureReport): of that only the
period is read, and only the patient's own resources are loaded.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from features import windows
from features.errors import BadInput
from features.measures.period import Period
from features.measures.value_sets import ValueSets, together

ZONE = "UTC"  # the published answers are worked out on this clock
ANSWERS = ("MeasureReport", "Parameters")
TRUTH_COLUMNS = ("measure", "case_id", "group", "population", "expected_count", "stratifier")
MAP_COLUMNS = ("measure", "oid", "valueset_display", "available", "truncated")
SET_FILES = ("valuesets.csv.gz", "valuesets_gapfill.csv.gz")
_NOT_NOW = "Fetch the deck again, or mend it."


@dataclass(frozen=True)
class Case:
    """One patient of a deck; `person` is the identity under which the patient is loaded."""

    measure: str
    case_id: str
    period: Period
    person: str


@dataclass(frozen=True)
class Answer:
    """One row of the truth."""

    measure: str
    case_id: str
    group: int
    population: str
    expected: int


def measures_of(deck: Path) -> tuple[str, ...]:
    """The names of the measures that a deck has cases of. Raises BadInput where it is no deck."""
    names = tuple(sorted(path.name.removesuffix(".ndjson.gz") for path in (deck / "cases").glob("*.ndjson.gz")))
    if not names:
        raise BadInput(
            got=f"{deck}, which holds no cases/*.ndjson.gz", expected="a deck of test cases", do="Check the path."
        )
    return names


def answers(deck: Path, measures: Sequence[str]) -> tuple[Answer, ...]:
    """The truth about these measures: of each case as a whole (rows of a stratum are about another count)."""
    found = []
    for number, row in enumerate(_rows(deck / "truth.csv", TRUTH_COLUMNS), 2):
        if row["measure"] in measures and not row["stratifier"]:
            try:
                counts = int(row["group"]), int(row["expected_count"])
            except ValueError:
                raise BadInput(
                    got=f"truth.csv line {number}, whose group or count is no number", expected="numbers", do=_NOT_NOW
                ) from None
            found.append(Answer(row["measure"], row["case_id"], counts[0], row["population"], counts[1]))
    lacking = sorted(set(measures) - {each.measure for each in found})
    if lacking:
        raise BadInput(got=f"truth.csv without {', '.join(lacking)}", expected="rows of each measure", do=_NOT_NOW)
    return tuple(found)


def value_sets(deck: Path) -> ValueSets:
    """The value sets of a deck. Those that it calls not available or cut short cannot be used."""
    from features.measures.value_set_files import of_deck_csv

    told = together(*(of_deck_csv(deck / name) for name in SET_FILES if (deck / name).exists() or name == SET_FILES[0]))
    patched = of_deck_csv(deck / SET_FILES[1]).content if (deck / SET_FILES[1]).exists() else {}
    unusable = {}
    for row in _rows(deck / "measure_valuesets.csv", MAP_COLUMNS):
        if row["oid"] not in told.content and row["available"] != "1":
            unusable[row["oid"]] = "the deck says that it is not available"
        if row["truncated"] == "1" and row["oid"] not in patched:
            unusable[row["oid"]] = "the deck says that it was cut short"
    return ValueSets(told.content, {**told.unusable, **unusable})


@dataclass(frozen=True)
class Unpacked:
    """The cases of a deck, and what is wrong with those that are none, each by file and line."""

    cases: tuple[Case, ...]
    unusable: tuple[str, ...]


def unpack(deck: Path, measures: Sequence[str], target: Path) -> Unpacked:
    """Write the patients of these measures as one NDJSON file of FHIR resources, and return the cases.

    Cases number their resources alike, so each is given numbers of its own. A case is about one patient: whatever
    patient its resources refer to is that one, as every engine that reads the case takes it. A deck is a picture of a
    server after the period: every resource counts as last changed after everything.
    """
    import orjson

    cases: list[Case] = []
    unusable: list[str] = []
    with target.open("wb") as out:
        for measure in measures:
            for line, told in _cases(deck / "cases" / f"{measure}.ndjson.gz"):
                where = f"{measure}.ndjson.gz line {line}"
                try:
                    case, resources = _case(measure, len(cases), told, where)
                except BadInput as wrong:
                    unusable.append(wrong.got)
                    continue
                cases.append(case)
                out.writelines(orjson.dumps(each) + b"\n" for each in resources)
    return Unpacked(tuple(cases), tuple(unusable))


def _cases(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import orjson

    number = 0
    try:
        with gzip.open(path) as lines:
            for number, line in enumerate(lines, 1):
                told = orjson.loads(line)
                if not (isinstance(told, dict) and isinstance(told.get("resources"), list)):
                    raise BadInput(
                        got=f"{path.name} line {number}, which is no case", expected="its resources", do=_NOT_NOW
                    )
                yield number, told
    except orjson.JSONDecodeError:
        raise BadInput(
            got=f"{path.name} line {number}, which is cut short or no JSON", expected="a case a line", do=_NOT_NOW
        ) from None
    except (OSError, EOFError, zlib.error):
        raise BadInput(got=f"{path.name}, which is damaged", expected="a whole gzip file", do=_NOT_NOW) from None


def _case(measure: str, number: int, told: Mapping[str, Any], where: str) -> tuple[Case, list[dict[str, Any]]]:
    resources = [each for each in told["resources"] if isinstance(each, dict)]
    own = [each for each in resources if each.get("resourceType") not in ANSWERS]
    patients = [each for each in own if each.get("resourceType") == "Patient" and isinstance(each.get("id"), str)]
    if len(patients) != 1 or len(resources) != len(told["resources"]):
        raise BadInput(got=f"{where} with {len(patients)} patients", expected="one", do=_NOT_NOW)
    period = _period(resources, where)
    after = windows.iso(windows.months_after(period.last, DATED_MONTHS_AFTER))
    own_patient = f"Patient/{patients[0]['id']}"
    renamed = {f"{each.get('resourceType')}/{each.get('id')}": f"{number}-{each.get('id')}" for each in own}
    renamed[PATIENT] = renamed[own_patient]
    case = Case(measure, str(told.get("case_id")), period, renamed[own_patient])
    return case, [_dated({**_renamed(each, renamed), "id": f"{number}-{each.get('id')}"}, after) for each in own]


DATED_MONTHS_AFTER = 12
PATIENT = "Patient"  # under which a case's own patient is found among its resources


def _dated(resource: dict[str, Any], after: str) -> dict[str, Any]:
    meta = resource.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    return {**resource, "meta": {**meta, "lastUpdated": f"{after}T00:00:00Z"}}


def _renamed(node: Any, renamed: Mapping[str, str]) -> Any:
    """The same with every reference to a resource of the case turned to its new number."""
    if isinstance(node, dict):
        return {key: _reference(value, renamed) if key == "reference" else _renamed(value, renamed)
                for key, value in node.items()}  # fmt: skip
    return [_renamed(each, renamed) for each in node] if isinstance(node, list) else node


def _reference(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        key = "/".join(value.split("/")[-2:])
        if key.startswith("Patient/"):
            return f"Patient/{renamed[PATIENT]}"
        return f"{key.split('/')[0]}/{renamed[key]}" if key in renamed else value
    return _renamed(value, renamed)


def _period(resources: Sequence[Mapping[str, Any]], where: str) -> Period:
    """The measurement period of a case: all that is read of its answer."""
    told = [each.get("period") for each in resources if each.get("resourceType") == "MeasureReport"]
    for each in resources:
        if each.get("resourceType") == "Parameters":
            told += [one.get("valuePeriod") for one in each.get("parameter") or () if isinstance(one, dict)]
    for period in told:
        if isinstance(period, dict) and isinstance(period.get("start"), str) and isinstance(period.get("end"), str):
            spans = [windows.told_span(period[edge], ZONE) for edge in ("start", "end")]
            if None not in spans:
                (first, *_), (_, last, _) = cast("Sequence[tuple[int, int, str]]", spans)
                return Period(first // windows.SECONDS_A_DAY, last // windows.SECONDS_A_DAY)
    raise BadInput(got=f"{where} without a period", expected="MeasureReport.period with start and end", do=_NOT_NOW)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as data:
            reader = csv.DictReader(data)
            lacking = [name for name in columns if name not in (reader.fieldnames or ())]
            if lacking:
                raise BadInput(
                    got=f"{path.name} without the column {', '.join(lacking)}",
                    expected=", ".join(columns),
                    do=_NOT_NOW,
                )
            for row in reader:
                if any(row[name] is None for name in columns):
                    raise BadInput(
                        got=f"{path.name} line {reader.line_num}, which is cut short",
                        expected="every column",
                        do=_NOT_NOW,
                    )
                yield row
    except (OSError, UnicodeDecodeError, csv.Error):
        raise BadInput(got=f"{path.name}, which cannot be read", expected="a CSV file", do=_NOT_NOW) from None
