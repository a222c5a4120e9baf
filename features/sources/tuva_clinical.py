"""Tuva Input Layer: results, immunizations and appointments; and three files of ours: orders, ADT messages.

Times are on the network's clock. A state whose own time the file does not give is declared known at a time that
cannot come before it was true: see the constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import (
    CVX,
    HCPCS,
    ICD9CM,
    ICD10CM,
    ICD10PCS,
    LOINC,
    NDC,
    SNOMED,
    RxNorm,
)
from features.record.tables import ADT_EVENT, APPOINTMENT, IMMUNIZATION, ORDER, RESULT
from features.sources import values
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout

if TYPE_CHECKING:
    import ibis.expr.types as ir

BOOKED_DAYS_BEFORE = 14  # an appointment whose booking time is not given
CANCELLED_DAYS_AFTER = 7  # an order whose cancelling has no time: that long after it was placed
RESULT_DAYS_AFTER = 3  # a result with a time of collection only

MEASURED, ORDERED = (LOINC, SNOMED, HCPCS), (LOINC, HCPCS, SNOMED, RxNorm, NDC, ICD10PCS)
GIVEN, ADMITTING = (CVX, SNOMED, NDC, HCPCS, RxNorm), (ICD10CM, ICD9CM, SNOMED)
VOID = ("entered-in-error", "entered in error", "cancelled", "canceled", "not-done", "not done")


def _void(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {"status says that it was cancelled, not done or entered in error": raw.status.lower().isin(VOID)}


# ---- results


CODED_AT = ("normalized_component", "source_component", "normalized_order", "source_order")


def _laboratory_code(raw: ir.Table) -> Mapping[str, ir.StringValue]:
    """The first code given: of the component, else of the whole order; the network's before the laboratory's own."""
    import ibis

    code = ibis.coalesce(*(raw[f"{place}_code"] for place in CODED_AT))
    system = ibis.cases(
        *((raw[f"{place}_code"].notnull(), raw[f"{place}_type"]) for place in CODED_AT), else_=ibis.null("string")
    )
    return values.coded(system, code, MEASURED)


def _laboratory_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    import ibis

    return {
        **values.none_given(raw, ("person_id",)),
        **values.no_dates(raw, ("result_datetime", "collection_datetime")),
        "no result_datetime or collection_datetime": raw.result_datetime.isnull() & raw.collection_datetime.isnull(),
        "no code of a component or an order": ibis.coalesce(*(raw[f"{place}_code"] for place in CODED_AT)).isnull(),
        **_void(raw),
    }


def _laboratory_results(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    taken = raw.collection_datetime.fill_null(raw.result_datetime)
    late = values.last_second(raw.collection_datetime) + RESULT_DAYS_AFTER * windows.SECONDS_A_DAY
    return raw.select(
        person_id=raw.person_id,
        kind=ibis.literal("laboratory"),
        **_laboratory_code(raw),
        value=values.thousandths(raw.result),
        unit=raw.normalized_units.fill_null(raw.source_units),
        happened_from=values.first_second(taken),
        happened_to=values.last_second(taken),
        precision=values.precision(taken),
        known_at=values.last_second(raw.result_datetime).fill_null(late),
        source=raw.data_source.fill_null("tuva"),
    )


def _observation_code(raw: ir.Table) -> Mapping[str, ir.StringValue]:
    import ibis

    own = raw.normalized_code.isnull()
    system = ibis.ifelse(own, raw.source_code_type, raw.normalized_code_type)
    return values.coded(system, raw.normalized_code.fill_null(raw.source_code), MEASURED)


def _observation_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "observation_date")),
        **values.no_dates(raw, ("observation_date",)),
        "no code": raw.normalized_code.isnull() & raw.source_code.isnull(),
    }


def _observations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    kind = raw.observation_type.lower().fill_null("")
    return raw.select(
        person_id=raw.person_id,
        kind=ibis.cases((kind.contains("vital"), "vital"), (kind.contains("lab"), "laboratory"), else_="assessment"),
        **_observation_code(raw),
        value=values.thousandths(raw.result),
        unit=raw.normalized_units.fill_null(raw.source_units),
        **_moment(raw, raw.observation_date),
    )


def _moment(raw: ir.Table, text: ir.StringValue) -> dict[str, ir.Value]:
    """Happened and known at the time of a text."""
    return {
        "happened_from": values.first_second(text),
        "happened_to": values.last_second(text),
        "precision": values.precision(text),
        "known_at": values.last_second(text),
        "source": raw.data_source.fill_null("tuva"),
    }


def _immunization_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "occurrence_date")),
        **values.no_dates(raw, ("occurrence_date",)),
        **_void(raw),
    }


def _immunizations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    own = raw.normalized_code.isnull()
    system = ibis.ifelse(own, raw.source_code_type, raw.normalized_code_type)
    return raw.select(
        person_id=raw.person_id,
        **values.coded(system, raw.normalized_code.fill_null(raw.source_code), GIVEN),
        **_moment(raw, raw.occurrence_date),
    )


# ---- orders: one row in the file, one row in the record for each state that it reached


ORDER_TIMES = ("ordered_datetime", "resulted_datetime", "reviewed_datetime")


def _order_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "order_id", "ordered_datetime")),
        **values.no_dates(raw, ORDER_TIMES),
        "resulted_datetime before ordered_datetime": values.last_second(raw.resulted_datetime)
        < values.first_second(raw.ordered_datetime),
    }


def _orders(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    cancelled = raw.filter(raw.status.lower().isin((*VOID, "revoked")))
    gone = _order_state(cancelled, "cancelled", "ordered_datetime")
    gone = gone.mutate(known_at=gone.known_at + CANCELLED_DAYS_AFTER * windows.SECONDS_A_DAY)
    states = [
        _order_state(raw.filter(raw[column].notnull()), state, column)
        for state, column in zip(("ordered", "resulted", "reviewed"), ORDER_TIMES, strict=True)
    ]
    return ibis.union(gone, *states)


def _order_state(rows: ir.Table, state: str, at: str) -> ir.Table:
    import ibis

    return rows.select(
        "person_id",
        "order_id",
        order_type=rows.order_type.lower().fill_null("service"),
        status=ibis.literal(state),
        **values.coded(rows.code_type, rows.code, ORDERED),
        orderer_id=rows.ordering_practitioner_id,
        visit_number=rows.encounter_id,
        **_moment(rows, rows[at]),
    )


# ---- ADT messages


ADT_TIMES = ("message_datetime", "admit_datetime", "discharge_datetime")


def _adt_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "visit_number", "event_type", "message_datetime")),
        **values.no_dates(raw, ADT_TIMES),
        "discharge_datetime before admit_datetime (negative length of stay)": values.last_second(raw.discharge_datetime)
        < values.first_second(raw.admit_datetime),
    }


def _adt_events(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    return raw.select(
        "person_id",
        "visit_number",
        "hospital_service",
        "admit_type_code",
        "admit_source_code",
        event_type=raw.event_type.upper(),
        patient_class=raw.patient_class.upper(),
        admitted_at=values.first_second(raw.admit_datetime),
        discharged_at=values.last_second(raw.discharge_datetime),
        admission_day=values.day(raw.admit_datetime),
        discharge_day=values.day(raw.discharge_datetime),
        discharge_disposition_code=values.two_digits(raw.discharge_disposition_code),
        **values.coded(
            raw.admitting_diagnosis_code_type.fill_null(ICD10CM.name), raw.admitting_diagnosis_code, ADMITTING
        ),
        facility_id=raw.facility_npi,
        **_moment(raw, raw.message_datetime),
    )


# ---- appointments: booked, and then what became of it


KEPT = ("fulfilled", "completed", "complete", "kept", "arrived", "checked-in", "checked in")
MISSED = ("noshow", "no-show", "no show", "missed")
CANCELLED = ("cancelled", "canceled")


def _appointment_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "appointment_id", "start_datetime")),
        **values.no_dates(raw, ("start_datetime", "end_datetime", "booked_datetime", "ingest_datetime")),
    }


def _appointments(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Booked is known when it was booked, else when the row came if that was before the visit, else declared. Kept is
    known when the visit ends, missed when its day ends, cancelled at the start of the visit unless the row came before.
    """
    import ibis

    status = raw.normalized_status.fill_null(raw.source_status).lower().fill_null("")
    start, came = values.first_second(raw.start_datetime), values.last_second(raw.ingest_datetime)
    day_end = windows.expression_of_local_end(values.day(raw.start_datetime))
    early = ibis.ifelse(came < start, came, None)
    booked = ibis.coalesce(
        values.last_second(raw.booked_datetime), early, start - BOOKED_DAYS_BEFORE * windows.SECONDS_A_DAY
    )
    rows = raw.mutate(
        known_booked=ibis.least(booked, start),
        known_kept=values.last_second(raw.end_datetime).fill_null(day_end),
        known_missed=day_end,
        known_cancelled=ibis.coalesce(early, start),
    )
    states = [
        _appointment_state(rows, "booked", rows.known_booked),
        _appointment_state(rows.filter(status.isin(KEPT)), "kept", rows.known_kept),
        _appointment_state(rows.filter(status.isin(MISSED)), "missed", rows.known_missed),
        _appointment_state(rows.filter(status.isin(CANCELLED)), "cancelled", rows.known_cancelled),
    ]
    return ibis.union(states[0], *states[1:])


def _appointment_state(rows: ir.Table, state: str, known: ir.IntegerValue) -> ir.Table:
    import ibis

    return rows.select(
        "person_id",
        "appointment_id",
        status=ibis.literal(state),
        appointment_day=values.day(rows.start_datetime),
        specialty=rows.appointment_specialty.lower(),
        provider_id=rows.practitioner_id,
        happened_from=values.first_second(rows.start_datetime),
        happened_to=values.last_second(rows.end_datetime.fill_null(rows.start_datetime)),
        precision=values.precision(rows.start_datetime),
        known_at=known,
        source=rows.data_source.fill_null("tuva"),
    )


LAB_RESULT = Layout(
    name="lab_result",
    marks=("lab_result_id", "person_id"),
    needs=(
        *("lab_result_id", "person_id", "result", "result_datetime", "collection_datetime", "status"),
        *("source_component_type", "source_component_code", "normalized_component_type", "normalized_component_code"),
        *("source_units", "normalized_units", "data_source"),
    ),
    may=("source_order_type", "source_order_code", "normalized_order_type", "normalized_order_code"),
    rejects=_laboratory_rejects,
    fills={RESULT: _laboratory_results},
)
OBSERVATION = Layout(
    name="observation",
    marks=("observation_id", "person_id"),
    needs=(
        *("observation_id", "person_id", "observation_date", "observation_type", "source_code_type", "source_code"),
        *("normalized_code_type", "normalized_code", "result", "source_units", "normalized_units", "data_source"),
    ),
    rejects=_observation_rejects,
    fills={RESULT: _observations},
)
IMMUNIZATION_GIVEN = Layout(
    name="immunization",
    marks=("immunization_id", "person_id"),
    needs=(
        *("immunization_id", "person_id", "source_code_type", "source_code", "normalized_code_type"),
        *("normalized_code", "status", "occurrence_date", "data_source"),
    ),
    rejects=_immunization_rejects,
    fills={IMMUNIZATION: _immunizations},
)
APPOINTMENT_KEPT = Layout(
    name="appointment",
    marks=("appointment_id", "person_id"),
    needs=(
        *("appointment_id", "person_id", "start_datetime", "end_datetime", "practitioner_id", "source_status"),
        *("normalized_status", "appointment_specialty", "data_source"),
    ),
    may=("booked_datetime", "ingest_datetime"),
    rejects=_appointment_rejects,
    fills={APPOINTMENT: _appointments},
)
ORDER_PLACED = Layout(
    name="order",
    marks=("order_id", "person_id"),
    needs=(
        *("order_id", "person_id", "order_type", "code_type", "code", "status", "encounter_id"),
        *("ordering_practitioner_id", *ORDER_TIMES, "data_source"),
    ),
    rejects=_order_rejects,
    fills={ORDER: _orders},
)
ADT_MESSAGE = Layout(
    name="adt_event",
    marks=("message_id", "event_type"),
    needs=(
        *("message_id", "person_id", "visit_number", "event_type", *ADT_TIMES, "patient_class", "admit_type_code"),
        *("admit_source_code", "discharge_disposition_code", "hospital_service", "admitting_diagnosis_code_type"),
        *("admitting_diagnosis_code", "facility_npi", "data_source"),
    ),
    rejects=_adt_rejects,
    fills={ADT_EVENT: _adt_events},
)
