"""Stays against a naive second implementation: one person at a time, one moment at a time, in plain Python."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import windows
from features.definitions.cohort import prediction_cohort
from features.definitions.enrolment import covered_through
from features.definitions.hwr import Scope, hwr_cohort
from features.definitions.outcomes import ADVERSE_EVENT_21D, READMISSION_30D, labels
from features.definitions.planned import with_planned
from features.definitions.stays import final_stays, stay_versions
from features.record.known import FOREVER
from features.record.record import Record, known_by
from tests.histories import DAY_ZERO, ZONE, Rows, end, random_evidence, record_of, shifted, with_enrolment, with_harms
from tests.histories import row as told_row
from tests.naive_cohort import naive_measured
from tests.naive_labels import Life, naive_adverse_event, naive_readmission
from tests.naive_stays import COLUMNS, naive_stays

# ---- the laws


def _plain(stays: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows = stays[list(COLUMNS)].sort_values(["person_id", "admit_day", "stay_id"]).itertuples(index=False)
    return [tuple(None if pd.isna(value) else value for value in row) for row in rows]


def _oracle(rows: Rows, instant: int) -> list[tuple[Any, ...]]:
    return _plain(pd.DataFrame(naive_stays(rows, instant), columns=list(COLUMNS)))


def _moments(rows: Rows) -> list[int]:
    moments = sorted({one["known_at"] for given in rows.values() for one in given})
    return [moments[0] - 1, *moments, moments[-1] + 10**9]


def _at(versions: pd.DataFrame, instant: int) -> pd.DataFrame:
    return versions[(versions.known_from <= instant) & (instant < versions.known_until)]


def _agrees(seed: int, moments: int) -> None:
    rows = random_evidence(seed, people=12)
    versions = with_planned(stay_versions(record_of(rows))).to_pandas()
    every = _moments(rows)
    for instant in every[:: max(1, len(every) // moments)]:
        assert _plain(_at(versions, instant)) == _oracle(rows, instant), f"seed {seed} at {instant}"


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_stays_agree_with_the_naive_second_implementation(seed: int) -> None:
    _agrees(seed, moments=20)


@pytest.mark.soak
@pytest.mark.slow
@settings(max_examples=8 if settings.get_current_profile_name() == "afterward" else 300)
@given(st.integers(100, 10**6))
def test_stays_agree_with_the_naive_second_implementation_on_more_histories(seed: int) -> None:
    _agrees(seed, moments=200)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11])
def test_what_is_read_at_a_moment_equals_a_store_of_what_was_known(seed: int) -> None:
    record = record_of(random_evidence(seed, people=12))
    versions = with_planned(stay_versions(record)).to_pandas()
    moments = np.unique(versions.known_from.to_numpy())
    for instant in (int(moments[len(moments) // 3]), int(moments[2 * len(moments) // 3])):
        only = with_planned(stay_versions(known_by(record, instant))).to_pandas()
        assert _plain(_at(versions, instant)) == _plain(_at(only, instant))


@pytest.mark.slow
def test_versions_part_time_without_gap_or_overlap() -> None:
    rows = random_evidence(21, people=12)
    versions = stay_versions(record_of(rows)).to_pandas().sort_values(["stay_id", "known_from"])
    following = versions.groupby("stay_id").known_from.shift(-1)
    assert (versions.known_from < versions.known_until).all()
    assert (following.isna() | (versions.known_until <= following)).all(), "two versions at one moment"
    assert (versions.discharge_day.isna() == versions.discharged_at.isna()).all()
    closed = versions[versions.discharge_day.notna()]
    days = windows.local_day(closed.discharged_at.to_numpy("int64"), ZONE)
    assert (days == closed.discharge_day).all(), "the hour of one day stands beside another"
    assert (closed.discharge_day >= closed.admit_day).all()


@pytest.mark.slow
def test_the_order_of_rows_does_not_matter() -> None:
    rows = random_evidence(31, people=12)
    rng = np.random.default_rng(0)
    mixed = {table: [given[i] for i in rng.permutation(len(given))] for table, given in rows.items()}
    one, other = (stay_versions(record_of(each)).to_pandas() for each in (rows, mixed))
    keys = ["person_id", "stay_id", "known_from"]
    one, other = (each.sort_values(keys).reset_index(drop=True) for each in (one, other))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.slow
def test_stays_move_with_their_dates() -> None:
    rows = random_evidence(41, people=12)
    days = 7 * 52 * 4 + 7  # whole weeks
    before, after = (stay_versions(record_of(each)).to_pandas() for each in (rows, shifted(rows, days)))
    keys = ["person_id", "known_from", "admit_day", "first_facility_id"]
    before, after = (each.sort_values(keys).reset_index(drop=True) for each in (before, after))
    for column in ("admit_day", "discharge_day"):
        assert (after[column] - before[column]).dropna().eq(days).all()
    same = ["person_id", "first_facility_id", "facility_id", "hospitals", "billed", "discharge_disposition_code"]
    pd.testing.assert_frame_equal(before[same], after[same])


# ---- what happened next


def _with_lives(rows: Rows, people: int, seed: int) -> tuple[Rows, dict[str, int], dict[str, set[int]]]:
    """The same people with months of enrolment and deaths after their last discharge."""
    rng = np.random.default_rng(seed)
    found: Rows = {**rows, "coverage": [], "death": []}
    died: dict[str, int] = {}
    covered: dict[str, set[int]] = {}
    for person in (f"p{number}" for number in range(people)):
        covered[person] = set()
        for month in windows.month_starts(DAY_ZERO - 40, DAY_ZERO + 120):
            last = windows.month_starts(month, month + 31)[1] - 1
            if rng.random() < 0.9:
                found["coverage"].append(told_row(month, last, end(last), person_id=person, payer="m"))
                covered[person] |= set(range(month, last + 1))
        if rng.random() < 0.3:
            died[person] = DAY_ZERO + int(rng.integers(40, 90))
            found["death"].append(told_row(died[person], died[person], end(died[person]), person_id=person))
    return found, died, covered


@pytest.mark.parametrize("seed", [61, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(62, 68))])
def test_labels_agree_with_the_naive_second_implementation(seed: int) -> None:
    people = 40
    rows, died, covered = _with_lives(random_evidence(seed, people), people, seed)
    through = DAY_ZERO + 65
    record = replace(record_of(rows), claims_complete_to=through, admissions_complete_to=through)
    index = stay_versions(record).to_pandas()
    index = index[index.discharge_day.notna()].drop_duplicates(["stay_id", "discharge_day"]).reset_index(drop=True)
    index.insert(0, "row_id", range(len(index)))
    final = naive_stays(rows, FOREVER)
    expected = [
        naive_readmission(one, _own(final, one), Life(died.get(one.person_id), covered[one.person_id], through))
        for one in index.itertuples()
    ]
    _same_labels(labels(record, index, READMISSION_30D), expected)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [261, 262])
def test_who_is_measured_agrees_with_the_naive_second_implementation(seed: int) -> None:
    people = 60
    rows = with_enrolment(random_evidence(seed, people), people, seed)
    cohort = hwr_cohort(record_of(rows), Scope(65, ("medicare",)))
    columns = ["person_id", "stay_id", "admit_day", "discharge_day"]
    said = pd.concat([cohort.rows[columns].assign(excluded_by="in"), cohort.excluded[[*columns, "excluded_by"]]])
    expected = naive_measured(rows, 65, "medicare")
    assert sorted(said.itertuples(index=False, name=None)) == expected
    rules = {rule for *_, rule in expected}
    assert len(rules) > 8, f"the histories exercise but {sorted(rules)}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [161, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(162, 168))])
def test_harms_agree_with_the_naive_second_implementation(seed: int) -> None:
    people = 40
    rows, died, covered = _with_lives(with_harms(random_evidence(seed, people), people, seed), people, seed)
    through = DAY_ZERO + 130
    record = replace(record_of(rows), claims_complete_to=through, admissions_complete_to=through)
    index = stay_versions(record).to_pandas()
    index = index[index.discharge_day.notna()].drop_duplicates(["stay_id", "discharge_day"]).reset_index(drop=True)
    index.insert(0, "row_id", range(len(index)))
    final = naive_stays(rows, FOREVER)
    expected = [
        naive_adverse_event(one, _own(final, one), rows, Life(died.get(one.person_id), covered[one.person_id], through))
        for one in index.itertuples()
    ]
    _same_labels(labels(record, index, ADVERSE_EVENT_21D), expected)


def _own(stays: list[dict[str, Any]], row: Any) -> list[dict[str, Any]]:
    return [stay for stay in stays if stay["person_id"] == row.person_id]


def _same_labels(said: pd.DataFrame, expected: list[float]) -> None:
    assert {0.0, 1.0} <= set(expected), "the histories hold both labels"
    assert any(label != label for label in expected), "and rows that nobody can label"
    assert np.array_equal(said.label.to_numpy("float64"), expected, equal_nan=True)
    assert (said.label.isna() == said.null_reason.notna()).all(), "null without a reason"


@pytest.mark.slow
@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(-20, 40), st.integers(0, 25)), max_size=6),
    st.integers(0, 10),
    st.integers(0, 35),
)
def test_unbroken_cover_is_counted_day_by_day(months: list[tuple[int, int]], first: int, length: int) -> None:
    spans = [(DAY_ZERO + begin, DAY_ZERO + begin + days) for begin, days in months]
    coverage = [told_row(begin, last, end(last), person_id="p", payer="m") for begin, last in spans]
    record = record_of({"coverage": coverage} if coverage else {})
    start, stop = DAY_ZERO + first, DAY_ZERO + first + length
    covered = {day for begin, last in spans for day in range(begin, last + 1)}
    expected = start - 1
    while expected < stop and expected + 1 in covered:
        expected += 1
    days = (pd.Series([day], index=[7]) for day in (start, stop))
    assert covered_through(record, pd.Series(["p"], index=[7]), *days).to_dict() == {7: expected}


# ---- laws of the whole definition, from evidence to label


def _labelled(record: Record) -> pd.DataFrame:
    """Every final stay with a discharge, its label and why; by person and day, whatever the order of the rows was."""
    stays = with_planned(final_stays(record)).to_pandas()
    stays = stays[stays.discharge_day.notna()].sort_values(["person_id", "admit_day", "stay_id"]).reset_index(drop=True)
    stays.insert(0, "row_id", range(len(stays)))
    said = labels(record, stays, READMISSION_30D)
    columns = ["person_id", "admit_day", "discharge_day", "planned", "billed", "principal_code", "drg_code"]
    told: pd.DataFrame = stays[columns].join(said[["label", "null_reason", "competing", "event_day", "why"]])
    return told


def _followed(rows: Rows, through: int = DAY_ZERO + 300) -> Record:
    return replace(record_of(rows), claims_complete_to=through, admissions_complete_to=through)


@pytest.mark.slow
def test_labels_do_not_depend_on_the_order_of_loading() -> None:
    rows, _, _ = _with_lives(random_evidence(71, 20), 20, 71)
    rng = np.random.default_rng(0)
    mixed = {table: [given[i] for i in rng.permutation(len(given))] for table, given in rows.items()}
    pd.testing.assert_frame_equal(_labelled(_followed(rows)), _labelled(_followed(mixed)))


@pytest.mark.slow
@pytest.mark.parametrize("days", [pytest.param(1, marks=pytest.mark.soak), 7 * 52 * 4 + 7])
def test_labels_move_with_their_dates(days: int) -> None:
    """Of people who are covered all along: months of enrolment do not move by days."""
    rows = random_evidence(81, 20)
    rows["coverage"] = [
        told_row(month, month + 40, end(month), person_id=f"p{number}", payer="m")
        for number in range(20)
        for month in windows.month_starts(DAY_ZERO - 40, DAY_ZERO + 400)
    ]
    before, after = _labelled(_followed(rows)), _labelled(_followed(shifted(rows, days), DAY_ZERO + 300 + days))
    for column in ("admit_day", "discharge_day", "event_day"):
        assert (after[column] - before[column]).dropna().eq(days).all()
    same = ["person_id", "planned", "label", "null_reason", "competing", "why"]
    pd.testing.assert_frame_equal(before[same], after[same])
    assert before.label.isin([0, 1]).sum() > 20, "and there was something to move"


@pytest.mark.slow
def test_splitting_a_stay_into_interim_bills_changes_nothing() -> None:
    """One bill of each stay against two or three interim bills of the same days: same stays, same labels."""
    rng = np.random.default_rng(5)
    whole: Rows = {"claim_line": [], "diagnosis": []}
    split: Rows = {"claim_line": [], "diagnosis": []}
    for number in range(40):
        person, day = f"p{number}", DAY_ZERO + int(rng.integers(0, 20))
        for stay in range(3):
            leave = day + int(rng.integers(3, 12))
            about = {"person_id": person, "hospital": str(rng.choice(["330001", "330002"])), "status": "01"}
            code = str(rng.choice(["I5022", "J441", "Z5111"]))
            _billed(whole, f"{person}s{stay}", "111", day, day, leave, code, **about)
            cuts = [day, *sorted(rng.choice(range(day + 1, leave), int(rng.integers(1, 3)), replace=False).tolist())]
            own_first_day = bool(rng.random() < 0.5)
            for place, first in enumerate(cuts):
                last = place == len(cuts) - 1
                through = leave if last else cuts[place + 1] - 1
                kind = "114" if last else ("112" if place == 0 else "113")
                told = {**about, "status": "01" if last else "30"}
                name = f"{person}s{stay}b{place}"
                # the last bill has the last word on the diagnosis
                so_far = code if last else str(rng.choice(["I5022", "J441", "Z5111"]))
                _billed(split, name, kind, first if own_first_day else day, first, through, so_far, **told)
            day = leave + int(rng.choice([2, 10, 25, 30, 31, 60]))
    always = {"coverage": "everybody is enrolled all along"}
    one, other = (_labelled(replace(_followed(rows), lacks=always)) for rows in (whole, split))
    pd.testing.assert_frame_equal(one, other)
    assert {0.0, 1.0} <= set(one.label), "both kinds were among them"


def _billed(rows: Rows, claim: str, kind: str, admitted: int, first: int, last: int, code: str, **about: str) -> None:
    person = about["person_id"]
    line = {"claim_id": claim, "version": 0, "cancels": 0, "claim_line_number": 1, "claim_type": "institutional"}
    line |= {"bill_type_code": kind, "admission_day": admitted, "discharge_day": last, "drg_code": "291"}
    line |= {"facility_id": about["hospital"], "discharge_disposition_code": about["status"]}
    rows["claim_line"].append(told_row(first, last, end(last + 40), person_id=person, **line))
    principal = {"claim_id": claim, "version": 0, "role": "principal", "code_system": "icd-10-cm", "code": code}
    rows["diagnosis"].append(told_row(first, last, end(last + 40), person_id=person, **principal))


@pytest.mark.slow
def test_who_is_scored_at_a_moment_is_who_a_store_of_what_was_known_would_score() -> None:
    """The prediction cohort, cut at a moment: no later row adds, removes or changes anyone scored before it."""
    rows, _, _ = _with_lives(random_evidence(91, 20), 20, 91)
    rows["person"] = [
        told_row(-10_000, -10_000, end(DAY_ZERO - 400), person_id=f"p{number}", birth_day=-10_000)
        for number in range(20)
    ]
    record = record_of(rows)
    every = prediction_cohort(record).rows
    keys = ["person_id", "stay_id", "as_of", "admit_day", "discharge_day", "facility_id"]
    for instant in np.quantile(every.as_of, [0.3, 0.6, 0.9]).astype("int64").tolist():
        then = prediction_cohort(known_by(record, instant)).rows
        before = every[every.as_of <= instant]
        pd.testing.assert_frame_equal(
            then[then.as_of <= instant][keys].reset_index(drop=True), before[keys].reset_index(drop=True)
        )
