"""The models, one file each; `SPECS` is the tuple of them all."""

from __future__ import annotations

from features.errors import BadModel
from models.specs import (
    adverse_drug_effect_21d,
    adverse_event_21d,
    any_acute_care_21d,
    complication_of_care_21d,
    ed_visit_30d,
    fall_or_fracture_21d,
    gap_cms122,
    gap_cms165,
    gap_cms347,
    gap_cms951,
    gap_pooled,
    readmission_30d,
    vte_21d,
)
from models.specs.spec import Spec

# the parts of adverse_event_21d are those of which a network of 20,000 members has a hundred events in three years
SPECS: tuple[Spec, ...] = (
    readmission_30d.SPEC,
    adverse_event_21d.SPEC,
    any_acute_care_21d.SPEC,
    ed_visit_30d.SPEC,
    adverse_drug_effect_21d.SPEC,
    complication_of_care_21d.SPEC,
    fall_or_fracture_21d.SPEC,
    vte_21d.SPEC,
    gap_cms122.SPEC,
    gap_cms165.SPEC,
    gap_cms347.SPEC,
    gap_cms951.SPEC,
    gap_pooled.SPEC,
)
OF_DISCHARGES: tuple[Spec, ...] = tuple(found for found in SPECS if found.prediction_time == "discharge")


def rows_are(name: str) -> str:
    """What a row of that model is, in words; of an unknown model, of the commonest kind."""
    return next((found.rows_are for found in SPECS if found.name == name), OF_DISCHARGES[0].rows_are)


def spec(name: str) -> Spec:
    """The spec of that name; BadModel lists the names there are."""
    for found in SPECS:
        if found.name == name:
            return found
    raise BadModel(
        got=f"an unknown model {name!r}",
        expected=f"one of {', '.join(found.name for found in SPECS)}",
        do="Name one of these.",
    )
