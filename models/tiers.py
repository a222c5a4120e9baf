"""Risk tiers: high, medium and low, cut where the network's capacity to care for each tier ends.

A spec declares what share of people each tier has room for. Training turns the shares into cut points on its held-out
risks; the cut points are numbers in the release, so one patient alone gets the same tier as in a batch. Cuts never
depend on who the patient is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from features.errors import BadDeclaration, BadInput


class Tier(StrEnum):
    """How much care there is room for; ordered from most to least."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Shares:
    """The share of people that the high and the medium tier have room for; everyone else is low."""

    high: float
    medium: float

    def __post_init__(self) -> None:
        if not (self.high > 0 and self.medium > 0 and self.high + self.medium < 1):
            raise BadDeclaration(
                got=f"tier shares {self.high:g} and {self.medium:g}",
                expected="two shares above 0 that leave someone in the low tier",
                do="Declare shares of people, such as 0.05 and 0.15.",
            )


@dataclass(frozen=True)
class Cuts:
    """The lowest risk of the high tier and of the medium tier."""

    high: float
    medium: float


def cuts(risk: npt.ArrayLike, shares: Shares) -> Cuts:
    """Cut points that give each tier its share of these people.

    People with equal risk share a tier, the higher one where a cut falls among them. BadInput where there is nobody.
    """
    highest_first = np.sort(np.asarray(risk, dtype=np.float64))[::-1]
    if len(highest_first) == 0 or not np.isfinite(highest_first).all():
        raise BadInput(
            got="no risks, or some that are not numbers", expected="one risk per person", do="Score them first."
        )
    return Cuts(_last_of(highest_first, shares.high), _last_of(highest_first, shares.high + shares.medium))


def tiers(risk: npt.ArrayLike, at: Cuts) -> list[Tier]:
    """The tier of each person, in the order given."""
    below = (np.asarray(risk, dtype=np.float64) < at.high).astype(np.int64) + (np.asarray(risk) < at.medium)
    return [(Tier.HIGH, Tier.MEDIUM, Tier.LOW)[steps] for steps in below]


def _last_of(highest_first: npt.NDArray[np.float64], share: float) -> float:
    """The risk of the last person within the share; at least one person is within it."""
    people = max(1, int(share * len(highest_first) + 1e-9))  # 0.05 + 0.15 of 100 people is 20 and not 19
    return float(highest_first[people - 1])
