"""What being just above a cutoff does, to those near it: a fuzzy regression discontinuity.

Who is a little above a day's cutoff was called, who is a little below was not, and nothing else differs between them
than a little risk. So the jump of an outcome at the cutoff is what being on the list does (intention to treat); over
the jump in who was reached it is what a contact does to those whom the list decided about. Both are of people near
the cutoff and of nobody else.

Jumps are of local linear regressions on either side, with weights that fall to nought at the bandwidth, less their
bias. The bandwidth is that of Imbens and Kalyanaraman (Rev Econ Stud 2012;79:933-959), for the outcome. A straight
line bends away from the truth; with one bandwidth for the line and its bias, the corrected jump is that of local
parabolas, and the interval around it the robust one of Calonico, Cattaneo and Titiunik (Econometrica
2014;82:2295-2326). Where the density of people jumps at the cutoff (McCrary, J Econom 2008;142:698-714), or something
jumps that was so before anybody was called, people were moved across it, and no estimate is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.intervals import Interval
from models.log_odds import Floats

NORMAL = 1.959964  # standard errors on either side that hold 95 %
KERNEL = 3.4375  # of the triangular kernel at a boundary, in the bandwidth's formula
FEWEST_A_SIDE = 50  # people within the bandwidth, below which a curve is a guess; ours
LEAST_F = 10.0  # of the jump in contact, below which a ratio to it has no honest interval (Staiger and Stock 1997)
ALPHA = 0.05  # of each kind of check
TOO_FEW, WEAK = "too few people near the cutoff", "the cutoff hardly changed who was reached"
MOVED, UNLIKE = "the number of people jumps at the cutoff", "people above and below the cutoff differed before"


@dataclass(frozen=True)
class Check:
    """A test that must not find anything; `p` is its probability by chance."""

    name: str
    p: float


@dataclass(frozen=True)
class Discontinuity:
    """`listed` is the jump of the outcome at the cutoff, `reached` that of contact, `contact` their ratio: differences
    of shares, the interval robust. Null where no estimate is given, `refused` then says why. `below` and `above` are
    people within the bandwidth.
    """

    bandwidth: float
    below: int
    above: int
    listed: Interval | None
    reached: Interval | None
    contact: Interval | None
    checks: tuple[Check, ...]
    refused: str


def discontinuity(
    running: npt.ArrayLike, contacted: npt.ArrayLike, outcome: npt.ArrayLike, before: Mapping[str, npt.ArrayLike]
) -> Discontinuity:
    """`running` (people,): distance to the cutoff, 0 and above on the list; `contacted` and `outcome` 1 or 0; `before`
    what was known of each of them before, by name.
    """
    x, t, y = (np.asarray(each, dtype=np.float64) for each in (running, contacted, outcome))
    width = bandwidth(x, y)
    near = np.abs(x) < width
    below, above = int((near & (x < 0)).sum()), int((near & (x >= 0)).sum())
    if min(below, above) < FEWEST_A_SIDE:
        return Discontinuity(width, below, above, None, None, None, (), TOO_FEW)
    checks = (Check("number of people", density_p(x)), *(_balance(x, name, before[name]) for name in before))
    refused = _refused(checks)
    if refused:
        return Discontinuity(width, below, above, None, None, None, checks, refused)
    first = jump(x, t, width)
    error = (first.high - first.low) / (2 * NORMAL)
    listed = jump(x, y, width)
    if not first.value**2 >= LEAST_F * error**2:
        return Discontinuity(width, below, above, listed, first, None, checks, WEAK)
    return Discontinuity(width, below, above, listed, first, ratio(x, t, y, width), checks, "")


def jump(x: Floats, y: Floats, width: float) -> Interval:
    """The jump of y at 0 by local lines less their bias, which is the jump of local parabolas; its robust interval."""
    value, influence = _jump(x, y, width)
    error = float(np.sqrt(np.square(influence).sum()))
    return Interval(value, value - NORMAL * error, value + NORMAL * error)


def ratio(x: Floats, t: Floats, y: Floats, width: float) -> Interval:
    """The jump of y over that of t, likewise; its error by the delta method, of both together."""
    (above_y, in_y), (above_t, in_t) = _jump(x, y, width), _jump(x, t, width)
    value = above_y / above_t
    error = float(np.sqrt(np.square(in_y - value * in_t).sum())) / abs(above_t)
    return Interval(value, value - NORMAL * error, value + NORMAL * error)


def bandwidth(x: Floats, y: Floats) -> float:
    """Within which people are near: what balances the bend of the curves against their noise, for local lines."""
    n, spread = len(x), float(np.std(x))
    shrinks = float(n) ** -0.2 if n else 0.0
    pilot = 1.84 * spread * shrinks
    if not spread > 0 or n < FEWEST_A_SIDE:
        return pilot
    sides = [x < 0, x >= 0]
    counts = [int((side & (np.abs(x) <= pilot)).sum()) for side in sides]
    if min(counts) < 2:
        return pilot
    density = sum(counts) / (2 * n * pilot)
    noise = float(np.mean([np.var(y[side & (np.abs(x) <= pilot)], ddof=1) for side in sides]))
    noise = max(noise, 1e-12)
    cubic = np.column_stack([np.ones(n), x >= 0, x, x**2, x**3])
    third = 6 * float(np.linalg.lstsq(cubic, y, rcond=None)[0][4])
    bends, doubts = [], []
    for side in sides:
        reach = 3.56 * (noise / (density * max(third**2, 1e-12))) ** (1 / 7) * max(1, int(side.sum())) ** (-1 / 7)
        within = side & (np.abs(x) <= min(reach, float(np.abs(x[side]).max())))
        if within.sum() < 10:
            return pilot
        curve = np.polynomial.polynomial.polyfit(x[within], y[within], 2)
        bends.append(2 * float(curve[2]))
        doubts.append(720 * noise / (float(within.sum()) * float(np.abs(x[within]).max()) ** 4))
    bend = (bends[1] - bends[0]) ** 2 + sum(doubts)
    return float(KERNEL * (2 * noise / (density * bend)) ** 0.2 * shrinks)


def density_p(x: Floats) -> float:
    """McCrary's test: how likely so large a jump in the number of people at 0 is by chance. Counts in bins that are
    fitted by local lines on either side; the bandwidth by a fourth-order polynomial of each.
    """
    from scipy.stats import norm

    n = len(x)
    size = 2 * float(np.std(x)) * n**-0.5
    low, high = float(x.min()), float(x.max())
    left = -size * (np.arange(int(np.ceil(-low / size))) + 0.5)
    right = size * (np.arange(int(np.floor(high / size)) + 1) + 0.5)
    heights = [
        np.histogram(x, bins=np.sort(np.append(middles - size / 2, middles.max() + size / 2)))[0] / (n * size)
        for middles in (np.sort(left), right)
    ]
    sides = [(np.sort(left), heights[0]), (right, heights[1])]
    widths = [_density_width(middles, height) for middles, height in sides]
    width = float(np.mean(widths))
    levels = [_at_zero(middles, height, width) for middles, height in sides]
    if min(levels) <= 0:
        return 0.0
    error = np.sqrt(1 / (n * width) * 24 / 5 * (1 / levels[0] + 1 / levels[1]))
    return float(2 * norm.sf(abs(np.log(levels[1] / levels[0])) / error))


def _density_width(middles: Floats, height: npt.NDArray[np.float64]) -> float:
    if len(middles) < 6:
        return float(np.abs(middles).max() + 1e-12)
    curve = np.polynomial.polynomial.Polynomial.fit(middles, height, 4)
    noise = float(np.mean(np.square(height - curve(middles)))) * len(middles) / (len(middles) - 5)
    bends = float(np.square(curve.deriv(2)(middles)).sum())
    span = float(middles.max() - middles.min())
    return min(span, 3.348 * float((noise * span / max(bends, 1e-300)) ** 0.2))


def _at_zero(middles: Floats, height: npt.NDArray[np.float64], width: float) -> float:
    weight = np.maximum(0.0, 1 - np.abs(middles) / width)
    keep = weight > 0
    if keep.sum() < 2:
        return float(height[np.abs(middles).argmin()])
    design = np.column_stack([np.ones(int(keep.sum())), middles[keep]])
    root = np.sqrt(weight[keep])
    return float(np.linalg.lstsq(design * root[:, np.newaxis], height[keep] * root, rcond=None)[0][0])


def _jump(x: Floats, y: Floats, width: float) -> tuple[float, Floats]:
    """The difference of the two parabolas at 0, and what each person adds to its error."""
    influence = np.zeros(len(x))
    levels = []
    for side in (x < 0, x >= 0):
        near = np.flatnonzero(side & (np.abs(x) < width))
        weight = 1 - np.abs(x[near]) / width
        design = (x[near] / width)[:, np.newaxis] ** np.arange(3)
        of_each = np.linalg.pinv((design.T * weight) @ design) @ (design.T * weight)
        curve = of_each @ y[near]
        lever = np.clip(np.einsum("ij,ji->i", design, of_each), 0.0, 0.99)
        influence[near] = of_each[0] * (y[near] - design @ curve) / np.sqrt(1 - lever)
        levels.append(float(curve[0]))
    return levels[1] - levels[0], influence


def _balance(x: Floats, name: str, values: npt.ArrayLike) -> Check:
    from scipy.stats import norm

    told = np.asarray(values, dtype=np.float64)
    if not np.std(told) > 0:
        return Check(name, 1.0)
    found = jump(x, told, bandwidth(x, told))
    error = (found.high - found.low) / (2 * NORMAL)
    return Check(name, float(2 * norm.sf(abs(found.value) / error)) if error > 0 else 1.0)


def _refused(checks: tuple[Check, ...]) -> str:
    """Why no estimate may be given. Of several things known before each is asked at its share of 5 %."""
    density, *balance = checks
    if density.p < ALPHA:
        return MOVED
    return UNLIKE if any(check.p < ALPHA / len(balance) for check in balance) else ""
