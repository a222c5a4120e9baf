"""`dataset.build` for a few people at a time, again and again: the same queries, written once.

For one person nearly all of the time of `build` goes into writing SQL: the expressions of the catalogue are put
together, rewritten and printed anew each time, while the engine answers each of them in a millisecond or two. Here they
are written once, over tables that have fixed names; for each request these are filled with the rows of the people asked
for, and the queries run as they stand. The declarations, the engine and the step that finishes the columns are those of
`build`, so the bits are too, and a test holds them to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from features.catalogue.algebra import Feature, Floats, Ratio
from features.dataset import build, columns, index_rows
from features.definitions.stays import other_stays, stay_versions
from features.record.known import Known, known
from features.record.record import Record, cut_to_persons
from features.record.tables import TABLES

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

MOST_PEOPLE = 50  # with more of them a request's time is no longer that of writing queries
INDEX_ROWS = "standing_index_rows"


@dataclass(frozen=True)
class _Query:
    """SQL that stands, the table that its result becomes (null: it is answered), and what it reads from memory."""

    sql: str
    into: str | None
    expression: ir.Table


@dataclass
class _Recorder:
    """Stands in for the engine while the queries are written, and keeps what it was asked."""

    con: Any
    asked: list[_Query] = field(default_factory=list)

    def create_table(self, name: str, obj: ir.Table, *, temp: bool) -> ir.Table:
        """Keep the query that makes the table."""
        assert temp
        schema = obj.schema()
        types = {c.name: c.kind.sql("duckdb") for c in schema.to_sqlglot_column_defs("duckdb")}
        cells = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in types.items())
        made = _Query(f"SELECT {cells} FROM ({_sql(self.con, obj)})", name, obj)  # noqa: S608  # our own expressions
        _run(self.con, made)
        self.asked.append(made)
        return self.con.table(name, database=("temp", "main"))

    def to_pyarrow(self, asked: ir.Table) -> pa.Table:
        """Keep the query that is answered."""
        made = _Query(_sql(self.con, asked), None, asked)
        self.asked.append(made)
        return _run(self.con, made)


class Standing:
    """The features of one model on one record. Holds tables on the record's engine, so callers take turns as they do on
    the record.
    """

    def __init__(self, record: Record, features: Sequence[Feature]) -> None:
        self.record, self.features = record, tuple(features)
        self._filled: dict[str, _Query] = {}
        self._queries: list[tuple[Feature, list[_Query]]] = []

    def build(self, people: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
        """As `dataset.build` of the record cut to these people gives it."""
        if self.record.former or len(people) > MOST_PEOPLE or not len(rows):
            return build(cut_to_persons(self.record, people), rows, self.features)
        import pandas as pd

        count = len(rows)
        self._given(rows)
        if not self._queries:
            self._write(people)
        else:
            self._fill(people)
        found: dict[str, Floats] = {}
        for feature, queries in self._queries:
            if isinstance(feature, Ratio):
                found.update(feature.finished(found))
                continue
            answer = None
            for query in queries:
                answer = _run(self.record.con, query)
            found.update(feature.answered(answer, count, self.record.lacks))
        return pd.DataFrame({column.name: found[column.name] for column in columns(self.features)})

    def _given(self, rows: pd.DataFrame) -> None:
        import pyarrow as pa

        raw = self.record.con.con
        raw.register("standing_given", pa.Table.from_pandas(index_rows(rows, self.record.zone), preserve_index=False))
        made = f"CREATE OR REPLACE TEMP TABLE {INDEX_ROWS} AS SELECT * FROM standing_given"  # noqa: S608  # our names
        raw.execute(made).fetchall()
        raw.unregister("standing_given")

    def _write(self, people: Sequence[str]) -> None:
        """Write every query, on tables filled for these people."""
        for conclude in (stay_versions, other_stays):  # of everyone, once: not anew for each person
            conclude(self.record)
        recorder = _Recorder(self.record.con)
        of_people = {t.name: self.record[t] for t in TABLES if t.about == "person"}
        wanted = {f"standing_{name}": table for name, table in of_people.items()}
        wanted |= {f"standing_concluded_{name}": table for name, table in self.record.derived.items()}
        self._filled = {name: _Query(_sql(self.record.con, table), name, table) for name, table in wanted.items()}
        self._fill(people)
        stands = replace(
            self.record,
            con=recorder,
            tables={**self.record.tables, **{name: self._table(f"standing_{name}") for name in of_people}},
            derived={name: self._table(f"standing_concluded_{name}") for name in self.record.derived},
        )
        then: Known = known(stands, self._table(INDEX_ROWS))
        written: list[tuple[Feature, list[_Query]]] = []
        for feature in self.features:
            before = len(recorder.asked)
            if not isinstance(feature, Ratio):
                asked = feature.asks(then)
                if asked is not None:
                    recorder.to_pyarrow(asked)
            written.append((feature, recorder.asked[before:]))
        named = " ".join(query.sql for _, queries in written for query in queries)
        self._filled = {name: query for name, query in self._filled.items() if f'"{name}"' in named}
        self._queries = written

    def _table(self, name: str) -> ir.Table:
        table: ir.Table = self.record.con.table(name, database=("temp", "main"))
        return table

    def _fill(self, people: Sequence[str]) -> None:
        named = ", ".join(_literal(person) for person in sorted(set(people)))
        for query in self._filled.values():
            some = f"SELECT * FROM ({query.sql}) WHERE person_id IN ({named})"  # noqa: S608  # each a literal
            _run(self.record.con, replace(query, sql=some))


def _sql(con: Any, table: ir.Table) -> str:
    con._run_pre_execute_hooks(table)  # what it reads from memory is there for as long as the expression is
    return str(con.compile(table))


def _run(con: Any, query: _Query) -> Any:
    if query.into is not None:
        return con.con.execute(f'CREATE OR REPLACE TEMP TABLE "{query.into}" AS {query.sql}').fetchall()
    from ibis.backends.duckdb.converter import DuckDBPyArrowData

    answer = con.con.sql(query.sql).to_arrow_table()
    return query.expression.__pyarrow_result__(answer, data_mapper=DuckDBPyArrowData)


def _literal(text: str) -> str:
    """Text as SQL writes it: DuckDB knows one way to end it, a quote that is not doubled."""
    return "'" + text.replace("'", "''") + "'"
