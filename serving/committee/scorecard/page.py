"""The scorecard as one page: what to ask first, then each kind of provider with its figures, the tables behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features import windows
from features.definitions.profile.case_mix import OF_PEOPLE, OF_STAYS, REFUSED
from features.definitions.profile.duplicates import IMAGING_DAYS, INTERVALS
from features.pages.content import (
    WITHHELD,
    Cell,
    Estimate,
    Facts,
    Figure,
    Items,
    Page,
    Part,
    Section,
    Share,
    Table,
    Text,
)
from features.pages.few import few
from features.pages.figures import Axes, Series, curves, dots
from models.intervals import Interval
from models.profiling.exact import funnel
from models.profiling.outliers import FALSE_DISCOVERIES
from serving.committee.scorecard.benchmarks import Benchmark
from serving.committee.scorecard.compare import Comparison
from serving.committee.scorecard.counted import Counted
from serving.committee.scorecard.judged import FEWEST_EXPECTED, FEWEST_ROWS, TOO_FEW, Judged, Unit
from serving.committee.scorecard.measures import KINDS, MANY, OfMembers
from serving.committee.scorecard.questions import MEASURES, amount, question
from serving.committee.scorecard.shares import Shares

MOST_DOTS = 40  # providers in one figure of dots
MOST_LINES = 15  # of a table; the CSV beside the page has them all
LIMITS = (0.95, 0.998)
FOOT = (
    "Made by `afterward scorecard` from the store. Events of 1 to 10 people are withheld, and so is a second number "
    "where the total would tell them. A flag asks a question; it proves nothing about a provider."
)


@dataclass(frozen=True)
class Scorecard:
    """All that the page tells; `refused` says of measures why they are not there, `cases` and `providers` are the
    files beside it.
    """

    counted: Counted
    compared: Comparison
    shares: tuple[Shares, ...]
    benchmarks: dict[str, Benchmark]
    refused: dict[str, str]
    cases: str
    providers: str


def page(of: Scorecard) -> Page:
    """All sections, in the order in which a committee reads."""
    first, last = windows.spoken(of.counted.first_day), windows.spoken(of.counted.last_day)
    return Page(
        title="Members compared fairly",
        kind=f"Scorecard, {first} to {last}",
        lead=(
            f"{len(of.counted.stays):,} index stays and {of.counted.members.person_id.nunique():,} members. Each "
            "provider is set beside what the network as a whole would have had with the same patients: 1 means as "
            "expected, above 1 more."
        ),
        sections=(
            _questions(of),
            *(_kind(of, kind) for kind in KINDS),
            _trend(of),
            *(_shares(of, kind) for kind in KINDS if any(one.kind == kind for one in of.shares)),
            _method(of),
        ),
        foot=FOOT,
    )


def _questions(of: Scorecard) -> Section:
    asked = [(judged, unit) for judged in of.compared.judged for unit in judged.flagged]
    rate = f"{FALSE_DISCOVERIES:.0%}"
    if not asked:
        nothing = f"No provider differs from the network by more than chance, at a false-discovery rate of {rate}."
        return Section("questions", "What to ask", (Text(nothing),))
    return Section(
        "questions",
        "What to ask",
        (
            Text(
                f"These differ from the network by more than chance makes of so many, at a false-discovery rate of "
                f"{rate} for each measure and kind of provider: of twenty flags one is false on average. The cases "
                f"behind each are in {of.cases}, for those who may see them."
            ),
            Items(tuple(question(judged, unit) for judged, unit in asked)),
        ),
    )


def _kind(of: Scorecard, kind: str) -> Section:
    mine = [judged for judged in of.compared.judged if judged.kind == kind]
    tables: list[Part] = []
    for judged in mine:
        if judged.units:
            tables.append(_table(judged, of))
        else:
            title = MEASURES[judged.measure].title
            tables.append(Text(f"{title}: {TOO_FEW} of all {judged.others} {MANY[kind]}."))
    if not mine:
        tables.append(Text("Nothing could be compared."))
    funnels = [_funnel(judged, shown) for judged in mine if (shown := _shown(judged))]
    pulled = [_dots(judged, shown) for judged in mine[:1] if 1 < len(shown := _shown(judged)) <= MOST_DOTS]
    return Section(kind, MANY[kind].capitalize(), (*funnels, *pulled, *tables))


def _shown(judged: Judged) -> list[Unit]:
    return [unit for unit in judged.units if unit.observed is not None]


def _funnel(judged: Judged, shown: list[Unit]) -> Figure:
    """O/E against what was expected, in units of information: of members by effective events."""
    measure = MEASURES[judged.measure]
    title = f"{measure.title}, {MANY[judged.kind]}"
    wanted = np.array([unit.expected / unit.spread for unit in shown])
    mean = 0.0 if isinstance(measure, OfMembers) else judged.total / max(1, judged.rows)
    steps = np.linspace(min(wanted.min() * 0.8, FEWEST_EXPECTED), wanted.max() * 1.1, 60)
    quiet = []
    for confidence in LIMITS:
        low, high = funnel(steps, mean, confidence)
        quiet += [
            Series(f"{confidence:.1%} of chance".replace(".0%", "%"), steps.tolist(), low.tolist(), quiet=True),
            Series("", steps.tolist(), high.tolist(), quiet=True),
        ]
    ratios = [unit.ratio.value for unit in shown]
    outside = sum(unit.flagged for unit in shown)
    says = (
        f"{len(shown)} {MANY[judged.kind]}; O/E from {min(ratios):.2f} to {max(ratios):.2f}; {outside} flagged. "
        "Dashed: where 95 and 99.8 of 100 would lie by chance alone. Further right, more is known."
    )
    flagged = [place for place, unit in enumerate(shown) if unit.flagged]
    others = [place for place, unit in enumerate(shown) if not unit.flagged]
    dots_ = [
        Series(name, wanted[places].tolist(), [ratios[place] for place in places], "points")
        for name, places in (("as expected", others), ("flagged", flagged))
        if places
    ]
    name = f"funnel-{judged.kind}-{judged.measure}".replace("_", "-")
    label = "events expected" if mean else "events expected, by what they tell"
    return curves(name, title, says, Axes(label, "O/E", y_ends=(0.0, None)), (*dots_, *quiet), wide=False)


def _dots(judged: Judged, shown: list[Unit]) -> Figure:
    measure = MEASURES[judged.measure]
    ordered = sorted(shown, key=lambda unit: unit.shrunken.value)
    lines = [(unit.name, Estimate(unit.shrunken.value, unit.shrunken.low, unit.shrunken.high)) for unit in ordered]
    says = (
        f"Predicted over expected after shrinkage with 95 % intervals, from {ordered[0].name} with "
        f"{ordered[0].shrunken.value:.2f} to {ordered[-1].name} with {ordered[-1].shrunken.value:.2f}."
    )
    name = f"shrunken-{judged.kind}-{judged.measure}".replace("_", "-")
    return dots(
        name, f"{measure.title} after shrinkage, {MANY[judged.kind]}", says, Axes("P/E", "provider"), lines, 1.0
    )


def _table(judged: Judged, of: Scorecard) -> Table:
    """The flagged first, then those of whom most is known."""
    measure = MEASURES[judged.measure]
    what = "members" if isinstance(measure, OfMembers) else "stays"
    count = "dollars" if judged.measure == "cost" else "events"
    heads = (judged.kind, what, f"{count} seen", f"{count} expected", "O/E", "P/E", "rank", "reading")
    order = sorted(judged.units, key=lambda unit: (not unit.flagged, -unit.expected))
    rows = [_line(judged.measure, unit) for unit in order[:MOST_LINES]]
    if judged.others:
        rest = "1 other" if judged.others == 1 else f"{judged.others} others"
        count_of = WITHHELD if few(judged.rows_of_others) else judged.rows_of_others
        rows.append((rest, count_of, TOO_FEW, None, None, None, None, TOO_FEW))
    note = (
        "O/E: seen over expected, unshrunken. P/E: predicted over expected, shrunken to what so few can tell. In "
        f"brackets 95 % intervals. Rank 1 is the lowest of {len(judged.units) + judged.others}. {measure.title} differ "
        f"between {MANY[judged.kind]} by about {judged.between:.0%} beyond chance and case mix."
    )
    if len(order) > MOST_LINES:
        note += f" {len(order) - MOST_LINES} more are in {of.providers}."
    benchmark = of.benchmarks.get(judged.measure)
    if benchmark is not None:
        where = " ".join(filter(None, (benchmark.region, str(benchmark.year))))
        note += f" Benchmark, not adjusted for case mix: {benchmark.value:g} ({where}; {benchmark.source})."
    return Table(f"{measure.title}, {MANY[judged.kind]}", heads, tuple(rows), note)


def _line(measure: str, unit: Unit) -> tuple[Cell, ...]:
    expected = amount(measure, unit.expected, 1)
    if unit.observed is None:
        return (unit.name, unit.rows, WITHHELD, expected, WITHHELD, WITHHELD, WITHHELD, unit.reading)
    ranks = f"{unit.rank.value:.0f} ({unit.rank.low:.0f} to {unit.rank.high:.0f})"
    seen = amount(measure, unit.observed)
    return (unit.name, unit.rows, seen, expected, _estimate(unit.ratio), _estimate(unit.shrunken), ranks, unit.reading)


def _trend(of: Scorecard) -> Section:
    figures: list[Part] = []
    rows: list[tuple[Cell, ...]] = []
    for name, measure in MEASURES.items():
        mine = [one for one in of.compared.trend if one.measure == name]
        shown = [(place, one) for place, one in enumerate(mine) if one.rate is not None]
        unit = measure.unit if isinstance(measure, OfMembers) else "of stays"
        rows += [
            (measure.title, one.quarter, one.rows, _rate(one.rate, measure), unit, _estimate(one.ratio)) for one in mine
        ]
        if len(shown) > 1:
            figures.append(_course(name, [one.quarter for _, one in shown], [one.ratio for _, one in shown]))
    if not rows:
        return Section("trend", "Quarter by quarter", (Text(f"{TOO_FEW.capitalize()}."),))
    heads = ("measure", "quarter", "stays or members", "rate", "", "O/E")
    note = (
        "O/E of each quarter beside what the whole period would lead to expect of the same patients; a dash: too few."
    )
    table = Table("The network by quarter", heads, tuple(rows), note)
    return Section("trend", "Quarter by quarter", (*figures, table))


def _rate(rate: float | None, measure: object) -> Cell:
    return rate if isinstance(measure, OfMembers) else Share(rate)


def _course(name: str, quarters: list[str], ratios: list[Interval]) -> Figure:
    measure = MEASURES[name]
    spans = [(one.low, one.high) for one in ratios]
    line = Series("O/E", list(range(1, len(ratios) + 1)), [one.value for one in ratios], "marked", spans)
    says = (
        f"From {quarters[0]} with {ratios[0].value:.2f} to {quarters[-1]} with {ratios[-1].value:.2f}; "
        "the bars are 95 % intervals."
    )
    axes = Axes(f"quarter, 1 is {quarters[0]}", "O/E")
    one = Series("as expected", [1, len(ratios)], [1.0, 1.0], quiet=True)
    return curves(f"trend-{name}".replace("_", "-"), f"{measure.title} by quarter", says, axes, (line, one), wide=False)


def _shares(of: Scorecard, kind: str) -> Section:
    mine = [one for one in of.shares if one.kind == kind]
    heads = ("measure", "network's median", "network's top tenth from", "benchmark", "best", "lowest", "others")
    rows: list[tuple[Cell, ...]] = []
    tables: list[Part] = []
    for one in mine:
        known = sorted(
            (part for part in one.parts if part.share.value == part.share.value), key=lambda p: p.share.value
        )
        ends: tuple[Cell, Cell] = (f"{known[-1].name}", f"{known[0].name}") if known else (WITHHELD, WITHHELD)
        other = of.benchmarks.get(one.measure)
        told = f"{other.value:.1%} ({other.region} {other.year})" if other else None
        rows.append((one.title, Share(one.median), Share(one.top), told, *ends, f"{one.others} {TOO_FEW}"))
        lines = tuple(
            (part.name, part.due, _per_cent(part.share), _standing(part.share, one.median, one.top))
            for part in sorted(one.parts, key=lambda part: -part.due)[:MOST_LINES]
        )
        rest = len(one.parts) - MOST_LINES
        more = f"{rest} more are in {of.providers}." if rest > 0 else ""
        tables.append(Table(f"{one.title}, {MANY[kind]}", (kind, "due", "in time", "beside the network"), lines, more))
    note = "Of stays (or members) to whom care was due the share that had it in time. Not adjusted for case mix."
    summary = Table(f"Care that was due, {MANY[kind]}", heads, tuple(rows), note)
    return Section(f"shares-{kind}", f"Care that was due and given: {MANY[kind]}", (summary, *tables))


def _per_cent(found: Interval) -> Cell:
    if found.value != found.value:
        return WITHHELD
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def _standing(found: Interval, median: float, top: float) -> str:
    """By the interval, not the point."""
    if found.value != found.value:
        return WITHHELD
    if found.low >= top:
        return "in the top tenth"
    if found.high < median:
        return "below the median"
    return "above the median" if found.low > median else "cannot be told from the median"


def _method(of: Scorecard) -> Section:
    illnesses = "; ".join(column.says for column in OF_PEOPLE[4:])
    whys = sorted(set(REFUSED.values()))
    facts: dict[str, Cell] = {
        "index stays": "stays of adults as the CMS hospital-wide readmission measure takes them, of any payer",
        "expected": "one regression on the case mix over all stays (or members) of the network, with no provider in it",
        "O/E interval": "95 %, exact by mid-P; the unit's own share of the network is allowed for",
        "P/E": "a random intercept for each provider (stays), or the gamma-Poisson model (members)",
        "judged": f"from {FEWEST_ROWS} stays or members and {FEWEST_EXPECTED:g} expected events on",
        "flag": f"Benjamini and Hochberg at {FALSE_DISCOVERIES:.0%}, beside the network less what is flagged",
        "not allowed for": "; ".join(whys),
        "duplicate tests": "outside hospital: "
        + ", ".join(f"LOINC {one.loinc} within {one.days} days" for one in INTERVALS)
        + f", the same imaging within {IMAGING_DAYS}; the days are ours",
        "unit of people": "stays of one person are taken as independent, as CMS does; members are counted once each",
    }
    mix = Table(
        "The case mix of stays",
        ("column", "about", "what"),
        tuple((column.name, column.about, column.says) for column in OF_STAYS),
        f"Members: age and sex, and illnesses told in the 365 days before the period ({illnesses}).",
    )
    parts: list[Part] = [Facts(facts), mix]
    if of.refused:
        parts.append(Table("Not worked out", ("measure", "why"), tuple(sorted(of.refused.items()))))
    return Section("method", "How it was compared", tuple(parts))


def _estimate(found: Interval) -> Cell:
    if found.value != found.value:
        return None
    return Estimate(round(found.value, 3), round(found.low, 3), round(found.high, 3))
