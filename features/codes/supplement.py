"""CCS categories for ICD-10-CM codes that are newer than CCS 2019.1: ours, and labelled so.

AHRQ's last CCS for ICD-10-CM is 2019.1, while the CMS readmission tables are written in its categories; codes of fiscal
year 2020 and later (COVID-19, the stages of kidney disease, heart injury without ischaemia) are in none of them. A
newer code takes a category in one of two ways, both checked by tests on the codes of the editions:

1. by its neighbours: the older codes that share the longest beginning with it are all in one category. From T36 to T65,
   where the sixth character is the intent, only neighbours of the same intent and encounter count.
2. by hand, where neighbours disagree or there are none: as the older code under which the condition used to be coded.

Of 2,636 newer codes of the editions 2,288 have a category by their neighbours and 224 by hand; for 124 neither speaks
and they stay unknown. External causes (chapter 20) are left out: no stay has one as its principal diagnosis. A
shortened code stays unknown too.
"""

from __future__ import annotations

import re

from features.codes.editions import codes
from features.codes.grouping import Content, Grouping
from features.codes.groupings import CCS_DIAGNOSIS
from features.codes.systems import ICD10CM

VERSION = "2026.1"

# CCS category: how the newer codes begin that their neighbours sort there (regular expressions, apart by blanks)
NEIGHBOURS: dict[str, str] = {
    "2": "A41",
    "3": "B96 Z16",
    "4": "B37",
    "8": "A79 B60 B88",
    "10": "R76 Z11 Z20 Z22",
    "24": "C50",
    "27": "C56",
    "37": "C81",
    "38": "C82 C83 C84 C85 C86 C88",
    "42": "C78 C79",
    "44": "D48",
    "47": "D13 Z8601",
    "50": "E113",
    "51": "E16 E20 E34",
    "53": "E78",
    "55": "E87",
    "57": "D84 D894 M04",
    "58": "D813 E66 E70 E72 E74 E7524 E79 E83 E881 E884 E888 R63 Z681",
    "59": "D55 D59 D61",
    "61": "D57",
    "62": "D68 D69 D7582",
    "63": "D71 D72",
    "77": "A84 G04",
    "79": "G20",
    "80": "G35",
    "81": "G11 G23",
    "83": "G40",
    "84": "G44 R51",
    "85": "R40",
    "87": "H36",
    "88": "H40",
    "90": "H01",
    "91": "H05 H18 H50 H55 H57",
    "93": "H81",
    "95": "G37 G71 G908 G92 G934 G96",
    "96": "I34",
    "97": "I31 I42",
    "100": "I21",
    "101": "I20 I24 I251 I2575",
    "103": "I26 I27",
    "106": "I47 I48 I49",
    "115": "I71",
    "118": "I80 I82",
    "122": "J12 J15",
    "127": "J44",
    "133": "J82 J84 R05",
    "134": "J34",
    "136": "M26",
    "138": "K20 K21 K22",
    "142": "K35",
    "147": "K60",
    "151": "K74 K76 R74",
    "155": "K59 K63",
    "156": "N0[0-7] N14",
    "158": "N18 Z9115",
    "163": "R35 R39 R82",
    "167": "N61 N63",
    "168": "N76",
    "169": "N80",
    "175": "N85",
    "180": "O00",
    "181": "O35[01] O99",
    "189": "O3421",
    "195": "O90",
    "197": "L02 L03",
    "198": "L29 L661",
    "199": "L89 L984",
    "200": "L668",
    "201": "M86",
    "202": "M05 M06 M08 M45",
    "203": "M19",
    "204": "M24[368] M25",
    "205": "M51 M54",
    "207": "M80",
    "209": "M245",
    "210": "M31 M350",
    "211": "M242 M358 M625 M65 M67 M72",
    "212": "M92 M93",
    "213": "Q21 Q23",
    "214": "Q44",
    "217": "Q66 Q75 Q79 Q85 Q87 Q89 Q93 Q99 Z8776",
    "224": "P00 P09 P28 P91",
    "225": "M241 M244",
    "228": "S02",
    "233": "S06",
    "235": "S31",
    "237": "I257[012369] T86",
    "238": "E89 G97 J95 N99 T80 T81",
    "239": "S20 S30",
    "241": "T4365[134]A",
    "242": "T(36A|45A).[134] T404[129][134] T5091[134]",
    "243": "T528[129][134] T5[69]82[134] T658[45][134]",
    "244": "T67 T74 T75 T76 T(36A|45A).6 T404[129]6 T43656 T50916",
    "251": "R102",
    "252": "G933",
    "253": "L24 T78 Z910",
    "255": "Z02 Z55 Z59 Z62 Z71",
    "256": "Z01",
    "258": "R78 R79 Z05",
    "259": "Z15 Z17 Z28 Z29 Z40 Z67 Z72 Z77 Z80 Z83 Z84 Z911[149] Z922",
    "650": "F43",
    "653": "F01 F02 F03",
    "654": "F78",
    "657": "F32",
    "660": "F10",
    "661": "F1[1-689] T407[12][13456]",
    "662": "Z915 T(36A|45A).2 T40(4[129]|7[12])2 T5(091|28[129]|[69]82)2 T658[45]2",
    "663": "Z914",
    "670": "F50 Z87890",
    "2617": "T(36A|45A).5 T404[129]5 T43655 T50915",
}

# how the newer codes begin: the older code whose category they take
BY_HAND: dict[str, str] = {
    "U070": "J680",  # vaping: a chemical injury of the lung, and so coded until 2020
    "U071": "B9729",  # COVID-19: other coronavirus until 2020
    "U099": "B948",  # after COVID-19: sequelae of another infection until 2021
    "I5A": "I5189",  # heart injury without ischaemia: other heart disease, ill defined
    "I1A": "I10",  # resistant hypertension
    "I2585": "I2589",  # disease of the small heart vessels
    "I7782": "I776",  # ANCA vasculitis: an unspecified arteritis before
    "D7584": "D7582",  # antibodies against platelet factor 4, as when heparin causes them
    "D8182": "D8189",  # another combined immunodeficiency
    "D898[34]": "D8989",  # cytokine release, IgG4: other disorders of the immune mechanism (the rest is of grafts)
    "E10A": "E109",  # type 1 diabetes before symptoms
    "E11A": "E119",  # type 2 diabetes in remission
    "E752[78]": "E7529",  # Pelizaeus-Merzbacher and Canavan: other sphingolipidosis
    "E88A": "R64",  # wasting: cachexia
    "F067": "G3184",  # mild neurocognitive disorder
    "G318[067]": "G3189",  # leukodystrophy, Alexander disease, apraxia of speech
    "G43E": "G43709",  # chronic migraine with aura, as without
    "G90A": "G909",  # postural tachycardia: an autonomic disorder
    "K31[AB]": "K3189",  # other diseases of the stomach (the rest is polyps)
    "K68[23]": "K689",  # other disorders of the retroperitoneum (the rest is abscesses)
    "K9082": "K912",  # short bowel: malabsorption after surgery
    "K9083": "K9089",  # failure of the bowel
    "L98A": "L98499",  # chronic ulcers of the arm and other sites
    "O2664": "O26619",  # cholestasis in pregnancy
    "O35[A-H]": "O358XX0",  # other abnormalities of the fetus
    "R10(85|8A|A)": "R109",  # pain and tenderness of the flank (the rest is colic of infants)
    "R111[56]": "R1110",  # cyclical vomiting
    "T4365[134][DS]": "T43621D",  # methamphetamine: amphetamine until 2020
    "T43652": "T43622A",
    "Z038[23]": "Z0389",  # suspected, and ruled out
    "Z51A": "Z5189",  # aftercare of sepsis, not chemotherapy like its neighbours
    "Z685[56]": "Z6854",
    "Z79(6|85)": "Z79899",  # long-term medicines
}


def _content() -> Content:
    older = {code: label for system, code, label in _rows() if system == ICD10CM.name}
    starts = {f"ccs_{category}": text.split() for category, text in NEIGHBOURS.items()}
    for start, code in BY_HAND.items():
        starts.setdefault(older[code], []).append(start)
    newer = [code for code in codes(ICD10CM) if code not in older]
    labels = [label for label in CCS_DIAGNOSIS.labels if label in starts]
    found = {label: re.compile("|".join(starts[label])) for label in labels}
    return Content(
        names={label: CCS_DIAGNOSIS.description(label) for label in labels},
        listed=tuple((ICD10CM, code, label) for label, start in found.items() for code in newer if start.match(code)),
    )


def _rows() -> zip[tuple[str, str, str]]:
    return zip(*(column.to_pylist() for column in CCS_DIAGNOSIS.table().columns), strict=True)


SUPPLEMENT = Grouping(
    name="ccs_supplement",
    source="ours, by the neighbours of a code in CCS 2019.1 or its forerunner; not published by AHRQ or CMS",
    version=VERSION,
    systems=(ICD10CM,),
    read=_content,
)
