"""Every notebook runs from top to bottom on a small simulated network, and none is committed with its outputs."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_runs_and_shows_figures(path: Path, simulated_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))  # the kernel starts in the notebook's own folder
    monkeypatch.setenv("AFTERWARD_STORE", str(simulated_store))
    book = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": path.parent}}
    made = NotebookClient(book, timeout=240, kernel_name="python3", resources=where).execute()
    outputs = [output for cell in made.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs), "a notebook answers with a figure"
    said = "".join(output.get("text", "") for output in outputs if output.get("name") == "stderr")
    assert "Warning" not in said, said


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_is_committed_without_outputs(path: Path) -> None:
    code = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert code, "no code"
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code), (
        "an output may show a patient"
    )
