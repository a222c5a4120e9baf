"""What a lottery tells: the difference between those whom it chose and those whom it did not, within each draw.

Draws differ (a Monday has other people than a Friday), so people are compared with those of their own draw only. The
error is that of the regression with a level of each draw, robust to unequal spread and to small draws (HC3: Long and
Ervin, Am Stat 2000;54:217-224).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.discontinuity import FEWEST_A_SIDE, LEAST_F, NORMAL, TOO_FEW, WEAK
from models.intervals import Interval
from models.log_odds import Floats


@dataclass(frozen=True)
class Trial:
    """`chosen`: by how much the outcome of the chosen differs; `reached` likewise contact; `contact` their ratio, what
    a contact did to those whom the lottery decided about. Null where it cannot be told, and `refused` says why.
    """

    people_chosen: int
    people_not: int
    chosen: Interval | None
    reached: Interval | None
    contact: Interval | None
    refused: str


def trial(draw: npt.ArrayLike, chosen: npt.ArrayLike, contacted: npt.ArrayLike, outcome: npt.ArrayLike) -> Trial:
    """(people,) each: in which draw, whether chosen, whether reached, and the outcome."""
    place = np.unique(np.asarray(draw, dtype=str), return_inverse=True)[1]
    d, t, y = (np.asarray(each, dtype=np.float64) for each in (chosen, contacted, outcome))
    own = _within(d, place)
    both = _within(np.square(own), place, mean=False) > 0  # a draw that chose all, or nobody, tells nothing
    d, t, y, place, own = d[both], t[both], y[both], place[both], own[both]
    yes, no = int(d.sum()), int((1 - d).sum())
    if min(yes, no) < FEWEST_A_SIDE:
        return Trial(yes, no, None, None, None, TOO_FEW)
    (by_y, in_y), (by_t, in_t) = _difference(own, y, place), _difference(own, t, place)
    listed, reached = _around(by_y, in_y), _around(by_t, in_t)
    if not by_t**2 >= LEAST_F * float(np.square(in_t).sum()):
        return Trial(yes, no, listed, reached, None, WEAK)
    value = by_y / by_t
    return Trial(yes, no, listed, reached, _around(value, (in_y - value * in_t) / by_t), "")


def _difference(own: Floats, y: Floats, place: npt.NDArray[np.intp]) -> tuple[float, Floats]:
    """The difference, and what each person adds to its error."""
    whole = float(np.square(own).sum())
    value = float(own @ y) / whole
    left = _within(y, place) - value * own
    lever = np.minimum(0.99, 1 / np.bincount(place)[place] + np.square(own) / whole)
    return value, own * left / whole / (1 - lever)


def _within(values: Floats, place: npt.NDArray[np.intp], *, mean: bool = True) -> Floats:
    """Less the mean of each draw; or else the sum of each draw."""
    sums = np.bincount(place, values)
    if not mean:
        return np.asarray(sums[place], dtype=np.float64)
    return np.asarray(values - (sums / np.bincount(place))[place], dtype=np.float64)


def _around(value: float, influence: Floats) -> Interval:
    error = float(np.sqrt(np.square(influence).sum()))
    return Interval(value, value - NORMAL * error, value + NORMAL * error)
