"""The care that a discharge, an emergency visit or a new year opens a gap for."""

from __future__ import annotations

from features.measures.transitions import (
    emergency_follow_up,
    first_contact,
    follow_up_visit,
    pending_results,
    reconciliation,
    wellness_visit,
)

TRANSITIONS = (
    first_contact.TRANSITION,
    *follow_up_visit.TRANSITIONS,
    reconciliation.TRANSITION,
    pending_results.TRANSITION,
    emergency_follow_up.TRANSITION,
    wellness_visit.TRANSITION,
)
