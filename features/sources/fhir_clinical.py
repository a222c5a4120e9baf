"""FHIR R4: conditions, procedures, observations and immunizations.

When it was known:
- a condition when it was recorded (`recordedDate`, else the asserted date, else when the server last changed it), and
  once more when it had abated, so that the first row never tells the second.
- a procedure when it had been performed (R4 has no date of recording).
- an observation when it was issued; where that is not given, RESULT_DAYS_AFTER it was taken for a laboratory result, at
  once for the rest.
- an immunization when it was recorded, else when it was given.
What has a state and no time of its change (a condition resolved without a date) is told when the server last changed
it, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import (
    CVX,
    HCPCS,
    ICD9CM,
    ICD9PCS,
    ICD10CM,
    ICD10PCS,
    LOINC,
    NDC,
    SNOMED,
    RxNorm,
)
from features.record.tables import (
    CLINICAL_PROCEDURE,
    IMMUNIZATION,
    PROBLEM,
    RESULT,
)
from features.sources import values
from features.sources.fhir_layouts import (
    VOID,
    code_of,
    happened,
    identity,
    layout,
    nothing_wrong,
    of_a_patient,
    one_of,
    void,
)
from features.sources.fhir_paths import coded, codes, person, reference, text, time, who
from features.sources.fhir_sheets import Sheet
from features.sources.files import InputFile
from features.sources.reader import Delivery

if TYPE_CHECKING:
    import ibis.expr.types as ir

RESULT_DAYS_AFTER = 3  # a laboratory result without a time of issue
DIAGNOSED, DONE = (ICD10CM, SNOMED, ICD9CM), (ICD10PCS, HCPCS, SNOMED, ICD9PCS, ICD10CM)
MEASURED, GIVEN = (LOINC, SNOMED, HCPCS, ICD10CM), (CVX, NDC, RxNorm, SNOMED, HCPCS)

# ---- conditions

GONE = ("inactive", "remission", "resolved")
STATUSES = ("active", "recurrence", "relapse", *GONE)


def _condition_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        "verificationStatus says that it was entered in error": raw.verification.lower() == "entered-in-error",
        "no recordedDate and no meta.lastUpdated": raw.recorded_to.isnull(),
    }


def _problems(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    status = one_of(raw.status, STATUSES)
    over = raw.abated_from.notnull() | status.isin(GONE).fill_null(False)
    raw = raw.mutate(
        told=ibis.ifelse(over, "active", status),
        last=ibis.ifelse(status.isin(GONE).fill_null(False), status, "resolved"),
        over=over,
        over_at=ibis.greatest(
            raw.recorded_to,
            ibis.ifelse(raw.abated_from.notnull(), raw.abated_to.fill_null(raw.abated_from), raw.updated_to),
        ),
        over_known=raw.abated_from.notnull() | raw.updated_to.notnull(),
    )

    def row(rows: ir.Table, status: ir.StringValue, until: ir.IntegerValue, known: ir.IntegerValue) -> ir.Table:
        return rows.select(
            person_id=rows.person_id,
            condition_id=rows.id,
            encounter_id=identity(rows.encounter),
            category=rows.category,
            condition_type=ibis.cases(
                *((rows.category.contains(f" {kind} "), kind) for kind in CONDITION_TYPES), else_=ibis.null("string")
            ),
            status=status,
            verification_status=rows.verification.lower(),
            onset_day=rows.onset_from // windows.SECONDS_A_DAY,
            resolved_day=until // windows.SECONDS_A_DAY,
            **code_of(rows),
            happened_from=rows.onset_from.fill_null(rows.recorded_from),
            happened_to=until,
            precision=rows.onset_precision.fill_null(rows.recorded_precision),
            known_at=known,
            source=ibis.literal("fhir"),
        )

    ended = raw.filter(raw.over, raw.over_known)
    return row(raw, raw.told, ibis.null("int64"), raw.recorded_to).union(
        row(ended, ended["last"], ended.abated_to, ended.over_at)
    )


CONDITION_TYPES = ("problem-list-item", "encounter-diagnosis", "health-concern")
CONDITIONS = Sheet(
    "Condition",
    layout("Condition", _condition_rejects, {PROBLEM: _problems}),
    takes={
        "id": text("id"),
        "person_id": person("subject", "patient"),
        "encounter": reference("encounter", "context"),
        "category": codes("category"),
        "status": text("clinicalStatus.coding.code", "clinicalStatus"),
        "verification": text("verificationStatus.coding.code", "verificationStatus"),
        "code": coded(DIAGNOSED, "code"),
        "onset": time("onsetDateTime", "onsetPeriod"),
        "abated": time("abatementDateTime", "abatementPeriod"),
        "recorded": time(
            "recordedDate",
            "extension[url=condition-asserteddate].valueDateTime",
            "assertedDate",
            "meta.lastUpdated",
        ),
        "updated": time("meta.lastUpdated"),
    },
    answers="code",
)


# ---- procedures


def _procedure_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw),
        "no time at which it was performed": raw.performed_from.isnull() & raw.performed_to.isnull(),
    }


def _procedures(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = raw.filter((raw.status.lower() != "preparation").fill_null(True))
    return rows.select(
        person_id=rows.person_id,
        procedure_id=rows.id,
        encounter_id=identity(rows.encounter),
        status=rows.status.lower(),
        practitioner_id=rows.performer,
        **code_of(rows),
        **happened(rows, "performed", rows.performed_to.fill_null(rows.performed_from)),
    )


PROCEDURES = Sheet(
    "Procedure",
    layout("Procedure", _procedure_rejects, {CLINICAL_PROCEDURE: _procedures}),
    takes={
        "id": text("id"),
        "person_id": person("subject", "patient"),
        "encounter": reference("encounter", "context"),
        "status": text("status"),
        "code": coded(DONE, "code"),
        "performed": time("performedDateTime", "performedPeriod", "occurrenceDateTime", "occurrencePeriod"),
        "performer": who("performer.actor"),
    },
    answers="code",
)


# ---- observations


def _observation_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **{why: found & raw.refused.isnull() for why, found in void(raw).items()},
        "no code": raw.code.isnull(),
        "no effective time and not issued": raw.effective_from.isnull()
        & raw.effective_to.isnull()
        & raw.issued_to.isnull(),
    }


def _measured(rows: ir.Table, code: str, value: str, unit: str, *more: ir.Value) -> ir.Table:
    import ibis

    kind, taken = _kind(rows), ibis.coalesce(rows.effective_to, rows.effective_from)
    timing = ibis.cases(
        (taken.isnull(), "issued"),
        (rows.effective_to.isnull() & rows.effective_from.notnull(), "ongoing"),
        else_="taken",
    )
    return rows.select(
        *more,
        person_id=rows.person_id,
        kind=kind,
        encounter_id=identity(rows.encounter),
        status=rows.status.lower(),
        category=rows.category,
        timing=timing,
        issued_at=rows.issued_from,
        **code_of(rows, code),
        value=values.thousandths(rows[value]),
        unit=rows[unit],
        happened_from=ibis.coalesce(rows.effective_from, rows.effective_to, rows.issued_from),
        happened_to=ibis.coalesce(rows.effective_to, rows.effective_from, rows.issued_to),
        precision=rows.effective_precision.fill_null(rows.issued_precision),
        known_at=result_known(rows),
        source=ibis.literal("fhir"),
    )


def _kind(rows: ir.Table) -> ir.StringValue:
    import ibis

    category = rows.category.fill_null("")
    return ibis.cases(
        (category.contains(" laboratory "), "laboratory"),
        (category.contains(" vital-signs "), "vital"),
        else_="assessment",
    )


def result_known(rows: ir.Table) -> ir.IntegerValue:
    """When a result was known."""
    import ibis

    taken = ibis.coalesce(rows.effective_to, rows.effective_from)
    late = taken + ibis.ifelse(_kind(rows) == "laboratory", RESULT_DAYS_AFTER * windows.SECONDS_A_DAY, 0)
    return ibis.greatest(rows.issued_to.fill_null(late), rows.effective_from)


def _observations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The value of the whole, also where it is no number or is absent; not of what has its values in components."""
    rows = raw.filter(raw.value.notnull() | raw.component.isnull() | raw.in_component.isnull(), ~done_not(raw))
    return _measured(
        _said_once(rows),
        "code",
        "value",
        "unit",
        rows.id.name("result_id"),
        rows.any_value.notnull().cast("int8").name("has_value"),
    )


def _said_once(rows: ir.Table) -> ir.Table:
    """Of observations that say the same of a person under several numbers the first."""
    import ibis

    says = (
        *("person_id", "status", "category", "code_system", "code", "unit", "any_value"),
        *("effective_from", "effective_to", "effective_precision", "issued_from", "issued_to"),
    )
    turn = ibis.row_number().over(ibis.window(group_by=says, order_by=rows.id))
    return rows.mutate(turn=turn).filter(lambda t: t.turn == 0)


def done_not(raw: ir.Table) -> ir.BooleanValue:
    """Observations that were called off, with the reason."""
    return raw.status.lower().isin(VOID).fill_null(False)


def _components(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = raw.filter(raw.component_code.notnull(), raw.component_absent.isnull(), ~done_not(raw))
    told = rows.component_any.notnull().cast("int8")
    return _measured(
        rows,
        "component_code",
        "component_value",
        "component_unit",
        rows.id.name("part_of"),
        told.name("has_value"),
    )


NUMBERS = ("valueQuantity.value", "valueInteger", "valueDecimal", "valueString")
ANY_VALUE = (
    *NUMBERS,
    *("valueCodeableConcept.coding.code", "valueCodeableConcept.text", "valueBoolean", "valueQuantity.unit"),
    *("valueRange.low.value", "valueRange.high.value", "valueRatio.numerator.value", "valueRatio.denominator.value"),
    *("valueTime", "valueDateTime", "valuePeriod.start", "valuePeriod.end", "valueSampledData.data"),
)
OBSERVATIONS = Sheet(
    "Observation",
    layout("Observation", _observation_rejects, {RESULT: _observations}),
    takes={
        "id": text("id"),
        "person_id": person("subject"),
        "status": text("status"),
        "category": codes("category"),
        "encounter": reference("encounter", "context"),
        "code": coded(MEASURED, "code"),
        "value": text(*NUMBERS),
        "any_value": text(*ANY_VALUE),
        "unit": text("valueQuantity.code", "valueQuantity.unit"),
        "effective": time("effectiveDateTime", "effectivePeriod", "effectiveInstant"),
        "issued": time("issued"),
        "component": text("component.code.coding.code"),
        "in_component": text(*(f"component.{value}" for value in ANY_VALUE)),
        "refused": text("extension[url=qicore-notdonereason].valueCodeableConcept.coding.code"),
    },
)
COMPONENTS = Sheet(
    "Observation",
    layout("Observation component", nothing_wrong, {RESULT: _components}),
    takes={
        "component_code": coded(MEASURED, "code"),
        "component_value": text(*NUMBERS),
        "component_any": text(*ANY_VALUE),
        "component_unit": text("valueQuantity.code", "valueQuantity.unit"),
        "component_absent": text("dataAbsentReason.coding.code", "dataAbsentReason.text"),
    },
    each="component",
    beside=OBSERVATIONS,
)


# ---- immunizations


def _immunization_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw),
        "no time at which it was given": raw.given_from.isnull(),
    }


def _immunizations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    known = ibis.greatest(raw.recorded_to.fill_null(raw.given_to), raw.given_from)
    return raw.select(person_id=raw.person_id, **code_of(raw), **happened(raw, "given", known))


IMMUNIZATIONS = Sheet(
    "Immunization",
    layout("Immunization", _immunization_rejects, {IMMUNIZATION: _immunizations}),
    takes={
        "id": text("id"),
        "person_id": person("patient"),
        "status": text("status"),
        "code": coded(GIVEN, "vaccineCode"),
        "given": time("occurrenceDateTime", "date"),
        "recorded": time("recorded"),
    },
)


SHEETS = (
    CONDITIONS,
    PROCEDURES,
    OBSERVATIONS,
    COMPONENTS,
    IMMUNIZATIONS,
)
