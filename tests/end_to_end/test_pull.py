"""A champion on another machine, with a real MLflow server between where it was trained and where it is used."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep

import httpx
import numpy as np
import pytest
from click.testing import CliRunner

from features.errors import BadModel, BadSetting, Failure
from models import pointer, release
from models.calibration import Logistic
from models.specs import readmission_30d
from models.table import release as table_release
from models.table.preparation import TableColumn
from models.table.release import TableContents
from tests.property.test_release import FEATURES, MODEL, contents
from training import decisions, promote, registry
from training.cli import releases
from training.registry import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TABLE_MODEL, UNPROMOTED = "falls", "never_promoted"
SECONDS_TO_START = 120


@dataclass(frozen=True)
class Elsewhere:
    """The server, its files, and the folder of releases of the machine that trains."""

    uri: str
    artefacts: Path
    home: Path


@contextmanager
def starting(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a server whose database and files lie in the folder, and what waits until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{folder / 'db'}", "--artifacts-destination", str(folder / "files")]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    uri, log = f"http://127.0.0.1:{port}", folder / "log"
    with log.open("wb") as out:
        child = subprocess.Popen(words, env=environment, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    try:
        yield uri, lambda: _wait(uri, child, log)
    finally:
        child.terminate()
        child.wait(timeout=30)


def _wait(uri: str, child: subprocess.Popen[bytes], log: Path) -> None:
    until = monotonic() + SECONDS_TO_START
    while monotonic() < until:
        assert child.poll() is None, log.read_text()
        with suppress(httpx.TransportError):
            if httpx.get(f"{uri}/health", timeout=5).status_code == 200:
                return
        sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Version 2 of a model built from the record and version 1 of one of a table are champions; a third has none."""
    folder = tmp_path_factory.mktemp("mlflow")
    with starting(folder) as (uri, wait), pytest.MonkeyPatch.context() as patch:
        found = Elsewhere(uri, folder / "files", folder / "trained")
        patch.setenv(pointer.HOME, str(found.home))
        patch.setenv(registry.URI, uri)
        made = contents()
        release.write(made)
        of_record = release.load(release.write(made))
        of_table = table_release.load(table_release.write(of_a_table()))
        wait()
        for trained in (of_record, of_table):
            registry.log(trained, Run({}, {}, {}, {}))
        tags = {"afterward.why": "no gate fails", "afterward.gate.score_shift": "pass"}
        assert registry.make_champion(of_record, tags) == registry.make_champion(of_table, {}) == "1"
        with registry.client_of_registry() as client:
            client.create_registered_model(UNPROMOTED)
        yield found


def of_a_table() -> TableContents:
    """The older, the likelier."""
    import lightgbm

    draw = np.random.default_rng(1)
    age = draw.integers(20, 90, size=(400, 1)).astype(np.float64)
    data = lightgbm.Dataset(age, draw.random(400) < age[:, 0] / 100)
    parameters = {"objective": "binary", "num_threads": 1, "verbosity": -1, "seed": 1}
    return TableContents(
        model=TABLE_MODEL,
        label="fell",
        person="patient",
        time=None,
        seed=1,
        table_fingerprint="rows",
        rows=400,
        events=200,
        columns=(TableColumn("age", "number", low=20, high=90),),
        booster=lightgbm.train(parameters, data, num_boost_round=3),
        calibrator=Logistic(1.0, 0.0),
        metrics={},
        card="",
    )


@pytest.fixture(autouse=True)
def here(there: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of releases, on a machine that knows where MLflow is."""
    asked = readmission_30d.SPEC
    monkeypatch.setattr(promote, "spec", lambda _: replace(asked, features=FEATURES))
    monkeypatch.setenv(pointer.HOME, str(tmp_path / "here"))
    monkeypatch.setenv(registry.URI, there.uri)
    return tmp_path / "here"


def pull(model: str) -> str:
    return CliRunner().invoke(releases, ["pull", model], catch_exceptions=False).output


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_champion_arrives_with_the_same_bytes_under_its_number_and_is_in_use(there: Elsewhere, here: Path) -> None:
    assert "champion moved from nothing to version 2" in pull(MODEL)
    assert files(here / MODEL / "2") == files(there.home / MODEL / "2")
    assert pointer.champion(MODEL) == here / MODEL / "2"
    assert {path.name for path in (here / MODEL).iterdir()} == {"2", "champion", decisions.FILE}, "nothing is left over"
    told = decisions.decisions(MODEL)[-1]
    assert (told.what, told.version, told.before) == ("pull", 2, None)
    assert "no gate fails" in told.why
    assert decisions.passed_by(MODEL, 2) == {"score shift"}, "what it passed there counts here too"


def test_pulled_again_nothing_changes(here: Path) -> None:
    pull(MODEL)
    before = {path: path.stat().st_mtime_ns for path in (here / MODEL).rglob("*")}
    assert "is the champion here already" in pull(MODEL)
    assert {path: path.stat().st_mtime_ns for path in (here / MODEL).rglob("*")} == before


def test_a_model_of_a_table_is_pulled_too(here: Path) -> None:
    pull(TABLE_MODEL)
    table_release.load(pointer.champion(TABLE_MODEL))


def test_another_release_of_that_number_is_never_written_over(there: Elsewhere, here: Path) -> None:
    """Somebody trained here as well: their version 2 is not the network's version 2."""
    shutil.copytree(there.home / MODEL / "2", here / MODEL / "2")
    about = here / MODEL / "2" / release.MANIFEST
    about.write_text(about.read_text() + "\n")
    before = files(here / MODEL / "2")
    with pytest.raises(BadModel, match="got another release that is readmission_30d version 2 here"):
        pull(MODEL)
    assert files(here / MODEL / "2") == before
    assert pointer.champion_version(MODEL) is None


@pytest.mark.parametrize(
    ("name", "says"), [(release.CARD, "card.md changed"), (release.MANIFEST, "the one registered")]
)
def test_what_was_changed_on_the_way_is_not_used(name: str, says: str, there: Elsewhere, here: Path) -> None:
    pull(TABLE_MODEL)
    shutil.rmtree(here)
    [kept] = [path for path in there.artefacts.rglob(f"release/{name}") if _is_of(path.parent, TABLE_MODEL)]
    whole = kept.read_text()
    try:
        kept.write_text(whole + "\n")
        with pytest.raises(BadModel, match=says):
            pull(TABLE_MODEL)
    finally:
        kept.write_text(whole)
    assert list((here / TABLE_MODEL).iterdir()) == [], "neither a release nor a pointer"


def _is_of(folder: Path, model: str) -> bool:
    return f'"model": "{model}"' in (folder / release.ABOUT).read_text()


@pytest.mark.parametrize(
    ("model", "uri", "cause", "says"),
    [
        ("unheard_of", None, BadModel, "which MLflow does not know"),
        (UNPROMOTED, None, BadModel, "of which MLflow has no champion"),
        (MODEL, "http://127.0.0.1:9", BadSetting, "no answer from MLflow"),
        (MODEL, "", BadSetting, "got no MLFLOW_TRACKING_URI"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    model: str, uri: str | None, cause: type[Failure], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    if uri is not None:
        monkeypatch.setenv(registry.URI, uri)
    with pytest.raises(cause, match=says) as told:
        pull(model)
    assert "\n" not in str(told.value)
    assert pointer.champion_version(model) is None
