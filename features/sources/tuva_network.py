"""Tuva Input Layer: who the members are, what covers them, who answers for them; clinicians and places of care.

Enrolment is told by spans; the record keeps months. A month is known on its first covered day, or when the file came
that told it. What an eligibility row says of a person is known when its enrolment starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.record.consent import PRIVACY
from features.record.tables import (
    ATTRIBUTION,
    CONSENT,
    CONTACT_DETAILS,
    COVERAGE,
    DEATH,
    FACILITY,
    IDENTIFIER,
    PERSON,
    PROVIDER,
)
from features.sources import values
from features.sources.files import InputFile
from features.sources.identifiers import expression_of_mbi, expression_of_plain
from features.sources.reader import Delivery, Layout

if TYPE_CHECKING:
    import ibis.expr.types as ir

DEATH_LAG_DAYS = 30  # declared by us, used where a row has no file date
ALWAYS_KNOWN = windows.local_end(0)  # clinicians and places of care: not facts about a patient
WHO = ("birth_day", "sex", "race", "ethnicity", "state", "zip_code", "entitlement_code")

ELIGIBILITY_DATES = ("birth_date", "death_date", "enrollment_start_date", "enrollment_end_date")


# ---- eligibility


def _eligibility_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "enrollment_start_date")),
        **values.no_dates(raw, (*ELIGIBILITY_DATES, "file_date")),
        **values.no_births({"birth_date": values.day(raw.birth_date)}),
        "enrollment_end_date before enrollment_start_date": values.day(raw.enrollment_end_date)
        < values.day(raw.enrollment_start_date),
        "death_date before birth_date": values.day(raw.death_date) < values.day(raw.birth_date),
    }


def _told_day(raw: ir.Table, delivery: Delivery) -> ir.IntegerValue:
    """The day of the row's delivery; null in a first back-load, where it says nothing of when a fact was known."""
    import ibis

    return values.day(raw.file_date) if delivery.back_load_delay is None else ibis.null("int64")


def _persons(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    gender = raw.gender.lower()
    rows = raw.select(
        person_id=raw.person_id,
        birth_day=values.day(raw.birth_date),
        sex=ibis.cases((gender.isin(["female", "f"]), "female"), (gender.isin(["male", "m"]), "male"), else_="unknown"),
        race=raw.race.lower(),
        ethnicity=raw.ethnicity.lower(),
        state=raw.state,
        zip_code=raw.zip_code,
        entitlement_code=raw.original_reason_entitlement_code,
        start=values.day(raw.enrollment_start_date),
        source=raw.data_source.fill_null("tuva"),
    )
    order = ibis.window(group_by="person_id", order_by="start")
    told = ibis.literal("|").join([rows[name].cast("string").fill_null("") for name in WHO])
    rows = rows.mutate(told=told)
    rows = rows.mutate(before=rows.told.lag().over(order))
    rows = rows.filter((rows.before != rows.told).fill_null(True))
    return rows.mutate(
        happened_from=rows.start * windows.SECONDS_A_DAY,
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(rows.start),
    ).drop("start", "told", "before")


def _deaths(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    died = values.day(raw.death_date)
    rows = raw.select(
        person_id=raw.person_id,
        died=died,
        known_day=ibis.greatest(died, _told_day(raw, delivery).fill_null(died + DEATH_LAG_DAYS)),
        source=raw.data_source.fill_null("tuva"),
    )
    rows = rows.filter(rows.died.notnull())
    rows = rows.group_by("person_id", "died", "source").aggregate(known_day=rows.known_day.min())
    return rows.select(
        person_id=rows.person_id,
        happened_from=rows.died * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(rows.died),
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(rows.known_day),
        source=rows.source,
    )


def _identifiers(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The member's number with its payer, or an MBI by its form; known when the first enrolment with it starts."""
    import ibis

    mbi = expression_of_mbi(raw.member_id)
    rows = raw.select(
        person_id=raw.person_id,
        system=ibis.ifelse(mbi, "mbi", "member"),
        owner=ibis.ifelse(mbi, None, raw.payer),
        value=expression_of_plain(raw.member_id),
        start=values.day(raw.enrollment_start_date),
        source=raw.data_source.fill_null("tuva"),
    )
    rows = rows.filter(rows.value.notnull())
    rows = rows.group_by("person_id", "system", "owner", "value", "source").aggregate(start=rows.start.min())
    return rows.mutate(
        happened_from=rows.start * windows.SECONDS_A_DAY,
        precision=ibis.literal("day"),
        known_at=windows.expression_of_local_end(rows.start),
    ).drop("start")


def _coverage(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """One row a member and month. A span without an end, or ending after the last day that the file can know, is
    followed to that day: its file date, else the latest start in the file.
    """
    import ibis

    start = values.day(raw.enrollment_start_date)
    rows = raw.select(
        person_id=raw.person_id,
        payer=raw.payer,
        payer_type=raw.payer_type.lower(),
        plan=raw["plan"],
        dual_status_code=raw.dual_status_code,
        start=start,
        end=values.day(raw.enrollment_end_date),
        seen=values.day(raw.file_date).fill_null(start.max().over(ibis.window())),
        told=_told_day(raw, delivery),
        source=raw.data_source.fill_null("tuva"),
    )
    last = ibis.greatest(rows.start, ibis.ifelse(rows.end < OPEN_END, rows.end, None).fill_null(rows.seen))
    rows = rows.mutate(end=last)
    rows = rows.mutate(month=windows.expression_of_months(rows.start, rows.end))
    known = ibis.coalesce(rows.told, ibis.greatest(rows.month, rows.start))
    return rows.select(
        "person_id",
        "payer",
        "payer_type",
        "plan",
        "dual_status_code",
        happened_from=rows.month * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(windows.expression_of_month_end(rows.month)),
        precision=ibis.literal("month"),
        known_at=windows.expression_of_local_end(known),
        source=rows.source,
    )


OPEN_END = windows.first_day_of_year(2100)  # feeds write 9999-12-31 and its like for "still enrolled"


# ---- attribution and contact details


def _month(raw: ir.Table) -> ir.IntegerValue:
    """First day of `year_month`, written 202407 or 2024-07."""
    return windows.expression_of_day(raw.year_month.replace("-", "") + "01", "%Y%m%d")


def _attribution_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "year_month")),
        "year_month is not a month": _month(raw).isnull(),
    }


def _attributions(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    first = _month(raw)
    return raw.select(
        person_id=raw.person_id,
        provider_id=raw.payer_attributed_provider.fill_null(raw.custom_attributed_provider),
        practice=raw.payer_attributed_provider_practice.fill_null(raw.custom_attributed_provider_practice),
        happened_from=first * windows.SECONDS_A_DAY,
        happened_to=windows.expression_of_local_end(windows.expression_of_month_end(first)),
        precision=ibis.literal("month"),
        known_at=windows.expression_of_local_end(first),
        source=raw.data_source.fill_null("tuva"),
    )


def _contact_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "updated_date")),
        **values.no_dates(raw, ("updated_date",)),
    }


def _contacts(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        "person_id",
        "first_name",
        "last_name",
        "phone",
        "email",
        "address",
        "city",
        "preferred_language",
        "best_time",
        "caregiver_name",
        "caregiver_phone",
        interpreter_needed=values.flag(raw.interpreter_needed),
        contact_opt_out=values.flag(raw.contact_opt_out),
        happened_from=values.first_second(raw.updated_date),
        happened_to=ibis.null("int64"),
        precision=values.precision(raw.updated_date),
        known_at=values.last_second(raw.updated_date),
        source=raw.data_source.fill_null("tuva"),
    )


def _sharing(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """Whether somebody lets their data be used, where the file says so: one consent, told anew each time."""
    import ibis

    rows = raw.mutate(out=values.flag(raw.data_sharing_opt_out))
    rows = rows.filter(rows.out.notnull())
    return rows.select(
        "person_id",
        consent_id=ibis.literal("data-sharing"),
        status=ibis.literal("active"),
        scope=ibis.literal(PRIVACY),
        provision=ibis.ifelse(rows.out == 1, "deny", "permit"),
        happened_from=values.first_second(rows.updated_date),
        happened_to=ibis.null("int64"),
        precision=values.precision(rows.updated_date),
        known_at=values.last_second(rows.updated_date),
        source=rows.data_source.fill_null("tuva"),
    )


# ---- clinicians and places of care


def _practitioners(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    name = raw.first_name.fill_null("") + " " + raw.last_name.fill_null("")
    return raw.select(
        provider_id=raw.npi.fill_null(raw.practitioner_id),
        name=name.strip().nullif(""),
        practice=raw.practice_affiliation,
        specialty=raw.specialty.lower(),
        known_at=ibis.literal(ALWAYS_KNOWN),
        source=raw.data_source.fill_null("tuva"),
    )


def _locations(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        "ccn",
        "name",
        facility_id=raw.npi.fill_null(raw.location_id),
        facility_type=raw.facility_type.lower(),
        known_at=ibis.literal(ALWAYS_KNOWN),
        source=raw.data_source.fill_null("tuva"),
    )


ELIGIBILITY = Layout(
    name="eligibility",
    marks=("person_id", "enrollment_start_date"),
    needs=(
        *("person_id", "gender", "race", *ELIGIBILITY_DATES, "payer", "payer_type", "plan"),
        *("original_reason_entitlement_code", "dual_status_code", "state", "zip_code", "data_source"),
    ),
    may=("ethnicity", "file_date", "member_id"),
    rejects=_eligibility_rejects,
    fills={PERSON: _persons, IDENTIFIER: _identifiers, DEATH: _deaths, COVERAGE: _coverage},
)
PROVIDER_ATTRIBUTION = Layout(
    name="provider_attribution",
    marks=("person_id", "year_month"),
    needs=(
        *("person_id", "year_month", "payer_attributed_provider", "payer_attributed_provider_practice"),
        "data_source",
    ),
    may=("custom_attributed_provider", "custom_attributed_provider_practice"),
    rejects=_attribution_rejects,
    fills={ATTRIBUTION: _attributions},
)
CONTACT = Layout(
    name="contact",
    marks=("person_id", "contact_opt_out"),
    needs=("person_id", "phone", "preferred_language", "contact_opt_out", "updated_date", "data_source"),
    may=(
        *("first_name", "last_name", "email", "address", "city", "interpreter_needed", "best_time"),
        *("caregiver_name", "caregiver_phone", "data_sharing_opt_out"),
    ),
    rejects=_contact_rejects,
    fills={CONTACT_DETAILS: _contacts, CONSENT: _sharing},
)
PRACTITIONER = Layout(
    name="practitioner",
    marks=("practitioner_id", "npi"),
    needs=("practitioner_id", "npi", "first_name", "last_name", "practice_affiliation", "specialty", "data_source"),
    rejects=lambda raw: {"no practitioner_id or npi": raw.npi.isnull() & raw.practitioner_id.isnull()},
    fills={PROVIDER: _practitioners},
)
LOCATION = Layout(
    name="location",
    marks=("location_id", "npi"),
    needs=("location_id", "npi", "name", "facility_type", "data_source"),
    may=("ccn",),
    rejects=lambda raw: {"no location_id or npi": raw.npi.isnull() & raw.location_id.isnull()},
    fills={FACILITY: _locations},
)
