"""docs/data.md, written from the declarations of the record: `python -m tests.data_page > docs/data.md`."""

from __future__ import annotations

from collections.abc import Iterable

from features.record.schema import PERSON_ID, TIME, Column, Kind, Table
from features.record.store import BUCKETS
from features.record.tables import TABLES
from features.sources.formats import READERS

KINDS = {
    Kind.TEXT: "text",
    Kind.IDENTIFIER: "text that names a person, a provider, a place or a claim; never shown outside its own purpose",
    Kind.CODE: "text: a code in the canonical form of its coding system",
    Kind.DAY: "whole number: days since 1970-01-01 on the calendar of the network's time zone",
    Kind.INSTANT: "whole number: seconds since 1970-01-01T00:00:00Z",
    Kind.COUNT: "whole number",
    Kind.CENTS: "whole number of cents",
    Kind.MILLI: "whole number: the quantity times 1,000",
    Kind.FLAG: "1 for yes, 0 for no",
}

OPENING = f"""# The record: what is kept of a patient

This page is written by `python -m tests.data_page` from the declarations in `features/record/tables.py`; a test fails
when they differ.

A *store* is a folder that `afterward load` fills:

    STORE/manifest.json                  which batches the store holds; replaced in one step
    STORE/batches/ID/TABLE.parquet       one load's rows of one table
    STORE/batches/ID/quarantine.parquet  the input rows that were set aside: file, line, reason, and the row itself
    STORE/batches/ID/delivered.parquet   hashes of FHIR resources and of CCLF claims: one told again gives no row again
    STORE/batches/ID/messages.parquet    hashes of the messages that were taken, so that none is loaded twice

A load is a *batch* and is never changed. Its ID comes from the content of its files, so loading the same files again
changes nothing. The manifest is replaced only when the whole batch is on disk: a load that is killed half way leaves
the store as it was. Within a batch each table is sorted by person and time, in {BUCKETS} groups of people (*buckets*),
so one person is found without reading everybody.

Numbers are whole numbers everywhere: money is cents, a quantity is thousandths, a day is a day number. Sums of whole
numbers do not depend on the order in which they are added, so the same question always gets the same answer to the
bit.

**Null means not told**, unless the column says otherwise. It never means zero or no. What a format cannot tell at all
is declared by its reader (see the end of this page), and features that need it are null and say "not evaluable on this
source".
"""

TIMES = """Tables about people start with `person_id`. Every table ends with these columns of time; a feature may use a
row only when its `known_at` is not after the prediction time ([time.md](time.md)).
"""


def page() -> str:
    """The whole page, ending in a newline."""
    parts = [
        OPENING,
        "## Kinds of column\n",
        _rows(("kind", "what is stored"), ((kind.value, KINDS[kind]) for kind in Kind)),
        "## Columns of every table\n",
        TIMES,
        _columns((PERSON_ID, *TIME)),
        *(part for table in TABLES for part in _table(table)),
        "## What a format cannot tell\n",
        "Beside these, a table that a load brought no row for is not evaluable on what that load brought.\n",
        _rows(
            ("format", "fact", "why"),
            ((f"`{reader.name}`", f"`{fact}`", why) for reader in READERS for fact, why in reader.lacks.items()),
        ),
    ]
    return "\n".join(parts)


def _table(table: Table) -> tuple[str, ...]:
    about = "About a person." if table.about == "person" else "About the network, not about a person."
    own = (_columns(table.columns),) if table.columns else ("It has no columns of its own.\n",)
    return (f"## `{table.name}`\n", f"{table.says} {about}\n", *own)


def _columns(columns: Iterable[Column]) -> str:
    rows = ((f"`{each.name}`", each.kind.value, _said(each), _null(each)) for each in columns)
    return _rows(("column", "kind", "what it says", "null means"), rows)


def _said(column: Column) -> str:
    limits = [f"one of {', '.join(column.choices)}"] if column.choices else []
    limits += [f"at least {column.at_least}"] if column.at_least is not None else []
    limits += [f"in a sound feed filled in {100 * column.filled:g} % of the rows"] if column.filled else []
    limits += [f"stands in `{column.refers}` too"] if column.refers else []
    return "; ".join([column.says, *limits])


def _null(column: Column) -> str:
    return "never null" if column.required else column.null


def _rows(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
