"""What a reason says, by example, and that reasons add up to the score."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import pytest

from features.errors import BadDeclaration
from models.explain import (
    CENTS,
    NOT_KNOWN,
    YES_OR_NO,
    Contributions,
    Value,
    contributions,
    explanations,
    grouped,
    importance,
    reasons,
    worded,
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    name: str
    group: str
    sentence: str
    unit: str = ""
    missing: str = "no value on file"
    actionable: bool = True
    spoken: bool = True
    tells: str = ""


STAYS = Feature("stays_1y", "Hospital stays", "{value} in hospital in the last year", "days")
EMERGENCY = Feature("emergency_6m", "Hospital stays", "{value} to an emergency room in 6 months", "visits")
HBA1C = Feature("hba1c", "Diabetes control", "last HbA1c {value}", "%", "no HbA1c result in the last year")
AGE = Feature("age", "Age", "{value} old", "years", actionable=False)
DECLARED = (STAYS, EMERGENCY, HBA1C, AGE)


POINTS = Feature("lace_stays", "Hospital stays", "LACE points: {value}", spoken=False)
TOTAL = Feature("lace", "Scores", "LACE score: {value}", spoken=False)


def test_points_add_to_their_group_and_lend_it_no_words() -> None:
    """A care manager cannot act on "LACE points: 3"; the weight stays with the stays that earned the points."""
    (stays,) = reasons(np.asarray([0.2, 0.7, 0.9]), [12, 3, 15], (STAYS, POINTS, TOTAL))
    assert stays.sentence == "12 days in hospital in the last year"
    assert stays.log_odds == pytest.approx(0.9)
    assert reasons(np.asarray([-0.2, 0.7, 0.0]), [12, 3, 15], (STAYS, POINTS, TOTAL)) == (), (
        "what is told to raise a risk must itself raise it"
    )


def test_base_reasons_and_what_no_reason_tells_are_the_raw_score() -> None:
    values = np.asarray([[0.2, 0.7, 0.9, -0.3, 0.1]])
    declared = (STAYS, POINTS, TOTAL, HBA1C, AGE)
    (found,) = explanations(Contributions(values, -1.5), np.asarray([[12, 3, 15, 6.1, 81]]), declared, top=2)
    assert [reason.group for reason in found.reasons] == ["Hospital stays", "Diabetes control"]
    assert found.other == pytest.approx(0.9 + 0.1)
    assert found.base + sum(reason.log_odds for reason in found.reasons) + found.other == pytest.approx(-1.5 + 1.6)


# Words


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [
        ("days", 3.0, "3 days"),
        ("days", 1.0, "1 day"),
        ("pharmacies", 1.0, "1 pharmacy"),
        ("mg/dL", 1.25, "1.25 mg/dL"),
        ("%", 7.4, "7.4%"),
        ("%", 62.04, "62%"),
        ("", 12345.0, "12,345"),
        ("days", 15.96, "16 days"),
        ("", 0.001, "about 0"),
        ("", -0.0, "0"),
        (CENTS, 123456, "$1,235"),
        (CENTS, -5000, "-$50"),
        (YES_OR_NO, 1.0, "yes"),
        (YES_OR_NO, 0.0, "no"),
        ("", "Skilled nursing facility", "Skilled nursing facility"),
        ("days", np.float32(2), "2 days"),
        ("days", None, NOT_KNOWN),
        ("days", math.nan, NOT_KNOWN),
        ("days", np.float32("nan"), NOT_KNOWN),
    ],
)
def test_a_value_is_told_with_its_unit(unit: str, value: Value, told: str) -> None:
    assert worded(Feature("f", "g", "{value}", unit), value)[0] == told


def test_a_sentence_holds_the_patients_own_value() -> None:
    assert worded(HBA1C, 9.1) == ("9.1%", "Last HbA1c 9.1%")


def test_a_missing_value_says_what_missing_means() -> None:
    assert worded(HBA1C, math.nan) == (NOT_KNOWN, "No HbA1c result in the last year")


# Choosing and adding


def test_reasons_are_the_groups_that_move_the_score_most() -> None:
    found = reasons(np.asarray([0.5, 0.2, -0.9, 0.1]), [12, 2, 6.1, 81], DECLARED, top=2)
    assert [(r.group, r.sentence, r.value, r.direction, round(r.log_odds, 9), r.actionable) for r in found] == [
        ("Diabetes control", "Last HbA1c 6.1%", "6.1%", "lowers", -0.9, True),
        ("Hospital stays", "12 days in hospital in the last year", "12 days", "raises", 0.7, True),
    ]


def test_a_group_is_told_by_what_pushes_in_the_groups_direction() -> None:
    """The strongest single push is downwards here, but together the stays raise the risk."""
    more = Feature("stays_5y", "Hospital stays", "{value} in hospital in 5 years", "days")
    (found,) = reasons(np.asarray([0.4, -0.5, 0.3]), [12, 0, 30], (STAYS, EMERGENCY, more))
    assert (found.sentence, found.direction) == ("12 days in hospital in the last year", "raises")
    assert found.log_odds == pytest.approx(0.2)


def test_equal_groups_come_by_name_and_silent_ones_not_at_all() -> None:
    for order in itertools.permutations([(AGE, 80, 0.3), (HBA1C, 9, -0.3), (STAYS, 1, 0.0)]):
        declared, values, added = zip(*order, strict=True)
        assert [r.group for r in reasons(np.asarray(added), values, declared)] == ["Age", "Diabetes control"]


def test_a_duplicate_column_changes_no_reason() -> None:
    """However a model shares the weight of one fact between two copies of its column, the patient is told the same."""
    copy = Feature("stays_1y_copy", STAYS.group, STAYS.sentence, STAYS.unit)
    whole = reasons(np.asarray([0.5, 0.3, -0.2, 0.1]), [12, 2, 6.1, 81], DECLARED)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        added = np.asarray([0.5 * share, 0.3, -0.2, 0.1, 0.5 * (1 - share)])
        split = reasons(added, [12, 2, 6.1, 81, 12], (*DECLARED, copy))
        assert [(r.group, r.sentence) for r in split] == [(r.group, r.sentence) for r in whole]
        assert [r.log_odds for r in split] == pytest.approx([r.log_odds for r in whole], rel=1e-12)


def test_a_feature_list_of_another_model_is_refused() -> None:
    with pytest.raises(BadDeclaration, match="3 declared features for 4 columns"):
        reasons(np.zeros(4), [0, 0, 0, 0], DECLARED[:3])


def test_importance_is_the_mean_push_of_a_group() -> None:
    added = np.asarray([[0.4, -0.2, -0.6, 0.0], [-0.4, 0.2, 0.2, 0.1]])
    found = importance(added, DECLARED)
    assert [group for group, _ in found] == ["Diabetes control", "Hospital stays", "Age"]
    assert [strength for _, strength in found] == pytest.approx([0.4, 0.2, 0.05])
    assert importance(added[:0], DECLARED) == (("Age", 0.0), ("Diabetes control", 0.0), ("Hospital stays", 0.0))


# A real model


def rows_with_gaps(rows: int = 800) -> Floats:
    X = np.round(np.random.default_rng(1).gamma(2, 2, size=(rows, 4)), 1)
    X[::7, 2] = np.nan
    return X


@pytest.fixture(scope="module")
def booster() -> lightgbm.Booster:
    X = rows_with_gaps()
    chance = 1 / (1 + np.exp(-(0.4 * X[:, 0] * (X[:, 1] > 3) - 0.3 * np.nan_to_num(X[:, 2]) + np.isnan(X[:, 2]))))
    y = (np.random.default_rng(2).random(len(X)) < chance).astype(np.int64)
    settings = {"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "seed": 3}
    return lightgbm.train(settings, lightgbm.Dataset(X, y), num_boost_round=12)


def test_base_and_groups_add_up_to_the_raw_score(booster: lightgbm.Booster) -> None:
    X = rows_with_gaps()
    explained = contributions(booster, X)
    groups, sums = grouped(explained.values, DECLARED)
    assert groups == ("Age", "Diabetes control", "Hospital stays")
    assert explained.base + sums.sum(axis=1) == pytest.approx(booster.predict(X, raw_score=True), abs=1e-12)
    everything = reasons(explained.values[0], X[0], DECLARED, top=99)
    assert explained.base + sum(r.log_odds for r in everything) == pytest.approx(
        float(booster.predict(X[:1], raw_score=True)[0]), abs=1e-12
    )


def test_contributions_are_shapley_values_by_their_definition(booster: lightgbm.Booster) -> None:
    """Averaged over every order in which four features can become known, on the trees as written in the model."""
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    features = range(4)
    X = rows_with_gaps()[:12]
    for row, ours in zip(X, contributions(booster, X).values, strict=True):
        worth = {
            known: sum(expected(tree, row, known) for tree in trees)
            for size in range(5)
            for known in map(frozenset, itertools.combinations(features, size))
        }
        orders = list(itertools.permutations(features))
        theirs = np.zeros(4)
        for order in orders:
            for place, feature in enumerate(order):
                theirs[feature] += worth[frozenset(order[: place + 1])] - worth[frozenset(order[:place])]
        assert ours == pytest.approx(theirs / len(orders), abs=1e-9)


def expected(node: Mapping[str, Any], row: Floats, known: frozenset[int]) -> float:
    """A tree's value where a feature that is not known follows both branches, by how many training rows did."""
    if "leaf_value" in node:
        return float(node["leaf_value"])
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return expected(left if goes_left(node, float(row[node["split_feature"]])) else right, row, known)
    ours, theirs = size(left), size(right)
    return (ours * expected(left, row, known) + theirs * expected(right, row, known)) / (ours + theirs)


def size(node: Mapping[str, Any]) -> float:
    return float(node["leaf_count"] if "leaf_value" in node else node["internal_count"])


def goes_left(node: Mapping[str, Any], value: float) -> bool:
    if math.isnan(value) and node["missing_type"] == "NaN":
        return bool(node["default_left"])
    return bool((0.0 if math.isnan(value) else value) <= node["threshold"])


def test_no_reason_ever_says_nan(booster: lightgbm.Booster) -> None:
    X = rows_with_gaps()[:60]
    said = [r for row, x in zip(contributions(booster, X).values, X, strict=True) for r in reasons(row, x, DECLARED)]
    assert "No HbA1c result in the last year" in {r.sentence for r in said}
    assert not any("nan" in f"{r.sentence} {r.value}".lower() for r in said)
