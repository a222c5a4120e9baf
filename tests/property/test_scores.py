"""Clinical scores against a second, row-by-row telling of the same rules, on random people."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from features.codes.hcc import HCC_V28, SEGMENTS
from features.definitions import scores
from features.definitions.scores import ADMISSION_BANDS, BANDS_FROM_1, AdmissionBands

FAST = settings.get_current_profile_name() == "afterward"
UNKNOWN = st.just(math.nan)
NUMBER = st.one_of(UNKNOWN, st.integers(0, 40).map(float))
FLAG = st.one_of(UNKNOWN, st.sampled_from([0.0, 1.0]))
AMOUNT = st.one_of(UNKNOWN, st.floats(0, 200, allow_nan=False))


def column(values: list[float]) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def slow_lace(days: float, acute: float, comorbidity: float, visits: float) -> float:
    if any(math.isnan(value) for value in (days, acute, comorbidity, visits)):
        return math.nan
    stay = 7 if days >= 14 else 5 if days >= 7 else 4 if days >= 4 else int(days)
    return stay + (3 if acute else 0) + (5 if comorbidity >= 4 else int(comorbidity)) + min(int(visits), 4)


def slow_hospital(patient: tuple[float, ...], bands: AdmissionBands) -> float:
    haemoglobin, oncology, sodium, procedure, acute, admissions, days = patient
    if any(math.isnan(value) for value in patient):
        return math.nan
    fewest = 1 if bands is BANDS_FROM_1 else 2
    before = 5 if admissions > 5 else 2 if admissions >= fewest else 0
    points = (haemoglobin < 12) + 2 * oncology + (sodium < 135) + procedure + acute
    return points + before + (2 if days >= 5 else 0)


@settings(max_examples=40 if FAST else 1_000)
@given(st.lists(st.tuples(NUMBER, FLAG, NUMBER, NUMBER), min_size=1, max_size=30))
def test_lace_against_the_rules_told_once_more(patients: list[tuple[float, ...]]) -> None:
    found = scores.lace(*map(column, map(list, zip(*patients, strict=True))))
    assert np.array_equal(found, [slow_lace(*one) for one in patients], equal_nan=True)


@settings(max_examples=40 if FAST else 1_000)
@given(
    st.lists(st.tuples(AMOUNT, FLAG, AMOUNT, FLAG, FLAG, NUMBER, NUMBER), min_size=1, max_size=30),
    st.sampled_from(ADMISSION_BANDS),
)
def test_hospital_against_the_rules_told_once_more(patients: list[tuple[float, ...]], bands: AdmissionBands) -> None:
    haemoglobin, oncology, sodium, procedure, acute, admissions, days = (
        column(list(each)) for each in zip(*patients, strict=True)
    )
    found = scores.hospital(haemoglobin, oncology, sodium, procedure, acute, admissions, days, bands)
    assert np.array_equal(found, [slow_hospital(one, bands) for one in patients], equal_nan=True)


HAS = st.sets(st.sampled_from(HCC_V28.labels), max_size=20)


def slow_categories(has: set[str]) -> set[str]:
    failing = {f"hcc_{number}" for number in (221, 222, 224, 225, 226)}
    present = has if has & failing else has - {"hcc_223"}
    return {label for label in present if not any((other, label) in HCC_V28.overrules for other in present)}


@settings(max_examples=40 if FAST else 1_000)
@given(st.lists(HAS, min_size=1, max_size=10))
def test_hierarchies_against_a_loop_over_pairs(people: list[set[str]]) -> None:
    present = np.array([[label in has for label in HCC_V28.labels] for has in people])
    kept = scores.counted_categories(present)
    assert [{HCC_V28.labels[place] for place in np.flatnonzero(row)} for row in kept] == list(
        map(slow_categories, people)
    )


@settings(max_examples=40 if FAST else 1_000)
@given(
    st.lists(
        st.tuples(HAS, st.integers(18, 110), st.integers(0, 1), st.integers(0, 1), st.integers(0, len(SEGMENTS) - 1)),
        min_size=2,
        max_size=10,
    )
)
def test_a_risk_score_has_the_same_bits_alone_and_in_a_batch(
    people: list[tuple[set[str], int, int, int, int]],
) -> None:
    has, *numbers, segment = zip(*people, strict=True)
    present = np.array([[label in one for label in HCC_V28.labels] for one in has])
    age, female, disabled = (column(list(map(float, each))) for each in numbers)
    place = np.array(segment)
    together = scores.hcc_risk(present, age, female, disabled, place)
    for i in range(len(people)):
        alone = scores.hcc_risk(present[[i]], age[[i]], female[[i]], disabled[[i]], place[[i]])
        assert alone.tobytes() == together[[i]].tobytes()
