"""The value sets that somebody has: their codes by OID, in the form in which the record holds codes, and the file that
keeps them.

The file is a CSV (`oid,name,version,system,code`), written by `afterward valuesets import`. Codes of systems that the
record has no name for are kept under the URI that the source gave: they match nothing.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from features.codes.systems import SYSTEMS
from features.errors import BadInput
from features.measures.value_set import Code, CodeSet, ValueSet
from features.sources.fhir_systems import canonical, choice

COLUMNS = ("oid", "name", "version", "system", "code")
_CHOICE = choice(SYSTEMS)


@dataclass(frozen=True)
class Content:
    """What a value set holds: (system, code) pairs as the record writes them. `lacks` names the systems in which the
    published set has codes that are not here; none of a published one.
    """

    name: str
    version: str
    codes: frozenset[tuple[str, str]]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValueSets:
    """Value sets by OID. `unusable` says of those that cannot be trusted why not."""

    content: Mapping[str, Content] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)

    def codes(self, wanted: CodeSet) -> frozenset[tuple[str, str]]:
        """Its codes. Raises BadInput where it is lacking, empty or unusable."""
        if isinstance(wanted, Code):
            return frozenset({(wanted.system.name, str(wanted.system.normalise(wanted.code)))})
        lacking = self.lacking((wanted,))
        if lacking:
            raise BadInput(
                got=f"no usable value set {wanted.name} ({wanted.oid}): {lacking[wanted]}",
                expected="its codes",
                do="Bring it with `afterward valuesets import`.",
            )
        return self.content[wanted.oid].codes

    def lacking(self, wanted: Iterable[CodeSet]) -> dict[ValueSet, str]:
        """Those of the wanted sets that cannot be used, each with the reason."""
        found = {}
        for each in wanted:
            if isinstance(each, ValueSet):
                held = self.content.get(each.oid)
                if each.oid in self.unusable:
                    found[each] = self.unusable[each.oid]
                elif held is None or not (held.codes or held.lacks):
                    found[each] = "it is not there" if held is None else "it holds no code"
        return found


def stored(uri: str, code: str) -> tuple[str, str]:
    """(system, code) as the record holds them; the URI and the code as it came where the record has no such system."""
    rank = _CHOICE.get(uri)
    if rank is None:
        return uri, code.strip()
    system, found = canonical(rank[1], code)
    return str(system), str(found)


def together(*given: ValueSets) -> ValueSets:
    """All of them; of the same OID the last one holds."""
    content: dict[str, Content] = {}
    unusable: dict[str, str] = {}
    for each in given:
        content |= each.content
        unusable = {oid: why for oid, why in unusable.items() if oid not in each.content} | dict(each.unusable)
    return ValueSets(content, unusable)


def of_rows(rows: Iterable[Sequence[str]]) -> ValueSets:
    """Value sets of rows of (oid, name, version, system, code), system and code as the record writes them."""
    codes: dict[str, set[tuple[str, str]]] = {}
    named: dict[str, tuple[str, str]] = {}
    for oid, name, version, system, code in rows:
        named[oid] = (name, version)
        codes.setdefault(oid, set()).add((system, code))
    return ValueSets({oid: Content(*named[oid], frozenset(found)) for oid, found in codes.items()})


def read(path: Path) -> ValueSets:
    """The value sets of a file that `write` made. Raises BadInput where it is absent or damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as data:
            rows = list(csv.reader(data))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise BadInput(
            got=f"{path}, which cannot be read", expected="a file of value sets", do="Run `afterward valuesets import`."
        ) from None
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise BadInput(
            got=f"{path.name}, whose rows are not {', '.join(COLUMNS)}",
            expected="a file of value sets",
            do="Import them anew with `afterward valuesets import`.",
        )
    return of_rows(rows[1:])


def write(sets: ValueSets, path: Path) -> None:
    """Write them all, in order, so that the same sets give the same file; whole or not at all."""
    rows = [
        (oid, held.name, held.version, system, code)
        for oid, held in sorted(sets.content.items())
        for system, code in sorted(held.codes)
    ]
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows])
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise BadInput(got=f"{path}, which cannot be written", expected="a path", do="Check it.") from None
