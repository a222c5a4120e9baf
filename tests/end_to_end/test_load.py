"""Loading as a user does it: every row accounted for, nothing loaded twice, nothing lost when a load is broken off."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from features.errors import BadInput, BadStore, Failure
from features.record import tables
from features.record.record import open_record
from features.record.store import batch_id, loading, read_manifest, table_files
from features.sources import synpuf
from features.sources.cli import load as load_command
from features.sources.files import InputFile
from features.sources.formats import READERS, reader
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from features.sources.text import as_text
from tests.conftest import PROJECT
from tests.feeds import load_feed, rows_of, write_feed, write_synpuf, write_synpuf_slice
from tests.hl7 import adt, message, write_messages

pytestmark = pytest.mark.slow
CANARY = "CANARY-7719"


def _load(given: Path, store: Path) -> LoadReport:
    return load(synpuf.READER, given, store, Delivery())


def _content(store: Path) -> dict[str, list[str]]:
    """Every row of every table, sorted: what a store holds, however it came there."""
    manifest = read_manifest(store)
    found = {}
    for table in tables.TABLES:
        paths = table_files(store, manifest, table.name)
        found[table.name] = sorted(repr(row) for path in paths for row in pq.read_table(path).to_pylist())
    return {name: rows for name, rows in found.items() if rows}


def _files(store: Path) -> dict[str, bytes]:
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def slice_folder(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A hundred beneficiaries of DE-SynPUF, as CSV, and how many rows each file has."""
    folder = tmp_path_factory.mktemp("synpuf")
    return folder, write_synpuf_slice(data_dir, folder)


@pytest.fixture(scope="module")
def slice_store(
    slice_folder: tuple[Path, dict[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, LoadReport]:
    store = tmp_path_factory.mktemp("stores") / "slice"
    return store, _load(slice_folder[0], store)


# ---- every row is accounted for


def test_every_row_of_a_slice_of_synpuf_is_accounted_for(
    slice_folder: tuple[Path, dict[str, int]], slice_store: tuple[Path, LoadReport]
) -> None:
    folder, counts = slice_folder
    store, report = slice_store
    assert {file.name: file.read for file in report.files} == counts
    assert all(file.loaded + file.quarantined == file.read for file in report.files)
    assert report.quarantined == 0
    claims = (folder / "DE1_0_2008_to_2010_Inpatient_Claims_Sample_1.csv").read_text().splitlines()[1:]
    of_first_segment = [line for line in claims if line.split(",")[2] == "1"]
    assert len(claims) > len(of_first_segment) > 0
    assert report.rows["claim_line"] == len(claims)
    assert report.rows["discharge_notice"] == len(of_first_segment)
    assert len(rows_of(store, tables.CLAIM_LINE, "claim_id", "claim_line_number")) == len(claims)


def test_zips_gzips_and_sub_folders_give_the_same_store_as_plain_files(
    slice_folder: tuple[Path, dict[str, int]], slice_store: tuple[Path, LoadReport], tmp_path: Path
) -> None:
    plain = sorted(slice_folder[0].iterdir())
    given = tmp_path / "in"
    (given / "deep" / "er").mkdir(parents=True)
    with zipfile.ZipFile(given / "deep" / "beneficiaries.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in plain[:2]:
            archive.write(path, f"inside/{path.name}")
    (given / "deep" / "er" / f"{plain[2].name}.gz").write_bytes(gzip.compress(plain[2].read_bytes()))
    shutil.copy(plain[3], given)
    _load(given, tmp_path / "store")
    assert _content(tmp_path / "store") == _content(slice_store[0])


def test_several_samples_go_into_one_store(slice_folder: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    """Samples are folders of files of the same names: each is read, and the report tells them apart."""
    path = slice_folder[0] / "DE1_0_2008_Beneficiary_Summary_File_Sample_1.csv"
    head, *lines = path.read_text().splitlines()
    for sample, part in (("one", lines[:50]), ("two", lines[50:])):
        (tmp_path / "in" / sample).mkdir(parents=True)
        (tmp_path / "in" / sample / path.name).write_text("\n".join([head, *part]) + "\n")
    report = _load(tmp_path / "in", tmp_path / "store")
    assert [(file.name, file.read) for file in report.files] == [
        (f"one/{path.name}", 50),
        (f"two/{path.name}", len(lines) - 50),
    ]


# ---- nothing is loaded twice, and order does not matter


def test_the_same_content_under_two_names_is_loaded_once(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "in", "contact", [{"person_id": "p", "updated_date": "2024-01-01"}])
    shutil.copy(path, path.with_name("copy of it.csv"))
    report = load_feed(tmp_path / "in", tmp_path / "store")
    assert (len(report.files), report.rows) == (1, {"contact_details": 1})


def test_a_second_load_of_the_same_files_changes_no_byte(
    slice_folder: tuple[Path, dict[str, int]], slice_store: tuple[Path, LoadReport]
) -> None:
    store, first = slice_store
    before = _files(store)
    again = _load(slice_folder[0], store)
    assert (again.read, again.loaded, again.files) == (0, 0, ())
    assert sorted(again.already) == sorted(file.name for file in first.files)
    assert _files(store) == before


@pytest.mark.slow
def test_the_order_in_which_files_are_loaded_does_not_matter(
    slice_folder: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    files = sorted(slice_folder[0].iterdir())[:2]
    stores = tmp_path / "forth", tmp_path / "back"
    for store, order in zip(stores, (files, files[::-1]), strict=True):
        for path in order:
            _load(path, store)
    forth, back = (_content(store) for store in stores)
    assert forth == back
    assert {"person", "coverage", "claim_line", "discharge_notice"} <= set(forth)
    assert read_manifest(stores[0]).fingerprint == read_manifest(stores[1]).fingerprint


# ---- one bad row never stops a load


def test_rows_that_are_no_rows_are_quarantined_alone(tmp_path: Path) -> None:
    """Too many or too few fields, bytes that are no text, an open quote: each costs its own line and no other."""
    good = [{"person_id": f"c{i}", "updated_date": "2024-01-01"} for i in range(6)]
    path = write_feed(tmp_path / "in", "contact", good)
    head, *lines = path.read_bytes().splitlines()
    lines[0] += b",one,more"
    lines[1] = b"too,few"
    lines[2] = lines[2].replace(b"c2", b"caf\xe9")
    lines[3] = lines[3].replace(b"c3", b'"c3')
    path.write_bytes(b"\n".join([head, *lines, *lines[4:], b""]))
    report = load_feed(path, tmp_path / "store")
    assert (report.read, report.loaded, report.quarantined) == (8, 4, 4)
    quarantine = pq.read_table(next((tmp_path / "store" / "batches").glob("*/quarantine.parquet"))).to_pylist()
    assert [(row["line"], row["reason"]) for row in quarantine] == [
        (2, "not a row of this file: more fields than the header"),
        (3, "not a row of this file: fewer fields than the header"),
        (4, "not a row of this file: text that is not UTF-8"),
        (5, "not a row of this file: fewer fields than the header"),
    ]


def test_a_rejected_row_is_found_by_its_line_behind_broken_ones(tmp_path: Path) -> None:
    rows = [{"person_id": who, "updated_date": "2024-01-01"} for who in ("a", "", "b")]
    path = write_feed(tmp_path / "in", "contact", rows)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "broken", lines[1], "broken too", lines[2], lines[3]]) + "\n")
    load_feed(path, tmp_path / "store")
    quarantine = pq.read_table(next((tmp_path / "store" / "batches").glob("*/quarantine.parquet"))).to_pylist()
    assert [row["line"] for row in quarantine if row["reason"] == "no person_id"] == [5]


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r\n", 1),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("c1", '"c1\nof two lines"'),
        lambda text: text.replace("c1", '"c1, ""quoted"""'),
    ],
    ids=["windows", "mixed line ends", "byte order mark", "no last line end", "a value of two lines", "quotes"],
)
def test_every_way_to_write_a_csv_is_read(written: object, tmp_path: Path) -> None:
    last = {"updated_date": "2024-01-01", "caregiver_phone": "x"}  # a value before the line end: else none is minded
    path = write_feed(tmp_path / "in", "contact", [{"person_id": "c1", **last}, {"person_id": "c2", **last}])
    path.write_bytes(written(path.read_text()).encode())  # type: ignore[operator]  # a function by the parameters above
    report = load_feed(path, tmp_path / "store")
    assert (report.read, report.loaded) == (2, 2)


def test_nothing_unpacked_stays_in_the_store(tmp_path: Path) -> None:
    """What a load unpacks is whole patients: left behind it would double the store and outlive the quarantine."""
    path = write_feed(tmp_path / "in", "contact", [{"person_id": "c", "updated_date": "2024-01-01"}])
    load_feed(path, tmp_path / "store")
    [batch] = (tmp_path / "store" / "batches").iterdir()
    assert sorted(each.name for each in batch.iterdir()) == ["contact_details.parquet", "quarantine.parquet"]


# ---- bad input is one clear line


def _damaged_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.csv", "x,y\n" * 1000)
    content = (folder / "a.zip").read_bytes()
    (folder / "a.zip").write_bytes(content[: len(content) // 2])
    return folder


def _truncated_gzip(folder: Path) -> Path:
    (folder / "a.csv.gz").write_bytes(gzip.compress(b"x,y\n1,2\n" * 1000)[:-12])
    return folder


def _other_files(folder: Path) -> Path:
    (folder / "a.csv").write_text("x,y\n1,2\n")
    return folder


def _without_a_column(folder: Path) -> Path:
    write_synpuf(folder, 2008, [{}])
    path = next(folder.iterdir())
    path.write_text(path.read_text().replace("BENE_SEX_IDENT_CD", "SEX"))
    return folder


def _no_parquet(folder: Path) -> Path:
    (folder / "a.parquet").write_bytes(b"PAR1 not really")
    return folder


def _doubled_column(folder: Path) -> Path:
    write_synpuf(folder, 2008, [{}])
    path = next(folder.iterdir())
    path.write_text(path.read_text().replace("BENE_RACE_CD", "BENE_SEX_IDENT_CD,BENE_RACE_CD", 1))
    return folder


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda folder: folder / "nowhere", "got a path that is not there"),
        (lambda folder: folder, "got no data file"),
        (_other_files, "got no file of the format synpuf among 1; expected beneficiary summary with DESYNPUF_ID"),
        (
            _without_a_column,
            "Sample_1.csv without BENE_SEX_IDENT_CD; expected the columns of synpuf beneficiary summary: DESYNPUF_ID, ",
        ),
        (_without_a_column, "rename its columns (found, and not known here: SEX"),
        (_doubled_column, "with one column name twice"),
        (_damaged_zip, "got a.zip, which is damaged"),
        (_truncated_gzip, "got a.csv.gz, which is damaged"),
        (_no_parquet, "got a.parquet, which is not Parquet"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line_and_leaves_no_store(made: object, says: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    given = made(tmp_path / "in")  # type: ignore[operator]  # a function by the parameters above
    with pytest.raises(BadInput) as refused:
        _load(given, tmp_path / "store")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "store").exists(), "a folder that holds no store would pass for one"


def test_an_unknown_format_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=", ".join(each.name for each in READERS)):
        reader("x12")


def test_files_without_rows_leave_an_empty_store_that_says_so(tmp_path: Path) -> None:
    write_feed(tmp_path / "in", "medical_claim", [])
    report = load_feed(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.rows) == (0, {})
    with pytest.raises(BadStore, match="a folder without a store"):
        open_record(tmp_path / "store")


def test_a_load_in_which_no_row_is_right_is_refused_with_the_reasons_and_changes_nothing(tmp_path: Path) -> None:
    """Who is told nothing finds an empty store only when a later command asks for it."""
    good = write_feed(tmp_path / "good", "contact", [{"person_id": "p1", "updated_date": "2024-01-01"}])
    bad = write_feed(tmp_path / "bad", "contact", [{"person_id": ""}, {"person_id": ""}, {"updated_date": "soon"}])
    store = tmp_path / "new" / "store"
    with pytest.raises(
        BadInput, match=r"got 3 rows of which none can be loaded \(.* because .*docs/data\.md"
    ) as refused:
        _by_command(bad, store)
    assert refused.value.exit_code == 2
    assert not store.parent.exists(), "nothing is left behind where there was no store"

    _by_command(good, store)
    before, manifest = _content(store), (store / "manifest.json").read_bytes()
    with pytest.raises(BadInput, match="none can be loaded"):
        _by_command(bad, store)
    assert (_content(store), (store / "manifest.json").read_bytes()) == (before, manifest)


def test_a_load_of_what_is_held_already_or_of_which_a_row_is_right_is_no_failure(tmp_path: Path) -> None:
    mixed = write_feed(
        tmp_path / "in", "contact", [{"person_id": ""}, {"person_id": "p1", "updated_date": "2024-01-01"}]
    )
    for loaded in ("1", "0"):
        assert f"{loaded:>12}" in _by_command(mixed, tmp_path / "store")
    write_messages(tmp_path / "one", "a.hl7", [adt("A01")])
    write_messages(tmp_path / "two", "b.hl7", [adt("A01"), b"\r"])
    load(reader("hl7v2"), tmp_path / "one", tmp_path / "store", Delivery())
    again = load(reader("hl7v2"), tmp_path / "two", tmp_path / "store", Delivery())
    assert (again.loaded, again.refused) == (0, False), "messages sent again are in the store"


def test_a_failed_load_leaves_what_lay_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "notes.txt").write_text("not ours\n")
    with pytest.raises(BadInput):
        _load(tmp_path / "nowhere", tmp_path / "store")
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["notes.txt"]


def test_a_report_that_cannot_be_written_is_a_failure_of_one_line(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "in", "contact", [{"person_id": "p1", "updated_date": "2024-01-01"}])
    args = ["tuva", str(path), "--store", str(tmp_path / "store"), "--json", str(tmp_path / "in")]
    with pytest.raises(BadInput, match="Check --json; the load itself is as told above"):
        CliRunner().invoke(load_command, args, catch_exceptions=False, standalone_mode=False)
    assert read_manifest(tmp_path / "store").batches


def _by_command(given: Path, store: Path) -> str:
    args = ["tuva", str(given), "--store", str(store)]
    return CliRunner().invoke(load_command, args, catch_exceptions=False, standalone_mode=False).output


def test_a_store_keeps_its_zone(tmp_path: Path) -> None:
    """Days of one store mean one calendar: a second zone would shift what was known by hours."""
    write_feed(tmp_path / "in", "contact", [{"person_id": "p", "updated_date": "2024-01-01"}])
    load_feed(tmp_path / "in", tmp_path / "store")
    with pytest.raises(BadStore, match="got zone Europe/Paris; expected the store's own, America/New_York"):
        load(reader("tuva"), tmp_path / "in", tmp_path / "store", Delivery(), "Europe/Paris")


# ---- the command


def test_the_command_reports_and_never_shows_a_value_of_a_row(tmp_path: Path) -> None:
    """A canary stands in good, rejected and broken rows: it may be found in the store and nowhere else."""
    rows = [
        {"claim_id": f"{CANARY}-a", "person_id": CANARY, "diagnosis_code_1": CANARY},
        {"claim_id": "", "person_id": CANARY},
        {"claim_id": "c", "paid_amount": CANARY},
        {"claim_id": "c", "claim_start_date": CANARY},
    ]
    path = write_feed(tmp_path / "in", "medical_claim", rows)
    path.write_text(path.read_text() + f"{CANARY},too few\n")
    (tmp_path / "in" / "notes.txt").write_text("not a feed\n")
    args = ["tuva", str(tmp_path / "in"), "--store", str(tmp_path / "store"), "--json", str(tmp_path / "report.json")]
    done = CliRunner().invoke(load_command, args, catch_exceptions=False)
    assert done.exit_code == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["files"] == {
        "medical_claim.csv": {
            "read": 5,
            "loaded": 1,
            "quarantined": 4,
            "layout": "medical_claim",
            "already_loaded": False,
        }
    }
    assert (report["read"], report["loaded"], report["quarantined"]) == (5, 1, 4)
    assert report["unread"] == ["notes.txt"]
    assert report["unmapped"]["diagnosis.code"] == {"codes": 1, "unmapped": 1}
    told = done.output + (tmp_path / "report.json").read_text() + (tmp_path / "store" / "manifest.json").read_text()
    assert "paid_amount is not a number" in done.output
    assert "not evaluable on this source" in done.output
    assert CANARY not in told
    assert rows_of(tmp_path / "store", tables.CLAIM_LINE, "person_id") == [(CANARY,)]

    again = CliRunner().invoke(load_command, args, catch_exceptions=False)
    assert "already in the store" in again.output
    assert json.loads((tmp_path / "report.json").read_text())["files"]["medical_claim.csv"] == {
        "read": 0,
        "loaded": 0,
        "quarantined": 0,
        "already_loaded": True,
    }


def test_the_command_counts_messages_and_never_shows_what_stands_in_one(tmp_path: Path) -> None:
    """A canary stands in messages that are taken, set aside, damaged and sent again."""
    marked = {3: f"{CANARY}^^^{CANARY}^MR", 5: CANARY}
    messages = [
        adt("A01", pid=marked, pv1={19: CANARY, 44: "20240301"}),
        adt("A01", pid=marked, pv1={19: CANARY, 44: "20240301"}),
        adt("A01", pid={3: "", 5: CANARY}),
        message(f"{CANARY}^A01", ("PID", marked)),
        message("ADT^A40", ("PID", marked), ("MRG", {1: CANARY})),
        CANARY.encode(),
    ]
    write_messages(tmp_path / "in", "a.hl7", messages)
    (tmp_path / "in" / "notes.txt").write_text("no message\n")
    args = ["hl7v2", str(tmp_path / "in"), "--store", str(tmp_path / "store"), "--json", str(tmp_path / "report.json")]
    done = CliRunner().invoke(load_command, args, catch_exceptions=False)
    assert done.exit_code == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["read"], report["loaded"], report["quarantined"]) == (5, 2, 3)
    assert report["unread"] == ["notes.txt"]
    told = done.output + (tmp_path / "report.json").read_text() + (tmp_path / "store" / "manifest.json").read_text()
    assert "the same message again" in done.output
    assert CANARY not in told
    again = CliRunner().invoke(load_command, args, catch_exceptions=False)
    assert "already in the store" in again.output
    assert json.loads((tmp_path / "report.json").read_text())["loaded"] == 0


def test_files_without_a_message_are_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_text("PID|1||77\n")
    with pytest.raises(BadInput, match="got no file of the format hl7v2 among 1; expected HL7 version 2 messages"):
        load(reader("hl7v2"), tmp_path / "a.hl7", tmp_path / "store", Delivery())


def test_the_command_is_imported_without_anything_heavy() -> None:
    heavy = "{'duckdb', 'ibis', 'pandas', 'numpy', 'pyarrow'}"
    code = f"import sys, features.sources.cli; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


# ---- broken off, and two at once


DRIVER = """
import os, pathlib, signal, sys
from features.record import store
from features.sources import load
from features.sources.files import InputFile
from features.sources.formats import reader
from features.sources.reader import Delivery
from features.sources.text import as_text

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

MOMENTS = {
    "tables are being written": (load, "_quarantine"),
    "the batch is about to be moved": (store, "_sync_folder"),
    "the batch is moved and the manifest is not": (store, "_write_manifest"),
    "the new manifest is written and not swapped": (pathlib.Path, "replace"),
}
place, name = MOMENTS[sys.argv[1]]
setattr(place, name, die)
load.load(reader("tuva"), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), Delivery())
"""


@pytest.mark.parametrize(
    "moment",
    [
        "tables are being written",
        pytest.param("the batch is about to be moved", marks=pytest.mark.slow),
        "the batch is moved and the manifest is not",
        pytest.param("the new manifest is written and not swapped", marks=pytest.mark.slow),
    ],
)
def test_a_load_killed_half_way_leaves_the_store_as_it_was_and_can_be_repeated(moment: str, tmp_path: Path) -> None:
    store, undisturbed = tmp_path / "store", tmp_path / "undisturbed"
    first = write_feed(tmp_path / "one", "contact", [{"person_id": "p1", "updated_date": "2024-01-01"}])
    second = write_feed(tmp_path / "two", "contact", [{"person_id": "p2", "updated_date": "2024-01-02"}])
    load_feed(first, store)
    before, manifest = _content(store), (store / "manifest.json").read_bytes()

    killed = subprocess.run([sys.executable, "-c", DRIVER, moment, second, store], cwd=PROJECT, check=False)
    assert killed.returncode == -9
    assert _content(store) == before
    assert (store / "manifest.json").read_bytes() == manifest

    assert load_feed(second, store).loaded == 1
    for path in (first, second):
        load_feed(path, undisturbed)
    assert _content(store) == _content(undisturbed)
    assert {path.name for path in (store / "batches").iterdir()} == {b.id for b in read_manifest(store).batches}


KILLED = """
import pathlib, sys
from features.sources.files import InputFile
from features.sources.formats import reader
from features.sources.load import load
from features.sources.reader import Delivery
from features.sources.text import as_text
print("ready", flush=True)
load(reader("tuva"), pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), Delivery())
"""


def _start(given: Path, store: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", KILLED, str(given), str(store)]
    made = subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None
    assert made.stdout.readline() == "ready\n"
    return made


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.soak)])
def test_a_load_killed_at_any_moment_loads_all_or_nothing(times: int, tmp_path: Path) -> None:
    rng = random.Random(times)  # noqa: S311  # moments, no secrets
    store, whole = tmp_path / "store", tmp_path / "whole"
    first = write_feed(tmp_path / "one", "contact", [{"person_id": "p1", "updated_date": "2024-01-01"}])
    rows = [{"person_id": f"p{n}", "updated_date": "2024-01-02"} for n in range(20_000)]
    second = write_feed(tmp_path / "two", "contact", rows)
    load_feed(first, store)
    before = _content(store)
    shutil.copytree(store, whole)
    began = time.monotonic()
    load_feed(second, whole)
    takes, after = time.monotonic() - began, _content(whole)
    for _ in range(times):
        loading_ = _start(second, store)
        time.sleep(rng.uniform(0, takes))
        loading_.kill()
        loading_.communicate()
        held = _content(store)
        assert held in (before, after), "half a batch"
        if held == after:  # it was done before the blow: begin again
            shutil.rmtree(store)
            load_feed(first, store)
    assert load_feed(second, store).loaded == len(rows), "what was broken off is taken up again"
    assert _content(store) == after
    assert {path.name for path in (store / "batches").iterdir()} == {b.id for b in read_manifest(store).batches}


def test_of_two_loads_started_together_none_is_lost_and_none_is_half(tmp_path: Path) -> None:
    """Each either does its work or says in one line that it may not yet."""
    feeds = [
        write_feed(tmp_path / name, "contact", [{"person_id": name, "updated_date": "2024-01-01"}]) for name in "ab"
    ]
    words = [sys.executable, "-m", "afterward", "load", "tuva"]
    both = [
        subprocess.Popen(
            [*words, str(feed), "--store", str(tmp_path / "store")],
            cwd=PROJECT,
            stderr=subprocess.PIPE,
            text=True,
            stdout=subprocess.DEVNULL,
        )
        for feed in feeds
    ]
    said = [one.communicate()[1] for one in both]
    codes = [one.returncode for one in both]
    assert 0 in codes
    for feed, code, words_ in zip(feeds, codes, said, strict=True):
        if code:
            assert code == BadStore.exit_code
            assert "got a store that another load is writing" in words_
            assert load_feed(feed, tmp_path / "store").loaded == 1
    assert rows_of(tmp_path / "store", tables.CONTACT_DETAILS, "person_id") == [("a",), ("b",)]


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.argv[1:] = ["load", "tuva", *sys.argv[2:]]
import afterward
afterward.main()
"""


@pytest.mark.parametrize("room", [100_000, pytest.param(1_000, marks=pytest.mark.soak)])
def test_a_disk_that_fills_is_said_in_one_line_and_leaves_the_store_as_it_was(room: int, tmp_path: Path) -> None:
    """No file may grow beyond the room; the scratch copy of the rows or the batch itself does."""
    store = tmp_path / "store"
    load_feed(write_feed(tmp_path / "one", "contact", [{"person_id": "p1", "updated_date": "2024-01-01"}]), store)
    rows = [
        {"person_id": hashlib.sha256(str(n).encode()).hexdigest(), "updated_date": "2024-01-02"} for n in range(9_000)
    ]
    second = write_feed(tmp_path / "two", "contact", rows)
    before = _files(store)
    words = [sys.executable, "-c", FULL_DISK, str(room), str(second), "--store", str(store)]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (BadStore.exit_code, 1), done.stderr
    assert "got a disk that is full" in done.stderr
    assert _files(store) == before
    assert load_feed(second, store).loaded == len(rows)


@pytest.mark.parametrize("step", ["_sync_folder", "_write_manifest"])
def test_a_disk_that_fills_at_the_last_step_takes_the_batch_back(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    load_feed(write_feed(tmp_path / "one", "contact", [{"person_id": "p1", "updated_date": "2024-01-01"}]), store)
    second = write_feed(tmp_path / "two", "contact", [{"person_id": "p2", "updated_date": "2024-01-02"}])
    before = _files(store)

    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(f"features.record.store.{step}", fails)
        with pytest.raises(BadStore, match="got a disk that is full"):
            load_feed(second, store)
        with pytest.raises(BadStore, match="got a disk that is full"):
            load_feed(second, tmp_path / "new")
    assert _files(store) == before
    assert not (tmp_path / "new").exists(), "a first load leaves no store"
    assert load_feed(second, store).loaded == 1


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of it would be loaded under the name of the other half."""
    path = write_feed(tmp_path / "in", "contact", [{"person_id": "p1", "updated_date": "2024-01-01"}])

    def grows(con: Any, file: InputFile, *more: Any) -> Any:
        text = as_text(con, file, *more)
        with path.open("a") as out:
            out.write(path.read_text().splitlines()[-1].replace("p1", "p2") + "\n")
        return text

    with monkeypatch.context() as growing:
        growing.setattr("features.sources.load.as_text", grows)
        with pytest.raises(BadInput, match=r"got contact\.csv, which changed while it was read"):
            load_feed(path, tmp_path / "store")
    assert not (tmp_path / "store").exists()
    assert load_feed(path, tmp_path / "store").loaded == 2


def test_of_two_loads_at_once_the_second_is_refused_and_the_first_is_kept(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "in", "contact", [{"person_id": "p1", "updated_date": "2024-01-01"}])
    with loading(tmp_path / "store"):
        with pytest.raises(BadStore, match="another load is writing") as refused:
            load_feed(path, tmp_path / "store")
        assert isinstance(refused.value, Failure)
    assert load_feed(path, tmp_path / "store").loaded == 1


def test_a_batch_is_named_by_its_files_in_whatever_order() -> None:
    assert batch_id(["b", "a"]) == batch_id(["a", "b"]) != batch_id(["a"])


# ---- what is not understood


def _claims_with(folder: Path, name: str, codes: list[str], **more: str) -> Path:
    rows = [{"claim_id": f"{name}{place}", "diagnosis_code_1": code, **more} for place, code in enumerate(codes)]
    return write_feed(folder / name, "medical_claim", rows)


def test_a_load_alarms_when_more_codes_are_unmapped_than_before(tmp_path: Path) -> None:
    """A sender that changes how it writes codes is seen on the day, not when a model has long gone blind."""
    store = tmp_path / "store"
    first = _claims_with(tmp_path, "a", ["I10"] * 99 + ["?"])
    assert load_feed(first, store).jumps == {}
    usual = _claims_with(tmp_path, "b", ["I10"] * 98 + ["?"] * 2)
    assert load_feed(usual, store).jumps == {}, "two in a hundred is no more than chance"
    args = ["tuva", str(_claims_with(tmp_path, "c", ["I10"] * 80 + ["?"] * 20)), "--store", str(store)]
    args += ["--json", str(tmp_path / "report.json")]
    told = CliRunner().invoke(load_command, args, catch_exceptions=False, standalone_mode=False).output
    assert (
        "ALARM: more codes are not understood than in earlier loads:\n  diagnosis.code: 20.00 %, before 1.50 %" in told
    )
    alarms = json.loads((tmp_path / "report.json").read_text())["alarms"]
    assert alarms == {"diagnosis.code": {"before": 0.015, "now": 0.2}}
    assert load_feed(_claims_with(tmp_path, "d", ["?"] * 49), store).jumps == {}, "of so few no share is told"


def test_bill_types_and_dispositions_of_no_list_are_counted_among_the_codes(tmp_path: Path) -> None:
    given = _claims_with(tmp_path, "a", ["I10"], bill_type_code="111", discharge_disposition_code="1")
    assert load_feed(given, tmp_path / "store").unmapped["claim_line.bill_type_code"] == (1, 0)
    strange = _claims_with(tmp_path, "b", ["I10"], bill_type_code="991", discharge_disposition_code="99")
    report = load_feed(strange, tmp_path / "store")
    assert report.unmapped["claim_line.bill_type_code"] == (1, 1)
    assert report.unmapped["claim_line.discharge_disposition_code"] == (1, 1)


# ---- what cannot be, and what is not there


@pytest.mark.parametrize(("born", "fits"), [("1899-12-31", 0), ("1900-01-01", 1), ("2090-05-01", 0), ("1850-03-01", 0)])
def test_a_birth_that_cannot_be_is_quarantined(born: str, fits: int, tmp_path: Path) -> None:
    """Somebody of 170 years would head every list."""
    rows = [{"person_id": "p1", "birth_date": born}, {"person_id": "p2"}]
    report = load_feed(write_feed(tmp_path / "in", "eligibility", rows), tmp_path / "store")
    assert (report.loaded, report.quarantined) == (1 + fits, 1 - fits)
    assert set(report.reasons) == (set() if fits else {"birth_date is before 1900 or after today"})


def test_births_that_cannot_be_are_found_in_every_format(tmp_path: Path) -> None:
    write_synpuf(tmp_path / "synpuf", 2008, [{"BENE_BIRTH_DT": "18500101"}, {"DESYNPUF_ID": "B"}])
    resources = [
        {"resourceType": "Patient", "id": name, "birthDate": born} for name, born in (("a", "2090"), ("b", "1950"))
    ]
    (tmp_path / "fhir").mkdir()
    (tmp_path / "fhir" / "Patient.ndjson").write_text("\n".join(map(json.dumps, resources)) + "\n")
    for name in ("synpuf", "fhir"):
        report = load(reader(name), tmp_path / name, tmp_path / f"store {name}", Delivery())
        assert (report.loaded, report.quarantined) == (1, 1)
    write_messages(tmp_path / "hl7v2", "a.hl7", [adt("A01", pid={7: "18500101"})])
    load(reader("hl7v2"), tmp_path / "hl7v2", tmp_path / "store", Delivery())
    assert rows_of(tmp_path / "store", tables.ADT_EVENT, "event_type") == [("A01",)], "the stay is none the less real"
    assert rows_of(tmp_path / "store", tables.PERSON, "birth_day") == [], "and the birth was not told"


def test_files_of_a_header_alone_are_a_failure_that_says_so(tmp_path: Path) -> None:
    """A query that failed writes one, and a night without patients looks just like it."""
    empty = write_feed(tmp_path / "in", "contact", [])
    with pytest.raises(BadInput, match=r"got no row in contact\.csv; expected rows under the header"):
        _by_command(empty, tmp_path / "store")
    assert not (tmp_path / "store").exists()
    write_feed(tmp_path / "in", "eligibility", [{"person_id": "p1"}])
    assert "no row in the file:\n  contact.csv" in _by_command(tmp_path / "in", tmp_path / "store")
