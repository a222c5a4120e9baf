"""Our comorbidity indices against pycomorb, and our CMS risk score against hccinfhir, on invented people.

Ours come out of the features, so the whole way is held: codes on claims, the window, the grouping, the finish.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.catalogue import scores
from features.catalogue.conditions import CHARLSON_INDEX
from features.catalogue.person import DEMOGRAPHICS
from features.catalogue.scores import ELIXHAUSER_INDEX
from features.codes.editions import codes
from features.codes.grouping import Grouping
from features.codes.groupings import CHARLSON, ELIXHAUSER
from features.codes.hcc import AGED, HCC_V28, SEGMENTS, edits
from features.codes.systems import ICD9CM, ICD10CM, System
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.definitions.scores import counted_categories, hcc_risk
from features.record.record import Record
from tests.histories import record_of
from tests.spec.tables import person_rows, together

pytestmark = pytest.mark.slow

PEOPLE = 400


@dataclass(frozen=True)
class Person:
    """Somebody invented, who leaves hospital on 5 June 2024."""

    age: int
    sex: str
    dual: str
    entitlement: str
    codes: tuple[str, ...]
    system: System


def people(seed: int, pool: Sequence[str], system: System = ICD10CM) -> list[Person]:
    """Ages 18 to 100; under 65 always entitled by disability or kidney failure, as in Medicare."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(PEOPLE):
        age = int(random.integers(18, 101))
        found.append(
            Person(
                age=age,
                sex=str(random.choice(["female", "male"])),
                dual=str(random.choice(["00", "00", "01", "02", "03", "04", "05", "06", "08"])),
                entitlement=str(random.choice(["0", "1", "2", "3"] if age >= AGED else ["1", "2", "3"])),
                codes=tuple(random.choice(pool, size=int(random.integers(0, 14)), replace=False)),
                system=system,
            )
        )
    return found


def record_of_people(invented: Sequence[Person]) -> Record:
    stay = "sent | event | visit | in | out | hospital\n06-05 15:00 | A03 | v1 | 06-01 | 06-05 15:00 | h1"
    rows = []
    for number, one in enumerate(invented):
        told = person_rows(
            f"p{number:03d}",
            messages=stay,
            visits="claim | known | day | setting\nc1 | 05-20 | 03-01 | office",
            codes="claim | code\n" + "\n".join(f"c1 | {code}" for code in one.codes),
            covered=f"from | to | dual\n2024-01 | 2024-06 | {one.dual}",
            born=f"{2024 - one.age}-01-15",
            sex=one.sex,
        )
        told["person"] = [{**row, "entitlement_code": one.entitlement} for row in told["person"]]
        if one.codes:
            told["diagnosis"] = [{**row, "code_system": one.system.name} for row in told["diagnosis"]]
        rows.append(told)
    return record_of(together(rows))


def built(invented: Sequence[Person], features: Sequence[Any]) -> pd.DataFrame:
    record = record_of_people(invented)
    rows = prediction_cohort(record).rows.sort_values("person_id").reset_index(drop=True)
    assert len(rows) == len(invented)
    return build(record, rows, features)


def pool_of(grouping: Grouping, system: System = ICD10CM) -> list[str]:
    """Whole codes that the grouping knows, and as many from all that there are."""
    listed = codes(system)
    known = {code for label in grouping.labels for code in grouping.codes(label, system)}.intersection(listed)
    return sorted({*known, *listed[:: len(listed) // len(known)]})


# ---- pycomorb


def long_form(invented: Sequence[Person]) -> pd.DataFrame:
    rows = [
        {"id": number, "code": code, "age": 0, "year": 2024}
        for number, one in enumerate(invented)
        for code in (*one.codes, {"icd-10-cm": "Z0000", "icd-9-cm": "V700"}[one.system.name])
    ]
    return pd.DataFrame(rows)


def by_person(frame: pd.DataFrame, column: str) -> list[float]:
    return [float(value) for value in frame.sort_values("id")[column]]


@pytest.mark.parametrize(("system", "version"), [(ICD10CM, "icd10"), (ICD9CM, "icd9")], ids=["icd10", "icd9"])
def test_charlson_by_quan_is_what_pycomorb_says(system: System, version: str) -> None:
    from pycomorb import comorbidity

    invented = people(1, pool_of(CHARLSON, system), system)
    ours = built(invented, (CHARLSON_INDEX,)).charlson_index_sum_365d
    frame = long_form(invented)
    theirs = comorbidity("charlson", frame, icd_version=version, implementation="quan", weights="quan")
    assert ours.tolist() == by_person(theirs, "Charlson Comorbidity Index")
    assert ours.nunique() > 10


def test_elixhauser_by_ahrq_is_what_pycomorb_says() -> None:
    from pycomorb import comorbidity

    invented = people(2, pool_of(ELIXHAUSER))
    ours = built(invented, (ELIXHAUSER_INDEX,)).elixhauser_index_sum_365d
    frame = long_form(invented)
    theirs = comorbidity("elixhauser", frame, implementation="ahrq_icd10", weights="ahrq", year_col="year")
    assert ours.tolist() == by_person(theirs, "Elixhauser Comorbidity Index")
    assert ours.nunique() > 10


# ---- hccinfhir


def theirs_of(one: Person, **more: Any) -> Any:
    with warnings.catch_warnings():
        # it finds its data files in a way that Python 3.11 calls deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        from hccinfhir.model_calculate import calculate_raf

    return calculate_raf(
        diagnosis_codes=list(one.codes),
        model_name="CMS-HCC Model V28",
        age=one.age,
        sex={"female": "F", "male": "M"}[one.sex],
        dual_elgbl_cd=one.dual,
        orec=one.entitlement,
        **more,
    )


@pytest.fixture(scope="module")
def invented() -> list[Person]:
    mapped = sorted({*HCC_V28.table()["code"].to_pylist()})
    edited = sorted(set(edits()["code"].to_pylist()) & set(mapped))
    # a third of what people have is edited by age or sex
    return people(3, [*mapped[::7], *edited, *codes(ICD10CM)[::400]])


@pytest.fixture(scope="module")
def ours(invented: list[Person]) -> pd.DataFrame:
    return built(invented, (DEMOGRAPHICS, scores.MEDICAID, scores.HCC, scores.HCC_COUNT, scores.HCC_RISK))


def categories(flags: pd.DataFrame) -> list[set[str]]:
    counted = counted_categories(flags[list(scores.CATEGORIES)].to_numpy("float64") > 0)
    names = [label.removeprefix("hcc_") for label in HCC_V28.labels]
    return [{name for name, has in zip(names, row, strict=True) if has} for row in counted]


def test_the_categories_are_what_hccinfhir_says(invented: list[Person], ours: pd.DataFrame) -> None:
    theirs = [set(theirs_of(one).hcc_list) for one in invented]
    assert categories(ours) == theirs
    assert ours.hcc_count_365d.tolist() == [len(each) for each in theirs]
    assert len(set.union(*theirs)) > 80, "few of the 115 categories were tried"


def test_the_risk_score_is_what_hccinfhir_says(invented: list[Person], ours: pd.DataFrame) -> None:
    theirs = [theirs_of(one).risk_score for one in invented]
    assert ours.age_years.tolist() == [one.age for one in invented]
    assert np.abs(ours.hcc_risk_score_365d - theirs).max() < 1e-9


def test_the_risk_score_in_an_institution_is_what_hccinfhir_says(invented: list[Person], ours: pd.DataFrame) -> None:
    """No column says who lives in one, but the function knows their coefficients."""
    flags = ours[list(scores.CATEGORIES)].to_numpy("float64") > 0
    age, female, disabled = (
        ours[name].to_numpy("float64") for name in ("age_years", "female", "entitled_by_disability")
    )
    dual = np.array([one.dual != "00" for one in invented], dtype=np.float64)
    place = np.full(len(ours), SEGMENTS.index("INS"))
    found = hcc_risk(flags, age, female, disabled, place, medicaid=dual)
    theirs = [theirs_of(one, lti=True).risk_score for one in invented]
    assert np.abs(found - theirs).max() < 1e-9
