"""People and their enrolment: who is told without being a person of the record, and how continuous coverage is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from features import windows
from features.pages.content import WITHHELD, Cell, Facts, Part, Section, Share, Text
from features.pages.few import few, withheld
from features.pages.figures import Axes, Series, curves
from features.quality.months import Month, month_name, steady
from features.quality.rule import Finding, Limits, Rule, Verdict, told
from features.quality.seen import Seen
from features.record.tables import CLAIM_LINE, COVERAGE, DISPENSING, PERSON, PERSON_MERGE

UNTOLD = Limits(warn=0.02, fail=0.1)
BROKEN = Limits(warn=0.1, fail=0.3)
OUTSIDE = Limits(warn=0.05, fail=0.2)
FALL = Limits(warn=0.1, fail=0.3)
FEWEST_ENROLLED = 44  # of fewer a fall may be chance


@dataclass(frozen=True)
class Enrolment:
    """`by_month`: people enrolled in each month; `people` ever enrolled, `broken` of them with a month missing between
    two; `billed` claim rows of months within somebody's first and last enrolled month, `outside` of them in a month
    without, of `outside_people`.
    """

    by_month: dict[int, int]
    people: int
    broken: int
    billed: int
    outside: int
    outside_people: int


def enrolment(seen: Seen) -> Enrolment | None:
    """How people were enrolled; null where no month of coverage was told."""
    return seen.keep("enrolment", _enrolment)


def _enrolment(seen: Seen) -> Enrolment | None:
    import ibis

    rows = seen.record[COVERAGE]
    rows = rows.filter(rows.from_day.notnull())
    months = rows.select("person_id", month=windows.expression_of_month_start(rows.from_day)).distinct()
    by_month = seen.rows(months.group_by("month").aggregate(people=months.count()).order_by("month"))
    if not by_month:
        return None
    own = ibis.window(group_by="person_id", order_by="month")
    # two neighbouring months begin at most 31 days apart
    gaps = months.mutate(gap=(months.month - months.month.lag().over(own)) > 31)
    spans = gaps.group_by("person_id").aggregate(
        first=gaps.month.min(), last=gaps.month.max(), broken=gaps.gap.fill_null(False).any()
    )
    [people] = seen.rows(spans.aggregate(people=spans.count(), broken=spans.broken.cast("int64").sum()))
    bills = [seen.record[table].select("person_id", "from_day") for table in (CLAIM_LINE, DISPENSING)]
    billed = bills[0].union(bills[1])
    billed = billed.filter(billed.from_day.notnull())
    billed = billed.mutate(month=windows.expression_of_month_start(billed.from_day))
    # before somebody was first enrolled nothing need be told of them, and after the last month a file may be to come
    within = billed.inner_join(spans, "person_id").filter(lambda t: t.month.between(t.first, t.last))
    matched = within.left_join(months.mutate(enrolled=1), ["person_id", "month"])
    outside = matched.enrolled.isnull()
    [claims] = seen.rows(
        matched.aggregate(
            billed=matched.count(),
            outside=outside.cast("int64").sum().fill_null(0),
            who=matched.person_id.nunique(where=outside),
        )
    )
    return Enrolment(
        {int(one["month"]): int(one["people"]) for one in by_month},
        int(people["people"]),
        int(people["broken"]),
        int(claims["billed"]),
        int(claims["outside"]),
        int(claims["who"]),
    )


def _untold(seen: Seen) -> tuple[Finding, ...]:
    """Of each table the people who have no row in `person`, and all together."""
    known = seen.record[PERSON].select("person_id").distinct()
    if not seen.rows(known.limit(1)):
        return ()
    found = []
    for table in (table for table in seen.tables if table.about == "person" and table not in (PERSON, PERSON_MERGE)):
        people = seen.record[table].select("person_id").distinct()
        strange = people.anti_join(known, "person_id")
        [of], [bad] = (seen.rows(these.aggregate(n=these.count())) for these in (people, strange))
        found.append(Finding(table.name, bad["n"], of["n"], bad["n"], UNTOLD.verdict(bad["n"], of["n"])))
    return tuple(found)


def _broken(seen: Seen) -> tuple[Finding, ...]:
    made = enrolment(seen)
    if made is None:
        return ()
    verdict = BROKEN.verdict(made.broken, made.people)
    return (Finding("coverage", made.broken, made.people, made.broken, verdict),)


def _outside(seen: Seen) -> tuple[Finding, ...]:
    made = enrolment(seen)
    if made is None:
        return ()
    verdict = OUTSIDE.verdict(made.outside, made.billed)
    return (Finding("claim_line and dispensing", made.outside, made.billed, made.outside_people, verdict),)


def _falls(seen: Seen) -> tuple[Finding, ...]:
    """The steepest fall of enrolment from a month to the next, up to the month of the load."""
    made = enrolment(seen)
    if made is None:
        return ()
    told_ = {month: people for month, people in made.by_month.items() if month <= seen.loaded_day}
    # where the feed ends everybody's enrolment does
    _, span = steady({month: Month(people, people) for month, people in told_.items()}, seen.loaded_day)
    steps = [(told_.get(before, 0), told_.get(after, 0), after) for before, after in pairwise(span)]
    steps = [step for step in steps if step[0] >= FEWEST_ENROLLED]
    if not steps:
        return (Finding("coverage", 0, 0, None, Verdict.NOT_JUDGED),)
    before, after, month = max(steps, key=lambda step: (step[0] - step[1]) / step[0])
    lost, whole = max(0, before - after), before
    verdict = FALL.verdict(lost, whole)
    at = f" ({month_name(month)})" if verdict in (Verdict.WARN, Verdict.FAIL) else ""
    return (Finding(f"coverage{at}", lost, whole, lost, verdict),)


RULES = (
    Rule(
        "person_not_told",
        "people with rows in a table and none in `person`",
        told(UNTOLD, "the people of a table"),
        "Without birth and sex most rules of care cannot be asked; often two files number people differently.",
        _untold,
    ),
    Rule(
        "enrolment_broken",
        "people with a month missing between two enrolled ones",
        told(BROKEN, "the people ever enrolled"),
        "Nobody knows what happened in a month without coverage; an outcome in it is not seen.",
        _broken,
    ),
    Rule(
        "enrolment_falls",
        "the steepest fall of the number enrolled from a month to the next",
        told(FALL, "the month before"),
        "A part of the members was left out of a file.",
        _falls,
    ),
    Rule(
        "care_outside_enrolment",
        "claims in months in which the person was not enrolled, between enrolled ones",
        told(OUTSIDE, "the claim rows of enrolled people"),
        "Eligibility and claims come from different populations, or one of the two is not whole.",
        _outside,
    ),
)


def section(seen: Seen) -> Section:
    """Enrolment by month and how continuous it is."""
    made = enrolment(seen)
    if made is None:
        return Section("enrolment", "Enrolment", (Text("No month of coverage was told."),))
    hides = few(made.broken)
    outside: Cell = Share(made.outside / made.billed) if made.billed else None
    facts: dict[str, Cell] = {
        "People ever enrolled": WITHHELD if few(made.people) else made.people,
        "With a month missing between two": WITHHELD if hides else made.broken,
        "Share of them": WITHHELD if hides or few(made.people) else Share(made.broken / made.people),
        "Claims in months without enrolment": WITHHELD if few(made.outside_people) else outside,
    }
    span = windows.month_starts(min(made.by_month), max(made.by_month))
    counts = [made.by_month.get(month, 0) for month in span]
    shown = [
        (windows.year_of(month) + (int(month_name(month)[5:]) - 1) / 12, float(count))
        for month, count, hidden in zip(span, counts, withheld(counts), strict=True)
        if not hidden
    ]
    parts: list[Part] = [Facts(facts)]
    if shown:
        line = Series("people", [year for year, _ in shown], [count for _, count in shown])
        says = "How many people were enrolled in each month; months of fewer than 11 people are left out."
        axes = Axes("year", "people enrolled", y_ends=(0, None))
        parts.append(curves("enrolled", "People enrolled by month", says, axes, [line]))
    return Section("enrolment", "Enrolment", tuple(parts))
