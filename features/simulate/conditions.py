"""Chronic conditions of the simulated people: who has them, since when, and how they are written on bills.

Prevalences and odds are invented, of the size that a Medicare network shows. Codes are ICD-10-CM (2024).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from features.simulate.frame import NO_DAY, Flags, Floats, Ints


@dataclass(frozen=True)
class Condition:
    """`log_odds` of having it at 70 with average frailty; `per_decade` and `frailty` and `given` add to them.

    `onset` is the share of those who have it whose onset falls inside the simulated years.
    """

    key: str
    codes: tuple[str, ...]
    log_odds: float
    per_decade: float
    frailty: float = 0.3
    given: tuple[tuple[str, float], ...] = field(default=())
    requires: str = ""
    onset: float = 0.12


CONDITIONS: tuple[Condition, ...] = (
    Condition("hypertension", ("I10",), 0.6, 0.35, 0.3),
    Condition("lipids", ("E785", "E782", "E7800"), 0.1, 0.15, 0.2),
    Condition("diabetes", ("E119", "E1165"), -0.9, 0.05, 0.4, (("hypertension", 0.5),)),
    Condition("diabetes complicated", ("E1122", "E1142", "E1151"), -0.2, 0.1, 0.5, (), "diabetes", 0.25),
    Condition("obesity", ("E669", "E6601"), -1.0, -0.3, 0.2, (("diabetes", 0.7),)),
    Condition("coronary disease", ("I2510", "I25110"), -1.7, 0.45, 0.4, (("hypertension", 0.5), ("lipids", 0.5))),
    Condition(
        "heart failure",
        ("I5022", "I5032", "I509"),
        -2.6,
        0.55,
        0.7,
        (("coronary disease", 1.0), ("hypertension", 0.4), ("diabetes", 0.4)),
        "",
        0.25,
    ),
    Condition("atrial fibrillation", ("I480", "I4820", "I4891"), -2.3, 0.65, 0.3, (("heart failure", 1.0),)),
    Condition(
        "kidney disease 3",
        ("N1830", "N1831", "N1832"),
        -2.0,
        0.5,
        0.5,
        (("diabetes complicated", 1.1), ("hypertension", 0.5), ("heart failure", 0.5)),
        "",
        0.25,
    ),
    Condition("kidney disease 4", ("N184", "N185", "N186"), -1.6, 0.0, 0.5, (), "kidney disease 3", 0.4),
    Condition("lung disease", ("J449",), -2.0, 0.15, 0.6, (("heart failure", 0.4),)),
    Condition("asthma", ("J45909",), -2.5, -0.25, 0.1),
    Condition("dementia", ("G309", "F0390", "F0280"), -3.1, 0.95, 0.5, (), "", 0.3),
    Condition("depression", ("F32A", "F330", "F331"), -1.7, -0.15, 0.6),
    Condition("anxiety", ("F411", "F419"), -1.8, -0.2, 0.3, (("depression", 1.2),)),
    Condition("substance use", ("F1120", "F1910"), -3.2, -0.5, 0.7, (("depression", 0.7),)),
    Condition("alcohol use", ("F1020",), -3.1, -0.35, 0.5, (("depression", 0.5),)),
    Condition("liver disease", ("K7460", "K7030", "K766"), -3.9, -0.1, 0.4, (("alcohol use", 2.0),), "", 0.3),
    Condition("cancer", ("C3490", "C61", "C189", "C50919"), -2.3, 0.35, 0.2, (), "", 0.35),
    Condition("metastasis", ("C7951", "C787", "C7800"), -1.1, 0.0, 0.3, (), "cancer", 0.6),
    Condition("stroke", ("Z8673", "I69354"), -2.5, 0.5, 0.4, (("atrial fibrillation", 0.5), ("hypertension", 0.4))),
    Condition("arterial disease", ("I739", "I70213"), -2.5, 0.4, 0.4, (("diabetes", 0.6),)),
    Condition("osteoarthritis", ("M170", "M1711", "M1712", "M1611"), -0.9, 0.3, 0.3),
    Condition("osteoporosis", ("M810",), -2.0, 0.5, 0.2),
    Condition("thyroid", ("E039",), -1.8, 0.15, 0.1),
    Condition("anaemia", ("D649", "D631"), -2.0, 0.35, 0.6, (("kidney disease 3", 0.8),)),
    Condition("frailty", ("R54", "R627"), -3.2, 0.8, 1.0, (("dementia", 0.6),), "", 0.3),
    Condition("malnutrition", ("E440", "E46"), -3.6, 0.3, 0.8, (("metastasis", 1.2), ("frailty", 1.0)), "", 0.4),
    Condition("parkinsonism", ("G20A1",), -4.0, 0.5, 0.1),
    Condition("lives alone", ("Z602",), -2.0, 0.2, 0.1),
    Condition("hardship", ("Z5941", "Z5982"), -2.8, -0.2, 0.3),
    Condition("sleep apnoea", ("G4733",), -1.9, -0.1, 0.2, (("obesity", 1.0),)),
)

NAMES: tuple[str, ...] = tuple(condition.key for condition in CONDITIONS)
INDEX: dict[str, int] = {name: position for position, name in enumerate(NAMES)}


def onsets(random: np.random.Generator, age: Floats, frailty: Floats, start: int, end: int) -> Ints:
    """Onset day of each condition, shape (people, conditions); NO_DAY where a person never has it."""
    have: list[Flags] = []
    days = np.full((len(age), len(CONDITIONS)), NO_DAY, dtype=np.int64)
    for position, condition in enumerate(CONDITIONS):
        log_odds = condition.log_odds + condition.per_decade * (age - 70) / 10 + condition.frailty * frailty
        # Medicare covers people under 65 because they are disabled, and they carry more illness than their age says
        log_odds = log_odds + np.where(age < 65, 0.35, 0.0)
        for other, weight in condition.given:
            log_odds = log_odds + weight * have[INDEX[other]]
        ill = random.random(len(age)) < 1 / (1 + np.exp(-log_odds))
        if condition.requires:
            ill &= have[INDEX[condition.requires]]
        have.append(ill)
        late = random.random(len(age)) < condition.onset
        earliest = days[:, INDEX[condition.requires]] if condition.requires else np.full(len(age), start - 1)
        inside = np.maximum(earliest, start) + random.random(len(age)) * (end - np.maximum(earliest, start))
        onset = np.where(late, inside.astype(np.int64), np.maximum(earliest, start - 400))
        days[ill, position] = onset[ill]
    return days


def active(onset: Ints, day: Ints) -> Flags:
    """Which conditions are there on a day: shape of `onset`, one day for each row."""
    return np.asarray((onset != NO_DAY) & (onset <= day[:, None]), dtype=np.bool_)
