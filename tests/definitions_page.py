"""docs/definitions.md: the manual of the definitions, printed from the rules and the deck of vignettes.

python -m tests.definitions_page > docs/definitions.md
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from features.codes.grouping import Grouping
from features.codes.harms import COMPONENTS, HARMS, VERSION
from features.codes.readmission import HWR_EXCLUSIONS, PLANNED_DIAGNOSES, PLANNED_PROCEDURES, SURGERY
from features.codes.supplement import SUPPLEMENT
from features.codes.systems import ICD9CM, ICD10CM, ICD10PCS, System
from features.definitions.cohort import PREDICTION_RULES, Rule
from features.definitions.evidence import LAPSE_DAYS
from features.definitions.hwr import HWR_RULES
from features.definitions.outcomes import OUTCOMES
from features.definitions.outcomes.adverse import LOOK_BACKS
from features.definitions.outcomes.outcome import CLAIMS_RUN_OUT_DAYS
from features.definitions.planned import (
    ALWAYS_PLANNED_DIAGNOSIS,
    ALWAYS_PLANNED_PROCEDURE,
    POTENTIALLY_PLANNED,
)
from tests.spec.deck import CHAPTERS, VIGNETTES
from tests.spec.deck.vignette import KINDS, Vignette
from tests.spec.tables import parse

Line = Sequence[str]


def page() -> str:
    """The whole manual."""
    parts = [
        *_stays(),
        *_cohorts(),
        *_planned(),
        *_outcomes(),
        *_harms(),
        *_deck(),
    ]
    return "\n".join([_opening(), *_contents(parts), *parts]) + "\n"


def _contents(parts: Iterable[str]) -> list[str]:
    """A link to each heading of the first two ranks, as GitHub names them."""
    heads = [line for part in parts for line in part.splitlines() if re.match("##+ ", line)]
    ranks = [(len(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in heads]
    seen: Counter[str] = Counter()
    links = []
    for rank, words in ranks:
        anchor = _anchor(words)
        # of headings of one name GitHub numbers all but the first
        number = f"-{seen[anchor]}" if seen[anchor] else ""
        seen[anchor] += 1
        if rank < 4:
            links.append(f"{'  ' * (rank - 2)}- [{words}](#{anchor}{number})")
    return ["## Contents\n", *links, "\nWhat these rules give on whole networks: [figures](definitions-figures.md).\n"]


def _anchor(words: str) -> str:
    return re.sub("[^a-z0-9 -]", "", words.lower()).replace(" ", "-")


def _opening() -> str:
    return f"""# The definitions

This page is written by `python -m tests.definitions_page`; a test fails when it differs from the code. It says what a
stay, an index stay, a readmission and an adverse event are here, and shows each rule by {len(VIGNETTES)} tiny patients
that a clinician can check by hand. They run as tests: what stands here is what the program does.

To see the same for one stay of your own data, rule by rule:

    afterward explain-label STAY --store STORE

Two sets of rules are never mixed. Who is **scored** is decided from what was known at discharge. Who is **measured** is
decided afterwards, from what finally became known; nothing of it may reach a prediction.
"""


def _stays() -> list[str]:
    return [
        f"""## A stay

A stay is one continuous hospitalisation in short-term acute or critical access hospitals. What kind of hospital it was
is told by its CMS certification number, else by the directory's words; where neither decides, an inpatient bill is
taken for one of an acute hospital, and the report counts how many. A unit that bills under its hospital's own number is
told by its beds (room and board of psychiatry or rehabilitation and of nothing else), by the service that a message
names, or by the directory's words; the bill's word counts before the message's, and where they differ it is reported.

1. Word of one admission to one hospital on one day is word of one stay, whoever tells it: bills (type of bill 11x),
   hospital messages of an inpatient (ADT, class I), discharge notices.
2. Bills of one hospital are one stay when they share a night or tell the same days, when they are interim bills of
   one another (type of bill 112 to 114, or patient status 30; the next may begin up to a week later), or when the
   person came back on the day of discharge for the same principal diagnosis. A return on that day for another diagnosis
   is a readmission, and so is any return on the next day.
3. Two stays chain as a transfer only between two different acute hospitals, when the second began before the first
   ended, on that day or on the next. The discharge code is not asked. The outcome belongs to the last hospital, whose
   principal diagnosis decides the exclusions; whether a readmission was planned is told by the hospital that admitted,
   in its last word over all interim bills of that admission.
4. Long-term, rehabilitation, psychiatric and children's hospitals, units of such kinds and swing beds are no acute
   hospitals: what happens there is neither an index stay nor a readmission nor part of a transfer.
   Where messages tell of one long visit and the unit's bill stands within it, the acute stay ends on the day on which
   that bill begins, and what follows the bill is a stay of its own.
5. Observation and emergency visits are kept apart: they are no stays. Where a visit begins with them and goes on under
   the same number, the stay begins when a message says that the person is now an inpatient (A06), or on the bill's day
   of admission; a bill is from its day of admission, also where services of the days before stand on it.
6. When bill and message tell of one stay, the bill's word counts before the message's and the message's before a
   notice's; of days of discharge the latest counts. Where they differ, the difference is reported.
7. A stay whose end nobody tells is over when the person is admitted again (a transfer, where the next admission says
   that the person came from a hospital), or {LAPSE_DAYS} days after the last word of it. It then has no day of
   discharge and is no index stay.
8. Every stay is a version in time: what it was said to be from one moment until something revised it. A bill taken back
   counts until that was known.
"""
    ]


def _cohorts() -> list[str]:
    return [
        "## Who is scored\n",
        (
            "The prediction time is the moment of discharge, or the end of that day where only the day is known; where "
            "the news came later, but within a day, the moment it came. A discharge of which nobody knew within a day "
            "cannot be scored at discharge (`discharge known within a day`). Every rule can be decided at the "
            "prediction time, from what was known then ([time.md](time.md)). The first rule that leaves a "
            "stay out stands on its row. What nobody told excludes nobody.\n"
        ),
        *_rules(PREDICTION_RULES),
        "\n## Who is measured\n",
        (
            "After the CMS Hospital-Wide Readmission measure of 2021. Age and payer are a parameter; Medicare "
            "and 65 years "
            "where nothing else is asked for. A rule that cannot be asked of a source or a stay keeps it and "
            "is counted as "
            "not evaluable. Stays for COVID-19, which CMS left out from 2021 on, stay in.\n"
        ),
        *_rules(HWR_RULES),
        "",
    ]


def _rules(rules: Iterable[Rule]) -> list[str]:
    return _table(("rule", "what it keeps", "why"), [(rule.name, _says(rule), rule.sense) for rule in rules])


def _says(rule: Rule) -> str:
    return " ".join((inspect.getdoc(rule.keeps) or "").split())


def _planned() -> list[str]:
    def count(grouping: Grouping, label: str, *systems: System) -> str:
        return " / ".join(f"{len(grouping.codes(label, system)):,}" for system in systems)

    rows = [
        (
            "always planned diagnosis",
            "principal diagnosis",
            count(PLANNED_DIAGNOSES, "always_planned", ICD10CM, ICD9CM),
        ),
        ("acute diagnosis", "principal diagnosis", count(PLANNED_DIAGNOSES, "acute", ICD10CM, ICD9CM)),
        ("always planned procedure", "any procedure", count(PLANNED_PROCEDURES, "always_planned", ICD10PCS)),
        ("potentially planned procedure", "any procedure", count(PLANNED_PROCEDURES, "potentially_planned", ICD10PCS)),
        ("psychiatric", "principal diagnosis", count(HWR_EXCLUSIONS, "psychiatric", ICD10CM, ICD9CM)),
        ("rehabilitation", "principal diagnosis", count(HWR_EXCLUSIONS, "rehabilitation", ICD10CM, ICD9CM)),
        ("cancer", "principal diagnosis", count(HWR_EXCLUSIONS, "cancer", ICD10CM, ICD9CM)),
        ("surgery and gynaecology", "any procedure", count(SURGERY, "surgery_gynaecology", ICD10PCS)),
    ]
    supplement = len({code for label in SUPPLEMENT.labels for code in SUPPLEMENT.codes(label, ICD10CM)})
    return [
        "## Planned or not\n",
        (
            "The CMS planned-readmission algorithm, tables of 2021. A stay is planned when it holds "
            f"{ALWAYS_PLANNED_PROCEDURE}, begins for {ALWAYS_PLANNED_DIAGNOSIS}, or holds "
            f"{POTENTIALLY_PLANNED}. A principal "
            "diagnosis that the tables do not know counts as acute and is reported. Our supplement sorts "
            f"{supplement:,} diagnosis codes that are newer than CCS 2019.1 (U07.1, I5A, N18.30) by their "
            f"elders. ICD-9 "
            "procedures, and procedures newer than the tables, have no grouping: what needs one is reported as not "
            "evaluable, and such a stay counts as unplanned unless its diagnosis makes it planned.\n"
        ),
        *_table(("list", "asked of", "codes (ICD-10 / ICD-9)"), rows),
        "",
    ]


def _outcomes() -> list[str]:
    rows = [
        (
            f"`{outcome.name}`",
            outcome.says,
            f"{outcome.window.first} to {outcome.window.last}",
            "is itself the event" if outcome.death_counts else "label 0, `competing` death",
        )
        for outcome in OUTCOMES
    ]
    return [
        "## What happened next\n",
        (
            "A label is 1, 0, or unknown with its reason. Who dies without the event stays in. Only leaving "
            "the network or "
            "the end of the data makes a label unknown (and, for harm, a bill that does not tell whether its code was "
            "there on admission); an event that was seen before either still counts. What is "
            "seen of somebody after they left is not asked, since of those who left only some are seen again. The "
            "first readmission decides: if it was planned, the label is 0 and a later unplanned one does not count. "
            "That nothing "
            f"happened is known only when claims have run out, {CLAIMS_RUN_OUT_DAYS} days after the window.\n"
        ),
        *_table(("outcome", "what it is", "days after discharge", "death"), rows),
        "",
    ]


def _harms() -> list[str]:
    rows = []
    for component in COMPONENTS:
        label = component.needs[0]
        look_back = LOOK_BACKS[label]
        kind = "any code of its kind" if look_back.any_code else "the same code"
        codes = " with ".join(f"{len(HARMS.codes(need, ICD10CM)):,}" for need in component.needs)
        rows.append((component.wording, codes, f"{look_back.days} days, {kind}: {look_back.why}"))
    return [
        f"## Harm: our list (version {VERSION})\n",
        (
            "No published claims definition of an adverse event after discharge exists. This list is ours. It "
            "counts death, "
            "and emergency, observation or inpatient encounters that carry a code of harm new since discharge; on an "
            "inpatient bill only what was present on admission (Y, W, or told to be exempt: `1`; the principal "
            "diagnosis also without a flag, since it is what brought the person in), and only on the bill with which "
            "a stay begins. A blank flag on another code tells nothing: since 2011 (X12 5010) claims leave codes blank "
            "that CMS exempts, and hospitals outside prospective payment leave all of them so; CMS's list of exempt "
            "codes is not here. Where such a code alone would make the label 1, the label is not known. On ICD-9 data "
            "it is not evaluable.\n"
        ),
        (
            "**Its rates are not comparable with the 19 to 28 % of chart studies** (Forster 2003, Ann Intern "
            "Med 138:161: "
            "19 %; Forster 2004, CMAJ 170:345: 23 %; Tsilimingras 2015, JGIM 30:1164: 28 %). Those read notes "
            "and called "
            "people, and about two thirds of what they found were symptoms alone, which never reach a claim. A "
            "rate near "
            "theirs would be a sign of a wrong label.\n"
        ),
        *_table(("harm", "codes, shortened ones included", "when it is new"), rows),
        "",
    ]


def _deck() -> list[str]:
    hospitals = [f"{name} is {kind}" for name, kind in KINDS.items()]
    parts = [
        f"""## The deck: {len(VIGNETTES)} vignettes

The patient is a woman born on 1 March 1950, enrolled in Medicare from January 2023 to December 2024, in a network whose
files are complete to the end of 2024, unless the vignette says otherwise. Days without a year are of 2024. A bill is
known 40 days after discharge where nothing else is said; where no hospital message is told, each bill also tells a
notice on the day of discharge, as a source of claims alone declares it. {"; ".join(hospitals)}.

Under each vignette stands what is finally concluded, a row for each stay in an acute hospital: whether it is scored,
whether it is measured (or the first rule that leaves it out), and its 30-day label: 1 with the day of the readmission,
0 (with what came in its place, and when), or why it is not known. Other columns stand where a vignette is about them:
`harm` is the 21-day adverse event, `acute` any acute care, the name of a harm that harm by itself, `disputed` on what
bill and message disagree, `ended` how the stay is known to have ended. That files are complete to a day means that what
happened up to it has been delivered: what happened later may only not have come yet.
"""
    ]
    for chapter in CHAPTERS:
        parts += [f"### {chapter.title}\n", f"{chapter.says}\n"]
        for vignette in chapter.vignettes:
            parts += _vignette(vignette)
    return parts


def _vignette(vignette: Vignette) -> list[str]:
    parts = [f"#### {vignette.title}\n", f"{vignette.rule}\n"]
    default = Vignette("", "", "")
    if vignette.born != default.born:
        parts.append(f"Born {vignette.born}.\n")
    if vignette.covered != default.covered:
        spans = "; ".join(" to ".join(filter(None, (row["from"], row["to"]))) for row in parse(vignette.covered))
        payer = next((f" by a {row['payer']} payer" for row in parse(vignette.covered) if row.get("payer")), "")
        managed = " in managed care" if any(row.get("managed") == "1" for row in parse(vignette.covered)) else ""
        parts.append(f"Enrolled {spans}{payer}{managed}.\n")
    if vignette.files_end != default.files_end:
        parts.append(f"The files are complete to {vignette.files_end}.\n")
    for name, table in vignette.told.items():
        rows = parse(table)
        heads = [head for head in rows[0] if any(row[head] for row in rows)]
        parts += [*_table((name, *heads), [("", *(row[head] or "-" for head in heads)) for row in rows]), ""]
    concluded = parse(vignette.expected)
    if concluded:
        heads = list(concluded[0])
        parts += [*_table(("**concluded**", *heads), [("", *(r[h] or "-" for h in heads)) for r in concluded]), ""]
    else:
        parts.append("**Concluded**: no stay in an acute hospital.\n")
    return parts


def _table(heads: Line, rows: Iterable[Line]) -> list[str]:
    rule = "|" + "|".join("---" for _ in heads) + "|"
    return [f"| {' | '.join(heads)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)]


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201  # this is what the command is for
