"""Bills before delivery: heads, diagnoses, procedures, lines; and those of offices and emergency departments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.simulate import codebook, delivery, reasons
from features.simulate.ambulatory import KEPT, TELEHEALTH, WELLNESS, Emergencies, Visits
from features.simulate.frame import NO_DAY, Array, Flags, Frame, Ints, generator, person_day, stack, take
from features.simulate.ground import Ground
from features.simulate.population import People

ROOM = 5
INSTITUTIONAL, PROFESSIONAL = 0, 1
SLOTS = 16  # diagnoses that a simulated bill can carry
PLACES: tuple[str, ...] = ("11", "10", "21", "23", "31", "12")
OFFICE, HOME_SCREEN, WARD, EMERGENCY = 0, 1, 2, 3
BILL_TYPES: tuple[str, ...] = ("111", "112", "113", "114", "131", "211", "329", "811", "813")
SOURCES: tuple[str, ...] = ("1", "2", "4", "5")
TYPES: tuple[str, ...] = ("1", "2", "3", "5")
ENDINGS: tuple[str, ...] = ("01", "03", "06", "62", "07", "50", "51", "20", "63", "02", "30")
UNDONE = -1


@dataclass(frozen=True)
class Bills:
    """`head`: one row a bill. `diagnoses` (bills, SLOTS): positions in codebook.DIAGNOSES, -1 for none; `present` says
    of each whether it was present on admission (1), arose later (0), or carries no mark (-1). `lines`: bill (row),
    revenue, hcpcs, units, cents (allowed).
    """

    head: Frame
    diagnoses: Ints
    present: Ints
    lines: Frame


def heads(size: int, **columns: Array | int) -> Frame:
    """Heads of `size` bills; what is not given is missing."""
    missing = {"admitted": NO_DAY, "discharged": NO_DAY, "procedure_day": NO_DAY}
    names = (
        "person", "kind", "start", "end", "admitted", "discharged", "source", "type", "ending", "place", "bill_type",
        "drg", "rendering", "billing", "facility", "procedure", "procedure_day", "paid", "fate",
    )  # fmt: skip
    given = {**{name: missing.get(name, UNDONE) for name in names}, **columns}
    return {name: np.broadcast_to(np.asarray(given[name], dtype=np.int64), size).copy() for name in names}


def packed(size: int, columns: Sequence[Array]) -> Ints:
    """Diagnoses side by side without holes: shape (size, SLOTS), -1 behind the last one; more are dropped."""
    table = np.full((size, SLOTS), -1, dtype=np.int64)
    filled = np.zeros(size, dtype=np.int64)
    for column in columns:
        rows = np.flatnonzero((column >= 0) & (filled < SLOTS))
        table[rows, filled[rows]] = column[rows]
        filled[rows] += 1
    return table


def condition_columns(random: np.random.Generator, written: Flags) -> list[Ints]:
    """One column of diagnosis positions for each condition: -1 where it is not written."""
    columns = []
    for position, codes in enumerate(codebook.CONDITION_CODES):
        column = np.full(len(written), -1, dtype=np.int64)
        rows = np.flatnonzero(written[:, position])
        column[rows] = np.array(codes)[random.integers(0, len(codes), len(rows))]
        columns.append(column)
    return columns


def lines(parts: Sequence[tuple[Array, int, Array | int, Array | int, Array | int]]) -> Frame:
    """Lines of (bill rows, revenue, hcpcs, units, cents), sorted by bill and in the order given within a bill."""
    frames = []
    for order, (bill, revenue, hcpcs, units, cents) in enumerate(parts):
        size = len(bill)
        frames.append(
            {
                "bill": np.asarray(bill, dtype=np.int64),
                "order": np.full(size, order),
                "revenue": np.full(size, revenue),
                "hcpcs": np.broadcast_to(np.asarray(hcpcs, dtype=np.int64), size),
                "units": np.broadcast_to(np.asarray(units, dtype=np.int64), size),
                "cents": np.broadcast_to(np.asarray(cents, dtype=np.int64), size),
            }
        )
    frame = stack(frames)
    return take(frame, np.lexsort((frame["order"], frame["bill"])))


def joined(parts: Sequence[Bills]) -> Bills:
    """Several lots of bills as one."""
    offsets = np.cumsum([0] + [len(part.diagnoses) for part in parts])
    moved = [{**part.lines, "bill": part.lines["bill"] + offset} for part, offset in zip(parts, offsets, strict=False)]
    return Bills(
        stack([part.head for part in parts]),
        np.concatenate([part.diagnoses for part in parts]),
        np.concatenate([part.present for part in parts]),
        stack(moved),
    )


def office(people: People, ground: Ground, visits: Visits, seed: int, block: int) -> Bills:
    """Office, telehealth and wellness visits that were kept."""
    random = generator(seed, block, ROOM)
    kept = visits.frame["status"] == KEPT
    frame, written = take(visits.frame, kept), visits.written[kept]
    size = len(frame["person"])
    wellness = frame["kind"] == WELLNESS
    none = np.where(written.any(axis=1), -1, codebook.diagnosis("R6889"))
    none = np.where(wellness, codebook.diagnosis("Z0000"), none)
    level = random.integers(0, 10, size)
    usual = np.where(level < 5, codebook.hcpcs("99214"), codebook.hcpcs("99213"))
    usual = np.where(level == 9, codebook.hcpcs("99215"), usual)
    first = random.random(size) < 0.04
    hcpcs = np.where(wellness, np.where(first, codebook.hcpcs("G0438"), codebook.hcpcs("G0439")), usual)
    hcpcs = np.where((frame["kind"] == 1) & first, codebook.hcpcs("99204"), hcpcs)
    drawn = np.flatnonzero(random.random(size) < 0.28)
    rows = np.arange(size)
    return Bills(
        heads(
            size, person=frame["person"], kind=PROFESSIONAL, start=frame["day"], end=frame["day"],
            place=np.where(frame["kind"] == TELEHEALTH, HOME_SCREEN, OFFICE), rendering=frame["clinician"],
            billing=ground.clinician_practice[frame["clinician"]], paid=frame["paid"], fate=frame["fate"],
        ),
        packed(size, [none, *condition_columns(random, written)]),
        np.full((size, SLOTS), -1, dtype=np.int64),
        lines([
            (rows, UNDONE, hcpcs, 1, random.integers(8_500, 21_000, size)),
            (drawn, UNDONE, codebook.hcpcs("80053"), 1, 1_450),
            (drawn[::2], UNDONE, codebook.hcpcs("85025"), 1, 1_080),
        ]),
    )  # fmt: skip


def follow_ups(people: People, ground: Ground, stays: Frame, seed: int, block: int) -> Bills:
    """Visits booked at discharge and kept: transitional care where primary care does it in time."""
    random = generator(seed, block, ROOM + 100)
    frame = take(stays, stays["follow_kept"])
    size = len(frame["person"])
    clinician = np.where(
        frame["follow_primary"], people.clinician[frame["person"]], random.choice(np.flatnonzero(
            (ground.clinician_specialty >= 2) & (ground.clinician_specialty < 9)), size)
    )  # fmt: skip
    wait = frame["follow_day"] - frame["last"]
    transitional = frame["follow_primary"] & (random.random(size) < 0.45) & (wait <= 14)
    hcpcs = np.where(
        transitional,
        np.where(wait <= 7, codebook.hcpcs("99496"), codebook.hcpcs("99495")),
        codebook.hcpcs("99214"),
    )
    return Bills(
        heads(
            size, person=frame["person"], kind=PROFESSIONAL, start=frame["follow_day"], end=frame["follow_day"],
            place=OFFICE, rendering=clinician, billing=ground.clinician_practice[clinician],
            paid=frame["follow_day"] + delivery.days_to_pay(random, size), fate=delivery.fates(random, size),
        ),
        packed(size, [np.full(size, codebook.diagnosis("Z09"))]),
        np.full((size, SLOTS), -1, dtype=np.int64),
        lines([(np.arange(size), UNDONE, hcpcs, 1, random.integers(12_000, 28_000, size))]),
    )  # fmt: skip


def emergency(people: People, ground: Ground, emergencies: Emergencies, stays: Frame, seed: int, block: int) -> Bills:
    """Emergency and observation visits without admission: the own ones, and those that are adverse events."""
    random = generator(seed, block, ROOM + 200)
    own = take(emergencies.frame, ~emergencies.frame["dropped"])
    size = len(own["person"])
    calm = ~_after_discharge(own["person"], own["day"], stays)
    falls = calm & (random.random(size) < 0.12)
    which = random.integers(0, len(codebook.FALLS), size)
    first = np.where(falls, codebook.FALLS[which, 0], codebook.COMPLAINTS[own["complaint"]])
    second = np.where(falls, codebook.FALLS[which, 1], -1)
    harms = take(stays, stays["harm_visit_day"] != NO_DAY)
    kinds = harms["harm_kind"] % len(reasons.HARMS)
    harmed = len(harms["person"])
    person = np.concatenate([own["person"], harms["person"]])
    day = np.concatenate([own["day"], harms["harm_visit_day"]])
    observed = np.concatenate([own["observed"], harms["harm_observed"]])
    hospital = np.concatenate([own["hospital"], harms["hospital"]])
    paid = np.concatenate([own["paid"], harms["harm_visit_paid"]])
    fate = np.concatenate([own["fate"], delivery.fates(random, harmed)])
    firsts = np.concatenate([first, codebook.HARM_FIRST[kinds]])
    seconds = np.concatenate([second, codebook.HARM_SECOND[kinds]])
    total = size + harmed
    level = codebook.hcpcs("99281") + np.array([1, 2, 2, 3, 3, 3, 4, 4])[random.integers(0, 8, total)]
    doctors = np.flatnonzero(ground.clinician_specialty == 10)
    doctor = random.choice(doctors, total)
    watched = np.flatnonzero(observed)
    facility_bill = Bills(
        heads(
            total, person=person, kind=INSTITUTIONAL, start=day, end=day + observed, bill_type=BILL_TYPES.index("131"),
            facility=hospital, billing=hospital, rendering=doctor, ending=ENDINGS.index("01"), paid=paid, fate=fate,
        ),
        packed(total, [firsts, seconds]),
        np.full((total, SLOTS), -1, dtype=np.int64),
        lines([
            (np.arange(total), codebook.revenue("0450"), level, 1, random.integers(32_000, 95_000, total)),
            (np.arange(total)[::2], codebook.revenue("0300"), codebook.hcpcs("80053"), 1, 2_100),
            (watched, codebook.revenue("0762"), codebook.hcpcs("G0378"), random.integers(8, 36, len(watched)), 98_000),
        ]),
    )  # fmt: skip
    doctor_bill = Bills(
        heads(
            total, person=person, kind=PROFESSIONAL, start=day, end=day, place=EMERGENCY, rendering=doctor,
            billing=hospital, facility=hospital, paid=paid, fate=fate,
        ),
        packed(total, [firsts, seconds]),
        np.full((total, SLOTS), -1, dtype=np.int64),
        lines([(np.arange(total), UNDONE, level, 1, random.integers(7_000, 19_000, total))]),
    )  # fmt: skip
    return joined([facility_bill, doctor_bill])


def _after_discharge(person: Ints, day: Ints, stays: Frame) -> Flags:
    """Whether the day lies within 31 days after a discharge of the person: no unplanned harm is written there."""
    keys = np.sort(person_day(stays["person"], stays["last"]))
    low = np.searchsorted(keys, person_day(person, day - 31), side="left")
    return np.asarray(low < np.searchsorted(keys, person_day(person, day), side="right"), dtype=np.bool_)
