"""The 31 source attributes of a predictive decision support intervention, filled from what the release recorded.

45 CFR 170.315(b)(11)(iv)(B), ONC's HTI-1 final rule. The names are short words of our own; the rule's are in the rule.
What no release knows is said to be not known, with who would have to find out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from features.pages.content import Section, Table, Text, shown
from training.report import civil_rights
from training.report.data import FEW_NOTE, in_words, verdict, who_counts
from training.report.recorded import Recorded

RULE = "45 CFR 170.315(b)(11)(iv)(B), as ONC's HTI-1 final rule made it (89 FR 1192, 9 January 2024)"
NOT_KNOWN = "not known"
NETWORK, COMMITTEE = "the network that puts this version in use", "the network's quality committee"
OUTSIDE = "a party outside the network that is asked to validate it"

State = Literal["answered", "answered in part", "told by the network", "not known"]


@dataclass(frozen=True)
class Attribute:
    """One attribute, what is recorded of it, and who would have to tell the rest (empty where nothing is missing).
    `told`: the network told what no release knows.
    """

    paragraph: str
    name: str
    answer: str
    ask: str = ""
    told: bool = False

    @property
    def state(self) -> State:
        """Whether it is answered."""
        if self.told:
            return "told by the network"
        if self.answer == NOT_KNOWN:
            return "not known"
        return "answered in part" if self.ask else "answered"


def attributes(found: Recorded) -> tuple[Attribute, ...]:
    """All 31, in the order of the rule; what is open is filled by what the network told."""
    every = (*_output_and_purpose(found), *_cautions_and_making(found), *_outside(), *_measures(found), *_upkeep())
    return tuple(_filled(attribute, found.answers.get(attribute.paragraph)) for attribute in every)


def _filled(open_one: Attribute, told: str | None) -> Attribute:
    if told is None or not open_one.ask:
        return open_one
    answer = told if open_one.answer == NOT_KNOWN else f"{open_one.answer}. {told}"
    return replace(open_one, answer=answer, ask="", told=True)


def source_attributes(found: Recorded) -> Section:
    """The section of a report."""
    told = attributes(found)
    open_ones = sum(bool(attribute.ask) for attribute in told)
    rows = tuple((a.paragraph, a.name, a.answer, a.state, a.ask and f"to be told by {a.ask}") for a in told)
    text = (
        f"The source attributes of {RULE}. {len(told) - open_ones} of {len(told)} are answered by what was recorded or "
        "told; the others say who would have to find out. This table is no claim that anyone complies with the rule."
    )
    table = Table("Source attributes", ("paragraph", "attribute", "what is recorded", "state", "open"), rows)
    return Section("source-attributes", "Source attributes (HTI-1)", (Text(text), table))


def _output_and_purpose(found: Recorded) -> tuple[Attribute, ...]:
    spec = found.spec
    return (
        Attribute("(1)(i)", "Developer and how to reach them",
                  "Made with the open-source program Afterward by whoever trained this version", NETWORK),
        Attribute("(1)(ii)", "Who paid for the technical making", NOT_KNOWN, NETWORK),
        Attribute("(1)(iii)", "What it gives",
                  f"The chance, 0 to 1, of {spec.outcome.says}; a tier; reasons with the patient's own values"),
        Attribute("(1)(iv)", "Kind of output", "Prediction"),
        Attribute("(2)(i)", "Intended use", spec.intended_use),
        Attribute("(2)(ii)", "Intended patients", spec.scored.says),
        Attribute("(2)(iii)", "Intended users", "Care managers, and the clinicians who work with them"),
        Attribute("(2)(iv)", "Part in decisions",
                  "Informs: it puts people in the order in which a call is worth making. It replaces no judgement"),
    )  # fmt: skip


def _cautions_and_making(found: Recorded) -> tuple[Attribute, ...]:
    removed = "; ".join(f"{step.rule} ({step.removed:,} removed)" for step in found.steps if step.removed)
    sources = ", ".join(found.release.sources) or "sources that were not recorded"
    return (
        Attribute("(3)(i)", "Where not to use it",
                  f"{found.spec.misuse} Not for people who are not scored: scored is {found.spec.scored.says}"),
        Attribute("(3)(ii)", "Known risks and limits",
                  f"See “Limits”. It was judged on later {found.spec.rows_are} of the same network only; it says who "
                  "is at risk and not who gains from a call"),
        Attribute("(4)(i)", "Who was in and out of the training data",
                  f"{who_counts(found)}. Rules: {removed or 'none removed anybody'}. See “Who counts”"),
        Attribute("(4)(ii)", "Race, language, sex, birth and the like as inputs", _used(found)),
        Attribute("(4)(iii)", "How the training data represent people by these", _represented(found),
                  "" if found.findings["represented"] else NETWORK),
        Attribute("(4)(iv)", "How relevant the training data are where it is used",
                  f"{_learned_from(found)}, told by {sources}", f"{NETWORK}, where it was trained on another"),
        Attribute("(5)(i)", "How its output was made fair",
                  "One cut for everyone; race, ethnicity, language and area are no inputs; every report describes "
                  f"groups. Gates: {verdict(found)}", "" if found.fairness else COMMITTEE),
        Attribute("(5)(ii)", "How bias is managed", " ".join(civil_rights.DONE)),
    )  # fmt: skip


def _learned_from(found: Recorded) -> str:
    """What the trees learned from, or, of a recalibrated version, whose trees they are."""
    first = found.split["slices"][0]
    rows = f"{first['rows']:,} {found.spec.rows_are} of {first['people']:,} people"
    told = f"{rows}, {first['first_day']} to {first['last_day']}"
    parent = found.split.get("recalibrated_from")
    return f"Learned from {told}" if parent is None else f"Trees of version {parent}; its last step learned from {told}"


def _used(found: Recorded) -> str:
    """Which of the variables that the rule names are inputs, from the release's columns."""
    names = {column.name for column in found.release.columns}
    groups = {column.group for column in found.release.columns}
    yes = {
        "sex": "female" in names,
        "date of birth (as age)": "age_years" in names,
        "social determinants (Z codes, Medicaid)": bool(groups & {"social needs", "Medicaid beside Medicare"}),
        "health status assessments (scores recorded by staff)": any(
            name.startswith("sign_") and "score" in name for name in names
        ),
    }
    inputs = [name for name, used in yes.items() if used]
    left = [name for name, used in yes.items() if not used]
    never = ["race", "ethnicity", "language", "sexual orientation", "gender identity"]
    return f"Inputs: {', '.join(inputs) or 'none of them'}. Not inputs: {', '.join([*never, *left])}"


def _represented(found: Recorded) -> str:
    told = list(dict.fromkeys(line["attribute"] for line in found.findings["represented"]))
    if not told:
        return NOT_KNOWN
    return f"Counted by {', '.join(told)} in “Who the people are”. {FEW_NOTE}"


def _outside() -> tuple[Attribute, ...]:
    names = (
        ("(6)(i)", "Where it was validated outside its own data"),
        ("(6)(ii)", "Who did the external validation"),
        ("(6)(iii)", "How the external data represent people"),
        ("(6)(iv)", "How the external validation was done"),
    )
    return tuple(Attribute(paragraph, name, NOT_KNOWN, OUTSIDE) for paragraph, name in names)


def _measures(found: Recorded) -> tuple[Attribute, ...]:
    told = found.metrics
    validity = (
        f"On {told['rows']:,} held-out {found.spec.rows_are} of {told['people']:,} people, "
        f"{told['period']['first']} to {told['period']['last']}: AUROC {shown(found.metric('auroc'))}, "
        f"calibration slope {shown(found.metric('calibration_slope'))}, observed over expected "
        f"{shown(found.metric('observed_to_expected'))}. {in_words(found)}"
    )
    return (
        Attribute("(7)(i)", "Validity on data of the same source", validity),
        Attribute("(7)(ii)", "Fairness on data of the same source", " ".join(civil_rights.groups_found(found)),
                  "" if found.fairness else f"{COMMITTEE}, whose gates have not judged this version"),
        Attribute("(7)(iii)", "Validity on data of another source", NOT_KNOWN, OUTSIDE),
        Attribute("(7)(iv)", "Fairness on data of another source", NOT_KNOWN, OUTSIDE),
        Attribute("(7)(v)", "References on what its use did for outcomes", NOT_KNOWN, COMMITTEE),
    )  # fmt: skip


def _upkeep() -> tuple[Attribute, ...]:
    return (
        Attribute("(8)(i)", "How and how often validity is watched", NOT_KNOWN, COMMITTEE),
        Attribute("(8)(ii)", "Validity in local data",
                  "Where it is used in the network that it was trained on, (7)(i) is of local data", NETWORK),
        Attribute("(8)(iii)", "How and how often fairness is watched", NOT_KNOWN, COMMITTEE),
        Attribute("(8)(iv)", "Fairness in local data",
                  "Where it is used in the network that it was trained on, (7)(ii) is of local data", NETWORK),
        Attribute("(9)(i)", "How and how often it is updated",
                  "By `afterward train`, as a new version; a version is put in use by `afterward promote`. How often: "
                  "not recorded", NETWORK),
        Attribute("(9)(ii)", "How often performance is mended when risks are found", NOT_KNOWN, COMMITTEE),
    )  # fmt: skip
