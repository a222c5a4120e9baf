"""Who is in which risk tier, by example."""

from __future__ import annotations

import numpy as np
import pytest

from features.errors import BadDeclaration, BadInput
from models.tiers import Cuts, Shares, Tier, cuts, tiers


def test_each_tier_has_room_for_its_share_of_people() -> None:
    risk = np.random.default_rng(0).permutation(100) / 100
    found = tiers(risk, cuts(risk, Shares(high=0.05, medium=0.15)))
    assert [found.count(tier) for tier in Tier] == [5, 15, 80]
    assert min(risk[[tier is Tier.HIGH for tier in found]]) > max(risk[[tier is Tier.MEDIUM for tier in found]])


def test_a_risk_at_the_cut_is_in_the_higher_tier() -> None:
    assert tiers([0.3, 0.29, 0.1, 0.09], Cuts(high=0.3, medium=0.1)) == ["high", "medium", "medium", "low"]


def test_people_with_equal_risk_share_the_higher_tier() -> None:
    risk = [0.9, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    at = cuts(risk, Shares(high=0.2, medium=0.2))
    assert tiers(risk, at) == ["high"] * 4 + ["low"] * 6


def test_one_person_is_high_among_one() -> None:
    assert cuts([0.2], Shares(high=0.05, medium=0.15)) == Cuts(0.2, 0.2)


@pytest.mark.parametrize(("high", "medium"), [(0, 0.1), (0.1, 0), (0.5, 0.5), (-0.1, 0.2)])
def test_shares_that_leave_a_tier_empty_are_refused(high: float, medium: float) -> None:
    with pytest.raises(BadDeclaration):
        Shares(high, medium)


@pytest.mark.parametrize("risk", [(), (0.1, np.nan)])
def test_nobody_to_cut_is_refused(risk: tuple[float, ...]) -> None:
    with pytest.raises(BadInput):
        cuts(risk, Shares(0.1, 0.2))
