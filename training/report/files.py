"""The files of a report: the page, the same as JSON, and the applied model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.pages.write import as_json, html, printed, save
from training.report.chai import card
from training.report.page import page
from training.report.recorded import Recorded, RecordedTable, recorded
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


def write(model: str, version: int | None, out: Path) -> Written:
    """Write the report of a version, the latest where none is named, into a folder, and print it where Chromium is.

    BadModel where there is no such version, BadInput where the folder cannot be written.
    """
    found = recorded(model, version)
    files = save(texts(found), out)
    (out / PDF).unlink(missing_ok=True)  # an older one would be of another page
    pdf = out / PDF if printed(out / PAGE, out / PDF) else None
    return Written(model, found.release.version, files, pdf)
