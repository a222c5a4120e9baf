"""The models, one file each; `SPECS` is the tuple of them all."""

from __future__ import annotations

from features.errors import BadModel
from models.specs import adverse_event_21d, readmission_30d
from models.specs.spec import Spec

SPECS: tuple[Spec, ...] = (readmission_30d.SPEC, adverse_event_21d.SPEC)


def spec(name: str) -> Spec:
    """The spec of that name; BadModel lists the names there are."""
    for found in SPECS:
        if found.name == name:
            return found
    raise BadModel(
        got=f"an unknown model {name!r}",
        expected=f"one of {', '.join(found.name for found in SPECS)}",
        do="Name one of these.",
    )
