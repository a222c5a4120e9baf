"""What README, CONTRIBUTING, GLOSSARY and docs/ say is so: commands, options, targets, settings, links, examples."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest

import afterward
from tests import data_page

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("features", "models", "training", "serving")
FACES = tuple(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "GLOSSARY.md"))
PAGES = (*FACES, *sorted((PROJECT / "docs").glob("*.md")))
TERMS = (
    "member", "person", "stay", "index stay", "prediction time", "known", "lookback", "outcome window", "censored",
    "care gap", "tier", "release", "champion", "worklist item", "attempt", "reached", "measure", "metric", "Bundle",
    "record", "store", "batch", "quarantine", "reader", "feature", "family", "catalogue", "label", "spec", "slice",
    "calibration", "baseline", "oracle", "fingerprint", "reason", "not evaluable", "discharge notice",
)  # fmt: skip
# what is set for us or for tools that we start, not by whoever runs Afterward
NOT_SETTINGS = {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "PYTHONWARNINGS"}


def _named(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def _shown(page: Path) -> str:
    """The text without what is commented out."""
    return re.sub(r"<!--.*?-->", "", page.read_text(), flags=re.DOTALL)


@cache
def _make_targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z][a-z-]*):", (PROJECT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_every_make_target_that_is_told_exists(page: Path) -> None:
    told = set(re.findall(r"(?:`|^    )make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE))
    assert told <= _make_targets(), "a reader would type a target that is not there"


def test_every_make_target_is_told() -> None:
    told = set(re.findall(r"`make ([a-z][a-z-]*)`", (PROJECT / "CONTRIBUTING.md").read_text()))
    assert _make_targets() - told == set(), "CONTRIBUTING lists the targets"


def _commands_told(page: Path) -> list[list[str]]:
    """Commands in code: indented or fenced lines, and single backticks, that run `afterward`."""
    text = page.read_text()
    lines = re.findall(r"^(?: {4}|\$ )?(?:[A-Z_]+=\S+ )*(afterward [a-z][a-z-]*.*)$", text, re.MULTILINE)
    return [
        shlex.split(line.split(" #")[0]) for line in [*lines, *re.findall(r"`(afterward [a-z][a-z-]*[^`]*)`", text)]
    ]


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_every_command_and_option_that_is_told_exists(page: Path) -> None:
    for _, name, *words in _commands_told(page):
        command: click.Command | None = afterward.cli.commands.get(name)
        assert command is not None, f"there is no command afterward {name}"
        if isinstance(command, click.Group) and words:
            command = command.commands.get(words[0])
            assert command is not None, f"there is no command afterward {name} {words[0]}"
        there = {option for each in command.params if isinstance(each, click.Option) for option in each.opts}
        told = {word.split("=")[0] for word in words if word.startswith("-")}
        assert told <= there | {"--help"}, f"afterward {name} has no such option"


def test_readme_tells_how_to_do_it_by_hand() -> None:
    told = [name for _, name, *words in _commands_told(PROJECT / "README.md") if words]
    for name in ("load", "simulate", "train", "evaluate", "promote", "score"):
        assert name in told, f"README has no example of afterward {name}"


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_every_link_within_the_project_resolves(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", _shown(page))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_every_python_example_compiles(page: Path) -> None:
    for number, example in enumerate(_examples(page)):
        compile(example, f"{page.name} example {number}", "exec")


def _examples(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def _settings_read() -> set[str]:
    """The environment variables that code, tests and the Makefile name."""
    found: set[str] = set()
    files = [PROJECT / "afterward.py", PROJECT / "tests" / "conftest.py"]
    files += [path for room in ROOMS for path in (PROJECT / room).rglob("*.py")]
    for path in files:
        found |= set(re.findall(r"[\"']((?:AFTERWARD|MLFLOW|BENTOML)_[A-Z_]*[A-Z])[\"']", path.read_text()))
    return found - NOT_SETTINGS


def test_readme_tells_every_environment_variable() -> None:
    told = set(re.findall(r"`((?:AFTERWARD|MLFLOW|BENTOML)_[A-Z_]+)`", (PROJECT / "README.md").read_text()))
    read = _settings_read()
    assert "AFTERWARD_RELEASES" in read, "the search for settings finds none"
    assert read - told == set(), "a setting that nobody is told of"
    assert told - read == set(), "a setting that nothing reads"


def test_glossary_has_the_core_terms_once() -> None:
    terms = re.findall(r"^- \*\*([^*]+)\*\*: \S", (PROJECT / "GLOSSARY.md").read_text(), re.MULTILINE)
    assert [term for term in TERMS if term not in terms] == []
    assert sorted({term for term in terms if terms.count(term) > 1}) == [], "two meanings of one word"


def test_data_page_is_what_the_declarations_say() -> None:
    written = (PROJECT / "docs" / "data.md").read_text()
    assert written == data_page.page(), "run: python -m tests.data_page > docs/data.md"


def test_debian_packages_are_on_the_one_line_that_ci_reads() -> None:
    """`.ci/run` installs what this line of the README says."""
    lines = re.findall(r"^    apt-get install (.+)$", (PROJECT / "README.md").read_text(), re.MULTILINE)
    assert len(lines) == 1
    packages = lines[0].split()
    assert {"make", "python3-venv", "libgomp1"} <= set(packages)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", package) for package in packages)


def test_pictures_are_small() -> None:
    pictures = sorted((PROJECT / "docs" / "images").glob("*"))
    assert [path.name for path in pictures if path.stat().st_size > 300_000] == []


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_pages_name_no_machine(page: Path) -> None:
    """A path or host of one machine is of no use to a reader elsewhere."""
    assert re.findall(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\S*", page.read_text()) == []


def test_licence_is_apache_2() -> None:
    text = (PROJECT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
