"""What is taken for granted when money is foretold, each with where it comes from. Change it here, in the open.

An effect is a relative risk of those to whom help after discharge was offered, by trials, beside those to whom it was
not. No trial was of this list and these calls. What nobody measured is said to be assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

ASSUMED = "assumed"


@dataclass(frozen=True)
class Effect:
    """A relative risk with its 95 % interval, of an outcome."""

    name: str
    outcome: str
    ratio: float
    low: float
    high: float
    source: str


@dataclass(frozen=True)
class Range:
    """A figure between two ends that it will hardly leave: drawn from a triangle over them, the figure on top."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    source: str


EFFECTS = (
    Effect(
        "trials together",
        "readmission_30d",
        0.82,
        0.73,
        0.91,
        "Leppin and others, JAMA Intern Med 2014;174:1095-1107: 42 randomised trials of help around discharge",
    ),
    Effect(
        "a good programme",
        "readmission_30d",
        0.695,
        0.515,
        0.937,
        "Jack and others, Ann Intern Med 2009;150:178-187: one trial (Project RED); readmissions and emergency visits",
    ),
    Effect(
        "no effect found",
        "readmission_30d",
        1.01,
        0.90,
        1.12,
        "Finkelstein and others, N Engl J Med 2020;382:152-162: one trial in people of very high use, within 180 days; "
        "the ratio is ours, from 61.7 % and a difference of 0.82 points (-5.97 to 7.61)",
    ),
)
REACHED = Range("share of those called who are reached", 0.70, 0.50, 0.85, "", ASSUMED)
CALL_DOLLARS = Range("cost of a call with what follows from it", 60.0, 30.0, 120.0, "dollars", ASSUMED)
EVENT_DOLLARS_SPREAD = 0.10  # of a cost of an event that is given by hand, as its standard error; assumed


def effects_on(outcome: str) -> tuple[Effect, ...]:
    """The declared effects on an outcome; none where no trial is declared."""
    return tuple(effect for effect in EFFECTS if effect.outcome == outcome)
