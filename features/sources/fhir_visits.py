"""FHIR R4: encounters. FHIR does not say when the network was told of one: it is declared known when it began, and once
more when it had ended, so that the first row never tells the second. An encounter in hospital also tells the admission
and the discharge as messages would.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.record.tables import ADT_EVENT, ENCOUNTER
from features.sources import values
from features.sources.fhir_clinical import DIAGNOSED
from features.sources.fhir_layouts import (
    as_listed,
    before,
    code_of,
    happened,
    layout,
    nothing_wrong,
    of_a_patient,
    void,
)
from features.sources.fhir_paths import coded, person, text, time, who
from features.sources.fhir_sheets import Sheet
from features.sources.files import InputFile
from features.sources.reader import Delivery

if TYPE_CHECKING:
    import ibis.expr.types as ir

# HL7 v3 ActEncounterCode, and the words of FHIR DSTU2: setting, and the class of patient of a message
CLASSES: dict[str, tuple[str, str | None]] = {
    "imp": ("inpatient", "I"),
    "acute": ("inpatient", "I"),
    "nonac": ("inpatient", None),  # not acute: no stay of ours
    "ss": ("observation", "O"),
    "obsenc": ("observation", "O"),
    "emer": ("emergency", "E"),
    "amb": ("outpatient", None),
    "hh": ("home", None),
    "vr": ("telehealth", None),
    "inpatient": ("inpatient", "I"),
    "outpatient": ("outpatient", None),
    "ambulatory": ("outpatient", None),
    "emergency": ("emergency", "E"),
    "home": ("home", None),
    "virtual": ("telehealth", None),
}
# FHIR's own codes to those of the National Uniform Billing Committee
DISPOSITIONS = {
    "home": "01",
    "alt-home": "01",
    "other-hcf": "70",
    "hosp": "51",
    "long": "04",
    "aadvice": "07",
    "exp": "20",
    "psy": "65",
    "rehab": "62",
    "snf": "03",
    "oth": "",
}
ORIGINS = {
    "hosp-trans": "4",
    "outp": "2",
    "gp": "2",
    "mp": "2",
    "nursing": "5",
    "psych": "6",
    "rehab": "6",
    "emd": "7",
    "born": "",
    "other": "9",
}
PRIORITIES = {"em": "1", "ur": "2", "el": "3", "r": "3"}


def _encounter_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw),
        "no period.start": raw.started_from.isnull(),
        "period.end before period.start": before(raw.ended_to, raw.started_from),
    }


def _setting(raw: ir.Table) -> ir.StringValue:
    import ibis

    kind = raw.class_code.lower()
    return ibis.cases(*((kind == code, setting) for code, (setting, _) in CLASSES.items()), else_="other")


def _patient_class(raw: ir.Table) -> ir.StringValue:
    import ibis

    kind = raw.class_code.lower()
    messages = [(kind == code, letter) for code, (_, letter) in CLASSES.items() if letter is not None]
    return ibis.cases(*messages, else_=ibis.null("string"))


def _begun(raw: ir.Table) -> ir.Table:
    return raw.filter((raw.status.lower() != "planned").fill_null(True))


def _ended(raw: ir.Table) -> ir.Table:
    return raw.filter(raw.ended_to.notnull(), (raw.status.lower() != "planned").fill_null(True))


def _disposition(raw: ir.Table) -> ir.StringValue:
    return values.two_digits(as_listed(raw.disposition, DISPOSITIONS).nullif(""))


def _origin(raw: ir.Table) -> ir.StringValue:
    return as_listed(raw.origin, ORIGINS).nullif("")


def _encounters(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    def told(rows: ir.Table, status: str) -> ir.Table:
        over = status == "finished"
        nothing = ibis.null("string")
        return rows.select(
            person_id=rows.person_id,
            encounter_id=rows.id,
            status=ibis.literal(status),
            encounter_type=_setting(rows),
            class_code=rows.class_code,
            told_status=rows.status.lower() if over else nothing,
            encounter_start_day=rows.started_from // windows.SECONDS_A_DAY,
            encounter_end_day=rows.ended_to // windows.SECONDS_A_DAY if over else ibis.null("int64"),
            admit_source_code=_origin(rows),
            admit_type_code=as_listed(rows.priority, PRIORITIES),
            discharge_disposition_code=_disposition(rows) if over else nothing,
            attending_provider_id=rows.attending,
            facility_id=rows.facility,
            **code_of(rows, "reason"),
            **{
                **happened(rows, "started", rows.ended_to if over else rows.started_to),
                "happened_to": rows.ended_to if over else ibis.null("int64"),
            },
        )

    return told(_begun(raw), "in-progress").union(told(_ended(raw), "finished"))


def _messages(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The admission and the discharge of an encounter in hospital."""
    import ibis

    def told(rows: ir.Table, event: ir.StringValue, known: ir.IntegerValue, left: ir.IntegerValue) -> ir.Table:
        letter = _patient_class(rows)
        return rows.select(
            person_id=rows.person_id,
            visit_number=rows.id,
            event_type=event,
            patient_class=letter,
            admitted_at=rows.started_from,
            discharged_at=left,
            admission_day=rows.started_from // windows.SECONDS_A_DAY,
            discharge_day=left // windows.SECONDS_A_DAY,
            admit_type_code=as_listed(rows.priority, PRIORITIES),
            admit_source_code=_origin(rows),
            discharge_disposition_code=ibis.ifelse(left.notnull(), _disposition(rows), None),
            facility_id=rows.facility,
            **code_of(rows, "reason"),
            happened_from=known,
            happened_to=known,
            precision=rows.started_precision,
            known_at=known,
            source=ibis.literal("fhir"),
        )

    begun, ended = _begun(raw), _ended(raw)
    registered = ibis.ifelse(_patient_class(begun) == "I", "A01", "A04")
    return told(begun, registered, begun.started_to, ibis.null("int64")).union(
        told(ended, ibis.literal("A03"), ended.ended_to, ended.ended_to)
    )


ENCOUNTERS = Sheet(
    "Encounter",
    layout("Encounter", _encounter_rejects, {ENCOUNTER: _encounters}),
    takes={
        "id": text("id"),
        "person_id": person("subject", "patient"),
        "status": text("status"),
        "class_code": text("class.code", "class.coding.code", "class"),
        "started": time("period.start"),
        "ended": time("period.end"),
        "disposition": text("hospitalization.dischargeDisposition.coding.code"),
        "origin": text("hospitalization.admitSource.coding.code"),
        "priority": text("priority.coding.code"),
        "attending": who("participant[type=atnd].individual", "participant.individual"),
        "facility": who("serviceProvider", "location.location"),
        "reason": coded(DIAGNOSED, "reasonCode", "reasonReference"),
    },
)
ADMISSIONS = Sheet(
    "Encounter",
    layout("Encounter in hospital", nothing_wrong, {ADT_EVENT: _messages}),
    takes={},
    beside=ENCOUNTERS,
    only=lambda raw: _patient_class(raw).notnull(),
)

SHEETS = (ENCOUNTERS, ADMISSIONS)
