"""What a model is meant for, before anything is learned: whom it is about, what it foretells, when, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from features.catalogue.algebra import Feature
from features.definitions.cohort import FOLLOWED, PREDICTION_RULES, Rule, rules_of
from features.definitions.outcomes import Outcome
from features.measures.outcomes import GapOutcome
from models.tiers import Shares

if TYPE_CHECKING:
    import pandas as pd

PRIOR_ADMISSIONS = "admissions_in_prior_year"
SIMPLE = (("admissions in the prior year", PRIOR_ADMISSIONS),)


@dataclass(frozen=True)
class Population:
    """Who is meant, in words and as rules; every rule keeps a row or the row is out."""

    says: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Spec:
    """A model. `name` is what the command line calls it.

    Populations: `scored` by what is known at the prediction time; `trained` and `measured` may also ask whether the
    outcome could be seen. `plausible_auroc` is the AUROC above which a leak is likelier than a good model.
    `tier_shares` is how many people the network has room for in the high and the medium tier. `rows_are` says in words
    what a row is, and `simple` names rules to beat: one column each, by name.
    """

    name: str
    title: str
    outcome: Outcome | GapOutcome
    prediction_time: Literal["discharge", "month end"]
    features: tuple[Feature, ...]
    scored: Population
    trained: Population
    measured: Population
    intended_use: str
    misuse: str
    plausible_auroc: float
    tier_shares: Shares
    rows_are: str = "discharges"
    simple: tuple[tuple[str, str], ...] = SIMPLE


def outcome_seen(labels: pd.DataFrame) -> pd.Series:
    """The whole outcome window lies in the data, so that an event and its absence could both be seen."""
    return labels.complete.astype("bool")


def outcome_known(labels: pd.DataFrame) -> pd.Series:
    """The label is not null: nobody who left the network within the window counts as having stayed well."""
    return labels.label.notna()


OUTCOME_SEEN = Rule(
    "outcome window inside the data",
    "near the end of the data only events could be seen",
    outcome_seen,
    (FOLLOWED,),
    looks_ahead=True,
)
OUTCOME_KNOWN = Rule(
    "outcome known",
    "who left the network within the window is censored, not well",
    outcome_known,
    (FOLLOWED,),
    looks_ahead=True,
)
OUTCOME_RULES = rules_of(FOLLOWED, OUTCOME_SEEN, OUTCOME_KNOWN)

DISCHARGED = Population(
    "everyone discharged alive from an acute stay, not to hospice and not to another acute hospital, by what is known "
    "at discharge",
    PREDICTION_RULES,
)
DISCHARGED_AND_FOLLOWED = Population(
    "the same, where the outcome window lies wholly in the data and the person did not leave the network within it",
    (*PREDICTION_RULES, *OUTCOME_RULES),
)
