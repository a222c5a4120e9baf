"""Lines of CCLF files into rows of text: each line a record of its file's layout, or set aside with its reason.

A file is known by its name alone: `ZC8` in `P.A1234.ACO.ZC8Y24.D240115.T1200000` says which file, `D240115` when it was
delivered. Bytes are taken one for one (ISO 8859-1), so that no letter of a name moves the fields behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features import windows
from features.errors import BadInput
from features.record.store import Writer
from features.sources.cclf_layouts import RECORDS, TITLES
from features.sources.files import InputFile

if TYPE_CHECKING:
    import pyarrow as pa

NAMED = r"\.ZC[0-9AB]?[A-Z][0-9]{2}\."  # files, and the zips that hold them, whose names leave the digit out
NAME = re.compile(r"^(?P<sender>.+)\.ZC(?P<file>[0-9AB])(?P<period>[A-Z][0-9]{2})\.(?P<rest>.+)$")
DELIVERED = re.compile(r"^D([0-9]{2})([0-9]{2})([0-9]{2})\.")
NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_LINE = 1 << 16
LINES_AT_ONCE = 50_000
STATISTICS = "0"


@dataclass(frozen=True)
class Told:
    """What the name of a file tells. Files of one `delivery` belong together; `day` is when it came."""

    file: str
    delivery: str
    day: int


def told(file: InputFile) -> Told | None:
    """What a file's name tells; null for a file of something else. Raises BadInput where it tells no day."""
    return told_by(file.name)


def told_by(name: str) -> Told | None:
    """The same for a name, with or without the folders before it."""
    base = Path(name).name
    found = NAME.match(base)
    if found is None:
        return None
    day = _day(found["rest"])
    if day is None:
        raise BadInput(
            got=f"{base}, whose name tells no day of delivery",
            expected="the name that CMS gave it, such as P.A1234.ACO.ZC1Y24.D240115.T1200000",
            do="The day stands nowhere else: restore the name.",
        )
    return Told(found["file"], f"{found['sender']} {found['period']} {day}", day)


def _day(rest: str) -> int | None:
    found = DELIVERED.match(rest)
    try:
        return windows.parse_day("20{}-{}-{}".format(*found.groups())) if found else None
    except BadInput:
        return None


def wrong(text: str, file: str) -> str | None:
    """Why a line is no record of a file; null where it is one. Of summary statistics only the text is looked at."""
    if NO_TEXT.search(text):
        return f"not a record of file {file}: it holds characters that are no text"
    if file in RECORDS and len(text) not in RECORDS[file].lengths:
        lengths = sorted(RECORDS[file].lengths)
        says = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]} and ends within a field"
        return f"not a record of file {file} ({TITLES[file]}): its length is not {says}"
    return None


@dataclass(frozen=True)
class Read:
    """The files of a load with what their names tell and how many lines each has; where the lines of each kind of file
    are, and the broken ones.
    """

    files: tuple[tuple[InputFile, Told, int], ...]
    lines: Mapping[str, Path]
    broken: Path


def read(files: Sequence[tuple[InputFile, Told]], scratch: Path) -> Read:
    """Every line of the files (empty ones left out) into scratch Parquet files, few in memory at a time."""
    out = _Out(scratch)
    counted, number = [], 0
    try:
        for place, (file, says) in enumerate(files):
            before = number
            for line, text in _lines(file.path):
                number += 1
                row = {"number": number, "place": place, "stands": line, "text": text}
                reason = wrong(text, says.file)
                if reason is None:
                    out.add(says.file, row)
                else:
                    out.add("broken", {**row, "reason": reason})
            counted.append((file, says, number - before))
    finally:
        out.close()
    return Read(tuple(counted), {k: p for k, p in out.paths.items() if k != "broken"}, out.path("broken"))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as data:
        for line, content in enumerate(iter(lambda: data.readline(LONGEST_LINE), b""), 1):
            text = content.rstrip(b"\r\n").decode("latin-1")
            if text:
                yield line, text


class _Out:
    """Rows by kind of file on their way to Parquet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: dict[str, list[Mapping[str, Any]]] = {"broken": []}
        self.writers: dict[str, Any] = {}
        self.paths: dict[str, Path] = {}

    def path(self, kind: str) -> Path:
        return self.folder / f"cclf-{kind}.parquet"

    def add(self, kind: str, row: Mapping[str, Any]) -> None:
        held = self.held.setdefault(kind, [])
        held.append(row)
        if len(held) >= LINES_AT_ONCE:
            self._flush(kind)

    def _flush(self, kind: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = _schema("reason") if kind == "broken" else _schema()
        if kind not in self.writers:
            self.paths[kind] = self.path(kind)
            self.writers[kind] = pq.ParquetWriter(self.path(kind), schema, compression="zstd")
        self.writers[kind].write_table(pa.Table.from_pylist(self.held[kind], schema=schema))
        self.held[kind] = []

    def close(self) -> None:
        for kind in list(self.held):
            self._flush(kind)
            self.writers[kind].close()


def _schema(*more: str) -> pa.Schema:
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("text", *more)]
    return pa.schema([("number", pa.int64()), ("place", pa.int64()), ("stands", pa.int64()), *texts])


def make_views(writer: Writer, found: Read) -> None:
    """The table `cclf_files` (place, file, delivery, told_day), and for each kind of file a view `cclf_told_KIND` of
    its records: number (also as `line`), place, stands (line in the file), delivery, told_day, and each field as text,
    null where it is blank.
    """
    import pyarrow as pa

    con = writer.con
    columns = [(place, says.file, says.delivery, says.day) for place, (_, says, _) in enumerate(found.files)]
    places, kinds, deliveries, days = zip(*columns, strict=True)
    con.register(
        "cclf_files",
        pa.table(
            {
                "place": pa.array(places, pa.int64()),
                "file": pa.array(kinds, pa.string()),
                "delivery": pa.array(deliveries, pa.string()),
                "told_day": pa.array(days, pa.int64()),
            }
        ),
    )
    for kind, path in found.lines.items():
        if kind in RECORDS:
            fields = ", ".join(
                f"nullif(trim(substr(text, {field.start}, {field.end - field.start + 1})), '') AS {field.name}"
                for field in RECORDS[kind].fields
            )
            own = f"number, number AS line, place, stands, delivery, told_day, {fields}"
            rows = f"read_parquet({literal(path)}) JOIN cclf_files USING (place)"
            con.execute(f"CREATE TEMP VIEW cclf_told_{kind} AS SELECT {own} FROM {rows}")  # noqa: S608  # own names


def literal(*paths: Path) -> str:
    """Paths as SQL has them: a list of strings."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
