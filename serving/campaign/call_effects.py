"""What one call is taken to do: of gaps that would stay open, the share that it brings to close. An assumption.

No network's own calls are behind these numbers. Each comes from a trial of something like a call, divided by the share
whose gap stayed open without it; a network that records its calls should measure its own and write them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CallEffect:
    """The `share` of the gaps of a measure (CMS number) that would stay open which one call closes, and its source."""

    measure: str
    share: float
    source: str


_TESTS = (
    "Derose et al., Am J Manag Care 2009;15:425-431: overdue diabetes tests were done within 12 weeks by 21 % after an "
    "automated call and by 18 to 19 % without; 2.5 of the 81.5 points. Simon et al., Diabetes Care 2010;33:1452-1453, "
    "found no effect of such calls"
)
CALL_EFFECTS: tuple[CallEffect, ...] = (
    CallEffect("CMS122", 0.03, f"{_TESTS}. Of a test that is above 9 per cent no trial of one call is known to us"),
    CallEffect("CMS951", 0.03, _TESTS),
    CallEffect(
        "CMS165",
        0.04,
        "Bosworth et al., Ann Intern Med 2009;151:687-695: 4.3 points more were controlled after two years of a "
        "nurse's calls every two months (95 % interval -4.5 to 12.9); that one call does as much is our guess, and a "
        "high one",
    ),
    CallEffect(
        "CMS347",
        0.22,
        "Derose et al., JAMA Intern Med 2013;173:38-43: 42.3 % filled a new statin after automated calls and a letter, "
        "26.0 % without; 16.3 of the 74 points. They had a prescription in hand, so elsewhere it will be less",
    ),
)


def by_measure() -> Mapping[str, CallEffect]:
    """The same by CMS number."""
    return {effect.measure: effect for effect in CALL_EFFECTS}
