"""The commands of training: train, evaluate, promote."""

from __future__ import annotations

from pathlib import Path

import click

from features.errors import BadInput

STORE = click.option(
    "--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it."
)


@click.command()
@click.argument("model")
@STORE
@click.option("--seed", default=0, show_default=True, help="Same seed, data and threads give the same release.")
def train(model: str, store: Path, seed: int) -> None:
    """Train MODEL on a store, judge it on the latest period, and write and log it as the next version."""
    from training import card
    from training.run import train as run

    made = run(model, store, seed, say=lambda step: click.echo(f"{model}: {step}", err=True))
    steps = made.attrition[["rule", "left", "removed"]].astype(str).to_numpy().tolist()
    click.echo(card.table(["rule", "left", "removed"], steps))
    click.echo()
    click.echo(card.slices_table(made.sliced))
    click.echo()
    click.echo(card.metrics_table(made.evaluation))
    click.echo()
    click.echo(f"Release: {made.release.path} (version {made.release.version}, MLflow run {made.run_id})")
    click.echo(f"Next: afterward promote {model} --version {made.release.version}")


@click.command()
@click.argument("model")
@STORE
@click.option("--version", type=int, help="Which version; the latest where left out.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as JSON too.")
def evaluate(model: str, store: Path, version: int | None, json_file: Path | None) -> None:
    """Judge a version of MODEL on rows it never learned from, beside the baselines, with 95 % intervals."""
    from features import windows
    from models.release import as_json
    from training import card
    from training.evaluate import evaluate as judged

    found = judged(model, store, version)
    first, last = (windows.iso(day) for day in found.period)
    click.echo(f"{model} version {found.version}, {found.rows_are}: discharged {first} to {last}")
    click.echo(f"{found.rows:,} rows of {found.people:,} people, {found.events:,} with the outcome")
    click.echo()
    click.echo(card.metrics_table(found))
    if json_file is not None:
        try:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(as_json(found.to_json()), encoding="utf-8")
        except OSError:
            raise BadInput(
                got="a file for the figures that cannot be written", expected="a path that can", do="Check --json."
            ) from None
        click.echo(f"\nWritten: {json_file}")


@click.command()
@click.argument("model")
@click.option("--version", type=int, help="Which version; the latest where left out.")
def promote(model: str, version: int | None) -> None:
    """Make a version of MODEL the champion that scores are made with."""
    from training.promote import promote as move

    moved = move(model, version)
    before = "nothing" if moved.before is None else f"version {moved.before}"
    click.echo(f"{model}: champion moved from {before} to version {moved.version}")
    click.echo(f"Pointer: {moved.pointer}")
    known = f"version {moved.registered}" if moved.registered else "the release is not registered there"
    click.echo(f"MLflow alias champion: {known}")


COMMANDS = (train, evaluate, promote)
