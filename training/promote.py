"""Make a version the champion: verified first, then the alias in the registry and the pointer that serving reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models import pointer, release
from models.specs import spec
from training import registry


@dataclass(frozen=True)
class Moved:
    """From which version (null: none) to which; `registered` is MLflow's own number of it, null where it has none."""

    before: int | None
    version: int
    registered: str | None
    pointer: Path


def promote(model: str, version: int | None = None) -> Moved:
    """Promote a version, the latest where none is named. BadModel when the model is unknown, was never trained, or its
    release does not verify with the code that is here.
    """
    asked = spec(model)
    chosen = release.load(pointer.existing(model, version))
    release.verify(chosen, asked.features)
    registered = registry.make_champion(chosen)
    before = pointer.point(model, chosen.version)
    return Moved(before, chosen.version, registered, pointer.home() / model / pointer.CHAMPION)
