"""What a calibrator does to a risk, by example, and that its numbers survive being shipped."""

from __future__ import annotations

import json

import numpy as np
import pytest

from features.errors import BadModel
from models.calibration import LOWEST_RISK, Beta, Calibrator, Isotonic, Logistic, apply, from_json, to_json

EACH: tuple[Calibrator, ...] = (
    Logistic(slope=0.83, intercept=-0.21),
    Beta(a=0.7, b=1.3, c=0.1),
    Isotonic(x=(0.05, 0.1, 0.4), y=(0.0, 1 / 3, 1.0)),
)
each_calibrator = pytest.mark.parametrize("calibrator", EACH, ids=["logistic", "beta", "isotonic"])


@pytest.mark.parametrize(
    ("calibrator", "risk", "expected"),
    [
        (Logistic(slope=1, intercept=0), 0.2, 0.2),  # changes nothing
        (Logistic(slope=1, intercept=np.log(2)), 0.2, 1 / 3),  # odds 1:4 become 2:4
        (Logistic(slope=2, intercept=0), 0.2, 1 / 17),  # odds 1:4 become 1:16
        (Beta(a=1, b=1, c=0), 0.2, 0.2),  # changes nothing
        (Beta(a=1, b=0, c=0), 0.2, 1 / 6),  # odds are the risk itself, 0.2:1
        (Isotonic(x=(0.1, 0.3), y=(0.2, 0.4)), 0.2, 0.3),  # half way between two knots
        (Isotonic(x=(0.1, 0.3), y=(0.2, 0.4)), 0.05, 0.2),  # flat before the first
        (Isotonic(x=(0.1, 0.3), y=(0.2, 0.4)), 0.9, 0.4),  # flat after the last
        (Isotonic(x=(0.1,), y=(0.2,)), 0.5, 0.2),  # one knot: everyone alike
    ],
)
def test_a_calibrated_risk_by_hand(calibrator: Calibrator, risk: float, expected: float) -> None:
    assert apply(calibrator, [risk]) == pytest.approx([expected], rel=1e-12)


@each_calibrator
def test_nobody_is_told_a_risk_of_0_or_1(calibrator: Calibrator) -> None:
    told = apply(calibrator, [0.0, 1e-300, 0.5, 1 - 1e-16, 1.0])
    assert ((told >= LOWEST_RISK) & (told <= 1 - LOWEST_RISK)).all()


@each_calibrator
def test_calibration_never_turns_a_ranking_round(calibrator: Calibrator) -> None:
    assert (np.diff(apply(calibrator, np.linspace(0, 1, 5_000))) >= 0).all()


@each_calibrator
def test_one_patient_alone_gets_the_same_bits_as_in_a_batch(calibrator: Calibrator) -> None:
    """A processor's wide and narrow instructions must not give a service another risk than the nightly batch."""
    risks = np.random.default_rng(0).random(1_003)
    in_a_batch = apply(calibrator, risks)
    alone = np.concatenate([apply(calibrator, risks[i : i + 1]) for i in range(len(risks))])
    assert in_a_batch.tobytes() == alone.tobytes()


@each_calibrator
def test_json_and_back_is_the_same_to_the_bit(calibrator: Calibrator) -> None:
    assert from_json(json.loads(json.dumps(to_json(calibrator)))) == calibrator


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"kind": "spline", "slope": 1.0},
        {"kind": "logistic", "slope": 1.0},
        {"kind": "logistic", "slope": 1.0, "intercept": "0"},
        {"kind": "logistic", "slope": float("nan"), "intercept": 0.0},
        {"kind": "beta", "a": 1.0, "b": True, "c": 0.0},
        {"kind": "isotonic", "x": [], "y": []},
        {"kind": "isotonic", "x": [0.1, 0.2], "y": [0.1]},
        {"kind": "isotonic", "x": [0.2, 0.1], "y": [0.1, 0.2]},
        {"kind": "isotonic", "x": [0.1, 0.2], "y": [0.2, 0.1]},
        {"kind": "isotonic", "x": [0.1, 0.2], "y": [0.2, 1.1]},
        {"kind": "isotonic", "x": 0.1, "y": 0.2},
    ],
)
def test_a_damaged_calibrator_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(BadModel, match="not one"):
        from_json(written)
