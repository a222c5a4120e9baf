"""OMOP CDM: CONDITION_OCCURRENCE, DRUG_EXPOSURE, PROCEDURE_OCCURRENCE, MEASUREMENT, OBSERVATION.

When a row was known is declared (`LAGS`), because the CDM never says it. What is coded after a visit (conditions,
procedures) is dated by the visit's first day in most databases, so its lag counts from the end of the visit: else the
final diagnosis of a stay would be known on admission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from features.codes.systems import CVX, LOINC, RxNorm, System
from features.codes.vital_signs import VITAL_SIGNS
from features.record.tables import CLINICAL_PROCEDURE, DISPENSING, IMMUNIZATION, PRESCRIPTION, PROBLEM, RESULT
from features.sources import values
from features.sources.files import InputFile
from features.sources.omop_codes import DIAGNOSED, DONE, MEASURED, TAKEN
from features.sources.omop_lookups import (
    Beside,
    coded,
    end_of,
    name_of,
    number,
    persons,
    span,
    together,
    units,
    unknown_person,
    visits,
    when,
)
from features.sources.reader import Delivery, Layout, LookUp

if TYPE_CHECKING:
    import ibis.expr.types as ir

# days, declared by us: after the visit's end for what is coded, after the event for the rest
LAGS = {"condition": 7, "procedure": 7, "measurement": 3, "observation": 3, "drug": 1}
CLAIM_LAG_DAYS = 45  # where the type of record says that it comes from a claim
BESIDE = ("person", "concept", "concept_relationship", "visit_occurrence")


def _looks_up(layout: str, what: str, systems: Sequence[System], *others: LookUp) -> LookUp:
    def looked_up(raw: ir.Table, beside: Beside) -> ir.Table:
        return together(
            persons(raw, beside),
            visits(raw, beside),
            coded(raw, layout, what, systems, beside),
            name_of(raw, f"{what}_type_concept_id", beside, "type_name"),
            *(other(raw, beside) for other in others),
        )

    return looked_up


def _rejects(raw: ir.Table, identity: str, first: str, last: str | None = None) -> Mapping[str, ir.BooleanValue]:
    wrong = {
        **values.none_given(raw, (identity, "person_id", first)),
        **unknown_person(raw),
        **values.no_dates(raw, (first, *((last,) if last else ()))),
        "no concept, source concept or source value": raw.code.isnull(),
        "a source concept of another domain, and no standard concept": raw.misfit,
    }
    if last:
        wrong[f"{last} before {first}"] = values.day(raw[last]) < values.day(raw[first])
    return wrong


def _known(raw: ir.Table, what: str, ended: ir.IntegerValue) -> ir.IntegerValue:
    """The end of the day on which it is declared known."""
    import ibis

    claimed = raw.type_name.contains("claim").fill_null(False)
    return end_of(ended + ibis.ifelse(claimed, CLAIM_LAG_DAYS, LAGS[what]))


# ---- conditions


def _problems(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    start, end = values.day(raw.condition_start_date), values.day(raw.condition_end_date)
    known = _known(raw, "condition", ibis.greatest(start, raw.visit_ended))
    type_ = raw.type_name
    kind = ibis.cases(
        (type_.contains("problem list"), "problem-list-item"),
        (type_.contains("encounter"), "encounter-diagnosis"),
        (type_.contains("self-reported"), "health-concern"),
        else_=ibis.null("string"),
    )
    raw = raw.mutate(known=known, kind=kind, end=end, over=ibis.greatest(known, end_of(end)))

    def row(rows: ir.Table, status: str, known_at: ir.IntegerValue, until: ir.IntegerValue) -> ir.Table:
        began = when(rows.condition_start_date, rows.condition_start_datetime)
        return rows.select(
            person_id=rows.who,
            condition_id=number(rows.condition_occurrence_id),
            encounter_id=number(rows.visit_occurrence_id),
            condition_type=rows.kind,
            status=ibis.literal(status),
            onset_day=values.day(rows.condition_start_date),
            resolved_day=until,
            code_system=rows.code_system,
            code=rows.code,
            known_at=known_at,
            **{**span(rows, began, began), "happened_to": end_of(until)},
        )

    gone = raw.filter(raw.end.notnull())
    return row(raw, "active", raw.known, ibis.null("int64")).union(row(gone, "resolved", gone.over, gone.end))


# ---- medicines: prescribed, dispensed, or a vaccine given


def _drug_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **_rejects(raw, "drug_exposure_id", "drug_exposure_start_date", "drug_exposure_end_date"),
        **values.no_numbers(raw, ("quantity", "days_supply", "refills")),
        "given in a hospital, for which the record has no table": _vaccine(raw).__invert__()
        & raw.type_name.contains("administ").fill_null(False),
    }


def _vaccine(raw: ir.Table) -> ir.BooleanValue:
    return (raw.code_system == CVX.name).fill_null(False)


def _dispensed(raw: ir.Table) -> ir.BooleanValue:
    told = raw.type_name
    return (told.contains("dispens") | told.contains("pharmacy") | told.contains("claim")).fill_null(False)


def _whole(text: ir.StringValue) -> ir.IntegerValue:
    """A positive whole number; 0 is what files without one are filled with."""
    import ibis

    found = (values.thousandths(text) + 500) // 1000
    return ibis.ifelse(found > 0, found, None)


def _quantity(raw: ir.Table) -> ir.IntegerValue:
    return values.thousandths(raw.quantity).nullif(0)


def _drug_time(raw: ir.Table) -> dict[str, ir.Value]:
    began = when(raw.drug_exposure_start_date, raw.drug_exposure_start_datetime)
    return {**span(raw, began, began), "known_at": _known(raw, "drug", values.day(raw.drug_exposure_start_date))}


def _dispensings(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = raw.filter(_dispensed(raw), ~_vaccine(raw))
    of_rxnorm = (rows.code_system == RxNorm.name).fill_null(False)
    return rows.select(
        person_id=rows.who,
        claim_id=ibis.literal("omop|") + number(rows.drug_exposure_id),
        version=ibis.literal(0, "int64"),
        cancels=ibis.literal(0, "int8"),
        ndc_code=ibis.ifelse(of_rxnorm, None, rows.code),
        rxnorm_code=ibis.ifelse(of_rxnorm, rows.code, None),
        quantity=_quantity(rows),
        days_supply=_whole(rows.days_supply),
        prescriber_id=number(rows.provider_id).nullif("0"),
        **_drug_time(rows),
    )


def _prescriptions(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Known to be over when its last day is; a reason to stop means that it was stopped."""
    import ibis

    written = raw.filter(~_dispensed(raw), ~_vaccine(raw))

    def row(rows: ir.Table, status: ir.StringValue, until: ir.IntegerValue | None) -> ir.Table:
        time = _drug_time(rows)
        if until is not None:
            time |= {"happened_to": end_of(until), "known_at": ibis.greatest(time["known_at"], end_of(until))}
        return rows.select(
            person_id=rows.who,
            prescription_id=number(rows.drug_exposure_id),
            encounter_id=number(rows.visit_occurrence_id),
            status=status,
            code_system=rows.code_system,
            code=rows.code,
            quantity=_quantity(rows),
            days_supply=_whole(rows.days_supply),
            refills=_whole(rows.refills),
            prescriber_id=number(rows.provider_id).nullif("0"),
            **time,
        )

    over = written.filter(written.drug_exposure_end_date.notnull())
    how = ibis.ifelse(over.stop_reason.notnull(), "stopped", "completed")
    return row(written, ibis.literal("active"), None).union(row(over, how, values.day(over.drug_exposure_end_date)))


def _immunizations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = raw.filter(_vaccine(raw))
    return rows.select("code_system", "code", person_id=rows.who, **_drug_time(rows))


# ---- procedures


def _procedures(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    began = when(raw.procedure_date, raw.procedure_datetime)
    ended = when(raw.procedure_end_date, raw.procedure_end_datetime).fill_null(began)
    done = values.day(raw.procedure_end_date).fill_null(values.day(raw.procedure_date))
    return raw.select(
        "code_system",
        "code",
        person_id=raw.who,
        procedure_id=number(raw.procedure_occurrence_id),
        encounter_id=number(raw.visit_occurrence_id),
        practitioner_id=number(raw.provider_id).nullif("0"),
        known_at=_known(raw, "procedure", ibis.greatest(done, raw.visit_ended)),
        **span(raw, began, ended),
    )


# ---- results


def _measurement_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **_rejects(raw, "measurement_id", "measurement_date"),
        **values.no_numbers(raw, ("value_as_number",)),
    }


def _measurements(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    vital = (raw.code_system == LOINC.name) & raw.code.isin(list(VITAL_SIGNS))
    return _results(raw, "measurement", ibis.ifelse(vital.fill_null(False), "vital", "laboratory"))


def _observations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return _results(raw, "observation", ibis.literal("assessment"))


def _results(raw: ir.Table, what: str, kind: ir.StringValue) -> ir.Table:
    taken = when(raw[f"{what}_date"], raw[f"{what}_datetime"])
    return raw.select(
        "code_system",
        "code",
        person_id=raw.who,
        kind=kind,
        value=values.thousandths(raw.value_as_number),
        unit=raw.unit_code.fill_null(raw.unit_source_value),
        known_at=_known(raw, what, values.day(raw[f"{what}_date"])),
        **span(raw, taken, taken),
    )


# ---- layouts


def _columns(what: str) -> tuple[str, ...]:
    return (f"{what}_concept_id", f"{what}_source_value", f"{what}_source_concept_id", f"{what}_type_concept_id")


CONDITIONS = Layout(
    name="condition_occurrence",
    marks=("condition_occurrence_id",),
    needs=("condition_occurrence_id", "person_id", "condition_start_date", *_columns("condition")),
    may=("condition_start_datetime", "condition_end_date", "visit_occurrence_id"),
    rejects=lambda raw: _rejects(raw, "condition_occurrence_id", "condition_start_date", "condition_end_date"),
    fills={PROBLEM: _problems},
    beside=BESIDE,
    looks_up=_looks_up("condition_occurrence", "condition", DIAGNOSED),
)
DRUGS = Layout(
    name="drug_exposure",
    marks=("drug_exposure_id",),
    needs=("drug_exposure_id", "person_id", "drug_exposure_start_date", *_columns("drug")),
    may=(
        *("drug_exposure_start_datetime", "drug_exposure_end_date", "stop_reason", "refills", "quantity"),
        *("days_supply", "provider_id", "visit_occurrence_id"),
    ),
    rejects=_drug_rejects,
    fills={DISPENSING: _dispensings, PRESCRIPTION: _prescriptions, IMMUNIZATION: _immunizations},
    beside=BESIDE,
    looks_up=_looks_up("drug_exposure", "drug", TAKEN),
)
PROCEDURES = Layout(
    name="procedure_occurrence",
    marks=("procedure_occurrence_id",),
    needs=("procedure_occurrence_id", "person_id", "procedure_date", *_columns("procedure")),
    may=("procedure_datetime", "procedure_end_date", "procedure_end_datetime", "provider_id", "visit_occurrence_id"),
    rejects=lambda raw: _rejects(raw, "procedure_occurrence_id", "procedure_date", "procedure_end_date"),
    fills={CLINICAL_PROCEDURE: _procedures},
    beside=BESIDE,
    looks_up=_looks_up("procedure_occurrence", "procedure", DONE),
)
MEASUREMENTS = Layout(
    name="measurement",
    marks=("measurement_id",),
    needs=("measurement_id", "person_id", "measurement_date", *_columns("measurement"), "value_as_number"),
    may=("measurement_datetime", "unit_concept_id", "unit_source_value", "visit_occurrence_id"),
    rejects=_measurement_rejects,
    fills={RESULT: _measurements},
    beside=BESIDE,
    looks_up=_looks_up("measurement", "measurement", MEASURED, units),
)
OBSERVATIONS = Layout(
    name="observation",
    marks=("observation_id",),
    needs=("observation_id", "person_id", "observation_date", *_columns("observation"), "value_as_number"),
    may=("observation_datetime", "unit_concept_id", "unit_source_value", "visit_occurrence_id"),
    rejects=lambda raw: {
        **_rejects(raw, "observation_id", "observation_date"),
        **values.no_numbers(raw, ("value_as_number",)),
    },
    fills={RESULT: _observations},
    beside=BESIDE,
    looks_up=_looks_up("observation", "observation", MEASURED, units),
)
