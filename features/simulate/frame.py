"""Columns of equal length, and the few things the simulation does with them.

A frame is a dictionary of numpy arrays of one length. A missing day is NO_DAY, a missing code is -1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Frame = dict[str, Array]

NO_DAY = -10_000_000


def generator(seed: int, block: int, room: int) -> np.random.Generator:
    """The random numbers of one room of one block of people: the same for the same three numbers, on every run."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, block, room])))


def length(frame: Mapping[str, Array]) -> int:
    """Rows of a frame; 0 for one without columns."""
    return next((len(column) for column in frame.values()), 0)


def take(frame: Mapping[str, Array], rows: Array) -> Frame:
    """The given rows (numbers or flags) of every column."""
    return {name: column[rows] for name, column in frame.items()}


def stack(frames: Sequence[Mapping[str, Array]]) -> Frame:
    """Frames with the same columns, one under the other."""
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}


def ragged(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """For spans [low, high) of positions: (row, position) of every position in every span, in order."""
    counts = np.maximum(high - low, 0)
    rows = np.repeat(np.arange(len(low), dtype=np.int64), counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return rows, np.arange(len(rows), dtype=np.int64) - starts + np.repeat(low, counts)


def spans(sorted_keys: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Positions [low, high) of the keys within [first, last], both included."""
    return np.searchsorted(sorted_keys, first, side="left"), np.searchsorted(sorted_keys, last, side="right")


def person_day(person: Array, day: Array) -> Ints:
    """One sortable number for a person's day."""
    return person.astype(np.int64) * 100_000 + day.astype(np.int64)


def chosen(random: np.random.Generator, shares: Sequence[float] | Floats, size: int) -> Ints:
    """`size` draws from categories with these shares (they need not sum to one)."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(edges / edges[-1], random.random(size), side="right").clip(0, len(edges) - 1)


def chosen_by_row(random: np.random.Generator, log_weights: Floats) -> Ints:
    """One category for each row, with probability proportional to exp(log weight)."""
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True)).cumsum(axis=1)
    below = weights < (random.random(len(weights)) * weights[:, -1])[:, None]
    return np.asarray(below.sum(axis=1), dtype=np.int64)


def logistic(log_odds: Array) -> Floats:
    """Probability of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), dtype=np.float64)
