"""Who the members are: eligibility spans, attribution to practices month by month, contact details; and the ground."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.simulate import write
from features.simulate.claims import member_columns
from features.simulate.frame import NO_DAY, Array, Ints, generator, ragged
from features.simulate.ground import SPECIALTIES, ZIP_CITIES, ZIPS, Ground, npi
from features.simulate.population import BEST_TIMES, LANGUAGES, RACES, People, Period
from features.windows import iso, month_starts

ROOM = 8
FIRST_NAMES: tuple[str, ...] = (
    "Avery", "Blake", "Casey", "Devon", "Emery", "Finley", "Gray", "Harper", "Indigo", "Jules", "Kendall", "Lane",
    "Morgan", "Nico", "Oakley", "Parker", "Quinn", "Reese", "Sage", "Taylor",
)  # fmt: skip
LAST_NAMES: tuple[str, ...] = (
    "Mockford", "Sampleton", "Testwell", "Fictive", "Dummyson", "Simulant", "Placeholder", "Inventor", "Nobodyson",
    "Madeup", "Synthman", "Fakeley",
)  # fmt: skip
Table = tuple[dict[str, pa.Array], int]


def eligibility(people: People, period: Period, deaths: Ints) -> Table:
    """One row for each continuous span of coverage. A span still running ends with the next plan year."""
    size = len(people)
    dead = np.where((deaths != NO_DAY) & (deaths <= period.end), deaths, NO_DAY)
    last = np.where(people.last >= period.end, period.end + 365, people.last)
    last = np.where(dead != NO_DAY, np.minimum(last, dead), last)
    gap = (people.gap_first != NO_DAY) & (people.gap_first <= last)
    rows = np.arange(size)
    person = np.concatenate([rows, rows[gap]])
    start = np.concatenate([people.first, people.gap_last[gap] + 1])
    end = np.concatenate([np.where(gap, people.gap_first - 1, last), last[gap]])
    keep = (start <= end) & (start <= period.end)
    person, start, end = person[keep], start[keep], end[keep]
    order = np.lexsort((start, person))
    person, start, end = person[order], start[order], end[order]
    at_death = dead[person]
    number, total = people.number[person], len(person)
    medicare = ~people.commercial[person]
    return {
        **member_columns(people, person),
        "subscriber_id": write.numbered("M", number, 7),
        "gender": write.coded(people.female[person].astype(np.int32), ("male", "female")),
        "race": write.coded(people.race[person], RACES),
        "birth_date": write.dates(people.birth[person]),
        "death_date": write.dates(at_death),
        "death_flag": write.flags(at_death != NO_DAY),
        "enrollment_start_date": write.dates(start),
        "enrollment_end_date": write.dates(end),
        "payer_type": write.coded(medicare.astype(np.int32), ("commercial", "medicare")),
        "original_reason_entitlement_code": write.coded(
            np.where(medicare, people.disabled[person].astype(np.int32), -1), ("0", "1")
        ),
        "dual_status_code": write.coded(np.where(medicare, people.dual[person].astype(np.int32), -1), ("00", "02")),
        "medicare_status_code": write.coded(
            np.where(medicare, people.disabled[person].astype(np.int32), -1), ("10", "20")
        ),
        **names(number),
        "subscriber_relation": write.same("self", total),
        **places(people, person),
        "ethnicity": write.coded(
            people.hispanic[person].astype(np.int32), ("not hispanic or latino", "hispanic or latino")
        ),
        "data_source": write.same(write.SOURCE, total),
        "enrollment_status": write.coded((end >= period.end).astype(np.int32), ("ended", "active")),
    }, total  # fmt: skip


def names(number: Array) -> dict[str, pa.Array]:
    """Names that nobody could take for a person's."""
    return {
        "first_name": write.coded(number * 7 % len(FIRST_NAMES), FIRST_NAMES),
        "last_name": write.coded(number // 3 % len(LAST_NAMES), LAST_NAMES),
    }


def places(people: People, person: Array) -> dict[str, pa.Array]:
    """Home address. The ZIP code carries the area's deprivation; the rest is invented."""
    zip_code = people.zip_code[person]
    return {
        "address": write.numbered("Invented Street ", people.number[person] % 900 + 1, 1),
        "city": write.coded(zip_code, ZIP_CITIES),
        "state": write.same("New York", len(person)),
        "zip_code": write.coded(zip_code, ZIPS),
    }


def attribution(people: People, ground: Ground, period: Period, deaths: Ints) -> Table:
    """The practice and clinician that the payer names for each member in each month of coverage."""
    firsts = np.array(month_starts(period.start, period.end), dtype=np.int64)
    size = len(people)
    person, month = ragged(np.zeros(size, dtype=np.int64), np.full(size, len(firsts)))
    day = firsts[month]
    keep = people.covered(day + 14, person) & ((deaths[person] == NO_DAY) | (deaths[person] > day))
    person, month = person[keep], month[keep]
    total = len(person)
    practice = people.practice[person]
    labels = tuple(f"Simulated practice {number + 1}" for number in range(ground.practices))
    who = member_columns(people, person)
    return {
        "person_id": who["person_id"],
        "year_month": write.coded(month, [iso(int(first))[:7].replace("-", "") for first in firsts]),
        "payer": who["payer"],
        "plan": who["plan"],
        "data_source": write.same(write.SOURCE, total),
        "payer_attributed_provider": write.coded(people.clinician[person], ground.clinician_npi),
        "payer_attributed_provider_practice": write.coded(practice, labels),
        "payer_attributed_provider_organization": write.same("Simulated network", total),
    }, total


def contact(people: People, seed: int, block: int) -> Table:
    """How to reach each member. Without a caregiver's name nobody is known to help at home."""
    random = generator(seed, block, ROOM)
    size = len(people)
    number = people.number
    cares = people.caregiver
    rows = np.arange(size)
    phone = number % 10 != 9
    cared = list(zip(number.tolist(), cares.tolist(), strict=True))
    return {
        "person_id": member_columns(people, rows)["person_id"],
        **names(number),
        "phone": _phone(number, phone),
        "email": pa.array([f"member{n}@example.org" if n % 3 else None for n in number.tolist()], pa.string()),
        **places(people, rows),
        "preferred_language": write.coded(people.language, LANGUAGES),
        "interpreter_needed": write.flags(people.interpreter),
        "best_time": write.coded(random.integers(-1, 3, size), BEST_TIMES),
        "caregiver_name": pa.array(
            [f"{FIRST_NAMES[n * 11 % 20]} Helperton" if c else None for n, c in cared], pa.string()
        ),
        "caregiver_phone": _phone(number * 13 + 5, cares),
        "contact_opt_out": write.flags(random.random(size) < 0.02),
        "updated_date": write.dates(people.first),
        "data_source": write.same(write.SOURCE, size),
    }, size  # fmt: skip


def _phone(number: Array, has: Array) -> pa.Array:
    """Numbers of the 555-01xx range, which is reserved for fiction; null where there is none."""
    labels = [f"({area}) 555-01{line:02d}" for area in ("212", "518", "716", "914") for line in range(100)]
    return write.coded(np.where(has, number % len(labels), -1), labels)


def practitioners(ground: Ground) -> Table:
    """Clinicians of the network."""
    size = len(ground.clinician_npi)
    number = np.arange(size)
    practice = [f"Simulated practice {place + 1}" if place >= 0 else "Simulated hospital group" for place in
                ground.clinician_practice.tolist()]  # fmt: skip
    return {
        "practitioner_id": write.text(np.array(ground.clinician_npi)),
        "npi": write.text(np.array(ground.clinician_npi)),
        **names(number + 101),
        "practice_affiliation": write.text(np.array(practice)),
        "specialty": write.coded(ground.clinician_specialty, SPECIALTIES),
        "data_source": write.same(write.SOURCE, size),
    }, size


def locations(ground: Ground) -> Table:
    """Facilities, and one clinic for each practice."""
    built, practices = ground.facilities, range(ground.practices)
    zips = [facility.zip_code for facility in built] + [ground.zips[p % len(ground.zips)] for p in practices]
    npis = [facility.npi for facility in built] + [npi(30_000_000 + p) for p in practices]
    cities = [facility.city for facility in built] + [ground.zip_city[p % len(ground.zips)] for p in practices]
    size = len(npis)
    return {
        "location_id": write.text(np.array(npis)),
        "npi": write.text(np.array(npis)),
        "ccn": pa.array([facility.ccn for facility in built] + [None] * ground.practices, pa.string()),
        "name": write.text(np.array([f.name for f in built] + [f"Simulated practice {p + 1}" for p in practices])),
        "facility_type": write.text(np.array([f.facility_type for f in built] + ["clinic"] * ground.practices)),
        "parent_organization": write.same("Simulated network", size),
        "address": write.numbered("Invented Avenue ", np.arange(1, size + 1), 1),
        "city": write.text(np.array(cities)),
        "state": write.same("New York", size),
        "zip_code": write.text(np.array(zips)),
        "data_source": write.same(write.SOURCE, size),
    }, size  # fmt: skip
