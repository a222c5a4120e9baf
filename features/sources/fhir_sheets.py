"""Resources to sheets: one Arrow file of columns for each kind of row, for a whole delivery, which the ordinary layouts
then read. Only what a sheet asks for is taken; nothing else of a resource is kept.

A sheet has one row a resource, or one for each member of a list in it (the lines of a claim). A resource is good or
rejected as a whole: what a rule of any of its sheets objects to takes all its rows with it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features import windows
from features.errors import BadDeclaration
from features.record.store import FileCount, Writer
from features.sources import fhir_delivered
from features.sources.fhir_paths import Of, Steps, Take, members, steps, taker
from features.sources.fhir_resources import ENDINGS, NO_RESOURCE, Place, Unreadable, as_json, resources
from features.sources.fhir_systems import TO_LOOK_UP, canonical
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout, Unfolded

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROWS_AT_ONCE = 50_000
BAD_TIME = "bad"  # in place of a precision
UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
TOO_DEEP = "nested too deeply"
LONGEST_TYPE, NO_TYPE, TOLD_BEFORE = 40, "(no type of FHIR)", "(told before, in another file)"


@dataclass(frozen=True)
class Sheet:
    """Rows of one kind. `layout` says what they become; `takes` what is taken from a resource of the type `resource`,
    or from each member of its list `each`. Beside their own columns they have those of `beside`, the sheet of the whole
    resource, and what its layout derives.

    `only` are the rows that become anything. Where `answers` is set, what other resources leave to be looked up is
    answered from this sheet: the column of clinicians' and places' numbers, or of codes.
    """

    resource: str
    layout: Layout
    takes: Mapping[str, Take]
    each: str = ""
    beside: Sheet | None = None
    only: Callable[[ir.Table], ir.BooleanValue] | None = None
    answers: str = ""

    def __post_init__(self) -> None:
        if self.each and self.beside is None:
            raise BadDeclaration(got=f"{self.layout.name} beside nothing", expected="a sheet", do="Name it in beside.")

    @property
    def view(self) -> str:
        """The name of its rows in the engine."""
        return "fhir_" + "".join(c if c.isalnum() else "_" for c in self.layout.name).lower()


# ---- reading


@dataclass
class _Filled:
    """Rows of a sheet while files are read: (resource, place, what each take gave)."""

    sheet: Sheet
    path: Path
    takers: tuple[Callable[[Any, Place], Any], ...]
    each: Steps
    held: list[tuple[int, int, list[Any]]] = field(default_factory=list)
    writer: Any = None

    def taken(self, resource: Any, place: Place) -> list[list[Any]]:
        """What a resource gives, a list for each of its rows."""
        nodes = members(resource, self.each) if self.each else (resource,)
        return [[take(node, place) for take in self.takers] for node in nodes]


def _empty(sheet: Sheet, folder: Path) -> _Filled:
    takers = tuple(taker(take) for take in sheet.takes.values())
    return _Filled(sheet, folder / f"{sheet.view}.arrow", takers, steps(sheet.each))


def _flush(filled: _Filled, zone: str) -> None:
    import pyarrow as pa

    numbers, places, rows = zip(*filled.held, strict=True)
    arrays: list[Any] = [pa.array(numbers, pa.int64()), pa.array(places, pa.int64())]
    names = ["resource", "place"]
    for (given, take), told in zip(filled.sheet.takes.items(), zip(*rows, strict=True), strict=True):
        if take.of is Of.TIME:
            arrays += _spans(pa.array(told, pa.string()), zone)
            names += [f"{given}_from", f"{given}_to", f"{given}_precision"]
        elif take.of is Of.CODED:
            forms = {pair: canonical(*pair) for pair in set(told)}
            arrays += [pa.array(each, pa.string()) for each in zip(*map(forms.__getitem__, told), strict=True)]
            names += [f"{given}_system", given]
        else:
            arrays.append(pa.array(told, pa.string()))
            names.append(given)
    table = pa.table(arrays, names)
    if filled.writer is None:
        filled.writer = pa.ipc.new_file(str(filled.path), table.schema)
    filled.writer.write_table(table)
    filled.held.clear()


def _spans(told: Any, zone: str) -> list[Any]:
    """(first second, last second, precision) of texts of times and of `start/end`, each different text once."""
    import pyarrow as pa

    coded = told.dictionary_encode()
    found = [_span(text, zone) for text in coded.dictionary.to_pylist()]
    types = (pa.int64(), pa.int64(), pa.string())
    columns = [pa.array([each[i] for each in found], kind) for i, kind in enumerate(types)]
    return [column.take(coded.indices) for column in columns]


def _span(text: str, zone: str) -> tuple[int | None, int | None, str | None]:
    start, slash, end = text.partition("/")
    ends = [windows.told_span(each, zone) if each else None for each in (start, end)]
    if any(each and span is None for each, span in zip((start, end), ends, strict=True)):
        return None, None, BAD_TIME
    first, last = ((None if span is not None and span[0] >= windows.NO_DATE else span) for span in ends)
    if not slash:
        return first or (None, None, None)
    precision = (first or last or (0, 0, None))[2]
    if first is None or last is None:
        return (first[0] if first else None), (last[1] if last else None), precision
    if last[1] < first[0] - windows.REPEATED_HOUR:
        return None, None, BAD_TIME
    return first[0], max(first[0], last[1]), precision


# ---- the delivery


@dataclass(frozen=True)
class _FileRead:
    file: InputFile
    first: int  # number of its first resource
    resources: int
    broken: tuple[tuple[int, str, str], ...]  # line, reason, raw
    untaken: Mapping[int, str]  # number of a resource of which nothing could be taken, and why
    says: str  # what kind of file


@dataclass
class _Hashed:
    """The resources of types that are used, by number, and their hashes one after the other."""

    numbers: list[int] = field(default_factory=list)
    hashes: bytearray = field(default_factory=bytearray)


def unfold(
    sheets: Sequence[Sheet], writer: Writer, files: Sequence[InputFile], scratch: Path, delivery: Delivery
) -> Unfolded:
    """Read the files once, write the sheets, reject what their rules object to, and hand over the good rows.

    One thing read is one resource: a line, an entry of a Bundle, or a file. Types that no sheet is about are counted as
    loaded and of no use; resources that the store was told before are loaded too, and give no row again.
    """
    filled = [_empty(sheet, scratch) for sheet in sheets]
    unused: Counter[str] = Counter()
    read, unread, number = [], [], 0
    hashed = _Hashed()
    candidates = [file for file in files if file.path.suffix.lower() in ENDINGS]
    by_type = {sheet.resource: [f for f in filled if f.sheet.resource == sheet.resource] for sheet in sheets}
    with _no_search_for_cycles():
        for file in _watched(candidates):
            found = _read(file, number, by_type, unused, hashed, writer.manifest.zone)
            if file.path.suffix.lower() == ".json" and not found.resources and _is_something_else(found):
                unread.append(file.name)
            else:
                read.append(found)
                number += found.resources
        present = [each for each in filled if each.held or each.writer]
        for each in present:
            if each.held:
                _flush(each, writer.manifest.zone)
            each.writer.close()
    unread += [file.name for file in files if file not in candidates]
    _make_views(writer, present)
    wrong = _wrong(writer, present, {number: why for one in read for number, why in one.untaken.items()})
    numbers = sorted(wrong)
    before = fhir_delivered.told_before(writer, hashed.numbers, hashed.hashes)
    if before:
        unused[TOLD_BEFORE] = before
    fhir_delivered.keep(writer)
    _keep_good(writer, present, delivery)
    return Unfolded(
        good=tuple(_good(writer, each.sheet) for each in present if _has_rows(writer, each.sheet)),
        rejected=_rejected(writer, read, wrong, numbers),
        counts=tuple(_count(each, _within(each, numbers)) for each in read),
        unread=tuple(sorted(unread)),
        unused=dict(sorted(unused.items())),
    )


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Parsed JSON holds none, and looking for them among its many objects costs a third of the time."""
    import gc

    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _watched(files: Sequence[InputFile]) -> Iterator[InputFile]:
    from tqdm import tqdm

    yield from tqdm(files, desc="reading files", disable=None)


def _is_something_else(found: _FileRead) -> bool:
    return bool(found.broken) and all(reason == NO_RESOURCE for _, reason, _ in found.broken)


def _read(
    file: InputFile,
    number: int,
    by_type: Mapping[str, list[_Filled]],
    unused: Counter[str],
    hashed: _Hashed,
    zone: str,
) -> _FileRead:
    first, broken, untaken = number, [], {}
    for place, resource in resources(file):
        if isinstance(resource, Unreadable):
            broken.append((place.line, resource.reason, resource.raw))
            continue
        kind = resource["resourceType"]
        targets = by_type.get(kind)
        if targets is None:
            unused[kind if kind.isascii() and kind.isalpha() and len(kind) <= LONGEST_TYPE else NO_TYPE] += 1
        else:
            place.resource = resource
            hashed.numbers.append(number)
            hashed.hashes += fhir_delivered.fingerprint(resource)
            try:
                taken = [target.taken(resource, place) for target in targets]
            except RecursionError:
                untaken[number] = TOO_DEEP
                taken = []
            for target, rows in zip(targets, taken, strict=False):
                target.held += [(number, position, row) for position, row in enumerate(rows, 1)]
                if len(target.held) >= ROWS_AT_ONCE:
                    _flush(target, zone)
        number += 1
    says = "NDJSON" if file.path.suffix.lower() == ".ndjson" else "JSON"
    return _FileRead(file, first, number - first, tuple(broken), untaken, says)


# ---- the rows in the engine


def _make_views(writer: Writer, present: Sequence[_Filled]) -> None:
    """A view of each sheet, with what others are to answer looked up in theirs; a sheet of members has the columns of
    the whole resource beside its own.
    """
    import pyarrow as pa

    con = writer.con
    for each in present:
        # mapped, not read: what is not looked at stays on disk
        con.register(f"{each.sheet.view}_told", pa.ipc.open_file(pa.memory_map(str(each.path))).read_all())
    for what, value, also in (("who", "npi", ()), ("code", "code", ("code_system",))):
        answers = [each.sheet for each in present if each.sheet.answers == what]
        con.execute(f"CREATE TEMP TABLE fhir_{what} AS {_answers(answers, value, also)}")
    for each in present:
        con.execute(f"CREATE TEMP VIEW {each.sheet.view}_own AS {_looked_up(each.sheet)}")
    for each in present:
        sheet = each.sheet
        if sheet.beside is None:
            con.execute(f"CREATE TEMP VIEW {sheet.view} AS SELECT * FROM {sheet.view}_own")  # noqa: S608
        else:
            con.execute(
                f"CREATE TEMP VIEW {sheet.view} AS SELECT o.*, b.* EXCLUDE (resource, place) "  # noqa: S608
                f"FROM {sheet.view}_own o JOIN {sheet.beside.view}_own b USING (resource)"
            )


def _answers(sheets: Sequence[Sheet], value: str, also: Sequence[str]) -> str:
    """By key (`Type/id`, and a UUID alone, which `urn:uuid:...` outside a Bundle leaves): what others look up. The same
    resource may have come twice; which of two answers holds must not depend on the order of files.
    """
    columns = ", ".join((*also, value))
    parts = [
        f"SELECT {key} AS key, {columns} FROM {sheet.view}_told WHERE {asked} AND {value} IS NOT NULL"  # noqa: S608
        for sheet in sheets
        for key, asked in ((f"'{sheet.resource}/' || id", "id IS NOT NULL"), ("id", f"regexp_full_match(id, '{UUID}')"))
    ] or [f"SELECT {', '.join(f'NULL::VARCHAR AS {c}' for c in ('key', *also, value))} WHERE false"]
    chosen = [f"min({value}) AS {value}", *(f"arg_min({each}, {value}) AS {each}" for each in also)]
    return f"SELECT key, {', '.join(chosen)} FROM ({' UNION ALL '.join(parts)}) GROUP BY key"  # noqa: S608


def _looked_up(sheet: Sheet) -> str:
    replaced, joins = [], []
    for name, take in sheet.takes.items():
        alias = f"l_{name}"
        if take.of is Of.WHO:
            joins.append(f"LEFT JOIN fhir_who {alias} ON {alias}.key = t.{name}")
            replaced.append(f"coalesce({alias}.npi, regexp_replace(t.{name}, '^[A-Za-z]+/', '')) AS {name}")
        elif take.of is Of.CODED:
            asks = f"t.{name}_system = '{TO_LOOK_UP}'"
            joins.append(f"LEFT JOIN fhir_code {alias} ON {alias}.key = t.{name} AND {asks}")
            replaced.append(f"CASE WHEN {asks} THEN {alias}.code ELSE t.{name} END AS {name}")
            replaced.append(f"CASE WHEN {asks} THEN {alias}.code_system ELSE t.{name}_system END AS {name}_system")
    if not replaced:
        return f"SELECT * FROM {sheet.view}_told"  # noqa: S608
    return f"SELECT t.* REPLACE ({', '.join(replaced)}) FROM {sheet.view}_told t {' '.join(joins)}"  # noqa: S608


def _wrong(writer: Writer, present: Sequence[_Filled], untaken: Mapping[int, str]) -> dict[int, str]:
    """The number of each resource to reject, with the first reason; also a table of the engine."""
    import ibis
    import pyarrow as pa

    wrong = dict(untaken)
    for each in present:
        raw = writer.engine.table(each.sheet.view)
        cases = [(found.fill_null(False), ibis.literal(why)) for why, found in each.sheet.layout.rejects(raw).items()]
        times = [(name, take) for name, take in each.sheet.takes.items() if take.of is Of.TIME]
        bad = [((raw[f"{name}_precision"] == BAD_TIME).fill_null(False), _not_a_time(take)) for name, take in times]
        cases = [*((wrong_time, ibis.literal(why)) for wrong_time, why in bad), *cases]
        if not cases:
            continue
        marked = raw.select(resource=raw.resource, reason=ibis.cases(*cases, else_=ibis.null("string")))
        marked = marked.filter(marked.reason.notnull())
        found = marked.group_by("resource").aggregate(reason=marked.reason.min())
        for number, reason in writer.con.execute(writer.engine.compile(found)).fetchall():
            wrong.setdefault(number, reason)
    writer.con.register("fhir_wrong", pa.table({"resource": pa.array(sorted(wrong), pa.int64())}))
    return wrong


def _not_a_time(take: Take) -> str:
    path = re.sub(r"\[[^]]*\]", "", take.paths[0])
    return f"{path} is not a date, or ends before it starts"


def _keep_good(writer: Writer, present: Sequence[_Filled], delivery: Delivery) -> None:
    """A view of each sheet's rows of resources that no rule objects to and that the store was not told before, with
    what the layout of the whole resource derives beside them.
    """
    for each in present:
        view = each.sheet.view
        writer.con.execute(
            f"CREATE TEMP VIEW {view}_kept AS SELECT * FROM {view} "  # noqa: S608
            "ANTI JOIN fhir_wrong USING (resource) ANTI JOIN fhir_before USING (resource)"
        )
    for each in present:
        sheet = each.sheet
        if sheet.layout.derives is not None:
            facts = sheet.layout.derives(writer.engine.table(f"{sheet.view}_kept"), delivery)
            writer.engine.create_table(f"{sheet.view}_facts", facts, temp=True)
    for each in present:
        sheet, whole = each.sheet, each.sheet.beside or each.sheet
        facts_of = f" JOIN {whole.view}_facts USING (resource)" if whole.layout.derives is not None else ""
        writer.con.execute(
            f"CREATE TEMP VIEW {sheet.view}_good AS SELECT * FROM {sheet.view}_kept{facts_of}"  # noqa: S608
        )


def _good(writer: Writer, sheet: Sheet) -> tuple[Layout, ir.Table]:
    rows = writer.engine.table(f"{sheet.view}_good")
    return sheet.layout, rows if sheet.only is None else rows.filter(sheet.only(rows))


def _has_rows(writer: Writer, sheet: Sheet) -> bool:
    if not sheet.layout.fills:
        return False
    first = _good(writer, sheet)[1].limit(1).select("resource")
    return bool(writer.con.execute(writer.engine.compile(first)).fetchall())


# ---- the account


def _within(read: _FileRead, numbers: Sequence[int]) -> Sequence[int]:
    """Those of the sorted numbers that are resources of a file."""
    return numbers[bisect_left(numbers, read.first) : bisect_left(numbers, read.first + read.resources)]


def _count(read: _FileRead, rejected: Sequence[int]) -> FileCount:
    everything, loaded = read.resources + len(read.broken), read.resources - len(rejected)
    return FileCount(read.file.name, read.file.sha256, read.says, everything, loaded, everything - loaded)


def _rejected(writer: Writer, read: Sequence[_FileRead], wrong: Mapping[int, str], numbers: Sequence[int]) -> ir.Table:
    """What was set aside: file, line (of NDJSON; in a Bundle the number of the entry), reason and the resource, which
    is read once more.
    """
    import pyarrow as pa

    rows: list[tuple[str, int, str, str]] = []
    for each in read:
        rows += [(each.file.name, line, reason, raw) for line, reason, raw in each.broken]
        here = set(_within(each, numbers))
        readable = (one for one in resources(each.file) if not isinstance(one[1], Unreadable)) if here else iter(())
        for number, (place, resource) in enumerate(readable, each.first):
            if number in here:
                rows.append((each.file.name, place.line, wrong[number], as_json(resource)))
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    types = (pa.string(), pa.int64(), pa.string(), pa.string())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    writer.con.register("fhir_rejected", pa.table(arrays, ["file", "line", "reason", "raw"]))
    return writer.engine.table("fhir_rejected")
