"""Pairs of people who were reached and who were not, alike in what is known. Confounding is possible: who answers the
telephone, or whom a nurse chose to call, may differ in what nobody wrote down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.discontinuity import FEWEST_A_SIDE, NORMAL
from models.intervals import Interval
from models.log_odds import Floats, log_odds

CALIPER = 0.2  # standard deviations of the log-odds within which two people are alike (Austin, Pharm Stat 2011;10:150)


@dataclass(frozen=True)
class Pairs:
    """How many pairs, how many reached found nobody alike, and the difference of the outcome (null: too few pairs)."""

    pairs: int
    alone: int
    difference: Interval | None


def matched(risk: npt.ArrayLike, contacted: npt.ArrayLike, outcome: npt.ArrayLike) -> Pairs:
    """Each person reached, lowest risk first, takes the nearest of the others within the caliper that is left."""
    score = log_odds(risk)
    t, y = np.asarray(contacted) == 1, np.asarray(outcome, dtype=np.float64)
    ours, theirs = _by_score(score, np.flatnonzero(t)), _by_score(score, np.flatnonzero(~t))
    reach = CALIPER * float(np.std(score)) if len(score) else 0.0
    found: list[float] = []
    first = 0
    for one in ours.tolist():
        while first < len(theirs) and score[theirs[first]] < score[one] - reach:
            first += 1
        if first < len(theirs) and score[theirs[first]] <= score[one] + reach:
            best = first
            while best + 1 < len(theirs) and abs(score[theirs[best + 1]] - score[one]) < abs(
                score[theirs[best]] - score[one]
            ):
                best += 1
            found.append(float(y[one] - y[theirs[best]]))
            theirs = np.delete(theirs, best)
    if len(found) < FEWEST_A_SIDE:
        return Pairs(len(found), len(ours) - len(found), None)
    differences = np.array(found)
    value, error = float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(len(found)))
    return Pairs(len(found), len(ours) - len(found), Interval(value, value - NORMAL * error, value + NORMAL * error))


def _by_score(score: Floats, places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    return places[np.argsort(score[places], kind="stable")]
