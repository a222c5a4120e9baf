"""The harm list by example: what counts, what does not, and how many codes each label holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.codes.editions import codes, title
from features.codes.harms import BLEEDING_ON_ANTICOAGULANT, COMPONENTS, HARMS
from features.codes.systems import ICD10CM
from tests.spec.test_codes import april_2026


def test_the_harm_list_on_the_codes_of_april_2026(reference_dir: Path) -> None:
    counts = dict.fromkeys(HARMS.labels, 0)
    for code in april_2026(reference_dir):
        for label in HARMS.labels_of(ICD10CM, code):
            counts[label] += 1
    assert counts == {
        "adverse_drug_effect": 525,
        "complication_of_care": 966,
        "fall_or_fracture": 1_434,
        "c_difficile": 2,
        "vte": 52,
        "acute_kidney_injury": 5,
        "hypoglycaemia": 13,
        "bleeding": 19,
        "anticoagulant_haemorrhagic_disorder": 1,
        "delirium": 1,
        "pressure_ulcer": 75,
    }


@pytest.mark.parametrize(
    ("code", "labels"),
    [
        ("T360X5A", ("adverse_drug_effect",)),
        ("T3695XA", ("adverse_drug_effect",)),
        ("T45515A", ("adverse_drug_effect",)),
        ("T50905A", ("adverse_drug_effect",)),
        ("T360X1A", ()),  # poisoning
        ("T360X6A", ()),  # underdosing
        ("T3694XA", ()),
        ("T510X1A", ()),  # alcohol
        ("T8140XA", ("complication_of_care",)),
        ("T8140XD", ()),  # aftercare
        ("T8611", ("complication_of_care",)),  # a transplant's codes have no seventh character
        ("T8744", ("complication_of_care",)),
        ("T81", ()),  # shortened: the seventh character is not there to tell
        ("D7801", ("complication_of_care",)),
        ("W010XXA", ("fall_or_fracture",)),
        ("W2000XA", ()),
        ("S72001A", ("fall_or_fracture",)),
        ("S72301A", ()),  # the shaft
        ("A0472", ("c_difficile",)),
        ("A047", ("c_difficile",)),
        ("I2699", ("vte",)),
        ("I82401", ("vte",)),
        ("I82501", ()),  # chronic
        ("N179", ("acute_kidney_injury",)),
        ("E11649", ("hypoglycaemia",)),
        ("E13641", ("hypoglycaemia",)),
        ("E11659", ()),
        ("E162", ("hypoglycaemia",)),
        ("E163", ()),
        ("K922", ("bleeding",)),
        ("K254", ("bleeding",)),
        ("K255", ()),  # perforation alone
        ("D6832", ("anticoagulant_haemorrhagic_disorder",)),
        ("F05", ("delirium",)),
        ("L89153", ("pressure_ulcer",)),
        ("L89152", ()),  # stage 2
        ("L89150", ("pressure_ulcer",)),  # unstageable
        ("L8945", ("pressure_ulcer",)),
        ("L8940", ()),  # stage not stated
        ("L8993", ("pressure_ulcer",)),
    ],
)
def test_a_harm_code(code: str, labels: tuple[str, ...]) -> None:
    assert HARMS.labels_of(ICD10CM, code) == labels


def test_adverse_effects_are_the_codes_whose_title_says_so() -> None:
    said = {c for c in codes(ICD10CM) if "T36" <= c < "T51" and "adverse effect" in (title(ICD10CM, c) or "").lower()}
    untitled = {code for code in codes(ICD10CM) if title(ICD10CM, code) is None}
    assert said == set(HARMS.codes("adverse_drug_effect", ICD10CM)).intersection(codes(ICD10CM)) - untitled


def test_bleeding_is_a_harm_of_an_anticoagulant_only_with_both_codes() -> None:
    assert len(COMPONENTS) == 10
    assert BLEEDING_ON_ANTICOAGULANT.needs == ("bleeding", "anticoagulant_haemorrhagic_disorder")
    alone = {component.needs[0] for component in COMPONENTS if len(component.needs) == 1}
    assert not alone & set(BLEEDING_ON_ANTICOAGULANT.needs), "neither code is a harm by itself"
