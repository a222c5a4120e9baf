"""The people of a simulated network: age, sex, origin, language, money, place, coverage, illness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.simulate import conditions
from features.simulate.frame import NO_DAY, Array, Flags, Floats, Ints, chosen, generator
from features.simulate.ground import Ground

ROOM = 1
RACES: tuple[str, ...] = ("white", "black or african american", "asian", "other race", "unknown")
LANGUAGES: tuple[str, ...] = ("en", "es", "zh", "ru", "ht")
BEST_TIMES: tuple[str, ...] = ("morning", "afternoon", "evening")
YEAR = 365.25


@dataclass(frozen=True)
class Period:
    """The simulated days, both included: `end` is the network's today. Courses run on until `horizon`, unseen."""

    start: int
    end: int

    @property
    def horizon(self) -> int:
        """The last day that anybody's course is followed, so that the truth of the last discharges is known."""
        return self.end + 40


@dataclass(frozen=True)
class People:
    """One entry for each person of a block. Days are day numbers; NO_DAY is never.

    `gap_first` and `gap_last` are the days without coverage between two spans. `steadiness` is the share of days that
    a person takes what is prescribed. `missing` is how readily appointments are missed (log-odds around zero).
    """

    number: Ints
    birth: Ints
    female: Flags
    race: Ints
    hispanic: Flags
    language: Ints
    interpreter: Flags
    dual: Flags
    disabled: Flags
    commercial: Flags
    zip_code: Ints
    deprived: Flags
    practice: Ints
    clinician: Ints
    hospital: Ints
    caregiver: Flags
    steadiness: Floats
    missing: Floats
    frailty: Floats
    thin: Flags
    first: Ints
    last: Ints
    gap_first: Ints
    gap_last: Ints
    death: Ints
    onset: Ints
    less_care: Flags

    def __len__(self) -> int:
        return len(self.number)

    def age(self, day: Array, rows: Array) -> Floats:
        """Years of life of the given people on the given days."""
        return np.asarray((day - self.birth[rows]) / YEAR, dtype=np.float64)

    def covered(self, day: Array, rows: Array) -> Flags:
        """Whether the given people are covered on the given days."""
        inside = (day >= self.first[rows]) & (day <= self.last[rows])
        gap = (self.gap_first[rows] != NO_DAY) & (day >= self.gap_first[rows]) & (day <= self.gap_last[rows])
        return np.asarray(inside & ~gap, dtype=np.bool_)


def people(ground: Ground, period: Period, first_number: int, size: int, seed: int, block: int) -> People:
    """A block of people as they stand at the period's start."""
    random = generator(seed, block, ROOM)
    old = random.random(size) < 0.76
    commercial = ~old & (random.random(size) < 0.4)
    age = np.where(old, 65 + np.minimum(random.gamma(2.1, 5.2, size), 36), 22 + 42.5 * random.beta(2.2, 1.1, size))
    race = chosen(random, (0.68, 0.17, 0.06, 0.06, 0.03), size)
    hispanic = random.random(size) < np.where(race == 3, 0.75, 0.09)
    language = np.where(
        hispanic & (random.random(size) < 0.55),
        1,
        np.where(
            (race == 2) & (random.random(size) < 0.5), 2, chosen(random, (0.955, 0.015, 0.005, 0.015, 0.01), size)
        ),
    )
    deprived_share = np.where((race == 1) | hispanic, 0.55, 0.24)
    poor = random.random(size) < deprived_share
    poor_zips, other_zips = np.flatnonzero(ground.deprived), np.flatnonzero(~ground.deprived)
    zip_code = np.where(poor, random.choice(poor_zips, size), random.choice(other_zips, size))
    dual = ~commercial & (random.random(size) < np.where(poor, 0.42, 0.13) + np.where(old, 0.0, 0.3))
    practice = chosen(random, ground.practice_share, size)
    primary_of = np.array([np.flatnonzero((ground.clinician_practice == p) & (ground.clinician_specialty < 2)) for p in
                           range(ground.practices)])  # fmt: skip
    clinician = primary_of[practice, random.integers(0, primary_of.shape[1], size)]
    frailty = random.normal(0, 1, size)
    onset = conditions.onsets(random, age, frailty, period.start, period.end)
    first, last, gap_first, gap_last = _coverage(random, period, size)
    hazard = 0.013 * np.exp(0.085 * (age - 72) + 0.35 * frailty)
    death = period.start + (random.exponential(1, size) / hazard * YEAR).astype(np.int64)
    return People(
        number=np.arange(first_number, first_number + size, dtype=np.int64),
        birth=(period.start - age * YEAR).astype(np.int64),
        female=random.random(size) < 0.55,
        race=race,
        hispanic=hispanic,
        language=language,
        interpreter=(language > 0) & (random.random(size) < 0.75),
        dual=dual,
        disabled=~old & ~commercial,
        commercial=commercial,
        zip_code=zip_code,
        deprived=poor,
        practice=practice,
        clinician=clinician,
        hospital=np.where(
            random.random(size) < 0.8,
            (zip_code * 5 + practice) % ground.hospitals,
            chosen(random, ground.hospital_share, size),
        ),
        caregiver=random.random(size) < 0.6,
        steadiness=np.where(
            random.random(size) < 0.33, random.beta(9, 14, size), random.beta(28, 3, size)
        ).clip(0.28, 0.99),
        missing=random.normal(0, 1, size) + np.where(dual, 0.5, 0.0),
        frailty=frailty,
        thin=random.random(size) < 0.1 + 0.05 * (age > 80),
        first=first,
        last=last,
        gap_first=gap_first,
        gap_last=gap_last,
        death=np.where(death > period.horizon, NO_DAY, death),
        onset=onset,
        less_care=race == 1,
    )  # fmt: skip


def _coverage(random: np.random.Generator, period: Period, size: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Span of coverage and the gap inside it. Most are covered throughout; some join late, leave, or have a gap."""
    days = period.end - period.start
    first = np.where(random.random(size) < 0.12, period.start + (random.random(size) * days * 0.7).astype(np.int64), 0)
    first = np.maximum(first, period.start)
    leaves = random.random(size) < 1 - 0.955 ** (days / YEAR)
    last = np.where(leaves, first + 60 + (random.random(size) * days).astype(np.int64), period.horizon)
    last = np.minimum(last, period.horizon)
    gap = (random.random(size) < 0.05) & (last - first > 300)
    gap_first = first + 90 + (random.random(size) * (last - first - 240).clip(1)).astype(np.int64)
    gap_last = gap_first + random.integers(30, 120, size)
    return first, last, np.where(gap, gap_first, NO_DAY), np.where(gap, gap_last, NO_DAY)
