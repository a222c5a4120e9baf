"""The sections of a report that tell how well the version does on the held-out period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.pages.content import WITHHELD, Cell, Estimate, Figure, Part, Section, Share, Table, Text, shown
from features.pages.figures import Axes, Series, curves, dots
from training.evaluate import METRICS
from training.report.data import FEW_NOTE
from training.report.recorded import MODEL_SAYS, Judged, estimate

TOO_FEW = "Too few people with the outcome to tell it."
CALIBRATION = ("calibration_slope", "calibration_intercept", "observed_to_expected")
OF_A_GROUP = ("auroc", "observed_to_expected", "selection_rate", "sensitivity")


def performance(found: Judged) -> Section:
    """Metrics with intervals, the baselines on the same rows beside."""
    judged = {MODEL_SAYS: found.metrics, **found.metrics["baselines"]}
    aurocs = [(who, estimate(told.get("auroc"))) for who, told in judged.items()]
    who, best = max(aurocs[1:], key=lambda one: one[1].value or 0.0, default=("none", Estimate(None)))
    says = (
        f"The model's AUROC is {shown(aurocs[0][1])}. The best baseline on the same rows is {who} with {shown(best)}. "
        "The dashed line is chance, 0.5."
    )
    figure = dots("auroc", "How well people are told apart", says, Axes("AUROC", "model"), aurocs, reference=0.5)
    rows = tuple((who, *(estimate(told.get(m.name)) for m in METRICS)) for who, told in judged.items())
    note = "In brackets the 95 % interval, by a bootstrap of people. A dash: no number can be given."
    table = Table(f"Judged on rows {found.where}", ("", *(_words(m.name) for m in METRICS)), rows, note)
    meanings = tuple((_words(m.name), m.meaning) for m in METRICS)
    return Section(
        "performance",
        "How well it does",
        (figure, table, Table("What each figure is", ("figure", "meaning"), meanings)),
    )


def calibration(found: Judged) -> Section:
    """Whether a risk of 20 % means one in five."""
    title = "Are the risks right?"
    groups = found.findings["calibration"]["groups"]
    if not groups:
        return Section("calibration", title, (Text(TOO_FEW),))
    rows = tuple((f"{_percent(g['risk'])} told", g["rows"], estimate(g["observed"])) for g in groups)
    note = "Each group holds at least 11 people with the outcome and 11 without."
    numbers = tuple((_words(name), found.metric(name)) for name in CALIBRATION)
    parts = (
        _calibration_curve(groups, found.findings["calibration"]["curve"]),
        Table("Calibration in numbers", ("figure", "value"), numbers),
        Table("Groups of alike risk", ("mean risk told", "rows", "share observed"), rows, note),
    )
    return Section("calibration", title, parts)


def _calibration_curve(groups: Sequence[Mapping[str, Any]], curve: Sequence[Mapping[str, float]]) -> Figure:
    marks = [estimate(group["observed"]) for group in groups]
    told = [group["risk"] for group in groups]
    spans = [(mark.low, mark.high) for mark in marks if mark.low is not None and mark.high is not None]
    whole = len(spans) == len(marks)
    top = 1.05 * max([*told, *(high for _, high in spans), *(mark.value or 0.0 for mark in marks)])
    off = sum(not low <= risk <= high for risk, (low, high) in zip(told, spans, strict=False)) if whole else 0
    lie = {0: "None of the groups lies", 1: "One of the groups lies"}.get(off, f"{off} of the groups lie")
    says = (
        f"People in {len(groups)} groups of alike risk. Of the group told {_percent(told[0])} on average, "
        f"{_percent(marks[0].value)} had the outcome; of the group told {_percent(told[-1])}, "
        f"{_percent(marks[-1].value)}. {lie} off the line by more than chance. On the dashed "
        "line the risks are right; above it more happened than was told."
    )
    points = Series(
        "groups of alike risk", told, [mark.value or 0.0 for mark in marks], "points", spans if whole else ()
    )
    smooth = Series("smoothed", [point["risk"] for point in curve], [point["observed"] for point in curve])
    right = Series("right", [0, top], [0, top], quiet=True)
    axes = Axes("risk told", "share observed", (0, top), (0, top))
    return curves("calibration", "Risk told and share observed", says, axes, [smooth, points, right])


def decision(found: Judged) -> Section:
    """At which risks calling by the model is of use."""
    title = "Is it of use?"
    points = found.findings["decision"]
    if not points:
        return Section("decision", title, (Text(TOO_FEW),))
    better = [point["threshold"] for point in points if point["model"] > max(point["everyone"], 0.0)]
    where = (
        f"Calling by the model is better than calling everyone or nobody at {len(better)} of {len(points)} thresholds, "
        f"between {_percent(better[0])} and {_percent(better[-1])}."
        if better
        else "At no threshold shown is calling by the model better than calling everyone or nobody."
    )
    says = (
        f"{where} Net benefit is the share of people found with the outcome, less those called in vain at the price "
        "that the threshold sets. Thresholds that would tell of few people are left out."
    )
    thresholds = [point["threshold"] for point in points]
    lowest = min(0.0, *(point["model"] for point in points)) - 0.01
    highest = 1.05 * max(max(point["model"], point["everyone"]) for point in points) + 0.005
    series = (
        Series("by the model", thresholds, [point["model"] for point in points]),
        Series("everyone", thresholds, [point["everyone"] for point in points]),
        Series("nobody", [thresholds[0], thresholds[-1]], [0.0, 0.0], quiet=True),
    )
    axes = Axes("call from this risk on", "net benefit", y_ends=(lowest, highest))
    return Section("decision", title, (curves("decision", "Decision curve", says, axes, series),))


def lists(found: Judged) -> Section:
    """What a list of N people gives."""
    figures = ("ppv", "sensitivity", "lift", "number_needed_to_call")
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (f"{_percent(line['share'])} at most risk", line["called"], *(estimate(line[name]) for name in figures))
        for line in found.findings["lists"]
    )
    heads = ("list", "calls", "share with the outcome", "share of outcomes found", "lift", "calls for each outcome")
    text = (
        "What a team gets that calls so many of the people at most risk. Lift is against drawing lots. Calls for each "
        "outcome found say nothing of how many a call prevents. Lists that would tell of few people are left out."
    )
    table = Table("Lists of the people at most risk", heads, rows)
    parts: tuple[Part, ...] = (Text(text), table) if rows else (Text(TOO_FEW),)
    return Section("lists", "At capacity", parts)


def subgroups(found: Judged) -> Section:
    """How it does for groups of people: described, not judged."""
    lines = found.findings["subgroups"]
    told = [line for line in lines if line.get("auroc")]
    heads = (
        "group", "people", "rows", "with outcome", "mean risk", "AUROC", "observed over expected", "in high tier",
        "outcomes found in high tier",
    )  # fmt: skip
    text = (
        "Described here, not judged: groups differ in how often the outcome happens, and not all figures can be equal "
        "then. Groups of few people are told together. Whether a difference is unfair is what the gates ask."
    )
    title = "Groups of people"
    if not lines:
        return Section("subgroups", title, (Text("Nothing is recorded that tells people apart."),))
    figures = (
        _by_group("subgroups-auroc", "AUROC by group", "auroc", told, found),
        _by_group("subgroups-ratio", "Observed over expected by group", "observed_to_expected", told, found),
    )
    table = Table("Groups of people, on the same rows", heads, tuple(map(_subgroup, lines)), FEW_NOTE)
    return Section("subgroups", title, (Text(text), *(figures if told else ()), table))


def _by_group(name: str, title: str, key: str, told: Sequence[Mapping[str, Any]], found: Judged) -> Figure:
    """Dots by group; the dashed line is everyone's."""
    own = found.metric(key)
    marks = [(_group(line), estimate(line[key])) for line in told]
    apart = [label for label, mark in marks if _apart(mark, own)]
    who = f"Apart from it by more than chance: {', '.join(apart)}." if apart else "No group lies apart from it."
    says = f"For everyone it is {shown(own)}, the dashed line. {who}"
    return dots(name, title, says, Axes(_words(key), "group"), marks, reference=own.value)


def _apart(mark: Estimate, whole: Estimate) -> bool:
    """Whether the value for everyone lies outside the interval of a group."""
    if mark.low is None or mark.high is None or whole.value is None:
        return False
    return not mark.low <= whole.value <= mark.high


def _subgroup(line: Mapping[str, Any]) -> tuple[Cell, ...]:
    if line["people"] is None:
        return (_group(line), *[WITHHELD] * 8)
    counted = (_group(line), line["people"], line["rows"])
    if "events" not in line:
        return (*counted, WITHHELD, Share(line["mean_risk"]), *[WITHHELD] * len(OF_A_GROUP))
    return (*counted, line["events"], Share(line["mean_risk"]), *(estimate(line[name]) for name in OF_A_GROUP))


def _group(line: Mapping[str, Any]) -> str:
    return f"{line['attribute']}: {line['group']}"


def _percent(share: float | None) -> str:
    return shown(Share(share))


def _words(name: str) -> str:
    """A metric as it is told: `AUROC`, `calibration slope`."""
    return name.upper() if name in ("auroc", "auprc") else name.replace("_", " ")
