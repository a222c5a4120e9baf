"""Bills of hospital stays, of the doctors on the ward, and of the care that follows: nursing, home health, hospice."""

from __future__ import annotations

import numpy as np

from features.simulate import codebook, delivery, reasons, stay
from features.simulate.bills import (
    BILL_TYPES,
    ENDINGS,
    INSTITUTIONAL,
    PROFESSIONAL,
    SLOTS,
    SOURCES,
    TYPES,
    UNDONE,
    WARD,
    Bills,
    condition_columns,
    heads,
    joined,
    lines,
    packed,
)
from features.simulate.frame import NO_DAY, Array, Flags, Frame, Ints, generator, ragged, take
from features.simulate.ground import Ground
from features.simulate.population import Period

ROOM = 6
INTERIM_NIGHTS = 18


def next_admission(stays: Frame) -> Ints:
    """The day of each person's next admission after each stay; a far day where there is none."""
    order = np.lexsort((stays["day"], stays["person"]))
    following = np.full(len(order), -NO_DAY, dtype=np.int64)
    same = stays["person"][order][1:] == stays["person"][order][:-1]
    following[order[:-1][same]] = stays["day"][order][1:][same]
    return following


def ward_codes(random: np.random.Generator, stays: Frame, truths: Frame, written: Flags) -> tuple[Ints, Ints]:
    """(diagnoses, present on admission) of each stay's bill, the principal one first."""
    size = len(stays["person"])
    harmed = stays["harm"] >= 0
    kind = np.where(harmed, stays["harm"], 0)
    principal = np.where(harmed, codebook.HARM_FIRST[kind], codebook.pick(random, codebook.PRINCIPAL, stays["reason"]))
    second = np.where(harmed, codebook.HARM_SECOND[kind], -1)
    fall = (stays["reason"] == reasons.INDEX["hip fracture"]) & ~harmed
    second = np.where(fall, codebook.diagnosis("W19XXXA"), second)
    worst = np.where(truths["major_comorbidity"], codebook.diagnosis("J9601"), -1)
    arose = codebook.COMPLICATIONS[random.integers(0, len(codebook.COMPLICATIONS), size)]
    arose = np.where(truths["complication"] & (arose != principal), arose, -1)
    diagnoses = packed(size, [principal, second, worst, arose, *condition_columns(random, written)])
    present = np.where(diagnoses >= 0, 1, -1)
    position = np.argmax(diagnoses == arose[:, None], axis=1)
    rows = np.flatnonzero(arose >= 0)
    present[rows, position[rows]] = 0
    return diagnoses, present


def wards(ground: Ground, stays: Frame, truths: Frame, written: Flags, seed: int, block: int) -> Bills:
    """Institutional inpatient bills: one a stay, two when the person changes hospital, more when interim."""
    random = generator(seed, block, ROOM)
    diagnoses, present = ward_codes(random, stays, truths, written)
    size = len(stays["person"])
    major = truths["major_comorbidity"]
    some = (diagnoses >= 0).sum(axis=1) >= 4
    grade = np.where(major, 0, np.where(some, 1, 2))
    drg = np.where(
        stays["harm"] >= 0, codebook.HARM_DRG[stays["harm"].clip(0)], codebook.REASON_DRGS[stays["reason"], grade]
    )
    operated = (random.random(size) < codebook.PROCEDURE_SHARE[stays["reason"]]) & (stays["harm"] < 0)
    procedure = np.where(operated, codebook.pick(random, codebook.REASON_PROCEDURES, stays["reason"]), -1)
    nights = stays["last"] - stays["day"]
    pieces = np.where(nights >= INTERIM_NIGHTS, np.where(random.random(size) < 0.7, 1 + nights // 15, 1), 1).clip(1, 4)
    moved = stays["first_hospital"] >= 0
    pieces = np.where(moved, 2, pieces)
    piece_of, number = ragged(np.zeros(size, dtype=np.int64), pieces)
    total = pieces[piece_of]
    step = np.maximum(nights[piece_of] // total, 1)
    was_moved = moved[piece_of]
    start = stays["day"][piece_of] + np.where(was_moved, number, number * step)
    end = np.where(number == total - 1, stays["last"][piece_of], stays["day"][piece_of] + np.where(
        was_moved, 1, (number + 1) * step - 1))  # fmt: skip
    final = number == total - 1
    interim = (total > 1) & ~was_moved
    bill_type = np.where(interim, np.where(number == 0, 1, np.where(final, 3, 2)), 0)
    ending = np.where(final, stays["disposition"][piece_of], ENDINGS.index("30"))
    ending = np.where(was_moved & ~final, ENDINGS.index("02"), ending)
    hospital = np.where(was_moved & ~final, stays["first_hospital"][piece_of], stays["hospital"][piece_of])
    source = np.where(stays["nursing"], SOURCES.index("5"), np.where(stays["planned"], SOURCES.index("2"), 0))[piece_of]
    source = np.where(was_moved & final, SOURCES.index("4"), source)
    doctor = random.choice(np.flatnonzero(ground.clinician_specialty == 9), size)[piece_of]
    head = heads(
        len(piece_of), person=stays["person"][piece_of], kind=INSTITUTIONAL, start=start, end=end,
        admitted=np.where(was_moved, start, stays["day"][piece_of]),
        discharged=np.where(interim & ~final, NO_DAY, end), source=source, type=admit_type(stays)[piece_of],
        ending=ending, bill_type=bill_type, drg=drg[piece_of], rendering=doctor, billing=hospital, facility=hospital,
        procedure=np.where(final, procedure[piece_of], -1),
        procedure_day=np.where(final & (procedure[piece_of] >= 0), np.minimum(stays["day"][piece_of] + 1, end), NO_DAY),
        paid=np.where(final, stays["paid"][piece_of], end + delivery.days_to_pay(random, len(piece_of))),
        fate=np.where(final, stays["fate"][piece_of], 0),
    )  # fmt: skip
    rows = np.arange(len(piece_of))
    days = np.maximum(end - start, 1)
    through = np.flatnonzero(stays["emergency"][piece_of] & (number == 0))
    knife = np.flatnonzero(head["procedure"] >= 0)
    billed = lines([
        (rows, codebook.revenue("0120"), UNDONE, days, 120_000 * days + 250_000),
        (rows, codebook.revenue("0250"), UNDONE, 1, 21_000 + 4_100 * days),
        (rows, codebook.revenue("0300"), UNDONE, days, 9_500 * days),
        (through, codebook.revenue("0450"), codebook.hcpcs("99285"), 1, 88_000),
        (knife, codebook.revenue("0360"), UNDONE, 1, 640_000),
    ])  # fmt: skip
    return Bills(head, diagnoses[piece_of], present[piece_of], billed)


def admit_type(stays: Frame) -> Ints:
    """Position in TYPES: emergency, urgent, elective, trauma."""
    trauma = stays["emergency"] & (stays["reason"] == reasons.INDEX["hip fracture"]) & (stays["person"] % 4 == 0)
    usual = np.where(stays["planned"], TYPES.index("3"), np.where(stays["emergency"], 0, TYPES.index("2")))
    return np.where(trauma, TYPES.index("5"), usual)


def rounds(ground: Ground, stays: Frame, seed: int, block: int) -> Bills:
    """What the doctors on the ward bill: admission, the days between, discharge."""
    random = generator(seed, block, ROOM + 100)
    size = len(stays["person"])
    rows = np.arange(size)
    days = np.maximum(stays["last"] - stays["day"] - 1, 0)
    between = np.flatnonzero(days > 0)
    doctor = random.choice(np.flatnonzero(ground.clinician_specialty == 9), size)
    head = heads(
        size, person=stays["person"], kind=PROFESSIONAL, start=stays["day"], end=stays["last"], place=WARD,
        rendering=doctor, billing=stays["hospital"], facility=stays["hospital"], paid=stays["paid"],
        fate=delivery.fates(random, size),
    )  # fmt: skip
    harmed = stays["harm"] >= 0
    code = np.where(harmed, codebook.HARM_FIRST[stays["harm"].clip(0)], np.array(
        [codes[0] for codes in codebook.PRINCIPAL])[stays["reason"]])  # fmt: skip
    billed = lines([
        (rows, UNDONE, codebook.hcpcs("99223"), 1, 19_800),
        (between, UNDONE, codebook.hcpcs("99232"), days[between], 7_900 * days[between]),
        (rows, UNDONE, codebook.hcpcs("99239"), 1, 11_700),
    ])  # fmt: skip
    return Bills(head, packed(size, [code]), np.full((size, SLOTS), -1, dtype=np.int64), billed)


def aftercare(ground: Ground, stays: Frame, deaths: Ints, period: Period, seed: int, block: int) -> Bills:
    """Nursing homes, home health, rehabilitation and hospice after discharge, cut short by return or death."""
    random = generator(seed, block, ROOM + 200)
    until = np.minimum(next_admission(stays), np.where(deaths == NO_DAY, -NO_DAY, deaths)[stays["person"]])
    kinds: tuple[tuple[tuple[str, ...], str, Ints, str, str, Array], ...] = (
        (("03",), "211", ground.homes, "0022", "", stays["nursing_until"]),
        (("06",), "329", ground.agencies, "0551", "G0299", stays["last"] + 30),
        (("62",), "111", ground.rehabs, "0118", "", stays["last"] + 13),
        (("50",), "811", ground.hospices, "0651", "Q5001", stays["last"] + 60),
        (("51",), "813", ground.hospices, "0651", "", stays["last"] + 20),
    )
    parts = []
    for endings, bill_type, places, revenue, hcpcs, planned in kinds:
        goes = np.isin(stays["disposition"], [stay.INDEX[ending] for ending in endings])
        last = np.minimum(planned, until)
        rows = np.flatnonzero(goes & (last > stays["last"]) & (last <= period.horizon))
        frame = take(stays, rows)
        size, end = len(rows), last[rows]
        days = end - frame["last"]
        place = places[(frame["person"] * 7 + frame["last"]) % len(places)]
        ending = np.where(end == until[rows], ENDINGS.index("02"), ENDINGS.index("01"))
        dead = (deaths[frame["person"]] != NO_DAY) & (deaths[frame["person"]] <= end)
        head = heads(
            size, person=frame["person"], kind=INSTITUTIONAL, start=frame["last"], end=end, admitted=frame["last"],
            discharged=end, source=SOURCES.index("4"), type=TYPES.index("3"),
            ending=np.where(dead, ENDINGS.index("20"), ending), bill_type=BILL_TYPES.index(bill_type), billing=place,
            facility=place, drg=codebook.drg("560") if bill_type == "111" else UNDONE,
            paid=end + delivery.days_to_pay(random, size), fate=delivery.fates(random, size),
        )  # fmt: skip
        code = np.full(size, codebook.diagnosis("Z4789" if bill_type == "111" else "Z5189"))
        service = codebook.hcpcs(hcpcs) if hcpcs else UNDONE
        billed = lines([
            (np.arange(size), codebook.revenue(revenue), service, days, 38_000 * days)
        ])  # fmt: skip
        parts.append(Bills(head, packed(size, [code]), np.full((size, SLOTS), -1, dtype=np.int64), billed))
    return joined(parts)
