"""The rows that a spec trains on and is measured on: its cohort, what happened next, and what each rule left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.definitions.cohort import Cohort, Rule, prediction_cohort
from features.definitions.outcomes import labels
from features.errors import BadInput
from features.measures.month_ends import open_gaps
from features.measures.outcomes import GapOutcome, labels_of_gaps
from models.specs.spec import OUTCOME_KNOWN

if TYPE_CHECKING:
    import pandas as pd

    from features.record.record import Record
    from models.specs.spec import Population, Spec


@dataclass(frozen=True)
class Labelled:
    """`cohort`: every row that is scored. `rows`: those of the population, with label, event_day, followed_days and
    label_known_day, by person and time; `censored`: those that would be of it, had they not left the network within
    the window. `attrition`: rule, sense, left, removed, not_evaluable, from all stays down to `rows`.
    """

    cohort: pd.DataFrame
    rows: pd.DataFrame
    censored: pd.DataFrame
    attrition: pd.DataFrame


def labelled(record: Record, spec: Spec, population: Population) -> Labelled:
    """The rows of a population of a spec. BadInput where the source cannot tell the outcome."""
    import pandas as pd

    cohort, told = _told(record, spec)
    _check_evaluable(told, spec)
    rows = cohort.rows.merge(told, on="row_id", validate="one_to_one")
    steps, censored = [], rows.head(0)
    for rule in further_rules(spec, population):
        kept = rows[rule.keeps(rows)]
        steps.append((rule.name, rule.sense, len(kept), len(rows) - len(kept), 0))
        if rule is OUTCOME_KNOWN:
            out = rows[~rule.keeps(rows)]
            censored = out[out.followed_days.notna()].reset_index(drop=True)
        rows = kept
    further = pd.DataFrame(steps, columns=["rule", "sense", "left", "removed", "not_evaluable"])
    attrition = pd.concat([cohort.attrition, further], ignore_index=True)
    return Labelled(cohort.rows, rows.reset_index(drop=True), censored, attrition)


def _told(record: Record, spec: Spec) -> tuple[Cohort, pd.DataFrame]:
    """Whom a model scores, and what became of each."""
    if isinstance(spec.outcome, GapOutcome):
        through = record.claims_complete_to if "claim_line" not in record.lacks else record.admissions_complete_to
        gaps = open_gaps(record, spec.outcome.measures, through)
        return gaps, labels_of_gaps(record, gaps.rows)
    cohort = prediction_cohort(record)
    return cohort, labels(record, cohort.rows, spec.outcome)


def days_of_trend(rows: pd.DataFrame) -> pd.Series:
    """The day by which the rate of an outcome drifts: of a discharge its own; of a gap the end of its period, since
    within one the share that stays open rises by itself.
    """
    return rows.due if "due" in rows else rows.discharge_day


def without(rows: pd.DataFrame, learned: pd.DataFrame) -> pd.DataFrame:
    """The rows but those of `learned`: one person leaves hospital once a day, whatever a correction calls the stay."""
    day = ["person_id", "discharge_day"]
    seen = rows.merge(learned[day].drop_duplicates(), on=day, how="left", indicator=True)["_merge"] == "both"
    return rows[~seen.to_numpy()].reset_index(drop=True)


def further_rules(spec: Spec, population: Population) -> tuple[Rule, ...]:
    """The rules of a population that the cohort was not cut by already."""
    return tuple(rule for rule in population.rules if rule not in spec.scored.rules)


def _check_evaluable(told: pd.DataFrame, spec: Spec) -> None:
    reasons = told.null_reason.dropna()
    if len(told) and len(reasons) == len(told) and reasons.str.startswith("not evaluable").all():
        raise BadInput(
            got=f"a store whose sources cannot tell {spec.name}: {reasons.iloc[0]}",
            expected=spec.outcome.says,
            do="Train it on a store that holds these facts, or train another model.",
        )
