"""No number on a page may lead back to a few people.

Counts of 1 to 10 people are withheld, as the Centers for Medicare & Medicaid Services do in what they publish (their
cell size suppression policy), and so is a second one of the same total where the first could be worked out from the
rest. What is withheld is said to be; nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

FEWEST_PEOPLE = 11


def few(people: int) -> bool:
    """Whether so many people are too few to be told apart from nobody and from a crowd: 1 to 10."""
    return 0 < people < FEWEST_PEOPLE


def withheld(counts: Sequence[int]) -> tuple[bool, ...]:
    """Which counts of one total may not be shown: those of 1 to 10, and the next smallest where these alone (or all of
    them together) would be so few that the total tells them.
    """
    hidden = [few(count) for count in counts]
    while any(hidden):
        together = [count for count, hides in zip(counts, hidden, strict=True) if hides]
        open_ones = [place for place, hides in enumerate(hidden) if not hides and counts[place] > 0]
        if (len(together) > 1 and sum(together) >= FEWEST_PEOPLE) or not open_ones:
            break
        hidden[min(open_ones, key=lambda place: (counts[place], place))] = True
    return tuple(hidden)


def binned(
    values: npt.NDArray[np.float64],
    persons: npt.NDArray[Any],
    wanted: int,
    kinds: Sequence[npt.NDArray[np.bool_]] = (),
) -> tuple[npt.NDArray[np.int64], ...]:
    """Places of rows in about `wanted` stretches of alike size, lowest values first, so that no stretch is few people.

    Rows of one value stay together, and so do as many as it takes until 11 people are in a stretch, and 11 of each of
    `kinds` (rows,) such as those with the outcome. Empty where all rows together do not hold so many.
    """
    whose = np.unique(persons, return_inverse=True)[1]
    masks = (np.ones(len(values), dtype=np.bool_), *kinds)
    order = np.argsort(values, kind="stable")
    last_of_value = np.append(values[order][1:] != values[order][:-1], len(order) > 0)
    size = len(order) / wanted
    found: list[npt.NDArray[np.int64]] = []
    begin, taken = 0, 0
    seen: list[set[int]] = [set() for _ in masks]
    for end in np.flatnonzero(last_of_value[: len(order)]) + 1:
        some = order[taken:end]
        for people, mask in zip(seen, masks, strict=True):
            people.update(whose[some[mask[some]]].tolist())
        taken = int(end)
        if end >= (begin // size + 1) * size and all(len(people) >= FEWEST_PEOPLE for people in seen):
            found.append(order[begin:end])
            begin, seen = int(end), [set() for _ in masks]
    if found and begin < len(order):
        found[-1] = np.concatenate([found[-1], order[begin:]])
    return tuple(found)
