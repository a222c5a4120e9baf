"""The rules of the work after a discharge: by when, what counts as contact, and which steps to go through.

Transitional care management (CPT 99495, 99496; CMS): first contact by the end of the second business day after the
discharge to the community, or two documented tries by then; a visit within 7 days (high complexity) or 14; medicines
reconciled no later than that visit. The steps are the sense of Project RED and of these rules in our own words.
"""

from __future__ import annotations

from dataclasses import dataclass

from features import windows

CONTACT_BUSINESS_DAYS = 2
TRIES_THAT_COUNT = 2
VISIT_DAYS = {"99496": 7, "99495": 14}
PERIOD_DAYS = 30
IN_A_FACILITY = ("skilled nursing", "rehabilitation", "long-term care", "nursing facility", "psychiatric hospital")


@dataclass(frozen=True)
class Step:
    """One step of the protocol: the word that is kept, and what to ask or do."""

    name: str
    says: str


STEPS = (
    Step("understood", "Knows why they were in hospital, in their own words"),
    Step("medicines", "Every medicine gone through: started, stopped, changed, and whether it is in the house"),
    Step("symptoms", "Which signs mean trouble, and whom to call day and night"),
    Step("visit", "A visit is booked, and there is a way to get there"),
    Step("results", "Results still to come: which, and who looks at them"),
    Step("services", "Home care, equipment and help at home have arrived"),
    Step("diet", "What to eat, drink and do, and what not yet"),
    Step("summary", "The practice has the discharge summary"),
    Step("caregiver", "Who helps at home knows the plan too"),
)
FACILITY_STEPS = (
    Step("facility contact", "Spoke with the nurse in charge at the facility"),
    Step("facility medicines", "The facility's medicines agree with the hospital's list"),
    Step("facility results", "The facility knows of results still to come"),
    Step("facility plan", "Day on which they expect to send the person home"),
)


def due_day(clock_day: int | None) -> int | None:
    """The last day for first contact; null while the clock has not started."""
    return None if clock_day is None else windows.business_days_after(clock_day, CONTACT_BUSINESS_DAYS)


def clock_starts(discharge_day: int, whereabouts: str) -> int | None:
    """The day of discharge to the community; null while somebody is in another facility."""
    return None if whereabouts in IN_A_FACILITY else discharge_day


def contact_made(due: int | None, day: int, tries: int) -> bool:
    """Whether so many documented tries, the last of them on a day, count as first contact."""
    return tries >= TRIES_THAT_COUNT and due is not None and day <= due


def visit_by(clock_day: int | None, tier: str) -> tuple[int, str] | None:
    """By when a visit, and under which number it is billed: within 7 days for those at high risk, else 14."""
    if clock_day is None:
        return None
    number = "99496" if tier == "high" else "99495"
    return clock_day + VISIT_DAYS[number], number


def steps_of(whereabouts: str) -> tuple[Step, ...]:
    """The protocol for somebody at home, or in another facility."""
    return FACILITY_STEPS if whereabouts in IN_A_FACILITY else STEPS
