"""Where care was given: each netted claim as one encounter with its setting. Observation and emergency kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.record.known import CLAIM, with_claim_versions
from features.record.record import Record
from features.record.tables import CLAIM_LINE

if TYPE_CHECKING:
    import ibis.expr.types as ir

SETTINGS = (
    "inpatient",
    "emergency",
    "observation",
    "skilled_nursing",
    "home_health",
    "hospice",
    "outpatient",
    "office",
    "telehealth",
    "other",
)

# National Uniform Billing Committee: first two digits of the three-digit type of bill, and revenue centres
_BILLED_AS = {
    "11": "inpatient",
    "18": "skilled_nursing",  # swing bed
    "21": "skilled_nursing",
    "22": "skilled_nursing",
    "32": "home_health",
    "33": "home_health",
    "34": "home_health",
    "81": "hospice",
    "82": "hospice",
}
_EMERGENCY_REVENUE = ("0450", "0451", "0452", "0456", "0459", "0981")
_OBSERVATION_REVENUE = ("0762",)
# CMS place-of-service code set
_OFFICE_PLACES = ("11", "17", "20", "49", "50", "71", "72")
_TELEHEALTH_PLACES = ("02", "10")


def encounters(record: Record) -> ir.Table:
    """One row for each valid claim version: CLAIM, version, known_from, known_until, setting, from_day, to_day,
    provider_id (who did it, else who billed), billing_id, facility_id, paid (cents, all lines).
    """
    return record.conclude("encounters", _encounters)


def _encounters(record: Record) -> ir.Table:
    import ibis

    lines = with_claim_versions(record, CLAIM_LINE)
    keys = [*CLAIM, "version", "known_from", "known_until"]
    heads = lines.group_by(keys).aggregate(
        from_day=lines.from_day.min(),
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
    two = heads.bill.substr(0, 2)
    by_bill = [(two == digits, ibis.literal(setting)) for digits, setting in _BILLED_AS.items()]
    setting = ibis.cases(
        (heads.professional & heads.telehealth, ibis.literal("telehealth")),
        (heads.professional & heads.office, ibis.literal("office")),
        (heads.professional, ibis.literal("other")),
        *by_bill,
        (heads.emergency, ibis.literal("emergency")),
        (heads.observed, ibis.literal("observation")),
        (heads.bill.notnull(), ibis.literal("outpatient")),
        else_=ibis.literal("other"),
    )
    return heads.mutate(
        setting=setting, transitional=heads.transitional.cast("int8"), wellness=heads.wellness.cast("int8")
    ).drop("bill", "professional", "emergency", "observed", "telehealth", "office")
