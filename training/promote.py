"""Make a version the champion that scores are made with, if nothing speaks against it, or go back to the one before.

The alias in the registry and the pointer that serving reads move together. Every decision, a refusal too, is written
down: who, when, why and what each gate said (training.decisions, and the tags of the version in MLflow).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from features import windows
from features.errors import BadInput, BadModel, Refused
from models import pointer, release
from models.login import who
from models.specs import spec
from models.table import release as table_release
from models.verdicts import Verdict
from training import decisions, registry, standing
from training.decisions import PROMOTE, REFUSED, ROLLBACK, Decision
from training.gates import (
    CALIBRATION,
    DISCRIMINATION,
    FAIRNESS,
    FINGERPRINT,
    IMPLAUSIBILITY,
    LATENCY,
    SCORE_SHIFT,
    Gate,
)

# what mends what a gate found
ADVICE = {
    DISCRIMINATION: "Compare on newer rows: `afterward promote {model} --store STORE`; or train on more.",
    CALIBRATION: "Run `afterward recalibrate {model} --store STORE`, then promote what it writes.",
    FAIRNESS: "Read the groups in gates.json and see what the model lacks of them.",
    LATENCY: "Train fewer or smaller trees, or promote where the service will run.",
    FINGERPRINT: "Train anew with this code, or go back to the code that the version was trained with.",
    SCORE_SHIFT: "Train on a later period, or run `afterward recalibrate {model} --store STORE`.",
    IMPLAUSIBILITY: "Look for a leak: what the sign in gates.json names.",
}


@dataclass(frozen=True)
class Judged:
    """A version, what every gate says of it, and which of these keep it from use (`against`)."""

    trained: registry.Released
    champion: int | None
    gates: tuple[Gate, ...]
    against: tuple[Gate, ...]

    @property
    def unsure(self) -> tuple[str, ...]:
        """The gates with too few to judge."""
        return tuple(gate.name for gate in self.gates if gate.verdict is Verdict.TOO_FEW)


@dataclass(frozen=True)
class Moved:
    """From which version (null: none) to which; `registered` is MLflow's own number of it, null where it has none."""

    before: int | None
    version: int
    registered: str | None
    pointer: Path
    why: str


def judge(model: str, version: int | None = None, store: Path | None = None) -> Judged:
    """What the gates say of a version, the latest where none is named. With a store, champion and version are compared
    on its newest rows. BadModel when the model is unknown or was never trained, or a file of the release changed.
    """
    if not pointer.versions(model):
        spec(model)
    path = pointer.existing(model, version)
    champion = pointer.champion_version(model)
    other = None if champion is None or path == pointer.release_path(model, champion) else champion
    passed_by_champion = frozenset() if other is None else decisions.passed_by(model, other)
    if table_release.is_of_table(path):
        if store is not None:
            raise BadInput(
                got=f"--store for {model}, a model of a table",
                expected="no store",
                do="Leave it out: versions of one table are compared on its rows.",
            )
        of_table = table_release.load(path)
        found = standing.of_table(of_table, other)
        return Judged(of_table, champion, found, _against(found, passed_by_champion))
    made = release.load(path)
    found = standing.of_release(made, other, store)
    return Judged(made, champion, found, _against(found, passed_by_champion))


def _against(gates: Sequence[Gate], passed_by_champion: frozenset[str]) -> tuple[Gate, ...]:
    """Gates that fail; and those with too few to judge that the champion passed: who knows less does not replace it."""
    return tuple(
        gate
        for gate in gates
        if gate.verdict is Verdict.FAIL or (gate.verdict is Verdict.TOO_FEW and gate.name in passed_by_champion)
    )


def promote(judged: Judged, forced: str | None = None) -> Moved:
    """Move the champion to a judged version. Refused, which is written down too, where a gate speaks against it and
    nobody gives a reason (`forced`) to move all the same; a release that does not verify is never moved to.
    """
    if forced is not None and not forced.strip():
        raise BadInput(got="--force without a reason", expected="why, in words", do="Write the reason; it is kept.")
    made, model = judged.trained, judged.trained.model
    names = ", ".join(gate.name for gate in judged.against)
    if judged.against and (forced is None or FINGERPRINT in names):
        refused = _decision(judged, REFUSED, f"refused by {names}", forced)
        tags = _tags(model, refused)
        decisions.record(model, refused)
        registry.tag(made, tags)
        raise _refused(judged, names)
    why = f"moved against {names}" if judged.against else "no gate fails"
    why += f"; too few to judge: {', '.join(judged.unsure)}" if judged.unsure else ""
    decision = _decision(judged, PROMOTE, why, forced)
    registered = registry.make_champion(made, _tags(model, decision))
    decisions.record(model, decision)
    before = pointer.point(model, made.version)
    return Moved(before, made.version, registered, pointer.home() / model / pointer.CHAMPION, why)


def rollback(model: str) -> Moved:
    """Go back to the champion before. BadModel where there was none, or where its release does not verify here."""
    now = pointer.champion_version(model)
    pile = decisions.champions(model)
    while pile and pile[-1] == now:
        pile.pop()
    if now is None or not pile:
        raise BadModel(
            got=f"{model} with no champion left before this one" if now else f"{model}, which was never promoted",
            expected="one more promotion on record than was taken back since",
            do=f"Run `afterward promote {model} --version VERSION` to choose one.",
        )
    made = verified(pointer.existing(model, pile[-1]))
    why = f"back from version {now}"
    decision = Decision(windows.now(), who(), ROLLBACK, made.version, now, why, None, ())
    registered = registry.make_champion(made, _tags(model, decision))
    decisions.record(model, decision)
    pointer.point(model, made.version)
    return Moved(now, made.version, registered, pointer.home() / model / pointer.CHAMPION, why)


def verified(path: Path) -> registry.Released:
    """The release of whichever kind, worked out again on its own self-check; BadModel where it does not come out."""
    if table_release.is_of_table(path):
        return table_release.load(path)
    made = release.load(path)
    release.verify(made, spec(made.model).features)
    return made


def _decision(judged: Judged, what: str, why: str, forced: str | None) -> Decision:
    told = [gate.to_json() for gate in judged.gates]
    return Decision(windows.now(), who(), what, judged.trained.version, judged.champion, why, forced, told)


def _tags(model: str, decision: Decision) -> dict[str, str]:
    """What stays on the version in MLflow: this decision, not yet on record, and the verdict of each gate."""
    number = len(decisions.decisions(model)) + 1
    told = {"who": decision.who, "at": decision.at, "what": decision.what, "before": decision.before}
    told |= {"why": decision.why, "forced": decision.forced}
    tags = {f"afterward.decision.{number}": json.dumps(told, sort_keys=True, ensure_ascii=False)}
    tags |= {f"afterward.gate.{gate['name'].replace(' ', '_')}": str(gate["verdict"]) for gate in decision.gates}
    tags["afterward.why"] = decision.why
    return tags | ({} if decision.forced is None else {"afterward.forced": decision.forced})


def _refused(judged: Judged, names: str) -> Refused:
    model, version = judged.trained.model, judged.trained.version
    told = "; ".join(f"{gate.name}: {gate.verdict}" for gate in judged.against)
    advice = [ADVICE[gate.name] for gate in judged.against if gate.name in ADVICE]
    do = " ".join(dict.fromkeys(advice)).format(model=model)
    force = (
        "" if FINGERPRINT in names else f" Or, with a reason that is kept: `afterward promote {model} --force REASON`."
    )
    return Refused(got=f"{model} version {version} with {told}", expected="no gate against it", do=do + force)
