"""`afterward scorecard`. Nothing heavy is imported until it runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it.")
@click.option("--from", "first", required=True, metavar="YYYY-MM-DD", help="First day of discharge.")
@click.option("--to", "last", required=True, metavar="YYYY-MM-DD", help="Last day of discharge.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Page to write; JSON, CSV and PDF lie beside."
)
@click.option("--valuesets", type=click.Path(path_type=Path), help="As `afterward valuesets import` made it.")
@click.option("--benchmarks", type=click.Path(path_type=Path), help="CSV: measure, region, year, value, source.")
@click.option("--region", help="Which region of the benchmarks; needed where the file holds several.")
def scorecard(
    store: Path, first: str, last: str, out: Path, valuesets: Path | None, benchmarks: Path | None, region: str | None
) -> None:
    """Compare hospitals, practices and clinicians with what was to be expected of their patients.

    Risk-adjusted readmissions, adverse events, deaths, emergency visits, admissions, duplicate tests and cost, with
    exact and shrunken ratios, funnels and ranks; care that was due and given; the trend by quarter. Who differs by more
    than chance is a question, with the cases behind it in a CSV beside the page.
    """
    from features import windows
    from features.measures.value_sets import ValueSets, read
    from features.record.record import open_record
    from serving.committee.scorecard.make import made, written

    days = windows.parse_day(first), windows.parse_day(last)
    held = read(valuesets) if valuesets else ValueSets()
    found = made(open_record(store), days, held, benchmarks, region, out.stem)
    for path in written(found, out):
        click.echo(f"Written: {path}")
    asked = [len(one.flagged) for one in found.compared.judged]
    judged = sum(len(one.units) for one in found.compared.judged)
    click.echo(f"{judged:,} comparisons of providers could be judged; {sum(asked)} are asked about.")
