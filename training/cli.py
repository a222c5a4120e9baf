"""The commands of training: from a store to a table, a release, its figures, and the champion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.errors import BadInput
from training.question import Question

if TYPE_CHECKING:
    from training.promote import Moved

STORE = click.option(
    "--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it."
)


@click.command()
@click.argument("model", required=False)
@click.option("--store", type=click.Path(path_type=Path), help="The store, as `afterward load` made it.")
@click.option("--table", type=click.Path(path_type=Path), help="Instead: a table of your own, CSV or Parquet.")
@click.option("--label", help="""What to foretell: a column of yes and no, or a condition like 'outcome == "yes"'.""")
@click.option("--person", help="The column that says whose row it is.")
@click.option("--time", help="A column that orders a person's rows: their earlier rows may then tell something.")
@click.option("--drop", multiple=True, help="A column that the model may not see; give it again for more.")
@click.option("--where", default="", help="SQL over the columns: which rows count.")
@click.option("--name", help="What the model of a table is called.")
@click.option("--trials", type=int, help="Look for better settings of the trees: so many trials.")
@click.option("--minutes", type=float, help="Or for so many minutes; such a release cannot be made again.")
@click.option("--seed", default=0, show_default=True, help="Same seed, data and threads give the same release.")
def train(
    model: str | None,
    store: Path | None,
    table: Path | None,
    label: str | None,
    person: str | None,
    time: str | None,
    drop: tuple[str, ...],
    where: str,
    name: str | None,
    trials: int | None,
    minutes: float | None,
    seed: int,
) -> None:
    """Train MODEL on a store, judge it on the latest period, and write and log it as the next version. Or train on a
    table of your own (--table, --label, --person, --name), judged on people whom it never saw.
    """
    if table is not None:
        alone = not any((model, store, trials, minutes))
        _check_given({"--label": label, "--person": person, "--name": name}, alone)
        _train_on_table(Question(table, str(label), str(person), str(name), time, drop, where), seed)
    else:
        _check_given({"MODEL": model, "--store": store}, not any((label, person, time, drop, where, name)))
        _train_on_store(str(model), Path(str(store)), seed, trials, minutes)


def _check_given(needed: Mapping[str, object], alone: bool) -> None:
    missing = [option for option, value in needed.items() if not value]
    if missing or not alone:
        raise BadInput(
            got=f"no {missing[0]}" if missing else "options of a store and of a table at once",
            expected="MODEL and --store, or --table, --label, --person and --name",
            do="See `afterward train --help`.",
        )


def _train_on_store(model: str, store: Path, seed: int, trials: int | None, minutes: float | None) -> None:
    from training import card
    from training.gates import recorded
    from training.run import train as run
    from training.tune import Budget

    budget = Budget(trials, None if minutes is None else 60 * minutes)
    made = run(model, store, seed, budget, say=lambda step: click.echo(f"{model}: {step}", err=True))
    steps = made.attrition[["rule", "left", "removed"]].astype(str).to_numpy().tolist()
    click.echo(card.table(["rule", "left", "removed"], steps))
    click.echo()
    click.echo(card.slices_table(made.sliced))
    click.echo()
    click.echo(card.metrics_table(made.evaluation))
    click.echo(card.censored_line(made.evaluation))
    click.echo()
    click.echo(card.gates_table(recorded(made.release)))
    click.echo()
    click.echo(f"Release: {made.release.path} (version {made.release.version}, MLflow run {made.run_id})")
    click.echo(f"Next: afterward promote {model} --version {made.release.version}")


def _train_on_table(asked: Question, seed: int) -> None:
    from training.table import train as run
    from training.table_report import metrics_table

    made = run(asked, seed, say=lambda step: click.echo(f"{asked.name}: {step}", err=True))
    for column, why in made.inferred.left_out.items():
        click.echo(f"left out: {column} ({why})")
    kinds = Counter(column.kind for column in made.inferred.columns)
    click.echo(
        f"{made.rows:,} rows of {made.people:,} people, {made.events:,} with the label; columns: "
        + ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds))
    )
    click.echo("cross-validated by person:")
    click.echo()
    click.echo(metrics_table(asked.name, made.judged, made.baselines))
    click.echo()
    click.echo(
        f"Release: {made.release.path} (version {made.release.version}, MLflow run {made.run_id}); its trees were"
    )
    click.echo("then learned from all rows, so the figures are of its making (see card.md)")
    click.echo(f"Next: afterward predict --table TABLE --model {asked.name} --out scores.csv")


@click.command()
@click.argument("model")
@STORE
@click.option("--version", type=int, help="Which version; the latest where left out.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as JSON too.")
def evaluate(model: str, store: Path, version: int | None, json_file: Path | None) -> None:
    """Judge a version of MODEL on rows it never learned from, beside the baselines, with 95 % intervals."""
    from features import windows
    from models.release import as_json
    from models.specs import rows_are
    from training import card
    from training.evaluate import evaluate as judged

    found = judged(model, store, version)
    first, last = (windows.iso(day) for day in found.period)
    click.echo(f"{model} version {found.version}, {found.rows_are}: {rows_are(model)} of {first} to {last}")
    click.echo(f"{found.rows:,} rows of {found.people:,} people, {found.events:,} with the outcome")
    click.echo()
    click.echo(card.metrics_table(found))
    click.echo(card.censored_line(found))
    if json_file is not None:
        _write_figures(json_file, as_json(found.to_json()))


@click.command()
@click.argument("model")
@STORE
@click.option("--seed", default=0, show_default=True, help="The same seed gives `afterward train`'s own model.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as JSON too.")
def compare(model: str, store: Path, seed: int, json_file: Path | None) -> None:
    """Learn MODEL on a store, and HistGradientBoosting, XGBoost and CatBoost with like settings on the same split, and
    judge all on the latest period beside the baselines, with 95 % intervals of every difference. Nothing is released.
    """
    from models.release import as_json
    from training.compare import compare as run
    from training.compare_table import differences_table, figures_table, rows_line

    found = run(model, store, seed, say=lambda step: click.echo(f"{model}: {step}", err=True))
    for name, why in found.left_out.items():
        click.echo(f"left out: {name} ({why})")
    click.echo(rows_line(found))
    click.echo()
    click.echo(figures_table(found))
    click.echo()
    click.echo("less ours, on the same resamples of people:")
    click.echo()
    click.echo(differences_table(found))
    if json_file is not None:
        _write_figures(json_file, as_json(found.to_json()))


def _write_figures(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        raise BadInput(
            got="a file for the figures that cannot be written", expected="a path that can", do="Check --json."
        ) from None
    click.echo(f"\nWritten: {path}")


@click.command()
@click.argument("model")
@click.option("--version", type=int, help="Which version; the latest where left out.")
@click.option(
    "--store", type=click.Path(path_type=Path), help="Compare with the champion on the newest rows of this store."
)
@click.option("--force", "reason", help="Move although a gate is against it, for this reason, which is kept.")
def promote(model: str, version: int | None, store: Path | None, reason: str | None) -> None:
    """Make a version of MODEL the champion that scores are made with, if no gate is against it."""
    from training import card
    from training.promote import judge
    from training.promote import promote as move

    judged = judge(model, version, store)
    click.echo(card.gates_table(judged.gates))
    click.echo()
    _tell(model, move(judged, reason))


@click.command()
@click.argument("model")
@STORE
@click.option("--version", type=int, help="Which version; the latest where left out.")
@click.option("--from", "first", help="First day of discharge of the slice to calibrate on, YYYY-MM-DD.")
@click.option("--to", "last", help="Its last day; judged is what comes after.")
def recalibrate(model: str, store: Path, version: int | None, first: str | None, last: str | None) -> None:
    """Fit the last step of a version of MODEL anew on recent discharges that its trees never learned from, judge it on
    later ones, and write it as a new version.
    """
    from features.windows import parse_day
    from training import card
    from training.gates import recorded
    from training.recalibrate import recalibrate as run

    begin, end = (None if day is None else parse_day(day) for day in (first, last))
    made = run(model, store, begin, end, version, say=lambda step: click.echo(f"{model}: {step}", err=True))
    click.echo(card.slices_table(made.sliced))
    click.echo()
    click.echo(card.metrics_table(made.evaluation))
    click.echo()
    click.echo(card.gates_table(recorded(made.release)))
    click.echo()
    click.echo(
        f"Release: {made.release.path} (version {made.release.version}, MLflow run {made.run_id}); its trees are"
    )
    click.echo(f"those of version {made.parent}")
    click.echo(f"Next: afterward promote {model} --version {made.release.version}")


@click.command()
@click.argument("model")
def rollback(model: str) -> None:
    """Go back to the champion of MODEL before this one."""
    from training.promote import rollback as back

    _tell(model, back(model))


@click.group()
def releases() -> None:
    """The folder of releases, where the MLflow of the models is on another machine."""


@releases.command("pull")
@click.argument("model")
def pull(model: str) -> None:
    """Fetch the champion of MODEL from the MLflow at MLFLOW_TRACKING_URI into AFTERWARD_RELEASES, check it, and make it
    the champion here. Nothing is changed where it is here already, or where it does not verify.
    """
    from training.pull import pull as run

    made = run(model)
    told = f"{model} version {made.found.version} (version {made.found.number} in MLflow)"
    if made.before == made.found.version:
        click.echo(f"{told} is the champion here already")
        return
    before = "nothing" if made.before is None else f"version {made.before}"
    click.echo(f"{told}: {'fetched and verified' if made.brought else 'here already, verified'}")
    click.echo(f"Release: {made.path}")
    click.echo(f"{model}: champion moved from {before} to version {made.found.version}")


def _tell(model: str, moved: Moved) -> None:
    before = "nothing" if moved.before is None else f"version {moved.before}"
    click.echo(f"{model}: champion moved from {before} to version {moved.version} ({moved.why})")
    click.echo(f"Pointer: {moved.pointer}")
    known = f"version {moved.registered}" if moved.registered else "the release is not registered there"
    click.echo(f"MLflow alias champion: {known}")


@click.command()
@click.argument("model")
@click.option("--version", type=int, help="Which version; the latest where left out.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("report"), show_default=True, help="A folder.")
@click.option("--answers", type=click.Path(path_type=Path), help="JSON of what no release knows, such as who paid.")
def report(model: str, version: int | None, out: Path, answers: Path | None) -> None:
    """Write the report of a version of MODEL: a page, the same as JSON, a model card, and PDF where Chromium is."""
    from training.report.files import write

    made = write(model, version, out, answers)
    click.echo(f"{made.model} version {made.version}")
    for path in made.files:
        click.echo(f"Written: {path}")
    click.echo(
        f"Written: {made.pdf}" if made.pdf else "No PDF: no Chromium here prints it. Any browser prints the page."
    )


@click.command()
@click.argument("model")
@STORE
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Parquet to write; with Spark, a folder.")
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "spark"]),
    default="duckdb",
    show_default=True,
    help="Who works it out: DuckDB in this process, or Spark, a share of the people at a time.",
)
def build(model: str, store: Path, out: Path, engine: str) -> None:
    """Write the rows of MODEL as one table: a row for each discharge that it scores, with the label or why there is
    none, the groups that people belong to, and every feature as known at the discharge.

    Spark writes a file for each bucket of people into a folder, with the same bits.
    """
    from features.record import spark
    from features.record.record import lacked_by_all, open_record
    from features.record.store import read_manifest
    from models.specs import spec
    from training.dictionary import not_evaluable
    from training.frame import frame, write_frame
    from training.shards import write_shards

    asked = spec(model)
    if engine == "spark":
        made = write_shards(store, asked, out, spark.connect)
    else:
        made = frame(open_record(store), asked)
        write_frame(made, out)
    events = int((made.label == 1).sum())
    click.echo(f"{len(made):,} {asked.rows_are} of {made.person_id.nunique():,} people, {events:,} with the outcome")
    click.echo(f"{int(made.trained.sum()):,} of them in the trained population")
    for reason, count in made.null_reason.value_counts().items():
        click.echo(f"{count:>9,} without a label: {reason}")
    lacks = lacked_by_all(read_manifest(store))
    for fact, count in not_evaluable(asked.features, lacks).items():
        why = lacks.get(fact) or lacks[fact.split(".")[0]]
        click.echo(f"{count:>9,} columns not evaluable, for want of {fact}: {why}")
    click.echo(f"Written: {out}")


@click.command()
@click.option("--model", default="readmission_30d", show_default=True, help="Of which model's rows.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="JSON to write.")
def columns(model: str, out: Path) -> None:
    """Write what every column of `afterward build` means: unit, window, meaning of null, the sentence in which it is
    told, and the tables that it needs.
    """
    import json

    from features.record.whole import whole
    from models.specs import spec
    from training.dictionary import dictionary

    told = dictionary(spec(model).features)
    with whole(out) as beside:
        beside.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo(f"{len(told)} columns in {out}")


COMMANDS = (build, columns, train, evaluate, compare, recalibrate, promote, rollback, releases, report)
