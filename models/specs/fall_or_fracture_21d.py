"""Who falls or breaks a hip within 21 days of discharge."""

from __future__ import annotations

from features.catalogue import CATALOGUE
from features.definitions.outcomes import outcome
from models.specs.spec import DISCHARGED, DISCHARGED_AND_FOLLOWED, Spec
from models.tiers import Shares

SPEC = Spec(
    name="fall_or_fracture_21d",
    title="Fall or broken hip within 21 days",
    outcome=outcome("fall_or_fracture_21d"),
    prediction_time="discharge",
    features=CATALOGUE,
    scored=DISCHARGED,
    trained=DISCHARGED_AND_FOLLOWED,
    measured=DISCHARGED_AND_FOLLOWED,
    intended_use="Order the list of people whose home and gait are checked after discharge.",
    misuse="Not for deciding whether someone is discharged, covered or treated.",
    plausible_auroc=0.85,
    tier_shares=Shares(high=0.05, medium=0.15),
)
