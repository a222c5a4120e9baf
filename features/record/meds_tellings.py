"""How each table of the record is told as MEDS events (`features.record.meds`): codes, numbers, what is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from features.codes.systems import HCPCS, MSDRG, NDC, RevenueCentre, RxNorm
from features.record.schema import Table
from features.record.tables import (
    ADT_EVENT,
    ALLERGY,
    APPOINTMENT,
    CLAIM_LINE,
    CLINICAL_PROCEDURE,
    CODING,
    COVERAGE,
    DIAGNOSIS,
    DISCHARGE_NOTICE,
    DISPENSING,
    ENCOUNTER,
    IMMUNIZATION,
    NOT_DONE,
    ORDER,
    PERSON,
    PRESCRIPTION,
    PROBLEM,
    PROCEDURE,
    RESULT,
)

COLUMN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Telling:
    """How rows of a table are told: `code` names columns in braces, the last of which must be told; `number` is a
    column whose value, divided by `divisor`, is the numeric value; `entry` numbers the thing that is told of.
    """

    table: Table
    code: str
    number: str | None = None
    divisor: int = 1
    entry: str | None = None

    def __post_init__(self) -> None:
        for name in (*self.columns, *filter(None, (self.number, self.entry))):
            self.table.column(name)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the code is made of."""
        return tuple(COLUMN.findall(self.code))


CODED = "{code_system}//{code}"
TELLINGS = (
    Telling(PERSON, "SEX//{sex}"),
    Telling(PERSON, "RACE//{race}"),
    Telling(PERSON, "ETHNICITY//{ethnicity}"),
    Telling(PERSON, "ENTITLEMENT//{entitlement_code}"),
    Telling(COVERAGE, "COVERED//{payer_type}"),
    Telling(COVERAGE, "DUAL_STATUS//{dual_status_code}"),
    Telling(CLAIM_LINE, "CLAIM_LINE//{claim_type}", "paid", 100, "claim_id"),
    Telling(CLAIM_LINE, f"CLAIM_LINE//{HCPCS.name}//{{hcpcs_code}}", "units", 1000, "claim_id"),
    Telling(CLAIM_LINE, f"CLAIM_LINE//{RevenueCentre.name}//{{revenue_center_code}}", entry="claim_id"),
    Telling(CLAIM_LINE, f"CLAIM_LINE//{MSDRG.name}//{{drg_code}}", entry="claim_id"),
    Telling(CLAIM_LINE, "BILL_TYPE//{bill_type_code}", entry="claim_id"),
    Telling(CLAIM_LINE, "PLACE_OF_SERVICE//{place_of_service_code}", entry="claim_id"),
    Telling(CLAIM_LINE, "ADMIT_TYPE//{admit_type_code}", entry="claim_id"),
    Telling(CLAIM_LINE, "ADMIT_SOURCE//{admit_source_code}", entry="claim_id"),
    Telling(CLAIM_LINE, "DISCHARGE_DISPOSITION//{discharge_disposition_code}", entry="claim_id"),
    Telling(DIAGNOSIS, f"DIAGNOSIS//{{role}}//{CODED}", entry="claim_id"),
    Telling(PROCEDURE, f"PROCEDURE//{CODED}", entry="claim_id"),
    Telling(DISPENSING, f"DISPENSING//{NDC.name}//{{ndc_code}}", "days_supply", entry="claim_id"),
    Telling(DISPENSING, f"DISPENSING//{RxNorm.name}//{{rxnorm_code}}", "days_supply", entry="claim_id"),
    Telling(ORDER, f"ORDER//{{order_type}}//{{status}}//{CODED}", entry="order_id"),
    Telling(RESULT, f"RESULT//{{kind}}//{CODED}", "value", 1000, "result_id"),
    Telling(IMMUNIZATION, f"IMMUNIZATION//{CODED}"),
    Telling(ADT_EVENT, "ADT//{patient_class}//{event_type}", entry="visit_number"),
    Telling(ADT_EVENT, f"ADT//{CODED}", entry="visit_number"),
    Telling(DISCHARGE_NOTICE, f"DISCHARGE_NOTICE//{CODED}"),
    Telling(APPOINTMENT, "APPOINTMENT//{specialty}//{status}", entry="appointment_id"),
    Telling(ENCOUNTER, "ENCOUNTER//{encounter_type}//{status}", entry="encounter_id"),
    Telling(ENCOUNTER, f"ENCOUNTER//reason//{CODED}", entry="encounter_id"),
    Telling(PROBLEM, f"PROBLEM//{{status}}//{CODED}", entry="condition_id"),
    Telling(ALLERGY, f"ALLERGY//{{allergy_type}}//{CODED}", entry="allergy_id"),
    Telling(CLINICAL_PROCEDURE, f"CLINICAL_PROCEDURE//{{status}}//{CODED}", entry="procedure_id"),
    Telling(PRESCRIPTION, f"PRESCRIPTION//{{status}}//{CODED}", entry="prescription_id"),
    Telling(NOT_DONE, f"NOT_DONE//{{kind}}//{CODED}", entry="not_done_id"),
    Telling(CODING, f"CODING//{{about}}//{{role}}//{CODED}", entry="about_id"),
)
# claims that were taken back: what was told of them stays told, as the network had believed it until then
TAKEN_BACK = (
    Telling(CLAIM_LINE, "CLAIM_CANCELLED//{claim_type}", entry="claim_id"),
    Telling(DISPENSING, "DISPENSING_CANCELLED//{source}", entry="claim_id"),
)
LEFT_OUT = {
    "contact_details": "how to reach a person is no event of care",
    "identifier": "numbers by which others know a person",
    "person_merge": "people are told as they are merged now",
    "attribution": "which practice answers is no event of care",
    "outreach_contact": "our own calls were made because of a score",
    "consent": "what a person allowed is no event of care",
    "provider": "about the network, not a person",
    "facility": "about the network, not a person",
}
