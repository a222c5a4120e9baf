"""What every family is made of a second time: one index row at a time, in plain Python over the raw rows, from what the
families say and not from the engine's expressions. Stays come as they were known; they have a naive twin of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from features import windows
from features.catalogue.algebra import Family
from features.catalogue.conditions import CCS_CHOSEN
from features.catalogue.events import DRUG_CLASSES, Weighted, label_of
from features.catalogue.person import DUAL, SERVICES
from features.catalogue.treatment import CHRONIC_CLASSES
from features.codes.grouping import Grouping
from features.codes.groupings import CCS_DIAGNOSIS, CHARLSON, ELIXHAUSER
from features.codes.hcc import FULL_BENEFIT, HCC_V28, PARTIAL_BENEFIT, edits
from features.codes.laboratory import LABS, VITALS
from features.codes.medicines import PRODUCTS
from features.codes.systems import ICD10CM
from tests.histories import Rows

Row = Mapping[str, Any]
Event = dict[str, Any]
PRODUCT = {product.ndc: product for product in PRODUCTS}
TEST = {test.loinc: label_of(test.name) for test in (*LABS, *VITALS)}
EDITS: dict[str, list[Row]] = {}
for _edit in edits().to_pylist():
    EDITS.setdefault(_edit["code"], []).append(_edit)


@dataclass(frozen=True)
class Seen:
    """One index row with the rows of its person known at `as_of`, and their stays as they stood then."""

    index: Row
    own: Rows
    stays: Sequence[Row]

    def of(self, table: str) -> list[Row]:
        return list(self.own.get(table, []))

    @property
    def admit(self) -> int:
        return int(self.index["admit_day"])

    @property
    def left(self) -> int:
        return int(self.index["as_of_day"])

    @property
    def stay(self) -> Row | None:
        return next((stay for stay in self.stays if stay["stay_id"] == self.index["stay_id"]), None)


def seen(rows: Rows, index: Row, versions: Iterable[Row]) -> Seen:
    """`versions`: the stays as versions, of everybody."""
    person, as_of = index["person_id"], index["as_of"]
    own = {
        table: [one for one in given if one.get("person_id") == person and one["known_at"] <= as_of]
        for table, given in rows.items()
    }
    stays = [v for v in versions if v["person_id"] == person and v["known_from"] <= as_of < v["known_until"]]
    return Seen(index, own, stays)


# ---- claims


def standing(lines: Iterable[Row]) -> dict[str, list[Row]]:
    """The lines of the version of each claim that holds; a claim taken back has none."""
    versions: dict[str, dict[tuple[int, int], list[Row]]] = {}
    for line in lines:
        versions.setdefault(line["claim_id"], {}).setdefault((line["known_at"], line["version"]), []).append(line)
    last = {claim: of[max(of)] for claim, of in versions.items()}
    return {claim: held for claim, held in last.items() if not any(line["cancels"] for line in held)}


def encounters(at: Seen) -> Iterator[Event]:
    """Claims of care before the admission."""
    for held in standing(at.of("claim_line")).values():
        age = at.admit - min(line["from_day"] for line in held)
        if age > 0:
            who = _told(held, "rendering_id") or _told(held, "billing_id")
            codes = {line.get("hcpcs_code") for line in held}
            yield {
                "age": age,
                "label": _setting(held),
                "value": sum(line["paid"] for line in held if line.get("paid") is not None),
                "provider": max(who, default=None),
                "transitional": bool(codes & {"99495", "99496"}),
                "wellness": bool(codes & {"G0438", "G0439"}),
            }


def _told(lines: Iterable[Row], name: str) -> list[Any]:
    return [line[name] for line in lines if line.get(name) is not None]


def _setting(lines: Sequence[Row]) -> str:
    places = set(_told(lines, "place_of_service_code"))
    if any(line["claim_type"] == "professional" for line in lines):
        return "telehealth" if places & {"02", "10"} else "office" if "11" in places else "other"
    bill = max(_told(lines, "bill_type_code"), default="")
    kinds = {"11": "inpatient", "21": "skilled_nursing", "32": "home_health"}
    if bill[:2] in kinds:
        return kinds[bill[:2]]
    revenue = set(_told(lines, "revenue_center_code"))
    return "observation" if "0762" in revenue else "emergency" if "0450" in revenue else "outpatient"


def office(at: Seen) -> list[Event]:
    return [visit for visit in encounters(at) if visit["label"] in ("office", "telehealth")]


def usual(at: Seen) -> list[Event]:
    who = [visit["provider"] for visit in office(at) if visit["provider"] is not None and visit["age"] <= 365]
    return [{"age": 1, "value": max(who.count(one) for one in who)}] if who else []


def follow_up(at: Seen) -> list[Event]:
    ages = [visit["age"] for visit in office(at)]
    found = []
    for start in {stay["age"] for stay in earlier_stays(at) if stay["age"] > 30}:
        waited = [start - age for age in ages if 0 < start - age <= 30]
        if waited:
            found.append({"age": start, "value": min(waited)})
    return found


def emergency_visits(at: Seen) -> list[Event]:
    found = []
    for held in standing(at.of("claim_line")).values():
        ended = min(_told(held, "admission_day"), default=max(line["to_day"] for line in held))
        if "0450" in _told(held, "revenue_center_code") and ended < at.admit:
            found.append({"age": at.admit - min(line["from_day"] for line in held)})
    for visit in visits(at):
        ended = visit["discharge_day"] if visit["discharge_day"] is not None else visit["admission_day"] + 1
        if visit["patient_class"] == "E" and visit["event_type"] != "A11" and ended < at.admit:
            found.append({"age": at.admit - visit["admission_day"]})
    return found


# ---- stays and messages


def earlier_stays(at: Seen) -> list[Event]:
    """Stays over before the index admission, in order."""
    over = [
        stay
        for stay in at.stays
        if stay["stay_id"] != at.index["stay_id"]
        and stay["discharge_day"] is not None
        and stay["discharge_day"] <= at.admit
        and stay["admit_day"] < at.admit
    ]
    return [
        {**stay, "age": max(at.admit - stay["discharge_day"], 1), "value": stay["discharge_day"] - stay["admit_day"]}
        for stay in sorted(over, key=lambda stay: (stay["admit_day"], stay["discharge_day"]))
    ]


def returns(at: Seen) -> list[Event]:
    stays = earlier_stays(at)
    both = pairwise(stays)
    return [b for a, b in both if 0 <= b["admit_day"] - a["discharge_day"] <= 30 and not b["planned"]]


def visits(at: Seen) -> list[dict[str, Any]]:
    """Each visit as its messages left it: what the last one leaves out holds as told before."""
    told: dict[tuple[str, str], list[Row]] = {}
    for message in at.of("adt_event"):
        told.setdefault((message["facility_id"], message["visit_number"]), []).append(message)
    found = []
    for messages in told.values():
        state: dict[str, Any] = {"discharge_day": None}
        for message in sorted(messages, key=lambda one: (one["known_at"], one["happened_from"], one["event_type"])):
            state |= {name: value for name, value in message.items() if value is not None}
        found.append(state)
    return found


def messages_of_class(at: Seen) -> list[Event]:
    words = {"E": "emergency", "O": "outpatient"}
    return [
        {"age": at.admit - visit["admission_day"], "label": words[visit["patient_class"]]}
        for visit in visits(at)
        if visit["patient_class"] in words and visit["event_type"] != "A11"
    ]


def service(at: Seen) -> list[Event]:
    told = (at.stay or {}).get("hospital_service")
    words = SERVICES.get(str(told).lower()[:3])
    return [{"age": 0, "label": label_of(words)}] if told and words else []


def working(at: Seen) -> list[Event]:
    code = (at.stay or {}).get("admitting_code")
    return [{"age": 0, "label": label} for label in (CCS_DIAGNOSIS.labels_of(ICD10CM, code) if code else ())]


# ---- conditions


def diagnoses(at: Seen) -> set[tuple[str, int]]:
    """(code, age) of what stands on claims that hold."""
    held = {
        claim: (lines[0]["known_at"], lines[0]["version"]) for claim, lines in standing(at.of("claim_line")).items()
    }
    return {
        (one["code"], max(at.admit - one["from_day"], 0))
        for one in at.of("diagnosis")
        if held.get(one["claim_id"]) == (one["known_at"], one["version"]) and one["role"] != "admitting"
    }


def grouped(grouping: Grouping) -> Callable[[Seen], list[Event]]:
    return lambda at: [
        {"age": age, "label": label} for code, age in diagnoses(at) for label in grouping.labels_of(ICD10CM, code)
    ]


def beginning(*starts: str) -> Callable[[Seen], list[Event]]:
    return lambda at: [{"age": age} for code, age in diagnoses(at) if code.startswith(starts)]


def distinct(grouping: Grouping) -> Callable[[Seen], list[Event]]:
    def found(at: Seen) -> list[Event]:
        latest: dict[str, int] = {}
        for event in grouped(grouping)(at):
            latest[event["label"]] = min(event["age"], latest.get(event["label"], event["age"]))
        return [{"age": age} for age in latest.values()]

    return found


def weighted(family: Family, at: Seen) -> dict[str, float]:
    """The index over each window by itself: the labels in it, the mild ones of a severe one left out, added up."""
    of = family.events
    assert isinstance(of, Weighted)
    points, found = of.grouping.points(of.scheme), {}
    for window in family.windows:
        there = {e["label"] for e in grouped(of.grouping)(at) if window.nearest <= e["age"] <= window.farthest}
        counted = there - {mild for severe, mild in of.grouping.overrules if severe in there}
        assert family.measured is not None
        total = sum(points.get(label, 0) for label in counted)
        found[f"{family.name}_sum_{window.days}d"] = total / family.measured.divisor
    return found


def risk_categories(at: Seen) -> list[Event]:
    """CMS-HCC after the edits by age and sex."""
    born, female = _birth_and_sex(at)
    years = None if born is None else int(windows.age_in_years([born], [at.admit])[0])
    found = []
    for code, age in diagnoses(at):
        for label in HCC_V28.labels_of(ICD10CM, code):
            for edit in EDITS.get(code, [{}]):
                holds = edit.get("female") is not None and edit["female"] == female
                if years is not None and edit.get("age_at_most") is not None:
                    holds |= years <= edit["age_at_most"]
                if years is not None and edit.get("age_at_least") is not None:
                    holds |= years >= edit["age_at_least"]
                found.append({"age": age, "label": edit["instead"] if holds else label})
    return [event for event in found if event["label"] is not None]


# ---- medicines


def fills(at: Seen) -> list[Event]:
    found = []
    for fill, *_ in standing(at.of("dispensing")).values():
        product = PRODUCT.get(fill["ndc_code"])
        age = at.admit - fill["from_day"]
        if age > 0:
            found.append(
                {
                    "age": age,
                    "label": label_of(product.drug_class) if product else None,
                    "ingredient": product.ingredient if product else fill["ndc_code"],
                    "high_risk": bool(product and product.high_risk),
                    "value": fill["days_supply"],
                    "paid": fill["paid"],
                }
            )
    return found


def on_hand(at: Seen, kept: Callable[[Event], bool] = lambda fill: True) -> list[Event]:
    latest: dict[str, int] = {}
    for fill in fills(at):
        supply = 30 if fill["value"] is None else fill["value"]
        if kept(fill) and supply + 15 >= fill["age"]:
            latest[fill["ingredient"]] = min(fill["age"], latest.get(fill["ingredient"], fill["age"]))
    return [{"age": age} for age in latest.values()]


def supply(at: Seen) -> list[Event]:
    """Each day of the half-year on which a class was on hand, once."""
    days = {
        (fill["label"], age)
        for fill in fills(at)
        for age in range(fill["age"] - (fill["value"] or 0) + 1, fill["age"] + 1)
        if 1 <= age <= 180 and fill["label"] in CHRONIC_CLASSES
    }
    return [{"age": 1, "label": label, "value": 1} for label, _ in days]


def on_treatment(at: Seen) -> list[Event]:
    first: dict[str, int] = {}
    for fill in fills(at):
        if fill["label"] in CHRONIC_CLASSES and fill["value"] and fill["age"] - fill["value"] + 1 <= 180:
            first[fill["label"]] = max(first.get(fill["label"], 0), min(fill["age"], 180))
    return [{"age": 1, "value": days} for days in first.values()]


# ---- results, orders, appointments, coverage


def results(at: Seen) -> list[Event]:
    found = []
    for one in at.of("result"):
        moment = at.index["as_of"] - one["happened_from"]
        if one["code"] in TEST and one["value"] is not None and moment >= 0:
            event = {"label": TEST[one["code"]], "value": one["value"], "age": at.left - one["to_day"]}
            found.append({**event, "moment": moment})
    return found


def of_the_stay(at: Seen) -> list[Event]:
    return [e for e in results(at) if e["age"] <= at.left - at.admit and e["label"] in ("haemoglobin", "sodium")]


def _states(rows: Iterable[Row], number: str) -> list[Row]:
    last: dict[str, Row] = {}
    for one in sorted(rows, key=lambda one: (one["known_at"], one["happened_from"], one["status"])):
        last[one[number]] = one
    return list(last.values())


def pending(at: Seen) -> list[Event]:
    orders = _states(at.of("order"), "order_id")
    return [{"age": at.left - o["from_day"], "label": o["order_type"]} for o in orders if o["status"] == "ordered"]


def appointments(at: Seen) -> list[tuple[str, int]]:
    """(status, days from discharge to the visit)."""
    return [(a["status"], a["appointment_day"] - at.left) for a in _states(at.of("appointment"), "appointment_id")]


def months(at: Seen) -> list[Event]:
    return [{"age": age} for age in {at.left - month["from_day"] for month in at.of("coverage")} if age >= 0]


EVENTS: Mapping[str, Callable[[Seen], Iterable[Event]]] = {
    "enrolled_months": months,
    "service": service,
    "stays": earlier_stays,
    "emergency_stays": lambda at: [stay for stay in earlier_stays(at) if stay["admit_type_code"] == "1"],
    "returns": returns,
    "care": encounters,
    "cost": encounters,
    "inpatient_cost": encounters,
    "drug_cost": lambda at: [{"age": fill["age"], "value": fill["paid"]} for fill in fills(at)],
    "messages": messages_of_class,
    "transitional": lambda at: [visit for visit in encounters(at) if visit["transitional"]],
    "wellness": lambda at: [visit for visit in encounters(at) if visit["wellness"]],
    "providers": lambda at: [
        {"age": min(v["age"] for v in office(at) if v["provider"] == who)}
        for who in {v["provider"] for v in office(at)} - {None}
    ],
    "office": office,
    "usual_provider_visits": usual,
    "follow_up": follow_up,
    "days_to_follow_up": follow_up,
    "elixhauser": grouped(ELIXHAUSER),
    "charlson": grouped(CHARLSON),
    "charlson_conditions": distinct(CHARLSON),
    "dx": lambda at: [event for event in grouped(CCS_DIAGNOSIS)(at) if event["label"] in CCS_CHOSEN],
    "working": lambda at: [event for event in working(at) if event["label"] in CCS_CHOSEN],
    "social": beginning("Z55", "Z56", "Z57", "Z58", "Z59", "Z60", "Z61", "Z62", "Z63", "Z64", "Z65"),
    "lives_alone": beginning("Z602", "Z742", "Z743"),
    "falls": beginning("W0", "W1", "Z9181", "R296"),
    "not_taking": beginning("Z9114", "Z9111", "Z9112", "Z9113", "Z9119"),
    "fills": lambda at: [fill for fill in fills(at) if fill["label"] in DRUG_CLASSES],
    "drugs": on_hand,
    "high_risk_drugs": lambda at: on_hand(at, lambda fill: bool(fill["high_risk"])),
    "supply": supply,
    "supply_of_all": supply,
    "on_treatment": on_treatment,
    "lab": results,
    "sign": results,
    "at_discharge": of_the_stay,
    "pending": pending,
    "booked": lambda at: [{"age": days} for status, days in appointments(at) if status == "booked" and days >= 0],
    "appointments": lambda at: [{"age": -days, "label": status} for status, days in appointments(at) if days <= 0],
    "emergency_visits": emergency_visits,
    "risk": risk_categories,
}


# ---- facts


def _latest(told: Iterable[tuple[int, int | None]]) -> int | None:
    """The latest value told; the larger of two of one time."""
    given = [(when, value) for when, value in told if value is not None]
    return max(given)[1] if given else None


def _birth_and_sex(at: Seen) -> tuple[int | None, int | None]:
    people = at.of("person")
    born = _latest((one["known_at"], one["birth_day"]) for one in people)
    sexes = {"female": 1, "male": 0}
    return born, _latest((one["known_at"], sexes.get(one["sex"])) for one in people)


def _is(value: Any, *choices: str) -> int | None:
    return None if value is None else int(value in choices)


def facts(at: Seen) -> dict[str, float | None]:
    """Every column of every Facts that the random histories tell."""
    born, female = _birth_and_sex(at)
    people = at.of("person")
    begun = [month for month in at.of("coverage") if month["from_day"] <= at.left]

    def paid_by(codes: Sequence[str]) -> int | None:
        return _latest((month["from_day"], int(month.get("dual_status_code") in codes)) for month in begun)

    def entitled(*codes: str) -> int | None:
        return _latest((one["known_at"], _is(one.get("entitlement_code"), *codes)) for one in people)

    stay = at.stay or {}
    kind, source, went = (stay.get(n) for n in ("admit_type_code", "admit_source_code", "discharge_disposition_code"))
    on = stay.get("hospital_service")
    weekday = (at.left + 3) % 7
    return {
        "age_years": None if born is None else float(windows.age_in_years([born], [at.admit])[0]),
        "female": female,
        "entitled_by_disability": entitled("1"),
        "entitled_by_kidney_failure": entitled("2", "3"),
        "dual_eligible": paid_by(DUAL),
        "managed_care": _latest((month["from_day"], month["managed_care"]) for month in begun),
        "medicaid_full_benefit": paid_by(FULL_BENEFIT),
        "medicaid_partial_benefit": paid_by(PARTIAL_BENEFIT),
        "length_of_stay": at.left - at.admit,
        "emergency_admission": _is(kind, "1"),
        "urgent_admission": _is(kind, "2"),
        "elective_admission": _is(kind, "3"),
        "acute_admission": _is(kind if kind in ("1", "2", "5", "3", "4") else None, "1", "2", "5"),
        "came_from_nursing_home": _is(source, "5"),
        "came_from_hospital": _is(source, "4", "6"),
        "hospitals": stay.get("hospitals"),
        "went_home": _is(went, "01"),
        "went_to_skilled_nursing": _is(went, "03"),
        "went_home_with_help": _is(went, "06"),
        "went_to_rehabilitation": _is(went, "62"),
        "left_against_advice": _is(went, "07"),
        "weekend_discharge": int(weekday >= 5),
        "discharge_weekday": weekday,
        "from_oncology": None if on is None else int(on.lower().startswith("onc")),
    }
