"""A deck of official test cases against our measures: what CMS expects of each case, and what we got."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from features.errors import BadInput
from features.measures import MEASURES
from features.measures.deck import ZONE, Answer, Case, Unpacked, answers, measures_of, unpack, value_sets
from features.measures.edition import Edition
from features.measures.events import gather
from features.measures.measure import Measure, Populations, evaluate, sets_of
from features.measures.panel import Facts
from features.measures.value_set import CodeSet
from features.measures.value_sets import ValueSets

# cases of the deck of 2024 that tell a coded yes where a percentage is expected: what they expect cannot follow from it
BROKEN_CASES = ("6630d394", "8956ebb5")
COLUMNS = ("measure", "case_id", "group", "population", "expected", "got")


@dataclass(frozen=True)
class Checked:
    """One row of the truth and what we got; null where the case is not in the deck, or has no such population."""

    answer: Answer
    got: int | None

    @property
    def agrees(self) -> bool:
        """Whether they are the same."""
        return self.got == self.answer.expected

    @property
    def broken(self) -> bool:
        """Whether the case is one that is known to be broken."""
        return self.answer.case_id.startswith(BROKEN_CASES)


@dataclass(frozen=True)
class Report:
    """All rows; how many resources of the deck the reader set aside, by reason; the measures that could not be worked
    out, each with the value sets that it lacks; and the cases that are none, each with what is wrong.
    """

    rows: tuple[Checked, ...]
    set_aside: dict[str, int]
    refused: dict[str, str]
    unusable: tuple[str, ...] = ()

    @property
    def disagreements(self) -> tuple[Checked, ...]:
        """Those that disagree, the broken cases left out."""
        return tuple(row for row in self.rows if not row.agrees and not row.broken)


def chosen(names: Sequence[str], there: Sequence[str]) -> tuple[tuple[str, Measure, Edition], ...]:
    """The measures of a deck that are ours: (its name there, measure, edition). `names` are CMS numbers or deck names;
    none means all of ours. Raises BadInput for a name that is not among the choices.
    """
    ours = []
    for name in there:
        for measure in MEASURES:
            edition = measure.edition(name)
            if edition is not None:
                ours.append((name, measure, edition))
    unknown = [name for name in names if not any(name in (deck, measure.cms) for deck, measure, _ in ours)]
    if unknown or not ours:
        choices = ", ".join(f"{measure.cms} ({deck})" for deck, measure, _ in ours) or "none of ours is in this deck"
        raise BadInput(
            got=f"measure {', '.join(unknown) or 'of any kind'}",
            expected=choices,
            do="Name one of them, or none for all.",
        )
    return tuple(one for one in ours if not names or one[0] in names or one[1].cms in names)


def check(deck: Path, names: Sequence[str] = ()) -> Report:
    """Load the deck as any delivery of FHIR is loaded, evaluate, and set what we got beside what is expected.

    A measure that lacks one of its value sets is not worked out: without it everybody would seem to have a gap, or
    nobody. Raises BadInput where that is so of all of them.
    """
    wanted = chosen(names, measures_of(deck))
    decks = [name for name, _, _ in wanted]
    truth = answers(deck, decks)
    held = value_sets(deck)
    refused = {deck: why for deck, measure, edition in wanted if (why := lacking(measure, edition, held))}
    able = [one for one in wanted if one[0] not in refused]
    if not able:
        raise BadInput(
            got="; ".join(f"{measure.cms} {refused[deck]}" for deck, measure, _ in wanted),
            expected="every value set of a measure",
            do="Bring them with `afterward valuesets import`, or mend the deck.",
        )
    sets = needed((measure, edition) for _, measure, edition in able)
    with TemporaryDirectory() as folder:
        unpacked, facts, set_aside = _facts(deck, decks, sets, held, Path(folder))
    got = _counts(able, unpacked.cases, facts)
    rows = [Checked(each, got.get((each.measure, each.case_id, each.group, each.population))) for each in truth]
    return Report(tuple(rows), set_aside, refused, unpacked.unusable)


def lacking(measure: Measure, edition: Edition, held: ValueSets) -> str:
    """What a measure says where it lacks value sets; empty where it has them all."""
    absent = held.lacking(sorted(sets_of(measure, edition), key=repr))
    told = "; ".join(f"{each.name} ({each.oid}): {why}" for each, why in absent.items())
    return f"without its value sets: {told}" if told else ""


def needed(wanted: Iterable[tuple[Measure, Edition]]) -> tuple[CodeSet, ...]:
    """Every set that the measures ask for, each once."""
    asked = {each for measure, edition in wanted for each in sets_of(measure, edition)}
    return tuple(sorted(asked, key=repr))


def _facts(
    deck: Path, decks: Sequence[str], sets: Sequence[CodeSet], held: ValueSets, folder: Path
) -> tuple[Unpacked, Facts, dict[str, int]]:
    from features.record.record import open_record
    from features.sources import fhir
    from features.sources.load import load
    from features.sources.reader import Delivery

    (folder / "deck").mkdir()
    unpacked = unpack(deck, decks, folder / "deck" / "deck.ndjson")
    report = load(fhir.READER, folder / "deck", folder / "store", Delivery(None), ZONE)
    return unpacked, gather(open_record(folder / "store"), sets, held), dict(report.reasons)


def _counts(
    wanted: Sequence[tuple[str, Measure, Edition]], cases: Sequence[Case], facts: Facts
) -> dict[tuple[str, str, int, str], int]:
    places = {person: place for place, person in enumerate(facts.person_id)}
    got: dict[tuple[str, str, int, str], int] = {}
    for deck, measure, edition in wanted:
        own = [case for case in cases if case.measure == deck and case.person in places]
        for period in sorted({case.period for case in own}, key=lambda period: period.first):
            found = evaluate(measure, facts, period, edition)
            for case in (case for case in own if case.period == period):
                got |= {
                    (deck, case.case_id, group, name): count
                    for group, name, count in _of_person(found, places[case.person])
                }
    return got


def _of_person(found: Sequence[Populations], place: int) -> list[tuple[int, str, int]]:
    return [
        (group, name, int(met[place]))
        for group, populations in enumerate(found)
        for name, met in populations.counts.items()
    ]


def write(report: Report, path: Path) -> None:
    """Write every row. Raises BadInput where the path cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in report.rows:
                each = row.answer
                got = "" if row.got is None else row.got
                writer.writerow((each.measure, each.case_id, each.group, each.population, each.expected, got))
    except OSError:
        raise BadInput(got=f"{path}, which cannot be written", expected="a path", do="Check --out.") from None


def told(report: Report) -> list[str]:
    """Agreement by measure, group and population, and what the reader set aside."""
    rows = Counter((row.answer.measure, row.answer.group, row.answer.population) for row in report.rows)
    same = Counter((row.answer.measure, row.answer.group, row.answer.population) for row in report.rows if row.agrees)
    groups = {measure: max(group for name, group, _ in rows if name == measure) for measure, _, _ in rows}
    lines = []
    for (measure, group, population), count in rows.items():
        of_group = f" group {group}" if groups[measure] else ""
        lines.append(f"{measure}{of_group} {population}: {same[measure, group, population]} of {count} agree")
    broken = {row.answer.case_id[:8] for row in report.rows if row.broken and not row.agrees}
    if broken:
        lines.append(f"cases known to be broken that disagree, and are not counted: {', '.join(sorted(broken))}")
    lines += [f"a case that cannot be worked out: {wrong}" for wrong in report.unusable]
    lines += [f"{deck} is not worked out: {why}" for deck, why in report.refused.items()]
    lines += [f"set aside by the reader: {count} ({why})" for why, count in sorted(report.set_aside.items())]
    return lines
