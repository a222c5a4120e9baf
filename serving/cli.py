"""`afterward score` and `afterward serve`. Nothing heavy is imported until one runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from features.errors import BadInput


@click.command()
@click.argument("model")
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store to score from.")
@click.option("--from", "first", required=True, metavar="YYYY-MM-DD", help="First day of discharge.")
@click.option(
    "--to", "last", required=True, metavar="YYYY-MM-DD", help="Last day of discharge; the list is of that evening."
)
@click.option("--top", default=50, show_default=True, help="How many people.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV to write; the page lies beside it.")
@click.option(
    "--gaps", type=click.Path(path_type=Path), help="Open care gaps to show: what `afterward gaps --as-of` --to wrote."
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["substance_use", "mental_health", "hiv", "reproductive"]),
    help="A sensitive category that the readers of the list may be told of; others are in the risk and in no word.",
)
def score(
    model: str,
    store: Path,
    first: str,
    last: str,
    top: int,
    out: Path,
    gaps: Path | None,
    scopes: tuple[str, ...],
) -> None:
    """Rank the people discharged in some days by the champion's risk, with reasons, as CSV and as a page."""
    from features import windows
    from features.measures.gaps_file import read_open
    from features.record.record import open_record
    from serving.campaign.chances import with_chances
    from serving.database import upgrade
    from serving.kept import Occasion, home, keep_list
    from serving.outreach import accounted, outreach_list, write_csv
    from serving.page import page
    from serving.score import champion_of_discharges

    if out.suffix.lower() != ".csv":
        raise BadInput(got=f"--out {out.name}", expected="a name that ends in .csv", do="Write it like outreach.csv.")
    first_day, last_day = windows.parse_day(first), windows.parse_day(last)
    with_ = champion_of_discharges(model)
    still_open = read_open(gaps, last_day) if gaps else {}
    record = open_record(store)
    made = outreach_list(record, with_, first_day, last_day, top, still_open, scopes)
    made = with_chances(record, made) if still_open else made
    upgrade(home().engine)
    keep_list(home(), Occasion("list"), made, with_, record.fingerprint, record.zone)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_csv(made, out)
        out.with_suffix(".html").write_text(page(made), encoding="utf-8", newline="\n")
    except OSError:
        raise BadInput(
            got=f"--out {out}, which cannot be written", expected="a file that can", do="Name another."
        ) from None
    for warning in made.warnings:
        click.echo(f"afterward: read with care: {model} version {made.model_version} was {warning}", err=True)
    click.echo(f"{made.title}, discharged from {first} to {last}")
    click.echo(accounted(made))
    for entry in made.entries[:10]:
        click.echo(
            f"{entry.rank:3d}. {entry.risk:4.0%} {entry.tier:6s} {entry.person_id}  discharged "
            f"{windows.iso(entry.discharge_day)}, call by {windows.iso(entry.due)}"
        )
        for reason in entry.reasons[:3]:
            click.echo(f"       {'+' if reason.direction == 'raises' else '-'} {reason.sentence}")
    click.echo(f"{len(made.entries)} people in {out} and {out.with_suffix('.html')}")


@click.command()
@click.option("--store", type=click.Path(path_type=Path), help="The store to score from; default AFTERWARD_STORE.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port to listen on.")
def serve(store: Path | None, host: str, port: int) -> None:
    """Answer requests for scores over HTTP. Callers present a key of `afterward keys`, or AFTERWARD_API_KEY."""
    from features.record.record import open_record
    from models import pointer
    from serving.auth.keys import expect_somebody
    from serving.database import current, upgrade, writing
    from serving.settings import read, settled
    from serving.worklist.sign_in import first_account

    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true"}
    if store is not None:
        environment["AFTERWARD_STORE"] = str(store)
    environment = settled(environment)
    settings = read(environment)
    open_record(settings.store)  # refuse now, in one line, what the server could not open
    upgrade(current())
    if settings.api_key is None:
        expect_somebody(current())
    with writing(current()) as connection:
        first = first_account(connection)
    environment["AFTERWARD_RELEASES"] = str(pointer.home())
    words = ["-m", "bentoml", "serve", "serving.service:Scoring", "--host", host, "--port", str(port)]
    project = Path(__file__).resolve().parent.parent
    sys.stderr.write(f"afterward: starting on http://{host}:{port} (its routes: GET /v1/openapi.json)\n")
    sys.stderr.write(f"afterward: the worklist is at http://{host}:{port}/worklist/\n")
    if first is not None:
        name, password = first
        sys.stderr.write(f"afterward: sign in as {name} with the password {password} (shown this once)\n")
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *words, "--working-dir", str(project)], environment)  # noqa: S606  # our own command line


@click.command()
@click.option("--table", required=True, type=click.Path(path_type=Path), help="CSV or Parquet, columns as in training.")
@click.option("--model", required=True, help="The --name that it was trained under.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV to write.")
def predict(table: Path, model: str, out: Path) -> None:
    """Score the rows of a table of your own: the champion, else the latest version."""
    from serving.predict import predict as predicted

    made = predicted(table, model)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        made.rows.to_csv(out, index=False, lineterminator="\n")
    except OSError:
        raise BadInput(
            got=f"--out {out}, which cannot be written", expected="a file that can", do="Name another."
        ) from None
    which = "the champion" if made.is_champion else "the latest, as none was promoted"
    click.echo(f"{model} version {made.release.version} ({which}): {len(made.rows):,} rows in {out}")
    for name in made.absent:
        click.echo(f"not in this table, taken as not known: {name}", err=True)
    for name, count in made.unseen.items():
        click.echo(f"never seen in training: {count:,} cells of {name}", err=True)


COMMANDS = (score, serve, predict)
