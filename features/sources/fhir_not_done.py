"""FHIR R4: what a clinician decided not to do: requests that something is not to be done, and results called off with a
reason (the extensions of QI-Core). Known when it was written; of a result when it was issued.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from features import windows
from features.record.tables import NOT_DONE
from features.sources.fhir_clinical import OBSERVATIONS, done_not
from features.sources.fhir_layouts import code_of, happened, identity, layout, nothing_wrong
from features.sources.fhir_orders import DEVICES, ORDERS, PRESCRIPTIONS, declined
from features.sources.fhir_sheets import Sheet
from features.sources.files import InputFile
from features.sources.reader import Delivery

if TYPE_CHECKING:
    import ibis.expr.types as ir


def _requests(kind: str) -> Callable[[ir.Table, InputFile, Delivery], ir.Table]:
    def rows(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
        import ibis

        return raw.select(
            person_id=raw.person_id,
            not_done_id=raw.id,
            kind=ibis.literal(kind),
            status=raw.status.lower(),
            encounter_id=identity(raw.encounter),
            **code_of(raw),
            **happened(raw, "authored", raw.authored_to),
        )

    return rows


def _results(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    at = raw.mutate(
        at_from=ibis.coalesce(raw.effective_from, raw.effective_to, raw.issued_from),
        at_to=ibis.coalesce(raw.effective_to, raw.effective_from, raw.issued_to),
        at_precision=raw.effective_precision.fill_null(raw.issued_precision),
    )
    return at.select(
        person_id=at.person_id,
        not_done_id=at.id,
        kind=ibis.literal("result"),
        status=at.status.lower(),
        encounter_id=identity(at.encounter),
        issued_at=at.issued_from,
        issued_day=at.issued_from // windows.SECONDS_A_DAY,
        **code_of(at),
        **happened(at, "at", ibis.greatest(at.issued_to.fill_null(at.at_to), at.at_to)),
    )


SHEETS = (
    *(
        Sheet(
            whole.resource,
            layout(f"{whole.resource} not to be done", nothing_wrong, {NOT_DONE: _requests(kind)}),
            takes={},
            beside=whole,
            only=declined,
        )
        for whole, kind in ((PRESCRIPTIONS, "prescription"), (ORDERS, "service"), (DEVICES, "device"))
    ),
    Sheet(
        "Observation",
        layout("Observation not done", nothing_wrong, {NOT_DONE: _results}),
        takes={},
        beside=OBSERVATIONS,
        only=done_not,
    ),
)
