"""FHIR R4: patients, their consent and coverage; clinicians and places of care.

When it was known: what a Patient says of a person is declared known since birth (the resource does not say since when);
a death DEATH_LAG_DAYS after it, declared; a month of coverage on its first covered day; a consent when it was given,
and that it no longer holds when the server last changed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.record.tables import CONSENT, CONTACT_DETAILS, COVERAGE, DEATH, FACILITY, IDENTIFIER, PERSON, PROVIDER
from features.sources import values
from features.sources.fhir_layouts import as_listed, before, happened, layout, nothing_wrong, of_a_patient, one_of, void
from features.sources.fhir_paths import NPI, codes, person, text, time
from features.sources.fhir_sheets import Sheet
from features.sources.files import InputFile
from features.sources.identifiers import expression_of_mbi, expression_of_plain
from features.sources.reader import Delivery

if TYPE_CHECKING:
    import ibis.expr.types as ir

DEATH_LAG_DAYS = 30  # declared by us: the resource is silent
ALWAYS_KNOWN = windows.local_end(0)  # clinicians and places of care; a person whose birth is not told


# ---- patients


def _patient_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        "no id": raw.id.isnull(),
        **values.no_births({"birthDate": raw.born_from // windows.SECONDS_A_DAY}),
        "deceasedDateTime before birthDate": before(raw.died_to, raw.born_from),
    }


# SNOMED CT's findings, which the US Core extension of a person's sex carries
SEXES = {"248152002": "female", "248153007": "male"}


def _since_birth(raw: ir.Table) -> dict[str, ir.Value]:
    import ibis

    return {
        "happened_from": raw.born_from,
        "happened_to": ibis.null("int64"),
        "precision": raw.born_precision.fill_null("day"),
        "known_at": raw.born_to.fill_null(ALWAYS_KNOWN),
        "source": ibis.literal("fhir"),
    }


def _persons(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    return raw.select(
        person_id=raw.id,
        birth_day=raw.born_from // windows.SECONDS_A_DAY,
        sex=one_of(raw.gender, ("female", "male")).fill_null("unknown"),
        clinical_sex=one_of(as_listed(raw.clinical_sex, SEXES), ("female", "male", "unknown")),
        race=raw.race.lower(),
        ethnicity=raw.ethnicity.lower(),
        state=raw.state,
        zip_code=raw.zip_code,
        **_since_birth(raw),
    )


def _deaths(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    died = raw.filter(raw.died_to.notnull())
    late = died.died_to // windows.SECONDS_A_DAY + DEATH_LAG_DAYS
    return died.select(person_id=died.id, **happened(died, "died", windows.expression_of_local_end(late)))


def _contacts(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        "first_name",
        "last_name",
        "phone",
        "email",
        "address",
        "city",
        "preferred_language",
        "caregiver_name",
        "caregiver_phone",
        person_id=raw.id,
        interpreter_needed=ibis.cases(
            (raw.interpreter.isin(["373066001", "true", "Y"]), 1),
            (raw.interpreter.isin(["373067005", "false", "N"]), 0),
        ).cast("int8"),
        **_since_birth(raw),
    )


def _of_use(*paths: str) -> tuple[str, ...]:
    """Paths into names or addresses, those in use first."""
    found = []
    for path in paths:
        name, _, rest = path.partition(".")
        found += [f"{name}[use={use}].{rest}" for use in ("official", "usual", "home")] + [path]
    return tuple(found)


RACE, ETHNICITY = "extension[url=us-core-race].extension", "extension[url=us-core-ethnicity].extension"
PATIENTS = Sheet(
    "Patient",
    layout("Patient", _patient_rejects, {PERSON: _persons, DEATH: _deaths, CONTACT_DETAILS: _contacts}),
    takes={
        "id": text("id"),
        "born": time("birthDate"),
        "died": time("deceasedDateTime"),
        "gender": text("gender"),
        "clinical_sex": text("extension[url=us-core-sex].valueCode", "extension[url=us-core-sex].valueCoding.code"),
        "race": text(
            "extension[url=race].valueCoding.display",
            f"{RACE}[url=ombcategory].valueCoding.display",
            f"{RACE}[url=text].valueString",
        ),
        "ethnicity": text(f"{ETHNICITY}[url=ombcategory].valueCoding.display", f"{ETHNICITY}[url=text].valueString"),
        "state": text(*_of_use("address.state")),
        "zip_code": text(*_of_use("address.postalCode")),
        "first_name": text(*_of_use("name.given")),
        "last_name": text(*_of_use("name.family")),
        "phone": text("telecom[system=phone].value"),
        "email": text("telecom[system=email].value"),
        "address": text(*_of_use("address.line")),
        "city": text(*_of_use("address.city")),
        "preferred_language": text(
            "communication[preferred=true].language.coding.code", "communication.language.coding.code"
        ),
        "interpreter": text(
            "extension[url=us-core-interpreter-needed].valueCoding.code",
            "extension[url=patient-interpreterrequired].valueBoolean",
        ),
        "caregiver_name": text("contact.name.text", "contact.name.family"),
        "caregiver_phone": text("contact.telecom[system=phone].value"),
    },
)


# ---- their numbers


def _identifiers(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Numbers that say what kind they are, by their type or system; an old one too is a number of the person."""
    import ibis

    kind, system = raw.number_kind.upper(), raw.number_system.lower()
    number = expression_of_plain(raw.number)
    us = system.split("/")[-1]
    told = ibis.cases(
        (((us == "us-mbi") | (kind == "MC")) & expression_of_mbi(number), "mbi"),
        ((us == "us-ssn") | (kind == "SS"), "ssn"),
        ((kind == "MR") & system.notnull(), "mrn"),
        ((kind == "MB") & system.notnull(), "member"),
        else_=ibis.null("string"),
    )
    rows = raw.mutate(told=told, number=number)
    rows = rows.filter(rows.told.notnull(), rows.number.notnull())
    return rows.select(
        person_id=rows.id,
        system=rows.told,
        owner=ibis.ifelse(rows.told.isin(["mrn", "member"]), rows.number_system, None),
        value=rows.number,
        **_since_birth(rows),
    )


NUMBERS = Sheet(
    "Patient",
    layout("Patient identifier", nothing_wrong, {IDENTIFIER: _identifiers}),
    takes={
        "number": text("value"),
        "number_kind": text("type.coding.code"),
        "number_system": text("system", "assigner.display"),
    },
    each="identifier",
    beside=PATIENTS,
)


# ---- coverage


def _coverage_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        "no patient that is told by a reference": raw.person_id.isnull(),
        **void(raw),
        "no period of coverage": raw.started_from.isnull(),
        "period.end before period.start": before(raw.ended_to, raw.started_from),
    }


def _coverage(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """One row a month. A period without an end, or that ends after what the delivery can know, is followed to the day
    on which the server last changed it, else to the latest start in the delivery.
    """
    import ibis

    start = raw.started_from // windows.SECONDS_A_DAY
    seen = (raw.updated_to // windows.SECONDS_A_DAY).fill_null(start.max().over(ibis.window()))
    rows = raw.mutate(start=start, seen=ibis.greatest(seen, start))
    rows = rows.mutate(end=ibis.least((rows.ended_to // windows.SECONDS_A_DAY).fill_null(rows.seen), rows.seen))
    rows = rows.mutate(month=windows.expression_of_months(rows.start, rows.end))
    part = rows.part.fill_null(rows["plan"]).lower()
    return rows.select(
        person_id=rows.person_id,
        payer=rows.payer,
        payer_type=rows.kind.lower(),
        plan=rows["plan"].fill_null(rows.part),
        managed_care=ibis.ifelse(part.isin(["part c", "part-c"]), 1, None).cast("int8"),
        drug_coverage=ibis.ifelse(part.isin(["part d", "part-d"]), 1, None).cast("int8"),
        happened_from=rows.month * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(windows.expression_of_month_end(rows.month)),
        precision=ibis.literal("month"),
        known_at=windows.expression_of_local_end(ibis.greatest(rows.month, rows.start)),
        source=ibis.literal("fhir"),
    )


COVERAGES = Sheet(
    "Coverage",
    layout("Coverage", _coverage_rejects, {COVERAGE: _coverage}),
    takes={
        "person_id": person("beneficiary"),
        "status": text("status"),
        "started": time("period.start"),
        "ended": time("period.end"),
        "updated": time("meta.lastUpdated"),
        "payer": text("payor.display", "payor.identifier.value", "payor.reference"),
        "kind": text("type.text", "type.coding.display", "type.coding.code"),
        "plan": text("class[type=plan].name", "class[type=plan].value"),
        "part": text("class[type=plan].value", "grouping.subPlan"),
    },
)


# ---- consent


def _consent_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **of_a_patient(raw),
        **void(raw, ("entered-in-error",)),
        "no dateTime and no meta.lastUpdated": raw.given_to.isnull(),
    }


def _consents(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    def row(rows: ir.Table, status: ir.StringValue, known: ir.IntegerValue) -> ir.Table:
        return rows.select(
            person_id=rows.person_id,
            consent_id=rows.id,
            status=status,
            scope=rows.scope.lower(),
            category=rows.category,
            provision=one_of(rows.provision, ("permit", "deny")),
            action=rows.action.lower(),
            start_day=rows.holds_from // windows.SECONDS_A_DAY,
            end_day=rows.holds_to // windows.SECONDS_A_DAY,
            **happened(rows, "given", known),
        )

    status = raw.status.lower()
    given = raw.filter(status.isin(["active", "inactive"]))
    over = raw.filter(status == "inactive", raw.updated_to > raw.given_to)
    refused = raw.filter(status == "rejected")
    return ibis.union(
        row(given, ibis.literal("active"), given.given_to),
        row(over, ibis.literal("inactive"), over.updated_to),
        row(refused, ibis.literal("rejected"), refused.given_to),
    )


CONSENTS = Sheet(
    "Consent",
    layout("Consent", _consent_rejects, {CONSENT: _consents}),
    takes={
        "id": text("id"),
        "person_id": person("patient"),
        "status": text("status"),
        "scope": text("scope.coding.code"),
        "category": text("category.coding.code"),
        "provision": text("provision.type"),
        "action": text("provision.action.coding.code"),
        "holds": time("provision.period"),
        "given": time("dateTime", "meta.lastUpdated"),
        "updated": time("meta.lastUpdated"),
    },
)


# ---- clinicians and places of care


def _no_id(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {"no id and no NPI": raw.id.isnull() & raw.npi.isnull()}


def _practitioners(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    name = raw.given.fill_null("") + " " + raw.family.fill_null("")
    return raw.select(
        provider_id=raw.npi.fill_null(raw.id),
        name=name.strip().nullif(""),
        known_at=ibis.literal(ALWAYS_KNOWN),
        source=ibis.literal("fhir"),
    )


def _facilities(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    rows = raw.filter(*(~raw.types.fill_null("").contains(f" {kind} ") for kind in NOT_CARE))
    return rows.select(
        facility_id=rows.npi.fill_null(rows.id),
        ccn=rows.ccn,
        name=rows.told_name,
        facility_type=rows.kind.lower(),
        known_at=ibis.literal(ALWAYS_KNOWN),
        source=ibis.literal("fhir"),
    )


NOT_CARE = ("pay", "ins", "govt", "edu", "reli", "crs", "cg", "bus")  # organization-type: who pays, teaches, sponsors
NUMBER, CCN = (
    text(f"identifier[system={NPI}].value"),
    text("identifier[system=ccn|urn:oid:2.16.840.1.113883.4.336].value"),
)
PRACTITIONERS = Sheet(
    "Practitioner",
    layout("Practitioner", _no_id, {PROVIDER: _practitioners}),
    takes={"id": text("id"), "npi": NUMBER, "given": text("name.given"), "family": text("name.family", "name.text")},
    answers="who",
)
ORGANIZATIONS, LOCATIONS = (
    Sheet(
        kind,
        layout(kind, _no_id, {FACILITY: _facilities}),
        takes={
            "id": text("id"),
            "npi": NUMBER,
            "ccn": CCN,
            "told_name": text("name"),
            "types": codes("type"),
            "kind": text("type.coding.display", "type.text"),
        },
        answers="who",
    )
    for kind in ("Organization", "Location")
)

SHEETS = (PATIENTS, NUMBERS, COVERAGES, CONSENTS, PRACTITIONERS, ORGANIZATIONS, LOCATIONS)
