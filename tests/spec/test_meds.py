"""The record in the MEDS format, held to the schema as the standard's own documentation words it (version 0.4)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import BadInput
from features.record import meds
from features.record.meds import export, subject_id
from features.record.meds_tellings import LEFT_OUT, TAKEN_BACK, TELLINGS
from features.record.tables import TABLES
from features.record.whole import whole
from features.windows import stamp
from tests.histories import random_rows, record_of
from tests.spec.tables import clock, moment, person_rows

# documentation of MEDS 0.4: what must be there, with its type; other columns are allowed in data and codes
DATA = {"subject_id": pa.int64(), "time": pa.timestamp("us"), "code": pa.string(), "numeric_value": pa.float32()}
CODES = {"code": pa.string(), "description": pa.string(), "parent_codes": pa.list_(pa.string())}
COLUMNS_NAMED = ("raw_source_id_columns", "code_modifier_columns", "site_id_columns", "other_extension_columns")
TEXTS = ("dataset_name", "dataset_version", "etl_name", "etl_version", "meds_version", "created_at")


def told(rows: dict[str, list[dict[str, object]]], folder: Path) -> pd.DataFrame:
    """The measurements of one person's rows: code, time (as the vignettes write it), numeric_value."""
    export(record_of(rows), folder / "meds")
    found: pd.DataFrame = pq.read_table(folder / "meds" / "data" / "0000.parquet").to_pandas()
    seconds = found.time.astype("datetime64[s]").astype("int64")
    return found.assign(time=pd.Series([clock(second) for second in seconds], dtype=object))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven people of random histories, two to a file."""
    folder = tmp_path_factory.mktemp("meds") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meds, "SUBJECTS_IN_A_SHARD", 2)
        patch.setattr(meds, "ROWS_AT_ONCE", 7)  # so that people and shards are cut in the middle
        export(record_of(random_rows(3, people=7)), folder)
    return folder


def test_every_file_has_the_columns_of_the_standard(exported: Path) -> None:
    for path in (exported / "data").glob("*.parquet"):
        schema = pq.read_schema(path)
        assert {name: schema.field(name).type for name in DATA} == DATA
        table = pq.read_table(path)
        assert table["subject_id"].null_count == table["code"].null_count == 0
    schema = pq.read_schema(exported / "metadata" / "codes.parquet")
    assert {name: schema.field(name).type for name in CODES} == CODES


def test_nobody_is_in_two_files_and_each_is_in_the_order_of_time(exported: Path) -> None:
    files = [pq.read_table(path).to_pandas() for path in sorted((exported / "data").glob("*.parquet"))]
    assert len(files) == 4, "seven people, two to a file"
    people = [set(file.subject_id) for file in files]
    assert sum(map(len, people)) == len(set.union(*people)) == 7
    for file in files:
        assert file.subject_id.is_monotonic_increasing, "a person's rows stand together"
        assert all(each.is_monotonic_increasing for _, each in file.groupby("subject_id").time)


def test_every_code_is_described_once(exported: Path) -> None:
    used = {code for path in (exported / "data").glob("*.parquet") for code in pq.read_table(path)["code"].to_pylist()}
    codes = pq.read_table(exported / "metadata" / "codes.parquet").to_pandas()
    assert sorted(used) == codes.code.tolist()
    concepts = dict(zip(codes.code, codes.parent_codes, strict=True))
    assert concepts["DIAGNOSIS//secondary//icd-10-cm//I5022"].tolist() == ["ICD10CM/I50.22"]
    assert codes.description.notna().all()


def test_the_metadata_name_every_column_beyond_the_standard(exported: Path) -> None:
    about = json.loads((exported / "metadata" / "dataset.json").read_text())
    assert set(about) == {*COLUMNS_NAMED, *TEXTS}, "the standard knows no other"
    assert all(isinstance(about[name], str) for name in TEXTS)
    assert about["created_at"][:4] >= "2026"
    extra = set(pq.read_schema(next((exported / "data").glob("*.parquet"))).names) - set(DATA)
    assert {name for which in COLUMNS_NAMED for name in about[which]} == extra


def test_subjects_are_numbers_and_only_the_owner_may_read_whose(exported: Path) -> None:
    file = exported / "subjects.parquet"
    assert file.stat().st_mode & 0o077 == 0
    subjects = pq.read_table(file).to_pydict()
    assert subjects["subject_id"] == [subject_id(person) for person in subjects["person_id"]]
    for path in (exported / "data").glob("*.parquet"):
        assert "person_id" not in pq.read_schema(path).names


def test_the_time_of_an_event_is_when_it_was_known(tmp_path: Path) -> None:
    rows = person_rows(
        "p",
        bills="""
        claim | in    | out   | known | hospital | principal
        c1    | 03-05 | 03-09 | 05-01 | A        | I5022
        """,
    )
    found = told(rows, tmp_path).set_index("code")
    claim = found.loc["DIAGNOSIS//principal//icd-10-cm//I5022"]
    assert claim.time == "05-01", "in March nobody could have used this claim"
    assert claim.happened_from == pd.Timestamp(stamp(moment("03-04") + 1, "UTC")).tz_localize(None)
    assert found.loc["MEDS_BIRTH"].time == "1950-03-01 00:00"


def test_what_a_later_version_tells_again_is_told_once_and_what_it_takes_back_is_said(tmp_path: Path) -> None:
    rows = person_rows(
        "p",
        visits="""
        claim | known | day   | setting | paid
        c1    | 05-01 | 03-05 | office  | 100
        """,
    )
    first = rows["claim_line"][0]
    again = {**first, "version": 1, "known_at": moment("06-01"), "paid": 9000}
    back = {**first, "version": 2, "known_at": moment("07-01"), "cancels": 1}
    found = told({**rows, "claim_line": [first, again, back]}, tmp_path)
    lines = found[found.code.str.startswith(("CLAIM", "PLACE"))][["time", "code", "numeric_value"]]
    assert [tuple(line) for line in lines.fillna(-1).to_numpy()] == [
        ("05-01", "CLAIM_LINE//professional", first["paid"] / 100),
        ("05-01", "PLACE_OF_SERVICE//11", -1),
        ("06-01", "CLAIM_LINE//professional", 90.0),
        ("07-01", "CLAIM_CANCELLED//professional", -1),
    ]


def test_every_table_is_told_or_left_out_for_a_reason() -> None:
    names = {telling.table.name for telling in (*TELLINGS, *TAKEN_BACK)} | {"death"}
    assert names | set(LEFT_OUT) == {table.name for table in TABLES}
    assert not names & set(LEFT_OUT)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="holds something"):
        export(record_of(random_rows(1, people=1)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def _write_half(path: Path) -> None:
    with whole(path) as beside:
        beside.write_text("half")
        raise ValueError("broken off")


def test_what_fails_half_way_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="broken off"):
        _write_half(path)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("table.json", "old")]
    with whole(path) as beside:
        beside.write_text("new")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("table.json", "new")]
