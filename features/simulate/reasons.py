"""Why simulated people are admitted: principal diagnoses, what the desk writes at admission, DRGs and procedures.

Codes are ICD-10-CM and ICD-10-PCS (2024) and MS-DRG numbers with MCC, with CC, and without; weights are invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Given = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Reason:
    """`weight` is the log of how common it is; `given` adds to it for people with the condition.

    `harm` says that the principal diagnosis is itself a harm code (post-discharge adverse events), so such an
    admission never begins inside a harm-free window. `stay` is the median number of nights.
    """

    key: str
    principal: tuple[str, ...]
    admitting: tuple[str, ...]
    drgs: tuple[str, str, str]
    weight: float
    given: Given
    stay: float
    emergency: float
    service: str
    procedures: tuple[str, ...] = field(default=())
    procedure_share: float = 0.0
    planned: bool = False
    harm: bool = False
    death: float = 0.02


# fmt: off
REASONS: tuple[Reason, ...] = (
    Reason("heart failure", ("I5023", "I5033", "I5043"), ("R0602", "I509"), ("291", "292", "293"), -1.6,
           (("heart failure", 3.4), ("kidney disease 4", 0.5)), 4.4, 0.92, "CAR"),
    Reason("lung disease", ("J441", "J440"), ("R0602", "J441"), ("190", "191", "192"), -1.7, (("lung disease", 3.2),),
           3.8, 0.93, "PUL", procedures=("5A09357",), procedure_share=0.15),
    Reason("pneumonia", ("J189", "J159"), ("R0602", "R509"), ("193", "194", "195"), 0.3,
           (("lung disease", 0.8), ("dementia", 0.5), ("frailty", 0.4)), 4.3, 0.93, "MED", death=0.03),
    Reason("sepsis", ("A419", "A4151"), ("R509", "R4182", "A419"), ("871", "872", "872"), 0.6,
           (("diabetes complicated", 0.4), ("metastasis", 0.6), ("frailty", 0.5), ("kidney disease 4", 0.4)), 5.4,
           0.96, "MED", procedures=("02HV33Z", "5A1945Z"), procedure_share=0.2, death=0.075),
    Reason("urinary infection", ("N390",), ("R509", "R4182"), ("689", "690", "690"), -0.3,
           (("dementia", 0.9), ("frailty", 0.5)), 3.4, 0.94, "MED", death=0.01),
    Reason("kidney injury", ("N179",), ("N179", "R42"), ("682", "683", "684"), -0.8,
           (("kidney disease 3", 1.4), ("heart failure", 0.5)), 4.2, 0.92, "MED", harm=True),
    Reason("atrial fibrillation", ("I4891", "I4819"), ("R0602", "I4891"), ("308", "309", "310"), -1.8,
           (("atrial fibrillation", 2.8),), 2.9, 0.9, "CAR", procedures=("5A2204Z",), procedure_share=0.2,
           death=0.008),
    Reason("infarction", ("I214", "I2109"), ("R079",), ("280", "281", "282"), -0.4,
           (("coronary disease", 1.4), ("diabetes", 0.4)), 3.6, 0.95, "CAR", procedures=("027034Z", "4A023N7"),
           procedure_share=0.6, death=0.04),
    Reason("stroke", ("I639", "I6350"), ("R4182", "R531"), ("064", "065", "066"), -0.4,
           (("atrial fibrillation", 0.8), ("stroke", 0.9)), 4.6, 0.97, "NEU", death=0.05),
    Reason("bleeding", ("K922", "K5730"), ("K922", "R55"), ("377", "378", "379"), -0.6,
           (("atrial fibrillation", 0.6), ("liver disease", 0.9), ("anaemia", 0.5)), 3.8, 0.95, "MED",
           procedures=("0DJ08ZZ", "30233N1"), procedure_share=0.7, harm=True),
    Reason("diabetes", ("E1165", "E1100", "E1110"), ("E1165", "R4182"), ("637", "638", "639"), -2.2,
           (("diabetes", 2.0), ("diabetes complicated", 0.9)), 3.1, 0.95, "MED", death=0.008),
    Reason("hip fracture", ("S72001A", "S72141A", "S72142A"), ("S72001A",), ("480", "481", "482"), -1.2,
           (("osteoporosis", 1.4), ("dementia", 0.7), ("frailty", 0.8)), 5.0, 0.97, "ORT",
           procedures=("0QS604Z", "0QS636Z", "0QS706Z"), procedure_share=0.97, harm=True),
    Reason("cellulitis", ("L03115", "L03116"), ("L03115", "L03116"), ("602", "603", "603"), -0.6,
           (("diabetes", 0.7), ("arterial disease", 0.8), ("obesity", 0.5)), 3.7, 0.88, "MED", death=0.005),
    Reason("fluids", ("E871", "E860", "E875"), ("R531", "E871"), ("640", "641", "641"), -0.6,
           (("heart failure", 0.4), ("frailty", 0.5), ("kidney disease 4", 0.7)), 3.0, 0.92, "MED"),
    Reason("syncope", ("R55",), ("R55",), ("312", "312", "312"), -1.0, (("frailty", 0.4),), 2.0, 0.97, "MED",
           death=0.002),
    Reason("chest pain", ("R079", "I25110"), ("R079",), ("313", "313", "313"), -1.1, (("coronary disease", 1.1),),
           1.6, 0.97, "CAR", procedures=("4A023N7",), procedure_share=0.25, death=0.001),
    Reason("embolism", ("I2699",), ("R0602",), ("175", "176", "176"), -1.6, (("cancer", 0.9),), 3.9, 0.95, "PUL",
           harm=True, death=0.03),
    Reason("pancreatitis", ("K8590", "K8510"), ("R109",), ("438", "439", "440"), -1.5, (("alcohol use", 1.8),), 4.0,
           0.95, "MED", death=0.01),
    Reason("liver", ("K7290", "K7460"), ("R4182", "R188"), ("432", "433", "434"), -3.4, (("liver disease", 4.4),),
           5.2, 0.93, "MED", procedures=("0W9G3ZX",), procedure_share=0.4, death=0.07),
    Reason("withdrawal", ("F10231", "F10239", "F1123"), ("R4182", "F10239"), ("896", "897", "897"), -3.0,
           (("alcohol use", 3.4), ("substance use", 2.6)), 3.6, 0.95, "MED", death=0.004),
    Reason("mood", ("F332", "F329"), ("F329",), ("885", "885", "885"), -3.0, (("depression", 2.6),), 6.0, 0.9, "PSY",
           death=0.001),
    Reason("covid", ("U071",), ("R509", "R0602"), ("177", "178", "179"), -0.8, (("lung disease", 0.5),), 4.8, 0.95,
           "MED", procedures=("5A1955Z",), procedure_share=0.06, death=0.05),
    Reason("obstruction", ("K56609", "K5651"), ("R109",), ("388", "389", "390"), -1.2, (), 3.9, 0.96, "SUR",
           death=0.015),
    Reason("confusion", ("G9341", "R4182"), ("R4182",), ("070", "071", "072"), -1.6,
           (("dementia", 1.6), ("parkinsonism", 0.8), ("liver disease", 0.8)), 4.0, 0.96, "NEU"),
    Reason("neutropenia", ("D709",), ("R509",), ("808", "809", "810"), -3.2, (("cancer", 2.0), ("metastasis", 1.2)),
           4.4, 0.9, "ONC", death=0.04),
    Reason("anaemia", ("D62", "D649"), ("R531", "D649"), ("811", "812", "812"), -1.8,
           (("anaemia", 1.5), ("cancer", 0.6)), 2.9, 0.88, "MED", procedures=("30233N1",), procedure_share=0.8),
    Reason("gallbladder", ("K8000", "K8010"), ("R109",), ("417", "418", "419"), -0.9, (("obesity", 0.3),), 3.0, 0.9,
           "SUR", procedures=("0FT44ZZ",), procedure_share=0.95, death=0.005),
    Reason("gastroenteritis", ("A084", "K5720", "K5792"), ("R109", "R112"), ("391", "392", "392"), -0.5, (), 2.9,
           0.95, "MED", death=0.003),
    Reason("seizure", ("G40909", "R569"), ("R569",), ("100", "101", "101"), -1.8, (("stroke", 0.9),), 3.0, 0.97,
           "NEU"),
    Reason("knee replacement", ("M1711", "M1712", "M170"), ("M1711",), ("469", "470", "470"), -1.3,
           (("osteoarthritis", 1.5), ("dementia", -2.0), ("frailty", -1.0)), 1.8, 0.0, "ORT",
           procedures=("0SRD0J9", "0SRC0J9"), procedure_share=1.0, planned=True, death=0.0005),
    Reason("hip replacement", ("M1611",), ("M1611",), ("469", "470", "470"), -1.8,
           (("osteoarthritis", 1.4), ("dementia", -2.0), ("frailty", -1.0)), 1.9, 0.0, "ORT",
           procedures=("0SR90J9", "0SRB0J9"), procedure_share=1.0, planned=True, death=0.0005),
    Reason("chemotherapy", ("Z5111",), ("Z5111",), ("846", "847", "848"), -4.2,
           (("cancer", 2.4), ("metastasis", 1.4)), 3.0, 0.0, "ONC", procedures=("3E04305", "3E03305"),
           procedure_share=1.0, planned=True, death=0.003),
    Reason("bypass", ("I25110", "I2510"), ("I25110",), ("235", "236", "236"), -3.4, (("coronary disease", 2.6),), 6.5,
           0.05, "SUR", procedures=("021009W", "0210093"), procedure_share=1.0, planned=True, death=0.015),
    Reason("bowel resection", ("C189",), ("C189",), ("329", "330", "331"), -4.0, (("cancer", 2.6),), 5.5, 0.1, "SUR",
           procedures=("0DTG0ZZ", "0DTN0ZZ", "0DTF0ZZ"), procedure_share=1.0, planned=True, death=0.015),
    Reason("spinal fusion", ("M4316", "M48062"), ("M48062",), ("459", "460", "460"), -2.6, (("osteoarthritis", 0.6),),
           3.2, 0.0, "ORT", procedures=("0SG0071", "0SG00A0"), procedure_share=1.0, planned=True, death=0.002),
)
# fmt: on

NAMES: tuple[str, ...] = tuple(reason.key for reason in REASONS)
INDEX: dict[str, int] = {name: position for position, name in enumerate(NAMES)}


@dataclass(frozen=True)
class Harm:
    """A way in which care itself harms: the codes that say so, and the DRG if it admits the person.

    `first` is the first-listed diagnosis and `second` stands beside it; at least one of them is a harm code.
    """

    key: str
    first: str
    second: str
    admitting: str
    drg: str


# fmt: off
HARMS: tuple[Harm, ...] = (
    Harm("drug", "R55", "T465X5A", "R55", "312"),
    Harm("diuretic", "E871", "T501X5A", "R531", "641"),
    Harm("opioid", "R4182", "T402X5A", "R4182", "948"),
    Harm("steroid", "R739", "T380X5A", "R739", "641"),
    Harm("bleeding", "K922", "D6832", "K922", "378"),
    Harm("bleeding", "R319", "T45515A", "R319", "696"),
    Harm("hypoglycaemia", "E11649", "T383X5A", "E11649", "638"),
    Harm("kidney", "N179", "E860", "R531", "683"),
    Harm("fall", "S0990XA", "W19XXXA", "S0990XA", "087"),
    Harm("fall", "S8001XA", "W1830XA", "S8001XA", "605"),
    Harm("fracture", "S72001A", "W010XXA", "S72001A", "481"),
    Harm("infection", "T8149XA", "L03115", "R509", "863"),
    Harm("device", "T84498A", "M25561", "M25561", "560"),
    Harm("clostridium", "A0472", "E860", "R109", "372"),
    Harm("embolism", "I2699", "R0602", "R0602", "176"),
    Harm("clot", "I82401", "R600", "R600", "301"),
    Harm("delirium", "F05", "R4182", "R4182", "880"),
    Harm("ulcer", "L89153", "R531", "R531", "593"),
)
# fmt: on

COMPLICATIONS: tuple[str, ...] = ("N179", "J95821", "K9189", "I97191", "T8149XA", "A0472", "F05", "D62")
EMERGENCY_COMPLAINTS: tuple[str, ...] = (
    "R079", "R109", "R519", "M5450", "R42", "J209", "N390", "R509", "M25561", "K5900", "J101", "B349", "R531", "J441",
)  # fmt: skip
EMERGENCY_FALLS: tuple[tuple[str, str], ...] = (("S0990XA", "W19XXXA"), ("S0101XA", "W1830XA"), ("S51801A", "W010XXA"))
