"""The implausibility alarm: signs that a model saw what it could not have known, each worth more belief than its AUROC.

Figures near 0.95 in public notebooks come from a label that leaks into a feature, from resampling before the split, or
from a label that was not known yet. None of these shows in a hold-out that has the same fault, so they are asked apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.intervals import Interval
from models.metrics import auroc
from models.verdicts import Verdict, together
from training.gates import IMPLAUSIBILITY, Gate

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

# no single fact, and no published score, tells readmitted people apart like this: Kansagara et al., JAMA 2011
HONEST_ALONE = 0.80
NEARLY_ALL = 0.9  # of what the model has above 0.5
MOST_TWINS = 0.2  # 3 % were seen on claims of which little is known
MORE_AMONG_EVENTS, FEWEST_COPIES = 0.1, 5
DIGITS = 3  # values that agree to so many are near enough


@dataclass(frozen=True)
class Sign:
    """One thing that was looked for: its name, what it says of the version, a sentence, and the number behind it."""

    name: str
    verdict: Verdict
    says: str
    number: float | None


def alarm(signs: Sequence[Sign]) -> Gate:
    """All signs as one gate; its sentence tells what was found, or that nothing was."""
    found = [sign.says for sign in signs if sign.verdict is Verdict.FAIL]
    unsure = [sign.says for sign in signs if sign.verdict is Verdict.TOO_FEW]
    says = "; ".join(found or unsure) or "nothing that hints at a leak: " + ", ".join(sign.name for sign in signs)
    figures = {sign.name: {"verdict": str(sign.verdict), "says": sign.says, "number": sign.number} for sign in signs}
    return Gate(IMPLAUSIBILITY, together(sign.verdict for sign in signs), says, figures)


def too_good(judged: Interval, plausible: float) -> Sign:
    """An AUROC above what is plausible alarms by its value alone; to pass, its whole interval must lie below."""
    verdict = Verdict.PASS if judged.high <= plausible else Verdict.TOO_FEW
    if judged.value > plausible:
        verdict = Verdict.FAIL
    says = f"AUROC {judged.value:.3f}, where up to {plausible:g} is plausible"
    return Sign("AUROC", verdict, says, None if math.isnan(judged.value) else judged.value)


def alone(X: pd.DataFrame, y: Floats, model_auroc: float) -> Sign:
    """One column that alone explains nearly all. `X` (rows, columns that the model uses) and `y` of rows that it never
    saw; null counts as below every value, or above, whichever tells more.
    """
    if not 0 < y.sum() < len(y) or X.shape[1] == 0:
        return Sign("one column", Verdict.TOO_FEW, "no rows to ask any column alone", None)
    told = {str(name): _told_apart(X[name].to_numpy("float64"), y) for name in X.columns}
    name = max(told, key=lambda each: told[each])
    best = told[name]
    leaks = best > HONEST_ALONE and best - 0.5 >= NEARLY_ALL * (model_auroc - 0.5)
    says = f"{name} alone has an AUROC of {best:.3f}, the model {model_auroc:.3f}"
    return Sign("one column", Verdict.FAIL if leaks else Verdict.PASS, says, best)


def _told_apart(values: Floats, y: Floats) -> float:
    there = values[~np.isnan(values)]
    if len(there) == 0:
        return 0.5
    filled = [np.where(np.isnan(values), null, values) for null in {there.min() - 1, there.max() + 1}]
    return max(abs(auroc(y, each) - 0.5) for each in filled) + 0.5


def twins(X: pd.DataFrame, rows: pd.DataFrame) -> Sign:
    """Rows of the latest slice that stand, nearly the same in every column, in an earlier one too; and people in two
    slices. People of whom little is known look alike by chance, but not more often where the outcome came: copies of
    events show as events with twins. `rows` has slice, person_id, label and discharge_day.
    """
    slices = _in_order(rows)
    last, earlier = rows.slice.eq(slices[-1]).to_numpy(), rows.slice.isin(slices[:-1]).to_numpy()
    key = _rounded_keys(X)
    twin, event = np.isin(key[last], key[earlier]), rows.label.to_numpy("float64")[last] == 1
    of_events, of_others = (float(twin[some].mean()) if some.any() else 0.0 for some in (event, ~event))
    copied = of_events - of_others > MORE_AMONG_EVENTS and int(twin[event].sum()) >= FEWEST_COPIES
    kept = rows[rows.slice.notna()]
    twice = int((kept.groupby("person_id").slice.nunique() > 1).sum())
    says = (
        f"{of_events:.1%} of the latest rows with the outcome and {of_others:.1%} of the others have a twin in an "
        f"earlier slice, and {twice:,} people are in two slices"
    )
    fails = copied or of_others > MOST_TWINS or twice > 0
    return Sign("twins across slices", Verdict.FAIL if fails else Verdict.PASS, says, of_events)


def _rounded_keys(X: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """(rows,): a number that rows share which agree in every column to DIGITS digits. A column at a time: a copy of a
    million rows of 600 columns would not fit.
    """
    import pandas as pd

    key = np.zeros(len(X), dtype=np.uint64)
    for name in X.columns:
        values = X[name].to_numpy("float64")
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = np.where(values == 0, 1.0, 10.0 ** (np.floor(np.log10(np.abs(values))) - (DIGITS - 1)))
            whole = np.round(values / unit)
        rounded = np.where(np.isnan(values), -np.inf, whole * unit)
        key = key * np.uint64(31) + np.asarray(pd.util.hash_array(rounded), dtype=np.uint64)
    return key


def labels_in_time(rows: pd.DataFrame) -> Sign:
    """Every label of a slice was known before the next one begins; `rows` has slice, discharge_day, label_known_day."""
    slices = _in_order(rows)
    late = 0
    for name, following in pairwise(slices):
        begins = rows.discharge_day[rows.slice == following].min()
        late += int((rows.label_known_day[rows.slice == name] >= begins).sum())
    says = f"{late:,} labels were not known when the next slice begins"
    return Sign("label timing", Verdict.FAIL if late else Verdict.PASS, says, float(late))


def _in_order(rows: pd.DataFrame) -> list[str]:
    """The slices by their first day."""
    return list(map(str, rows.groupby("slice").discharge_day.min().sort_values().index))
