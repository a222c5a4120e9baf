"""The report of a release by example: what is recorded, what of it is told, and what is withheld."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from features.catalogue.declaration import Column
from features.dataset import columns
from features.errors import BadInput
from features.pages.content import Page
from features.pages.few import FEWEST_PEOPLE
from features.pages.write import as_json, html
from models.explain import contributions, importance
from tests import reports
from tests.markup import faults
from training.decisions import Decision
from training.findings import decision, dependence, groups_of_risk, lists
from training.report import tripod
from training.report.civil_rights import AGE, DISABILITY, SEX, TRAITS
from training.report.files import texts, with_answers
from training.report.page import page
from training.report.recorded import NOTHING, Step, joined
from training.report.source_attributes import attributes
from training.subgroups import TOGETHER, by_group

COUNTED = {
    "people", "discharges", "with outcome", "removed", "calls", "rows", "lost: label late", "lost: person later",
    "trained", "calibrated", "judged",
}  # fmt: skip


@pytest.fixture(scope="module")
def told() -> Page:
    return page(reports.small())


def tables(told: Page) -> Iterator[dict[str, Any]]:
    for section in json.loads(as_json(told))["sections"]:
        yield from (part for part in section["parts"] if part["kind"] == "table")
        yield from (part["numbers"] for part in section["parts"] if part["kind"] == "figure")


def table(told: Page, caption: str) -> list[list[Any]]:
    [found] = [t["rows"] for t in tables(told) if t["caption"] == caption]
    assert isinstance(found, list)
    return found


# ---- the page


def test_the_report_is_a_valid_page_with_words_for_every_figure(told: Page) -> None:
    assert faults(html(told)) == []
    assert {figure.name for figure in told.figures()} >= {"auroc", "calibration", "decision", "strength"}


def test_the_same_record_gives_the_same_bytes(told: Page) -> None:
    assert html(page(reports.small())) == html(told)


def test_the_figures_are_those_that_were_recorded(told: Page) -> None:
    recorded = reports.small().metrics
    rows = {row[0]: row[1:] for row in table(told, "Judged on rows held out, the latest period")}
    assert rows["this model"][0] == recorded["auroc"]
    assert rows["base rate"][0] == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_no_table_tells_of_one_to_ten_people(told: Page) -> None:
    seen = 0
    for found in tables(told):
        counts = [
            cell
            for row in found["rows"]
            for head, cell in zip(found["heads"], row, strict=True)
            if head in COUNTED and isinstance(cell, int)
        ]
        assert [count for count in counts if 0 < count < FEWEST_PEOPLE] == [], found["caption"]
        seen += len(counts)
    assert seen > 30, "the search finds no counts"


def test_a_rule_that_removed_few_is_told_with_its_neighbour(told: Page) -> None:
    rows = [(row[0], row[1], row[2]) for row in table(told, "Discharges, rule by rule")]
    assert rows == [
        ("discharges told; discharged alive; not to hospice; adult", 53, 957),
        ("outcome known", 157, 800),
    ]


def test_rules_that_removed_many_or_nobody_stand_alone() -> None:
    steps = [Step("a", "", 100, 0), Step("b", "", 80, 20), Step("c", "", 80, 0), Step("d", "", 60, 20)]
    assert joined(steps) == tuple(steps)


def test_of_lost_rows_a_few_are_withheld_with_the_number_that_would_give_them_away(told: Page) -> None:
    assert [row[5] for row in table(told, "Slices")] == ["withheld", "withheld", 0]


def test_gates_are_told_where_they_were_asked(told: Page) -> None:
    assert "No gate is recorded" in html(told)
    assert "has not been judged for this release" in html(told)
    none = {"value": None, "low": None, "high": None}
    group = {"column": "sex", "group": "female", "people": None, "sensitivity_difference": none, "why": "few events"}
    few = {**group, "observed_to_expected": none, "verdict": "too few to judge"}
    fair = {**few, "group": "male", "observed_to_expected": {**none, "value": 1.0}, "verdict": "fair"}
    groups = [few, fair]
    asked = (
        {"name": "calibration", "verdict": "pass", "says": "slope 1.0", "figures": {}},
        {"name": "fairness", "verdict": "too few to judge", "says": "1 group", "figures": {"groups": groups}},
    )
    judged = page(replace(reports.small(), gates=asked))
    assert ["calibration", "pass", "slope 1.0"] in table(judged, "What each gate said")
    assert table(judged, "Whether the list is fair to each group")[0][:2] == ["sex: male", "withheld"]
    assert "too few people or events for a figure, by what tells them apart: sex (1)." in html(judged)
    assert "1 of 2 pass; too few to judge: fairness" in html(judged)
    assert "has not been judged for this release" not in html(judged)


def test_a_version_in_use_against_a_gate_says_who_overruled_it_and_why() -> None:
    assert "Nobody has promoted this version" in html(page(reports.small()))
    forced = Decision(1_700_000_000, "ana", "promote", 3, None, "calibration fails", "a pilot of two weeks", ())
    made = page(replace(reports.small(), decisions=(forced,)))
    rows = table(made, "Decisions about this version, oldest first")
    assert rows == [["2023-11-14T22:13:20+00:00", "promote", "ana", "calibration fails", "a pilot of two weeks"]]


def test_a_recalibrated_version_says_whose_trees_it_has_and_one_without_findings_draws_none() -> None:
    split = {**reports.small().split, "recalibrated_from": 3, "tuning": None}
    made = page(replace(reports.small(), split=split, findings=NOTHING))
    assert faults(html(made)) == []
    assert "those of version 3: see its report" in html(made)
    assert {figure.name for figure in made.figures()} == {"auroc"}


# ---- what is recorded


def test_groups_of_risk_hold_eleven_people_with_the_outcome_and_eleven_without() -> None:
    held = reports.held_out()
    groups = groups_of_risk(held)
    assert 3 <= len(groups) <= 10
    assert sum(group["rows"] for group in groups) == len(held.y)
    assert sum(group["rows"] * group["observed"]["value"] for group in groups) == pytest.approx(held.y.sum())
    assert [group["risk"] for group in groups] == sorted(group["risk"] for group in groups)


def test_too_few_events_draw_no_calibration_curve() -> None:
    held = reports.held_out()
    few = replace(held, y=np.where(np.cumsum(held.y) <= 8, held.y, 0.0))
    assert groups_of_risk(few) == []
    assert decision(few) == []
    assert lists(few) == []


def test_net_benefit_is_its_formula_at_a_threshold() -> None:
    held = reports.held_out()
    [point] = [p for p in decision(held) if p["threshold"] == 0.5]
    called = held.risk >= 0.5
    by_hand = (held.y[called].sum() - (1 - held.y[called]).sum()) / len(held.y)
    assert point["model"] == pytest.approx(by_hand)
    assert point["everyone"] == pytest.approx(2 * held.y.mean() - 1)


def test_between_two_thresholds_that_are_told_lie_eleven_people_or_nobody() -> None:
    held = reports.held_out()
    spread = replace(held, risk=(held.risk + np.random.default_rng(1).random(len(held.risk)) * 0.1) / 1.1)
    thresholds = [point["threshold"] for point in decision(spread)]
    assert len(thresholds) > 5
    for low, high in pairwise(thresholds):
        between = (spread.risk >= low) & (spread.risk < high)
        counts = [len(set(spread.persons[between & (spread.y == outcome)])) for outcome in (0, 1)]
        assert [count for count in counts if 0 < count < FEWEST_PEOPLE] == [], "the difference would tell of them"


def test_a_list_is_told_by_what_it_finds() -> None:
    held = reports.held_out()
    found = {line["share"]: line for line in lists(held)}
    assert found[0.2]["called"] == 160
    assert found[0.2]["lift"]["value"] == pytest.approx(found[0.2]["ppv"]["value"] / held.y.mean())
    assert 0.01 not in found, "eight people are too few to be told of"


def test_a_race_of_four_people_is_told_with_the_next_smallest_and_one_state_tells_nobody_apart() -> None:
    held = reports.held_out()
    lines = by_group(reports.people(), held.y, held.risk, held.persons, 0.6)
    people = {(line["attribute"], line["group"]): line["people"] for line in lines}
    assert people == {
        ("sex", "female"): 200,
        ("sex", "male"): 200,
        ("race", "white"): 340,
        ("race", TOGETHER): 60,
    }


def test_a_group_with_few_events_hides_them_and_the_other_group_s_too() -> None:
    held = reports.held_out()
    women = reports.people().sex.eq("female").to_numpy()
    few = replace(held, y=np.where(women & (np.cumsum(held.y * women) > 5), 0.0, held.y))
    lines = by_group(reports.people()[["sex"]], few.y, few.risk, few.persons, 0.6)
    assert [set(line) & {"events", "auroc"} for line in lines] == [set(), set()]


def test_who_is_called_in_a_group_is_counted_by_the_cut() -> None:
    held = reports.held_out()
    line = by_group(reports.people()[["sex"]], held.y, held.risk, held.persons, 0.6)[0]
    women = reports.people().sex.eq("female").to_numpy()
    assert line["selection_rate"]["value"] == pytest.approx((held.risk[women] >= 0.6).mean())
    assert line["sensitivity"]["value"] == pytest.approx((held.risk[women & (held.y == 1)] >= 0.6).mean())


def test_strength_is_the_mean_of_what_each_group_adds() -> None:
    recorded, held = reports.small(), reports.held_out()
    added = contributions(recorded.release.booster, held.X).values
    expected = [pair for pair in importance(added, recorded.release.columns) if pair[1] > 0]
    assert [(line["group"], line["mean"]) for line in recorded.findings["explanations"]["groups"]] == expected
    assert recorded.share_of["length_of_stay"] == 1.0, "nothing else moves this model"


def test_dependence_tells_means_of_eleven_people_and_hides_few_unknown() -> None:
    values = np.r_[np.repeat([1.0, 2.0, 3.0], [30, 5, 30]), [np.nan] * 4]
    told = dependence(values, np.where(values > 1.5, 1.0, -1.0), np.arange(len(values)))
    assert told["not_known"] is None
    assert [(point["rows"], point["adds"]) for point in told["points"]] == [(30, -1.0), (35, 1.0)]


# ---- TRIPOD+AI


def test_every_item_of_tripod_is_there_and_points_to_a_section_of_the_page(told: Page) -> None:
    assert sorted({item.main for item in tripod.ITEMS}) == list(range(1, 28))
    sections = {section.name for section in told.sections}
    assert {name for item in tripod.ITEMS for name in item.sections} <= sections
    assert [item.number for item in tripod.ITEMS if not item.sections and not item.missing] == [], "an item left open"
    assert len({item.number for item in tripod.ITEMS}) == len(tripod.ITEMS)


def test_an_item_that_is_not_answered_says_so(told: Page) -> None:
    rows = {row[0]: row for row in table(told, "Items of TRIPOD+AI")}
    assert rows["17"][2] == tripod.NOT_ANSWERED
    assert rows["14"][2].startswith("Discrimination")


# ---- 45 CFR 92.210


@pytest.mark.parametrize("trait", TRAITS, ids=lambda trait: f"{trait.characteristic} {trait.about}")
def test_no_rule_for_what_stands_for_a_characteristic_is_dead(trait: Any) -> None:
    assert trait.columns(columns(CATALOGUE)), "a rule that finds no input finds none when there is one either"


def named(characteristic: str, relation: str) -> set[str]:
    declared = columns(CATALOGUE)
    return {
        name
        for trait in TRAITS
        if (trait.characteristic, trait.relation) == (characteristic, relation)
        for name in trait.columns(declared)
    }


def test_inputs_that_measure_a_characteristic_are_found() -> None:
    assert named(AGE, "measures") == {"age_years"}
    assert named(SEX, "measures") == {"female"}
    assert named(DISABILITY, "measures") == {"entitled_by_disability", "entitled_by_kidney_failure"}


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("multiple sclerosis in the 365 days before admission: {value}", True),
        ("coronary atherosclerosis and other heart disease: on {value}", False),
        ("schizophrenia in the 365 days before admission: {value}", True),
        ("congestive heart failure: on {value}", False),
    ],
)
def test_a_lasting_impairment_is_known_by_its_words(sentence: str, found: bool) -> None:
    column = Column("x", "dx", "recent diagnoses", "", "", "", sentence)
    assert any(trait.holds(column) for trait in TRAITS if trait.characteristic == DISABILITY) is found


# ---- source attributes


def test_what_is_not_known_says_who_would_have_to_find_out() -> None:
    told = attributes(reports.small())
    assert {a.state for a in told} == {"answered", "answered in part", "not known"}
    assert [a.paragraph for a in told if a.state == "not known" and not a.ask] == []
    assert [a.paragraph for a in told if not a.answer] == []


def test_the_variables_that_are_inputs_are_read_from_the_columns() -> None:
    [used] = [a for a in attributes(reports.small()) if a.paragraph == "(4)(ii)"]
    assert used.answer.startswith("Inputs: none of them"), "this model sees the stay only"
    whole = replace(reports.small(), release=replace(reports.small().release, columns=columns(CATALOGUE)))
    [used] = [a for a in attributes(whole) if a.paragraph == "(4)(ii)"]
    assert used.answer.startswith("Inputs: sex, date of birth (as age), social determinants")
    assert "race, ethnicity, language" in used.answer.split("Not inputs: ")[1]


# ---- what the network tells


def told_to(answers: object, folder: Path) -> dict[str, str]:
    """The files of a report with these answers."""
    (folder / "answers.json").write_text(json.dumps(answers))
    return dict(texts(with_answers(reports.small(), folder / "answers.json")))


def test_what_no_release_knows_is_told_by_the_network_on_page_and_card(tmp_path: Path) -> None:
    made = told_to({"(1)(ii)": "paid by <us>", "(1)(i)": "Ward & Co", "DeveloperContact": "ward@example.org"}, tmp_path)
    assert "paid by &lt;us&gt;" in made["report.html"]
    assert "told by the network" in made["report.html"]
    assert "<DeveloperContact>ward@example.org</DeveloperContact>" in made["model_card.xml"]
    assert "whoever trained this version. Ward &amp; Co</ModelDeveloper>" in made["model_card.xml"]
    assert "<FundingSource>paid by &lt;us&gt;</FundingSource>" in made["model_card.xml"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"(2)(i)": "everything"}, r"an answer to \(2\)\(i\), which the release answers itself"),
        ({"Funder": "us"}, "an answer to Funder"),
        ({"(1)(ii)": 7}, "not JSON of names and texts"),
        ({"(1)(ii)": " "}, "not JSON of names and texts"),
        (["(1)(ii)"], "not JSON of names and texts"),
    ],
)
def test_an_answer_that_nobody_asks_for_is_refused(answers: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said):
        told_to(answers, tmp_path)
