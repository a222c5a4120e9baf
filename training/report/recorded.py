"""What a release recorded, read once: every number of the report comes from here, and nothing is worked out anew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from features.pages.content import Estimate
from features.pages.few import FEWEST_PEOPLE, withheld
from models import pointer, release
from models.specs import spec
from models.table import release as table_release
from training.decisions import Decision, decisions

if TYPE_CHECKING:
    from models.release import Release
    from models.specs.spec import Spec
    from models.table.release import TableRelease

GATES, FAIRNESS = "gates.json", "fairness"
# what stands in the place of findings that a release does not hold
NOTHING: Mapping[str, Any] = {
    "calibration": {"curve": [], "groups": []},
    "decision": [],
    "lists": [],
    "subgroups": [],
    "represented": [],
    "explanations": {"rows": 0, "groups": [], "columns": [], "dependence": []},
}
MODEL_SAYS = "this model"


@dataclass(frozen=True)
class Step:
    """One rule of who counts: how many discharges it left and removed."""

    rule: str
    why: str
    left: int
    removed: int


@dataclass(frozen=True)
class Judged:
    """What any release recorded of how well it does; `where` says on which rows."""

    metrics: Mapping[str, Any]
    findings: Mapping[str, Any]

    @property
    def where(self) -> str:
        """On which rows, such as "held out, the latest period"."""
        return str(self.metrics["rows_are"])

    def metric(self, name: str) -> Estimate:
        """One of the version's own metrics."""
        return estimate(self.metrics.get(name))


@dataclass(frozen=True)
class RecordedTable(Judged):
    """A release of somebody's own table with its files."""

    release: TableRelease
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Recorded(Judged):
    """A release with its files. `gates` are what those gates said that are judged when a version is made; `decisions`
    those about this version, oldest first; `answers` what the network told that no release knows, by paragraph of the
    rule or element of the card.
    """

    release: Release
    spec: Spec
    split: Mapping[str, Any]
    gates: Sequence[Mapping[str, Any]] = ()
    decisions: Sequence[Decision] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def share_of(self) -> Mapping[str, float]:
        """Each column's part of all that moves the scores: its mean |SHAP| over the sum of all columns'."""
        found = {line["column"]: line["mean"] for line in self.findings["explanations"]["columns"]}
        whole = sum(found.values())
        return {column.name: found.get(column.name, 0.0) / whole if whole else 0.0 for column in self.release.columns}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Who counts, rule by rule; rules that removed few are told with the next, so that no step tells few."""
        return joined([Step(s["rule"], s["sense"], s["left"], s["removed"]) for s in self.split["attrition"]])

    @property
    def fairness(self) -> str:
        """What the gate on fairness said; empty where it was not asked."""
        return next((f"{gate['verdict']}: {gate['says']}" for gate in self.gates if gate["name"] == FAIRNESS), "")


def recorded(model: str, version: int | None = None) -> Recorded | RecordedTable:
    """The release of a version, the latest where none is named; BadModel where there is none, or it is not whole."""
    if not pointer.versions(model):
        spec(model)
    path = pointer.existing(model, version)
    return of_table(table_release.load(path)) if table_release.is_of_table(path) else of(release.load(path))


def of_table(made: TableRelease) -> RecordedTable:
    """What a release of a table that was read recorded."""
    files = (release.METRICS, release.FINDINGS, release.ABOUT)
    metrics, findings, about = (json.loads((made.path / name).read_text(encoding="utf-8")) for name in files)
    return RecordedTable(metrics, {**NOTHING, **findings}, made, about)


def of(made: Release) -> Recorded:
    """What a release that was read recorded."""
    gates = made.path / GATES
    return Recorded(
        release=made,
        spec=spec(made.model),
        metrics=made.read(release.METRICS),
        findings={**NOTHING, **made.read(release.FINDINGS)},
        split=made.read(release.SPLIT),
        gates=json.loads(gates.read_text(encoding="utf-8"))["gates"] if gates.is_file() else (),
        decisions=[made_then for made_then in decisions(made.model) if made_then.version == made.version],
    )


def estimate(told: Mapping[str, Any] | None) -> Estimate:
    """A metric as it stands in a release; of nothing the estimate of nothing."""
    return Estimate(told["value"], told["low"], told["high"]) if told else Estimate(None)


def joined(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, where each that removed 1 to 10 is told together with its neighbour."""
    found: list[Step] = []
    for step in steps:
        before = found[-1] if found else None
        if before is not None and any(0 < s.removed < FEWEST_PEOPLE for s in (before, step)):
            rule, why = f"{before.rule}; {step.rule}", f"{before.why}; {step.why}"
            found[-1] = Step(rule, why, step.left, before.removed + step.removed)
        else:
            found.append(step)
    return tuple(found)


def open_counts(counts: Sequence[int]) -> list[int | None]:
    """Counts of one total, null where they are withheld."""
    return [None if hides else count for count, hides in zip(counts, withheld(counts), strict=True)]
