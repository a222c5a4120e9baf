"""A table of somebody's own: CSV (also gzipped) or Parquet, every cell as text, in the order of the file.

What a row is chosen by (`where`) and what is foretold (`label`) are SQL over the same file with its types recognised,
so that `number_inpatient > 2` compares numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

MISSING = ("", "?", "NA", "N/A", "NULL", "null", "nan", "NaN")
TRUE, FALSE = ("1", "true", "yes"), ("0", "false", "no")


@dataclass(frozen=True)
class Asked:
    """What is asked of a table: SQL for which rows count (empty: all), and the label (empty: none), as a column or as a
    condition such as `readmitted == "<30"`.
    """

    where: str = ""
    label: str = ""


@dataclass(frozen=True)
class Cells:
    """`text`: one column of text a column, null where a cell is empty or says so (MISSING). `label`: 1.0 or 0.0 a row,
    empty where none was asked. `label_columns`: those that the label is made of.
    """

    text: pd.DataFrame
    label: npt.NDArray[np.float64]
    label_columns: tuple[str, ...]


def read(path: Path, asked: Asked) -> Cells:
    """The rows that count, in the order of the file. BadInput for a file that is no table, a column that is not there,
    SQL that does not hold, or a label that is not a yes or no.
    """
    con = _opened(path)
    names = [row[0] for row in con.execute("SELECT name FROM pragma_table_info('as_text') ORDER BY cid").fetchall()]
    text = con.execute("SELECT * FROM as_text ORDER BY place").df().drop(columns="place").astype(object)
    columns = [name for name in names if name != "place"]
    kept = np.arange(len(text))
    if asked.where:
        kept = _places(con, _quoted(asked.where, columns), "--where")
    label = np.empty(0)
    used: tuple[str, ...] = ()
    if asked.label:
        label = _label(con, asked.label, columns)[kept]
        used = tuple(name for name in columns if _mentions(asked.label, name))
    text = text.iloc[kept].reset_index(drop=True)
    return Cells(text.where(text.notna() & ~text.isin(list(MISSING)), None), label, used)


def _opened(path: Path) -> Any:
    """A connection with the table twice: `as_text`, and `typed` with its types recognised; `place` is the row's own."""
    import duckdb

    if not path.is_file():
        raise BadInput(got=f"no file {path}", expected="a CSV or Parquet file", do="Name one with --table.")
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    parquet = path.suffix == ".parquet"
    typed = "read_parquet(?)" if parquet else "read_csv(?, sample_size=-1)"
    as_text = "(SELECT columns(*)::VARCHAR FROM read_parquet(?))" if parquet else "read_csv(?, all_varchar=true)"
    try:
        for name, source in (("typed", typed), ("as_text", as_text)):
            con.execute(
                f"CREATE TABLE {name} AS SELECT row_number() OVER () - 1 AS place, * FROM {source}",  # noqa: S608  # our own words
                [str(path)],
            )
    except duckdb.Error:
        raise BadInput(
            got=f"{path.name}, which cannot be read as a table",
            expected="a CSV file with a line of column names, or Parquet",
            do="Write it anew; a CSV may be gzipped.",
        ) from None
    con.execute("SET enable_external_access = false")
    if not con.execute("SELECT count(*) FROM as_text").fetchone()[0]:
        raise BadInput(got=f"{path.name} without a row", expected="rows under the names", do="Name another file.")
    return con


def _places(con: Any, condition: str, option: str) -> npt.NDArray[np.int64]:
    import duckdb

    try:
        found = con.execute(f"SELECT place FROM typed WHERE ({condition}) ORDER BY place").fetchall()  # noqa: S608  # the user's own SQL, on the user's own file
    except duckdb.Error:
        raise BadInput(
            got=f"{option} that is no condition on this table",
            expected="SQL over its columns, such as: age > 18 AND ward <> 'ICU'",
            do="See the names of the columns in the file's first line.",
        ) from None
    if not found:
        raise BadInput(got=f"{option} that leaves no row", expected="some rows", do="Ask for less.")
    return np.asarray([place for (place,) in found], dtype=np.int64)


def _label(con: Any, label: str, columns: list[str]) -> npt.NDArray[np.float64]:
    """(rows of the file,): 1.0 or 0.0, of a column that says yes or no or of a condition."""
    import duckdb

    quoted = _identifier(label) if label in columns else f"({_quoted(label, columns)})"
    try:
        said = con.execute(f"SELECT ({quoted})::VARCHAR FROM typed ORDER BY place").fetchall()  # noqa: S608  # see above
    except duckdb.Error:
        raise BadInput(
            got="--label that is neither a column of this table nor a condition on one",
            expected="""a column of yes and no, or a condition such as: outcome == "yes\"""",
            do="See the names of the columns in the file's first line.",
        ) from None
    words = [None if word is None else str(word).lower() for (word,) in said]
    unclear = sum(word not in (*TRUE, *FALSE) for word in words)
    if unclear:
        raise BadInput(
            got=f"a label that is neither yes nor no in {unclear:,} of {len(words):,} rows",
            expected=f"{', '.join(TRUE)} or {', '.join(FALSE)} in each",
            do="""Give a condition, such as --label 'outcome == "yes"', or leave rows out with --where.""",
        )
    return np.asarray([word in TRUE for word in words], dtype=np.float64)


def _quoted(condition: str, columns: list[str]) -> str:
    """A word in double quotes that names no column is text, as people write it outside SQL."""

    def word(found: re.Match[str]) -> str:
        inner = found.group(1)
        return found.group(0) if inner in columns else "'" + inner.replace("'", "''") + "'"

    return re.sub(r'"([^"]*)"', word, condition)


def _mentions(condition: str, column: str) -> bool:
    return bool(re.search(rf"(?<![\w]){re.escape(column)}(?![\w])", condition, flags=re.IGNORECASE))


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
