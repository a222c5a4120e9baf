"""FHIR R4: encounters, conditions, procedures, observations, immunizations and allergies.

When it was known:
- an encounter when it began, and once more when it had ended; one in hospital also tells the admission and discharge
  as a message would. FHIR does not say when the network was told: the time of the event itself is declared.
- a condition when it was recorded (`recordedDate`, else the asserted date, else when the server last changed it), and
  once more when it had abated, so that the first row never tells the second.
- a procedure when it had been performed (R4 has no date of recording).
- an observation when it was issued; where that is not given, RESULT_DAYS_AFTER it was taken for a laboratory result, at
  once for the rest.
- an immunization when it was recorded, else when it was given; an allergy when it was recorded.
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
    ADT_EVENT,
    ALLERGY,
    CLINICAL_PROCEDURE,
    ENCOUNTER,
    IMMUNIZATION,
    PROBLEM,
    RESULT,
)
from features.sources import values
from features.sources.fhir_layouts import (
    as_listed,
    before,
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
DIAGNOSED, DONE = (ICD10CM, SNOMED, ICD9CM), (ICD10PCS, HCPCS, SNOMED, ICD9PCS)
MEASURED, GIVEN, ALLERGEN = (LOINC, SNOMED, HCPCS), (CVX, NDC, RxNorm, SNOMED, HCPCS), (RxNorm, SNOMED, NDC)

# ---- encounters

# HL7 v3 ActEncounterCode, and the words of FHIR DSTU2: setting, and the class of patient of a message
CLASSES: dict[str, tuple[str, str | None]] = {
    "imp": ("inpatient", "I"),
    "acute": ("inpatient", "I"),
    "nonac": ("inpatient", None),  # not acute: no stay of ours
    "ss": ("observation", "O"),
    "obsenc": ("observation", "O"),
    "emer": ("emergency", "E"),
    "amb": ("outpatient", None),
    "hh": ("home", None),
    "vr": ("telehealth", None),
    "inpatient": ("inpatient", "I"),
    "outpatient": ("outpatient", None),
    "ambulatory": ("outpatient", None),
    "emergency": ("emergency", "E"),
    "home": ("home", None),
    "virtual": ("telehealth", None),
}
# FHIR's own codes to those of the National Uniform Billing Committee
DISPOSITIONS = {
    "home": "01",
    "alt-home": "01",
    "other-hcf": "70",
    "hosp": "51",
    "long": "04",
    "aadvice": "07",
    "exp": "20",
    "psy": "65",
    "rehab": "62",
    "snf": "03",
    "oth": "",
}
ORIGINS = {
    "hosp-trans": "4",
    "outp": "2",
    "gp": "2",
    "mp": "2",
    "nursing": "5",
    "psych": "6",
    "rehab": "6",
    "emd": "7",
    "born": "",
    "other": "9",
}
PRIORITIES = {"em": "1", "ur": "2", "el": "3", "r": "3"}


def _encounter_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw),
        "no period.start": raw.started_from.isnull(),
        "period.end before period.start": before(raw.ended_to, raw.started_from),
    }


def _setting(raw: ir.Table) -> ir.StringValue:
    import ibis

    kind = raw.class_code.lower()
    return ibis.cases(*((kind == code, setting) for code, (setting, _) in CLASSES.items()), else_="other")


def _patient_class(raw: ir.Table) -> ir.StringValue:
    import ibis

    kind = raw.class_code.lower()
    messages = [(kind == code, letter) for code, (_, letter) in CLASSES.items() if letter is not None]
    return ibis.cases(*messages, else_=ibis.null("string"))


def _begun(raw: ir.Table) -> ir.Table:
    return raw.filter((raw.status.lower() != "planned").fill_null(True))


def _ended(raw: ir.Table) -> ir.Table:
    return raw.filter(raw.ended_to.notnull(), (raw.status.lower() != "planned").fill_null(True))


def _disposition(raw: ir.Table) -> ir.StringValue:
    return values.two_digits(as_listed(raw.disposition, DISPOSITIONS).nullif(""))


def _origin(raw: ir.Table) -> ir.StringValue:
    return as_listed(raw.origin, ORIGINS).nullif("")


def _encounters(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    def told(rows: ir.Table, status: str) -> ir.Table:
        over = status == "finished"
        nothing = ibis.null("string")
        return rows.select(
            person_id=rows.person_id,
            encounter_id=rows.id,
            status=ibis.literal(status),
            encounter_type=_setting(rows),
            encounter_start_day=rows.started_from // windows.SECONDS_A_DAY,
            encounter_end_day=rows.ended_to // windows.SECONDS_A_DAY if over else ibis.null("int64"),
            admit_source_code=_origin(rows),
            admit_type_code=as_listed(rows.priority, PRIORITIES),
            discharge_disposition_code=_disposition(rows) if over else nothing,
            attending_provider_id=rows.attending,
            facility_id=rows.facility,
            **code_of(rows, "reason"),
            **{
                **happened(rows, "started", rows.ended_to if over else rows.started_to),
                "happened_to": rows.ended_to if over else ibis.null("int64"),
            },
        )

    return told(_begun(raw), "in-progress").union(told(_ended(raw), "finished"))


def _messages(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The admission and the discharge of an encounter in hospital."""
    import ibis

    def told(rows: ir.Table, event: ir.StringValue, known: ir.IntegerValue, left: ir.IntegerValue) -> ir.Table:
        letter = _patient_class(rows)
        return rows.select(
            person_id=rows.person_id,
            visit_number=rows.id,
            event_type=event,
            patient_class=letter,
            admitted_at=rows.started_from,
            discharged_at=left,
            admission_day=rows.started_from // windows.SECONDS_A_DAY,
            discharge_day=left // windows.SECONDS_A_DAY,
            admit_type_code=as_listed(rows.priority, PRIORITIES),
            admit_source_code=_origin(rows),
            discharge_disposition_code=ibis.ifelse(left.notnull(), _disposition(rows), None),
            facility_id=rows.facility,
            **code_of(rows, "reason"),
            happened_from=known,
            happened_to=known,
            precision=rows.started_precision,
            known_at=known,
            source=ibis.literal("fhir"),
        )

    begun, ended = _begun(raw), _ended(raw)
    registered = ibis.ifelse(_patient_class(begun) == "I", "A01", "A04")
    return told(begun, registered, begun.started_to, ibis.null("int64")).union(
        told(ended, ibis.literal("A03"), ended.ended_to, ended.ended_to)
    )


ENCOUNTERS = Sheet(
    "Encounter",
    layout("Encounter", _encounter_rejects, {ENCOUNTER: _encounters}),
    takes={
        "id": text("id"),
        "person_id": person("subject", "patient"),
        "status": text("status"),
        "class_code": text("class.code", "class.coding.code", "class"),
        "started": time("period.start"),
        "ended": time("period.end"),
        "disposition": text("hospitalization.dischargeDisposition.coding.code"),
        "origin": text("hospitalization.admitSource.coding.code"),
        "priority": text("priority.coding.code"),
        "attending": who("participant[type=atnd].individual", "participant.individual"),
        "facility": who("serviceProvider", "location.location"),
        "reason": coded(DIAGNOSED, "reasonCode", "reasonReference"),
    },
)
ADMISSIONS = Sheet(
    "Encounter",
    layout("Encounter in hospital", nothing_wrong, {ADT_EVENT: _messages}),
    takes={},
    beside=ENCOUNTERS,
    only=lambda raw: _patient_class(raw).notnull(),
)


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
        **void(raw),
        "no code": raw.code.isnull(),
        "no effective time and not issued": raw.effective_from.isnull()
        & raw.effective_to.isnull()
        & raw.issued_to.isnull(),
    }


def _measured(rows: ir.Table, code: str, value: str, unit: str) -> ir.Table:
    import ibis

    category = rows.category.fill_null("")
    kind = ibis.cases(
        (category.contains(" laboratory "), "laboratory"),
        (category.contains(" vital-signs "), "vital"),
        else_="assessment",
    )
    taken = ibis.coalesce(rows.effective_to, rows.effective_from)
    late = taken + ibis.ifelse(kind == "laboratory", RESULT_DAYS_AFTER * windows.SECONDS_A_DAY, 0)
    known = ibis.greatest(rows.issued_to.fill_null(late), rows.effective_from)
    return rows.select(
        person_id=rows.person_id,
        kind=kind,
        **code_of(rows, code),
        value=values.thousandths(rows[value]),
        unit=rows[unit],
        happened_from=ibis.coalesce(rows.effective_from, rows.effective_to, rows.issued_from),
        happened_to=ibis.coalesce(rows.effective_to, rows.effective_from, rows.issued_to),
        precision=rows.effective_precision.fill_null(rows.issued_precision),
        known_at=known,
        source=ibis.literal("fhir"),
    )


def _observations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The value of the whole, also where it is no number; not of what has its values in components, or has none."""
    rows = raw.filter(raw.value.notnull() | (raw.component.isnull() & raw.absent.isnull()))
    return _measured(rows, "code", "value", "unit")


def _components(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = raw.filter(raw.component_code.notnull(), raw.component_absent.isnull())
    return _measured(rows, "component_code", "component_value", "component_unit")


NUMBERS = ("valueQuantity.value", "valueInteger", "valueDecimal", "valueString")
OBSERVATIONS = Sheet(
    "Observation",
    layout("Observation", _observation_rejects, {RESULT: _observations}),
    takes={
        "id": text("id"),
        "person_id": person("subject"),
        "status": text("status"),
        "category": codes("category"),
        "code": coded(MEASURED, "code"),
        "value": text(*NUMBERS),
        "unit": text("valueQuantity.code", "valueQuantity.unit"),
        "effective": time("effectiveDateTime", "effectivePeriod", "effectiveInstant"),
        "issued": time("issued"),
        "component": text("component.code.coding.code"),
        "absent": text("dataAbsentReason.coding.code", "dataAbsentReason.text"),
    },
)
COMPONENTS = Sheet(
    "Observation",
    layout("Observation component", nothing_wrong, {RESULT: _components}),
    takes={
        "component_code": coded(MEASURED, "code"),
        "component_value": text(*NUMBERS),
        "component_unit": text("valueQuantity.code", "valueQuantity.unit"),
        "component_absent": text("dataAbsentReason.coding.code", "dataAbsentReason.text"),
    },
    each="component",
    beside=OBSERVATIONS,
)


# ---- immunizations and allergies


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

SHEETS = (
    ENCOUNTERS,
    ADMISSIONS,
    CONDITIONS,
    PROCEDURES,
    OBSERVATIONS,
    COMPONENTS,
    IMMUNIZATIONS,
    ALLERGIES,
)
