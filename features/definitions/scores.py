"""Scores that clinicians know by name, as functions of arrays: LACE, HOSPITAL, and CMS's risk score by categories.

Arrays are float64, one value a row, NaN where it is not known. Points are whole numbers; a score is NaN where one of
its parts is. Nothing here reads a record: what each part is made of is said in features/catalogue/scores.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.codes.hcc import (
    AGE_BANDS,
    AGED,
    GROUPS,
    HCC_V28,
    INTERACTIONS,
    MOST_COUNTED,
    NEEDS_ANOTHER,
    OF_THE_DISABLED,
    OTHERS,
    SEGMENTS,
    THOUSANDTHS,
    coefficients,
    label,
)
from features.errors import BadDeclaration

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """A score that is a sum of parts: its name, and for each letter that stands for a part the most points it gives."""

    name: str
    parts: Mapping[str, int]

    def named(self, evaluable: Collection[str]) -> str:
        """The name of what is left where only some parts can be told: `LACE`, or `LACE without A and E`.

        BadDeclaration for a letter that is no part, and where no part is left.
        """
        unknown = sorted(set(evaluable) - set(self.parts))
        if unknown or not evaluable:
            raise BadDeclaration(
                got=f"{self.name} of {', '.join(unknown) or 'nothing'}",
                expected=f"some of {', '.join(self.parts)}",
                do="Name its parts by these letters.",
            )
        gone = [letter for letter in self.parts if letter not in evaluable]
        if not gone:
            return self.name
        listed = gone[0] if len(gone) == 1 else f"{', '.join(gone[:-1])} and {gone[-1]}"
        return f"{self.name} without {listed}"

    def total(self, points: Mapping[str, Floats]) -> Floats:
        """The sum of the parts given, by letter; NaN where one of them is. Named by `named(points)`."""
        self.named(points)
        return np.asarray(np.sum([points[letter] for letter in self.parts if letter in points], axis=0))


def _steps(values: Floats, lowest: Sequence[float], points: Sequence[int]) -> Floats:
    """The points of the last step whose lowest value is reached: `points` holds one more, for what reaches none."""
    place = np.searchsorted(np.asarray(lowest, dtype=np.float64), values, side="right")
    return np.where(np.isnan(values), np.nan, np.asarray(points, dtype=np.float64)[place])


def _flag(values: Floats, points: int) -> Floats:
    """`points` where 1, 0 where 0."""
    return np.where(np.isnan(values), np.nan, np.where(values > 0, points, 0)).astype(np.float64)


# ---- LACE: van Walraven 2010, CMAJ 182:551-557

LACE = Score("LACE", {"L": 7, "A": 3, "C": 5, "E": 4})


def lace_length_of_stay(days: Floats) -> Floats:
    """L, 0 to 7 points by days in hospital: under 1 day 0, 1, 2 and 3 days as many points, 4 to 6 days 4, 7 to 13 days
    5, 14 days or more 7 (van Walraven 2010). A later modified LACE gives 6 for 14 days and more; this is the original.
    """
    return _steps(days, (1, 2, 3, 4, 7, 14), (0, 1, 2, 3, 4, 5, 7))


def lace_acute(acute: Floats) -> Floats:
    """A, 3 points for an acute or emergent admission (1), 0 for another (0) (van Walraven 2010)."""
    return _flag(acute, 3)


def lace_comorbidity(total: Floats) -> Floats:
    """C, 0 to 5 points from the total of LACE's own comorbidity weights (features.codes.groupings.LACE_CONDITIONS):
    0 to 3 as many points, 4 or more 5 (van Walraven 2010).
    """
    return _steps(total, (1, 2, 3, 4), (0, 1, 2, 3, 5))


def lace_emergency_visits(visits: Floats) -> Floats:
    """E, 0 to 4 points by emergency visits in the 6 months before admission, the one that led to it not counted: up to
    3 as many points, 4 or more 4 (van Walraven 2010).
    """
    return _steps(visits, (1, 2, 3, 4), (0, 1, 2, 3, 4))


def lace(days: Floats, acute: Floats, comorbidity: Floats, visits: Floats) -> Floats:
    """L + A + C + E, 0 to 19 points; 10 or more is called high (van Walraven 2010)."""
    return LACE.total(
        {
            "L": lace_length_of_stay(days),
            "A": lace_acute(acute),
            "C": lace_comorbidity(comorbidity),
            "E": lace_emergency_visits(visits),
        }
    )


# ---- HOSPITAL: Donze 2013, JAMA Intern Med 173:632; validated in Donze 2016, JAMA Intern Med 176:496


@dataclass(frozen=True)
class AdmissionBands:
    """From how many admissions in the year before 2 points are given; more than 5 give 5 points in both variants.

    `source` tells who publishes it so. The two sources contradict each other and the paper's own table was not at
    hand, so neither is called the original.
    """

    source: str
    says: str
    two_points_from: int


BANDS_FROM_1 = AdmissionBands("cliniborg.com, HOSPITAL score", "0, 1 to 5, more", 1)
BANDS_FROM_2 = AdmissionBands("Healthcare Analytics Made Simple, citing Donze 2013 and 2016", "0 to 1, 2 to 5, more", 2)
ADMISSION_BANDS = (BANDS_FROM_1, BANDS_FROM_2)

HOSPITAL = Score("HOSPITAL", {"H": 1, "O": 2, "S": 1, "P": 1, "IT": 1, "A": 5, "L": 2})


def hospital_haemoglobin(grams_per_decilitre: Floats) -> Floats:
    """H, 1 point for a haemoglobin below 12 g/dL at discharge (Donze 2013)."""
    return _below(grams_per_decilitre, 12.0)


def hospital_oncology(from_oncology: Floats) -> Floats:
    """O, 2 points for a discharge from an oncology service (Donze 2013)."""
    return _flag(from_oncology, 2)


def hospital_sodium(millimoles_per_litre: Floats) -> Floats:
    """S, 1 point for a sodium below 135 mmol/L at discharge (Donze 2013)."""
    return _below(millimoles_per_litre, 135.0)


def hospital_procedure(any_procedure: Floats) -> Floats:
    """P, 1 point for any coded procedure in the stay (Donze 2013)."""
    return _flag(any_procedure, 1)


def hospital_index_type(acute: Floats) -> Floats:
    """IT, 1 point for an urgent or emergent admission (Donze 2013)."""
    return _flag(acute, 1)


def hospital_admissions(admissions: Floats, bands: AdmissionBands) -> Floats:
    """A, 0, 2 or 5 points by admissions in the 12 months before (Donze 2013); `bands` is the variant."""
    return _steps(admissions, (bands.two_points_from, 6), (0, 2, 5))


def hospital_length_of_stay(days: Floats) -> Floats:
    """L, 2 points for 5 days or more (Donze 2013)."""
    return _steps(days, (5,), (0, 2))


def hospital(
    haemoglobin: Floats,
    from_oncology: Floats,
    sodium: Floats,
    any_procedure: Floats,
    acute: Floats,
    admissions: Floats,
    days: Floats,
    bands: AdmissionBands,
) -> Floats:
    """H + O + S + P + IT + A + L, 0 to 13 points; 7 or more is called high (Donze 2013, bands of Donze 2016)."""
    return HOSPITAL.total(
        {
            "H": hospital_haemoglobin(haemoglobin),
            "O": hospital_oncology(from_oncology),
            "S": hospital_sodium(sodium),
            "P": hospital_procedure(any_procedure),
            "IT": hospital_index_type(acute),
            "A": hospital_admissions(admissions, bands),
            "L": hospital_length_of_stay(days),
        }
    )


def _below(values: Floats, limit: float) -> Floats:
    return np.where(np.isnan(values), np.nan, values < limit).astype(np.float64)


# ---- CMS-HCC V28: features.codes.hcc has the categories and the coefficients

CATEGORIES = HCC_V28.labels
PLACES = {name: place for place, name in enumerate(CATEGORIES)}


def counted_categories(present: Flags) -> Flags:
    """(rows, categories) after the hierarchies: a category gives way to a graver one of the same disease.

    `present` has a column for each of CATEGORIES. A graver one rules out those below it even where it gives way itself.
    """
    present = present.copy()
    present[:, PLACES[label(NEEDS_ANOTHER)]] &= _any_of(present, OTHERS)
    below = np.zeros((len(CATEGORIES), len(CATEGORIES)), dtype=np.int64)
    for grave, lesser in HCC_V28.overrules:
        below[PLACES[grave], PLACES[lesser]] = 1
    return np.asarray(present & ~(present.astype(np.int64) @ below > 0))


def hcc_count(present: Flags) -> Floats:
    """How many categories count after the hierarchies."""
    return np.asarray(counted_categories(present).sum(axis=1), dtype=np.float64)


def segment_of(age: Floats, full_benefit: Floats, partial_benefit: Floats) -> npt.NDArray[np.int64]:
    """Places in SEGMENTS of people in the community, by age and by what Medicaid pays; flags that are not 1 count as 0.

    Long-term institutional (INS) needs nursing-home assessments, which no table of the record holds, so nobody is put
    there. New enrollees have factors of their own, by months of Part B; a network's enrolment does not tell those.
    """
    dual = np.where(full_benefit > 0, 2, np.where(partial_benefit > 0, 4, 0))
    return np.asarray(dual + (age < AGED), dtype=np.int64)


def hcc_risk(
    present: Flags,
    age: Floats,
    female: Floats,
    once_disabled: Floats,
    segment: npt.NDArray[np.int64],
    medicaid: Floats | None = None,
) -> Floats:
    """CMS-HCC V28 risk score of payment year 2026, raw: before normalisation and the coding adjustment; 1 is about the
    cost of an average beneficiary. NaN where age, sex or the original reason of entitlement is not known.

    Age in years, flags 0 or 1; `once_disabled` is reason 1 (disability). Under 65 everybody counts as disabled, since
    nobody is in Medicare then for another reason but kidney failure. Sums of integer thousandths, so that a row alone
    and in a batch give the same bits.
    """
    known = ~np.isnan(age + female + once_disabled)
    years, sex = np.where(known, age, 0).astype(np.int64), np.where(known, female, 0).astype(np.int64)
    disabled_first = known & (once_disabled > 0)
    numbers = coefficients()
    counted = counted_categories(present)
    band = np.searchsorted([last for last, _ in AGE_BANDS], years, side="left")
    total = numbers.demographic[segment, sex, np.minimum(band, len(AGE_BANDS) - 1)]
    total = total + np.where(disabled_first & (years >= AGED), numbers.once_disabled[segment, sex], 0)
    for place in range(len(SEGMENTS)):
        there = segment == place
        total[there] += counted[there].astype(np.int64) @ numbers.categories[place]
    total += numbers.counts[segment, np.minimum(counted.sum(axis=1), MOST_COUNTED)]
    groups = {name: _any_of(counted, members) for name, members in GROUPS.items()}
    for i, (one, other) in enumerate(INTERACTIONS.values()):
        total += np.where(groups[one] & groups[other], numbers.interactions[segment, i], 0)
    for i, one in enumerate(OF_THE_DISABLED.values()):
        applies = groups[one] & (years < AGED)
        total += np.where(applies, numbers.of_the_disabled[segment, i], 0)
    if medicaid is not None:
        total += np.where(medicaid > 0, numbers.medicaid[segment], 0)
    return np.where(known, total / THOUSANDTHS, np.nan)


def _any_of(flags: Flags, categories: Sequence[str]) -> Flags:
    return np.asarray(flags[:, [PLACES[label(category)] for category in categories]].any(axis=1))
