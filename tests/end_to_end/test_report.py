"""The report as a user gets it: by its command, of a release that the chain made."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from models import pointer
from tests.chains import MODEL, Chain, afterward
from tests.conftest import absent
from tests.markup import faults
from training.report.files import PAGE, texts
from training.report.recorded import Recorded, recorded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def written(simulated_chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    done = afterward("report", MODEL, "--out", folder, releases=simulated_chain.releases)
    assert done.returncode == 0, done.stderr
    assert f"{MODEL} version 1" in done.stdout
    return folder


def test_the_page_is_valid_and_its_json_has_the_figures_of_the_evaluation(
    simulated_chain: Chain, written: Path
) -> None:
    assert faults((written / "report.html").read_text(encoding="utf-8")) == []
    told = json.loads((written / "report.json").read_text(encoding="utf-8"))
    judged = json.loads(simulated_chain.evaluation.read_text())
    facts = told["sections"][0]["parts"][1]["facts"]
    assert facts["AUROC"] == judged["auroc"]
    assert facts["With the outcome"] == judged["events"]


def test_the_report_was_logged_with_the_run_before_anybody_decided(
    simulated_chain: Chain, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pointer.HOME, str(simulated_chain.releases))
    [logged] = (simulated_chain.releases / "mlflow").rglob("report.html")
    made = recorded(MODEL)
    assert isinstance(made, Recorded)
    assert logged.read_text(encoding="utf-8") == texts(replace(made, decisions=()))[PAGE], "of one release one page"
    assert "a chain for tests needs a champion" in (written / "report.html").read_text(encoding="utf-8")


def test_nobody_is_named(simulated_chain: Chain, written: Path) -> None:
    rows = pd.read_parquet(simulated_chain.releases / MODEL / "1.rows.parquet")
    text = "".join((written / name).read_text(encoding="utf-8") for name in ("report.html", "report.json"))
    words = set(re.findall(r"[\w-]+", text))
    assert len(rows) > 1_000
    assert not words & set(rows.person_id)
    assert not words & set(rows.stay_id)


def test_where_chromium_is_the_report_is_printed(written: Path) -> None:
    if shutil.which("chromium") is None:
        absent("chromium", "no chromium on the path")
    pdf = (written / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) > 100_000
