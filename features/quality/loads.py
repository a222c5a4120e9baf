"""What changed since the last load: rows, people, nulls and codes of the newest one beside those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features import windows
from features.pages.content import WITHHELD, Cell, Facts, Section, Share, Table, Text
from features.pages.few import few
from features.quality.rule import Finding, Limits, Rule, Verdict, told
from features.quality.seen import Seen, Told
from features.record.tables import TABLES
from features.sources.unmapped import FEWEST_CODES, JUMP, jumps

if TYPE_CHECKING:
    import ibis.expr.types as ir

EMPTIER = 0.2  # of a column's rows: what its null share may rise by
SMALLER = Limits(warn=0.5, fail=0.9)
FEWEST_ROWS = 44  # in fewer rows a null share rises by chance


def _before(seen: Seen) -> int:
    """How many loads the reader of the last one made before it."""
    last = seen.batches[-1]
    return sum(batch.reader == last.reader for batch in seen.batches[:-1])


def _smaller(seen: Seen) -> tuple[Finding, ...]:
    """Rows of a table in the last load, missing to the usual number of the loads before it."""
    last, found = seen.batches[-1], []
    before = [batch for batch in seen.batches[:-1] if batch.reader == last.reader]
    for table in TABLES:
        told_ = sorted(batch.rows[table.name] for batch in before if table.name in batch.rows)
        usual = told_[len(told_) // 2] if told_ else 0
        # a first back-load is no measure of a month's file, so one load before tells nothing yet
        if len(told_) < 2 or usual < FEWEST_ROWS:
            continue
        missing = max(0, usual - last.rows.get(table.name, 0))
        found.append(Finding(f"{last.reader}: {table.name}", missing, usual, None, SMALLER.verdict(missing, usual)))
    return tuple(found)


def _emptier(seen: Seen) -> tuple[Finding, ...]:
    """Columns whose null share rose by EMPTIER or more."""
    reader, found = seen.batches[-1].reader, []
    for table in TABLES:
        if table.name not in seen.latest or table.name not in seen.earlier:
            continue
        columns = [column for column in table.columns if not column.required]
        now, then = (_null_shares(seen, told_, table.name) for told_ in (seen.latest, seen.earlier))
        if not columns or min(now["rows"], then["rows"]) < FEWEST_ROWS:
            continue
        for column in columns:
            nulls, nulls_then = now[column.name], then[column.name]
            risen = nulls / now["rows"] - nulls_then / then["rows"] >= EMPTIER
            verdict = Verdict.FAIL if risen else Verdict.PASS
            found.append(Finding(f"{reader}: {table.name}.{column.name}", nulls, now["rows"], nulls, verdict))
    return tuple(found)


def _null_shares(seen: Seen, told_: Told, table: str) -> dict[str, int]:
    rows = told_[table]
    counts: dict[str, ir.Value] = {"rows": rows.count()}
    for name in rows.columns:
        counts[name] = rows[name].isnull().cast("int64").sum().fill_null(0)
    [found] = seen.rows(rows.aggregate(**counts))
    return {name: int(count) for name, count in found.items()}


def _jumped(seen: Seen) -> tuple[Finding, ...]:
    last = seen.batches[-1]
    before = [batch for batch in seen.batches[:-1] if batch.reader == last.reader]
    risen = jumps(last.unmapped, before)
    found = []
    for place, (codes, wrong) in last.unmapped.items():
        if any(place in batch.unmapped for batch in before) and codes >= FEWEST_CODES:
            verdict = Verdict.FAIL if place in risen else Verdict.PASS
            found.append(Finding(f"{last.reader}: {place}", wrong, codes, wrong, verdict))
    return tuple(found)


RULES = (
    Rule(
        "load_smaller_than_usual",
        "rows that the last load lacks beside the usual number (the median) of those before it",
        told(SMALLER, "the usual rows of a table"),
        "A part of a delivery did not come.",
        _smaller,
    ),
    Rule(
        "column_emptier",
        "columns of the last load with a greater share of nulls than before",
        f"fails where it rises by {100 * EMPTIER:g} points, of {FEWEST_ROWS} rows or more",
        "The sender dropped or renamed a column: models go on with what they do not have.",
        _emptier,
    ),
    Rule(
        "unmapped_jumped",
        "columns of codes of which the last load understood fewer than those before",
        f"fails where the share rises by more than {100 * JUMP:g} points, of {FEWEST_CODES} codes or more",
        "A new code set or a new way of writing codes; the load's report says so too.",
        _jumped,
    ),
)


def section(seen: Seen) -> Section:
    """The last load beside all before it."""
    last = seen.batches[-1]
    facts: dict[str, Cell] = {
        "Loads": len(seen.batches),
        "The last one": f"{last.reader}, {windows.stamp(last.loaded_at, seen.record.zone)}",
        "Its files": len(last.files),
        "Rows read": sum(file.read for file in last.files),
        "Set aside": sum(file.quarantined for file in last.files),
        "Loads of the same format before it": _before(seen),
    }
    rows = tuple(_line(seen, table.name) for table in TABLES if any(table.name in b.rows for b in seen.batches))
    heads = ("table", "rows before", "rows of the last load", "people of the last load", "of them new to the table")
    codes = tuple(_codes(seen, place) for place in last.unmapped)
    return Section(
        "changed",
        "What changed since the last load",
        (
            Facts(facts),
            Table("Rows and people", heads, rows, "Rows of all formats; `before` is all loads but the last."),
            Table("Codes not understood", ("column", "last load", "loads before of the same format"), codes)
            if codes
            else Text("The last load brought no codes, or was made before their shares were kept."),
        ),
    )


def _line(seen: Seen, table: str) -> tuple[Cell, ...]:
    last = seen.batches[-1]
    before = sum(batch.rows.get(table, 0) for batch in seen.batches[:-1])
    people, new = _people(seen, table)
    hides = few(people) or few(new) or few(people - new)
    rows: Cell = WITHHELD if few(people) else last.rows.get(table, 0)
    return (table, before, rows, WITHHELD if few(people) else people, WITHHELD if hides else new)


def _people(seen: Seen, table: str) -> tuple[int, int]:
    """People in the last load's rows, and how many of them stood in no earlier row of the same format."""
    rows = seen.latest.get(table)
    if rows is None or "person_id" not in rows.columns:
        return 0, 0
    people = rows.select("person_id").distinct()
    [all_] = seen.rows(people.aggregate(n=people.count()))
    if table not in seen.earlier:
        return all_["n"], all_["n"]
    new = people.anti_join(seen.earlier[table].select("person_id").distinct(), "person_id")
    [fresh] = seen.rows(new.aggregate(n=new.count()))
    return all_["n"], fresh["n"]


def _codes(seen: Seen, place: str) -> tuple[Cell, ...]:
    last = seen.batches[-1]
    before = [b.unmapped[place] for b in seen.batches[:-1] if b.reader == last.reader and place in b.unmapped]
    codes, wrong = sum(each[0] for each in before), sum(each[1] for each in before)
    now: Cell = WITHHELD if few(last.unmapped[place][1]) else Share(last.unmapped[place][1] / last.unmapped[place][0])
    then: Cell = None if not codes else WITHHELD if few(wrong) else Share(wrong / codes)
    return (place, now, then)
