"""Tuva Input Layer: medical and pharmacy claims.

When a claim was known: its `file_date`, at the end of that day, for the file's delivery; in a first back-load
`paid_date` plus the feed's declared delay. Where the feed is silent we declare: a claim is paid DAYS_TO_PAY after it
ends and delivered DAYS_TO_DELIVER later. It is never known before it ended.

Versions: the same claim delivered again is a new version. Type of bill frequency 8, or negative amounts on all lines of
a payment, take a claim back; frequency 7, or positive lines paid together with negative ones, replace it. Where one
delivery brings several versions of a claim, their days of payment put them in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import (
    HCPCS,
    ICD9CM,
    ICD9PCS,
    ICD10CM,
    ICD10PCS,
    MSDRG,
    NDC,
    RevenueCentre,
    System,
)
from features.record.tables import ADT_EVENT, CLAIM_LINE, DIAGNOSIS, DISCHARGE_NOTICE, DISPENSING, PROCEDURE
from features.sources import values
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout

if TYPE_CHECKING:
    import ibis.expr.types as ir

DAYS_TO_PAY, DAYS_TO_DELIVER = 30, 15  # declared by us, used where a feed gives no date
CODES_ON_A_CLAIM = 25
ORIGINAL, CANCELLING, REPLACING = 0, 1, 2
KINDS = 3
DIAGNOSIS_SYSTEMS, PROCEDURE_SYSTEMS = (ICD10CM, ICD9CM), (ICD10PCS, ICD9PCS, HCPCS)
STILL_A_PATIENT = "30"

MEDICAL_DATES = (
    "claim_start_date",
    "claim_end_date",
    "claim_line_start_date",
    "claim_line_end_date",
    "admission_date",
    "discharge_date",
    "paid_date",
)
MEDICAL_AMOUNTS = ("paid_amount", "allowed_amount", "charge_amount", "service_unit_quantity")
PHARMACY_AMOUNTS = ("quantity", "days_supply", "paid_amount")


def _claim_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    start, end = values.day(raw.claim_start_date), values.day(raw.claim_end_date)
    return {
        **values.none_given(raw, ("person_id", "claim_id", "claim_start_date")),
        "claim_line_number is not a number of 0 or more": ~(raw.claim_line_number.try_cast("int64") >= 0).fill_null(
            False
        ),
        "claim_type is not institutional, professional or undetermined": ~raw.claim_type.isin(
            ["institutional", "professional", "undetermined"]
        ).fill_null(False),
        **values.no_dates(raw, (*MEDICAL_DATES, "file_date")),
        **values.no_numbers(raw, MEDICAL_AMOUNTS),
        "claim_end_date before claim_start_date": end < start,
        "discharge_date before admission_date (negative length of stay)": values.day(raw.discharge_date)
        < values.day(raw.admission_date),
    }


def _known_day(rows: ir.Table, ended: ir.IntegerValue, delivery: Delivery) -> ir.IntegerValue:
    import ibis

    paid = values.day(rows.paid_date)
    silent = ended + DAYS_TO_PAY + DAYS_TO_DELIVER
    if delivery.back_load_delay is not None:
        known = (paid + delivery.back_load_delay).fill_null(silent)
    else:
        known = ibis.coalesce(values.day(rows.file_date), paid + DAYS_TO_DELIVER, silent)
    return ibis.greatest(known, ended)


def _versions(rows: ir.Table) -> ir.Table:
    """The rows with `version`, `cancels` and `heads`, from claim_id, known_day, paid_day, number, frequency, paid,
    charged. A line `heads` its version when it has the lowest number.

    Claims delivered once, with no line twice and none negative, are told apart first: nearly all are. Of the others,
    what was paid on one day is looked at as a whole, and days of payment put it in order.
    """
    import ibis

    negative = (rows.paid < 0) | ((rows.paid.fill_null(0) == 0) & (rows.charged < 0))
    rows = rows.mutate(negative=negative.fill_null(False), paid_day=rows.paid_day.fill_null(rows.known_day))
    keys = ["claim_id", "known_day"]
    claims = rows.group_by(*keys).aggregate(
        repeats=rows.count() > rows.number.max() - rows.number.min() + 1, any_negative=rows.negative.any()
    )
    lines = rows.inner_join(claims.filter(claims.repeats | claims.any_negative), keys)
    payments = lines.group_by(*keys, "paid_day", "repeats").aggregate(
        all_negative=lines.negative.all(),
        nothing_left=(lines.paid.fill_null(0).sum() == 0) & (lines.charged.fill_null(0).sum() == 0),
        both=lines.negative.any() & ~lines.negative.all() & (lines.count() > lines.number.nunique()),
    )
    order = ibis.window(group_by=keys, order_by="paid_day")
    turn = ibis.ifelse(payments.repeats, ibis.dense_rank().over(order), 0)
    rows = rows.left_join(payments.mutate(turn=turn).drop("repeats"), [*keys, "paid_day"])
    rows = rows.drop(*(name for name in rows.columns if name.endswith("_right")))
    cancels = ((rows.frequency == "8") | (rows.negative & (rows.all_negative | rows.both))).fill_null(False)
    anew = ((rows.frequency == "7") | (rows.both & ~rows.nothing_left)).fill_null(False)
    kind = ibis.cases((cancels, CANCELLING), (anew, REPLACING), else_=ORIGINAL)
    rows = rows.mutate(cancels=cancels.cast("int8"), version=(rows.turn.fill_null(0) * KINDS + kind).cast("int64"))
    first = rows.group_by(*keys, "version").aggregate(first=rows.number.min())
    rows = rows.inner_join(first, [*keys, "version"])
    return rows.mutate(heads=rows.number == rows["first"])


FACTS = ("line", "started", "ended", "known_day", "paid", "version", "cancels", "heads")


def _medical_facts(raw: ir.Table, delivery: Delivery) -> ir.Table:
    import ibis

    started = values.day(raw.claim_start_date)
    ended = ibis.greatest(values.day(raw.claim_end_date).fill_null(started), values.day(raw.discharge_date))
    rows = raw.select(
        "line",
        "claim_id",
        number=raw.claim_line_number.cast("int64"),
        started=started,
        ended=ended,
        known_day=_known_day(raw, ended, delivery),
        paid_day=values.day(raw.paid_date),
        frequency=_bill(raw).substr(2, 1),
        paid=values.cents(raw.paid_amount),
        charged=values.cents(raw.charge_amount),
    )
    return _versions(rows).select(*FACTS)


def _bill(raw: ir.Table) -> ir.StringValue:
    """Type of bill without its leading zero."""
    return raw.bill_type_code.re_replace("^0", "").substr(0, 3)


def _time(rows: ir.Table, first: ir.IntegerValue, last: ir.IntegerValue) -> dict[str, ir.Value]:
    import ibis

    return {
        "happened_from": first * windows.SECONDS_A_DAY,
        "happened_to": windows.expression_of_local_end(last),
        "precision": ibis.literal("day"),
        "known_at": windows.expression_of_local_end(rows.known_day),
        "source": rows.data_source.fill_null("tuva"),
    }


def _claim_lines(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    first = values.day(raw.claim_line_start_date).fill_null(raw.started)
    last = ibis.greatest(first, values.day(raw.claim_line_end_date).fill_null(raw.ended))
    of_medicare = (raw.drg_code_type.lower() == MSDRG.name).fill_null(True)
    return raw.select(
        person_id=raw.person_id,
        claim_id=raw.claim_id,
        version=raw.version,
        cancels=raw.cancels,
        claim_line_number=raw.claim_line_number.cast("int64"),
        claim_type=raw.claim_type,
        bill_type_code=_bill(raw),
        place_of_service_code=values.two_digits(raw.place_of_service_code),
        admission_day=values.day(raw.admission_date),
        discharge_day=values.day(raw.discharge_date),
        admit_type_code=raw.admit_type_code,
        admit_source_code=raw.admit_source_code,
        discharge_disposition_code=values.two_digits(raw.discharge_disposition_code),
        drg_code=ibis.ifelse(of_medicare, values.of_system(raw.drg_code, MSDRG), None),
        revenue_center_code=values.of_system(raw.revenue_center_code, RevenueCentre),
        hcpcs_code=values.of_system(raw.hcpcs_code, HCPCS),
        units=values.thousandths(raw.service_unit_quantity),
        rendering_id=raw.rendering_npi,
        billing_id=raw.billing_npi,
        facility_id=raw.facility_npi,
        paid=raw.paid,
        allowed=values.cents(raw.allowed_amount),
        **_time(raw, first, last),
    )


def _listed(raw: ir.Table, what: str, also: str, systems: tuple[System, ...]) -> ir.Table:
    """The numbered codes of each version, one a row: place (1-25), code_system, code, and the column numbered alike.

    They stand alike on all lines of a claim and are taken from one; of a version that takes back nothing is listed.
    """
    import ibis

    rows = raw.filter(raw.heads, raw.cancels == 0)
    numbered = range(1, CODES_ON_A_CLAIM + 1)
    codes, others = [f"{what}_code_{i}" for i in numbered], [f"{also}_{i}" for i in numbered]
    rows = rows.select(
        *("person_id", "claim_id", "version", "started", "ended", "known_day", "data_source"),
        system=rows[f"{what}_code_type"].fill_null(systems[0].name),
        place=ibis.array(list(numbered)).unnest(),
        written=ibis.array([rows[name] for name in codes]).unnest(),
        also=ibis.array([rows[name] for name in others]).unnest(),
    )
    rows = rows.filter(rows.written.notnull())
    return rows.mutate(**values.coded(rows.system, rows.written, systems))


def _diagnoses(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = _listed(raw, "diagnosis", "diagnosis_poa", DIAGNOSIS_SYSTEMS)
    return rows.select(
        "person_id",
        "claim_id",
        "version",
        "code_system",
        "code",
        role=ibis.ifelse(rows.place == 1, "principal", "secondary"),
        present_on_admission=rows.also.upper(),
        **_time(rows, rows.started, rows.ended),
    )


def _procedures(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = _listed(raw, "procedure", "procedure_date", PROCEDURE_SYSTEMS)
    on = values.day(rows.also)
    return rows.select(
        *("person_id", "claim_id", "version", "code_system", "code"),
        **_time(rows, on.fill_null(rows.started), on.fill_null(rows.ended)),
    )


def _notices(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """What the hospital would have told on the day of discharge, declared from inpatient bills (type 11x) as they were
    first sent: a correction was nobody's knowledge on that day.
    """
    import ibis

    rows = raw.filter(
        raw.version == ORIGINAL,
        raw.bill_type_code.re_search("^0?11"),
        raw.admission_date.notnull(),
        raw.discharge_date.notnull(),
        raw.discharge_disposition_code.fill_null("") != STILL_A_PATIENT,
        # interim bills that another goes on with (112, 113) and voids (118) tell no discharge
        ~raw.bill_type_code.re_search("[238]$"),
    )
    rows = rows.select(
        person_id=rows.person_id,
        claim_id=rows.claim_id,
        admission_day=values.day(rows.admission_date),
        discharge_day=values.day(rows.discharge_date),
        facility_id=rows.facility_npi,
        source=rows.data_source.fill_null("tuva"),
    ).distinct()
    return rows.mutate(
        happened_from=rows.admission_day * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(rows.discharge_day),
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(rows.discharge_day),
    )


def _pharmacy_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "claim_id", "dispensing_date")),
        **values.no_dates(raw, ("dispensing_date", "paid_date", "file_date")),
        **values.no_numbers(raw, PHARMACY_AMOUNTS),
        "claim_line_number is not a number": raw.claim_line_number.notnull()
        & raw.claim_line_number.try_cast("int64").isnull(),
        "days_supply is negative on a fill that is not taken back": (values.thousandths(raw.days_supply) < 0)
        & ~_fill_taken_back(raw),
    }


def _fill_taken_back(raw: ir.Table) -> ir.BooleanValue:
    paid, quantity = values.cents(raw.paid_amount), values.thousandths(raw.quantity)
    return ((paid < 0) | (quantity < 0)).fill_null(False)


def _dispensings(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    filled = values.day(raw.dispensing_date)
    return raw.select(
        "person_id",
        "claim_id",
        "version",
        "cancels",
        "paid",
        ndc_code=values.of_system(raw.ndc_code, NDC),
        quantity=values.thousandths(raw.quantity).abs(),
        days_supply=(values.thousandths(raw.days_supply).abs() + 500) // 1000,
        prescriber_id=raw.prescribing_provider_npi,
        **_time(raw, filled, filled),
    )


def _pharmacy_facts(raw: ir.Table, delivery: Delivery) -> ir.Table:
    import ibis

    filled = values.day(raw.dispensing_date)
    rows = raw.select(
        "line",
        "claim_id",
        number=raw.claim_line_number.try_cast("int64").fill_null(1),
        started=filled,
        ended=filled,
        known_day=_known_day(raw, filled, delivery),
        paid_day=values.day(raw.paid_date),
        frequency=ibis.null("string"),
        paid=values.cents(raw.paid_amount),
        charged=ibis.ifelse(_fill_taken_back(raw), -1, 1).cast("int64"),
    )
    return _versions(rows).select(*FACTS)


def _numbered(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{i}" for name in names for i in range(1, CODES_ON_A_CLAIM + 1))


DIAGNOSIS_COLUMNS = ("diagnosis_code_type", *_numbered("diagnosis_code", "diagnosis_poa"))
PROCEDURE_COLUMNS = ("procedure_code_type", *_numbered("procedure_code", "procedure_date"))

MEDICAL_CLAIM = Layout(
    name="medical_claim",
    marks=("claim_id", "claim_line_number", "claim_type"),
    needs=(
        *("claim_id", "claim_line_number", "claim_type", "person_id", *MEDICAL_DATES, *MEDICAL_AMOUNTS),
        *("admit_source_code", "admit_type_code", "discharge_disposition_code", "place_of_service_code"),
        *("bill_type_code", "drg_code", "revenue_center_code", "hcpcs_code", "rendering_npi", "billing_npi"),
        *("facility_npi", "diagnosis_code_type", "diagnosis_code_1", "data_source"),
    ),
    may=("drg_code_type", "file_date", *DIAGNOSIS_COLUMNS[2:], *PROCEDURE_COLUMNS),
    rejects=_claim_rejects,
    fills={CLAIM_LINE: _claim_lines, DIAGNOSIS: _diagnoses, PROCEDURE: _procedures, DISCHARGE_NOTICE: _notices},
    unless={DISCHARGE_NOTICE: ADT_EVENT},
    derives=_medical_facts,
)
PHARMACY_CLAIM = Layout(
    name="pharmacy_claim",
    marks=("claim_id", "ndc_code"),
    needs=(
        *("claim_id", "claim_line_number", "person_id", "prescribing_provider_npi", "dispensing_date", "ndc_code"),
        *(*PHARMACY_AMOUNTS, "paid_date", "data_source"),
    ),
    may=("file_date",),
    rejects=_pharmacy_rejects,
    fills={DISPENSING: _dispensings},
    derives=_pharmacy_facts,
)
