"""Scores that clinicians know by name, of what is known at discharge, and the parts that they are added up from.

Each is finished from whole numbers: LACE, HOSPITAL without its procedure part, CMS's categories and risk score, and the
Elixhauser index. A score is null where one of its parts is; the parts stand beside it, so that what can be told is not
lost. HOSPITAL's part P needs the coded procedures of the stay, which only its claim tells, after the discharge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.catalogue.algebra import YES_OR_NO, Facts, Family, Feature, Floats, Measured, Ratio, Statistic
from features.catalogue.declaration import Column
from features.catalogue.events import Grouped, Weighted, known_results
from features.codes.groupings import ELIXHAUSER, LACE_CONDITIONS
from features.codes.hcc import FULL_BENEFIT, HCC_V28, PARTIAL_BENEFIT, edits
from features.codes.places import VISITS
from features.codes.sensitive import TELLS
from features.codes.systems import RevenueCentre
from features.definitions import scores
from features.definitions.scores import BANDS_FROM_1, BANDS_FROM_2, AdmissionBands
from features.definitions.stays import stay_versions
from features.record.known import Known, latest, visit_states, with_claim_versions
from features.record.record import Record
from features.record.tables import CLAIM_LINE, COVERAGE, PERSON
from features.windows import Lookback

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir

HALF = Lookback(180)
YEAR, TWO_YEARS = (Lookback(days, through_anchor=True) for days in (365, 730))
POINTS = "points"

# ---- the index stay


def _index_admission(then: Known) -> ir.Table:
    """Types of admission 1 emergency, 2 urgent and 5 trauma are acute, 3 elective and 4 newborn are not, 9 tells
    nothing.
    """
    at = then.versions(stay_versions(then.record))
    at = at.filter(at.stay_id == at.index_stay_id)
    kind = at.admit_type_code
    return at.select(
        "row_id",
        acute_admission=kind.cases(("1", 1), ("2", 1), ("5", 1), ("3", 0), ("4", 0), else_=None),
        from_oncology=at.hospital_service.lower().startswith("onc").cast("int64"),
    )


INDEX_ADMISSION = Facts(
    "index_admission",
    _index_admission,
    (
        Column(
            name="acute_admission",
            family="index_admission",
            group="how the stay began",
            unit=YES_OR_NO,
            window="at discharge",
            missing="how the stay began: not told",
            sentence="admitted as an emergency, urgently or after an injury: {value}",
        ),
        Column(
            name="from_oncology",
            family="index_admission",
            group="service",
            unit=YES_OR_NO,
            window="at discharge",
            missing="service: not told",
            sentence="discharged from oncology: {value}",
        ),
    ),
    needs={"acute_admission": ("claim_line.admit_type_code",), "from_oncology": ("adt_event",)},
)


def results_of_the_stay(then: Known) -> ir.Table:
    """Haemoglobin and sodium drawn in the index stay; age to discharge."""
    drawn = known_results(then)
    drawn = drawn.filter(drawn.label.isin(["haemoglobin", "sodium"]))
    stays = then.rows.select("row_id", length=then.rows.as_of_day - then.rows.admit_day)
    drawn = drawn.inner_join(stays, "row_id")
    return drawn.filter(drawn.age <= drawn.length).drop("length")


AT_DISCHARGE = Family(
    "at_discharge",
    group="laboratory results",
    events=results_of_the_stay,
    windows=(YEAR,),
    statistics=(Statistic.LAST,),
    words={"haemoglobin": "haemoglobin in this stay", "sodium": "sodium in this stay"},
    needs=("result",),
    measured=Measured("", 1000, {"haemoglobin": "g/dL", "sodium": "mmol/L"}),
    anchor="discharge",
    when="since admission",
    actionable=True,
)

# ---- emergency visits


def _emergency_bills(record: Record) -> ir.Table:
    """Claims with an emergency revenue centre as versions: from_day, and the day on which the visit ended."""
    import ibis

    lines = with_claim_versions(record, CLAIM_LINE)
    emergency = lines.revenue_center_code.isin(VISITS.codes("emergency", RevenueCentre)).fill_null(False)
    bills = lines.group_by("person_id", "claim_id", "version", "known_from", "known_until").aggregate(
        from_day=lines.from_day.min(),
        # in a stay the visit ended when the person was admitted
        ended=ibis.coalesce(lines.admission_day.min(), lines.to_day.max()),
        emergency=emergency.max(),
    )
    return bills.filter(bills.emergency).drop("emergency")


def emergency_visits(then: Known) -> ir.Table:
    """Emergency visits that were over before the index admission, told by claims or messages; one a day is counted.

    A claim with an emergency revenue centre is a visit, also where it is the bill of an earlier stay that began so. The
    visit that led to the index stay reaches into the day of admission and is none of them; one whose end no message
    told is taken to have lasted into the next day.
    """
    import ibis

    billed = then.versions(then.record.conclude("emergency_bills", _emergency_bills))
    billed = billed.filter(billed.ended < billed.index_admit_day)
    told = then.versions(visit_states(then.record))
    told = told.filter(told.patient_class == "E", told.event_type != "A11")
    left = ibis.coalesce(told.discharge_day, told.admission_day + 1)
    told = told.filter(left < told.index_admit_day)
    return ibis.union(
        *(
            rows.select("row_id", age=rows.index_admit_day - day)
            for rows, day in ((billed, billed.from_day), (told, told.admission_day))
        )
    )


EMERGENCY_VISITS = Family(
    "emergency_visits",
    group="care used",
    events=emergency_visits,
    windows=(HALF,),
    statistics=(Statistic.DAYS,),
    words="emergency visits, told by bills or messages",
    needs=("claim_line.revenue_center_code",),
)

# ---- burden of disease

LACE_WEIGHTS = Family(
    "lace_conditions",
    group="burden of disease",
    events=Weighted(LACE_CONDITIONS, "lace_2010"),
    windows=(TWO_YEARS,),
    statistics=(Statistic.SUM,),
    words="LACE's weights of conditions",
    needs=("diagnosis",),
    measured=Measured(POINTS),
    spoken=False,
)
ELIXHAUSER_INDEX = Family(
    "elixhauser_index",
    group="burden of disease",
    # AHRQ's weights for ICD-9-CM are another index, on another scale: the two are not added up in one column
    events=Weighted(ELIXHAUSER, "ahrq_icd_10"),
    windows=(YEAR, TWO_YEARS),
    statistics=(Statistic.SUM,),
    words="Elixhauser index for death in hospital",
    needs=("diagnosis", "diagnosis.icd-10-cm"),
    measured=Measured(POINTS),
    spoken=False,
)


def risk_categories(then: Known) -> ir.Table:
    """Known diagnoses under CMS-HCC V28 categories, after CMS's edits by age and sex, before the hierarchies.

    Diagnoses of every claim count; CMS counts those of face-to-face visits with certain clinicians only.
    """
    import ibis

    coded = Grouped(HCC_V28)(then)
    told = then.events(PERSON)
    who = told.group_by("row_id", "index_admit_day").aggregate(
        birth_day=latest(told.birth_day, told.known_at),
        is_female=latest(told.sex.cases(("female", 1), ("male", 0), else_=None), told.known_at),
    )
    who = who.select("row_id", "is_female", years=windows.expression_of_age(who.birth_day, who.index_admit_day))
    at = coded.left_join(ibis.memtable(edits()).mutate(edited=ibis.literal(True)), "code").left_join(who, "row_id")
    holds = (at.female == at.is_female).fill_null(False)
    holds = holds | (at.years <= at.age_at_most).fill_null(False) | (at.years >= at.age_at_least).fill_null(False)
    holds = holds & at.edited.fill_null(False)
    at = at.select("row_id", "age", label=ibis.ifelse(holds, at.instead, at.label))
    return at.filter(at.label.notnull())


HCC = Family(
    "risk",
    group="chronic conditions",
    events=risk_categories,
    windows=(YEAR,),
    statistics=(Statistic.ANY,),
    words={label: HCC_V28.description(label).lower() for label in HCC_V28.labels},
    tells=TELLS["hcc"],
    needs=("diagnosis", "diagnosis.icd-10-cm"),
)


def _medicaid(then: Known) -> ir.Table:
    months = then.events(COVERAGE)
    months = months.filter(months.from_day <= months.as_of_day)

    def pays(codes: tuple[str, ...]) -> ir.Value:
        return latest(months.dual_status_code.isin(codes).fill_null(False).cast("int64"), months.from_day)

    return months.group_by("row_id").aggregate(
        medicaid_full_benefit=pays(FULL_BENEFIT), medicaid_partial_benefit=pays(PARTIAL_BENEFIT)
    )


def _benefit(name: str, words: str) -> Column:
    return Column(
        name=name,
        family="medicaid",
        group="Medicaid beside Medicare",
        unit=YES_OR_NO,
        window="at discharge",
        missing="Medicaid beside Medicare: not told",
        sentence=f"{words}: {{value}}",
    )


MEDICAID = Facts(
    "medicaid",
    _medicaid,
    (
        _benefit("medicaid_full_benefit", "Medicaid's whole benefit beside Medicare"),
        _benefit("medicaid_partial_benefit", "Medicaid pays a part beside Medicare"),
    ),
    needs=dict.fromkeys(
        ("medicaid_full_benefit", "medicaid_partial_benefit"), ("coverage", "coverage.dual_status_code")
    ),
)

CATEGORIES = tuple(column.name for column in HCC.columns())


def _counted(*flags: Floats) -> Floats:
    present = np.column_stack(flags)
    return np.where(np.isnan(present).any(axis=1), np.nan, scores.hcc_count(present > 0))


def _risk(*parts: Floats) -> Floats:
    present = np.column_stack(parts[: len(CATEGORIES)])
    age, female, once_disabled, full, partial = parts[len(CATEGORIES) :]
    risk = scores.hcc_risk(present > 0, age, female, once_disabled, scores.segment_of(age, full, partial))
    return np.where(np.isnan(present).any(axis=1) | np.isnan(full + partial), np.nan, risk)


HCC_COUNT = Ratio(
    Column(
        name="hcc_count_365d",
        family="hcc",
        group="burden of disease",
        unit="",
        window=HCC.columns()[0].window,
        missing="CMS condition categories: not evaluable on this source",
        sentence="CMS condition categories, the gravest of each disease: {value}",
        spoken=False,
    ),
    of=CATEGORIES,
    finish=_counted,
)
HCC_RISK = Ratio(
    Column(
        name="hcc_risk_score_365d",
        family="hcc",
        group="burden of disease",
        unit="",
        window=HCC.columns()[0].window,
        missing="CMS risk score: age, sex, reason of entitlement or Medicaid status not known",
        sentence="CMS risk score of people in the community (1 is average): {value}",
        spoken=False,
    ),
    of=(
        *CATEGORIES,
        "age_years",
        "female",
        "entitled_by_disability",
        "medicaid_full_benefit",
        "medicaid_partial_benefit",
    ),
    finish=_risk,
)

# ---- LACE and HOSPITAL


def _points(name: str, group: str, says: str, window: str, of: str, finish: Callable[[Floats], Floats]) -> Ratio:
    declared = Column(
        name=name,
        family=name.split("_")[0],
        group=group,
        unit=POINTS,
        window=window,
        missing=f"{says}: not known",
        sentence=f"{says}: {{value}}",
        spoken=False,
    )
    return Ratio(declared, of=(of,), finish=finish)


def _sum(score: scores.Score, name: str, says: str, parts: dict[str, Ratio]) -> Ratio:
    declared = Column(
        name=name,
        family=name.split("_")[0],
        group="readmission scores",
        unit=POINTS,
        window="at discharge",
        missing=f"{says}: one of its parts is not known",
        sentence=f"{says}: {{value}}",
        spoken=False,
    )
    return Ratio(
        declared,
        of=tuple(part.declared.name for part in parts.values()),
        finish=lambda *points: score.total(dict(zip(parts, points, strict=True))),
    )


IN_STAY, BEFORE, ON_LEAVING = "in this stay", "in the 180 days before admission", "at discharge"
LACE_PARTS = {
    "L": _points(
        "lace_length_of_stay",
        "length of stay",
        "LACE, length of stay",
        IN_STAY,
        "length_of_stay",
        scores.lace_length_of_stay,
    ),
    "A": _points(
        "lace_acute", "how the stay began", "LACE, acute admission", IN_STAY, "acute_admission", scores.lace_acute
    ),
    "C": _points(
        "lace_comorbidity",
        "burden of disease",
        "LACE, other illness",
        LACE_WEIGHTS.columns()[0].window,
        "lace_conditions_sum_730d",
        scores.lace_comorbidity,
    ),
    "E": _points(
        "lace_emergency_visits",
        "care used",
        "LACE, emergency visits",
        BEFORE,
        "emergency_visits_days_180d",
        scores.lace_emergency_visits,
    ),
}
LACE = _sum(scores.LACE, "lace", "LACE score, 0 to 19", LACE_PARTS)


def _admissions(name: str, bands: AdmissionBands) -> Ratio:
    return _points(
        name,
        "earlier hospital stays",
        f"HOSPITAL, stays in the year before ({bands.says})",
        "in the 365 days before admission",
        "stays_count_365d",
        lambda stays: scores.hospital_admissions(stays, bands),
    )


_HOSPITAL_PARTS = {
    "H": _points(
        "hospital_haemoglobin",
        "laboratory results",
        "HOSPITAL, haemoglobin below 12",
        ON_LEAVING,
        "at_discharge_haemoglobin_last_365d",
        scores.hospital_haemoglobin,
    ),
    "O": _points(
        "hospital_oncology",
        "service",
        "HOSPITAL, oncology service",
        ON_LEAVING,
        "from_oncology",
        scores.hospital_oncology,
    ),
    "S": _points(
        "hospital_sodium",
        "laboratory results",
        "HOSPITAL, sodium below 135",
        ON_LEAVING,
        "at_discharge_sodium_last_365d",
        scores.hospital_sodium,
    ),
    "IT": _points(
        "hospital_index_type",
        "how the stay began",
        "HOSPITAL, acute admission",
        IN_STAY,
        "acute_admission",
        scores.hospital_index_type,
    ),
    "L": _points(
        "hospital_length_of_stay",
        "length of stay",
        "HOSPITAL, 5 days or more",
        IN_STAY,
        "length_of_stay",
        scores.hospital_length_of_stay,
    ),
}
# by the variant of its admission part
HOSPITAL_PARTS = {
    bands: {**_HOSPITAL_PARTS, "A": _admissions(f"hospital_admissions_from_{bands.two_points_from}", bands)}
    for bands in (BANDS_FROM_1, BANDS_FROM_2)
}
HOSPITAL = {
    bands: _sum(
        scores.HOSPITAL,
        f"hospital_without_p_from_{bands.two_points_from}",
        f"{scores.HOSPITAL.named(parts)} score, 0 to 12, stays in the year before as {bands.says}",
        parts,
    )
    for bands, parts in HOSPITAL_PARTS.items()
}

FEATURES: tuple[Feature, ...] = (
    INDEX_ADMISSION,
    AT_DISCHARGE,
    EMERGENCY_VISITS,
    LACE_WEIGHTS,
    ELIXHAUSER_INDEX,
    MEDICAID,
    HCC,
    HCC_COUNT,
    HCC_RISK,
    *LACE_PARTS.values(),
    LACE,
    *_HOSPITAL_PARTS.values(),
    *(parts["A"] for parts in HOSPITAL_PARTS.values()),
    *HOSPITAL.values(),
)
