"""How often the evaluation of outreach holds a known truth, and how far a before-and-after is off.

    python -m tests.benchmarks.impact [--repeats N]

Invented networks with a list of the day and calls of a known effect; prints, checks nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import click
import numpy as np
import numpy.typing as npt

from models.discontinuity import discontinuity
from models.intervals import Interval
from models.log_odds import Floats, log_odds, risk_of
from models.matching import matched
from models.trial import trial

DAYS, A_DAY, CALLS, BAND = 300, 60, 12, 6
REACHED, REACHED_UNLISTED = 0.7, 0.08  # of the listed, and of the others, who were contacted
EFFECT = -0.08  # of a contact, on the share readmitted


@dataclass(frozen=True)
class Outreach:
    """(people,) each, on their first day: risk as foretold, distance to the cutoff, day, whether the lottery of the
    band chose them (nan outside it), contact, outcome, the age, and whether in hospital in the 30 days before.
    """

    risk: Floats
    running: Floats
    day: npt.NDArray[np.int64]
    drawn: Floats
    contacted: Floats
    outcome: Floats
    age: Floats
    before: Floats


def outreach(seed: int, effect: float, *, lottery: bool = False) -> Outreach:
    """One network. Frailty that no score sees makes people both hard to reach and ill: who is reached is healthier."""
    draw = np.random.default_rng(seed)
    count = DAYS * A_DAY
    day = np.repeat(np.arange(DAYS), A_DAY)
    hidden = draw.standard_normal(count)
    score = -1.9 + 0.9 * draw.standard_normal(count)
    risk = risk_of(score)
    order = np.lexsort((-risk, day))
    rank = np.empty(count, dtype=int)
    rank[order] = np.tile(np.arange(A_DAY), DAYS)
    ranked = risk[order].reshape(DAYS, A_DAY)
    running = risk - ((ranked[:, CALLS - 1] + ranked[:, CALLS]) / 2)[day]
    listed = (rank < CALLS).astype(float)
    drawn = np.full(count, np.nan)
    if lottery:
        band = np.abs(rank - CALLS + 0.5) < BAND
        for one in range(DAYS):
            places = np.flatnonzero(band & (day == one))
            drawn[places] = draw.permutation(np.arange(len(places)) < BAND).astype(float)
        listed = np.where(band, np.nan_to_num(drawn), listed)
    answers = risk_of(log_odds(np.where(listed == 1, REACHED, REACHED_UNLISTED)) - 0.8 * hidden)
    contacted = (draw.random(count) < answers).astype(float)
    plain = risk_of(score + 0.5 * hidden)
    outcome = (draw.random(count) < np.clip(plain + effect * contacted, 0.005, 0.995)).astype(float)
    # those whom a stay of last month put high on the list are not in hospital every month
    before = (draw.random(count) < risk_of(score + 0.8)).astype(float)
    age = 72 + 4 * score + 9 * draw.standard_normal(count)
    return Outreach(risk, running, day, drawn, contacted, outcome, age, before)


@dataclass(frozen=True)
class Coverage:
    """Of repeats: the share with an estimate, of these the share whose interval held the truth, and their mean."""

    given: float
    holds: float
    mean: float


def covered(found: list[Interval | None], truth: float) -> Coverage:
    told = [each for each in found if each is not None]
    if not told:
        return Coverage(0.0, float("nan"), float("nan"))
    holds = float(np.mean([each.low <= truth <= each.high for each in told]))
    return Coverage(len(told) / len(found), holds, float(np.mean([each.value for each in told])))


def at_the_cutoff(repeats: int, effect: float) -> Coverage:
    """The fuzzy discontinuity."""
    found = []
    for seed in range(repeats):
        one = outreach(seed, effect)
        found.append(discontinuity(one.running, one.contacted, one.outcome, {"age": one.age}).contact)
    return covered(found, effect)


def by_lottery(repeats: int, effect: float) -> Coverage:
    """The lottery in the band."""
    found = []
    for seed in range(repeats):
        one = outreach(seed, effect, lottery=True)
        own = ~np.isnan(one.drawn)
        found.append(trial(one.day[own], one.drawn[own], one.contacted[own], one.outcome[own]).contact)
    return covered(found, effect)


def by_matching(repeats: int, effect: float) -> Coverage:
    """Pairs of alike risk."""
    found = []
    for seed in range(repeats):
        one = outreach(seed, effect)
        near = one.running > -0.05  # whoever is far below is nobody's twin
        found.append(matched(one.risk[near], one.contacted[near], one.outcome[near]).difference)
    return covered(found, effect)


def before_and_after(repeats: int, effect: float) -> Coverage:
    """In hospital in the month after a contact less in the month before it, of those reached."""
    found: list[Interval | None] = []
    for seed in range(repeats):
        one = outreach(seed, effect)
        change = (one.outcome - one.before)[one.contacted == 1]
        error = float(change.std(ddof=1) / np.sqrt(len(change)))
        value = float(change.mean())
        found.append(Interval(value, value - 1.96 * error, value + 1.96 * error))
    return covered(found, effect)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--repeats", type=int, default=200)
    repeats = asked.parse_args().repeats
    click.echo(f"{DAYS} days, {A_DAY} new people a day, {CALLS} calls, {repeats} repeats, 95 % intervals")
    ways = (
        ("discontinuity", at_the_cutoff),
        ("lottery", by_lottery),
        ("matched pairs, confounded", by_matching),
        ("before and after", before_and_after),
    )
    for effect in (0.0, EFFECT):
        for name, way in ways:
            found = way(repeats, effect)
            click.echo(
                f"true effect {effect:+.2f}, {name}: mean {found.mean:+.3f}, interval holds the truth in "
                f"{found.holds:.1%}, an estimate is given in {found.given:.1%}"
            )


if __name__ == "__main__":
    main()
