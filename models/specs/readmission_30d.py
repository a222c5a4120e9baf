"""Who comes back to hospital within 30 days of discharge."""

from __future__ import annotations

from features.catalogue import CATALOGUE
from features.definitions.outcomes import READMISSION_30D
from models.specs.spec import DISCHARGED, DISCHARGED_AND_FOLLOWED, Spec
from models.tiers import Shares

SPEC = Spec(
    name="readmission_30d",
    title="Readmission within 30 days",
    outcome=READMISSION_30D,
    prediction_time="discharge",
    features=CATALOGUE,
    scored=DISCHARGED,
    trained=DISCHARGED_AND_FOLLOWED,
    measured=DISCHARGED_AND_FOLLOWED,
    intended_use="Order the list of people whom a care manager calls in the days after discharge.",
    misuse="Not for deciding whether someone is discharged, covered or treated, nor for judging a hospital.",
    # readmission models on claims and records report 0.55 to 0.80: Kansagara et al., JAMA 2011;306:1688-1698
    plausible_auroc=0.85,
    tier_shares=Shares(high=0.05, medium=0.15),
)
