"""The gates between a trained version and its use: each asks one thing of it and answers with a verdict.

Gates that need the rows are judged when a version is made, and stand in its release as `gates.json`:

    {"gates": [{"name": "calibration", "verdict": "pass", "says": "one sentence", "figures": {...}}, ...]}

`verdict` is pass, fail or too few to judge. `figures` holds numbers, intervals ({value, low, high}; null where there is
none) and, of fairness, `groups`: a list with one entry for each group. The others (discrimination beside the champion,
latency, fingerprint) depend on what is there when a version is promoted, and are judged then.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.errors import BadModel
from models import fairness, release
from models.fairness import Audit, Group
from models.intervals import Interval, paired_difference
from models.metrics import auroc, calibration_slope, observed_to_expected
from models.shift import psi_beyond_chance
from models.verdicts import Band, Verdict, together, within

if TYPE_CHECKING:
    from features.catalogue.algebra import Feature
    from models.release import Release

Floats = npt.NDArray[np.float64]
Json = Mapping[str, Any]

DISCRIMINATION, CALIBRATION, FAIRNESS = "discrimination", "calibration", "fairness"
LATENCY, FINGERPRINT, SCORE_SHIFT, IMPLAUSIBILITY = "latency", "fingerprint", "score shift", "implausibility"

NOT_WORSE = Band(-0.01, math.inf)  # AUROC beside the champion's
BETTER_THAN_CHANCE = Band(0.5, math.inf)
SLOPE, OBSERVED_TO_EXPECTED = Band(0.9, 1.1), Band(0.95, 1.05)
LARGEST_SHIFT = Band(-math.inf, 0.25)  # models.shift says why
SLOWEST_SECONDS = 0.1  # of one row scored with reasons: a page that asks for a patient still opens at once
ANSWERS_TIMED = 15


@dataclass(frozen=True)
class Gate:
    """What one gate says of a version: the verdict, a sentence, and the figures behind it (JSON)."""

    name: str
    verdict: Verdict
    says: str
    figures: Json

    def to_json(self) -> dict[str, object]:
        """As `gates.json` holds it."""
        return {"name": self.name, "verdict": str(self.verdict), "says": self.says, "figures": dict(self.figures)}


def from_json(written: Json) -> Gate:
    """What `Gate.to_json` wrote."""
    return Gate(str(written["name"]), Verdict(written["verdict"]), str(written["says"]), dict(written["figures"]))


def recorded(made: Release) -> tuple[Gate, ...]:
    """The gates that were judged when a release was made."""
    return tuple(map(from_json, made.read(release.GATES)["gates"]))


@dataclass(frozen=True)
class Pairs:
    """Rows that neither version was trained, tuned or calibrated on: (rows,) each; risks of the one and the other."""

    y: Floats
    risk: Floats
    champion_risk: Floats
    persons: npt.NDArray[Any]


def discrimination(judged: Interval) -> Gate:
    """A first version has no champion to be worse than: it must order people better than lots do."""
    verdict = within(judged, BETTER_THAN_CHANCE)
    says = f"AUROC {_shown(judged)}; no champion to compare with, so beside 0.5, which lots would give"
    return Gate(DISCRIMINATION, verdict, says, {"auroc": _ends(judged)})


def discrimination_beside(champion: int, pairs: Pairs | None) -> Gate:
    """AUROC minus that of the champion, on the same rows, people drawn together: its lower end must exceed -0.01."""
    rows, events = (0, 0) if pairs is None else (len(pairs.y), int(pairs.y.sum()))
    figures: dict[str, object] = {"champion": champion, "rows": rows, "events": events}
    if pairs is None or not 0 < events < rows:
        says = f"no rows here, with and without the outcome, that neither this version nor version {champion} saw"
        return Gate(DISCRIMINATION, Verdict.TOO_FEW, says, figures)
    found = paired_difference(pairs.y, pairs.risk, pairs.champion_risk, pairs.persons, (auroc,))[auroc.name]
    says = (
        f"AUROC minus that of version {champion} {_shown(found)} on {rows:,} rows that neither learned from; "
        f"it must stay above {NOT_WORSE.low:g}"
    )
    return Gate(DISCRIMINATION, within(found, NOT_WORSE), says, {**figures, "difference": _ends(found)})


def calibration(judged: Mapping[str, Interval]) -> Gate:
    """Slope and O/E of a later period, each by its interval."""
    slope, ratio = judged[calibration_slope.name], judged[observed_to_expected.name]
    verdict = together((within(slope, SLOPE), within(ratio, OBSERVED_TO_EXPECTED)))
    says = f"slope {_shown(slope)}, must be {SLOPE}; O/E {_shown(ratio)}, must be {OBSERVED_TO_EXPECTED}"
    return Gate(CALIBRATION, verdict, says, {"calibration_slope": _ends(slope), "observed_to_expected": _ends(ratio)})


def fair(found: Audit) -> Gate:
    """Every group's share of the list, and its O/E."""
    unfair = [f"{group.column} {group.name}" for group in found.groups if group.verdict is Verdict.FAIL]
    counts = {word: sum(group.verdict is verdict for group in found.groups) for verdict, word in fairness.WORDS.items()}
    told = f"{len(found.groups)} groups: " + ", ".join(f"{count} {word}" for word, count in counts.items())
    says = told + (f"; unfair to {', '.join(unfair)}" if unfair else "")
    figures = {
        "capacity": found.capacity,
        "sensitivity": _number(found.sensitivity),
        "standard_errors": _number(found.reach),
        "groups": [_group(group) for group in found.groups],
    }
    return Gate(FAIRNESS, found.verdict, says, figures)


def score_shift(reference: Floats, newest: Floats, persons: npt.NDArray[Any]) -> Gate:
    """The model's own scores of the rows it was calibrated on, beside those of the later rows; `persons` of both."""
    found = psi_beyond_chance(reference, newest, persons)
    says = f"PSI of the scores {_shown(found)} from calibration to the latest rows; it must stay below 0.25"
    return Gate(SCORE_SHIFT, within(found, LARGEST_SHIFT), says, {"psi": _ends(found), "rows": len(newest)})


def latency(answer: Callable[[], object]) -> Gate:
    """How long one row takes to be scored with reasons: the median of several, on this machine, now."""
    answer()  # the first one pays for what is loaded once
    seconds = median(_timed(answer) for _ in range(ANSWERS_TIMED))
    verdict = Verdict.PASS if seconds <= SLOWEST_SECONDS else Verdict.FAIL
    says = f"one row with reasons in {1000 * seconds:.1f} ms, at most {1000 * SLOWEST_SECONDS:.0f} ms"
    return Gate(LATENCY, verdict, says, {"seconds": seconds})


def fingerprint(made: Release, features: Sequence[Feature]) -> Gate:
    """The declarations of this code give the release's self-check people the features that it was trained with."""
    try:
        release.verify(made, features)
    except BadModel as why:
        return Gate(FINGERPRINT, Verdict.FAIL, f"got {why.got}; expected {why.expected}", {})
    return Gate(FINGERPRINT, Verdict.PASS, "the release verifies with the code that is here", {})


def _timed(answer: Callable[[], object]) -> float:
    began = time.perf_counter()
    answer()
    return time.perf_counter() - began


def _group(group: Group) -> dict[str, object]:
    return {
        "column": group.column,
        "group": group.name,
        **{count: getattr(group, count) for count in ("people", "rows", "events")},
        "sensitivity_difference": _ends(group.difference),
        "observed_to_expected": _ends(group.observed_to_expected),
        "verdict": fairness.WORDS[group.verdict],
        "why": group.why,
    }


def _ends(found: Interval) -> dict[str, float | None]:
    return {end: _number(getattr(found, end)) for end in ("value", "low", "high")}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _shown(found: Interval) -> str:
    if math.isnan(found.value):
        return "without a figure"
    return f"{found.value:.3f}" + ("" if math.isnan(found.low) else f" ({found.low:.3f} to {found.high:.3f})")
