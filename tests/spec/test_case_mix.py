"""What is allowed for when providers are compared, and how care is counted, by example."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from features.definitions.outcomes import labels
from features.definitions.outcomes.mortality import DEATH_30D
from features.definitions.profile.case_mix import (
    ABOUT,
    OF_PEOPLE,
    OF_STAYS,
    Allowance,
    allowed,
    of_people,
    of_stays,
)
from features.definitions.profile.duplicates import duplicate_tests
from features.definitions.profile.use import use
from features.definitions.stays import final_stays
from features.errors import BadDeclaration
from features.measures.transitions.after_stays import followed_in_time
from features.record.record import Record
from tests.histories import Rows, end, record_of, row
from tests.spec.tables import day, person_rows, together

BILL = "claim | in | out | hospital | status | principal\ni1 | 03-01 | 03-05 | h1 | 01 | I5022"
COVERED = "from | to\n2023-01 | 2024-12"


@pytest.mark.parametrize(
    "name",
    [
        *("race_black", "ethnicity", "dual_eligible", "preferred_language", "zip_code", "area_deprivation"),
        *("discharge_disposition_code", "nights", "drg_code", "sepsis_not_present_on_admission", "hospital_acquired"),
        *("admissions_365d", "emergency_visits", "facility_id", "practice", "complication_of_care"),
    ],
)
def test_what_a_provider_controls_or_society_did_is_refused(name: str) -> None:
    with pytest.raises(BadDeclaration):
        allowed(Allowance(name, ABOUT[2], "said to be an illness"))


def test_a_column_about_anything_else_is_refused_whatever_its_name() -> None:
    with pytest.raises(BadDeclaration):
        allowed(Allowance("blue_eyes", "other", "neither age, reason nor illness"))


def test_the_case_mixes_in_use_stand_the_same_test() -> None:
    assert allowed(*OF_STAYS) == OF_STAYS
    assert allowed(*OF_PEOPLE) == OF_PEOPLE


def _stays(record: Record) -> pd.DataFrame:
    told = final_stays(record).select("person_id", "stay_id", "admit_day", "discharge_day")
    stays: pd.DataFrame = told.to_pandas()
    return stays.sort_values(["person_id", "admit_day"]).assign(row_id=range(len(stays)))


def _office(rows: Rows) -> Rows:
    """Visits to an office, billed as such."""
    for line in rows["claim_line"]:
        if line["claim_type"] == "professional":
            line["hcpcs_code"] = "99214"
    return rows


def _visits(*days: str) -> str:
    return "\n".join(["claim | known | day | setting", *(f"v{n} | 08-01 | {on} | office" for n, on in enumerate(days))])


def _with_flag(flag: str) -> Rows:
    return person_rows(f"flag {flag}", bills=BILL, codes=f"claim | code | poa\ni1 | I639 | {flag}")


FLAGS = {"Y": 1, "W": 1, "N": 0, "U": 0, "-": 0}
BACK = f"{BILL}\ni2 | 03-10 | 03-12 | h1 | 01 | I5022\ni3 | 06-10 | 06-12 | h1 | 03 | I5022"
RESULTS = (
    "issued | drawn | test | value\n"
    "01-11 | 01-10 | glycated haemoglobin | 7\n"
    "02-11 | 02-10 | glycated haemoglobin | 7\n"
    "03-03 | 03-02 | glycated haemoglobin | 7\n"
    "06-11 | 06-10 | glycated haemoglobin | 7\n"
    "06-21 | 06-20 | sodium | 140"
)
SEEN = {"03-12": (1, 1), "03-13": (0, 1), "03-05": (0, 0), "03-20": (0, 0)}  # a visit's day; in 7 days, in 14


@pytest.fixture(scope="module")
def network() -> Record:
    """People who each left h1 on 5 March 2024, where nothing else is said."""
    people = [
        person_rows("ill before", bills=BILL, visits=_visits("01-10"), codes="claim | code\nv0 | J449"),
        person_rows(
            "ill later", bills=BILL, visits=_visits("04-10", "2023-01-10"), codes="claim | code\nv0 | J449\nv1 | F0390"
        ),
        person_rows(
            "ill this year", visits=_visits("2023-11-10", "01-10"), codes="claim | code\nv0 | J449\nv1 | F0390"
        ),
        *(_with_flag(flag) for flag in FLAGS),
        person_rows("dead in April", bills=BILL, covered=COVERED, deaths="day\n04-04"),
        person_rows("dead on day 31", bills=BILL, covered=COVERED, deaths="day\n04-05"),
        person_rows("tested", bills=BILL, results=RESULTS),
        *(_office(person_rows(f"seen {on}", bills=BILL, visits=_visits(on))) for on in SEEN),
        person_rows("back", bills=BACK),
    ]
    ends = day("12-31")
    return replace(record_of(together(people)), claims_complete_to=ends, admissions_complete_to=ends)


@pytest.fixture(scope="module")
def mixes(network: Record) -> pd.DataFrame:
    stays = _stays(network)
    return of_stays(network, stays).set_index(stays.person_id.to_numpy())


def test_an_illness_of_the_year_before_and_the_reason_for_the_stay_are_allowed_for(mixes: pd.DataFrame) -> None:
    found = mixes.loc["ill before"]
    assert (found.chronic_pulmonary_disease, found.cardiorespiratory, found.principal_cir) == (1, 1, 1)
    assert found.age == 7.4, "born on 1 March 1950, admitted on 1 March 2024"


@pytest.mark.parametrize(("flag", "counts"), FLAGS.items())
def test_a_diagnosis_of_the_stay_counts_only_if_the_person_brought_it(
    mixes: pd.DataFrame, flag: str, counts: int
) -> None:
    found = mixes.loc[f"flag {flag}"]
    assert found.cerebrovascular_disease == counts, "a stroke in the hospital's own bed is no excuse for it"


def test_what_was_diagnosed_after_the_stay_or_long_before_is_not_allowed_for(mixes: pd.DataFrame) -> None:
    found = mixes.loc["ill later"]
    assert (found.chronic_pulmonary_disease, found.dementia) == (0, 0)


def test_members_are_allowed_for_by_what_was_told_before_the_period(network: Record) -> None:
    found = of_people(network, pd.Series(["ill this year"]), day("01-01")).iloc[0]
    assert (found.chronic_pulmonary_disease, found.dementia) == (1, 0)


def test_death_within_30_days_counts_and_later_does_not(network: Record) -> None:
    stays = _stays(network)
    stays = stays[stays.person_id.str.startswith("dead")]
    assert labels(network, stays, DEATH_30D).label.tolist() == [1, 0]


def test_a_test_again_too_soon_is_a_duplicate_but_not_in_hospital(network: Record) -> None:
    found = duplicate_tests(network).to_pandas()
    assert found.day.tolist() == [day("02-10")], "31 days after the last; the one of 2 March was taken in a stay"


def test_a_visit_counts_from_the_day_after_discharge_until_it_was_due(network: Record) -> None:
    stays = _stays(network)
    found, refused = followed_in_time(network, stays)
    of = found.set_index(stays.person_id.to_numpy())
    assert {on: tuple(of.loc[f"seen {on}", ["visit_7_days", "visit_14_days"]]) for on in SEEN} == SEEN
    assert of.loc["back"].visit_7_days.isna().tolist() == [True, False, True], (
        "back on 10 March before a visit was due; the third stay ended in a nursing home"
    )
    assert "medicines_reconciled_30_days" in refused, "nobody ever had it, so nobody can be blamed for lacking it"


def _attributed(practice: str, first: str, last: str, known: int) -> dict[str, object]:
    return row(day(first), day(last), known, person_id="p", practice=practice, provider_id=f"{practice}1")


def test_care_counts_for_whom_the_person_belonged_to_in_that_month() -> None:
    visits = (
        "claim | known | day | setting | paid\n"
        "v1 | 02-01 | 01-10 | emergency | 50000\n"
        "v2 | 03-01 | 02-10 | emergency | 70000\n"
        "v3 | 04-01 | 02-29 | emergency | 10000"
    )
    rows: Rows = person_rows("p", bills=BILL, visits=visits)
    rows["attribution"] = [
        _attributed("a", "01-01", "01-31", end(day("02-01"))),
        _attributed("a", "02-01", "02-29", end(day("02-01"))),
        _attributed("b", "02-01", "02-29", end(day("03-01"))),  # a later word of the same month
    ]
    found = use(record_of(rows), day("01-01"), day("12-31")).set_index("practice")
    assert found.months.to_dict() == {"a": 1, "b": 1}
    assert found.emergency_visits.to_dict() == {"a": 1, "b": 1}, "a visit that led to the stay of 1 March is no visit"
    assert found.cents.to_dict() == {"a": 50_000, "b": 80_000}
