"""What a row counts for where some could not be followed to the end: inverse probability of censoring.

Whoever leaves the network within the window has no label. Those who stayed stand for them too: a row that was followed
for d days counts for 1 / G(d), G(d) being the share that was still followed after so many days, by the product-limit
formula with leaving as the event (Kaplan and Meier, J Am Stat Assoc 1958;53:457-481; weights: Robins and Finkelstein,
Biometrics 2000;56:779-788). Leaving is taken to tell nothing of the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.log_odds import Floats

SHARE_THAT_MATTERS = 0.01  # with fewer censored every row counts once


@dataclass(frozen=True)
class Censored:
    """How many rows were censored beside those judged, and whether these are weighted for it."""

    rows: int
    share: float
    weighted: bool


def censored(followed: npt.ArrayLike, left_after: npt.ArrayLike) -> Censored:
    """`followed` (rows,) and `left_after` (censored rows,) as `weights` takes them."""
    rows, gone = len(np.asarray(followed)), len(np.asarray(left_after))
    share = gone / (rows + gone) if rows + gone else 0.0
    return Censored(gone, share, share > SHARE_THAT_MATTERS)


def weights(followed: npt.ArrayLike, left_after: npt.ArrayLike) -> Floats:
    """(rows,): what each row counts for. `followed`: days until its event, its death or the end of the window;
    `left_after`: days that each censored row was followed. Who leaves on a day was seen on it.
    """
    days, gone = np.asarray(followed, dtype=np.float64), np.sort(np.asarray(left_after, dtype=np.float64))
    if not len(gone):
        return np.ones(len(days))
    every = np.sort(np.concatenate([days, gone]))
    when, leaving = np.unique(gone, return_counts=True)
    at_risk = len(every) - np.searchsorted(every, when, side="left")
    still = np.cumprod(1 - leaving / at_risk)
    place = np.searchsorted(when, days, side="left")  # those who left on earlier days only
    return np.asarray(1 / np.concatenate([[1.0], still])[place], dtype=np.float64)
