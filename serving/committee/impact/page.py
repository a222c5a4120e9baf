"""What calls are worth, as one page: what may be expected, what those made have done, and how far to believe it."""

from __future__ import annotations

import numpy as np

from features import windows
from features.pages.content import Cell, Estimate, Facts, Figure, Page, Part, Section, Table, Text
from features.pages.few import FEWEST_PEOPLE, binned
from features.pages.figures import Axes, Series, curves
from models.discontinuity import Discontinuity
from models.intervals import Interval
from models.verdicts import Verdict
from serving.committee.impact.assumptions import CALL_DOLLARS, REACHED
from serving.committee.impact.make import Evaluated, Expected, Impact

BINS = 16
FOOT = (
    "Made by `afterward impact`. Numbers are of groups; nothing is told of fewer than 11 people. Foretold figures rest "
    "on the assumptions in their table; what was evaluated holds for people near the cutoff only."
)
TOO_FEW = Verdict.TOO_FEW.capitalize()


def page(of: Impact) -> Page:
    """All sections, in the order in which a committee reads."""
    first, last = windows.spoken(of.first_day), windows.spoken(of.last_day)
    return Page(
        title="What calls are worth",
        kind=f"{of.model} version {of.version}, {first} to {last}",
        lead=(
            f"{of.expected.calls} calls a week to the people at highest risk: what they may be expected to avoid "
            "and to save, next to what the calls that were made have done."
        ),
        sections=(_expected(of), *_evaluated(of), _method()),
        foot=FOOT,
    )


def _expected(of: Impact) -> Section:
    found = of.expected
    title = "What may be expected"
    if not found.of_each:
        text = f"No trial is declared for the outcome of {of.model}, so nothing is foretold of it."
        return Section("expected", title, (Text(text),))
    best = found.of_each[0]
    said = (
        f"Of {found.discharges:,} discharges in these days the {found.calls} at highest risk of each week would be "
        f"called, {best.called:,.0f} people a year. Without calls {best.events:,.0f} of them would have the outcome. "
        f"By {best.effect.name} (relative risk {best.effect.ratio:g}) {_whole(best.avoided)} of these are avoided"
    )
    said += f", and {_dollars(best.saved)} are saved a year after the cost of the calls." if found.cost else "."
    parts: list[Part] = [Text(said)]
    if found.cost is None:
        parts.append(Text("No bill of this store tells what a stay costs: give it with `--event-cost`."))
    else:
        parts.append(_course(found))
    rows = tuple(
        (
            one.effect.name,
            _estimate(one.effect.ratio, one.effect.low, one.effect.high),
            _whole(one.avoided),
            _rounded(one.saved) if found.cost else None,
            one.effect.source,
        )
        for one in found.of_each
    )
    heads = ("effect", "relative risk", "events avoided a year", "dollars saved a year", "source")
    parts += [Table("By each declared effect", heads, rows, "In brackets 95 % intervals."), _assumptions(found)]
    return Section("expected", title, tuple(parts))


def _course(found: Expected) -> Figure:
    shown = found.course
    calls = [one.calls for one in shown]
    thousands = [Interval(*(each / 1000 for each in (one.saved.value, one.saved.low, one.saved.high))) for one in shown]
    spans = [(one.low, one.high) for one in thousands]
    says = (
        f"From {calls[0]} calls a week with {_dollars(shown[0].saved)} a year to {calls[-1]} with "
        f"{_dollars(shown[-1].saved)}. Each further call goes to somebody at less risk."
    )
    line = Series("saved", calls, [one.value for one in thousands], "marked", spans)
    nothing = Series("nothing saved", [calls[0], calls[-1]], [0.0, 0.0], quiet=True)
    axes = Axes("calls a week", "thousand dollars saved a year")
    return curves("saved", "Saved a year by how many calls there are", says, axes, (line, nothing))


def _assumptions(found: Expected) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (one.name, _estimate(one.value, one.low, one.high), one.unit, one.source) for one in (REACHED, CALL_DOLLARS)
    ]
    if found.cost is not None:
        low, high = (found.cost.dollars + 1.96 * sign * found.cost.error for sign in (-1, 1))
        rows.append(("cost of an event", _estimate(found.cost.dollars, low, high), "dollars", found.cost.says))
    note = "Saved = events avoided x cost of an event - calls x cost of a call. Risks are the model's, calibrated."
    return Table("What is taken for granted", ("what", "figure", "unit", "source"), tuple(rows), note)


def _evaluated(of: Impact) -> tuple[Section, ...]:
    found = of.evaluated
    if found is None:
        text = (
            "No log of outreach was given (`--log`), and the service kept no list of this model, so nothing is told of "
            "the calls that were made."
        )
        return (Section("cutoff", "What the calls have done", (Text(text),)),)
    return (_cutoff(found), _lottery(found), _pairs(found))


def _cutoff(found: Evaluated) -> Section:
    told = found.cutoff
    parts: list[Part] = [Text(_at_the_cutoff(told))]
    figure = _around_the_cutoff(found)
    if figure is not None:
        parts.append(figure)
    rows: tuple[tuple[Cell, ...], ...] = (
        ("reached within a week", _points(told.reached)),
        ("the outcome, of being on the list", _points(told.listed)),
        ("the outcome, of a contact", _points(told.contact)),
    )
    note = "Differences in percentage points between just above and just below the cutoff; robust 95 % intervals."
    if told.listed is not None:
        parts.append(Table("Jumps at the cutoff", ("what", "jump"), rows, note))
    checks = tuple((check.name, round(check.p, 3)) for check in told.checks)
    if checks:
        parts.append(
            Table(
                "What must not jump at the cutoff", ("what", "probability by chance"), checks, "None may be surprising."
            )
        )
    facts: dict[str, Cell] = {
        "people within the bandwidth, below and above": f"{_count(told.below)} and {_count(told.above)}",
        "bandwidth": f"{told.bandwidth:.3f} of risk on either side",
        **{f"left out: {why}": _count(count) for why, count in found.people.left_out.items()},
    }
    return Section("cutoff", "What the calls have done, near the cutoff", (*parts, Facts(facts)))


def _at_the_cutoff(told: Discontinuity) -> str:
    if told.contact is not None:
        ends = f"{100 * told.contact.low:+.1f} to {100 * told.contact.high:+.1f}"
        share = 100 * told.contact.value
        return (
            f"Among people whose risk lay at the day's cutoff, a contact changed the share with the outcome by "
            f"{share:+.1f} percentage points (95 % interval {ends}). This holds for them, and "
            "says nothing of people far above or below."
        )
    return f"No estimate of what a contact does is given: {told.refused}."


def _around_the_cutoff(found: Evaluated) -> Figure | None:
    """Shares in stretches of people below and above, within twice the bandwidth; null where they are too few."""
    rows = found.near[found.near.running.abs() < 2 * found.cutoff.bandwidth]
    series = []
    for name, side in (("not on the list", rows.running < 0), ("on the list", rows.running >= 0)):
        mine = rows[side]
        happened = (mine.outcome == 1).to_numpy()
        x = mine.running.to_numpy("float64")
        places = binned(x, mine.person_id.to_numpy(), BINS, (happened, ~happened))
        if not places:
            return None
        shares = [float(happened[place].mean()) for place in places]
        series.append(
            Series(name, [float(x[place].mean()) for place in places], [100 * each for each in shares], "points")
        )
    low, high = (float(np.mean(one.y)) for one in series)
    says = (
        f"Each point is a stretch of people by their distance to the cutoff, with the share who had the outcome: "
        f"{low:.1f} % below and {high:.1f} % above on average. What counts is the jump at 0, not the slope."
    )
    axes = Axes("distance of the risk to the day's cutoff", "per cent with the outcome")
    return curves("near-the-cutoff", "The outcome on either side of the cutoff", says, axes, series)


def _lottery(found: Evaluated) -> Section:
    told = found.lottery
    title = "What the lottery tells"
    if told is None:
        text = "There was no lottery. A seeded one in a narrow band (`afterward lottery`) would be a true trial."
        return Section("lottery", title, (Text(text),))
    who = f"{_count(told.people_chosen)} chosen and {_count(told.people_not)} not."
    if told.chosen is None:
        return Section("lottery", title, (Text(f"{TOO_FEW}: {told.refused}; {who}"),))
    rows: tuple[tuple[Cell, ...], ...] = (
        ("reached within a week", _points(told.reached)),
        ("the outcome, of being chosen", _points(told.chosen)),
        ("the outcome, of a contact", _points(told.contact)),
    )
    note = "Differences in percentage points within each day's draw; 95 % intervals."
    said = f"Chance alone chose, so nothing else differs between them: {who} {told.refused}".strip()
    return Section("lottery", title, (Text(said), Table("Chosen less not chosen", ("what", "difference"), rows, note)))


def _pairs(found: Evaluated) -> Section:
    told = found.pairs
    said = (
        "Confounding possible. People who were reached, each beside somebody of like risk who was not. Who answers a "
        "telephone may be healthier than the record shows, and nothing here allows for it."
    )
    title = "Matched pairs: confounding possible"
    if told.difference is None:
        return Section("matched", title, (Text(said), Text(f"{TOO_FEW}: {_count(told.pairs)} pairs.")))
    facts: dict[str, Cell] = {
        "pairs": _count(told.pairs),
        "reached, and nobody alike": _count(told.alone),
        "difference in percentage points, confounding possible": _points(told.difference),
    }
    return Section("matched", title, (Text(said), Facts(facts)))


def _method() -> Section:
    facts: dict[str, Cell] = {
        "who": "each person once, on the first day on which they could be called",
        "running variable": "their risk less the middle between the last with a place that day and the first without",
        "estimate": "fuzzy regression discontinuity: local lines less their bias, triangular weights, the bandwidth of "
        "Imbens and "
        "Kalyanaraman; intervals robust (Calonico, Cattaneo, Titiunik)",
        "no estimate": "where the number of people jumps at the cutoff, or what was so before (each at 5 %); sound "
        "data are refused in about one of ten cases by chance",
        "before and after": "not shown: people are called when they are at their worst, and would have had fewer stays "
        "in the next month without a call",
    }
    return Section("method", "How it was found", (Facts(facts),))


def _count(count: int) -> str:
    return f"{count:,}" if count == 0 or count >= FEWEST_PEOPLE else "1 to 10"


def _points(found: Interval | None) -> Cell:
    if found is None:
        return None
    value, low, high = (100 * each for each in (found.value, found.low, found.high))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def _estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(round(value, 3), round(low, 3), round(high, 3))


def _rounded(found: Interval) -> Estimate:
    return Estimate(*(round(each) for each in (found.value, found.low, found.high)))


def _whole(found: Interval) -> str:
    return f"{found.value:,.1f} ({found.low:,.1f} to {found.high:,.1f})"


def _dollars(found: Interval) -> str:
    return f"{found.value:,.0f} dollars ({found.low:,.0f} to {found.high:,.0f})"
