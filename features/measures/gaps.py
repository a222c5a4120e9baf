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
from features.errors import BadInput
from features.measures import MEASURES
from features.measures.check import lacking, needed
from features.measures.edition import Edition
from features.measures.events import KINDS, gather
from features.measures.measure import (
    EXCEPTION,
    EXCLUSION,
    INITIAL,
    NUMERATOR,
    Group,
    Measure,
    Populations,
    evaluate,
    kinds_of,
)
from features.measures.panel import Facts, Panel
from features.measures.period import Period
from features.measures.rows import Bools, Ints, Rows
from features.measures.value_sets import ValueSets
from features.record.record import Record, lacked

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
    """A table of COLUMNS for each measure that was worked out, and why the others were not, by CMS number."""

    tables: Mapping[str, pa.Table]
    refused: Mapping[str, str]


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
    wanted = [(each, edition_of(each, year)) for each in MEASURES if not names or each.cms in names]
    refused = {each.cms: why for each, edition in wanted if (why := _refused(each, edition, record, held))}
    able = [one for one in wanted if one[0].cms not in refused]
    if not able:
        raise BadInput(
            got="; ".join(f"{cms} {why}" for cms, why in refused.items()),
            expected="value sets and a record that tells what they are about",
            do="Bring value sets with `afterward valuesets import`; load what is lacking.",
        )
    as_of = int(windows.end_of_day(as_of_day, record.zone))
    facts = gather(record, needed(able), held, as_of)
    period = Period(windows.day_in(year, 1, 1), windows.day_in(year, 12, 31))
    return Gaps({each.cms: _table(each, edition, facts, period, as_of_day) for each, edition in able}, refused)


def _refused(measure: Measure, edition: Edition, record: Record, held: ValueSets) -> str:
    tables = {kind.name: kind.about for kind in KINDS}
    untold = lacked(sorted(tables[kind] for kind in kinds_of(measure, edition)), record.lacks)
    if untold:
        return f"is not evaluable: no source of the store tells {', '.join(untold)}"
    return lacking(measure, edition, held)


# ---- one measure


def _table(measure: Measure, edition: Edition, facts: Facts, period: Period, as_of_day: int) -> pa.Table:
    import pyarrow as pa

    found = evaluate(measure, facts, period, edition)
    panel = Panel(facts, period, edition)
    status, why = status_of(measure, found)
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
        names[who] = _about(panel.facts, later)
        numbers[who] = panel.facts.numbers[_kind(panel.facts, later)].take(later.index).to_pylist()
    return names, numbers, days


def _kind(facts: Facts, rows: Rows) -> str:
    return next(name for name, columns in facts.columns.items() if columns is rows.columns)


def _about(facts: Facts, rows: Rows) -> str:
    return next(kind.about for kind in KINDS if kind.name == _kind(facts, rows))


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
    for cms, why in found.refused.items():
        yield f"{cms} {why}"
