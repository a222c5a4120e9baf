"""What must not be worded without leave: substance use, mental health, HIV and reproductive care, by code.

Substance use stands under 42 CFR part 2 (tobacco and caffeine do not: section 2.11, so F17 and 305.1 are not here). The
other three are what states and networks most often protect beside it. No official list of codes exists for any of them:
these are ours (version below), chosen from the chapters of ICD-10-CM (fiscal year 2026), ICD-9-CM and ICD-10-PCS, HCPCS
level II, revenue centres and MS-DRG version 43, as facts. CPT numbers are left out. A list finds what is coded, not
what is known: a note or a clinic's name may tell as much. Part 2 binds the
records of certain programmes; as a claim does not say whether it comes from one, every code counts as if it did.

`TELLS` says of what the features' labels tell: what rests on such codes is not worded without the scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from features.codes.grouping import Content, Entry, Grouping
from features.codes.systems import HCPCS, ICD9CM, ICD10CM, ICD10PCS, MSDRG, RevenueCentre, System

VERSION = "2026.1"
SUBSTANCE, MENTAL, HIV, REPRODUCTIVE = "substance_use", "mental_health", "hiv", "reproductive"
CATEGORIES = {
    SUBSTANCE: "substance use (42 CFR part 2)",
    MENTAL: "mental health",
    HIV: "HIV",
    REPRODUCTIVE: "reproductive care",
}

# how codes of ICD begin
_BEGINNINGS: dict[str, dict[System, tuple[str, ...]]] = {
    SUBSTANCE: {
        ICD10CM: ("F1[0-689]", "O993[12]", "Z7141", "Z7151", "K70", "K852", "K860", "G312", "G621", "I426"),
        ICD9CM: ("291", "292", "303", "304", "3050", "305[2-9]", "6483", "V6542"),
        ICD10PCS: ("HZ",),
    },
    MENTAL: {
        ICD10CM: ("F[2-6]", "F9[0-9]", "O9934", "R4585", "T1491", "X7[1-9]", "X8[0-3]", "Z915", "Z865"),
        ICD9CM: ("29[5-9]", "30[0-2]", "30[6-9]", "31[1-4]", "316", "E95", "V628[45]", "V110", "V111"),
        ICD10PCS: ("GZ",),
    },
    HIV: {
        ICD10CM: ("B20", "B9735", "O987", "R75", "Z114", "Z206", "Z21", "Z717"),
        ICD9CM: ("042", "07953", "79571", "V08", "V6544"),
    },
    REPRODUCTIVE: {
        ICD10CM: ("O", "Z3", "N96", "N97", "N46"),
        ICD9CM: ("6[3-7]", "V2[2-8]", "628", "606"),
        ICD10PCS: ("10",),
    },
}
# whole codes of the other systems
_LISTED: dict[str, dict[System, tuple[str, ...]]] = {
    SUBSTANCE: {
        HCPCS: (
            *("G0396", "G0397", "G0442", "G0443", "G2067", "G2068", "G2069", "G2070", "G2071", "G2072", "G2073"),
            *("G2074", "G2075", "G2076", "G2077", "G2078", "G2079", "G2080", "G2086", "G2087", "G2088", "G2215"),
            *("G2216", "H0001", "H0003", "H0005", "H0006", "H0007", "H0008", "H0009", "H0010", "H0011", "H0012"),
            *("H0013", "H0014", "H0015", "H0016", "H0020", "H0022", "H0028", "H0029", "H0047", "H0048", "H0049"),
            *("H0050", "H2034", "H2035", "H2036", "J0571", "J0572", "J0573", "J0574", "J0575", "J0577", "J0578"),
            *("J2315", "Q9991", "Q9992", "S9475", "T1006", "T1007", "T1012"),
        ),
        RevenueCentre: ("0116", "0126", "0136", "0146", "0156", "0906", "0944", "0945", "0953", "1002"),
        MSDRG: ("894", "895", "896", "897"),
    },
    MENTAL: {
        HCPCS: (
            *("G0409", "G0410", "G0411", "G0444", "H0017", "H0018", "H0019", "H0031", "H0032", "H0035", "H0036"),
            *("H0037", "H0038", "H0039", "H0040", "H0046", "H2011", "H2012", "H2013", "H2017", "H2018", "H2019"),
            *("H2020", "M0064", "S9480", "S9484", "S9485"),
        ),
        RevenueCentre: (
            *("0114", "0124", "0134", "0144", "0154", "0204", "0900", "0901", "0902", "0903", "0904", "0905", "0907"),
            *("0910", "0911", "0912", "0913", "0914", "0915", "0916", "0917", "0918", "0919", "0961", "1001"),
        ),
        MSDRG: ("876", "880", "881", "882", "883", "884", "885", "886", "887"),
    },
    HIV: {
        HCPCS: ("G0432", "G0433", "G0435", "G0475", "J0739", "J0741", "S3645"),
        MSDRG: ("969", "970", "974", "975", "976", "977"),
    },
    REPRODUCTIVE: {
        HCPCS: (
            *("A4261", "A4266", "J1050", "J7294", "J7295", "J7296", "J7297", "J7298", "J7300", "J7301", "J7303"),
            *("J7304", "J7306", "J7307", "S0190", "S0191", "S0199", "S2260", "S2262", "S2265", "S2266", "S2267"),
            *("S4981", "S4989", "S4993"),
        ),
        RevenueCentre: ("0112", "0122", "0132", "0142", "0152", "0720", "0721", "0722", "0723", "0724", "0729"),
        MSDRG: (
            *("768", "769", "770", "776", "779", "783", "784", "785", "786", "787", "788", "796", "797", "798"),
            *("805", "806", "807", "817", "818", "819", "831", "832", "833"),
        ),
    },
}


def _content() -> Content:
    def entries(told: Mapping[str, Mapping[System, tuple[str, ...]]]) -> tuple[Entry, ...]:
        return tuple(
            (system, code, category)
            for category, by_system in told.items()
            for system, codes in by_system.items()
            for code in codes
        )

    return Content(names=CATEGORIES, listed=entries(_LISTED), beginnings=entries(_BEGINNINGS))


SENSITIVE = Grouping(
    "sensitive",
    "ours: no official list of codes exists",
    VERSION,
    (ICD10CM, ICD9CM, ICD10PCS, HCPCS, RevenueCentre, MSDRG),
    _content,
)

# what the labels of groupings and lists tell, by the name under which features use them
_OF_CCS = {
    **{f"ccs_{number}": MENTAL for number in (650, 651, 652, 655, 656, 657, 658, 659, 662, 670)},
    **{f"ccs_{number}": SUBSTANCE for number in (660, 661)},
    "ccs_663": f"{MENTAL} {SUBSTANCE}",
    "ccs_5": HIV,
}
_OF_MEDICINES = {"antidepressant": MENTAL, "antipsychotic": MENTAL}
TELLS: Mapping[str, Mapping[str, str]] = {
    "elixhauser": {
        "aids_hiv": HIV,
        "alcohol_abuse": SUBSTANCE,
        "drug_abuse": SUBSTANCE,
        "psychoses": f"{MENTAL} {SUBSTANCE}",
        "depression": MENTAL,
    },
    "charlson": {"aids_hiv": HIV},
    "ccs": _OF_CCS,
    "hcc": {
        "hcc_1": HIV,
        **{f"hcc_{number}": SUBSTANCE for number in (135, 136, 137, 138, 139)},
        **{f"hcc_{number}": MENTAL for number in (151, 152, 153, 154, 155)},
    },
    "medicines": _OF_MEDICINES,
    "services": {"psychiatry": MENTAL},
    "signs": {"depression_score": MENTAL},
}


def categories_of(system: System, code: str) -> tuple[str, ...]:
    """The sensitive categories of one canonical code; none where the system has no list."""
    return SENSITIVE.labels_of(system, code) if SENSITIVE.covers(system) else ()


def allowed(tells: str, scopes: Iterable[str]) -> bool:
    """Whether what tells of these categories (names, a blank between) may be worded for somebody with these scopes."""
    return set(tells.split()) <= set(scopes)
