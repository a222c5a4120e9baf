"""What calls are worth, by example: the log, the lottery, money, and what the page may say."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert

from features import windows
from features.definitions.outcomes import READMISSION_30D
from features.errors import BadInput
from features.pages.write import as_json
from models.discontinuity import discontinuity
from models.matching import matched
from models.trial import trial
from serving.committee.impact.assumptions import CALL_DOLLARS, EFFECTS, REACHED, Effect, effects_on
from serving.committee.impact.drawing import drawn_list, write
from serving.committee.impact.foretold import called_in_a_year, foretold, given_cost, local_cost
from serving.committee.impact.kept_log import kept_log
from serving.committee.impact.log import CHOSEN, COLUMNS, NOT_CHOSEN, read
from serving.committee.impact.lottery import drawn
from serving.committee.impact.make import Evaluated, Expected, Impact
from serving.committee.impact.page import page
from serving.committee.impact.people import People, first_days, people
from serving.database import writing
from serving.kept import KEPT_SCORE, home_of
from serving.worklist.tables import ITEM
from tests.benchmarks import impact as bench
from tests.histories import record_of
from tests.spec.tables import day, person_rows, together

DAY = windows.parse_day("2024-05-03")
LOG = """day,person_id,stay_id,discharge_day,risk,rank,places,contacted
2024-05-03,a,s1,2024-05-01,0.50,1,2,1
2024-05-03,b,s2,2024-05-02,0.30,2,2,0
2024-05-03,c,s3,2024-05-02,0.20,3,2,0
2024-05-04,c,s3,2024-05-02,0.21,1,2,0
2024-05-04,d,s4,2024-05-03,0.20,2,2,0
2024-05-08,b,s2,2024-05-02,0.30,1,2,1
2024-05-20,c,s3,2024-05-02,0.30,1,2,1
"""


def _log(folder: Path, text: str = LOG) -> pd.DataFrame:
    (folder / "log.csv").write_text(text)
    return read(folder / "log.csv")


def test_a_person_counts_once_on_the_first_day_by_the_distance_to_that_days_cutoff(tmp_path: Path) -> None:
    found = first_days(_log(tmp_path)).set_index("person_id")
    assert found.running.round(3).to_dict() == pytest.approx(
        {"a": 0.25, "b": 0.05, "c": -0.05, "d": np.nan}, nan_ok=True
    )
    assert found.listed.to_dict() == {"a": 1, "b": 1, "c": 0, "d": 1}, "whom a later day listed was not listed at first"


def test_contact_counts_within_a_week_of_the_first_day(tmp_path: Path) -> None:
    found = first_days(_log(tmp_path)).set_index("person_id")
    assert found.contacted.to_dict() == {"a": 1, "b": 1, "c": 0, "d": 0}, "b after 5 days, c after 17"


def test_the_same_log_as_parquet_reads_alike(tmp_path: Path) -> None:
    one = _log(tmp_path)
    pd.read_csv(tmp_path / "log.csv").to_parquet(tmp_path / "log.parquet")
    pd.testing.assert_frame_equal(read(tmp_path / "log.parquet"), one, check_dtype=False)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("0.50,1,2,1", "1.50,1,2,1", "a risk that is not 0 to 1"),
        ("0.50,1,2,1", "0.50,0,2,1", "a rank or a number of places below 1"),
        ("0.50,1,2,1", "0.50,1,2,2", "contacted that is neither"),
        ("2024-05-03,b,s2", "2024-05-03,a,s2", "a person twice on a day"),
        ("s1,2024-05-01", "s1,2024-05-09", "a discharge after the day"),
        ("0.20,3,2,0", "0.60,3,2,0", "a lower rank with a higher risk"),
        ("0.30,2,2,0", "0.30,2,3,0", "two numbers of places"),
        ("contacted\n", "called\n", "without contacted"),
    ],
)
def test_a_log_that_cannot_be_one_is_refused_and_nobody_named(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        _log(tmp_path, LOG.replace(before, after, 1))


@pytest.mark.slow
def test_outcomes_come_from_the_record_and_who_cannot_be_followed_is_counted(tmp_path: Path) -> None:
    bills = "claim | in | out | hospital | status | principal\ni1 | 02-25 | 03-01 | h1 | 01 | I5022"
    back = f"{bills}\ni2 | 03-10 | 03-12 | h1 | 01 | I5022"
    covered = "from | to\n2023-01 | 2024-12"
    rows = together(
        [person_rows("home", bills=bills, covered=covered), person_rows("back", bills=back, covered=covered)]
    )
    record = replace(record_of(rows), claims_complete_to=day("12-31"), admissions_complete_to=day("12-31"))
    from features.definitions.stays import final_stays

    stays = final_stays(record).filter(lambda t: t.admit_day == day("02-25")).to_pandas().set_index("person_id").stay_id
    text = "\n".join(
        [
            ",".join(COLUMNS),
            f"2024-03-02,home,{stays['home']},2024-03-01,0.3,1,1,1",
            f"2024-03-02,back,{stays['back']},2024-03-01,0.2,2,1,0",
            "2024-03-02,gone,none,2024-03-01,0.1,3,1,0",
        ]
    )
    found = people(record, _log(tmp_path, text), READMISSION_30D)
    assert found.rows.set_index("person_id").outcome.to_dict() == {"home": 0, "back": 1}
    assert found.left_out == {"the stay is not in this store": 1}
    assert found.rows.nights.tolist() == [5, 5]


def test_the_lottery_calls_as_many_as_without_it_and_spares_who_is_well_above() -> None:
    told = drawn(ranked=20, places=10, band=3, seed=7, day=DAY)
    assert sum(call for call, _ in told) == 10
    assert [call for call, _ in told[:7]] == [True] * 7
    assert [call for call, _ in told[13:]] == [False] * 7
    assert sorted(said for _, said in told if said) == [CHOSEN] * 3 + [NOT_CHOSEN] * 3
    assert all(call == (said == CHOSEN) for call, said in told if said)


def test_the_lottery_is_the_same_for_the_same_seed_and_day_and_another_on_the_next() -> None:
    draws = [drawn(400, 200, 100, 7, each) for each in (DAY, DAY, DAY + 1)]
    assert draws[0] == draws[1] != draws[2]


def test_each_of_the_band_is_as_likely_to_be_chosen() -> None:
    chosen = np.mean([[call for call, _ in drawn(12, 6, 2, seed, DAY)] for seed in range(2_000)], axis=0)
    assert chosen[4:8] == pytest.approx([0.5] * 4, abs=0.05), "more than four standard errors"


@pytest.mark.parametrize(("ranked", "places", "band"), [(20, 10, 0), (20, 2, 3), (12, 10, 3)])
def test_a_band_without_people_on_either_side_is_refused(ranked: int, places: int, band: int) -> None:
    with pytest.raises(BadInput):
        drawn(ranked, places, band, 1, DAY)


def test_a_drawn_list_is_the_days_part_of_the_log(tmp_path: Path) -> None:
    lines = [
        {"rank": n, "person_id": f"p{n}", "risk": 1 / n, "discharge_date": "2024-05-01", "stay_id": f"s{n}"}
        for n in range(1, 9)
    ]
    with (tmp_path / "list.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    told = drawn_list(tmp_path / "list.csv", 4, 2, 1, DAY)
    write([{**line, "contacted": line["call"]} for line in told], tmp_path / "log.csv")
    found = read(tmp_path / "log.csv")
    assert found.contacted.sum() == 4
    assert sorted(found.lottery) == ["", "", "", "", CHOSEN, CHOSEN, NOT_CHOSEN, NOT_CHOSEN]


def test_each_week_the_people_at_highest_risk_are_called() -> None:
    scored = pd.DataFrame({"discharge_day": [0, 1, 6, 7, 8, 13], "risk": [0.1, 0.5, 0.4, 0.3, 0.1, 0.2]})
    called, events = called_in_a_year(scored, 2)
    assert called == pytest.approx(4 * 365.25 / 14)
    assert events == pytest.approx((0.5 + 0.4 + 0.3 + 0.2) * 365.25 / 14)


def test_savings_are_avoided_events_by_their_cost_less_the_calls() -> None:
    found = foretold(100.0, 30.0, 2, Effect("half", "readmission_30d", 0.5, 0.4, 0.625, "none"), given_cost(10_000.0))
    avoided = 30 * REACHED.value * 0.5
    assert found.avoided.value == pytest.approx(avoided)
    assert found.saved.value == pytest.approx(avoided * 10_000 - 100 * CALL_DOLLARS.value)
    assert found.saved.low < found.saved.value < found.saved.high


def test_an_effect_that_may_be_none_may_cost_money() -> None:
    none = next(effect for effect in EFFECTS if effect.low < 1 < effect.high)
    assert foretold(100.0, 20.0, 2, none, given_cost(10_000.0)).saved.low < 0


def test_no_effect_is_declared_where_no_trial_is() -> None:
    assert effects_on("vte_21d") == ()
    assert all(effect.source and effect.low < effect.ratio < effect.high for effect in EFFECTS)


@pytest.mark.slow
def test_a_store_with_few_paid_stays_tells_no_cost() -> None:
    bills = "claim | in | out | hospital | status | paid\ni1 | 02-25 | 03-01 | h1 | 01 | 900000"
    assert local_cost(record_of(person_rows("p", bills=bills)), day("01-01"), day("12-31")) is None


def _evaluated(seed: int = 1, count: int | None = None) -> Evaluated:
    one = bench.outreach(seed, bench.EFFECT, lottery=True)
    rows = pd.DataFrame({"running": one.running, "contacted": one.contacted, "outcome": one.outcome, "age": one.age})
    rows = rows.assign(person_id=[f"q-{n}" for n in range(len(rows))], risk=one.risk, day=one.day)[:count]
    cutoff = discontinuity(rows.running, rows.contacted, rows.outcome, {"age": rows.age})
    own = rows[~np.isnan(one.drawn[: len(rows)])]
    drew = trial(own.day, one.drawn[own.index], own.contacted, own.outcome)
    near = rows[rows.running > -0.05][:2_000]
    return Evaluated(
        People(rows, {"the outcome is not known": 3}),
        rows,
        cutoff,
        drew,
        matched(near.risk, near.contacted, near.outcome),
    )


def _page(evaluated: Evaluated | None) -> dict[str, str]:
    of_each = tuple(foretold(100.0, 30.0, 2, effect, given_cost(10_000.0)) for effect in EFFECTS)
    expected = Expected(2, 500, given_cost(10_000.0), of_each, of_each[:2])
    told = as_json(page(Impact("readmission_30d", 1, READMISSION_30D, DAY, DAY + 30, expected, evaluated)))
    assert "q-" not in told
    return {section["name"]: json.dumps(section["parts"]) for section in json.loads(told)["sections"]}


@pytest.mark.slow
def test_the_page_says_to_whom_the_estimate_applies_and_where_confounding_is_possible() -> None:
    sections = _page(_evaluated())
    assert "says nothing of people far above or below" in sections["cutoff"]
    assert "Confounding possible" in sections["matched"]
    assert "Chance alone chose" in sections["lottery"]
    assert "1 to 10" in sections["cutoff"], "three people left out are not told as three"


@pytest.mark.slow
def test_too_few_people_give_no_number() -> None:
    sections = _page(_evaluated(count=60))
    assert "too few people near the cutoff" in sections["cutoff"]
    assert '"jump"' not in sections["cutoff"]
    assert "Too few to judge" in sections["lottery"]


def test_the_page_without_a_log_says_that_it_knows_nothing_of_calls_made() -> None:
    of_each = tuple(foretold(100.0, 30.0, 2, effect, given_cost(10_000.0)) for effect in EFFECTS)
    found = Impact("readmission_30d", 1, READMISSION_30D, DAY, DAY, Expected(2, 9, None, of_each, ()), None)
    told = as_json(page(found))
    assert "No log of outreach was given" in told
    assert "--event-cost" in told, "without a cost no money is told"


@pytest.mark.slow
def test_the_log_is_what_the_service_kept_of_its_lists_and_its_worklist_reached(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'afterward.db'}"
    assert kept_log({"AFTERWARD_DATABASE_URL": url}, "readmission_30d") is None, "none is made by looking"
    engine = home_of(url, tmp_path / "rows").engine
    same = {"made_day": DAY, "channel": "list", "as_of": 0, "model": "readmission_30d", "version": 1, "store": "s"}
    same |= {"tier": "high", "list_day": DAY, "list_places": 1, "list_cutoff": 0.4, "discharge_day": DAY - 1}
    people_ = [("a", 0.4, 1, 2), ("b", 0.3, 2, 2), ("c", 0.2, 3, 2), ("a", 0.9, 1, 1)]  # the last: a list made before
    scores = [
        {
            **same,
            "score_id": f"{n}",
            "person_id": who,
            "stay_id": f"s{who}",
            "risk": risk,
            "list_rank": rank,
            "made_at": at,
        }
        for n, (who, risk, rank, at) in enumerate(people_)
    ]
    lone = {**scores[0], "score_id": "x", "channel": "http", "made_at": 3}
    lone |= {"list_day": None, "list_rank": None, "list_places": None, "list_cutoff": None}
    text = dict.fromkeys(("name", "searched", "practice", "facility", "whereabouts", "tier", "why_now"), "")
    item = {**text, "version": 1, "state": "reached", "tier_order": 1, "model": "readmission_30d", "place": 1}
    item |= dict.fromkeys(("discharge_day", "filled_day", "attempts", "open_gaps", "pending_results"), 0)
    item |= {"gap_titles": "", "facts": "{}"}
    reached = [
        {**item, "person_id": who, "stay_id": f"s{who}", "reached_day": day_}
        for who, day_ in (("a", DAY + 7), ("b", DAY + 8))
    ]
    with writing(engine) as connection:
        connection.execute(insert(KEPT_SCORE), [*scores, lone])
        connection.execute(insert(ITEM), reached)
    found = kept_log({"AFTERWARD_DATABASE_URL": url}, "readmission_30d")
    assert found is not None
    assert found[["person_id", "risk", "places"]].values.tolist() == [["a", 0.4, 1], ["b", 0.3, 1], ["c", 0.2, 1]]
    assert found.contacted.tolist() == [1, 0, 0], "a within a week of the list, b a day later, c never"
    engine.dispose()
