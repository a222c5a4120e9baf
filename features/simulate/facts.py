"""The visible facts of discharges, read from what the files show by the moment of discharge and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.simulate import conditions, planted, reasons, therapies
from features.simulate.ambulatory import KEPT, MISSED, SPECIALIST, Emergencies, Visits
from features.simulate.frame import NO_DAY, Array, Flags, Frame, Ints
from features.simulate.population import People
from features.simulate.stay import AGAINST, HOME_CARE, INDEX, NURSING
from features.windows import SECONDS_A_DAY, weekday

REMEMBERED = 24  # stays kept in a person's recent history
EVENING = 18 * 3600


@dataclass(frozen=True)
class History:
    """What has happened so far to each person of a block; the arrays are updated as courses run.

    `stay_day`, `stay_last`, `stay_known` (days) and `stay_lung` hold the latest REMEMBERED stays, `stay_count` how
    many there were; `harm_day` and `harm_known` the emergency visits that were adverse events; `billed` the first day
    on which a delivered hospital bill names each condition; `followed` the latest kept follow-up visit in primary care.
    """

    stay_day: Ints
    stay_last: Ints
    stay_known: Ints
    stay_lung: Flags
    stay_count: Ints
    harm_day: Ints
    harm_known: Ints
    harm_count: Ints
    billed: Ints
    followed: Ints


def history(size: int) -> History:
    """Nothing has happened yet."""
    return History(
        stay_day=np.full((size, REMEMBERED), NO_DAY, dtype=np.int64),
        stay_last=np.full((size, REMEMBERED), NO_DAY, dtype=np.int64),
        stay_known=np.full((size, REMEMBERED), -NO_DAY, dtype=np.int64),
        stay_lung=np.zeros((size, REMEMBERED), dtype=np.bool_),
        stay_count=np.zeros(size, dtype=np.int64),
        harm_day=np.full((size, REMEMBERED), NO_DAY, dtype=np.int64),
        harm_known=np.full((size, REMEMBERED), -NO_DAY, dtype=np.int64),
        harm_count=np.zeros(size, dtype=np.int64),
        billed=np.full((size, len(conditions.CONDITIONS)), -NO_DAY, dtype=np.int64),
        followed=np.full(size, NO_DAY, dtype=np.int64),
    )


def remember_stays(past: History, stay: Frame, written: Flags) -> None:
    """Adds stays to the history: known at once when a message told of them, else when their bill is delivered."""
    person = stay["person"]
    place = past.stay_count[person] % REMEMBERED
    past.stay_day[person, place] = stay["day"]
    past.stay_last[person, place] = stay["last"]
    past.stay_known[person, place] = np.where(stay["told"], stay["last"], stay["file"])
    past.stay_lung[person, place] = stay["reason"] == reasons.INDEX["lung disease"]
    past.stay_count[person] += 1
    stands = np.where(np.isin(stay["fate"], (1, 2)), -NO_DAY, stay["file"])[:, None]
    past.billed[person] = np.minimum(past.billed[person], np.where(written, stands, -NO_DAY))


def remember_harms(past: History, person: Ints, day: Ints, known: Ints) -> None:
    """Adds emergency visits that were adverse events."""
    place = past.harm_count[person] % REMEMBERED
    past.harm_day[person, place] = day
    past.harm_known[person, place] = known
    past.harm_count[person] += 1


def _counted(rows: Ints, keep: Array, size: int) -> Ints:
    return np.bincount(rows[keep], minlength=size)


def known_conditions(past: History, visits: Visits, stay: Frame) -> Flags:
    """Whether a delivered bill names each condition by each discharge, shape (discharges, conditions)."""
    person, last = stay["person"], stay["last"]
    rows, visit = visits.between(person, last - 5000, stay["day"] - 1)
    frame = visits.frame
    counts = (frame["status"][visit] == KEPT) & (frame["file"][visit] <= last[rows])
    counts &= ~np.isin(frame["fate"][visit], (1, 2))
    rows, visit = rows[counts], visit[counts]
    seen = np.zeros((len(person), len(conditions.CONDITIONS)), dtype=np.bool_)
    np.logical_or.at(seen, rows, visits.written[visit])
    return seen | (past.billed[person] <= last[:, None])


def visible(
    people: People, past: History, visits: Visits, emergencies: Emergencies, uses: therapies.Therapies, stay: Frame
) -> Frame:
    """Every fact of planted.FACTS for each stay, as numbers 0 and 1."""
    person, day, last = stay["person"], stay["day"], stay["last"]
    size = len(person)
    known = known_conditions(past, visits, stay)

    def has(name: str) -> Flags:
        return np.asarray(known[:, conditions.INDEX[name]], dtype=np.bool_)

    earlier = (past.stay_known[person] <= last[:, None]) & (past.stay_day[person] < day[:, None])
    admissions = (earlier & (past.stay_day[person] >= last[:, None] - 365)).sum(axis=1)
    since = day - np.where(earlier, past.stay_last[person], NO_DAY).max(axis=1)

    rows, event = emergencies.between(person, day - 180, day - 1)
    told = emergencies.frame["told"][event] | (emergencies.frame["file"][event] <= last[rows])
    seen = told & ~emergencies.frame["dropped"][event]
    emergency = _counted(rows, seen, size)
    harmed = (past.harm_known[person] <= last[:, None]) & (past.harm_day[person] < day[:, None])
    emergency = emergency + (harmed & (past.harm_day[person] >= day[:, None] - 180)).sum(axis=1)

    flares = seen & (emergencies.frame["day"][event] >= day[rows] - 90)
    flares &= emergencies.frame["complaint"][event] == len(reasons.EMERGENCY_COMPLAINTS) - 1
    flared = _counted(rows, flares, size) > 0
    lung_stay = (earlier & past.stay_lung[person] & (past.stay_last[person] >= day[:, None] - 90)).any(axis=1)
    lung_now = (stay["reason"] == reasons.INDEX["lung disease"]) & (stay["harm"] < 0)

    rows, visit = visits.between(person, last - 365, day - 1)
    status = visits.frame["status"][visit]
    primary = _counted(rows, (status == KEPT) & (visits.frame["kind"][visit] != SPECIALIST), size)
    missed = _counted(rows, status == MISSED, size)

    latest = {
        name: np.where(np.isnan(stay[f"{name} last"]), stay[f"{name} first"], stay[f"{name} last"])
        for name in ("haemoglobin", "sodium", "albumin")
    }
    night = stay["last"] > stay["day"]
    nights = last - day
    cardiac = therapies.flags(uses, therapies.CARDIAC, person, last - 240)
    first = uses.counts[:, [therapies.CLASS_INDEX[name] for name in therapies.CARDIAC]][person]
    running = ((first != NO_DAY) & (first <= last[:, None] - 240)).sum(axis=1)
    supply = uses.cardiac_supply(person, last - 240, last - 61)
    begun = ((uses.counts[person] != NO_DAY) & (uses.counts[person] <= last[:, None] - 60)).sum(axis=1)
    rows, visit = visits.between(person, last, last + 7)
    start = visits.frame["day"][visit] * SECONDS_A_DAY + visits.frame["second"][visit]
    ahead = (visits.frame["booked"][visit] <= stay["left"][rows]) & (start > stay["left"][rows])
    follows = (stay["follow_day"] != NO_DAY) & (stay["follow_day"] <= last + 7)
    soon = follows | (_counted(rows, ahead, size) > 0)
    kidney = has("kidney disease 3") | has("kidney disease 4")
    truths: dict[str, Array] = {
        "admitted_once": admissions == 1,
        "admitted_often": admissions >= 2,
        "home_briefly": since <= 30,
        "emergency_once": emergency == 1,
        "emergency_often": emergency >= 2,
        "stay_4_to_6": (nights >= 4) & (nights <= 6),
        "stay_7_plus": nights >= 7,
        "unplanned": ~stay["planned"],
        "anaemic": latest["haemoglobin"] < 12,
        "very_anaemic": latest["haemoglobin"] < 10,
        "low_sodium": latest["sodium"] < 135,
        "creatinine_rose": stay["creatinine last"] - stay["creatinine first"] >= 0.295,
        "low_albumin": latest["albumin"] < 3.0,
        "low_pressure": night & (stay["systolic"] < 105),
        "underweight": night & (stay["bmi"] < 20),
        "heart_failure": has("heart failure"),
        "heart_and_kidney": has("heart failure") & kidney,
        "lung_flare": lung_now | lung_stay | flared,
        "mind_or_substance": has("depression") | has("substance use"),
        "dementia_alone": has("dementia") & ~people.caregiver[person],
        "spread_cancer": has("metastasis"),
        "many_medicines": begun >= 10,
        "harmful_at_80": (stay["age"] >= 80) & therapies.flags(uses, therapies.HARMFUL, person, last - 60),
        "unsteady": cardiac & (supply < 0.5 * 180 * running),
        "to_nursing_home": stay["disposition"] == INDEX[NURSING],
        "to_home_care": stay["disposition"] == INDEX[HOME_CARE],
        "against_advice": stay["disposition"] == INDEX[AGAINST],
        "to_hospice": np.isin(stay["disposition"], (INDEX["50"], INDEX["51"])),
        "from_nursing_home": stay["nursing"],
        "visit_booked": soon,
        "off_hours": (weekday(last) >= 5) | (stay["left"] % SECONDS_A_DAY >= EVENING),
        "no_primary_care": (primary == 0) & (past.followed[person] < last - 365),
        "missed_visits": missed >= 2,
        "dual": people.dual[person],
        "deprived_area": people.deprived[person],
        "result_pending": stay["pending"],
        "unspoken": people.interpreter[person] & ~soon,
    }
    return {key: np.asarray(truths[key], dtype=np.float64) for key in planted.KEYS}
