"""The gaps of the measures that ask about a calendar year: one row a person.

A gap opens when the person comes into the measure in the year (the first encounter that counts) and is due when the
year ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.measures.edition import Edition
from features.measures.evaluable import MANY, nobody_closed
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
from features.measures.status import CLOSED, EXCLUDED, NOT_APPLICABLE, OPEN_GAP, flat

if TYPE_CHECKING:
    import pyarrow as pa

NO_DAY = -(2**40)


def table(measure: Measure, edition: Edition, facts: Facts, as_of_day: int, gone: Bools) -> pa.Table | str:
    """A row a person; or why there are none. The dead (`gone`) have no gaps."""
    year = windows.year_of(as_of_day)
    period = calendar(year)
    found = evaluate(measure, facts, period, edition)
    status, why = status_of(measure, found)
    status[gone], why[gone] = NOT_APPLICABLE, ""
    still_open = int((status == OPEN_GAP).sum())
    if still_open >= MANY and not _anybody_closed(measure, edition, facts, year):
        return nobody_closed(still_open, "in this year or the one before")
    panel = Panel(facts, period, edition)
    names, numbers, days = _evidence(measure.groups, panel)
    columns = {
        "status": status,
        "why": why,
        "evidence_table": names,
        "evidence_id": numbers,
        "evidence_date": days,
        "open_since": _first_seen(panel),
        "due": np.full(panel.people, period.last),
        "closes": _next_step(measure.groups, panel)[_group(found), np.arange(panel.people)],
    }
    return flat(measure.cms, facts.person_id, as_of_day, columns)


def met_by_nobody(measure: Measure, edition: Edition, facts: Facts, as_of_day: int) -> tuple[str, ...]:
    """The criteria of the initial populations that nobody meets: where codes are not known, all of them may be."""
    panel = Panel(facts, calendar(windows.year_of(as_of_day)), edition)
    criteria = dict.fromkeys(each for group in measure.groups for each in group.initial)
    return tuple(each.says for each in criteria if not each.met(panel).any())


def calendar(year: int) -> Period:
    """The measurement period of a year."""
    return Period(windows.day_in(year, 1, 1), windows.day_in(year, 12, 31))


def _anybody_closed(measure: Measure, edition: Edition, facts: Facts, year: int) -> bool:
    """Whether anybody had the care in this year or, as in January few have, in the one before."""
    years = (evaluate(measure, facts, calendar(each), edition) for each in (year, year - 1))
    return any(bool((status_of(measure, found)[0] == CLOSED).any()) for found in years)


def _group(found: Sequence[Populations]) -> Ints:
    """The group in which each person is; the first where in none. Groups of a measure exclude one another."""
    place: Ints = np.argmax(np.stack([each.counts[INITIAL] for each in found]), axis=0)
    return place


def _next_step(groups: Sequence[Group], panel: Panel) -> Any:
    """What would close the gap of each person, for each group: by the first step that is theirs, else in general."""
    said = np.empty((len(groups), panel.people), dtype=object)
    for place, group in enumerate(groups):
        said[place] = group.closes
        for step in reversed(group.steps):
            said[place, step.met(panel)] = step.says
    return said


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
    visits = panel.performed(panel.visits(*panel.edition.visits)).during(panel.period)
    first = np.full(panel.people, panel.period.last)
    np.minimum.at(first, visits["who"], visits["start_day"])
    return first
