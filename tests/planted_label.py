"""Discharges of a simulated network without its files: label, risk, illness and race, as planted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.simulate import ambulatory, courses, delivery, therapies
from features.simulate.ground import ground
from features.simulate.population import RACES, Period, people
from features.windows import first_day_of_year

# what tells of illness and no use of care is part of
ILLNESS = (
    "stay_4_to_6",
    "stay_7_plus",
    "unplanned",
    "anaemic",
    "very_anaemic",
    "low_sodium",
    "creatinine_rose",
    "low_albumin",
    "low_pressure",
    "underweight",
)
LESS_CARE = RACES[1]
BLOCK = 10_000


def discharges(members: int, bias: float, seed: int = 7) -> pd.DataFrame:
    """One row for each discharge alive: label (readmitted), person, risk, race, age and ILLNESS as 0 and 1."""
    soil = ground(members)
    period = Period(first_day_of_year(2022), first_day_of_year(2025) - 1)
    calendar = delivery.calendar(period.start, period.end)
    parts = []
    for block in range(members // BLOCK):
        folk = people(soil, period, block * BLOCK, BLOCK, seed, block)
        keep = np.where(folk.less_care, 1.0 - bias, 1.0)
        visits = ambulatory.visits(folk, soil, period, calendar, keep, seed, block)
        emergencies = ambulatory.emergencies(folk, soil, period, calendar, keep, seed, block)
        uses = therapies.therapies(folk, period, seed, block)
        course = courses.courses(folk, soil, period, visits, emergencies, uses, calendar, keep, seed, block)
        person = course.stays["person"]
        told = {
            "label": course.truths["returns"].astype("float64"),
            "person": person + block * BLOCK,
            "risk": course.truths["readmission_risk_visible"],
            "race": np.asarray(RACES)[folk.race[person]],
            "age": course.stays["age"].astype("float64"),
            **{name: course.truths[name].astype("float64") for name in ILLNESS},
        }
        parts.append(pd.DataFrame(told)[course.truths["alive"]])
    return pd.concat(parts, ignore_index=True)
