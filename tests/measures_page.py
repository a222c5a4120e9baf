"""docs/measures.md, written from the measures: `python -m tests.measures_page > docs/measures.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from features.codes.systems import SYSTEMS
from features.measures import MEASURES
from features.measures.check import BROKEN_CASES
from features.measures.claims import KIND_OF_VISIT, KINDS_OF_VISIT
from features.measures.edition import Edition
from features.measures.evaluable import KNOWN_SHARE, MANY
from features.measures.measure import Criterion, Group, Measure, value_sets_of
from features.measures.shipped import SHIPPED, codes_of
from features.measures.transitions import TRANSITIONS
from features.measures.transitions.discharges import PERIOD_DAYS


def page() -> str:
    """The whole page."""
    parts = [_opening(), *(line for measure in MEASURES for line in _measure(measure)), *_transitions()]
    parts += [_of_claims(), *_sets()]
    return "\n".join(parts) + "\n"


def _opening() -> str:
    return f"""# The quality measures

This page is written by `python -m tests.measures_page` from the declarations in `features/measures`; a test fails when
it differs from the code.

A measure asks who should get what care, by when. Everybody who meets all criteria of the initial population is in the
denominator. Whoever meets a criterion of the exclusions is left out and is in no other population; whoever meets one of
the numerator has the care (or, where a low rate is good, the harm) that the measure is about; an exception counts only
for those who do not. The logic is that of the published electronic clinical quality measures (CQL of
`cqframework/ecqm-content-qicore-2024` and `-2025`), year by year: an edition is chosen by the name of the deck.

Two things in the logic are CMS's own and would be decided otherwise by a clinician: in 2024 a medicine that a
prescription names by reference to an entry of its own is overlooked, and a condition that is no longer active, whose
end nobody told, does not count in any period.

The official cases that are known to be broken, and are not counted: {", ".join(f"`{case}`" for case in BROKEN_CASES)}.
"""


def _transitions() -> Iterator[str]:
    yield f"""## What a discharge, an emergency visit or a new year opens

Beside the published measures, what is due after somebody went home. The last discharge that was known counts, for
{PERIOD_DAYS} days; how somebody left is not always told, and then the person is taken to have gone home. Excluded is
who went to hospice or on to another facility, or is in hospital again; the dead have no gaps. Care after the day on
which it was due closes a gap late, and `why` says so. A visit that is booked is named as the next step. On claims alone
a visit is seen when its claim comes, weeks later: hospital messages and bookings tell earlier. Calls that a network
records itself are not in the record yet.

Each is named in `--measure` by the name in brackets.
"""
    for each in TRANSITIONS:
        needs = "; ".join(" or ".join(group) for group in dict.fromkeys(each.needs))
        yield f"### {each.title} (`{each.name}`)\n"
        yield f"{each.evidence}.\n"
        yield f"- opened by {each.opened_by}"
        yield f"- due: {each.due_in_words}"
        yield f"- closed by {each.closed_by}"
        yield f"- not evaluable without: {needs}\n"


def _of_claims() -> str:
    return f"""## What claims tell

The published logic is written for a provider's record. Where a network has claims, fills and results instead, or
beside it, they are read as follows, always as netted on the day that is asked about: what was taken back by then counts
for nothing, what came later is not known yet.

- An encounter: a line with such a number, or of the same kind of visit ({", ".join(KINDS_OF_VISIT)}). It is finished.
- Discharged to hospice: the patient status of the bill (50, 51).
- A condition: a diagnosis on a claim that is not a laboratory's. It is a diagnosis of an encounter and, since claims
  have no problem list, also stands where an entry of one is asked for. What the chronic condition indicator calls
  chronic goes on from the first day of the claim, anything else lasts as long as the claim.
- A procedure that was completed: one listed on a claim, or a line with its number.
- A result: nothing. A bill for a test is no result; results come from laboratory files.
- A blood pressure: a systolic and a diastolic value of the same moment, where a source tells no wholes. None counts
  that was taken on a day in hospital or in an emergency department.
- A medicine that was ordered, or is taken: a fill, ordered by its day, taken for as many days as it lasts. Packages are
  known by `features/codes/medicines.py`; where fewer than {KNOWN_SHARE:.0%} of the fills are, and nobody tells
  prescriptions, the measure is not evaluable.
- An order of a service, an allergy, what was not done and why: nothing. A claim is no order and no refusal.

So on claims alone fewer people are seen to be left out (frailty by devices, refusals, allergies) than in a clinical
record. Where {MANY} people or more have a gap and nobody closed one in this year or the last, the store does not tell
of the care, and the measure is not evaluable.
"""


def _sets() -> Iterator[str]:
    yield """## The value sets that come with Afterward

They stand in where nobody has imported the published ones, and are told to be in part where they are. A measure whose
gaps could not be seen to be closed by them is not worked out. Of those that only put people in or leave people out,
some codes may lack: then people are missed who are told by those codes alone.
"""
    yield "| value set | codes that come | lacks codes of |"
    yield "|---|---|---|"
    for each in sorted(SHIPPED, key=lambda one: one.of.name):
        systems = Counter(system for system, _ in codes_of(each))
        come = ", ".join(f"{count} {_TITLES[system]}" for system, count in sorted(systems.items()))
        yield f"| {each.of.name} | {come or 'none'} | {', '.join(each.lacks) or 'nothing'} |"


_TITLES = {system.name: system.title for system in SYSTEMS} | {KIND_OF_VISIT: "kind of visit"}


def _measure(measure: Measure) -> Iterator[str]:
    good = "A high rate is good care." if measure.better == "higher" else "A low rate is good care."
    yield f"## {measure.cms}: {measure.title}\n"
    yield f"{good} {measure.evidence}.\n"
    yield from _editions(measure)
    shared = {group.exclusions + group.numerator + (group.exceptions or ()) for group in measure.groups}
    if len(measure.groups) == 1 or len(shared) > 1:
        for group in measure.groups:
            yield _populations(group)
    else:
        yield "Groups, each a rate of its own:\n"
        for number, group in enumerate(measure.groups):
            yield f"{number}. initial population: {_all(group.initial)}"
        yield "\nIn every group:\n"
        yield _populations(measure.groups[0], initial=False)


def _editions(measure: Measure) -> Iterator[str]:
    yield "| edition | name of the deck | ages | value sets that it asks for |"
    yield "|---|---|---|---|"
    for edition in measure.editions:
        names = ", ".join(f"`{name}`" for name in edition.names)
        yield f"| {edition.year} | {names} | {_ages(edition)} | {len(value_sets_of(measure, edition))} |"
    yield ""


def _ages(edition: Edition) -> str:
    youngest, oldest = edition.ages
    if (youngest, oldest) == (0, 200):
        return "as its criteria say"
    return f"{youngest} or older" if oldest == 200 else f"{youngest} to {oldest}"


def _populations(group: Group, initial: bool = True) -> str:
    lines = [f"- initial population: {_all(group.initial)}"] if initial else []
    lines.append(f"- exclusions: {_any(group.exclusions)}")
    lines.append(f"- numerator: {_any(group.numerator)}")
    lines.append(f"- the gap closes by {group.closes}")
    if group.steps:
        lines.append(f"- the next step, by what is known: {_any(group.steps)}")
    if group.exceptions is not None:
        lines.append(f"- exceptions: {_any(group.exceptions)}")
    return "\n".join(lines) + "\n"


def _all(criteria: Sequence[Criterion]) -> str:
    return " and ".join(each.says for each in criteria)


def _any(criteria: Sequence[Criterion]) -> str:
    return "; or ".join(each.says for each in criteria)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
