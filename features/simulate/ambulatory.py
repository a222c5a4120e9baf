"""What happens outside hospital beds: office visits with their appointments, and visits to emergency departments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.simulate import conditions, delivery, reasons
from features.simulate.frame import Array, Flags, Frame, Ints, chosen, generator, person_day, ragged, spans, take
from features.simulate.ground import Ground
from features.simulate.population import YEAR, People, Period
from features.windows import SECONDS_A_DAY, weekday

ROOM = 2
PRIMARY, SPECIALIST, TELEHEALTH, WELLNESS = 0, 1, 2, 3
KEPT, MISSED, CANCELLED = 0, 1, 2
WRITTEN_SHARE = 0.42  # how often a visit's bill names a condition that the person has


@dataclass(frozen=True)
class Visits:
    """Appointments sorted by person and day, and which conditions each visit's bill would name.

    `frame`: person (row of the block), day, second, booked (local second), kind, clinician, status, paid, file, fate.
    `status` changes while courses run: a visit that falls into a hospital stay is cancelled.
    """

    frame: Frame
    written: Flags
    keys: Ints

    def between(self, person: Array, first: Array, last: Array) -> tuple[Ints, Ints]:
        """(row, visit) of the given people's visits on the given days, both included."""
        return ragged(*spans(self.keys, person_day(person, first), person_day(person, last)))


@dataclass(frozen=True)
class Emergencies:
    """Emergency department visits without admission, sorted by person and day.

    `frame`: person, day, second, seconds (length), hospital, observed, complaint, told (an ADT message was sent),
    paid, file, fate, dropped (it fell into a stay or after death).
    """

    frame: Frame
    keys: Ints

    def between(self, person: Array, first: Array, last: Array) -> tuple[Ints, Ints]:
        """(row, event) of the given people's events on the given days, both included."""
        return ragged(*spans(self.keys, person_day(person, first), person_day(person, last)))


def visits(
    people: People, ground: Ground, period: Period, calendar: delivery.Calendar, keep: Array, seed: int, block: int
) -> Visits:
    """Every appointment of a block. `keep` is each person's share of care that is used at all (label bias)."""
    random = generator(seed, block, ROOM)
    years = (period.horizon - period.start) / YEAR
    burden = (people.onset > 0).sum(axis=1)
    rate = (1.6 + 0.42 * np.minimum(burden, 12)) * ground.access[people.practice] * keep
    # people whose language the practice does not speak come less often
    rate = rate * np.where(people.interpreter, 0.75, 1.0) * np.where(random.random(len(people)) < 0.12, 0.08, 1.0)
    count = random.poisson(rate * years)
    person = np.repeat(np.arange(len(people)), count)
    size = len(person)
    day = period.start + (random.random(size) * (period.horizon - period.start)).astype(np.int64)
    day = day + np.array([0, 0, 0, 0, 0, 2, 1])[weekday(day)]
    order = np.lexsort((day, person))
    person, day = person[order], day[order]
    kind = chosen(random, (0.52, 0.30, 0.12, 0.06), size)
    specialists = np.flatnonzero((ground.clinician_specialty >= 2) & (ground.clinician_specialty < 9))
    clinician = np.where(kind == SPECIALIST, random.choice(specialists, size), people.clinician[person])
    miss = 0.10 * np.exp(0.75 * people.missing[person])
    draw = random.random(size)
    status = np.where(draw < np.minimum(miss, 0.5), MISSED, np.where(draw > 0.93, CANCELLED, KEPT))
    paid = day + delivery.days_to_pay(random, size)
    frame: Frame = {
        "person": person,
        "day": day,
        "second": random.integers(16, 33, size) * 1800,
        "booked": (day - 1 - random.geometric(0.04, size).clip(0, 120)) * SECONDS_A_DAY
        + random.integers(16, 33, size) * 1800,
        "kind": kind,
        "clinician": clinician,
        "status": status,
        "paid": paid,
        "file": calendar.delivered(paid),
        "fate": delivery.fates(random, size),
    }
    seen = people.covered(day, person) & _alive(people, person, day)
    frame = take(frame, seen)
    ill = conditions.active(people.onset[frame["person"]], frame["day"])
    written = ill & (random.random(ill.shape) < WRITTEN_SHARE)
    return Visits(frame, written, person_day(frame["person"], frame["day"]))


def emergencies(
    people: People, ground: Ground, period: Period, calendar: delivery.Calendar, keep: Array, seed: int, block: int
) -> Emergencies:
    """Every emergency department visit that does not end in admission."""
    random = generator(seed, block, ROOM + 100)
    years = (period.horizon - period.start) / YEAR
    burden = (people.onset > 0).sum(axis=1)
    often = random.gamma(0.7, 1 / 0.7, len(people))
    rate = 0.30 * np.exp(0.07 * burden + np.where(people.dual, 0.4, 0.0)) * often * keep
    person = np.repeat(np.arange(len(people)), random.poisson(np.minimum(rate, 9) * years))
    size = len(person)
    day = period.start + (random.random(size) * (period.horizon - period.start)).astype(np.int64)
    order = np.lexsort((day, person))
    person, day = person[order], day[order]
    lung = people.onset[person, conditions.INDEX["lung disease"]]
    complaint = random.integers(0, len(reasons.EMERGENCY_COMPLAINTS) - 1, size)
    flare = (lung > 0) & (lung <= day) & (random.random(size) < 0.35)
    paid = day + delivery.days_to_pay(random, size)
    frame: Frame = {
        "person": person,
        "day": day,
        "second": random.integers(0, 18 * 3600, size),
        "seconds": random.integers(5400, 5 * 3600, size),
        "hospital": np.where(
            random.random(size) < 0.7, people.hospital[person], chosen(random, ground.hospital_share, size)
        ),
        "observed": random.random(size) < 0.09,
        "complaint": np.where(flare, len(reasons.EMERGENCY_COMPLAINTS) - 1, complaint),
        "told": random.random(size) < 0.97,
        "paid": paid,
        "file": calendar.delivered(paid),
        "fate": delivery.fates(random, size),
        "dropped": np.zeros(size, dtype=np.bool_),
    }
    seen = people.covered(day, person) & _alive(people, person, day)
    frame = take(frame, seen)
    return Emergencies(frame, person_day(frame["person"], frame["day"]))


def _alive(people: People, person: Ints, day: Ints) -> Flags:
    return (people.death[person] < 0) | (day < people.death[person])
