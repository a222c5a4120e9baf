"""What could be done about an unfair list, and its price in sensitivity: shown beside the list as it is, never done in
silence.

- another label: the list by an illness measure instead of by the model;
- reweighting: the same trees, their leaves learned anew on rows that count so that group and outcome are independent
  (Kamiran and Calders, Knowl Inf Syst 2012;33:1-33);
- capacity of its own for each practice, facility or area, in proportion to its discharges.

The lowest risk that is called never differs by race, ethnicity, national origin (nor language, which stands for it),
sex, age or disability: 45 CFR 92.210 forbids to discriminate through a patient care decision support tool.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from models.described import Z, clustered
from models.fairness import Cells, Integers
from models.fairness_closed import on_list
from models.intervals import Interval
from models.log_odds import Floats

PLACES_MAY_DIFFER_BY = ("practice", "facility", "area")


@dataclass(frozen=True)
class Option:
    """One way to draw up the list. `price` is the sensitivity of the list as it is less its own: above 0 it finds
    fewer. `moved` is how many places each group gains, below 0 loses, by (column, name); null where that tells of few
    people.
    """

    name: str
    says: str
    sensitivity: float
    price: Interval
    moved: Mapping[tuple[str, str], float | None]


def check_places_by(column: str) -> None:
    """BadInput where a capacity of its own is asked for groups that it may not differ by."""
    if column not in PLACES_MAY_DIFFER_BY:
        raise BadInput(
            got=f"a threshold of its own for each group of {column}",
            expected=f"one of {', '.join(PLACES_MAY_DIFFER_BY)}",
            do="45 CFR 92.210 forbids thresholds that differ by race, ethnicity, national origin, sex, age or "
            "disability; change the label, the weights in training, or the capacity of places of care.",
        )


def called_in_parts(y: Floats, risk: Floats, part: Integers, capacity: int, weights: Floats) -> Floats:
    """(rows,): which share of each row is on the list when each part (rows,; 0 and up) has places by its rows."""
    size = np.bincount(part, weights)
    called = np.zeros(len(y))
    for each in np.flatnonzero(size):
        those = np.flatnonzero(part == each)
        places = capacity * size[each] / size.sum()
        whole = int(places)
        lists = [
            on_list(y[those], risk[those], n, weights[those]) if n else np.zeros(len(those)) for n in (whole, whole + 1)
        ]
        called[those] = lists[0] + (places - whole) * (lists[1] - lists[0])
    return called


def reweighed(y: Floats, group: Integers) -> Floats:
    """(rows,): what each row counts for so that group and outcome are independent: P(group) P(outcome) / P(both)."""
    rows = len(y)
    both = np.bincount(2 * group + y.astype(np.int64), minlength=2 * (int(group.max()) + 1))
    of_group, of_outcome = np.bincount(group), np.bincount(y.astype(np.int64), minlength=2)
    place = y.astype(np.int64)
    return np.asarray(of_group[group] * of_outcome[place] / (rows * both[2 * group + place]), dtype=np.float64)


def option(
    name: str,
    says: str,
    y: Floats,
    called: Floats,
    instead: Floats,
    persons: npt.ArrayLike,
    cells: Cells,
    weights: Floats,
) -> Option:
    """The list `instead` beside the list as it is, both as shares of rows (rows,)."""
    event = weights * y
    price = float((event * (called - instead)).sum() / event.sum())
    person = np.unique(np.asarray(persons), return_inverse=True)[1].astype(np.int64)
    one = np.zeros(int(person.max()) + 1, dtype=np.int64)
    influence = event * ((called - instead) - price) / event.sum()
    error = float(np.sqrt(clustered(influence, person, one, 1)[0]))
    return Option(
        name,
        says,
        float((event * instead).sum() / event.sum()),
        Interval(price, price - Z * error, price + Z * error),
        _moved(called, instead, person, cells, weights),
    )


def _moved(
    called: Floats, instead: Floats, person: Integers, cells: Cells, weights: Floats
) -> dict[tuple[str, str], float | None]:
    """Places that each cell gains; null where the people who gain or lose one are few."""
    from features.pages.few import few

    found: dict[tuple[str, str], float | None] = {}
    for cell, name in enumerate(cells.names):
        those = cells.of_row.indices[cells.of_row.indptr[cell] : cells.of_row.indptr[cell + 1]]
        change = (instead - called)[those]
        hides = any(few(len(np.unique(person[those][some]))) for some in (change > 0, change < 0))
        found[cells.columns[cells.column[cell]], name] = None if hides else float((weights[those] * change).sum())
    return found
