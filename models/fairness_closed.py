"""The fairness audit of many rows without a resample: what `models.fairness` says, by closed forms.

A figure that is a ratio of sums moves, when one person is left out, by a number that can be written down (its
influence: Hampel, J Am Stat Assoc 1974;69:383-393). The variance of the figure is the sum of their squares, people
being drawn together; the covariance of all figures is that of their influences, and by how many standard errors all
intervals must reach to hold together is the 95th percentile of the largest |t| under the normal of that covariance
(Hothorn, Bretz and Westfall, Biom J 2008;50:346-363). With other people the list would end at another risk: whoever
calls somebody more pushes out whoever stands at the edge, which is what the rows around the edge are asked for.
`make bench-committee` shows how often these intervals and those of resamples hold the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.fairness import (
    Audit,
    Cells,
    Integers,
    audit_of,
    enough,
    error_at_the_edge,
    reach_of,
)
from models.log_odds import Floats
from models.metrics import levels, ranked, row_weights
from models.metrics_at_capacity import share_called

DRAWS = 10_000  # of the largest |t|
FEWEST_AT_THE_EDGE, SHARE_AT_THE_EDGE = 200, 0.02  # rows
ROWS_TO_RESAMPLE = 20_000  # with more, resamples take minutes and tell nothing else


def audit_of_many(
    y: npt.ArrayLike,
    risk: npt.ArrayLike,
    persons: npt.ArrayLike,
    cells: Cells,
    capacity: int,
    weights: npt.ArrayLike | None = None,
) -> Audit:
    """As `models.fairness.audit`, for rows too many to be resampled; `cells` are those of these rows."""
    outcome, told = np.asarray(y, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    counted = row_weights(weights, len(outcome))
    judged = enough(cells)
    called = on_list(outcome, told, capacity, counted)
    edge = edge_of(told, called, capacity, counted)
    everyone, values, covariance = _moments(cells, judged, persons, outcome, told, called, counted, edge)
    floor = error_at_the_edge(values[: len(judged)] + everyone, cells.events[judged])
    errors = np.fmax(np.sqrt(np.diag(covariance)), np.hstack([floor, np.zeros(len(judged))]))
    reach = reach_of(_drawn(covariance), errors)
    return audit_of(cells, judged, capacity, everyone, values, errors, reach)


def on_list(outcome: Floats, risk: Floats, capacity: int, weights: Floats) -> Floats:
    """(rows,): which share of each row is on a list of `capacity`; those tied at its edge share its last places."""
    ranking = ranked(outcome, risk)
    share = share_called(levels(ranking, weights[np.newaxis]), capacity)[0]
    called = np.empty(len(outcome))
    called[ranking.order] = np.repeat(share, np.diff(np.r_[ranking.starts, len(outcome)]))
    return called


@dataclass(frozen=True)
class Edge:
    """Where a list ends: the `rows` (places of them) around its last place with what each weighs among them (adding up
    to 1), and by how much each row moves the edge, `moved` (rows,): its share on the list less everyone's.
    """

    rows: Integers
    weight: Floats
    moved: Floats

    def mean(self, values: Floats) -> float:
        """The mean of values (rows,) at the edge."""
        return float(self.weight @ values[self.rows])


def edge_of(risk: Floats, called: Floats, capacity: int, weights: Floats) -> Edge:
    """The edge of the list that `called` (rows,) says."""
    around = max(FEWEST_AT_THE_EDGE, round(SHARE_AT_THE_EDGE * len(risk))) // 2
    order = np.argsort(-risk, kind="stable")
    rows = order[max(0, capacity - around) : capacity + around].astype(np.int64)
    share = float((weights * called).sum() / weights.sum())
    return Edge(rows, weights[rows] / max(float(weights[rows].sum()), 1e-300), weights * (called - share))


def _moments(
    cells: Cells,
    judged: Integers,
    persons: npt.ArrayLike,
    outcome: Floats,
    risk: Floats,
    called: Floats,
    weights: Floats,
    edge: Edge,
) -> tuple[float, Floats, Floats]:
    """Sensitivity of everyone; differences and then logarithms of O/E (2 x judged,), and their covariance."""
    of_row = cells.of_row[judged]
    event = weights * outcome
    events, found, expected = (np.asarray(of_row @ each) for each in (event, event * called, weights * risk))
    everyone = float((event * called).sum() / event.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity = found / events
        values = np.hstack([sensitivity - everyone, np.log(events / expected)])
    people, person = np.unique(np.asarray(persons), return_inverse=True)
    happened = np.flatnonzero(event > 0)
    missed = _filled(
        of_row[:, happened],
        lambda cell, row: event[happened][row] * (called[happened][row] - sensitivity[cell]) / events[cell],
    )
    ratios = _filled(of_row, lambda cell, row: event[row] / events[cell] - weights[row] * risk[row] / expected[cell])
    missed, ratios = _by_person(missed, person[happened], len(people)), _by_person(ratios, person, len(people))
    own = event * (called - everyone) / event.sum() - edge.mean(outcome) / event.sum() * edge.moved
    whole, moved = (np.bincount(person, each, minlength=len(people)).astype(np.float64) for each in (own, edge.moved))
    pushed = np.asarray(of_row[:, edge.rows] @ (edge.weight * outcome[edge.rows])) / events
    covariance = _covariance(missed, ratios, whole, pushed, moved) * len(people) / max(1, len(people) - 1)
    return everyone, values, covariance


def _filled(of_row: Any, influence: Callable[[Integers, Integers], Floats]) -> Any:
    """(cells, rows), sparse: `influence(cell, row)` where a row is of a cell."""
    made = of_row.tocsr(copy=True)
    cell = np.repeat(np.arange(made.shape[0]), np.diff(made.indptr))
    made.data = influence(cell, made.indices)
    return made


def _by_person(influence: Any, person: Integers, people: int) -> Any:
    """(cells, people), sparse: the sum of each person's rows."""
    from scipy.sparse import csr_matrix

    moved = csr_matrix((influence.data, person[influence.indices], influence.indptr), (influence.shape[0], people))
    moved.sum_duplicates()
    return moved


def _covariance(missed: Any, ratios: Any, own: Floats, pushed: Floats, moved: Floats) -> Floats:
    """Of the differences and then of the logarithms. The influence on a difference is the cell's own rows, less what
    the edge does to it (`pushed` (cells,) times `moved` (people,)), less everyone's `own` (people,).
    """
    by_edge, by_all = np.asarray(missed @ moved), np.asarray(missed @ own)
    among = (missed @ missed.T).toarray()
    for each, other in ((by_edge, pushed), (by_all, np.ones(len(pushed)))):
        among -= np.outer(each, other) + np.outer(other, each)
    both = float(moved @ own) * pushed
    among += float(moved @ moved) * np.outer(pushed, pushed) + both + both[:, np.newaxis] + float(own @ own)
    across = (missed @ ratios.T).toarray() - np.outer(pushed, ratios @ moved) - np.asarray(ratios @ own)
    return np.block([[among, across], [across.T, (ratios @ ratios.T).toarray()]])


def _drawn(covariance: Floats) -> Floats:
    """(DRAWS, figures) of the normal of that covariance, around 0; the same for the same covariance."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return np.asarray(np.random.default_rng(0).standard_normal((DRAWS, len(values))) @ root.T)
