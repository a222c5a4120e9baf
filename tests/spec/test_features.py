"""What a feature says, by example: every person is admitted on 1 June and discharged on 5 June 2024 at 15:00.

A table tells what was known of one person beside that, and the values that follow; `-` is null.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CATALOGUE
from features.catalogue.algebra import YES_OR_NO, Family, Feature
from features.dataset import build, columns
from features.definitions.cohort import prediction_cohort
from features.errors import BadDeclaration
from features.record.record import Record
from features.windows import Lookback
from tests import features_page
from tests.histories import record_of
from tests.spec.tables import parse, person_rows, together

STAY = "sent | event | visit | in | out | hospital | status | service | admit | working\n"
INDEX = STAY + "06-05 15:00 | A03 | v1 | 06-01 | 06-05 15:00 | h1 | 01 | CAR | 1 | I5023\n"


@dataclass(frozen=True)
class Example:
    """A person's tables (see `person_rows`), and `column | value` of what follows."""

    name: str
    values: str
    told: dict[str, str] = field(default_factory=dict)
    messages: str = INDEX


def _stay(known: str, came: str, left: str, more: str = "") -> dict[str, str]:
    return {"bills": f"claim | known | in | out | hospital\nc1 | {known} | {came} | {left} | h1\n{more}"}


STAYS = (
    Example(
        "a stay that ended 30 days before admission",
        """
        column          | value
        stays_count_30d | 1
        stays_sum_30d   | 4
        stays_max_730d  | 4
        stays_since_730d| 30
        stays_rising    | 1
        """,
        _stay("05-20", "04-28", "05-02"),
    ),
    Example(
        "a stay that ended 31 days before admission",
        """
        column          | value
        stays_count_30d | 0
        stays_max_30d   | -
        stays_count_90d | 1
        stays_since_730d| 31
        """,
        _stay("05-20", "04-28", "05-01"),
    ),
    Example(
        "a stay that ended on the day of admission counts as the day before",
        """
        column           | value
        stays_count_30d  | 1
        stays_since_730d | 1
        """,
        _stay("06-03", "05-28", "06-01"),
    ),
    Example(
        "a stay whose bill came after the discharge was not known",
        """
        column           | value
        stays_count_730d | 0
        stays_since_730d | -
        """,
        _stay("06-06", "04-28", "05-02"),
    ),
    Example(
        "a stay whose bill was taken back after the discharge still counts",
        """
        column           | value
        stays_count_730d | 1
        """,
        {
            "bills": """
            claim | known | version | cancels | in    | out
            c1    | 05-20 | 0       | 0       | 04-28 | 05-02
            c1    | 06-06 | 1       | 1       | 04-28 | 05-02
            """
        },
    ),
    Example(
        "a stay whose bill was taken back before the discharge does not",
        """
        column           | value
        stays_count_730d | 0
        """,
        {
            "bills": """
            claim | known | version | cancels | in    | out
            c1    | 05-20 | 0       | 0       | 04-28 | 05-02
            c1    | 06-04 | 1       | 1       | 04-28 | 05-02
            """
        },
    ),
    Example(
        "a return on day 30",
        """
        column             | value
        returns_count_180d | 1
        returns_since_730d | 53
        """,
        _stay("05-20", "03-01", "03-05", "c2 | 05-20 | 04-04 | 04-09 | h1"),
    ),
    Example(
        "a return on day 31 is none",
        """
        column             | value
        returns_count_730d | 0
        stays_count_180d   | 2
        """,
        _stay("05-20", "03-01", "03-05", "c2 | 05-20 | 04-05 | 04-09 | h1"),
    ),
    Example(
        "the year and the half-year end where they say",
        """
        column           | value
        stays_count_180d | 1
        stays_count_365d | 2
        stays_count_730d | 3
        stays_rising     | 0
        """,
        _stay(
            "05-20",
            "2023-12-01",
            "2023-12-04",
            "c2 | 05-20 | 2023-05-30 | 2023-06-02 | h1\nc3 | 05-20 | 2023-05-20 | 2023-05-28 | h1",
        ),
    ),
)
CARE = (
    Example(
        "visits by setting, and what was paid in cents",
        """
        column                   | value
        care_emergency_count_30d | 1
        care_emergency_since_730d| 30
        care_office_count_30d    | 1
        care_office_count_90d    | 2
        care_telehealth_count_90d| 1
        office_count_90d         | 3
        cost_office_sum_90d      | 12345
        cost_emergency_sum_90d   | 100001
        providers_count_365d     | 2
        usual_provider_share_365d| 0.6666666666666666
        """,
        {
            "visits": """
            claim | known | day   | setting    | who | paid
            v1    | 05-20 | 05-02 | emergency  | -   | 100001
            v2    | 05-20 | 05-31 | office     | d1  | 345
            v3    | 05-20 | 05-01 | office     | d2  | 12000
            v4    | 05-20 | 04-20 | telehealth | d1  | 7
            v5    | 06-06 | 05-30 | office     | d3  | 99999
            v6    | 06-05 12:00 | 06-01 | office | d1 | 99999
            """
        },
    ),
    Example(
        "a visit 7 days after a discharge, and one that came too late",
        """
        column                     | value
        follow_up_count_730d       | 1
        days_to_follow_up_min_730d | 7
        """,
        {
            **_stay("05-20", "03-01", "03-05", "c2 | 05-20 | 02-01 | 02-02 | h1"),
            "visits": "claim | known | day | setting\nv1 | 05-20 | 03-12 | office",
        },
    ),
    Example(
        "no earlier visit",
        """
        column                     | value
        follow_up_count_730d       | 0
        days_to_follow_up_min_730d | -
        usual_provider_share_365d  | -
        care_office_since_730d     | -
        care_office_count_730d     | 0
        cost_office_sum_365d       | 0
        """,
    ),
)
ILLNESS = (
    Example(
        "cancer that has spread earns its own points, not also those of cancer",
        """
        column                               | value
        charlson_index_sum_365d              | 6
        charlson_index_sum_730d              | 6
        charlson_conditions_count_365d       | 2
        charlson_any_malignancy_any_730d     | 1
        charlson_metastatic_solid_tumor_since_730d | 92
        """,
        {
            "visits": "claim | known | day | setting\nv1 | 05-20 | 03-01 | office\nv2 | 05-20 | 02-01 | office",
            "codes": "claim | code\nv1 | C7951\nv2 | C3490",
        },
    ),
    Example(
        "where only the milder tier is in the window, it earns its points",
        """
        column                         | value
        charlson_index_sum_365d        | 2
        charlson_index_sum_730d        | 6
        charlson_conditions_count_365d | 1
        charlson_conditions_count_730d | 2
        """,
        {
            "visits": "claim | known | day | setting\nv1 | 05-20 | 2023-03-01 | office\nv2 | 05-20 | 02-01 | office",
            "codes": "claim | code\nv1 | C7951\nv2 | C3490",
        },
    ),
    Example(
        "the milder tier alone long ago, the severe one of late",
        """
        column                  | value
        charlson_index_sum_365d | 6
        charlson_index_sum_730d | 6
        """,
        {
            "visits": "claim | known | day | setting\nv1 | 05-20 | 03-01 | office\nv2 | 05-20 | 2023-02-01 | office",
            "codes": "claim | code\nv1 | C7951\nv2 | C3490",
        },
    ),
    Example(
        "a claim that came after the discharge earns nothing",
        """
        column                         | value
        charlson_index_sum_730d        | 2
        charlson_conditions_count_730d | 1
        """,
        {
            "visits": "claim | known | day | setting\nv1 | 06-06 | 03-01 | office\nv2 | 05-20 | 02-01 | office",
            "codes": "claim | code\nv1 | C7951\nv2 | C3490",
        },
    ),
    Example(
        "diagnoses count days, not claims; the index stay's own count once they are known",
        """
        column                                        | value
        elixhauser_congestive_heart_failure_days_365d | 2
        dx_ccs_108_days_90d                           | 2
        working_ccs_108_any_1d                        | 1
        social_days_365d                              | 1
        lives_alone_any_730d                          | 1
        falls_days_365d                               | 0
        """,
        {
            "visits": """
            claim | known       | day   | setting
            v1    | 05-20       | 05-10 | office
            v2    | 05-20       | 05-10 | office
            v3    | 06-05 12:00 | 06-02 | office
            """,
            "codes": "claim | code\nv1 | I5022\nv2 | I5022\nv3 | I5023\nv1 | Z602",
        },
    ),
)
MEDICINES = (
    Example(
        "thirty days on hand up to the day before admission",
        """
        column                          | value
        supply_statin_sum_180d          | 30
        fills_statin_count_180d         | 1
        fills_statin_since_180d         | 30
        proportion_of_days_covered_180d | 1
        drugs_count_365d                | 1
        high_risk_drugs_count_365d      | 0
        drug_cost_sum_90d               | 1501
        """,
        {"fills": "claim | known | day | drug | days | paid\nf1 | 05-20 | 05-02 | atorvastatin | 30 | 1501"},
    ),
    Example(
        "days on which two fills overlap count once, and none after admission",
        """
        column                 | value
        supply_statin_sum_180d | 30
        """,
        {
            "fills": """
            claim | known | day   | drug         | days
            f1    | 05-20 | 05-02 | atorvastatin | 30
            f2    | 05-20 | 05-12 | atorvastatin | 30
            """
        },
    ),
    Example(
        "an early refill, and two products of one class",
        """
        column                          | value
        supply_statin_sum_180d          | 50
        proportion_of_days_covered_180d | 0.819672131147541
        drugs_count_365d                | 1
        """,
        {
            "fills": """
            claim | known | day   | drug         | days
            f1    | 05-20 | 04-01 | atorvastatin | 30
            f2    | 05-20 | 04-21 | simvastatin  | 30
            """
        },
    ),
    Example(
        "what was filled before the half-year counts in it, for the days that reach into it",
        """
        column                          | value
        supply_statin_sum_180d          | 60
        on_treatment_sum_180d           | 180
        proportion_of_days_covered_180d | 0.3333333333333333
        fills_statin_count_180d         | 0
        """,
        {"fills": "claim | known | day | drug | days\nf1 | 05-20 | 2023-11-04 | atorvastatin | 90"},
    ),
    Example(
        "a fill taken back, one not yet known, and one on the day of admission",
        """
        column                          | value
        supply_statin_sum_180d          | 0
        drugs_count_365d                | 0
        proportion_of_days_covered_180d | -
        """,
        {
            "fills": """
            claim | known | version | cancels | day   | drug         | days
            f1    | 05-20 | 0       | 0       | 05-02 | atorvastatin | 30
            f1    | 05-25 | 1       | 1       | 05-02 | atorvastatin | 30
            f2    | 06-06 | 0       | 0       | 05-10 | atorvastatin | 30
            f3    | 06-02 | 0       | 0       | 06-01 | atorvastatin | 30
            """
        },
    ),
    Example(
        "on hand: its supply reached to 15 days before admission",
        """
        column                     | value
        drugs_count_365d           | 1
        high_risk_drugs_count_365d | 1
        """,
        {
            "fills": """
            claim | known | day   | drug         | days
            f1    | 05-20 | 04-17 | warfarin     | 30
            f2    | 05-20 | 04-16 | atorvastatin | 30
            """
        },
    ),
)
HOSPITAL = (
    Example(
        "ordered before the discharge and resulted after it is pending",
        """
        column                       | value
        pending_laboratory_count_7d  | 1
        pending_laboratory_count_30d | 2
        pending_imaging_count_7d     | 0
        """,
        {
            "orders": """
            order | known       | day   | type       | status
            o1    | 06-04 09:00 | 06-04 | laboratory | ordered
            o1    | 06-06 09:00 | 06-04 | laboratory | resulted
            o2    | 06-04 09:00 | 06-04 | laboratory | ordered
            o2    | 06-05 14:00 | 06-04 | laboratory | resulted
            o3    | 05-29 09:00 | 05-29 | laboratory | ordered
            o4    | 06-04 09:00 | 06-04 | imaging    | ordered
            o4    | 06-04 10:00 | 06-04 | imaging    | cancelled
            o5    | 06-05 16:00 | 06-05 | imaging    | ordered
            """
        },
    ),
    Example(
        "the last result is the latest drawn, of two at one time the larger; what was issued later is not known",
        """
        column                       | value
        lab_haemoglobin_last_365d    | 9.3
        lab_haemoglobin_min_30d      | 8.7
        lab_haemoglobin_max_30d      | 10.5
        lab_haemoglobin_max_365d     | 11
        lab_sodium_last_365d         | -
        lab_creatinine_last_365d     | 2
        creatinine_above_lowest_30d  | 0.5
        """,
        {
            "results": """
            issued      | drawn       | test        | value
            06-04 10:00 | 06-04 09:00 | haemoglobin | 8.7
            06-04 10:00 | 06-04 09:00 | haemoglobin | 9.3
            06-04 12:00 | 06-04 08:00 | haemoglobin | 10.5
            06-05 16:00 | 06-05 09:00 | haemoglobin | 7.0
            03-01 10:00 | 03-01 09:00 | haemoglobin | 11
            06-05 15:30 | 06-04 09:00 | sodium      | 120
            06-02 10:00 | 06-02 09:00 | creatinine  | 1.5
            06-05 10:00 | 06-05 09:00 | creatinine  | 2
            """
        },
    ),
    Example(
        "visits booked within a week, a fortnight and a month of the discharge",
        """
        column             | value
        booked_count_8d    | 1
        booked_count_15d   | 2
        booked_count_31d   | 2
        booked_since_31d   | 7
        appointments_kept_count_180d   | 1
        appointments_missed_count_180d | 1
        """,
        {
            "appointments": """
            visit | known       | day   | status
            a1    | 06-05 10:00 | 06-12 | booked
            a2    | 06-05 10:00 | 06-13 | booked
            a3    | 06-06 10:00 | 06-08 | booked
            a4    | 06-01 10:00 | 06-09 | booked
            a4    | 06-05 14:00 | 06-09 | cancelled
            a5    | 04-01 10:00 | 05-01 | booked
            a5    | 05-01 10:00 | 05-01 | kept
            a6    | 05-02 10:00 | 05-02 | missed
            """
        },
    ),
    Example(
        "what the hospital knows at discharge",
        """
        column                     | value
        length_of_stay             | 4
        emergency_admission        | 1
        elective_admission         | 0
        came_from_nursing_home     | -
        went_home                  | 1
        went_to_skilled_nursing    | 0
        weekend_discharge          | 0
        discharge_weekday          | 2
        discharge_hour             | 15
        service_cardiology_any_1d  | 1
        service_surgery_any_1d     | 0
        hospitals                  | 1
        """,
    ),
    Example(
        "of a stay that only a notice told, nobody knows the hour or where the person went",
        """
        column                    | value
        length_of_stay            | 4
        discharge_hour            | -
        went_home                 | -
        emergency_admission       | -
        service_cardiology_any_1d | 0
        """,
        {"notices": "known | in | out | hospital\n06-05 | 06-01 | 06-05 | h1"},
        messages="",
    ),
)
WHO = (
    Example(
        "dual status 02 in the latest month that had begun; 00 before it",
        """
        column                     | value
        dual_eligible              | 1
        enrolled_months_count_365d | 5
        age_years                  | 74
        female                     | 1
        """,
        {"covered": "from | to | dual\n2024-01 | 2024-03 | 00\n2024-04 | 2024-05 | 02\n2024-06 | 2024-08 | 00"},
    ),
    Example(
        "dual status 00", "column | value\ndual_eligible | 0", {"covered": "from | to | dual\n2024-01 | 2024-05 | 00"}
    ),
    Example(
        "dual no longer",
        "column | value\ndual_eligible | 0",
        {"covered": "from | to | dual\n2024-01 | 2024-03 | 02\n2024-04 | 2024-05 | -"},
    ),
    Example("74 the day before the birthday", "column | value\nage_years | 73", {"born": "1950-06-02"}),
    Example("74 on the birthday", "column | value\nage_years | 74", {"born": "1950-06-01"}),
    Example("sex unknown", "column | value\nfemale | -", {"sex": "unknown"}),
)
EXAMPLES = (*STAYS, *CARE, *ILLNESS, *MEDICINES, *HOSPITAL, *WHO)


@pytest.fixture(scope="module")
def record() -> Record:
    return record_of(together(person_rows(one.name, messages=one.messages, **one.told) for one in EXAMPLES))


@pytest.fixture(scope="module")
def rows(record: Record) -> pd.DataFrame:
    """The index stay of June of every person."""
    found = prediction_cohort(record).rows
    return pd.DataFrame(found[found.admit_day == found.admit_day.max()]).reset_index(drop=True)


@pytest.fixture(scope="module")
def built(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    return build(record, rows, CATALOGUE).set_index(rows.person_id)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_what_follows_from(example: Example, built: pd.DataFrame) -> None:
    values = dict(zip(built.columns, built.loc[example.name].to_numpy("float64"), strict=True))
    wanted = {cells["column"] or "": cells["value"] for cells in parse(example.values)}
    said = {name: None if np.isnan(values[name]) else float(values[name]) for name in wanted}
    assert said == {name: None if value is None else float(value) for name, value in wanted.items()}


@pytest.mark.slow
def test_what_a_source_lacks_is_null_and_never_0(record: Record, rows: pd.DataFrame) -> None:
    lacks = {"order": "no orders", "dispensing": "no fills", "claim_line.place_of_service_code": "inpatient only"}
    some = rows.iloc[:3]
    built = build(replace(record, lacks=lacks, derived={}), some, CATALOGUE)
    lost = [c.name for f in CATALOGUE if isinstance(f, Family) and set(f.needs) & set(lacks) for c in f.columns()]
    assert built[lost].isna().all().all()
    assert "pending_laboratory_count_7d" in lost
    assert "supply_statin_sum_180d" in lost
    assert "care_office_count_30d" in lost
    assert built[["stays_count_30d", "booked_count_8d", "charlson_index_sum_730d"]].notna().all().all()


# ---- the declarations


def test_there_are_at_least_150_columns_each_named_once() -> None:
    names = [column.name for column in columns(CATALOGUE)]
    assert len(names) >= 150
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.replace("_", "a").isalnum() for name in names)


def test_every_column_is_worded_for_a_care_manager() -> None:
    for column in columns(CATALOGUE):
        assert column.sentence.count("{value}") == 1, column.name
        assert column.sentence.format(value="3"), column.name
        assert column.group, column.name
        assert column.window, column.name
        assert column.missing, column.name
        assert "_" not in column.sentence.replace("{value}", ""), f"{column.name} shows a name of ours"


def test_what_counts_says_no_unit_and_what_is_measured_says_one() -> None:
    for column in columns(CATALOGUE):
        if column.name.rsplit("_", 1)[0].endswith(("_since", "_days")):
            assert column.unit == "days", column.name
        if column.name.rsplit("_", 1)[0].endswith("_any"):
            assert column.unit == YES_OR_NO, column.name


def test_no_column_says_what_only_the_claim_of_the_stay_would_tell() -> None:
    assert not [column.name for column in columns(CATALOGUE) if "drg" in column.name]


def test_a_name_that_stands_twice_is_refused() -> None:
    twice: tuple[Feature, ...] = (CATALOGUE[1], CATALOGUE[1])
    with pytest.raises(BadDeclaration, match="twice"):
        columns(twice)


@pytest.mark.parametrize(
    "wrong",
    [{"windows": ()}, {"statistics": ()}, {"anchor": "birth"}, {"needs": ("no_such_table",)}],
    ids=lambda given: next(iter(given)),
)
def test_a_family_declared_wrongly_is_refused(wrong: dict[str, Any]) -> None:
    family = next(f for f in CATALOGUE if isinstance(f, Family) and f.measured is None)
    with pytest.raises(BadDeclaration):
        replace(family, **wrong)


def test_statistics_of_values_need_a_value() -> None:
    family = next(f for f in CATALOGUE if isinstance(f, Family) and f.measured is not None)
    with pytest.raises(BadDeclaration, match="measured"):
        replace(family, measured=None, windows=(Lookback(30),))


def test_the_page_of_features_is_what_the_catalogue_says() -> None:
    written = (Path(__file__).resolve().parents[2] / "docs" / "features.md").read_text()
    assert written == features_page.page(), "run: python -m tests.features_page > docs/features.md"
    assert len(written) < 200_000, "a page that nobody reads"


def test_a_list_of_icd_10_codes_says_nothing_of_a_source_with_icd_9(record: Record, rows: pd.DataFrame) -> None:
    lacking = replace(record, lacks={"diagnosis.icd-10-cm": "ICD-9-CM codes"}, derived={})
    families = tuple(f for f in CATALOGUE if isinstance(f, Family) and "diagnosis.icd-10-cm" in f.needs)
    built = build(lacking, rows.iloc[:2], families)
    assert {"frailty_sum_730d", "falls_days_365d", "social_days_365d"} <= set(built.columns)
    assert built.isna().all().all(), "0 would say that nobody is frail"
