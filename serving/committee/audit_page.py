"""The fairness audit as one page: figures first, what they mean in sentences, the tables behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from features import windows
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
from features.pages.figures import Axes, dots
from models import fairness
from models.described import MEANINGS, Described
from models.fairness import OBSERVED_TO_EXPECTED, SENSITIVITY_DIFFERENCE, Group
from models.intervals import Interval
from models.label_choice import LABEL_PER_ILLNESS, OVERSTATES, UNDERSTATES, Choice
from models.verdicts import Verdict
from serving.committee.audit import COLLECT, Audited

GROUPS_DRAWN = 24
FEW_NOTE = f"{WITHHELD}: fewer than 11 people, or a number from which so few could be worked out."
TOGETHER = "In brackets the 95 % interval; all intervals of this table hold together in 95 of 100 audits."
ALONE = "In brackets the 95 % interval of each figure alone; a dash: too few to tell it."
FOOT = (
    "Made by `afterward audit`. Nothing is told of fewer than 11 people. The list orders people for a call; it is not "
    "for deciding whether someone is discharged, covered or treated."
)
TITLES = {
    "prevalence": "prevalence",
    "selection_rate": "selection rate",
    "ppv": "PPV",
    "fpr": "FPR",
    "sensitivity": "sensitivity",
    "auroc": "AUROC",
    "calibration_slope": "calibration slope",
}


def page(found: Audited) -> Page:
    """All sections, in the order in which a committee reads."""
    return Page(
        title=f"Is it fair? {found.spec.title}",
        kind=f"Fairness audit of {found.asked.model} version {found.version}",
        lead=in_words(found),
        sections=(
            _summary(found),
            _judged(found),
            _crossed(found),
            _described(found),
            _label(found),
            _mitigation(found),
            _definitions(found),
        ),
        foot=FOOT,
    )


def in_words(found: Audited) -> str:
    """The verdict in one or two sentences."""
    counts = {verdict: sum(group.verdict is verdict for group in found.groups) for verdict in Verdict}
    unfair = [_name(group) for group in found.groups if group.verdict is Verdict.FAIL]
    if counts[Verdict.TOO_FEW] == len(found.groups):
        return f"Too little is known of each of {len(found.groups)} groups to say whether the list is fair to it."
    first = f"The list is unfair to {', '.join(unfair)}." if unfair else "The list is shown to be unfair to no group."
    few = counts[Verdict.TOO_FEW]
    return f"{first} It is shown to be fair to {counts[Verdict.PASS]}; of {few} groups too little is known to judge."


def _summary(found: Audited) -> Section:
    facts: dict[str, Cell] = {
        "Model": f"{found.asked.model}, version {found.version}",
        "Foretells": found.spec.outcome.says,
        "Judged on": f"{found.rows:,} discharges of {found.people:,} people, {windows.iso(found.period[0])} to "
        f"{windows.iso(found.period[1])} ({found.rows_are})",
        "With the outcome": found.events,
        "Places on the list": found.judged.capacity,
        "Sensitivity of the list": Share(found.judged.sensitivity),
        "Verdict of all groups": fairness.WORDS[found.verdict],
    }
    parts: list[Part] = [Facts(facts)]
    if found.untold:
        parts.append(Text("These cannot be judged, as nothing is known of anybody. What to collect:"))
        parts.append(Items(tuple(f"{name}: {COLLECT.get(name, 'this column')}" for name in found.untold)))
    return Section("summary", "Summary", tuple(parts))


def _judged(found: Audited) -> Section:
    groups = found.judged.groups
    text = (
        f"Judged are two figures of each group. Sensitivity: of its people with the outcome, the share on the list, "
        f"which "
        f"may differ by {SENSITIVITY_DIFFERENCE.high:g} from everyone's. Observed over expected: its events over the "
        f"sum "
        f"of its risks, which may be {OBSERVED_TO_EXPECTED}. A group is fair where both intervals lie inside, unfair "
        f"where "
        "one lies wholly outside, and else too few to judge."
    )
    return Section("judged", "Judged", (*_figures("judged", groups), Text(text), _table("Each group", groups)))


def _crossed(found: Audited) -> Section:
    groups = found.crossed.groups if found.crossed else ()
    if not groups:
        return Section("intersections", "Intersections", (Text("No two columns are known together of anybody."),))
    text = "People of two groups at once can be served worse than either; judged in the same way."
    parts: tuple[Part, ...] = (Text(text), *_figures("intersections", groups), _table("Each intersection", groups))
    return Section("intersections", "Intersections", parts)


def _figures(name: str, groups: Sequence[Group]) -> tuple[Figure, ...]:
    """Both judged figures of the groups that have them, those farthest off first."""
    told = [group for group in groups if math.isfinite(group.observed_to_expected.low)]
    if not told:
        return ()
    by_sensitivity = sorted(told, key=lambda group: -abs(group.difference.value))[:GROUPS_DRAWN]
    by_ratio = sorted(told, key=lambda group: -abs(math.log(group.observed_to_expected.value)))[:GROUPS_DRAWN]
    worst, off = by_sensitivity[0], by_ratio[0]
    return (
        dots(
            f"{name}-sensitivity",
            "Sensitivity, less everyone's",
            f"Farthest off is {_name(worst)} with {worst.difference.value:+.3f}; the dashed line is everyone.",
            Axes("difference of sensitivity", "group"),
            [(_name(group), estimate(group.difference)) for group in by_sensitivity],
            reference=0.0,
        ),
        dots(
            f"{name}-ratio",
            "Observed over expected",
            f"Farthest off is {_name(off)} with {off.observed_to_expected.value:.2f}; the dashed line is right, 1. "
            f"Above "
            "it the risks are too low.",
            Axes("observed over expected", "group"),
            [(_name(group), estimate(group.observed_to_expected)) for group in by_ratio],
            reference=1.0,
        ),
    )


def _table(caption: str, groups: Sequence[Group]) -> Table:
    heads = (
        "group",
        "people",
        "with the outcome",
        "sensitivity, less everyone's",
        "observed over expected",
        "verdict",
        "why",
    )
    rows = tuple(
        (
            _name(group),
            WITHHELD if group.people is None else group.people,
            WITHHELD if group.events is None else group.events,
            estimate(group.difference),
            estimate(group.observed_to_expected),
            fairness.WORDS[group.verdict],
            group.why,
        )
        for group in groups
    )
    return Table(caption, heads, rows, f"{TOGETHER} {FEW_NOTE}")


def _described(found: Audited) -> Section:
    text = (
        "Described and not judged: these figures cannot all be equal where the outcome is not equally common. A "
        "group loses "
        "places where it has fewer than its share of all people with the outcome would give it."
    )
    told = [one for one in found.described if one.column in COLLECT and one.places is not None and one.due is not None]
    parts: list[Part] = [Text(text)]
    if told:
        parts.append(_places(told))
    heads = ("group", "people", "places", "places by need", *TITLES.values())
    rows = tuple(
        (
            f"{one.column}: {one.name}",
            WITHHELD if one.people is None else one.people,
            one.places,
            one.due,
            *(estimate(one.figures[name]) for name in TITLES),
        )
        for one in found.described
    )
    parts.append(Table("Each group, described", heads, rows, f"{ALONE} {FEW_NOTE}"))
    return Section("described", "Described", tuple(parts))


def _places(told: Sequence[Described]) -> Figure:
    loses = sorted(told, key=lambda one: float(one.places or 0) - float(one.due or 0))[:GROUPS_DRAWN]
    most = loses[0]
    lost = float(most.due or 0) - float(most.places or 0)
    return dots(
        "places",
        "Places on the list, less the places by need",
        f"{most.column}: {most.name} has {lost:.1f} places fewer than its share of the outcomes would give it.",
        Axes("places", "group"),
        [(f"{one.column}: {one.name}", Estimate(float(one.places or 0) - float(one.due or 0))) for one in loses],
        reference=0.0,
    )


def _label(found: Audited) -> Section:
    title = "Does the label mean the same illness in every group?"
    if not found.measures:
        text = (
            "No illness measure (results, vital signs, age) is in the record, so the label cannot be held against one."
        )
        return Section("label", title, (Text(text),))
    text = (
        f"The label ({found.spec.outcome.says}) is held against what illness lets expect, as told by "
        f"{len(found.measures)} "
        f"measures that are not care used: {', '.join(found.measures)}. A group whose label falls short, beside all "
        f"others, "
        f"gets less of it for the same illness, and a model of it puts its people too low (Obermeyer et al., Science "
        f"2019;366:447-453). Means the same: the interval lies within {LABEL_PER_ILLNESS}."
    )
    caught = [f"{one.column} {one.name}" for one in found.label if one.says == UNDERSTATES]
    over = [f"{one.column} {one.name}" for one in found.label if one.says == OVERSTATES]
    says = [f"It understates the illness of {', '.join(caught)}."] if caught else []
    says += [f"It overstates that of {', '.join(over)}."] if over else []
    told = [one for one in found.label if math.isfinite(one.per_illness.low)]
    parts: list[Part] = [Text(" ".join(says) or "It is shown to understate the illness of no group."), Text(text)]
    if told:
        parts.insert(0, _label_figure(told))
        heads = (
            "group",
            "label per illness, beside all others",
            "share of the list",
            "share of a list by illness",
            "verdict",
        )
        rows = tuple(
            (
                f"{one.column}: {one.name}",
                estimate(one.per_illness),
                Share(one.by_risk),
                Share(one.by_illness),
                one.says,
            )
            for one in told
        )
        parts.append(Table("Label and illness", heads, rows, TOGETHER))
    return Section("label", title, tuple(parts))


def _label_figure(told: Sequence[Choice]) -> Figure:
    lowest = min(told, key=lambda one: one.per_illness.value)
    return dots(
        "label",
        "Label for the same illness, beside all others",
        f"Lowest is {lowest.column} {lowest.name} with {lowest.per_illness.value:.2f}; the dashed line is equal, 1.",
        Axes("label per illness", "group"),
        [(f"{one.column}: {one.name}", estimate(one.per_illness)) for one in told],
        reference=1.0,
    )


def _mitigation(found: Audited) -> Section:
    text = (
        "What could be done, and what it costs: the price is the sensitivity that the list would lose. Nothing of "
        "this is in "
        "use; it is written to the audit log of the model. No threshold differs by race, ethnicity, national origin, "
        "sex, "
        "age or disability: 45 CFR 92.210."
    )
    parts: list[Part] = [Text(text)]
    if found.options:
        heads = ("what", "how", "sensitivity", "price in sensitivity")
        rows = tuple((one.name, one.says, Share(one.sensitivity), estimate(one.price)) for one in found.options)
        parts.append(Table("Other lists of as many places", heads, rows, ALONE))
        names = [key for key in found.options[0].moved if key[0] in COLLECT]
        moved = tuple(
            (f"{column}: {name}", *(_moved(one.moved[column, name]) for one in found.options)) for column, name in names
        )
        gain = ("group", *(one.name for one in found.options))
        parts.append(Table("Places that each group would gain (below 0: lose)", gain, moved, FEW_NOTE))
    if found.not_shown:
        parts.append(Items(tuple(f"{name}: not shown, as {why}" for name, why in found.not_shown)))
    return Section("mitigation", "What could be done, and its price", tuple(parts))


def _moved(places: float | None) -> Cell:
    return WITHHELD if places is None else places


def _definitions(found: Audited) -> Section:
    facts = {TITLES[name]: meaning for name, meaning in MEANINGS.items()}
    facts |= {
        "observed over expected": "people with the outcome / sum of their risks; 1 is right, above 1 the risks are "
        "too low",
        "places by need": "the places that a group would have by its share of all people with the outcome",
        "simultaneous interval": f"max-t: {found.judged.reach:.2f} standard errors, so that all hold together in 95 "
        f"of 100 "
        "audits; people are drawn, not rows",
        "too few to judge": f"fewer than 11 people or {fairness.FEWEST_EVENTS} with the outcome, or an interval that "
        "crosses an edge of the tolerance",
    }
    return Section("definitions", "What each word means", (Facts(facts),))


def estimate(found: Interval) -> Estimate:
    """An interval as a cell; null where there is no number."""
    ends = (value if math.isfinite(value) else None for value in (found.value, found.low, found.high))
    return Estimate(*ends)


def _name(group: Group) -> str:
    return f"{group.column}: {group.name}"
