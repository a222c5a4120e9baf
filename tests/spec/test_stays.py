"""What one stay is, by example: what was told and when, and the stays that could be concluded at each moment.

Every vignette is one person of the same small network, so they also show that people do not disturb one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pandas as pd
import pytest

from features.definitions.stays import stay_versions
from features.record.known import FOREVER
from tests.histories import record_of
from tests.spec.tables import clock, moment, parse, person_rows, same, short, together

NEVER = "in | out"  # a table without rows: no stay


@dataclass(frozen=True)
class Vignette:
    """Evidence of one person, and for moments the stays as then known; `ever` stands for everything loaded."""

    name: str
    then: dict[str, str]
    bills: str = ""
    messages: str = ""
    notices: str = ""


ONE_BILL = Vignette(
    "one bill is one stay, from when the bill is known",
    bills="""
    claim | known | in    | out   | hospital | status | drg
    c1    | 04-10 | 03-01 | 03-05 | h1       | 01     | 291
    """,
    then={
        "04-09": NEVER,
        "04-10": """
        in    | out   | left  | hospitals | status | drg | billed
        03-01 | 03-05 | 03-05 | h1        | 01     | 291 | 1
        """,
    },
)
INTERIM = Vignette(
    "interim bills are one stay, open until the last of them",
    bills="""
    claim | known | type | in    | out   | status | drg
    c9    | 02-15 | 112  | 01-10 | 01-31 | 30     | 207
    c5    | 03-15 | 113  | 01-10 | 02-29 | 30     | 207
    c2    | 04-15 | 114  | 01-10 | 03-08 | 03     | 004
    """,
    then={
        "03-20": """
        in    | out | status | drg
        01-10 | -   | -      | 207
        """,
        "ever": """
        in    | out   | status | drg
        01-10 | 03-08 | 03     | 004
        """,
    },
)
INTERIM_AFTER_MESSAGE = Vignette(
    "an interim bill does not take back where the message says the person went",
    bills="""
    claim | known | type | in    | out   | status
    c1    | 02-15 | 112  | 01-10 | 01-31 | 30
    """,
    messages="""
    sent        | event | visit | in    | out   | hospital | status
    02-04 15:00 | A03   | v1    | 01-10 | 02-04 | h1       | 03
    """,
    then={
        "ever": """
        in    | out   | left        | status
        01-10 | 02-04 | 02-04 15:00 | 03
        """
    },
)
MESSAGE_THEN_BILL = Vignette(
    "a hospital's messages and its bill tell of one stay",
    messages="""
    sent        | event | visit | in    | out   | hospital | status
    03-01 10:00 | A01   | v1    | 03-01 | -     | h1       | -
    03-05 15:00 | A03   | v1    | 03-01 | 03-05 | h1       | 01
    """,
    bills="""
    claim | known | in    | out   | hospital | status | drg
    c1    | 04-10 | 03-01 | 03-05 | h1       | 06     | 291
    """,
    then={
        "03-02": """
        in    | out | left | status | drg | billed
        03-01 | -   | -    | -      | -   | 0
        """,
        "03-05": """
        in    | out   | left        | status | drg | billed
        03-01 | 03-05 | 03-05 15:00 | 01     | -   | 0
        """,
        "04-10": """
        in    | out   | left        | status | drg | billed
        03-01 | 03-05 | 03-05 15:00 | 06     | 291 | 1
        """,
    },
)
NOTICE_THEN_BILL = Vignette(
    "a notice and then its bill are one stay",
    notices="""
    known | in    | out   | hospital
    03-05 | 03-01 | 03-05 | h1
    """,
    bills="""
    claim | known | in    | out   | hospital | drg
    c1    | 04-10 | 03-01 | 03-05 | h1       | 291
    """,
    then={
        "03-05": """
        in    | out   | left  | drg | billed
        03-01 | 03-05 | 03-05 | -   | 0
        """,
        "ever": """
        in    | out   | left  | drg | billed
        03-01 | 03-05 | 03-05 | 291 | 1
        """,
    },
)
TRANSFER_SAME_DAY = Vignette(
    "a transfer on the same day goes on with the stay, which leaves from the last hospital",
    bills="""
    claim | known | in    | out   | hospital | status | drg
    c1    | 03-20 | 03-01 | 03-05 | h1       | 02     | 280
    c2    | 05-01 | 03-05 | 03-09 | h2       | 06     | 233
    """,
    then={
        "03-20": """
        in    | out   | hospitals | status
        03-01 | 03-05 | h1        | 02
        """,
        "ever": """
        in    | out   | left  | hospitals | status | drg
        03-01 | 03-09 | 03-09 | h1 > h2   | 06     | 233
        """,
    },
)
TRANSFER_CHAIN = Vignette(
    "a transfer may arrive the next day, and stays chain; two days later is another stay",
    bills="""
    claim | known | in    | out   | hospital
    c1    | 05-01 | 03-01 | 03-05 | h1
    c2    | 05-01 | 03-06 | 03-09 | h2
    c3    | 05-01 | 03-09 | 03-12 | h1
    c4    | 05-01 | 03-14 | 03-15 | h2
    """,
    then={
        "ever": """
        in    | out   | hospitals
        03-01 | 03-12 | h1
        03-14 | 03-15 | h2
        """
    },
)
UNTOLD_AFTER_TRANSFER = Vignette(
    "where the first hospital sent the person is not where they went in the end",
    bills="""
    claim | known | in    | out   | hospital | status
    c1    | 03-20 | 03-01 | 03-05 | h1       | 02
    """,
    notices="""
    known | in    | out   | hospital
    03-09 | 03-05 | 03-09 | h2
    """,
    then={
        "ever": """
        in    | out   | hospitals | status
        03-01 | 03-09 | h1 > h2   | -
        """
    },
)
ABSENCE = Vignette(
    "a short absence to another hospital changes neither the hospital nor where the person went",
    bills="""
    claim | known | in    | out   | hospital | status
    c1    | 05-01 | 03-01 | 03-10 | h1       | 03
    c2    | 05-01 | 03-03 | 03-05 | h2       | 02
    """,
    then={
        "ever": """
        in    | out   | hospitals | status
        03-01 | 03-10 | h1        | 03
        """
    },
)
ABSENCE_THEN_RETURN = Vignette(
    "after such an absence, a return to the hospital that discharged is still another stay",
    bills="""
    claim | known | in    | out   | hospital
    c1    | 05-01 | 03-01 | 03-10 | h1
    c2    | 05-01 | 03-03 | 03-05 | h2
    c3    | 05-01 | 03-10 | 03-12 | h1
    """,
    then={
        "ever": """
        in    | out   | hospitals
        03-01 | 03-10 | h1
        03-10 | 03-12 | h1
        """
    },
)
SAME_HOSPITAL = Vignette(
    "a return to the same hospital on the day of discharge is another stay",
    bills="""
    claim | known | in    | out   | hospital
    c1    | 05-01 | 03-01 | 03-05 | h1
    c2    | 05-01 | 03-05 | 03-09 | h1
    """,
    then={
        "ever": """
        in    | out   | hospitals
        03-01 | 03-05 | h1
        03-05 | 03-09 | h1
        """
    },
)
DUPLICATES = Vignette(
    "bills of one hospital that overlap are one stay",
    bills="""
    claim | known | in    | out   | hospital
    c1    | 05-01 | 03-01 | 03-05 | h1
    c2    | 05-01 | 03-01 | 03-05 | h1
    c3    | 05-01 | 03-03 | 03-07 | h1
    """,
    then={
        "ever": """
        in    | out   | hospitals
        03-01 | 03-07 | h1
        """
    },
)
REVERSED = Vignette(
    "a bill taken back counts until that was known, and not after",
    bills="""
    claim | known | version | cancels | in    | out
    c1    | 04-10 | 0       | 0       | 03-01 | 03-05
    c1    | 06-20 | 1       | 1       | 03-01 | 03-05
    """,
    then={
        "06-19": """
        in    | out
        03-01 | 03-05
        """,
        "06-20": NEVER,
    },
)
TAKEN_BACK_AT_ONCE = Vignette(
    "a bill taken back in the same delivery never counted",
    bills="""
    claim | known | version | cancels | in    | out
    c1    | 04-10 | 0       | 0       | 03-01 | 03-05
    c1    | 04-10 | 1       | 1       | 03-01 | 03-05
    """,
    then={"04-10": NEVER, "ever": NEVER},
)
REVERSED_BUT_TOLD = Vignette(
    "a stay that the hospital told of stays when its bill is taken back, without what only the bill said",
    messages="""
    sent        | event | visit | in    | out   | hospital
    03-05 15:00 | A03   | v1    | 03-01 | 03-05 | h1
    """,
    bills="""
    claim | known | version | cancels | in    | out   | hospital | drg
    c1    | 04-10 | 0       | 0       | 03-01 | 03-05 | h1       | 291
    c1    | 06-20 | 1       | 1       | 03-01 | 03-05 | h1       | 291
    """,
    then={
        "06-19": """
        in    | out   | drg | billed
        03-01 | 03-05 | 291 | 1
        """,
        "ever": """
        in    | out   | drg | billed
        03-01 | 03-05 | -   | 0
        """,
    },
)
ADJUSTED = Vignette(
    "an adjusted bill changes the DRG from when the adjustment was known",
    bills="""
    claim | known | version | in    | out   | drg
    c1    | 04-10 | 0       | 03-01 | 03-05 | 291
    c1    | 06-20 | 1       | 03-01 | 03-06 | 293
    """,
    then={
        "06-19": """
        in    | out   | drg
        03-01 | 03-05 | 291
        """,
        "06-20": """
        in    | out   | drg
        03-01 | 03-06 | 293
        """,
    },
)
ADMISSION_CANCELLED = Vignette(
    "A11 takes an admission back",
    messages="""
    sent        | event | visit | in    | out | hospital
    03-01 10:00 | A01   | v1    | 03-01 | -   | h1
    03-02 09:00 | A11   | v1    | 03-01 | -   | h1
    """,
    then={
        "03-01": """
        in    | out
        03-01 | -
        """,
        "03-02": NEVER,
    },
)
DISCHARGE_CANCELLED = Vignette(
    "A13 opens a stay again",
    messages="""
    sent        | event | visit | in    | out   | hospital
    03-01 10:00 | A01   | v1    | 03-01 | -     | h1
    03-05 15:00 | A03   | v1    | 03-01 | 03-05 | h1
    03-05 18:00 | A13   | v1    | 03-01 | -     | h1
    03-09 15:00 | A03   | v1    | 03-01 | 03-09 | h1
    """,
    then={
        "03-05 16:00": """
        in    | out
        03-01 | 03-05
        """,
        "03-06": """
        in    | out
        03-01 | -
        """,
        "ever": """
        in    | out   | left
        03-01 | 03-09 | 03-09 15:00
        """,
    },
)
UPDATED_AFTERWARDS = Vignette(
    "an update that repeats neither admission nor discharge takes back neither",
    messages="""
    sent        | event | visit | class | in    | out   | hospital | status
    03-01 10:00 | A01   | v1    | I     | 03-01 | -     | h1       | -
    03-05 15:00 | A03   | v1    | I     | 03-01 | 03-05 | h1       | 03
    03-06 09:00 | A08   | v1    | I     | -     | -     | h1       | -
    """,
    then={
        "03-02": """
        in    | out
        03-01 | -
        """,
        "ever": """
        in    | out   | left        | status
        03-01 | 03-05 | 03-05 15:00 | 03
        """,
    },
)
STILL_IN = Vignette(
    "an admission without a discharge is an open stay",
    messages="""
    sent        | event | visit | in    | out | hospital
    03-01 10:00 | A01   | v1    | 03-01 | -   | h1
    """,
    then={
        "ever": """
        in    | out | left
        03-01 | -   | -
        """
    },
)
EMERGENCY_FIRST = Vignette(
    "a visit is a stay from when it is an inpatient one",
    messages="""
    sent        | event | visit | class | in    | out | hospital
    03-01 10:00 | A04   | v1    | E     | 03-01 | -   | h1
    03-01 20:00 | A06   | v1    | I     | 03-01 | -   | h1
    """,
    then={
        "03-01 15:00": NEVER,
        "03-01": """
        in    | out
        03-01 | -
        """,
    },
)
ONE_DAY = Vignette(
    "a stay may begin and end on one day, and be followed by another elsewhere",
    bills="""
    claim | known | in    | out   | hospital
    c1    | 05-01 | 03-01 | 03-01 | h1
    c2    | 05-01 | 03-01 | 03-01 | h2
    c3    | 05-01 | 03-20 | 03-20 | h1
    """,
    then={
        "ever": """
        in    | out   | hospitals
        03-01 | 03-01 | h1 > h2
        03-20 | 03-20 | h1
        """
    },
)
YEAR_END = Vignette(
    "a stay over the end of a year, and a transfer into it",
    bills="""
    claim | known | in         | out        | hospital
    c1    | 05-01 | 2023-12-28 | 2023-12-31 | h1
    c2    | 05-01 | 01-01      | 01-03      | h2
    """,
    then={
        "ever": """
        in         | out   | hospitals
        2023-12-28 | 01-03 | h1 > h2
        """
    },
)
LEAP_DAY = Vignette(
    "29 February lies between the 28th and 1 March: no transfer over it",
    bills="""
    claim | known | in    | out   | hospital
    c1    | 05-01 | 02-25 | 02-28 | h1
    c2    | 05-01 | 03-01 | 03-03 | h2
    c3    | 05-01 | 02-29 | 02-29 | h1
    """,
    then={
        "ever": """
        in    | out   | hospitals
        02-25 | 02-28 | h1
        02-29 | 03-03 | h1 > h2
        """
    },
)
BILL_TELLS_A_LATER_DAY = Vignette(
    "where message and bill tell different days, the later holds, with its own hour",
    messages="""
    sent        | event | visit | in    | out   | hospital
    03-05 15:00 | A03   | v1    | 03-01 | 03-05 | h1
    """,
    bills="""
    claim | known | in    | out   | hospital
    c1    | 04-10 | 03-01 | 03-06 | h1
    """,
    then={
        "03-05": """
        in    | out   | left
        03-01 | 03-05 | 03-05 15:00
        """,
        "ever": """
        in    | out   | left
        03-01 | 03-06 | 03-06
        """,
    },
)
NOT_INPATIENT = Vignette(
    "emergency, observation and skilled nursing are no acute stays",
    bills="""
    claim | known | type | in    | out
    c1    | 04-10 | 131  | 03-01 | 03-02
    c2    | 04-10 | 211  | 03-05 | 03-25
    """,
    messages="""
    sent        | event | visit | class | in    | out   | hospital
    03-01 22:00 | A03   | v1    | E     | 03-01 | 03-01 | h1
    03-02 22:00 | A03   | v2    | O     | 03-01 | 03-02 | h1
    """,
    then={"ever": NEVER},
)
VIGNETTES = (
    ONE_BILL,
    INTERIM,
    INTERIM_AFTER_MESSAGE,
    MESSAGE_THEN_BILL,
    NOTICE_THEN_BILL,
    TRANSFER_SAME_DAY,
    TRANSFER_CHAIN,
    UNTOLD_AFTER_TRANSFER,
    ABSENCE,
    ABSENCE_THEN_RETURN,
    SAME_HOSPITAL,
    DUPLICATES,
    REVERSED,
    TAKEN_BACK_AT_ONCE,
    REVERSED_BUT_TOLD,
    ADJUSTED,
    ADMISSION_CANCELLED,
    DISCHARGE_CANCELLED,
    UPDATED_AFTERWARDS,
    STILL_IN,
    EMERGENCY_FIRST,
    ONE_DAY,
    YEAR_END,
    LEAP_DAY,
    BILL_TELLS_A_LATER_DAY,
    NOT_INPATIENT,
)


@pytest.fixture(scope="module")
def versions() -> pd.DataFrame:
    """The versions of every vignette's stays."""
    rows = together(person_rows(v.name, bills=v.bills, messages=v.messages, notices=v.notices) for v in VIGNETTES)
    return cast(pd.DataFrame, stay_versions(record_of(rows)).to_pandas())


def _shown(stay: pd.Series) -> dict[str, str | None]:
    first, last = stay.first_facility_id, stay.facility_id
    return {
        "in": short(stay.admit_day),
        "out": short(stay.discharge_day),
        "left": clock(stay.discharged_at),
        "hospitals": first if first == last else f"{first} > {last}",
        "status": _told(stay.discharge_disposition_code),
        "drg": _told(stay.drg_code),
        "billed": str(stay.billed),
    }


def _told(value: object) -> str | None:
    return value if isinstance(value, str) else None


CASES = [pytest.param(v, when, id=f"{v.name} ({when})") for v in VIGNETTES for when in v.then]


@pytest.mark.parametrize(("vignette", "when"), CASES)
def test_the_stays_of(vignette: Vignette, when: str, versions: pd.DataFrame) -> None:
    instant = FOREVER - 1 if when == "ever" else moment(when)
    at = versions[versions.person_id == vignette.name]
    at = at[(at.known_from <= instant) & (instant < at.known_until)].sort_values("admit_day")
    same([_shown(stay) for _, stay in at.iterrows()], vignette.then[when])


def test_versions_of_a_stay_never_overlap(versions: pd.DataFrame) -> None:
    assert (versions.known_from < versions.known_until).all()
    ordered = versions.sort_values(["stay_id", "known_from"])
    following = ordered.groupby("stay_id").known_from.shift(-1)
    assert (following.isna() | (ordered.known_until <= following)).all(), "two answers at one moment"


def test_every_vignette_is_listed() -> None:
    written = [value for value in globals().values() if isinstance(value, Vignette)]
    assert sorted(v.name for v in written) == sorted(v.name for v in VIGNETTES)
    assert all(parse(table) for v in VIGNETTES for table in (v.bills, v.messages, v.notices) if table)
