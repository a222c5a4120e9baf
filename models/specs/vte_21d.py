"""Who has a blood clot in a leg vein or the lung within 21 days of discharge."""

from __future__ import annotations

from features.catalogue import CATALOGUE
from features.definitions.outcomes import outcome
from models.specs.spec import DISCHARGED, DISCHARGED_AND_FOLLOWED, Spec
from models.tiers import Shares

SPEC = Spec(
    name="vte_21d",
    title="Blood clot within 21 days",
    outcome=outcome("vte_21d"),
    prediction_time="discharge",
    features=CATALOGUE,
    scored=DISCHARGED,
    trained=DISCHARGED_AND_FOLLOWED,
    measured=DISCHARGED_AND_FOLLOWED,
    intended_use="Order the list of people whose prevention of clots is checked after discharge.",
    misuse="Not for deciding whether someone is discharged, covered or treated.",
    plausible_auroc=0.85,
    tier_shares=Shares(high=0.05, medium=0.15),
)
