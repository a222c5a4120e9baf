"""The medicines of the hospital set beside those taken before, within 30 days of discharge."""

from __future__ import annotations

from features.codes.places import VISITS
from features.codes.systems import HCPCS, SNOMED
from features.measures.transitions import after_care, discharges
from features.measures.transitions.transition import Care, Transition, care
from features.record.known import Known, states
from features.record.tables import CLINICAL_PROCEDURE

RECONCILED = "1111F"  # the number by which a practice reports it to CMS
RECONCILIATION = "430193006"  # SNOMED CT: medication reconciliation


def reconciliations(then: Known) -> Care:
    """Medicines reconciled: reported, recorded, or part of transitional care that was billed."""
    import ibis

    numbers = (RECONCILED, *VISITS.codes(after_care.TRANSITIONAL, HCPCS))
    done = then.versions(states(then.record, CLINICAL_PROCEDURE, "source", "procedure_id"))
    done = done.filter(done.code_system == SNOMED.name, done.code == RECONCILIATION, done.status == "completed")
    recorded = done.select(
        "row_id",
        day=done.from_day.cast("int64"),
        told=ibis.literal(CLINICAL_PROCEDURE.name),
        number=done.procedure_id,
        proves=ibis.literal(0, "int64"),
    )
    return care(then, after_care.billed_for(then, numbers).union(recorded))


TRANSITION = Transition(
    name="medicines_reconciled_30_days",
    title="Medicines reconciled within 30 days of discharge",
    evidence="National Committee for Quality Assurance, medication reconciliation post-discharge: 31 days in all",
    opened_by="a discharge home, whatever its reason",
    opens=discharges.discharges,
    due_in_words="30 days after it",
    due=lambda days: days + discharges.PERIOD_DAYS,
    until=lambda days: days + discharges.PERIOD_DAYS,
    care=reconciliations,
    closed_by="a reconciliation that was reported or recorded, or a bill for transitional care",
    closes=after_care.or_the_visit_booked("a visit or call at which the medicines are reconciled, and reported"),
    needs=(*discharges.NEEDS, ("claim_line", "clinical_procedure")),
    first=0,
)
