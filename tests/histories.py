"""Small random histories of a few people, in canonical rows, for the laws. Days are counted from DAY_ZERO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from features import windows
from features.codes.laboratory import LABS
from features.codes.medicines import PRODUCTS
from features.record.record import Record, from_rows
from features.record.schema import Kind, Table
from features.record.tables import TABLES, table

ZONE = "America/New_York"
DAY_ZERO = windows.parse_day("2023-01-01")
CODES = ("I5022", "J441", "N1830", "E1122", "F0390", "Z602", "Z590", "W1830XA", "C7951", "I10", "K922", "I2510")
Rows = dict[str, list[dict[str, Any]]]


def start(day: int) -> int:
    return int(windows.start_of_day(day, ZONE))


def end(day: int) -> int:
    return int(windows.end_of_day(day, ZONE))


def row(first: int, last: int, known: int, **values: Any) -> dict[str, Any]:
    """A row that happened on days first to last and was known at an instant."""
    times = {"happened_from": start(first), "happened_to": end(last), "from_day": first, "to_day": last}
    return {**times, "precision": "day", "known_at": known, "source": "test", **values}


def arrow(target: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows on the table's own schema; columns not given are null."""
    schema = target.schema()
    full = [{"bucket": 0, **dict.fromkeys(c.name for c in target.all_columns), **given} for given in rows]
    return pa.Table.from_pylist(full, schema=schema)


def record_of(rows: Rows) -> Record:
    return from_rows({name: arrow(table(name), given) for name, given in rows.items()}, ZONE)


def random_rows(seed: int, people: int = 3) -> Rows:
    """People with stays, bills in several versions, diagnoses, fills, results, orders, visits and messages."""
    rng = np.random.default_rng(seed)
    rows: Rows = {t.name: [] for t in TABLES if t.about == "person"}
    for number in range(people):
        _person(f"p{number}", rng, rows)
    return {name: given for name, given in rows.items() if given}


def _known(day: int, rng: np.random.Generator) -> int:
    return end(day + int(rng.choice([0, 1, 5, 20, 45, 120])))


def _person(person: str, rng: np.random.Generator, rows: Rows) -> None:
    who = {"person_id": person}
    born = DAY_ZERO - int(rng.integers(25, 95)) * 365
    rows["person"].append(
        row(born, born, end(DAY_ZERO - 400), **who, birth_day=born, sex=str(rng.choice(["male", "female"])))
    )
    for month in windows.month_starts(DAY_ZERO - 365, DAY_ZERO + 700):
        if rng.random() < 0.95:
            rows["coverage"].append(row(month, month + 27, end(month), **who, payer="m", managed_care=0))
    day = DAY_ZERO + int(rng.integers(0, 120))
    for stay in range(int(rng.integers(1, 5))):
        day = _stay(person, f"{person}s{stay}", day, rng, rows)
        day += int(rng.choice([0, 1, 3, 12, 29, 30, 31, 90, 200]))
    for visit in range(int(rng.integers(0, 12))):
        _visit(person, f"{person}v{visit}", DAY_ZERO + int(rng.integers(-300, 500)), rng, rows)
    for fill in range(int(rng.integers(0, 14))):
        at = DAY_ZERO + int(rng.integers(-200, 500))
        product = PRODUCTS[int(rng.integers(len(PRODUCTS)))]
        told = {"claim_id": f"{person}f{fill}", "version": 0, "cancels": int(rng.random() < 0.1)}
        supply = int(rng.choice([7, 30, 90]))
        rows["dispensing"].append(
            row(
                at,
                at,
                _known(at, rng),
                **who,
                **told,
                ndc_code=product.ndc,
                days_supply=supply,
                paid=int(rng.integers(9_999)),
            )
        )
    for number in range(int(rng.integers(0, 15))):
        at = DAY_ZERO + int(rng.integers(-100, 500))
        lab = LABS[int(rng.integers(len(LABS)))]
        value = int(rng.integers(500, 200_000))
        known = start(at) + int(rng.integers(0, 200_000))
        told = {"kind": "laboratory", "code_system": "loinc", "code": lab.loinc, "value": value}
        rows["result"].append(row(at, at, max(known, end(at)), **who, **told))
        order = {
            "order_id": f"{person}o{number}",
            "order_type": "laboratory",
            "code_system": "loinc",
            "code": lab.loinc,
        }
        rows["order"].append(row(at, at, start(at), **who, **order, status="ordered"))
        if rng.random() < 0.7:
            rows["order"].append(row(at, at, max(known, end(at)), **who, **order, status="resulted"))
        after = at + int(rng.integers(1, 40))
        booked = {"appointment_id": f"{person}a{number}", "appointment_day": after}
        rows["appointment"].append(row(at, at, end(at), **who, **booked, status="booked"))
        became = str(rng.choice(["kept", "missed"]))
        rows["appointment"].append(row(after, after, end(after), **who, **booked, status=became))
    if rng.random() < 0.2:
        died = day + int(rng.integers(0, 60))
        rows["death"].append(row(died, died, end(died + 10), **who))


def _stay(person: str, stay: str, admit: int, rng: np.random.Generator, rows: Rows) -> int:
    leave = admit + int(rng.choice([0, 1, 2, 4, 9, 20]))
    hospital = f"h{rng.integers(3)}"
    who = {"person_id": person}
    codes = rng.choice(CODES, size=3, replace=False)
    if rng.random() < 0.8:
        in_at, out_at = start(admit) + 36_000, start(leave) + 54_000
        told = {"visit_number": stay, "patient_class": "I", "facility_id": hospital, "admitted_at": in_at}
        told |= {"admission_day": admit, "admit_type_code": str(rng.choice(["1", "3"])), "code": str(codes[0])}
        told |= {"code_system": "icd-10-cm", "hospital_service": "medicine"}
        rows["adt_event"].append(row(admit, admit, in_at, **who, **told, event_type="A01"))
        out = {
            "discharged_at": out_at,
            "discharge_day": leave,
            "discharge_disposition_code": str(rng.choice(["01", "03"])),
        }
        rows["adt_event"].append(row(admit, leave, max(out_at, in_at), **who, **told, **out, event_type="A03"))
    else:
        notice = {"admission_day": admit, "discharge_day": leave, "facility_id": hospital}
        rows["discharge_notice"].append(row(admit, leave, end(leave), **who, **notice, claim_id=stay))
    known = _known(leave, rng)
    for version in range(int(rng.choice([1, 1, 1, 2, 3]))):
        cancels = int(version > 0 and rng.random() < 0.4)
        bill = {"claim_id": stay, "version": version, "cancels": cancels, "claim_line_number": 1}
        bill |= {"claim_type": "institutional", "bill_type_code": "111", "admission_day": admit, "discharge_day": leave}
        bill |= {
            "facility_id": hospital,
            "drg_code": str(rng.choice(["291", "470", "871"])),
            "paid": int(rng.integers(1_000_000)),
        }
        rows["claim_line"].append(row(admit, leave, known, **who, **bill))
        for place, code in enumerate(codes):
            at = {"claim_id": stay, "version": version, "role": "principal" if place == 0 else "secondary"}
            at |= {"code_system": "icd-10-cm", "code": str(code), "present_on_admission": "Y"}
            rows["diagnosis"].append(row(admit, leave, known, **who, **at))
        known = max(known, end(leave)) + int(rng.choice([0, 86_400 * 20, 86_400 * 200]))
    return leave


def _visit(person: str, claim: str, day: int, rng: np.random.Generator, rows: Rows) -> None:
    who, known = {"person_id": person}, _known(day, rng)
    line = {"claim_id": claim, "version": 0, "cancels": 0, "claim_line_number": 1, "paid": int(rng.integers(90_000))}
    if rng.random() < 0.4:
        line |= {
            "claim_type": "institutional",
            "bill_type_code": "131",
            "revenue_center_code": "0450",
            "facility_id": "h1",
        }
    else:
        line |= {"claim_type": "professional", "place_of_service_code": "11", "rendering_id": f"d{rng.integers(3)}"}
    rows["claim_line"].append(row(day, day, known, **who, **line))
    code = {
        "claim_id": claim,
        "version": 0,
        "role": "principal",
        "code_system": "icd-10-cm",
        "code": str(rng.choice(CODES)),
    }
    rows["diagnosis"].append(row(day, day, known, **who, **code))


def changed_after(rows: Rows, instant: int, seed: int) -> Rows:
    """The same history with every row known after an instant changed, dropped or doubled."""
    rng = np.random.default_rng(seed)
    out: Rows = {}
    for name, given in rows.items():
        kept: list[dict[str, Any]] = []
        for one in given:
            if one["known_at"] <= instant or (choice := rng.random()) > 0.66:
                kept.append(one)
            elif choice > 0.33:
                kept.append(_altered(name, one, rng))
                kept.append(one)
        out[name] = kept
    return {name: given for name, given in out.items() if given}


def _altered(name: str, one: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    changed = dict(one)
    for column in table(name).columns:
        value = one.get(column.name)
        if value is None or column.choices:
            continue
        if column.kind in (Kind.CENTS, Kind.MILLI) or (column.kind is Kind.COUNT and column.name == "days_supply"):
            changed[column.name] = value + int(rng.integers(1, 1_000))
        if column.kind is Kind.CODE and column.name == "code":
            changed[column.name] = str(rng.choice(CODES))
        if column.name == "drg_code":
            changed[column.name] = "003"
    if rng.random() < 0.3 and "cancels" in changed:
        changed["cancels"] = 1
    return changed


# ---- evidence of stays, dense on purpose: few days, few hospitals, so that everything meets everything

# two short-term hospitals, a critical access hospital, a unit of the first, a psychiatric hospital, and one that no
# number decides
# room and board: none told, ordinary, psychiatric, rehabilitation, intensive care
BEDS = (None, None, None, None, "0120", "0124", "0128", "0200")
HOSPITALS = ("330001", "330001", "330002", "330002", "331301", "33T001", "334001", "h9")


def random_evidence(seed: int, people: int) -> Rows:
    """Bills in versions, interim bills, messages with cancellations and losses, and notices, of many stays within six
    weeks, and a few months later.
    """
    rng = np.random.default_rng(seed)
    rows: Rows = {"claim_line": [], "diagnosis": [], "procedure": [], "adt_event": [], "discharge_notice": []}
    tellers = (
        *(_told_by_bill, _told_by_messages, _told_by_notice, _told_by_interim_bills, _told_twice),
        _told_with_the_units_bill,
    )
    for number in range(people):
        for thing in range(int(rng.integers(1, 8))):
            tell = tellers[int(rng.choice(len(tellers), p=[0.27, 0.27, 0.1, 0.1, 0.16, 0.1]))]
            tell(f"p{number}", f"p{number}t{thing}", rng, rows)
    return {name: given for name, given in rows.items() if given}


def _span(rng: np.random.Generator) -> tuple[int, int, str]:
    admit = DAY_ZERO + int(rng.integers(0, 40)) + int(rng.choice([0, 0, 0, 0, 150]))
    return admit, admit + int(rng.choice([0, 0, 1, 2, 5, 12])), str(rng.choice(HOSPITALS))


def _told_by_bill(person: str, claim: str, rng: np.random.Generator, rows: Rows) -> None:
    _bill_versions(person, claim, _span(rng), rng, rows)


def _bill_versions(
    person: str, claim: str, span: tuple[int, int, str], rng: np.random.Generator, rows: Rows, kind: str = "111"
) -> None:
    admit, leave, hospital = span
    known = _known(leave, rng)
    # outpatient services of up to three days before are billed with the stay
    first = admit - int(rng.choice([0, 0, 0, 1, 3])) if kind == "111" else admit
    beds = [BEDS[int(rng.integers(len(BEDS)))] for _ in range(int(rng.choice([1, 1, 1, 2])))]
    for version in range(int(rng.choice([1, 1, 2, 3]))):
        interim = kind == "111" and rng.random() < 0.15
        told = {"claim_id": claim, "version": version, "cancels": int(version > 0 and rng.random() < 0.4)}
        told |= {"claim_line_number": 1, "claim_type": "institutional", "bill_type_code": "112" if interim else kind}
        told |= {"admission_day": admit, "discharge_day": leave, "facility_id": hospital}
        still = interim or kind in ("112", "113")
        told |= {"discharge_disposition_code": "30" if still else str(rng.choice(["01", "02", "03"]))}
        told |= {"drg_code": str(rng.choice(["291", "470"])), "admit_type_code": str(rng.choice(["1", "3"]))}
        told |= {"admit_source_code": str(rng.choice(["1", "4"]))}
        line = row(first, leave, known, person_id=person, **told)
        for number, centre in enumerate(beds):
            rows["claim_line"].append({**line, "claim_line_number": number + 1, "revenue_center_code": centre})
        code = {"claim_id": claim, "version": version, "role": "principal", "code_system": "icd-10-cm"}
        # heart failure, chemotherapy, osteoarthritis of the hip (never acute), and a code that no table knows
        code["code"] = str(rng.choice(["I5022", "I5022", "Z5111", "M1611", "U999"]))
        rows["diagnosis"].append(row(first, leave, known, person_id=person, **code))
        if rng.random() < 0.3:
            # a hip is replaced, a kidney transplanted, a vein punctured
            done = {"claim_id": claim, "version": version, "code_system": "icd-10-pcs"}
            done["code"] = str(rng.choice(["0SR90J9", "0TY00Z0", "3E0333Z"]))
            rows["procedure"].append(row(first, leave, known, person_id=person, **done))
        known += int(rng.choice([0, 86_400, 20 * 86_400]))
        leave += int(rng.choice([0, 0, 1]))


def _told_by_interim_bills(person: str, claim: str, rng: np.random.Generator, rows: Rows) -> None:
    """Two or three bills of one stay; some hospitals write the day of admission on each, some the first day billed."""
    admit, _, hospital = _span(rng)
    own_first_day = bool(rng.random() < 0.5)
    for place, kind in enumerate(("112", "113", "114")[: int(rng.integers(2, 4))]):
        first = admit + 7 * place
        span = (first if own_first_day else admit, first + 6, hospital)
        _bill_versions(person, f"{claim}i{place}", span, rng, rows, kind)


def _told_by_messages(person: str, visit: str, rng: np.random.Generator, rows: Rows) -> None:
    _messages(person, visit, _span(rng), rng, rows)


def _told_twice(person: str, name: str, rng: np.random.Generator, rows: Rows) -> None:
    """By messages and by a bill, which tell days that differ by one now and then."""
    admit, leave, hospital = _span(rng)
    _messages(person, name, (admit, leave, hospital), rng, rows)
    first = admit + int(rng.choice([0, 0, 0, 1])) if leave > admit else admit
    _bill_versions(person, name, (first, leave + int(rng.choice([0, 0, 0, 1])), hospital), rng, rows)


def _told_with_the_units_bill(person: str, name: str, rng: np.random.Generator, rows: Rows) -> None:
    """Messages of one long visit, and one or two bills of the hospital's unit within it, by its own number or by beds;
    now and then the ward's bill too.
    """
    admit, _, hospital = _span(rng)
    leave = admit + int(rng.integers(2, 15))
    _messages(person, name, (admit, leave, hospital), rng, rows)
    first = admit + int(rng.integers(0, 4))
    for number in range(int(rng.choice([1, 1, 2]))):
        last = min(first + int(rng.choice([0, 1, 3, 12])), leave + 1)
        place = str(rng.choice(["33T001", hospital]))
        _bill_versions(person, f"{name}u{number}", (first, max(first, last), place), rng, rows)
        first = last + int(rng.integers(0, 3))
    if rng.random() < 0.4:
        _bill_versions(person, f"{name}w", (admit, min(leave, admit + 3), hospital), rng, rows)


def _messages(person: str, visit: str, span: tuple[int, int, str], rng: np.random.Generator, rows: Rows) -> None:
    admit, leave, hospital = span
    came, left = start(admit) + 36_000, start(leave) + 54_000
    told: dict[str, Any] = {"visit_number": visit, "patient_class": "I", "facility_id": hospital}
    told |= {"admitted_at": came, "admission_day": admit, "admit_type_code": str(rng.choice(["1", "3"]))}
    told |= {"admit_source_code": str(rng.choice(["1", "4"]))}
    gone = {"discharged_at": left, "discharge_day": leave, "discharge_disposition_code": str(rng.choice(["01", "02"]))}
    sent: list[tuple[str, int, dict[str, Any]]] = [("A01", came, {})]
    before = str(rng.choice(["O", "E"]))
    if rng.random() < 0.2:
        sent.append(("A08", max(came, left - 7_200), {}))
    for _ in range(int(rng.choice([0, 0, 0, 1, 2]))):
        moved = int(rng.integers(came + 60, max(came + 120, left)))
        sent.append(("A02", moved, {"hospital_service": str(rng.choice(["MED", "REHAB", "PSYCH"]))}))
        if rng.random() < 0.3:
            sent.append(("A12", moved + 30, {"hospital_service": "MED"}))
    became = _observed_first(rng, sent, came, left)
    sent.sort(key=lambda one: one[1])
    if rng.random() < 0.75:
        sent.append(("A03", left, gone))
    if rng.random() < 0.15:
        sent.append(("A13", left + 3_600, {}))
    if rng.random() < 0.1:
        sent.append(("A11", left + 7_200, {}))
    for event, at, more in sent:
        on = int(windows.local_day([at], ZONE)[0])
        seen_as = {} if at >= became else {"patient_class": before}
        one = row(on, on, at, person_id=person, event_type=event, **{**told, **seen_as, **more})
        rows["adt_event"].append({**one, "happened_from": at, "happened_to": at})


def _observed_first(rng: np.random.Generator, sent: list[tuple[str, int, dict[str, Any]]], came: int, left: int) -> int:
    """When the visit became an inpatient's: most often at once. Else with a message (A06), which repeats the time at
    which the visit began or tells its own; now and then the discharge is the first to say so.
    """
    if rng.random() > 0.25 or left <= came + 60:
        return came
    became = int(rng.integers(came + 60, left))
    if rng.random() < 0.25:
        return left
    on = int(windows.local_day([became], ZONE)[0])
    own = {"admitted_at": became, "admission_day": on} if rng.random() < 0.3 else {}
    sent.append(("A06", became, own))
    return became


def _told_by_notice(person: str, claim: str, rng: np.random.Generator, rows: Rows) -> None:
    """A notice declared from a claim, and most often the claim, later."""
    admit, leave, hospital = _span(rng)
    told = {"claim_id": claim, "admission_day": admit, "discharge_day": leave, "facility_id": hospital}
    rows["discharge_notice"].append(row(admit, leave, end(leave), person_id=person, **told))
    if rng.random() < 0.7:
        _bill_versions(person, claim, (admit, leave, hospital), rng, rows)


# two ways of falling, one of them treated again, a medicine's effect, a complication, and the like
HARM_CODES = (
    *("W1830XA", "W1830XD", "W010XXA", "T360X5A", "T451X5A", "T8140XA", "A0472", "N179", "N170", "K922", "D6832"),
    *("L89153", "F05", "I2699", "E11649"),
)


def with_harms(rows: Rows, people: int, seed: int) -> Rows:
    """The same history, with harms coded on its inpatient bills, with and without flags of presence on admission, and
    on visits before, between and after the stays.
    """
    rng = np.random.default_rng(seed)
    found: Rows = {name: list(given) for name, given in rows.items()}
    for line in rows["claim_line"]:
        flags = ("Y", "N", "W", "1", None) if rng.random() < 0.8 else (None,)
        told = {name: line[name] for name in ("person_id", "claim_id", "version")}
        for code in rng.choice(HARM_CODES, size=int(rng.integers(0, 4)), replace=False):
            told |= {"role": "secondary", "code_system": "icd-10-cm", "code": str(code)}
            told["present_on_admission"] = flags[int(rng.integers(len(flags)))]
            found["diagnosis"].append(row(line["from_day"], line["to_day"], line["known_at"], **told))
    for number in range(people):
        for visit in range(int(rng.integers(0, 8))):
            day = DAY_ZERO + int(rng.integers(-60, 70))
            _harmed(f"p{number}", f"p{number}h{visit}", day, rng, found)
    return found


def _harmed(person: str, claim: str, day: int, rng: np.random.Generator, rows: Rows) -> None:
    """A visit with one or two codes of harm, in an emergency department, under observation or in an office."""
    setting: dict[str, str] = [
        {
            "claim_type": "institutional",
            "bill_type_code": "131",
            "revenue_center_code": "0450",
            "facility_id": "330001",
        },
        {
            "claim_type": "institutional",
            "bill_type_code": "131",
            "revenue_center_code": "0762",
            "facility_id": "330001",
        },
        {"claim_type": "professional", "place_of_service_code": "11"},
    ][int(rng.choice(3, p=[0.5, 0.2, 0.3]))]
    told = {"person_id": person, "claim_id": claim, "version": 0}
    known = _known(day, rng)
    rows["claim_line"].append(row(day, day, known, **told, cancels=0, claim_line_number=1, **setting))
    for code in rng.choice(HARM_CODES, size=int(rng.choice([1, 1, 2])), replace=False):
        coded = {"role": "secondary", "code_system": "icd-10-cm", "code": str(code)}
        rows["diagnosis"].append(row(day, day, known, **told, **coded))


def with_enrolment(rows: Rows, people: int, seed: int) -> Rows:
    """The same history of people of all ages, enrolled most months with one payer or the other, now and then in managed
    care; some dead, some of their bills those of another end (died, left against advice, sent on), of another diagnosis
    (depression, rehabilitation, cancer) or with an operation, and some in a cancer hospital.
    """
    rng = np.random.default_rng(seed)
    found: Rows = {**{name: list(given) for name, given in rows.items()}, "person": [], "coverage": [], "death": []}
    for person in (f"p{number}" for number in range(people)):
        born = DAY_ZERO - int(rng.choice([40, 64, 65, 65, 70, 80])) * 365 - int(rng.integers(0, 365))
        found["person"].append(row(born, born, end(DAY_ZERO - 400), person_id=person, birth_day=born))
        lapses, managed = rng.random() < 0.3, rng.random() < 0.15
        payer = "commercial" if rng.random() < 0.1 else "medicare"
        for month in windows.month_starts(DAY_ZERO - 420, DAY_ZERO + 260):
            last = windows.month_starts(month, month + 31)[1] - 1
            facts = {"person_id": person, "payer": "m", "payer_type": payer}
            if not (lapses and rng.random() < (0.02 if month < DAY_ZERO else 0.2)):
                care = int(managed and rng.random() < 0.1)
                found["coverage"].append(row(month, last, end(last), **facts, managed_care=care))
        if rng.random() < 0.2:
            died = DAY_ZERO + int(rng.integers(10, 200))
            found["death"].append(row(died, died, end(died), person_id=person))
    ends = {claim: str(rng.choice(["01", "07", "20", "05"])) for claim in _claims(rows) if rng.random() < 0.2}
    about = {claim: str(rng.choice(["F329", "Z44001", "C50911"])) for claim in _claims(rows) if rng.random() < 0.3}
    found["claim_line"] = [_ended_otherwise(line, ends) for line in found["claim_line"]]
    found["diagnosis"] = [{**one, "code": about.get(one["claim_id"], one["code"])} for one in found["diagnosis"]]
    operated = {claim for claim, code in about.items() if code == "C50911" and rng.random() < 0.5}
    for one in [one for one in found["diagnosis"] if one["claim_id"] in operated]:
        facts = {name: value for name, value in one.items() if name != "role"}
        found["procedure"].append({**facts, "code_system": "icd-10-pcs", "code": "0HTT0ZZ"})
    oncology = {f"p{number}" for number in range(0, people, 4)}
    return {name: [_in_oncology(one, oncology) for one in given] for name, given in found.items()}


def _in_oncology(one: dict[str, Any], people: set[str]) -> dict[str, Any]:
    """The row, of these people's second hospital as of a cancer hospital."""
    moved = one.get("facility_id") == "330002" and one["person_id"] in people
    return {**one, "facility_id": "330154"} if moved else one


def _claims(rows: Rows) -> list[str]:
    return sorted({line["claim_id"] for line in rows["claim_line"]})


def _ended_otherwise(line: dict[str, Any], ends: Mapping[str, str]) -> dict[str, Any]:
    """The line with another patient status, where its claim has one and it is no interim bill's."""
    if line["discharge_disposition_code"] == "30" or line["claim_id"] not in ends:
        return line
    return {**line, "discharge_disposition_code": ends[line["claim_id"]]}


def shifted(rows: Rows, days: int) -> Rows:
    """The same history some days later, by the network's clock."""

    def moved(kind: Kind, value: Any) -> Any:
        if value is None or kind not in (Kind.DAY, Kind.INSTANT):
            return value
        if kind is Kind.DAY:
            return value + days
        return int(windows.to_instant(windows.to_local([value], ZONE) + windows.local_start(days), ZONE)[0])

    kinds = {name: {column.name: column.kind for column in table(name).all_columns} for name in rows}
    return {
        name: [{key: moved(kinds[name].get(key, Kind.TEXT), value) for key, value in one.items()} for one in given]
        for name, given in rows.items()
    }
