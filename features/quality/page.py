"""All rules asked of a store, as one page and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from features.errors import BadDeclaration
from features.pages.content import NONE, WITHHELD, Cell, Facts, Page, Section, Share, Table, Text
from features.pages.few import few
from features.pages.write import as_json, html, save
from features.quality import claims, codes, lag, loads, months, people, values
from features.quality.rule import Finding, Rule, Verdict, worst
from features.quality.seen import Seen, see

RULES: tuple[Rule, ...] = (
    *months.RULES,
    *lag.RULES,
    *values.RULES,
    *codes.RULES,
    *people.RULES,
    *claims.RULES,
    *loads.RULES,
)
FOOT = (
    "Made by `afterward check`. Counts and shares only: nothing is told of fewer than 11 people. A rule is asked of "
    "each source, table or column on its own; its verdict is the worst of these."
)
WORST_SHOWN = 25


@dataclass(frozen=True)
class Checked:
    """A rule with what it found."""

    rule: Rule
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst that it found."""
        return worst(self.findings)


def check(seen: Seen) -> tuple[Checked, ...]:
    """Ask every rule."""
    if len({rule.name for rule in RULES}) != len(RULES):
        raise BadDeclaration(got="two rules of one name", expected="one", do="Rename one.")
    return tuple(Checked(rule, rule.find(seen)) for rule in RULES)


def page(seen: Seen, checked: tuple[Checked, ...]) -> Page:
    """The verdicts first, then what they rest on."""
    return Page(
        title="Data quality",
        kind="Check of a store",
        lead="Whether what was loaded is whole, possible and in time: what a network should know before it trusts it.",
        sections=(
            _summary(seen, checked),
            _rules(checked),
            loads.section(seen),
            months.section(seen),
            lag.section(seen),
            people.section(seen),
            codes.section(seen),
            _details(checked),
            values.nulls_section(seen),
        ),
        foot=FOOT,
    )


def write(store: Path, out: Path) -> tuple[tuple[Checked, ...], tuple[Path, ...]]:
    """Check a store and write `check.html` and `check.json` into a folder."""
    seen = see(store)
    checked = check(seen)
    made = page(seen, checked)
    return checked, save({"check.html": html(made), "check.json": as_json(made)}, out)


def in_words(checked: tuple[Checked, ...]) -> str:
    """How many rules say what: `20 pass, 1 warn, 1 fail, 2 not judged`."""
    counts = Counter(one.verdict for one in checked)
    order = (Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.NOT_JUDGED)
    return ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in order)


def _summary(seen: Seen, checked: tuple[Checked, ...]) -> Section:
    facts: dict[str, Cell] = {
        "Rules": in_words(checked),
        "Fail": _named(checked, Verdict.FAIL),
        "Warn": _named(checked, Verdict.WARN),
        "Formats": ", ".join(seen.by_reader) or NONE,
        "Loads": len(seen.batches),
        "Fingerprint of the data": seen.record.fingerprint,
        "No source tells": ", ".join(seen.record.lacks) or "nothing is lacking",
    }
    found = [(one, finding) for one in checked for finding in one.findings]
    bad = [(one, f) for one, f in found if f.verdict in (Verdict.WARN, Verdict.FAIL)]
    bad.sort(key=lambda pair: pair[1].verdict is not Verdict.FAIL)
    rows = tuple((f.verdict.value, one.rule.name, f.about, *_counts(f)) for one, f in bad)
    heads = ("verdict", "rule", "of", "rows", "in all", "share")
    table = Table("What should be looked at", heads, rows) if rows else Text("No rule warns or fails.")
    return Section("summary", "Summary", (Facts(facts), table))


def _named(checked: tuple[Checked, ...], verdict: Verdict) -> str:
    return ", ".join(f"`{one.rule.name}`" for one in checked if one.verdict is verdict) or "none"


def _rules(checked: tuple[Checked, ...]) -> Section:
    rows = tuple(
        (one.rule.name, one.verdict.value, one.rule.looks_for, one.rule.limit, one.rule.why) for one in checked
    )
    return Section("rules", "Rules", (Table("Every rule", ("rule", "verdict", "looks for", "limit", "why"), rows),))


def _details(checked: tuple[Checked, ...]) -> Section:
    """What each rule found, the worst first."""
    parts = []
    for one in checked:
        found = sorted(one.findings, key=lambda f: -(f.bad / f.of if f.of else -1))
        if found:
            rows = tuple((f.about, f.verdict.value, *_counts(f)) for f in found[:WORST_SHOWN])
            more = f"The {WORST_SHOWN} worst of {len(found)}." if len(found) > WORST_SHOWN else ""
            parts.append(Table(one.rule.name, ("of", "verdict", "rows", "in all", "share"), rows, more))
    return Section("found", "What each rule found", tuple(parts))


def _counts(finding: Finding) -> tuple[Cell, Cell, Cell]:
    """Rows found, rows in all and their share; withheld where these, or all others, are of a few people."""
    hides = finding.people is not None and (few(finding.people) or few(finding.of - finding.bad))
    share: Cell = Share(finding.bad / finding.of) if finding.of else None
    whole: Cell = WITHHELD if finding.people is not None and few(finding.of) else finding.of
    return (WITHHELD if hides else finding.bad, whole, WITHHELD if hides else share)
