"""`afterward campaign`. Nothing heavy is imported until it runs."""

from __future__ import annotations

from pathlib import Path

import click

from features.errors import BadInput


@click.command()
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it.")
@click.option(
    "--as-of", "day", required=True, metavar="YYYY-MM-DD", help="The day of the list: on what was known then."
)
@click.option("--capacity", required=True, type=int, help="How many people there is time to call.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV to write; the page lies beside it.")
def campaign(store: Path, day: str, capacity: int, out: Path) -> None:
    """Rank people with open care gaps by how many a call is expected to close: the chance that each stays open, by the
    champions of the models of gaps, times what a call is assumed to do.
    """
    from features.record.record import open_record
    from features.windows import parse_day
    from serving.campaign.page import page
    from serving.campaign.ranked import accounted, write_csv
    from serving.campaign.ranked import campaign as ranked

    if out.suffix.lower() != ".csv":
        raise BadInput(got=f"--out {out.name}", expected="a name that ends in .csv", do="Write it like campaign.csv.")
    made = ranked(open_record(store), parse_day(day), capacity)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_csv(made, out)
        out.with_suffix(".html").write_text(page(made), encoding="utf-8", newline="\n")
    except OSError:
        raise BadInput(
            got=f"--out {out}, which cannot be written", expected="a file that can", do="Name another."
        ) from None
    click.echo(accounted(made))
    for each in made.called[:10]:
        gaps = ", ".join(f"{gap.measure} {gap.chance:.0%}" for gap in each.gaps)
        click.echo(f"{each.rank:3d}. {each.expected:.3f} {each.person_id}  {gaps}")
    click.echo("assumed of one call, of gaps that would stay open:")
    for effect in made.effects:
        click.echo(f"  {effect.measure}: {effect.share:.0%} closed. {effect.source}")
    for measure, why in made.without.items():
        click.echo(f"not on the list: {measure} ({why})")
    click.echo(f"{len(made.called)} people in {out} and {out.with_suffix('.html')}")


COMMANDS = (campaign,)
