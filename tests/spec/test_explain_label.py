"""`explain-label`, by example: the same rules as everywhere, told one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.definitions.cohort import PREDICTION_RULES
from features.definitions.explain_label import KEPT, NOT_ASKED, OUT, as_text, explain_label
from features.definitions.hwr import HWR_RULES
from features.definitions.outcomes import READMISSION_30D, outcome
from features.definitions.stays import stay_versions
from features.errors import BadInput
from features.record.record import Record
from tests.histories import record_of
from tests.spec.deck.vignette import ENROLLED
from tests.spec.tables import day, person_rows, together

PEOPLE = (
    person_rows(
        "left against advice and came back",
        messages="""
        sent        | event | visit | in    | out   | hospital | status
        03-05 15:00 | A03   | v1    | 03-01 | 03-05 | h1       | 07
        """,
        bills="""
        claim | in    | out   | hospital | status | principal | procedure
        c1    | 03-01 | 03-05 | h1       | 07     | J189      | -
        c2    | 03-20 | 03-22 | h1       | 01     | M1611     | 0SR90J9
        """,
        covered=ENROLLED,
    ),
    person_rows(
        "taken back",
        bills="""
        claim | known | version | cancels | in    | out
        c3    | 04-10 | 0       | 0       | 03-01 | 03-05
        c3    | 06-20 | 1       | 1       | 03-01 | 03-05
        """,
    ),
)


@pytest.fixture(scope="module")
def record() -> Record:
    return replace(record_of(together(PEOPLE)), claims_complete_to=day("12-31"), admissions_complete_to=day("12-31"))


def _stay(record: Record, person: str) -> str:
    versions = stay_versions(record).to_pandas()
    found: str = versions[versions.person_id == person].sort_values("admit_day").stay_id.iloc[0]
    return found


def test_every_rule_answers_in_order_and_the_outcome_tells_what_decided(record: Record) -> None:
    told = explain_label(record, _stay(record, "left against advice and came back"), READMISSION_30D)
    assert [answer.rule for answer in told.scored] == [rule.name for rule in PREDICTION_RULES]
    assert {answer.says for answer in told.scored} == {KEPT}
    assert [answer.rule for answer in told.measured] == [rule.name for rule in HWR_RULES]
    assert [answer.rule for answer in told.measured if answer.says == OUT] == ["not against medical advice"]
    assert told.outcome["label"] == "0"
    assert told.outcome["came in its place"] == "planned"
    assert told.outcome["first event"] == "2024-03-20, 15 days after discharge"
    assert [row["who"] for row in told.evidence] == ["message", "bill"]


def test_what_a_source_lacks_is_not_evaluable_and_never_a_no(record: Record) -> None:
    silent = record_of(
        person_rows(
            "nobody tells where she went",
            messages="""
            sent        | event | visit | in    | out   | hospital
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | h1
            """,
            bills="""
            claim | in    | out   | hospital | principal
            c1    | 03-01 | 03-05 | h1       | J189
            """,
            covered=ENROLLED,
        )
    )
    told = explain_label(silent, _stay(silent, "nobody tells where she went"), READMISSION_30D)
    not_asked = {answer.rule for answer in (*told.scored, *told.measured) if answer.says == NOT_ASKED}
    assert not_asked == {"not to hospice", "not transferred out", "not against medical advice", "not sent on"}
    assert not [answer for answer in told.measured if answer.says == OUT]


def test_a_stay_that_was_taken_back_is_said_to_be_none(record: Record) -> None:
    told = explain_label(record, _stay(record, "taken back"), READMISSION_30D)
    assert told.stay["still so"].startswith("no: it was taken back")
    assert told.outcome["label"].startswith("none")
    assert "no candidate" in as_text(told)


def test_the_text_holds_all_of_it_and_no_person(record: Record) -> None:
    person = "left against advice and came back"
    text = as_text(explain_label(record, _stay(record, person), READMISSION_30D))
    for part in ("The stay", "Who told what", "Is it scored?", "Is it measured?", "What happened next", "=> in"):
        assert part in text
    assert "left out by: not against medical advice" in text
    assert person not in text, "who it is about is known to whoever asks, and nobody else"


def test_an_unknown_stay_or_outcome_is_refused_without_echo(record: Record) -> None:
    with pytest.raises(BadInput, match="an id that no stay has") as refused:
        explain_label(record, "somebody's name", READMISSION_30D)
    assert "somebody" not in str(refused.value)
    with pytest.raises(BadInput, match="readmission_30d"):
        outcome("readmission")
