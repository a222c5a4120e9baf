"""Where care was given: each netted claim as one encounter with its setting. Observation and emergency kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.places import ACUTE_FACILITIES, BILL_TYPES, PLACES_OF_SERVICE, VISITS, codes_of
from features.codes.systems import RevenueCentre
from features.definitions.evidence import INPATIENT_BILL, ORDINARY, beds_of
from features.definitions.facilities import facilities
from features.record.known import CLAIM, with_claim_versions
from features.record.record import Record
from features.record.tables import CLAIM_LINE

if TYPE_CHECKING:
    import ibis.expr.types as ir

SETTINGS = (
    "inpatient",
    "other_inpatient",  # in a long-term, rehabilitation, psychiatric or children's hospital or unit
    "emergency",
    "observation",  # also where it began in the emergency department
    "skilled_nursing",
    "home_health",
    "hospice",
    "outpatient",
    "office",
    "telehealth",
    "other",
)
_OF_KINDS_OF_BILL = {
    "inpatient": ("inpatient",),
    "skilled_nursing": ("skilled_nursing", "swing_bed"),
    "home_health": ("home_health",),
    "hospice": ("hospice",),
}
_BILLED_AS = {
    digits: setting for setting, kinds in _OF_KINDS_OF_BILL.items() for digits in codes_of(BILL_TYPES, *kinds)
}
_EMERGENCY_REVENUE = VISITS.codes("emergency", RevenueCentre)
_OBSERVATION_REVENUE = VISITS.codes("observation", RevenueCentre)
_OFFICE_PLACES = codes_of(PLACES_OF_SERVICE, "office", "urgent_care")
_TELEHEALTH_PLACES = codes_of(PLACES_OF_SERVICE, "telehealth")


def encounters(record: Record) -> ir.Table:
    """One row for each valid claim version: CLAIM, version, known_from, known_until, setting, from_day, to_day,
    provider_id (who did it, else who billed), billing_id, facility_id, paid (cents, all lines). An inpatient bill is
    from its day of admission, also where it begins with outpatient services of the days before (CMS's three-day payment
    window bundles them).
    """
    return record.conclude("encounters", _encounters)


def _encounters(record: Record) -> ir.Table:
    import ibis

    lines = with_claim_versions(record, CLAIM_LINE)
    keys = [*CLAIM, "version", "known_from", "known_until"]
    heads = lines.group_by(keys).aggregate(
        from_day=ibis.ifelse(
            lines.bill_type_code.startswith(INPATIENT_BILL).fill_null(False),
            ibis.greatest(lines.from_day, ibis.coalesce(lines.admission_day, lines.from_day)),
            lines.from_day,
        ).min(),
        beds=beds_of(lines),
        to_day=lines.to_day.max(),
        bill=lines.bill_type_code.max(),
        professional=(lines.claim_type == "professional").max(),
        emergency=lines.revenue_center_code.isin(_EMERGENCY_REVENUE).fill_null(False).max(),
        observed=lines.revenue_center_code.isin(_OBSERVATION_REVENUE).fill_null(False).max(),
        telehealth=lines.place_of_service_code.isin(_TELEHEALTH_PLACES).fill_null(False).max(),
        office=lines.place_of_service_code.isin(_OFFICE_PLACES).fill_null(False).max(),
        transitional=lines.hcpcs_code.isin(["99495", "99496"]).fill_null(False).max(),
        wellness=lines.hcpcs_code.isin(["G0438", "G0439"]).fill_null(False).max(),
        provider_id=ibis.coalesce(lines.rendering_id.max(), lines.billing_id.max()),
        billing_id=lines.billing_id.max(),
        facility_id=lines.facility_id.max(),
        paid=lines.paid.sum(),
    )
    heads = heads.left_join(_other_hospitals(record, lines), "facility_id").drop("facility_id_right")
    two = heads.bill.substr(0, 2)
    elsewhere = heads.elsewhere.notnull() | (heads.beds != ORDINARY).fill_null(False)
    by_bill = [(two == digits, ibis.literal(setting)) for digits, setting in _BILLED_AS.items()]
    setting = ibis.cases(
        (heads.professional & heads.telehealth, ibis.literal("telehealth")),
        (heads.professional & heads.office, ibis.literal("office")),
        (heads.professional, ibis.literal("other")),
        ((two == INPATIENT_BILL) & elsewhere, ibis.literal("other_inpatient")),
        *by_bill,
        (heads.observed, ibis.literal("observation")),
        (heads.emergency, ibis.literal("emergency")),
        (heads.bill.notnull(), ibis.literal("outpatient")),
        else_=ibis.literal("other"),
    )
    return heads.mutate(
        setting=setting, transitional=heads.transitional.cast("int8"), wellness=heads.wellness.cast("int8")
    ).drop("bill", "professional", "emergency", "observed", "telehealth", "office", "elsewhere", "beds")


def _other_hospitals(record: Record, lines: ir.Table) -> ir.Table:
    """Facilities with inpatient bills whose kind is known and not acute: facility_id, elsewhere (1)."""
    named = facilities(record, lines.filter(lines.bill_type_code.startswith(INPATIENT_BILL)))
    others = named.filter(named.kind.notnull(), named.kind.notin(ACUTE_FACILITIES))
    return others.select("facility_id", elsewhere=1)
