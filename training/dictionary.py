"""What every column of a model's rows means, for whoever takes the table without this code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from features.catalogue.algebra import Facts, Family, Feature
from features.record.record import lacked
from models.groups import NEEDS
from training.frame import KEYS, OUTCOME, POPULATIONS, group_column


@dataclass(frozen=True)
class Beside:
    """A column that stands beside the features, and what null in it means."""

    says: str
    missing: str = "never"


BESIDE = {
    "person_id": Beside("the person, by the number that was theirs at `as_of`"),
    "stay_id": Beside("the index stay"),
    "as_of": Beside("the prediction time, in UTC: what was known by then is all that the features tell"),
    "admit_day": Beside("day of admission"),
    "discharge_day": Beside("day of discharge"),
    "facility_id": Beside("the hospital that discharged; a group too", "not told"),
    "label": Beside("1 where the outcome came, 0 where it did not", "censored or not evaluable: see null_reason"),
    "null_reason": Beside("why the label is null", "the label is not null"),
    "competing": Beside("what came first in the place of the outcome: death or planned", "nothing did"),
    "event_day": Beside("day of the event that decided", "no event"),
    "complete": Beside("true where the whole outcome window lies in the data; where not, only events are seen"),
    "followed_days": Beside(
        "days from discharge to the event, the death, the end of the window or the last day enrolled",
        "the label is null for another reason than leaving the network",
    ),
    "label_known_day": Beside("day on which the label could be known", "the label is null"),
    "trained": Beside("true for the rows that the model learns from or is held back from"),
    "measured": Beside("true for the rows that the model may be judged on"),
}


def dictionary(features: Sequence[Feature]) -> list[dict[str, object]]:
    """One entry a column, in the order of the table: name, role (key, outcome, population, group or feature) and what
    it says; of a feature its family, group, unit, window, meaning of null, sentence, whether someone can act on it,
    whether it may be told as a reason, and the tables or columns of the record without which it cannot be told.
    """
    roles = {"key": KEYS, "outcome": OUTCOME, "population": POPULATIONS}
    beside = [{"name": name, "role": role, **asdict(BESIDE[name])} for role, names in roles.items() for name in names]
    groups = [
        {"name": group_column(of), "role": "group", "says": f"{of}, as known at `as_of`", "missing": "not told"}
        for of in NEEDS
    ]
    needed = needs(features)
    told = [
        {**asdict(column), "role": "feature", "needs": needed[column.name]}
        for feature in features
        for column in feature.columns()
    ]
    return [*beside, *groups, *told]


def needs(features: Sequence[Feature]) -> dict[str, list[str]]:
    """By column the tables, or `table.column`, without which it cannot be told; of a ratio those of what it is made
    from.
    """
    found: dict[str, list[str]] = {}
    for feature in features:
        for column in feature.columns():
            if isinstance(feature, Family):
                needed = set(feature.needs)
            elif isinstance(feature, Facts):
                needed = set(feature.needs.get(column.name, ()))
            else:
                needed = {need for name in feature.of for need in found[name]}
            found[column.name] = sorted(needed)
    return found


def not_evaluable(features: Sequence[Feature], lacks: Mapping[str, str]) -> dict[str, int]:
    """By fact that no source tells, how many columns are null for everybody for want of it."""
    needed = needs(features)
    without = [fact for of in needed.values() for fact in lacked(of, lacks)]
    return {fact: without.count(fact) for fact in sorted(set(without))}
