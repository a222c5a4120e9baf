"""A feature sees only what was known: whatever is changed, dropped or added after `as_of`, no bit of it moves."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.catalogue.algebra import Family, Feature, Measured, Statistic
from features.catalogue.gaps import HISTORY
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.record.known import Known
from features.record.record import known_by
from features.record.tables import CLAIM_LINE, DISCHARGE_NOTICE
from features.windows import Lookback
from tests.histories import changed_after, random_rows, record_of


def _one(rows: pd.DataFrame, number: int) -> pd.DataFrame:
    return rows.iloc[[number]].reset_index(drop=True)


def _leaks(seed: int, features: Sequence[Feature]) -> list[str]:
    """Columns that differ for an index row once what was known later is changed."""
    history = random_rows(seed)
    record = record_of(history)
    rows = prediction_cohort(record).rows
    if rows.empty:
        return []
    moved: set[str] = set()
    batch = build(record, rows, features)
    for number in sorted({0, len(rows) // 2}):
        row = _one(rows, number)
        before = _one(batch, number)
        later = record_of(changed_after(history, int(row.as_of.iloc[0]), seed))
        only = known_by(record, int(row.as_of.iloc[0]))
        for other in (build(later, row, features), build(only, row, features)):
            same = (before.to_numpy().view(np.int64) == other.to_numpy().view(np.int64))[0]
            moved |= {name for name, kept in zip(before.columns, same, strict=True) if not kept}
    return sorted(moved)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_nothing_known_later_moves_a_feature(seed: int) -> None:
    assert _leaks(seed, CATALOGUE) == []


@pytest.mark.soak
@pytest.mark.slow
@settings(max_examples=2 if settings.get_current_profile_name() == "afterward" else 200)
@given(st.integers(0, 1_000_000))
def test_nothing_known_later_moves_a_feature_in_more_histories(seed: int) -> None:
    assert _leaks(seed, CATALOGUE) == []


def _paid_before_it_was_known(then: Known) -> ir.Table:
    lines = then.record[CLAIM_LINE]
    at = then.rows.inner_join(lines, "person_id")
    return at.select("row_id", age=(at.admit_day - at.from_day).abs(), value=at.paid)


def _the_next_stay(then: Known) -> ir.Table:
    notices = then.record[DISCHARGE_NOTICE].union(then.record[DISCHARGE_NOTICE])
    bills = then.record[CLAIM_LINE].select("person_id", "admission_day").distinct()
    at = then.rows.inner_join(bills.union(notices.select("person_id", "admission_day")), "person_id")
    return at.filter(at.admission_day > at.as_of_day).select("row_id", age=at.admission_day - at.as_of_day)


def _the_final_drg(then: Known) -> ir.Table:
    lines = then.record[CLAIM_LINE]
    at = then.rows.inner_join(lines, "person_id")
    at = at.filter(at.admission_day == at.admit_day)
    return at.select("row_id", age=at.as_of_day - at.as_of_day, value=at.drg_code.cast("int64"))


LEAKY = (
    Family("paid", "x", _paid_before_it_was_known, (Lookback(3650),), (Statistic.SUM,), "x", (), Measured("c")),
    Family("next_stay", "x", _the_next_stay, (Lookback(3650),), (Statistic.COUNT,), "x", ()),
    Family(
        "final_drg",
        "x",
        _the_final_drg,
        (Lookback(5, through_anchor=True),),
        (Statistic.MAX,),
        "x",
        (),
        Measured("drg"),
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("planted", LEAKY, ids=lambda family: family.name)
def test_planted_leaks_are_caught(planted: Family) -> None:
    assert any(_leaks(seed, (planted,)) for seed in range(12)), "the law would not notice this leak"


@pytest.mark.slow
def test_one_row_alone_equals_the_batch_to_the_bit() -> None:
    record = record_of(random_rows(7, people=4))
    rows = prediction_cohort(record).rows
    together = build(record, rows, CATALOGUE).to_numpy().view(np.int64)
    for number in range(min(3, len(rows))):
        alone = build(record, _one(rows, number), CATALOGUE).to_numpy().view(np.int64)
        assert (alone[0] == together[number]).all()


@pytest.mark.slow
def test_drg_is_not_known_at_discharge_when_the_claim_is_late() -> None:
    from features.definitions.stays import stay_versions

    late = 0
    for seed in range(3):
        record = record_of(random_rows(seed))
        rows = prediction_cohort(record).rows
        versions = stay_versions(record).to_pandas()
        for row in rows.itertuples():
            at = versions[
                (versions.stay_id == row.stay_id)
                & (versions.known_from <= row.as_of)
                & (row.as_of < versions.known_until)
            ]
            bills = record[CLAIM_LINE].filter(
                lambda t, r=row: (
                    (t.person_id == r.person_id) & (t.admission_day == r.admit_day) & (t.known_at <= r.as_of)
                )
            )
            if bills.count().execute() == 0:
                late += 1
                assert at.drg_code.isna().all(), "the DRG appears when the claim does"
    assert late > 1, "the histories must have late claims"


@pytest.mark.slow
def test_nothing_known_later_moves_the_history_of_a_gap() -> None:
    """Rows about a measure, at a moment of the person's history: who has a gap is worked out as it was known then."""
    history = random_rows(5)
    record = record_of(history)
    rows = prediction_cohort(record).rows.assign(stay_id="CMS122").head(2)
    later = record_of(changed_after(history, int(rows.as_of.iloc[-1]), 5))
    before, after = (build(each, rows.tail(1), (HISTORY,)) for each in (record, later))
    assert before.notna().any(axis=None)
    assert (before.to_numpy().view(np.int64) == after.to_numpy().view(np.int64)).all()
