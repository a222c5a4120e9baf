"""A simulated network from first member to last file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from features.errors import BadInput
from features.simulate import (
    ambulatory,
    bills,
    claims,
    clinical,
    closing,
    courses,
    delivery,
    hospital_bills,
    messages,
    therapies,
    truth,
    write,
)
from features.simulate import members as members_of
from features.simulate.ground import Ground, ground
from features.simulate.population import Period, people
from features.windows import first_day_of_year

LAST_YEAR = 2024
BLOCK = 10_000
STEP = 4_000_000  # numbers of claims, results and messages that one block may use


def simulate(members: int, years: int, seed: int, out: Path, label_bias: float = 0.0) -> None:
    """Writes a network's files to the folder `out`, which is made if it is not there: the same bytes for the same seed.

    `label_bias` is the share of the care that one group (RACES[1]) needs and does not get: its readmissions, visits and
    admissions are that much rarer for the same illness. Raises BadInput for numbers out of range or a folder in use.
    """
    _check(members, years, seed, out, label_bias)
    out.mkdir(parents=True, exist_ok=True)
    soil = ground(members)
    period = Period(first_day_of_year(LAST_YEAR - years + 1), first_day_of_year(LAST_YEAR + 1) - 1)
    with write.Files(out) as files:
        files.add("practitioner", *members_of.practitioners(soil))
        files.add("location", *members_of.locations(soil))
        blocks = range(0, members, BLOCK)
        for block, first in enumerate(tqdm(blocks, desc="Simulating", unit="block", disable=len(blocks) < 2)):
            _block(files, soil, period, first, min(BLOCK, members - first), seed, block, label_bias)


def _check(members: int, years: int, seed: int, out: Path, label_bias: float) -> None:
    for name, value, low, high in (
        ("members", members, 1, 5_000_000),
        ("years", years, 1, 20),
        ("seed", seed, 0, 2**63),
    ):
        if not low <= value <= high:
            raise BadInput(got=f"{value} {name}", expected=f"{low} to {high}", do=f"Change --{name}.")
    if not 0.0 <= label_bias <= 1.0:
        raise BadInput(got=f"a label bias of {label_bias}", expected="0 to 1", do="Change --label-bias.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(got="an output folder in use", expected="a new or empty folder", do="Choose another --out.")


def _block(
    files: write.Files, soil: Ground, period: Period, first: int, size: int, seed: int, block: int, label_bias: float
) -> None:
    folk = people(soil, period, first, size, seed, block)
    keep = np.where(folk.less_care, 1.0 - label_bias, 1.0)
    calendar = delivery.calendar(period.start, period.end)
    visits = ambulatory.visits(folk, soil, period, calendar, keep, seed, block)
    emergencies = ambulatory.emergencies(folk, soil, period, calendar, keep, seed, block)
    uses = therapies.therapies(folk, period, seed, block)
    closed = closing.closings(folk, soil, uses, period, seed, block)
    course = courses.courses(folk, soil, period, visits, emergencies, uses, calendar, keep, seed, block)
    stays, deaths = course.stays, course.deaths
    number = block * STEP
    filled = therapies.with_fills(uses, closing.statin_fills(folk, closed, period, seed, block))
    billed = bills.joined(
        [
            bills.office(folk, soil, visits, seed, block),
            bills.follow_ups(folk, soil, stays, seed, block),
            bills.emergency(folk, soil, emergencies, stays, seed, block),
            hospital_bills.wards(soil, stays, course.truths, course.written, seed, block),
            hospital_bills.rounds(soil, stays, seed, block),
            hospital_bills.aftercare(soil, stays, deaths, period, seed, block),
        ]
    )
    files.add("medical_claim", *claims.medical(folk, soil, period, calendar, billed, number, seed, block))
    files.add("pharmacy_claim", *claims.pharmacy(folk, soil, period, calendar, filled, deaths, number, seed, block))
    files.add("eligibility", *members_of.eligibility(folk, period, deaths))
    files.add("provider_attribution", *members_of.attribution(folk, soil, period, deaths))
    files.add("contact", *members_of.contact(folk, seed, block))
    files.add("adt_event", *messages.adt(folk, soil, period, stays, emergencies, number, seed, block))
    files.add("appointment", *messages.appointments(folk, soil, period, visits, stays, number, seed, block))
    visit = number + 2 * np.arange(len(stays["person"]))
    pending = clinical.pending_orders(stays, seed, block)
    results = [
        clinical.ward_results(folk, stays, uses, visit, seed, block),
        clinical.pending_results(stays, pending, visit, seed, block),
        clinical.clinic_results(folk, visits, seed, block),
        clinical.closing_results(folk, period, closed, deaths, seed, block),
    ]
    files.add("lab_result", *clinical.lab_results(folk, soil, period, results, number))
    files.add(
        "observation", *clinical.observations(folk, period, visits, stays, visit, closed, deaths, number, seed, block)
    )
    files.add("order", *clinical.orders(folk, soil, period, stays, pending, visit, number, seed, block))
    files.add("immunization", *clinical.immunizations(folk, soil, period, deaths, number, seed, block))
    files.add_truth(truth.columns(folk, soil, period, stays, course.truths, visit))
    files.add_truth(truth.gap_columns(folk, closed, period), "gap_truth")
