"""The 21-day harm code list: ours, not a published measure, and labelled so wherever a rate is shown.

No externally owned claims definition of a post-discharge adverse event exists. Chart studies find harm in 19 to 28 % of
discharges (Forster 2003, 2004; Tsilimingras 2015) by reading notes and calling people; a code list sees only harm that
led to a visit and was coded, so its rates are not comparable with theirs.

ICD-10-CM only. On ICD-9-CM data every component is not evaluable. Codes of any encounter type count: a seventh
character D or S (aftercare, sequela) is left out only of complications, so whoever uses the list decides by a look-back
whether a harm is new. On an inpatient claim only present-on-admission Y, W or exempt should count.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.codes.grouping import Content, Grouping
from features.codes.systems import ICD10CM

VERSION = "2026.1"

# label: (wording, how its codes begin)
HARM_CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    # intent is the sixth character, or the fifth where the sixth is the placeholder X; 5 is adverse effect,
    # 1 to 4 poisoning by accident, self-harm, assault or unknown, 6 underdosing
    "adverse_drug_effect": (
        "an adverse effect of a medicine",
        ("T3[6-9](..5|.5X)", "T4[0-9](..5|.5X)", "T50(..5|.5X)"),
    ),
    # T86 and T87 have no seventh character; elsewhere A is the first treatment of it
    "complication_of_care": (
        "a complication of surgery or other care",
        (
            "T8[0-58]...A",
            "T86",
            "T87",
            "D78",
            "E36",
            "E89",
            "G97",
            "H59",
            "H95",
            "I97",
            "J95",
            "K91",
            "L76",
            "M96",
            "N99",
        ),
    ),
    "fall_or_fracture": ("a fall or a broken hip", ("W0", "W1", "S72[0-2]")),
    "c_difficile": ("Clostridioides difficile infection", ("A047",)),
    "vte": ("a blood clot in a leg vein or the lung", ("I26", "I824")),
    "acute_kidney_injury": ("acute kidney injury", ("N17",)),
    "hypoglycaemia": ("low blood sugar", ("E0[89]64", "E1[013]64", "E16[0-2]")),
    "bleeding": ("gastrointestinal bleeding", ("K92[0-2]", "K2[5-8][0246]")),
    "anticoagulant_haemorrhagic_disorder": ("a bleeding disorder caused by an anticoagulant", ("D6832",)),
    "delirium": ("delirium", ("F05",)),
    # stage 3, stage 4 and unstageable; L89.4 and L89.9 have no digit for the side
    "pressure_ulcer": ("a deep pressure ulcer", ("L89[0-35-8].[034]", "L89[49][345]")),
}


@dataclass(frozen=True)
class Component:
    """A part of the harm outcome: one encounter must carry a code of every label in `needs`."""

    name: str
    wording: str
    needs: tuple[str, ...]


BLEEDING_ON_ANTICOAGULANT = Component(
    "bleeding_on_anticoagulant",
    "gastrointestinal bleeding with the bleeding disorder that an anticoagulant causes (D68.32)",
    ("bleeding", "anticoagulant_haemorrhagic_disorder"),
)
COMPONENTS = (
    *(
        Component(label, wording, (label,))
        for label, (wording, _) in HARM_CODES.items()
        if label not in BLEEDING_ON_ANTICOAGULANT.needs
    ),
    BLEEDING_ON_ANTICOAGULANT,
)


def _content() -> Content:
    return Content(
        names={label: wording for label, (wording, _) in HARM_CODES.items()},
        beginnings=tuple((ICD10CM, start, label) for label, (_, starts) in HARM_CODES.items() for start in starts),
    )


HARMS = Grouping(
    name="harms",
    source="ours, after the clinical definition of Forster 2003 (Ann Intern Med 138:161); not a published measure",
    version=VERSION,
    systems=(ICD10CM,),
    read=_content,
)
