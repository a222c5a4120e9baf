"""The fingerprint of a list of features: their declarations and all the code and tables that decide their values."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path

from features.catalogue.algebra import Feature
from features.catalogue.gaps import FAMILY as OF_GAPS
from features.codes.groupings import GROUPINGS
from features.codes.readmission import READMISSION_GROUPINGS
from features.codes.supplement import SUPPLEMENT
from features.dataset import columns

# what a feature's value can depend on; labels, readers and the simulator are not among it
_CODE = (
    "catalogue",
    "codes",
    "definitions/encounters.py",
    "definitions/evidence.py",
    "definitions/planned.py",
    "definitions/scores.py",
    "definitions/stays.py",
    "record/known.py",
    "dataset.py",
    "windows.py",
)
# and of a feature that asks who has a care gap
_CODE_OF_MEASURES = ("measures",)
# of these rooms what decides no feature's value: labels, commands, files of decks and of lists
_BESIDE = tuple(
    f"measures/{name}"
    for name in ("transitions", "outcomes.py", "month_ends.py", "cli.py", "deck.py", "check.py", "gaps_file.py",
                 "spreadsheet.py", "value_set_files.py")
)  # fmt: skip


def fingerprint(features: Sequence[Feature]) -> str:
    """Sixteen hex digits that change when anything that decides a feature's value changes: names, windows, units,
    missing rules, code tables' versions, and the code itself.
    """
    digest = hashlib.sha256()
    for column in columns(features):
        digest.update(repr(astuple(column)).encode())
    for grouping in (*GROUPINGS, SUPPLEMENT, *READMISSION_GROUPINGS):
        digest.update(f"{grouping.name}|{grouping.version}".encode())
    digest.update(_code(_CODE).encode())
    if any(column.family == OF_GAPS for column in columns(features)):
        digest.update(_code(_CODE_OF_MEASURES).encode())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=2)
def _code(names: tuple[str, ...]) -> str:
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for name in names:
        place = here / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if path.relative_to(here).as_posix().startswith(_BESIDE):
                continue
            digest.update(f"{path.relative_to(here).as_posix()}\0{_meaning(path)}".encode())
    return digest.hexdigest()


def _meaning(path: Path) -> str:
    """The code of a file without its layout, comments and docstrings: rewording those changes no value."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return _told(tree)


def _told(node: object) -> str:
    """A tree as text that is the same for every version of Python: empty fields, which come and go, are left out."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return f"{type(node).__name__}({','.join(f'{name}={_told(value)}' for name, value in fields)})"
    return f"[{','.join(map(_told, node))}]" if isinstance(node, list) else repr(node)
