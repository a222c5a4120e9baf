"""What the monitor saw as one page: the shifts by name, the charts behind them, and the tables behind those."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from features import windows
from features.pages.content import WITHHELD, Cell, Estimate, Facts, Figure, Items, Page, Part, Section, Table, Text
from features.pages.few import FEWEST_PEOPLE, few
from features.pages.figures import Axes, Series, curves
from models.drift import Kind, Signal
from models.drift_names import Cause
from models.drift_of_scores import ALL, ALL_MONTHS, CONTACTED, NOT_CONTACTED, Month, calibration
from models.intervals import Interval
from serving.committee.monitor import Monitored, OfModel

CHARTS_DRAWN = 6
UNEVEN = 20  # times the usual: whoever sends so unevenly is not judged
IMMATURE = "not known yet"
FOOT = (
    "Made by `afterward monitor`. Nothing is told of fewer than 11 people. A month whose outcomes are not known yet "
    "says "
    "so; it is not a fall."
)
MEANS = {
    Cause.MISSING_FEED: "a source sends less than half of what it used to, or nothing: ask it",
    Cause.MORE_ROWS: "a source sends more than twice what it used to: look whether it sends things twice",
    Cause.CODING: "codes of another form, or never seen before: ask the source what it changed, and map them",
    Cause.MISSING_VALUES: "a column is empty more often than it used to be: ask the source",
    Cause.LAG: "what happens becomes known later or earlier than it used to: scores see another part of the past",
    Cause.SICKER: "people are at higher risk than they used to be, and nothing in the feeds explains it",
    Cause.HEALTHIER: "people are at lower risk than they used to be, and nothing in the feeds explains it",
    Cause.OTHER_PEOPLE: "the inputs or the scores are not what they used to be; see whether a feed changed first",
    Cause.CALIBRATION: "more or fewer outcomes than the scores foretell: consider `afterward recalibrate`",
    Cause.TREATED: "fewer outcomes than foretold among those contacted alone: calls that help do that; it is not drift",
}


def page(found: Monitored) -> Page:
    """All sections, in the order in which a committee reads."""
    return Page(
        title="Does it drift?",
        kind=f"Monitor, {_span(found)}",
        lead=in_words(found),
        sections=(
            _summary(found),
            _feeds(found),
            *(section for one in found.models for section in (_scores(found, one), _outcomes(found, one))),
            _definitions(),
        ),
        foot=FOOT,
    )


def in_words(found: Monitored) -> str:
    """What was named, in a sentence or two."""
    shifts = [shift for shift in found.every_shift if shift.drift]
    treated = [shift for shift in found.every_shift if not shift.drift]
    more = " Among those contacted less happened than foretold, which calls explain." if treated else ""
    if not shifts:
        return f"No chart left its limits.{more}"
    told = "; ".join(f"{shift.cause} ({shift.about}, since {_month(found, shift.month)})" for shift in shifts)
    return f"{len(shifts)} {'shift' if len(shifts) == 1 else 'shifts'}: {told}.{more}"


def _summary(found: Monitored) -> Section:
    facts: dict[str, Cell] = {
        "Watched": f"{_span(found)}, beside the {found.reference} months before",
        "Charts": len({(signal.kind, signal.about) for signal in _signals(found)}),
        "Alarms": sum(signal.alarm for signal in _signals(found)),
    }
    facts |= {one.model: f"version {one.version}; scores: {one.watched.origin}" for one in found.models}
    parts: list[Part] = [Facts(facts)]
    if found.every_shift:
        rows = tuple(
            (str(shift.cause), shift.about, _month(found, shift.month), str(shift.signals[0].kind), MEANS[shift.cause])
            for shift in found.every_shift
        )
        parts.append(Table("What was named", ("what", "of", "since", "seen by", "which means"), rows))
    return Section("summary", "Summary", tuple(parts))


def _feeds(found: Monitored) -> Section:
    alarmed = list(dict.fromkeys((signal.kind, signal.about) for signal in found.signals if signal.alarm))
    parts: list[Part] = [
        _chart(found, f"feed-{place}", found.signals, kind, about, _whole(found, kind, about))
        for place, (kind, about) in enumerate(alarmed[:CHARTS_DRAWN])
    ]
    if len(alarmed) > CHARTS_DRAWN:
        parts.append(Text(f"{len(alarmed) - CHARTS_DRAWN} more charts left their limits; they are in the table."))
    last = len(found.starts) - 2
    kinds = (Kind.VOLUME, Kind.LAG)
    heads = ("source and table", *(f"{kind}, {word}" for kind in kinds for word in ("last month", "limits")))
    by = {(signal.kind, signal.about): signal for signal in found.signals if signal.month == last}
    rows = tuple(
        (feed.name, *(cell for kind in kinds for cell in _beside(by.get((kind, feed.name))))) for feed in found.feeds
    )
    parts.append(Table(f"What each source sent in {_month(found, last)}", heads, rows))
    beyond = tuple(
        (signal.about, str(signal.kind), _month(found, signal.month), _value(signal), signal.usual, _limits(signal))
        for signal in found.signals
        if signal.alarm
    )
    if beyond:
        heads = ("of", "chart", "month", "value", "usual", "limits")
        parts.append(Table("Every alarm of a feed", heads, beyond))
    return Section("feeds", "What the sources send", tuple(parts))


def _scores(found: Monitored, one: OfModel) -> Section:
    rows = []
    by = {(signal.kind, signal.month): signal for signal in one.scores}
    for place, month in enumerate(one.watched.months):
        hides = few(len(set(month.persons)))
        told: list[Cell] = [_month(found, place), WITHHELD if hides else len(month.risk)]
        told.append(WITHHELD if hides or not len(month.risk) else float(month.risk.mean()))
        told += [by[kind, place].value if (kind, place) in by else None for kind in (Kind.SCORES, Kind.INPUTS)]
        rows.append(tuple(told))
    heads = ("month", "discharges scored", "mean risk", "PSI of the scores", "told apart by inputs (AUROC)")
    risks = [float(month.risk.mean()) if len(month.risk) >= FEWEST_PEOPLE else math.nan for month in one.watched.months]
    parts: list[Part] = [_chart(found, f"risk-{_anchor(one)}", one.scores, Kind.INTAKE, ALL, risks)]
    parts.append(Table("People and scores by month", heads, tuple(rows)))
    parts.append(Items(tuple(_input_line(found, one))))
    return Section(f"scores-{_anchor(one)}", f"{one.model}: who is scored", tuple(parts))


def _input_line(found: Monitored, one: OfModel) -> list[str]:
    """How many inputs are watched, and those whose values lack more often in the last month than they used to."""
    months, reference = one.watched.months, found.reference
    lines = [f"Inputs watched: the {len(one.watched.columns)} that the trees lean on most."]
    if one.watched.recomputed:
        lines.append("Recomputed: what the champion would have told at a discharge, on what was known then.")
    last = months[-1].X
    if len(last) >= FEWEST_PEOPLE:
        then = np.concatenate([month.X for month in months[:reference]])
        more = np.isnan(last).mean(axis=0) - np.isnan(then).mean(axis=0)
        told = [f"{one.watched.columns[at]} ({more[at]:+.0%})" for at in np.argsort(-more)[:3] if more[at] > 0.1]
        lines += [f"Lacking more often than they used to: {', '.join(told)}."] if told else []
    return lines


def _outcomes(found: Monitored, one: OfModel) -> Section:
    rows, ratios = [], []
    for place, month in enumerate(one.watched.months):
        ratio, auroc = calibration(month)
        ratios.append(ratio.value)
        told = (_estimate(ratio), _estimate(auroc)) if month.mature else (IMMATURE, IMMATURE)
        apart = tuple(_part(month, flag) for flag in (1.0, 0.0))
        rows.append((_month(found, place), *told, *apart))
    parts: list[Part] = [_chart(found, f"ratio-{_anchor(one)}", one.ratios, Kind.RATIO, ALL, ratios)]
    together = [signal for signal in one.ratios if signal.about.endswith(ALL_MONTHS)]
    if together:
        lines = tuple((signal.about, signal.value, signal.usual, _limits(signal)) for signal in together)
        parts.append(Table("The watched months together", ("of", "observed over expected", "usual", "limits"), lines))
    heads = ("month", "observed over expected", "AUROC", CONTACTED, NOT_CONTACTED)
    note = (
        f"{IMMATURE}: the outcome window and the run-out of claims of its last discharges are not over. In brackets "
        f"the "
        "95 % interval of each figure alone; a dash: too few to tell it, or nobody kept who was contacted."
    )
    parts.append(Table("Outcomes by month", heads, tuple(rows), note))
    return Section(f"outcomes-{_anchor(one)}", f"{one.model}: what became of them", tuple(parts))


def _part(month: Month, flag: float) -> Cell:
    """O/E of those contacted or not, where there are events enough."""
    those = (month.contacted == flag) & np.isfinite(month.y)
    part = Month(
        month.risk[those], month.y[those], month.mature, month.contacted[those], month.persons[those], month.X[those]
    )
    return _estimate(calibration(part)[0]) if month.mature and those.any() else None


def _chart(
    found: Monitored, name: str, signals: Sequence[Signal], kind: Kind, about: str, values: Sequence[float]
) -> Figure:
    """A series over all months with the limits of the watched ones; `values` are nan where nothing is told."""
    own = [signal for signal in signals if signal.kind is kind and signal.about == about]
    shown = [(place, value) for place, value in enumerate(values) if math.isfinite(value)]
    beyond = [signal.month for signal in own if signal.alarm]
    says = f"Months count from {_month(found, 0)} (0); the first {found.reference} are the reference. "
    says += (
        f"Beyond a limit: {', '.join(_month(found, at) for at in beyond)}." if beyond else "No month is beyond a limit."
    )
    if not shown:
        says = "Too few people in each month to draw it."
    x = [signal.month for signal in own]
    ends: list[tuple[str, Callable[[Signal], float]]] = [
        ("lower limit", lambda one: one.low),
        ("usual", lambda one: one.usual),
        ("upper limit", lambda one: one.high),
    ]
    series = [Series(str(kind), [place for place, _ in shown], [value for _, value in shown], "marked")]
    series += [Series(word, x, [end(one) for one in own], quiet=True) for word, end in ends if own]
    return curves(name, f"{kind}: {about}", says, Axes("month", str(kind)), series)


def _whole(found: Monitored, kind: Kind, about: str) -> list[float]:
    """A feed's chart over all months, reference too."""
    for feed in found.feeds:
        with np.errstate(divide="ignore", invalid="ignore"):
            series = {(Kind.VOLUME, feed.name): feed.rows.astype(float), (Kind.LAG, feed.name): feed.lag}
            for column, without in feed.missing.items():
                series[Kind.MISSING, f"{feed.name}.{column}"] = without / feed.rows
            for column, codes in feed.codes.items():
                series[Kind.UNMAPPED, f"{feed.name}.{column}"] = codes.unmapped / codes.rows
                series[Kind.UNSEEN, f"{feed.name}.{column}"] = codes.unseen / codes.rows
        if (kind, about) in series:
            rows = feed.rows
            return [float(v) if not few(int(n)) else math.nan for v, n in zip(series[kind, about], rows, strict=True)]
    return []


def _definitions() -> Section:
    facts: dict[str, Cell] = {
        "limit": "how far a month may lie from the usual by chance, shared out among all charts of a year, and never "
        "nearer than what matters; a value beyond it is an alarm",
        "usual": "the mean of the reference months",
        str(Kind.SCORES): "how far the scores lie from those of the reference, beyond chance; above 0.25 is large",
        str(Kind.INPUTS): "0.5: the inputs of this month look like those of the reference; above 0.6 they do not",
        str(Kind.RATIO): "people with the outcome / sum of their risks; 1 is right",
        str(Kind.UNSEEN): "codes that the source sent in none of the thirteen months before",
        str(Kind.LAG): "the median of days from what happened until the network knew it",
    }
    return Section("definitions", "What each word means", (Facts(facts),))


def _signals(found: Monitored) -> list[Signal]:
    return [*found.signals, *(signal for one in found.models for signal in (*one.scores, *one.ratios))]


def _beside(signal: Signal | None) -> tuple[Cell, Cell]:
    return (None, None) if signal is None else (_value(signal), _limits(signal))


def _value(signal: Signal) -> Cell:
    """A count of rows is withheld where it is that of few."""
    if signal.kind is Kind.VOLUME:
        count = round(signal.value)
        return WITHHELD if few(count) else count
    return signal.value


def _limits(signal: Signal) -> str:
    if signal.kind is Kind.VOLUME and signal.high > UNEVEN * max(signal.usual, 1):
        return "too uneven to judge"
    digits = 0 if signal.kind is Kind.VOLUME else 3
    low = max(0.0, signal.low) if signal.kind is not Kind.LAG else signal.low
    return f"{low:,.{digits}f} to {signal.high:,.{digits}f}"


def _estimate(found: Interval) -> Estimate:
    ends = (value if math.isfinite(value) else None for value in (found.value, found.low, found.high))
    return Estimate(*ends)


def _anchor(one: OfModel) -> str:
    return one.model.replace("_", "-")


def _month(found: Monitored, place: int) -> str:
    return windows.iso(found.starts[place])[:7]


def _span(found: Monitored) -> str:
    return f"{_month(found, found.reference)} to {_month(found, len(found.starts) - 2)}"
