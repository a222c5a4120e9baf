"""docs/measures.md, written from the measures: `python -m tests.measures_page > docs/measures.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from features.measures import MEASURES
from features.measures.check import BROKEN_CASES
from features.measures.edition import Edition
from features.measures.measure import Criterion, Group, Measure, value_sets_of


def page() -> str:
    """The whole page."""
    return "\n".join([_opening(), *(line for measure in MEASURES for line in _measure(measure))]) + "\n"


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
