"""A visit within 7 and within 14 days of discharge."""

from __future__ import annotations

from features.measures.transitions import after_care, discharges
from features.measures.transitions.transition import Transition


def _within(days: int, evidence: str) -> Transition:
    return Transition(
        name=f"visit_{days}_days",
        title=f"Visit within {days} days of discharge",
        evidence=evidence,
        opened_by="a discharge home, whatever its reason",
        opens=discharges.discharges,
        due_in_words=f"{days} days after it",
        due=lambda opened: opened + days,
        until=lambda opened: opened + discharges.PERIOD_DAYS,
        care=after_care.visits,
        closed_by="a visit in person or by video, from the day after discharge on",
        closes=after_care.or_the_visit_booked("a visit"),
        needs=(*discharges.NEEDS, *after_care.NEEDS),
    )


TRANSITIONS = (
    _within(7, "CMS transitional care management of high complexity (CPT 99496)"),
    _within(14, "CMS transitional care management of moderate complexity (CPT 99495)"),
)
