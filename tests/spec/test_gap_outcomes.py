"""Rows and labels of open gaps, by example: CMS122, whose gap a test of 9 per cent or less closes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features import windows
from features.catalogue.gaps import FORESEEN, HISTORY, LAST_YEAR, SINCE_CARE
from features.dataset import build
from features.definitions.cohort import Cohort
from features.measures.month_ends import open_at
from features.measures.outcomes import DIED_BEFORE, LEFT_BEFORE, NOT_YET, labels_of_gaps
from features.measures.through_time import measures_named
from features.record.record import Record, cut_to_persons
from features.record.tables import PERSON
from tests.histories import Rows, record_of, row
from tests.spec.tables import day, moment, together

pytestmark = pytest.mark.slow
MARCH, JUNE, OCTOBER = day("03-31"), day("06-30"), day("10-31")
NEXT_MARCH = day("2025-03-31")


def diabetic(who: str, *tests: tuple[str, str, int], until: str = "2025-12-31", died: str = "") -> Rows:
    """Seen for diabetes in January of both years; tests of (day, known, thousandths of a per cent)."""
    born = day("1960-05-05")
    rows: Rows = {
        "person": [row(born, born, moment("2023-01-01"), person_id=who, birth_day=born, sex="male")],
        "coverage": [
            row(month, windows.months_after(month, 1) - 1, moment("2023-01-01"), person_id=who, payer="m")
            for month in windows.month_starts(day("2023-01-01"), day(until))
        ],
        "claim_line": [],
        "diagnosis": [],
        "result": [],
    }
    for visit in ("2023-01-10", "2024-01-10", "2025-01-10"):
        at, told = day(visit), moment(f"{visit[:4]}-01-31")
        claim = {"person_id": who, "claim_id": f"{who}{visit}", "version": 0}
        rows["claim_line"].append(
            row(at, at, told, **claim, line=1, cancels=0, hcpcs_code="99213", place_of_service_code="11")
        )
        rows["diagnosis"].append(row(at, at, told, **claim, role="other", code_system="icd-10-cm", code="E119"))
    for taken, known, value in tests:
        test = {"kind": "laboratory", "code_system": "loinc", "code": "4548-4", "value": value, "unit": "%"}
        rows["result"].append(row(day(taken), day(taken), moment(known), person_id=who, status="final", **test))
    if died:
        rows["death"] = [row(day(died), day(died), moment(died), person_id=who)]
    return rows


@pytest.fixture(scope="module")
def record() -> Record:
    people = [
        diabetic("never"),
        diabetic("spring", ("03-20", "04-05", 7_000)),
        diabetic("too high", ("02-10", "02-12", 9_800)),
        diabetic("told late", ("12-20", "2025-02-15", 7_000)),
        diabetic("told too late", ("12-20", "2025-06-01", 7_000)),
        diabetic("died", died="08-08"),
        diabetic("left", until="08-31"),
        diabetic("last year", ("2023-06-01", "2023-06-02", 7_000)),
    ]
    return replace(record_of(together(people)), claims_complete_to=day("2025-02-28"))


@pytest.fixture(scope="module")
def cohort(record: Record) -> Cohort:
    return open_at(record, measures_named(("CMS122",)), (MARCH, JUNE, OCTOBER, NEXT_MARCH))


@pytest.fixture(scope="module")
def told(record: Record, cohort: Cohort) -> pd.DataFrame:
    made = cohort.rows.merge(labels_of_gaps(record, cohort.rows), on="row_id")
    return made.set_index(["person_id", "as_of_day"]).sort_index()


def open_on(cohort: Cohort, at: int) -> set[str]:
    return set(cohort.rows.person_id[cohort.rows.as_of_day == at])


def test_a_gap_is_open_by_what_was_known_on_the_day(cohort: Cohort) -> None:
    assert "spring" in open_on(cohort, MARCH), "its test was taken, and nobody knew the result"
    assert "spring" not in open_on(cohort, JUNE)
    assert {"never", "too high", "told late", "told too late", "last year"} <= open_on(cohort, JUNE)


def test_whoever_is_no_longer_enrolled_or_is_dead_has_no_row(cohort: Cohort) -> None:
    assert {"left", "died"} <= open_on(cohort, JUNE)
    assert "left" not in open_on(cohort, OCTOBER)


def test_the_label_is_what_was_known_ninety_days_after_the_year(told: pd.DataFrame) -> None:
    assert told.label[("never", MARCH)] == 1
    assert told.label[("spring", MARCH)] == 0
    assert told.label[("too high", JUNE)] == 1, "a test above 9 per cent closes nothing"
    assert told.label[("told late", JUNE)] == 0, "the result of December came in February"
    assert told.label[("told too late", JUNE)] == 1, "nobody would have known it in time"
    assert set(told.label_known_day.dropna()) == {day("12-31") + 90}


def test_the_dead_and_who_left_have_no_label(told: pd.DataFrame) -> None:
    assert told.null_reason[("died", JUNE)] == DIED_BEFORE
    assert told.null_reason[("left", JUNE)] == LEFT_BEFORE
    assert told.followed_days[("left", JUNE)] == day("08-31") - JUNE, "they are censored, so others stand for them"
    assert np.isnan(told.followed_days[("died", JUNE)])


def test_a_label_that_is_not_known_yet_is_null(told: pd.DataFrame) -> None:
    later = told[told.index.get_level_values("as_of_day") == NEXT_MARCH]
    assert len(later)
    assert set(later.null_reason) == {NOT_YET}


def test_the_history_of_a_gap_is_what_was_known_of_it(record: Record, cohort: Cohort) -> None:
    rows = cohort.rows
    X = build(record, rows, (HISTORY,)).set_index([rows.person_id, rows.as_of_day])
    assert X[LAST_YEAR][("last year", JUNE)] == 0
    assert X[LAST_YEAR][("never", JUNE)] == 1
    assert X[SINCE_CARE][("last year", JUNE)] == JUNE - day("2023-06-01")
    assert X[SINCE_CARE][("too high", JUNE)] == JUNE - day("02-10"), "care was had, though it closed nothing"
    assert np.isnan(X[SINCE_CARE][("spring", MARCH)]), "a result that nobody knew yet is none"
    assert (X[f"gap_is_{FORESEEN[0].lower()}"] == 1).all()
    alone = build(record, rows.head(1), (HISTORY,)).to_numpy().view(np.int64)
    assert (alone == X.head(1).to_numpy().view(np.int64)).all(), "one person alone gives the same bits"


def test_a_count_of_everybody_is_not_taken_for_one_of_some(record: Record) -> None:
    record.conclude("everybody counted", lambda whole: whole[PERSON].aggregate(people=whole[PERSON].count()))
    assert "everybody counted" not in cut_to_persons(record, ["never"]).derived
