"""The figures: curves, bars, and dots with their intervals, drawn by matplotlib as SVG for a page.

Colours are those of Okabe and Ito (jfly.uni-koeln.de/color), told apart by people who do not see all colours; lines
differ in their strokes and points in their shapes too, so that print in black tells them apart as well. The same input
gives the same bytes.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

from features.pages.content import Cell, Estimate, Figure, Table

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
STROKES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
SHAPES = ("o", "s", "^", "D", "v", "P")
QUIET = "#566375"
INK = "#1d2733"
WIDE, NARROW = (7.2, 4.2), (4.5, 3.2)  # inches; a page shows two narrow ones in a row
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
SETTINGS = {
    "svg.fonttype": "none",  # text stays text: it is found, read aloud and copied
    "text.parse_math": False,  # a name may hold a dollar sign
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so every machine measures alike
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#9aa5b1",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6eaee",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Series:
    """Points (x, y) as a line, alone, or marked on a line; `spans` are the (low, high) of each y. `quiet` is what
    others are held against: thin, grey, and left out of the numbers.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    drawn: Literal["line", "points", "marked"] = "line"
    spans: Sequence[tuple[float, float]] = ()
    quiet: bool = False


@dataclass(frozen=True)
class Axes:
    """What the axes are of, and where they end; a null end is found from the points."""

    x: str
    y: str = ""
    x_ends: tuple[float | None, float | None] = (None, None)
    y_ends: tuple[float | None, float | None] = (None, None)


def curves(name: str, title: str, says: str, axes: Axes, series: Sequence[Series], wide: bool = True) -> Figure:
    """Lines and points over a common axis."""
    with _drawing(name, WIDE if wide else NARROW) as (figure, on):
        for place, one in enumerate(s for s in series if not s.quiet):
            _draw(on, one, COLOURS[place % len(COLOURS)], STROKES[place % len(STROKES)], SHAPES[place % len(SHAPES)])
        for one in (s for s in series if s.quiet):
            on.plot(one.x, one.y, color=QUIET, linestyle=(0, (4, 3)), linewidth=1, label=one.name)
        on.set(xlabel=axes.x, ylabel=axes.y, xlim=axes.x_ends, ylim=axes.y_ends)
        if wide and len(series) > 1:
            on.legend()
        svg = _svg(figure, name, title)
    return Figure(name, title, says, svg, _numbers(title, axes, series), wide)


def bars(name: str, title: str, says: str, axes: Axes, lengths: Sequence[tuple[str, float]]) -> Figure:
    """Bars that lie, one under the other in the order given."""
    labels, values = [label for label, _ in lengths], [value for _, value in lengths]
    with _drawing(name, (WIDE[0], _height(len(lengths)))) as (figure, on):
        places = range(len(lengths))
        on.barh(places, values, color=COLOURS[0], height=0.65)
        _labelled(on, labels)
        on.set(xlabel=axes.x, xlim=axes.x_ends)
        svg = _svg(figure, name, title)
    rows: tuple[tuple[Cell, ...], ...] = tuple(zip(labels, values, strict=True))
    return Figure(name, title, says, svg, Table(title, (axes.y or "of", axes.x), rows))


def dots(
    name: str, title: str, says: str, axes: Axes, found: Sequence[tuple[str, Estimate]], reference: float | None = None
) -> Figure:
    """A dot for each value with its interval, one under the other; `reference` is what they are held against."""
    told = [(label, estimate) for label, estimate in found if estimate.value is not None]
    with _drawing(name, (WIDE[0], _height(len(told)))) as (figure, on):
        if reference is not None:
            on.axvline(reference, color=QUIET, linestyle=(0, (4, 3)), linewidth=1)
        for place, (_, estimate) in enumerate(told):
            if estimate.low is not None and estimate.high is not None:
                on.plot([estimate.low, estimate.high], [place, place], color=COLOURS[0], linewidth=2)
        on.plot([estimate.value for _, estimate in told], range(len(told)), SHAPES[0], color=COLOURS[0], markersize=6)
        _labelled(on, [label for label, _ in told])
        on.set(xlabel=axes.x, xlim=axes.x_ends)
        svg = _svg(figure, name, title)
    rows: tuple[tuple[Cell, ...], ...] = tuple(found)
    return Figure(name, title, says, svg, Table(title, (axes.y or "of", axes.x), rows))


def _draw(on: Any, one: Series, colour: str, stroke: object, shape: str) -> None:
    line = "none" if one.drawn == "points" else stroke
    mark = None if one.drawn == "line" else shape
    on.plot(one.x, one.y, color=colour, linestyle=line, linewidth=2, marker=mark, markersize=5, label=one.name)
    for x, (low, high) in zip(one.x, one.spans, strict=False):
        on.plot([x, x], [low, high], color=colour, linewidth=1.2)


def _numbers(title: str, axes: Axes, series: Sequence[Series]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in (s for s in series if not s.quiet):
        told: list[Cell] = [*one.y]
        if one.spans:
            told = [Estimate(y, *span) for y, span in zip(one.y, one.spans, strict=True)]
        rows += [(one.name, x, y) for x, y in zip(one.x, told, strict=True)]
    return Table(title, ("curve", axes.x, axes.y or "value"), tuple(rows))


def _height(lines: int) -> float:
    return 0.9 + 0.24 * max(1, lines)


def _labelled(on: Any, labels: Sequence[str]) -> None:
    on.set_yticks(range(len(labels)), labels)
    on.invert_yaxis()
    on.grid(visible=False, axis="y")
    on.tick_params(axis="y", length=0, pad=6, labelcolor=INK)
    on.margins(y=0.6 / max(1, len(labels)))


@contextmanager
def _drawing(name: str, size: tuple[float, float]) -> Iterator[tuple[Any, Any]]:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Drawing

    with mpl.rc_context({**SETTINGS, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # measured here only; the reader's own fonts draw it
        drawing = Drawing(figsize=size, layout="constrained")
        FigureCanvasSVG(drawing)
        yield drawing, drawing.subplots()


def _svg(drawing: Any, name: str, title: str) -> str:
    """The drawing as an element of a page: its ids are its own, its text in the page's type, its words in the page."""
    out = BytesIO()
    drawing.savefig(out, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ElementTree.fromstring(out.getvalue())  # noqa: S314  # our own drawing
    _without_styles(root)
    _own_ids(root, name)
    for size in ("width", "height"):
        root.attrib.pop(size)
    root.attrib |= {"role": "img", "aria-labelledby": f"figure-{name}-title", "aria-describedby": f"figure-{name}-says"}
    told = ElementTree.Element(f"{{{SVG}}}title", {"id": f"figure-{name}-title"})
    told.text = title
    root.insert(0, told)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _without_styles(root: Element) -> None:
    """A rule of a drawing would hold for the whole page, and a font be the drawing's own."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{SVG}}}style":
                parent.remove(child)
        if "style" in parent.attrib:
            parent.attrib["style"] = re.sub(r"font-family:[^;]*;?\s*", "", parent.attrib["style"])
        if "d" in parent.attrib:
            parent.attrib["d"] = " ".join(parent.attrib["d"].split())
    root.attrib["style"] = "stroke-linejoin: round"


def _own_ids(root: Element, name: str) -> None:
    """Ids that something in the drawing points to, by the name of the figure; others are left out."""
    text = " ".join(value for element in root.iter() for value in element.attrib.values())
    pointed = set(re.findall(r"url\(#([^)]+)\)", text))
    pointed |= {
        element.attrib[f"{{{XLINK}}}href"][1:] for element in root.iter() if f"{{{XLINK}}}href" in element.attrib
    }
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in pointed:
            element.attrib["id"] = f"{name}-{own}"
        there = element.attrib.pop(f"{{{XLINK}}}href", None)
        if there is not None:
            element.attrib["href"] = f"#{name}-{there[1:]}"
        for key, value in element.attrib.items():
            element.attrib[key] = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", value)
