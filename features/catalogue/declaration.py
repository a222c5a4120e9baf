"""What a feature is: a column with a name, unit, window, meaning of missing and a sentence for a care manager."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of the matrix, always a number; null as `missing` says.

    `sentence` holds `{value}` where the patient's own value goes. `group` is what a person can act on, or would name
    as one thing; contributions of a group are added up. `actionable`: whether someone can do something about it.
    `spoken`: whether the sentence may be told as a reason; points that only repeat other columns may not. `tells` are
    the sensitive categories (`features.codes.sensitive`, a blank between) without whose scope it is not told at all.
    """

    name: str
    family: str
    group: str
    unit: str
    window: str
    missing: str
    sentence: str
    actionable: bool = False
    spoken: bool = True
    tells: str = ""
