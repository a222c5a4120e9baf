"""FHIR R4: prescriptions, dispensings, orders and their reports, appointments.

When it was known:
- a prescription or an order when it was written (`authoredOn`); that it ended, when the server last changed it after
  that, else not at all (an order that was revoked: CANCELLED_DAYS_AFTER it was written, declared).
- a dispensing when it was handed over.
- the result of an order when its report was issued; a report that is not final resolves nothing.
- an appointment as booked when it was created, else BOOKED_DAYS_BEFORE the visit, declared; kept when the visit ends,
  missed when its day ends, cancelled when the server last changed it if that was before the visit, else at its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import HCPCS, ICD10CM, ICD10PCS, LOINC, NDC, SNOMED, RxNorm
from features.record.tables import APPOINTMENT, DISPENSING, ORDER, PRESCRIPTION
from features.sources import values
from features.sources.fhir_layouts import (
    VOID,
    before,
    code_of,
    happened,
    identity,
    layout,
    nothing_wrong,
    of_a_patient,
    only_of,
    void,
    whole,
)
from features.sources.fhir_paths import coded, codes, person, reference, text, time, who
from features.sources.fhir_sheets import Sheet
from features.sources.files import InputFile
from features.sources.reader import Delivery

if TYPE_CHECKING:
    import ibis.expr.types as ir

CANCELLED_DAYS_AFTER, BOOKED_DAYS_BEFORE = 7, 14  # declared by us, as for the Tuva files
MEDICINES, ORDERED = (RxNorm, NDC, SNOMED, HCPCS), (LOINC, HCPCS, SNOMED, RxNorm, NDC, ICD10PCS, ICD10CM)
ONLY_PROPOSED = ("proposal", "option")
HOURS_A_DAY = 24
HOURS_IN = {"h": 1, "d": 24, "wk": 168, "mo": 720, "a": 8760}  # a month of 30 days, a year of 365
DAYS_IN = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7}
NAMED = ("medicationCodeableConcept", "medicationReference", "medication.concept", "medication.reference")

MEDICATIONS = Sheet(
    "Medication",
    layout("Medication", nothing_wrong, {}),
    takes={"id": text("id"), "code": coded(MEDICINES, "code")},
    answers="code",
)


def declined(raw: ir.Table) -> ir.BooleanValue:
    """Requests that something is not to be done."""
    return (raw.never.lower() == "true").fill_null(False)


# ---- prescriptions


def _prescription_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw, ("entered-in-error",)),
        "no authoredOn": raw.authored_to.isnull(),
        **values.no_numbers(raw, ("quantity", "supply", "refills")),
    }


def _prescriptions(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    status = raw.status.lower()
    rows = raw.filter(
        ~raw.intent.lower().isin(ONLY_PROPOSED).fill_null(False),
        ~declined(raw),
        ~status.isin(["draft"]).fill_null(False),
    )
    in_days = ibis.cases(
        *((rows.supply_unit.lower() == unit, days) for unit, days in DAYS_IN.items()),
        (rows.supply_unit.isnull(), 1),
        else_=None,
    )

    def row(rows: ir.Table, status: ir.StringValue, known: ir.IntegerValue) -> ir.Table:
        return rows.select(
            person_id=rows.person_id,
            prescription_id=rows.id,
            encounter_id=identity(rows.encounter),
            status=status,
            by_reference=rows.referred.notnull().cast("int8"),
            intent=rows.intent.lower(),
            taken_from_day=rows.taken_from // windows.SECONDS_A_DAY,
            taken_to_day=rows.taken_to // windows.SECONDS_A_DAY,
            daily_quantity=rows.daily,
            **code_of(rows),
            quantity=values.thousandths(rows.quantity),
            days_supply=rows.days,
            refills=whole(values.thousandths(rows.refills)),
            prescriber_id=rows.prescriber,
            **happened(rows, "authored", known),
        )

    rows = rows.mutate(days=whole(values.thousandths(rows.supply) * in_days), daily=_daily(rows))
    over = rows.filter(rows.status.lower().isin(OVER), rows.updated_to > rows.authored_to)
    return row(rows, ibis.literal("active"), rows.authored_to).union(row(over, over.status.lower(), over.updated_to))


def _daily(rows: ir.Table) -> ir.IntegerValue:
    """Thousandths a day: the dose, how often in a period, and how long that is. Null where one of them is not told."""
    import ibis

    hours = ibis.cases(*((rows.period_unit.lower() == unit, count) for unit, count in HOURS_IN.items()), else_=None)
    per_period = values.thousandths(rows.dose) * values.thousandths(rows.frequency) // 1000
    return per_period * HOURS_A_DAY * 1000 // (values.thousandths(rows.period) * hours).nullif(0)


OVER = ("on-hold", "completed", "stopped", "cancelled")
PRESCRIPTIONS = Sheet(
    "MedicationRequest",
    layout("MedicationRequest", _prescription_rejects, {PRESCRIPTION: _prescriptions}),
    takes={
        "id": text("id"),
        "person_id": person("subject"),
        "encounter": reference("encounter", "context"),
        "status": text("status"),
        "intent": text("intent"),
        "never": text("doNotPerform"),
        "code": coded(MEDICINES, *NAMED),
        "referred": text("medicationReference.reference", "medication.reference.reference"),
        "authored": time("authoredOn", "meta.lastUpdated"),
        "updated": time("meta.lastUpdated"),
        "quantity": text("dispenseRequest.quantity.value"),
        "supply": text("dispenseRequest.expectedSupplyDuration.value"),
        "supply_unit": text(
            "dispenseRequest.expectedSupplyDuration.code", "dispenseRequest.expectedSupplyDuration.unit"
        ),
        "refills": text("dispenseRequest.numberOfRepeatsAllowed"),
        "prescriber": who("requester", "requester.agent"),
        "taken": time("dosageInstruction.timing.repeat.boundsPeriod"),
        "dose": text(
            "dosageInstruction.doseAndRate.doseRange.high.value", "dosageInstruction.doseAndRate.doseQuantity.value"
        ),
        "frequency": text("dosageInstruction.timing.repeat.frequencyMax", "dosageInstruction.timing.repeat.frequency"),
        "period": text("dosageInstruction.timing.repeat.period"),
        "period_unit": text("dosageInstruction.timing.repeat.periodUnit"),
    },
)


# ---- dispensings

NOT_HANDED_OVER = (*VOID, "stopped")


def _dispensing_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw, NOT_HANDED_OVER),
        "no whenHandedOver and no whenPrepared": raw.handed_to.isnull(),
        **values.no_numbers(raw, ("quantity", "supply")),
        "daysSupply is negative": values.thousandths(raw.supply) < 0,
    }


def ndc(raw: ir.Table, name: str) -> ir.StringValue:
    """The NDC; what is neither NDC nor RxNorm as it came, so that it is counted as unmapped."""
    import ibis

    return ibis.ifelse(raw.rxnorm_system == RxNorm.name, only_of(raw, name, NDC), raw[name])


def _dispensings(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        person_id=raw.person_id,
        claim_id=raw.id,
        version=ibis.literal(0, "int64"),
        cancels=ibis.literal(0, "int8"),
        ndc_code=ndc(raw, "ndc"),
        rxnorm_code=only_of(raw, "rxnorm", RxNorm),
        quantity=values.thousandths(raw.quantity),
        days_supply=whole(values.thousandths(raw.supply)),
        **happened(raw, "handed", raw.handed_to),
    )


DISPENSINGS = Sheet(
    "MedicationDispense",
    layout("MedicationDispense", _dispensing_rejects, {DISPENSING: _dispensings}),
    takes={
        "id": text("id"),
        "person_id": person("subject"),
        "status": text("status"),
        "ndc": coded((NDC,), *NAMED),
        "rxnorm": coded((RxNorm,), *NAMED),
        "quantity": text("quantity.value"),
        "supply": text("daysSupply.value"),
        "handed": time("whenHandedOver", "whenPrepared"),
    },
)


# ---- orders and their reports

NEVER = "qicore-donotperform|extension-devicerequest.donotperform"
LABORATORY = (" laboratory ", " lab ", " 108252007 ", " lp29693-6 ")
IMAGING = (" imaging ", " 363679005 ", " rad ", " radiology ", " lp29684-5 ")


def _order_type(raw: ir.Table) -> ir.StringValue:
    import ibis

    category = raw.category.fill_null("")
    return ibis.cases(
        *((category.contains(word), "laboratory") for word in LABORATORY),
        *((category.contains(word), "imaging") for word in IMAGING),
        else_="service",
    )


def _order_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw, ("entered-in-error",)),
        "no authoredOn": raw.authored_to.isnull(),
    }


def _orders(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = raw.filter(
        ~raw.intent.lower().isin((*ONLY_PROPOSED, "plan", "directive")).fill_null(False),
        ~declined(raw),
        ~raw.status.lower().isin(["draft"]).fill_null(False),
    )

    def row(rows: ir.Table, status: str, known: ir.IntegerValue) -> ir.Table:
        return rows.select(
            person_id=rows.person_id,
            order_id=rows.id,
            order_type=_order_type(rows),
            status=ibis.literal(status),
            intent=rows.intent.lower(),
            **code_of(rows),
            orderer_id=rows.orderer,
            visit_number=identity(rows.encounter),
            **happened(rows, "authored", known),
        )

    gone = rows.filter(rows.status.lower().isin(["revoked"]))
    late = gone.authored_to + CANCELLED_DAYS_AFTER * windows.SECONDS_A_DAY
    later = ibis.ifelse(gone.updated_to > gone.authored_to, gone.updated_to, None)
    held = rows.filter(rows.status.lower() == "on-hold", rows.updated_to > rows.authored_to)
    return ibis.union(
        row(rows, "ordered", rows.authored_to),
        row(gone, "cancelled", later.fill_null(late)),
        row(held, "on-hold", held.updated_to),
    )


ORDERS = Sheet(
    "ServiceRequest",
    layout("ServiceRequest", _order_rejects, {ORDER: _orders}),
    takes={
        "id": text("id"),
        "person_id": person("subject"),
        "encounter": reference("encounter", "context"),
        "status": text("status"),
        "intent": text("intent"),
        "never": text("doNotPerform"),
        "category": codes("category"),
        "code": coded(ORDERED, "code"),
        "authored": time("authoredOn", "meta.lastUpdated"),
        "updated": time("meta.lastUpdated"),
        "orderer": who("requester"),
    },
)


def _devices(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return _orders(raw.mutate(category=ibis.null("string")), file, delivery).mutate(order_type=ibis.literal("device"))


DEVICES = Sheet(
    "DeviceRequest",
    layout("DeviceRequest", _order_rejects, {ORDER: _devices}),
    takes={
        "id": text("id"),
        "person_id": person("subject"),
        "encounter": reference("encounter"),
        "status": text("status"),
        "intent": text("intent"),
        "never": text(f"modifierExtension[url={NEVER}].valueBoolean"),
        "code": coded((HCPCS, SNOMED), "codeCodeableConcept"),
        "authored": time("authoredOn", "meta.lastUpdated"),
        "updated": time("meta.lastUpdated"),
        "orderer": who("requester"),
    },
)

FINAL = ("final", "amended", "corrected", "appended")


def _report_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw),
        "not issued and no effective time": raw.issued_to.isnull()
        & raw.effective_to.isnull()
        & raw.effective_from.isnull(),
    }


def _reports(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """That an order has its result. A report of no order known counts as one of its own."""
    import ibis

    rows = raw.filter(raw.status.lower().isin(FINAL))
    taken = ibis.coalesce(rows.effective_to, rows.effective_from)
    known = rows.issued_to.fill_null(taken + REPORT_DAYS_AFTER * windows.SECONDS_A_DAY)
    return rows.select(
        person_id=rows.person_id,
        order_id=identity(rows.order).fill_null(rows.id),
        order_type=_order_type(rows),
        status=ibis.literal("resulted"),
        **code_of(rows),
        visit_number=identity(rows.encounter),
        happened_from=ibis.coalesce(rows.effective_from, rows.effective_to, rows.issued_from),
        happened_to=ibis.coalesce(taken, rows.issued_to),
        precision=rows.effective_precision.fill_null(rows.issued_precision),
        known_at=ibis.greatest(known, taken),
        source=ibis.literal("fhir"),
    )


REPORT_DAYS_AFTER = 3  # a report without a time of issue, declared
REPORTS = Sheet(
    "DiagnosticReport",
    layout("DiagnosticReport", _report_rejects, {ORDER: _reports}),
    takes={
        "id": text("id"),
        "person_id": person("subject"),
        "encounter": reference("encounter", "context"),
        "status": text("status"),
        "category": codes("category"),
        "code": coded(ORDERED, "code"),
        "order": reference("basedOn"),
        "effective": time("effectiveDateTime", "effectivePeriod"),
        "issued": time("issued"),
    },
)


# ---- appointments

KEPT, MISSED, CALLED_OFF = ("fulfilled", "arrived", "checked-in"), ("noshow",), ("cancelled",)
NOT_BOOKED = ("proposed", "pending", "waitlist")


def _appointment_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw, ("entered-in-error",)),
        "no start": raw.start_from.isnull(),
        "end before start": before(raw.end_to, raw.start_from),
    }


def _appointments(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    start, day_end = raw.start_from, windows.expression_of_local_end(raw.start_from // windows.SECONDS_A_DAY)
    early = ibis.ifelse(raw.updated_to < start, raw.updated_to, None)
    rows = raw.mutate(
        at_booked=ibis.least(raw.created_to.fill_null(start - BOOKED_DAYS_BEFORE * windows.SECONDS_A_DAY), start),
        at_kept=raw.end_to.fill_null(day_end),
        at_missed=day_end,
        at_cancelled=early.fill_null(start),
    )
    status = rows.status.lower()
    states = [
        _appointment(rows.filter(~status.isin(NOT_BOOKED).fill_null(False)), "booked"),
        _appointment(rows.filter(status.isin(KEPT)), "kept"),
        _appointment(rows.filter(status.isin(MISSED)), "missed"),
        _appointment(rows.filter(status.isin(CALLED_OFF)), "cancelled"),
    ]
    return ibis.union(states[0], *states[1:])


def _appointment(rows: ir.Table, state: str) -> ir.Table:
    import ibis

    return rows.select(
        person_id=rows.person_id,
        appointment_id=rows.id,
        status=ibis.literal(state),
        appointment_day=rows.start_from // windows.SECONDS_A_DAY,
        specialty=rows.specialty.lower(),
        provider_id=rows.provider,
        happened_from=rows.start_from,
        happened_to=rows.end_to.fill_null(rows.start_to),
        precision=rows.start_precision,
        known_at=rows[f"at_{state}"],
        source=ibis.literal("fhir"),
    )


APPOINTMENTS = Sheet(
    "Appointment",
    layout("Appointment", _appointment_rejects, {APPOINTMENT: _appointments}),
    takes={
        "id": text("id"),
        "person_id": person("participant"),
        "status": text("status"),
        "start": time("start"),
        "end": time("end"),
        "created": time("created"),
        "updated": time("meta.lastUpdated"),
        "specialty": text(
            "specialty.text", "specialty.coding.display", "serviceType.text", "serviceType.coding.display"
        ),
        "provider": who("participant"),
    },
)

SHEETS = (MEDICATIONS, PRESCRIPTIONS, DISPENSINGS, ORDERS, DEVICES, REPORTS, APPOINTMENTS)
