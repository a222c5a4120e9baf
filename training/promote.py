"""Make a version the champion: verified first, then the alias in the registry and the pointer that serving reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models import pointer, release
from models.specs import spec
from models.table import release as table_release
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
    chosen = _verified(model, version)
    registered = registry.make_champion(chosen)
    before = pointer.point(model, chosen.version)
    return Moved(before, chosen.version, registered, pointer.home() / model / pointer.CHAMPION)


def _verified(model: str, version: int | None) -> registry.Released:
    """The release, worked out again on its own self-check. A name that no spec has may be of somebody's own table."""
    there = pointer.versions(model)
    if there and table_release.is_of_table(pointer.existing(model, version)):
        return table_release.load(pointer.existing(model, version))
    asked = spec(model)
    chosen = release.load(pointer.existing(model, version))
    release.verify(chosen, asked.features)
    return chosen
