"""What a flag asks. A flag is a question to those who know, never a verdict: records, case mix and chance all err."""

from __future__ import annotations

from serving.committee.scorecard.judged import MORE, Judged, Unit
from serving.committee.scorecard.measures import MEMBERS, STAYS, OfStays

MEASURES = {measure.name: measure for measure in (*STAYS, *MEMBERS)}


def question(of: Judged, unit: Unit) -> str:
    """One sentence with a question mark; counts are left out where they would lead back to a few people."""
    measure = MEASURES[of.measure]
    whose = "stays" if isinstance(measure, OfStays) else "members"
    if unit.observed is None:
        direction = "more" if unit.reading == MORE else "fewer"
        return f"{unit.name}: why {direction} {measure.title.lower()} than elsewhere, for {whose} like theirs?"
    seen, expected = amount(of.measure, unit.observed), amount(of.measure, unit.expected, 1)
    told = f"{seen} of {unit.rows:,} {measure.event}" if isinstance(measure, OfStays) else f"{seen} {measure.event}"
    ends = f"{unit.ratio.low:.2f} to {unit.ratio.high:.2f}"
    why = (
        "Is it care, coding, or patients who differ in what no record tells?"
        if unit.reading == MORE
        else "Is there something to learn from here, or is something not recorded?"
    )
    ratio = f"O/E {unit.ratio.value:.2f} ({ends})"
    return f"{unit.name}: {told}, {expected} would be expected of {whose} like theirs; {ratio}. {why}"


def amount(measure: str, number: float, digits: int = 0) -> str:
    """A count, or dollars of cents."""
    return f"{number / 100 if measure == 'cost' else number:,.{digits}f}"
