"""One hospital stay of many people at once: reason, times, hospital, results, how it ends."""

from __future__ import annotations

import numpy as np

from features.simulate import conditions, delivery, reasons
from features.simulate.frame import Flags, Floats, Frame, Ints, chosen, chosen_by_row
from features.simulate.ground import Ground
from features.simulate.population import People
from features.windows import SECONDS_A_DAY, weekday

HOME, TRANSFERRED, NURSING, HOME_CARE, AGAINST, DIED = "01", "02", "03", "06", "07", "20"
DISPOSITIONS: tuple[str, ...] = (HOME, NURSING, HOME_CARE, "62", AGAINST, "50", "51", DIED, "63")
INDEX: dict[str, int] = {code: position for position, code in enumerate(DISPOSITIONS)}
BASE, RETURN, HARMED, CYCLE = 0, 1, 2, 3  # why the next admission comes: own hazard, readmission, harm, next cycle
LABS: tuple[str, ...] = ("haemoglobin", "sodium", "potassium", "creatinine", "albumin", "white cells", "glucose")

_REASON_WEIGHT = np.array([reason.weight for reason in reasons.REASONS])
_REASON_GIVEN = np.zeros((len(conditions.CONDITIONS), len(reasons.REASONS)))
for _column, _reason in enumerate(reasons.REASONS):
    for _name, _weight in _reason.given:
        _REASON_GIVEN[conditions.INDEX[_name], _column] = _weight
_PLANNED = np.array([reason.planned for reason in reasons.REASONS])
_HARMFUL = np.array([reason.harm for reason in reasons.REASONS])
_STAY = np.array([reason.stay for reason in reasons.REASONS])
_EMERGENCY = np.array([reason.emergency for reason in reasons.REASONS])
_DEATH = np.array([reason.death for reason in reasons.REASONS])
_SURGICAL = np.array([reason.service in ("SUR", "ORT") for reason in reasons.REASONS])
_TRANSFERABLE = np.array(
    [reason.key in ("infarction", "stroke", "hip fracture", "sepsis") for reason in reasons.REASONS]
)
PLANNED_SHARE = 0.95  # shifts every planned reason together


def pick_reason(
    random: np.random.Generator, ill: Flags, cause: Ints, previous: Ints, harm_free: Flags
) -> tuple[Ints, Ints]:
    """(reason, harm) of each admission; harm is -1 unless the admission is an adverse event of the stay before."""
    weights = _REASON_WEIGHT + ill @ _REASON_GIVEN + np.where(_PLANNED, PLANNED_SHARE, 0.0)
    weights = np.where((cause == RETURN)[:, None] & _PLANNED, -30.0, weights)
    weights = np.where(harm_free[:, None] & _HARMFUL, -30.0, weights)
    reason = chosen_by_row(random, weights)
    same = (cause == RETURN) & (previous >= 0) & (random.random(len(cause)) < 0.38)
    same &= ~_PLANNED[previous] & ~(harm_free & _HARMFUL[previous])
    reason = np.where(same, previous, reason)
    reason = np.where(cause == CYCLE, reasons.INDEX["chemotherapy"], reason)
    harm = np.where(cause == HARMED, random.integers(0, len(reasons.HARMS), len(cause)), -1)
    return reason, harm


def draw(
    random: np.random.Generator, people: People, ground: Ground, person: Ints, day: Ints, cause: Ints, previous: Frame,
    harm_free_until: Ints,
) -> Frame:  # fmt: skip
    """The stays of the given people that begin on the given days. `previous`: reason, hospital, nursing_until."""
    size = len(person)
    ill = conditions.active(people.onset[person], day)
    age = people.age(day, person)
    reason, harm = pick_reason(random, ill, cause, previous["reason"], day <= harm_free_until)
    planned = _PLANNED[reason] & (harm < 0)
    day = np.where(planned, day + np.array([0, 0, 0, 0, 0, 2, 1])[weekday(day)], day)
    emergency = (random.random(size) < np.where(harm >= 0, 0.96, _EMERGENCY[reason])) & ~planned
    severity = random.normal(0, 1, size) + 0.25 * people.frailty[person]
    nights = np.exp(
        np.log(np.where(harm >= 0, 3.6, _STAY[reason])) + 0.48 * random.normal(0, 1, size) + 0.17 * severity
    )
    nights = np.rint(nights).astype(np.int64).clip(0, 55)
    long_haul = random.random(size) < 0.006
    nights = np.where(long_haul, nights + random.integers(18, 40, size), nights)
    dies = _dies(random, people, person, day, age, reason, severity, ill, nights, harm_free_until)
    admit = np.where(planned, random.integers(11, 20, size) * 1800, random.integers(0, 46, size) * 1800)
    admit = admit + random.integers(0, 30, size) * 60
    leave = np.where(
        random.random(size) < 0.16, random.integers(18 * 60, 21 * 60, size), random.integers(10 * 60, 18 * 60, size)
    )
    leave = np.where(dies, random.integers(0, 23 * 60, size), leave) * 60
    admitted = day * SECONDS_A_DAY + admit
    left = np.maximum((day + nights) * SECONDS_A_DAY + leave, admitted + 4 * 3600)
    stays_on = (cause == RETURN) | (cause == HARMED)
    loyal = random.random(size) < np.where(stays_on, 0.82, 0.76)
    home = np.where(stays_on & (previous["hospital"] >= 0), previous["hospital"], people.hospital[person])
    hospital = np.where(loyal, home, chosen(random, ground.hospital_share, size))
    transferred = _TRANSFERABLE[reason] & (harm < 0) & (nights >= 3) & (random.random(size) < 0.11)
    first_hospital = np.where(transferred, hospital, -1)
    hospital = np.where(transferred, (hospital + 1 + random.integers(0, 3, size)) % ground.hospitals, hospital)
    nursing = day <= previous["nursing_until"]
    paid = left // SECONDS_A_DAY + delivery.days_to_pay(random, size)
    return {
        "person": person,
        "cause": cause,
        "reason": reason,
        "harm": harm,
        "planned": planned,
        "emergency": emergency,
        "surgical": _SURGICAL[reason] & (harm < 0),
        "severity": severity,
        "age": age,
        "admitted": admitted,
        "left": left,
        "day": day,
        "last": left // SECONDS_A_DAY,
        "hospital": hospital,
        "first_hospital": first_hospital,
        "nursing": nursing & ~planned,
        "disposition": _disposition(random, age, reason, ill, nights, dies, nursing, harm),
        "told": random.random(size) < 0.97,
        "paid": paid,
        "fate": delivery.fates(random, size),
        "bmi": np.where(
            people.thin[person] | ill[:, conditions.INDEX["malnutrition"]],
            random.normal(18.7, 1.3, size),
            np.where(ill[:, conditions.INDEX["obesity"]], random.normal(34, 3, size), random.normal(26.5, 2.6, size)),
        ).round(1),
        "systolic": (
            random.normal(127, 17, size) - 7 * ill[:, conditions.INDEX["heart failure"]] - 4 * np.maximum(severity, 0)
        ).round(),
    }  # fmt: skip


def _dies(
    random: np.random.Generator, people: People, person: Ints, day: Ints, age: Floats, reason: Ints, severity: Floats,
    ill: Flags, nights: Ints, harm_free_until: Ints,
) -> Flags:  # fmt: skip
    """Deaths in hospital; none inside a window that is free of harm, because a death is a harm."""
    spread = ill[:, conditions.INDEX["metastasis"]]
    odds = _DEATH[reason] * np.exp(0.45 * severity + 0.03 * (age - 74) + 0.7 * spread)
    own = (people.death[person] > 0) & (people.death[person] <= day + nights)
    late = day + nights > harm_free_until
    return np.asarray(late & (own | (random.random(len(person)) < odds)), dtype=np.bool_)


def _disposition(
    random: np.random.Generator, age: Floats, reason: Ints, ill: Flags, nights: Ints, dies: Flags, nursing: Flags,
    harm: Ints,
) -> Ints:  # fmt: skip
    """Where each stay ends, as a position in DISPOSITIONS."""
    bone = (reason == reasons.INDEX["hip fracture"]) & (harm < 0)
    brain = (reason == reasons.INDEX["stroke"]) & (harm < 0)
    addicted = ill[:, conditions.INDEX["substance use"]] | ill[:, conditions.INDEX["alcohol use"]]
    spread = ill[:, conditions.INDEX["metastasis"]]
    weights = np.zeros((len(age), len(DISPOSITIONS)))
    weights[:, INDEX[HOME]] = 1.2
    weights[:, INDEX[NURSING]] = (
        -1.1 + 0.05 * (age - 75) + 0.9 * ill[:, conditions.INDEX["dementia"]] + 0.10 * (nights - 4) + 2.4 * bone
        + 1.0 * brain + 2.2 * nursing
    )  # fmt: skip
    weights[:, INDEX[HOME_CARE]] = -0.35 + 0.02 * (age - 75) + 0.05 * (nights - 4)
    weights[:, INDEX["62"]] = -4.0 + 3.0 * bone + 2.8 * brain
    weights[:, INDEX[AGAINST]] = -3.7 + 1.6 * addicted - 0.03 * (age - 70)
    weights[:, INDEX["50"]] = -4.2 + 2.0 * spread + 0.04 * (age - 75)
    weights[:, INDEX["51"]] = -4.9 + 1.6 * spread + 0.04 * (age - 75)
    weights[:, INDEX["63"]] = -6.0 + 0.1 * nights
    weights[:, INDEX[DIED]] = -40.0
    return np.where(dies, INDEX[DIED], chosen_by_row(random, weights))


def results(random: np.random.Generator, people: People, stay: Frame) -> Frame:
    """First and last laboratory values of each stay; NaN where a test was not done."""
    size = len(stay["person"])
    ill = conditions.active(people.onset[stay["person"]], stay["day"])

    def has(name: str) -> Flags:
        return np.asarray(ill[:, conditions.INDEX[name]], dtype=np.bool_)

    kidney = 0.95 + 0.6 * has("kidney disease 3") + 1.6 * has("kidney disease 4")
    injured = (stay["reason"] == reasons.INDEX["kidney injury"]) | (stay["reason"] == reasons.INDEX["sepsis"])
    centre = {
        "haemoglobin": 12.9
        - 0.5 * people.female[stay["person"]]
        - 1.7 * has("anaemia")
        - 0.7 * has("kidney disease 3"),
        "sodium": 137.7 - 1.0 * has("heart failure") - 1.5 * has("liver disease"),
        "potassium": 4.1 + 0.3 * has("kidney disease 4"),
        "creatinine": kidney * np.where(injured, 1.7, 1.0),
        "albumin": 3.52
        - 0.5 * has("malnutrition")
        - 0.4 * has("liver disease")
        - 0.1 * np.maximum(stay["severity"], 0),
        "white cells": 8.4 + 3.0 * injured,
        "glucose": 118 + 60.0 * has("diabetes"),
    }
    spread = {"haemoglobin": 1.4, "sodium": 3.0, "potassium": 0.45, "creatinine": 0.0, "albumin": 0.42,
              "white cells": 2.6, "glucose": 28.0}  # fmt: skip
    places = {"sodium": 0, "glucose": 0, "creatinine": 2}
    done = {"albumin": 0.8}
    short = stay["left"] - stay["admitted"] < 30 * 3600
    frame: Frame = {}
    for name in LABS:
        if name == "creatinine":
            first = centre[name] * np.exp(random.normal(0, 0.13, size))
            last = first * np.exp(random.normal(-0.03, 0.21, size)) * np.where(injured, 0.72, 1.0)
        else:
            first = centre[name] + spread[name] * random.normal(0, 1, size)
            last = centre[name] + 0.75 * (first - centre[name]) + 0.6 * spread[name] * random.normal(0, 1, size)
        missing = random.random(size) > done.get(name, 0.97)
        digits = places.get(name, 1)
        frame[f"{name} first"] = np.where(missing, np.nan, first.clip(0.1).round(digits))
        frame[f"{name} last"] = np.where(missing | short, np.nan, last.clip(0.1).round(digits))
    return frame


CHRONIC_OF_REASON: dict[str, str] = {
    "heart failure": "heart failure",
    "mood": "depression",
    "withdrawal": "substance use",
    "lung disease": "lung disease",
    "atrial fibrillation": "atrial fibrillation",
    "diabetes": "diabetes",
    "liver": "liver disease",
}


def named(stays: Frame, written: Flags) -> Flags:
    """Conditions that the bill names, those included that its principal diagnosis says by itself."""
    found = written.copy()
    for reason, condition in CHRONIC_OF_REASON.items():
        rows = (stays["reason"] == reasons.INDEX[reason]) & (stays["harm"] < 0)
        found[rows, conditions.INDEX[condition]] = True
    return found
