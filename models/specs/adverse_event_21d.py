"""Who is harmed within 21 days of discharge."""

from __future__ import annotations

from features.catalogue import CATALOGUE
from features.definitions.outcomes import ADVERSE_EVENT_21D
from models.specs.spec import DISCHARGED, DISCHARGED_AND_FOLLOWED, Spec
from models.tiers import Shares

SPEC = Spec(
    name="adverse_event_21d",
    title="Adverse event within 21 days",
    outcome=ADVERSE_EVENT_21D,
    prediction_time="discharge",
    features=CATALOGUE,
    scored=DISCHARGED,
    trained=DISCHARGED_AND_FOLLOWED,
    measured=DISCHARGED_AND_FOLLOWED,
    intended_use="Order the list of people whose medicines, results and follow-up are checked after discharge.",
    misuse="Not for deciding whether someone is discharged, covered or treated, nor as a count of preventable harm.",
    plausible_auroc=0.85,
    tier_shares=Shares(high=0.05, medium=0.15),
)
