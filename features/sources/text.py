"""A file's rows as text: every column a string, null where empty, beside `line`, in a view of the load's engine.

CSV becomes a scratch Parquet file once, so that each table afterwards reads only its own columns; Parquet is read in
place. A header with tabs and without commas makes it a file of tabs, in which a quote is a quote. Rows that no CSV
parser can take apart are set aside with their line, and never take their neighbours with them.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from features.errors import BadInput
from features.record.store import is_full
from features.sources.files import BLOCK, InputFile

LONGEST_LINE = 1 << 22
KEPT_OF_A_BROKEN_LINE = 10_000
LINES_OF_A_VALUE = 50  # a quoted value that goes on for more lines than this was never closed
QUOTE, NEWLINE = 34, 10
TAB = "\t"
BROKEN = {
    "MISSING COLUMNS": "fewer fields than the header",
    "TOO MANY COLUMNS": "more fields than the header",
    "INVALID ENCODING": "text that is not UTF-8",
    "UNQUOTED VALUE": "a quote that is not closed",
    "LINE SIZE OVER MAXIMUM": f"a line of more than {LONGEST_LINE} bytes",
}


@dataclass(frozen=True)
class Text:
    """The names of the view of readable rows and of the table of broken ones (line, reason, raw, before); `columns` are
    those that the file has.

    `line` of a readable row counts readable rows only; `before` of a broken one says how many broken ones precede it.
    """

    view: str
    broken: str
    columns: tuple[str, ...]


def header(con: Any, file: InputFile) -> tuple[str, ...]:
    """The names of a file's columns; empty where the file is. Raises BadInput for a Parquet file that is none."""
    import duckdb

    if file.path.suffix.lower() == ".parquet":
        try:
            described = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file.path)]).fetchall()
        except duckdb.Error:
            raise BadInput(
                got=f"{file.name}, which is not Parquet", expected="a Parquet file", do="Fetch it again."
            ) from None
        return tuple(row[0] for row in described)
    with file.path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        first = text.readline()
    names = first.split(TAB) if _of_tabs(first) else next(csv.reader([first]), [])
    return tuple(name.strip() for name in names)


def _of_tabs(first_line: str) -> bool:
    return TAB in first_line and "," not in first_line


def as_text(con: Any, file: InputFile, name: str, scratch: Path, wanted: Sequence[str]) -> Text:
    """Make the view of the file's rows; `wanted` columns that it has not are null.

    Raises BadInput where the file as a whole cannot be read.
    """
    import duckdb

    columns = header(con, file)
    if len(set(columns)) != len(columns):
        raise BadInput(got=f"{file.name} with one column name twice", expected="each once", do="Rename one of them.")
    rows, broken = Text(name, f"{name}_broken", columns), f"{name}_rejects"
    try:
        if file.path.suffix.lower() == ".parquet":
            con.execute(f"CREATE TEMP TABLE {rows.broken} (line BIGINT, reason VARCHAR, raw VARCHAR, before BIGINT)")
            source, line = f"read_parquet({_literal(file.path)}, file_row_number=true)", "file_row_number + 1"
        else:
            parquet = scratch / f"{name}.parquet"
            with file.path.open(encoding="utf-8-sig", errors="replace", newline="") as first:
                of_tabs = _of_tabs(first.readline())
            path = file.path if of_tabs else _with_closed_quotes(file.path, len(columns), scratch)
            _read_csv(con, path, columns, broken, parquet, TABBED if of_tabs else QUOTED)
            con.execute(f"CREATE TEMP TABLE {rows.broken} AS {_broken_rows(broken)}")
            source, line = f"read_parquet({_literal(parquet)})", "line"
        texts = ", ".join(
            [f"nullif(trim({_name(c)}::VARCHAR), '') AS {_name(c)}" for c in columns]
            + [f"NULL::VARCHAR AS {_name(c)}" for c in wanted if c not in columns]
        )
        con.execute(f"CREATE TEMP VIEW {name} AS SELECT {texts}, {line} AS line FROM {source}")  # noqa: S608  # own names
    except duckdb.Error as fault:
        if is_full(fault):
            raise
        raise BadInput(
            got=f"{file.name}, which cannot be read", expected="CSV in UTF-8 or Parquet", do="Fetch it again."
        ) from None
    return rows


QUOTED, TABBED = "delim=',', quote='\"', escape='\"'", "delim='\t', quote='', escape=''"


def _read_csv(con: Any, path: Path, columns: tuple[str, ...], broken: str, parquet: Path, marks: str) -> None:
    import duckdb

    types = ", ".join(f"{_literal(column)}: 'VARCHAR'" for column in columns)
    for strict in ("true", "false"):  # a file of mixed line ends is read only by the parser's lenient mode
        options = (
            f"columns={{{types}}}, auto_detect=false, header=true, {marks}, nullstr='', "
            f"store_rejects=true, rejects_table='{broken}', rejects_scan='{broken}_scan', rejects_limit=0, "
            f"max_line_size={LONGEST_LINE}, strict_mode={strict}"
        )
        try:
            con.execute(
                f"COPY (SELECT *, row_number() OVER () + 1 AS line FROM read_csv({_literal(path)}, {options})) "  # noqa: S608
                f"TO {_literal(parquet)} (FORMAT parquet)"
            )
            return
        except duckdb.InvalidInputException:
            if strict == "false":
                raise
            con.execute(f"DROP TABLE IF EXISTS {broken}")
            con.execute(f"DROP TABLE IF EXISTS {broken}_scan")


def _broken_rows(broken: str) -> str:
    reasons = " ".join(f"WHEN '{kind}' THEN '{says}'" for kind, says in BROKEN.items())
    return (
        f"SELECT line::BIGINT AS line, 'not a row of this file: ' || min(CASE error_type::VARCHAR {reasons} "  # noqa: S608
        f"ELSE 'broken' END) AS reason, min(left(trim(csv_line, chr(10) || chr(13)), {KEPT_OF_A_BROKEN_LINE})) AS raw, "
        f"row_number() OVER (ORDER BY line) - 1 AS before FROM {broken} GROUP BY line"
    )


def _with_closed_quotes(path: Path, fields: int, scratch: Path) -> Path:
    """The file itself, or a copy in which each line whose quote is never closed has lost its commas and quotes.

    A CSV parser takes an open quote for a value that goes on, so one such line would swallow all that follow. Without
    commas the line has too few fields and is quarantined alone. No byte moves, so lines keep their numbers.
    """
    opened = _lines_with_an_open_quote(path, fields)
    if not opened:
        return path
    copy = scratch / f"closed-{path.name}"
    shutil.copyfile(path, copy)
    with copy.open("r+b") as data:
        for start, size in opened:
            data.seek(start)
            line = data.read(size)
            data.seek(start)
            data.write(line.replace(b'"', b"'").replace(b",", b";"))
    return copy


def _lines_with_an_open_quote(path: Path, fields: int) -> list[tuple[int, int]]:
    """(offset, size) of the lines with an odd number of quotes that do not belong to a value of several lines."""
    import numpy as np

    odd: list[tuple[int, int]] = []
    offset = 0
    with path.open("rb") as data:
        while block := data.read(16 * BLOCK):
            block += data.readline()  # a block ends where a line ends
            if b'"' in block:
                content = np.frombuffer(block, dtype=np.uint8)
                ends = np.append(np.flatnonzero(content == NEWLINE), len(content))
                lines = np.searchsorted(ends, np.flatnonzero(content == QUOTE))
                for line in np.flatnonzero(np.bincount(lines) % 2):
                    start = int(ends[line - 1]) + 1 if line else 0
                    odd.append((offset + start, int(ends[line]) - start))
            offset += len(block)
    opened = []
    closes_at = -1
    for start, size in odd:
        if start <= closes_at:
            continue
        closes_at = _end_of_value(path, start, fields)
        if closes_at < 0:
            opened.append((start, size))
    return opened


def _end_of_value(path: Path, start: int, fields: int) -> int:
    """Where the last line of the row that starts here begins, if the row is whole; -1 if its quote is never closed."""
    row = b""
    with path.open("rb") as data:
        data.seek(start)
        for line in islice(data, LINES_OF_A_VALUE):
            row += line
            if row.count(b'"') % 2 == 0:
                try:
                    parsed = next(csv.reader([row.decode("utf-8", "replace")]), [])
                except csv.Error:
                    return -1
                return start + len(row) - len(line) if len(parsed) == fields else -1
    return -1


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
