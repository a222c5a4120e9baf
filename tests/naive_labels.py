"""What happened next a second time: one index row at a time, in plain Python, from the rules and not from the engine's
expressions. Held against `features.definitions.outcomes`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.codes.harms import COMPONENTS, HARMS
from features.codes.places import facility_type
from features.codes.systems import ICD10CM
from tests.histories import Rows
from tests.naive_stays import beds_of

Row = Mapping[str, Any]
Stay = Mapping[str, Any]
# days before the discharge in which a harm of that kind is not new, and whether any code of its kind makes it so
LOOK_BACKS = {
    "adverse_drug_effect": (90, False),
    "complication_of_care": (365, False),
    "fall_or_fracture": (365, False),
    "c_difficile": (56, True),
    "vte": (365, True),
    "acute_kidney_injury": (30, True),
    "hypoglycaemia": (30, True),
    "bleeding": (90, True),
    "delirium": (30, True),
    "pressure_ulcer": (365, False),
}


@dataclass(frozen=True)
class Life:
    """What a person's label hangs on beside their stays: the day of death, the days enrolled, the last day told."""

    died: int | None
    covered: Collection[int]
    through: int


def naive_readmission(row: Any, stays: Sequence[Stay], life: Life) -> float:
    """The 30-day label of one index row, from the person's stays as finally told; nan where nobody can know."""
    index = _index_of(row, stays)
    if index is None:
        return np.nan
    first = _next_of(row, index, stays)
    if first is None or first["admit_day"] > row.discharge_day + 30:
        return _label(row, 30, None, life, happened=False)
    return _label(row, 30, first["admit_day"], life, happened=not first["planned"])


def naive_adverse_event(row: Any, stays: Sequence[Stay], rows: Rows, life: Life) -> float:
    """The 21-day label of one index row: death, or acute care with a harm new since discharge."""
    index = _index_of(row, stays)
    if index is None:
        return np.nan
    found = list(_harm_days(row, index, stays, rows))
    harm = min((day for day, certain in found if certain), default=None)
    dead = life.died is not None and life.died - row.discharge_day <= 21
    if found and harm is None and not dead:
        return np.nan
    return _label(row, 21, harm, life, happened=dead or harm is not None)


def _ended(stay: Stay) -> float:
    if stay["discharge_day"] is not None:
        return float(stay["discharge_day"])
    return float(stay["admit_day"]) if stay["over"] else np.inf


def _index_of(row: Any, stays: Sequence[Stay]) -> Stay | None:
    """The stay that the row is about as finally told; none where it went on, or was taken back."""
    found = [stay for stay in stays if stay["stay_id"] == row.stay_id]
    found = found or [
        stay for stay in stays if stay["admit_day"] <= row.admit_day and _ended(stay) >= row.discharge_day
    ]
    return found[-1] if found and found[-1]["discharge_day"] == row.discharge_day else None


def _next_of(row: Any, index: Stay, stays: Sequence[Stay]) -> Stay | None:
    later = [stay for stay in stays if stay is not index and stay["admit_day"] >= row.discharge_day]
    return min(later, key=lambda stay: (stay["admit_day"], _ended(stay), stay["stay_id"]), default=None)


def _label(row: Any, days: int, event: int | None, life: Life, *, happened: bool) -> float:
    """1 or 0, where the person was followed to the event, the death or the last day, and the data reach as far."""
    day = int(row.discharge_day)
    ends = [day + days, event, None if life.died is None else max(life.died, day)]
    last = min(end for end in ends if end is not None)
    if not set(life.covered).issuperset(range(day, last + 1)):
        return np.nan
    if happened:
        return 1
    return 0 if last <= life.through else np.nan


# ---- harm


def _harm_days(row: Any, index: Stay, stays: Sequence[Stay], rows: Rows) -> Iterable[tuple[int, bool]]:
    """Days of harm, and whether it was for certain there when that stay began."""
    claims = list(_final_claims(row.person_id, rows))
    following = _next_of(row, index, stays)
    for lines, codes in claims:
        setting, came = _setting(lines), _came(lines)
        flags = {True: set[str](), False: set[str]()}
        for one in codes:
            certain = True if setting != "inpatient" else _came_with(one, lines, stays)
            if certain is not None:
                flags[certain].add(one["code"])
        on_its_day = setting == "inpatient" and following is not None and following["admit_day"] == row.discharge_day
        if setting not in ("emergency", "observation", "inpatient"):
            continue
        if not (1 <= came - row.discharge_day <= 21 or (came == row.discharge_day and on_its_day)):
            continue
        for certain, counted in ((True, flags[True]), (False, flags[True] | flags[False])):
            new = {label for code in counted for label in _labels(code) if _is_new(row, code, label, claims, stays)}
            if any(new.issuperset(component.needs) for component in COMPONENTS):
                yield came, certain
                break


def _labels(code: str) -> tuple[str, ...]:
    return HARMS.labels_of(ICD10CM, code)


def _final_claims(person: str, rows: Rows) -> Iterable[tuple[list[Row], list[Row]]]:
    """Lines and diagnoses of each claim of a person in the version told last, unless that took it back."""
    for claim in dict.fromkeys(one["claim_id"] for one in rows["claim_line"] if one["person_id"] == person):
        lines = [one for one in rows["claim_line"] if one["claim_id"] == claim]
        last = max((one["known_at"], one["version"]) for one in lines)
        lines = [one for one in lines if (one["known_at"], one["version"]) == last]
        if not lines[0]["cancels"]:
            codes = [one for one in rows["diagnosis"] if one["claim_id"] == claim]
            yield [*lines], [one for one in codes if (one["known_at"], one["version"]) == last]


def _setting(lines: Sequence[Row]) -> str:
    revenue = {one.get("revenue_center_code") for one in lines}
    if str(lines[0].get("bill_type_code")).startswith("11"):
        kind = facility_type(lines[0]["facility_id"])
        if beds_of([*lines]) not in (None, "ordinary"):
            return "elsewhere"
        return "inpatient" if kind in (None, "short_term_acute", "critical_access") else "elsewhere"
    return "observation" if "0762" in revenue else "emergency" if "0450" in revenue else "other"


def _came(lines: Sequence[Row]) -> int:
    """The first day of a claim; of an inpatient bill, the day of admission where that is later."""
    first = min(int(one["from_day"]) for one in lines)
    inpatient = str(lines[0].get("bill_type_code")).startswith("11")
    return max(first, int(lines[0]["admission_day"])) if inpatient else first


def _came_with(one: Row, lines: Sequence[Row], stays: Sequence[Stay]) -> bool | None:
    """The code was there when the stay began: by its flag, or as the principal diagnosis; false where nobody told, and
    null where it was not, or the bill is not the one that the stay begins with.
    """
    flag = one.get("present_on_admission")
    there = flag in ("Y", "W", "1") or (flag is None and one["role"] == "principal")
    came = _came(lines)
    begins = any(
        stay["first_facility_id"] == lines[0]["facility_id"] and 0 <= came - stay["admit_day"] <= 1 for stay in stays
    )
    return there if begins and (there or flag is None) else None


def _is_new(
    row: Any, code: str, label: str, claims: Sequence[tuple[list[Row], list[Row]]], stays: Sequence[Stay]
) -> bool:
    days, any_code = LOOK_BACKS.get(label, (-1, False))
    for lines, codes in claims:
        for one in codes:
            alike = any_code or one["code"][:6] == code[:6]
            before = _came(lines) < row.discharge_day or _of_the_stay(row, one, lines, stays)
            if label in _labels(one["code"]) and alike and before and one["to_day"] >= row.discharge_day - days:
                return False
    return True


def _of_the_stay(row: Any, one: Row, lines: Sequence[Row], stays: Sequence[Stay]) -> bool:
    """Of a bill of the day of discharge: it ends with the stay, and is of its day or of a bed where no stay begins."""
    if _came(lines) != row.discharge_day or one["to_day"] > row.discharge_day:
        return False
    place = lines[0].get("facility_id")
    begins = any((stay["admit_day"], stay["first_facility_id"]) == (_came(lines), place) for stay in stays)
    in_bed = _setting(lines) in ("inpatient", "elsewhere")
    return bool(row.admit_day == row.discharge_day or (in_bed and not begins))
