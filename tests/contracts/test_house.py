"""The house rules that no tool checks for us."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("features", "models", "training", "serving")
CODE = sorted(path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))
HEAVY = (
    "shap",
    "mlflow",
    "sklearn",
    "lightgbm",
    "pandas",
    "ibis",
    "duckdb",
    "bentoml",
    "pyarrow",
    "matplotlib",
    "splink",
)
DATE_ARITHMETIC = re.compile(
    r"\btimedelta\b|\bstrptime\b|\bstrftime\b|\bfromisoformat\b|86_?400|\bdatetime\.|date_diff"
)


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_only_windows_does_date_arithmetic() -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in CODE
        if path.name != "windows.py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if DATE_ARITHMETIC.search(line.split("#")[0])
    ]
    assert wrong == [], "a date worked out elsewhere will one day be worked out differently"


def test_help_imports_nothing_heavy() -> None:
    probe = "import sys, afterward; print([m for m in sys.modules if '.' not in m])"
    found = _run("-c", probe)
    assert found.returncode == 0, found.stderr
    heavy = sorted(set(ast.literal_eval(found.stdout)) & set(HEAVY))
    assert heavy == [], "every command would pay seconds for these"


def test_front_door_imports_only_command_lines() -> None:
    tree = ast.parse((PROJECT / "afterward.py").read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    ours = {module for module in modules if module.split(".")[0] in ROOMS}
    assert all(module == "features.errors" or module.endswith(".cli") for module in ours), "the door holds no logic"


def test_no_grab_bags() -> None:
    names = {path.stem for path in CODE}
    assert names & {"util", "utils", "helper", "helpers", "common", "config", "misc"} == set()


def test_nobody_else_owns_our_folder_names() -> None:
    owners = metadata.packages_distributions()
    for room in ROOMS:
        assert set(owners.get(room, ["afterward"])) <= {"afterward"}, f"{room} would be shadowed"


def test_notebooks_hold_no_logic() -> None:
    notebooks = sorted((PROJECT / "notebooks").glob("*.ipynb"))
    assert notebooks, "there is at least one notebook"
    for notebook in notebooks:
        cells = json.loads(notebook.read_text())["cells"]
        source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef, ast.Lambda)
        assert not any(isinstance(node, kinds) for node in ast.walk(ast.parse(source))), notebook.name
        assert cells[0]["cell_type"] == "markdown", "a notebook opens with a question"
        assert "?" in "".join(cells[0]["source"]), "a notebook opens with a question"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-extras.lock"])
def test_locks_pin_hashes_and_no_index(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    assert "index-url" not in text
    assert "://" not in text
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert entries
    assert all(re.match(r"^[A-Za-z0-9_.\-\[\]]+==\S+", entry) for entry in entries)
    assert text.count("--hash=sha256:") >= len(entries)


def test_readme_names_every_command() -> None:
    probe = "import afterward; print(*afterward.cli.commands, sep='\\n')"
    commands = _run("-c", probe).stdout.split()
    assert commands
    readme = (PROJECT / "README.md").read_text()
    missing = [name for name in commands if f"afterward {name}" not in readme]
    assert missing == [], "a command that nobody is told of is not there"


def test_import_contracts_hold() -> None:
    found = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout
