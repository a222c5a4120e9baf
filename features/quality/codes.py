"""Codes by system: how many have a form of their system, how many stand in its editions, and units of results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.codes.editions import LISTED, codes_and_categories
from features.pages.content import WITHHELD, Cell, Section, Share, Table, Text
from features.pages.few import few
from features.quality.rule import Finding, Limits, Rule, told
from features.quality.seen import Seen
from features.quality.units import POSSIBLE, TESTS, accepted
from features.record.tables import DIAGNOSIS, PROCEDURE, RESULT
from features.sources.unmapped import FIXED, UNMAPPED, Coded

NO_FORM = Limits(warn=0.02, fail=0.1)
NOT_LISTED = Limits(warn=0.02, fail=0.1)
OTHER_UNIT = Limits(warn=0.0, fail=0.02)
IMPOSSIBLE = Limits(warn=0.0, fail=0.01)

Counts = Mapping[tuple[str, str, str], tuple[int, int]]  # source, table.column, system: rows and people


def counts(seen: Seen) -> Counts:
    """Coded rows, and the people whom they are about, by source, `table.column` and coding system."""
    return seen.keep("codes", _counts)


def _counts(seen: Seen) -> Counts:
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for table in seen.tables:
        if any(column.name == "code_system" for column in table.columns):
            rows = seen.record[table]
            rows = rows.filter(rows.code.notnull())
            by_system = rows.group_by("source", "code_system").aggregate(n=rows.count(), who=rows.person_id.nunique())
            for one in seen.rows(by_system):
                found[one["source"], f"{table.name}.code", str(one["code_system"])] = (one["n"], one["who"])
    for coded in (coded for coded in FIXED if coded.table in seen.tables):
        for source, part in _of_fixed(seen, coded).items():
            for system, counted in part.items():
                found[source, coded.place, system] = counted
    return dict(sorted(found.items()))


def _of_fixed(seen: Seen, coded: Coded) -> dict[str, dict[str, tuple[int, int]]]:
    """Of a column whose system is fixed: the codes that have a form of it, and those that have none. The people of the
    latter are counted code by code and no further than it takes to know that they are not few.
    """
    rows = seen.record[coded.table]
    rows = rows.filter(rows[coded.column].notnull())
    by_code = rows.group_by("source", rows[coded.column].name("code"))
    parts: dict[str, dict[str, list[int]]] = {}
    for one in seen.rows(by_code.aggregate(n=rows.count(), who=rows.person_id.nunique())):
        name = coded.says if coded.has(one["code"]) else UNMAPPED
        so_far = parts.setdefault(one["source"], {}).setdefault(name, [0, 0])
        so_far[0] += one["n"]
        so_far[1] = max(so_far[1], one["who"])
    return {
        source: {name: (rows_, people) for name, (rows_, people) in found.items()} for source, found in parts.items()
    }


def _no_form(seen: Seen) -> tuple[Finding, ...]:
    found = []
    for source, place in dict.fromkeys((source, place) for source, place, _ in counts(seen)):
        ours = {system: n for (whose, where, system), n in counts(seen).items() if (whose, where) == (source, place)}
        bad, people = ours.get(UNMAPPED, (0, 0))
        of = sum(rows for rows, _ in ours.values())
        found.append(Finding(f"{source}: {place}", bad, of, people, NO_FORM.verdict(bad, of)))
    return tuple(found)


def _not_listed(seen: Seen) -> tuple[Finding, ...]:
    """Billed diagnoses and procedures whose well-formed code stands in no edition."""
    import ibis
    import pyarrow as pa

    found = []
    for table in (DIAGNOSIS, PROCEDURE):
        rows = seen.record[table].select("source", "person_id", "code_system", "code")
        told_ = {system for _, place, system in counts(seen) if place == f"{table.name}.code"}
        for system in (system for system in LISTED if system.name in told_):
            ours = rows.filter(rows.code_system == system.name, rows.code.notnull())
            listed = ibis.memtable(pa.table({"code": list(codes_and_categories(system))})).mutate(listed=True)
            joined = ours.left_join(listed, "code")
            strange = joined.listed.isnull()
            asked = joined.group_by("source").aggregate(
                bad=strange.cast("int64").sum(), of=joined.count(), who=joined.person_id.nunique(where=strange)
            )
            for one in seen.rows(asked.order_by("source")):
                about = f"{one['source']}: {table.name} {system.name}"
                verdict = NOT_LISTED.verdict(one["bad"], one["of"])
                found.append(Finding(about, int(one["bad"]), one["of"], one["who"], verdict))
    return tuple(found)


def _results(seen: Seen) -> list[dict[str, Any]]:
    """Of each source and test that features read: results with a number, those in another unit, those that nobody can
    have in the declared one, and the people of these.
    """
    import ibis
    import pyarrow as pa

    lowest, highest = ([1000 * POSSIBLE[test.loinc][end] for test in TESTS] for end in (0, 1))
    tests = pa.table({"code": [test.loinc for test in TESTS], "lowest": lowest, "highest": highest})
    units = pa.table(
        {
            "code": [test.loinc for test in TESTS for _ in accepted(test.unit)],
            "spelling": [spelling for test in TESTS for spelling in accepted(test.unit)],
            "known": [1 for test in TESTS for _ in accepted(test.unit)],
        }
    )
    rows = seen.record[RESULT]
    rows = rows.filter(rows.value.notnull()).inner_join(ibis.memtable(tests), "code")
    rows = rows.mutate(spelling=rows.unit.lower().strip())
    rows = rows.left_join(ibis.memtable(units), ["code", "spelling"])
    other = rows.unit.notnull() & rows.known.isnull()
    strange = rows.unit.isnull() | rows.known.notnull()
    impossible = strange & ~rows.value.between(rows.lowest, rows.highest)
    asked = rows.group_by("source", "code").aggregate(
        of=rows.count(),
        other=other.cast("int64").sum(),
        other_people=rows.person_id.nunique(where=other),
        impossible=impossible.cast("int64").sum(),
        impossible_people=rows.person_id.nunique(where=impossible),
    )
    return seen.rows(asked.order_by("source", "code"))


def _of_results(seen: Seen, what: str, limits: Limits) -> tuple[Finding, ...]:
    names = {test.loinc: test.name for test in TESTS}
    return tuple(
        Finding(
            f"{one['source']}: {names[one['code']]}",
            int(one[what]),
            one["of"],
            one[f"{what}_people"],
            limits.verdict(int(one[what]), one["of"]),
        )
        for one in seen.keep("results", _results)
    )


RULES = (
    Rule(
        "code_of_no_form",
        "codes that have no form of their system, and bill types and dispositions that are in no list",
        told(NO_FORM, "the codes of a column"),
        "What is not understood is in no value set: the person looks as if it had not happened.",
        _no_form,
    ),
    Rule(
        "code_in_no_edition",
        "billed diagnoses and procedures whose code stands in no edition of ICD-9 or ICD-10",
        told(NOT_LISTED, "the codes of a table and system"),
        "Codes cut short, shifted, or of another system under the wrong name.",
        _not_listed,
    ),
    Rule(
        "other_unit",
        "results that features read, in another unit than the one that they are read in",
        told(OTHER_UNIT, "the results of a test"),
        "Features read the number as it is: 5.5 mmol/L of glucose would be taken for 5.5 mg/dL.",
        lambda seen: _of_results(seen, "other", OTHER_UNIT),
    ),
    Rule(
        "impossible_result",
        "results that no living person has",
        told(IMPOSSIBLE, "the results of a test"),
        "A shifted decimal point or a unit that was not told makes somebody look gravely ill.",
        lambda seen: _of_results(seen, "impossible", IMPOSSIBLE),
    ),
)


def section(seen: Seen) -> Section:
    """Coded rows by source, column and system."""
    whole: dict[tuple[str, str], int] = {}
    for (source, place, _), (rows, _) in counts(seen).items():
        whole[source, place] = whole.get((source, place), 0) + rows
    lines: list[tuple[Cell, ...]] = []
    for (source, place, system), (rows, people) in counts(seen).items():
        hides = few(people)
        of = Share(rows / whole[source, place])
        lines.append((f"{source}: {place}", system, WITHHELD if hides else rows, WITHHELD if hides else of))
    says = "`unmapped` is what has no form of its system, was named in no system that we know, or is in no list."
    table = Table("Coded rows by system", ("source and column", "system", "rows", "share of the column"), tuple(lines))
    return Section("codes", "Code coverage by system", (Text(says), table))
