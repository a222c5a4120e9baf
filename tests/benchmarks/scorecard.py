"""How often the intervals of the scorecard hold the truth, and whether planted outliers are found.

    python -m tests.benchmarks.scorecard [--repeats N]

Invented networks whose hospitals differ by a known amount; prints, checks nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import click
import numpy as np
import numpy.typing as npt

from models.log_odds import Floats, risk_of
from models.profiling.exact import ratios
from models.profiling.expected import Units, risks, units_of_people, units_of_stays
from models.profiling.outliers import FALSE_DISCOVERIES, outliers
from models.profiling.shrinkage import Shrunken, of_counts, of_stays

COEFFICIENTS = np.array([0.5, 0.4, 0.3, -0.3, 0.2, 0.6])
INTERCEPT, BETWEEN, PLANTED = -2.1, 0.2, 0.9
HOSPITALS, OUTLIERS = 30, 2


@dataclass(frozen=True)
class Network:
    """Stays of hospitals: whose each is (rows,), and the case mix (rows, columns)."""

    hospital: npt.NDArray[np.int64]
    columns: Floats

    def true_risk(self, effects: Floats) -> Floats:
        """(rows,): with what each hospital adds on the log-odds."""
        return risk_of(INTERCEPT + self.columns @ COEFFICIENTS + effects[self.hospital])


def network(seed: int, hospitals: int = HOSPITALS, smallest: int = 100, largest: int = 1200) -> Network:
    """Hospitals of some sizes whose patients differ in case mix too."""
    draw = np.random.default_rng(seed)
    sizes = np.exp(draw.uniform(np.log(smallest), np.log(largest), hospitals)).astype(int)
    hospital = np.repeat(np.arange(hospitals), sizes)
    tilt = 0.3 * draw.standard_normal((hospitals, len(COEFFICIENTS)))
    columns = draw.standard_normal((len(hospital), len(COEFFICIENTS))) + tilt[hospital]
    return Network(hospital, columns)


def one_year(given: Network, effects: Floats, draw: np.random.Generator) -> tuple[Floats, Units]:
    """What happened, and each hospital's sums."""
    y = (draw.random(len(given.hospital)) < given.true_risk(effects)).astype(np.float64)
    names = np.char.zfill(given.hospital.astype(str), 3)
    return y, units_of_stays(names, y, risks(y, given.columns))


def unshrunken(repeats: int, seed: int = 1) -> Floats:
    """(hospitals,): how often the exact interval of each hospital of one network holds its true O/E."""
    given, draw = network(seed), np.random.default_rng(seed)
    effects = BETWEEN * draw.standard_normal(HOSPITALS)
    effects[:OUTLIERS] = PLANTED
    units = [one_year(given, effects, draw)[1] for _ in range(repeats)]
    true = np.bincount(given.hospital, given.true_risk(effects)) / np.mean([each.expected for each in units], axis=0)
    found = [ratios(each.observed, each.expected, each.trials, each.dispersion) for each in units]
    holds = np.array([(each.low <= true) & (true <= each.high) for each in found])
    return np.asarray(holds.mean(axis=0), dtype=np.float64)


@dataclass(frozen=True)
class Shrinkage:
    """Shares over all hospitals and repeats: of intervals that hold the truth, of planted outliers found, and of false
    among those flagged (0 where none is). Where outliers are planted, theirs apart.
    """

    holds: float
    holds_outliers: float
    found: float
    false: float
    false_where_alike: float


def shrunken(repeats: int, seed: int = 2) -> Shrinkage:
    """Hospitals drawn anew each time: ordinary networks, networks with planted outliers, and ones all alike."""
    draw = np.random.default_rng(seed)
    holds, holds_out, found, false, alike = [], [], [], [], []
    for repeat in range(repeats):
        given = network(1000 + repeat)
        names = np.char.zfill(given.hospital.astype(str), 3)
        ordinary = BETWEEN * draw.standard_normal(HOSPITALS)
        y, _ = one_year(given, ordinary, draw)
        holds.append(_holds(of_stays(names, y, given.columns), given, ordinary))
        planted = np.zeros(HOSPITALS)
        planted[:OUTLIERS] = PLANTED
        y, units = one_year(given, planted, draw)
        flagged = outliers(units, np.ones(HOSPITALS, dtype=np.bool_))
        found.append(flagged[:OUTLIERS].mean())
        false.append(flagged[OUTLIERS:].sum() / max(1, flagged.sum()))
        holds_out.append(_holds(of_stays(names, y, given.columns), given, planted)[:OUTLIERS])
        _, units = one_year(given, np.zeros(HOSPITALS), draw)
        alike.append(outliers(units, np.ones(HOSPITALS, dtype=np.bool_)).any())
    return Shrinkage(*(float(np.mean(each)) for each in (holds, holds_out, found, false, alike)))


def of_people(repeats: int, seed: int = 3) -> tuple[float, float]:
    """Practices whose members have more than chance's visits: how often exact and shrunken intervals hold the truth."""
    draw = np.random.default_rng(seed)
    exact, pulled = [], []
    for _ in range(repeats):
        practice = np.repeat(np.arange(25), draw.integers(60, 400, 25))
        effects = np.exp(0.2 * draw.standard_normal(25))
        rate = 0.6 * draw.gamma(0.7, 1 / 0.7, len(practice)) * effects[practice]
        units = units_of_people(
            np.char.zfill(practice.astype(str), 3), draw.poisson(rate).astype(np.float64), np.full(len(practice), 0.6)
        )
        one = ratios(units.observed, units.expected, units.trials, units.dispersion)
        other = of_counts(units)
        exact.append((one.low <= effects) & (effects <= one.high))
        pulled.append((other.low <= effects) & (effects <= other.high))
    return float(np.mean(exact)), float(np.mean(pulled))


def _holds(found: Shrunken, given: Network, effects: Floats) -> npt.NDArray[np.bool_]:
    plain = given.true_risk(np.zeros(len(effects)))
    true = np.bincount(given.hospital, given.true_risk(effects)) / np.bincount(given.hospital, plain)
    return (found.low <= true) & (true <= found.high)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--repeats", type=int, default=400)
    repeats = asked.parse_args().repeats
    many = 5 * repeats
    covered = unshrunken(many)
    click.echo(f"{HOSPITALS} hospitals, {OUTLIERS} of them planted outliers (log-odds {PLANTED} above), 95 % intervals")
    click.echo(
        f"unshrunken O/E, {many} repeats: hold the truth at each hospital in {covered.min():.1%} to {covered.max():.1%}"
        f", {covered.mean():.1%} on average; planted outliers {covered[:OUTLIERS].mean():.1%}"
    )
    found = shrunken(repeats)
    click.echo(
        f"shrunken, {repeats} repeats: {found.holds:.1%} on average; planted outliers {found.holds_outliers:.1%}"
    )
    click.echo(
        f"flags at a false-discovery rate of {FALSE_DISCOVERIES:.0%}: planted outliers found {found.found:.1%}, false "
        f"among the flagged {found.false:.1%}; networks all alike with any flag {found.false_where_alike:.1%}"
    )
    exact, pulled = of_people(repeats)
    click.echo(f"visits of people who differ, {repeats} repeats: unshrunken {exact:.1%}, shrunken {pulled:.1%}")


if __name__ == "__main__":
    main()
