"""The ground a simulated network stands on: hospitals, other facilities, practices, clinicians, areas.

Everything here follows from the number of members alone, so the hospitals' effects are the same for every seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.simulate.frame import Array, Floats, Ints

# Log-odds that a hospital adds to readmission; the first is the largest hospital. They sum to about zero.
HOSPITAL_EFFECTS: tuple[float, ...] = (
    0.10, -0.25, 0.30, 0.0, -0.10, 0.45, -0.40, 0.05, 0.20, -0.15,
    -0.30, 0.35, 0.0, -0.05, 0.15, -0.35, 0.25, -0.20, 0.40, -0.45,
)  # fmt: skip

SPECIALTIES: tuple[str, ...] = (
    "internal medicine", "family medicine", "cardiology", "pulmonary disease", "nephrology", "endocrinology",
    "hematology oncology", "orthopedic surgery", "psychiatry", "hospitalist", "emergency medicine",
)  # fmt: skip

CITIES: tuple[str, ...] = ("Newtown", "Riverside", "Lakeview", "Hillcrest", "Oldport", "Fairfield")
ZIPS: tuple[str, ...] = tuple(f"{10_900 + 7 * position:05d}" for position in range(40))
ZIP_CITIES: tuple[str, ...] = tuple(CITIES[position % len(CITIES)] for position in range(len(ZIPS)))


@dataclass(frozen=True)
class Facility:
    """One facility. `ccn` has the shape of a CMS certification number: its last four digits say the type."""

    npi: str
    ccn: str
    name: str
    facility_type: str
    city: str
    zip_code: str


@dataclass(frozen=True)
class Ground:
    """Facilities first hospitals, then others; clinicians with their specialty and practice; ZIP codes.

    `deprived` says of each ZIP code whether it is a poor area; `access` is each practice's number of visits as a
    share of the usual one.
    """

    facilities: tuple[Facility, ...]
    hospitals: int
    hospital_share: Floats
    hospital_effect: Floats
    homes: Ints
    rehabs: Ints
    agencies: Ints
    hospices: Ints
    practices: int
    practice_share: Floats
    access: Floats
    clinician_npi: tuple[str, ...]
    clinician_specialty: Ints
    clinician_practice: Ints
    primary: Ints
    zips: tuple[str, ...]
    zip_city: tuple[str, ...]
    deprived: Array


def npi(number: int) -> str:
    """A ten-digit National Provider Identifier whose Luhn check digit (prefix 80840) is right."""
    body = f"1{number:08d}"
    digits = [int(digit) for digit in "80840" + body]
    doubled = [digit if position % 2 else (digit * 2 - 9 if digit > 4 else digit * 2) for position, digit in
               enumerate(reversed(digits))]  # fmt: skip
    return body + str(-sum(doubled) % 10)


def facilities(hospitals: int) -> tuple[Facility, ...]:
    """Hospitals (two of them critical access), then nursing homes, rehabilitation, agencies, hospices."""
    kinds = [("short term acute", 1)] * (hospitals - 2) + [("critical access", 1301)] * 2
    kinds += [("skilled nursing", 5001)] * 10 + [("rehabilitation", 3025)] * 2
    kinds += [("home health agency", 7001)] * 4 + [("hospice", 1501)] * 2
    built = []
    for position, (kind, first) in enumerate(kinds):
        place = position % len(ZIPS)
        ccn = f"33{first + position:04d}"
        name = f"Simulated {kind} {position + 1}"
        built.append(Facility(npi(50_000_000 + position), ccn, name, kind, ZIP_CITIES[place], ZIPS[place]))
    return tuple(built)


def ground(members: int) -> Ground:
    """The ground for a network of this many members."""
    hospitals = int(np.clip(12 + members // 12_500, 12, len(HOSPITAL_EFFECTS)))
    practices = int(np.clip(members // 400, 12, 150))
    built = facilities(hospitals)
    kinds = np.array([facility.facility_type for facility in built])
    specialty, practice = [], []
    for place in range(practices):
        specialty += [place % 2, (place + 1) % 2, 0, 1, 2 + place % 7]
        practice += [place] * 5
    for _ in range(hospitals):
        specialty += [9, 9, 10, 10]
        practice += [-1] * 4
    specialties = np.array(specialty, dtype=np.int64)
    access = np.where(np.arange(practices) % 6 == 5, 0.55, np.where(np.arange(practices) % 6 == 2, 1.2, 1.0))
    return Ground(
        facilities=built,
        hospitals=hospitals,
        hospital_share=np.exp(-0.12 * np.arange(hospitals)),
        hospital_effect=np.array(HOSPITAL_EFFECTS[:hospitals]),
        homes=np.flatnonzero(kinds == "skilled nursing"),
        rehabs=np.flatnonzero(kinds == "rehabilitation"),
        agencies=np.flatnonzero(kinds == "home health agency"),
        hospices=np.flatnonzero(kinds == "hospice"),
        practices=practices,
        practice_share=np.asarray(1 + np.arange(practices) % 4, dtype=np.float64),
        access=access,
        clinician_npi=tuple(npi(10_000_000 + position) for position in range(len(specialties))),
        clinician_specialty=specialties,
        clinician_practice=np.array(practice, dtype=np.int64),
        primary=np.flatnonzero(specialties < 2),
        zips=ZIPS,
        zip_city=ZIP_CITIES,
        deprived=np.arange(len(ZIPS)) % 10 < 3,
    )
