"""What a list does for each group, described and not judged: these figures cannot all be equal where base rates differ
(Chouldechova, Big Data 2017;5:153-163; Kleinberg, Mullainathan and Raghavan, ITCS 2017).

Each figure has a 95 % interval of its own, by closed forms, people being drawn together: shares by Wilson's interval (J
Am Stat Assoc 1927;22:209-212) of as many rows as would give the clustered variance (Kish's effective size), the AUROC
by its placement values (Obuchowski, Biometrics 1997;53:567-578) on the scale of log-odds, the calibration slope by the
sandwich of a logistic regression (Liang and Zeger, Biometrika 1986;73:13-22). Fewer than FEWEST_EVENTS with the outcome
or without it: no AUROC and no slope. A share is not told where it would lead back to fewer than 11 people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.fairness import FEWEST_EVENTS, Cells, Integers, suppressed
from models.fairness_closed import Edge, edge_of, on_list
from models.intervals import Interval
from models.log_odds import Floats, log_odds, risk_of
from models.logistic import fitted
from models.metrics import row_weights

Z = 1.959964  # of a 95 % interval
NONE = Interval(float("nan"), float("nan"), float("nan"))
MEANINGS: Mapping[str, str] = {
    "prevalence": "with the outcome / all",
    "selection_rate": "on the list / all",
    "ppv": "with the outcome and on the list / on the list (positive predictive value)",
    "fpr": "on the list without the outcome / without the outcome (false positive rate)",
    "sensitivity": "on the list with the outcome / with the outcome",
    "auroc": "how often somebody with the outcome has a higher risk than somebody without, both of the group",
    "calibration_slope": "1 is right; below 1 the risks are too extreme, above 1 too timid",
}


@dataclass(frozen=True)
class Described:
    """One group. Counts are null where they are suppressed. `places` is how many places of the list it has, `due` how
    many it would have by its share of all events: where `places` is less, the group loses the difference. `figures` are
    those of MEANINGS, nan where there is none.
    """

    column: str
    name: str
    people: int | None
    places: float | None
    due: float | None
    figures: Mapping[str, Interval]


@dataclass(frozen=True)
class _Pairs:
    """Each pair of a cell of one column and a person: which of them a row is of; of which cell and person a pair is."""

    of_row: Integers
    cell: Integers
    person: Integers


@dataclass(frozen=True)
class _Rows:
    """(rows,) each: outcome, risk, share on the list, weight; and where the list ends."""

    y: Floats
    risk: Floats
    called: Floats
    weights: Floats
    edge: Edge


def described(
    y: npt.ArrayLike,
    risk: npt.ArrayLike,
    persons: npt.ArrayLike,
    cells: Cells,
    capacity: int,
    weights: npt.ArrayLike | None = None,
) -> tuple[Described, ...]:
    """Every cell in its order; `cells` are those of these rows (models.fairness.cells_of)."""
    outcome, told = np.asarray(y, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    counted = row_weights(weights, len(outcome))
    called = on_list(outcome, told, capacity, counted)
    rows = _Rows(outcome, told, called, counted, edge_of(told, called, capacity, counted))
    person = np.unique(np.asarray(persons), return_inverse=True)[1].astype(np.int64)
    return tuple(found for place in range(len(cells.columns)) for found in _of_column(cells, place, rows, person))


def _of_column(cells: Cells, place: int, rows: _Rows, person: Integers) -> Iterator[Described]:
    own = np.flatnonzero(cells.column == place)
    cell = np.empty(len(rows.y), dtype=np.int64)
    by_cell = [cells.of_row.indices[cells.of_row.indptr[at] : cells.of_row.indptr[at + 1]] for at in own]
    for number, those in enumerate(by_cell):
        cell[those] = number
    pairs = _pairs(cell, person)
    hidden = suppressed(cells.people[own], np.ones(len(own), dtype=np.bool_))
    shares = _shares(rows, cell, pairs, len(own))
    places = np.bincount(cell, rows.weights * rows.called, minlength=len(own))
    happened = np.bincount(cell, rows.weights * rows.y, minlength=len(own))
    due = places.sum() * happened / max(happened.sum(), 1e-300)
    for number, at in enumerate(own):
        those = by_cell[number]
        found = {name: intervals[number] for name, intervals in shares.items()}
        few = hidden[number] or min(cells.events[at], cells.rows[at] - cells.events[at]) < FEWEST_EVENTS
        found["auroc"] = NONE if few else _auroc(rows, those, person)
        found["calibration_slope"] = NONE if few else _slope(rows, those, person)
        told = found["selection_rate"] is not NONE and found["prevalence"] is not NONE
        yield Described(
            column=cells.columns[place],
            name=cells.names[at],
            people=None if hidden[number] else int(cells.people[at]),
            places=float(places[number]) if told else None,
            due=float(due[number]) if told else None,
            figures=found,
        )


def _pairs(cell: Integers, person: Integers) -> _Pairs:
    people = int(person.max()) + 1 if len(person) else 1
    there, of_row = np.unique(cell * people + person, return_inverse=True)
    return _Pairs(of_row.astype(np.int64), there // people, there % people)


def _shares(rows: _Rows, cell: Integers, pairs: _Pairs, cells: int) -> dict[str, list[Interval]]:
    """Each share of each cell; none where numerator, rest or denominator is so few that it tells of them."""
    y, called, weight = rows.y, rows.called, rows.weights
    every, none = np.ones(len(y)), np.zeros(len(y))
    # part and whole, and what one more place on the list adds to each
    parts = {
        "prevalence": (weight * y, weight, none, none),
        "selection_rate": (weight * called, weight, every, none),
        "ppv": (weight * y * called, weight * called, y, every),
        "fpr": (weight * (1 - y) * called, weight * (1 - y), 1 - y, none),
        "sensitivity": (weight * y * called, weight * y, y, none),
    }
    found = {}
    for name, (part, whole, more, more_whole) in parts.items():
        hidden = np.zeros(cells, dtype=np.bool_)
        for counted in (part, whole - part):
            people = _people(pairs, counted > 0, cells)
            hidden |= suppressed(people, people > 0)
        values = _ratios(_Ratio(part, whole, more, more_whole), cell, pairs, cells, rows.edge)
        found[name] = [NONE if hides else each for hides, each in zip(hidden, values, strict=True)]
    return found


def _people(pairs: _Pairs, those: npt.NDArray[np.bool_], cells: int) -> Integers:
    """(cells,): of how many people there is such a row."""
    some = np.bincount(pairs.of_row, those, minlength=len(pairs.cell)) > 0
    return np.bincount(pairs.cell[some], minlength=cells).astype(np.int64)


@dataclass(frozen=True)
class _Ratio:
    """(rows,) each: what adds up to the part and the whole of a share, and what one more place on the list adds."""

    part: Floats
    whole: Floats
    more: Floats
    more_whole: Floats


def _ratios(of: _Ratio, cell: Integers, pairs: _Pairs, cells: int, edge: Edge) -> list[Interval]:
    """The sum of `part` over that of `whole` in each cell, by Wilson's interval."""
    below = np.bincount(cell, of.whole, minlength=cells)
    moved = np.bincount(pairs.person[pairs.of_row], edge.moved)
    at_edge = cell[edge.rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.bincount(cell, of.part, minlength=cells) / below
        together = np.bincount(pairs.of_row, (of.part - share[cell] * of.whole) / below[cell], len(pairs.cell))
        more, more_whole = (
            np.bincount(at_edge, edge.weight * each[edge.rows], minlength=cells) for each in (of.more, of.more_whole)
        )
        pushed = (more - share * more_whole) / below
        own = np.bincount(pairs.cell, together**2, minlength=cells)
        shared = np.bincount(pairs.cell, together * moved[pairs.person], minlength=cells)
        variance = np.maximum(own - 2 * pushed * shared + pushed**2 * float(moved @ moved), 0)
        size = np.where(own > 0, share * (1 - share) / variance, _people(pairs, of.whole > 0, cells))
    return [wilson(float(p), float(n)) for p, n in zip(share, size, strict=True)]


def clustered(influence: Floats, of_row: Integers, cell: Integers, cells: int) -> Floats:
    """(cells,): the variance of a sum of rows, each person's counting as one."""
    together = np.bincount(of_row, influence, minlength=len(cell))
    people = np.bincount(cell, minlength=cells)
    return np.bincount(cell, together**2, minlength=cells) * people / np.maximum(people - 1, 1)


def wilson(share: float, size: float) -> Interval:
    """A share of `size` rows with its 95 % interval; nan of none."""
    if not size > 0 or not np.isfinite(share):
        return NONE
    middle = (share + Z**2 / (2 * size)) / (1 + Z**2 / size)
    half = Z / (1 + Z**2 / size) * np.sqrt(max(share * (1 - share), 0) / size + Z**2 / (4 * size**2))
    return Interval(share, max(0.0, float(middle - half)), min(1.0, float(middle + half)))


def auroc_and_error(y: Floats, risk: Floats, person: Integers, weights: Floats) -> tuple[float, float]:
    """AUROC and its standard error, each person's rows counting as one draw."""
    order = np.argsort(risk, kind="stable")
    placed, starts = np.unique(risk[order], return_index=True)
    level = np.searchsorted(placed, risk)
    events, nonevents = (np.bincount(level, weights * each, minlength=len(starts)) for each in (y, 1 - y))
    below = np.cumsum(nonevents) - nonevents / 2
    above = np.cumsum(events[::-1])[::-1] - events / 2
    value = float(events @ below / (events.sum() * nonevents.sum()))
    influence = weights * np.where(
        y == 1,
        (below[level] / nonevents.sum() - value) / events.sum(),
        (above[level] / events.sum() - value) / nonevents.sum(),
    )
    whose = np.unique(person, return_inverse=True)[1]
    people = int(whose.max()) + 1
    return value, float(np.sqrt((np.bincount(whose, influence) ** 2).sum() * people / max(people - 1, 1)))


def _auroc(rows: _Rows, those: Integers, person: Integers) -> Interval:
    value, error = auroc_and_error(rows.y[those], rows.risk[those], person[those], rows.weights[those])
    if not 0 < value < 1:
        return NONE
    half = Z * error / (value * (1 - value))
    low, high = risk_of(log_odds(value) + np.asarray([-half, half]))
    return Interval(value, float(low), float(high))


def _slope(rows: _Rows, those: Integers, person: Integers) -> Interval:
    y, weights = rows.y[those], rows.weights[those]
    X = np.stack([np.ones(len(those)), log_odds(rows.risk[those])], axis=1)
    coefficients, inverse = fitted(X, y, weights)
    if not np.isfinite(coefficients).all():
        return NONE
    scores = X * (weights * (y - risk_of(X @ coefficients)))[:, np.newaxis]
    whose = np.unique(person[those], return_inverse=True)[1]
    moved = np.stack([np.bincount(whose, scores[:, k]) for k in range(2)], axis=1) @ inverse
    people = len(moved)
    error = float(np.sqrt((moved[:, 1] ** 2).sum() * people / max(people - 1, 1)))
    value = float(coefficients[1])
    return Interval(value, value - Z * error, value + Z * error)
