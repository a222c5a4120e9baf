"""Vignettes as ASCII tables: what was told and when, in a form that a clinician can read. `-` is null.

A day is `03-05` (of 2024) or `2023-12-31`; a moment is a day with a clock time, or a day alone, which is its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from features import windows
from features.codes.laboratory import LABS
from features.codes.medicines import PRODUCTS
from tests.histories import ZONE, Rows, end, row, start

YEAR = "2024"
Cells = dict[str, str | None]


def parse(text: str) -> list[Cells]:
    """The rows under the header of a table whose columns are kept apart by `|`."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines() if line.strip()]
    header, *body = lines
    for line in body:
        assert len(line) == len(header), f"a row with {len(line)} cells under {len(header)} columns: {line}"
    return [
        {name: None if cell in ("", "-") else cell for name, cell in zip(header, line, strict=True)} for line in body
    ]


def day(text: str) -> int:
    """The day of `03-05` or `2023-12-31`."""
    return windows.parse_day(text if text.count("-") == 2 else f"{YEAR}-{text}")


def maybe_day(text: str | None) -> int | None:
    return None if text is None else day(text)


def moment(text: str) -> int:
    """The instant of `03-05 14:00`; of a day alone its last second."""
    date, _, clock = text.partition(" ")
    if not clock:
        return end(day(date))
    hour, minute = clock.split(":")
    local = windows.local_start(day(date)) + int(hour) * 3600 + int(minute) * 60
    return int(windows.to_instant(local, ZONE))


def short(number: float | None) -> str | None:
    """A day as the tables write it."""
    if number is None or number != number:  # null is not a number in a frame
        return None
    return windows.iso(int(number)).removeprefix(f"{YEAR}-")


def clock(instant: float | None) -> str | None:
    """A moment as the tables write it: a day alone for its last second."""
    if instant is None or instant != instant:
        return None
    on = int(windows.local_day([int(instant)], ZONE)[0])
    if int(instant) == end(on):
        return short(on)
    seconds = int(windows.to_local([int(instant)], ZONE)[0]) - windows.local_start(on)
    return f"{short(on)} {seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def person_rows(
    person: str,
    bills: str = "",
    messages: str = "",
    notices: str = "",
    visits: str = "",
    codes: str = "",
    deaths: str = "",
    covered: str = "",
    fills: str = "",
    orders: str = "",
    results: str = "",
    appointments: str = "",
    born: str = "1950-03-01",
    sex: str = "female",
) -> Rows:
    """One person's canonical rows from tables:

    bills     claim | in | out [| known | type | hospital | status | drg | version | cancels | admit | from | principal
              | procedure | begins | beds | icd]   known 40 days after discharge where not said; words may follow a
                                   code; begins: its first day of service; beds: a revenue centre of room and board;
                                   icd: 9 where its codes are of ICD-9
    messages  sent | event | visit | in | out | hospital [| class | status | service | admit | from | working]
    notices   known | in | out | hospital
    visits    claim | known | day | setting [| who | paid]         setting: emergency, office, telehealth, observation
    codes     claim | code [| poa | role | version]                on a bill or visit above
    deaths    day [| precision | known]
    covered   from | to [| dual | payer | managed]                          months, both included: 2024-01 | 2024-12
    fills     claim | known | day | drug | days [| version | cancels | paid]
    orders    order | known | day | type | status
    results   issued | drawn | test | value
    appointments  visit | known | day | status
    """
    billed = [(told, _bill(told)) for told in _rows(bills)]
    lines = [*(line for _, line in billed), *(_visit(told) for told in _rows(visits))]
    given = {
        "person": [row(day(born), day(born), end(day("2020-01-01")), birth_day=day(born), sex=sex)],
        "claim_line": lines,
        "adt_event": [_message(told) for told in _rows(messages)],
        "discharge_notice": [_notice(told) for told in _rows(notices)],
        "diagnosis": [
            *(
                _code({"code": _first_word(told["principal"]), "role": "principal", "icd": told.get("icd")}, line)
                for told, line in billed
                if told.get("principal")
            ),
            *(_code(told, line) for told in _rows(codes) for line in lines if _stands_on(told, line)),
        ],
        "procedure": [_procedure(told, line) for told, line in billed if told.get("procedure")],
        "death": [_death(told) for told in _rows(deaths)],
        "dispensing": [_fill(told) for told in _rows(fills)],
        "order": [_order(told) for told in _rows(orders)],
        "result": [_result(told) for told in _rows(results)],
        "appointment": [_appointment(told) for told in _rows(appointments)],
        "coverage": [month for told in _rows(covered) for month in _months(told)],
    }
    return {table: [{**one, "person_id": person} for one in rows] for table, rows in given.items() if rows}


def together(people: Iterable[Rows]) -> Rows:
    """The rows of several people."""
    found: Rows = {}
    for one in people:
        for table, given in one.items():
            found.setdefault(table, []).extend(given)
    return found


def same(found: Sequence[Mapping[str, str | None]], expected: str) -> None:
    """Compare with an expected table in the columns that it names; the message shows both."""
    wanted = parse(expected)
    names = list(wanted[0]) if wanted else [cell.strip() for cell in expected.strip().split("|")]
    shown = [{name: one[name] for name in names} for one in found]
    assert shown == wanted, "\n" + "\n".join(" | ".join(str(cell or "-") for cell in one.values()) for one in shown)


def _rows(text: str) -> list[Cells]:
    return parse(text) if text.strip() else []


def _text(told: Cells, name: str) -> str:
    value = told.get(name)
    assert value is not None, f"{name} is missing in {told}"
    return value


def _first_word(text: str | None) -> str | None:
    return text.split()[0] if text else None


def _bill(told: Cells) -> dict[str, Any]:
    first = day(_text(told, "in"))
    out = maybe_day(told.get("out"))
    last = first if out is None else out
    return row(
        maybe_day(told.get("begins")) or first,
        last,
        moment(_text(told, "known")) if told.get("known") else end(last + 40),
        claim_id=told["claim"],
        version=int(told.get("version") or 0),
        cancels=int(told.get("cancels") or 0),
        claim_line_number=1,
        claim_type="institutional",
        bill_type_code=told.get("type") or "111",
        admission_day=first,
        discharge_day=out,
        discharge_disposition_code=told.get("status"),
        admit_type_code=told.get("admit"),
        admit_source_code=told.get("from"),
        drg_code=told.get("drg"),
        facility_id=told.get("hospital", "h1"),
        revenue_center_code=_first_word(told.get("beds")),
        paid=int(told.get("paid") or 0),
    )


def _message(told: Cells) -> dict[str, Any]:
    first, out = told.get("in"), told.get("out")
    came = None if first is None else moment(first if " " in first else f"{first} 10:00")
    left = None if out is None else moment(out if " " in out else f"{out} 15:00")
    first_day = None if first is None else day(first.split(" ")[0])
    last_day = None if out is None else day(out.split(" ")[0])
    sent = moment(_text(told, "sent"))
    # as the reader does: a message happens when it is sent
    on = int(windows.local_day([sent], ZONE)[0])
    one = row(
        on,
        on,
        sent,
        visit_number=told["visit"],
        event_type=told["event"],
        patient_class=told.get("class") or "I",
        admitted_at=came,
        discharged_at=left,
        admission_day=first_day,
        discharge_day=last_day,
        facility_id=told.get("hospital"),
        discharge_disposition_code=told.get("status"),
        hospital_service=told.get("service"),
        admit_type_code=told.get("admit"),
        admit_source_code=told.get("from"),
        code_system=None if told.get("working") is None else "icd-10-cm",
        code=told.get("working"),
    )
    return {**one, "happened_from": sent, "happened_to": sent, "precision": "instant"}


def _notice(told: Cells) -> dict[str, Any]:
    first, last = day(_text(told, "in")), day(_text(told, "out"))
    facts = {"admission_day": first, "discharge_day": last, "facility_id": told.get("hospital")}
    return row(first, last, moment(_text(told, "known")), **facts)


def _months(told: Cells) -> list[dict[str, Any]]:
    firsts = windows.month_starts(day(f"{told['from']}-01"), day(f"{told['to']}-01"))
    lasts = [windows.month_starts(first, first + 31)[1] - 1 for first in firsts]
    facts = {"payer": "m", "payer_type": told.get("payer") or "medicare", "dual_status_code": told.get("dual")}
    managed = {"managed_care": int(str(told["managed"]))} if told.get("managed") else {}
    return [row(first, last, end(last), **facts, **managed) for first, last in zip(firsts, lasts, strict=True)]


_SETTINGS: dict[str, dict[str, Any]] = {
    "emergency": {"claim_type": "institutional", "bill_type_code": "131", "revenue_center_code": "0450"},
    "observation": {"claim_type": "institutional", "bill_type_code": "131", "revenue_center_code": "0762"},
    "outpatient": {"claim_type": "institutional", "bill_type_code": "131", "revenue_center_code": "0510"},
    "office": {"claim_type": "professional", "place_of_service_code": "11"},
    "telehealth": {"claim_type": "professional", "place_of_service_code": "02"},
}


def _visit(told: Cells) -> dict[str, Any]:
    on = day(_text(told, "day"))
    return row(
        on,
        on,
        moment(_text(told, "known")),
        claim_id=told["claim"],
        version=0,
        cancels=0,
        claim_line_number=1,
        rendering_id=told.get("who"),
        paid=int(told.get("paid") or 0),
        **_SETTINGS[_text(told, "setting")],
    )


def _stands_on(told: Cells, line: Mapping[str, Any]) -> bool:
    version = told.get("version")
    return line["claim_id"] == told["claim"] and (version is None or line["version"] == int(version))


def _code(told: Cells, claim: Mapping[str, Any]) -> dict[str, Any]:
    times = ("happened_from", "happened_to", "from_day", "to_day", "precision", "known_at", "source")
    return {
        **{name: claim[name] for name in times},
        "claim_id": claim["claim_id"],
        "version": claim["version"],
        "role": told.get("role") or "secondary",
        "code_system": f"icd-{told.get('icd') or 10}-cm",
        "code": told["code"],
        "present_on_admission": told.get("poa"),
    }


def _procedure(told: Cells, claim: Mapping[str, Any]) -> dict[str, Any]:
    one = _code({"code": _first_word(told["procedure"])}, claim)
    return {key: value for key, value in one.items() if key not in ("role", "present_on_admission")} | {
        "code_system": f"icd-{told.get('icd') or 10}-pcs"
    }


def _death(told: Cells) -> dict[str, Any]:
    on = day(_text(told, "day"))
    known = told.get("known")
    one = row(on, on, moment(known) if known else end(on + 10))
    if told.get("precision") == "month":
        first = windows.month_starts(on, on)[0]
        last = windows.month_starts(first, first + 31)[1] - 1
        one |= {"happened_from": start(first), "happened_to": end(last), "from_day": first, "to_day": last}
        one["precision"] = "month"
    return one


def _fill(told: Cells) -> dict[str, Any]:
    on = day(_text(told, "day"))
    return row(
        on,
        on,
        moment(_text(told, "known")),
        claim_id=told["claim"],
        version=int(told.get("version") or 0),
        cancels=int(told.get("cancels") or 0),
        ndc_code=next(product.ndc for product in PRODUCTS if product.ingredient == told["drug"]),
        days_supply=int(_text(told, "days")),
        paid=int(told.get("paid") or 0),
    )


def _order(told: Cells) -> dict[str, Any]:
    on = day(_text(told, "day"))
    facts = {"order_id": told["order"], "order_type": told["type"], "status": told["status"]}
    return row(on, on, moment(_text(told, "known")), **facts)


def _result(told: Cells) -> dict[str, Any]:
    drawn = moment(_text(told, "drawn"))
    on = int(windows.local_day([drawn], ZONE)[0])
    test = next(lab for lab in LABS if lab.name == told["test"])
    facts = {"kind": "laboratory", "code_system": "loinc", "code": test.loinc}
    value = round(float(_text(told, "value")) * 1000)
    return {
        **row(on, on, moment(_text(told, "issued")), value=value, **facts),
        "happened_from": drawn,
        "happened_to": drawn,
    }


def _appointment(told: Cells) -> dict[str, Any]:
    on, known = day(_text(told, "day")), moment(_text(told, "known"))
    booked = int(windows.local_day([known], ZONE)[0])
    return row(booked, booked, known, appointment_id=told["visit"], appointment_day=on, status=told["status"])
