"""The files of a report: the page, the same as JSON, and the applied model card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from features.errors import BadInput
from features.pages.write import as_json, html, printed, save
from training.report.chai import OPEN, card
from training.report.page import page
from training.report.recorded import Recorded, RecordedTable, recorded
from training.report.source_attributes import attributes
from training.report.table_page import page as table_page

PAGE, JSON, CARD, PDF = "report.html", "report.json", "model_card.xml", "report.pdf"


@dataclass(frozen=True)
class Written:
    """What was written, and of which version; `pdf` is null where no Chromium printed it."""

    model: str
    version: int
    files: tuple[Path, ...]
    pdf: Path | None


def texts(found: Recorded | RecordedTable) -> Mapping[str, str]:
    """The files as text, by name: the same release gives the same bytes. A model of a table has no model card."""
    if isinstance(found, RecordedTable):
        made = table_page(found)
        return {PAGE: html(made), JSON: as_json(made)}
    made = page(found)
    return {PAGE: html(made), JSON: as_json(made), CARD: card(found)}


def write(model: str, version: int | None, out: Path, answers: Path | None = None) -> Written:
    """Write the report of a version, the latest where none is named, into a folder, and print it where Chromium is.

    BadModel where there is no such version, BadInput where the folder cannot be written or the answers are not right.
    """
    found = recorded(model, version)
    if answers is not None:
        found = with_answers(found, answers)
    files = save(texts(found), out)
    (out / PDF).unlink(missing_ok=True)  # an older one would be of another page
    pdf = out / PDF if printed(out / PAGE, out / PDF) else None
    return Written(model, found.release.version, files, pdf)


def with_answers(found: Recorded | RecordedTable, path: Path) -> Recorded:
    """The record with what the network tells, from JSON: {"(1)(ii)": "...", "DeveloperContact": "..."}."""
    if isinstance(found, RecordedTable):
        raise BadInput(
            got=f"--answers for {found.release.model}, a model of a table", expected="none", do="Leave them out."
        )
    open_ones = [attribute.paragraph for attribute in attributes(found) if attribute.ask] + list(OPEN)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict) or not all(isinstance(text, str) and text.strip() for text in told.values()):
        raise BadInput(
            got="answers that are not JSON of names and texts",
            expected='a file such as {"(1)(ii)": "the network"}',
            do="Check --answers.",
        )
    strange = [name for name in told if name not in open_ones]
    if strange:
        raise BadInput(
            got=f"an answer to {strange[0]}, which the release answers itself or nobody asks",
            expected=f"answers to some of {', '.join(open_ones)}",
            do="Leave it out.",
        )
    return replace(found, answers=told)
