"""Clinical scores against a second, row-by-row telling of the same rules, on random people; and what they may know."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import scores as catalogue
from features.catalogue.person import DEMOGRAPHICS, INDEX_STAY
from features.catalogue.utilisation import STAYS
from features.codes.hcc import HCC_V28, SEGMENTS
from features.dataset import build
from features.definitions import scores
from features.definitions.cohort import prediction_cohort
from features.definitions.scores import ADMISSION_BANDS, BANDS_FROM_1, AdmissionBands
from features.record.record import known_by
from tests.histories import DAY_ZERO, Rows, changed_after, end, random_rows, record_of, row, start

pytestmark = pytest.mark.slow

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


# ---- what is known, and when


def histories(seed: int) -> Rows:
    """Random people who also come to emergency departments that send messages, near their stays and far from them."""
    rng = np.random.default_rng(seed)
    rows = random_rows(seed, people=4)
    rows["person"] = [
        {**one, "known_at": end(DAY_ZERO + int(rng.integers(-400, 500))), "entitlement_code": str(code)}
        for one in rows["person"]
        for code in rng.choice(["0", "1", "2"], size=2)
    ] + rows["person"]
    days = [(one["person_id"], one["admission_day"]) for one in rows.get("adt_event", [])]
    for number, (person, admitted) in enumerate(days):
        came = admitted - int(rng.choice([0, 0, 1, 1, 2, 40, 179, 180, 181]))
        left = came + int(rng.choice([0, 0, 1]))
        told: dict[str, Any] = {"person_id": person, "visit_number": f"e{number}", "patient_class": "E"}
        told |= {"admission_day": came, "admitted_at": start(came) + 70_000, "facility_id": "h1"}
        rows["adt_event"].append(row(came, came, start(came) + 70_000, **told, event_type="A04"))
        if rng.random() < 0.7:
            gone = {"discharge_day": left, "discharged_at": end(left)}
            event = str(rng.choice(["A03", "A03", "A11"]))
            rows["adt_event"].append(row(came, left, end(left), **told, **gone, event_type=event))
    return rows


FEATURES = (DEMOGRAPHICS, INDEX_STAY, STAYS, *catalogue.FEATURES)


@pytest.mark.parametrize(
    "seed",
    [
        21,
        *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(60, 70)),
    ],
)
def test_nothing_known_later_moves_a_score(seed: int) -> None:
    history = histories(seed)
    record = record_of(history)
    rows = prediction_cohort(record).rows
    batch = build(record, rows, FEATURES)
    number = len(rows) // 2
    one, as_of = rows.iloc[[number]].reset_index(drop=True), int(rows.as_of.iloc[number])
    for other in (record_of(changed_after(history, as_of, seed)), known_by(record, as_of)):
        assert build(other, one, FEATURES).to_numpy().tobytes() == batch.iloc[[number]].to_numpy().tobytes()


def _valid(rows: list[dict[str, Any]], identity: str, as_of: int, order: tuple[str, ...]) -> list[dict[str, Any]]:
    """The last row known of each thing."""
    last: dict[str, dict[str, Any]] = {}
    for one in sorted(rows, key=lambda one: tuple(one.get(name) or 0 for name in order)):
        if one["known_at"] <= as_of:
            last[one[identity]] = one
    return list(last.values())


def slow_emergency_visits(history: Rows, index: Any) -> int:
    """Days of the half-year before admission on which an emergency visit began that was over before it."""
    mine = {name: [one for one in rows if one["person_id"] == index.person_id] for name, rows in history.items()}
    days = set()
    for bill in _valid(mine["claim_line"], "claim_id", index.as_of, ("known_at", "version")):
        ended = bill.get("admission_day") or bill["to_day"]
        if not bill["cancels"] and bill.get("revenue_center_code") == "0450" and ended < index.admit_day:
            days.add(bill["from_day"])
    for visit in _valid(mine["adt_event"], "visit_number", index.as_of, ("known_at", "discharged_at")):
        left = visit["admission_day"] + 1 if visit.get("discharge_day") is None else visit["discharge_day"]
        if visit["patient_class"] == "E" and visit["event_type"] != "A11" and left < index.admit_day:
            days.add(visit["admission_day"])
    return sum(1 <= index.admit_day - day <= 180 for day in days)


@pytest.mark.parametrize("seed", [31, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(70, 90))])
def test_emergency_visits_against_a_count_by_hand(seed: int) -> None:
    history = histories(seed)
    record = record_of(history)
    rows: pd.DataFrame = prediction_cohort(record).rows
    found = build(record, rows, (catalogue.EMERGENCY_VISITS,)).emergency_visits_days_180d
    assert found.tolist() == [slow_emergency_visits(history, one) for one in rows.itertuples()]
    assert found.nunique() > 1
