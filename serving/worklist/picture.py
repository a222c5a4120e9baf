"""Reasons as bars and risks over time as points: drawings without a script, each with its words beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, MIDDLE, ROW, BAR = 320, 160, 22, 12
CHART_WIDTH, CHART_HEIGHT, EDGE = 320, 90, 10


@dataclass(frozen=True)
class Bar:
    """One reason as a bar: left of the middle it lowers the risk, right of it it raises it."""

    x: float
    y: float
    width: float
    direction: str


@dataclass(frozen=True)
class Dot:
    """One risk in time, in the units of the drawing."""

    x: float
    y: float
    says: str


def bars(reasons: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """A bar for each reason, as long as its weight beside the heaviest."""
    heaviest = max((abs(reason["log_odds"]) for reason in reasons), default=1.0) or 1.0
    made = []
    for number, reason in enumerate(reasons):
        width = round(abs(reason["log_odds"]) / heaviest * (MIDDLE - 4), 1)
        raises = reason["direction"] == "raises"
        x = float(MIDDLE) if raises else MIDDLE - width
        made.append(Bar(round(x, 1), number * ROW + (ROW - BAR) / 2, width, reason["direction"]))
    return made


def dots(risks: Sequence[tuple[int, float, str]]) -> list[Dot]:
    """A point for each (day, risk, words), in order of days; the highest risk drawn is at least 0.5."""
    if not risks:
        return []
    first, last = risks[0][0], risks[-1][0]
    top = max(0.5, *(risk for _, risk, _ in risks))
    span = max(last - first, 1)
    wide, high = CHART_WIDTH - 2 * EDGE, CHART_HEIGHT - 2 * EDGE
    return [
        Dot(
            round(EDGE + ((day - first) / span if last > first else 0.5) * wide, 1),
            round(EDGE + (1 - risk / top) * high, 1),
            words,
        )
        for day, risk, words in risks
    ]
