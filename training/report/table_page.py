"""The report of a model of somebody's own table: how well it does, what moves its scores, and its limits."""

from __future__ import annotations

from features.pages.content import Cell, Facts, Page, Part, Section, Share, Table, Text
from features.pages.figures import Axes, bars
from training.report import performance
from training.report.data import calibrator, in_words
from training.report.explanations import (
    COLUMNS_TOLD,
    DEPENDENCE,
    NO_SCORE_MOVES,
    NOT_RECORDED,
    TITLE,
    TREESHAP,
    dependence,
)
from training.report.recorded import RecordedTable

FOOT = (
    "Made by `afterward report` from what the release recorded: the same release gives the same page. No cell of the "
    "table stands in it, and no number of fewer than 11 people."
)
LIMITS = (
    "The figures are of models that had not seen the person; the released trees then learned from all rows with the "
    "same settings, so they are of its making and not of the released trees themselves. "
    "They are of one table: another place or another time may differ. Intervals are bootstraps of people. "
    "Whether it is fair between groups has not been judged; which columns measure race, sex, age or disability, or may "
    "stand for them, only those know who know the table."
)


def page(found: RecordedTable) -> Page:
    """All sections, in the order in which one reads."""
    return Page(
        title=found.release.model,
        kind=f"Report of a model of a table, version {found.release.version}",
        lead=f"Foretells {found.release.label}. How well it does, what moves its scores, and its limits.",
        sections=(
            _summary(found),
            performance.performance(found),
            performance.calibration(found),
            performance.decision(found),
            performance.lists(found),
            _explanations(found),
            _columns(found),
            Section("limits", "Limits", (Text(LIMITS),)),
        ),
        foot=FOOT,
    )


def _summary(found: RecordedTable) -> Section:
    told, made = found.metrics, found.release
    order = f"by {made.time}: a person's earlier rows may tell something" if made.time else "none"
    facts: dict[str, Cell] = {
        "Model": f"{made.model}, version {made.version}",
        "Foretells": made.label,
        "Whose row it is": made.person,
        "Order of a person's rows": order,
        "Judged on": f"{told['rows']:,} rows of {told['people']:,} people, {found.where}",
        "With the label": told["events"],
        "AUROC": found.metric("auroc"),
        "AUPRC": found.metric("auprc"),
        "Calibration slope (1 is right)": found.metric("calibration_slope"),
        "Observed over expected (1 is right)": found.metric("observed_to_expected"),
        "Kind of model": f"gradient-boosted trees (LightGBM), {made.booster.num_trees()} of them, then a calibrator "
        f"({calibrator(made.calibrator)})",
        "Seed": made.seed,
        "Fingerprint of the table": made.data_fingerprint,
    }
    return Section("summary", "Summary", (Text(in_words(found)), Facts(facts)))


def _explanations(found: RecordedTable) -> Section:
    told = found.findings["explanations"]
    strongest = [(line["column"], line["mean"]) for line in told["columns"][:COLUMNS_TOLD]]
    if not strongest:
        return Section("explanations", TITLE, (Text(NO_SCORE_MOVES if told["rows"] else NOT_RECORDED),))
    says = (
        f"Mean of the absolute contribution to the log-odds, over {told['rows']:,} rows, by column. Strongest: "
        f"{', '.join(name for name, _ in strongest[:3])}. A contribution of 0.7 about doubles the odds or halves them."
    )
    drawn = [
        dependence(f"dependence-{place}", line["column"], line["column"], line)
        for place, line in enumerate(told["dependence"])
        if len(line["points"]) > 1
    ]
    parts: list[Part] = [
        Text(TREESHAP),
        bars("strength", TITLE, says, Axes("mean |SHAP|, log-odds", "column"), strongest),
    ]
    parts += [Text(DEPENDENCE), *drawn] if drawn else []
    return Section("explanations", TITLE, tuple(parts))


def _columns(found: RecordedTable) -> Section:
    rows = tuple(
        (column.name, column.kind, len(column.values) or None, Share(column.missing))
        for column in found.release.table_columns
    )
    heads = ("column", "taken as", "different values", "empty")
    return Section("columns", "Columns", (Table("What each column was taken for", heads, rows),))
