"""FHIR R4: allergies, and adverse events, which are reactions that happened. Each was known when it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import NDC, SNOMED, RxNorm
from features.record.tables import ALLERGY
from features.sources.fhir_layouts import code_of, happened, layout, of_a_patient, one_of
from features.sources.fhir_paths import coded, person, text, time
from features.sources.fhir_sheets import Sheet
from features.sources.files import InputFile
from features.sources.reader import Delivery

if TYPE_CHECKING:
    import ibis.expr.types as ir

ALLERGEN = (RxNorm, SNOMED, NDC)


def _allergy_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        "verificationStatus says that it was entered in error": raw.verification.lower() == "entered-in-error",
        "no recordedDate and no meta.lastUpdated": raw.recorded_to.isnull(),
    }


def _allergies(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        person_id=raw.person_id,
        allergy_id=raw.id,
        allergy_type=raw.kind.lower(),
        category=raw.category.lower(),
        criticality=raw.criticality.lower(),
        status=one_of(raw.status, ("active", "inactive", "resolved")),
        verification_status=raw.verification.lower(),
        onset_day=raw.onset_from // windows.SECONDS_A_DAY,
        onset_end_day=raw.onset_to // windows.SECONDS_A_DAY,
        **code_of(raw),
        happened_from=raw.onset_from.fill_null(raw.recorded_from),
        happened_to=ibis.null("int64"),
        precision=raw.onset_precision.fill_null(raw.recorded_precision),
        known_at=raw.recorded_to,
        source=ibis.literal("fhir"),
    )


ALLERGIES = Sheet(
    "AllergyIntolerance",
    layout("AllergyIntolerance", _allergy_rejects, {ALLERGY: _allergies}),
    takes={
        "id": text("id"),
        "person_id": person("patient"),
        "kind": text("type"),
        "category": text("category"),
        "criticality": text("criticality"),
        "status": text("clinicalStatus.coding.code", "clinicalStatus"),
        "verification": text("verificationStatus.coding.code", "verificationStatus"),
        "code": coded(ALLERGEN, "code"),
        "onset": time("onsetDateTime", "onsetPeriod"),
        "recorded": time("recordedDate", "assertedDate", "meta.lastUpdated"),
    },
)


def _event_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        "no recordedDate and no meta.lastUpdated": raw.recorded_to.isnull(),
    }


def _adverse_events(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = raw.filter((raw.actuality.lower() != "potential").fill_null(True))
    return rows.select(
        person_id=rows.person_id,
        allergy_id=rows.id,
        allergy_type=ibis.literal("adverse-event"),
        **code_of(rows),
        **happened(rows, "recorded", rows.recorded_to),
    )


ADVERSE_EVENTS = Sheet(
    "AdverseEvent",
    layout("AdverseEvent", _event_rejects, {ALLERGY: _adverse_events}),
    takes={
        "id": text("id"),
        "person_id": person("subject"),
        "actuality": text("actuality"),
        "code": coded(ALLERGEN, "event"),
        "recorded": time("recordedDate", "date", "meta.lastUpdated"),
    },
)

SHEETS = (ALLERGIES, ADVERSE_EVENTS)
