"""FHIR R4: the lines, diagnoses and procedures of an ExplanationOfBenefit, dated and versioned as the claim is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import HCPCS, ICD9PCS, ICD10PCS, NDC, SNOMED, RevenueCentre, RxNorm
from features.record.tables import CLAIM_LINE, DIAGNOSIS, DISPENSING, PROCEDURE
from features.sources import values
from features.sources.fhir_claims import CLAIMS, DIAGNOSIS_SYSTEMS, PHARMACY, is_a_claim, of_claim, timed
from features.sources.fhir_layouts import code_of, layout, nothing_wrong, only_of, whole
from features.sources.fhir_orders import ndc
from features.sources.fhir_paths import coded, codes, text, time
from features.sources.fhir_sheets import Sheet
from features.sources.files import InputFile
from features.sources.reader import Delivery

if TYPE_CHECKING:
    import ibis.expr.types as ir

PROCEDURE_SYSTEMS = (ICD10PCS, ICD9PCS, HCPCS, SNOMED)


def _paid(category: str) -> str:
    return f"adjudication[category={category}].amount.value"


# ---- its lines


def _line_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        f"item.{says} is not a number": raw[name].notnull() & values.thousandths(raw[name]).isnull()
        for name, says in (("units", "quantity"), ("line_paid", "adjudication"), ("line_allowed", "adjudication"))
    }


def _dated(rows: ir.Table) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    import ibis

    first = (ibis.coalesce(rows.served_from, rows.served_to) // windows.SECONDS_A_DAY).fill_null(rows.started)
    last = (ibis.coalesce(rows.served_to, rows.served_from) // windows.SECONDS_A_DAY).fill_null(rows.ended)
    return first, ibis.greatest(first, last)


def _claim_lines(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Where no line tells what was paid for it, what was paid for the claim stands on its first line."""
    import ibis

    rows = raw.filter(raw.kind != PHARMACY)
    whole = ibis.window(group_by="resource")
    paid = values.cents(rows.line_paid)
    alone = paid.count().over(whole) == 0
    paid = ibis.ifelse(alone & (rows.place == 1), values.cents(rows.payment), paid)
    first, last = _dated(rows)
    return rows.select(
        **of_claim(rows),
        claim_line_number=rows.sequence.try_cast("int64").fill_null(rows.place),
        place_of_service_code=values.two_digits(rows.location),
        revenue_center_code=values.of_system(rows.revenue, RevenueCentre),
        hcpcs_code=rows.service,
        units=values.thousandths(rows.units),
        paid=paid,
        allowed=values.cents(rows.line_allowed),
        **timed(rows, first, last),
    )


def _fills(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = raw.filter(raw.kind == PHARMACY)
    first, _ = _dated(rows)
    supply = rows.line_supply.fill_null(rows.supply)
    line_paid = values.cents(rows.line_paid)
    paid = ibis.ifelse(rows.place == 1, line_paid.fill_null(values.cents(rows.payment)), line_paid)
    return rows.select(
        "person_id",
        "claim_id",
        "version",
        "cancels",
        ndc_code=ndc(rows, "product"),
        rxnorm_code=only_of(rows, "rxnorm", RxNorm),
        quantity=values.thousandths(rows.units).abs(),
        days_supply=whole(values.thousandths(supply)),
        prescriber_id=rows.prescriber.fill_null(rows.rendering),
        paid=paid,
        **timed(rows, first, first),
    )


SERVICE, PRODUCT = ("productOrService", "service"), ("productOrService", "service", "detail.productOrService")
LINES = Sheet(
    "ExplanationOfBenefit",
    layout("ExplanationOfBenefit item", _line_rejects, {CLAIM_LINE: _claim_lines, DISPENSING: _fills}),
    takes={
        "sequence": text("sequence"),
        "served": time("servicedPeriod", "servicedDate"),
        "service": coded((HCPCS,), *SERVICE),
        "product": coded((NDC,), *PRODUCT),
        "rxnorm": coded((RxNorm,), *PRODUCT),
        "revenue": text("revenue.coding.code"),
        "location": text("locationCodeableConcept.coding.code"),
        "units": text("quantity.value"),
        "line_supply": text("quantity.extension[url=days_suply_num].valueQuantity.value"),
        "line_paid": text(
            _paid("benefit|line_nch_pmt_amt|rev_cntr_pmt_amt_amt|cvrd_d_plan_pd_amt|clm_line_cvrd_pd_amt"),
            _paid("paidtoprovider|line_prvdr_pmt_amt|rev_cntr_prvdr_pmt_amt"),
        ),
        "line_allowed": text(_paid("eligible|line_alowd_chrg_amt|clm_line_alowd_chrg_amt|allowed")),
    },
    each="item",
    beside=CLAIMS,
    only=is_a_claim,
)


# ---- its diagnoses and procedures


def _diagnoses(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    roles = raw.roles.fill_null("")
    principal = roles.contains(" principal ") | (raw.roles.isnull() & (raw.place == 1))
    admitting = roles.contains(" admitting ")
    poa = raw.on_admission.upper()
    raw = raw.filter(raw.diagnosis.notnull(), raw.cancels == 0)

    def row(rows: ir.Table, role: ir.StringValue) -> ir.Table:
        return rows.select(
            person_id=rows.person_id,
            claim_id=rows.claim_id,
            version=rows.version,
            role=role,
            **code_of(rows, "diagnosis"),
            present_on_admission=ibis.ifelse(poa.isin(["Y", "N", "U", "W", "1"]), poa, None),
            **timed(rows, rows.started, rows.ended),
        )

    listed = raw.filter(principal | ~admitting)
    role = ibis.ifelse(principal, "principal", "secondary")
    return row(listed, role).union(row(raw.filter(admitting), ibis.literal("admitting")))


DIAGNOSES = Sheet(
    "ExplanationOfBenefit",
    layout("ExplanationOfBenefit diagnosis", nothing_wrong, {DIAGNOSIS: _diagnoses}),
    takes={
        "diagnosis": coded(DIAGNOSIS_SYSTEMS, "diagnosisCodeableConcept", "diagnosisReference"),
        "roles": codes("type"),
        "on_admission": text("onAdmission.coding.code"),
    },
    each="diagnosis",
    beside=CLAIMS,
    only=is_a_claim,
)


def _procedures(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = raw.filter(raw.procedure.notnull(), raw.cancels == 0)
    day = windows.SECONDS_A_DAY
    return rows.select(
        "person_id",
        "claim_id",
        "version",
        **code_of(rows, "procedure"),
        **timed(rows, (rows.done_from // day).fill_null(rows.started), (rows.done_to // day).fill_null(rows.ended)),
    )


PROCEDURES = Sheet(
    "ExplanationOfBenefit",
    layout("ExplanationOfBenefit procedure", nothing_wrong, {PROCEDURE: _procedures}),
    takes={
        "procedure": coded(PROCEDURE_SYSTEMS, "procedureCodeableConcept", "procedureReference"),
        "done": time("date"),
    },
    each="procedure",
    beside=CLAIMS,
    only=is_a_claim,
)

SHEETS = (LINES, DIAGNOSES, PROCEDURES)
