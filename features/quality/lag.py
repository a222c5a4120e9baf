"""From when it happened to when it was known: the lag of each source and table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features import windows
from features.pages.content import WITHHELD, Cell, Part, Section, Share, Table, Text
from features.pages.few import few
from features.pages.figures import Axes, Series, curves
from features.quality.rule import Finding, Limits, Rule, told
from features.quality.seen import Seen
from features.record.schema import Tells
from features.record.tables import ADT_EVENT

DAYS = (0, 1, 2, 3, 7, 14, 30, 45, 60, 90, 120, 180, 365)  # the curve tells the share known within each
LATE = 180
TOO_EARLY = Limits(warn=0.0, fail=0.01)
TOO_LATE = Limits(warn=0.1, fail=0.5)
FEEDS_IN_A_FIGURE = 6  # as many as there are colours and strokes


@dataclass(frozen=True)
class Lag:
    """Of one source and table: rows and people, `within` how many rows were known so many days after, `early` before
    it happened at all, and the people of those known early and late.
    """

    rows: int
    people: int
    within: tuple[int, ...]
    early: int
    early_people: int
    late_people: int


Lags = Mapping[tuple[str, str], Lag]


def lags(seen: Seen) -> Lags:
    """The lag of each source and table of events."""
    return seen.keep("lags", _lags)


def _lags(seen: Seen) -> Lags:
    found: dict[tuple[str, str], Lag] = {}
    for table in seen.tables:
        if table.tells is not Tells.EVENTS:
            continue
        rows = seen.record[table]
        end = rows.happened_to.fill_null(rows.happened_from)
        rows = rows.filter(end.notnull()).mutate(
            lag=windows.expression_of_days_later(end, rows.known_at),
            before=windows.expression_of_days_later(rows.happened_from.fill_null(end), rows.known_at) < 0,
        )
        late = rows.lag > LATE
        counts = rows.group_by("source").aggregate(
            rows=rows.count(),
            people=rows.person_id.nunique(),
            early=rows.before.cast("int64").sum(),
            early_people=rows.person_id.nunique(where=rows.before),
            late_people=rows.person_id.nunique(where=late),
            **{f"within_{days}": (rows.lag <= days).cast("int64").sum() for days in DAYS},
        )
        for one in seen.rows(counts):
            within = tuple(int(one[f"within_{days}"]) for days in DAYS)
            found[one["source"], table.name] = Lag(
                one["rows"], one["people"], within, int(one["early"]), one["early_people"], one["late_people"]
            )
    return dict(sorted(found.items()))


def _known_before(seen: Seen) -> tuple[Finding, ...]:
    return tuple(
        Finding(f"{source}: {table}", lag.early, lag.rows, lag.early_people, TOO_EARLY.verdict(lag.early, lag.rows))
        for (source, table), lag in lags(seen).items()
        if table != ADT_EVENT.name  # a message happens when it is sent
    )


def _known_late(seen: Seen) -> tuple[Finding, ...]:
    found = []
    for (source, table), lag in lags(seen).items():
        late = lag.rows - lag.within[DAYS.index(LATE)]
        found.append(Finding(f"{source}: {table}", late, lag.rows, lag.late_people, TOO_LATE.verdict(late, lag.rows)))
    return tuple(found)


RULES = (
    Rule(
        "known_before_it_happened",
        "rows known on a day before the event that they tell",
        told(TOO_EARLY, "the rows of a source and table"),
        "A model would learn from what nobody could know, and promise more than it can.",
        _known_before,
    ),
    Rule(
        "known_late",
        f"rows known more than {LATE} days after the event",
        told(TOO_LATE, "the rows of a source and table"),
        "A first delivery of history that is taken for news: load it with `--back-load-delay`, or scores miss it.",
        _known_late,
    ),
)


# ---- on the page


def section(seen: Seen) -> Section:
    """Curves of each source, and the same as a table."""
    parts: list[Part] = [Text("The share of rows that the network knew within so many days of the event.")]
    for number, source in enumerate(dict.fromkeys(source for source, _ in lags(seen)), 1):
        ours = {table: lag for (whose, table), lag in lags(seen).items() if whose == source and not few(lag.people)}
        largest = sorted(ours, key=lambda table: (-ours[table].rows, table))[:FEEDS_IN_A_FIGURE]
        if largest:
            series = [
                Series(table, [float(day) for day in DAYS], [count / ours[table].rows for count in ours[table].within])
                for table in largest
            ]
            says = f"Of {source} the share of rows known within so many days of the event, a line for each table."
            axes = Axes("days after the event", "share known", x_ends=(0, LATE), y_ends=(0, 1.02))
            parts.append(curves(f"lag-{number}", f"{source}: from happened to known", says, axes, series))
    shown = (1, 7, 30, 90, LATE)
    rows = tuple((f"{source}: {table}", *_row(lag, shown)) for (source, table), lag in lags(seen).items())
    heads = ("source and table", "rows", *(f"within {days} days" for days in shown))
    return Section("lag", "From happened to known", (*parts, Table("Share of rows known", heads, rows)))


def _row(lag: Lag, shown: tuple[int, ...]) -> tuple[Cell, ...]:
    if few(lag.people):
        return (WITHHELD,) * (1 + len(shown))
    return (lag.rows, *(Share(lag.within[DAYS.index(days)] / lag.rows) for days in shown))
