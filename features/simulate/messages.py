"""What hospitals send as it happens: ADT messages; and the practices' appointment books."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.simulate import codebook, reasons, write
from features.simulate.ambulatory import MISSED, TELEHEALTH, WELLNESS, Emergencies, Visits
from features.simulate.bills import ENDINGS, SOURCES, TYPES
from features.simulate.claims import member_columns
from features.simulate.frame import NO_DAY, Array, Frame, Ints, generator, stack, take
from features.simulate.ground import Ground, npi
from features.simulate.hospital_bills import admit_type
from features.simulate.population import People, Period
from features.windows import SECONDS_A_DAY

ROOM = 9
EVENTS: tuple[str, ...] = ("A01", "A02", "A03", "A04", "A08", "A11", "A13")
A01, A02, A03, A04, A08, A11, A13 = range(7)
CLASSES: tuple[str, ...] = ("I", "E", "O")
SERVICES: tuple[str, ...] = tuple(dict.fromkeys(reason.service for reason in reasons.REASONS))
_SERVICE = np.array([SERVICES.index(reason.service) for reason in reasons.REASONS])
Table = tuple[dict[str, pa.Array], int]


def segments(stays: Frame) -> Frame:
    """Each hospital's part of each stay: one row, or two where the person is moved. `visit` numbers the parts."""
    size = len(stays["person"])
    rows = np.arange(size)
    moved = np.flatnonzero(stays["first_hospital"] >= 0)
    cut = (stays["day"] + 1) * SECONDS_A_DAY + 14 * 3600
    whole = {
        "stay": rows,
        "hospital": stays["hospital"],
        "from": np.where(stays["first_hospital"] >= 0, cut + 7200, stays["admitted"]),
        "to": stays["left"],
        "ending": stays["disposition"],
        "moved_in": stays["first_hospital"] >= 0,
        "visit": rows * 2,
    }
    part = {
        "stay": moved,
        "hospital": stays["first_hospital"][moved],
        "from": stays["admitted"][moved],
        "to": cut[moved],
        "ending": np.full(len(moved), ENDINGS.index("02")),
        "moved_in": np.zeros(len(moved), dtype=np.bool_),
        "visit": moved * 2 + 1,
    }
    frame = stack([whole, part])
    return take(frame, np.lexsort((frame["visit"], frame["stay"])))


def admitting(random: np.random.Generator, stays: Frame) -> Ints:
    """What the desk writes at admission, as a diagnosis position."""
    written = codebook.pick(random, codebook.ADMITTING, stays["reason"])
    lung = stays["reason"] == reasons.INDEX["lung disease"]
    written = np.where(lung, codebook.diagnosis("J441"), written)
    return np.where(stays["harm"] >= 0, codebook.HARM_ADMITTING[stays["harm"].clip(0)], written)


def adt(
    people: People, ground: Ground, period: Period, stays: Frame, emergencies: Emergencies, first_visit: int, seed: int,
    block: int,
) -> Table:  # fmt: skip
    """Admissions, moves, discharges, emergency registrations, updates, cancellations and what puts them right."""
    random = generator(seed, block, ROOM)
    desk = admitting(random, stays)
    parts = segments(stays)
    parts = take(parts, stays["told"][parts["stay"]])
    own = take(stays, parts["stay"])
    size = len(parts["stay"])
    base: Frame = {
        "person": own["person"],
        "visit": parts["visit"] + first_visit,
        "from": parts["from"],
        "to": parts["to"],
        "type": admit_type(own),
        "source": np.where(
            parts["moved_in"], SOURCES.index("4"),
            np.where(own["nursing"], SOURCES.index("5"), np.where(own["planned"], SOURCES.index("2"), 0)),
        ),
        "ending": parts["ending"],
        "service": _SERVICE[own["reason"]],
        "diagnosis": desk[parts["stay"]],
        "hospital": parts["hospital"],
    }  # fmt: skip
    length = base["to"] - base["from"]
    early = base["from"] + random.integers(120, 1200, size)
    middle = base["from"] + (length * random.uniform(0.2, 0.7, size)).astype(np.int64)
    fate = random.random(size)
    wrong_in, wrong_out = fate < 0.007, (fate > 0.99) & (length > 12 * 3600)
    through = own["emergency"] & ~parts["moved_in"]
    registered = base["from"] - random.integers(3600, 5 * 3600, size)
    lots = [
        _lot(base, through, A04, registered, 1),
        _lot(base, np.ones(size, dtype=np.bool_), A01, early, 0),
        _lot(base, wrong_in, A11, early + 1800, 0),
        _lot(base, wrong_in, A01, early + 2700, 0),
        _lot(base, random.random(size) < 0.1, A02, middle, 0),
        _lot(base, random.random(size) < 0.25, A08, middle + 600, 0),
        _lot(base, wrong_out, A03, base["to"] - 6 * 3600, 0),
        _lot(base, wrong_out, A13, base["to"] - 5 * 3600, 0),
        _lot(base, np.ones(size, dtype=np.bool_), A03, base["to"], 0),
        *_emergency_lots(random, stays, emergencies, first_visit + 2 * len(stays["person"])),
    ]
    frame = stack(lots)
    frame = take(frame, frame["at"] < (period.end + 1) * SECONDS_A_DAY)
    frame = take(frame, np.lexsort((frame["event"] == A03, frame["at"], frame["visit"])))
    return _table(people, ground, frame, first_visit), len(frame["person"])


def _lot(base: Frame, rows: Array, event: int, at: Array, patient_class: int) -> Frame:
    """One kind of message about some of the visits. What is not yet known when it is sent is missing."""
    picked = take(base, rows)
    size = len(picked["person"])
    when = at[rows]
    done = event == A03
    return {
        **picked,
        "event": np.full(size, event),
        "at": when,
        "class": np.full(size, patient_class),
        "to": np.where(done, when, -1) if done else np.full(size, -1),
        "ending": picked["ending"] if done else np.full(size, -1),
        "from": when if event == A04 else picked["from"],
    }


def _emergency_lots(
    random: np.random.Generator, stays: Frame, emergencies: Emergencies, first_visit: int
) -> list[Frame]:
    """Registration and departure of visits that end without admission."""
    own = take(emergencies.frame, ~emergencies.frame["dropped"])
    harms = take(stays, stays["harm_visit_day"] != NO_DAY)
    kinds = harms["harm_kind"] % len(reasons.HARMS)
    start = np.concatenate(
        [
            own["day"] * SECONDS_A_DAY + own["second"],
            harms["harm_visit_day"] * SECONDS_A_DAY + random.integers(0, 18 * 3600, len(kinds)),
        ]
    )
    observed = np.concatenate([own["observed"], harms["harm_observed"]])
    size = len(start)
    stays_for = np.where(
        observed,
        (start // SECONDS_A_DAY + 1) * SECONDS_A_DAY - start + random.integers(8, 18, size) * 3600,
        np.concatenate([own["seconds"], random.integers(5400, 18_000, len(kinds))]),
    )
    base: Frame = {
        "person": np.concatenate([own["person"], harms["person"]]),
        "visit": first_visit + np.arange(size),
        "from": start,
        "to": start + stays_for,
        "type": np.zeros(size, dtype=np.int64),
        "source": np.zeros(size, dtype=np.int64),
        "ending": np.zeros(size, dtype=np.int64),
        "service": np.full(size, -1),
        "diagnosis": np.concatenate([codebook.COMPLAINTS[own["complaint"]], codebook.HARM_ADMITTING[kinds]]),
        "hospital": np.concatenate([own["hospital"], harms["hospital"]]),
    }
    told = np.concatenate([own["told"], harms["harm_visit_told"]])
    return [
        lot
        for chosen, patient_class in ((told & ~observed, 1), (told & observed, 2))
        for lot in (_lot(base, chosen, A04, start, patient_class), _lot(base, chosen, A03, base["to"], patient_class))
    ]


def _table(people: People, ground: Ground, frame: Frame, first_visit: int) -> dict[str, pa.Array]:
    size = len(frame["person"])
    doctors = np.flatnonzero(ground.clinician_specialty == 9)
    return {
        "message_id": write.numbered("A", first_visit * 4 + np.arange(size), 10),
        "person_id": member_columns(people, frame["person"])["person_id"],
        "visit_number": write.numbered("V", frame["visit"], 9),
        "event_type": write.coded(frame["event"], EVENTS),
        "message_datetime": write.times(frame["at"]),
        "patient_class": write.coded(frame["class"], CLASSES),
        "admit_datetime": write.times(frame["from"]),
        "discharge_datetime": write.times(frame["to"]),
        "admit_type_code": write.coded(frame["type"], TYPES),
        "admit_source_code": write.coded(frame["source"], SOURCES),
        "discharge_disposition_code": write.coded(frame["ending"], ENDINGS),
        "hospital_service": write.coded(frame["service"], SERVICES),
        "admitting_diagnosis_code_type": write.same("icd-10-cm", size),
        "admitting_diagnosis_code": write.coded(frame["diagnosis"], codebook.DIAGNOSES),
        "facility_npi": write.coded(frame["hospital"], [facility.npi for facility in ground.facilities]),
        "attending_npi": write.coded(
            doctors[(frame["hospital"] * 2 + frame["person"] % 2) % len(doctors)], ground.clinician_npi
        ),
        "data_source": write.same(write.SOURCE, size),
    }


def appointments(
    people: People, ground: Ground, period: Period, visits: Visits, stays: Frame, first: int, seed: int, block: int
) -> Table:
    """Booked, kept, missed and cancelled appointments, each with the moment it was booked. Later ones stay booked."""
    random = generator(seed, block, ROOM + 100)
    booked = take(stays, stays["follow_day"] != NO_DAY)
    specialist = random.choice(
        np.flatnonzero((ground.clinician_specialty >= 2) & (ground.clinician_specialty < 9)), len(booked["person"])
    )
    status = np.where(booked["follow_kept"], 0, np.where(random.random(len(specialist)) < 0.3, MISSED, 2))
    named = ("person", "day", "second", "booked", "kind", "clinician", "status")
    frame = stack(
        [
            {**{name: visits.frame[name] for name in named}, "follows": np.zeros(len(visits.keys), dtype=np.int64)},
            {
                "person": booked["person"],
                "day": booked["follow_day"],
                "second": booked["follow_second"],
                "booked": booked["follow_booked"],
                "kind": np.where(booked["follow_primary"], 0, 1),
                "clinician": np.where(booked["follow_primary"], people.clinician[booked["person"]], specialist),
                "status": status,
                "follows": np.ones(len(specialist), dtype=np.int64),
            },
        ]
    )
    frame = take(frame, frame["booked"] < (period.end + 1) * SECONDS_A_DAY)
    frame = take(frame, np.lexsort((frame["second"], frame["day"], frame["person"])))
    size = len(frame["person"])
    start = frame["day"] * SECONDS_A_DAY + frame["second"]
    shown = np.where(frame["day"] > period.end, 3, frame["status"])
    types = np.where(frame["follows"] > 0, 3, np.where(frame["kind"] == TELEHEALTH, 1, np.where(
        frame["kind"] == WELLNESS, 2, 0)))  # fmt: skip
    practices = [npi(30_000_000 + practice) for practice in range(ground.practices)]
    labels = ("office visit", "telehealth", "annual wellness", "hospital follow-up")
    states = ("fulfilled", "noshow", "cancelled", "booked")
    return {
        "appointment_id": write.numbered("B", first + np.arange(size), 10),
        "person_id": member_columns(people, frame["person"])["person_id"],
        "source_appointment_type_description": write.coded(types, labels),
        "normalized_appointment_type_description": write.coded(types, labels),
        "start_datetime": write.times(start),
        "end_datetime": write.times(start + 1800),
        "duration": pa.array(np.full(size, 30)),
        "location_id": write.coded(ground.clinician_practice[frame["clinician"]], practices),
        "practitioner_id": write.coded(frame["clinician"], ground.clinician_npi),
        "source_status": write.coded(shown, states),
        "normalized_status": write.coded(shown, states),
        "appointment_specialty": write.coded((frame["kind"] == 1).astype(np.int32), ("primary care", "specialist")),
        "data_source": write.same(write.SOURCE, size),
        "booked_datetime": write.times(frame["booked"]),
    }, size
