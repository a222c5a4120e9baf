"""The official test cases of ten quality measures: every case, every population."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from features.measures import MEASURES
from features.measures.check import BROKEN_CASES, Report, check
from tests.measure_decks import read_cases, read_csv, write_cases, write_csv

pytestmark = pytest.mark.slow
CASES = 618


@pytest.fixture(scope="module")
def deck(data_dir: Path) -> Path:
    return data_dir / "ecqm_decks_2024"


@pytest.fixture(scope="module")
def report(deck: Path) -> Report:
    return check(deck)


@pytest.mark.parametrize("cms", [measure.cms for measure in MEASURES])
def test_every_case_agrees_in_every_population(cms: str, report: Report) -> None:
    measure = next(each for each in MEASURES if each.cms == cms)
    rows = [row for row in report.rows if measure.edition(row.answer.measure)]
    assert len({row.answer.population for row in rows}) == (5 if measure.groups[0].exceptions else 4)
    wrong = [f"{row.answer.case_id[:8]} {row.answer.population}" for row in rows if not row.agrees and not row.broken]
    assert wrong == []


def test_all_cases_were_asked_and_only_the_broken_ones_disagree(report: Report) -> None:
    assert len({(row.answer.measure, row.answer.case_id) for row in report.rows}) == CASES
    assert all(row.got is not None for row in report.rows)
    assert {row.answer.case_id[:8] for row in report.rows if not row.agrees} <= set(BROKEN_CASES)
    assert {row.answer.case_id[:8] for row in report.rows if row.broken} == set(BROKEN_CASES)


def test_the_answers_move_nothing(deck: Path, report: Report, tmp_path: Path) -> None:
    """Everything of an answer but the period is taken out of the cases, and the truth is put in another order."""
    other = tmp_path / "deck"
    (other / "cases").mkdir(parents=True)
    for file in deck.glob("*valuesets*"):
        shutil.copy(file, other)
    for name in {row.answer.measure for row in report.rows}:
        cases = read_cases(deck / "cases" / f"{name}.ndjson.gz")
        for case in cases:
            case["resources"] = [_bare(each) for each in case["resources"] if each["resourceType"] != "Parameters"]
        write_cases(other / "cases" / f"{name}.ndjson.gz", cases)
    truth = read_csv(deck / "truth.csv")
    write_csv(other / "truth.csv", truth[1_000:] + truth[:1_000][::-1])

    def got(of: Report) -> dict[tuple[str, str, int, str], int | None]:
        return {
            (row.answer.measure, row.answer.case_id, row.answer.group, row.answer.population): row.got
            for row in of.rows
        }

    assert got(check(other)) == got(report)


def _bare(resource: dict[str, object]) -> dict[str, object]:
    if resource["resourceType"] != "MeasureReport":
        return resource
    return {"resourceType": "MeasureReport", "period": resource["period"]}
