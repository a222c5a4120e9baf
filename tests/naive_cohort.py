"""Who is measured a second time: one stay at a time, in plain Python, from the rules of the measure and not from the
engine's expressions. Held against `features.definitions.hwr`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from features import windows
from features.codes.places import CANCER_HOSPITALS
from features.codes.readmission import HWR_EXCLUSIONS, SURGERY
from features.codes.systems import ICD10CM, ICD10PCS
from features.record.known import FOREVER
from tests.histories import Rows
from tests.naive_stays import ACUTE, naive_stays

Row = Mapping[str, Any]
DIED = ("20", "40", "41", "42")
TO_ACUTE = ("02", "05", "43", "66", "82", "85", "88", "94")


def naive_measured(rows: Rows, youngest: int, payer: str) -> list[tuple[str, str, int, int, str]]:
    """person, stay, day of admission, day of discharge, and the first rule that leaves it out (`in` where none does),
    of every stay that ended, in a hospital of any kind.
    """
    stays = [*naive_stays(rows, FOREVER), *naive_stays(rows, FOREVER, acute=False)]
    ended = [stay for stay in stays if stay["discharge_day"] is not None]
    found = []
    for stay in ended:
        person = stay["person_id"]
        died = min(_deaths(person, rows, ended), default=None)
        rule = next(_rules(stay, died, rows, youngest, payer), "in")
        found.append((person, stay["stay_id"], stay["admit_day"], stay["discharge_day"], rule))
    return sorted(found)


def _rules(stay: Row, died: int | None, rows: Rows, youngest: int, payer: str) -> Iterator[str]:
    """The rules that leave the stay out, in order."""
    came, left = stay["admit_day"], stay["discharge_day"]
    covered = _covered(stay["person_id"], rows, payer)
    until = left + 30 if died is None or died > left + 30 else died
    age = _age(stay["person_id"], rows, came)
    if stay["kind"] not in ACUTE:
        yield "short-term acute or critical access hospital"
    if age is None or age < youngest:
        yield "old enough"
    if not stay["billed"]:
        yield "billed"
    if not covered.issuperset(range(came - 365, left + 1)):
        yield "enrolled for 12 months before"
    if not covered.issuperset(range(left, until + 1)):
        yield "enrolled for 30 days after, or dead"
    yield from _clinical_rules(stay, died)


def _clinical_rules(stay: Row, died: int | None) -> Iterator[str]:
    """Those that ask how the stay ended, where, and what it was for."""
    status, kinds = stay["discharge_disposition_code"], _kinds(stay["principal_code"])
    operated = any(SURGERY.labels_of(ICD10PCS, code) for code in stay["procedures"])
    if status in DIED or (died is not None and died <= stay["discharge_day"]):
        yield "discharged alive"
    if stay["hospital"] in CANCER_HOSPITALS:
        yield "no cancer hospital"
    if status == "07":
        yield "not against medical advice"
    if status in TO_ACUTE:
        yield "not transferred out"
    if "psychiatric" in kinds:
        yield "not psychiatric"
    if "rehabilitation" in kinds:
        yield "not rehabilitation"
    if "cancer" in kinds and not operated:
        yield "no medical treatment of cancer"


def _kinds(principal: str | None) -> tuple[str, ...]:
    return () if principal is None else HWR_EXCLUSIONS.labels_of(ICD10CM, principal)


def _covered(person: str, rows: Rows, payer: str) -> set[int]:
    own = [one for one in rows["coverage"] if one["person_id"] == person]
    kept = [one for one in own if one["payer_type"] == payer and not one["managed_care"]]
    return {day for one in kept for day in range(one["from_day"], one["to_day"] + 1)}


def _age(person: str, rows: Rows, on: int) -> int | None:
    born = [one["birth_day"] for one in rows["person"] if one["person_id"] == person]
    if not born:
        return None
    birth, day = windows.date_of(born[-1]), windows.date_of(on)
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _deaths(person: str, rows: Rows, ended: Sequence[Row]) -> Iterator[int]:
    yield from (one["to_day"] for one in rows["death"] if one["person_id"] == person)
    for stay in ended:
        if stay["person_id"] == person and stay["discharge_disposition_code"] in DIED:
            yield stay["discharge_day"]
    for claim in {one["claim_id"] for one in rows["claim_line"] if one["person_id"] == person}:
        lines = [one for one in rows["claim_line"] if one["claim_id"] == claim]
        last = max(lines, key=lambda one: (one["known_at"], one["version"]))
        if not last["cancels"] and last["discharge_disposition_code"] in DIED:
            yield last["discharge_day"]
