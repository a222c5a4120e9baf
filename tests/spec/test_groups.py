"""Of which groups somebody is, as the record knew it at discharge and never as it was told later."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from features import windows
from models.groups import NEEDS, groups_of
from tests.histories import end, record_of, row

LEFT = windows.parse_day("2024-06-01")
BEFORE, AFTER = end(LEFT - 30), end(LEFT + 30)


def person(who: str, born: str, known: int, **told: object) -> dict[str, object]:
    day = windows.parse_day(born)
    return row(day, day, known, person_id=who, birth_day=day, **told)


def month(who: str, first: str, dual: str | None) -> dict[str, object]:
    day = windows.parse_day(first)
    return row(day, day + 27, end(day), person_id=who, dual_status_code=dual)


RECORD = record_of(
    {
        "person": [
            person("p1", "1949-06-02", BEFORE, sex="female", race="white", entitlement_code="1"),
            person("p1", "1949-06-02", AFTER, sex="male", race="asian"),
            person("p2", "1934-01-01", BEFORE, sex="male", ethnicity="hispanic or latino", entitlement_code="0"),
        ],
        "coverage": [month("p1", "2024-04-01", "02"), month("p1", "2024-05-01", None), month("p2", "2024-05-01", "08")],
        "contact_details": [row(LEFT, LEFT, BEFORE, person_id="p2", preferred_language="es")],
        "attribution": [
            row(LEFT - 60, LEFT - 31, end(LEFT - 60), person_id="p1", practice="North"),
            row(LEFT - 30, LEFT - 1, end(LEFT - 30), person_id="p1", provider_id="d1"),
        ],
        "provider": [row(LEFT - 900, LEFT, BEFORE, provider_id="d1", practice="South")],
    }
)


def rows() -> pd.DataFrame:
    found = pd.DataFrame(
        {"person_id": ["p2", "p1", "p3"], "stay_id": ["s2", "s1", "s3"], "facility_id": ["h1", None, "h2"]}
    )
    return found.assign(as_of=end(LEFT), as_of_day=LEFT, admit_day=LEFT - 2, discharge_day=LEFT)


def test_the_groups_of_each_row_in_the_order_of_the_rows() -> None:
    found = groups_of(RECORD, rows())
    assert list(found.columns) == list(NEEDS)
    told = found.astype(object).where(found.notna(), None).to_dict("records")
    assert told[0] == {
        "age": "85 and older",
        "sex": "male",
        "race": None,
        "ethnicity": "hispanic or latino",
        "language": "es",
        "Medicaid beside Medicare": "yes",
        "Medicare through disability": "no",
        "practice": None,
        "facility": "h1",
    }
    assert told[1] == {
        "age": "65 to 74",
        "sex": "female",
        "race": "white",
        "ethnicity": None,
        "language": None,
        "Medicaid beside Medicare": "no",
        "Medicare through disability": "yes",
        "practice": "South",
        "facility": None,
    }, "what was told after discharge changes nothing; the latest month that had begun holds"
    assert set(told[2].values()) == {None, "h2"}, "of whom nothing is known, nothing is guessed"


def test_what_no_source_tells_is_known_of_nobody() -> None:
    silent = replace(RECORD, lacks={"coverage.dual_status_code": "not in these files"})
    assert groups_of(silent, rows())["Medicaid beside Medicare"].isna().all()


def test_no_rows_have_no_groups() -> None:
    assert groups_of(RECORD, rows().head(0)).empty
