"""Stays a second time: one person at a time, one moment at a time, in plain Python, from the rules and not from the
engine's expressions. Slow and short-sighted on purpose: what it says is held against `features.definitions.stays`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from features.codes.groupings import CCS_DIAGNOSIS
from features.codes.places import CCN_UNITS, UNIT_SERVICES, facility_type
from features.codes.readmission import PLANNED_DIAGNOSES, PLANNED_PROCEDURES
from features.codes.systems import ICD10CM, ICD10PCS
from tests.histories import Rows

Row = Mapping[str, Any]
Told = dict[str, Any]
BILL, MESSAGE, NOTICE = 3, 2, 1
LAPSE_DAYS, A_DAY = 120, 86_400
FACTS = (
    *("discharge_disposition_code", "admit_type_code", "admit_source_code", "drg_code"),
    *("principal_code", "facility_id", "kind"),
)
COLUMNS = (
    *("person_id", "stay_id", "admit_day", "discharge_day", "over", "discharged_at", "first_facility_id"),
    *("facility_id", "hospitals", "billed", "discharge_disposition_code", "admit_type_code", "drg_code"),
    *("principal_code", "first_principal_code", "planned", "disputed_admit_day", "disputed_discharge_day"),
    *("kind", "disputed_kind"),
)
ACUTE = (None, "short_term_acute", "critical_access")


def naive_stays(rows: Rows, instant: int, acute: bool = True) -> list[dict[str, Any]]:
    """Every person's stays in acute hospitals (or in the others), as the rows known by an instant tell them then."""
    known = {table: [one for one in given if one["known_at"] <= instant] for table, given in rows.items()}
    people = sorted({one["person_id"] for given in known.values() for one in given if "person_id" in one})
    stays = []
    for person in people:
        own = {table: [one for one in given if one.get("person_id") == person] for table, given in known.items()}
        beds = _ended(_beds(list(_parted(list(_evidence(own, instant))))))
        lines: dict[str, list[Told]] = {}
        for bed in beds:
            is_acute = bed["kind"] in ACUTE
            if is_acute is acute:
                lines.setdefault("acute" if is_acute else f"{bed['kind']}|{bed['hospital']}", []).append(bed)
        for line in lines.values():
            stays += [_stay(person, chain) for chain in _chains(line, acute)]
    return stays


# ---- who said what


def _evidence(own: Rows, instant: int) -> Iterator[Told]:
    claims: dict[str, list[Row]] = {}
    for line in own.get("claim_line", []):
        claims.setdefault(line["claim_id"], []).append(line)
    for claim, lines in claims.items():
        last = max(lines, key=lambda one: (one["known_at"], one["version"]))
        if last["cancels"] or not str(last.get("bill_type_code")).startswith("11"):
            continue
        still = last["discharge_disposition_code"] == "30" or last["bill_type_code"][2] in "23"
        codes = [
            one["code"]
            for one in own.get("diagnosis", [])
            if one["claim_id"] == claim and one["version"] == last["version"] and one["known_at"] == last["known_at"]
        ]
        done = [
            one["code"]
            for one in own.get("procedure", [])
            if one["claim_id"] == claim and one["version"] == last["version"] and one["known_at"] == last["known_at"]
        ]
        same = [one for one in lines if (one["known_at"], one["version"]) == (last["known_at"], last["version"])]
        facts = {"principal_code": codes[0] if codes else None, "procedures": done, "beds": beds_of(same)}
        if still:
            facts |= {"discharge_day": None, "discharge_disposition_code": None}
        interim = still or last["bill_type_code"][2] in "234"
        seen = max(last["admission_day"], last["discharge_day"])
        yield _word(BILL, claim, last, instant, last["known_at"], seen, interim, last["happened_to"], **facts)
    visits: dict[tuple[str, str], list[Row]] = {}
    for message in own.get("adt_event", []):
        visits.setdefault((message["facility_id"], message["visit_number"]), []).append(message)
    for (_, visit), messages in visits.items():
        yield from _told_of_a_visit(visit, messages, instant)
    for notice in own.get("discharge_notice", []):
        same = [one for one in own["discharge_notice"] if one["claim_id"] == notice["claim_id"]]
        latest = max(same, key=lambda one: (one["known_at"], one["happened_from"], one["happened_to"]))
        revised = len({(one["known_at"], one["version"]) for one in claims.get(notice["claim_id"], [])}) > 1
        if notice is latest and not revised:
            seen = notice["discharge_day"]
            known = notice["known_at"]
            yield _word(NOTICE, notice["claim_id"], notice, instant, known, seen, False, notice["happened_to"])


def _told_of_a_visit(visit: str, messages: list[Row], instant: int) -> Iterator[Told]:
    """The last word of a visit, and a word for each part of it that a transfer to another kind of unit ended."""
    ordered = sorted(messages, key=lambda one: (one["known_at"], one["happened_from"]))
    last = ordered[-1]
    if last["patient_class"] != "I" or last["event_type"] == "A11":
        return
    # of messages known at one instant the last holds
    ordered = [one for one, after in zip(ordered, [*ordered[1:], None], strict=True) if _is_last(one, after)]
    began, came, visit_only = _since(ordered, last)
    observed = [one for one in ordered if one["patient_class"] != "I"]
    service: str | None = next(
        (one["hospital_service"] for one in reversed(observed) if one.get("hospital_service")), None
    )
    ordered = [one for one in ordered if one["event_type"] != "A11" and one["patient_class"] == "I"]
    left_unit = None
    for place, message in enumerate(ordered):
        before, service = service, message.get("hospital_service") or service
        following = ordered[place + 1]["event_type"] if place + 1 < len(ordered) else None
        moved = place > 0 and message["event_type"] == "A02" and _unit(service) != left_unit
        left_unit = _unit(service)
        if moved and following != "A12":
            part = {"admission_day": began, "admitted_at": came, "discharge_day": message["from_day"]}
            part |= {"discharged_at": message["happened_from"], "discharge_disposition_code": None, "service": before}
            part |= {"visit_only": visit_only}
            name, known, seen = f"{visit}/{place}", last["known_at"], message["from_day"]
            if began <= seen:
                yield _word(MESSAGE, name, last, instant, known, seen, False, message["happened_from"], **part)
            began, came, visit_only = message["from_day"], message["happened_from"], False
    out = last.get("discharge_day")
    seen = max(began, last["from_day"] if out is None else out)
    part = {"admission_day": began, "admitted_at": came, "service": service, "visit_only": visit_only}
    if out is None or out >= began:
        yield _word(MESSAGE, visit, last, instant, last["known_at"], seen, False, last.get("discharged_at"), **part)


def _since(ordered: list[Row], last: Row) -> tuple[int, int, bool]:
    """Day and instant of the admission, and whether these are only of a visit that began otherwise."""
    told = (last["admission_day"], last["admitted_at"])
    became = [
        (before, one)
        for before, one in itertools.pairwise(ordered)
        if one["patient_class"] == "I" and before["patient_class"] != "I"
    ]
    if not became or became[-1][0]["admitted_at"] != last["admitted_at"]:
        return *told, False
    message = became[-1][1]
    left = last.get("discharge_day")
    if message["event_type"] == "A03" or (left is not None and left < message["from_day"]):
        return *told, True
    return message["from_day"], message["happened_from"], False


def _is_last(message: Row, after: Row | None) -> bool:
    return after is None or after["known_at"] > message["known_at"]


def _unit(service: str | None) -> str | None:
    return UNIT_SERVICES.get((service or "").lower()[:3])


def _word(
    teller: int, name: str, row: Row, instant: int, known: int, seen: int, interim: bool, left: int | None, **more: Any
) -> Told:
    one: Told = {**dict.fromkeys(FACTS), "discharge_day": None, "procedures": [], **row, **more}
    facility = one["facility_id"]
    kind = facility_type(facility)
    said = one.get("beds") or _unit(one.get("service"))
    kind_told = said is not None or kind not in ACUTE
    if kind in ACUTE and said not in (None, "ordinary"):
        kind = said
    hospital = facility
    if facility[2:3] in CCN_UNITS and facility_type(facility) is not None:
        hospital = facility[:2] + CCN_UNITS[facility[2]][1] + facility[3:]
    lapsed = one["discharge_day"] is None and instant >= max(known, (seen + LAPSE_DAYS) * A_DAY)
    one |= {"teller": teller, "name": name, "kind": kind, "hospital": hospital, "seen": seen, "lapsed": lapsed}
    one |= {"left": None if one["discharge_day"] is None else left, "interim": interim, "kind_told": kind_told}
    one["came"] = one["admitted_at"] if teller == MESSAGE else row["happened_from"]
    if teller == BILL and row["from_day"] < row["admission_day"]:
        one["came"] += (row["admission_day"] - row["from_day"]) * A_DAY + 3_600
    return one


def beds_of(lines: list[Row]) -> str | None:
    """Whose beds the revenue centres of a bill name."""
    centres = [one.get("revenue_center_code") or "" for one in lines]
    rooms = [code for code in centres if code[:2] in ("01", "02") and code[:3] not in ("017", "018", "019")]
    rooms = [code for code in rooms if code[:2] == "01" or code[:3] in ("020", "021")]
    units = {_ROOMS.get(code[3]) if code[:3] in _SHARED else _ROOMS["4"] * (code == "0204") for code in rooms}
    if not rooms:
        return None
    return "ordinary" if units & {None, ""} else min(str(unit) for unit in units)


_ROOMS = {"4": "psychiatric_unit", "8": "rehabilitation_unit"}
_SHARED = ("011", "012", "013", "014", "015")


def _parted(told: list[Told]) -> Iterator[Told]:
    """Words of an acute stay, night by night: those of the unit's bills are not the ward's."""
    units: dict[tuple[str, int], list[Told]] = {}
    for one in told:
        if one["teller"] == BILL and one["kind"] not in ACUTE:
            units.setdefault((one["hospital"], one["admission_day"]), []).append(one)
    for one in told:
        if one["teller"] == BILL or one["kind"] not in ACUTE:
            yield one
            continue
        begins = sorted(day for hospital, day in units if hospital == one["hospital"])
        ends = {}
        for day in begins:
            seen = max(bill["seen"] for bill in units[one["hospital"], day])
            after = min([other for other in begins if other > day] + [seen + LAPSE_DAYS])
            outs = [bill["discharge_day"] for bill in units[one["hospital"], day] if bill["discharge_day"] is not None]
            ends[day] = max(outs, default=after)
        yield from _nights(one, {day: out for day, out in ends.items() if out > day}, units)


def _nights(one: Told, ends: dict[int, int], units: Mapping[tuple[str, int], list[Told]]) -> Iterator[Told]:
    first = one["admission_day"]
    last = one["seen"] if one["discharge_day"] is None else one["discharge_day"]
    inner = {day: out for day, out in ends.items() if first < day < last}
    if not inner:
        around = [day for day, out in ends.items() if day <= first and first < out and last <= out and day < last]
        if around and one.get("service") is None:
            one = {**one, "kind": max(bill["kind"] for day in around for bill in units[one["hospital"], day])}
        yield one
        return
    in_unit = {night for day, out in inner.items() for night in range(day, min(out, last))}
    starts = [
        night for night in range(first, last) if night not in in_unit and (night == first or night - 1 in in_unit)
    ]
    for start in starts:
        stop = next((night for night in range(start, last) if night in in_unit), None)
        part = {**one, "admission_day": start, "name": f"{one['name']}/{start}"}
        if start != first:
            left = [
                bill["left"] for day in inner for bill in units[one["hospital"], day]
                if inner[day] <= start and bill["discharge_day"] == inner[day]
            ]  # fmt: skip
            part["came"] = max(left)
        if stop is not None:
            came = min(bill["came"] for bill in units[one["hospital"], stop])
            part |= {"discharge_day": stop, "left": came, "seen": stop, "lapsed": False}
            part["discharge_disposition_code"] = None
        yield part


# ---- one admission to one hospital


def _beds(told: list[Told]) -> list[Told]:
    grouped: dict[tuple[str, int, int], list[Told]] = {}
    for one in told:
        others = [
            other
            for other in told
            if (other["teller"], other["hospital"], other["admission_day"])
            == (one["teller"], one["hospital"], one["admission_day"])
        ]
        within = one["discharge_day"] == one["admission_day"] and not one["interim"]
        longer = any(_far(other["discharge_day"]) > one["admission_day"] for other in others)
        turn = 0 if within and longer else 1
        grouped.setdefault((one["hospital"], one["admission_day"], turn), []).append(one)
    beds = [_bed(*key, words) for key, words in grouped.items()]
    for bed in beds:
        twins = [
            other for other in beds if (other["hospital"], other["admit_day"]) == (bed["hospital"], bed["admit_day"])
        ]
        bed["again"] = bed["turn"] - min(other["turn"] for other in twins)
    return beds


def _far(day: int | None) -> int:
    return 10**6 if day is None else day


def _bed(hospital: str, admitted: int, turn: int, words: list[Told]) -> Told:
    words = sorted(
        words,
        key=lambda one: (
            *(one["teller"], -(10**6) if one["discharge_day"] is None else one["discharge_day"]),
            *(one["seen"], one["name"]),
        ),
    )
    ends = [one["discharge_day"] for one in words if one["discharge_day"] is not None]
    end = max(ends, default=None)
    leaving = [one for one in words if end is not None and one["discharge_day"] == end and one["left"] is not None]
    by_message = [one["left"] for one in leaving if one["teller"] == MESSAGE]
    came = [one["came"] for one in words if one["teller"] == MESSAGE]

    def said(teller: int) -> str | None:
        return max((one["kind"] for one in words if one["teller"] == teller and one["kind"]), default=None)

    def out(teller: int) -> int | None:
        days = [one["discharge_day"] for one in words if one["teller"] == teller and one["discharge_day"] is not None]
        return max(days, default=None)

    return {
        "hospital": hospital,
        "admit_day": admitted,
        "turn": turn,
        "end": end,
        "seen": max(one["seen"] for one in words),
        "came": came[-1] if came else min(one["came"] for one in words),
        "left": max(by_message or [one["left"] for one in leaving], default=None),
        "interim": any(one["interim"] for one in words),
        "lapsed": all(one["lapsed"] for one in words),
        "billed": any(one["teller"] == BILL for one in words),
        "told": any(one["teller"] != BILL for one in words),
        "messaged": any(one["teller"] == MESSAGE for one in words),
        "procedures": [code for one in words for code in one["procedures"]],
        "disputed": None not in (out(BILL), out(MESSAGE)) and out(BILL) != out(MESSAGE),
        **{name: next((one[name] for one in reversed(words) if one[name] is not None), None) for name in FACTS},
        "kind": next(
            (one["kind"] for one in [*reversed([w for w in words if w["kind_told"]]), *reversed(words)] if one["kind"]),
            None,
        ),
        "visit_only": all(one.get("visit_only", False) for one in words),
        "disputed_kind": None not in (said(BILL), said(MESSAGE)) and said(BILL) != said(MESSAGE),
    }


def _ended(beds: list[Told]) -> list[Told]:
    """When each bed was left, as far as anybody can tell."""
    beds = sorted(beds, key=lambda one: (one["admit_day"], one["turn"], one["came"], one["hospital"]))
    for place, bed in enumerate(beds):
        later = beds[place + 1 :]
        again = any(other["admit_day"] >= bed["seen"] for other in later)
        bed["over"] = bed["end"] is not None or bed["lapsed"] or again
        if bed["end"] is not None:
            bed["until"] = bed["end"]
        elif not bed["over"]:
            bed["until"] = 10**6
        else:
            following = later[0] if later else None
            moved = (
                following is not None
                and following["admit_source_code"] == "4"
                and following["hospital"] != bed["hospital"]
                and 0 <= following["admit_day"] - bed["seen"] <= LAPSE_DAYS
            )
            bed["until"] = following["admit_day"] if moved and following is not None else bed["seen"]
    return beds


# ---- one stay


def _chains(beds: list[Told], acute: bool) -> list[list[Told]]:
    chains: list[list[Told]] = []
    so_far: list[Told] = []
    for bed in sorted(beds, key=lambda one: (one["admit_day"], one["turn"], one["until"], one["hospital"])):
        if so_far and _goes_on(max(enumerate(so_far), key=lambda pair: (pair[1]["until"], pair[0]))[1], bed, acute):
            chains[-1].append(bed)
        else:
            chains.append([bed])
        so_far.append(bed)
    return chains


def _goes_on(before: Told, bed: Told, acute: bool) -> bool:
    gap = bed["admit_day"] - before["until"]
    if gap < 0:
        return True
    if bed["hospital"] != before["hospital"]:
        return acute and gap <= 1
    if gap == 0 and bed["principal_code"] is not None and bed["principal_code"] == before["principal_code"]:
        return True
    one_told_each = {(bed["billed"], bed["told"]), (before["billed"], before["told"])} == {(True, False), (False, True)}
    ends = (before["end"], bed["end"])
    if gap == 0 and one_told_each and None not in ends and bed["end"] - before["end"] <= 1:
        return True
    still_there = before["end"] is None and before["interim"]
    return bool(still_there and (gap <= 1 or (bed["interim"] and gap <= 7)))


def _stay(person: str, beds: list[Told]) -> dict[str, Any]:
    first = beds[0]
    in_order = [bed for _, bed in sorted(enumerate(beds), key=lambda pair: (pair[1]["until"], pair[0]), reverse=True)]
    last = in_order[0]
    end = last["until"]
    at_the_end = [bed for bed in in_order if bed["until"] == end and bed["hospital"] == last["hospital"]]
    days = [bed["end"] for bed in at_the_end if bed["end"] is not None]
    discharged = max(days, default=None)
    left = [bed["left"] for bed in in_order if bed["end"] == end and bed["left"] is not None]
    since = [
        bed["admit_day"]
        for bed in beds
        if bed["hospital"] == first["hospital"] and not bed["visit_only"] and bed["admit_day"] <= first["until"]
    ]
    admitted = min(since, default=first["admit_day"])
    name = f"{person}|{admitted}|{first['facility_id']}" + ("|again" if first["again"] else "")

    def of(fact: str, given: list[Told]) -> Any:
        return next((bed[fact] for bed in given if bed[fact] is not None), None)

    at_last = [bed for bed in in_order if bed["hospital"] == last["hospital"]]
    at_first = [bed for bed in beds if bed["hospital"] == first["hospital"]]
    goes_on = [bed for bed in at_first if bed is not first and first["interim"] and bed["interim"]]
    admission = [bed for bed in in_order if bed is first or bed in goes_on]
    principal = of("principal_code", admission) or of("principal_code", at_first)
    bills = [bed["admit_day"] for bed in at_first if bed["billed"]]
    words = [bed["admit_day"] for bed in at_first if bed["messaged"]]
    return {
        "person_id": person,
        "stay_id": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:16],
        "admit_day": admitted,
        "discharge_day": discharged,
        "over": int(all(bed["over"] for bed in at_the_end)),
        "discharged_at": left[0] if left and discharged is not None else None,
        "first_facility_id": first["facility_id"],
        "facility_id": last["facility_id"],
        "hospital": last["hospital"],
        "procedures": [code for bed in beds for code in bed["procedures"]],
        "hospitals": len({bed["hospital"] for bed in beds}),
        "billed": int(any(bed["billed"] for bed in beds)),
        "discharge_disposition_code": of("discharge_disposition_code", at_the_end),
        "admit_type_code": of("admit_type_code", beds),
        "drg_code": of("drg_code", at_last),
        "planned": _planned(principal, [code for bed in at_first for code in bed["procedures"]]),
        "principal_code": of("principal_code", at_last),
        "first_principal_code": principal,
        "kind": last["kind"],
        "disputed_kind": int(any(bed["disputed_kind"] for bed in beds)),
        "disputed_admit_day": int(bool(bills and words) and min(bills) != min(words)),
        "disputed_discharge_day": int(any(bed["disputed"] for bed in beds)),
    }


def _planned(principal: str | None, procedures: list[str]) -> int:
    """The CMS algorithm on the codes of one stay."""
    done = {label for code in procedures for label in PLANNED_PROCEDURES.labels_of(ICD10PCS, code)}
    known = principal is not None and len(CCS_DIAGNOSIS.labels_of(ICD10CM, principal)) > 0
    began = PLANNED_DIAGNOSES.labels_of(ICD10CM, principal) if principal is not None else ()
    if "always_planned" in done or "always_planned" in began:
        return 1
    return int("potentially_planned" in done and known and "acute" not in began)
