"""Whether the label that a model foretells means the same illness in every group.

A label that counts care (a stay, a cost) is rarer where people get less care for the same illness, and a model of it
puts them lower on the list. Obermeyer et al., Science 2019;366:447-453: a list by foretold cost would have held 17.7 %
Black patients, one by illness 46.5 %. So the label is held against an illness measure that no use of care is part of
(results and vital signs of the stay, and age): what it would be expected to be, given illness, is learned on everybody
by a logistic regression; a group whose label falls short of that, beside everybody else's, is understated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.described import clustered
from models.fairness import Cells, Integers, enough
from models.fairness_closed import on_list
from models.intervals import Interval, reach
from models.log_odds import Floats, risk_of
from models.logistic import fitted
from models.metrics import row_weights
from models.verdicts import Band, Verdict, within

LABEL_PER_ILLNESS = Band(0.8, 1.25)
PENALTY = 1.0  # of standardised columns: as of one more row
NO_INTERVAL = Interval(float("nan"), float("nan"), float("nan"))
WORDS = {Verdict.PASS: "means the same", Verdict.TOO_FEW: str(Verdict.TOO_FEW)}
UNDERSTATES, OVERSTATES = "understates illness", "overstates illness"


@dataclass(frozen=True)
class Choice:
    """One group. `per_illness` is its label over what its illness lets expect, divided by that of all others: below 1
    it gets less of the label for the same illness. `by_risk` and `by_illness` are its shares of a list drawn up by the
    model and by the illness measure.
    """

    column: str
    name: str
    per_illness: Interval
    by_risk: float | None
    by_illness: float | None
    verdict: Verdict

    @property
    def says(self) -> str:
        """The verdict in words."""
        if self.verdict is Verdict.FAIL:
            return UNDERSTATES if self.per_illness.high < 1 else OVERSTATES
        return WORDS[self.verdict]


def illness(y: npt.ArrayLike, measures: Floats, weights: npt.ArrayLike | None = None) -> Floats:
    """(rows,): the probability of the label that illness lets expect. `measures` (rows, k) are what tells of illness;
    nan where it was not measured, which is a column of its own. All of one risk where nothing was measured.
    """
    outcome = np.asarray(y, dtype=np.float64)
    counted = row_weights(weights, len(outcome))
    X = np.column_stack([np.ones(len(outcome)), *standardised(measures)])
    coefficients, _ = fitted(X, outcome, counted, PENALTY)
    if not np.isfinite(coefficients).all():
        return np.full(len(outcome), float(np.average(outcome, weights=counted)))
    return risk_of(X @ coefficients)


def standardised(X: Floats) -> list[Floats]:
    """Each column around its mean in units of its spread, what is missing as 0, and beside it 1 where it is missing;
    columns that are the same for all rows are left out. Values beyond five spreads count as five.
    """
    found = []
    for column in X.T:
        missing = np.isnan(column)
        told = column[~missing]
        spread = float(told.std()) if len(told) else 0.0
        if spread > 0:
            found.append(np.where(missing, 0.0, np.clip((column - told.mean()) / spread, -5, 5)))
        if missing.any() and not missing.all():
            found.append(missing.astype(np.float64))
    return found


def label_choice(
    y: npt.ArrayLike,
    risk: npt.ArrayLike,
    ill: npt.ArrayLike,
    persons: npt.ArrayLike,
    cells: Cells,
    capacity: int,
    weights: npt.ArrayLike | None = None,
) -> tuple[Choice, ...]:
    """Every group that has people and events enough, each beside all others; `ill` as `illness` gives it."""
    outcome, told, need = (np.asarray(each, dtype=np.float64) for each in (y, risk, ill))
    counted = row_weights(weights, len(outcome))
    lists = [on_list(outcome, ranks, capacity, counted) * counted for ranks in (told, need)]
    person = np.unique(np.asarray(persons), return_inverse=True)[1].astype(np.int64)
    judged = [int(cell) for cell in enough(cells) if cells.rows[cell] < len(outcome)]
    by = reach(len(judged))
    found = []
    for cell in judged:
        theirs = np.zeros(len(outcome), dtype=np.bool_)
        theirs[cells.of_row.indices[cells.of_row.indptr[cell] : cells.of_row.indptr[cell + 1]]] = True
        interval = _beside_others(outcome, need, counted, theirs, person, by)
        by_risk, by_illness = (float(each[theirs].sum() / each.sum()) for each in lists)
        verdict = within(interval, LABEL_PER_ILLNESS)
        name = cells.columns[cells.column[cell]]
        found.append(Choice(name, cells.names[cell], interval, by_risk, by_illness, verdict))
    return tuple(found)


def _beside_others(
    y: Floats, need: Floats, weights: Floats, theirs: npt.NDArray[np.bool_], person: Integers, by: float
) -> Interval:
    """O/E of the group over O/E of all others."""
    value, influence = 0.0, np.zeros(len(y))
    for those, sign in ((theirs, 1), (~theirs, -1)):
        events, expected = float((weights * y)[those].sum()), float((weights * need)[those].sum())
        if not events > 0:
            return NO_INTERVAL
        value += sign * float(np.log(events / expected))
        influence += sign * np.where(those, weights * (y / events - need / expected), 0.0)
    error = float(np.sqrt(clustered(influence, person, np.zeros(int(person.max()) + 1, dtype=np.int64), 1)[0]))
    return Interval(float(np.exp(value)), float(np.exp(value - by * error)), float(np.exp(value + by * error)))
