"""From bills to the rows of the payer's files: versions, deliveries, amounts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.codes.medicines import PRODUCTS
from features.simulate import codebook, delivery, write
from features.simulate.bills import BILL_TYPES, ENDINGS, INSTITUTIONAL, PLACES, SLOTS, SOURCES, TYPES, Bills
from features.simulate.frame import NO_DAY, Frame, Ints, generator, ragged, stack, take
from features.simulate.ground import Ground, npi
from features.simulate.population import People, Period
from features.simulate.therapies import Therapies

ROOM = 7
DEAR_CLASSES = (
    "anticoagulant", "insulin", "GLP-1 agonist", "SGLT2 inhibitor", "DPP-4 inhibitor", "inhaled corticosteroid",
    "neprilysin inhibitor",
)  # fmt: skip
ORIGINAL, REVERSAL, ADJUSTMENT, NEW = 0, 1, 2, 3
PERMILLE = np.array([1000, 1000, 870, 1000])
SIGN = np.array([1, -1, 1, 1])  # a reversal takes back exactly what was given, to the cent


def versions(random: np.random.Generator, paid: Ints, fate: Ints, calendar: delivery.Calendar, end: int) -> Frame:
    """Every delivery of every bill that reaches the network by `end`: bill, version, paid, file."""
    rows = np.arange(len(paid))
    # what is taken back or changed has been delivered before
    back = np.maximum(paid + random.integers(20, 150, len(paid)), calendar.delivered(paid) + 1)
    taken = np.isin(fate, (delivery.REVERSED, delivery.REBILLED))
    anew = fate == delivery.REBILLED
    changed = fate == delivery.ADJUSTED
    parts = [
        (rows, ORIGINAL, paid),
        (rows[taken], REVERSAL, back[taken]),
        (rows[changed], ADJUSTMENT, back[changed]),
        (rows[anew], NEW, back[anew] + random.integers(5, 40, int(anew.sum()))),
    ]
    frame = stack([{"bill": bill, "version": np.full(len(bill), version), "paid": day} for bill, version, day in parts])
    frame["file"] = calendar.delivered(frame["paid"])
    frame = take(frame, frame["file"] <= end)
    return take(frame, np.lexsort((frame["version"], frame["bill"], frame["file"])))


def medical(
    people: People, ground: Ground, period: Period, calendar: delivery.Calendar, bills: Bills, first_claim: int,
    seed: int, block: int,
) -> tuple[dict[str, pa.Array], int]:  # fmt: skip
    """Columns of medical_claim and their length."""
    random = generator(seed, block, ROOM)
    head = bills.head
    seen = people.covered(head["start"], head["person"])
    delivered = versions(random, np.where(seen, head["paid"], period.end + 1000), head["fate"], calendar, period.end)
    starts = np.searchsorted(bills.lines["bill"], np.arange(len(seen) + 1))
    of, line = ragged(starts[delivered["bill"]], starts[delivered["bill"] + 1])
    bill, version = delivered["bill"][of], delivered["version"][of]
    own = take(bills.lines, line)
    size = len(bill)
    at = take(head, bill)
    institutional = at["kind"] == INSTITUTIONAL
    cents, sign = own["cents"] * PERMILLE[version] // 1000, SIGN[version]
    frequency = np.array([0, 8, 7, 0])[version]
    kinds = tuple(f"{base[:2]}{digit}" for base in BILL_TYPES for digit in (base[2], "7", "8"))
    bill_type = np.where(at["bill_type"] < 0, -1, at["bill_type"] * 3 + np.where(frequency == 0, 0, frequency - 6))
    diagnoses, present = bills.diagnoses[bill], bills.present[bill]
    # an adjustment also loses its last diagnosis when it has several
    count = (diagnoses >= 0).sum(axis=1)
    last = np.where((version == ADJUSTMENT) & (count > 3), count - 1, SLOTS)
    gone = np.arange(SLOTS)[None, :] == last[:, None]
    diagnoses, present = np.where(gone, -1, diagnoses), np.where(gone, -1, present)
    numbers = first_claim + bill * 2 + (version == NEW)
    facility_npis = [facility.npi for facility in ground.facilities]
    practice_npis = [npi(30_000_000 + practice) for practice in range(ground.practices)]
    billing = np.where(at["place"] >= 0, np.where(np.isin(at["place"], (0, 1)), len(facility_npis), 0), 0)
    columns: dict[str, pa.Array] = {
        "claim_id": write.numbered("C", numbers, 10),
        "claim_line_number": pa.array(line - starts[bill] + 1),
        "claim_type": write.coded(institutional.astype(np.int32), ("professional", "institutional")),
        **member_columns(people, at["person"]),
        "claim_start_date": write.dates(at["start"]),
        "claim_end_date": write.dates(at["end"]),
        "claim_line_start_date": write.dates(at["start"]),
        "claim_line_end_date": write.dates(at["end"]),
        "admission_date": write.dates(at["admitted"]),
        "discharge_date": write.dates(at["discharged"]),
        "admit_source_code": write.coded(at["source"], SOURCES),
        "admit_type_code": write.coded(at["type"], TYPES),
        "discharge_disposition_code": write.coded(np.where(institutional, at["ending"], -1), ENDINGS),
        "place_of_service_code": write.coded(at["place"], PLACES),
        "bill_type_code": write.coded(bill_type, kinds),
        "drg_code_type": write.coded(np.where(at["drg"] >= 0, 0, -1), ("ms-drg",)),
        "drg_code": write.coded(at["drg"], codebook.DRGS),
        "revenue_center_code": write.coded(own["revenue"], codebook.REVENUE),
        "service_unit_quantity": pa.array(own["units"]),
        "hcpcs_code": write.coded(own["hcpcs"], codebook.HCPCS),
        "rendering_npi": write.coded(at["rendering"], ground.clinician_npi),
        "billing_npi": write.coded(at["billing"] + billing, facility_npis + practice_npis),
        "facility_npi": write.coded(at["facility"], facility_npis),
        "paid_date": write.dates(delivered["paid"][of]),
        "paid_amount": write.money(sign * (cents * 8 // 10)),
        "allowed_amount": write.money(sign * cents),
        "charge_amount": write.money(sign * (cents * 5 // 2)),
        "coinsurance_amount": write.money(sign * (cents - cents * 8 // 10)),
        "copayment_amount": write.money(cents * 0),
        "deductible_amount": write.money(cents * 0),
        "total_cost_amount": write.money(sign * cents),
        "diagnosis_code_type": write.same("icd-10-cm", size),
        "in_network_flag": write.same("1", size),
        "data_source": write.same(write.SOURCE, size),
        "file_date": write.dates(delivered["file"][of]),
    }
    for slot in range(SLOTS):
        columns[f"diagnosis_code_{slot + 1}"] = write.coded(diagnoses[:, slot], codebook.DIAGNOSES)
        columns[f"diagnosis_poa_{slot + 1}"] = write.coded(present[:, slot], ("N", "Y"))
    operated = at["procedure"] >= 0
    columns["procedure_code_type"] = write.coded(np.where(operated, 0, -1), ("icd-10-pcs",))
    columns["procedure_code_1"] = write.coded(at["procedure"], codebook.PROCEDURES)
    columns["procedure_date_1"] = write.dates(at["procedure_day"])
    return columns, size


def member_columns(people: People, person: Ints) -> dict[str, pa.Array]:
    """Who the row is about and who pays."""
    labels = [f"P{number:07d}" for number in people.number]
    members = [f"M{number:07d}" for number in people.number]
    payer = people.commercial[person].astype(np.int32)
    return {
        "person_id": write.coded(person, labels),
        "member_id": write.coded(person, members),
        "payer": write.coded(payer, ("Simulated Medicare", "Simulated Commercial")),
        "plan": write.coded(payer, ("Simulated Medicare A and B", "Simulated Choice")),
    }


def pharmacy(
    people: People, ground: Ground, period: Period, calendar: delivery.Calendar, therapies: Therapies, deaths: Ints,
    first_claim: int, seed: int, block: int,
) -> tuple[dict[str, pa.Array], int]:  # fmt: skip
    """Columns of pharmacy_claim and their length."""
    random = generator(seed, block, ROOM + 100)
    death = deaths[therapies.fills["person"]]
    fills = take(therapies.fills, (death == NO_DAY) | (therapies.fills["day"] < death))
    delivered = versions(random, fills["paid"], fills["fate"], calendar, period.end)
    at = take(fills, delivered["bill"])
    version = delivered["version"]
    price = 300 + (np.arange(len(PRODUCTS)) * 7919) % 9_000
    price[[product.drug_class in DEAR_CLASSES for product in PRODUCTS]] += 30_000
    cents, sign = price[at["product"]] * at["supply"] // 30 * PERMILLE[version] // 1000, SIGN[version]
    size = len(version)
    return {
        "claim_id": write.numbered("R", first_claim + delivered["bill"] * 2 + (version == NEW), 10),
        "claim_line_number": pa.array(np.ones(size, dtype=np.int64)),
        **member_columns(people, at["person"]),
        "prescribing_provider_npi": write.coded(people.clinician[at["person"]], ground.clinician_npi),
        "dispensing_provider_npi": write.coded(at["person"] % 20, [npi(70_000_000 + shop) for shop in range(20)]),
        "dispensing_date": write.dates(at["day"]),
        "ndc_code": write.coded(at["product"], [product.ndc for product in PRODUCTS]),
        "quantity": pa.array(at["supply"]),
        "days_supply": pa.array(at["supply"]),
        "refills": pa.array(at["refill"]),
        "paid_date": write.dates(delivered["paid"]),
        "paid_amount": write.money(sign * (cents * 9 // 10)),
        "allowed_amount": write.money(sign * cents),
        "charge_amount": write.money(sign * (cents * 3 // 2)),
        "coinsurance_amount": write.money(cents * 0),
        "copayment_amount": write.money(sign * (cents - cents * 9 // 10)),
        "deductible_amount": write.money(cents * 0),
        "in_network_flag": write.same("1", size),
        "data_source": write.same(write.SOURCE, size),
        "file_date": write.dates(delivered["file"]),
    }, size
