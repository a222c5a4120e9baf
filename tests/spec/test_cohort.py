"""Who is scored, by example: a rule may use only what was known at the discharge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.definitions.cohort import (
    HWR,
    PREDICTION,
    PREDICTION_RULES,
    Cohort,
    Rule,
    adult,
    prediction_cohort,
    rules_of,
)
from features.definitions.hwr import HWR_RULES, Scope, hwr_cohort
from features.errors import BadDeclaration
from features.record.record import Record
from tests.histories import record_of
from tests.spec.tables import clock, maybe_day, person_rows, same, short, together

STAYS = "sent | event | visit | in | out | hospital | status\n"


HOME = STAYS + "03-05 15:00 | A03 | v1 | 03-01 | 03-05 | h1 | 01"


def _left(status: str) -> str:
    return STAYS + f"03-05 15:00 | A03 | v1 | 03-01 | 03-05 | h1 | {status}"


PEOPLE = (
    person_rows("a went home", messages=HOME),
    person_rows("b expired", messages=_left("20")),
    person_rows(
        "c death known by discharge",
        messages=HOME,
        deaths="day | known\n03-05 | 03-05 12:00",
    ),
    person_rows(
        "d death known a day later",
        messages=HOME,
        deaths="day | known\n03-05 | 03-06",
    ),
    person_rows("e hospice at home", messages=_left("50")),
    person_rows("f hospice in a house", messages=_left("51")),
    person_rows("g sent to another hospital", messages=_left("02")),
    person_rows("h seventeen", messages=HOME, born="2006-03-02"),
    person_rows("i eighteen", messages=HOME, born="2006-03-01"),
    person_rows("j bill only", bills="claim | known | in | out\nc1 | 04-10 | 03-01 | 03-05"),
    person_rows("k notice", notices="known | in | out | hospital\n03-05 | 03-01 | 03-05 | h1"),
    person_rows("l notice a day late", notices="known | in | out | hospital\n03-06 | 03-01 | 03-05 | h1"),
    person_rows("m still in", messages=STAYS + "03-01 10:00 | A01 | v1 | 03-01 | - | h1 | -"),
    person_rows(
        "n moved on the same day",
        messages=STAYS
        + "03-05 15:00 | A03 | v1 | 03-01 | 03-05 | h1 | 02\n"
        + "03-05 17:00 | A01 | v2 | 03-05 | - | h2 | -\n"
        + "03-09 11:00 | A03 | v2 | 03-05 | 03-09 11:00 | h2 | 03",
    ),
    person_rows("o no word of where to", messages=_left("-")),
    person_rows(
        "p discharged, then back in the bed",
        messages=STAYS
        + "03-05 15:00 | A03 | v1 | 03-01 | 03-05 | h1 | 01\n"
        + "03-05 16:00 | A13 | v1 | 03-01 | - | h1 | -\n"
        + "03-07 15:00 | A03 | v1 | 03-01 | 03-07 | h1 | 01",
    ),
)


@pytest.fixture(scope="module")
def record() -> Record:
    return record_of(together(PEOPLE))


@pytest.fixture(scope="module")
def cohort(record: Record) -> Cohort:
    return prediction_cohort(record)


def _shown(cohort: Cohort) -> list[dict[str, str | None]]:
    return [
        {
            "who": row.person_id[0],
            "scored at": clock(row.as_of),
            "in": short(row.admit_day),
            "day": short(row.as_of_day),
        }
        for _, row in cohort.rows.iterrows()
    ]


def test_who_is_scored_and_when(cohort: Cohort) -> None:
    same(
        _shown(cohort),
        """
        who | scored at   | in    | day
        a   | 03-05 15:00 | 03-01 | 03-05
        d   | 03-05 15:00 | 03-01 | 03-05
        i   | 03-05 15:00 | 03-01 | 03-05
        k   | 03-05       | 03-01 | 03-05
        n   | 03-09 11:00 | 03-01 | 03-09
        o   | 03-05 15:00 | 03-01 | 03-05
        p   | 03-05 15:00 | 03-01 | 03-05
        p   | 03-07 15:00 | 03-01 | 03-07
        """,
    )


def test_every_stay_is_accounted_for(cohort: Cohort) -> None:
    steps = [
        {"rule": str(step["rule"]), "removed": str(step["removed"]), "left": str(step["left"])}
        for _, step in cohort.attrition.iterrows()
    ]
    same(
        steps,
        """
        rule                               | removed | left
        discharges told                    | 0       | 17
        discharge known within a day       | 2       | 15
        discharged alive                   | 2       | 13
        not to hospice                     | 2       | 11
        not transferred out                | 2       | 9
        not back in hospital already       | 0       | 9
        adult                              | 1       | 8
        """,
    )


def test_attrition_adds_up(cohort: Cohort) -> None:
    table = cohort.attrition
    assert table["left"].iloc[0] - table.removed.sum() == table["left"].iloc[-1] == len(cohort.rows)
    assert (table.removed >= 0).all(), "a rule that adds people hides those that another loses"
    assert list(table.rule.iloc[2:]) == [rule.name for rule in PREDICTION_RULES]
    assert table.sense.str.len().gt(0).all(), "each rule says why it is there"


@pytest.mark.parametrize(
    ("first", "last", "people"),
    [
        ("03-05", "03-05", "adikop"),
        ("03-06", "03-08", "p"),
        ("03-07", "03-09", "np"),
        ("03-10", None, ""),
        (None, "03-04", ""),
    ],
)
def test_first_and_last_day_are_both_included(record: Record, first: str | None, last: str | None, people: str) -> None:
    cohort = prediction_cohort(record, maybe_day(first), maybe_day(last))
    assert "".join(row["who"] or "" for row in _shown(cohort)) == people


def test_rows_are_in_order_of_person_and_time(cohort: Cohort) -> None:
    keys = list(zip(cohort.rows.person_id, cohort.rows.as_of, strict=True))
    assert keys == sorted(keys)
    assert cohort.rows.row_id.tolist() == list(range(len(keys)))


@pytest.mark.slow
def test_of_two_birth_days_known_at_once_the_later_holds_in_any_order() -> None:
    old = person_rows("a", messages=HOME, born="1950-03-01")
    young = person_rows("a", born="2010-03-01")
    for people in ((old, young), (young, old)):
        assert prediction_cohort(record_of(together(people))).rows.empty, "taken for a child either way"


@pytest.mark.slow
def test_a_message_that_comes_minutes_after_the_discharge_loses_nobody() -> None:
    late = STAYS + "{sent} | A03 | v1 | 03-01 | 03-05 15:00 | h1 | 01"
    soon = record_of(person_rows("a told soon", messages=late.format(sent="03-05 15:40")))
    rows = prediction_cohort(soon).rows
    assert [clock(instant) for instant in rows.as_of] == ["03-05 15:40"], "scored when the network could first know"
    after_days = record_of(person_rows("a told late", messages=late.format(sent="03-07 09:00")))
    assert prediction_cohort(after_days).rows.empty, "two days late is not at discharge"


def test_a_rule_that_looks_ahead_may_not_join_the_prediction_cohort() -> None:
    with pytest.raises(BadDeclaration, match="looks ahead of the prediction time"):
        Rule("stayed well", "it would be easy", adult, (PREDICTION,), looks_ahead=True)
    with pytest.raises(BadDeclaration, match="in the cohort prediction"):
        rules_of(PREDICTION, *HWR_RULES)
    assert not [rule.name for rule in PREDICTION_RULES if rule.looks_ahead]
    assert all(HWR in rule.cohorts for rule in HWR_RULES)


def test_every_rule_says_what_it_keeps_and_of_which_year_the_measure_is() -> None:
    for rule in (*PREDICTION_RULES, *HWR_RULES):
        says = " ".join((rule.keeps.__doc__ or "").split())
        assert says, f"{rule.name} has no docstring"
        assert ("2021" in says) is (HWR in rule.cohorts), rule.name
    names = [rule.keeps.__name__ for rule in {rule.name: rule for rule in (*PREDICTION_RULES, *HWR_RULES)}.values()]
    assert len(names) == len(set(names)), "each rule is a function of its own"


def test_what_cannot_be_asked_is_counted_and_is_not_a_zero() -> None:
    """Two stays: one with all facts; one with a masked number, no status and no principal diagnosis, where no source
    tells deaths.
    """
    bill = "claim | in | out | hospital | status | principal\nc1 | 03-01 | 03-05 | 330101 | 01 | J189"
    whole = person_rows("whole", bills=bill)
    bare = person_rows("bare", bills="claim | in | out | hospital\nc2 | 03-01 | 03-05 | 3300GD")
    silent = {"death": "no source tells", "coverage": "no source tells"}
    record = replace(record_of(together((whole, bare))), lacks=silent)
    attrition = hwr_cohort(record, Scope(0)).attrition.set_index("rule")
    assert attrition.not_evaluable.to_dict() == {
        "discharges": 0,
        "short-term acute or critical access hospital": 0,
        "old enough": 0,
        "billed": 0,
        "enrolled for 12 months before": 2,
        "enrolled for 30 days after, or dead": 2,
        "discharged alive": 1,
        "no cancer hospital": 1,
        "not against medical advice": 1,
        "not transferred out": 1,
        "not psychiatric": 1,
        "not rehabilitation": 1,
        "no medical treatment of cancer": 1,
    }
    assert attrition["left"].iloc[-1] == 2, "a rule that cannot be asked keeps the stay"
