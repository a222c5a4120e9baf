"""Who moved a champion, or was refused, when and why: one line of JSON for each decision, appended and never changed.

$AFTERWARD_RELEASES/MODEL/decisions.jsonl, beside the pointer:
    {"at": instant, "who", "what": promote | pull | rollback | refused, "version", "before", "why",
     "forced": reason or null, "gates": [as in gates.json]}
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from features.errors import BadModel
from models import pointer
from models.verdicts import Verdict

FILE = "decisions.jsonl"
PROMOTE, PULL, ROLLBACK, REFUSED = "promote", "pull", "rollback", "refused"
MOVED = (PROMOTE, PULL)  # a new champion, chosen here or in the MLflow of another machine


@dataclass(frozen=True)
class Decision:
    """One decision. `version` is the one that it was about, `before` the champion until then (null: none); `forced`
    the reason of whoever overruled the gates (null: nobody did); `gates` as JSON.
    """

    at: int
    who: str
    what: str
    version: int
    before: int | None
    why: str
    forced: str | None
    gates: Sequence[Mapping[str, Any]]


def record(model: str, made: Decision) -> None:
    """Append a decision."""
    line = json.dumps(asdict(made), sort_keys=True, ensure_ascii=False) + "\n"
    with _path(model).open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def decisions(model: str) -> list[Decision]:
    """All decisions about a model, oldest first."""
    try:
        lines = _path(model).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    try:
        return [Decision(**json.loads(line)) for line in lines]
    except (ValueError, TypeError):
        raise BadModel(
            got=f"a {FILE} of {model} with a line that is none of ours",
            expected="one decision a line",
            do="Take the file back from a copy; nothing else writes to it.",
        ) from None


def champions(model: str) -> list[int]:
    """The champions one upon the other: the last holds, and taking it back uncovers the one before."""
    pile: list[int] = []
    for made in decisions(model):
        if made.what in MOVED:
            pile = pile or ([] if made.before is None else [made.before])  # promoted before decisions were kept
            pile = pile if pile[-1:] == [made.version] else [*pile, made.version]
        elif made.what == ROLLBACK and pile:
            pile = pile[:-1]
    return pile


def passed_by(model: str, version: int) -> frozenset[str]:
    """The gates that a version passed when it last became champion; none where nobody wrote them down."""
    moves = [made for made in decisions(model) if made.what in MOVED and made.version == version]
    return (
        frozenset(gate["name"] for gate in moves[-1].gates if gate["verdict"] == Verdict.PASS) if moves else frozenset()
    )


def _path(model: str) -> Path:
    return pointer.home() / model / FILE
