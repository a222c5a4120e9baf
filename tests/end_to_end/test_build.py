"""The commands that hand out rows, record and columns: on DuckDB, and on Spark with the same bits."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import afterward
from features.catalogue import CATALOGUE
from features.catalogue.person import DEMOGRAPHICS
from features.dataset import columns
from features.errors import BadSetting
from features.record import spark as on_spark
from features.record.record import Record, connect, open_record
from features.record.tables import APPOINTMENT
from models.specs import readmission_30d
from training import shards
from training.frame import frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KEYS = ["person_id", "as_of"]
SMALL = replace(readmission_30d.SPEC, features=(DEMOGRAPHICS,))


def _run(*words: str | Path) -> str:
    done = CliRunner().invoke(afterward.cli, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


@pytest.fixture(scope="module")
def told(simulated_store: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, str]:
    """The whole table of the simulated store, built on DuckDB, and what the command said."""
    out = tmp_path_factory.mktemp("built") / "frame.parquet"
    said = _run("build", "readmission_30d", "--store", simulated_store, "--out", out)
    return pd.read_parquet(out), said


@pytest.mark.slow
def test_the_command_writes_the_frame(told: tuple[pd.DataFrame, str], simulated_store: Path) -> None:
    found, said = told
    assert f"{len(found):,} discharges of {found.person_id.nunique():,} people" in said
    assert found.label.isna().sum() > 0, "nobody is lost for want of a label"
    assert "1 columns not evaluable, for want of coverage.managed_care: " in said
    few = frame(open_record(simulated_store), SMALL)
    pd.testing.assert_frame_equal(found[few.columns], few)


@pytest.mark.soak
@pytest.mark.slow
def test_shares_of_the_people_give_the_same_rows(
    told: tuple[pd.DataFrame, str], simulated_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROWS_AT_ONCE", 90_000)  # about half of them
    said = shards.write_shards(simulated_store, SMALL, tmp_path / "shards", connect)
    found = pd.read_parquet(tmp_path / "shards").sort_values(KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(found, told[0].sort_values(KEYS, ignore_index=True)[found.columns])
    assert len(said) == len(found)


@pytest.mark.slow
def test_the_record_is_written_for_the_tools_of_meds(
    told: tuple[pd.DataFrame, str], simulated_store: Path, tmp_path: Path
) -> None:
    said = _run("export", "meds", "--store", simulated_store, "--out", tmp_path / "meds")
    assert "left out: contact_details" in said
    subjects = pd.read_parquet(tmp_path / "meds" / "subjects.parquet")
    data = pd.read_parquet(tmp_path / "meds" / "data")
    assert set(told[0].person_id) <= set(subjects.person_id)
    assert set(data.subject_id) == set(subjects.subject_id)


# ---- Spark


@pytest.fixture(scope="module")
def spark_record(spark: SparkSession, simulated_store: Path) -> Record:
    return open_record(simulated_store, on_spark.connect)


@pytest.mark.slow
def test_spark_gives_the_same_bits(
    spark: SparkSession, told: tuple[pd.DataFrame, str], simulated_store: Path, tmp_path: Path
) -> None:
    driver = spark.sparkContext._jvm.java.lang.Runtime.getRuntime().maxMemory()
    assert driver <= 2**30, "the driver may take 1 GB"
    out = tmp_path / "shards"
    _run("build", "readmission_30d", "--store", simulated_store, "--engine", "spark", "--out", out)
    assert len(list(out.glob("bucket-*.parquet"))) >= 8, "a file for each bucket of people"
    found = pd.read_parquet(out).sort_values(KEYS, ignore_index=True)
    expected = told[0].sort_values(KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(found, expected)
    names = [column.name for column in columns(CATALOGUE)]
    here, there = (np.ascontiguousarray(each[names].to_numpy()).view(np.int64) for each in (found, expected))
    assert [name for name, same in zip(names, (here == there).all(axis=0), strict=True) if not same] == []


@pytest.mark.slow
def test_spark_concludes_a_share_of_the_people_at_a_time(spark_record: Record) -> None:
    rows = spark_record[APPOINTMENT].select("person_id", "appointment_id", "known_at")
    count = spark_record.con.to_pyarrow(rows.count()).as_py()
    parts = spark_record.conclude_in_parts("all", rows, lambda some: some, count // 3)
    order = ["person_id", "appointment_id", "known_at"]
    pd.testing.assert_frame_equal(parts.order_by(order).to_pandas(), rows.order_by(order).to_pandas())


def test_without_java_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BadSetting, match="Java 17"):
        on_spark.connect()


def test_without_pyspark_the_command_says_what_to_install(java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyspark", "pyspark.sql"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(BadSetting, match=r"afterward\[spark\]"):
        on_spark.connect()
