"""What simpler definitions of a readmission get wrong, one rule at a time, and that nothing is left unexplained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest

from features.definitions.cohort import Cohort, prediction_cohort
from features.definitions.hwr import hwr_cohort
from features.definitions.outcomes.outcome import DATA_END, LEFT_NETWORK
from features.record.record import Record, open_record
from tests.histories import record_of
from tests.peers.simpler_definitions import (
    CODE_ALONE,
    COUNTED,
    DEFINITIONS,
    INTERIM,
    LATER_ONLY,
    NEXT_CLAIM,
    NO_BILL,
    NO_LATER_DIED,
    NO_LATER_RETURNED,
    NO_LATER_UNKNOWN,
    NO_LATER_WELL,
    NOT_ACUTE,
    NOT_COUNTED,
    ONLY_OURS,
    ONLY_THEIRS,
    OTHER_DAYS,
    OVERLAPPING,
    RETURN_PLANNED,
    SAME_STAY,
    TOLD_OTHERWISE,
    TRANSFER,
    TRANSFER_CODE,
    UNEXPLAINED,
    UNKNOWN,
    compared,
    excluded_by,
    kinds,
    lines,
    simpler,
    summary,
)
from tests.spec.tables import day, person_rows, together

THROUGH = day("2025-06-30")  # the data of the vignettes reach so far
ALWAYS = "from | to\n2023-01 | 2025-12"


@dataclass(frozen=True)
class Vignette:
    """One person, a simpler definition, and every difference from ours with the rule behind it."""

    name: str
    query: str
    expected: tuple[tuple[str, str], ...]
    bills: str = ""
    messages: str = ""
    codes: str = ""
    deaths: str = ""
    covered: str = field(default=ALWAYS)


VIGNETTES = (
    Vignette(
        "a planned return does not count",
        NEXT_CLAIM,
        ((COUNTED, RETURN_PLANNED),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        c2    | 03-25 | 03-20 | 03-25 | 330001   | 01
        """,
        codes="""
        claim | code  | role
        c2    | Z5111 | principal
        """,
    ),
    Vignette(
        "a transfer told at once goes on with the stay: nobody can be readmitted from it",
        NEXT_CLAIM,
        ((UNKNOWN, TRANSFER),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        c2    | 03-09 | 03-06 | 03-09 | 330002   | 01
        """,
    ),
    Vignette(
        "a transfer without a transfer code is a transfer by its days",
        TRANSFER_CODE,
        ((ONLY_THEIRS, TRANSFER),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-09 | 03-01 | 03-05 | 330001   | 01
        c2    | 03-09 | 03-06 | 03-09 | 330002   | 01
        """,
    ),
    Vignette(
        "a transfer with its code is one stay for both",
        TRANSFER_CODE,
        (),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-09 | 03-01 | 03-05 | 330001   | 02
        c2    | 03-09 | 03-06 | 03-09 | 330002   | 01
        """,
    ),
    Vignette(
        "a transfer code before a return to the same hospital makes no transfer",
        TRANSFER_CODE,
        ((ONLY_OURS, CODE_ALONE),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 04-01 | 03-01 | 03-05 | 330001   | 02
        c2    | 03-09 | 03-06 | 03-09 | 330001   | 01
        """,
        messages="""
        sent        | event | visit | in    | out   | hospital | status
        03-05 15:00 | A03   | v1    | 03-01 | 03-05 | 330001   | 01
        """,
    ),
    Vignette(
        "interim bills are one stay",
        NEXT_CLAIM,
        ((ONLY_THEIRS, INTERIM),),
        bills="""
        claim | known | type | in    | out   | hospital | status
        c1    | 02-20 | 112  | 02-01 | 02-10 | 330001   | 30
        c2    | 02-20 | 114  | 02-01 | 02-20 | 330001   | 01
        """,
    ),
    Vignette(
        "a same-day return for the same diagnosis goes on with the stay",
        NEXT_CLAIM,
        ((ONLY_THEIRS, SAME_STAY),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-08 | 03-01 | 03-05 | 330001   | 01
        c2    | 03-08 | 03-05 | 03-08 | 330001   | 01
        """,
        codes="""
        claim | code  | role
        c1    | I5022 | principal
        c2    | I5022 | principal
        """,
    ),
    Vignette(
        "a same-day return for another diagnosis is a readmission for both",
        NEXT_CLAIM,
        (),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        c2    | 03-08 | 03-05 | 03-08 | 330001   | 01
        """,
        codes="""
        claim | code  | role
        c1    | I5022 | principal
        c2    | J441  | principal
        """,
    ),
    Vignette(
        "a psychiatric hospital is neither index stay nor readmission",
        NEXT_CLAIM,
        ((ONLY_THEIRS, NOT_ACUTE), (COUNTED, NOT_ACUTE)),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        c2    | 03-25 | 03-15 | 03-25 | 334001   | 01
        """,
    ),
    Vignette(
        "a stay and a return that only messages tell are there",
        NEXT_CLAIM,
        ((ONLY_OURS, NO_BILL), (NOT_COUNTED, NO_BILL)),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        """,
        messages="""
        sent        | event | visit | in    | out   | hospital | status
        03-25 15:00 | A03   | v1    | 03-20 | 03-25 | 330001   | 01
        """,
    ),
    Vignette(
        "nobody is readmitted after death in hospital",
        NEXT_CLAIM,
        ((ONLY_THEIRS, excluded_by("discharged alive")),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 20
        """,
    ),
    Vignette(
        "whoever leaves the network is not known to have stayed well",
        NEXT_CLAIM,
        ((UNKNOWN, LEFT_NETWORK),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-20 | 03-15 | 03-20 | 330001   | 01
        """,
        covered="from | to\n2023-01 | 2024-03",
    ),
    Vignette(
        "nor is whoever left hospital as the data end",
        NEXT_CLAIM,
        ((UNKNOWN, DATA_END),),
        bills="""
        claim | known      | in         | out        | hospital | status
        c1    | 2025-06-20 | 2025-06-15 | 2025-06-20 | 330001   | 01
        """,
    ),
    Vignette(
        "the hospital's message and its bill tell different days of discharge",
        NEXT_CLAIM,
        ((ONLY_THEIRS, excluded_by("discharge known within a day")), (ONLY_OURS, OTHER_DAYS)),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 04-01 | 03-01 | 03-06 | 330001   | 01
        """,
        messages="""
        sent        | event | visit | in    | out   | hospital | status
        03-05 15:00 | A03   | v1    | 03-01 | 03-05 | 330001   | 01
        """,
    ),
    Vignette(
        "a bill that was taken back told of a stay until then",
        NEXT_CLAIM,
        ((ONLY_OURS, TOLD_OTHERWISE),),
        bills="""
        claim | known | in    | out   | hospital | status | version | cancels
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01     | 0       | 0
        c1    | 04-01 | 03-01 | 03-05 | 330001   | 01     | 1       | 1
        """,
    ),
    Vignette(
        "a short absence hides the return from whoever asks for the next claim",
        NEXT_CLAIM,
        ((ONLY_THEIRS, TRANSFER), (NOT_COUNTED, OVERLAPPING)),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-10 | 03-01 | 03-10 | 330001   | 01
        c2    | 03-10 | 03-03 | 03-05 | 330002   | 01
        c3    | 03-28 | 03-20 | 03-28 | 330001   | 01
        """,
    ),
    Vignette(
        "whoever does not come back is an index stay too",
        LATER_ONLY,
        ((ONLY_OURS, NO_LATER_WELL),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        """,
    ),
    Vignette(
        "so is whoever dies at home",
        LATER_ONLY,
        ((ONLY_OURS, NO_LATER_DIED),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        """,
        deaths="""
        day
        03-20
        """,
    ),
    Vignette(
        "so is whoever cannot be followed",
        LATER_ONLY,
        ((ONLY_OURS, NO_LATER_UNKNOWN),),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-20 | 03-15 | 03-20 | 330001   | 01
        """,
        covered="from | to\n2023-01 | 2024-03",
    ),
    Vignette(
        "so is whoever comes back to a hospital that sends no bill",
        LATER_ONLY,
        ((ONLY_OURS, NO_LATER_RETURNED), (ONLY_OURS, NO_BILL)),
        bills="""
        claim | known | in    | out   | hospital | status
        c1    | 03-05 | 03-01 | 03-05 | 330001   | 01
        """,
        messages="""
        sent        | event | visit | in    | out   | hospital | status
        03-25 15:00 | A03   | v1    | 03-20 | 03-25 | 330001   | 01
        """,
    ),
)


@pytest.fixture(scope="module")
def differences() -> dict[str, pd.DataFrame]:
    """All vignettes as one small network, each a person by its name, compared by every query."""
    people = [
        person_rows(
            one.name, bills=one.bills, messages=one.messages, codes=one.codes, deaths=one.deaths, covered=one.covered
        )
        for one in VIGNETTES
    ]
    record = replace(record_of(together(people)), claims_complete_to=THROUGH, admissions_complete_to=THROUGH)
    cohort = prediction_cohort(record)
    return {query: compared(record, cohort, query) for query in DEFINITIONS.values()}


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda vignette: vignette.name)
@pytest.mark.slow
def test_each_difference_is_put_down_to_its_rule(vignette: Vignette, differences: dict[str, pd.DataFrame]) -> None:
    told = differences[vignette.query]
    found = kinds(told[told.person_id == vignette.name])
    assert sorted(found) == sorted((difference, kind, 1) for difference, kind in vignette.expected)


def test_every_definition_and_every_difference_is_shown_by_an_example() -> None:
    assert {vignette.query for vignette in VIGNETTES} == set(DEFINITIONS.values())
    shown = {difference for vignette in VIGNETTES for difference, _ in vignette.expected}
    assert shown == {ONLY_THEIRS, ONLY_OURS, COUNTED, NOT_COUNTED, UNKNOWN}


@pytest.mark.slow
@pytest.mark.parametrize("cohort_of", [prediction_cohort, hwr_cohort], ids=["prediction", "hwr"])
def test_kinds_add_up_to_all_disagreements(simulated_store: Path, cohort_of: Callable[[Record], Cohort]) -> None:
    record = open_record(simulated_store)
    cohort = cohort_of(record)
    for name, query in DEFINITIONS.items():
        told = compared(record, cohort, query)
        counted, found = summary(told), kinds(told)
        assert counted["index stays of theirs"] == len(simpler(record, query)), (
            f"{name}: a stay of theirs twice or lost"
        )
        assert counted["index stays of ours"] == len(cohort.rows), f"{name}: a stay of ours twice or lost"
        assert counted["of both"] + counted[ONLY_THEIRS] == counted["index stays of theirs"]
        assert counted["of both"] + counted[ONLY_OURS] == counted["index stays of ours"]
        disagreements = len(told) - counted["of both, the same label"]
        assert sum(count for *_, count in found) == disagreements > 0, f"{name}: a disagreement without its rule"
        assert UNEXPLAINED not in {kind for _, kind, _ in found}, name


@pytest.mark.slow
def test_dropping_people_without_a_later_stay_inflates_the_rate(simulated_store: Path) -> None:
    record = open_record(simulated_store)
    dropped, every = simpler(record, LATER_ONLY), simpler(record, NEXT_CLAIM)
    assert dropped.label.sum() == every.label.sum(), "no readmission is won by it"
    assert dropped.label.mean() > 1.5 * every.label.mean()


@pytest.mark.slow
def test_the_tables_name_nobody(simulated_store: Path) -> None:
    record = open_record(simulated_store)
    text = "\n".join(lines(record, prediction_cohort(record)))
    people = set(simpler(record, NEXT_CLAIM).person_id)
    assert "by the rule of ours behind it" in text
    assert not [person for person in people if person in text]
