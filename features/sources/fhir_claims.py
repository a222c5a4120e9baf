"""FHIR R4: ExplanationOfBenefit, as CARIN Blue Button, CMS Blue Button, AB2D and BCDA write it.

When a claim was known: the day on which it was processed (CMS's weekly processing date, else the day of payment, else
the day on which the adjudication was written), plus the feed's delay of a first back-load, else DAYS_TO_DELIVER; where
no such day is told, DAYS_TO_PAY and DAYS_TO_DELIVER after the care ended. Never before the care ended. A period that
ends after the claim was adjudicated is not the time of care (Synthea writes a year): it ends on that day.

Versions: a claim is told apart by the payer's number of it, else by its id. An ExplanationOfBenefit that names the one
it replaces is a version of the same claim. Status `cancelled` or type of bill frequency 8 takes a claim back. Versions
known on one day are ordered by when the server last changed them.

Source of the codes by which a kind of claim and its facts are told: CARIN IG for Blue Button (C4BB), CMS Blue Button
data dictionary (nch_clm_type_cd, eob-type, clm_freq_cd and so on), National Uniform Billing Committee for type of bill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import (
    ICD9CM,
    ICD10CM,
    MSDRG,
    SNOMED,
)
from features.record.tables import ADT_EVENT, CLAIM_LINE, DISCHARGE_NOTICE, DISPENSING
from features.sources import values
from features.sources.fhir_layouts import code_of, identity, layout, whole
from features.sources.fhir_paths import coded, codes, person, reference, text, time, who
from features.sources.fhir_sheets import Sheet
from features.sources.files import InputFile
from features.sources.reader import Delivery

if TYPE_CHECKING:
    import ibis.expr.types as ir

DAYS_TO_PAY, DAYS_TO_DELIVER = 30, 15  # declared by us, as for the Tuva files
ORIGINAL, CANCELLING, REPLACING = 0, 1, 2
KINDS = 3
LONGEST_CHAIN = 6  # claims that replace one another
STILL_A_PATIENT = "30"
PHARMACY, INSTITUTIONAL, PROFESSIONAL, UNDETERMINED = "pharmacy", "institutional", "professional", "undetermined"
DIAGNOSIS_SYSTEMS = (ICD10CM, ICD9CM, SNOMED)

# what the codes of a claim's type (and of its profile) say: kind of claim, and first two digits of its type of bill
TYPES: tuple[tuple[str, str, str | None], ...] = (
    ("pde", PHARMACY, None),
    ("pharmacy", PHARMACY, None),
    ("c4bb-explanationofbenefit-pharmacy", PHARMACY, None),
    ("inpatient", INSTITUTIONAL, "11"),
    ("60", INSTITUTIONAL, "11"),
    ("61", INSTITUTIONAL, "11"),
    ("62", INSTITUTIONAL, "11"),
    ("63", INSTITUTIONAL, "11"),
    ("64", INSTITUTIONAL, "11"),
    ("c4bb-explanationofbenefit-inpatient-institutional", INSTITUTIONAL, "11"),
    ("snf", INSTITUTIONAL, "21"),
    ("20", INSTITUTIONAL, "21"),
    ("30", INSTITUTIONAL, "18"),
    ("hospice", INSTITUTIONAL, "81"),
    ("50", INSTITUTIONAL, "81"),
    ("hha", INSTITUTIONAL, "32"),
    ("10", INSTITUTIONAL, "32"),
    ("outpatient", INSTITUTIONAL, "13"),
    ("40", INSTITUTIONAL, "13"),
    ("c4bb-explanationofbenefit-outpatient-institutional", INSTITUTIONAL, "13"),
    ("carrier", PROFESSIONAL, None),
    ("71", PROFESSIONAL, None),
    ("72", PROFESSIONAL, None),
    ("dme", PROFESSIONAL, None),
    ("81", PROFESSIONAL, None),
    ("82", PROFESSIONAL, None),
    ("c4bb-explanationofbenefit-professional-nonclinician", PROFESSIONAL, None),
    ("institutional", INSTITUTIONAL, None),
    ("professional", PROFESSIONAL, None),
    ("vision", PROFESSIONAL, None),
    ("oral", PROFESSIONAL, None),
)


def _told(category: str, *ends: str) -> tuple[str, ...]:
    """Paths to what is told beside a claim, in R4 and in STU3."""
    return tuple(f"{name}[category={category}].{end}" for name in ("supportingInfo", "information") for end in ends)


def _by(role: str) -> str:
    return f"careTeam[role={role}].provider"


CODE, AMOUNT = "code.coding.code", "valueQuantity.value"


# ---- the claim as a whole


def _claim_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        "no patient that is told by a reference": raw.person_id.isnull(),
        "no id and no number of the claim": raw.id.isnull() & raw.number.isnull(),
        "status says that it is a draft": raw.status.lower() == "draft",
        "outcome says that it was not adjudicated": raw.outcome.lower().isin(["queued", "error"]),
        "no billablePeriod and no date of service": raw.billed_from.isnull() & raw.billed_to.isnull(),
        "payment.amount is not a number": raw.payment.notnull() & values.cents(raw.payment).isnull(),
    }


def _kind(raw: ir.Table) -> ir.StringValue:
    import ibis

    kinds = raw.types.fill_null("")
    return ibis.cases(*((kinds.contains(f" {code} "), kind) for code, kind, _ in TYPES), else_=UNDETERMINED)


def _bill(raw: ir.Table) -> ir.StringValue:
    """Type of bill without its leading zero: as told, else put together of facility, class and frequency, else of what
    the kind of claim implies.
    """
    import ibis

    kinds = raw.types.fill_null("")
    whole = ibis.ifelse(raw.bill.length() >= 3, raw.bill.re_replace("^0", "").substr(0, 3), None)
    last = ibis.coalesce(ibis.ifelse(raw.bill.length() == 1, raw.bill, None), raw.frequency, ibis.literal("1"))
    implied = ibis.cases(
        *((kinds.contains(f" {code} "), prefix) for code, _, prefix in TYPES if prefix is not None),
        else_=ibis.null("string"),
    )
    return ibis.coalesce(whole, raw.facility_type + raw.service_class + last, implied + last)


def _facts(raw: ir.Table, delivery: Delivery) -> ir.Table:
    """By resource: kind, bill_type, claim_id, started and ended (days), known_day, version, cancels."""
    import ibis

    day = windows.SECONDS_A_DAY
    adjudicated = raw.created_from // day
    begins = raw.billed_from.fill_null(raw.billed_to) // day
    ends = ibis.greatest(raw.billed_to.fill_null(raw.billed_from) // day, raw.stay_to // day)
    ends = ibis.ifelse((adjudicated >= begins) & (adjudicated < ends), adjudicated, ends)
    paid = ibis.coalesce(raw.processed_from // day, raw.paid_on_from // day, adjudicated)
    waits = DAYS_TO_DELIVER if delivery.back_load_delay is None else delivery.back_load_delay
    known = ibis.greatest((paid + waits).fill_null(ends + DAYS_TO_PAY + DAYS_TO_DELIVER), ends)
    bill = _bill(raw)
    status = raw.status.lower().fill_null("active")
    cancels = status.isin(["cancelled", "entered-in-error"]) | (bill.substr(2, 1) == "8").fill_null(False)
    anew = raw.replaces.notnull() | raw.replaces_number.notnull() | (bill.substr(2, 1) == "7").fill_null(False)
    rows = raw.select(
        "resource",
        own=_own(raw),
        kind=_kind(raw),
        bill_type=ibis.ifelse(_kind(raw) == INSTITUTIONAL, bill, None),
        started=begins,
        ended=ends,
        known_day=known,
        cancels=cancels.cast("int8"),
        change=ibis.cases((cancels, CANCELLING), (anew, REPLACING), else_=ORIGINAL).cast("int64"),
        told=ibis.greatest(raw.updated_to.fill_null(0), 0),
    )
    chain = _first_of_chain(raw)
    rows = rows.left_join(chain, rows.own == chain.replacing)
    rows = rows.mutate(claim_id=rows["first"].fill_null(rows.own), version=rows.told * KINDS + rows.change)
    return rows.drop("own", "replacing", "first", "change", "told")


def _own(raw: ir.Table) -> ir.StringValue:
    return raw.number.fill_null(raw.id)


def _first_of_chain(raw: ir.Table) -> ir.Table:
    """For each claim that replaces another (replacing): the first of the chain, as far as this delivery tells (first).

    Claims are told apart by the payer's number of them, so that one may replace another of an earlier delivery.
    """
    import ibis

    told = raw.select("id", "replaces_number", replacing=_own(raw), of_id=identity(raw.replaces)).distinct()
    named = told.filter(told.id.notnull()).group_by("id").aggregate(number=told.replacing.min())
    named = named.select(known_id=named.id, number=named.number)
    links = told.left_join(named, told.of_id == named.known_id)
    links = links.mutate(before=ibis.coalesce(links.replaces_number, links.number, links.of_id))
    links = links.filter(links.before.notnull(), links.before != links.replacing)
    links = links.group_by("replacing").aggregate(first=links.before.min())
    for _ in range(LONGEST_CHAIN):
        earlier = links.select(link=links.replacing, earlier=links["first"])
        joined = links.left_join(earlier, links["first"] == earlier.link)
        links = joined.select("replacing", first=joined.earlier.fill_null(joined["first"]))
    return links


def timed(rows: ir.Table, first: ir.IntegerValue, last: ir.IntegerValue) -> dict[str, ir.Value]:
    """Nothing is known before it happened: a date that lies after the day on which the claim was known is that day."""
    import ibis

    return {
        "happened_from": ibis.least(first, rows.known_day) * windows.SECONDS_A_DAY,
        "happened_to": windows.expression_of_local_end(ibis.least(last, rows.known_day)),
        "precision": ibis.literal("day"),
        "known_at": windows.expression_of_local_end(rows.known_day),
        "source": ibis.literal("fhir"),
    }


def of_claim(rows: ir.Table) -> dict[str, ir.Value]:
    """Columns that all lines of a claim share."""
    import ibis

    admitted, left = _stay(rows)
    in_hospital = rows.bill_type.startswith("11").fill_null(False)
    return {
        "person_id": rows.person_id,
        "claim_id": rows.claim_id,
        "version": rows.version,
        "cancels": rows.cancels,
        "claim_type": rows.kind,
        "bill_type_code": rows.bill_type,
        "admission_day": ibis.ifelse(in_hospital | rows.stay_from.notnull(), admitted, None),
        "discharge_day": ibis.ifelse(in_hospital | rows.stay_from.notnull(), left, None),
        "admit_type_code": rows.admit_type,
        "admit_source_code": rows.admit_source,
        "discharge_disposition_code": values.two_digits(rows.disposition),
        "drg_code": values.of_system(rows.drg, MSDRG),
        "rendering_id": rows.rendering,
        "billing_id": rows.billing,
        "facility_id": rows.facility.fill_null(rows.billing),
    }


def _stay(rows: ir.Table) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """Days of admission and discharge; of somebody still a patient no day of discharge."""
    import ibis

    day = windows.SECONDS_A_DAY
    left = (rows.stay_to // day).fill_null(rows.ended)
    still = (values.two_digits(rows.disposition) == STILL_A_PATIENT).fill_null(False)
    return (rows.stay_from // day).fill_null(rows.started), ibis.ifelse(still, None, left)


def _bare_claims(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """A claim that tells no lines is one line."""
    import ibis

    rows = raw.filter(raw.kind != PHARMACY, raw.lines.isnull())
    return rows.select(
        **of_claim(rows),
        claim_line_number=ibis.literal(1, "int64"),
        paid=values.cents(rows.payment),
        **timed(rows, rows.started, rows.ended),
    )


def _bare_fills(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    rows = raw.filter(raw.kind == PHARMACY, raw.lines.isnull())
    return rows.select(
        "person_id",
        "claim_id",
        "version",
        "cancels",
        days_supply=whole(values.thousandths(rows.supply)),
        prescriber_id=rows.prescriber.fill_null(rows.rendering),
        paid=values.cents(rows.payment),
        **timed(rows, rows.started, rows.started),
    )


def _notices(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """What the hospital would have told on the day of discharge, declared from inpatient claims as they were first
    sent: a correction was nobody's knowledge on that day.
    """
    import ibis

    rows = raw.filter(raw.version % KINDS == ORIGINAL, raw.kind != PHARMACY, raw.bill_type.startswith("11"))
    admitted, left = _stay(rows)
    rows = rows.mutate(admitted=admitted, left=left)
    rows = rows.filter(rows.admitted.notnull(), rows.left >= rows.admitted)
    coded_as = code_of(rows, "admitting")
    return rows.select(
        person_id=rows.person_id,
        claim_id=rows.claim_id,
        admission_day=rows.admitted,
        discharge_day=rows.left,
        facility_id=rows.facility.fill_null(rows.billing),
        **coded_as,
        happened_from=rows.admitted * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(rows.left),
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(rows.left),
        source=ibis.literal("fhir"),
    )


def is_a_claim(raw: ir.Table) -> ir.BooleanValue:
    """What asks for an authorisation before the care is none."""
    return (raw.use.lower() == "claim").fill_null(True)


CLAIMS = Sheet(
    "ExplanationOfBenefit",
    layout(
        "ExplanationOfBenefit",
        _claim_rejects,
        {CLAIM_LINE: _bare_claims, DISPENSING: _bare_fills, DISCHARGE_NOTICE: _notices},
        unless={DISCHARGE_NOTICE: ADT_EVENT},
        derives=_facts,
    ),
    takes={
        "id": text("id"),
        "person_id": person("patient"),
        "status": text("status"),
        "use": text("use"),
        "outcome": text("outcome"),
        "types": codes("type", "subType", "meta.profile"),
        "number": text("identifier[system=clm_id|pde_id].value", "identifier[type=uc].value"),
        "replaces": reference("related[relationship=prior|replaces|replaced].claim"),
        "replaces_number": text("related[relationship=prior|replaces|replaced].reference.value"),
        "billed": time("billablePeriod", "item.servicedPeriod", "item.servicedDate"),
        "stay": time(*_told("admissionperiod", "timingPeriod"), "hospitalization"),
        "processed": time(
            *_told("nch_wkly_proc_dt|clm_nch_wkly_proc_dt", "timingDate"), *_told("clm_cms_proc_dt", "timingDate")
        ),
        "paid_on": time("payment.date"),
        "created": time("created"),
        "updated": time("meta.lastUpdated"),
        "bill": text(*_told("typeofbill", CODE)),
        "frequency": text(*_told("clm_freq_cd", CODE)),
        "facility_type": text("facility.extension[url=clm_fac_type_cd].valueCoding.code"),
        "service_class": text(
            "extension[url=clm_srvc_clsfctn_type_cd].valueCoding.code",
            "type.extension[url=clm_srvc_clsfctn_type_cd].valueCoding.code",
        ),
        "admit_type": text(*_told("admtype|clm_ip_admsn_type_cd", CODE)),
        "admit_source": text(*_told("pointoforigin|clm_src_ip_admsn_cd", CODE)),
        "disposition": text(*_told("discharge-status|ptnt_dschrg_stus_cd", CODE)),
        "drg": text(*_told("drg|clm_drg_cd", CODE), "diagnosis.packageCode.coding.code"),
        "supply": text(*_told("dayssupply|days_suply_num", AMOUNT)),
        "payment": text("payment.amount.value"),
        "lines": text("item.sequence", "item.productOrService.coding.code", "item.service.coding.code"),
        "admitting": coded(DIAGNOSIS_SYSTEMS, "diagnosis[type=admitting].diagnosisCodeableConcept"),
        "prescriber": who(_by("prescribing|prescriber")),
        "rendering": who(_by("performing|rendering"), _by("primary"), _by("attending"), "careTeam.provider"),
        "billing": who("provider", "organization"),
        "facility": who("facility"),
    },
    only=is_a_claim,
)

SHEETS = (CLAIMS,)
