"""What the models of care gaps share: whom they are about, and the rules that they must beat."""

from __future__ import annotations

from features.catalogue.gaps import GAP_FEATURES, LAST_YEAR, SINCE_CARE
from features.measures.outcomes import gap_outcome
from models.specs.spec import OUTCOME_RULES, Population, Spec
from models.tiers import Shares

OPEN = Population(
    "everyone enrolled whose gap is open at a month's end, by what was known on that day",
    (),
)
OPEN_AND_FOLLOWED = Population(
    "the same, where the period is over, what happened in it has run in, and the person lived, stayed in the network "
    "and was still asked about at its end",
    OUTCOME_RULES,
)
POOLED = "gap_pooled"
# of care that was not had within the three years that are looked at, as a rule to beat takes it
SINCE_CARE_OR_LONGER, LONGER = f"{SINCE_CARE}_or_longer", 1_096.0
RULES_TO_BEAT = (("this gap last year", LAST_YEAR), ("days since the last care of this kind", SINCE_CARE_OR_LONGER))


def model_of(measure: str) -> str:
    """The name of the model of one measure (CMS number)."""
    return f"gap_{measure.lower()}"


def gap_spec(name: str, title: str, of: str, *measures: str) -> Spec:
    """A model of the gaps of some measures (CMS numbers), which `of` names in words."""
    return Spec(
        name=name,
        title=title,
        outcome=gap_outcome(*measures, name=name, of=of),
        prediction_time="month end",
        features=GAP_FEATURES,
        scored=OPEN,
        trained=OPEN_AND_FOLLOWED,
        measured=OPEN_AND_FOLLOWED,
        intended_use="Order the people whom an outreach campaign calls about care that is still due this year.",
        misuse="Not for deciding whether someone is treated or covered, nor for judging a clinician by their patients.",
        # what is open late in the year mostly stays open, so such models tell apart better than those of readmission
        plausible_auroc=0.93,
        tier_shares=Shares(high=0.2, medium=0.3),
        rows_are="open gaps at months' ends",
        simple=RULES_TO_BEAT,
    )
