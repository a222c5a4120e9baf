"""What the record tells of the people on the list as of an evening: how to reach them, where they are, what is open.

Only rows known by that evening are read. What nobody told is empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from features import windows
from features.codes.laboratory import LABS
from features.codes.places import ADMIT_TYPES, DISPOSITIONS, fact
from features.definitions.encounters import encounters
from features.definitions.stays import stay_versions
from features.record.record import Record
from features.record.tables import APPOINTMENT, ATTRIBUTION, CONTACT_DETAILS, FACILITY, ORDER, PERSON, PROVIDER
from serving.outreach import latest_told

if TYPE_CHECKING:
    import ibis.expr.types as ir

Facts = dict[str, dict[str, Any]]

TIMELINE_DAYS = 730
WHEREABOUTS = {  # by the kind of the code by which somebody left
    "home": "home",
    "home_health": "home with home care",
    "against_medical_advice": "home, left early",
    "skilled_nursing": "skilled nursing",
    "swing_bed": "skilled nursing",
    "nursing_facility": "nursing facility",
    "rehabilitation": "rehabilitation",
    "long_term": "long-term care",
    "psychiatric": "psychiatric hospital",
    "law_enforcement": "law enforcement",
}
NOT_TOLD = "home, as far as told"
LAB_NAMES = {lab.loinc: lab.name for lab in LABS}
CARE = {
    "emergency": "Emergency department",
    "observation": "Observation",
    "skilled_nursing": "Skilled nursing",
    "home_health": "Home health care",
    "hospice": "Hospice",
    "office": "Office visit",
    "telehealth": "Visit by video or telephone",
    "other_inpatient": "Other inpatient care",
}


def rows_of(record: Record, table: ir.Table) -> list[dict[str, Any]]:
    """The rows of an expression as plain values."""
    found: list[dict[str, Any]] = record.con.to_pyarrow(table).to_pylist()
    return found


def valid(versions: ir.Table, evening: int, people: Sequence[str]) -> ir.Table:
    """The versions that held at an evening, of some people."""
    now = versions.filter(versions.known_from <= evening, versions.known_until > evening)
    return now.filter(now.person_id.isin(list(people)))


def stays(record: Record, evening: int, people: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The acute stays of each person as they were known that evening, in order of admission."""
    now = valid(stay_versions(record), evening, people)
    names = ("person_id", "stay_id", "admit_day", "discharge_day", "over", "facility_id", "admit_type_code")
    rows = rows_of(record, now.select(*names, "discharge_disposition_code").order_by("admit_day", "stay_id"))
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["person_id"]].append(row)
    return found


def whereabouts(disposition: str | None) -> str:
    """Where somebody went, in a word or two, by the code of the discharge."""
    told = fact(DISPOSITIONS, disposition)
    return WHEREABOUTS.get(told.kind, told.wording) if told is not None else NOT_TOLD


def reach(record: Record, evening: int, people: Sequence[str]) -> Facts:
    """Telephone, language and the like of each person, and the doctor who answers for them."""
    names = (
        *("phone", "preferred_language", "interpreter_needed", "best_time", "caregiver_name", "caregiver_phone"),
        *("contact_opt_out", "first_name", "last_name"),
    )
    contacts = rows_of(record, latest_told(record[CONTACT_DETAILS], evening, people, names))
    who = {
        row["person_id"]: row for row in rows_of(record, latest_told(record[PERSON], evening, people, ("birth_day",)))
    }
    answers = latest_told(record[ATTRIBUTION], evening, people, ("provider_id", "practice"))
    doctors = {row["person_id"]: row for row in rows_of(record, answers)}
    clinicians = _names(record)
    found: Facts = {person: {} for person in people}
    for row in contacts:
        found[row["person_id"]] = {name: row[name] for name in names}
    for person, told in found.items():
        attributed = doctors.get(person, {})
        told["doctor"], told["of_doctor"] = clinicians.get(attributed.get("provider_id"), ("", ""))
        told["practice"] = attributed.get("practice") or told["of_doctor"]
        told["birth_day"] = who.get(person, {}).get("birth_day")
    return found


def _names(record: Record) -> dict[Any, tuple[str, str]]:
    rows = (
        record[PROVIDER]
        .group_by("provider_id")
        .aggregate(name=record[PROVIDER].name.max(), practice=record[PROVIDER].practice.max())
    )
    return {row["provider_id"]: (row["name"] or "", row["practice"] or "") for row in rows_of(record, rows)}


def facility_names(record: Record) -> dict[str, str]:
    """The name of each facility that has one."""
    rows = record[FACILITY].group_by("facility_id").aggregate(name=record[FACILITY].name.max())
    return {row["facility_id"]: row["name"] for row in rows_of(record, rows) if row["name"]}


def pending(record: Record, evening: int, spans: Mapping[str, tuple[int, int]]) -> dict[str, list[dict[str, str]]]:
    """Orders of laboratory and imaging of a stay (`spans`: days of admission and discharge by person) that had no
    result by the day of discharge and that nobody has looked at by the evening: what, who ordered it, how it stands.
    """
    rows = record[ORDER]
    told = rows.filter(
        rows.known_at <= evening, rows.person_id.isin(list(spans)), rows.order_type.isin(["laboratory", "imaging"])
    ).select("person_id", "order_id", "order_type", "status", "code", "orderer_id", "from_day", "known_at")
    orders: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(record, told.order_by("person_id", "order_id", "known_at")):
        orders[row["person_id"], row["order_id"]].append(row)
    clinicians = _names(record)
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for (person, _), steps in orders.items():
        standing = _standing(steps, spans[person], record.zone)
        if standing:
            first = steps[0]
            what = LAB_NAMES.get(first["code"] or "", first["order_type"])
            owner = clinicians.get(first["orderer_id"], ("", ""))[0]
            found[person].append({"what": what, "owner": owner, "standing": standing})
    return found


def _standing(steps: Sequence[Mapping[str, Any]], span: tuple[int, int], zone: str) -> str:
    """How an order stands, or nothing where it is not one that was pending at discharge."""
    admitted, left = span
    on = {step["status"]: int(windows.local_day([step["known_at"]], zone)[0]) for step in reversed(steps)}
    placed = next((step["from_day"] for step in steps if step["status"] == "ordered"), None)
    if placed is None or not admitted <= placed <= left or "reviewed" in on or "cancelled" in on:
        return ""
    if "resulted" not in on:
        return "still to come"
    return "has come, nobody has looked yet" if on["resulted"] > left else ""


def appointments(record: Record, evening: int, people: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Each visit as it stood that evening: day, status, specialty."""
    rows = record[APPOINTMENT]
    told = rows.filter(rows.known_at <= evening, rows.person_id.isin(list(people)))
    order = ("person_id", "appointment_id", "known_at")
    named = told.select(*order, "status", "specialty", "appointment_day").order_by(*order)
    last = {(row["person_id"], row["appointment_id"]): row for row in rows_of(record, named)}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (person, _), row in last.items():
        found[person].append({"day": row["appointment_day"], "status": row["status"], "with": row["specialty"] or ""})
    return found


def care(record: Record, evening: int, people: Sequence[str], since: int) -> dict[str, list[dict[str, Any]]]:
    """Visits and care outside acute hospitals that claims known that evening tell of, from a day on."""
    now = valid(encounters(record), evening, people)
    wanted = now.filter(now.from_day >= since, now.setting.isin(list(CARE)))
    rows = wanted.select("person_id", "setting", "from_day", "to_day").distinct()
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(record, rows.order_by("person_id", "from_day", "setting")):
        found[row["person_id"]].append({"day": row["from_day"], "to": row["to_day"], "what": CARE[row["setting"]]})
    return found


def timeline(
    own: Iterable[Mapping[str, Any]],
    visits: Iterable[Mapping[str, Any]],
    booked: Iterable[Mapping[str, Any]],
    places: Mapping[str, str],
    since: int,
) -> list[dict[str, Any]]:
    """Stays, visits and appointments since a day as one line of entries, the latest first."""
    entries: list[dict[str, Any]] = [
        {
            "day": stay["admit_day"],
            "to": stay["discharge_day"],
            "kind": "stay",
            "what": f"In hospital, {places.get(stay['facility_id'] or '', stay['facility_id'] or 'place not told')}",
        }
        for stay in own
        if stay["admit_day"] >= since
    ]
    entries += [{**visit, "kind": "visit"} for visit in visits]
    entries += [
        {"day": one["day"], "to": None, "kind": one["status"], "what": _appointment(one)}
        for one in booked
        if one["day"] >= since
    ]
    return sorted(entries, key=lambda entry: (-entry["day"], entry["what"]))


def _appointment(one: Mapping[str, Any]) -> str:
    return f"Visit {one['status']}" + (f", {one['with']}" if one["with"] else "")


def of_stay(stay: Mapping[str, Any], places: Mapping[str, str]) -> list[list[str]]:
    """The facts of a discharge, each with its name."""
    admitted, left = stay["admit_day"], stay["discharge_day"]
    nights = left - admitted
    told = fact(ADMIT_TYPES, stay["admit_type_code"])
    return [
        ["Admitted", windows.spoken(admitted) + (f", {told.wording}" if told else "")],
        ["Discharged", f"{windows.spoken(left)}, after {nights} {'night' if nights == 1 else 'nights'}"],
        ["Hospital", places.get(stay["facility_id"] or "", stay["facility_id"] or "not told")],
    ]
