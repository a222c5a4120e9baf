"""Values that cannot be: what the tables' declarations and the units of laboratory tests forbid; and null shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features import windows
from features.pages.content import WITHHELD, Cell, Part, Section, Share, Text
from features.pages.content import Table as Told
from features.pages.few import few
from features.quality.rule import Finding, Limits, Rule, told
from features.quality.seen import Seen
from features.record.schema import Column, Kind, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

REFUSED = Limits(warn=0.0, fail=0.0)
IMPOSSIBLE = Limits(warn=0.0, fail=0.01)
TIMES = ("from_day", "to_day")
# pairs of columns of which the first cannot lie after the second
PAIRS = (
    *(("happened_from", "happened_to"), ("admission_day", "discharge_day"), ("onset_day", "resolved_day")),
    *(("encounter_start_day", "encounter_end_day"), ("start_day", "end_day"), ("taken_from_day", "taken_to_day")),
    *(("onset_day", "onset_end_day"), ("admitted_at", "discharged_at")),
)


@dataclass(frozen=True)
class Asked:
    """One question to the rows of a table: `wrong` marks those that break it among those `of` which it can be asked."""

    about: str
    wrong: ir.BooleanValue
    of: ir.BooleanValue


def _ask(seen: Seen, name: str, table: Table, asked: list[Asked], limits: Limits) -> Iterator[Finding]:
    """All questions to a table at once."""
    if not asked:
        return
    rows = seen.record[table]
    counts: dict[str, ir.Value] = {}
    for place, one in enumerate(asked):
        counts[f"bad_{place}"] = one.wrong.fill_null(False).cast("int64").sum().fill_null(0)
        counts[f"of_{place}"] = one.of.cast("int64").sum().fill_null(0)
        if table.about == "person":
            counts[f"people_{place}"] = rows.person_id.nunique(where=one.wrong.fill_null(False))
    [found] = seen.keep(f"{name} {table.name}", lambda s: s.rows(rows.aggregate(**counts)))
    for place, one in enumerate(asked):
        bad, of = int(found[f"bad_{place}"]), int(found[f"of_{place}"])
        yield Finding(one.about, bad, of, found.get(f"people_{place}"), limits.verdict(bad, of))


def _declared(seen: Seen) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for table in seen.tables:
        rows = seen.record[table]
        asked = []
        for column in table.all_columns:
            value, about = rows[column.name], f"{table.name}.{column.name}"
            if column.required:
                asked.append(Asked(f"{about} null", value.isnull(), value.isnull() | value.notnull()))
            if column.choices:
                asked.append(Asked(f"{about} of no choice", value.notin(list(column.choices)), value.notnull()))
            if column.at_least is not None:
                asked.append(Asked(f"{about} below {column.at_least}", value < column.at_least, value.notnull()))
            if column.kind is Kind.FLAG:
                asked.append(Asked(f"{about} neither 0 nor 1", value.notin([0, 1]), value.notnull()))
        found += _ask(seen, "declared", table, asked, REFUSED)
    return tuple(found)


def _days(seen: Seen) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for table in seen.tables:
        rows, asked = seen.record[table], []
        for column in (each for each in table.all_columns if each.kind is Kind.DAY):
            value, last = rows[column.name], seen.loaded_day + _ahead(table, column)
            asked.append(
                Asked(f"{table.name}.{column.name}", (value < windows.EARLIEST) | (value > last), value.notnull())
            )
        found += _ask(seen, "days", table, asked, IMPOSSIBLE)
    return tuple(found)


def _ahead(table: Table, column: Column) -> int:
    """By how many days it may lie after the load: what has times of its own may reach as far as its own columns do."""
    return max([each.ahead for each in table.columns], default=0) if column.name in TIMES else column.ahead


def _ends(seen: Seen) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for table in seen.tables:
        rows, names = seen.record[table], {column.name for column in table.all_columns}
        asked = [
            Asked(f"{table.name}: {one} after {other}", rows[one] > rows[other], (rows[one] + rows[other]).notnull())
            for one, other in PAIRS
            if {one, other} <= names
        ]
        found += _ask(seen, "ends", table, asked, IMPOSSIBLE)
    return tuple(found)


def _numbers(seen: Seen) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for table in seen.tables:
        rows = seen.record[table]
        asked = [
            Asked(
                f"{table.name}.{column.name}",
                ~rows[column.name].between(*column.plausible),
                rows[column.name].notnull(),
            )
            for column in table.columns
            if column.plausible
        ]
        found += _ask(seen, "numbers", table, asked, IMPOSSIBLE)
    return tuple(found)


def _filled(seen: Seen) -> tuple[Finding, ...]:
    """Null shares by reader, held to what the column's declaration expects. What a format cannot carry is not asked."""
    found = []
    for (reader, table, column), (rows, nulls, people) in nulls_of(seen).items():
        if column.filled and f"{table.name}.{column.name}" not in seen.lacks(reader):
            limits = Limits(warn=1 - column.filled, fail=1 - column.filled / 2)
            about = f"{reader}: {table.name}.{column.name}"
            found.append(Finding(about, nulls, rows, people, limits.verdict(nulls, rows)))
    return tuple(found)


Nulls = Mapping[tuple[str, Table, Column], tuple[int, int, int | None]]


def nulls_of(seen: Seen) -> Nulls:
    """(rows, nulls, people of the nulls) of each column that may be null, by reader and table."""
    return seen.keep("nulls", _nulls_of)


def _nulls_of(seen: Seen) -> Nulls:
    found: dict[tuple[str, Table, Column], tuple[int, int, int | None]] = {}
    for reader, by_table in seen.by_reader.items():
        for table in seen.tables:
            if table.name not in by_table:
                continue
            rows, columns = by_table[table.name], [column for column in table.all_columns if not column.required]
            counts: dict[str, ir.Value] = {"rows": rows.count()}
            for place, column in enumerate(columns):
                null = rows[column.name].isnull()
                counts[f"null_{place}"] = null.cast("int64").sum().fill_null(0)
                if table.about == "person":
                    counts[f"people_{place}"] = rows.person_id.nunique(where=null)
            [one] = seen.rows(rows.aggregate(**counts))
            for place, column in enumerate(columns):
                people = one.get(f"people_{place}")
                found[reader, table, column] = (int(one["rows"]), int(one[f"null_{place}"]), people)
    return found


RULES = (
    Rule(
        "against_declaration",
        "values that a table's declaration rules out: null where required, no choice, below the least, no flag",
        "fails at one row",
        "A load refuses such rows, so the store was changed or damaged by something else.",
        _declared,
    ),
    Rule(
        "impossible_day",
        "days before 1900, and days after the load where nothing may lie ahead",
        told(IMPOSSIBLE, "the days of a column"),
        "A mistyped or placeholder date makes somebody 150 years old, or a stay that is yet to come.",
        _days,
    ),
    Rule(
        "ends_before_it_begins",
        "rows whose end lies before their beginning",
        told(IMPOSSIBLE, "the rows that tell both"),
        "A length of stay below zero; most often two columns are swapped.",
        _ends,
    ),
    Rule(
        "implausible_number",
        "numbers outside what the column's declaration calls plausible",
        told(IMPOSSIBLE, "the numbers of a column"),
        "A wrong column or a wrong unit: days of supply in hundreds, dollars for cents.",
        _numbers,
    ),
    Rule(
        "column_not_filled",
        "columns with fewer values than their declaration expects, by reader",
        "warns below the expected share, fails below half of it",
        "A column that the sender dropped or renamed: features that need it fall silent.",
        _filled,
    ),
)


# ---- on the page


def nulls_section(seen: Seen) -> Section:
    """The share of nulls of each column, by reader, one table for each canonical table."""
    readers = list(seen.by_reader)
    parts: list[Part] = [
        Text("Null means not told, unless the column says otherwise. A dash: the reader brought no row.")
    ]
    for table in seen.tables:
        columns = [column for column in table.columns if not column.required]
        if columns and any(table.name in told_by for told_by in seen.by_reader.values()):
            rows = tuple(
                (column.name, *(_null(seen, r, table, column) for r in readers), column.null) for column in columns
            )
            parts.append(Told(table.name, ("column", *readers, "null means"), rows))
    return Section("nulls", "Null shares", tuple(parts))


def _null(seen: Seen, reader: str, table: Table, column: Column) -> Cell:
    rows, nulls, people = nulls_of(seen).get((reader, table, column), (0, 0, 0))
    if not rows:
        return None
    if f"{table.name}.{column.name}" in seen.lacks(reader):
        return "the format has none"
    hides = people is not None and (few(people) or few(rows - nulls))
    return WITHHELD if hides else Share(nulls / rows)
