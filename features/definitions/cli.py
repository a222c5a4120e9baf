"""The commands of the definitions: what they give on a store."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the tables here as JSON too.")
def definitions(store: Path, json_file: Path | None) -> None:
    """Tell who counts and what happened next on a store, as a quality committee reads it first.

    For the prediction cohort and the retrospective HWR cohort: what each rule removed, readmissions by year and by
    hospital, planned returns, deaths, missing labels and what was not evaluable; then what the acute stays are made of,
    and the rate of every outcome. Counts only: no person is named, and small hospitals are shown together.
    """
    import json

    from features.definitions.report import report, to_json, told
    from features.errors import BadInput
    from features.record.record import open_record

    sections = report(open_record(store))
    for line in told(sections):
        click.echo(line)
    if json_file is not None:
        try:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(json.dumps(to_json(sections), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        except OSError:
            raise BadInput(got="a file that cannot be written", expected="a path", do="Check --json.") from None
        click.echo(f"\nWritten: {json_file}")


COMMANDS = (definitions,)
