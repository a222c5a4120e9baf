"""Where care happened and how a stay began and ended: billing codes as facts, in our own words.

Sources: NUBC type of bill, patient status, admission type, point of origin and revenue codes as CMS publishes them
(Medicare Claims Processing Manual chapters 1, 3 and 25); CMS place of service codes; CPT and HCPCS numbers without
their descriptors; the CMS Certification Number from State Operations Manual section 2779A.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from features.codes.grouping import Content, Entry, Grouping
from features.codes.systems import HCPCS, RevenueCentre


@dataclass(frozen=True)
class Fact:
    """One code of a short list: its wording, ours, and the kind that rules speak of."""

    code: str
    wording: str
    kind: str


def fact(facts: tuple[Fact, ...], code: str | None) -> Fact | None:
    """The fact of a code; null where the code is absent or the list does not have it."""
    return next((each for each in facts if each.code == code), None)


def codes_of(facts: tuple[Fact, ...], *kinds: str) -> tuple[str, ...]:
    """The codes of some kinds, in the list's order."""
    return tuple(each.code for each in facts if each.kind in kinds)


# ---- type of bill: the first two of its three digits (facility and classification); the third is the frequency

BILL_TYPES = (
    Fact("11", "hospital inpatient", "inpatient"),
    Fact("12", "hospital inpatient, part B only", "inpatient_part_b"),
    Fact("13", "hospital outpatient", "outpatient"),
    Fact("14", "hospital laboratory for someone not a patient", "outpatient"),
    Fact("18", "hospital swing bed", "swing_bed"),
    Fact("21", "skilled nursing facility inpatient", "skilled_nursing"),
    Fact("22", "skilled nursing facility, part B only", "skilled_nursing"),
    Fact("23", "skilled nursing facility outpatient", "outpatient"),
    Fact("28", "skilled nursing facility swing bed", "swing_bed"),
    Fact("32", "home health under a plan of care", "home_health"),
    Fact("33", "home health under a plan of care, part A", "home_health"),
    Fact("34", "home health without a plan of care", "home_health"),
    Fact("41", "religious non-medical institution inpatient", "religious"),
    Fact("43", "religious non-medical institution outpatient", "religious"),
    Fact("65", "intermediate care", "nursing_facility"),
    Fact("66", "intermediate care", "nursing_facility"),
    Fact("71", "rural health clinic", "clinic"),
    Fact("72", "dialysis centre", "dialysis"),
    Fact("73", "federally qualified health centre, before 2010", "clinic"),
    Fact("74", "outpatient rehabilitation facility", "outpatient"),
    Fact("75", "comprehensive outpatient rehabilitation facility", "outpatient"),
    Fact("76", "community mental health centre", "clinic"),
    Fact("77", "federally qualified health centre", "clinic"),
    Fact("81", "hospice outside a hospital", "hospice"),
    Fact("82", "hospice in a hospital", "hospice"),
    Fact("83", "ambulatory surgery in a hospital", "outpatient"),
    Fact("85", "critical access hospital outpatient", "outpatient"),
)
INTERIM_FREQUENCIES = ("2", "3", "4")  # first, continuing and last bill of one stay

# ---- patient status at discharge

_PLANNED = ", a return to acute care being planned"
_DISPOSITIONS = (
    ("01", "81", "home", "home"),
    ("02", "82", "another short-term hospital", "acute_hospital"),
    ("03", "83", "a skilled nursing facility", "skilled_nursing"),
    ("04", "84", "custodial or intermediate care", "nursing_facility"),
    ("05", "85", "a cancer centre or children's hospital", "acute_hospital"),
    ("06", "86", "home with home health care", "home_health"),
    ("07", None, "left against medical advice", "against_medical_advice"),
    ("08", None, "home with intravenous therapy, before 2005", "home"),
    ("09", None, "admitted to this hospital", "admitted_here"),
    ("20", None, "died", "expired"),
    ("21", "87", "court or law enforcement", "law_enforcement"),
    ("30", None, "still a patient", "still_patient"),
    ("40", None, "died at home in hospice", "expired"),
    ("41", None, "died in a facility in hospice", "expired"),
    ("42", None, "died in hospice, place unknown", "expired"),
    ("43", "88", "a federal hospital", "acute_hospital"),
    ("50", None, "hospice at home", "hospice"),
    ("51", None, "hospice in a facility", "hospice"),
    ("61", "89", "a swing bed of this hospital", "swing_bed"),
    ("62", "90", "a rehabilitation hospital or unit", "rehabilitation"),
    ("63", "91", "a long-term care hospital", "long_term"),
    ("64", "92", "a nursing facility under Medicaid only", "nursing_facility"),
    ("65", "93", "a psychiatric hospital or unit", "psychiatric"),
    ("66", "94", "a critical access hospital", "acute_hospital"),
    ("69", None, "a disaster alternative care site", "other_institution"),
    ("70", "95", "another institution", "other_institution"),
    ("71", None, "outpatient care elsewhere, before 2005", "home"),
    ("72", None, "outpatient care here, before 2005", "home"),
)
DISPOSITIONS = tuple(
    each
    for code, planned, wording, kind in _DISPOSITIONS
    for each in (Fact(code, wording, kind), *([Fact(planned, wording + _PLANNED, kind)] if planned else []))
)
EXPIRED = codes_of(DISPOSITIONS, "expired")
HOSPICE = codes_of(DISPOSITIONS, "hospice")
AGAINST_MEDICAL_ADVICE = codes_of(DISPOSITIONS, "against_medical_advice")
TO_ACUTE_HOSPITAL = codes_of(DISPOSITIONS, "acute_hospital")
STILL_PATIENT = codes_of(DISPOSITIONS, "still_patient")

# ---- how a stay began

ADMIT_TYPES = (
    Fact("1", "emergency", "acute"),
    Fact("2", "urgent", "acute"),
    Fact("3", "elective", "elective"),
    Fact("4", "newborn", "newborn"),
    Fact("5", "trauma centre", "acute"),
    Fact("9", "type of admission not known", "unknown"),
)
# 3, 7, B and C were given up by 2010; in a newborn admission (type 4) codes 5 and 6 mean born here and born elsewhere
ADMIT_SOURCES = (
    Fact("1", "from home or another place that is not a health facility", "community"),
    Fact("2", "from a clinic or physician's office", "clinic"),
    Fact("3", "sent by a health plan", "clinic"),
    Fact("4", "from another hospital", "hospital"),
    Fact("5", "from a skilled nursing or intermediate care facility", "skilled_nursing"),
    Fact("6", "from another health facility", "facility"),
    Fact("7", "from the emergency department", "emergency"),
    Fact("8", "from court or law enforcement", "law_enforcement"),
    Fact("9", "point of origin not known", "unknown"),
    Fact("B", "from another home health agency", "home_health"),
    Fact("C", "back to the same home health agency", "home_health"),
    Fact("D", "from another unit of this hospital", "same_hospital"),
    Fact("E", "from an ambulatory surgery centre", "facility"),
    Fact("F", "from hospice", "hospice"),
    Fact("G", "from a disaster alternative care site", "facility"),
)

# ---- place of service on a professional claim

PLACES_OF_SERVICE = (
    Fact("02", "telehealth, not at home", "telehealth"),
    Fact("04", "homeless shelter", "community"),
    Fact("10", "telehealth at home", "telehealth"),
    Fact("11", "office", "office"),
    Fact("12", "home", "home"),
    Fact("13", "assisted living", "home"),
    Fact("14", "group home", "home"),
    Fact("17", "walk-in clinic in a shop", "urgent_care"),
    Fact("19", "hospital outpatient, off campus", "outpatient"),
    Fact("20", "urgent care", "urgent_care"),
    Fact("21", "hospital inpatient", "inpatient"),
    Fact("22", "hospital outpatient, on campus", "outpatient"),
    Fact("23", "emergency department", "emergency"),
    Fact("24", "ambulatory surgery centre", "surgery"),
    Fact("31", "skilled nursing facility", "skilled_nursing"),
    Fact("32", "nursing facility", "nursing_facility"),
    Fact("33", "custodial care", "nursing_facility"),
    Fact("34", "hospice", "hospice"),
    Fact("41", "ambulance on land", "ambulance"),
    Fact("42", "ambulance by air or water", "ambulance"),
    Fact("49", "independent clinic", "office"),
    Fact("50", "federally qualified health centre", "office"),
    Fact("51", "psychiatric hospital", "psychiatric"),
    Fact("52", "psychiatric day hospital", "psychiatric"),
    Fact("53", "community mental health centre", "psychiatric"),
    Fact("54", "intermediate care for disability", "nursing_facility"),
    Fact("61", "rehabilitation hospital", "rehabilitation"),
    Fact("62", "outpatient rehabilitation", "outpatient"),
    Fact("65", "dialysis centre", "dialysis"),
    Fact("71", "public health clinic", "office"),
    Fact("72", "rural health clinic", "office"),
    Fact("81", "independent laboratory", "laboratory"),
)

# ---- visits by procedure number and revenue centre


def _run(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(code) for code in range(first, last + 1))


def _visits() -> Content:
    numbers = {
        "emergency": (*_run(99281, 99285), "G0380", "G0381", "G0382", "G0383", "G0384"),
        "observation": (*_run(99217, 99220), *_run(99224, 99226), "G0378", "G0379"),
        "critical_care": ("99291", "99292"),
        "office": (*_run(99201, 99205), *_run(99211, 99215), *_run(99241, 99245)),
        "telehealth": (*_run(98000, 98016), *_run(98966, 98968), *_run(99421, 99423), *_run(99441, 99443), "G2012"),
        "preventive": (*_run(99381, 99387), *_run(99391, 99397), "G0402", "G0438", "G0439"),
        "home_visit": _run(99341, 99350),
        "transitional_care": ("99495", "99496"),
        "care_management": ("99487", "99489", "99490", "99491", "99439", "G0506"),
        "clinic": (*(f"G046{n}" for n in range(6, 10)), "G0470", "T1015"),
    }
    centres = {
        "emergency": (*(f"045{n}" for n in range(10)), "0981"),
        "observation": ("0762",),
        "intensive_care": tuple(f"02{n:02d}" for n in range(20)),
    }
    names = {
        "emergency": "emergency department visit",
        "observation": "hospital observation",
        "critical_care": "critical care by a physician",
        "intensive_care": "intensive or coronary care unit",
        "office": "office visit or consultation",
        "telehealth": "visit by telephone, video or message",
        "preventive": "preventive visit",
        "home_visit": "visit at home",
        "transitional_care": "transitional care after discharge",
        "care_management": "chronic care management",
        "clinic": "visit at a health centre or rural clinic",
    }
    listed: list[Entry] = []
    for system, table in ((HCPCS, numbers), (RevenueCentre, centres)):
        listed += [(system, code, label) for label, codes in table.items() for code in codes]
    return Content(names=names, listed=tuple(listed))


# room and board by the third and fourth digit of its revenue centre: 011x to 015x by how many share the room
UNIT_BEDS = {
    "psychiatric_unit": (*(f"01{room}4" for room in range(1, 6)), "0204"),
    "rehabilitation_unit": tuple(f"01{room}8" for room in range(1, 6)),
}
# all-inclusive and ordinary rooms, intensive and coronary care; no nursery (017x), leave (018x) or subacute care (019x)
ORDINARY_BEDS = tuple(
    code
    for code in (*(f"0{n}" for n in range(100, 170)), *(f"0{n}" for n in range(200, 220)))
    if not any(code in beds for beds in UNIT_BEDS.values())
)

VISITS = Grouping(
    name="visits",
    source="CPT and HCPCS numbers and NUBC revenue codes as CMS publishes them; the sorting is ours",
    version="2026",
    systems=(HCPCS, RevenueCentre),
    read=_visits,
)

# ---- primary care (42 CFR 425.20): CMS specialty codes, NUCC taxonomy codes and lower-case words, as sources name it

PRIMARY_CARE = frozenset(
    {
        # general, family, internal, paediatric, geriatric; nurse practitioner, nurse specialist, physician assistant
        *("01", "08", "11", "37", "38", "50", "89", "97"),
        *("207Q00000X", "207QA0505X", "207QG0300X", "207R00000X", "207RG0300X", "208000000X", "208D00000X"),
        *("363LA2200X", "363LF0000X", "363LG0600X", "363LP2300X", "363AM0700X"),
        *("adult medicine", "family medicine", "family practice", "general practice", "geriatric medicine"),
        *("geriatrics", "internal medicine", "pediatric medicine", "pediatrics", "primary care"),
    }
)

# ---- the kind of a facility, from its CMS Certification Number

SHORT_TERM, CRITICAL_ACCESS = "short_term_acute", "critical_access"
# readmissions happen between these and nowhere else
ACUTE_FACILITIES = (SHORT_TERM, CRITICAL_ACCESS)

# (first, last of the four digits after the state, kind); a number in no range has no kind
CCN_RANGES = (
    (0, 879, SHORT_TERM),  # 0000 is nobody's number, and 00AA is decided
    (1000, 1199, "health_centre"),
    (1300, 1399, CRITICAL_ACCESS),
    (1400, 1499, "mental_health_centre"),
    (1500, 1799, "hospice"),
    (1800, 1989, "health_centre"),
    (1990, 1999, "religious_non_medical"),
    (2000, 2299, "long_term"),
    (2300, 2999, "dialysis"),
    (3025, 3099, "rehabilitation"),
    (3100, 3199, "home_health"),
    (3200, 3299, "outpatient_rehabilitation"),
    (3300, 3399, "childrens"),
    (3400, 3499, "rural_clinic"),
    (3500, 3799, "dialysis"),
    (3800, 3999, "rural_clinic"),
    (4000, 4499, "psychiatric"),
    (4500, 4599, "outpatient_rehabilitation"),
    (4600, 4799, "mental_health_centre"),
    (4800, 4899, "outpatient_rehabilitation"),
    (4900, 4999, "mental_health_centre"),
    (5000, 6499, "skilled_nursing"),
    (6500, 6989, "outpatient_rehabilitation"),
    (7000, 8499, "home_health"),
    (8500, 8999, "rural_clinic"),
    (9000, 9799, "home_health"),
)
# the third character of a unit's number: its kind, and the digit that stands there in the number of its hospital
CCN_UNITS = {
    "M": ("psychiatric_unit", "1"),
    "R": ("rehabilitation_unit", "1"),
    "S": ("psychiatric_unit", "0"),
    "T": ("rehabilitation_unit", "0"),
    "U": ("swing_bed", "0"),
    "W": ("swing_bed", "2"),
    "Y": ("swing_bed", "3"),
    "Z": ("swing_bed", "1"),
}
# how directories of facilities word a kind where no number decides it: the first of these that the words contain
# (NUCC taxonomy codes, in lower case, among them)
FACILITY_WORDS = (
    ("psychiatric unit", "psychiatric_unit"),
    ("273r00000x", "psychiatric_unit"),
    ("rehabilitation unit", "rehabilitation_unit"),
    ("273y00000x", "rehabilitation_unit"),
    ("275n00000x", "swing_bed"),
    ("283q00000x", "psychiatric"),
    ("283x00000x", "rehabilitation"),
    ("282e00000x", "long_term"),
    ("282nc0060x", CRITICAL_ACCESS),
    ("282n00000x", SHORT_TERM),
    ("critical access", CRITICAL_ACCESS),
    ("psychiatr", "psychiatric"),
    ("behavioral", "psychiatric"),
    ("rehab", "rehabilitation"),
    ("long term", "long_term"),
    ("long-term", "long_term"),
    ("swing", "swing_bed"),
    ("skilled", "skilled_nursing"),
    ("nursing", "skilled_nursing"),
    ("hospice", "hospice"),
    ("home health", "home_health"),
    ("child", "childrens"),
    ("short term", SHORT_TERM),
    ("short-term", SHORT_TERM),
    ("acute", SHORT_TERM),
)
# the units of a hospital that its messages name as a service
UNIT_SERVICES = {"psy": "psychiatric_unit", "reh": "rehabilitation_unit"}
UNITS = ("psychiatric_unit", "rehabilitation_unit", "swing_bed")  # kinds of bed within a hospital of another kind
_STATE = r"[0-9A-Z][0-9]"
_UNIT = rf"{_STATE}(?:[ST][0-9A-F]|[MRUWYZ][0-9])[0-9A-Z]{{2}}"
# E or F after three digits may be a number of its own (a hospital that only treats Medicare emergencies)
_NUMBER = rf"{_STATE}[0-9]{{2}}(?:[0-9]{{2}}|[0-9][A-DG-Z]|[A-Z]{{2}})"

# the eleven hospitals that prospective payment leaves out for treating cancer (42 CFR 412.23(f)); the same eleven stand
# in several public programs that work out the CMS readmission measures
CANCER_HOSPITALS = frozenset(
    {
        *("050146", "050660", "100079", "100271", "220162", "330154"),
        *("330354", "360242", "390196", "450076", "500138"),
    }
)


def facility_type(ccn: str) -> str | None:
    """The kind of facility that a CMS Certification Number names; null for anything that does not decide it.

    DE-SynPUF writes letters over the last one or two characters of its made-up numbers (`2600GD`). What is left says
    the hundred or the ten, and the kind is given only where every number it could be is of one kind: `2600GD` is short
    term, `3000JK` (3000 to 3099) and `0508AB` (0800 to 0899) are not decided. Letters from the third character on are
    read as a unit only where the shape is a unit's. An NPI or a lower-case letter gives null.
    """
    text = ccn.strip(" ")
    if re.fullmatch(_UNIT, text):
        return CCN_UNITS[text[2]][0]
    if not re.fullmatch(_NUMBER, text):
        return None
    lowest, highest = int(re.sub("[A-Z]", "0", text[2:])), int(re.sub("[A-Z]", "9", text[2:]))
    return next((kind for first, last, kind in CCN_RANGES if first <= lowest and highest <= last), None)


def hospital_of(ccn: str) -> str:
    """The number of the hospital that a unit belongs to; any other text as it is."""
    if re.fullmatch(_UNIT, ccn) and ccn[2] in CCN_UNITS:
        return ccn[:2] + CCN_UNITS[ccn[2]][1] + ccn[3:]
    return ccn


def facility_words(words: str) -> str | None:
    """The kind that a directory's words say; null where they say none."""
    said = words.lower()
    return next((kind for part, kind in FACILITY_WORDS if part in said), None)
