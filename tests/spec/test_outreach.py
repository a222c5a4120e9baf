"""Whom to call first, by example: who is on the list, in what order, by when, and how the page and the CSV tell it.

The champion of these examples knows one thing: the longer the stay, the higher the risk.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from features import windows
from features.errors import BadInput
from serving.outreach import OutreachList, accounted, outreach_list, write_csv
from serving.page import page, urgency
from serving.score import Champion, strangeness
from tests.champions import longer_is_riskier
from tests.histories import Rows, record_of, row
from tests.spec.tables import day, moment, parse, person_rows, short, together

STAYS = "sent | event | visit | in | out | hospital | status\n"


@pytest.fixture(scope="module")
def champion() -> Champion:
    return longer_is_riskier()


def stay(first: str, last: str, visit: str = "v1", hospital: str = "h1") -> str:
    """The message that tells a discharge at noon."""
    return f"{last} 12:00 | A03 | {visit} | {first} | {last} 12:00 | {hospital} | 01\n"


def told(table: str, text: str) -> Rows:
    """Rows of contact_details, attribution or facility: `known` and any column of the table."""
    rows = []
    for cells in parse(text):
        known = moment(cells.pop("known") or "")
        at = int(windows.local_day([known], "America/New_York")[0])
        whole = {name: int(value) if value and value in "01" else value for name, value in cells.items()}
        rows.append(row(at, at, known, **whole))
    return {table: rows}


def listed(champion: Champion, people: Sequence[Rows], first: str, last: str, top: int = 50) -> OutreachList:
    return outreach_list(record_of(together(people)), champion, day(first), day(last), top)


def names(made: OutreachList) -> list[str]:
    return [entry.person_id for entry in made.entries]


# ---- who is on the list


@pytest.mark.slow
def test_both_days_are_included(champion: Champion) -> None:
    people = [person_rows(f"left {last}", messages=STAYS + stay("03-01", last)) for last in ("03-04", "03-05", "03-08")]
    assert sorted(names(listed(champion, people, "03-05", "03-08"))) == ["left 03-05", "left 03-08"]
    assert names(listed(champion, people, "03-04", "03-04")) == ["left 03-04"]


def test_a_person_stands_once_by_the_latest_stay(champion: Champion) -> None:
    twice = person_rows("a", messages=STAYS + stay("03-01", "03-04") + stay("03-06", "03-08", "v2", "h2"))
    made = listed(champion, [twice], "03-01", "03-10")
    assert [(entry.person_id, short(entry.discharge_day), entry.facility) for entry in made.entries] == [
        ("a", "03-08", "h2")
    ]
    assert (made.stays, made.people) == (2, 1)


def _merged(going_on: str, given_up: str, known: str) -> Rows:
    pair = {"person_id": going_on, "absorbed_id": given_up, "merge_id": "m", "status": "merged", "evidence": "message"}
    at = moment(known)
    day_of_it = int(windows.local_day([at], "America/New_York")[0])
    return {"person_merge": [row(day_of_it, day_of_it, at, **pair)]}


@pytest.mark.slow
def test_two_numbers_of_one_person_are_called_once_and_not_while_in_hospital_under_the_other(
    champion: Champion,
) -> None:
    """The stay was told under a number that was given up on the 7th: nobody is lost, and nobody is called twice."""
    old = person_rows("old", messages=STAYS + stay("03-01", "03-05"))
    new = person_rows("new", messages=STAYS + stay("03-01", "03-03", "v2", "h2"))
    phone = told("contact_details", "person_id | phone | known\nnew | 555-0101 | 03-01")
    merge = _merged("new", "old", "03-07")
    made = listed(champion, [old, new, phone, merge], "03-01", "03-10")
    assert [(entry.person_id, entry.phone, short(entry.discharge_day)) for entry in made.entries] == [
        ("new", "555-0101", "03-05")
    ]
    again = person_rows("new", messages=STAYS + "03-08 10:00 | A01 | v3 | 03-08 | - | h2 | -")
    assert names(listed(champion, [old, again, merge], "03-01", "03-10")) == []


READMITTED = person_rows(
    "back since the 8th",
    messages=STAYS + stay("03-01", "03-05") + "03-08 10:00 | A01 | v2 | 03-08 | - | h1 | -",
)
TOLD_LATE = person_rows(
    "back since the 8th, told on the 9th",
    messages=STAYS + stay("03-01", "03-05") + "03-09 10:00 | A01 | v2 | 03-08 | - | h1 | -",
)
DEAD = person_rows("dead", messages=STAYS + stay("03-01", "03-05"), deaths="day | known\n03-07 | 03-08")
DEAD_LATE = person_rows("death told late", messages=STAYS + stay("03-01", "03-05"), deaths="day | known\n03-07 | 03-09")
WELL = person_rows("well", messages=STAYS + stay("03-01", "03-05"))


@pytest.mark.slow
def test_who_is_known_to_be_in_hospital_or_dead_that_evening_is_not_called(champion: Champion) -> None:
    """What is learned the day after counts the day after: the list of an evening never changes."""
    people = [READMITTED, TOLD_LATE, DEAD, DEAD_LATE, WELL]
    made = listed(champion, people, "03-05", "03-08")
    assert sorted(names(made)) == ["back since the 8th, told on the 9th", "death told late", "well"]
    assert made.left_off == {"in hospital again": 1, "died": 1, "asked not to be called": 0}
    assert names(listed(champion, people, "03-05", "03-09")) == ["well"]


@pytest.mark.slow
def test_who_came_back_and_left_again_by_that_evening_is_called(champion: Champion) -> None:
    back = READMITTED | person_rows(
        "back since the 8th",
        messages=STAYS
        + stay("03-01", "03-05")
        + "03-08 10:00 | A01 | v2 | 03-08 | - | h1 | -\n"
        + stay("03-08", "03-09", "v2"),
    )
    assert names(listed(champion, [back], "03-05", "03-08")) == []
    made = listed(champion, [back], "03-05", "03-09")
    assert [short(entry.discharge_day) for entry in made.entries] == ["03-09"]


@pytest.mark.slow
def test_who_went_to_hospice_after_a_later_stay_is_not_called_about_the_one_before(champion: Champion) -> None:
    hospice = person_rows(
        "home, back, then hospice",
        messages=STAYS + stay("03-01", "03-04") + "03-08 15:00 | A03 | v2 | 03-06 | 03-08 | h1 | 50",
    )
    made = listed(champion, [hospice, WELL], "03-01", "03-08")
    assert names(made) == ["well"]
    assert made.left_off["went to hospice"] == 1
    assert sorted(names(listed(champion, [hospice, WELL], "03-01", "03-05"))) == ["home, back, then hospice", "well"]


@pytest.mark.slow
def test_who_asked_not_to_be_called_is_not_called_until_they_say_otherwise(champion: Champion) -> None:
    wishes = told(
        "contact_details",
        """known | person_id | contact_opt_out
           02-01 | well      | 1
           03-07 | well      | 0""",
    )
    made = listed(champion, [WELL, wishes], "03-05", "03-06")
    assert (names(made), made.left_off["asked not to be called"]) == ([], 1)
    assert names(listed(champion, [WELL, wishes], "03-05", "03-07")) == ["well"]


@pytest.mark.slow
def test_days_of_which_the_record_tells_nothing_are_refused_with_those_of_which_it_does(champion: Champion) -> None:
    """An empty list for days that were never loaded would read as: nobody left hospital."""
    for first, last in (("02-01", "03-04"), ("03-06", "03-20")):
        with pytest.raises(BadInput, match="discharges, 2024-03-05 to 2024-03-05"):
            listed(champion, [WELL], first, last)
    gap = person_rows("later", messages=STAYS + stay("03-18", "03-20"))
    between = listed(champion, [WELL, gap], "03-10", "03-12")
    assert (between.entries, between.people) == ((), 0)
    assert accounted(between) == "0 people left hospital in these days (0 stays). Nobody is left whom one could call."


def test_the_account_tells_who_is_listed_and_who_is_not_and_why(champion: Champion) -> None:
    other = person_rows("other", messages=STAYS + stay("03-01", "03-05"))
    said = accounted(listed(champion, [WELL, other, READMITTED, DEAD], "03-05", "03-08", top=1))
    assert said == (
        "4 people left hospital in these days (4 stays). The 1 at highest risk is listed, 1 at lower risk is not. "
        "2 are not to be called: 1 in hospital again, 1 died."
    )


@pytest.mark.slow
def test_a_model_of_other_sources_says_so_on_the_list_and_still_scores(champion: Champion) -> None:
    """A model of a file without results scores a network that has them: nobody may take its risks for its own."""
    known = record_of(together([WELL]))
    release = replace(champion.release, sources=("synpuf",), lacks=frozenset({"result"}))
    elsewhere = replace(champion, release=release)
    made = outreach_list(replace(known, sources=("tuva",)), elsewhere, day("03-05"), day("03-06"), 50)
    assert made.warnings == (
        "trained on other sources: synpuf; this store is from tuva",
        "trained without facts that are here: result",
    )
    assert len(made.entries) == 1
    assert "trained on other sources: synpuf" in page(made)
    same = replace(champion, release=replace(release, sources=("tuva",), lacks=frozenset()))
    assert strangeness(replace(known, sources=("tuva",)), same) == ()


def test_days_or_a_number_that_cannot_be_are_refused(champion: Champion) -> None:
    with pytest.raises(BadInput, match="--from after --to"):
        listed(champion, [WELL], "03-06", "03-05")
    with pytest.raises(BadInput, match="--top 0"):
        listed(champion, [WELL], "03-05", "03-06", top=0)


# ---- in what order, by when


@pytest.mark.slow
def test_the_riskiest_come_first_and_of_equals_the_one_who_left_first(champion: Champion) -> None:
    people = [
        person_rows("short", messages=STAYS + stay("03-05", "03-07")),
        person_rows("long", messages=STAYS + stay("03-01", "03-09")),
        person_rows("middle, left later", messages=STAYS + stay("03-04", "03-09")),
        person_rows("middle, left first", messages=STAYS + stay("03-03", "03-08")),
    ]
    made = listed(champion, people, "03-01", "03-10")
    assert names(made) == ["long", "middle, left first", "middle, left later", "short"]
    assert [entry.rank for entry in made.entries] == [1, 2, 3, 4]
    risks = [entry.risk for entry in made.entries]
    assert risks[0] > risks[1] == risks[2] > risks[3]
    assert names(listed(champion, people, "03-01", "03-10", top=2)) == ["long", "middle, left first"]
    assert made.entries[0].reasons[0].sentence == "In hospital for 8 days"
    assert made.entries[0].reasons[0].direction == "raises"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("left", "due"),
    [
        ("03-05", "03-07"),  # Tuesday: Thursday
        ("03-08", "03-12"),  # Friday: Tuesday
        ("03-09", "03-12"),  # Saturday: Tuesday
        ("05-23", "05-28"),  # Thursday before Memorial Day: Friday, then Tuesday
        ("12-24", "12-27"),  # Christmas is no business day
    ],
)
def test_first_contact_is_due_on_the_second_business_day(champion: Champion, left: str, due: str) -> None:
    person = person_rows("a", messages=STAYS + stay(left, left))
    assert [short(entry.due) for entry in listed(champion, [person], left, left).entries] == [due]


# ---- how to reach them


@pytest.mark.slow
def test_contact_is_the_latest_told_by_that_evening(champion: Champion) -> None:
    contact = told(
        "contact_details",
        """known | person_id | first_name | last_name | phone        | preferred_language | interpreter_needed
           01-10 | well      | Ana        | Ruiz      | 555-0100     | en                 | -
           03-01 | well      | -          | Ruiz-Diaz | 555-0101     | es-MX              | 1
           03-07 | well      | -          | -         | 555-0199     | fr                 | 0""",
    )
    practice = told(
        "attribution",
        """known | person_id | practice
           02-01 | well      | Old Mill
           03-01 | well      | River Street
           03-08 | well      | Hill Road""",
    )
    hospital = told("facility", "known | facility_id | name\n01-01 | h1 | General Hospital")
    people = [WELL, contact, practice, hospital]
    (entry,) = listed(champion, people, "03-05", "03-06").entries
    assert (entry.name, entry.phone, entry.language, entry.interpreter) == (
        "Ana Ruiz-Diaz",
        "555-0101",
        "Spanish",
        True,
    )
    assert (entry.practice, entry.facility) == ("River Street", "General Hospital")
    (later,) = listed(champion, people, "03-05", "03-08").entries
    assert (later.name, later.phone, later.language, later.interpreter) == (
        "Ana Ruiz-Diaz",
        "555-0199",
        "French",
        False,
    )
    assert later.practice == "Hill Road"


@pytest.mark.slow
def test_who_did_not_go_home_is_told_with_the_place(champion: Champion) -> None:
    """A call to the telephone at home finds nobody there."""
    nursing = stay("03-01", "03-04").replace("| 01\n", "| 03\n")
    people = [
        person_rows("nursing", messages=STAYS + nursing),
        person_rows("home", messages=STAYS + stay("03-01", "03-05")),
    ]
    made = listed(champion, people, "03-01", "03-10")
    assert {entry.person_id: entry.went_to for entry in made.entries} == {
        "nursing": "a skilled nursing facility",
        "home": "",
    }
    assert page(made).count("Went to") == 1


@pytest.mark.slow
def test_what_the_record_does_not_have_is_empty(champion: Champion) -> None:
    (entry,) = listed(champion, [WELL], "03-05", "03-05").entries
    assert (entry.name, entry.phone, entry.language, entry.practice) == ("", "", "", "")
    nowhere = person_rows("nowhere", messages=STAYS + stay("03-01", "03-05", hospital="-"))
    (entry,) = listed(champion, [nowhere], "03-05", "03-05").entries
    assert entry.facility == "", "a hospital that nobody named is not called by the name of nothing"


@pytest.mark.slow
def test_where_only_a_clinician_answers_for_someone_their_practice_is_told(champion: Champion) -> None:
    answers = told("attribution", "known | person_id | provider_id\n03-01 | well | dr-lee")
    clinicians = told(
        "provider", "known | provider_id | practice\n01-01 | dr-lee | Old Mill\n01-01 | dr-roy | Hill Road"
    )
    (entry,) = listed(champion, [WELL, answers, clinicians], "03-05", "03-05").entries
    assert entry.practice == "Old Mill"


# ---- how it is told


HOSTILE = told(
    "contact_details",
    """known | person_id | first_name                | last_name | phone           | preferred_language
       03-01 | well      | <script>alert(1)</script> | O'Neil    | +1 (555) 010-01 | "><img src=x>""",
)
FORMULA = told("attribution", "known | person_id | practice\n03-01 | well | =HYPERLINK(1)")


def test_the_page_escapes_what_comes_from_the_record(champion: Champion) -> None:
    shown = page(listed(champion, [WELL, HOSTILE], "03-05", "03-06"))
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; O&#39;Neil" in shown


@pytest.mark.slow
def test_the_page_asks_nobody_for_anything(champion: Champion) -> None:
    """A page of patients that fetched a font would tell a stranger when it is read."""
    shown = page(listed(champion, [WELL, READMITTED], "03-05", "03-08"))
    assert re.findall(r"https?:|//\w|<script|<link|<img|<iframe|@import|url\(|\bsrc=", shown) == []


@pytest.mark.slow
def test_the_page_tells_who_was_left_off_and_says_so_when_nobody_is_left(champion: Champion) -> None:
    shown = page(listed(champion, [READMITTED, DEAD], "03-05", "03-08"))
    assert "1 in hospital again" in shown
    assert "1 died" in shown
    assert "Nobody" in shown


@pytest.mark.slow
def test_the_csv_is_one_row_a_person_the_same_bytes_each_time(champion: Champion, tmp_path: Path) -> None:
    people = [WELL, TOLD_LATE, HOSTILE, FORMULA]
    for name in ("one.csv", "two.csv"):
        write_csv(listed(champion, people, "03-05", "03-06"), tmp_path / name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    with (tmp_path / "one.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rank"] for row in rows] == ["1", "2"]
    well = rows[1]
    assert (well["person_id"], well["discharge_date"], well["first_contact_due"]) == (
        "well",
        "2024-03-05",
        "2024-03-07",
    )
    assert (well["model"], well["model_version"]) == ("readmission_30d", "7")
    assert "In hospital for 4 days" in well["reasons"]


@pytest.mark.slow
def test_the_csv_runs_no_formula_in_a_spreadsheet(champion: Champion, tmp_path: Path) -> None:
    write_csv(listed(champion, [WELL, HOSTILE, FORMULA], "03-05", "03-06"), tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["practice"] == "'=HYPERLINK(1)"
    assert row["name"] == "<script>alert(1)</script> O'Neil", "whoever calls asks for somebody by name"
    assert row["phone"] == "+1 (555) 010-01", "a telephone number is no formula"


def test_a_due_day_is_overdue_today_or_later() -> None:
    today = day("03-08")
    assert [urgency(day(due), today) for due in ("03-07", "03-08", "03-11")] == ["overdue", "due today", "due"]
