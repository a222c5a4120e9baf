"""What the scorecard compares, each measure once: its name, its words, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass

from features.definitions.outcomes import ADVERSE_EVENT_21D, ED_VISIT_30D, READMISSION_30D, Outcome
from features.definitions.outcomes.mortality import DEATH_30D

FACILITY, PRACTICE, CLINICIAN = "facility", "practice", "clinician"
KINDS = (FACILITY, PRACTICE, CLINICIAN)
MANY = {FACILITY: "hospitals", PRACTICE: "practices", CLINICIAN: "clinicians"}


@dataclass(frozen=True)
class OfStays:
    """A measure of index stays: the share with an event, of hospitals, practices and clinicians."""

    name: str
    title: str
    outcome: Outcome
    event: str  # what happened to a stay, in the words of a question


@dataclass(frozen=True)
class OfMembers:
    """A measure of members: `counted` (see `features.definitions.profile.use`) in their months. `times` and `unit` say
    how it is told: so much for each `times` of a month.
    """

    name: str
    title: str
    counted: str
    unit: str
    times: float
    event: str


STAYS = (
    OfStays("readmission_30d", "Readmissions within 30 days", READMISSION_30D, "stays were followed by a readmission"),
    OfStays("adverse_event_21d", "Adverse events within 21 days", ADVERSE_EVENT_21D, "stays were followed by a harm"),
    OfStays("death_30d", "Deaths within 30 days of discharge", DEATH_30D, "stays were followed by a death"),
    OfStays(
        "ed_visit_30d", "Emergency visits within 30 days", ED_VISIT_30D, "stays were followed by an emergency visit"
    ),
)
A_THOUSAND_YEARS = 12_000.0  # a member's month is a twelfth of a year
MEMBERS = (
    OfMembers(
        "emergency_visits",
        "Emergency visits",
        "emergency_visits",
        "per 1,000 members a year",
        A_THOUSAND_YEARS,
        "emergency visits were made",
    ),
    OfMembers(
        "admissions",
        "Admissions",
        "admissions",
        "per 1,000 members a year",
        A_THOUSAND_YEARS,
        "admissions were counted",
    ),
    OfMembers(
        "duplicate_tests",
        "Duplicate tests",
        "duplicate_tests",
        "per 1,000 members a year",
        A_THOUSAND_YEARS,
        "tests were repeated sooner than they can tell anything new",
    ),
    OfMembers("cost", "Cost per member per month", "cents", "dollars a month", 0.01, "dollars were paid"),
)
