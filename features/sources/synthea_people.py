"""Synthea's CSV: people, what covers them, the claims for their care, and who cares for them where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import SNOMED
from features.sources import values
from features.sources.files import InputFile
from features.sources.reader import Delivery
from features.sources.synthea_rows import ALWAYS_KNOWN, SOURCE, at_time, code_of, timed

if TYPE_CHECKING:
    import ibis.expr.types as ir

DEATH_LAG_DAYS, DAYS_TO_PAY, DAYS_TO_DELIVER = 30, 30, 15  # declared by us: the files are silent
OPEN_END = windows.first_day_of_year(2100)
DIAGNOSES = 8
# the identifier of the payer NO_INSURANCE in payers.csv of Synthea 2 and of Synthea 3
NOT_INSURED = ("b1c428d6-4f07-31e0-90f0-68ffa6ff8c76", "e03e23c9-4df1-3eb6-a62d-f70f02301496")


# ---- people


def persons(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Who somebody is, known since birth."""
    import ibis

    return raw.select(
        person_id=raw.Id,
        birth_day=values.day(raw.BIRTHDATE),
        sex=ibis.cases((raw.GENDER == "F", "female"), (raw.GENDER == "M", "male"), else_="unknown"),
        race=raw.RACE.lower(),
        ethnicity=raw.ETHNICITY.lower(),
        state=raw.STATE,
        zip_code=raw.ZIP,
        **{**at_time(raw.BIRTHDATE), "happened_to": ibis.null("int64")},
    )


def deaths(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """That somebody died."""
    died = raw.filter(raw.DEATHDATE.notnull())
    return died.select(person_id=died.Id, **at_time(died.DEATHDATE, DEATH_LAG_DAYS))


def contacts(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """How to reach somebody."""
    import ibis

    return raw.select(
        person_id=raw.Id,
        first_name=raw.FIRST,
        last_name=raw.LAST,
        address=raw.ADDRESS,
        city=raw.CITY,
        **{**at_time(raw.BIRTHDATE), "happened_to": ibis.null("int64")},
    )


def coverage(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """One row a month. A span without an end is followed to the latest start in the file."""
    import ibis

    start = values.day(raw.START_DATE.fill_null(raw.START_YEAR))
    rows = raw.select(
        person_id=raw.PATIENT,
        payer=raw.PAYER,
        start=start,
        end=values.day(raw.END_DATE.fill_null(raw.END_YEAR)),
        seen=start.max().over(ibis.window()),
    )
    rows = rows.filter(~rows.payer.isin(NOT_INSURED))
    last = ibis.ifelse(rows.end < OPEN_END, rows.end, None).fill_null(ibis.greatest(rows.seen, rows.start))
    rows = rows.mutate(end=last)
    rows = rows.mutate(month=windows.expression_of_months(rows.start, rows.end))
    return rows.select(
        "person_id",
        "payer",
        **timed(
            rows.month * windows.SECONDS_A_DAY,
            windows.expression_of_local_end(windows.expression_of_month_end(rows.month)),
            windows.expression_of_local_end(ibis.greatest(rows.month, rows.start)),
            ibis.literal("month"),
        ),
    ).distinct()


# ---- claims: one row a claim; what was charged for what is in another file


def _billed(raw: ir.Table, delivery: Delivery) -> tuple[ir.IntegerValue, ir.IntegerValue, ir.IntegerValue]:
    """(first day, last day, day on which it was known)"""
    waits = DAYS_TO_DELIVER if delivery.back_load_delay is None else delivery.back_load_delay
    first = values.day(raw.SERVICEDATE)
    last = values.day(raw.LASTBILLEDDATE1).fill_null(first)
    return first, last, last + DAYS_TO_PAY + waits


def _of_claim(raw: ir.Table, delivery: Delivery) -> dict[str, ir.Value]:
    import ibis

    first, last, known = _billed(raw, delivery)
    return {
        "person_id": raw.PATIENTID,
        "claim_id": raw.Id,
        "version": ibis.literal(0, "int64"),
        **timed(
            first * windows.SECONDS_A_DAY,
            windows.expression_of_local_end(last),
            windows.expression_of_local_end(known),
            ibis.literal("day"),
        ),
    }


def claims(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """One line a claim."""
    import ibis

    kind = raw.HEALTHCARECLAIMTYPEID1
    return raw.select(
        **_of_claim(raw, delivery),
        cancels=ibis.literal(0, "int8"),
        claim_line_number=ibis.literal(1, "int64"),
        claim_type=ibis.cases((kind == "1", "professional"), (kind == "2", "institutional"), else_="undetermined"),
        rendering_id=raw.PROVIDERID,
        billing_id=raw.PROVIDERID,
    )


def diagnoses(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The diagnoses of a claim, the first one principal."""
    import ibis

    places = range(1, DIAGNOSES + 1)
    rows = raw.mutate(
        place=ibis.array(list(places)).unnest(), told=ibis.array([raw[f"DIAGNOSIS{i}"] for i in places]).unnest()
    )
    rows = rows.filter(rows.told.notnull())
    return rows.select(
        role=ibis.ifelse(rows.place == 1, "principal", "secondary"),
        **_of_claim(rows, delivery),
        **code_of(rows.told, SNOMED),
    ).distinct()


# ---- who and where


def providers(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Clinicians."""
    import ibis

    return raw.select(
        provider_id=raw.Id,
        name=raw.NAME,
        practice=raw.ORGANIZATION,
        specialty=raw.SPECIALITY.lower(),
        known_at=ibis.literal(ALWAYS_KNOWN),
        source=ibis.literal(SOURCE),
    )


def facilities(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Places of care."""
    import ibis

    return raw.select(
        facility_id=raw.Id, name=raw.NAME, known_at=ibis.literal(ALWAYS_KNOWN), source=ibis.literal(SOURCE)
    )
