"""What a committee reads first, by example: who counts, rates, planned returns, what was not evaluable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import afterward
from features.definitions.cohort import prediction_cohort
from features.definitions.report import (
    FEW,
    FEWEST_STAYS,
    NOT_SORTED,
    SURGICAL,
    Section,
    by_hospital,
    report,
    to_json,
    told,
)
from features.record.record import Record, open_record
from features.record.tables import PERSON
from tests.histories import record_of
from tests.spec.tables import day, person_rows, together

pytestmark = pytest.mark.slow

COVERED = "from | to\n2023-01 | 2025-12"
THROUGH = day("2024-12-31")


def _network() -> Record:
    """Six people, one of each course."""
    people = {
        "back": """
        claim | known | in    | out   | hospital | status
        b1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        b2    | 03-15 | 03-10 | 03-15 | 330002   | 01
        """,
        "planned": """
        claim | known | in    | out   | hospital | status
        p1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        p2    | 03-15 | 03-10 | 03-15 | 330001   | 01
        """,
        "died": """
        claim | known | in    | out   | hospital | status
        d1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        """,
        "left": """
        claim | known | in    | out   | hospital | status
        l1    | 03-20 | 03-15 | 03-20 | 330001   | 01
        """,
        "late": """
        claim | known | in    | out   | hospital | status
        e1    | 12-20 | 12-15 | 12-20 | 330002   | 01
        e2    | 12-26 | 12-24 | 12-26 | 330002   | 01
        """,
        "psychiatric": """
        claim | known | in    | out   | hospital | status
        s1    | 03-05 | 03-01 | 03-05 | 334001   | 01
        """,
    }
    messages = """
    sent        | event | visit | in    | out   | hospital | status
    03-05 15:00 | A03   | v1    | 03-01 | 03-05 | 330001   | 03
    """
    rows = [
        person_rows(
            name,
            bills=bills,
            messages=messages if name == "died" else "",
            codes="claim | code | role\np2 | Z5111 | principal\nb2 | U999 | principal",
            deaths="day\n03-20" if name == "died" else "",
            covered="from | to\n2023-01 | 2024-03" if name == "left" else COVERED,
        )
        for name, bills in people.items()
    ]
    return replace(record_of(together(rows)), claims_complete_to=THROUGH, admissions_complete_to=THROUGH)


@pytest.fixture(scope="module")
def sections() -> tuple[Section, ...]:
    return report(_network())


def _lines(sections: tuple[Section, ...], about: str, name: str) -> list[tuple[object, ...]]:
    (found,) = (one.table for one in sections if (one.about, one.name) == (about, name))
    return [tuple(None if cell != cell else cell for cell in row) for row in found.itertuples(index=False)]


def test_rates_are_of_stays_whose_window_lies_in_the_data(sections: tuple[Section, ...]) -> None:
    """The person who came back as the data end has a label, and would make the rate too high."""
    assert _lines(sections, "prediction", "overall") == [
        ("index stays", 8, 1.0, "index stays"),
        ("with a label", 6, 6 / 8, "index stays"),
        ("followed: a label, and the whole window in the data", 5, 5 / 8, "index stays"),
        ("readmitted unplanned (label 1)", 1, 1 / 5, "followed"),
        ("first return planned (label 0)", 1, 1 / 5, "followed"),
        ("died unreadmitted (label 0)", 1, 1 / 5, "followed"),
        ("first returns that were planned", 1, 1 / 2, "first returns"),
    ]
    assert _lines(sections, "prediction", "by_year") == [("2024", 8, None, None, None)]


@pytest.mark.soak
def test_stays_are_sorted_into_the_specialty_cohorts_of_the_measure() -> None:
    """By an operation before the diagnosis; what nothing sorts has a line of its own."""
    bills = """
    claim | in    | out   | hospital | status | principal | procedure
    c1    | 01-01 | 01-05 | 330001   | 01     | I5023     | -
    c2    | 03-01 | 03-05 | 330001   | 01     | I5023     | 0SR90J9
    c3    | 05-01 | 05-05 | 330001   | 01     | U999      | -
    """
    notices = "known | in | out | hospital\n01-05 | 01-01 | 01-05 | 330001\n03-05 | 03-01 | 03-05 | 330001"
    notices += "\n05-05 | 05-01 | 05-05 | 330001"
    record = record_of(person_rows("sorted", bills=bills, notices=notices, covered=COVERED))
    found = report(replace(record, claims_complete_to=THROUGH, admissions_complete_to=THROUGH))
    counted = {row[0]: row[1] for row in _lines(found, "prediction", "by_specialty")}
    assert counted == {"heart failure and lungs": 1, SURGICAL: 1, NOT_SORTED: 1}


def test_what_decided_on_the_first_return_is_told(sections: tuple[Section, ...]) -> None:
    assert _lines(sections, "prediction", "first_returns") == [
        ("an always planned diagnosis", "yes", 1, 1 / 2),
        ("no procedure that is ever planned", "no", 1, 1 / 2),
    ]


def test_each_missing_label_has_its_reason(sections: tuple[Section, ...]) -> None:
    assert sorted(_lines(sections, "prediction", "censored")) == [
        ("left the network within the window", 1, 1 / 8),
        ("the data end within the window", 1, 1 / 8),
    ]


def test_what_was_not_evaluable_is_counted(sections: tuple[Section, ...]) -> None:
    counted = {fact: count for fact, count, _ in _lines(sections, "stays", "not_evaluable")}
    assert counted["principal diagnosis not known to the tables"] == 1
    assert counted["billed without a principal diagnosis"] == 6
    assert counted["kind of hospital not decided, taken for acute"] == 0


def test_disagreement_of_bill_and_message_is_counted_by_fact(sections: tuple[Section, ...]) -> None:
    counted = {fact: count for fact, count, _ in _lines(sections, "stays", "disputed")}
    assert counted == {
        "admit day": 0,
        "discharge day": 0,
        "discharge disposition code": 1,
        "admit type code": 0,
        "admit source code": 0,
        "kind": 0,
    }


def test_other_hospitals_are_counted_and_left_out(sections: tuple[Section, ...]) -> None:
    assert _lines(sections, "stays", "other_kinds") == [("psychiatric", 1)]
    assert _lines(sections, "stays", "ends")[0] == ("discharge told", 8, 1.0)


@pytest.mark.parametrize("about", ["prediction", "hwr"])
def test_every_step_of_the_attrition_adds_up(sections: tuple[Section, ...], about: str) -> None:
    (steps,) = (one.table for one in sections if (one.about, one.name) == (about, "attrition"))
    assert list(steps.columns) == ["rule", "removed", "left", "not_evaluable"]
    assert list(steps.left - steps.removed.shift(-1, fill_value=0))[:-1] == list(steps.left)[1:]


@pytest.mark.soak
def test_an_outcome_that_the_source_cannot_tell_has_a_reason_and_no_rate() -> None:
    record = replace(_network(), lacks={"claim_line.revenue_center_code": "only inpatient bills are read"})
    lines = {str(line[0]): line[1:] for line in _lines(report(record), "outcomes", "rates")}
    why = "not evaluable on this source: only inpatient bills are read"
    assert lines["any_acute_care_21d"] == (None, None, None, None, why)
    assert lines["readmission_30d"] == (6, 1, 5, 1 / 5, None)


def _stays(**counts: int) -> pd.DataFrame:
    hospitals = [name for name, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"row_id": range(len(hospitals)), "hospital": hospitals, "label": 0.0, "followed": True})


def test_small_hospitals_are_shown_together() -> None:
    found = by_hospital(_stays(large=30, fifth=FEWEST_STAYS, small=7, tiny=4))
    assert list(zip(found.hospital, found.hospitals, found.index_stays, strict=True)) == [
        ("large", 1, 30),
        ("fifth", 1, FEWEST_STAYS),
        (FEW, 2, 11),
    ]


def test_a_small_hospital_is_not_given_away_by_the_line_that_hides_it() -> None:
    found = by_hospital(_stays(large=30, middle=12, tiny=4))
    assert list(zip(found.hospital, found.hospitals, found.index_stays, strict=True)) == [
        ("large", 1, 30),
        (FEW, 2, 16),
    ]


def test_few_readmissions_are_withheld_and_cannot_be_worked_out() -> None:
    """Of three hospitals one has 3 readmissions: a second is withheld too, or the total would tell them."""
    rows = _stays(one=40, two=50, three=60)
    back = {"one": 3, "two": 14, "three": 20}
    rows["label"] = (rows.groupby("hospital").cumcount() < rows.hospital.map(back)).astype("float64")
    found = by_hospital(rows).set_index("hospital")
    assert found.readmissions.to_dict() == {"one": None, "two": None, "three": 20}
    assert found.rate.to_dict() == {"one": None, "two": None, "three": 20 / 60}
    assert found.followed.to_dict() == {"one": 40, "two": 50, "three": 60}
    text = "\n".join(told((Section("prediction", "by_hospital", "by hospital", found.reset_index()),)))
    assert text.count("withheld") == 2


def test_no_hospital_is_hidden_without_need() -> None:
    assert FEW not in set(by_hospital(_stays(large=30, middle=12)).hospital)


def test_the_printed_report_shows_the_largest_hospitals_and_says_how_many_more_there_are() -> None:
    many = by_hospital(_stays(**{f"h{number:03}": 11 + number for number in range(60)}))
    text = "\n".join(told((Section("prediction", "by_hospital", "by hospital", many),)))
    assert "h059" in text
    assert "h000" not in text
    assert "... and 35 more hospitals" in text


def test_a_report_of_nothing_is_a_report() -> None:
    sections = report(record_of({}))
    assert "index stays" in "\n".join(told(sections))
    assert _lines(sections, "prediction", "overall")[0] == ("index stays", 0, None, "index stays")


@pytest.mark.slow
def test_the_command_tells_the_same_as_text_and_as_json(simulated_store: Path, tmp_path: Path) -> None:
    words = ["definitions", "--store", str(simulated_store), "--json", str(tmp_path / "d.json")]
    done = CliRunner().invoke(afterward.cli, words)
    assert done.exit_code == 0, done.output
    written = (tmp_path / "d.json").read_text()
    found = json.loads(written)
    record = open_record(simulated_store)
    assert found == to_json(report(record)), "two runs on one store tell the same"
    steps = found["prediction"]["attrition"]
    assert steps[-1]["left"] == len(prediction_cohort(record).rows)
    assert f"{steps[-1]['left']:,}" in done.output
    people = set(record[PERSON].person_id.to_pandas())
    assert not [person for person in people if person in done.output or person in written], "it names nobody"
    alone = [line for line in found["prediction"]["by_hospital"] if line["index_stays"] < FEWEST_STAYS]
    assert alone == []
