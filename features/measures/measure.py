"""A measure is data: who is in it, who is left out and why, what closes the gap, and in which edition.

A patient's measure has one or more groups (CMS347 has four), each with its own populations. What a population asks for
is a list of criteria, each with words for a person and a rule over the whole panel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.errors import BadDeclaration
from features.measures.edition import Edition
from features.measures.panel import Facts, Panel, nobody
from features.measures.period import Period
from features.measures.rows import Bools, Rows
from features.measures.value_set import CodeSet, ValueSet

# the populations of a proportion measure, as FHIR names them
INITIAL, DENOMINATOR, EXCLUSION = "initial-population", "denominator", "denominator-exclusion"
NUMERATOR, EXCEPTION = "numerator", "denominator-exception"


@dataclass(frozen=True)
class Criterion:
    """One reason for which somebody is in a population: words, and who meets it."""

    says: str
    met: Callable[[Panel], Bools]


def found(says: str, rows: Callable[[Panel], Rows]) -> Criterion:
    """A criterion that is met by whoever has any of some rows."""
    return Criterion(says, lambda at: rows(at).exist())


@dataclass(frozen=True)
class Group:
    """The populations of one rate. Initial: all criteria; the others: any of them. Everyone in the initial population
    is in the denominator. `exceptions` is null for a measure without that population. `care` are the events that close
    the gap, each kind of them; `closes` says in words which would. `steps` say it more closely of whom they are met:
    the first that is, holds.
    """

    initial: tuple[Criterion, ...]
    exclusions: tuple[Criterion, ...]
    numerator: tuple[Criterion, ...]
    care: tuple[Callable[[Panel], Rows], ...]
    closes: str
    exceptions: tuple[Criterion, ...] | None = None
    steps: tuple[Criterion, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A care gap. `better` says whether a high or a low rate is good care; `evidence` why it is measured."""

    cms: str
    name: str
    title: str
    better: Literal["higher", "lower"]
    evidence: str
    editions: tuple[Edition, ...]
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        names = [name for edition in self.editions for name in edition.names]
        if not names or len(names) != len(set(names)):
            raise BadDeclaration(
                got=f"{self.cms} without editions of their own names", expected="each once", do="Mend."
            )

    def edition(self, name: str) -> Edition | None:
        """The edition that a deck of this name is about."""
        return next((each for each in self.editions if name in each.names), None)


@dataclass(frozen=True)
class Populations:
    """Who is in each population of a group, by CMS's rules: a person excluded is in no numerator, and one who meets the
    numerator needs no exception. `why` tells for each criterion of exclusions, numerator and exceptions who meets it.
    """

    counts: Mapping[str, Bools]
    why: Mapping[str, Mapping[str, Bools]]


def evaluate(measure: Measure, facts: Facts, period: Period, edition: Edition) -> tuple[Populations, ...]:
    """The populations of each group, for everybody of the facts."""
    panel = Panel(facts, period, edition)
    return tuple(_populations(group, panel) for group in measure.groups)


def _populations(group: Group, panel: Panel) -> Populations:
    initial = np.ones(panel.people, dtype=np.bool_)
    for criterion in group.initial:
        initial &= criterion.met(panel)
    named = {EXCLUSION: group.exclusions, NUMERATOR: group.numerator, EXCEPTION: group.exceptions or ()}
    why = {name: {each.says: each.met(panel) for each in criteria} for name, criteria in named.items()}
    met = {name: _any(panel, found) for name, found in why.items()}
    counts = populations(initial, met[EXCLUSION], met[NUMERATOR], met[EXCEPTION])
    if group.exceptions is None:
        del counts[EXCEPTION]
    return Populations(counts, why)


def populations(initial: Bools, excluded: Bools, closed: Bools, excepted: Bools) -> dict[str, Bools]:
    """The populations of a proportion measure from who meets what."""
    left = initial & ~excluded
    return {
        INITIAL: initial,
        DENOMINATOR: initial,
        EXCLUSION: initial & excluded,
        NUMERATOR: left & closed,
        EXCEPTION: left & ~closed & excepted,
    }


def _any(panel: Panel, found: Mapping[str, Bools]) -> Bools:
    met = panel.nobody()
    for each in found.values():
        met = met | each
    return met


def sets_of(measure: Measure, edition: Edition) -> frozenset[CodeSet]:
    """Every value set and code that an edition asks for: found by asking it about nobody."""
    panel = Panel(nobody(), Period(0, 364), edition)
    for group in measure.groups:
        _populations(group, panel)
    return frozenset(panel.asked)


def asked_to_close(measure: Measure, edition: Edition) -> frozenset[CodeSet]:
    """The sets that decide whether a gap is closed: those of the numerator and of the care."""
    panel = _of_care(measure, edition)
    for group in measure.groups:
        for criterion in group.numerator:
            criterion.met(panel)
    return frozenset(panel.asked)


def asked_of_initial(measure: Measure, edition: Edition) -> tuple[frozenset[CodeSet], ...]:
    """The sets that each criterion of the initial populations asks for, where it asks for any."""
    return tuple(frozenset(panel.asked) for panel in _of_initial(measure, edition))


def kinds_to_close(measure: Measure, edition: Edition) -> frozenset[str]:
    """The kinds of event that close a gap, without which nobody can say who has one."""
    return frozenset(_of_care(measure, edition).asked_kinds)


def kinds_of_initial(measure: Measure, edition: Edition) -> tuple[frozenset[str], ...]:
    """The kinds of event that the initial population of each group asks for."""
    found = []
    for group in measure.groups:
        panel = Panel(nobody(), Period(0, 364), edition)
        for criterion in group.initial:
            criterion.met(panel)
        found.append(frozenset(panel.asked_kinds))
    return tuple(found)


def _of_care(measure: Measure, edition: Edition) -> Panel:
    panel = Panel(nobody(), Period(0, 364), edition)
    for group in measure.groups:
        for care in group.care:
            care(panel)
    return panel


def _of_initial(measure: Measure, edition: Edition) -> list[Panel]:
    panels = []
    for criterion in dict.fromkeys(each for group in measure.groups for each in group.initial):
        panel = Panel(nobody(), Period(0, 364), edition)
        criterion.met(panel)
        if panel.asked:
            panels.append(panel)
    return panels


def value_sets_of(measure: Measure, edition: Edition) -> frozenset[ValueSet]:
    """The value sets among them."""
    return frozenset(each for each in sets_of(measure, edition) if isinstance(each, ValueSet))
