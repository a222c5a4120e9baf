"""`afterward match`, `afterward unmatch` and `afterward export`. Nothing heavy is imported until one runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store whose people are matched.")
@click.option(
    "--threshold",
    type=click.FloatRange(0.5, 1.0),
    help="Merge what linkage finds at least so likely; from 0.5 up to it is for review.  [default: 0.95]",
)
@click.option("--review", type=click.Path(path_type=Path), help="Write the pairs for a clerk to this CSV file.")
@click.option("--decisions", type=click.Path(path_type=Path), help="The same file with `decision` filled in.")
@click.option("--merges", "listed", type=click.Path(path_type=Path), help="Write every merge that holds to this file.")
def match(
    store: Path, threshold: float | None, review: Path | None, decisions: Path | None, listed: Path | None
) -> None:
    """Find who is one person across sources, and read them as one.

    First by numbers that are given to one person (Medicare's, a payer's, a hospital's), then by linkage of names, birth
    and residence. What is doubtful goes to a clerk: fill the column `decision` of the review file with `same` or
    `different` and give it back with --decisions. No loaded row is changed, and `afterward unmatch` undoes a merge.
    Both files hold names: only you may read them. Nothing else that is printed or logged does.
    """
    from features.record.match import THRESHOLD, merges
    from features.record.match import match as run
    from features.record.record import open_record
    from features.record.review import read_decisions, write_private, write_review

    decided = {} if decisions is None else read_decisions(decisions)
    at_least = THRESHOLD if threshold is None else threshold
    matched = run(store, at_least, decided)
    for evidence, words in (("identifier", "a shared identifier"), ("linkage", f"linkage, from {at_least:g}")):
        click.echo(f"{matched.by_evidence[evidence]:>9,} pairs merged by {words}")
    click.echo(f"{matched.decided:>9,} pairs decided by a clerk")
    click.echo(f"{len(matched.review):>9,} pairs for review")
    if matched.placeholders:
        click.echo(f"{matched.placeholders:>9,} identifiers that too many people share, not used")
    if review is not None:
        write_review(matched, review)
        click.echo(f"Written: {review}")
    if listed is not None:
        names = ("merge_id", "person_id", "absorbed_id", "evidence", "probability", "known_at")
        found = merges(open_record(store))
        write_private(listed, names, [[merge[name] for name in names] for merge in found])
        click.echo(f"Written: {listed}")


@click.command()
@click.argument("merge")
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store in which the merge holds.")
def unmatch(merge: str, store: Path) -> None:
    """Undo MERGE, a merge_id of `afterward match --merges`: the record is what it was, and the pair is not merged again
    unless a clerk or a hospital says so.
    """
    from features.record.match import unmatch as undo

    undo(store, merge)
    click.echo("Undone.")


@click.group()
def export() -> None:
    """Write the record in a format of others."""


@export.command("meds")
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store to write out.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new or empty folder.")
def export_meds(store: Path, out: Path) -> None:
    """Write the record as events of the Medical Event Data Standard (MEDS).

    The time of an event is when the network knew of it; when it happened stands beside it. Names, addresses and numbers
    of people are not in it, but in subjects.parquet, which only you may read, it says who each subject is.
    """
    from features.record.meds import export as run
    from features.record.meds_tellings import LEFT_OUT
    from features.record.record import open_record

    made = run(open_record(store), out)
    click.echo(
        f"{made.measurements:,} measurements of {made.subjects:,} subjects with {made.codes:,} codes, "
        f"in {made.shards} files"
    )
    for table, why in LEFT_OUT.items():
        click.echo(f"left out: {table} ({why})")
    click.echo(f"Written: {out}")


COMMANDS = (match, unmatch, export)
