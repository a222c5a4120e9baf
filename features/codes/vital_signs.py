"""Vital signs by LOINC number, as facts.

Source: the numbers that US Core 6.1 requires for vital signs, with the panels' parts; recalled from the published
profiles.
"""

from __future__ import annotations

VITAL_SIGNS = frozenset(
    (
        "8310-5",  # temperature
        "8867-4",  # heart rate
        "9279-1",  # breaths a minute
        "85354-9",  # blood pressure, both
        "8480-6",  # systolic pressure
        "8462-4",  # diastolic pressure
        "2708-6",  # oxygen saturation
        "59408-5",  # oxygen saturation by pulse oximetry
        "3151-8",  # oxygen flow
        "3150-6",  # oxygen concentration
        "8302-2",  # height
        "29463-7",  # weight
        "3141-9",  # weight, measured
        "39156-5",  # body mass index
        "59576-9",  # body mass index percentile
        "77606-2",  # weight for length percentile
        "8287-5",  # head circumference
        "9843-4",  # head circumference
        "8289-1",  # head circumference percentile
    )
)
