"""Data quality by example: each fault is planted in a sound network, and its rule speaks, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from click.testing import CliRunner

import afterward
from features import windows
from features.pages.content import WITHHELD
from features.pages.write import as_json, html
from features.quality.page import RULES, check, page
from features.quality.rule import Verdict, worst
from features.quality.seen import Seen
from tests import quality_page
from tests.conftest import PROJECT
from tests.histories import Rows, end, row
from tests.markup import faults
from tests.networks import FIRST, MONTHS, PEOPLE, seen, sound

SOUND = sound()


def spoke(store: Seen) -> dict[str, Verdict]:
    """The rules that found something."""
    return {one.rule.name: one.verdict for one in check(store) if one.verdict in (Verdict.WARN, Verdict.FAIL)}


def _without_a_month(rows: Rows) -> Seen:
    rows["claim_line"] = [one for one in rows["claim_line"] if not MONTHS[5] <= one["from_day"] < MONTHS[6]]
    kept = {one["claim_id"] for one in rows["claim_line"]}
    # what stands on the lost claims stands on others now, so that only the month is missing
    for one in rows["diagnosis"]:
        if one["claim_id"] not in kept:
            one["claim_id"] = "c0-0"
    return seen(rows)


def _with_a_thin_month(rows: Rows) -> Seen:
    lost = [one for one in rows["result"] if MONTHS[5] <= one["from_day"] < MONTHS[6]][: PEOPLE - 5]
    rows["result"] = [one for one in rows["result"] if one not in lost]
    return seen(rows)


def _known_too_early(rows: Rows) -> Seen:
    for one in rows["dispensing"][:20]:
        one["known_at"] = end(one["from_day"] - 2)
    return seen(rows)


def _delivered_as_news(rows: Rows) -> Seen:
    for one in rows["dispensing"]:
        one["known_at"] = end(FIRST + 900)
    return seen(rows)


def _no_choice(rows: Rows) -> Seen:
    rows["person"][0]["sex"] = "M"
    return seen(rows)


def _born_too_early(rows: Rows) -> Seen:
    for one in rows["person"][:12]:
        one["birth_day"] = windows.parse_day("1850-01-01")
    return seen(rows)


def _swapped_days(rows: Rows) -> Seen:
    for one in rows["claim_line"][:20]:
        one |= {"admission_day": one["from_day"], "discharge_day": one["from_day"] - 3}
    return seen(rows)


def _supply_in_hundreds(rows: Rows) -> Seen:
    for one in rows["dispensing"][:20]:
        one["days_supply"] = 3_000
    return seen(rows)


def _without_supply(rows: Rows) -> Seen:
    for one in rows["dispensing"]:
        one["days_supply"] = None
    return seen(rows, last=rows)


def _of_no_form(rows: Rows) -> Seen:
    for one in rows["claim_line"][:100]:
        one["hcpcs_code"] = "OFFICE"
    return seen(rows)


def _in_no_edition(rows: Rows) -> Seen:
    for one in rows["diagnosis"][:100]:
        one["code"] = "I109999"
    return seen(rows)


def _in_another_unit(rows: Rows) -> Seen:
    for one in rows["result"][:20]:
        one |= {"unit": "umol/L", "value": 88_000}
    return seen(rows)


def _shifted_point(rows: Rows) -> Seen:
    for one in rows["result"][:20]:
        one["value"] = 900_000
    return seen(rows)


def _numbered_otherwise(rows: Rows) -> Seen:
    for one in rows["dispensing"]:
        if one["person_id"] in {f"p{number}" for number in range(10)}:
            one["person_id"] = f"other {one['person_id']}"
    return seen(rows)


def _broken_enrolment(rows: Rows) -> Seen:
    rows["coverage"] = [
        one
        for number, one in enumerate(rows["coverage"])
        if number // len(MONTHS) % 2 or one["from_day"] != MONTHS[1 + number // len(MONTHS) % 10]
    ]
    return seen(rows)


def _lost_members(rows: Rows) -> Seen:
    rows["coverage"] = [
        one for one in rows["coverage"] if one["from_day"] < MONTHS[8] or int(one["person_id"][1:]) % 5 < 3
    ]
    return seen(rows)


def _not_enrolled_when_billed(rows: Rows) -> Seen:
    """A few people with a long gap, most of what is billed in it."""
    for number in range(5):
        for month in MONTHS[1:-1]:
            rows["coverage"] = [
                one for one in rows["coverage"] if not (one["person_id"] == f"p{number}" and one["from_day"] == month)
            ]
            more = [
                {**one, "claim_id": f"{one['claim_id']}{copy}", "days_supply": 10 + copy}
                for one in rows["dispensing"]
                if one["person_id"] == f"p{number}" and month <= one["from_day"] < month + 27
                for copy in range(8)
            ]
            rows["dispensing"] += more
    return seen(rows)


def _told_twice(rows: Rows) -> Seen:
    rows["claim_line"] += [{**one, "claim_id": f"again {one['claim_id']}"} for one in rows["claim_line"][::9]]
    return seen(rows)


def _never_discharged(rows: Rows) -> Seen:
    lost = [one for one in rows["adt_event"] if one["event_type"] == "A03"][:10]
    rows["adt_event"] = [one for one in rows["adt_event"] if one not in lost]
    return seen(rows)


def _on_no_claim(rows: Rows) -> Seen:
    for one in rows["diagnosis"][:80]:
        one["claim_id"] = "of another file"
    return seen(rows)


def _small_load(rows: Rows) -> Seen:
    return seen(rows, smaller=20)


def _emptier_load(rows: Rows) -> Seen:
    last = deepcopy(rows)
    for one in last["claim_line"]:
        one["hcpcs_code"] = None
    return seen(rows, last=last)


def _new_codes(rows: Rows) -> Seen:
    return seen(rows, unmapped={"diagnosis.code": (720, 90)})


PLANTED: dict[str, tuple[Callable[[Rows], Seen], Verdict]] = {
    "month_without_rows": (_without_a_month, Verdict.FAIL),
    "month_with_few_rows": (_with_a_thin_month, Verdict.WARN),
    "known_before_it_happened": (_known_too_early, Verdict.FAIL),
    "known_late": (_delivered_as_news, Verdict.FAIL),
    "against_declaration": (_no_choice, Verdict.FAIL),
    "impossible_day": (_born_too_early, Verdict.FAIL),
    "ends_before_it_begins": (_swapped_days, Verdict.FAIL),
    "implausible_number": (_supply_in_hundreds, Verdict.FAIL),
    "column_not_filled": (_without_supply, Verdict.FAIL),
    "code_of_no_form": (_of_no_form, Verdict.FAIL),
    "code_in_no_edition": (_in_no_edition, Verdict.FAIL),
    "other_unit": (_in_another_unit, Verdict.FAIL),
    "impossible_result": (_shifted_point, Verdict.FAIL),
    "person_not_told": (_numbered_otherwise, Verdict.FAIL),
    "enrolment_broken": (_broken_enrolment, Verdict.FAIL),
    "enrolment_falls": (_lost_members, Verdict.FAIL),
    "care_outside_enrolment": (_not_enrolled_when_billed, Verdict.FAIL),
    "claim_told_twice": (_told_twice, Verdict.FAIL),
    "stay_without_discharge": (_never_discharged, Verdict.FAIL),
    "points_to_nothing": (_on_no_claim, Verdict.FAIL),
    "load_smaller_than_usual": (_small_load, Verdict.FAIL),
    "column_emptier": (_emptier_load, Verdict.FAIL),
    "unmapped_jumped": (_new_codes, Verdict.FAIL),
}


def test_every_rule_has_a_planted_fault() -> None:
    assert set(PLANTED) == {rule.name for rule in RULES}


@pytest.mark.soak
def test_of_a_sound_network_no_rule_says_anything() -> None:
    store = seen(deepcopy(SOUND))
    checked = check(store)
    assert {one.rule.name: one.verdict.value for one in checked} == dict.fromkeys(PLANTED, "pass")


@pytest.mark.parametrize(
    "rule", [name if name == "impossible_day" else pytest.param(name, marks=pytest.mark.slow) for name in PLANTED]
)
def test_a_planted_fault_is_found_by_its_rule(rule: str) -> None:
    plant, verdict = PLANTED[rule]
    [asked] = [each for each in RULES if each.name == rule]
    assert worst(asked.find(plant(deepcopy(SOUND)))) is verdict


@pytest.mark.soak
@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_fault_is_found_by_no_other_rule(rule: str) -> None:
    plant, verdict = PLANTED[rule]
    assert spoke(plant(deepcopy(SOUND))) == {rule: verdict}


@pytest.mark.slow
def test_the_usual_stands_on_the_page_and_nothing_of_few_people_does() -> None:
    """A fault of three people is told as one, without their number, and a month of three people is not shown."""
    rows = deepcopy(SOUND)
    for number in range(3):
        rows["person"][number]["birth_day"] = windows.parse_day("1850-01-01")
        day = windows.parse_day("2023-06-05")
        rows["immunization"] = [
            *rows.get("immunization", []),
            row(day, day, end(day), person_id=f"p{number}", code="150"),
        ]
    store = seen(rows)
    made = page(store, check(store))
    told = json.loads(as_json(made))
    tables = {part["caption"]: part for section in told["sections"] for part in section["parts"] if "caption" in part}
    [wrong] = tables["What should be looked at"]["rows"]
    assert wrong == ["fail", "impossible_day", "person.birth_day", WITHHELD, PEOPLE, WITHHELD]
    months = tables["test: rows by month"]
    [june] = [line for line in months["rows"] if line[0] == "2023-06"]
    assert dict(zip(months["heads"], june, strict=True)) == {
        "month": "2023-06",
        "adt_event": WITHHELD,  # five people
        **dict.fromkeys(("claim_line", "coverage", "diagnosis", "dispensing", "result"), PEOPLE),
        "immunization": WITHHELD,
    }
    assert faults(html(made)) == []


@pytest.mark.slow
def test_the_command_writes_the_page_and_the_same_as_json(simulated_store: Path, tmp_path: Path) -> None:
    args = ["check", "--store", str(simulated_store), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(afterward.cli, args, catch_exceptions=False)
    assert f"Written: {tmp_path / 'out' / 'check.html'}" in done.output
    assert faults((tmp_path / "out" / "check.html").read_text()) == []
    told = json.loads((tmp_path / "out" / "check.json").read_text())
    [rules] = [section for section in told["sections"] if section["name"] == "rules"]
    verdicts = {line[0]: line[1] for line in rules["parts"][0]["rows"]}
    assert set(verdicts) == {rule.name for rule in RULES}
    assert [name for name, verdict in verdicts.items() if verdict == "fail"] == [], "a simulated network is sound"
    assert "p00" not in (tmp_path / "out" / "check.html").read_text()


def test_the_page_of_the_rules_is_as_written() -> None:
    written = (PROJECT / "docs" / "quality.md").read_text()
    assert written == quality_page.page(), "run python -m tests.quality_page > docs/quality.md"
