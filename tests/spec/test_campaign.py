"""Whom a campaign calls, by example: who comes first, who is not called, and that assumptions are shown as such."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.dataset import columns
from features.measures.gaps_file import TITLES
from models.explain import Reason
from serving.campaign.call_effects import CALL_EFFECTS, by_measure
from serving.campaign.page import page
from serving.campaign.ranked import Called, Campaign, Due, Part, accounted, ranked, write_csv
from serving.score import Champion, Scored
from tests.champions import FEATURES, longer_is_riskier
from tests.histories import record_of, row
from tests.spec.tables import day, moment

SUGAR, STATIN = "CMS122", "CMS347"
TODAY = day("09-30")


@pytest.fixture(scope="module")
def champion() -> Champion:
    return longer_is_riskier()


def part(champion: Champion, measure: str, **chances: float) -> Part:
    """Open gaps of a measure, by person; a call is assumed to close what it does of each."""
    names = [column.name for column in columns(FEATURES)]
    X = pd.DataFrame(np.full((len(chances), len(names)), np.nan), columns=names)
    told = list(chances.values())
    rows = pd.DataFrame({"person_id": list(chances), "chance": told, "closes": "care", "due": day("12-31")})
    rows["closed"] = rows.chance * by_measure()[measure].share
    scored = Scored(rows, X, np.asarray(told))
    return Part(measure, rows.assign(place=range(len(rows))), scored, champion)


def listed(champion: Champion, *parts: Part, capacity: int = 10, away: str = "") -> Campaign:
    told = [
        row(day("01-01"), day("01-01"), moment("01-01"), person_id=who, contact_opt_out=int(who == "silent"),
            first_name=who.title(), interpreter_needed=0)
        for who in ("ann", "ben", "cleo", "silent")
    ]  # fmt: skip
    record = record_of({"contact_details": told})
    return ranked(
        record, list(parts), {part.measure: champion for part in parts}, {}, TODAY, capacity, frozenset({away})
    )


def names(made: Campaign) -> list[str]:
    return [each.person_id for each in made.called]


def test_whoever_has_the_most_to_gain_from_one_call_comes_first(champion: Champion) -> None:
    made = listed(champion, part(champion, SUGAR, ann=0.9, ben=0.5), part(champion, STATIN, ben=0.4))
    assert names(made) == ["ben", "ann"], "a likelier gap that a call hardly closes is worth less"
    assert made.called[0].expected == pytest.approx(0.5 * 0.03 + 0.4 * 0.22)
    assert [gap.measure for gap in made.called[0].gaps] == [STATIN, SUGAR], "what a call does most for stands first"


def test_capacity_cuts_the_list_and_equal_people_keep_their_order(champion: Champion) -> None:
    same = part(champion, SUGAR, cleo=0.5, ann=0.5, ben=0.5)
    assert names(listed(champion, same, capacity=2)) == ["ann", "ben"]


def test_who_is_in_hospital_or_asked_not_to_be_called_is_not_and_measures_without_a_model_are_named(
    champion: Champion,
) -> None:
    made = listed(champion, part(champion, SUGAR, silent=0.9, ann=0.2, ben=0.8), away="ben")
    assert names(made) == ["ann"]
    assert dict(made.left_off) == {"in hospital": 1, "asked not to be called": 1}
    assert "2 are not to be called: 1 in hospital, 1 asked not to be called." in accounted(made)
    assert set(made.without) == {each.measure for each in CALL_EFFECTS} - {SUGAR}


def a_campaign() -> Campaign:
    gap = Due(SUGAR, TITLES[SUGAR], 0.8, 0.024, day("12-31"), "a test <now>")
    reason = Reason("laboratory results", "last value 9.9%", "9.9%", "raises", 0.5, actionable=True)
    called = Called(1, "p1", "=Ann", 0.024, (gap,), (reason,), "North", "(212) 555-0101", "Spanish", True)
    return Campaign((called,), TODAY, {"gap_cms122": 3}, CALL_EFFECTS[:1], 1, {}, {STATIN: "no model of it is in use"})


def test_the_csv_tells_chances_models_and_assumptions(tmp_path: Path) -> None:
    write_csv(a_campaign(), tmp_path / "campaign.csv")
    with (tmp_path / "campaign.csv").open(newline="") as data:
        [told] = csv.DictReader(data)
    assert told["expected_closures_per_call"] == "0.024000"
    assert told["gaps"] == f"{TITLES[SUGAR]} (80% to stay open): a test <now>"
    assert (told["models"], told["assumed_effects"]) == ("gap_cms122 version 3", "CMS122 0.03")
    assert told["name"] == "'=Ann", "a spreadsheet would run it"


def test_the_page_shows_the_assumption_with_its_source_and_escapes_the_record() -> None:
    html = page(a_campaign())
    assert CALL_EFFECTS[0].source.split(":")[0] in html
    assert "assumed" in html
    assert "a test &lt;now&gt;" in html
    assert f"{TITLES[STATIN]} is not on it: no model of it is in use" in html


def test_every_assumption_has_a_source_and_is_a_share() -> None:
    for effect in CALL_EFFECTS:
        assert 0 < effect.share < 1
        assert any(character.isdigit() for character in effect.source)
