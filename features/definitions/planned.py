"""Planned or not: the CMS planned-readmission algorithm on stays as they were known, final or cut.

A stay is planned when it holds an always planned procedure or begins for an always planned diagnosis; or when it holds
a potentially planned procedure and does not begin for an acute illness or a complication. Everything else is unplanned.

Source: CMS and Yale CORE, Hospital-Wide Readmission measure, tables of 2021 (features.codes.readmission). A stay begins
for the principal diagnosis of the hospital that admitted the person, whatever a later hospital of the same stay found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.readmission import PLANNED_DIAGNOSES
from features.definitions.stays import stay_versions
from features.record.record import Record

if TYPE_CHECKING:
    import ibis.expr.types as ir

# how each stay was decided, in the order in which the rules are asked; the first that applies holds
ALWAYS_PLANNED_PROCEDURE = "an always planned procedure"
ALWAYS_PLANNED_DIAGNOSIS = "an always planned diagnosis"
POTENTIALLY_PLANNED = "a potentially planned procedure and no acute diagnosis"
ACUTE_DIAGNOSIS = "a potentially planned procedure, but an acute diagnosis"
DIAGNOSIS_NOT_KNOWN = "a potentially planned procedure, but a diagnosis that the tables do not know counts as acute"
NOT_BILLED = "no bill is known, so nothing says that it was planned"
NOT_GROUPED = "a procedure that no grouping knows (ICD-9, or newer than the tables) could not be asked"
NO_PLANNED_PROCEDURE = "no procedure that is ever planned"
PLANNED = (ALWAYS_PLANNED_PROCEDURE, ALWAYS_PLANNED_DIAGNOSIS, POTENTIALLY_PLANNED)
NOT_EVALUABLE = (NOT_BILLED, NOT_GROUPED)


def planned_stays(record: Record) -> ir.Table:
    """Every version of every acute stay, planned or not by what was then known of it."""
    return record.conclude("planned_stays", lambda r: with_planned(stay_versions(r)))


def with_planned(stays: ir.Table) -> ir.Table:
    """Stays (columns of `stay_versions`) with planned (1 or 0), planned_why (one of the sentences above) and
    principal_known (0 where the tables do not know the principal diagnosis; null where none was told).
    """
    import ibis

    told = ibis.memtable(PLANNED_DIAGNOSES.flags).rename(always="always_planned").mutate(decided=ibis.literal(1))
    principal = [("first_principal_system", "code_system"), ("first_principal_code", "code")]
    at = stays.left_join(told, principal).select(*stays.columns, "always", "acute", "decided")
    given, known = at.first_principal_code.notnull(), at.decided.notnull()
    acute, always = (at.acute == 1).fill_null(False), (at.always == 1).fill_null(False)
    why = ibis.cases(
        (at.always_planned == 1, ALWAYS_PLANNED_PROCEDURE),
        (always, ALWAYS_PLANNED_DIAGNOSIS),
        ((at.potentially_planned == 1) & given & known & ~acute, POTENTIALLY_PLANNED),
        ((at.potentially_planned == 1) & given & known, ACUTE_DIAGNOSIS),
        (at.potentially_planned == 1, DIAGNOSIS_NOT_KNOWN),
        (at.billed == 0, NOT_BILLED),
        (at.procedures_not_grouped > 0, NOT_GROUPED),
        else_=NO_PLANNED_PROCEDURE,
    )
    principal_known = ibis.ifelse(given, known.cast("int64"), None)
    return at.mutate(planned=why.isin(PLANNED).cast("int64"), planned_why=why, principal_known=principal_known).drop(
        "always", "acute", "decided"
    )
