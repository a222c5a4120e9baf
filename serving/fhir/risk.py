"""A score as a RiskAssessment. In R4 `probabilityDecimal` is a percentage: a risk of 0.23 is 23."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from features import windows
from features.definitions.outcomes import Outcome
from models.specs import spec
from serving.fhir.naming import MODEL, RISK, SCORE, STAY, Resource, coded, narrative, patient

QUALITATIVE = {"high": "High likelihood", "medium": "Moderate likelihood", "low": "Low likelihood"}
RISK_CODES = {"high": "high", "medium": "moderate", "low": "low"}


@dataclass(frozen=True)
class Told:
    """A score as it was kept. `reasons` as objects with a sentence and a direction; null where none were asked for."""

    score_id: str
    person_id: str
    stay_id: str
    as_of: int
    discharge_day: int
    model: str
    version: int
    risk: float
    tier: str
    reasons: Sequence[Mapping[str, Any]] | None


def risk_assessment(told: Told, zone: str) -> Resource:
    """The resource: whom, when known, by which version (a Device that it carries), how likely what is, until when, and
    on the strength of what.
    """
    about = spec(told.model)
    assert isinstance(about.outcome, Outcome), "scores of discharges are kept, and no other"
    ends = windows.end_of_day(told.discharge_day + about.outcome.window.last, zone)
    as_of = windows.stamp(told.as_of, zone)
    stay = {"type": "Encounter", "identifier": {"system": STAY, "value": told.stay_id}}
    sentences = [f"{each['sentence']} ({each['direction']} risk)" for each in told.reasons or ()]
    prediction: Resource = {
        "outcome": {"coding": [{"system": MODEL, "code": about.outcome.name}], "text": about.title},
        "probabilityDecimal": percent(told.risk),
        "qualitativeRisk": coded(RISK, RISK_CODES[told.tier], QUALITATIVE[told.tier]),
        "whenPeriod": {"start": as_of, "end": windows.stamp(int(ends), zone)},
    }
    if sentences:
        prediction["rationale"] = "; ".join(sentences)
    return {
        "resourceType": "RiskAssessment",
        "id": told.score_id,
        "text": narrative(f"{about.title}: {told.risk:.0%}, {told.tier} risk", *sentences),
        "contained": [device(told.model, told.version, about.title)],
        "identifier": [{"system": SCORE, "value": told.score_id}],
        "status": "final",
        "method": {"coding": [{"system": MODEL, "code": told.model}], "text": about.title},
        "subject": patient(told.person_id),
        "encounter": stay,
        "occurrenceDateTime": as_of,
        "performer": {"reference": "#model"},
        "basis": [patient(told.person_id), stay],
        "prediction": [prediction],
    }


def device(model: str, version: int, title: str) -> Resource:
    """The version of the model that made a score."""
    return {
        "resourceType": "Device",
        "id": "model",
        "identifier": [{"system": MODEL, "value": f"{model}/{version}"}],
        "status": "active",
        "deviceName": [{"name": f"Afterward: {title}", "type": "model-name"}],
        "modelNumber": model,
        "version": [{"value": str(version)}],
    }


def percent(risk: float) -> float:
    """A risk from 0 to 1 in percent, by moving the point and not by multiplying: 0.07 is 7, not 7.000000000000001."""
    return float(Decimal(repr(risk)).scaleb(2))
