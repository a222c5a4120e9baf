"""What a page is made of, before it is HTML or JSON: sections of text, facts, tables and figures.

Every number on a page stands in its JSON too, under the same names. A figure has a text alternative and the numbers
that it was drawn from; both are demanded when it is made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from features.errors import BadDeclaration

NONE = "\u2013"  # a dash
WITHHELD = "withheld"


@dataclass(frozen=True)
class Estimate:
    """A value between the ends of its 95 % interval; ends are null where the rows allow none."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Share:
    """A part of a whole, 0 to 1, told in per cent."""

    value: float | None


Cell = str | int | float | Estimate | Share | None


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of points."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names with what is told of each."""

    facts: Mapping[str, Cell]


@dataclass(frozen=True)
class Table:
    """`rows` have a cell for each of `heads`; the first cell names its row."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.heads)]
        if wrong or not self.caption:
            raise BadDeclaration(
                got=f"{self.caption or 'no caption'}: {len(wrong)} rows not {len(self.heads)} cells long",
                expected="a caption, and a cell for each head",
                do="Mend the table.",
            )


@dataclass(frozen=True)
class Figure:
    """`svg` is one drawing, ready to stand in a page; `says` is its text alternative; `numbers` is what was drawn."""

    name: str
    title: str
    says: str
    svg: str
    numbers: Table
    wide: bool = True

    def __post_init__(self) -> None:
        if not self.says or not re.fullmatch(r"[a-z][a-z0-9-]*", self.name):
            raise BadDeclaration(
                got=f"a figure {self.name!r} without a text alternative, or with a name that is no anchor",
                expected="words that say what it shows, and a name such as `calibration`",
                do="Write them.",
            )


Part = Text | Items | Facts | Table | Figure


@dataclass(frozen=True)
class Section:
    """`name` is its anchor, by which others point to it."""

    name: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Page:
    """A page; `kind` is the small line above its title."""

    title: str
    kind: str
    lead: str
    sections: tuple[Section, ...]
    foot: str = ""

    def __post_init__(self) -> None:
        anchors = [section.name for section in self.sections]
        anchors += [f"figure-{figure.name}" for figure in self.figures()]
        twice = sorted({name for name in anchors if anchors.count(name) > 1})
        if twice:
            raise BadDeclaration(got=f"{', '.join(twice)} twice on a page", expected="each once", do="Rename one.")

    def figures(self) -> Iterator[Figure]:
        """Its figures, in order."""
        return (part for section in self.sections for part in section.parts if isinstance(part, Figure))


def shown(cell: Cell) -> str:
    """A cell as a reader sees it: `0.712 (0.698 to 0.727)`, `12.3 %`, `1,204`; a dash where there is nothing."""
    if isinstance(cell, Estimate):
        if cell.low is None or cell.high is None:
            return shown(cell.value)
        return f"{shown(cell.value)} ({shown(cell.low)} to {shown(cell.high)})"
    if isinstance(cell, Share):
        return NONE if not _number(cell.value) else f"{100 * float(cell.value or 0):.1f} %"
    if isinstance(cell, str):
        return cell
    if cell is None or not math.isfinite(cell):
        return NONE
    return f"{cell:,}" if isinstance(cell, int) else _decimals(cell)


def _decimals(number: float) -> str:
    """Three decimals, fewer of a large number; no sign before a nought."""
    written = f"{number:,.{3 if abs(number) < 100 else 1}f}"
    return written.lstrip("-") if not written.strip("-0.,") else written


def _number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
