"""Why this risk: what each feature adds to a patient's score, grouped to what a person can act on and put in words.

A contribution is a TreeSHAP value of the released LightGBM model (Lundberg et al., Nat Mach Intell 2020;2:56-67), in
log-odds before calibration: base + the sum of a row's contributions is the model's raw score. Groups are sums, so two
columns that say the same share one group's weight however the model divided it between them. A column that only repeats
others as points (`spoken` false) adds to its group's weight and lends it no words; what no reason tells is the `other`
of the explanation, so that base + reasons + other is the raw score.
What rests on a sensitive category (`tells`) stays in the score and is told to nobody without the scope: its weight goes
to `other`, not to its group, whose words it would weigh down unseen.
Explaining costs hundreds of times what predicting does: explain only the people who reach the list.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

from features.codes.sensitive import allowed
from features.errors import BadDeclaration
from models.log_odds import Floats

if TYPE_CHECKING:
    from lightgbm import Booster

Direction = Literal["raises", "lowers"]
Value = float | int | str | None  # a number, the name of a category, or nothing known (None or nan)

YES_OR_NO = "yes or no"  # the unit of a column of 1 and 0
CENTS = "cents"  # money is kept in integer cents and told in dollars
NOT_KNOWN = "not known"


class Described(Protocol):
    """What an explanation needs of a feature's declaration; the catalogue's declarations have it."""

    @property
    def name(self) -> str:
        """The column."""

    @property
    def group(self) -> str:
        """What a person can act on, such as "Recent hospital stays"; a few features share one."""

    @property
    def sentence(self) -> str:
        """A `str.format` template with `{value}`, such as "{value} in hospital in the last year"."""

    @property
    def unit(self) -> str:
        """The unit in the plural ("days"), `%`, `YES_OR_NO`, `CENTS`, or "" for a bare number or a category."""

    @property
    def missing(self) -> str:
        """What null means, in words fit to stand alone: "no HbA1c result in the last year"."""

    @property
    def actionable(self) -> bool:
        """Whether a care manager can change it."""

    @property
    def spoken(self) -> bool:
        """Whether its sentence means something to a care manager; points of a score do not."""

    @property
    def tells(self) -> str:
        """The sensitive categories of which it tells, a blank between; none for most."""


@dataclass(frozen=True)
class Contributions:
    """`values` (rows, features): what each column adds to the log-odds; `base`: the log-odds before any of them."""

    values: Floats
    base: float


@dataclass(frozen=True)
class Reason:
    """One group's part in a score: a sentence with the patient's own value, and its weight in log-odds. `tells` are the
    sensitive categories that it took leave to tell of, a blank between.
    """

    group: str
    sentence: str
    value: str
    direction: Direction
    log_odds: float
    actionable: bool
    tells: str = ""


@dataclass(frozen=True)
class Explanation:
    """Why one score, in log-odds: base + what each reason adds + `other`, which no reason tells, is the raw score."""

    base: float
    reasons: tuple[Reason, ...]
    other: float


def contributions(booster: Booster, matrix: npt.NDArray[np.float64] | npt.NDArray[np.float32]) -> Contributions:
    """Explain each row of a matrix (rows, features; null is nan) whose columns are the booster's, in its order."""
    explained = np.asarray(booster.predict(matrix, pred_contrib=True), dtype=np.float64)
    return Contributions(values=explained[:, :-1], base=float(explained[0, -1]) if len(explained) else 0.0)


def grouped(values: Floats, declared: Sequence[Described]) -> tuple[tuple[str, ...], Floats]:
    """The groups in alphabetical order, and (rows, groups) what each adds to the log-odds."""
    groups = tuple(sorted({feature.group for feature in declared}))
    sums = np.zeros((len(values), len(groups)))
    for column, feature in zip(values.T, _checked(declared, values.shape[1]), strict=True):
        sums[:, groups.index(feature.group)] += column
    return groups, sums


def importance(values: Floats, declared: Sequence[Described]) -> tuple[tuple[str, float], ...]:
    """How much each group moves a score, mean of |log-odds| over the rows, strongest first."""
    groups, sums = grouped(values, declared)
    strength = np.abs(sums).mean(axis=0) if len(values) else np.zeros(len(groups))
    return tuple(sorted(((g, float(s)) for g, s in zip(groups, strength, strict=True)), key=lambda gs: (-gs[1], gs[0])))


def explanations(
    told: Contributions, values: Floats, declared: Sequence[Described], top: int = 3, scopes: Collection[str] = ()
) -> tuple[Explanation, ...]:
    """One explanation a row; `values` (rows, features) are the patients' values in the order of `declared`, `scopes`
    the sensitive categories that the reader may be told of.
    """
    chosen = [reasons(added, row, declared, top, scopes) for added, row in zip(told.values, values, strict=True)]
    return tuple(
        Explanation(told.base, why, float(added.sum()) - sum(reason.log_odds for reason in why))
        for added, why in zip(told.values, chosen, strict=True)
    )


def within(explanation: Explanation, scopes: Collection[str]) -> Explanation:
    """The explanation for a reader with these scopes: reasons that tell of more go to `other`. For those made and kept
    for somebody with wider scopes.
    """
    kept = tuple(reason for reason in explanation.reasons if allowed(reason.tells, scopes))
    hidden = sum(reason.log_odds for reason in explanation.reasons if reason not in kept)
    return replace(explanation, reasons=kept, other=explanation.other + hidden)


def reasons(
    contributions_row: Floats,
    values_row: Sequence[Value] | Floats,
    declared: Sequence[Described],
    top: int = 3,
    scopes: Collection[str] = (),
) -> tuple[Reason, ...]:
    """The `top` groups that move one patient's score most, up or down; equal ones by name, those at 0 left out, and
    those for which no spoken column pushes the way that the whole group does. Columns that tell of a sensitive category
    outside `scopes` are in no group.

    `values_row` holds the patient's values in the order of `declared`; a categorical column gives its category's name.
    """
    parts: dict[str, dict[str, _Part]] = {}
    unspoken: dict[str, float] = {}
    of: dict[str, set[str]] = {}
    for added, value, feature in zip(
        contributions_row, values_row, _checked(declared, len(contributions_row)), strict=True
    ):
        if added == 0 or not allowed(feature.tells, scopes):
            continue
        of.setdefault(feature.group, set()).update(feature.tells.split())
        if not feature.spoken:
            unspoken[feature.group] = unspoken.get(feature.group, 0.0) + float(added)
            continue
        said = parts.setdefault(feature.group, {})
        text, sentence = worded(feature, value)
        before = said.get(sentence, _Part(text, 0.0, actionable=False))
        said[sentence] = _Part(text, before.log_odds + float(added), before.actionable or feature.actionable)
    told = [
        _reason(group, said, unspoken.get(group, 0.0), " ".join(sorted(of[group]))) for group, said in parts.items()
    ]
    strongest = sorted((r for r in told if r is not None), key=lambda r: (-abs(r.log_odds), r.group))
    return tuple(strongest[:top])


def worded(feature: Described, value: Value) -> tuple[str, str]:
    """The value with its unit, and the sentence that holds it; for a value that is not known, what that means."""
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return NOT_KNOWN, _capitalised(feature.missing)
    text = value if isinstance(value, str) else _with_unit(float(value), feature.unit)
    return text, _capitalised(feature.sentence.format(value=text))


@dataclass(frozen=True)
class _Part:
    """What one sentence adds to its group: columns that say the same thing count together."""

    value: str
    log_odds: float
    actionable: bool


def _reason(group: str, said: Mapping[str, _Part], unspoken: float, tells: str) -> Reason | None:
    """The group's sum, told by the sentence that pushes most in the direction of the sum; null where none does."""
    total = sum(part.log_odds for part in said.values()) + unspoken
    sign = 1.0 if total > 0 else -1.0
    sentence = min(said, key=lambda words: (-sign * said[words].log_odds, words))
    part = said[sentence]
    if total == 0 or sign * part.log_odds <= 0:
        return None
    return Reason(group, sentence, part.value, "raises" if total > 0 else "lowers", total, part.actionable, tells)


def _with_unit(number: float, unit: str) -> str:
    if unit == YES_OR_NO:
        return "yes" if number else "no"
    if unit == CENTS:
        return f"-${-number / 100:,.0f}" if number < 0 else f"${number / 100:,.0f}"
    written = _plain(number)
    if unit in ("", "%"):
        return written + unit
    return f"{written} {_singular(unit) if written in ('1', '-1') else unit}"


def _plain(number: float) -> str:
    """As many decimals as a reader needs: none for a whole number, one from 10 on, else two."""
    if number.is_integer():
        return f"{number + 0.0:,.0f}"
    if abs(number) < 0.005:
        return "about 0"
    return f"{number:,.{1 if abs(number) >= 10 else 2}f}".rstrip("0").rstrip(".")


def _singular(unit: str) -> str:
    """`days` to `day`, `pharmacies` to `pharmacy`; a unit such as `mg/dL` stays as it is."""
    if unit.endswith("ies"):
        return unit[:-3] + "y"
    return unit[:-1] if unit.endswith("s") and not unit.endswith("ss") else unit


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]


def _checked(declared: Sequence[Described], columns: int) -> Sequence[Described]:
    if len(declared) != columns:
        raise BadDeclaration(
            got=f"{len(declared)} declared features for {columns} columns",
            expected="one declaration per column, in the model's order",
            do="Take the feature list of the same release as the model.",
        )
    return declared
