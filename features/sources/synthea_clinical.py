"""Synthea's CSV: encounters, conditions, allergies, medications, observations, procedures, immunizations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import CVX, ICD9CM, ICD10CM, LOINC, SNOMED, RxNorm
from features.sources import values
from features.sources.files import InputFile
from features.sources.reader import Delivery
from features.sources.synthea_rows import at_time, code_of, timed

if TYPE_CHECKING:
    import ibis.expr.types as ir

RESULT_DAYS_AFTER = 3  # a laboratory result has no time of issue: declared by us
# ENCOUNTERCLASS: setting, and the class of patient of a message
CLASSES: dict[str, tuple[str, str | None]] = {
    "inpatient": ("inpatient", "I"),
    "emergency": ("emergency", "E"),
    "ambulatory": ("outpatient", None),
    "outpatient": ("outpatient", None),
    "wellness": ("outpatient", None),
    "urgentcare": ("outpatient", None),
    "home": ("home", None),
    "virtual": ("telehealth", None),
}
SYSTEMS = {"SNOMED-CT": SNOMED, "http://snomed.info/sct": SNOMED, "RxNorm": RxNorm, "ICD10": ICD10CM, "ICD9": ICD9CM}


# ---- encounters


def _setting(raw: ir.Table) -> ir.StringValue:
    import ibis

    told = raw.ENCOUNTERCLASS.lower()
    return ibis.cases(*((told == name, setting) for name, (setting, _) in CLASSES.items()), else_="other")


def encounters(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """When an encounter began, and that it ended."""
    import ibis

    def told(rows: ir.Table, status: str, known: ir.IntegerValue, end: ir.IntegerValue) -> ir.Table:
        return rows.select(
            person_id=rows.PATIENT,
            encounter_id=rows.Id,
            status=ibis.literal(status),
            encounter_type=_setting(rows),
            encounter_start_day=values.day(rows.START),
            encounter_end_day=end // windows.SECONDS_A_DAY,
            attending_provider_id=rows.PROVIDER,
            facility_id=rows.ORGANIZATION,
            **code_of(rows.REASONCODE, SNOMED),
            **timed(values.first_second(rows.START), end, known, values.precision(rows.START)),
        )

    over = raw.filter(raw.STOP.notnull())
    ended = values.last_second(over.STOP)
    begun = told(raw, "in-progress", values.last_second(raw.START), ibis.null("int64"))
    return begun.union(told(over, "finished", ended, ended))


def messages(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The admission to and the discharge from a hospital, as messages would tell them."""
    import ibis

    classes = {name: letter for name, (_, letter) in CLASSES.items() if letter is not None}
    rows = raw.filter(raw.ENCOUNTERCLASS.lower().isin(list(classes)))
    kind = rows.ENCOUNTERCLASS.lower()
    rows = rows.mutate(letter=ibis.cases(*((kind == name, letter) for name, letter in classes.items())))

    def told(rows: ir.Table, event: ir.StringValue, known: ir.IntegerValue, left: ir.IntegerValue) -> ir.Table:
        return rows.select(
            person_id=rows.PATIENT,
            visit_number=rows.Id,
            event_type=event,
            patient_class=rows.letter,
            admitted_at=values.first_second(rows.START),
            discharged_at=left,
            admission_day=values.day(rows.START),
            discharge_day=left // windows.SECONDS_A_DAY,
            facility_id=rows.ORGANIZATION,
            **code_of(rows.REASONCODE, SNOMED),
            **timed(known, known, known, values.precision(rows.START)),
        )

    over = rows.filter(rows.STOP.notnull())
    ended = values.last_second(over.STOP)
    registered = ibis.ifelse(rows.letter == "I", "A01", "A04")
    begun = told(rows, registered, values.last_second(rows.START), ibis.null("int64"))
    return begun.union(told(over, ibis.literal("A03"), ended, ended))


# ---- what was found, given and done


def problems(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """A condition has no identifier: its encounter and code are it."""
    import ibis

    def told(rows: ir.Table, status: str, known: ir.IntegerValue, end: ir.IntegerValue) -> ir.Table:
        return rows.select(
            person_id=rows.PATIENT,
            condition_id=rows.ENCOUNTER.fill_null(rows.START) + "|" + rows.CODE,
            encounter_id=rows.ENCOUNTER,
            status=ibis.literal(status),
            onset_day=values.day(rows.START),
            resolved_day=end // windows.SECONDS_A_DAY,
            **_system_coded(rows),
            **timed(values.first_second(rows.START), end, known, values.precision(rows.START)),
        )

    over = raw.filter(raw.STOP.notnull())
    ended = values.last_second(over.STOP)
    return (
        told(raw, "active", values.last_second(raw.START), ibis.null("int64"))
        .union(told(over, "resolved", ended, ended))
        .distinct()
    )


def _system_coded(rows: ir.Table) -> dict[str, ir.Value]:
    """The code, of the system that newer versions name; SNOMED CT where none is named."""
    import ibis

    named = ibis.cases(
        *((told == rows.SYSTEM, system.name) for told, system in SYSTEMS.items()),
        (rows.SYSTEM.isnull(), SNOMED.name),
        else_=ibis.null("string"),
    )
    return dict(values.coded(named, rows.CODE, (SNOMED, RxNorm, ICD10CM, ICD9CM)))


def allergies(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """An allergy has no identifier: its encounter and code are it."""
    import ibis

    rows = raw.mutate(allergy_id=raw.ENCOUNTER.fill_null(raw.START) + "|" + raw.CODE)
    return rows.select(
        "allergy_id",
        person_id=rows.PATIENT,
        allergy_type=rows.TYPE.lower(),
        category=rows.CATEGORY.lower(),
        status=ibis.literal("active"),
        **_system_coded(rows),
        **{**at_time(rows.START), "happened_to": ibis.null("int64")},
    ).distinct()


def prescriptions(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """When a medicine was prescribed, and that it ended."""
    import ibis

    def told(rows: ir.Table, status: str, known: ir.IntegerValue) -> ir.Table:
        return rows.select(
            person_id=rows.PATIENT,
            prescription_id=rows.ENCOUNTER.fill_null(rows.START) + "|" + rows.CODE,
            encounter_id=rows.ENCOUNTER,
            status=ibis.literal(status),
            **code_of(rows.CODE, RxNorm),
            **{**at_time(rows.START), "known_at": known},
        )

    over = raw.filter(raw.STOP.notnull())
    return (
        told(raw, "active", values.last_second(raw.START))
        .union(told(over, "completed", values.last_second(over.STOP)))
        .distinct()
    )


def results(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Observations with their value, where it is a number."""
    import ibis

    category = raw.CATEGORY.fill_null("")
    kind = ibis.cases(
        (category == "laboratory", "laboratory"), (category == "vital-signs", "vital"), else_="assessment"
    )
    at = at_time(raw.DATE)
    late = ibis.ifelse(kind == "laboratory", RESULT_DAYS_AFTER * windows.SECONDS_A_DAY, 0)
    return raw.select(
        person_id=raw.PATIENT,
        kind=kind,
        **code_of(raw.CODE, LOINC),
        value=values.thousandths(raw.VALUE),
        unit=raw.UNITS,
        **{**at, "known_at": at["known_at"] + late},
    )


def procedures(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """What was done."""
    start = raw.START.fill_null(raw.DATE)
    stop = values.last_second(raw.STOP.fill_null(start))
    return raw.select(
        person_id=raw.PATIENT,
        procedure_id=raw.ENCOUNTER.fill_null("") + "|" + raw.CODE + "|" + start,
        encounter_id=raw.ENCOUNTER,
        **code_of(raw.CODE, SNOMED),
        **timed(values.first_second(start), stop, stop, values.precision(start)),
    ).distinct()


def immunizations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Vaccines given."""
    return raw.select(person_id=raw.PATIENT, **code_of(raw.CODE, CVX), **at_time(raw.DATE))
