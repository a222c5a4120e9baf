"""The section for 45 CFR 92.210: which inputs measure, or may stand for, race, colour, national origin, sex, age or
disability; how much they move the scores; what was found and what was done.

An input is found by its declaration: its name, the group that it is told under, or the words of its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from features.catalogue.declaration import Column
from features.pages.content import Cell, Items, Section, Share, Table, Text, shown
from training.report.recorded import Recorded, estimate

RULE = "45 CFR 92.210 (89 FR 37522, 6 May 2024)"
NAMES_TOLD = 4
CHARACTERISTICS = ("race, colour or national origin", "sex", "age", "disability")
RACE, SEX, AGE, DISABILITY = CHARACTERISTICS


LASTING = "|".join((
    "plegi", "paraly", "amputat", "(?:multiple|lateral) sclerosis", "palsy", "parkinson", "muscular", "spinal cord",
    "seizure", "epilep", "neurological", "respirator dependence", "dementia", "cognitive", "schizo", "psycho",
    "bipolar", "depress", "mood disorder", "mental", "alcohol", "substance", "drug abuse", "drug use",
))  # fmt: skip


@dataclass(frozen=True)
class Trait:
    """Inputs that measure a characteristic or may stand for it, and why."""

    characteristic: str
    relation: Literal["measures", "may stand for"]
    about: str
    why: str
    holds: Callable[[Column], bool]

    def columns(self, declared: Sequence[Column]) -> list[str]:
        """The names of the inputs, in their order."""
        return [column.name for column in declared if self.holds(column)]


def _named(*names: str) -> Callable[[Column], bool]:
    return lambda column: column.name in names


def _group(*groups: str) -> Callable[[Column], bool]:
    return lambda column: column.group in groups


def _worded(pattern: str) -> Callable[[Column], bool]:
    found = re.compile(pattern, re.IGNORECASE)
    return lambda column: bool(found.search(column.sentence))


TRAITS = (
    Trait(AGE, "measures", "age", "age in years at admission", _named("age_years")),
    Trait(AGE, "may stand for", "frailty and dementia", "both come with age",
          lambda column: column.group == "frailty" or _worded("dementia|cognitive")(column)),
    Trait(AGE, "may stand for", "CMS's risk score", "it is added up with points for age and sex",
          _named("hcc_risk_score_365d")),
    Trait(SEX, "measures", "sex", "administrative sex", _named("female")),
    Trait(SEX, "may stand for", "conditions of one sex", "cancers of breast and prostate",
          _worded("breast|prostat|pregnan|uter|ovar|menopaus")),
    Trait(SEX, "may stand for", "CMS's risk score", "it is added up with points for age and sex",
          _named("hcc_risk_score_365d")),
    Trait(DISABILITY, "measures", "entitlement to Medicare", "Medicare through disability or kidney failure",
          _named("entitled_by_disability", "entitled_by_kidney_failure")),
    Trait(DISABILITY, "may stand for", "lasting impairments",
          "paralysis, amputation, illness of nerves or mind, dependence: diagnoses, medicines and scores",
          _worded(LASTING)),
    Trait(DISABILITY, "may stand for", "care in facilities and falls",
          "nursing homes, skilled nursing, rehabilitation and help at home are used by people who cannot do without",
          lambda column: column.group in ("where they came from", "where they went", "falls", "frailty")
          or _worded("skilled nursing|lives alone|psychiatry")(column)),
    Trait(DISABILITY, "may stand for", "CMS's risk score", "its points differ for people entitled by disability",
          _named("hcc_risk_score_365d")),
    Trait(RACE, "may stand for", "Medicaid", "income, and so Medicaid, differs by race and origin",
          _group("Medicaid beside Medicare")),
    Trait(RACE, "may stand for", "social needs", "housing, work, food and family, as recorded by Z codes",
          _group("social needs")),
    Trait(RACE, "may stand for", "cost of care",
          "at equal illness less is spent on those who have less access (Obermeyer et al., Science 2019;366:447-453)",
          _group("cost of care")),
    Trait(RACE, "may stand for", "access to care",
          "visits kept, missed and booked, primary care and continuity depend on language, transport and trust",
          _group("appointments kept and missed", "visits booked", "primary care", "continuity",
                 "follow-up after earlier stays")),
    Trait(RACE, "may stand for", "emergency care", "used in the place of a practice by those who have none",
          lambda column: column.group == "care used" and "emergency" in column.name),
    Trait(RACE, "may stand for", "conditions of ancestry", "sickle cell disease and thalassaemia",
          _worded("sickle|thalass")),
    Trait(RACE, "may stand for", "enrolment", "gaps in coverage differ by income and origin",
          _group("time known to us", "managed care")),
)  # fmt: skip

DONE = (
    "Race, ethnicity, language, state and postal code are no inputs, whatever a source tells: no feature reads them.",
    (
        "One calibrator and one cut for each tier hold for everyone: no threshold differs by race, colour, national "
        "origin, sex, age or disability."
    ),
    (
        "Age, sex, Medicaid and entitlement stay inputs: they are told to the care manager as reasons, with the "
        "patient's own value. Nothing was reweighted, and no input was left out for what it may stand for."
    ),
)
ASKED = (
    f"{RULE} asks those who use a decision support tool in patient care to find the inputs that measure race, colour, "
    "national origin, sex, age or disability, and to mitigate the risk of discrimination. This section is material for "
    "that; it is no claim that anyone complies. Inputs are found by their declarations. Any diagnosis may be of a "
    "disability; named here are those of a lasting impairment, by their words."
)
HEADS = ("inputs about", "characteristic", "how", "columns", "share of what moves the scores", "strongest", "why")


def civil_rights(found: Recorded) -> Section:
    """The section, from the release's own columns."""
    rows = tuple(row for trait in TRAITS if (row := _row(trait, found)) is not None)
    flagged = {name for trait in TRAITS for name in trait.columns(found.release.columns)}
    whole = shown(Share(sum(found.share_of[name] for name in sorted(flagged))))
    counted = (
        f"{len(flagged)} of {len(found.release.columns)} columns measure a characteristic or may stand for one. "
        f"Together they make up {whole} of what moves the scores (mean |SHAP|). A column may stand in several rows."
    )
    parts = (
        Text(ASKED),
        Text(counted),
        Table("Inputs that measure a characteristic or may stand for one", HEADS, rows),
        Text("What was found in the groups:"),
        Items(groups_found(found)),
        Text("What was done:"),
        Items((*DONE, _judged(found))),
    )
    return Section("civil-rights", "Discrimination: 45 CFR 92.210", parts)


def groups_found(found: Recorded) -> tuple[str, ...]:
    """For each attribute that tells people apart, the groups with the lowest and the highest O/E of those told."""
    lines = found.findings["subgroups"]
    if not lines:
        return ("No attribute that tells people apart is recorded: nothing can be said of groups.",)
    return tuple(
        _ends(attribute, [line for line in lines if line["attribute"] == attribute])
        for attribute in dict.fromkeys(line["attribute"] for line in lines)
    )


def _ends(attribute: str, lines: Sequence[Mapping[str, Any]]) -> str:
    told = [line for line in lines if estimate(line.get("observed_to_expected")).value is not None]
    if len(told) < 2:
        return f"{attribute}: too few people with the outcome to compare groups."
    ordered = sorted(told, key=lambda line: (line["observed_to_expected"]["value"], line["group"]))
    low, high = (
        f"{line['group']} {shown(estimate(line['observed_to_expected']))}, {shown(estimate(line['sensitivity']))}"
        for line in (ordered[0], ordered[-1])
    )
    return f"{attribute}: observed over expected, and share of outcomes found in the high tier: from {low} to {high}."


def _row(trait: Trait, found: Recorded) -> tuple[Cell, ...] | None:
    names = trait.columns(found.release.columns)
    if not names:
        return None
    shares = found.share_of
    strongest = [name for name in sorted(names, key=lambda name: (-shares[name], name)) if shares[name] > 0]
    return (
        trait.about,
        trait.characteristic,
        trait.relation,
        len(names),
        Share(sum(shares[name] for name in names)),
        ", ".join(strongest[:NAMES_TOLD]) or "none moves a score",
        trait.why,
    )


def _judged(found: Recorded) -> str:
    if not found.fairness:
        return "Whether the list is fair to each group has not been judged for this release."
    return f"Whether the list is fair to each group was judged ({found.fairness}); see “Gates”."
