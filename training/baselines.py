"""What a model must beat, on the same rows: the base rate, one count, clinical scores, and logistic regression.

Each is a linear model written as numbers, learned on the training slice and brought to level on the calibration slice
as the model is, so that all are compared on equal terms on any rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.catalogue.gaps import SINCE_CARE
from features.catalogue.scores import HCC_COUNT, HCC_RISK, HOSPITAL_PARTS, LACE_PARTS
from features.definitions.scores import HOSPITAL, LACE, Score
from models import calibration
from models.calibration import Calibrator, Logistic
from models.log_odds import log_odds, risk_of
from models.specs.gap import LONGER, SINCE_CARE_OR_LONGER
from models.specs.spec import PRIOR_ADMISSIONS as PRIOR_ADMISSIONS
from models.specs.spec import SIMPLE, Spec
from training import calibrate

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

PRIOR_YEAR_DAYS = 365
AGE, SEX = "age_years", "female"

FARTHEST = 5.0  # standard deviations; costs and counts have tails that would decide a linear model alone
PENALTIES = (0.001, 0.01, 0.1)  # inverse strengths that logistic regression on all columns may choose from


@dataclass(frozen=True)
class ClinicalScore:
    """A score as a rule to beat: the column of each part by its letter; `variant` tells two of one name apart."""

    score: Score
    columns: Mapping[str, str]
    variant: str = ""


CLINICAL_SCORES = (
    ClinicalScore(LACE, {letter: part.declared.name for letter, part in LACE_PARTS.items()}),
    *(
        ClinicalScore(
            HOSPITAL, {letter: part.declared.name for letter, part in parts.items()}, f": admissions {bands.says}"
        )
        for bands, parts in HOSPITAL_PARTS.items()
    ),
)


# measures of the burden of disease, each a rule to beat by its one column, as known in the year up to the discharge
BURDENS = {
    "Charlson index": "charlson_index_sum_365d",
    "Elixhauser index": "elixhauser_index_sum_365d",
    "HCC count": HCC_COUNT.declared.name,
    "HCC risk score": HCC_RISK.declared.name,
}


@dataclass(frozen=True)
class Linear:
    """logit(risk) = intercept + sum of weight x (value - centre) / scale, values not known taken as `missing`, then
    calibrated. Without columns it is the base rate.
    """

    columns: tuple[str, ...]
    missing: tuple[float, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    calibrator: Calibrator

    def risk(self, X: pd.DataFrame) -> Floats:
        """The risk of each row of a frame that holds these columns."""
        if not self.columns:
            return np.full(len(X), float(risk_of(self.intercept)))
        standard = _standardised(X, self.columns, self.missing, self.centre, self.scale)
        return calibration.apply(self.calibrator, risk_of(self.intercept + standard @ np.asarray(self.weights)))

    def to_json(self) -> dict[str, object]:
        """Its numbers, read back by `from_json`."""
        return {**asdict(self), "calibrator": calibration.to_json(self.calibrator)}


def from_json(written: Mapping[str, object]) -> Linear:
    """The baseline that `to_json` wrote; a name beside its numbers is left out."""
    numbers = {name: value for name, value in written.items() if name != "name"}
    calibrator = numbers.pop("calibrator")
    assert isinstance(calibrator, Mapping)
    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in numbers.items()}
    return Linear(**lists, calibrator=calibration.from_json(calibrator))  # type: ignore[arg-type]  # as to_json wrote


def prior_admissions(rows: pd.DataFrame, cohort: pd.DataFrame) -> Floats:
    """For each row, how many of the person's index stays in `cohort` ended in the 365 days before it began."""
    import pandas as pd

    person = pd.factorize(pd.concat([cohort.person_id, rows.person_id]))[0].astype(np.int64)
    # a person's days lie in a stretch of the number line of their own, so that one sorted array answers for all
    stretch = np.int64(1 << 24)
    ended = np.sort(person[: len(cohort)] * stretch + cohort.discharge_day.to_numpy("int64"))
    began = person[len(cohort) :] * stretch + rows.admit_day.to_numpy("int64")
    before = np.searchsorted(ended, began, side="left")
    return np.asarray(before - np.searchsorted(ended, began - PRIOR_YEAR_DAYS, side="left"), dtype=np.float64)


def with_rules(asked: Spec, X: pd.DataFrame, rows: pd.DataFrame, cohort: pd.DataFrame) -> pd.DataFrame:
    """`X` with the columns that the rules to beat ask for beside the features."""
    if any(column == PRIOR_ADMISSIONS for _, column in asked.simple):
        return X.assign(**{PRIOR_ADMISSIONS: prior_admissions(rows, cohort)})
    if any(column == SINCE_CARE_OR_LONGER for _, column in asked.simple):
        return X.assign(**{SINCE_CARE_OR_LONGER: X[SINCE_CARE].fillna(LONGER)})
    return X


def learn(
    X: pd.DataFrame,
    y: Floats,
    train: npt.NDArray[np.bool_],
    calibrating: npt.NDArray[np.bool_],
    stages: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
    simple: Sequence[tuple[str, str]] = SIMPLE,
) -> dict[str, Linear]:
    """The baselines by name, those of one column (`simple`, by name) among them. `X` is of `with_rules`; `train` and
    `calibrating` are the slices, `stages` the parts of `train` on which the penalty is chosen.

    A clinical score is the sum of the parts that the source can tell, and is named so: `LACE without A`. A measure of
    the burden of disease is left out where the source tells none.
    """
    rate = float(y[train].mean())
    base = Linear((), (), (), (), (), float(log_odds(rate)), Logistic(1.0, 0.0))
    small = [AGE, SEX, *(column for _, column in simple)]
    words = ", ".join(["age", "sex", *(_short(name) for name, _ in simple)])
    everything = [name for name in X.columns if _varies(X[name].to_numpy("float64")[train])]
    penalty = _chosen_penalty(X, y, everything, *stages)

    def levelled(columns: Sequence[str], penalty: float) -> Linear:
        return _levelled(_fitted(X, y, columns, train, penalty), X, y, calibrating)

    return {
        "base rate": base,
        **{name: levelled([column], 1.0) for name, column in simple},
        **{
            name: _levelled(_of_points(X, y, most, train), X, y, calibrating)
            for name, most in _evaluable_scores(X[train]).items()
        },
        **{name: levelled([column], 1.0) for name, column in BURDENS.items() if column in everything},
        f"logistic regression: {words}": levelled([c for c in small if c in X.columns], 1.0),
        "logistic regression: all columns": levelled(everything, penalty),
    }


def _short(rule: str) -> str:
    return "prior admissions" if rule == "admissions in the prior year" else rule


def _evaluable_scores(X: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Name of each score that some part can be told of, to the columns of those parts and the most points each gives.

    A part that no row knows cannot be told; one that some rows do not know is taken at its median there, so that the
    score has a risk for every row that the model is judged on.
    """
    found: dict[str, dict[str, int]] = {}
    for rule in CLINICAL_SCORES:
        told = {letter: c for letter, c in rule.columns.items() if c in X.columns and X[c].notna().any()}
        if told:
            name = rule.score.named(told) + rule.variant
            found[name] = {column: rule.score.parts[letter] for letter, column in told.items()}
    return found


def _of_points(X: pd.DataFrame, y: Floats, most: Mapping[str, int], rows: npt.NDArray[np.bool_]) -> Linear:
    """Logistic regression on the sum of points alone: every part has the same weight a point."""
    from sklearn.linear_model import LogisticRegression

    values = X.loc[rows, list(most)].to_numpy("float64")
    missing = _medians(values)
    total = np.where(np.isnan(values), missing, values).sum(axis=1)
    spread = float(total.std()) or 1.0
    standard = (total - total.mean()) / spread
    fitted = LogisticRegression(C=1.0, solver="lbfgs", max_iter=500).fit(standard[:, np.newaxis], y[rows])
    a_point = float(fitted.coef_[0, 0]) / spread
    return Linear(
        columns=tuple(most),
        missing=tuple(map(float, missing)),
        centre=(0.0,) * len(most),
        # on this scale no part reaches FARTHEST, where a column is cut
        scale=tuple(map(float, most.values())),
        weights=tuple(a_point * points for points in most.values()),
        intercept=float(fitted.intercept_[0]) - a_point * float(total.mean()),
        calibrator=Logistic(1.0, 0.0),
    )


def _levelled(baseline: Linear, X: pd.DataFrame, y: Floats, calibrating: npt.NDArray[np.bool_]) -> Linear:
    risk = baseline.risk(X[calibrating])
    events = y[calibrating]
    enough = min(events.sum(), len(events) - events.sum()) >= calibrate.EVENTS_FOR_A_SLOPE
    fitter = calibrate.logistic if enough and np.ptp(risk) > 0 else calibrate.level
    return replace(baseline, calibrator=fitter(events, risk))


def _chosen_penalty(
    X: pd.DataFrame, y: Floats, columns: Sequence[str], fit: npt.NDArray[np.bool_], tune: npt.NDArray[np.bool_]
) -> float:
    def loss(penalty: float) -> float:
        risk = _fitted(X, y, columns, fit, penalty).risk(X[tune])
        return float(-np.where(y[tune] == 1, np.log(risk), np.log1p(-risk)).mean())

    return min(PENALTIES, key=loss)


def _fitted(X: pd.DataFrame, y: Floats, columns: Sequence[str], rows: npt.NDArray[np.bool_], penalty: float) -> Linear:
    from sklearn.linear_model import LogisticRegression

    values = X.loc[rows, list(columns)].to_numpy("float64")
    missing = _medians(values)
    filled = np.where(np.isnan(values), missing, values)
    centre, scale = filled.mean(axis=0), filled.std(axis=0)
    scale[scale == 0] = 1.0
    standard = np.clip((filled - centre) / scale, -FARTHEST, FARTHEST)
    fitted = LogisticRegression(C=penalty, solver="lbfgs", max_iter=500).fit(standard, y[rows])
    return Linear(
        columns=tuple(columns),
        missing=tuple(map(float, missing)),
        centre=tuple(map(float, centre)),
        scale=tuple(map(float, scale)),
        weights=tuple(map(float, fitted.coef_[0])),
        intercept=float(fitted.intercept_[0]),
        calibrator=Logistic(1.0, 0.0),
    )


def _varies(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return len(known) > 0 and known.min() < known.max()


def _medians(values: Floats) -> Floats:
    """The median of each column's known values; 0 where none is known."""
    known = ~np.isnan(values)
    return np.asarray([np.median(v[k]) if k.any() else 0.0 for v, k in zip(values.T, known.T, strict=True)])


def _standardised(
    X: pd.DataFrame, columns: Sequence[str], missing: Sequence[float], centre: Sequence[float], scale: Sequence[float]
) -> Floats:
    values = X[list(columns)].to_numpy("float64")
    filled = np.where(np.isnan(values), np.asarray(missing), values)
    return np.asarray(np.clip((filled - np.asarray(centre)) / np.asarray(scale), -FARTHEST, FARTHEST))
