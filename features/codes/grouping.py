"""A grouping: coded events sorted under labels, as a table that an engine joins on equality."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from features.codes.editions import codes_and_categories
from features.codes.systems import System
from features.errors import BadDeclaration

SCHEMA = pa.schema([("code_system", pa.string()), ("code", pa.string()), ("label", pa.string())])

# (system, code or beginning of a code, label)
Entry = tuple[System, str, str]


@dataclass(frozen=True)
class Content:
    """What a grouping holds once its files are read.

    `names` gives each label, in the grouping's own order, its wording. An entry of `listed` is a whole code; one of
    `beginnings` is a regular expression that starts with fixed characters, for every code that begins so. `points` are
    published weights, by scheme and label. A pair of `overrules` is (severe, mild): where both are present only the
    severe one earns points. `known` are codes of which a grouping by a list can say that they have no label; those
    with one need not be among them.
    """

    names: Mapping[str, str]
    listed: tuple[Entry, ...] = ()
    beginnings: tuple[Entry, ...] = ()
    known: tuple[tuple[System, str], ...] = ()
    points: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    overrules: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Grouping:
    """Codes sorted under labels. Reading is put off to the first use; `unit` says what one of its points is.

    A code may have several labels. A label is in lower case and fit for a column name.
    """

    name: str
    source: str
    version: str
    systems: tuple[System, ...]
    read: Callable[[], Content]
    unit: str = "points"

    @cached_property
    def _content(self) -> Content:
        content = self.read()
        named = {label for _, _, label in (*content.listed, *content.beginnings)}
        held = {system for system, _, _ in (*content.listed, *content.beginnings)}
        if named != set(content.names) or held != set(self.systems):
            raise BadDeclaration(
                got=f"grouping {self.name} with labels or systems that have no codes, or codes of none of them",
                expected="every declared label and system to hold a code",
                do="Mend the declaration.",
            )
        return content

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label, in the order of its source."""
        return tuple(self._content.names)

    @property
    def overrules(self) -> tuple[tuple[str, str], ...]:
        """(severe, mild) labels: where both are present only the severe one earns points."""
        return self._content.overrules

    def description(self, label: str) -> str:
        """The wording of a label. Raises BadDeclaration, listing the labels, for an unknown one."""
        return self._content.names[self._known(label)]

    def covers(self, system: System) -> bool:
        """Whether codes of this system can be sorted at all: a code of another is not evaluable, never absent."""
        return system in self.systems

    def points(self, scheme: str) -> Mapping[str, int]:
        """The published weight of each label, in the grouping's unit. Raises BadDeclaration for an unknown scheme."""
        schemes = self._content.points
        if scheme not in schemes:
            raise BadDeclaration(
                got=f"weights {scheme!r} of {self.name}",
                expected=", ".join(schemes) or "none: this grouping has no weights",
                do="Use one of these.",
            )
        return schemes[scheme]

    def table(self) -> pa.Table:
        """Columns code_system, code (canonical), label: every listed code, sorted, no row twice.

        A beginning stands for every code of the editions, whole or shortened, that begins so.
        """
        return self._table

    @cached_property
    def _table(self) -> pa.Table:
        rows = list(self._content.listed)
        universe = {system: self._universe(system) for system in {each for each, _, _ in self._content.beginnings}}
        for system, pattern, label in self._content.beginnings:
            rows += [(system, code, label) for code in _beginning(universe[system], pattern)]
        columns = [
            [system.name for system, _, _ in rows],
            [code for _, code, _ in rows],
            [label for _, _, label in rows],
        ]
        table = pa.table([pa.array(column, pa.string()) for column in columns], schema=SCHEMA)
        # every key column and no aggregate: the distinct rows
        return table.group_by(SCHEMA.names).aggregate([]).sort_by([(name, "ascending") for name in SCHEMA.names])

    @cached_property
    def flags(self) -> pa.Table:
        """Columns code_system, code, and one for each label: 1 where the code has it, else 0. Every code on which the
        grouping decides has one row, so that one join tells both what a code is and whether it is known at all.
        """
        marks = {label: pa.scalar(label) for label in self.labels}
        decided = self.decided().select(["code_system", "code"])
        table = self.table()
        found = decided.group_by(["code_system", "code"]).aggregate([])
        for label, mark in marks.items():
            own = table.filter(pc.equal(table["label"], mark)).select(["code_system", "code"])
            own = own.append_column("mark", pa.array([1] * own.num_rows, pa.int8()))
            found = found.join(own, ["code_system", "code"], join_type="left outer")
            found = found.set_column(
                found.column_names.index("mark"), label, pc.fill_null(found["mark"], pa.scalar(0, pa.int8()))
            )
        return found.sort_by([("code_system", "ascending"), ("code", "ascending")])

    def codes(self, label: str, system: System) -> tuple[str, ...]:
        """The canonical codes of a label in one system, sorted."""
        self._known(label)
        return tuple(
            sorted(code for (name, code), found in self._labels.items() if name == system.name and label in found)
        )

    def labels_of(self, system: System, code: str) -> tuple[str, ...]:
        """The labels of one canonical code, in the grouping's order; empty where it has none.

        Where the grouping has beginnings, a code newer than any edition is sorted by its own.
        """
        exact = self._labels.get((system.name, code))
        if exact is not None:
            return exact
        found = {label for n in range(len(code)) for label in self._fixed.get((system, code[: n + 1]), ())}
        found.update(label for each, start, label in self._patterns if each is system and start.match(code))
        return tuple(label for label in self.labels if label in found)

    @cached_property
    def _fixed(self) -> dict[tuple[System, str], list[str]]:
        """Labels of the beginnings that are fixed characters only: thousands of them, so looked up and not tried."""
        found: dict[tuple[System, str], list[str]] = {}
        for system, start, label in self._content.beginnings:
            if _fixed_part(start) == start:
                found.setdefault((system, start), []).append(label)
        return found

    @cached_property
    def _patterns(self) -> list[tuple[System, re.Pattern[str], str]]:
        entries = self._content.beginnings
        return [(system, re.compile(start), label) for system, start, label in entries if _fixed_part(start) != start]

    @cached_property
    def _labels(self) -> dict[tuple[str, str], tuple[str, ...]]:
        order = {label: n for n, label in enumerate(self.labels)}
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for name, code, label in zip(*(column.to_pylist() for column in self.table().columns), strict=True):
            found[name, code] = (*found.get((name, code), ()), label)
        return {key: tuple(sorted(labels, key=order.__getitem__)) for key, labels in found.items()}

    def decided(self) -> pa.Table:
        """Columns code_system, code: the codes of which the grouping says whether they have a label.

        A grouping by beginnings decides on every code of the editions, one by a list only on the codes in the list
        and those that it declares known.
        """
        keys = SCHEMA.names[:2]
        listed = [[system.name for system, _ in self._content.known], [code for _, code in self._content.known]]
        known = [
            self.table().select(keys),
            pa.table([pa.array(column, pa.string()) for column in listed], names=keys),
        ]
        for system in {each for each, _, _ in self._content.beginnings}:
            codes = pa.array(self._universe(system), pa.string())
            known.append(pa.table({"code_system": pa.array([system.name] * len(codes), pa.string()), "code": codes}))
        return pa.concat_tables(known).group_by(keys).aggregate([]).sort_by([(name, "ascending") for name in keys])

    def _universe(self, system: System) -> tuple[str, ...]:
        """Every listed code and shortened code of a system, and each beginning that is a code itself, sorted."""
        own = {
            start for each, start, _ in self._content.beginnings if each is system and each.normalise(start) == start
        }
        return tuple(sorted(own.union(codes_and_categories(system))))

    def _known(self, label: str) -> str:
        if label not in self._content.names:
            raise BadDeclaration(
                got=f"label {label!r} of {self.name}", expected=", ".join(self.labels), do="Use one of these labels."
            )
        return label


def _fixed_part(pattern: str) -> str:
    fixed = re.match(r"[0-9A-Z]*(?![?*+{])", pattern)
    return fixed[0] if fixed else ""


def _beginning(ordered: tuple[str, ...], pattern: str) -> list[str]:
    """The codes of a sorted tuple that begin as the pattern says."""
    start = _fixed_part(pattern)
    span = ordered[bisect_left(ordered, start) : bisect_left(ordered, start + "\x7f")]
    return list(span) if start == pattern else [code for code in span if re.match(pattern, code)]
