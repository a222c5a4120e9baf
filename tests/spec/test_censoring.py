"""Rows that could not be followed: those that could stand for them."""

from __future__ import annotations

import numpy as np
import pytest

from models.censoring import censored, weights
from models.metrics import auroc, brier


def test_the_weights_of_a_published_kind_of_example_by_hand() -> None:
    """Ten people; of those still followed, one in ten leaves after day 5 and one in four after day 20."""
    followed = [3, 5, 5, 12, 15, 30, 30, 30]
    left_after = [5, 20]
    # after day 5: of the 9 followed to it one leaves, 8/9 stay; after day 20: of the 4 followed to it one, 3/4 stay
    assert weights(followed, left_after) == pytest.approx([1, 1, 1, 9 / 8, 9 / 8, 3 / 2, 3 / 2, 3 / 2])


def test_whoever_leaves_after_the_last_event_changes_nothing_and_nobody_leaving_neither() -> None:
    assert weights([1, 2, 3], [9]).tolist() == [1, 1, 1]
    assert weights([1, 30], []).tolist() == [1, 1]


def test_a_few_censored_rows_are_counted_and_not_weighted() -> None:
    assert not censored(np.arange(995), np.arange(5)).weighted
    found = censored(np.arange(900), np.arange(100))
    assert (found.rows, found.share, found.weighted) == (100, 0.1, True)


def test_weighting_gives_the_figures_that_nobody_leaving_would_have_given() -> None:
    """Events come early and people leave late, so that without weights the event is too frequent among the followed."""
    random = np.random.default_rng(3)
    count, window = 40_000, 30
    risk = random.beta(2, 8, count)
    event = random.random(count) < risk
    event_day = np.where(event, random.integers(0, 12, count), window)
    leaves = np.where(random.random(count) < 0.6, random.integers(5, 60, count), 10**6)
    seen = leaves >= np.minimum(event_day, window)
    y, whole = event[seen].astype(float), event.astype(float)
    own = weights(np.minimum(event_day, window)[seen], leaves[~seen])
    assert y.mean() > 1.2 * whole.mean(), "the followed alone are another population"
    assert np.average(y, weights=own) == pytest.approx(whole.mean(), rel=0.02)
    assert brier(y, risk[seen], own) == pytest.approx(brier(whole, risk), rel=0.02)
    assert abs(brier(y, risk[seen]) / brier(whole, risk) - 1) > 0.1
    assert auroc(y, risk[seen], own) == pytest.approx(auroc(whole, risk), abs=0.01)
