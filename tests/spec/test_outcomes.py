"""What happened next, by example: every person of a small network is discharged from h1, on 1 March where nothing else
is said, and never comes back unless their tables say so.

The network's claims and messages are complete to 15 April; everybody is enrolled through May.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import pytest

from features.definitions.hwr import hwr_cohort
from features.definitions.outcomes import (
    ADVERSE_EVENT_21D,
    ANY_ACUTE_CARE_21D,
    CLAIMS_RUN_OUT_DAYS,
    OUTCOMES,
    READMISSION_30D,
    Outcome,
    labels,
)
from features.definitions.outcomes.outcome import NOT_TOLD
from features.definitions.stays import stay_versions
from features.record.record import Record
from tests.histories import record_of
from tests.spec.tables import day, maybe_day, person_rows, short, together

LEFT, END, WENT_ON = "left the network", "the data end", "the stay went on"
UNTIL_FEBRUARY, UNTIL_MARCH, UNTIL_MAY = (f"from | to\n2023-01 | 2024-0{month}" for month in (2, 3, 5))
FALL, DELIRIUM, BLEEDING, THINNED = "W1830XA", "F05", "K922", "D6832"


@dataclass(frozen=True)
class Case:
    """A person after a discharge, and what is to be said: the label, or the beginning of why there is none."""

    name: str
    label: int | str
    later: str = ""  # further bills: claim | known | in | out | hospital | status
    index: str = "i1 | 03-20 | 02-10 | {out} | h1 | 01"
    out: str = "03-01"
    messages: str = ""
    visits: str = ""
    codes: str = ""
    deaths: str = ""
    covered: str = UNTIL_MAY
    competing: bool = False
    event: str | None = None
    told: str | None = None  # the day on which the label could be known, where it is of interest

    @property
    def bills(self) -> str:
        return f"claim | known | in | out | hospital | status\n{self.index.format(out=self.out)}\n{self.later}"


def _back(on: str, known: str = "05-01", hospital: str = "h1") -> str:
    return f"r1 | {known} | {on} | {on} | {hospital} | 01\n"


def _dead(on: str, precision: str = "day", known: str = "04-20") -> str:
    return f"day | precision | known\n{on} | {precision} | {known}"


def _visit(on: str, setting: str = "emergency") -> str:
    return f"claim | known | day | setting\nv1 | 05-01 | {on} | {setting}"


def _codes(*told: str) -> str:
    return "claim | code | poa\n" + "\n".join(told)


MOVED = "sent | event | visit | in | out | hospital\n"
READMISSIONS = (
    Case("back on the day of discharge", 1, _back("03-01"), event="03-01"),
    Case("back on day 29", 1, _back("03-30"), event="03-30", told="05-01"),
    Case("back on day 30", 1, _back("03-31"), event="03-31"),
    Case("back on day 31", 0, _back("04-01"), told="06-29"),
    Case("never back", 0, told="06-29"),
    Case("to another hospital the next day: a transfer", WENT_ON, _back("03-02", hospital="h2")),
    Case("to another hospital two days later", 1, _back("03-03", hospital="h2"), event="03-03"),
    Case("dead on day 3", 0, deaths=_dead("03-04"), competing=True),
    Case("dead on day 30", 0, deaths=_dead("03-31"), competing=True),
    Case("dead on day 31", 0, deaths=_dead("04-01")),
    Case("back, then dead", 1, _back("03-10"), deaths=_dead("03-20"), event="03-10"),
    Case("left on day 10", LEFT, covered=UNTIL_FEBRUARY, out="02-19"),
    Case("back, then left", 1, _back("02-25"), covered=UNTIL_FEBRUARY, out="02-19", event="02-25"),
    Case("left, then back where nobody need have seen it", LEFT, _back("03-05"), covered=UNTIL_FEBRUARY, out="02-19"),
    Case("left, then dead where nobody looked", LEFT, covered=UNTIL_FEBRUARY, out="02-19", deaths=_dead("03-10")),
    Case("dead in the last covered month", 0, covered=UNTIL_MARCH, deaths=_dead("03-20"), out="03-15", competing=True),
    Case("the data end on day 30", 0, out="03-16"),
    Case("the data end on day 29", END, out="03-17"),
    Case("the data end on day 10", END, out="04-05"),
    Case("back before the data end", 1, _back("04-10"), out="04-05", event="04-10"),
    Case("dead in a month counts at its end", 0, deaths=_dead("03-04", "month"), competing=True),
    Case("dead in the next month: day 60", 0, deaths=_dead("04-02", "month")),
    Case(
        "dead in a month, yet discharged after it: on the day of the discharge",
        0,
        _back("04-05"),
        deaths=_dead("03-04", "month"),
        out="03-05",
    ),
    Case(
        "back, as only a message told by then",
        1,
        messages=MOVED + "03-08 10:00 | A01 | v9 | 03-08 | - | h1",
        event="03-08",
        told="03-08",
    ),
    Case("a first leg, moved on the same day", WENT_ON, "r1 | 05-01 | 03-01 | 03-09 | h2 | 01"),
    Case(
        "the bill tells an earlier admission than the message did: still one stay",
        0,
        index="i1 | 04-20 | 02-28 | {out} | h1 | 01",
        messages=MOVED + "03-01 15:00 | A03 | v1 | 02-29 | 03-01 | h1",
    ),
    Case(
        "a stay of one day that a bill from another hospital renames is no return",
        0,
        index="i1 | 03-20 | {out} | {out} | h0 | 01",
        messages=MOVED + "03-01 15:00 | A03 | v1 | 03-01 | 03-01 | h1",
    ),
    Case(
        "taken back",
        WENT_ON,
        messages=MOVED + "03-01 15:00 | A03 | v1 | 02-20 | 03-01 | h1\n03-03 15:00 | A11 | v1 | 02-20 | - | h1",
        index="",
    ),
)
HARMED = _codes(f"v1 | {FALL} | -")
RETURNED = "r1 | 05-01 | 03-10 | 03-12 | h1 | 01"
ADVERSE = (
    Case("a fall seen in the emergency department on day 21", 1, visits=_visit("03-22"), codes=HARMED, event="03-22"),
    Case("on day 22", 0, visits=_visit("03-23"), codes=HARMED),
    Case("on the day of discharge", 0, visits=_visit("03-01"), codes=HARMED),
    Case(
        "on the day of discharge, and another harm later",
        1,
        visits=_visit("03-10") + "\nv2 | 05-01 | 03-01 | emergency",
        codes=_codes(f"v1 | {DELIRIUM} | -", f"v2 | {FALL} | -"),
        event="03-10",
    ),
    Case("in the office only", 0, visits=_visit("03-10", "office"), codes=HARMED),
    Case("in observation", 1, visits=_visit("03-10", "observation"), codes=HARMED, event="03-10", told="05-01"),
    Case("an emergency visit for something else", 0, visits=_visit("03-10"), codes=_codes("v1 | I10 | -")),
    Case(
        "the same code on the index claim is not new",
        0,
        visits=_visit("03-10"),
        codes=_codes(f"v1 | {FALL} | -", f"i1 | {FALL} | Y"),
    ),
    Case(
        "the same code in the year before is not new",
        0,
        "r1 | 2023-05-01 | 2023-03-20 | 2023-03-22 | h1 | 01",
        visits=_visit("03-10"),
        codes=_codes(f"v1 | {FALL} | -", f"r1 | {FALL} | Y"),
    ),
    Case(
        "the same code more than a year before is new",
        1,
        "r1 | 2023-05-01 | 2023-02-20 | 2023-02-28 | h1 | 01",
        visits=_visit("03-10"),
        codes=_codes(f"v1 | {FALL} | -", f"r1 | {FALL} | Y"),
        event="03-10",
    ),
    Case("in hospital, but it arose there", 0, RETURNED, codes=_codes(f"r1 | {DELIRIUM} | N")),
    Case("in hospital, not told whether it arose there", NOT_TOLD, RETURNED, codes=_codes(f"r1 | {DELIRIUM} | -")),
    Case("in hospital, brought along", 1, RETURNED, codes=_codes(f"r1 | {DELIRIUM} | Y"), event="03-10"),
    Case("in hospital, exempt from the flag", 1, RETURNED, codes=_codes(f"r1 | {FALL} | 1"), event="03-10"),
    Case(
        "in a rehabilitation hospital", 0, "r1 | 05-01 | 03-10 | 03-12 | 333025 | 01", codes=_codes(f"r1 | {FALL} | Y")
    ),
    Case("dead on day 5", 1, deaths=_dead("03-06"), event="03-06", told="04-20"),
    Case("dead on the day of discharge", 1, deaths=_dead("03-01"), event="03-01"),
    Case("harmed on day 9, then dead", 1, visits=_visit("03-10"), codes=HARMED, deaths=_dead("03-20"), event="03-10"),
    Case("dead on day 22", 0, deaths=_dead("03-23")),
    Case(
        "suspected on arrival only: an admitting diagnosis",
        0,
        visits=_visit("03-10"),
        codes=f"claim | code | role\nv1 | {DELIRIUM} | admitting",
    ),
    Case("bleeding alone", 0, visits=_visit("03-10"), codes=_codes(f"v1 | {BLEEDING} | -")),
    Case(
        "bleeding while anticoagulated",
        1,
        visits=_visit("03-10"),
        codes=_codes(f"v1 | {BLEEDING} | -", f"v1 | {THINNED} | -"),
        event="03-10",
    ),
    Case("claims end on day 20", END, out="03-26"),
    Case("claims end on day 21", 0, out="03-25"),
    Case("left on day 10", LEFT, covered=UNTIL_FEBRUARY, out="02-19"),
)
ACUTE = (
    Case("an emergency visit for anything", 1, visits=_visit("03-10"), codes=_codes("v1 | I10 | -"), event="03-10"),
    Case("back in hospital", 1, RETURNED, event="03-10"),
    Case("in the office", 0, visits=_visit("03-10", "office")),
    Case("in a rehabilitation hospital", 0, "r1 | 05-01 | 03-10 | 03-12 | 333025 | 01"),
    Case("in observation", 1, visits=_visit("03-10", "observation"), event="03-10"),
    Case("in the emergency department on the day of discharge", 0, visits=_visit("03-01")),
    Case("dead on day 5", 0, deaths=_dead("03-06"), competing=True),
)
OF: dict[str, tuple[Outcome, tuple[Case, ...]]] = {
    outcome.name: (outcome, cases)
    for outcome, cases in ((READMISSION_30D, READMISSIONS), (ADVERSE_EVENT_21D, ADVERSE), (ANY_ACUTE_CARE_21D, ACUTE))
}


def _record(cases: tuple[Case, ...]) -> Record:
    people = [
        person_rows(c.name, c.bills, c.messages, "", c.visits, c.codes, c.deaths, c.covered, born="1950-03-01")
        for c in cases
    ]
    record = record_of(together(people))
    return replace(record, claims_complete_to=day("04-15"), admissions_complete_to=day("04-15"))


def _index_rows(record: Record, cases: tuple[Case, ...]) -> pd.DataFrame:
    """The discharge of each case as it was first told."""
    versions = stay_versions(record).to_pandas().sort_values(["person_id", "known_from"])
    out = versions.person_id.map({case.name: day(case.out) for case in cases})
    first = versions[versions.discharge_day == out].groupby("person_id", sort=False).head(1)
    rows = first.set_index("person_id").loc[[case.name for case in cases]].reset_index()
    rows.insert(0, "row_id", range(len(rows)))
    return pd.DataFrame(rows[["row_id", "person_id", "stay_id", "admit_day", "discharge_day"]])


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], pd.Series]:
    """What `labels` says of every case."""
    said = {}
    for outcome, cases in OF.values():
        record = _record(cases)
        rows = _index_rows(record, cases)
        for case, (_, one) in zip(cases, labels(record, rows, outcome).iterrows(), strict=True):
            said[outcome.name, case.name] = one
    return said


PARAMETERS = [pytest.param(name, case, id=f"{name}: {case.name}") for name, (_, cases) in OF.items() for case in cases]


@pytest.mark.parametrize(("outcome", "case"), PARAMETERS)
def test_the_label_of(outcome: str, case: Case, found: dict[tuple[str, str], pd.Series]) -> None:
    said = found[outcome, case.name]
    if isinstance(case.label, str):
        assert pd.isna(said.label), "never 0 where nobody can know"
        assert str(said.null_reason).startswith(case.label)
        assert pd.isna(said.label_known_day)
    else:
        assert said.label == case.label, said.null_reason
        assert said.null_reason is None
    assert (said.competing == "death") == case.competing
    assert short(said.event_day) == case.event
    if case.told is not None:
        assert said.label_known_day == maybe_day(case.told)


def test_a_label_that_stands_on_absence_waits_for_the_claims(found: dict[tuple[str, str], pd.Series]) -> None:
    said = found[ADVERSE_EVENT_21D.name, "claims end on day 21"]
    assert said.label_known_day == day("03-25") + 21 + CLAIMS_RUN_OUT_DAYS


@pytest.mark.slow
def test_what_a_source_lacks_is_not_evaluable() -> None:
    cases = (Case("never back", 0), Case("dead on day 5", 1, deaths=_dead("03-06")))
    record = _record(cases)
    lacking = replace(record, lacks={"claim_line.revenue_center_code": "only inpatient claims are read"})
    rows = _index_rows(record, cases)
    for outcome in OUTCOMES:
        said = labels(lacking, rows, outcome)
        if outcome.needs:
            assert said.label.isna().all()
            assert set(said.null_reason) == {"not evaluable on this source: only inpatient claims are read"}
        else:
            assert said.label.notna().all()


def test_deaths_are_not_none_where_nobody_tells_of_them() -> None:
    cases = (Case("never back", 0),)
    record = _record(cases)
    silent = replace(record, lacks={"death": "no death row in the files loaded"})
    said = labels(silent, _index_rows(record, cases), ADVERSE_EVENT_21D)
    assert said.null_reason.tolist() == ["not evaluable on this source: no death row in the files loaded"]


@pytest.mark.slow
def test_a_network_of_messages_alone_waits_for_no_claims() -> None:
    """It gets none: who is not back by the end of the window, as the messages tell, is not back."""
    told = MOVED + "03-01 15:00 | A03 | v1 | 02-20 | 03-01 | h1"
    cases = (
        Case("never back", 0, index="", messages=told),
        Case("back", 1, index="", messages=told + "\n03-08 10:00 | A01 | v9 | 03-08 | - | h1"),
    )
    record = replace(_record(cases), lacks={"claim_line": "no claim_line row in the files loaded"})
    record = replace(record, claims_complete_to=None)
    said = labels(record, _index_rows(record, cases), READMISSION_30D)
    assert said.label.tolist() == [0, 1]
    assert said.label_known_day.tolist() == [day("03-31"), day("03-08")]


def test_a_label_is_known_when_its_last_revision_is() -> None:
    """Billed as planned (a transplant), then billed anew without it: until then nobody could know that it counts."""
    bills = """
    claim | known | in    | out   | hospital | status | version | principal | procedure
    i1    | 03-20 | 02-20 | 03-01 | h1       | 01     | 0       | J189      | -
    r1    | 04-10 | 03-10 | 03-12 | h1       | 01     | 0       | N186      | 0TY00Z0
    r1    | 05-20 | 03-10 | 03-12 | h1       | 01     | 1       | N186      | -
    """
    record = record_of(person_rows("revised", bills, covered=UNTIL_MAY, born="1950-03-01"))
    record = replace(record, claims_complete_to=day("04-15"), admissions_complete_to=day("04-15"))
    said = labels(record, _index_rows(record, (Case("revised", 1, out="03-01"),)), READMISSION_30D).iloc[0]
    assert (said.label, short(said.label_known_day)) == (1, "05-20")


@pytest.mark.slow
def test_months_in_managed_care_are_enrolment_but_not_what_hwr_asks_for() -> None:
    """The label asks whether somebody left; the CMS measure asks for fee-for-service, of which claims are seen."""
    rows = person_rows("managed", Case("managed", 0).bills, covered=UNTIL_MAY, born="1950-03-01")
    rows["coverage"] = [{**month, "managed_care": int(month["from_day"] >= day("03-01"))} for month in rows["coverage"]]
    record = replace(record_of(rows), claims_complete_to=day("04-15"), admissions_complete_to=day("04-15"))
    said = labels(record, _index_rows(record, (Case("managed", 0),)), READMISSION_30D).iloc[0]
    assert said.label == 0
    assert hwr_cohort(record).excluded.excluded_by.tolist() == ["enrolled for 12 months before"]


def test_without_enrolment_nobody_is_known_to_have_left() -> None:
    cases = (Case("left on day 10", 0, covered=UNTIL_FEBRUARY, out="02-19"),)
    record = _record(cases)
    rows = _index_rows(record, cases)
    said = labels(replace(record, lacks={"coverage": "no enrolment"}), rows, READMISSION_30D)
    assert said.label.tolist() == [0]
