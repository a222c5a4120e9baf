"""The fingerprint of a list of features: declarations, windows, code tables, units, missing rules and the code of each."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import astuple

from features.catalogue import algebra
from features.catalogue.algebra import Facts, Family, Feature, Ratio
from features.codes.groupings import GROUPINGS
from features.dataset import columns


def fingerprint(features: Sequence[Feature]) -> str:
    """Sixteen hex digits that change when anything that decides a feature's value changes."""
    digest = hashlib.sha256()
    for column in columns(features):
        digest.update(repr(astuple(column)).encode())
    for feature in features:
        digest.update(_source(feature).encode())
    digest.update(inspect.getsource(algebra).encode())
    for grouping in GROUPINGS:
        digest.update(f"{grouping.name}|{grouping.version}".encode())
    return digest.hexdigest()[:16]


def _source(feature: Feature) -> str:
    if isinstance(feature, Family):
        return repr((feature.needs, feature.anchor, feature.measured)) + _code(feature.events)
    if isinstance(feature, Facts):
        return repr(sorted(feature.needs.items())) + _code(feature.values)
    assert isinstance(feature, Ratio)
    return repr((feature.of, feature.to)) + _code(feature.finish)


def _code(function: object) -> str:
    """The source of the whole module in which a function is written: what it calls there counts too."""
    module = inspect.getmodule(function)
    return inspect.getsource(module) if module is not None else repr(function)
