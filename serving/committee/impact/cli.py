"""`afterward impact` and `afterward lottery`. Nothing heavy is imported until one runs."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command()
@click.argument("model")
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store to score from.")
@click.option("--from", "first", required=True, metavar="YYYY-MM-DD", help="First day of discharge.")
@click.option("--to", "last", required=True, metavar="YYYY-MM-DD", help="Last day of discharge.")
@click.option("--calls", required=True, type=int, help="How many calls a week there is time for.")
@click.option("--event-cost", type=float, help="Dollars of one event; the mean of the store's bills if absent.")
@click.option("--log", type=click.Path(path_type=Path), help="Log of outreach; what the service kept if absent.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Page to write; JSON and PDF lie beside.")
def impact(
    model: str, store: Path, first: str, last: str, calls: int, event_cost: float | None, log: Path | None, out: Path
) -> None:
    """Tell what calls by MODEL's list may be expected to avoid and to save, and what those made have done.

    The first rests on declared effects of trials and declared costs. The second compares people just above each day's
    cutoff with people just below it, or those whom a lottery chose with those whom it did not.
    """
    from features import windows
    from features.definitions.outcomes import Outcome
    from features.record.record import open_record
    from serving.committee.impact.kept_log import kept_log
    from serving.committee.impact.log import read
    from serving.committee.impact.make import Impact, evaluated, expected, written
    from serving.score import champion_of_discharges

    days = windows.parse_day(first), windows.parse_day(last)
    rows = read(log) if log else kept_log(os.environ, model)
    with_ = champion_of_discharges(model)
    record = open_record(store)
    outcome = with_.spec.outcome
    assert isinstance(outcome, Outcome), "a model of discharges has an outcome of discharges"
    found = Impact(
        model=model,
        version=with_.release.version,
        outcome=outcome,
        first_day=days[0],
        last_day=days[1],
        expected=expected(record, with_, days, calls, event_cost),
        evaluated=None if rows is None else evaluated(record, rows, outcome),
    )
    for path in written(found, out):
        click.echo(f"Written: {path}")


@click.command()
@click.argument("ranked", type=click.Path(path_type=Path))
@click.option("--places", required=True, type=int, help="How many people are to be called.")
@click.option("--band", required=True, type=int, help="How many people on either side of the cutoff are drawn from.")
@click.option("--seed", required=True, type=int, help="The same seed and day draw the same people.")
@click.option("--day", required=True, metavar="YYYY-MM-DD", help="The day of the list.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV to write: the day's part of the log.")
def lottery(ranked: Path, places: int, band: int, seed: int, day: str, out: Path) -> None:
    """Draw by lot whom to call among those nearest to the cutoff of RANKED, a list of `afterward score`.

    As many are called as without a lottery, and those well above the cutoff all are. The CSV is the part of that day of
    the log that `afterward impact --log` reads, but for who was reached.
    """
    from features import windows
    from serving.committee.impact.drawing import drawn_list, write

    told = drawn_list(ranked, places, band, seed, windows.parse_day(day))
    write(told, out)
    called = sum(line["call"] == "1" for line in told)
    by_lot = sum(line["lottery"] != "" for line in told)
    click.echo(f"{called} to call of {len(told)} ranked, {by_lot} decided by lot (seed {seed}, {day})")
    click.echo(f"Written: {out}")


COMMANDS = (impact, lottery)
