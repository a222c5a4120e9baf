"""Who comes to an emergency department within 30 days of discharge and goes home again."""

from __future__ import annotations

from features.catalogue import CATALOGUE
from features.definitions.outcomes import ED_VISIT_30D
from models.specs.spec import DISCHARGED, DISCHARGED_AND_FOLLOWED, Spec
from models.tiers import Shares

SPEC = Spec(
    name="ed_visit_30d",
    title="Emergency visit within 30 days",
    outcome=ED_VISIT_30D,
    prediction_time="discharge",
    features=CATALOGUE,
    scored=DISCHARGED,
    trained=DISCHARGED_AND_FOLLOWED,
    measured=DISCHARGED_AND_FOLLOWED,
    intended_use="Order the list of people who are told where to call before they go to the emergency department.",
    misuse="Not for deciding whether someone is discharged, covered or treated.",
    plausible_auroc=0.85,
    tier_shares=Shares(high=0.05, medium=0.15),
)
