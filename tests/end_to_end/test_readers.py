"""The readers of FHIR and of Synthea's CSV as a user runs them, on public files: every resource and row accounted for,
nothing loaded twice, and stays and features from what was loaded.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from features.catalogue import CATALOGUE
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.definitions.stays import final_stays
from features.record import tables
from features.record.record import open_record
from features.record.store import read_manifest, table_files
from features.sources.cli import load as load_command

pytestmark = pytest.mark.slow
BUNDLES = 6  # of the smaller ones


def _load(format_: str, given: Path, store: Path, *words: str) -> dict[str, Any]:
    """The JSON report of a run that ended well."""
    report = store.with_suffix(".json")
    done = CliRunner().invoke(load_command, [format_, str(given), "--store", str(store), "--json", str(report), *words])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def _content(store: Path) -> dict[str, list[str]]:
    """Every row of every table, sorted: what a store holds, however it came there."""
    manifest = read_manifest(store)
    found = {}
    for table in tables.TABLES:
        paths = table_files(store, manifest, table.name)
        found[table.name] = sorted(repr(row) for path in paths for row in pq.read_table(path).to_pylist())
    return {name: rows for name, rows in found.items() if rows}


@pytest.fixture(scope="module")
def bundles(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of Synthea's Bundles that tell of a stay in hospital."""
    folder = tmp_path_factory.mktemp("bundles")
    packed = sorted((data_dir / "synthea_fhir_r4").glob("*.json.gz"), key=lambda path: path.stat().st_size)
    chosen = [path for path in packed if b'"IMP"' in gzip.decompress(path.read_bytes())][:BUNDLES]
    for path in chosen:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def fhir_store(bundles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Bundles in a store. Read only."""
    store = tmp_path_factory.mktemp("stores") / "fhir"
    report = _load("fhir", bundles, store)
    assert len(report["files"]) == BUNDLES
    assert report["read"] == report["loaded"] + report["quarantined"] > 0
    assert report["quarantined"] == 0
    assert sum(file["read"] for file in report["files"].values()) == report["read"]
    return store


def _resources(folder: Path) -> list[dict[str, Any]]:
    documents = [json.loads(gzip.decompress(path.read_bytes())) for path in sorted(folder.iterdir())]
    return [entry["resource"] for document in documents for entry in document["entry"]]


def test_a_second_run_loads_nothing_and_changes_nothing(bundles: Path, fhir_store: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(fhir_store, store)
    before = _content(store)
    report = _load("fhir", bundles, store)
    assert (report["read"], report["loaded"]) == (0, 0)
    assert all(file["already_loaded"] for file in report["files"].values())
    assert _content(store) == before


def test_the_order_and_the_packing_of_files_do_not_matter(bundles: Path, fhir_store: Path, tmp_path: Path) -> None:
    """The same resources as bulk NDJSON of one type a file, what is referred to first or last."""
    by_type: dict[str, list[str]] = {}
    for resource in _resources(bundles):
        text = json.dumps(resource)
        by_type.setdefault(resource["resourceType"], []).append(text)
    for way, kinds in (("first", sorted(by_type)), ("last", sorted(by_type, reverse=True))):
        for number, kind in enumerate(kinds):
            (tmp_path / way).mkdir(exist_ok=True)
            lines = by_type[kind] if way == "first" else by_type[kind][::-1]
            (tmp_path / way / f"{number:02d}-{kind}.ndjson").write_text("\n".join(lines))
        _load("fhir", tmp_path / way, tmp_path / f"{way}-store")
    first, last = (_content(tmp_path / f"{way}-store") for way in ("first", "last"))
    assert first == last
    assert {name: len(rows) for name, rows in first.items()} == {
        name: len(rows) for name, rows in _content(fhir_store).items()
    }


def test_deliveries_in_any_order_give_the_same_record(bundles: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in bundles.iterdir())
    parts = {"one": names[: BUNDLES // 2], "two": names[BUNDLES // 2 :]}
    for part, files in parts.items():
        (tmp_path / part).mkdir()
        for name in files:
            shutil.copy(bundles / name, tmp_path / part)
    for store, order in (("ab", ("one", "two")), ("ba", ("two", "one"))):
        for part in order:
            _load("fhir", tmp_path / part, tmp_path / store)
    assert _content(tmp_path / "ab") == _content(tmp_path / "ba")


def test_encounters_in_hospital_are_stays_on_which_every_feature_can_be_asked(bundles: Path, fhir_store: Path) -> None:
    told = [r for r in _resources(bundles) if r["resourceType"] == "Encounter" and r["class"]["code"] == "IMP"]
    record = open_record(fhir_store)
    stays = final_stays(record).to_pyarrow().to_pylist()
    assert 0 < len(stays) <= len(told)
    assert {stay["person_id"] for stay in stays} == {r["subject"]["reference"].rsplit(":", 1)[1] for r in told}
    cohort = prediction_cohort(record).rows
    made = build(record, cohort, CATALOGUE)
    assert len(made) == len(cohort) > 0
    assert made.notna().any(axis=None)


def test_synthea_s_csv_loads_by_its_command_and_gives_stays(data_dir: Path, tmp_path: Path) -> None:
    given = data_dir / "synthea_csv" / "jijones12"
    report = _load("synthea", given, tmp_path / "store")
    assert report["read"] == report["loaded"] == 11_969
    assert _load("synthea", given, tmp_path / "store")["read"] == 0
    stays = final_stays(open_record(tmp_path / "store")).to_pyarrow().to_pylist()
    assert len(stays) == 10
