"""The section of a report that tells what moves the scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.catalogue.declaration import Column
from features.pages.content import Figure, Part, Section, Table, Text, shown
from features.pages.figures import Axes, Series, bars, curves
from models.explain import YES_OR_NO
from training.report.recorded import Recorded

GROUPS_DRAWN = 15
COLUMNS_TOLD = 20
TITLE = "What moves the scores"
NO_SCORE_MOVES, NOT_RECORDED = "Nothing moves a score: the model gives all one risk.", "Not recorded for this version."
TREESHAP = (
    "TreeSHAP values of the released trees, in log-odds before calibration (Lundberg et al., Nat Mach Intell "
    "2020;2:56-67). They say what moves the score, not what causes the outcome."
)
DEPENDENCE = (
    "How values of the strongest columns move the score. Each point is a mean over at least 11 people; above 0 values "
    "raise the score, below 0 they lower it."
)


def explanations(found: Recorded) -> Section:
    """Mean |SHAP| by group, the strongest columns, and how their values move the score."""
    told = found.findings["explanations"]
    if not told["groups"]:
        return Section("explanations", TITLE, (Text(NO_SCORE_MOVES if told["rows"] else NOT_RECORDED),))
    groups = [(line["group"], line["mean"]) for line in told["groups"]]
    named = {column.name: column for column in found.release.columns}
    first = ", ".join(group for group, _ in groups[:3])
    says = (
        f"Mean of the absolute contribution to the log-odds, over {told['rows']:,} held-out rows, by group of "
        f"inputs. Strongest: {first}. A contribution of 0.7 about doubles the odds or halves them."
    )
    rows = tuple(
        (line["column"], named[line["column"]].group, _about(named[line["column"]].sentence), line["mean"])
        for line in told["columns"][:COLUMNS_TOLD]
    )
    drawn = [_of_column(line, named[line["column"]]) for line in told["dependence"] if len(line["points"]) > 1]
    parts: tuple[Part, ...] = (
        Text(TREESHAP),
        bars(
            "strength",
            "What moves the scores",
            says,
            Axes("mean |SHAP|, log-odds", "inputs about"),
            groups[:GROUPS_DRAWN],
        ),
        Table("The strongest columns", ("column", "about", "as it is told", "mean |SHAP|"), rows),
        Text(DEPENDENCE),
        *drawn,
    )
    return Section("explanations", TITLE, parts)


def _of_column(line: Mapping[str, Any], column: Column) -> Figure:
    unit = {"": "", YES_OR_NO: ": 0 no, 1 yes"}.get(column.unit, f", {column.unit}")
    return dependence("dependence-" + column.name.replace("_", "-"), _about(column.sentence), column.name + unit, line)


def dependence(name: str, title: str, axis: str, line: Mapping[str, Any]) -> Figure:
    """How the values of one column move the score: `line` is its entry among the findings."""
    x, y = [point["value"] for point in line["points"]], [point["adds"] for point in line["points"]]
    unknown = line["not_known"]
    missing = f" Where it is not known it adds {shown(unknown)}." if unknown is not None else ""
    says = f"At {x[0]:.3g} it adds {shown(y[0])} to the log-odds, at {x[-1]:.3g} {shown(y[-1])}.{missing}"
    series = [Series("adds", x, y, "marked"), Series("nothing", [x[0], x[-1]], [0, 0], quiet=True)]
    return curves(name, title, says, Axes(axis, "log-odds added"), series, wide=False)


def _about(sentence: str) -> str:
    """The words of a sentence without its value."""
    words = " ".join(sentence.replace("{value}", "…").split()).removesuffix(": …")
    return words[:1].upper() + words[1:]
