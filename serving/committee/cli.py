"""`afterward audit` and `afterward monitor`. Nothing heavy is imported until one runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.errors import BadInput

if TYPE_CHECKING:
    from features.pages.content import Page

STORE = click.option(
    "--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it."
)
OUT = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The page to write, .html; JSON lies beside it, and PDF where Chromium is.",
)


@click.command()
@click.argument("model")
@STORE
@OUT
@click.option("--version", type=int, help="Which version; the champion where left out.")
@click.option("--capacity", type=click.IntRange(min=1), help="Places on the list; the high tier where left out.")
@click.option("--areas", type=click.Path(path_type=Path), help="CSV of zip_code and area: rurality, or an index.")
@click.option("--places-by", default="practice", show_default=True, help="Capacity of its own for each of these.")
@click.option("--reweigh-by", default="race", show_default=True, help="The groups that reweighting evens out.")
def audit(
    model: str,
    store: Path,
    out: Path,
    version: int | None,
    capacity: int | None,
    areas: Path | None,
    places_by: str,
    reweigh_by: str,
) -> None:
    """Judge whether the list of MODEL serves every group as it serves everyone, on rows it never learned from."""
    from models.login import who
    from serving.committee.areas import read_areas
    from serving.committee.audit import Asked, log
    from serving.committee.audit import audit as audited
    from serving.committee.audit_page import in_words, page

    _check_html(out)
    by_zip = None if areas is None else read_areas(areas)
    found = audited(Asked(model, store, version, capacity, by_zip, places_by, reweigh_by))
    written = _write(page(found), out)
    log(found, who())
    click.echo(in_words(found))
    for name in found.untold:
        click.echo(f"cannot be judged: {name}, of which nothing is known of anybody")
    for one in found.options:
        click.echo(f"{one.name}: sensitivity {one.sensitivity:.3f}, price {one.price.value:+.3f}")
    click.echo(f"Written: {', '.join(map(str, written))}")


@click.command()
@STORE
@OUT
@click.option("--months", type=click.IntRange(min=1), default=6, show_default=True, help="How many months to watch.")
@click.option("--model", "models", multiple=True, help="A model; give it again for more; all champions where left out.")
def monitor(store: Path, out: Path, months: int, models: tuple[str, ...]) -> None:
    """Say what drifts in the last months: feeds, people, scores and outcomes, and what it is a sign of."""
    import os

    from serving.committee.monitor import monitor as monitored
    from serving.committee.monitor_kept import kept_here
    from serving.committee.monitor_page import in_words, page

    _check_html(out)
    found = monitored(store, months, models, kept_here(os.environ))
    written = _write(page(found), out)
    click.echo(in_words(found))
    click.echo(f"Written: {', '.join(map(str, written))}")


def _check_html(out: Path) -> None:
    if out.suffix.lower() != ".html":
        raise BadInput(got=f"--out {out.name}", expected="a name that ends in .html", do="Write it like audit.html.")


def _write(made: Page, out: Path) -> tuple[Path, ...]:
    """The page, its JSON, and its PDF where Chromium prints it."""
    from features.pages.write import as_json, html, printed, save

    files = save({out.name: html(made), out.with_suffix(".json").name: as_json(made)}, out.parent)
    pdf = out.with_suffix(".pdf")
    pdf.unlink(missing_ok=True)  # an older one would be of another page
    return (*files, pdf) if printed(out, pdf) else files


COMMANDS: tuple[click.Command, ...] = (audit, monitor)
