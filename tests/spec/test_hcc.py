"""CMS-HCC V28 by example: which codes are which category, what gives way to what, and scores that add up by hand.

Every person is admitted on 1 June and discharged on 5 June 2024. Hand sums name the published relative factors.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from features.catalogue import scores as catalogue
from features.catalogue.person import DEMOGRAPHICS
from features.codes.hcc import FULL_BENEFIT, HCC_V28, PARTIAL_BENEFIT, SEGMENTS, coefficients, edits
from features.codes.systems import ICD10CM
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.definitions.scores import counted_categories, hcc_count, hcc_risk, segment_of
from features.record.record import Record
from tests.histories import record_of
from tests.spec.tables import person_rows, together

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FEATURES = (DEMOGRAPHICS, catalogue.MEDICAID, catalogue.HCC, catalogue.HCC_COUNT, catalogue.HCC_RISK)


def of(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def flags(*categories: int) -> Flags:
    """One row that has these categories."""
    return np.array([[label.removeprefix("hcc_") in map(str, categories) for label in HCC_V28.labels]])


def counted(*categories: int) -> list[int]:
    kept = counted_categories(flags(*categories))[0]
    return [int(label.removeprefix("hcc_")) for label, has in zip(HCC_V28.labels, kept, strict=True) if has]


# ---- the tables


def test_codes_lie_in_the_categories_that_cms_published(reference_dir: Path) -> None:
    with gzip.open(reference_dir / "hcc" / "ra_dx_to_cc_2026.csv.gz", "rt") as lines:
        rows = [row for row in csv.DictReader(lines) if row["model_name"] == "CMS-HCC Model V28"]
    published = {(row["diagnosis_code"], f"hcc_{row['cc']}") for row in rows}
    assert {(row["code"], row["label"]) for row in HCC_V28.table().to_pylist()} == published
    assert (len(published), len(HCC_V28.labels)) == (8_317, 115)


def test_the_graver_category_overrules_as_cms_published(reference_dir: Path) -> None:
    with (reference_dir / "hcc" / "ra_hierarchies_2026.csv").open(newline="") as lines:
        rows = [
            row for row in csv.DictReader(lines) if (row["model_domain"], row["model_version"]) == ("CMS-HCC", "V28")
        ]
    assert set(HCC_V28.overrules) == {(f"hcc_{row['cc_parent']}", f"hcc_{row['cc_child']}") for row in rows}


def test_every_published_factor_is_read_to_the_thousandth(reference_dir: Path) -> None:
    with (reference_dir / "hcc" / "ra_coefficients_2026.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["model_version"] == "C28"]
    told = {row["coefficient"]: float(row["value"]) for row in rows}
    numbers = coefficients()
    for place, segment in enumerate(SEGMENTS):
        for label, thousandths in zip(HCC_V28.labels, numbers.categories[place], strict=True):
            assert thousandths / 1000 == told[f"{segment}_{label.upper().replace('_', '')}"]
        published = sum(value for name, value in told.items() if name.startswith(f"{segment}_"))
        held = sum(int(part[place].sum()) for part in vars(numbers).values())
        assert held / 1000 == pytest.approx(published), f"a factor of {segment} is left out"


# ---- hierarchies


def test_a_category_gives_way_to_a_graver_one_of_the_same_disease() -> None:
    assert counted(17, 18, 23) == [17]
    assert counted(36, 37, 38, 226) == [36, 226]
    assert counted(221, 222, 223, 224, 225, 226) == [221]
    assert counted() == []


def test_a_heart_assist_device_counts_only_beside_another_category_of_heart_failure() -> None:
    assert counted(223) == []
    assert counted(223, 226) == [223]


def test_a_count_is_of_what_is_left() -> None:
    assert hcc_count(np.vstack([flags(17, 18, 23), flags(37, 226, 327), flags()])).tolist() == [1, 3, 0]


# ---- scores by hand


def score(present: Flags, age: float, female: int, once_disabled: int = 0, segment: str = "CNA") -> float:
    place = np.array([SEGMENTS.index(segment)])
    return float(hcc_risk(present, of(age), of(female), of(once_disabled), place)[0])


def test_a_person_without_a_category_has_the_factor_of_age_and_sex() -> None:
    assert score(flags(), 74, 1) == 0.395
    assert score(flags(), 75, 1) == 0.465
    assert score(flags(), 95, 0) == score(flags(), 107, 0) == 0.896


def test_heart_failure_with_diabetes_and_kidney_disease_adds_its_interactions() -> None:
    """Woman of 74: 0.395; categories 226 0.360, 37 0.166, 327 0.514; with diabetes 0.112, with the kidney 0.176."""
    assert score(flags(226, 37, 38, 327, 328), 74, 1) == 1.723


def test_who_came_to_medicare_by_disability_keeps_a_factor_when_aged() -> None:
    assert score(flags(), 74, 1, once_disabled=1) == round(0.395 + 0.228, 3)
    assert score(flags(), 60, 1, once_disabled=1, segment="CND") == 0.436, "under 65 age and sex say it already"


def test_ten_categories_earn_more_than_their_sum() -> None:
    ten = (1, 2, 6, 23, 38, 48, 93, 180, 229, 238)
    assert counted(*ten) == list(ten)
    alone = sum(int(coefficients().categories[0][flags(category)[0]][0]) for category in ten)
    assert round(score(flags(*ten), 74, 1) * 1000) == 395 + alone + 728


def test_the_segment_follows_age_and_what_medicaid_pays() -> None:
    age, full, partial = of(64, 65, 64, 65, 64, 65), of(0, 0, 1, 1, 0, 0), of(0, 0, 0, 0, 1, 1)
    assert [SEGMENTS[place] for place in segment_of(age, full, partial)] == ["CND", "CNA", "CFD", "CFA", "CPD", "CPA"]
    assert not set(FULL_BENEFIT) & set(PARTIAL_BENEFIT)


def test_a_score_needs_age_sex_and_the_reason_of_entitlement() -> None:
    place = np.zeros(3, np.int64)
    found = hcc_risk(np.vstack([flags(226)] * 3), of(np.nan, 74, 74), of(1, np.nan, 1), of(0, 0, np.nan), place)
    assert np.isnan(found).all()


# ---- edits and windows, at a discharge


@dataclass(frozen=True)
class Example:
    """Somebody's codes, known in May, and the categories and count that follow."""

    name: str
    codes: str
    categories: tuple[str, ...]
    count: int
    born: str = "1950-03-01"
    sex: str = "female"
    entitlement: str | None = "0"
    known: str = "05-20"
    day: str = "03-01"
    dual: str = "00"


EXAMPLES = (
    Example("breast cancer at 74", "C50911", ("hcc_23",), 1),
    Example(
        "breast cancer under 50 is a graver category", "C50911", ("hcc_22",), 1, born="1980-01-15", entitlement="1"
    ),
    Example("haemophilia of a man", "D66", ("hcc_111",), 1, sex="male"),
    Example("haemophilia of a woman is another category", "D66", ("hcc_112",), 1),
    Example("flags stand before the hierarchies, the count after them", "E119 E1122", ("hcc_37", "hcc_38"), 1),
    Example("a code of no category", "I10", (), 0),
    Example("a bill that came after the discharge", "I5022", (), 0, known="06-06"),
    Example("the last day of the year before", "I5022", ("hcc_226",), 1, day="2023-06-03"),
    Example("a day more than a year ago", "I5022", (), 0, day="2023-06-02"),
    Example("the reason of entitlement is not told", "I5022", ("hcc_226",), 1, entitlement=None),
    Example("Medicaid pays the premium", "I5022", ("hcc_226",), 1, dual="03"),
)


def rows_of(one: Example) -> dict[str, list[dict[str, object]]]:
    told = person_rows(
        one.name,
        messages="sent | event | visit | in | out | hospital\n06-05 15:00 | A03 | v1 | 06-01 | 06-05 15:00 | h1",
        visits=f"claim | known | day | setting\nc1 | {one.known} | {one.day} | office",
        codes="claim | code\n" + "\n".join(f"c1 | {code}" for code in one.codes.split()),
        covered=f"from | to | dual\n2024-01 | 2024-06 | {one.dual}",
        born=one.born,
        sex=one.sex,
    )
    return {**told, "person": [{**row, "entitlement_code": one.entitlement} for row in told["person"]]}


@pytest.fixture(scope="module")
def record() -> Record:
    return record_of(together(rows_of(one) for one in EXAMPLES))


@pytest.fixture(scope="module")
def built(record: Record) -> pd.DataFrame:
    rows = prediction_cohort(record).rows
    return build(record, rows, FEATURES).set_index(rows.person_id)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_what_follows_from(example: Example, built: pd.DataFrame) -> None:
    told = built.loc[example.name]
    has = {name.removeprefix("risk_").removesuffix("_any_365d") for name in catalogue.CATEGORIES if told[name] == 1}
    assert (has, told.hcc_count_365d) == (set(example.categories), example.count)


def test_the_column_of_the_score_is_that_of_the_persons_segment(built: pd.DataFrame) -> None:
    risk = built.hcc_risk_score_365d
    assert risk["a code of no category"] == 0.395
    assert risk["the last day of the year before"] == round(0.395 + 0.360, 3)
    partial = coefficients().categories[SEGMENTS.index("CPA")][flags(226)[0]][0]
    assert risk["Medicaid pays the premium"] == round(0.423 + partial / 1000, 3)
    assert np.isnan(risk["the reason of entitlement is not told"])


@pytest.mark.slow
def test_where_the_source_has_icd_9_codes_nothing_is_said(record: Record) -> None:
    lacking = replace(record, lacks={"diagnosis.icd-10-cm": "ICD-9-CM codes"}, derived={})
    found = build(lacking, prediction_cohort(lacking).rows, FEATURES)
    names = [*catalogue.CATEGORIES, "hcc_count_365d", "hcc_risk_score_365d"]
    assert found[names].isna().all().all(), "0 would say that nobody is ill"


def test_where_nobody_tells_of_medicaid_the_categories_are_told_and_the_score_is_not(record: Record) -> None:
    lacking = replace(record, lacks={"coverage.dual_status_code": "not given"}, derived={})
    found = build(lacking, prediction_cohort(lacking).rows, FEATURES)
    assert found.hcc_risk_score_365d.isna().all()
    assert found.hcc_count_365d.notna().all()


def test_an_edit_names_a_condition_and_a_category_that_there_is() -> None:
    told = edits().to_pylist()
    assert len(told) == len({row["code"] for row in told}), "two edits of one code would count it twice"
    for row in told:
        assert (row["female"] is None) == (row["age_at_most"] is not None or row["age_at_least"] is not None)
        assert row["instead"] is None or row["instead"] in HCC_V28.labels
        assert ICD10CM.normalise(row["code"]) == row["code"]
