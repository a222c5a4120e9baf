"""A comparison as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from features import windows
from models.metrics import Metric
from models.specs import rows_are
from training.card import shown, table
from training.compare import DIFFERENCES, METRICS, Comparison


def rows_line(found: Comparison) -> str:
    """On which rows everybody was judged."""
    first, last = (windows.iso(day) for day in found.period)
    counts = f"{found.rows:,} rows of {found.people:,} people, {found.events:,} with the outcome"
    return f"{found.model}, held out, {rows_are(found.model)} of {first} to {last}: {counts}"


def figures_table(found: Comparison) -> str:
    """One line a contender, its figures with 95 % intervals, its trees and the seconds that it took."""
    lines = [
        [
            name,
            *(shown(each.judged[metric.name]) for metric in METRICS),
            "-" if each.trees is None else f"{each.trees:,}",
            "-" if each.seconds is None else f"{each.seconds:.1f}",
        ]
        for name, each in found.standings.items()
    ]
    return table(["", *_names(METRICS), "trees", "seconds"], lines)


def differences_table(found: Comparison) -> str:
    """One line a contender but ours, its figures less ours."""
    lines = [
        [name, *(shown(each.less_ours[metric.name]) for metric in DIFFERENCES)]
        for name, each in found.standings.items()
        if each.less_ours is not None
    ]
    return table(["", *_names(DIFFERENCES)], lines)


def _names(told: Sequence[Metric]) -> list[str]:
    return [metric.name.replace("_", " ") for metric in told]
