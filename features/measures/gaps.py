"""Who has which gap, as of a day, on what was known then: one row a person and measure.

The period is the calendar year of that day. A gap opens when the person comes into the measure in the period (the first
encounter that counts) and is due when the period ends. What an excluded person is excluded by, and the entry of the
record that closes a gap, stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.definitions.present import dead
from features.errors import BadInput
from features.measures import MEASURES
from features.measures.check import needed
from features.measures.edition import Edition
from features.measures.evaluable import MANY, nobody_closed, sets_missing, told_in_part, unknown_packages, untold
from features.measures.events import gather
from features.measures.kinds import KINDS
from features.measures.measure import (
    EXCEPTION,
    EXCLUSION,
    INITIAL,
    NUMERATOR,
    Group,
    Measure,
    Populations,
    evaluate,
)
from features.measures.panel import Facts, Panel
from features.measures.period import Period
from features.measures.rows import Bools, Ints, Rows
from features.measures.shipped import completed
from features.measures.value_sets import ValueSets
from features.record.record import Record, lacked
from features.record.tables import ADT_EVENT, CLAIM_LINE, DEATH, DISCHARGE_NOTICE

if TYPE_CHECKING:
    import pyarrow as pa

NOT_APPLICABLE, EXCLUDED, CLOSED, OPEN_GAP = "not applicable", "excluded", "closed", "open"
COLUMNS = (
    *("person_id", "measure", "status", "why", "evidence_table", "evidence_id", "evidence_date"),
    *("open_since", "due", "closes", "as_of"),
)
NO_DAY = -(2**40)


@dataclass(frozen=True)
class Gaps:
    """A table of COLUMNS for each measure that was worked out, and why the others were not, by CMS number. `in_part`
    names the value sets of a measure that lack codes.
    """

    tables: Mapping[str, pa.Table]
    refused: Mapping[str, str]
    in_part: Mapping[str, str]


def edition_of(measure: Measure, year: int) -> Edition:
    """The edition for a measurement year: CMS publishes it the year before. Before the first the first holds."""
    before = [edition for edition in measure.editions if edition.year < year]
    return max(before or measure.editions[:1], key=lambda edition: edition.year)


def gaps(record: Record, held: ValueSets, as_of_day: int, names: Sequence[str] = ()) -> Gaps:
    """The gaps of everybody in the record. `names` are CMS numbers; none means all measures.

    A measure is not worked out where value sets are lacking, or where no source of the store tells what it asks for:
    otherwise everybody would seem to have a gap. Raises BadInput where that is so of all, or for an unknown name.
    """
    unknown = sorted(set(names) - {measure.cms for measure in MEASURES})
    if unknown:
        choices = ", ".join(measure.cms for measure in MEASURES)
        raise BadInput(got=f"measure {', '.join(unknown)}", expected=choices, do="Name one of them, or none for all.")
    year = windows.year_of(as_of_day)
    held = completed(held)
    wanted = [(each, edition_of(each, year)) for each in MEASURES if not names or each.cms in names]
    refused = {each.cms: why for each, edition in wanted if (why := _refused(each, edition, record, held))}
    able = [one for one in wanted if one[0].cms not in refused]
    tables: dict[str, pa.Table] = {}
    if able:
        as_of = int(windows.end_of_day(as_of_day, record.zone))
        facts = gather(record, needed(able), held, as_of)
        gone = np.isin(facts.person_id, sorted(_dead(record, as_of)))
        for each, edition in able:
            table = _table(each, edition, facts, year, as_of_day, gone)
            if isinstance(table, str):
                refused[each.cms] = table
            else:
                tables[each.cms] = table
    if not tables:
        raise BadInput(
            got="; ".join(f"{cms} {why}" for cms, why in refused.items()),
            expected="value sets and a record that tells what they are about",
            do="Bring value sets with `afterward valuesets import`; load what is lacking.",
        )
    in_part = {
        each.cms: told
        for each, edition in able
        if each.cms in tables and (told := told_in_part(each, edition, record, held))
    }
    return Gaps(tables, refused, in_part)


def _dead(record: Record, as_of: int) -> frozenset[str]:
    """Who was known to be dead; by how stays ended only where something tells of stays."""
    tell_of_stays = (CLAIM_LINE.name, ADT_EVENT.name, DISCHARGE_NOTICE.name)
    if len(lacked(tell_of_stays, record.lacks)) < len(tell_of_stays):
        return dead(record, as_of)
    told = record[DEATH].filter(record[DEATH].known_at <= as_of)
    return frozenset(record.con.to_pyarrow(told.select("person_id"))["person_id"].to_pylist())


def _refused(measure: Measure, edition: Edition, record: Record, held: ValueSets) -> str:
    return (
        untold(measure, edition, record)
        or sets_missing(measure, edition, record, held)
        or unknown_packages(measure, edition, record, held)
    )


# ---- one measure


def _table(measure: Measure, edition: Edition, facts: Facts, year: int, as_of_day: int, gone: Bools) -> pa.Table | str:
    """A row a person; or why there are none. The dead have no gaps."""
    import pyarrow as pa

    period = _calendar(year)
    found = evaluate(measure, facts, period, edition)
    status, why = status_of(measure, found)
    status[gone], why[gone] = NOT_APPLICABLE, ""
    still_open = int((status == OPEN_GAP).sum())
    if still_open >= MANY and not _anybody_closed(measure, edition, facts, year):
        return nobody_closed(still_open)
    panel = Panel(facts, period, edition)
    names, numbers, days = _evidence(measure.groups, panel)
    closed, still = status == CLOSED, status == OPEN_GAP
    since = _first_seen(panel)
    closes = np.array([group.closes for group in measure.groups], dtype=object)
    people = panel.people
    columns = {
        "person_id": pa.array(facts.person_id, pa.string()),
        "measure": pa.array([measure.cms] * people, pa.string()),
        "status": pa.array(status, pa.string()),
        "why": _where(why, status == EXCLUDED),
        "evidence_table": _where(names, closed),
        "evidence_id": _where(numbers, closed),
        "evidence_date": _dates(days, closed),
        "open_since": _dates(since, still),
        "due": _dates(np.full(people, period.last), still),
        "closes": _where(closes[_group(found)], still),
        "as_of": _dates(np.full(people, as_of_day), np.ones(people, dtype=np.bool_)),
    }
    return pa.table({name: columns[name] for name in COLUMNS})


def _calendar(year: int) -> Period:
    return Period(windows.day_in(year, 1, 1), windows.day_in(year, 12, 31))


def _anybody_closed(measure: Measure, edition: Edition, facts: Facts, year: int) -> bool:
    """Whether anybody had the care in this year or, as in January few have, in the one before."""
    years = (evaluate(measure, facts, _calendar(each), edition) for each in (year, year - 1))
    return any(bool((status_of(measure, found)[0] == CLOSED).any()) for found in years)


def _group(found: Sequence[Populations]) -> Ints:
    """The group in which each person is; the first where in none. Groups of a measure exclude one another."""
    place: Ints = np.argmax(np.stack([each.counts[INITIAL] for each in found]), axis=0)
    return place


def status_of(measure: Measure, found: Sequence[Populations]) -> tuple[Any, Any]:
    """What each person's gap is, and by which criterion the excluded are. Whoever has an exception is excluded too."""
    people = len(found[0].counts[INITIAL])
    status, why = (np.full(people, word, dtype=object) for word in (NOT_APPLICABLE, ""))
    for each in found:
        met = each.counts[NUMERATOR]
        done = met if measure.better == "higher" else each.counts[INITIAL] & ~each.counts[EXCLUSION] & ~met
        out = each.counts[EXCLUSION] | each.counts.get(EXCEPTION, np.zeros(people, dtype=np.bool_))
        status[each.counts[INITIAL]] = OPEN_GAP
        status[done] = CLOSED
        status[out] = EXCLUDED
        for population in (EXCEPTION, EXCLUSION):
            for says, who in each.why[population].items():
                here = out & who
                why[here] = np.where(why[here] == "", says, why[here] + "; " + says)
    return status, why


def _evidence(groups: Sequence[Group], panel: Panel) -> tuple[Any, Any, Ints]:
    """Table, number and day of each person's last event of the care."""
    people = panel.people
    names, numbers = (np.full(people, None, dtype=object) for _ in range(2))
    days = np.full(people, NO_DAY)
    for care in dict.fromkeys(each for group in groups for each in group.care):
        rows = care(panel)
        last = rows.last(rows.latest_day)
        later = last.where(last.latest_day > days[last["who"]])
        who = later["who"]
        days[who] = later.latest_day
        names[who] = _told_by(panel.facts, later)
        numbers[who] = panel.facts.numbers[_kind(panel.facts, later)].take(later.index).to_pylist()
    return names, numbers, days


def _kind(facts: Facts, rows: Rows) -> str:
    return next(name for name, columns in facts.columns.items() if columns is rows.columns)


def _told_by(facts: Facts, rows: Rows) -> Any:
    """The table of each row."""
    kind = next(each for each in KINDS if each.name == _kind(facts, rows))
    return np.array([teller.table for teller in kind.tellers], dtype=object)[rows["told_by"]]


def _first_seen(panel: Panel) -> Ints:
    """The day of each person's first encounter of the measure in the period."""
    visits = panel.visits(*panel.edition.visits).during(panel.period)
    first = np.full(panel.people, panel.period.last)
    np.minimum.at(first, visits["who"], visits["start_day"])
    return first


def _where(values: Any, holds: Bools) -> Any:
    import pyarrow as pa

    return pa.array(values, pa.string(), mask=~holds)


def _dates(days: Ints, holds: Bools) -> Any:
    import pyarrow as pa

    return pa.array(windows.days_to_dates(np.where(holds, days, 0)), pa.date32(), mask=~holds)


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
    for cms, in_part in found.in_part.items():
        yield (
            f"{cms}: {in_part.count('; ') + 1} value sets come in part, so whoever is told by their other codes alone"
            " is missed; see docs/measures.md, or import them"
        )
    for cms, why in found.refused.items():
        yield f"{cms} {why}"
