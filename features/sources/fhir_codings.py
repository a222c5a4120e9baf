"""FHIR R4: the codes for which a table has no column. A concept may be coded in several systems, and many things carry
lists of concepts: the types of an encounter, the reasons of a procedure. The first, most preferred code of a thing
stands with the thing; the others are told here. Each is known when the thing first was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from features.codes.systems import HCPCS, ICD9CM, ICD10CM, LOINC, SNOMED, RxNorm, System
from features.record.tables import CODING
from features.sources.fhir_clinical import (
    CONDITIONS,
    DIAGNOSED,
    DONE,
    MEASURED,
    OBSERVATIONS,
    PROCEDURES,
    done_not,
    result_known,
)
from features.sources.fhir_layouts import layout, nothing_wrong
from features.sources.fhir_orders import DEVICES, MEDICINES, ORDERED, ORDERS, PRESCRIPTIONS, declined
from features.sources.fhir_paths import coded, text
from features.sources.fhir_reactions import ADVERSE_EVENTS, ALLERGEN, ALLERGIES
from features.sources.fhir_sheets import Sheet
from features.sources.fhir_visits import ENCOUNTERS
from features.sources.files import InputFile
from features.sources.reader import Delivery
from features.sources.unmapped import UNMAPPED

if TYPE_CHECKING:
    import ibis.expr.types as ir

Rows = Callable[["ir.Table"], "ir.Table"]
VISITED, WHY, FOUND = (HCPCS, SNOMED, LOINC), (SNOMED, ICD10CM, ICD9CM, LOINC), (SNOMED, LOINC, ICD10CM, RxNorm)
# where the resource that carries the code tells when it was known
KNOWN = {
    "Encounter": "started_to",
    "Condition": "recorded_to",
    "Procedure": "performed_to",
    "MedicationRequest": "authored_to",
    "ServiceRequest": "authored_to",
    "DeviceRequest": "authored_to",
    "AllergyIntolerance": "recorded_to",
    "AdverseEvent": "recorded_to",
}


def _known(raw: ir.Table, resource: str) -> ir.IntegerValue:
    import ibis

    if resource == "Observation":
        return result_known(raw)
    if resource == "Procedure":
        return ibis.coalesce(raw.performed_to, raw.performed_from)
    return raw[KNOWN[resource]]


def _told(resource: str, about: Callable[[ir.Table], ir.StringValue], role: str, further: bool) -> Rows:
    """The rows of a list of codings. `further` leaves out the code that stands with the thing itself."""

    def rows(raw: ir.Table) -> ir.Table:
        import ibis

        told = raw.filter(raw.coding.notnull(), raw.coding_system != UNMAPPED)
        if further:
            same = (told.coding == told.code) & (told.coding_system == told.code_system)
            told = told.filter(~same.fill_null(False))
        return told.select(
            person_id=told.person_id,
            about=about(told),
            about_id=told.id,
            role=ibis.literal(role),
            code_system=told.coding_system,
            code=told.coding,
            known_at=_known(told, resource),
            source=ibis.literal("fhir"),
        )

    return rows


def _wholes(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The code of a result that has several values, which itself is no row."""
    import ibis

    told = raw.filter(raw.code_system != UNMAPPED)
    return told.select(
        "person_id",
        "code_system",
        "code",
        about=ibis.literal("result"),
        about_id=told.id,
        role=ibis.literal("whole"),
        known_at=result_known(told),
        source=ibis.literal("fhir"),
    )


def _in(table: str) -> Callable[[ir.Table], ir.StringValue]:
    def about(raw: ir.Table) -> ir.StringValue:
        import ibis

        return ibis.literal(table)

    return about


def _in_or_not_done(
    table: str, not_done: Callable[[ir.Table], ir.BooleanValue]
) -> Callable[[ir.Table], ir.StringValue]:
    def about(raw: ir.Table) -> ir.StringValue:
        import ibis

        return ibis.ifelse(not_done(raw), "not_done", table)

    return about


def _sheet(
    whole: Sheet,
    about: Callable[[ir.Table], ir.StringValue],
    role: str,
    each: str,
    systems: Sequence[System],
    path: str = "",
    urls: Sequence[str] = (),
) -> Sheet:
    """The codings in the list `each` of a resource; of extensions those whose URL ends with one of `urls`."""
    tell = _told(whole.resource, about, role, further=role == "code")

    def rows(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
        if not urls:
            return tell(raw)
        return tell(raw.filter(raw.url.re_extract(r"([^/]*)$", 1).lower().isin(urls)))

    takes = {"coding": coded(systems, path), **({"url": text("url")} if urls else {})}
    name = f"{whole.resource} {role} in {each}{' ' + urls[0] if urls else ''}"
    return Sheet(whole.resource, layout(name, nothing_wrong, {CODING: rows}), takes, each=each, beside=whole)


_MEDICINE = "medicationCodeableConcept.coding"
_NOT_DONE_REASON, _NOT_TO_BE_DONE_REASON = ("qicore-notdonereason",), ("qicore-donotperformreason",)
_prescription = _in_or_not_done("prescription", declined)
_order = _in_or_not_done("order", declined)
_result = _in_or_not_done("result", done_not)
SHEETS = (
    _sheet(ENCOUNTERS, _in("encounter"), "type", "type.coding", VISITED),
    _sheet(CONDITIONS, _in("problem"), "code", "code.coding", DIAGNOSED),
    _sheet(CONDITIONS, _in("problem"), "site", "bodySite.coding", (SNOMED,)),
    _sheet(PROCEDURES, _in("clinical_procedure"), "code", "code.coding", DONE),
    _sheet(PROCEDURES, _in("clinical_procedure"), "reason", "reasonCode.coding", WHY),
    _sheet(OBSERVATIONS, _result, "code", "code.coding", MEASURED),
    _sheet(OBSERVATIONS, _result, "value", "valueCodeableConcept.coding", FOUND),
    Sheet(
        "Observation",
        layout("Observation whole of components", nothing_wrong, {CODING: _wholes}),
        takes={},
        each="component",
        beside=OBSERVATIONS,
    ),
    _sheet(OBSERVATIONS, _result, "refusal", "extension", WHY, "valueCodeableConcept", _NOT_DONE_REASON),
    _sheet(PRESCRIPTIONS, _prescription, "code", _MEDICINE, MEDICINES),
    _sheet(PRESCRIPTIONS, _prescription, "reason", "reasonCode.coding", WHY),
    _sheet(ORDERS, _order, "code", "code.coding", ORDERED),
    _sheet(ORDERS, _order, "reason", "reasonCode.coding", WHY),
    _sheet(ORDERS, _order, "refusal", "extension", WHY, "valueCodeableConcept", _NOT_TO_BE_DONE_REASON),
    _sheet(DEVICES, _order, "code", "codeCodeableConcept.coding", (HCPCS, SNOMED)),
    _sheet(ALLERGIES, _in("allergy"), "code", "code.coding", ALLERGEN),
    _sheet(ADVERSE_EVENTS, _in("allergy"), "code", "event.coding", ALLERGEN),
)
