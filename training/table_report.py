"""What is told of a model of somebody's own table: the figures as a table, its card, and what MLflow hears."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from models import release
from training.card import shown, table
from training.evaluate import HEADLINE, Judged, written
from training.registry import Run
from training.report.files import texts
from training.report.recorded import of_table
from training.table_columns import Inferred

if TYPE_CHECKING:
    from models.table.release import TableRelease
    from training.question import Question

LIMITS = (
    "- Intervals are bootstraps of people. They do not cover another place or another time.\n"
    "- Fairness between groups has not been judged."
)
KINDS = {
    "number": "numbers",
    "category": "categories, split as sets",
    "code": "codes, in natural order: a code never seen takes the place between its neighbours",
}


def metrics_table(name: str, judged: Judged, baselines: Mapping[str, Judged]) -> str:
    """One line a model, the released one first, its headline metrics with 95 % intervals."""
    names = [metric.name for metric in HEADLINE]
    lines = [[who, *(shown(each[metric]) for metric in names)] for who, each in {name: judged, **baselines}.items()]
    return table(["", *(metric.replace("_", " ") for metric in names)], lines)


def card(
    asked: Question,
    counts: Mapping[str, int],
    judged: Judged,
    baselines: Mapping[str, Judged],
    inferred: Inferred,
    trees: int,
) -> str:
    """Markdown: facts of the run, nothing else. No cell of the table stands in it but names of columns."""
    of_kind = {kind: [c.name for c in inferred.columns if c.kind == kind] for kind in KINDS}
    kinds = [f"- {len(of_kind[kind])} {says}: {', '.join(of_kind[kind]) or 'none'}" for kind, says in KINDS.items()]
    left_out = [f"- `{name}`: {why}" for name, why in inferred.left_out.items()] or ["- none"]
    earlier = (
        f"Rows of one person are ordered by `{asked.time}`; it is an input itself, and so are the inputs of a person's "
        "earlier rows, never their labels. Rows later than these are taken as the latest of them."
        if asked.time
        else "Each row stands by itself: no column orders a person's rows."
    )
    parts = [
        f"# {asked.name}, a model of a table",
        f"Foretells `{asked.label}`. Rows of one `{asked.person}` are never on both sides of a split. {earlier}",
        "## Data",
        f"{counts['rows']:,} rows of {counts['people']:,} people, {counts['events']:,} with the label"
        + (f", where {asked.where}." if asked.where else "."),
        "## How well, cross-validated by person",
        metrics_table(asked.name, judged, baselines),
        _of_the_released(trees),
        "## Columns",
        "\n".join(kinds),
        "Left out:\n\n" + "\n".join(left_out),
        "## Limits",
        LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def _of_the_released(trees: int) -> str:
    return (
        "Each risk is by a model, and a calibrator, that saw no row of that person. The released model then learned "
        f"from all rows with the same settings ({trees} trees); its calibrator was fitted on scores of people whom the "
        "models behind them had not seen. So the figures are of its making, not of the released trees themselves."
    )


def run_of(
    asked: Question,
    made: TableRelease,
    judged: Judged,
    baselines: Mapping[str, Judged],
    trees: int,
    parameters: Mapping[str, object],
) -> Run:
    """What MLflow is told: settings, metrics, fingerprints, the report. No cell of the table."""
    numbers = {name: each.value for name, each in judged.items() if math.isfinite(each.value)}
    for who, each in baselines.items():
        numbers |= {f"baseline/{who}/{name}".replace(":", ""): value.value for name, value in each.items()}
    return Run(
        parameters={**parameters, "seed": made.seed, "trees": trees, "columns": len(made.table_columns)},
        metrics=numbers,
        tags={"afterward.data_fingerprint": made.data_fingerprint, "afterward.kind": "table"},
        artefacts={
            "evaluation.json": release.as_json(written(judged)).encode(),
            **{name: text.encode() for name, text in texts(of_table(made)).items()},
        },
    )
