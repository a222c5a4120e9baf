"""The scorecard by small frames: who is judged, who is asked about, and what is never shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import windows
from features.definitions.profile.case_mix import OF_PEOPLE, OF_STAYS
from features.errors import BadInput
from features.pages.write import as_json
from models.profiling.expected import Units
from models.profiling.shrinkage import Shrunken
from serving.committee.scorecard.benchmarks import read
from serving.committee.scorecard.compare import Comparison, compared
from serving.committee.scorecard.counted import Counted
from serving.committee.scorecard.judged import AS_EXPECTED, FEWER, MORE, judged
from serving.committee.scorecard.make import every_provider
from serving.committee.scorecard.measures import MEMBERS, STAYS
from serving.committee.scorecard.page import Scorecard, page
from serving.committee.scorecard.shares import share, shares

FIRST, LAST = windows.parse_day("2024-01-01"), windows.parse_day("2024-12-31")
HOSPITALS = {"bad": (200, 70), "good": (200, 30), "usual": (200, 30), "usual too": (200, 30), "tiny": (20, 9)}
PRACTICES = {"north": 2, "south": 2, "west": 6}  # emergency visits of each tenth member


def _stays() -> pd.DataFrame:
    lines = [
        (f"{name}{at}", name, float(at < events), float(at < (3 if name == "good" else 40)), float(at % 4 > 0))
        for name, (stays, events) in HOSPITALS.items()
        for at in range(stays)
    ]
    rows = pd.DataFrame(
        lines, columns=["person_id", "facility", "readmission_30d", "adverse_event_21d", "visit_7_days"]
    )
    days = FIRST + np.arange(len(rows)) % 366
    return rows.assign(
        stay_id="s" + rows.person_id,
        discharge_day=days,
        quarter=[windows.quarter_of(int(day)) for day in days],
        practice="north",
        clinician="nobody",
        death_30d=0.0,
        ed_visit_30d=0.0,
    )


def _members() -> pd.DataFrame:
    lines = [
        (f"{name}{at}", name, 12, visits if at % 10 == 0 else 0, 100 * at)
        for name, visits in PRACTICES.items()
        for at in range(500)
    ]
    rows = pd.DataFrame(lines, columns=["person_id", "practice", "months", "emergency_visits", "cents"])
    return rows.assign(clinician="nobody", quarter="2024 Q1", admissions=0, duplicate_tests=0)


@pytest.fixture(scope="module")
def given() -> Counted:
    stays, members = _stays(), _members()
    mix = pd.DataFrame(0.0, index=stays.index, columns=[column.name for column in OF_STAYS])
    of_members = pd.DataFrame(0.0, index=members.index, columns=[column.name for column in OF_PEOPLE])
    return Counted(FIRST, LAST, stays, mix, members, of_members, ("visit_7_days",), {"admissions": "not told"})


@pytest.fixture(scope="module")
def found(given: Counted) -> Comparison:
    return compared(given)


def test_the_hospital_with_twice_as_many_readmissions_is_asked_about_and_no_other(found: Comparison) -> None:
    readmitted = found.judged[0]
    assert {unit.name: unit.reading for unit in readmitted.units} == {
        "bad": MORE,
        "good": AS_EXPECTED,
        "usual": AS_EXPECTED,
        "usual too": AS_EXPECTED,
    }
    assert (readmitted.others, readmitted.rows_of_others) == (1, 20), "twenty stays are too few to judge"


def test_the_cases_behind_the_flag_are_its_stays_with_the_event(found: Comparison) -> None:
    cases = found.cases[(found.cases.measure == "readmission_30d") & (found.cases.provider == "bad")]
    assert sorted(cases.stay_id) == sorted(f"sbad{at}" for at in range(70))
    assert set(cases.expected.round(3)) == {round(169 / 820, 3)}, "with no case mix everybody has the network's risk"


def test_three_events_are_withheld_though_so_few_are_plainly_fewer(found: Comparison) -> None:
    [good] = [unit for unit in found.judged[2].units if unit.name == "good"]
    assert found.judged[2].measure == "adverse_event_21d"
    assert (good.observed, good.reading) == (None, FEWER)
    assert np.isnan([good.ratio.value, good.shrunken.value, good.rank.value]).all()


def test_visits_per_member_are_compared_between_practices(found: Comparison) -> None:
    [visits] = [one for one in found.judged if one.measure == "emergency_visits"]
    assert [unit.name for unit in visits.flagged] == ["west"]
    assert visits.kind == "practice", "a hospital has no members, and nobody is attributed to a clinician"


def test_what_nobody_had_or_no_source_tells_is_not_compared(found: Comparison) -> None:
    assert {one.measure for one in found.judged} == {"readmission_30d", "adverse_event_21d", "emergency_visits", "cost"}


def _card(given: Counted, found: Comparison) -> Scorecard:
    return Scorecard(given, found, shares(given), {}, {"admissions": "not told"}, "a.cases.csv", "a.providers.csv")


@pytest.mark.slow
def test_the_page_asks_and_names_nobody(given: Counted, found: Comparison) -> None:
    whole = page(_card(given, found))
    told = as_json(whole)
    sections = {section["name"]: section for section in json.loads(told)["sections"]}
    asked = sections["questions"]["parts"][1]["items"]
    assert all(question.endswith("?") for question in asked)
    assert any(question.startswith("bad: 70 of 200 stays were followed by a readmission") for question in asked)
    assert any(question.startswith("good: why fewer adverse events") for question in asked), "asked without a number"
    for person in given.stays.person_id:
        assert f'"{person}"' not in told
    assert all(figure.says for figure in whole.figures())


def test_every_provider_is_in_the_file_beside_the_page_and_withheld_there_too(
    given: Counted, found: Comparison
) -> None:
    told = every_provider(_card(given, found)).set_index(["measure", "provider"])
    assert told.observed.isna()[("adverse_event_21d", "good")]
    assert told.observed[("readmission_30d", "bad")] == 70


def test_care_that_was_due_stands_beside_the_median_of_providers_with_enough(given: Counted) -> None:
    [hospitals] = [one for one in shares(given) if one.kind == "facility"]
    assert (hospitals.median, hospitals.others) == (0.75, 1)
    assert {part.name: part.share.value for part in hospitals.parts} == dict.fromkeys(list(HOSPITALS)[:4], 0.75)


def test_a_share_of_all_has_an_interval_that_ends_at_one() -> None:
    assert (share(30.0, 30).value, share(30.0, 30).high) == (1.0, 1.0)


def test_few_expected_events_are_too_few_whatever_was_seen() -> None:
    ends = np.ones(2)
    units = Units(("a", "b"), ends * 100, np.array([30.0, 12.0]), np.array([9.9, 10.1]), ends * 100, ends)
    shrunken = Shrunken(ends, ends, ends, ends, ends, ends, 0.1)
    told = judged("readmission_30d", "facility", units, shrunken, [30, 12], [100, 100])
    assert [unit.name for unit in told.units] == ["b"]


GOOD = "measure,region,year,value,source\ncost,NE,2022,400,x\ncost,NE,2023,420,x\ncost,SW,2023,380,x\n"


def _read(folder: Path, text: str, region: str | None) -> float:
    (folder / "b.csv").write_text(text)
    return read(folder / "b.csv", region, tuple(one.name for one in (*STAYS, *MEMBERS)))["cost"].value


def test_the_latest_year_of_the_region_is_the_benchmark(tmp_path: Path) -> None:
    assert _read(tmp_path, GOOD, "NE") == 420


@pytest.mark.parametrize(
    ("text", "region", "says"),
    [
        (GOOD, None, "2 regions"),
        (GOOD, "MW", "--region MW"),
        (GOOD.replace("cost", "price"), "NE", "unknown measure in line 2"),
        (GOOD.replace("400", "many"), "NE", "line 2"),
        (GOOD.replace("year", "jahr"), "NE", "without these columns"),
        ("", "NE", "without these columns"),
    ],
)
def test_a_benchmark_that_cannot_be_read_is_named(tmp_path: Path, text: str, region: str | None, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        _read(tmp_path, text, region)
