"""What we can say of the value sets ourselves, where nobody has imported them: enough for the simulated network.

Written by us as facts: ICD-10-CM and ICD-10-PCS (CMS and NCHS; an entry stands for every code that begins so), HCPCS
level II (CMS), LOINC numbers (Regenstrief Institute), RxNorm concepts (National Library of Medicine; recalled), and the
packages of `features.codes.medicines`. Statins by intensity: cholesterol guideline of the American College of
Cardiology and the American Heart Association, 2018. Numbers of CPT and SNOMED CT belong to their owners and are not
here: `lacks` names every system in which the published set of 2024 has codes that ours has not, held by a test. Visits
are told by the kind of visit that a claim was (`features.measures.claims`), which sorts a little more coarsely.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from features.codes import editions
from features.codes.medicines import PRODUCTS
from features.codes.systems import HCPCS, ICD10CM, ICD10PCS, LOINC, NDC, RxNorm, System
from features.measures import (
    bmi_screening,
    breast_cancer,
    colorectal_cancer,
    depression_screening,
    eye_exam,
    sets,
)
from features.measures.blood_pressure import (
    DIALYSIS,
    HYPERTENSION,
    KIDNEY_FAILURE_MONTHLY,
    PREGNANCY,
    TRANSPLANT,
    TRANSPLANTED,
)
from features.measures.cervical_cancer import CERVIX_REMOVED, HPV_TEST, NO_CERVIX, SMEAR
from features.measures.claims import KIND_OF_VISIT
from features.measures.glycemic_status import HBA1C, NUTRITION
from features.measures.kidney_health import FILTRATION, URINE_ALBUMIN
from features.measures.left_out import (
    ADVANCED_ILLNESS,
    DEMENTIA_MEDICINES,
    FRAILTY_DEVICE,
    FRAILTY_DIAGNOSIS,
    FRAILTY_ENCOUNTER,
    FRAILTY_SYMPTOM,
    HOSPICE_CARE,
    HOSPICE_DIAGNOSIS,
    HOSPICE_ENCOUNTER,
    PALLIATIVE_DIAGNOSIS,
    PALLIATIVE_ENCOUNTER,
    PALLIATIVE_INTERVENTION,
)
from features.measures.statin_therapy import (
    ANGINA,
    ARTERIAL_DISEASE,
    BREASTFEEDING,
    BYPASS,
    BYPASS_OR_STENTING,
    CAROTID,
    COUNSELLING,
    FAMILIAL_CHOLESTEROL,
    HEPATITIS_A,
    HEPATITIS_B,
    HIGH_INTENSITY,
    INFARCTION,
    ISCHAEMIC_HEART,
    LDL,
    LIVER_DISEASE,
    LOW_INTENSITY,
    MODERATE_INTENSITY,
    MUSCLE_BREAKDOWN,
    MUSCLE_SYMPTOMS,
    PREVENTIVE_OTHER,
    PREVENTIVE_OUTPATIENT,
    STATIN_ALLERGEN,
    STENTING,
    STROKE,
    TELEMEDICINE,
)
from features.measures.value_set import ValueSet
from features.measures.value_sets import Content, ValueSets, together

CPT, SNOMED_CT = "CPT", "SNOMED CT"
_BY_BEGINNING = (ICD10CM, ICD10PCS)


@dataclass(frozen=True)
class Shipped:
    """One value set as far as we can say it: codes by system, in words with blanks between; the kind of visit that
    stands for it on a claim; medicines (ingredient and strength) whose packages belong to it; and `lacks`.
    """

    of: ValueSet
    codes: Mapping[System, str] = field(default_factory=dict)
    visit: str = ""
    medicines: tuple[tuple[str, str], ...] = ()
    lacks: tuple[str, ...] = ()


_BOTH, _DIAGNOSES = (CPT, SNOMED_CT), (ICD10CM.title, SNOMED_CT)
_EVERY = (CPT, HCPCS.title, SNOMED_CT)
_VISITS = (
    Shipped(sets.ACUTE_INPATIENT, visit="inpatient", lacks=(SNOMED_CT,)),
    Shipped(sets.OFFICE_VISIT, visit="office", lacks=_BOTH),
    Shipped(sets.CONSULTATION, lacks=_BOTH),
    Shipped(sets.ANNUAL_WELLNESS, {HCPCS: "G0402 G0438 G0439"}, lacks=(SNOMED_CT,)),
    Shipped(sets.HOME_CARE, visit="home_visit", lacks=_BOTH),
    Shipped(sets.VIRTUAL, {HCPCS: "G0071 G2010 G2012 G2250 G2251 G2252"}, visit="telehealth", lacks=(CPT,)),
    Shipped(sets.PREVENTIVE_ESTABLISHED, visit="preventive", lacks=(CPT,)),
    Shipped(sets.PREVENTIVE_INITIAL, visit="preventive", lacks=(CPT,)),
    Shipped(sets.TELEPHONE, visit="telehealth", lacks=_BOTH),
    Shipped(PREVENTIVE_OUTPATIENT, lacks=(SNOMED_CT,)),
    Shipped(COUNSELLING, lacks=(CPT,)),
    Shipped(PREVENTIVE_OTHER, lacks=(CPT,)),
    Shipped(TELEMEDICINE, visit="telehealth", lacks=_BOTH),
    Shipped(NUTRITION, {HCPCS: "G0270 G0271 G0447 S9449 S9452 S9470"}, lacks=_BOTH),
)
_LEFT_OUT = (
    Shipped(HOSPICE_CARE, {HCPCS: "G0182"}, lacks=_BOTH),
    Shipped(
        HOSPICE_ENCOUNTER,
        {
            HCPCS: "G9473 G9474 G9475 G9476 G9477 G9478 G9479 Q5003 Q5004 Q5005 Q5006 Q5007 Q5008 Q5010 S9126"
            " T2042 T2043 T2044 T2045 T2046"
        },
        lacks=(SNOMED_CT,),
    ),
    Shipped(HOSPICE_DIAGNOSIS, lacks=(SNOMED_CT,)),
    Shipped(PALLIATIVE_ENCOUNTER, {HCPCS: "G9054 M1017"}, lacks=(SNOMED_CT,)),
    Shipped(PALLIATIVE_INTERVENTION, lacks=(SNOMED_CT,)),
    Shipped(PALLIATIVE_DIAGNOSIS, {ICD10CM: "Z515"}, lacks=(SNOMED_CT,)),
    Shipped(
        ADVANCED_ILLNESS,
        {
            ICD10CM: "A8100 A8101 A8109 C25 C71 C77 C78 C79 C9100 C9102 C9200 C9202 C9300 C9302 C9390 C9392 C93Z0 C93Z2"
            " C9430 C9432 F01 F02 F03 F04 F1027 F1096 F1097 G10 G1221 G20 G30 G3101 G3109 G3183 G35 I0981 I110 I120"
            " I130 I1311 I132 I50 J43 J684 J8410 J84112 J8417 J961 J962 J969 J982 J983 K7010 K7011 K702 K7030 K7031"
            " K7040 K7041 K709 K740 K741 K742 K744 K745 K7460 K7469 N185 N186"
        },
        lacks=(SNOMED_CT,),
    ),
    Shipped(DEMENTIA_MEDICINES, medicines=(("donepezil", ""), ("memantine", "")), lacks=(RxNorm.title,)),
    Shipped(FRAILTY_DEVICE, lacks=(SNOMED_CT,)),
    Shipped(
        FRAILTY_DIAGNOSIS,
        {
            ICD10CM: "L89 M6250 M6281 M6284 W01 W06 W07 W08 W10 W1800 W1802 W1809 W181 W182 W183 W19 Y92199 Z593"
            " Z736 Z74 Z9181 Z9911 Z993 Z9981 Z9989"
        },
        lacks=(SNOMED_CT,),
    ),
    Shipped(
        FRAILTY_ENCOUNTER,
        {
            HCPCS: "G0162 G0299 G0300 G0493 G0494 S0271 S0311 S9123 S9124 T1000 T1001 T1002 T1003 T1004 T1005 T1019"
            " T1020 T1021 T1022 T1030 T1031"
        },
        lacks=(CPT,),
    ),
    Shipped(
        FRAILTY_SYMPTOM,
        {ICD10CM: "R262 R2689 R269 R531 R5381 R54 R627 R634 R636 R64"},
        lacks=(SNOMED_CT,),
    ),
)
_CONDITIONS = (
    Shipped(sets.DIABETES, {ICD10CM: "E10 E11 E13 O240 O241 O243 O248"}, lacks=(SNOMED_CT,)),
    Shipped(sets.KIDNEY_FAILURE, {ICD10CM: "N186"}, lacks=(SNOMED_CT,)),
    Shipped(sets.KIDNEY_STAGE_5, {ICD10CM: "N185"}, lacks=(SNOMED_CT,)),
    Shipped(HYPERTENSION, {ICD10CM: "I10"}, lacks=(SNOMED_CT,)),
    Shipped(
        PREGNANCY,
        {ICD10CM: "O09 O20 O21 O22 O23 O28 O29 O30 O32 O40 O41 O42 O43 O44 O45 O46 O47 O48 Z331 Z34"},
        lacks=_DIAGNOSES,
    ),
    Shipped(TRANSPLANTED, {ICD10CM: "Z940"}),
    Shipped(NO_CERVIX, {ICD10CM: "Q515 Z90710 Z90712"}, lacks=(SNOMED_CT,)),
    Shipped(INFARCTION, {ICD10CM: "I210 I211 I212 I213 I214 I219 I21A9 I21B"}, lacks=(SNOMED_CT,)),
    Shipped(
        STROKE,
        {ICD10CM: "G450 G451 G452 G458 G459 G46 I630 I631 I632 I633 I634 I635 I636 I6381 I6389 I639 I693 Z8673"},
        lacks=_DIAGNOSES,
    ),
    Shipped(
        ARTERIAL_DISEASE,
        {ICD10CM: "I70 I672 I2510 I2511 I252 I257 I65"},
        lacks=_DIAGNOSES,
    ),
    Shipped(
        ISCHAEMIC_HEART,
        {ICD10CM: "I230 I231 I232 I233 I234 I235 I236 I238 I240 I248 I249 I255 I256 I2582 I2589 I259"},
        lacks=(SNOMED_CT,),
    ),
    Shipped(ANGINA, {ICD10CM: "I200 I201 I208 I209 I237"}, lacks=(SNOMED_CT,)),
    Shipped(FAMILIAL_CHOLESTEROL, {ICD10CM: "E7801"}, lacks=(SNOMED_CT,)),
    Shipped(BREASTFEEDING, {ICD10CM: "Z391"}, lacks=_DIAGNOSES),
    Shipped(MUSCLE_BREAKDOWN, {ICD10CM: "M6282 T796"}, lacks=(SNOMED_CT,)),
    Shipped(HEPATITIS_A, {ICD10CM: "B15"}, lacks=(SNOMED_CT,)),
    Shipped(HEPATITIS_B, {ICD10CM: "B16 B180 B181 B191"}, lacks=(SNOMED_CT,)),
    Shipped(LIVER_DISEASE, {ICD10CM: "K70 K71 K72 K73"}, lacks=_DIAGNOSES),
    Shipped(MUSCLE_SYMPTOMS, {ICD10CM: "G720 G729 M609 M7910"}, lacks=(SNOMED_CT,)),
)
_PROCEDURES = (
    Shipped(DIALYSIS, {HCPCS: "G0257 S9339"}, lacks=_BOTH),
    Shipped(KIDNEY_FAILURE_MONTHLY, lacks=(CPT,)),
    Shipped(TRANSPLANT, {HCPCS: "S2065", ICD10PCS: "0TY0 0TY1"}, lacks=_BOTH),
    Shipped(CERVIX_REMOVED, {ICD10PCS: "0UTC"}, lacks=_BOTH),
    Shipped(STENTING, {ICD10PCS: "02703 02704 02713 02714 02723 02724 02733 02734"}, lacks=(SNOMED_CT,)),
    Shipped(BYPASS, {ICD10PCS: "0210 0211 0212 0213"}, lacks=(SNOMED_CT,)),
    Shipped(
        CAROTID,
        {ICD10PCS: "037H 037J 037K 037L 037M 037N 03CH 03CJ 03CK 03CL 03CM 03CN"},
        lacks=(ICD10PCS.title, SNOMED_CT),
    ),
    Shipped(BYPASS_OR_STENTING, {HCPCS: "S2205 S2206 S2207 S2208 S2209"}, lacks=(CPT,)),
)
_TESTS = (
    Shipped(HBA1C, {LOINC: "4548-4 4549-2 17855-8 17856-6 96595-4"}),
    Shipped(
        FILTRATION,
        {
            LOINC: "48642-3 48643-1 50044-7 50210-4 62238-1 69405-9 70969-1 77147-7 88293-6 88294-4 94677-2 98979-8"
            " 98980-6"
        },
    ),
    Shipped(
        URINE_ALBUMIN,
        {
            LOINC: "9318-7 13705-9 14585-4 14958-3 14959-1 30000-4 30001-2 32294-1 44292-1 59159-4 76401-9 77253-3"
            " 77254-1"
        },
    ),
    Shipped(
        LDL,
        {LOINC: "2089-1 13457-7 18261-8 18262-6 49132-4 50193-2 55440-2 90364-1 91110-7 91111-5 96259-7"},
        lacks=(LOINC.title,),
    ),
    Shipped(
        SMEAR,
        {LOINC: "10524-7 18500-9 19762-4 19764-0 19765-7 19766-5 19774-9 33717-0 47527-7 47528-5"},
    ),
    Shipped(
        HPV_TEST,
        {
            LOINC: "21440-3 30167-1 38372-9 59263-4 59264-2 59420-0 69002-4 71431-1 75694-0 77379-6 77399-4 77400-0"
            " 82354-2 82456-5 82675-0 95539-3"
        },
    ),
)
_MEDICINES = (
    Shipped(
        LOW_INTENSITY,
        {RxNorm: "197903 197904 310404 312962 314231 904458 904467"},
        medicines=(
            ("simvastatin", "5 mg"),
            ("simvastatin", "10 mg"),
            ("pravastatin", "10 mg"),
            ("pravastatin", "20 mg"),
        ),
        lacks=(RxNorm.title,),
    ),
    Shipped(
        MODERATE_INTENSITY,
        {RxNorm: "197905 198211 312961 617310 617312 859424 859747 904475 904481"},
        medicines=(
            ("atorvastatin", "10 mg"),
            ("atorvastatin", "20 mg"),
            ("rosuvastatin", "5 mg"),
            ("rosuvastatin", "10 mg"),
            ("simvastatin", "20 mg"),
            ("simvastatin", "40 mg"),
            ("pravastatin", "40 mg"),
            ("pravastatin", "80 mg"),
        ),
        lacks=(RxNorm.title,),
    ),
    Shipped(
        HIGH_INTENSITY,
        {RxNorm: "259255 617311 859419 859751"},
        medicines=(
            ("atorvastatin", "40 mg"),
            ("atorvastatin", "80 mg"),
            ("rosuvastatin", "20 mg"),
            ("rosuvastatin", "40 mg"),
        ),
        lacks=(RxNorm.title,),
    ),
    Shipped(STATIN_ALLERGEN, {RxNorm: "6472 36567 41127 42463 83367 301542 861634"}, lacks=(SNOMED_CT,)),
    Shipped(sets.MEDICAL_REASON, lacks=(SNOMED_CT,)),
)
_OTHERS = (
    Shipped(depression_screening.VISITS[0], lacks=_EVERY),
    Shipped(depression_screening.VISITS[1], lacks=_BOTH),
    Shipped(depression_screening.BIPOLAR, {ICD10CM: "F310 F311 F312 F313 F314 F315 F316"}, lacks=_DIAGNOSES),
    *(
        each
        for how in depression_screening.SCREENINGS
        for each in (
            Shipped(how.medicines, lacks=(RxNorm.title,)),
            Shipped(how.referral, lacks=(SNOMED_CT,)),
            Shipped(how.follow_up, lacks=(SNOMED_CT,)),
        )
    ),
    Shipped(bmi_screening.VISITS, lacks=_EVERY),
    Shipped(bmi_screening.FOLLOW_UP_HIGH, lacks=(*_EVERY, ICD10CM.title)),
    Shipped(bmi_screening.FOLLOW_UP_LOW, lacks=(*_EVERY, ICD10CM.title)),
    Shipped(bmi_screening.REFERRALS, lacks=(SNOMED_CT,)),
    Shipped(bmi_screening.MEDICINES_HIGH, lacks=(RxNorm.title,)),
    Shipped(bmi_screening.MEDICINES_LOW, lacks=(RxNorm.title,)),
    Shipped(bmi_screening.OVERWEIGHT, {ICD10CM: "E6601 E6609 E661 E662 E663 E668 E669"}, lacks=(SNOMED_CT,)),
    Shipped(bmi_screening.UNDERWEIGHT, {ICD10CM: "R636"}, lacks=(SNOMED_CT,)),
    Shipped(bmi_screening.DECLINED, lacks=(SNOMED_CT,)),
    Shipped(bmi_screening.PREGNANCY, {ICD10CM: "Z331 Z34"}, lacks=_DIAGNOSES),
    Shipped(breast_cancer.MAMMOGRAPHY, {LOINC: "24604-1 24605-8 24606-6 24610-8"}, lacks=(LOINC.title,)),
    Shipped(breast_cancer.BOTH_REMOVED, {ICD10PCS: "0HTV0ZZ"}, lacks=(SNOMED_CT,)),
    Shipped(breast_cancer.HISTORY_BOTH_REMOVED, {ICD10CM: "Z9013"}, lacks=(SNOMED_CT,)),
    Shipped(breast_cancer.LEFT_REMOVED, {ICD10PCS: "0HTU0ZZ"}, lacks=(SNOMED_CT,)),
    Shipped(breast_cancer.RIGHT_REMOVED, {ICD10PCS: "0HTT0ZZ"}, lacks=(SNOMED_CT,)),
    Shipped(breast_cancer.AFTER_LEFT_REMOVED, {ICD10CM: "Z9012"}, lacks=(SNOMED_CT,)),
    Shipped(breast_cancer.AFTER_RIGHT_REMOVED, {ICD10CM: "Z9011"}, lacks=(SNOMED_CT,)),
    Shipped(breast_cancer.ONE_REMOVED, {ICD10CM: "Z9010"}, lacks=(SNOMED_CT,)),
    Shipped(colorectal_cancer.COLONOSCOPY, {HCPCS: "G0105 G0121"}, lacks=_BOTH),
    Shipped(colorectal_cancer.SIGMOIDOSCOPY, {HCPCS: "G0104"}, lacks=_BOTH),
    Shipped(colorectal_cancer.COLONOGRAPHY, {LOINC: "60515-4 72531-7 79069-1 79071-7 79101-2 82688-3"}),
    Shipped(
        colorectal_cancer.STOOL_BLOOD,
        {
            LOINC: "2335-8 12503-9 12504-7 14563-1 14564-9 14565-6 27396-1 27401-9 27925-7 27926-5 29771-3 56490-6"
            " 56491-4 57905-2 58453-2 80372-6"
        },
    ),
    Shipped(colorectal_cancer.STOOL_DNA, {LOINC: "77353-1 77354-9"}),
    Shipped(colorectal_cancer.COLON_CANCER, {ICD10CM: "C18 C19 C20 C212 C218 C785 Z85038"}, lacks=_DIAGNOSES),
    Shipped(colorectal_cancer.COLON_REMOVED, {ICD10PCS: "0DTE"}, lacks=_BOTH),
    Shipped(eye_exam.RETINOPATHY, lacks=_DIAGNOSES),
    Shipped(eye_exam.EYE_SERVICES, lacks=_BOTH),
    Shipped(eye_exam.RETINAL_EXAM, lacks=(SNOMED_CT,)),
)
SHIPPED = (*_VISITS, *_LEFT_OUT, *_CONDITIONS, *_PROCEDURES, *_TESTS, *_MEDICINES, *_OTHERS)


def codes_of(shipped: Shipped) -> frozenset[tuple[str, str]]:
    """(system, code) of what can be said of a set, as the record holds codes."""
    found = {(system.name, code) for system, words in shipped.codes.items() for code in _codes(system, words.split())}
    return frozenset(found | _beside_published(shipped))


def _codes(system: System, words: list[str]) -> list[str]:
    if system not in _BY_BEGINNING:
        return [str(system.normalise(word)) for word in words]
    known = editions.codes(system)
    return [code for word in words for code in known[bisect_left(known, word) : bisect_left(known, word + "\x7f")]]


def _beside_published(shipped: Shipped) -> set[tuple[str, str]]:
    """What claims tell and no published set has a code for: packages of medicines."""
    return {
        (NDC.name, product.ndc)
        for product in PRODUCTS
        for ingredient, strength in shipped.medicines
        if product.ingredient == ingredient and product.strength.startswith(strength)
    } | ({(KIND_OF_VISIT, shipped.visit)} if shipped.visit else set())


@lru_cache(maxsize=1)
def shipped() -> ValueSets:
    """All of them, by OID."""
    return ValueSets(
        {each.of.oid: Content(each.of.name, "written by Afterward", codes_of(each), each.lacks) for each in SHIPPED}
    )


def completed(held: ValueSets) -> ValueSets:
    """What somebody holds, and of the sets that they do not hold what we can say. Packages of medicines, and stays, are
    added to what they hold: no published set can name them.
    """
    every = together(shipped(), held)
    added = {each.of.oid: _beside_published(each) for each in SHIPPED if each.medicines or each.visit == "inpatient"}
    content = {
        oid: replace(found, codes=found.codes | added.get(oid, frozenset())) for oid, found in every.content.items()
    }
    return ValueSets(content, every.unusable)
