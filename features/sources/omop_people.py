"""OMOP CDM: PERSON, OBSERVATION_PERIOD, DEATH, VISIT_OCCURRENCE, and the vocabularies of the delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.record.tables import ADT_EVENT, COVERAGE, DEATH, ENCOUNTER, PERSON
from features.sources import values
from features.sources.files import InputFile
from features.sources.omop_codes import DISPOSITIONS, ETHNICITIES, ORIGINS, SEXES, VISITS
from features.sources.omop_lookups import (
    Beside,
    end_of,
    name_of,
    named,
    number,
    persons,
    span,
    unknown_person,
    when,
)
from features.sources.reader import Delivery, Layout

if TYPE_CHECKING:
    import ibis.expr.types as ir

DEATH_LAG_DAYS = 30  # declared by us: the CDM has no time of knowing
OF_A_YEAR, OF_A_MONTH = "12", "28"


# ---- people


def _birth(raw: ir.Table, month: str, day: str) -> ir.IntegerValue:
    import ibis

    parts = [
        number(raw.year_of_birth),
        number(raw.month_of_birth).fill_null(month).lpad(2, "0"),
        number(raw.day_of_birth).fill_null(day).lpad(2, "0"),
    ]
    return windows.expression_of_day(ibis.literal("-").join(parts), values.DAY)


def _person_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id",)),
        "year_of_birth, month_of_birth, day_of_birth are not a date": _birth(raw, "01", "01").isnull(),
        **values.no_births({"year_of_birth": _birth(raw, "01", "01")}),
    }


def _person_names(raw: ir.Table, beside: Beside) -> ir.Table:
    return name_of(raw, "race_concept_id", beside, "race_name")


def _persons(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """What PERSON says is declared known since birth: it is never dated. The day of a birth of which only the year or
    month is told is the first of it.
    """
    import ibis

    born = _birth(raw, "01", "01")
    last = _birth(raw, OF_A_YEAR, OF_A_MONTH)
    exact = raw.day_of_birth.notnull()
    sex = number(raw.gender_concept_id).cases(*SEXES.items(), else_=None)
    written = raw.gender_source_value.lower().substr(0, 1).cases(("f", "female"), ("m", "male"), else_=None)
    standard = ibis.ifelse(number(raw.race_concept_id) != "0", raw.race_name, None)
    return raw.select(
        person_id=named(raw.person_source_value, number(raw.person_id)),
        birth_day=born,
        sex=ibis.coalesce(sex, written, ibis.literal("unknown")),
        race=standard.fill_null(raw.race_source_value.lower()),
        ethnicity=number(raw.ethnicity_concept_id)
        .cases(*ETHNICITIES.items(), else_=None)
        .fill_null(raw.ethnicity_source_value.lower()),
        happened_from=born * windows.SECONDS_A_DAY,
        happened_to=ibis.null("int64"),
        precision=ibis.cases((exact, "day"), (raw.month_of_birth.notnull(), "month"), else_="year"),
        known_at=end_of(ibis.ifelse(exact, born, windows.expression_of_month_end(last))),
        source=ibis.literal("omop"),
    )


def _period_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    dates = ("observation_period_start_date", "observation_period_end_date")
    return {
        **values.none_given(raw, ("person_id", *dates)),
        **unknown_person(raw),
        **values.no_dates(raw, dates),
        "observation_period_end_date before observation_period_start_date": values.day(raw[dates[1]])
        < values.day(raw[dates[0]]),
    }


def _coverage(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """The months in which care of the person would have been recorded; each is known on its first observed day."""
    import ibis

    rows = raw.select(
        person_id=raw.who,
        start=values.day(raw.observation_period_start_date),
        end=values.day(raw.observation_period_end_date),
    )
    rows = rows.mutate(month=windows.expression_of_months(rows.start, rows.end))
    return rows.select(
        "person_id",
        happened_from=rows.month * windows.SECONDS_A_DAY,
        happened_to=end_of(windows.expression_of_month_end(rows.month)),
        precision=ibis.literal("month"),
        known_at=end_of(ibis.greatest(rows.month, rows.start)),
        source=ibis.literal("omop"),
    )


def _death_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "death_date")),
        **unknown_person(raw),
        **values.no_dates(raw, ("death_date",)),
    }


def _deaths(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    died = when(raw.death_date, raw.death_datetime)
    return raw.select(
        person_id=raw.who, known_at=end_of(values.day(raw.death_date) + DEATH_LAG_DAYS), **span(raw, died, died)
    )


# ---- visits


def _visit_rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **values.none_given(raw, ("person_id", "visit_occurrence_id", "visit_start_date")),
        **unknown_person(raw),
        **values.no_dates(raw, ("visit_start_date", "visit_end_date")),
        "visit_end_date before visit_start_date (negative length of stay)": values.day(raw.visit_end_date)
        < values.day(raw.visit_start_date),
    }


def _began(raw: ir.Table) -> ir.StringValue:
    return when(raw.visit_start_date, raw.visit_start_datetime)


def _ended(raw: ir.Table) -> ir.StringValue:
    return when(raw.visit_end_date, raw.visit_end_datetime)


def _setting(raw: ir.Table) -> ir.StringValue:
    kind = number(raw.visit_concept_id)
    return kind.cases(*((concept, setting) for concept, (setting, _) in VISITS.items()), else_="other")


def _letter(raw: ir.Table) -> ir.StringValue:
    kind = number(raw.visit_concept_id)
    return kind.cases(*((concept, letter) for concept, (_, letter) in VISITS.items() if letter), else_=None)


def _disposition(raw: ir.Table) -> ir.StringValue:
    """By concept, of either version's column; else the source value where it has the form of a patient status."""
    import ibis

    concept = ibis.coalesce(raw.discharged_to_concept_id, raw.discharge_to_concept_id)
    written = ibis.coalesce(raw.discharged_to_source_value, raw.discharge_to_source_value)
    plain = ibis.ifelse(written.re_search("^[0-9]{1,2}$"), values.two_digits(written), None)
    return number(concept).cases(*DISPOSITIONS.items(), else_=None).fill_null(plain)


def _origin(raw: ir.Table) -> ir.StringValue:
    import ibis

    concept = ibis.coalesce(raw.admitted_from_concept_id, raw.admitting_source_concept_id)
    written = ibis.coalesce(raw.admitted_from_source_value, raw.admitting_source_value).upper()
    plain = ibis.ifelse(written.re_search("^[1-9A-G]$"), written, None)
    return number(concept).cases(*ORIGINS.items(), else_=None).fill_null(plain)


def _encounters(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """A visit is known when it begins, and once more when it has ended: declared."""
    import ibis

    def told(rows: ir.Table, status: str) -> ir.Table:
        over = status == "finished"
        time = span(rows, _began(rows), _ended(rows))
        ends, nothing = values.last_second(_ended(rows)), ibis.null("string")
        return rows.select(
            person_id=rows.who,
            encounter_id=number(rows.visit_occurrence_id),
            status=ibis.literal(status),
            encounter_type=_setting(rows),
            encounter_start_day=values.day(rows.visit_start_date),
            encounter_end_day=values.day(rows.visit_end_date) if over else ibis.null("int64"),
            admit_source_code=_origin(rows),
            discharge_disposition_code=_disposition(rows) if over else nothing,
            attending_provider_id=number(rows.provider_id).nullif("0"),
            facility_id=number(rows.care_site_id).nullif("0"),
            known_at=ends if over else values.last_second(_began(rows)),
            **{**time, "happened_to": ends if over else ibis.null("int64")},
        )

    return told(raw, "in-progress").union(told(raw.filter(raw.visit_end_date.notnull()), "finished"))


def _messages(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    """What the hospital would have told at admission and at discharge, declared from visits to a hospital."""
    import ibis

    def told(rows: ir.Table, event: ir.StringValue, at: ir.StringValue, left: ir.StringValue) -> ir.Table:
        gone = values.last_second(left)
        return rows.select(
            person_id=rows.who,
            visit_number=number(rows.visit_occurrence_id),
            event_type=event,
            patient_class=_letter(rows),
            admitted_at=values.first_second(_began(rows)),
            discharged_at=gone,
            admission_day=values.day(rows.visit_start_date),
            discharge_day=gone // windows.SECONDS_A_DAY,
            admit_source_code=_origin(rows),
            discharge_disposition_code=ibis.ifelse(gone.notnull(), _disposition(rows), None),
            facility_id=number(rows.care_site_id).nullif("0"),
            happened_from=values.last_second(at),
            happened_to=values.last_second(at),
            precision=values.precision(at),
            known_at=values.last_second(at),
            source=ibis.literal("omop"),
        )

    stays = raw.filter(_letter(raw).notnull())
    over = stays.filter(stays.visit_end_date.notnull())
    registered = ibis.ifelse(_letter(stays) == "I", "A01", "A04")
    begun = told(stays, registered, _began(stays), ibis.null("string"))
    return begun.union(told(over, ibis.literal("A03"), _ended(over), _ended(over)))


# ---- layouts

CONCEPT = Layout(
    name="concept",
    marks=("concept_code", "vocabulary_id"),
    needs=("concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_code"),
    rejects=lambda raw: values.none_given(raw, ("concept_id", "vocabulary_id", "concept_code")),
    fills={},
)
CONCEPT_RELATIONSHIP = Layout(
    name="concept_relationship",
    marks=("concept_id_1", "concept_id_2"),
    needs=("concept_id_1", "concept_id_2", "relationship_id"),
    may=("invalid_reason",),
    rejects=lambda raw: values.none_given(raw, ("concept_id_1", "concept_id_2", "relationship_id")),
    fills={},
)
PEOPLE = Layout(
    name="person",
    marks=("person_id", "year_of_birth"),
    needs=("person_id", "gender_concept_id", "year_of_birth", "race_concept_id", "ethnicity_concept_id"),
    may=(
        *("month_of_birth", "day_of_birth", "person_source_value", "gender_source_value", "race_source_value"),
        "ethnicity_source_value",
    ),
    rejects=_person_rejects,
    fills={PERSON: _persons},
    beside=("concept",),
    looks_up=_person_names,
)
PERIODS = Layout(
    name="observation_period",
    marks=("observation_period_id",),
    needs=("observation_period_id", "person_id", "observation_period_start_date", "observation_period_end_date"),
    rejects=_period_rejects,
    fills={COVERAGE: _coverage},
    beside=("person",),
    looks_up=persons,
)
DEATHS = Layout(
    name="death",
    marks=("person_id", "death_date"),
    needs=("person_id", "death_date", "death_type_concept_id"),
    may=("death_datetime",),
    rejects=_death_rejects,
    fills={DEATH: _deaths},
    beside=("person",),
    looks_up=persons,
)
VISITS_MADE = Layout(
    name="visit_occurrence",
    marks=("visit_occurrence_id", "visit_start_date"),
    needs=("visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date", "visit_end_date"),
    may=(
        *("visit_start_datetime", "visit_end_datetime", "provider_id", "care_site_id"),
        *("admitted_from_concept_id", "admitted_from_source_value", "discharged_to_concept_id"),
        *("discharged_to_source_value", "admitting_source_concept_id", "admitting_source_value"),
        *("discharge_to_concept_id", "discharge_to_source_value"),
    ),
    rejects=_visit_rejects,
    fills={ENCOUNTER: _encounters, ADT_EVENT: _messages},
    beside=("person",),
    looks_up=persons,
)
