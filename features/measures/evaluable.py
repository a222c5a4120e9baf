"""Whether a measure can be worked out on a store, and if not, why: otherwise everybody would seem to have a gap.

Four things are asked: whether any source tells what the measure asks for; whether the value sets are there (those that
close a gap wholly, the others in part at least, which is told); whether the packages that people were given are ones
that we know; and, once it is worked out, whether anybody ever closed a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from features.codes.medicines import PRODUCTS
from features.codes.systems import NDC, RxNorm
from features.measures.check import lacking
from features.measures.claims import KIND_OF_VISIT
from features.measures.edition import Edition
from features.measures.kinds import KINDS
from features.measures.measure import (
    Measure,
    asked_of_initial,
    asked_to_close,
    kinds_of_initial,
    kinds_to_close,
    sets_of,
)
from features.measures.value_set import CodeSet, ValueSet
from features.measures.value_sets import ValueSets
from features.record.known import dispensings
from features.record.record import Record, lacked

if TYPE_CHECKING:
    import ibis.expr.types as ir

KNOWN_SHARE = 0.95  # of the fills, below which too many could be statins that nobody recognises; ours
MANY = 20  # people with a gap, among whom somebody closes one where the store tells of it at all; ours


def untold(measure: Measure, edition: Edition, record: Record) -> str:
    """What no source of the store tells, and the measure cannot do without: the care that closes a gap, and all that
    puts people into one of its groups at least. Empty where all is told.
    """
    absent = {kind for kind in kinds_to_close(measure, edition) if _untold(kind, record)}
    of_groups = [{kind for kind in kinds if _untold(kind, record)} for kinds in kinds_of_initial(measure, edition)]
    if all(of_groups):
        absent |= of_groups[0]
    facts = sorted(" or ".join(_facts(kind)) for kind in absent)
    return f"is not evaluable: no source of the store tells {', '.join(facts)}" if facts else ""


def _untold(kind: str, record: Record) -> bool:
    return len(lacked(_facts(kind), record.lacks)) == len(_facts(kind))


def _facts(kind: str) -> tuple[str, ...]:
    return next(tuple(teller.needs for teller in each.tellers) for each in KINDS if each.name == kind)


def sets_missing(measure: Measure, edition: Edition, record: Record, held: ValueSets) -> str:
    """The value sets without which it cannot be worked out, each with what is missing; empty where there are enough."""
    absent = lacking(measure, edition, held)
    if absent:
        return absent
    in_part = _in_part(asked_to_close(measure, edition), record, held)
    if not in_part:
        for asked in asked_of_initial(measure, edition):
            found = {each for each in asked if _found_here(each, record, held)}
            told_by_claims = {each for each in asked - found if held.codes(each)}
            in_part |= _in_part(told_by_claims if found else asked, record, held)
    told = "; ".join(_words(each, lacks) for each, lacks in sorted(in_part.items(), key=lambda one: one[0].name))
    return f"value sets missing: {told}" if told else ""


def told_in_part(measure: Measure, edition: Edition, record: Record, held: ValueSets) -> str:
    """The other sets that lack codes, in words: people are missed whom only those would put in or leave out."""
    in_part = _in_part(sets_of(measure, edition) - asked_to_close(measure, edition), record, held)
    return "; ".join(_words(each, lacks) for each, lacks in sorted(in_part.items(), key=lambda one: one[0].name))


def _in_part(asked: Iterable[CodeSet], record: Record, held: ValueSets) -> dict[ValueSet, tuple[str, ...]]:
    found = {}
    for each in asked:
        if isinstance(each, ValueSet):
            lacks = tuple(system for system in held.content[each.oid].lacks if _used(system, record))
            if lacks:
                found[each] = lacks
    return found


def _found_here(each: CodeSet, record: Record, held: ValueSets) -> bool:
    """Whether any code of a set could be in the store: kinds of visit are told of claims alone."""
    without_claims = bool(lacked(("claim_line",), record.lacks))
    return any(not (without_claims and system == KIND_OF_VISIT) for system, _ in held.codes(each))


def _used(system: str, record: Record) -> bool:
    """Whether anything in the store may be told in a system: medicines by concept only where prescriptions are."""
    return system != RxNorm.title or not lacked(("prescription",), record.lacks)


def _words(each: ValueSet, lacks: tuple[str, ...]) -> str:
    return f"{each.name} ({each.oid}), which lacks codes of {', '.join(lacks)}"


def unknown_packages(measure: Measure, edition: Edition, record: Record, held: ValueSets) -> str:
    """Where medicines are told by fills alone: whether our list of packages knows nearly all of them."""
    medicines = [each for each in asked_to_close(measure, edition) if any(of == NDC.name for of, _ in held.codes(each))]
    if not medicines or not lacked(("prescription",), record.lacks):
        return ""
    share = record.conclude("known_packages", _known_packages)
    known, every = (int(record.con.to_pyarrow(share)[name][0].as_py() or 0) for name in ("known", "every"))
    if known >= KNOWN_SHARE * every:
        return ""
    return (
        f"is not evaluable: of {every:,} fills {known:,} are of packages that Afterward knows"
        f" (features/codes/medicines), and {KNOWN_SHARE:.0%} would have to be"
    )


def _known_packages(record: Record) -> ir.Table:
    fills = dispensings(record)
    return fills.aggregate(known=fills.ndc_code.isin([each.ndc for each in PRODUCTS]).sum(), every=fills.count())


def nobody_closed(people: int, when: str) -> str:
    """What is said of a measure in which many have a gap, and nobody closed one at the time that is named."""
    return (
        f"is not evaluable: of {people:,} people whom it asks about nobody had the care {when}, so the store does not"
        " seem to tell of it"
    )
