"""Medicines that simulated people take for years, and how steadily they fill them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.codes.medicines import PRODUCTS
from features.simulate import conditions, delivery
from features.simulate.frame import NO_DAY, Array, Flags, Frame, Ints, generator, person_day, spans, stack, take
from features.simulate.population import People, Period

ROOM = 3
# condition -> (class, share of the people with the condition who take one)
USES: tuple[tuple[str, str, float], ...] = (
    ("hypertension", "ACE inhibitor", 0.35), ("hypertension", "angiotensin receptor blocker", 0.25),
    ("hypertension", "calcium channel blocker", 0.35), ("hypertension", "thiazide diuretic", 0.28),
    ("lipids", "statin", 0.7), ("lipids", "other lipid lowering", 0.08), ("diabetes", "biguanide", 0.6),
    ("diabetes", "sulfonylurea", 0.16), ("diabetes", "DPP-4 inhibitor", 0.10), ("diabetes", "SGLT2 inhibitor", 0.14),
    ("diabetes complicated", "insulin", 0.5), ("diabetes complicated", "GLP-1 agonist", 0.2),
    ("coronary disease", "antiplatelet", 0.6), ("coronary disease", "beta blocker", 0.55),
    ("coronary disease", "statin", 0.6), ("coronary disease", "nitrate", 0.2),
    ("heart failure", "loop diuretic", 0.8), ("heart failure", "beta blocker", 0.6),
    ("heart failure", "neprilysin inhibitor", 0.15), ("heart failure", "potassium-sparing diuretic", 0.3),
    ("heart failure", "potassium supplement", 0.3), ("heart failure", "vasodilator", 0.15),
    ("atrial fibrillation", "anticoagulant", 0.72), ("atrial fibrillation", "antiarrhythmic", 0.15),
    ("atrial fibrillation", "cardiac glycoside", 0.10), ("atrial fibrillation", "beta blocker", 0.4),
    ("kidney disease 4", "phosphate binder", 0.3), ("lung disease", "inhaled bronchodilator", 0.85),
    ("lung disease", "inhaled corticosteroid", 0.5), ("asthma", "inhaled bronchodilator", 0.7),
    ("dementia", "cholinesterase inhibitor", 0.5), ("dementia", "NMDA antagonist", 0.3),
    ("dementia", "antipsychotic", 0.15), ("depression", "antidepressant", 0.7), ("anxiety", "benzodiazepine", 0.3),
    ("anxiety", "antidepressant", 0.3), ("substance use", "opioid", 0.3), ("osteoarthritis", "NSAID", 0.3),
    ("osteoarthritis", "opioid", 0.22), ("osteoarthritis", "anticonvulsant", 0.15), ("cancer", "opioid", 0.25),
    ("cancer", "antineoplastic", 0.35), ("metastasis", "opioid", 0.5), ("metastasis", "antiemetic", 0.5),
    ("osteoporosis", "bisphosphonate", 0.4), ("thyroid", "thyroid hormone", 0.9), ("anaemia", "iron", 0.5),
    ("parkinsonism", "antiparkinson", 0.9), ("frailty", "bladder antimuscarinic", 0.15),
    ("stroke", "antiplatelet", 0.6), ("stroke", "statin", 0.5), ("obesity", "proton pump inhibitor", 0.35),
    ("liver disease", "potassium-sparing diuretic", 0.4), ("arterial disease", "antiplatelet", 0.5),
    ("sleep apnoea", "proton pump inhibitor", 0.2), ("malnutrition", "H2 blocker", 0.2), ("asthma", "antigout", 0.03),
    ("diabetes complicated", "anticonvulsant", 0.35), ("frailty", "alpha blocker", 0.2), ("anxiety", "hypnotic", 0.15),
)  # fmt: skip

CLASSES: tuple[str, ...] = tuple(sorted({product.drug_class for product in PRODUCTS}))
CLASS_INDEX: dict[str, int] = {name: position for position, name in enumerate(CLASSES)}
CARDIAC: tuple[str, ...] = (
    "ACE inhibitor", "angiotensin receptor blocker", "neprilysin inhibitor", "beta blocker", "calcium channel blocker",
    "loop diuretic", "thiazide diuretic", "potassium-sparing diuretic", "statin", "antiplatelet", "anticoagulant",
    "vasodilator", "nitrate", "antiarrhythmic", "cardiac glycoside",
)  # fmt: skip
HARMFUL: tuple[str, ...] = ("anticoagulant", "insulin", "opioid")


@dataclass(frozen=True)
class Therapies:
    """`uses`: person, drug_class, product, first (day of the first fill). `fills`: person, day, product, supply (days).

    Fills are sorted by person and day; `cardiac_days` are running sums of the days supplied of cardiac medicines.
    """

    uses: Frame
    fills: Frame
    cardiac_keys: Ints
    cardiac_days: Ints
    counts: Ints

    def cardiac_supply(self, person: Array, first: Array, last: Array) -> Ints:
        """Days of cardiac medicines dispensed to the given people on the given days, both included."""
        low, high = spans(self.cardiac_keys, person_day(person, first), person_day(person, last))
        return self.cardiac_days[high] - self.cardiac_days[low]


def with_fills(therapies: Therapies, more: Frame) -> Therapies:
    """The same with other fills beside, as files tell them: facts of discharges are read from the former alone."""
    fills = stack([therapies.fills, {name: more[name] for name in therapies.fills}])
    return replace(therapies, fills=take(fills, np.lexsort((fills["product"], fills["day"], fills["person"]))))


def products_of(drug_class: str) -> Ints:
    """Positions in PRODUCTS of one class."""
    return np.array([i for i, product in enumerate(PRODUCTS) if product.drug_class == drug_class], dtype=np.int64)


def therapies(people: People, period: Period, seed: int, block: int) -> Therapies:
    """What a block of people takes, one product of a class each, and every fill of it."""
    random = generator(seed, block, ROOM)
    first_of = np.full((len(people), len(CLASSES)), NO_DAY, dtype=np.int64)
    for condition, drug_class, share in USES:
        onset = people.onset[:, conditions.INDEX[condition]]
        takes = (onset != NO_DAY) & (random.random(len(people)) < share)
        start = np.maximum(
            onset + random.integers(5, 60, len(people)), period.start + random.integers(0, 40, len(people))
        )
        known = first_of[:, CLASS_INDEX[drug_class]]
        first_of[:, CLASS_INDEX[drug_class]] = np.where(takes & ((known == NO_DAY) | (start < known)), start, known)
    first_of = np.where(first_of == NO_DAY, NO_DAY, np.maximum(first_of, people.first[:, None]))
    person, drug_class_of = np.nonzero(first_of != NO_DAY)
    product = np.zeros(len(person), dtype=np.int64)
    for position, name in enumerate(CLASSES):
        rows = drug_class_of == position
        product[rows] = random.choice(products_of(name), int(rows.sum()))
    uses: Frame = {
        "person": person,
        "drug_class": drug_class_of,
        "product": product,
        "first": first_of[person, drug_class_of],
    }
    fills = _fills(random, people, period, uses)
    cardiac = np.isin(fills["drug_class"], [CLASS_INDEX[name] for name in CARDIAC])
    return Therapies(
        uses=uses,
        fills=fills,
        cardiac_keys=person_day(fills["person"][cardiac], fills["day"][cardiac]),
        cardiac_days=np.concatenate([[0], np.cumsum(fills["supply"][cardiac])]),
        counts=first_of,
    )


def _fills(random: np.random.Generator, people: People, period: Period, uses: Frame) -> Frame:
    """Each fill: the days between two fills are the days supplied over the person's steadiness, give or take."""
    size = len(uses["person"])
    supply = np.where(random.random(size) < 0.8, 90, 30)
    interval = supply / (people.steadiness[uses["person"]] * random.normal(1, 0.06, size).clip(0.8, 1.15)).clip(
        0.25, 1.02
    )
    count = np.maximum(np.ceil((period.end - uses["first"]) / interval), 0).astype(np.int64)
    use = np.repeat(np.arange(size), count)
    step = np.arange(len(use)) - np.repeat(np.cumsum(count) - count, count)
    jitter = np.where(step > 0, random.normal(0, 0.06, len(use)).clip(-0.15, 0.15), 0.0)
    day = uses["first"][use] + ((step + jitter) * interval[use]).astype(np.int64)
    person = uses["person"][use]
    paid = day + random.integers(0, 4, len(use))
    fills: Frame = {
        "person": person,
        "day": day,
        "product": uses["product"][use],
        "drug_class": uses["drug_class"][use],
        "supply": supply[use],
        "paid": paid,
        "refill": np.minimum(step, 11),
        "fate": delivery.fates(random, len(use)),
    }
    alive = (people.death[person] < 0) | (day < people.death[person])
    fills = take(fills, people.covered(day, person) & alive & (day <= period.end))
    return take(fills, np.lexsort((fills["product"], fills["day"], fills["person"])))


def flags(therapies: Therapies, classes: tuple[str, ...], person: Array, day: Array) -> Flags:
    """Whether the given people had begun a medicine of one of the classes by the given days."""
    first = therapies.counts[:, [CLASS_INDEX[name] for name in classes]][person]
    return np.asarray(((first != NO_DAY) & (first <= day[:, None])).any(axis=1), dtype=np.bool_)
