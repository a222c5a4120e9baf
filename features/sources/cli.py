"""`afterward load`: files of one format into a store, with an account of every input row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.errors import BadInput

if TYPE_CHECKING:
    from features.sources.load import LoadReport

REASONS_NAMED = 3
FILES_NAMED = 5


@click.command(name="load")
@click.argument("format_", metavar="FORMAT")
@click.argument("given", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--store", required=True, type=click.Path(path_type=Path), help="Folder of the store; made when absent.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report to this file as JSON.")
@click.option("--zone", help="IANA name of the network's time zone, for a new store.  [default: America/New_York]")
@click.option(
    "--back-load-delay",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="This is a first back-load of history: a claim was known so many days after it was paid, whatever file date it"
    " carries.",
)
def load(
    format_: str, given: Path, store: Path, json_file: Path | None, zone: str | None, back_load_delay: int | None
) -> None:
    """Load a folder, a zip or a file of FORMAT (synpuf, tuva, fhir, synthea, hl7v2, omop, cclf) into a store.

    Sub-folders, zips and gzips are opened. Every input row (of HL7 v2: every message) is accounted for: read = loaded +
    quarantined. A row that is not right goes to the store's quarantine with the reason and never stops a load; a file
    whose content the store already holds is not loaded again; a load that is broken off, or in which no row is right,
    leaves the store as it was; files that hold no row at all are a failure too.

    The JSON report has `files`: for each file by name `read`, `loaded`, `quarantined`, `layout` and `already_loaded`;
    then `read`, `loaded`, `quarantined` in all, `reasons`, `unread`, `unused`, `rows` by table, `lacks`, `unmapped` by
    column, and `alarms`: the columns of which more codes are unmapped than in earlier loads.
    """
    from features.sources.formats import reader
    from features.sources.load import load as run
    from features.sources.reader import Delivery

    report = run(reader(format_), given, store, Delivery(back_load_delay), zone)
    for line in told(report):
        click.echo(line)
    if json_file is not None:
        _write_json(report, json_file)
    if report.refused:
        raise nothing_loaded(report)
    if not report.read and not report.already:
        raise no_rows(report)


def told(report: LoadReport) -> list[str]:
    """The report as lines of text: counts, columns and reasons, never a value of a row."""
    names = [file.name for file in report.files]
    width = max([len("file"), *map(len, names)])
    kind = max([len("layout"), *(len(file.layout) for file in report.files)])
    lines = [f"{'file':<{width}}  {'layout':<{kind}}  {'read':>12}  {'loaded':>12}  {'quarantined':>12}"]
    for name, layout, *counts in [
        *((file.name, file.layout, file.read, file.loaded, file.quarantined) for file in report.files),
        ("all", "", report.read, report.loaded, report.quarantined),
    ]:
        numbers = "  ".join(f"{count:>12,}" for count in counts)
        lines.append(f"{name:<{width}}  {layout:<{kind}}  {numbers}")
    sections: list[tuple[str, list[str]]] = [
        ("quarantined because", [f"{count:,} {reason}" for reason, count in report.reasons.items()]),
        ("already in the store, not loaded again", list(report.already)),
        ("not read, of no known layout", list(report.unread)),
        ("no row in the file", [file.name for file in report.files if not file.read]),
        ("read, and of no use to the record", [f"{count:,} {kind}" for kind, count in report.unused.items()]),
        ("ALARM: more codes are not understood than in earlier loads", [_jump(*item) for item in report.jumps.items()]),
        ("codes of no form of their system, or in no list", [_share(*i) for i in report.unmapped.items() if i[1][1]]),
        ("rows by table", [f"{rows:,} {table}" for table, rows in report.rows.items()]),
        ("not evaluable on this source", [f"{fact}: {why}" for fact, why in report.lacks.items()]),
    ]
    for title, items in sections:
        if items:
            lines += ["", f"{title}:", *(f"  {item}" for item in items)]
    return lines


def no_rows(report: LoadReport) -> BadInput:
    """What a user is told whose files hold no row at all: a header alone is most often a query that failed."""
    names = ", ".join(file.name for file in report.files[:FILES_NAMED])
    more = f" and {len(report.files) - FILES_NAMED} more" if len(report.files) > FILES_NAMED else ""
    return BadInput(
        got=f"no row in {names}{more}" if names else "files without a row",
        expected="rows under the header",
        do="Ask the sender for the whole file; nothing was loaded.",
    )


def nothing_loaded(report: LoadReport) -> BadInput:
    """What a user is told whose rows were all set aside: the commonest reasons and where the columns are described."""
    commonest = sorted(report.reasons.items(), key=lambda item: (-item[1], item[0]))[:REASONS_NAMED]
    said = ", ".join(f"{count:,} because {reason}" for reason, count in commonest)
    return BadInput(
        got=f"{report.read:,} rows of which none can be loaded ({said})",
        expected="rows as docs/data.md describes them",
        do="Check the format's name, mend the files and load again; the store is as it was.",
    )


def _share(column: str, counts: tuple[int, int]) -> str:
    codes, wrong = counts
    return f"{column}: {wrong:,} of {codes:,} ({100 * wrong / codes:.2f} %)"


def _jump(column: str, shares: tuple[float, float]) -> str:
    then, now = shares
    return f"{column}: {100 * now:.2f} %, before {100 * then:.2f} %"


def _write_json(report: LoadReport, path: Path) -> None:
    import json

    none = {"read": 0, "loaded": 0, "quarantined": 0}
    content = {
        "read": report.read,
        "loaded": report.loaded,
        "quarantined": report.quarantined,
        "files": {
            **{name: {**none, "already_loaded": True} for name in report.already},
            **{
                file.name: {
                    "read": file.read,
                    "loaded": file.loaded,
                    "quarantined": file.quarantined,
                    "layout": file.layout,
                    "already_loaded": False,
                }
                for file in report.files
            },
        },
        "reasons": dict(report.reasons),
        "unread": list(report.unread),
        "unused": dict(report.unused),
        "rows": dict(report.rows),
        "lacks": dict(report.lacks),
        "unmapped": {column: {"codes": codes, "unmapped": n} for column, (codes, n) in report.unmapped.items()},
        "alarms": {column: {"before": then, "now": now} for column, (then, now) in report.jumps.items()},
    }
    try:
        path.write_text(json.dumps(content, indent=1) + "\n")
    except OSError:
        raise BadInput(
            got="a report file that cannot be written",
            expected="a path that can",
            do="Check --json; the load itself is as told above.",
        ) from None
