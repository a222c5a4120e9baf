"""`afterward measures`, `afterward valuesets` and `afterward gaps`. Nothing heavy is imported until one runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def measures() -> None:
    """Care-quality measures: check them against the official test cases."""


@measures.command("check")
@click.argument("deck", type=click.Path(path_type=Path))
@click.option(
    "--measure", "names", multiple=True, help="A CMS number or a deck's name; may be repeated. All if absent."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Write every row here, as CSV.")
def check(deck: Path, names: tuple[str, ...], out: Path) -> None:
    """Evaluate the test cases of DECK and compare with what CMS expects of each.

    Prints the agreement by measure and population and writes measure, case_id, group, population, expected, got. Ends
    with exit code 1 where a case disagrees, but for the cases that are known to be broken.
    """
    from features.errors import Failure
    from features.measures.check import check as checked
    from features.measures.check import told, write

    report = checked(deck, names)
    write(report, out)
    for line in told(report):
        click.echo(line)
    if report.disagreements:
        raise Failure(
            got=f"{len(report.disagreements)} rows that disagree with the official answers",
            expected="none",
            do=f"See {out}.",
        )


@click.group()
def valuesets() -> None:
    """The value sets of the measures, which are their owners' and do not come with Afterward."""


@valuesets.command("import")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--into", required=True, type=click.Path(path_type=Path), help="The file that keeps them; made if absent."
)
def import_value_sets(sources: tuple[Path, ...], into: Path) -> None:
    """Import value sets from SOURCES: FHIR ValueSet JSON, VSAC spreadsheets (.xlsx, .csv), or a test deck's CSV.

    A value set that is there already is replaced. One whose file says that it was cut short, or that holds no codes, is
    named and not imported.
    """
    from features.measures.value_set_files import read_files
    from features.measures.value_sets import ValueSets, read, together, write

    found = read_files(sources)
    usable = {oid: held for oid, held in found.content.items() if oid not in found.unusable}
    before = read(into) if into.exists() else ValueSets()
    write(together(before, ValueSets(usable)), into)
    click.echo(f"{len(usable)} value sets with {sum(len(held.codes) for held in usable.values())} codes into {into}")
    for oid, why in sorted(found.unusable.items()):
        click.echo(f"not imported: {oid} ({why})")


@click.command()
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it.")
@click.option("--as-of", "day", required=True, help="The day, YYYY-MM-DD; the period is its calendar year.")
@click.option(
    "--valuesets",
    "file",
    type=click.Path(path_type=Path),
    help="As `afterward valuesets import` made it; those that come with Afterward if absent.",
)
@click.option("--measure", "names", multiple=True, help="A CMS number or a name; may be repeated. All if absent.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Write a row a person and measure, as CSV.")
def gaps(store: Path, day: str, file: Path | None, names: tuple[str, ...], out: Path) -> None:
    """Write for every person and measure whether care is open, closed, excluded or not applicable, on what was known.

    A row says why somebody is excluded; which entry of the record closes a gap, and of which day; since when a gap is
    open, when it is due and what closes it. Measures that cannot be worked out are named, and have no rows.
    """
    from features.measures.gaps import gaps as found
    from features.measures.gaps import told, write
    from features.measures.value_sets import ValueSets, read
    from features.record.record import open_record
    from features.windows import parse_day

    table = found(open_record(store), read(file) if file else ValueSets(), parse_day(day), names)
    write(table, out)
    for line in told(table):
        click.echo(line)
    click.echo(f"Written: {out}")


COMMANDS = (measures, valuesets, gaps)
