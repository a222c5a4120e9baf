"""Load files into a store: recognise, check each row, quarantine what is not right, commit all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar, cast

from features import windows
from features.errors import BadInput
from features.record.schema import Table
from features.record.store import Batch, FileCount, Writer, batch_id, commit, loading, table_files
from features.record.tables import ADT_EVENT, CLAIM_LINE, DISCHARGE_NOTICE, DISPENSING, OUTREACH_CONTACT, TABLES
from features.sources.clock import on_the_networks_clock
from features.sources.files import InputFile, check_unchanged, input_files
from features.sources.messages import AGAIN
from features.sources.reader import Delivery, Layout, Reader
from features.sources.text import Text, as_text, header
from features.sources.unmapped import jumps, unmapped

if TYPE_CHECKING:
    import ibis.expr.types as ir

T = TypeVar("T")
COLUMNS_NAMED = 20  # as many of them as an error lists before it only counts


@dataclass(frozen=True)
class LoadReport:
    """What one load did. `already` names files whose content the store already held; `unread` those of no known layout.

    `unused` counts what was read and loaded and is of a kind that the record has no use for. `unmapped` counts, for
    each column of codes, the codes and how many of them are of no form of their system; `jumps` are those of which this
    share rose against earlier loads of the format: (then, now).
    """

    files: tuple[FileCount, ...] = ()
    already: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    unused: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)
    unmapped: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    jumps: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Input rows read: each is loaded or quarantined."""
        return sum(file.read for file in self.files)

    @property
    def loaded(self) -> int:
        """Input rows loaded."""
        return sum(file.loaded for file in self.files)

    @property
    def quarantined(self) -> int:
        """Input rows put aside with a reason."""
        return sum(file.quarantined for file in self.files)

    @property
    def refused(self) -> bool:
        """Whether rows were read and none was fit to load. Content that the store already holds refuses nothing."""
        return bool(self.read) and not self.loaded and not self.already and AGAIN not in self.reasons


@dataclass(frozen=True)
class _Parsed:
    file: InputFile
    layout: Layout
    good: ir.Table
    rejected: ir.Table
    read: int
    loaded: int


@dataclass(frozen=True)
class _Taken:
    """What the files of a load hold: good rows by layout, rejected rows, and the tables for which rows were brought."""

    report: LoadReport
    good: tuple[tuple[Layout, ir.Table, InputFile], ...] = ()
    rejected: tuple[ir.Table, ...] = ()
    brought: frozenset[Table] = frozenset()


def load(reader: Reader, given: Path, store: Path, delivery: Delivery, zone: str | None = None) -> LoadReport:
    """Load every file of `given` that `reader` knows into `store`, in one batch.

    Raises BadInput where no file has a known layout, BadStore where another load is writing. One bad row never stops a
    load: it goes to the quarantine with its reason. Where every row is bad the report is `refused` and the store stays
    as it was.
    """
    with loading(store, zone) as writer:
        # what was unpacked is gone before the batch becomes part of the store
        with TemporaryDirectory(dir=writer.folder) as folder:
            report, batch = _batch(reader, given, writer, Path(folder), delivery)
        if batch is not None and not report.refused:
            commit(writer, batch)
        return report


def _batch(
    reader: Reader, given: Path, writer: Writer, scratch: Path, delivery: Delivery
) -> tuple[LoadReport, Batch | None]:
    """What the load did, and the batch to commit; null where no row was read."""
    files = input_files(given, scratch, reader.named)
    take = _tabular if reader.unfolds is None else _unfolded
    taken = take(reader, writer, files, scratch, delivery)
    report, counts, brought = taken.report, taken.report.files, taken.brought
    if not report.read:
        return report, None
    for table in _in_order(reader, _shown(TABLES, "writing tables")):
        _write(writer, table, taken, delivery)
    reasons = _quarantine(writer, taken.rejected)
    check_unchanged(files)
    codes = unmapped(writer)
    earlier = [batch for batch in writer.manifest.batches if batch.reader == reader.name]
    batch = Batch(
        id=batch_id([*(file.sha256 for file in counts), reader.name, str(delivery)]),
        reader=reader.name,
        loaded_at=windows.now(),
        files=counts,
        rows=dict(writer.rows),
        lacks=_lacking(reader, writer.rows, brought),
        claims_complete_to=_last_day(writer, (CLAIM_LINE, DISPENSING), reader.claims_lag),
        admissions_complete_to=_last_day(writer, (DISCHARGE_NOTICE, ADT_EVENT), _admissions_lag(reader, writer)),
        unmapped=codes,
    )
    told = replace(report, rows=batch.rows, lacks=batch.lacks, unmapped=codes, jumps=jumps(codes, earlier))
    return replace(told, reasons=reasons), batch


def _tabular(reader: Reader, writer: Writer, files: Sequence[InputFile], scratch: Path, delivery: Delivery) -> _Taken:
    recognised = [(file, _layout(reader, header(writer.con, file), file)) for file in files]
    known = [(file, layout) for file, layout in recognised if layout is not None]
    if not known:
        expected = "; ".join(f"{lay.name} with {', '.join(lay.marks)}" for lay in reader.layouts)
        raise _none_of(reader, len(files), expected)
    held = _held(writer)
    new = [(file, layout) for file, layout in known if file.sha256 not in held]
    texts = _texts(writer, known, {file for file, _ in new}, scratch)
    beside = _beside(writer, known, texts)
    parsed = [
        _parse(writer, file, layout, texts[file], beside, delivery) for file, layout in _shown(new, "checking files")
    ]
    counts = tuple(
        FileCount(p.file.name, p.file.sha256, p.layout.name, p.read, p.loaded, p.read - p.loaded) for p in parsed
    )
    report = LoadReport(
        files=counts,
        already=tuple(file.name for file, _ in known if file.sha256 in held),
        unread=tuple(file.name for file, layout in recognised if layout is None),
    )
    return _Taken(
        report,
        tuple((p.layout, p.good, p.file) for p in parsed),
        tuple(p.rejected for p in parsed),
        _brought(reader, [*counts, *(held[file.sha256] for file, _ in known if file.sha256 in held)]),
    )


def _unfolded(reader: Reader, writer: Writer, files: Sequence[InputFile], scratch: Path, delivery: Delivery) -> _Taken:
    """Files that are no tables; what they brought is told by the rows themselves and by the batches of files held."""
    held = _held(writer)
    new = [file for file in files if file.sha256 not in held]
    already = tuple(file.name for file in files if file.sha256 in held)
    if not new or reader.unfolds is None:
        return _Taken(LoadReport(already=already))
    unfolded = reader.unfolds(writer, new, scratch, delivery)
    if not unfolded.counts and not already:
        raise _none_of(reader, len(files), reader.says)
    report = LoadReport(files=unfolded.counts, already=already, unread=unfolded.unread, unused=unfolded.unused)
    hashes = {file.sha256 for file in files}
    before = [b for b in writer.manifest.batches if any(file.sha256 in hashes for file in b.files)]
    brought = {table for layout, _ in unfolded.good for table in layout.fills}
    brought |= {table for table in TABLES if any(batch.rows.get(table.name) for batch in before)}
    good = tuple((layout, rows, new[0]) for layout, rows in unfolded.good)
    return _Taken(report, good, (unfolded.rejected,), frozenset(brought))


def _held(writer: Writer) -> dict[str, FileCount]:
    return {file.sha256: file for batch in writer.manifest.batches for file in batch.files}


def _none_of(reader: Reader, files: int, expected: str) -> BadInput:
    return BadInput(
        got=f"no file of the format {reader.name} among {files}",
        expected=expected,
        do="Check the folder and the format.",
    )


def _shown(steps: Sequence[T], says: str) -> Iterable[T]:
    """The steps, with a bar where somebody watches."""
    from tqdm import tqdm

    return cast("Iterable[T]", tqdm(steps, desc=says, disable=None))


def _layout(reader: Reader, header: tuple[str, ...], file: InputFile) -> Layout | None:
    """The layout of a file's columns; null for a file of something else. Raises BadInput where columns are missing."""
    for layout in reader.layouts:
        if set(layout.needs) <= set(header):
            return layout
    marked = [layout for layout in reader.layouts if set(layout.marks) <= set(header)]
    nearest = max(marked or reader.layouts, key=lambda layout: _share(layout, header))
    if not marked and _share(nearest, header) < 0.5:
        return None
    missing = ", ".join(name for name in nearest.needs if name not in header)
    raise BadInput(
        got=f"{file.name} without {missing}",
        expected=f"the columns of {reader.name} {nearest.name}: {', '.join(nearest.needs)}",
        do=f"Ask the sender for the whole file, or rename its columns{_strangers(nearest, header)}; docs/data.md tells "
        "what is kept.",
    )


def _strangers(layout: Layout, header: Sequence[str]) -> str:
    """The columns found that a layout does not know: one of them may be a missing one under another name."""
    names = [name for name in header if name not in (*layout.needs, *layout.may)]
    more = f" and {len(names) - COLUMNS_NAMED} more" if len(names) > COLUMNS_NAMED else ""
    return f" (found, and not known here: {', '.join(names[:COLUMNS_NAMED])}{more})" if names else ""


def _share(layout: Layout, header: tuple[str, ...]) -> float:
    return len(set(layout.needs) & set(header)) / len(layout.needs)


def _texts(
    writer: Writer, files: Sequence[tuple[InputFile, Layout]], new: set[InputFile], scratch: Path
) -> dict[InputFile, Text]:
    """The rows of the new files, and of those that they look up in, as text."""
    looked = {name for file, layout in files if file in new for name in layout.beside}
    return {
        file: as_text(writer.con, file, f"raw_{file.sha256[:16]}", scratch, (*layout.needs, *layout.may))
        for file, layout in files
        if file in new or (new and layout.name in looked)
    }


def _beside(
    writer: Writer, files: Sequence[tuple[InputFile, Layout]], texts: Mapping[InputFile, Text]
) -> dict[str, ir.Table]:
    """The rows of each layout's files in this delivery, all of its columns as text."""
    import ibis

    parts: dict[str, list[ir.Table]] = {}
    for file, layout in files:
        if file in texts:
            rows = writer.engine.table(texts[file].view)
            parts.setdefault(layout.name, []).append(rows.select(*layout.needs, *layout.may))
    return {name: ibis.union(*tables) if len(tables) > 1 else tables[0] for name, tables in parts.items()}


def _parse(
    writer: Writer, file: InputFile, layout: Layout, text: Text, beside: Mapping[str, ir.Table], delivery: Delivery
) -> _Parsed:
    """Mark the rows to quarantine; only their lines are kept in memory, the rows stay in the file."""
    import ibis

    name = text.view
    raw = on_the_networks_clock(writer, writer.engine.table(name), layout.moments)
    if layout.looks_up is not None:
        facts = writer.engine.create_table(f"{name}_beside", layout.looks_up(raw, beside), temp=True)
        raw = raw.inner_join(facts, "line")
    cases = [(wrong.fill_null(False), ibis.literal(reason)) for reason, wrong in layout.rejects(raw).items()]
    marked = raw.select(line=raw.line, reason=ibis.cases(*cases, else_=ibis.null("string")))
    wrong = writer.engine.create_table(f"{name}_wrong", marked.filter(marked.reason.notnull()), temp=True)
    broken = writer.engine.table(text.broken)
    here = ibis.literal(file.name)
    rejected = broken.select(file=here, line=broken.line, reason=broken.reason, raw=broken.raw)
    read, rejects = (int(writer.engine.execute(rows.count())) for rows in (raw, wrong))
    if rejects:
        bad = raw.inner_join(_with_place(wrong, broken), "line")
        content = ibis.literal(",").join([bad[column].fill_null("") for column in text.columns])
        rejected = rejected.union(bad.select(file=here, line=bad.place, reason=bad.reason, raw=content))
        raw = raw.anti_join(wrong, "line")
    if layout.derives is not None:
        facts = layout.derives(raw, delivery)
        raw = raw.inner_join(writer.engine.create_table(f"{name}_facts", facts, temp=True), "line")
    return _Parsed(file, layout, raw, rejected, read + int(writer.engine.execute(broken.count())), read - rejects)


def _with_place(wrong: ir.Table, broken: ir.Table) -> ir.Table:
    """Rows to quarantine with the line at which they stand in the file, broken rows counted."""
    stands = broken.select(stands=broken.line - broken.before)
    later = wrong.left_join(stands, wrong.line >= stands.stands)
    counted = later.group_by("line", "reason").aggregate(shift=later.stands.count())
    return counted.mutate(place=counted.line + counted["shift"])


def _in_order(reader: Reader, tables: Iterable[Table]) -> list[Table]:
    """Tables that give way to another come last, when it is known who told the other."""
    given_way = {table for layout in reader.layouts for table in layout.unless}
    return sorted(tables, key=lambda table: table in given_way)


def _write(writer: Writer, table: Table, taken: _Taken, delivery: Delivery) -> None:
    parts = []
    for layout, good, file in taken.good:
        if table in layout.fills:
            rows = layout.fills[table](good, file, delivery)
            better = layout.unless.get(table)
            parts.append(rows if better is None else _of_silent_facilities(writer, rows, better))
    if parts:
        writer.write(table, *parts)


def _of_silent_facilities(writer: Writer, rows: ir.Table, better: Table) -> ir.Table:
    """The rows of facilities of which neither this load nor the store has any row of the better table."""
    here = [str(writer.path(better))] if writer.rows.get(better.name) else []
    files = here + table_files(writer.store, writer.manifest, better.name)
    if not files:
        return rows
    told = writer.engine.read_parquet(files)
    return rows.anti_join(told.select("facility_id").distinct(), "facility_id")


def _brought(reader: Reader, files: Iterable[FileCount]) -> frozenset[Table]:
    """The tables for which files with at least one good row were given."""
    layouts = {file.layout for file in files if file.loaded}
    return frozenset(table for layout in reader.layouts if layout.name in layouts for table in layout.fills)


def _quarantine(writer: Writer, parts: Sequence[ir.Table]) -> dict[str, int]:
    import ibis

    rejected = ibis.union(parts[0], *parts[1:]) if len(parts) > 1 else parts[0]
    writer.write_quarantine(rejected)
    counted = writer.engine.to_pyarrow(rejected.group_by("reason").aggregate(n=rejected.count()).order_by("reason"))
    return dict(zip(counted["reason"].to_pylist(), counted["n"].to_pylist(), strict=True))


def _lacking(reader: Reader, rows: Mapping[str, int], brought: frozenset[Table]) -> dict[str, str]:
    """What the format never carries, and the tables that it could fill but this load brought no row for. A table whose
    better one was brought is not missed.
    """
    given_way = {t.name for lay in reader.layouts for t, better in lay.unless.items() if better in brought}
    missed = [t.name for t in TABLES if t is not OUTREACH_CONTACT and not rows.get(t.name)]
    absent = {name: f"no {name} row in the files loaded" for name in missed}
    lacks = {**absent, **reader.lacks}
    return {fact: why for fact, why in lacks.items() if fact.split(".")[0] not in given_way}


def _admissions_lag(reader: Reader, writer: Writer) -> int:
    """Messages tell of admissions at once; where notices declared from claims tell of some, these are as late as the
    claims.
    """
    told = writer.rows.get(ADT_EVENT.name) and not writer.rows.get(DISCHARGE_NOTICE.name)
    return reader.admissions_lag if told else max(reader.admissions_lag, reader.claims_lag)


def _last_day(writer: Writer, tables: Iterable[Table], lag: int) -> int | None:
    """The last day of what was known by now, less a lag: a date that lies ahead completes nothing."""
    days = []
    for table in tables:
        if writer.rows.get(table.name):
            path = writer.folder / f"{table.name}.parquet"
            query = "SELECT max(to_day) FROM read_parquet(?) WHERE known_at <= ?"
            found = writer.con.execute(query, [str(path), windows.now()]).fetchone()[0]
            days.append(None if found is None else int(found))
    last = windows.latest(days)
    return None if last is None else last - lag
