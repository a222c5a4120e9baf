"""The short card of a release: for whom, from what, how well, and the limits. Facts of the run, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from features import windows
from models.intervals import Interval
from models.specs import rows_are
from training.evaluate import HEADLINE, Evaluation
from training.gates import Gate
from training.split import SliceCount, Sliced

if TYPE_CHECKING:
    import pandas as pd

    from features.catalogue.declaration import Column
    from models.specs.spec import Spec


def card(
    spec: Spec,
    evaluation: Evaluation,
    sliced: Sliced,
    attrition: pd.DataFrame,
    columns: Sequence[Column],
    empty: Sequence[str],
    lacks: Mapping[str, str],
    gates: Sequence[Gate] = (),
) -> str:
    """Markdown; `empty` names columns without any value in the training slice, `lacks` what the sources cannot tell."""
    parts = [
        f"# {spec.title} (`{spec.name}`)",
        f"Foretells: {spec.outcome.says}. Prediction time: {spec.prediction_time}.",
        "## Use",
        f"Meant for: {spec.intended_use}\n\nMisuse: {spec.misuse}",
        f"Scored: {spec.scored.says}.\n\nTrained and measured: {spec.trained.says}.",
        "## Data",
        slices_table(sliced),
        table(["rule", "left", "removed"], attrition[["rule", "left", "removed"]].astype(str).values.tolist()),
        f"{len(columns)} columns, {len(empty)} of them without a value on this source.",
        "## On the held-out period",
        metrics_table(evaluation),
        censored_line(evaluation),
        "## Gates",
        gates_table(gates),
        "## Limits",
        _limits(lacks),
    ]
    return "\n\n".join(parts) + "\n"


def metrics_table(evaluation: Evaluation) -> str:
    """One line a model, the released one first, its headline metrics with 95 % intervals."""

    names = [metric.name for metric in HEADLINE]
    lines = [[evaluation.model, *(shown(evaluation.judged[name]) for name in names)]]
    lines += [[who, *(shown(judged[name]) for name in names)] for who, judged in evaluation.baselines.items()]
    return table(["", *(name.replace("_", " ") for name in names)], lines)


def censored_line(evaluation: Evaluation) -> str:
    """How many could not be followed, and what that did to the figures."""
    lost = evaluation.censored
    said = (
        f"{lost.rows:,} more {rows_are(evaluation.model)} of these days have no label: the person left the network "
        "within the window"
    )
    weighed = "the others are weighted for them" if lost.weighted else "too few to weight the others for them"
    return f"{said} ({lost.share:.1%}); {weighed}."


def gates_table(gates: Sequence[Gate]) -> str:
    """One line a gate: its verdict and why."""
    return table(["gate", "verdict", ""], [[gate.name, str(gate.verdict), gate.says] for gate in gates])


def slices_table(sliced: Sliced) -> str:
    """One line a slice, then one for each stage within the training slice, with the rows lost."""
    heads = [
        "slice",
        "first day",
        "last day",
        "rows",
        "people",
        "events",
        "lost: label late",
        "lost: person in another",
    ]
    return table(heads, [slice_cells(found) for found in (*sliced.slices, *sliced.stages)])


def slice_cells(found: SliceCount) -> list[str]:
    """A slice as cells of text."""
    counted = (found.rows, found.people, found.events, found.lost_to_labels, found.lost_to_people)
    days = ["-" if day is None else windows.iso(day) for day in (found.first_day, found.last_day)]
    return [found.name, *days, *(f"{count:,}" for count in counted)]


def shown(found: Interval) -> str:
    """`0.712 (0.698 to 0.727)`; a dash where the rows allow no value."""
    if found.value != found.value:
        return "-"
    ends = f" ({found.low:.3f} to {found.high:.3f})" if found.low == found.low else ""
    return f"{found.value:.3f}{ends}"


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Markdown, its columns in line so that it also reads in a terminal."""
    widths = [max(len(row[i]) for row in (heads, *lines)) for i in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(heads), line(["-" * width for width in widths]), *map(line, lines)])


def _limits(lacks: Mapping[str, str]) -> str:
    said = [
        "Intervals are bootstraps of people. They do not cover a change of the network, its coding or its care.",
    ]
    said += [f"Not evaluable on this source: {fact} ({why})." for fact, why in sorted(lacks.items())]
    return "\n".join(f"- {line}" for line in said)
