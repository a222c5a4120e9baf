"""Load files into a store: recognise, check each row, quarantine what is not right, commit all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from features import windows
from features.errors import BadInput
from features.record.store import Batch, FileCount, Writer, batch_id, commit, loading
from features.record.tables import ADT_EVENT, CLAIM_LINE, DISCHARGE_NOTICE, DISPENSING, TABLES, Table
from features.sources.files import InputFile, input_files
from features.sources.reader import Delivery, Layout, Reader

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class LoadReport:
    """What one load did. `already` names files whose content the store already held; `unread` those of no known layout.

    `unmapped` counts, for each coding system, the codes and how many of them are not of its form.
    """

    files: tuple[FileCount, ...]
    already: tuple[str, ...]
    unread: tuple[str, ...]
    rows: Mapping[str, int]
    lacks: Mapping[str, str]
    unmapped: Mapping[str, tuple[int, int]]
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class _Parsed:
    file: InputFile
    layout: Layout
    good: ir.Table
    rejected: ir.Table
    read: int
    loaded: int


def load(reader: Reader, given: Path, store: Path, delivery: Delivery, zone: str | None = None) -> LoadReport:
    """Load every file of `given` that `reader` knows into `store`, in one batch.

    Raises BadInput where no file has a known layout, BadStore where another load is writing. One bad row never stops a
    load: it goes to the quarantine with its reason.
    """
    from tqdm import tqdm

    with loading(store, zone) as writer, TemporaryDirectory(dir=writer.folder) as scratch:
        files = input_files(given, Path(scratch))
        held = writer.manifest.loaded_files()
        recognised = {file.sha256: _layout(reader, _header(writer, file), file) for file in files}
        if not any(recognised.values()):
            raise BadInput(
                got=f"no file of the format {reader.name} among {len(files)}",
                expected="; ".join(f"{lay.name} with {', '.join(lay.marks)}" for lay in reader.layouts),
                do="Check the folder and the format.",
            )
        parsed, report_already, unread = [], [], []
        for file in tqdm(files, desc="checking files", unit="file"):
            layout = recognised[file.sha256]
            if layout is None:
                unread.append(file.name)
            elif file.sha256 in held:
                report_already.append(file.name)
            else:
                parsed.append(_parse(writer, file, layout))
        counts = tuple(
            FileCount(p.file.name, p.file.sha256, p.layout.name, p.read, p.loaded, p.read - p.loaded) for p in parsed
        )
        reasons: dict[str, int] = {}
        if parsed:
            for table in tqdm(TABLES, desc="writing tables", unit="table"):
                _write(writer, table, parsed, delivery)
            reasons = _quarantine(writer, parsed)
            batch = Batch(
                id=batch_id([file.sha256 for file in counts]),
                reader=reader.name,
                loaded_at=windows.now(),
                files=counts,
                rows=dict(writer.rows),
                lacks=_lacking(reader, writer.rows),
                claims_complete_to=_last_day(writer, (CLAIM_LINE, DISPENSING), reader.claims_lag),
                admissions_complete_to=_last_day(writer, (DISCHARGE_NOTICE, ADT_EVENT), reader.admissions_lag),
            )
            unmapped = _unmapped(writer)
            commit(writer, batch)
            return LoadReport(counts, tuple(report_already), tuple(unread), batch.rows, batch.lacks, unmapped, reasons)
        return LoadReport((), tuple(report_already), tuple(unread), {}, {}, {}, {})


def _header(writer: Writer, file: InputFile) -> tuple[str, ...]:
    import duckdb

    if file.path.suffix == ".parquet":
        try:
            described = writer.con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file.path)]).fetchall()
        except duckdb.Error:
            raise BadInput(
                got=f"{file.name}, which is not Parquet", expected="a Parquet file", do="Fetch it again."
            ) from None
        return tuple(row[0] for row in described)
    with file.path.open(encoding="utf-8-sig", errors="replace") as text:
        first = text.readline().strip()
    return tuple(name.strip().strip('"') for name in first.split(",")) if first else ()


def _layout(reader: Reader, header: tuple[str, ...], file: InputFile) -> Layout | None:
    for layout in reader.layouts:
        if set(layout.marks) <= set(header):
            missing = [name for name in layout.needs if name not in header]
            if missing:
                raise BadInput(
                    got=f"{file.name} without {', '.join(missing)}",
                    expected=f"the columns of {reader.name} {layout.name}",
                    do="Ask the sender for the whole file.",
                )
            return layout
    partly = [lay for lay in reader.layouts if set(lay.marks) & set(header) and len(set(lay.needs) & set(header)) > 2]
    if partly:
        layout = max(partly, key=lambda lay: len(set(lay.needs) & set(header)))
        missing = [name for name in layout.needs if name not in header]
        raise BadInput(
            got=f"{file.name} without {', '.join(missing)}",
            expected=f"the columns of {reader.name} {layout.name}",
            do="Ask the sender for the whole file.",
        )
    return None


def _parse(writer: Writer, file: InputFile, layout: Layout) -> _Parsed:
    import ibis

    name = f"raw_{file.sha256[:16]}"
    broken = _read_text(writer.con, file, name)
    raw = writer.engine.table(name)
    absent = [c for c in (*layout.needs, *layout.may) if c not in raw.columns]
    raw = raw.mutate(**{column: ibis.null("string") for column in absent})
    cases = [(wrong.fill_null(False), ibis.literal(reason)) for reason, wrong in layout.rejects(raw).items()]
    marked = raw.mutate(reason=ibis.cases(*cases, else_=ibis.null("string")) if cases else ibis.null("string"))
    marked = writer.engine.create_table(f"{name}_marked", marked, temp=True)
    good = marked.filter(marked.reason.isnull())
    bad = marked.filter(marked.reason.notnull())
    columns = [c for c in raw.columns if c != "line"]
    text = bad[columns[0]].fill_null("").cast("string")
    for column in columns[1:]:
        text = text + "," + bad[column].fill_null("").cast("string")
    rejected = bad.select(file=ibis.literal(file.name), line=bad.line.cast("int64"), reason=bad.reason, raw=text)
    broken_rows = writer.engine.table(broken) if broken else None
    if broken_rows is not None:
        rejected = rejected.union(broken_rows.mutate(file=ibis.literal(file.name)).select(*rejected.columns))
    loaded = int(writer.engine.execute(good.count()))
    wrong_rows = int(writer.engine.execute(rejected.count()))
    return _Parsed(file, layout, good, rejected, loaded + wrong_rows, loaded)


def _read_text(con: Any, file: InputFile, name: str) -> str | None:
    """Make the view `name` of the file's rows as text with their line; returns the table of rows that no parser reads."""
    import duckdb

    if file.path.suffix == ".parquet":
        columns = [row[0] for row in con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file.path)]).fetchall()]
        texts = ", ".join(f'nullif("{column}"::VARCHAR, \'\') AS "{column}"' for column in columns)
        con.execute(
            f"CREATE TEMP TABLE {name} AS SELECT {texts}, row_number() OVER () AS line "  # noqa: S608  # our own names
            f"FROM read_parquet('{_quoted(file.path)}')"
        )
        return None
    rejects = f"broken_{name}"
    try:
        con.execute(
            f"CREATE TEMP TABLE {name} AS SELECT *, row_number() OVER () + 1 AS line "  # noqa: S608
            f"FROM read_csv('{_quoted(file.path)}', header=true, all_varchar=true, delim=',', quote='\"', escape='\"', "
            f"nullstr='', store_rejects=true, rejects_table='{rejects}', rejects_scan='scan_{name}', "
            "rejects_limit=0, max_line_size=4194304)"
        )
        con.execute(
            f"CREATE TEMP TABLE {rejects}_rows AS SELECT line::BIGINT AS line, "  # noqa: S608
            f"'not a row of this file: ' || lower(min(error_type)::VARCHAR) AS reason, min(csv_line) AS raw "
            f"FROM {rejects} GROUP BY line"
        )
    except duckdb.Error:
        raise BadInput(
            got=f"{file.name}, which cannot be read as text", expected="CSV in UTF-8", do="Fetch it again."
        ) from None
    return f"{rejects}_rows"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _write(writer: Writer, table: Table, parsed: Iterable[_Parsed], delivery: Delivery) -> None:
    import ibis

    parts = []
    for one in parsed:
        if table in one.layout.fills:
            rows = one.layout.fills[table](one.good, one.file, delivery)
            names = [column.name for column in table.all_columns if column.name not in ("from_day", "to_day")]
            missing = {name: ibis.null() for name in names if name not in rows.columns}
            parts.append(rows.mutate(**missing).select(*names))
    if parts:
        writer.write(table, ibis.union(parts[0], *parts[1:]) if len(parts) > 1 else parts[0])


def _quarantine(writer: Writer, parsed: Iterable[_Parsed]) -> dict[str, int]:
    import ibis

    parts = [one.rejected for one in parsed]
    rejected = ibis.union(parts[0], *parts[1:]) if len(parts) > 1 else parts[0]
    writer.write_quarantine(rejected)
    counted = writer.engine.to_pyarrow(rejected.group_by("reason").aggregate(n=rejected.count()).order_by("reason"))
    return dict(zip(counted["reason"].to_pylist(), counted["n"].to_pylist(), strict=True))


def _lacking(reader: Reader, rows: Mapping[str, int]) -> dict[str, str]:
    """What the format never carries, and the tables that it could fill but this load brought no row for."""
    absent = {t.name: f"no {t.name} row in the files loaded" for t in TABLES if not rows.get(t.name)}
    return {**absent, **reader.lacks}


def _last_day(writer: Writer, tables: Iterable[Table], lag: int) -> int | None:
    days = []
    for table in tables:
        if writer.rows.get(table.name):
            path = writer.folder / f"{table.name}.parquet"
            found = writer.con.execute("SELECT max(to_day) FROM read_parquet(?)", [str(path)]).fetchone()[0]
            days.append(None if found is None else int(found))
    last = windows.latest(days)
    return None if last is None else last - lag


def _unmapped(writer: Writer) -> dict[str, tuple[int, int]]:
    """For each table with codes: how many codes, and how many have the form of no declared system."""
    counts = {}
    for name in ("diagnosis", "procedure"):
        path = writer.folder / f"{name}.parquet"
        if path.exists():
            counts[name] = writer.con.execute(
                "SELECT count(*), count(*) FILTER (WHERE code_system = 'unmapped') FROM read_parquet(?)", [str(path)]
            ).fetchone()
    return {name: (int(all_), int(wrong)) for name, (all_, wrong) in counts.items()}
