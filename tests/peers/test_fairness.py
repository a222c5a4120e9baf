"""Our figures by group against fairlearn's and scikit-learn's on the same arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from models.described import Described, described
from models.fairness import cells_of
from models.log_odds import log_odds, risk_of

Floats = npt.NDArray[np.float64]
ROWS, CAPACITY = 4_000, 700


def some_rows() -> tuple[Floats, Floats, npt.NDArray[np.int64], pd.DataFrame]:
    """Outcomes, risks that are all different, persons and two columns of groups."""
    draw = np.random.default_rng(11)
    risk = risk_of(draw.normal(-1.4, 1.0, ROWS))
    y = (draw.random(ROWS) < risk).astype(np.float64)
    groups = pd.DataFrame({"race": draw.choice(["a", "b", "c"], ROWS), "sex": draw.choice(["female", "male"], ROWS)})
    return y, risk, np.arange(ROWS) // 2, groups


@pytest.fixture(scope="module")
def ours() -> dict[tuple[str, str], Described]:
    y, risk, persons, groups = some_rows()
    return {(one.column, one.name): one for one in described(y, risk, persons, cells_of(groups, y, persons), CAPACITY)}


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("selection_rate", selection_rate),
        ("fpr", false_positive_rate),
        ("ppv", precision_score),
        ("sensitivity", recall_score),
        ("prevalence", lambda y, called: float(np.mean(y))),
    ],
)
@pytest.mark.parametrize("column", ["race", "sex"])
def test_shares_of_a_group_equal_those_of_fairlearn(
    ours: dict[tuple[str, str], Described], column: str, name: str, theirs: Callable[..., float]
) -> None:
    y, risk, _, groups = some_rows()
    called = risk >= np.sort(risk)[-CAPACITY]
    frame = MetricFrame(metrics=theirs, y_true=y, y_pred=called, sensitive_features=groups[column])
    for group, value in frame.by_group.items():
        assert ours[column, str(group)].figures[name].value == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("group", ["a", "b", "c"])
def test_auroc_and_slope_of_a_group_equal_those_of_scikit_learn(
    ours: dict[tuple[str, str], Described], group: str
) -> None:
    y, risk, _, groups = some_rows()
    theirs = groups.race.eq(group).to_numpy()
    found = ours["race", group].figures
    assert found["auroc"].value == pytest.approx(roc_auc_score(y[theirs], risk[theirs]), rel=1e-12)
    fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(log_odds(risk[theirs]).reshape(-1, 1), y[theirs])
    assert found["calibration_slope"].value == pytest.approx(fitted.coef_[0, 0], rel=1e-5)
