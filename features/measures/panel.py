"""What a measure sees: people, the measurement period, the edition, and the events that carry its codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features import windows
from features.measures.edition import Edition
from features.measures.period import Period
from features.measures.rows import Bools, Ints, Rows
from features.measures.value_set import CodeSet


@dataclass(frozen=True)
class Facts:
    """The events of people that carry any of some codes, as known at one time.

    `columns[kind]` are the columns of a kind of event, sorted by person. `coded[kind, role, set]` are the places of
    those whose code in that role is in the set. `numbers[kind]` are the sources' own numbers of the events (texts).
    """

    person_id: tuple[str, ...]
    birth_day: Ints
    sex: Mapping[str, Bools]
    columns: Mapping[str, Mapping[str, Ints]]
    coded: Mapping[tuple[str, str, CodeSet], Ints]
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """The facts, seen by one edition of a measure over one period. `asked` and `asked_kinds` collect what it asks
    for: sets, and kinds of event.
    """

    facts: Facts
    period: Period
    edition: Edition
    asked: set[CodeSet] = field(default_factory=set)
    asked_kinds: set[str] = field(default_factory=set)

    @property
    def people(self) -> int:
        """How many."""
        return len(self.facts.person_id)

    def age(self, on_days: Ints | int) -> Ints:
        """Completed years on a day; of someone whose birth is not told -1."""
        born = self.facts.birth_day
        return np.where(born > UNBORN, windows.age_in_years(np.maximum(born, UNBORN), on_days), -1)

    def age_of(self, who: Ints, on_days: Ints) -> Ints:
        """The ages of some people, each on a day of its own."""
        born = self.facts.birth_day[who]
        days = np.clip(on_days, UNBORN, -UNBORN)
        return np.where(born > UNBORN, windows.age_in_years(np.maximum(born, UNBORN), days), -1)

    def aged(self, ages: tuple[int, int], on_day: int) -> Bools:
        """Who is of such an age, both included, on a day."""
        age = self.age(on_day)
        return (age >= ages[0]) & (age <= ages[1])

    @property
    def women(self) -> Bools:
        """Whom the edition's kind of sex calls female."""
        return self.facts.sex[self.edition.sex]

    def nobody(self) -> Bools:
        """Nobody."""
        return np.zeros(self.people, dtype=np.bool_)

    # ---- events by code

    def visits(self, *sets: CodeSet) -> Rows:
        """Encounters whose type is in one of the sets."""
        return self._coded("visit", "type", sets)

    # ---- what the library Status calls done and ordered, which CMS changed in 2025

    def performed(self, visits: Rows) -> Rows:
        """Encounters that took place."""
        return visits.only("performed" if self.edition.year < 2025 else "finished")

    def ordered(self, orders: Rows) -> Rows:
        """Orders of services, devices and medicines, by their intent."""
        return orders.only("order" if self.edition.year < 2025 else "ordered")

    def imaged(self, studies: Rows) -> Rows:
        """Diagnostic studies with a report."""
        return studies.only("settled") if self.edition.year < 2025 else studies.only("settled", "imaging")

    def diagnoses(self, *sets: CodeSet) -> Rows:
        """Conditions as the libraries see them: from 2025 on those not refuted."""
        found = self._coded("condition", "code", sets)
        return found if self.edition.year < 2025 else found.only("verified")

    def conditions(self, *sets: CodeSet) -> Rows:
        """Conditions of these codes; where the edition asks for it, those not refuted."""
        found = self._coded("condition", "code", sets)
        return found.only("verified") if self.edition.verified else found

    def results(self, *sets: CodeSet) -> Rows:
        """Results of these codes."""
        return self._coded("result", "code", sets)

    def parts(self, *sets: CodeSet) -> Rows:
        """The values of results that have several, by the code of the whole."""
        return self._coded("result", "whole", sets)

    def procedures(self, *sets: CodeSet) -> Rows:
        """Procedures of these codes."""
        return self._coded("procedure", "code", sets)

    def prescriptions(self, *sets: CodeSet) -> Rows:
        """Prescriptions of these medicines; where the edition does not follow references, those that name theirs."""
        found = self._coded("prescription", "code", sets)
        return found if self.edition.follows_references else found.where(~found.flag("referred_to"))

    def orders(self, *sets: CodeSet) -> Rows:
        """Orders of these services and devices."""
        return self._coded("order", "code", sets)

    def allergies(self, *sets: CodeSet) -> Rows:
        """Allergies and adverse events."""
        return self._coded("allergy", "code", sets)

    def not_done(self, *sets: CodeSet) -> Rows:
        """What was decided not to be done."""
        return self._coded("not_done", "code", sets)

    def of(self, kind: str, role: str, rows: Rows, *sets: CodeSet) -> Rows:
        """Those of some rows whose code in another role is in one of the sets."""
        places = self._places(kind, role, sets)
        return rows.where(np.isin(rows.index, places))

    def _coded(self, kind: str, role: str, sets: tuple[CodeSet, ...]) -> Rows:
        return Rows(self.people, self.facts.columns[kind], self._places(kind, role, sets))

    def _places(self, kind: str, role: str, sets: tuple[CodeSet, ...]) -> Ints:
        self.asked.update(sets)
        self.asked_kinds.add(kind)
        nothing = np.zeros(0, dtype=np.int64)
        found = [self.facts.coded.get((kind, role, each), nothing) for each in sets]
        return found[0] if len(found) == 1 else np.unique(np.concatenate([nothing, *found]))


def nobody() -> Facts:
    """The facts about nobody: every column is there and empty."""
    nothing = np.zeros(0, dtype=np.int64)
    sexes: defaultdict[str, Bools] = defaultdict(lambda: np.zeros(0, dtype=np.bool_))
    return Facts((), nothing, sexes, defaultdict(lambda: defaultdict(lambda: nothing)), {})


UNBORN = -(2**20)  # a day before all that is told: nobody was born then
