"""The planted closing of care gaps: in which month of a year somebody has the care that a measure asks for.

Each month of a year in which the gap is still open it closes with a probability that the person, the measure and the
month decide. What is written into the files follows from the draw: a gap that closes in May has its test in May. So the
chance that a gap open at the end of May is still open at the end of the year is an exact product over the months left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.simulate import conditions, delivery
from features.simulate.frame import NO_DAY, Array, Flags, Floats, Frame, Ints, generator, logistic, take
from features.simulate.ground import Ground
from features.simulate.population import People, Period
from features.simulate.therapies import CLASS_INDEX, Therapies, products_of
from features.windows import month_starts

ROOM = 12
MONTHS = 12


@dataclass(frozen=True)
class Closing:
    """One measure whose closing is planted: for people who ever have one of the conditions, `intercept` is the log-odds
    of closing in a month for a person without any of the facts.
    """

    measure: str
    sentence: str
    conditions: tuple[str, ...]
    intercept: float
    once: bool = False  # what was begun goes on, so that it closes the gaps of later years as well


@dataclass(frozen=True)
class Push:
    """A fact of a person that moves the log-odds of closing in a month."""

    key: str
    sentence: str
    weight: float


CLOSINGS: tuple[Closing, ...] = (
    Closing("CMS122", "a glycated haemoglobin of 9 per cent or less", ("diabetes",), -1.9),
    Closing("CMS951", "a filtration rate and an albumin to creatinine ratio, taken together", ("diabetes",), -2.3),
    Closing("CMS165", "a blood pressure below 140 over 90; those before it in the year are above", ("hypertension",),
            -2.0),
    Closing("CMS347", "a statin is begun by someone who took none, and goes on",
            ("diabetes", "coronary disease", "stroke", "arterial disease"), -3.2, once=True),
)  # fmt: skip
STATIN = "CMS347"
PUSHES: tuple[Push, ...] = (
    Push("seldom_seen", "the practice gives little more than half of the usual visits", -0.9),
    Push("interpreter", "needs an interpreter", -0.6),
    Push("dual", "covered by Medicaid as well", -0.4),
    Push("unsteady", "fills medicines on less than 60 per cent of the days", -0.9),
    Push("misses", "misses appointments more readily than most (by one standard deviation)", -0.5),
    Push("poorly_controlled", "one of four people, hidden: values stay high, which results show", -1.0),
)
HABIT = 0.9  # standard deviation of a hidden habit, the same for every measure and year: last year's gaps tell of it
LATE_IN_THE_YEAR, LATE_PUSH = 8, 0.4  # from September on practices remind people
HIGH_TEST_SHARE = 0.15  # of the months before closing, in which a poorly controlled person has a test above 9 per cent
READ_BEFORE_CLOSING = 0.35  # of the visits with a blood pressure before closing: the reading is on record, and high
SUPPLY = 90  # days of each fill of a statin that was begun
LAST_DAY = 24  # closings fall on the 1st to 24th, so that results and the month's deliveries tell them by its end


@dataclass(frozen=True)
class Closings:
    """One row a person, measure and year: `frame` has person (row of the block), measure (place in CLOSINGS), first
    (first day of the year), month (0 to 11; MONTHS where it does not close) and day (NO_DAY). `hazard` is the planted
    probability of closing in each month, shape (rows, MONTHS). `poor` says of each person whether values stay high.
    """

    frame: Frame
    hazard: Floats
    poor: Flags

    def still_open(self) -> Floats:
        """(rows, MONTHS): the chance that a gap open at the end of each month is open at the end of the year."""
        stays = np.ones_like(self.hazard)
        stays[:, :-1] = np.cumprod((1 - self.hazard)[:, :0:-1], axis=1)[:, ::-1]
        return stays

    def day_of(self, measure: str, person: Array, day: Array, period: Period) -> tuple[Flags, Ints]:
        """Of each person and day: whether the person is in the measure, and the day on which the gap of that year
        closes (NO_DAY where it does not).
        """
        years = _years(period)
        place = [each.measure for each in CLOSINGS].index(measure)
        rows = self.frame["measure"] == place
        size = len(self.poor)
        found = np.full((size, len(years)), NO_DAY, dtype=np.int64)
        there = np.zeros(size, dtype=np.bool_)
        there[self.frame["person"][rows]] = True
        year = np.searchsorted(years, self.frame["first"][rows])
        found[self.frame["person"][rows], year] = self.frame["day"][rows]
        which = np.clip(np.searchsorted(years, day, side="right") - 1, 0, len(years) - 1)
        return there[person], np.asarray(found[person, which], dtype=np.int64)

    def of(self, measure: str) -> tuple[Ints, Ints]:
        """(person, day) of every closing of a measure."""
        place = [each.measure for each in CLOSINGS].index(measure)
        rows = np.flatnonzero((self.frame["measure"] == place) & (self.frame["day"] != NO_DAY))
        return self.frame["person"][rows], self.frame["day"][rows]


def _years(period: Period) -> Ints:
    return np.array(month_starts(period.start, period.end)[::MONTHS], dtype=np.int64)


def closings(people: People, ground: Ground, uses: Therapies, period: Period, seed: int, block: int) -> Closings:
    """The closings of a block of people in every year. Whoever is given a statin anyway has no planted start of one."""
    random = generator(seed, block, ROOM)
    size = len(people)
    habit = random.normal(0, HABIT, size)
    poor = random.random(size) < 0.25
    willing = habit + pushes(people, ground, poor)
    firsts = np.array(month_starts(period.start, period.end), dtype=np.int64).reshape(-1, MONTHS)
    season = np.where(np.arange(MONTHS) >= LATE_IN_THE_YEAR, LATE_PUSH, 0.0)
    frames, hazards = [], []
    for place, closing in enumerate(CLOSINGS):
        ill = (people.onset[:, [conditions.INDEX[name] for name in closing.conditions]] != NO_DAY).any(axis=1)
        if closing.measure == STATIN:
            ill &= uses.counts[:, CLASS_INDEX["statin"]] == NO_DAY
        person = np.flatnonzero(ill)
        for months in firsts:
            hazard = logistic(closing.intercept + willing[person, None] + season[None, :])
            closes = random.random(hazard.shape) < hazard
            month = np.where(closes.any(axis=1), closes.argmax(axis=1), MONTHS)
            day = np.append(months, NO_DAY)[month] + random.integers(0, LAST_DAY, len(person))
            frames.append(
                {
                    "person": person,
                    "measure": np.full(len(person), place),
                    "first": np.full(len(person), months[0]),
                    "month": month,
                    "day": np.where(month == MONTHS, NO_DAY, day),
                }
            )
            hazards.append(hazard)
            if closing.once:
                person = person[month == MONTHS]
    frame = {name: np.concatenate([each[name] for each in frames]) for name in frames[0]}
    return Closings(frame, np.concatenate(hazards), poor)


def pushes(people: People, ground: Ground, poor: Flags) -> Floats:
    """What the facts of each person add to the log-odds of closing in a month."""
    holds = {
        "seldom_seen": ground.access[people.practice] < 0.8,
        "interpreter": people.interpreter,
        "dual": people.dual,
        "unsteady": people.steadiness < 0.6,
        "misses": people.missing.clip(-2, 2),
        "poorly_controlled": poor,
    }
    total = np.zeros(len(people))
    for push in PUSHES:
        total = total + push.weight * np.asarray(holds[push.key], dtype=np.float64)
    return total


def high_tests(people: People, made: Closings, period: Period, seed: int, block: int) -> tuple[Ints, Ints]:
    """(person, day) of tests above 9 per cent: of people with diabetes who are poorly controlled, before the gap of the
    year closes.
    """
    random = generator(seed, block, ROOM + 100)
    of = [each.measure for each in CLOSINGS].index("CMS122")
    rows = np.flatnonzero((made.frame["measure"] == of) & made.poor[made.frame["person"]])
    firsts = np.array(month_starts(period.start, period.end), dtype=np.int64)
    tested = random.random((len(rows), MONTHS)) < HIGH_TEST_SHARE
    tested &= np.arange(MONTHS)[None, :] < made.frame["month"][rows][:, None]
    row, month = np.nonzero(tested)
    start = np.searchsorted(firsts, made.frame["first"][rows])
    day = firsts[start[row] + month] + random.integers(0, LAST_DAY, len(row))
    return made.frame["person"][rows][row], day


def statin_fills(people: People, made: Closings, period: Period, seed: int, block: int) -> Frame:
    """Fills of the statins that were begun, with the columns of `Therapies.fills`: every 90 days, later by as much as
    the person is unsteady.
    """
    random = generator(seed, block, ROOM + 200)
    place = [each.measure for each in CLOSINGS].index(STATIN)
    rows = np.flatnonzero((made.frame["measure"] == place) & (made.frame["day"] != NO_DAY))
    begun, day = made.frame["person"][rows], made.frame["day"][rows]
    product = random.choice(products_of("statin"), len(rows))
    interval = (SUPPLY / people.steadiness[begun]).astype(np.int64)
    count = np.maximum((period.end - day) // interval + 1, 0)
    use = np.repeat(np.arange(len(rows)), count)
    step = np.arange(len(use)) - np.repeat(np.cumsum(count) - count, count)
    filled = day[use] + step * interval[use]
    fills: Frame = {
        "person": begun[use],
        "day": filled,
        "product": product[use],
        "drug_class": np.full(len(use), CLASS_INDEX["statin"]),
        "supply": np.full(len(use), SUPPLY),
        "paid": filled + random.integers(0, 4, len(use)),
        "refill": np.minimum(step, 11),
        "fate": delivery.fates(random, len(use)),
    }
    alive = (people.death[fills["person"]] < 0) | (filled < people.death[fills["person"]])
    return take(fills, people.covered(filled, fills["person"]) & alive)


def truth(people: People, made: Closings, period: Period) -> Frame:
    """The planted truth as columns of numbers, one row a person, measure and month's end at which the gap is open."""
    row, month = np.nonzero(np.arange(MONTHS)[None, :] < made.frame["month"][:, None])
    firsts = np.array([*month_starts(period.start, period.end), period.end + 1], dtype=np.int64)
    start = np.searchsorted(firsts, made.frame["first"])
    return {
        "person": made.frame["person"][row],
        "measure": made.frame["measure"][row],
        "as_of": firsts[start[row] + month + 1] - 1,
        "still_open_chance": made.still_open()[row, month],
        "closes_next_month": np.append(made.hazard, np.zeros((len(made.hazard), 1)), axis=1)[row, month + 1],
        "still_open": made.frame["month"][row] == MONTHS,
    }
