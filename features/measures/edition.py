"""What CMS changed in a measure from year to year, as data."""

from __future__ import annotations

from dataclasses import dataclass

from features.measures.value_set import CodeSet


@dataclass(frozen=True)
class Edition:
    """One year's edition of a measure; `names` are the decks that it answers to.

    `ages`: from and to, both included, on the day that the measure says. `sex`: the column of the record that tells it.
    `verified`: conditions that were refuted do not count. `follows_references`: medicines count that a prescription
    names by reference to an entry of their own (the logic of 2024 overlooks them). `visits`: the encounters that put
    somebody into the measure.
    """

    year: int
    names: tuple[str, ...]
    ages: tuple[int, int] = (0, 200)
    sex: str = "sex"
    verified: bool = False
    follows_references: bool = False
    visits: tuple[CodeSet, ...] = ()
