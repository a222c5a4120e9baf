"""A seeded lottery in a narrow band around the cutoff: who is nearly as much at risk as the last on the list may as
fairly be called as they. So a true trial costs nobody a call: as many are called as without it.

The same seed and day draw the same people, whoever draws again; so what was drawn can be checked afterwards.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from features.errors import BadInput
from serving.committee.impact.log import CHOSEN, NOT_CHOSEN


def drawn(ranked: int, places: int, band: int, seed: int, day: int) -> list[tuple[bool, str]]:
    """For each of `ranked` people, highest risk first: whether to call them, and what the lottery said (empty for whom
    it did not decide). The `band` people on either side of the cutoff are drawn from; above all are called.
    """
    if band < 1 or places < band or ranked < places + band:
        raise BadInput(
            got=f"a band of {band} around place {places} of {ranked}",
            expected="a band that has people on either side",
            do="Rank more people (`afterward score --top`), or choose a narrower --band.",
        )
    generator = np.random.default_rng(int.from_bytes(sha256(f"{seed}|{day}".encode()).digest()[:8], "big"))
    winners = set(generator.choice(2 * band, size=band, replace=False).tolist())
    first = places - band
    told: list[tuple[bool, str]] = []
    for place in range(ranked):
        if first <= place < places + band:
            wins = place - first in winners
            told.append((wins, CHOSEN if wins else NOT_CHOSEN))
        else:
            told.append((place < first, ""))
    return told
