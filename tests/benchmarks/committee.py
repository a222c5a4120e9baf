"""What the committee's figures are worth: how often their intervals hold the truth, how often a stationary year raises
an alarm, how soon a planted shift is named, and what a
million rows take. `make bench-committee` prints; checks nothing.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from dataclasses import dataclass

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from models.described import Z, described
from models.fairness import Audit, audit, cells_of
from models.fairness_closed import ROWS_TO_RESAMPLE, audit_of_many
from models.intervals import bootstrap
from models.log_odds import risk_of
from models.metrics import auroc, calibration_slope
from models.metrics_at_capacity import ppv_at, sensitivity_at
from tests.planted_drift import SHIFTS, shifted, stationary, treated, within_two_months

Floats = npt.NDArray[np.float64]

ROWS, SHARE, RESAMPLES = 3_000, 0.1, 400
ROWS_OF_TRUTH = 4_000_000
GROUPS = {"race": (0.6, 0.2, 0.12, 0.08), "sex": (0.55, 0.45), "practice": (0.3, 0.25, 0.2, 0.15, 0.1)}
SIZES = (2, 2, 3, 5, 6, 6, 7, 8, 10, 30, 60, 200)


@dataclass(frozen=True)
class Drawn:
    """Rows as `some_rows` draws them: `happens` is the chance of the outcome, which nobody sees."""

    y: Floats
    risk: Floats
    persons: npt.NDArray[np.int64]
    groups: pd.DataFrame
    happens: Floats


def some_rows(seed: int, rows: int) -> Drawn:
    """One to five rows a person, alike within a person beyond what their risk tells, who is
    always of the same groups; risks a little off for one race.
    """
    draw = np.random.default_rng(seed)
    persons = np.sort(draw.integers(0, rows // 2, rows))
    size = rows // 2
    own, hidden = draw.normal(0, 0.8, size)[persons], draw.normal(0, 0.4, size)[persons]
    groups = {name: draw.choice(len(shares), size, p=shares)[persons] for name, shares in GROUPS.items()}
    score = -1.8 + own + draw.normal(0, 0.4, rows)
    happens = risk_of(score + hidden + 0.15 * (groups["race"] == 1))
    y = (draw.random(rows) < happens).astype(np.float64)
    told = pd.DataFrame({name: np.char.add("g", codes.astype(str)) for name, codes in groups.items()})
    return Drawn(y, risk_of(score), persons, told, happens)


def truth() -> tuple[dict[tuple[str, str], tuple[float, float]], dict[str, float]]:
    """Differences of sensitivity and O/E of each group, and the described figures of everyone, of very many rows, each
    counting as the chance that its outcome happens.
    """
    draw, rows = some_rows(10**6, ROWS_OF_TRUTH), int(SHARE * ROWS_OF_TRUTH)
    happens, risk, groups = draw.happens, draw.risk, draw.groups
    called = risk >= np.partition(risk, -rows)[-rows]
    everyone = float(happens[called].sum() / happens.sum())
    of_groups = {}
    for column in groups.columns:
        for name in groups[column].unique():
            theirs = groups[column].eq(name).to_numpy()
            sensitivity = happens[called & theirs].sum() / happens[theirs].sum()
            of_groups[column, name] = sensitivity - everyone, happens[theirs].sum() / risk[theirs].sum()
    y, twice, weights = np.repeat([1.0, 0.0], len(risk)), np.tile(risk, 2), np.r_[happens, 1 - happens]
    return of_groups, {
        "sensitivity": everyone,
        "ppv": float(happens[called].mean()),
        "auroc": auroc(y, twice, weights),
        "calibration_slope": calibration_slope(y, twice, weights),
    }


def holds(found: Audit, true: dict[tuple[str, str], tuple[float, float]], reach: float) -> list[bool]:
    """Whether each interval of an audit holds the truth, when it reaches so many standard errors."""
    held = []
    for group in found.groups:
        difference, ratio = true[group.column, group.name]
        if np.isnan(group.difference.low):
            continue
        by = reach / found.reach
        half = by * (group.difference.high - group.difference.value)
        held.append(abs(group.difference.value - difference) <= half)
        wide = by * np.log(group.observed_to_expected.high / group.observed_to_expected.value)
        held.append(abs(np.log(group.observed_to_expected.value / ratio)) <= wide)
    return held


def coverage(repeats: int) -> None:
    """Of simultaneous intervals (all of an audit at once) and of each alone: by closed forms where rows are as many as
    those are used for, by resamples where they are few; of described figures by both on the same few rows.
    """
    true, of_all = truth()
    together: Counter[str] = Counter()
    alone: dict[str, list[bool]] = {}
    for seed in range(repeats):
        few, capacity = some_rows(seed, ROWS), int(SHARE * ROWS)
        by_resamples = audit(few.y, few.risk, few.persons, few.groups, capacity, RESAMPLES, seed)
        for name, held in of_everyone(few.y, few.risk, few.persons, capacity, of_all, seed).items():
            alone.setdefault(name, []).append(held)
        many = some_rows(seed, ROWS_TO_RESAMPLE)
        cells = cells_of(many.groups, many.y, many.persons)
        closed = audit_of_many(many.y, many.risk, many.persons, cells, int(SHARE * ROWS_TO_RESAMPLE))
        ways = {f"resamples, {ROWS:,} rows": by_resamples, f"closed forms, {ROWS_TO_RESAMPLE:,} rows": closed}
        for way, found in ways.items():
            together[way] += all(holds(found, true, found.reach))
            alone.setdefault(f"judged, {way}", []).extend(holds(found, true, Z))
    click.echo(f"coverage of 95 % intervals, {repeats} repeats, {RESAMPLES} resamples")
    for way, count in together.items():
        click.echo(f"  all intervals of an audit at once, {way}: {count / repeats:.1%}")
    for what, each in sorted(alone.items()):
        click.echo(f"  each alone, {what}: {np.mean(each):.1%} of {len(each):,}")


def of_everyone(
    y: Floats, risk: Floats, persons: npt.NDArray[np.int64], capacity: int, true: dict[str, float], seed: int
) -> dict[str, bool]:
    """Whether the interval of each described figure of everyone holds the truth, by closed forms and by resamples."""
    metrics = {
        "auroc": auroc,
        "calibration_slope": calibration_slope,
        "ppv": ppv_at(capacity),
        "sensitivity": sensitivity_at(capacity),
    }
    whole = cells_of(pd.DataFrame({"all": np.full(len(y), "all")}), y, persons)
    figures = described(y, risk, persons, whole, capacity)[0].figures
    drawn = bootstrap(y, risk, persons, tuple(metrics.values()), RESAMPLES, seed)
    found = {}
    for name, metric in metrics.items():
        for way, interval in (("closed forms", figures[name]), ("resamples", drawn[metric.name])):
            found[f"{name} described, {way}, {ROWS:,} rows"] = interval.low <= true[name] <= interval.high
    return found


def alarms(repeats: int) -> None:
    """How many stationary years raise an alarm, and how many planted shifts are named within two months."""
    began = time.perf_counter()
    named: Counter[str] = Counter()
    loud = 0
    for seed in range(repeats):
        shifts = [shift for shift in stationary(seed).shifts() if shift.drift]
        loud += bool(shifts)
        named.update(str(shift.cause) for shift in shifts)
    click.echo(f"stationary years with an alarm: {loud} of {repeats} ({loud / repeats:.1%}); as {dict(named)}")
    few = max(1, repeats // 5)
    for shift, cause in SHIFTS.items():
        found = sum(
            within_two_months(shifted(seed, shift, 13 + seed % 9).shifts(), cause, 13 + seed % 9) for seed in range(few)
        )
        click.echo(f"{shift} planted: named within two months in {found} of {few} years")
    calm = sum(not any(shift.drift for shift in treated(seed, 14).shifts()) for seed in range(few))
    click.echo(f"calls that avert half: taken for drift in {few - calm} of {few} years")
    click.echo(f"  in {time.perf_counter() - began:.0f} s")


def many(rows: int) -> None:
    """The audit of so many scored rows by twelve columns."""
    draw = np.random.default_rng(0)
    risk = risk_of(draw.normal(-2.5, 1, rows))
    y = (draw.random(rows) < risk).astype(np.float64)
    persons = draw.integers(0, int(rows / 1.3), rows)
    names = {size: np.asarray([f"group {place}" for place in range(size)]) for size in SIZES}
    groups = pd.DataFrame({f"column {at}": names[size][draw.integers(0, size, rows)] for at, size in enumerate(SIZES)})
    began, used = time.perf_counter(), time.process_time()
    cells = cells_of(groups, y, persons)
    found = audit_of_many(y, risk, persons, cells, rows // 20)
    described(y, risk, persons, cells, rows // 20)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    click.echo(
        f"{rows:,} rows by {len(SIZES)} columns ({len(found.groups)} groups), judged and described: {seconds:.0f} s, "
        f"{processor:.0f} s of processor, at most {peak:.1f} GB"
    )


@click.command()
@click.option("--repeats", default=500, show_default=True, help="Audits, and stationary years.")
@click.option("--rows", default=1_000_000, show_default=True, help="Scored rows of the audit that is timed.")
def main(repeats: int, rows: int) -> None:
    """Print all of it."""
    many(rows)
    coverage(repeats)
    alarms(repeats)


if __name__ == "__main__":
    main()
