"""`explain-label`, by example: the same rules as everywhere, told one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.definitions.cohort import LATE, PREDICTION_RULES
from features.definitions.explain_label import KEPT, NOT_ASKED, OUT, as_text, explain_label
from features.definitions.hwr import HWR_RULES
from features.definitions.outcomes import READMISSION_30D, outcome
from features.definitions.stays import other_stays, stay_versions
from features.errors import BadInput
from features.record.record import Record
from tests.histories import record_of
from tests.spec.deck.vignette import ENROLLED
from tests.spec.tables import day, person_rows, together

pytestmark = pytest.mark.slow
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


@pytest.mark.slow
def test_a_stay_that_is_not_acute_is_told_to_be_so() -> None:
    bills = """
    claim | in    | out   | hospital | status | principal
    c1    | 03-05 | 03-20 | 334001   | 01     | F329
    """
    record = record_of(together([person_rows("p", bills=bills, covered=ENROLLED)]))
    stay = other_stays(record).to_pandas().stay_id.iloc[0]
    told = explain_label(record, stay, READMISSION_30D)
    assert told.stay["last hospital"] == "334001 (psychiatric)"
    assert [answer.says for end in told.ends for answer in end.answers] == [OUT]
    assert told.measured[0].rule == "short-term acute or critical access hospital"
    assert told.measured[0].says == OUT
    assert "no index stay" in as_text(told)


def test_every_rule_answers_in_order_and_the_outcome_tells_what_decided(record: Record) -> None:
    told = explain_label(record, _stay(record, "left against advice and came back"), READMISSION_30D)
    (end,) = told.ends
    assert [answer.rule for answer in end.answers] == [LATE, *(rule.name for rule in PREDICTION_RULES)]
    assert {answer.says for answer in end.answers} == {KEPT}
    assert [answer.rule for answer in told.measured] == [rule.name for rule in HWR_RULES]
    assert [answer.rule for answer in told.measured if answer.says == OUT] == ["not against medical advice"]
    assert told.outcome["label"] == "0"
    assert told.outcome["came in its place"] == "planned"
    assert told.outcome["first event"] == "2024-03-20, 15 days after discharge"
    assert "first principal diagnosis: M1611" in told.outcome["what it was"]
    assert "in: h1" in told.outcome["what it was"]
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
    answers = (*told.ends[0].answers, *told.measured)
    not_asked = {answer.rule for answer in answers if answer.says == NOT_ASKED}
    status = {"not to hospice", "not transferred out", "not against medical advice"}
    assert not_asked == {*status, "short-term acute or critical access hospital", "no cancer hospital"}
    assert not [answer for answer in told.measured if answer.says == OUT]


def test_a_rule_shows_what_it_looked_at(record: Record) -> None:
    told = explain_label(record, _stay(record, "left against advice and came back"), READMISSION_30D)
    facts = {answer.rule: answer.facts for answer in (*told.ends[0].answers, *told.measured)}
    assert facts["discharged alive"] == "discharge disposition 07 (left against medical advice), death not told"
    assert facts["adult"] == "birth 1950-03-01, admit 2024-03-01"
    assert facts["old enough"] == "age 74, youngest 65"
    assert facts["enrolled for 30 days after, or dead"] == "days enrolled after 31, days needed after 31"
    assert facts[LATE] == "left 2024-03-05T15:00:00-05:00, known 2024-03-05T15:00:00-05:00"


@pytest.mark.slow
def test_every_discharge_that_was_told_has_its_answers() -> None:
    """Discharged, back in the bed an hour later, and discharged again; and a discharge told two days late."""
    twice = record_of(
        person_rows(
            "twice",
            messages="""
            sent        | event | visit | in    | out   | hospital | status
            03-05 15:00 | A03   | v1    | 03-01 | 03-05 | h1       | 01
            03-05 16:00 | A13   | v1    | 03-01 | -     | h1       | -
            03-09 15:00 | A03   | v1    | 03-01 | 03-07 | h1       | 01
            """,
        )
    )
    told = explain_label(twice, _stay(twice, "twice"), READMISSION_30D)
    assert [end.discharged for end in told.ends] == ["2024-03-05", "2024-03-07"]
    assert [end.answers[0].says for end in told.ends] == [KEPT, OUT]
    assert len(told.ends[1].answers) == 1, "of late news no other rule is asked"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("adverse_event_21d", "a fall or a broken hip (W1830XA, emergency)"),
        ("fall_or_fracture_21d", "a fall or a broken hip (W1830XA, emergency)"),
        ("any_acute_care_21d", "emergency"),
        ("ed_visit_30d", "emergency"),
    ],
)
def test_the_harm_that_decided_is_told_with_its_code_and_setting(name: str, what: str) -> None:
    fallen = record_of(
        person_rows(
            "fallen",
            bills="""
            claim | in    | out   | hospital | status | principal
            c1    | 03-01 | 03-05 | h1       | 01     | J189
            """,
            visits="claim | known | day | setting\nv1 | 05-01 | 03-10 | emergency",
            codes="claim | code | poa\nv1 | W1830XA | -\nv1 | I10 | -",
            covered=ENROLLED,
        )
    )
    fallen = replace(fallen, claims_complete_to=day("12-31"), admissions_complete_to=day("12-31"))
    told = explain_label(fallen, _stay(fallen, "fallen"), outcome(name))
    assert told.outcome["label"] == "1"
    assert told.outcome["what it was"] == what


@pytest.mark.slow
def test_a_label_0_tells_what_was_looked_at_and_why_it_did_not_count() -> None:
    person = person_rows(
        "looked at",
        bills="""
        claim | in    | out   | hospital | status | principal
        c1    | 03-01 | 03-05 | 330101   | 01     | J189
        c2    | 03-05 | 03-15 | 33T101   | 01     | Z5189
        c3    | 04-10 | 04-12 | 330102   | 01     | A419
        """,
        visits="claim | known | day | setting\nv1 | 05-01 | 03-20 | emergency\nv2 | 05-01 | 03-22 | observation",
        codes="claim | code | poa\nc1 | N179 | Y\nv1 | N179 | -\nc3 | F05 | N",
        covered=ENROLLED,
        deaths="day\n06-01",
    )
    told = replace(record_of(person), claims_complete_to=day("12-31"), admissions_complete_to=day("12-31"))
    stay = _stay(told, "looked at")
    readmission = explain_label(told, stay, READMISSION_30D)
    assert readmission.outcome["label"] == "0"
    assert readmission.outcome["death"] == "2024-06-01, 88 days after discharge"
    assert readmission.outcome["files complete to"] == "2024-12-31"
    assert readmission.outcome["in the network to"] == "all the window"
    assert readmission.outcome["window"] == "2024-03-05 to 2024-04-04, both included"
    assert readmission.stay["patient status"] == "01 (home)"
    assert readmission.stay["principal diagnosis"].startswith("J189 (Pneumonia")
    assert [(one["what"], one["begins"], one["says"]) for one in readmission.later] == [
        ("stay in no acute hospital", "2024-03-05", "no acute hospital: rehabilitation unit"),
        ("emergency visit", "2024-03-20", "no stay in hospital"),
        ("observation", "2024-03-22", "no stay in hospital"),
        ("inpatient bill", "2024-04-10", "after the window of 30 days"),
        ("stay", "2024-04-10", "after the window of 30 days"),
    ]
    assert readmission.later[-1]["id"] in set(stay_versions(told).to_pandas().stay_id), "the stay can be asked for"
    harm = explain_label(told, stay, outcome("adverse_event_21d"))
    assert [one["says"] for one in harm.later][:3] == [
        "no acute hospital: rehabilitation unit",
        "acute kidney injury (N179): not new: it stands on a claim of the look-back of 30 days",
        "carries no code of such a harm",
    ]


def test_a_stay_that_was_taken_back_is_said_to_be_none(record: Record) -> None:
    told = explain_label(record, _stay(record, "taken back"), READMISSION_30D)
    assert told.stay["still so"].startswith("no: it was taken back")
    assert told.outcome["label"].startswith("none")
    assert "no candidate" in as_text(told)


def test_the_text_holds_all_of_it_and_no_person(record: Record) -> None:
    person = "left against advice and came back"
    text = as_text(explain_label(record, _stay(record, person), READMISSION_30D))
    for part in (
        "The stay",
        "Who told what",
        "Is its discharge of 2024-03-05 scored?",
        "Is it measured?",
        "What happened next",
        "=> in",
    ):
        assert part in text
    assert "left out by: not against medical advice" in text
    assert person not in text, "who it is about is known to whoever asks, and nobody else"


def test_an_unknown_stay_or_outcome_is_refused_without_echo(record: Record) -> None:
    with pytest.raises(BadInput, match="an id that no stay has") as refused:
        explain_label(record, "somebody's name", READMISSION_30D)
    assert "somebody" not in str(refused.value)
    with pytest.raises(BadInput, match="readmission_30d"):
        outcome("readmission")
