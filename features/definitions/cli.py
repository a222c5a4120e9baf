"""`afterward definitions` and `afterward explain-label`. Nothing heavy is imported until one runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the tables here as JSON too.")
@click.option(
    "--payer",
    "payers",
    multiple=True,
    default=("medicare",),
    show_default=True,
    help="Kind of payer whom the HWR cohort is about, as the record names it; may be given again. `any` is everybody.",
)
@click.option("--youngest", default=65, show_default=True, help="Youngest age at admission in the HWR cohort.")
def definitions(store: Path, json_file: Path | None, payers: tuple[str, ...], youngest: int) -> None:
    """Tell who counts and what happened next on a store, as a quality committee reads it first.

    For the prediction cohort and the retrospective HWR cohort: what each rule removed, readmissions by year and by
    hospital, planned returns, deaths, missing labels and what was not evaluable; then what the acute stays are made of,
    and the rate of every outcome. Counts only: no person is named, and small hospitals are shown together.
    """
    import json

    from features.definitions.hwr import Scope
    from features.definitions.report import report, to_json, told
    from features.errors import BadInput
    from features.record.record import open_record

    sections = report(open_record(store), Scope(youngest, () if "any" in payers else payers))
    for line in told(sections):
        click.echo(line)
    if json_file is not None:
        try:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(json.dumps(to_json(sections), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        except OSError:
            raise BadInput(got="a file that cannot be written", expected="a path", do="Check --json.") from None
        click.echo(f"\nWritten: {json_file}")


@click.command("explain-label")
@click.argument("stay")
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store that holds the stay.")
@click.option("--outcome", "name", default="readmission_30d", show_default=True, help="Which outcome to explain.")
def explain_label(stay: str, store: Path, name: str) -> None:
    """Print, rule by rule, why STAY is or is not an index stay and how its outcome was decided."""
    from features.definitions.explain_label import as_text
    from features.definitions.explain_label import explain_label as explain
    from features.definitions.outcomes import outcome
    from features.record.record import open_record

    click.echo(as_text(explain(open_record(store), stay, outcome(name))))


COMMANDS = (definitions, explain_label)
