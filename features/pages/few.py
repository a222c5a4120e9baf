"""No number on a page may lead back to a few people.

Counts of 1 to 10 people are withheld, as the Centers for Medicare & Medicaid Services do in what they publish (their
cell size suppression policy), and so is a second one of the same total where the first could be worked out from the
rest. What is withheld is said to be; nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Sequence

FEWEST_PEOPLE = 11


def few(people: int) -> bool:
    """Whether so many people are too few to be told apart from nobody and from a crowd: 1 to 10."""
    return 0 < people < FEWEST_PEOPLE


def withheld(counts: Sequence[int]) -> tuple[bool, ...]:
    """Which counts of one total may not be shown: those of 1 to 10, and the next smallest where these alone (or all of
    them together) would be so few that the total tells them.
    """
    hidden = [few(count) for count in counts]
    while any(hidden):
        together = [count for count, hides in zip(counts, hidden, strict=True) if hides]
        open_ones = [place for place, hides in enumerate(hidden) if not hides and counts[place] > 0]
        if (len(together) > 1 and sum(together) >= FEWEST_PEOPLE) or not open_ones:
            break
        hidden[min(open_ones, key=lambda place: (counts[place], place))] = True
    return tuple(hidden)
