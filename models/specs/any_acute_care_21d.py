"""Who needs an emergency department, observation or a bed within 21 days of discharge."""

from __future__ import annotations

from features.catalogue import CATALOGUE
from features.definitions.outcomes import ANY_ACUTE_CARE_21D
from models.specs.spec import DISCHARGED, DISCHARGED_AND_FOLLOWED, Spec
from models.tiers import Shares

SPEC = Spec(
    name="any_acute_care_21d",
    title="Any acute care within 21 days",
    outcome=ANY_ACUTE_CARE_21D,
    prediction_time="discharge",
    features=CATALOGUE,
    scored=DISCHARGED,
    trained=DISCHARGED_AND_FOLLOWED,
    measured=DISCHARGED_AND_FOLLOWED,
    intended_use="Order the list of people whose next visit is brought forward, whatever may bring them back.",
    misuse="Not for deciding whether someone is discharged, covered or treated.",
    plausible_auroc=0.85,
    tier_shares=Shares(high=0.05, medium=0.15),
)
