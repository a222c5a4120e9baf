"""Who has which gap, as of a day, on what was known then: one row a person and measure.

Most measures ask about the calendar year of that day (`yearly`); others about what a discharge, an emergency visit or
a new year opened (`transitions`). What an excluded person is excluded by, and the entry of the record that closes a
gap, stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.definitions.present import dead
from features.errors import BadInput
from features.measures import MEASURES, yearly
from features.measures.check import needed
from features.measures.edition import Edition
from features.measures.evaluable import sets_missing, told_in_part, unknown_packages, untold
from features.measures.events import everybody, gather
from features.measures.measure import Measure
from features.measures.shipped import completed
from features.measures.status import CLOSED, EXCLUDED, NOT_APPLICABLE, OPEN_GAP
from features.measures.transitions import TRANSITIONS
from features.measures.transitions import gaps as transitional
from features.measures.value_sets import ValueSets
from features.record.known import known
from features.record.record import Record, lacked
from features.record.tables import ADT_EVENT, CLAIM_LINE, DEATH, DISCHARGE_NOTICE

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Gaps:
    """A table of COLUMNS for each measure that was worked out, and why the others were not, by CMS number or name.
    `in_part` names the value sets of a measure that lack codes, `nobody` what nobody meets of one that asks about
    nobody.
    """

    tables: Mapping[str, pa.Table]
    refused: Mapping[str, str]
    in_part: Mapping[str, str] = field(default_factory=dict)
    nobody: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NAMES = (*(measure.cms for measure in MEASURES), *(transition.name for transition in TRANSITIONS))


def edition_of(measure: Measure, year: int) -> Edition:
    """The edition for a measurement year: CMS publishes it the year before. Before the first the first holds."""
    before = [edition for edition in measure.editions if edition.year < year]
    return max(before or measure.editions[:1], key=lambda edition: edition.year)


def gaps(record: Record, held: ValueSets, as_of_day: int, names: Sequence[str] = ()) -> Gaps:
    """The gaps of everybody in the record. `names` are of NAMES; none means all measures.

    A measure is not worked out where value sets are lacking, or where no source of the store tells what it asks for:
    otherwise everybody would seem to have a gap. Raises BadInput where that is so of all, or for an unknown name.
    """
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise BadInput(
            got=f"measure {', '.join(unknown)}", expected=", ".join(NAMES), do="Name one of them, or none for all."
        )
    as_of = int(windows.end_of_day(as_of_day, record.zone))
    dead_by_then = _dead(record, as_of)
    of_years = _of_years(record, completed(held), as_of_day, names or NAMES, dead_by_then)
    of_transitions = _of_transitions(record, as_of_day, names or NAMES, dead_by_then)
    found = replace(
        of_years,
        tables={**of_years.tables, **of_transitions.tables},
        refused={**of_years.refused, **of_transitions.refused},
    )
    if not found.tables:
        raise BadInput(
            got="; ".join(f"{name} {why}" for name, why in found.refused.items()),
            expected="value sets and a record that tells what they are about",
            do="Bring value sets with `afterward valuesets import`; load what is lacking.",
        )
    return found


def _of_years(
    record: Record, held: ValueSets, as_of_day: int, names: Sequence[str], dead_by_then: frozenset[str]
) -> Gaps:
    year = windows.year_of(as_of_day)
    wanted = [(each, edition_of(each, year)) for each in MEASURES if each.cms in names]
    refused = {each.cms: why for each, edition in wanted if (why := why_not(each, edition, record, held))}
    able = [one for one in wanted if one[0].cms not in refused]
    if not able:
        return Gaps({}, refused)
    facts = gather(record, needed(able), held, int(windows.end_of_day(as_of_day, record.zone)))
    gone = np.isin(facts.person_id, sorted(dead_by_then))
    found = {each.cms: yearly.table(each, edition, facts, as_of_day, gone) for each, edition in able}
    in_part = {each.cms: told_in_part(each, edition, record, held) for each, edition in able}
    refused |= {cms: table for cms, table in found.items() if isinstance(table, str)}
    tables = {cms: table for cms, table in found.items() if not isinstance(table, str)}
    nobody = {
        each.cms: yearly.met_by_nobody(each, edition, facts, as_of_day)
        for each, edition in able
        if each.cms in tables and _asks_about_nobody(tables[each.cms])
    }
    return Gaps(tables, refused, {cms: told for cms, told in in_part.items() if told and cms in tables}, nobody)


def _asks_about_nobody(table: pa.Table) -> bool:
    return set(table.column("status").to_pylist()) <= {NOT_APPLICABLE}


def _of_transitions(record: Record, as_of_day: int, names: Sequence[str], dead_by_then: frozenset[str]) -> Gaps:
    wanted = [each for each in TRANSITIONS if each.name in names]
    refused = {each.name: why for each in wanted if (why := transitional.untold(each, record))}
    able = [each for each in wanted if each.name not in refused]
    if not able:
        return Gaps({}, refused)
    then = known(record, everybody(record, int(windows.end_of_day(as_of_day, record.zone))))
    people = record.con.to_pyarrow(then.rows.order_by("row_id"))["person_id"].to_pylist()
    gone = np.isin(people, sorted(dead_by_then))
    found = {each.name: transitional.table(each, then, people, as_of_day, gone) for each in able}
    then.forget()
    refused |= {name: table for name, table in found.items() if isinstance(table, str)}
    return Gaps({name: table for name, table in found.items() if not isinstance(table, str)}, refused)


def _dead(record: Record, as_of: int) -> frozenset[str]:
    """Who was known to be dead; by how stays ended only where something tells of stays."""
    tell_of_stays = (CLAIM_LINE.name, ADT_EVENT.name, DISCHARGE_NOTICE.name)
    if len(lacked(tell_of_stays, record.lacks)) < len(tell_of_stays):
        return dead(record, as_of)
    told = record[DEATH].filter(record[DEATH].known_at <= as_of)
    return frozenset(record.con.to_pyarrow(told.select("person_id"))["person_id"].to_pylist())


def why_not(measure: Measure, edition: Edition, record: Record, held: ValueSets) -> str:
    """Why a measure cannot be worked out on a record; empty where it can."""
    return (
        untold(measure, edition, record)
        or sets_missing(measure, edition, record, held)
        or unknown_packages(measure, edition, record, held)
    )


def write(found: Gaps, path: Path) -> None:
    """Write every row as CSV. Raises BadInput where the path cannot be written."""
    import pyarrow as pa
    import pyarrow.csv

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = pa.concat_tables(found.tables.values())
        pyarrow.csv.write_csv(whole, path, pyarrow.csv.WriteOptions(quoting_style="needed"))
    except OSError:
        raise BadInput(got=f"{path}, which cannot be written", expected="a path", do="Check --out.") from None


def told(found: Gaps) -> Iterator[str]:
    """How many people have what, by measure; and which measures were not worked out. Counts only."""
    for cms, table in found.tables.items():
        status = table.column("status").to_pylist()
        counts = {word: status.count(word) for word in (OPEN_GAP, CLOSED, EXCLUDED, NOT_APPLICABLE)}
        yield f"{cms}: " + ", ".join(f"{count:,} {word}" for word, count in counts.items())
    for cms, criteria in found.nobody.items():
        yield f"{cms} asks about nobody; met by nobody: {'; '.join(criteria) or 'all of it together'}"
    for cms, in_part in found.in_part.items():
        yield (
            f"{cms}: {in_part.count('; ') + 1} value sets come in part, so whoever is told by their other codes alone"
            " is missed; see docs/measures.md, or import them"
        )
    for cms, why in found.refused.items():
        yield f"{cms} {why}"
