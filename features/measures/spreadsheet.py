"""The cells of an Excel workbook (.xlsx) as text: a zip of XML files (ECMA-376). Formulas, dates and styles are not
read: value sets have none.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from xml.etree import ElementTree  # expat of Python 3.11 refuses entities that grow without end

from features.errors import BadInput

_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LARGEST = 1 << 30  # bytes of a part, unpacked


def sheets(path: Path) -> list[list[list[str]]]:
    """The rows of each sheet. Raises BadInput where it is no workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
            if not names:
                raise BadInput(got=f"{path.name} without a sheet", expected="an Excel workbook", do="Export it again.")
            shared = _shared(archive)
            ordered = sorted(names, key=lambda name: int(re.sub(r"\D", "", name)))
            return [_rows(_part(archive, name), shared) for name in ordered]
    except (OSError, zipfile.BadZipFile, zlib.error, ElementTree.ParseError, ValueError, IndexError):
        raise BadInput(
            got=f"{path.name}, which is damaged or no workbook", expected="an Excel workbook (.xlsx)", do="Export it."
        ) from None


def _part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > LARGEST:
        raise ValueError
    return ElementTree.fromstring(archive.read(name))  # noqa: S314


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [_text(item) for item in _part(archive, "xl/sharedStrings.xml").iter(f"{_SPACE}si")]


def _text(node: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in node.iter(f"{_SPACE}t"))


def _rows(sheet: ElementTree.Element, shared: list[str]) -> list[list[str]]:
    found = []
    for row in sheet.iter(f"{_SPACE}row"):
        cells: list[str] = []
        for cell in row.iter(f"{_SPACE}c"):
            place = _column(cell.get("r", ""), len(cells))
            cells += [""] * (place + 1 - len(cells))
            cells[place] = _value(cell, shared)
        found.append(cells)
    return found


def _column(name: str, following: int) -> int:
    """The place of a cell such as `AB12`; without a name the one after the last."""
    letters = re.match(r"[A-Z]+", name)
    if letters is None:
        return following
    place = 0
    for letter in letters[0]:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _value(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    value = cell.find(f"{_SPACE}v")
    told = "" if value is None else value.text or ""
    return shared[int(told)] if cell.get("t") == "s" and told else told
