"""The gaps that were written, on the outreach list: what is still open, due first before the rest, of that day only."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from features.errors import BadInput
from features.measures.gaps_file import OpenGap, read_open
from features.measures.status import COLUMNS
from features.windows import parse_day
from serving.outreach import CSV_COLUMNS, Entry, OutreachList, write_csv
from serving.page import page

DAY = "2024-06-20"
OPEN = {"status": "open", "open_since": "2024-05-24", "as_of": DAY}
WEEK = {**OPEN, "person_id": "p1", "measure": "visit_7_days", "due": "2024-05-31", "closes": "a visit"}
KIDNEYS = {**OPEN, "person_id": "p1", "measure": "CMS951", "due": "2024-12-31", "closes": "a filtration rate"}
CLOSED = {"person_id": "p1", "measure": "CMS122", "status": "closed", "evidence_date": "2024-03-02", "as_of": DAY}


def written(folder: Path, *rows: Mapping[str, str]) -> Path:
    path = folder / "gaps.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def a_list(gaps: tuple[OpenGap, ...]) -> OutreachList:
    who = {"rank": 1, "person_id": "p1", "stay_id": "s1", "name": "", "risk": 0.2, "tier": "high", "reasons": ()}
    stay = {"discharge_day": parse_day("2024-05-24"), "facility": "", "practice": "", "due": parse_day("2024-05-29")}
    reach = {"phone": "", "language": "", "interpreter": False, "model": "m", "model_version": 1}
    entry = Entry(**who, **stay, **reach, gaps=gaps)  # type: ignore[arg-type]  # columns of several kinds
    return OutreachList((entry,), "Readmission", "m", 1, parse_day("2024-05-20"), parse_day(DAY), 1, 1, {})


def test_what_is_open_is_read_with_what_is_due_first_before_the_rest(tmp_path: Path) -> None:
    found = read_open(written(tmp_path, KIDNEYS, CLOSED, WEEK), parse_day(DAY))
    assert found == {
        "p1": (
            OpenGap("Visit within 7 days of discharge", parse_day("2024-05-31"), "a visit", "visit_7_days"),
            OpenGap("Kidney health evaluation", parse_day("2024-12-31"), "a filtration rate", "CMS951"),
        )
    }


def test_gaps_of_another_day_are_refused(tmp_path: Path) -> None:
    """A list of an evening must not show what was known later, nor hide what was closed since."""
    with pytest.raises(BadInput, match=r"as of 2024-06-20; .*gaps as of 2024-06-19"):
        read_open(written(tmp_path, WEEK), parse_day("2024-06-19"))


def test_what_is_no_file_of_gaps_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, WEEK)
    path.write_text("person_id,measure\np1,CMS122\n")
    with pytest.raises(BadInput, match=r"gaps\.csv, whose rows are not person_id"):
        read_open(path, parse_day(DAY))
    with pytest.raises(BadInput, match="cannot be read"):
        read_open(tmp_path / "absent.csv", parse_day(DAY))


def test_the_list_shows_them_beside_the_risk(tmp_path: Path) -> None:
    made = a_list(read_open(written(tmp_path, WEEK, KIDNEYS), parse_day(DAY))["p1"])
    write_csv(made, tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(newline="") as data:
        (row,) = csv.DictReader(data)
    assert tuple(row) == CSV_COLUMNS
    assert row["open_gaps"] == (
        "Visit within 7 days of discharge (due 2024-05-31): a visit; "
        "Kidney health evaluation (due 2024-12-31): a filtration rate"
    )
    shown = page(made)
    assert "2 open care gaps" in shown
    assert "<strong>Visit within 7 days of discharge</strong>, due 31 May 2024" in shown


def test_whoever_has_none_has_no_heading_of_them() -> None:
    assert "open care" not in page(a_list(()))
