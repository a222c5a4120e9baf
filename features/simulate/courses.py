"""Each person's course through hospitals: stay after stay, with what follows from each.

People run side by side: one round draws the next stay of everybody who has one, reads the visible facts, decides the
outcomes by the planted risk, and sets when and why the person comes next. Readmissions therefore enter the history
that later facts are read from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.simulate import conditions, delivery, facts, planted, reasons, stay
from features.simulate.ambulatory import CANCELLED, Emergencies, Visits
from features.simulate.frame import NO_DAY, Array, Flags, Floats, Frame, Ints, generator, logistic, stack, take
from features.simulate.ground import Ground
from features.simulate.population import YEAR, People, Period
from features.simulate.therapies import Therapies

ROOM = 4
ROUNDS = 80
BASE_RATE = -1.62  # log of admissions a year of a healthy 70-year-old
RISKY = ("heart failure", "lung disease", "kidney disease 4", "metastasis", "liver disease", "dementia", "frailty")


@dataclass(frozen=True)
class Courses:
    """`stays`: one row a stay in the order of rounds. `written`: the conditions that each stay's bill names.

    `truths`: planted facts and risks, row for row with `stays`. `deaths`: day of death of each person or NO_DAY.
    """

    stays: Frame
    written: Flags
    truths: Frame
    deaths: Ints


def rates(people: People, keep: Array) -> Floats:
    """Yearly rate of admissions when every condition that a person will ever have is there."""
    ever = people.onset != NO_DAY
    burden = np.minimum(ever.sum(axis=1), 14)
    risky = ever[:, [conditions.INDEX[name] for name in RISKY]].sum(axis=1)
    return np.asarray(np.exp(BASE_RATE + 0.075 * burden + 0.22 * risky + 0.18 * people.frailty) * keep)


def next_own(
    random: np.random.Generator, people: People, rate: Floats, person: Ints, after: Ints, period: Period
) -> Ints:
    """The day of each person's next admission by their own hazard, later than `after`; beyond the horizon if none.

    Drawn at the highest rate and thinned by the share of conditions that have begun.
    """
    day = after.copy()
    waiting = np.ones(len(person), dtype=np.bool_)
    ever = np.maximum((people.onset[person] != NO_DAY).sum(axis=1), 1)
    for _ in range(6):
        step = 1 + (random.exponential(1, len(person)) / rate[person] * YEAR).astype(np.int64)
        day = np.where(waiting, day + np.minimum(step, 20_000), day)
        share = conditions.active(people.onset[person], day).sum(axis=1) / ever
        waiting &= (random.random(len(person)) > np.exp(-1.2 * (1 - share))) & (day <= period.horizon)
        if not waiting.any():
            break
    return day


def courses(
    people: People, ground: Ground, period: Period, visits: Visits, emergencies: Emergencies, uses: Therapies,
    calendar: delivery.Calendar, keep: Array, seed: int, block: int,
) -> Courses:  # fmt: skip
    """Every stay of a block of people from the period's start to its horizon. Visits and emergencies are updated."""
    random = generator(seed, block, ROOM)
    size = len(people)
    past = facts.history(size)
    rate = rates(people, keep)
    everybody = np.arange(size)
    state: Frame = {
        "next": next_own(random, people, rate, everybody, np.maximum(people.first, period.start) - 1, period),
        "cause": np.zeros(size, dtype=np.int64),
        "reason": np.full(size, -1, dtype=np.int64),
        "hospital": np.full(size, -1, dtype=np.int64),
        "nursing_until": np.full(size, NO_DAY, dtype=np.int64),
        "harm_free_until": np.full(size, NO_DAY, dtype=np.int64),
        "death": people.death.copy(),
    }
    rounds: list[tuple[Frame, Flags, Frame]] = []
    for _ in range(ROUNDS):
        alive = (state["death"] == NO_DAY) | (state["next"] < state["death"])
        person = np.flatnonzero(alive & (state["next"] <= period.end) & (state["next"] <= people.last))
        if not len(person):
            break
        uncovered = ~people.covered(state["next"][person], person)
        _resume(random, people, state, rate, person[uncovered], period)
        person = person[~uncovered]
        if len(person):
            rounds.append(_round(random, people, ground, visits, emergencies, uses, calendar, keep, past, state, rate,
                                 person, period))  # fmt: skip
    if not rounds:  # a small network in which nobody is admitted still has its files
        nobody = np.zeros(0, dtype=np.int64)
        rounds.append(_round(random, people, ground, visits, emergencies, uses, calendar, keep, past, state, rate,
                             nobody, period))  # fmt: skip
    _end_at_death(visits, emergencies, state["death"])
    stays, written, truths = zip(*rounds, strict=True)
    return Courses(stack(stays), np.concatenate(written), stack(truths), state["death"])


def _resume(
    random: np.random.Generator, people: People, state: Frame, rate: Floats, person: Ints, period: Period
) -> None:
    """Admissions in a gap of coverage are not seen; the own hazard goes on after it."""
    after = np.maximum(people.gap_last[person], state["next"][person])
    state["next"][person] = next_own(random, people, rate, person, after, period)
    state["cause"][person] = stay.BASE


def _round(
    random: np.random.Generator, people: People, ground: Ground, visits: Visits, emergencies: Emergencies,
    uses: Therapies, calendar: delivery.Calendar, keep: Array, past: facts.History, state: Frame, rate: Floats,
    person: Ints, period: Period,
) -> tuple[Frame, Flags, Frame]:  # fmt: skip
    now = stay.draw(random, people, ground, person, state["next"][person], state["cause"][person],
                    take(state, person), state["harm_free_until"][person])  # fmt: skip
    now["file"] = calendar.delivered(now["paid"])
    now.update(stay.results(random, people, now))
    now.update(_plans(random, people, ground, now))
    ill = conditions.active(people.onset[person], now["day"])
    written = stay.named(now, ill & (random.random(ill.shape) < 0.72))
    _clear(visits, emergencies, person, now["day"], now["last"])
    seen = facts.visible(people, past, visits, emergencies, uses, now)
    truth = _outcomes(random, now, seen, ground, keep, person)
    now.update(_aftermath(random, people, now, truth, state, calendar))
    facts.remember_stays(past, now, written)
    harmed = np.flatnonzero(now["harm_visit_day"] != NO_DAY)
    known = np.where(now["harm_visit_told"], now["harm_visit_day"], now["harm_visit_file"])[harmed]
    facts.remember_harms(past, person[harmed], now["harm_visit_day"][harmed], known)
    kept = now["follow_kept"] & now["follow_primary"]
    past.followed[person[kept]] = np.maximum(past.followed[person[kept]], now["follow_day"][kept])
    _schedule(random, people, now, truth, state, rate, period)
    return now, written, truth


def _plans(random: np.random.Generator, people: People, ground: Ground, now: Frame) -> Frame:
    """What is arranged before discharge: a follow-up visit for some, and results that are still to come."""
    size = len(now["person"])
    leaves_home = np.isin(now["disposition"], (stay.INDEX[stay.HOME], stay.INDEX[stay.HOME_CARE]))
    access = ground.access[people.practice[now["person"]]]
    chance = 0.55 * access * np.where(leaves_home, 1.0, 0.25) * np.where(people.interpreter[now["person"]], 0.6, 1.0)
    soon = random.random(size) < chance
    later = ~soon & (random.random(size) < 0.35) & leaves_home
    day = np.where(soon, now["last"] + random.integers(2, 8, size), now["last"] + random.integers(8, 22, size))
    never = stay.INDEX[stay.DIED] == now["disposition"]
    day = np.where((soon | later) & ~never, day, NO_DAY)
    booked = np.maximum(now["left"] - random.integers(1, 24, size) * 3600, now["admitted"] + 1800)
    return {
        "follow_day": day,
        "follow_booked": booked,
        "follow_second": random.integers(16, 33, size) * 1800,
        "follow_primary": random.random(size) < 0.72,
        "pending": (random.random(size) < 0.41) & ~never,
    }


def _clear(visits: Visits, emergencies: Emergencies, person: Ints, day: Ints, last: Ints) -> None:
    """Nobody keeps an appointment or comes to an emergency department while in hospital."""
    _, visit = visits.between(person, day, last)
    visits.frame["status"][visit] = CANCELLED
    _, event = emergencies.between(person, day, last)
    emergencies.frame["dropped"][event] = True


def _end_at_death(visits: Visits, emergencies: Emergencies, deaths: Ints) -> None:
    """Nobody keeps an appointment or comes to an emergency department on the day of death or later."""
    death = deaths[visits.frame["person"]]
    visits.frame["status"][(death != NO_DAY) & (visits.frame["day"] >= death)] = CANCELLED
    death = deaths[emergencies.frame["person"]]
    emergencies.frame["dropped"][(death != NO_DAY) & (emergencies.frame["day"] >= death)] = True


def _outcomes(random: np.random.Generator, now: Frame, seen: Frame, ground: Ground, keep: Array, person: Ints) -> Frame:
    """The planted risks of each discharge alive, and what chance made of them."""
    alive = now["disposition"] != stay.INDEX[stay.DIED]
    effect = ground.hospital_effect[now["hospital"]]
    readmission, adverse = planted.log_odds(seen, effect)
    long_stay = seen["stay_7_plus"]
    surgical = now["surgical"].astype(np.float64)
    shares = planted.hidden_shares(long_stay, surgical)
    hidden = random.random(shares.shape) < shares
    risk = logistic(readmission + hidden @ np.array(planted.READMISSION_WEIGHTS))
    harm = logistic(adverse + hidden @ np.array(planted.ADVERSE_WEIGHTS))
    needed = alive & (random.random(len(person)) < risk)
    harmed = alive & (random.random(len(person)) < harm)
    truth: Frame = {
        **seen,
        **{fact.key: hidden[:, position] for position, fact in enumerate(planted.HIDDEN)},
        "readmission_log_odds": readmission,
        "adverse_log_odds": adverse,
        "readmission_risk_visible": planted.visible_risk(readmission, shares, planted.READMISSION_WEIGHTS),
        "readmission_risk_hidden": risk,
        "adverse_event_risk_visible": planted.visible_risk(adverse, shares, planted.ADVERSE_WEIGHTS),
        "adverse_event_risk_hidden": harm,
        "hospital_effect": effect,
        "alive": alive,
        "needed": needed,
        "returns": needed & (random.random(len(person)) < keep[person]),
        "harmed": harmed,
    }
    return truth


def _aftermath(
    random: np.random.Generator, people: People, now: Frame, truth: Frame, state: Frame, calendar: delivery.Calendar
) -> Frame:
    """Day of return, day and kind of harm, and whether the follow-up visit is kept. NO_DAY where there is none."""
    size = len(now["person"])
    last, free = now["last"], state["harm_free_until"][now["person"]]
    gap = 1 + (30 * random.beta(1.0, 1.7, size)).astype(np.int64).clip(0, 29)
    returns = np.where(truth["returns"], last + gap, NO_DAY)
    by_return = truth["harmed"] & truth["returns"] & (gap <= 21) & (returns > free)
    dies = truth["harmed"] & ~truth["returns"] & (random.random(size) < 0.14)
    visit = truth["harmed"] & ~by_return & ~dies
    earliest = np.maximum(free - last + 1, 1).clip(1, 21)
    harm_day = last + earliest + (random.random(size) * (22 - earliest)).astype(np.int64)
    # a harm before a later return comes first; in the rare case that it cannot, it does not happen
    blocked = visit & truth["returns"] & (harm_day >= returns)
    harm_day = np.where(blocked & (gap > earliest), last + earliest, harm_day)
    visit &= ~(blocked & (gap <= earliest))
    paid = harm_day + delivery.days_to_pay(random, size)
    moved = random.random(size) < 0.78
    kept = (now["follow_day"] != NO_DAY) & moved & ((returns == NO_DAY) | (returns > now["follow_day"]))
    kept &= ~(dies & (harm_day <= now["follow_day"]))
    kept &= people.covered(now["follow_day"], now["person"])
    return {
        "return_day": returns,
        "return_harmed": by_return,
        "harm_dies": dies,
        "harm_day": np.where(dies | visit, harm_day, NO_DAY),
        "harm_visit_day": np.where(visit, harm_day, NO_DAY),
        "harm_visit_told": random.random(size) < 0.97,
        "harm_visit_paid": paid,
        "harm_visit_file": calendar.delivered(paid),
        "harm_kind": random.integers(0, 18, size),
        "harm_observed": random.random(size) < 0.25,
        "follow_kept": kept,
    }


def _schedule(
    random: np.random.Generator, people: People, now: Frame, truth: Frame, state: Frame, rate: Floats, period: Period
) -> None:
    """When and why each person comes next, and deaths after discharge. Nobody dies inside a window free of harm."""
    person, last = now["person"], now["last"]
    size = len(person)
    died = ~truth["alive"]
    own = next_own(random, people, rate, person, last + 30, period)
    cycle = (now["reason"] == reasons.INDEX["chemotherapy"]) & (random.random(size) < 0.35)
    soon = last + random.integers(20, 29, size)
    returns = truth["returns"]
    cause = np.where(
        now["return_harmed"], stay.HARMED, np.where(returns, stay.RETURN, np.where(cycle, stay.CYCLE, stay.BASE))
    )
    state["next"][person] = np.where(returns, now["return_day"], np.where(cycle, soon, own))
    state["cause"][person] = cause
    state["reason"][person] = now["reason"]
    state["hospital"][person] = now["hospital"]
    nursing = now["disposition"] == stay.INDEX[stay.NURSING]
    now["nursing_until"] = np.where(nursing, last + random.integers(12, 60, size), NO_DAY)
    state["nursing_until"][person] = now["nursing_until"]
    harmed = truth["harmed"]
    free = np.where(harmed, state["harm_free_until"][person], np.maximum(state["harm_free_until"][person], last + 21))
    state["harm_free_until"][person] = free
    hospice = np.isin(now["disposition"], (stay.INDEX["50"], stay.INDEX["51"]))
    soon_dead = random.random(size) < np.where(hospice, 0.9, 0.02 + 0.03 * truth["spread_cancer"])
    later = np.maximum(free, last + 21) + 1 + random.integers(0, 90, size)
    natural = state["death"][person]
    natural = np.where((natural != NO_DAY) & (natural <= np.maximum(free, last + 21)), later, natural)
    natural = np.where(soon_dead & ~returns, np.where(natural == NO_DAY, later, np.minimum(natural, later)), natural)
    natural = np.where((natural != NO_DAY) & returns & (natural <= now["return_day"]), now["return_day"] + 60, natural)
    natural = np.where(now["harm_dies"], now["harm_day"], natural)
    state["death"][person] = np.where(died, last, natural)
