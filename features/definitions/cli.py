"""`afterward explain-label`: why a stay counts or not. Nothing heavy is imported until it runs."""

from __future__ import annotations

from pathlib import Path

import click


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


COMMANDS = (explain_label,)
