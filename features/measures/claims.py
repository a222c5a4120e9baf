"""What claims tell of the events that measures ask for: netted, as they stood at `as_of`.

The published logic is written for a clinical record. Where a claim says less, or another thing, we decide as follows,
and docs/measures.md tells it to whoever reads a gap:

- A billed service took place: a visit is finished and a procedure completed. A claim is no order, no result and no
  refusal, so it never fills those.
- A diagnosis on a claim is one of an encounter. Claims have no problem list, so it also stands where the logic asks for
  an entry of one. What the chronic condition indicator calls chronic goes on from the first day of the claim; anything
  else lasted as long as the claim. Claims of laboratories, and working diagnoses, say what was looked for: they count
  for nothing.
- A fill proves a prescription that was written by its day, and is taken for as many days as it lasts.
- What kind of visit a claim was is also told without the number billed: `KINDS_OF_VISIT`, codes of a system of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.groupings import CHRONIC
from features.codes.places import BILL_TYPES, HOSPICE, PLACES_OF_SERVICE, VISITS, codes_of
from features.codes.systems import HCPCS, ICD10CM, NDC, RxNorm
from features.definitions.encounters import encounters
from features.definitions.evidence import INPATIENT_BILL
from features.definitions.stays import OPEN as NOT_OVER
from features.definitions.stays import stay_versions
from features.measures.rows import OPEN
from features.record.known import CLAIM, Known, dispensings, visit_states, with_claim_versions
from features.record.tables import CLAIM_LINE, DIAGNOSIS, PROCEDURE

if TYPE_CHECKING:
    import ibis.expr.types as ir

ICD_10 = f"{DIAGNOSIS.name}.{ICD10CM.name}"  # the measures have no codes of ICD-9
KIND_OF_VISIT = "kind-of-visit"
KINDS_OF_VISIT = ("inpatient", "office", "preventive", "telehealth", "home_visit", "transitional_care")
_VIRTUAL_PLACES = codes_of(PLACES_OF_SERVICE, "telehealth")
_LABORATORY_PLACES = codes_of(PLACES_OF_SERVICE, "laboratory")
_LABORATORY_BILL = next(fact.code for fact in BILL_TYPES if fact.wording.startswith("hospital laboratory"))
_VERSION = (*CLAIM, "version", "known_at", "known_from", "known_until")

Columns = dict[str, "ir.Value"]


def _whether(value: bool) -> ir.IntegerValue:
    import ibis

    return ibis.literal(int(value), "int64")


def _lasting(rows: ir.Table) -> Columns:
    return {"start_day": rows.from_day, "end_day": rows.to_day, "start": rows.happened_from, "end": rows.happened_to}


# ---- visits


def visits(then: Known) -> ir.Table:
    """Lines of claims, each by the number billed, and by the kind of visit that it was."""
    import ibis

    lines = with_claim_versions(then.record, CLAIM_LINE)
    lines = lines.mutate(
        # a stay lasted from admission to discharge, whatever days its bill was sent for
        from_day=ibis.coalesce(lines.admission_day, lines.from_day),
        to_day=ibis.coalesce(lines.discharge_day, lines.to_day),
    )
    columns = (*_VERSION, "from_day", "to_day", "happened_from", "happened_to")
    told = ("place_of_service_code", "discharge_disposition_code", "bill_type_code")
    billed = lines.filter(lines.hcpcs_code.notnull())
    billed = billed.select(*columns, *told, code_system=ibis.literal(HCPCS.name), code=billed.hcpcs_code)
    kinds = ibis.memtable(VISITS.table())
    kinds = kinds.filter(kinds.code_system == HCPCS.name, kinds.label.isin(KINDS_OF_VISIT))
    sorted_ = billed.inner_join(kinds.select("code", "label"), "code")
    of_kind = sorted_.select(*columns, *told, code_system=ibis.literal(KIND_OF_VISIT), code=sorted_.label)
    bills = lines.filter(lines.bill_type_code.startswith(INPATIENT_BILL))
    stays = bills.select(*columns, *told, code_system=ibis.literal(KIND_OF_VISIT), code=ibis.literal("inpatient"))
    return then.versions(ibis.union(billed, of_kind, stays))


def visit_columns(rows: ir.Table) -> Columns:
    """A visit that was billed was finished."""
    return {
        **_lasting(rows),
        "performed": _whether(True),
        "finished": _whether(True),
        "virtual": rows.place_of_service_code.isin(_VIRTUAL_PLACES).fill_null(False),
        "to_hospice": rows.discharge_disposition_code.isin(HOSPICE).fill_null(False),
    }


# ---- conditions


def conditions(then: Known) -> ir.Table:
    """Diagnoses of claims but those of laboratories, with `chronic` (1 or 0)."""
    import ibis

    codes = with_claim_versions(then.record, DIAGNOSIS)
    lines = with_claim_versions(then.record, CLAIM_LINE)
    tests = lines.place_of_service_code.isin(_LABORATORY_PLACES) | lines.bill_type_code.startswith(_LABORATORY_BILL)
    looked_for = lines.filter(tests).select(*CLAIM, "version", "known_at").distinct()
    codes = codes.filter(codes.role != "admitting").anti_join(looked_for, [*CLAIM, "version", "known_at"])
    chronic = ibis.memtable(CHRONIC.table())
    chronic = chronic.filter(chronic.label == "chronic").select("code_system", "code", chronic=1)
    at = then.versions(codes).left_join(chronic, ["code_system", "code"])
    return at.drop("code_system_right", "code_right")


def condition_columns(rows: ir.Table) -> Columns:
    """How long a condition lasted, and all that the logic asks of an entry of the record."""
    import ibis

    yes = ("active", "ongoing", "problem", "concern", "of_visit", "listed", "verified")
    return {
        "start_day": rows.from_day,
        "end_day": ibis.ifelse(rows.chronic.notnull(), OPEN, rows.to_day.cast("int64")),
        "start": rows.happened_from,
        **{name: _whether(True) for name in yes},
    }


# ---- procedures


def procedures(then: Known) -> ir.Table:
    """Procedures that claims list."""
    return then.versions(with_claim_versions(then.record, PROCEDURE))


def services(then: Known) -> ir.Table:
    """Lines of claims by the number billed."""
    import ibis

    lines = with_claim_versions(then.record, CLAIM_LINE)
    lines = lines.filter(lines.hcpcs_code.notnull())
    return then.versions(lines.mutate(code_system=ibis.literal(HCPCS.name), code=lines.hcpcs_code))


def procedure_columns(rows: ir.Table) -> Columns:
    """What was billed was done."""
    return {**_lasting(rows), "completed": _whether(True)}


# ---- medicines


def fills(then: Known) -> ir.Table:
    """Fills, by what was dispensed and, where it is told, by the concept."""
    import ibis

    rows = dispensings(then.record)
    packages = rows.filter(rows.ndc_code.notnull())
    concepts = rows.filter(rows.rxnorm_code.notnull())
    return then.versions(
        ibis.union(
            packages.mutate(code_system=ibis.literal(NDC.name), code=packages.ndc_code),
            concepts.mutate(code_system=ibis.literal(RxNorm.name), code=concepts.rxnorm_code),
        )
    )


def fill_columns(rows: ir.Table) -> Columns:
    """A prescription that was written by the day of the fill, and taken while the fill lasts."""
    import ibis

    last = rows.from_day + ibis.greatest(rows.days_supply.fill_null(1), 1) - 1
    taken = {"taken_from": rows.from_day, "taken_to": last, "covered_from": rows.from_day, "covered_to": last}
    return {
        **_lasting(rows),
        **{name: _whether(True) for name in ("active", "completed", "order", "ordered")},
        "referred_to": _whether(False),
        **taken,
    }


# ---- in hospital


def hospital_days(then: Known) -> ir.Table:
    """Days in hospital or in an emergency department, as stays, claims and messages told them: row_id, first_day,
    last_day.
    """
    import ibis

    stays = then.versions(stay_versions(then.record))
    stays = stays.select("row_id", first_day=stays.admit_day, last_day=stays.discharge_day.fill_null(NOT_OVER))
    billed = then.versions(encounters(then.record))
    billed = billed.filter(billed.setting.isin(("emergency", "observation", "other_inpatient")))
    sent = then.versions(visit_states(then.record))
    sent = sent.filter(sent.patient_class == "E", sent.admission_day.notnull(), sent.event_type != "A11")
    return ibis.union(
        *(
            rows.mutate(first_day=rows.first_day.cast("int64"), last_day=rows.last_day.cast("int64"))
            for rows in (
                stays,
                billed.select("row_id", first_day=billed.from_day, last_day=billed.to_day),
                sent.select(
                    "row_id",
                    first_day=sent.admission_day,
                    last_day=ibis.coalesce(sent.discharge_day, sent.admission_day),
                ),
            )
        )
    )
