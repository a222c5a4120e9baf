"""Whether a list serves every group as it serves everyone: a verdict for each group, or that too few are in it to say.

Judged are two figures. Sensitivity at capacity: of the people of the group whom the outcome met, the share who were on
the list of `capacity` people; it may differ by 0.05 from that of everyone. O/E: events over the sum of risks of the
group; it may be 0.8 to 1.25. A group is *fair* where both simultaneous 95 % intervals lie inside the tolerance,
*unfair* where one lies wholly outside, and else too few to judge.

Simultaneous means that all intervals of the audit hold together in 95 of 100 audits: with 40 groups, two of them would
otherwise look unfair by chance. They are max-t intervals (Westfall and Young, Resampling-Based Multiple Testing, 1993):
estimate -+ q standard errors, where q is the 95th percentile, over resamples of people, of the largest |t| of all
groups. Bonferroni's would need percentiles beyond what a thousand resamples can show, and would take no account of one
person being in a group of every column. O/E is taken by its logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.errors import BadInput
from features.pages.few import FEWEST_PEOPLE
from models.intervals import Interval, resampled_weights
from models.log_odds import Floats
from models.metrics import levels, ranked, row_weights
from models.metrics_at_capacity import share_called
from models.verdicts import Band, Verdict, together, within

if TYPE_CHECKING:
    import pandas as pd

Integers = npt.NDArray[np.int64]

SENSITIVITY_DIFFERENCE = Band(-0.05, 0.05)
OBSERVED_TO_EXPECTED = Band(0.8, 1.25)
FEWEST_EVENTS = 20  # an interval by bootstrap of fewer is too short
CONFIDENCE = 0.95
NOT_KNOWN = "not known"
WORDS = {Verdict.PASS: "fair", Verdict.FAIL: "unfair", Verdict.TOO_FEW: str(Verdict.TOO_FEW)}
NO_INTERVAL = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Group:
    """One group of a column. Counts are null where they are suppressed; figures are nan where there is none, and `why`
    then tells the reason. `difference` is the group's sensitivity minus that of everyone.
    """

    column: str
    name: str
    people: int | None
    rows: int | None
    events: int | None
    difference: Interval
    observed_to_expected: Interval
    verdict: Verdict
    why: str


@dataclass(frozen=True)
class Audit:
    """All groups; of everyone the sensitivity of a list of `capacity`; by how many standard errors intervals reach."""

    capacity: int
    sensitivity: float
    reach: float
    groups: tuple[Group, ...]

    @property
    def verdict(self) -> Verdict:
        """Of all groups together."""
        return together(group.verdict for group in self.groups)


@dataclass(frozen=True)
class Cells:
    """One for each group of each column. `of_row`: (cells, rows), sparse, 1 where a row is of the cell. The others are
    (cells,): the column's number, the group's name, and counts.
    """

    columns: tuple[str, ...]
    column: Integers
    names: tuple[str, ...]
    of_row: Any
    people: Integers
    rows: Integers
    events: Integers


@dataclass(frozen=True)
class _Figures:
    """Of each resample: `everyone` (resamples,) is the sensitivity of all; `difference` and `log_ratio` (resamples,
    cells) are a cell's sensitivity minus that, and the logarithm of its O/E.
    """

    everyone: Floats
    difference: Floats
    log_ratio: Floats


def audit(
    y: npt.ArrayLike,
    risk: npt.ArrayLike,
    persons: npt.ArrayLike,
    groups: pd.DataFrame,
    capacity: int,
    resamples: int = 1000,
    seed: int = 0,
    weights: npt.ArrayLike | None = None,
) -> Audit:
    """Judge each group of each column of `groups` (rows, columns; text, null where not known) on these rows; `weights`
    is what each counts for, once where it is null.
    """
    outcome = np.asarray(y, dtype=np.float64)
    check_rows(groups, outcome)
    cells = cells_of(groups, outcome, persons)
    judged = enough(cells)
    figures = _figures_of(outcome, np.asarray(risk, dtype=np.float64), cells.of_row[judged], capacity)
    counted = row_weights(weights, len(outcome))
    own = figures(counted[np.newaxis])
    drawn = [figures(block) for block in resampled_weights(persons, counted, resamples, seed)]
    own_values = np.hstack([own.difference[0], own.log_ratio[0]])
    values = np.concatenate([np.hstack([each.difference, each.log_ratio]) for each in drawn])
    floor = error_at_the_edge(own.difference[0] + own.everyone[0], cells.events[judged])
    errors = np.fmax(np.nanstd(values, axis=0), np.hstack([floor, np.zeros(len(judged))]))
    reach = reach_of(values - own_values, errors)
    return audit_of(cells, judged, capacity, float(own.everyone[0]), own_values, errors, reach)


def check_rows(groups: pd.DataFrame, outcome: Floats) -> None:
    """BadInput unless there is one row of groups for each outcome."""
    if len(groups) != len(outcome):
        raise BadInput(
            got=f"groups of {len(groups)} rows for {len(outcome)} outcomes",
            expected="one row of groups for each",
            do="Give the groups of the rows that are judged.",
        )


def enough(cells: Cells) -> Integers:
    """The cells of which there are people and events enough for an interval."""
    return np.flatnonzero((cells.people >= FEWEST_PEOPLE) & (cells.events >= FEWEST_EVENTS))


def audit_of(
    cells: Cells, judged: Integers, capacity: int, everyone: float, values: Floats, errors: Floats, reach: float
) -> Audit:
    """The audit whose judged cells have these differences of sensitivity and then these logarithms of O/E (2 x judged,)
    with their standard errors, of which intervals reach so many.
    """
    ends = np.stack([values, values - reach * errors, values + reach * errors], axis=1)
    found = {
        int(cell): (_interval(ends[place]), _interval(np.exp(ends[place + len(judged)])))
        for place, cell in enumerate(judged)
    }
    told = tuple(_group(cells, cell, found.get(cell, (NO_INTERVAL, NO_INTERVAL))) for cell in range(len(cells.names)))
    return Audit(capacity, everyone, reach, told)


def _figures_of(outcome: Floats, risk: Floats, of_row: Any, capacity: int) -> Callable[[Floats], _Figures]:
    """What row weights (resamples, rows) make of these rows. The sums are sparse products, in a fixed order."""
    ranking = ranked(outcome, risk)
    level = np.empty(len(outcome), dtype=np.int64)
    level[ranking.order] = np.repeat(np.arange(len(ranking.starts)), np.diff(np.r_[ranking.starts, len(outcome)]))
    event = np.flatnonzero(outcome == 1)
    events_of, expected_of = of_row[:, event], of_row.multiply(risk).tocsr()

    def figures(weights: Floats) -> _Figures:
        happened = weights[:, event]
        called = happened * share_called(levels(ranking, weights), capacity)[:, level[event]]
        with np.errstate(divide="ignore", invalid="ignore"):
            everyone = called.sum(axis=1) / happened.sum(axis=1)
            events = (events_of @ happened.T).T
            sensitivity = (events_of @ called.T).T / events
            ratio = np.log(events / (expected_of @ weights.T).T)
        ratio[~np.isfinite(ratio)] = np.nan  # no event of the group was drawn
        return _Figures(everyone, sensitivity - everyone[:, np.newaxis], ratio)

    return figures


def reach_of(deviations: Floats, errors: Floats) -> float:
    """By how many standard errors intervals must reach to hold all together; nan where there is nothing to judge."""
    t = np.abs(np.divide(deviations, errors, out=np.zeros_like(deviations), where=errors > 0))
    if not t.size:
        return float("nan")
    largest = np.sort(np.nanmax(t, axis=1))
    return float(largest[int(np.ceil(CONFIDENCE * (len(largest) - 1)))])


def error_at_the_edge(sensitivity: Floats, events: Integers) -> Floats:
    """The standard error of a share after two events found and two missed are added. Where a list finds none of a
    group's events, or all, every resample does too and would seem certain. Agresti and Coull, Am Stat 1998;52:119-126.
    """
    share = (sensitivity * events + 2) / (events + 4)
    return np.sqrt(share * (1 - share) / (events + 4))


def _interval(ends: Floats) -> Interval:
    value, low, high = map(float, ends)
    return Interval(value, low, high)


def cells_of(groups: pd.DataFrame, outcome: Floats, persons: npt.ArrayLike) -> Cells:
    """The cells of each column of `groups`, in its order, by name within a column."""
    import pandas as pd
    from scipy.sparse import csr_matrix

    names: list[str] = []
    columns: list[int] = []
    of_row: list[Integers] = []
    people: list[Integers] = []
    person_of_row = pd.factorize(np.asarray(persons))[0].astype(np.int64)
    for place, column in enumerate(groups.columns):
        code, there, counts = _named(groups[column], person_of_row)
        of_row.append(code + len(names))
        names += there
        columns += [place] * len(there)
        people.append(counts)
    row = np.tile(np.arange(len(outcome)), len(of_row))
    cell = np.concatenate(of_row) if of_row else np.zeros(0, dtype=np.int64)
    rows, events = (
        np.bincount(counted, minlength=len(names)).astype(np.int64) for counted in (cell, cell[outcome[row] == 1])
    )
    return Cells(
        columns=tuple(map(str, groups.columns)),
        column=np.asarray(columns, dtype=np.int64),
        names=tuple(names),
        of_row=csr_matrix((np.ones(len(cell)), (cell, row)), shape=(len(names), len(outcome))),
        people=np.concatenate(people) if people else cell,
        rows=rows,
        events=events,
    )


def _named(told: pd.Series, person: Integers) -> tuple[Integers, list[str], Integers]:
    """(rows,): which group each row is of; the groups' names in order, and of how many people each is. Groups of fewer
    than FEWEST_PEOPLE people are one: hundreds of small hospitals cannot be shown one by one, nor is anybody in them to
    be forgotten.
    """
    import pandas as pd

    code, there = pd.factorize(told.astype(object))  # -1: not known
    names = np.asarray([*map(str, there), NOT_KNOWN], dtype=object)
    code = np.where(code < 0, len(there), code).astype(np.int64)
    people = np.bincount(each_once(code, person), minlength=len(names))
    small = (people < FEWEST_PEOPLE) & (people > 0)
    if small.sum() > 1:
        names[small] = f"{small.sum()} groups of fewer than {FEWEST_PEOPLE} people, together"
    kept = sorted(set(names[people > 0]))
    place = {name: at for at, name in enumerate(kept)}
    group = np.asarray([place.get(name, 0) for name in names], dtype=np.int64)[code]
    return group, kept, np.bincount(each_once(group, person), minlength=len(kept)).astype(np.int64)


def each_once(cell: Integers, person: Integers) -> Integers:
    """The cell of each pair of a cell and a person."""
    people = int(person.max()) + 1 if len(person) else 1
    pairs = np.sort(cell * people + person)  # np.unique hashes, which takes ten times as long
    return np.asarray(pairs[np.r_[True, pairs[1:] != pairs[:-1]][: len(pairs)]] // people, dtype=np.int64)


def _group(cells: Cells, place: int, found: tuple[Interval, Interval]) -> Group:
    difference, ratio = found
    column = cells.column == cells.column[place]
    hidden = suppressed(cells.people, column)
    rare = suppressed(np.minimum(cells.events, cells.rows - cells.events), column, hidden)
    verdict = together((within(difference, SENSITIVITY_DIFFERENCE), within(ratio, OBSERVED_TO_EXPECTED)))
    why = ""
    if cells.people[place] < FEWEST_PEOPLE:
        why = f"fewer than {FEWEST_PEOPLE} people"
    elif cells.events[place] < FEWEST_EVENTS:
        why = f"fewer than {FEWEST_EVENTS} events"
    if column.sum() == 1:
        nobody_known = cells.names[place] == NOT_KNOWN
        verdict = Verdict.TOO_FEW if nobody_known else Verdict.PASS
        why = "known of nobody: collect it" if nobody_known else "everyone is in it"
    return Group(
        column=cells.columns[cells.column[place]],
        name=cells.names[place],
        people=None if hidden[place] else int(cells.people[place]),
        rows=None if hidden[place] else int(cells.rows[place]),
        events=None if rare[place] else int(cells.events[place]),
        difference=difference,
        observed_to_expected=ratio,
        verdict=verdict,
        why=why,
    )


def suppressed(
    counts: Integers, among: npt.NDArray[np.bool_], already: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.bool_]:
    """(cells,): which counts `among` the cells of one column may not be shown: those under FEWEST_PEOPLE and those
    already hidden; were it one alone, the next smallest too, for it could be worked out from the total.
    """
    hidden = among & ((counts < FEWEST_PEOPLE) | (False if already is None else already))
    others = np.flatnonzero(among & ~hidden)
    if hidden.sum() == 1 and len(others):
        hidden[others[np.argmin(counts[others])]] = True
    return hidden
