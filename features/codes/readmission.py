"""The code tables of the CMS planned-readmission algorithm and of the Hospital-Wide Readmission (HWR) cohort.

Source: CMS / Yale-CORE, Hospital-Wide All-Cause Unplanned Readmission measure, code tables of 2021, published as facts:
CCS categories (by number, below), 12,333 acute ICD-10-CM codes, 2,521 potentially planned ICD-10-PCS codes and 1,676 of
the surgery cohort. The three code lists are written here as CCS categories narrowed by how their codes begin; over the
codes of `features.codes.editions` this gives exactly the published lists, and a test holds it so. A pattern also takes
in 300 ICD-10-CM codes that are newer than the list (a fracture, a withdrawal): ours, like the supplement.

CCS is version 2019.1, for ICD-9-CM 2015. Newer ICD-10-CM codes take the category that `features.codes.supplement` gives
them; that part is ours. Whether the tables know a code at all is asked of `decided()` of a grouping: they know a code
that CCS or the supplement sorts, with a label or without. A shortened code (I50 for I50.23) they do not know. There is
no supplement for procedures, and no grouping of ICD-9-CM procedures: those are not evaluable.

The acute code list is of 2021, so a code that had been deleted by then (T83.51XA, of fiscal year 2016 alone) is not in
it, and so not acute. It has no ICD-9-CM counterpart: on ICD-9-CM only the acute CCS categories count, and complications
(CCS 237 and 238) and injuries are known but not acute there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from features.codes.editions import codes
from features.codes.grouping import Content, Entry, Grouping
from features.codes.groupings import CCS_DIAGNOSIS, CCS_PROCEDURE
from features.codes.supplement import SUPPLEMENT, VERSION
from features.codes.systems import ICD9CM, ICD10CM, ICD10PCS, System, system


def categories(text: str) -> frozenset[str]:
    """CCS numbers written with ranges: `2-5 45` is 2, 3, 4, 5 and 45."""
    spans = [span.partition("-") for span in text.split()]
    return frozenset(str(n) for first, _, last in spans for n in range(int(first), int(last or first) + 1))


@dataclass(frozen=True)
class Rule:
    """What a label holds: whole CCS categories, and of other categories the ICD-10 codes that a pattern fits.

    `within` is a regular expression, fitted at the beginning of a code, by category.
    """

    wording: str
    whole: frozenset[str]
    within: Mapping[str, str] = field(default_factory=dict)


# codes that CCS does not know: no category
NEWER = ""

# ---- diagnoses: planned or acute

# the seventh character of an injury's first treatment: A, or B and C of an open fracture
FIRST = r"......[ABC]"
FIRST_OR_NONE = r"(......A|.{3,6}$)"

ACUTE_WITHIN: dict[str, str] = {
    # diseases: what of a mostly chronic category is acute
    "1": "(?!Z)",  # all but the history of tuberculosis
    "50": "E(0[89]|1[013])([01]|52|641)",  # hyperosmolarity, ketoacidosis, gangrene, coma of low sugar
    "96": "I098",  # rheumatic heart failure
    "97": "(?!A36|B3324|I09[29]|I31[0189]|I4[23])",  # inflammation and effusion, not cardiomyopathy
    "101": "I2[034]|I2511|I25[67]",  # angina, also of an atherosclerotic vessel; not I25.10
    "105": "(?!Z)",  # all but the presence of a device
    "106": "I47|I49[589]|R",  # not atrial fibrillation or flutter (I48), nor extra beats
    "108": "(?!I50[234]2|I50812)",  # heart failure, unless said to be chronic only
    "114": "K550[1-6]",  # acute ischaemia of the bowel
    "115": "I6|I71[0135]|I7[29]|I777",  # dissection and rupture of the aorta; other arteries
    "133": "J810|J84114|J85|R04|R060[023]",  # acute oedema, abscess, bleeding, breathlessness
    "149": "(?!K801[01]|K80[346][45]|K8080|K811|K82[3489]|K8301|K83[34589]|K87|K9)",  # not chronic cholecystitis
    "152": "K85|K868[19]",  # acute pancreatitis
    "155": "K553|K5931",  # necrosis of the bowel, toxic megacolon
    "166": "N508[12]",  # pain of testis and scrotum
    "167": "N61[01]",  # mastitis and abscess
    "175": "N835[12][129]",  # torsion of an ovary or tube
    # injuries, poisonings and complications: the first treatment. What is shut out, the list leaves out: codes that had
    # been deleted by 2021, and some that came in fiscal year 2019
    "225": rf"(?!S030X){FIRST_OR_NONE}",
    "226": FIRST,
    "227": FIRST_OR_NONE,
    "228": rf"(?!S02([38]|10|6[1-57])X){FIRST}",
    "229": FIRST,
    "230": FIRST,
    "232": rf"(?!S034X){FIRST}",
    "233": rf"(?!S060X[2-8]){FIRST}",
    "234": FIRST,
    "235": FIRST,
    "237": rf"(?!T83(5[19]|6)X|T858[1-69]X){FIRST_OR_NONE}",
    "238": FIRST_OR_NONE,
    "239": FIRST,
    "240": FIRST_OR_NONE,
    "241": rf"(?!T4364){FIRST}",
    "242": FIRST_OR_NONE,
    "243": FIRST,
    "244": rf"(?!T7[46][56]){FIRST_OR_NONE}",
    "253": FIRST_OR_NONE,
    "661": rf"(?!F12[29]3|T40[18]X5){FIRST_OR_NONE}",
    "662": FIRST_OR_NONE,
}

PLANNED_DIAGNOSIS_RULES: dict[str, Rule] = {
    "always_planned": Rule(
        "care that is always planned: chemotherapy, radiotherapy, rehabilitation", categories("45 254")
    ),
    "acute": Rule(
        "an acute condition or a complication of care: never planned by a potentially planned procedure",
        categories(
            "2-5 7-9 54 55 60 61 63 76-78 82-85 87 89-93 99 100 102 104 107 109 112 116 118 120 122-131 135 137 139"
            " 140 142 145 146 148 153 154 157 159 165 168 172 197 198 210 245-247 249-252 259 650-653 656 658 660 663"
            " 670"
        ),
        ACUTE_WITHIN,
    ),
}

# ---- procedures: planned, and surgery

POTENTIALLY_PLANNED_WITHIN: dict[str, str] = {
    "35": "0CBS[478]ZZ",  # excision of the larynx, not for diagnosis
    "49": "(?!5A02)",  # heart operations, not assistance by a pump
    "61": "04V0[34]",  # narrowing the abdominal aorta from within
    "63": "02H[6K]33Z|02L7|02PA3D|02WA3[23D]",  # lines and devices in the heart, closing its left auricle
    "90": "0TN",  # freeing the urinary tract
    "98": "0F9[568]8|0F9[DF]8Z|0FF[DF]8|0FW[BD]8[02D]|0WHG33Z",  # bile ducts through an endoscope
    "101": "0T5[BC]|0TB[BC]",  # bladder and its neck
    "103": "(?!0TC0[07]|0TC[34]0)",  # stones of the kidney, by some ways in
    "111": "0T9[01]30Z",  # a drain into the kidney
    "112": "(?!0T7[678]8DZ)",  # all but a stent of the ureter through an endoscope
    "146": "0QH[45]|0QH[6-9BC].[5BCD]|0QP|0QS[6-9BC].[46]|0QW[6-9BC].5|0SS[9B].[45]",  # hip and femur, by device
    "218": "GZB",  # electroconvulsive therapy
    "222": "30233S",  # globulin into a vein
    NEWER: "02[HU][0-3]",  # coronary arteries: a device put in, a patch
}

PLANNED_PROCEDURE_RULES: dict[str, Rule] = {
    "always_planned": Rule("a procedure that is always planned: a transplant", categories("64 105 176")),
    "potentially_planned": Rule(
        "a procedure that is planned unless the principal diagnosis is acute",
        categories(
            "1-3 5 9 10 12 33 36 38 40 42-45 51-53 55 56 59 66 67 74 78 79 84-86 94 96 99 104 106 107 109 113 114"
            " 118-120 123-125 129 132 142 147 148 152-154 158-164 166 167 172 175 211 224"
        ),
        POTENTIALLY_PLANNED_WITHIN,
    ),
}

SURGERY_RULES: dict[str, Rule] = {
    "surgery_gynaecology": Rule(
        "a procedure of the surgery and gynaecology cohort",
        categories(
            "1-3 9 10 12-17 20-24 26 28 30 33 36 42-44 51-53 55 56 59 60 66 72-75 78-80 84-86 89 90 94 96 99 101"
            " 103-106 109 113 114 118-121 123-125 129 131-133 141 142 144-148 150 152-154 157 158 160-164 166 167 172"
            " 175 176"
        ),
        {
            "49": "....0",  # heart operations through an open chest
            "112": POTENTIALLY_PLANNED_WITHIN["112"],
            NEWER: "02[HU][0-3]0",
        },
    )
}

# ---- diagnoses: the cohort

EXCLUSION_RULES: dict[str, Rule] = {
    "psychiatric": Rule("a psychiatric condition", categories("650-652 654-659 662 670")),
    "rehabilitation": Rule("rehabilitation", categories("254")),
    "cancer": Rule("cancer, treated by medicines or radiation", categories("11-45")),
}

SPECIALTY_RULES: dict[str, Rule] = {
    "medicine": Rule(
        "medicine",
        categories(
            "1-10 46-55 57-64 76 77 84 86-94 98 99 118-121 123 124 126 134-149 151-173 175 197-212 214 215 217 225 226"
            " 228-232 234-253 255-259 653 660 661 663 2617"
        ),
    ),
    "cardiorespiratory": Rule("heart failure and lungs", categories("56 103 108 122 125 127-133")),
    "cardiovascular": Rule("heart and vessels", categories("96 97 100-102 104-107 114-117 213")),
    "neurology": Rule("neurology", categories("78-83 85 95 109-113 216 227 233")),
}


# ---- the groupings


@lru_cache(maxsize=1)
def _diagnoses() -> tuple[Entry, ...]:
    """Every diagnosis that CCS or the supplement knows, with its category."""
    return tuple(
        (system(name), code, label.removeprefix("ccs_"))
        for grouping in (CCS_DIAGNOSIS, SUPPLEMENT)
        for name, code, label in zip(*(column.to_pylist() for column in grouping.table().columns), strict=True)
    )


@lru_cache(maxsize=1)
def _procedures() -> tuple[Entry, ...]:
    """Every procedure of the editions, with its category or NEWER."""
    table = CCS_PROCEDURE.table()
    labels = dict(zip(table["code"].to_pylist(), table["label"].to_pylist(), strict=True))
    return tuple((ICD10PCS, code, labels.get(code, NEWER).removeprefix("ccs_pr_")) for code in codes(ICD10PCS))


def _sorted_by(rules: Mapping[str, Rule], entries: tuple[Entry, ...]) -> Content:
    within = {label: {at: re.compile(text) for at, text in rule.within.items()} for label, rule in rules.items()}
    listed: list[Entry] = []
    known: list[tuple[System, str]] = []
    for of, code, category in entries:
        if category != NEWER:
            known.append((of, code))
        for label, rule in rules.items():
            pattern = within[label].get(category) if of is not ICD9CM else None
            if category in rule.whole or (pattern and pattern.match(code)):
                listed.append((of, code, label))
    return Content(
        names={label: rule.wording for label, rule in rules.items()}, listed=tuple(listed), known=tuple(known)
    )


def _grouping(name: str, systems: tuple[System, ...], read: Callable[[], Content]) -> Grouping:
    return Grouping(
        name=name,
        source="CMS / Yale-CORE Hospital-Wide Readmission measure, code tables; newer diagnoses by ccs_supplement",
        version=f"2021, over CCS 2019.1; supplement {VERSION}",
        systems=systems,
        read=read,
    )


PLANNED_DIAGNOSES = _grouping(
    "planned_diagnoses", (ICD10CM, ICD9CM), lambda: _sorted_by(PLANNED_DIAGNOSIS_RULES, _diagnoses())
)
PLANNED_PROCEDURES = _grouping(
    "planned_procedures", (ICD10PCS,), lambda: _sorted_by(PLANNED_PROCEDURE_RULES, _procedures())
)
HWR_EXCLUSIONS = _grouping("hwr_exclusions", (ICD10CM, ICD9CM), lambda: _sorted_by(EXCLUSION_RULES, _diagnoses()))
SURGERY = _grouping("hwr_surgery", (ICD10PCS,), lambda: _sorted_by(SURGERY_RULES, _procedures()))
SPECIALTY = _grouping("hwr_specialty", (ICD10CM, ICD9CM), lambda: _sorted_by(SPECIALTY_RULES, _diagnoses()))

READMISSION_GROUPINGS = (PLANNED_DIAGNOSES, PLANNED_PROCEDURES, HWR_EXCLUSIONS, SURGERY, SPECIALTY)
