"""The morning's fill, by example: who is new, whom a rule closes or reopens, and what `why now` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from features import windows
from serving.database import writing
from serving.outreach import Entry, OutreachList
from serving.worklist import accounts, store
from serving.worklist.fill import RULES, Filled, fill, people_to_follow
from serving.worklist.morning import Candidate, Morning, Risk, by_person, first_day_of, morning
from serving.worklist.states import WORKING, Action, State
from serving.worklist.store import Item, Move
from tests.champions import longer_is_riskier
from tests.histories import record_of
from tests.spec.tables import day, person_rows, together
from tests.spec.test_outreach import STAYS, stay, told
from tests.worklists import FACTS, TODAY, ZONE, do, fresh


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return fresh(tmp_path)


def person(name: str, risk: float | None, left: int, where: str = "home", **more: Any) -> Candidate:
    tier = "" if risk is None else "high" if risk > 0.5 else "low"
    risks = () if risk is None else (Risk("readmission_30d", "Readmission", 1, risk, tier),)
    return Candidate(
        person_id=name,
        stay_id=more.get("stay_id", f"{name} {left}"),
        name=name.title(),
        practice=more.get("practice", "River Street"),
        facility="General",
        whereabouts=where,
        discharge_day=left,
        risks=risks,
        open_gaps=0,
        pending_results=len(more.get("pending", [])),
        facts={**FACTS, "pending": more.get("pending", [])},
        outside=more.get("outside", ""),
    )


def at(on: int, *people: Candidate, **known: Any) -> Morning:
    blank: dict[str, Any] = {name: frozenset() for name in ("back", "dead", "hospice", "opted_out")}
    return (
        Morning(on, ZONE, people, people_now={}, stays={}, **blank) if not known else replace(at(on, *people), **known)
    )


def filled(engine: Engine, told: Morning) -> Filled:
    with writing(engine) as connection:
        return fill(connection, told)


def on_the_list(engine: Engine) -> list[Item]:
    with engine.connect() as connection:
        return store.items(connection, WORKING)


def everybody(engine: Engine) -> Mapping[str, Item]:
    with engine.connect() as connection:
        return {one.stay_id: one for one in store.items(connection, list(State))}


def test_the_list_is_by_tier_then_risk_then_who_left_first_and_those_outside_come_last(engine: Engine) -> None:
    left = TODAY - 1
    people = [
        person("outside", None, left, outside="under 18"),
        person("low", 0.4, left),
        person("tie, later", 0.7, left),
        person("tie, earlier", 0.7, left - 1),
        person("highest", 0.9, left),
    ]
    assert filled(engine, at(TODAY, *people)).new == 5
    found = on_the_list(engine)
    assert [one.person_id for one in found] == ["highest", "tie, earlier", "tie, later", "low", "outside"]
    assert [one.place for one in found] == [1, 2, 3, 4, 5]
    assert found[0].why_now == "new: left hospital on Mon 30 Dec"
    assert (found[-1].tier, found[-1].risk) == ("", None)


def test_a_second_fill_of_the_same_morning_changes_nothing(engine: Engine) -> None:
    told = at(TODAY, person("a", 0.9, TODAY - 1), person("b", 0.8, TODAY - 1))
    filled(engine, told)
    before = on_the_list(engine)
    again = filled(engine, told)
    assert (again.new, again.closed, again.reopened) == (0, {}, 0)
    assert on_the_list(engine) == before


def test_a_place_changes_only_because_of_people_who_come_and_go_and_says_so(engine: Engine) -> None:
    people = [person(name, risk, TODAY - 2) for name, risk in (("a", 0.9), ("b", 0.8), ("c", 0.7))]
    filled(engine, at(TODAY, *people))
    first = on_the_list(engine)[0]
    do(engine, first.item_id, Move(Action.CLOSE, outcome="no need"))
    filled(engine, at(TODAY + 1, *people, person("new", 0.75, TODAY)))
    assert [(one.person_id, one.why_now) for one in on_the_list(engine)] == [
        ("b", "1 before them is settled"),
        ("new", "new: left hospital on Tue 31 Dec"),
        ("c", "1 before them is settled, 1 new before them"),
    ]


def test_a_result_that_has_come_since_is_told(engine: Engine) -> None:
    waiting = {"what": "blood culture", "owner": "Dr. Grey", "standing": "still to come"}
    filled(engine, at(TODAY, person("a", 0.9, TODAY - 1, pending=[waiting])))
    come = {**waiting, "standing": "has come, nobody has looked yet"}
    filled(engine, at(TODAY + 1, person("a", 0.9, TODAY - 1, pending=[come])))
    [one] = on_the_list(engine)
    assert (one.why_now, one.facts["pending"]) == ("new: 1 result has come since discharge", [come])


def test_the_risk_of_a_discharge_stays_and_nobody_s_form_is_out_of_date_by_a_fill(engine: Engine) -> None:
    filled(engine, at(TODAY, person("a", 0.9, TODAY - 1)))
    [before] = on_the_list(engine)
    filled(engine, at(TODAY + 1, replace(person("a", 0.3, TODAY - 1), name="Ana Ruiz")))
    [after] = on_the_list(engine)
    assert (after.risk, after.tier, after.version, after.name) == (0.9, "high", before.version, "Ana Ruiz")


@pytest.mark.parametrize(
    ("known", "state", "outcome"),
    [
        ({"dead": frozenset({"a"})}, State.DECEASED, None),
        ({"back": frozenset({"a"})}, State.CLOSED, "readmitted"),
        ({"hospice": frozenset({"a"})}, State.CLOSED, "hospice"),
        ({"opted_out": frozenset({"a"})}, State.CLOSED, "opted out"),
        ({"day": TODAY + 30}, State.CLOSED, "period over"),
    ],
)
def test_what_the_record_tells_closes_an_item_by_rule(
    engine: Engine, known: dict[str, Any], state: State, outcome: str | None
) -> None:
    filled(engine, at(TODAY, person("a", 0.9, TODAY - 1)))
    filled(engine, at(TODAY + 1, **known))
    [one] = everybody(engine).values()
    assert (one.state, one.outcome) == (state, outcome)
    with engine.connect() as connection:
        assert [event.who for event in store.events(connection, [one.item_id])] == [RULES]


def test_on_the_thirtieth_day_somebody_is_still_on_the_list(engine: Engine) -> None:
    filled(engine, at(TODAY, person("a", 0.9, TODAY - 1)))
    filled(engine, at(TODAY + 29))
    assert len(on_the_list(engine)) == 1


def test_a_newer_discharge_takes_the_place_of_the_one_before_with_the_same_manager(engine: Engine) -> None:
    filled(engine, at(TODAY, person("a", 0.9, TODAY - 3)))
    [old] = on_the_list(engine)
    do(engine, old.item_id, Move(Action.ASSIGN, to="ana"))
    told = at(TODAY + 1, person("a", 0.4, TODAY))
    assert filled(engine, told).closed == {"a newer discharge took its place": 1}
    [new] = on_the_list(engine)
    assert (new.discharge_day, new.state, new.assigned_to) == (TODAY, State.ASSIGNED, "ana")
    assert everybody(engine)[old.stay_id].outcome == "newer stay"


def test_an_admission_that_is_taken_back_puts_the_person_on_the_list_again(engine: Engine) -> None:
    told = at(TODAY, person("a", 0.9, TODAY - 3))
    filled(engine, told)
    filled(engine, replace(told, candidates=(), back=frozenset({"a"})))
    assert on_the_list(engine) == []
    with engine.connect() as connection:
        assert people_to_follow(connection) == ["a"]
    again = {"stay_id": "again", "admit_day": TODAY - 1, "discharge_day": None}
    filled(engine, at(TODAY + 1, stays={"a": [again]}))
    assert on_the_list(engine) == [], "the record still tells of the admission"
    assert filled(engine, at(TODAY + 1, person("a", 0.9, TODAY - 3))).reopened == 1
    [one] = on_the_list(engine)
    assert (one.state, one.outcome) == (State.NEW, None)
    assert one.why_now == "back on the list: the admission was taken back"


def test_what_was_put_off_comes_back_on_its_day_and_not_before(engine: Engine) -> None:
    told = at(TODAY, person("a", 0.9, TODAY - 1))
    filled(engine, told)
    [one] = on_the_list(engine)
    do(engine, one.item_id, Move(Action.DEFER, day=TODAY + 2))
    filled(engine, replace(told, day=TODAY + 1))
    assert on_the_list(engine)[0].state is State.DEFERRED
    filled(engine, replace(told, day=TODAY + 2))
    assert on_the_list(engine)[0].state is State.NEW
    assert on_the_list(engine)[0].why_now == "back on the list: put off until Thu 2 Jan"


def test_what_a_person_closed_no_fill_opens(engine: Engine) -> None:
    told = at(TODAY, person("a", 0.9, TODAY - 1))
    filled(engine, told)
    [one] = on_the_list(engine)
    do(engine, one.item_id, Move(Action.CLOSE, outcome="done"))
    filled(engine, replace(told, day=TODAY + 1))
    assert on_the_list(engine) == []


def test_a_corrected_stay_or_a_merged_person_is_the_same_item(engine: Engine) -> None:
    filled(engine, at(TODAY, person("old number", 0.9, TODAY - 1)))
    merged = person("new number", 0.9, TODAY - 1, stay_id="renamed")
    filled(engine, replace(at(TODAY + 1, merged), people_now={"old number": "new number"}))
    [one] = on_the_list(engine)
    assert (one.person_id, one.stay_id) == ("new number", "renamed")


def test_the_clock_of_somebody_in_a_facility_starts_when_the_record_tells_of_home(engine: Engine) -> None:
    filled(engine, at(TODAY, person("a", 0.9, TODAY - 1, where="skilled nursing")))
    assert on_the_list(engine)[0].due_day is None
    filled(engine, at(TODAY + 1, person("a", 0.9, TODAY - 1, where="home")))
    assert on_the_list(engine)[0].due_day == windows.parse_day("2025-01-02")


def test_new_people_go_to_the_one_manager_of_their_practice(engine: Engine) -> None:
    with writing(engine) as connection:
        for name, panels in (("ana", ["River Street", "Hill Road"]), ("sam", ["Hill Road"])):
            accounts.add(connection, name, name, [accounts.CARE_MANAGER], panels)
    people = [person("a", 0.9, TODAY - 1), person("b", 0.8, TODAY - 1, practice="Hill Road")]
    filled(engine, at(TODAY, *people))
    assert [(one.state, one.assigned_to) for one in on_the_list(engine)] == [
        (State.ASSIGNED, "ana"),
        (State.NEW, None),
    ]


def test_discharges_of_days_without_a_fill_are_caught_up() -> None:
    assert first_day_of(100, None, 7) == 94
    assert first_day_of(100, 99, 7) == 94
    assert first_day_of(100, 80, 7) == 80
    assert first_day_of(100, 10, 7) == 71


# ---- what the record tells of a morning


def test_one_row_a_person_however_many_models_list_them_placed_by_the_one_that_says_most() -> None:
    def listed(model: str, *people: tuple[str, str, float]) -> OutreachList:
        entries = tuple(_entry(model, name, tier, risk) for name, tier, risk in people)
        return OutreachList(entries, model, model, 1, TODAY, TODAY, 2, 2, {})

    readmission = listed("readmission_30d", ("a", "medium", 0.3), ("b", "low", 0.1))
    harm = listed("adverse_event_21d", ("a", "high", 0.2))
    found = by_person([readmission, harm])
    assert {name: [(one.model, one.tier) for one in entries] for name, entries in found.items()} == {
        "a": [("adverse_event_21d", "high"), ("readmission_30d", "medium")],
        "b": [("readmission_30d", "low")],
    }


def _entry(model: str, name: str, tier: str, risk: float) -> Entry:
    return Entry(1, name, name, "", risk, tier, (), 0, "", "", 2, "", "", False, model, 1)


@pytest.mark.slow
def test_the_record_tells_who_belongs_on_the_list_also_of_those_whom_no_model_may_score(engine: Engine) -> None:
    late = "03-07 12:00 | A03 | v1 | 03-03 | 03-05 12:00 | h1 | 01\n"
    people = [
        person_rows("nine days", messages=STAYS + stay("03-01", "03-10")),
        person_rows("two days", messages=STAYS + stay("03-08", "03-10")),
        person_rows("a child", messages=STAYS + stay("03-08", "03-10"), born="2014-01-01"),
        person_rows("told late", messages=STAYS + late),
        person_rows("in nursing", messages=STAYS + stay("03-08", "03-10").replace("| 01\n", "| 03\n")),
        person_rows("in hospice", messages=STAYS + stay("03-08", "03-10").replace("| 01\n", "| 50\n")),
        person_rows(
            "waits for a result",
            messages=STAYS + stay("03-08", "03-10"),
            orders="order | known | day | type | status\no1 | 03-09 | 03-09 | laboratory | ordered",
            appointments="visit | known | day | status\nv | 03-09 | 03-20 | booked",
        ),
        told("contact_details", "known | person_id | first_name | best_time\n03-01 | nine days | Ana | morning"),
    ]
    made = morning(record_of(together(people)), [longer_is_riskier()], day("03-04"), day("03-10"), {})
    by_name = {each.person_id: each for each in made.candidates}
    assert set(by_name) == {"nine days", "two days", "a child", "told late", "in nursing", "waits for a result"}
    first = by_name["nine days"]
    assert (first.name, first.facts["best_time"]) == ("Ana", "morning")
    assert [risk.model for risk in first.risks] == ["readmission_30d"]
    assert first.facts["stay"][1] == ["Discharged", "10 March 2024, after 9 nights"]
    assert (by_name["a child"].outside, by_name["a child"].risks) == ("under 18", ())
    assert by_name["told late"].outside == "the discharge became known more than a day later"
    assert by_name["in nursing"].whereabouts == "skilled nursing"
    assert by_name["waits for a result"].facts["pending"] == [
        {"what": "laboratory", "owner": "", "standing": "still to come"}
    ]
    assert by_name["waits for a result"].facts["appointments"] == [
        {"day": day("03-20"), "status": "booked", "with": ""}
    ]
    assert filled(engine, made).new == 6
    assert on_the_list(engine)[0].person_id == "nine days"
