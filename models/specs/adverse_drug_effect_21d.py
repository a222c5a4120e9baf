"""Who is harmed by a medicine within 21 days of discharge."""

from __future__ import annotations

from features.catalogue import CATALOGUE
from features.definitions.outcomes import outcome
from models.specs.spec import DISCHARGED, DISCHARGED_AND_FOLLOWED, Spec
from models.tiers import Shares

SPEC = Spec(
    name="adverse_drug_effect_21d",
    title="Adverse effect of a medicine within 21 days",
    outcome=outcome("adverse_drug_effect_21d"),
    prediction_time="discharge",
    features=CATALOGUE,
    scored=DISCHARGED,
    trained=DISCHARGED_AND_FOLLOWED,
    measured=DISCHARGED_AND_FOLLOWED,
    intended_use="Order the list of people whose medicines a pharmacist reconciles after discharge.",
    misuse="Not for deciding whether someone is discharged, covered or treated.",
    plausible_auroc=0.85,
    tier_shares=Shares(high=0.05, medium=0.15),
)
