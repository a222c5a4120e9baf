"""What every test may lean on: the public data sets where they are, and a table of what was skipped and why."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.chains import Chain

# as afterward.py sets it: threads that spin while they wait for each other make trees many times slower to grow where
# another test runs on the other core
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

REQUIRED = frozenset(filter(None, os.environ.get("AFTERWARD_REQUIRE", "").split(",")))
PROJECT = Path(__file__).resolve().parent.parent

# on a few rows Spark spends its time on compiling and on planning, not on them
FOR_FEW_ROWS = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}

settings.register_profile("afterward", derandomize=True, deadline=None, database=None, max_examples=40)
settings.register_profile("soak", derandomize=False, deadline=None, database=None, max_examples=1_000)
settings.load_profile(os.environ.get("AFTERWARD_HYPOTHESIS", "afterward"))


def absent(what: str, why: str) -> NoReturn:
    """Skip, or fail where AFTERWARD_REQUIRE names what is absent."""
    if what in REQUIRED:
        pytest.fail(f"{what} is required by AFTERWARD_REQUIRE and is absent: {why}")
    pytest.skip(f"{what}: {why}")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The public data sets."""
    folder = Path(os.environ.get("AFTERWARD_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        absent("data", "no folder AFTERWARD_TEST_DATA (default ../shared/data)")
    return folder


@pytest.fixture(scope="session")
def reference_dir(data_dir: Path) -> Path:
    """The code tables and facts beside the data sets."""
    folder = data_dir.parent / "reference"
    if not folder.is_dir():
        absent("data", "no folder reference beside AFTERWARD_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def java() -> Path:
    """The Java that Spark runs on."""
    found = shutil.which("java")
    if found is None:
        absent("java", "no java on the path")
    return Path(str(found))


@pytest.fixture(scope="session")
def spark(java: Path) -> Iterator[SparkSession]:
    """The one Spark session of all tests: two threads, and a driver that may take 1 GB."""
    if importlib.util.find_spec("pyspark") is None:
        absent("java", "PySpark, which runs on it, is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PySpark 4.3 warns of pandas 3
        from pyspark.sql import SparkSession

        asked = SparkSession.builder.master("local[2]").config("spark.driver.memory", "1g")
        for name, value in FOR_FEW_ROWS.items():
            asked = asked.config(name, value)
        session = asked.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A running PostgreSQL; a test takes a database of its own from it by `postgres`."""
    from tests.databases import binaries, server

    programs = binaries()
    if programs is None:
        absent("postgres", "no initdb on the path nor in /usr/lib/postgresql")
    with server(programs) as url:
        yield url


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of a new, empty PostgreSQL database."""
    from tests.databases import fresh

    return fresh(postgres_server)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser, as Debian packs it."""
    found = shutil.which("chromium")
    if found is None:
        absent("chromium", "no chromium on the path")
    return Path(str(found))


def _made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is made by whichever process needs it first; the others wait for it and read it."""
    alone = factory.getbasetemp()
    shared = alone.parent if "PYTEST_XDIST_WORKER" in os.environ else alone
    folder, done = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def simulated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 600 simulated people over three years, loaded as a user loads it. Read only."""
    from features.simulate.network import simulate
    from features.sources import tuva
    from features.sources.load import load
    from features.sources.reader import Delivery

    def make(folder: Path) -> None:
        simulate(600, 3, 5, folder / "files")
        load(tuva.READER, folder / "files", folder / "store", Delivery(None), "America/New_York")

    return _made_once(tmp_path_factory, "simulated", make) / "store"


@pytest.fixture(scope="session")
def simulated_chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """The whole chain by its commands on 3,000 simulated people: store, release, list. Read only."""
    from tests.chains import afterward, chain_of, run_chain

    days = ("2024-12-18", "2024-12-31")

    def make(folder: Path) -> None:
        words = ("simulate", "--members", "3000", "--years", "4", "--seed", "7", "--out", folder / "files")
        done = afterward(*words, releases=folder / "releases")
        assert done.returncode == 0, done.stderr
        run_chain("tuva", folder / "files", folder, *days)

    return chain_of(_made_once(tmp_path_factory, "chain", make), *days)


@pytest.fixture(autouse=True)
def _our_own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the settings of whoever runs it, and nothing phones home."""
    for name in list(os.environ):
        if name.startswith("AFTERWARD_") and name not in ("AFTERWARD_TEST_DATA", "AFTERWARD_REQUIRE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AFTERWARD_DATABASE_URL", f"sqlite:///{tmp_path_factory.getbasetemp() / 'afterward.db'}")
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "True")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A table of what was skipped and why."""
    skipped: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        skipped[reason] = skipped.get(reason, 0) + 1
    if skipped:
        terminalreporter.section("skipped, and why")
        for reason, count in sorted(skipped.items()):
            terminalreporter.write_line(f"{count:5d}  {reason.removeprefix('Skipped: ')}")
