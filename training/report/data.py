"""The sections of a report that tell whom and what it was made of: use, who counts, who they are, the split, inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from features.pages.content import WITHHELD, Cell, Facts, Items, Part, Section, Share, Table, Text, shown
from features.windows import stamp
from models.calibration import Calibrator
from training.report.recorded import Judged, Recorded, estimate, open_counts

FEW_NOTE = f"{WITHHELD}: fewer than 11 people, or a number from which so few could be worked out."
PASSED = "pass"
SLICES = ("train", "calibrate", "holdout")
MADE_FROM = {
    "fit": "of the training slice: the trees that were tried learned from these",
    "tune": "of the training slice: the number of trees was chosen on these",
    "train": "the released trees learned from these",
    "calibrate": "the calibrator learned from these",
    "holdout": "every figure of this report is of these; nothing was learned from them",
}


def summary(found: Recorded) -> Section:
    """What the version is, in a table of facts."""
    told = found.metrics
    period = f"{told['period']['first']} to {told['period']['last']}"
    facts: dict[str, Cell] = {
        "Model": f"{found.release.model}, version {found.release.version}",
        "Foretells": found.spec.outcome.says,
        "Prediction time": found.release.prediction_time,
        "Judged on": (
            f"{told['rows']:,} {found.spec.rows_are} of {told['people']:,} people, {period}, none of them learned from"
        ),
        "With the outcome": told["events"],
        "AUROC": found.metric("auroc"),
        "AUPRC": found.metric("auprc"),
        "Calibration slope (1 is right)": found.metric("calibration_slope"),
        "Observed over expected (1 is right)": found.metric("observed_to_expected"),
        "Brier score against the base rate": found.metric("scaled_brier"),
        "Gates": verdict(found),
    }
    lead = (
        f"A risk model. It is about {found.spec.scored.says}. It orders people by their chance of the outcome; it "
        f"decides nothing. {in_words(found)}"
    )
    return Section("summary", "Summary", (Text(lead), Facts(facts)))


def in_words(found: Judged) -> str:
    """Whether the model tells people apart, and whether its risks are right, in two sentences with their reasons."""
    auroc, slope, ratio = (found.metric(name) for name in ("auroc", "calibration_slope", "observed_to_expected"))
    apart = (
        "It tells people apart better than chance."
        if auroc.low is not None and auroc.low > 0.5
        else "It is not shown to tell people apart better than chance."
    )
    amounts = "Too few events say whether its risks are right."
    if ratio.low is not None and ratio.high is not None:
        way = "Fewer" if ratio.high < 1 else "More"
        right = ratio.low <= 1 <= ratio.high
        amounts = (
            "As many had the outcome as it foretold, within what chance allows."
            if right
            else f"{way} had the outcome than it foretold: {shown(ratio)} for each one expected."
        )
    if slope.low is not None and slope.high is not None and not slope.low <= 1 <= slope.high:
        amounts += f" Its risks are too {'extreme' if slope.high < 1 else 'timid'} (slope {shown(slope)})."
    return f"{apart} {amounts}"


def verdict(found: Recorded) -> str:
    """Of the gates that stand in the release, in words: how many pass, and which do not."""
    if not found.gates:
        return "none is recorded"
    named: dict[str, list[str]] = {}
    for gate in found.gates:
        named.setdefault(str(gate["verdict"]), []).append(str(gate["name"]))
    passed = named.pop(PASSED, [])
    return "; ".join([f"{len(passed)} of {len(found.gates)} pass", *(f"{v}: {', '.join(n)}" for v, n in named.items())])


def use(found: Recorded) -> Section:
    """What it is meant for, for whom, and what not."""
    facts: dict[str, Cell] = {
        "Meant for": found.spec.intended_use,
        "Not for": found.spec.misuse,
        "Who uses it": "care managers, and the clinicians who work with them",
        "Its part in decisions": "it informs in which order people are called; people decide about care",
        "Who is scored": found.spec.scored.says,
        "Whom it is measured on": found.spec.measured.says,
        "What it gives": "a calibrated risk from 0 to 1, a tier (high, medium, low), and reasons in words",
        "High tier": f"a risk of {found.release.cuts.high:.3f} or more, the same for everyone",
        "Medium tier": f"a risk of {found.release.cuts.medium:.3f} up to that, the same for everyone",
    }
    return Section("use", "Use and misuse", (Facts(facts),))


def cohort(found: Recorded) -> Section:
    """Who counts, rule by rule."""
    rows = tuple((step.rule, step.removed, step.left, step.why) for step in found.steps)
    table = Table(
        "Discharges, rule by rule", ("rule", "removed", "left", "why"), rows, note="Rules that removed few are joined."
    )
    return Section("cohort", "Who counts", (Text(f"{who_counts(found)}."), table))


def who_counts(found: Recorded) -> str:
    """The scored and the trained population, in words."""
    return f"Scored is {found.spec.scored.says}. Trained on is {found.spec.trained.says}"


def people(found: Recorded) -> Section:
    """Who the people are, slice by slice, so that a reader may compare them with their own."""
    lines: Sequence[Mapping[str, Any]] = found.findings["represented"]
    rows = tuple(
        (f"{line['attribute']}: {line['group']}", *(WITHHELD if line[name] is None else line[name] for name in SLICES))
        for line in lines
    )
    table = Table(
        "People in each slice, by what the record told of them",
        ("group", "trained", "calibrated", "judged"),
        rows,
        FEW_NOTE,
    )
    text = (
        "As the record knew them at the prediction time; a person may stand in two groups at two times. Race, "
        "ethnicity and language are never inputs of the model: they are here to see who is represented. Sexual "
        "orientation and gender identity are not recorded."
    )
    return Section("people", "Who the people are", (Text(text), table))


def splits(found: Recorded) -> Section:
    """The slices in time, with the rows that each demand cost."""
    slices = [*found.split["slices"], *found.split["stages"]]
    kinds = ("people", "events", "lost_to_labels", "lost_to_people")
    counted = [open_counts([one[kind] for one in slices]) for kind in kinds]
    rows = tuple(
        (
            one["name"],
            f"{one['first_day'] or '-'} to {one['last_day'] or '-'}",
            one["rows"],
            *(WITHHELD if count is None else count for count in counts),
            MADE_FROM.get(one["name"], ""),
        )
        for one, *counts in zip(slices, *counted, strict=True)
    )
    heads = ("slice", "days", "rows", "people", "with outcome", "lost: label late", "lost: person later", "use")
    if found.split.get("recalibrated_from") is None:
        demanded = "A label must have been known before the next slice begins, and nobody who is in a later slice is "
        demanded += "in an earlier one"
    else:
        demanded = (
            "The judged days follow the slice at once, without waiting for its labels to be known, and nobody who "
        )
        demanded += "is in the slice is judged"
    text = f"Slices follow time. {demanded}; what this cost is counted here. Nothing was resampled."
    return Section("split", "Split by time", (Text(text), Table("Slices", heads, rows, FEW_NOTE)))


def inputs(found: Recorded) -> Section:
    """What the model may see, by group, and what the sources could not tell."""
    counted = Counter(column.group for column in found.release.columns)
    used = Counter(column.group for column in found.release.columns if found.share_of[column.name] > 0)
    weight: Counter[str] = Counter()
    for column in found.release.columns:
        weight[column.group] += found.share_of[column.name]  # type: ignore[assignment]  # a sum of shares
    rows = tuple(
        (group, counted[group], used[group], Share(float(weight[group])))
        for group in sorted(counted, key=lambda group: (-weight[group], group))
    )
    heads = ("inputs about", "columns", "that moved a score", "share of what moves the scores")
    lacks = ", ".join(sorted(found.release.lacks)) or "nothing that an input needs"
    parts = (
        Text(
            "Every input is what was known to the network at the prediction time; what happened but was not known yet "
            "is not used. Null means not known and stays null: trees send it its own way, nothing is filled in."
        ),
        Facts({"Sources": ", ".join(found.release.sources) or "not recorded", "What no source tells": lacks}),
        Table("Inputs", heads, rows),
    )
    return Section("inputs", "Inputs", parts)


def making(found: Recorded) -> Section:
    """What is needed to make the same version again."""
    compared = "; ".join(f"{name} {loss:.4f}" for name, loss in found.split["calibration_log_loss"].items())
    facts: dict[str, Cell] = {
        "Kind of model": "gradient-boosted trees (LightGBM), then a calibrator",
        **_trees(found),
        "Calibrator": calibrator(found.release.calibrator),
        "Calibrators compared, by cross-validated log loss": compared or "too few events: only the level was moved",
        "Seed": found.release.seed,
        "Fingerprint of the features": found.release.feature_fingerprint,
        "Fingerprint of the data": found.release.data_fingerprint,
    }
    text = (
        "Trees learn who is at risk beside the trend of the rate over the days. The same data, seed, "
        "trials and number of threads give the same release, byte for byte. Trees, calibrator and declarations are "
        "text and JSON in it (`model.txt`, `calibration.json`, `features.json`)."
    )
    return Section("making", "How it was made", (Text(text), Facts(facts)))


def _trees(found: Recorded) -> dict[str, Cell]:
    """How the trees were learned; of a recalibrated version, by which one."""
    parent = found.split.get("recalibrated_from")
    if parent is not None:
        return {"Trees": f"{found.release.booster.num_trees()}, those of version {parent}: see its report"}
    tuning = found.split["tuning"]
    made = f"; {tuning['trials']} trials made, {tuning['given_up']} of them given up early" if tuning["trials"] else ""
    return {
        "Trees": found.release.booster.num_trees(),
        "Search for better settings": tuning["budget"] + made,
        "Settings": ", ".join(f"{name} {value:g}" for name, value in tuning["settings"].items()),
    }


def limits(found: Recorded) -> Section:
    """What a reader may not conclude."""
    said = [
        f"It was judged on later {found.spec.rows_are} of the network that it learned from, and nowhere else.",
        "Intervals are bootstraps of people. They do not cover a change of the network, its coding or its care.",
        "It says who is at risk, not who gains from a call.",
        "A person of whom little is known looks like a person with little history.",
    ]
    if not found.fairness:
        said.append("Whether it is fair between groups has not been judged: the groups are described only.")
    if found.release.lacks:
        said.append(f"Not evaluable on these sources is what needs: {', '.join(sorted(found.release.lacks))}.")
    return Section("limits", "Limits", (Items(tuple(said)),))


def gates(found: Recorded) -> Section:
    """What the gates said that are judged when a version is made, and of fairness each group."""
    title = "Gates"
    asked_later = (
        "Gates that depend on what is in use (beside the champion, speed, the code that is here) are asked by "
        "`afterward promote`, which writes down what they said."
    )
    if not found.gates:
        return Section("gates", title, (Text(f"No gate is recorded in this release. {asked_later}"),))
    rows = tuple((str(gate["name"]), str(gate["verdict"]), str(gate["says"])) for gate in found.gates)
    groups = [group for gate in found.gates for group in gate.get("figures", {}).get("groups", [])]
    return Section(
        "gates",
        title,
        (
            Text(f"{verdict(found)}. {asked_later}"),
            Table("What each gate said", ("gate", "verdict", "why"), rows),
            *_fairness(groups),
        ),
    )


def decided(found: Recorded) -> Section:
    """Who put this version in use, took it out or was refused, and why; a gate that was overruled is named so."""
    title = "What was decided"
    if not found.decisions:
        return Section("decided", title, (Text("Nobody has promoted this version, or tried to."),))
    rows = tuple(
        (stamp(made.at, "UTC"), made.what, made.who, made.why, made.forced or "nobody") for made in found.decisions
    )
    heads = ("when (UTC)", "decision", "who", "why", "gates overruled, with the reason")
    return Section("decided", title, (Table("Decisions about this version, oldest first", heads, rows),))


def _fairness(groups: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    """Each group that has a figure; of the others how many there are."""
    told = [group for group in groups if group["observed_to_expected"]["value"] is not None]
    untold = Counter(str(group["column"]) for group in groups if group not in told)
    heads = ("group", "people", "sensitivity, less everyone's", "observed over expected", "verdict")
    parts: list[Part] = []
    if told:
        parts.append(Table("Whether the list is fair to each group", heads, tuple(map(_of_group, told)), FEW_NOTE))
    if untold:
        counts = ", ".join(f"{column} ({count})" for column, count in untold.items())
        parts.append(Text(f"Groups of too few people or events for a figure, by what tells them apart: {counts}."))
    return tuple(parts)


def _of_group(told: Mapping[str, Any]) -> tuple[Cell, ...]:
    people = WITHHELD if told["people"] is None else told["people"]
    figures = (estimate(told["sensitivity_difference"]), estimate(told["observed_to_expected"]))
    return (f"{told['column']}: {told['group']}", people, *figures, str(told["verdict"]))


def calibrator(chosen: Calibrator) -> str:
    """Its kind, in lower case."""
    return type(chosen).__name__.lower()
