"""What happened next: the only rooms that may look past `as_of`. No feature can import them (import contract)."""

from __future__ import annotations

from features.definitions.outcomes.adverse import ADVERSE_EVENT_21D, ANY_ACUTE_CARE_21D, PARTS
from features.definitions.outcomes.emergency import ED_VISIT_30D
from features.definitions.outcomes.outcome import CLAIMS_RUN_OUT_DAYS, Outcome, labels
from features.definitions.outcomes.readmission import READMISSION_30D
from features.errors import BadInput

OUTCOMES = (READMISSION_30D, ADVERSE_EVENT_21D, ANY_ACUTE_CARE_21D, ED_VISIT_30D, *PARTS)


def outcome(name: str) -> Outcome:
    """The outcome of that name. BadInput, listing the names, for an unknown one."""
    for found in OUTCOMES:
        if found.name == name:
            return found
    raise BadInput(got=f"outcome {name}", expected=f"one of {', '.join(o.name for o in OUTCOMES)}", do="Choose one.")


__all__ = [
    "ADVERSE_EVENT_21D",
    "ANY_ACUTE_CARE_21D",
    "CLAIMS_RUN_OUT_DAYS",
    "ED_VISIT_30D",
    "OUTCOMES",
    "PARTS",
    "READMISSION_30D",
    "Outcome",
    "labels",
    "outcome",
]
