"""A page as HTML, as JSON and as PDF."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from features.errors import BadInput
from features.pages.content import WITHHELD, Cell, Estimate, Facts, Figure, Items, Page, Part, Share, Table, Text, shown

if TYPE_CHECKING:
    from markupsafe import Markup

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS_TO_PRINT = 120


def html(page: Page) -> str:
    """One self-contained page: no script, no outside request, readable on a screen and on paper. All text is escaped;
    the same page gives the same bytes. Its markup is well-formed XML too.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "worded": _worded, "drawing": Markup}  # our own SVG
    environment.tests |= {"number": _is_number, "spanned": _is_spanned}
    environment.globals["kind"] = kind
    return environment.get_template("page.html").render(page=page)


def kind(part: Part) -> str:
    """What a part is called in the template and in the JSON."""
    return type(part).__name__.lower()


def as_json(page: Page) -> str:
    """The same content as JSON; numbers are told in full, null where there is none."""
    told = {
        "title": page.title,
        "kind": page.kind,
        "lead": page.lead,
        "sections": [
            {"name": section.name, "title": section.title, "parts": [_part(part) for part in section.parts]}
            for section in page.sections
        ],
        "foot": page.foot,
    }
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def save(texts: Mapping[str, str], folder: Path) -> tuple[Path, ...]:
    """Write files by name into a folder, made where it is not there; BadInput where that cannot be."""
    paths = [folder / name for name in texts]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            path.write_text(texts[path.name], encoding="utf-8", newline="\n")
    except OSError:
        raise BadInput(got="a folder that cannot be written", expected="one that can", do="Check --out.") from None
    return tuple(paths)


def browser() -> str | None:
    """The Chromium of this machine, or a browser that prints alike; null where there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def printed(page: Path, pdf: Path) -> bool:
    """Print a page to PDF by headless Chromium; false where there is none, or it does not print."""
    chromium = browser()
    if chromium is None:
        return False
    with TemporaryDirectory() as profile:
        words = [
            chromium,
            "--headless",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={pdf.absolute()}",
            page.absolute().as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            words.insert(1, "--no-sandbox")  # Chromium refuses to run as root with it
        try:
            done = subprocess.run(words, capture_output=True, timeout=SECONDS_TO_PRINT, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0 and pdf.is_file()


def _is_number(cell: Cell) -> bool:
    """Whether it stands in a column of numbers."""
    return not isinstance(cell, str) or cell == WITHHELD


def _is_spanned(cell: Cell) -> bool:
    """Whether it has an interval to show."""
    return isinstance(cell, Estimate) and cell.low is not None and cell.high is not None


def _worded(text: str) -> Markup:
    """Text as markup: escaped, what stands in backticks as code, and a long name may break after an underscore."""
    from markupsafe import Markup, escape

    told = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"(?<=\w)_(?=\w)", "_<wbr />", told))  # noqa: S704  # escaped just before


def _part(part: Part) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": kind(part)}
    if isinstance(part, Text):
        return told | {"text": part.text}
    if isinstance(part, Items):
        return told | {"items": list(part.items)}
    if isinstance(part, Facts):
        return told | {"facts": {name: _cell(cell) for name, cell in part.facts.items()}}
    if isinstance(part, Figure):
        numbers = _table(part.numbers)
        return told | {"name": part.name, "title": part.title, "says": part.says, "numbers": numbers}
    return told | _table(part)


def _table(table: Table) -> dict[str, Any]:
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    return {"caption": table.caption, "heads": list(table.heads), "rows": rows, "note": table.note}


def _cell(cell: Cell) -> Any:
    if isinstance(cell, Estimate):
        return {"value": _number(cell.value), "low": _number(cell.low), "high": _number(cell.high)}
    if isinstance(cell, Share):
        return _number(cell.value)
    return _number(cell) if isinstance(cell, float) else cell


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
