"""How far two distributions of scores lie apart: the population stability index, with an interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.intervals import Interval, interval, resampled_weights
from models.log_odds import Floats

BINS = 10
HALF_A_ROW = 0.5  # added to every bin, so that an empty one does not make the index infinite


def psi(reference: npt.ArrayLike, newest: npt.ArrayLike) -> float:
    """Population stability index: sum over tenths of the reference of (share now - share then) x ln(now / then).

    0 means the same distribution; by custom up to 0.1 is no shift and above 0.25 a large one (Siddiqi, Credit Risk
    Scorecards, 2006). Chance alone gives about 9 x (1 / rows then + 1 / rows now). `nan` where either is empty.
    """
    place, bins = _placed(reference, newest)
    return float(_index(np.bincount(place, minlength=2 * bins)[np.newaxis].astype(np.float64))[0])


def psi_beyond_chance(
    reference: npt.ArrayLike,
    newest: npt.ArrayLike,
    persons: npt.ArrayLike,
    resamples: int = 500,
    seed: int = 0,
) -> Interval:
    """The index less what chance adds to it, not below 0, with its 95 % interval by resamples of people (`persons` of
    the reference's rows, then of the newest). What chance adds is what resampling adds once more: Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 10.
    """
    from scipy.sparse import csr_matrix

    place, bins = _placed(reference, newest)
    rows = len(place)
    of_bin = csr_matrix((np.ones(rows), (place, np.arange(rows))), shape=(2 * bins, rows))
    blocks = resampled_weights(persons, np.ones(rows), resamples, seed)
    drawn = np.concatenate([_index((of_bin @ block.T).T) for block in blocks])
    value = psi(reference, newest)
    by_chance = float(np.nanmean(drawn)) - value if np.isfinite(drawn).any() else 0.0
    return interval(max(0.0, value - by_chance), np.maximum(0.0, drawn - 2 * by_chance))


def _placed(reference: npt.ArrayLike, newest: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], int]:
    """The bin of each row of both, those of the newest counted on, and how many bins there are."""
    then, now = np.asarray(reference, dtype=np.float64), np.asarray(newest, dtype=np.float64)
    inner = np.arange(1, BINS) / BINS
    edges = np.unique(np.quantile(then, inner)) if len(then) else np.zeros(0)
    bins = len(edges) + 1
    places = [np.searchsorted(edges, values, side="right") for values in (then, now)]
    return np.concatenate([places[0], places[1] + bins]).astype(np.int64), bins


def _index(counts: Floats) -> Floats:
    """(resamples,) of counts (resamples, bins then and bins now)."""
    then, now = np.split(counts, 2, axis=1)
    bins = then.shape[1]
    none = (then.sum(axis=1) == 0) | (now.sum(axis=1) == 0)
    was, is_now = ((each + HALF_A_ROW) / (each.sum(axis=1, keepdims=True) + HALF_A_ROW * bins) for each in (then, now))
    return np.where(none, np.nan, ((is_now - was) * np.log(is_now / was)).sum(axis=1))
