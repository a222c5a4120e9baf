"""Rows by source and month: gaps show, and so does a month of which only a part came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from features import windows
from features.pages.content import WITHHELD, Cell, Figure, Part, Section, Table, Text
from features.pages.few import withheld
from features.pages.figures import Axes, Series, curves
from features.quality.rule import Finding, Rule, Verdict
from features.quality.seen import Seen
from features.record.schema import Tells

FEWEST_USUAL = 11  # rows of a usual month: in a feed of fewer a month without one may be chance
FEWEST_FOR_A_PART = 44  # of so many a quarter is never left by chance
PART = 0.25
NEIGHBOURS = 6  # months before and after, by which a month is judged
MONTHS_SHOWN = 36


@dataclass(frozen=True)
class Month:
    """Rows of one month and the people whom they are about."""

    rows: int
    people: int


Feed = tuple[str, str]  # source and table
ByMonth = Mapping[Feed, Mapping[int, Month]]  # by first day of the month in which it happened


def by_month(seen: Seen) -> ByMonth:
    """Rows and people of each source, table and month, for the tables that are told month after month."""
    return seen.keep("by_month", _by_month)


def _by_month(seen: Seen) -> ByMonth:
    found: dict[Feed, dict[int, Month]] = {}
    for table in seen.tables:
        if table.tells is Tells.SUBJECTS:
            continue
        rows = seen.record[table]
        rows = rows.filter(rows.from_day.notnull()).mutate(month=windows.expression_of_month_start(rows.from_day))
        counts = rows.group_by("source", "month").aggregate(rows=rows.count(), people=rows.person_id.nunique())
        for one in seen.rows(counts):
            found.setdefault((one["source"], table.name), {})[int(one["month"])] = Month(one["rows"], one["people"])
    return {feed: dict(sorted(found[feed].items())) for feed in sorted(found)}


def steady(months: Mapping[int, Month], loaded_day: int) -> tuple[int, list[int]]:
    """The usual number of rows of a month (the median), and the months from the first to the last that has a part of
    it: before and after, a feed begins and ends. Later months than the load's own do not count.
    """
    told = {month: of.rows for month, of in months.items() if month <= loaded_day}
    usual = int(median(told.values())) if told else 0
    whole = [month for month, rows in told.items() if rows >= max(1, PART * usual)]
    return usual, windows.month_starts(whole[0], whole[-1]) if whole else []


def _judged(seen: Seen, fewest: int) -> list[tuple[Feed, list[tuple[int, int, int]]]]:
    """Feeds of events and plans with the months that can be judged: (month, rows, usual). Usual is the median of the
    months around it, so that the thin beginnings of a long history count for what they are; a month whose neighbours
    have fewer than `fewest` rows is not judged. Enrolment has rules of its own.
    """
    monthly = {table.name for table in seen.tables if table.tells in (Tells.EVENTS, Tells.PLANS)}
    found = []
    for feed, months in by_month(seen).items():
        _, span = steady(months, seen.loaded_day)
        rows = [months[month].rows if month in months else 0 for month in span]
        around = [rows[max(0, at - NEIGHBOURS) : at] + rows[at + 1 : at + 1 + NEIGHBOURS] for at in range(len(rows))]
        usual = [int(median(others)) if others else 0 for others in around]
        judged = [one for one in zip(span, rows, usual, strict=True) if one[2] >= fewest]
        if feed[1] in monthly and len(judged) > 2:
            found.append((feed, judged))
    return found


def _without_rows(seen: Seen) -> tuple[Finding, ...]:
    found = []
    for (source, table), judged in _judged(seen, FEWEST_USUAL):
        empty = [month for month, rows, _ in judged if not rows]
        verdict = Verdict.FAIL if empty else Verdict.PASS
        found.append(Finding(f"{source}: {table}{_named(empty)}", len(empty), len(judged), None, verdict))
    return tuple(found)


def _with_few_rows(seen: Seen) -> tuple[Finding, ...]:
    found = []
    for (source, table), judged in _judged(seen, FEWEST_FOR_A_PART):
        thin = [month for month, rows, usual in judged if 0 < rows < PART * usual]
        verdict = Verdict.WARN if thin else Verdict.PASS
        found.append(Finding(f"{source}: {table}{_named(thin)}", len(thin), len(judged), None, verdict))
    return tuple(found)


def _named(months: Sequence[int]) -> str:
    named = ", ".join(month_name(month) for month in months[:3])
    more = f" and {len(months) - 3} more" if len(months) > 3 else ""
    return f" ({named}{more})" if months else ""


def month_name(month: int) -> str:
    """A month as the page writes it: 2024-03."""
    return windows.iso(month)[:7]


RULES = (
    Rule(
        "month_without_rows",
        "months within a feed in which nothing happened",
        f"fails at one month, where those around it have {FEWEST_USUAL} rows or more (median)",
        "A file was lost or never sent: whoever was ill then looks well.",
        _without_rows,
    ),
    Rule(
        "month_with_few_rows",
        "months within a feed with a small part of the usual rows",
        f"warns at one month below {100 * PART:g} % of the median around it, if {FEWEST_FOR_A_PART} rows or more",
        "A part of a delivery was lost, or the feed changed what it sends.",
        _with_few_rows,
    ),
)


# ---- on the page


def section(seen: Seen) -> Section:
    """For each source a table of its months and tables, the latest first, and a figure."""
    parts: list[Part] = [
        Text(
            "When it happened, not when it was known. The last months are never whole: what happened in them is still "
            "to come. Cells of fewer than 11 people are withheld, and a second cell where one could be worked out."
        )
    ]
    for number, source in enumerate(dict.fromkeys(source for source, _ in by_month(seen)), 1):
        feeds = {table: months for (whose, table), months in by_month(seen).items() if whose == source}
        parts += [_figure(source, number, feeds), _table(source, feeds)]
    return Section("months", "Rows by source and month", tuple(parts))


def _cells(months: Mapping[int, Month], span: Sequence[int]) -> list[Cell]:
    counts = [months.get(month, Month(0, 0)) for month in span]
    hidden = withheld([count.people for count in counts])
    return [WITHHELD if hides else count.rows for count, hides in zip(counts, hidden, strict=True)]


def _span(feeds: Mapping[str, Mapping[int, Month]]) -> list[int]:
    everything = [month for months in feeds.values() for month in months]
    return windows.month_starts(min(everything), max(everything))


def _table(source: str, feeds: Mapping[str, Mapping[int, Month]]) -> Table:
    span = _span(feeds)[-MONTHS_SHOWN:]
    columns = [_cells(months, span) for months in feeds.values()]
    rows = tuple(
        (month_name(month), *cells)
        for month, *cells in zip(reversed(span), *(reversed(c) for c in columns), strict=True)
    )
    more = f"The latest {MONTHS_SHOWN} months." if len(_span(feeds)) > MONTHS_SHOWN else ""
    return Table(f"{source}: rows by month", ("month", *feeds), rows, more)


def _figure(source: str, number: int, feeds: Mapping[str, Mapping[int, Month]]) -> Figure:
    series = []
    for table, months in feeds.items():
        span = windows.month_starts(min(months), max(months))[-MONTHS_SHOWN:]
        told = [(month, cell) for month, cell in zip(span, _cells(months, span), strict=True) if isinstance(cell, int)]
        series.append(Series(table, [_year(month) for month, _ in told], [float(cell) for _, cell in told]))
    says = f"Rows of {source} by the month in which it happened, a line for each table; where one is at 0 is a gap."
    return curves(f"months-{number}", f"{source}: rows by month", says, Axes("year", "rows", y_ends=(0, None)), series)


def _year(month: int) -> float:
    """A month as a place on an axis of years."""
    return windows.year_of(month) + (int(windows.iso(month)[5:7]) - 1) / 12
