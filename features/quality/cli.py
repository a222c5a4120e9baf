"""`afterward check`. Nothing heavy is imported until it runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store to judge.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("check"), show_default=True, help="A folder.")
def check(store: Path, out: Path) -> None:
    """Judge whether a store can be trusted: one page and the same as JSON.

    Rows by source and month, null shares, code coverage, enrolment, duplicate claims, stays without discharge, the lag
    of each source, broken references, impossible values and units, and what changed since the last load. Every rule
    says pass, warn or fail. Counts only: nothing is told of fewer than 11 people. Ends with 0 whatever the rules say;
    a script reads `check.json`.
    """
    from features.quality.page import in_words, write
    from features.quality.rule import Verdict

    checked, files = write(store, out)
    click.echo(in_words(checked))
    for verdict in (Verdict.FAIL, Verdict.WARN):
        for one in checked:
            if one.verdict is verdict:
                found = [finding.about for finding in one.findings if finding.verdict is verdict]
                more = f" and {len(found) - 3} more" if len(found) > 3 else ""
                click.echo(f"{verdict.value}: {one.rule.name}: {', '.join(found[:3])}{more}")
    for path in files:
        click.echo(f"Written: {path}")


COMMANDS = (check,)
