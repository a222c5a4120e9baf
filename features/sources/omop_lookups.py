"""OMOP: what a row says by number (its person, its visit, its concepts), looked up in the other tables of the delivery.

A code is the first, in the order of the systems that its column takes, of: the source concept, the standard concept,
and what the source concept is mapped to (CONCEPT_RELATIONSHIP). Where none of them is in the delivery, the source value
is taken for a code of that system alone whose form it has; of several or none it stays as it came, `unmapped`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import System
from features.sources import values
from features.sources.omop_codes import MISFITS, VOCABULARIES
from features.sources.unmapped import UNMAPPED

if TYPE_CHECKING:
    import ibis.expr.types as ir

Beside = Mapping[str, "ir.Table"]
PEOPLE, CONCEPTS, MAPPED = ("person",), ("concept",), ("concept", "concept_relationship")


def number(text: ir.StringValue) -> ir.StringValue:
    """An id as whole digits: columns with nulls are often written as decimals."""
    return text.re_replace(r"[.]0+$", "")


def when(day: ir.StringValue, moment: ir.StringValue) -> ir.StringValue:
    """The moment, where it is one; midnight is what files without a time of day are filled with, so it counts as the
    date alone.
    """
    import ibis

    told = moment.notnull() & (moment.length() > values.LENGTH_OF_A_DATE) & ~moment.contains("00:00:00")
    return ibis.ifelse(told & values.day(moment).notnull(), moment, day.substr(0, values.LENGTH_OF_A_DATE))


def persons(raw: ir.Table, beside: Beside) -> ir.Table:
    """line, `who`: the number of the source where PERSON has one, else the number of this database, marked as such.
    Null where the person is not in PERSON.
    """
    rows = raw.select("line", person=number(raw.person_id))
    if "person" not in beside:
        import ibis

        return rows.select("line", who=ibis.null("string"))
    people = beside["person"]
    people = people.select(person=number(people.person_id), told=people.person_source_value)
    people = people.group_by("person").aggregate(told=people.told.max())
    people = people.select("person", who=named(people.told, people.person))
    return rows.left_join(people, "person").select("line", "who")


def named(told: ir.StringValue, person: ir.StringValue) -> ir.StringValue:
    """The person's id in the record."""
    import ibis

    return told.fill_null(ibis.literal("omop|") + person)


def visits(raw: ir.Table, beside: Beside) -> ir.Table:
    """line, `visit_ended`: last day of the visit in which it was recorded; null where it is in none."""
    import ibis

    rows = raw.select("line", visit=number(raw.visit_occurrence_id))
    if "visit_occurrence" not in beside:
        return rows.select("line", visit_ended=ibis.null("int64"))
    known = beside["visit_occurrence"]
    known = known.select(visit=number(known.visit_occurrence_id), ended=values.day(known.visit_end_date))
    known = known.group_by("visit").aggregate(visit_ended=known.ended.max())
    return rows.left_join(known, "visit").select("line", "visit_ended")


def concepts(beside: Beside) -> ir.Table:
    """concept, name, domain, vocabulary, concept_code: one row each; empty where the delivery has no CONCEPT."""
    import ibis

    columns = {"concept_id": "concept", "concept_name": "name", "domain_id": "domain"}
    columns |= {"vocabulary_id": "vocabulary", "concept_code": "concept_code"}
    if "concept" not in beside:
        return ibis.memtable([], schema=dict.fromkeys(columns.values(), "string"))
    given = beside["concept"]
    rows = given.select(**{new: given[old] for old, new in columns.items()})
    rows = rows.mutate(concept=number(rows.concept))
    return rows.group_by("concept").aggregate(**{name: rows[name].max() for name in rows.columns if name != "concept"})


def name_of(raw: ir.Table, column: str, beside: Beside, called: str) -> ir.Table:
    """line, and the name of a concept in lower case; null where it is not in the delivery."""
    rows = raw.select("line", concept=number(raw[column]))
    found = rows.left_join(concepts(beside), "concept")
    return found.select("line", **{called: found.name.lower()})


def units(raw: ir.Table, beside: Beside) -> ir.Table:
    """line, unit_code: the UCUM code of the unit; null where the delivery has no concept for it."""
    import ibis

    rows = raw.select("line", concept=number(raw.unit_concept_id))
    found = rows.left_join(concepts(beside), "concept")
    return found.select("line", unit_code=ibis.ifelse(found.vocabulary == "UCUM", found.concept_code, None))


def coded(raw: ir.Table, layout: str, what: str, systems: Sequence[System], beside: Beside) -> ir.Table:
    """line, code_system, code, and `misfit`: whether the row stands in the table of another domain."""
    import ibis

    rows = raw.select(
        "line",
        source=number(raw[f"{what}_source_concept_id"]),
        standard=number(raw[f"{what}_concept_id"]),
        written=raw[f"{what}_source_value"],
    )
    rows = rows.left_join(_mapped(beside), "source").drop("source_right")
    for which in ("source", "standard", "target"):
        given = concepts(beside)
        given = given.select(
            **{f"{which}_concept": given.concept, f"{which}_vocabulary": given.vocabulary},
            **{f"{which}_code": given.concept_code, f"{which}_domain": given.domain},
        )
        rows = rows.left_join(given, rows[which] == given[f"{which}_concept"]).drop(f"{which}_concept")
    found: list[tuple[ir.BooleanValue, str, ir.StringValue]] = []
    for system in systems:
        of_system = [vocabulary for vocabulary, meant in VOCABULARIES.items() if meant is system]
        for which in ("source", "standard", "target"):
            fits = rows[f"{which}_vocabulary"].isin(of_system) & system.expression(rows[f"{which}_code"]).notnull()
            found.append((fits.fill_null(False), system.name, system.expression(rows[f"{which}_code"])))
    known = ibis.cases(*((rows[f"{which}_vocabulary"].isin(list(VOCABULARIES)), True) for which in WHICH), else_=False)
    forms = {system: system.expression(rows.written).notnull() for system in systems}
    alone = sum((form.cast("int8") for form in forms.values()), ibis.literal(0)) == 1
    found += [(alone & form & ~known, system.name, system.expression(rows.written)) for system, form in forms.items()]
    left = ibis.coalesce(rows.written, rows.source_code, rows.standard_code).upper()
    wrong = rows.standard.isin(["0"]).fill_null(True) & rows.source_domain.isin(MISFITS[layout])
    return rows.select(
        "line",
        code_system=ibis.cases(
            *((fits, name) for fits, name, _ in found), (left.notnull(), UNMAPPED), else_=ibis.null("string")
        ),
        code=ibis.cases(*((fits, code) for fits, _, code in found), else_=left),
        misfit=wrong.fill_null(False),
    )


WHICH = ("source", "standard", "target")


def _mapped(beside: Beside) -> ir.Table:
    """source, target: the standard concept that a concept is mapped to; of several the lowest."""
    import ibis

    if "concept_relationship" not in beside:
        return ibis.memtable([], schema={"source": "string", "target": "string"})
    rows = beside["concept_relationship"]
    rows = rows.filter(rows.relationship_id == "Maps to", rows.invalid_reason.isnull())
    rows = rows.select(source=number(rows.concept_id_1), target=number(rows.concept_id_2))
    return rows.group_by("source").aggregate(target=rows.target.min())


def together(first: ir.Table, *others: ir.Table) -> ir.Table:
    """Facts of the same lines, side by side."""
    for other in others:
        first = first.inner_join(other, "line")
    return first


def unknown_person(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    """A reason to reject."""
    return {"person_id is not in PERSON of the delivery": raw.who.isnull()}


def span(raw: ir.Table, first: ir.StringValue, last: ir.StringValue) -> dict[str, ir.Value]:
    """When a row happened, from two texts; an end before the beginning is none."""
    import ibis

    began, ended = values.first_second(first), values.last_second(last)
    return {
        "happened_from": began,
        "happened_to": ibis.ifelse(ended >= began, ended, None).fill_null(values.last_second(first)),
        "precision": values.precision(first),
        "source": ibis.literal("omop"),
    }


def end_of(day: ir.IntegerValue) -> ir.IntegerValue:
    """The last second of a day, on the network's clock."""
    return windows.expression_of_local_end(day)
