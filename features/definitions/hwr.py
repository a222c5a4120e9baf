"""The retrospective cohort: index stays as the CMS Hospital-Wide Readmission measure of 2021 takes them.

It looks back on what finally became known, so no feature and no prediction may import it (import contract). Where we
differ from CMS: any payer may be asked for, people may be of any age that the scope names, and the index stays of a
person are taken from all the network's sources. Stays for COVID-19, which CMS left out from 2021 on, stay in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features import windows
from features.codes.places import (
    ACUTE_FACILITIES,
    AGAINST_MEDICAL_ADVICE,
    CANCER_HOSPITALS,
    EXPIRED,
)
from features.codes.readmission import HWR_EXCLUSIONS
from features.definitions.cohort import (
    EXCLUDED_COLUMNS,
    HWR,
    NOT_TRANSFERRED_OUT,
    STATUS,
    Cohort,
    Rule,
    applied,
    disposition_told,
    rules_of,
    survival_told,
)
from features.definitions.deaths import deaths
from features.definitions.enrolment import days_enrolled, fee_for_service
from features.definitions.stays import final_stays, other_stays
from features.record.known import FOREVER, latest
from features.record.record import Record
from features.record.tables import PERSON

if TYPE_CHECKING:
    import pandas as pd

MONTHS_BEFORE_DAYS, AFTER_DAYS = 365, 30


@dataclass(frozen=True)
class Scope:
    """Whom the measure is about: the youngest age at admission, and kinds of payer as the record names them (none:
    any payer).
    """

    youngest: int = 65
    payer_types: tuple[str, ...] = ()


CMS_2021 = Scope(65, ("medicare",))


def old_enough(rows: pd.DataFrame) -> pd.Series:
    """At least the scope's age at admission, the date of birth being known; 65 in the HWR measure of 2021."""
    return rows.age.fillna(-1) >= rows.youngest


def billed(rows: pd.DataFrame) -> pd.Series:
    """A bill of the stay is known: the measure of 2021 reads claims, and its exclusions need a principal diagnosis."""
    return rows.billed == 1


def enrolled_before(rows: pd.DataFrame) -> pd.Series:
    """Enrolled with a payer of the scope, outside managed care, on each of the 365 days before admission and in the
    stay, so that what came before is known. HWR 2021: twelve months of Part A, fee for service.
    """
    return rows.days_enrolled_before >= rows.days_needed_before


def followed(rows: pd.DataFrame) -> pd.Series:
    """Enrolled likewise on the day of discharge and each of the 30 days after, or until death within them. HWR 2021."""
    return rows.days_enrolled_after >= rows.days_needed_after


def alive(rows: pd.DataFrame) -> pd.Series:
    """Discharged alive: not as expired (patient status 20, 40-42), and not dead on the day of discharge. HWR 2021."""
    return ~rows.discharge_disposition_code.isin(EXPIRED) & ~(rows.death_day <= rows.discharge_day)


def short_term_acute(rows: pd.DataFrame) -> pd.Series:
    """From a short-term acute or critical access hospital; one whose kind nothing decides counts as such. Psychiatric,
    rehabilitation and long-term hospitals and units are not. HWR 2021.
    """
    return rows.kind.isna() | rows.kind.isin(ACUTE_FACILITIES)


def not_cancer_hospital(rows: pd.DataFrame) -> pd.Series:
    """Not from one of the eleven hospitals that prospective payment leaves out for treating cancer. HWR 2021."""
    return ~rows.hospital.isin(CANCER_HOSPITALS)


def not_against_advice(rows: pd.DataFrame) -> pd.Series:
    """Not left against medical advice (patient status 07): the hospital had no chance to prepare. HWR 2021."""
    return ~rows.discharge_disposition_code.isin(AGAINST_MEDICAL_ADVICE)


def not_psychiatric(rows: pd.DataFrame) -> pd.Series:
    """No psychiatric principal diagnosis (CCS 650-652, 654-659, 662, 670). HWR 2021."""
    return rows.psychiatric != 1


def not_rehabilitation(rows: pd.DataFrame) -> pd.Series:
    """No principal diagnosis of rehabilitation (CCS 254). HWR 2021."""
    return rows.rehabilitation != 1


def not_medical_cancer(rows: pd.DataFrame) -> pd.Series:
    """No medical treatment of cancer (principal diagnosis CCS 11-45 without a procedure of the surgery and gynaecology
    cohort): these people's course is another. HWR 2021.
    """
    return (rows.cancer != 1) | (rows.surgical == 1)


def kind_told(rows: pd.DataFrame) -> pd.Series:
    """The kind of hospital can be asked where a number, a word or beds decide it."""
    return rows.kind.notna()


def number_told(rows: pd.DataFrame) -> pd.Series:
    """The list of cancer hospitals can be asked for a whole certification number: six digits, none of them masked."""
    return rows.hospital.str.fullmatch(r"\d{6}").fillna(False).astype("bool")


def principal_told(rows: pd.DataFrame) -> pd.Series:
    """What the stay was for can be asked where a principal diagnosis was told that the tables know."""
    return rows.principal_decided == 1


def surgery_can_be_told(rows: pd.DataFrame) -> pd.Series:
    """As `principal_told`; and of a cancer, where every procedure has a grouping (ICD-9 has none)."""
    return principal_told(rows) & ((rows.cancer != 1) | (rows.procedures_not_grouped == 0))


_ONLY = (HWR,)
HWR_RULES = rules_of(
    HWR,
    Rule(
        "short-term acute or critical access hospital",
        "other hospitals care for other needs",
        short_term_acute,
        _ONLY,
        looks_ahead=True,
        evaluable=kind_told,
        asks=("kind",),
    ),
    Rule(
        "old enough",
        "the measure is about people of that age",
        old_enough,
        _ONLY,
        looks_ahead=True,
        asks=("age", "youngest"),
    ),
    Rule(
        "billed",
        "only a bill tells the principal diagnosis",
        billed,
        _ONLY,
        looks_ahead=True,
        asks=("billed",),
    ),
    Rule(
        "enrolled for 12 months before",
        "what came before must be known",
        enrolled_before,
        _ONLY,
        looks_ahead=True,
        needs=("coverage",),
        asks=("days_enrolled_before", "days_needed_before"),
    ),
    Rule(
        "enrolled for 30 days after, or dead",
        "a readmission must be able to show",
        followed,
        _ONLY,
        looks_ahead=True,
        needs=("coverage",),
        asks=("days_enrolled_after", "days_needed_after"),
    ),
    Rule(
        "discharged alive",
        "nobody comes back after death",
        alive,
        _ONLY,
        looks_ahead=True,
        evaluable=survival_told,
        asks=(STATUS, "death_day"),
    ),
    Rule(
        "no cancer hospital",
        "they are paid and measured apart",
        not_cancer_hospital,
        _ONLY,
        looks_ahead=True,
        evaluable=number_told,
        asks=("hospital",),
    ),
    Rule(
        "not against medical advice",
        "the hospital could not prepare the discharge",
        not_against_advice,
        _ONLY,
        looks_ahead=True,
        evaluable=disposition_told,
        asks=(STATUS,),
    ),
    NOT_TRANSFERRED_OUT,
    Rule(
        "not psychiatric",
        "measured apart",
        not_psychiatric,
        _ONLY,
        looks_ahead=True,
        evaluable=principal_told,
        asks=("principal_code",),
    ),
    Rule(
        "not rehabilitation",
        "not acute care",
        not_rehabilitation,
        _ONLY,
        looks_ahead=True,
        evaluable=principal_told,
        asks=("principal_code",),
    ),
    Rule(
        "no medical treatment of cancer",
        "these people die or return by another course",
        not_medical_cancer,
        _ONLY,
        looks_ahead=True,
        evaluable=surgery_can_be_told,
        asks=("principal_code", "surgical", "procedures_not_grouped"),
    ),
)


def hwr_cohort(record: Record, scope: Scope = CMS_2021) -> Cohort:
    """Index stays of the retrospective measure, as everything loaded so far tells them. A readmission may itself be an
    index stay. `as_of` is the discharge, and nothing may be predicted from these rows.
    """
    rows = hwr_candidates(record, scope)
    steps = (("discharges", "every stay that ended, in a hospital of any kind", len(rows)),)
    kept, excluded, attrition = applied(rows, HWR_RULES, record.lacks, steps)
    kept = kept.sort_values(["person_id", "as_of", "stay_id"]).drop(columns="row_id").reset_index(drop=True)
    kept.insert(0, "row_id", range(len(kept)))
    names = ["row_id", "person_id", "stay_id", "as_of", "as_of_day", "admit_day", "discharge_day", "facility_id"]
    return Cohort(kept[names], excluded[EXCLUDED_COLUMNS], attrition)


def hwr_candidates(record: Record, scope: Scope = CMS_2021) -> pd.DataFrame:
    """Every final stay with a discharge, in a hospital of any kind, and the facts that the rules ask."""
    import ibis

    others = other_stays(record)
    stays = ibis.union(final_stays(record), others.filter(others.known_until == FOREVER))
    stays = stays.filter(stays.discharge_day.notnull())
    excluded = ibis.memtable(HWR_EXCLUSIONS.flags)
    names = (
        *("person_id", "stay_id", "admit_day", "discharge_day", "facility_id", "hospital", "kind", "billed"),
        *("discharge_disposition_code", "principal_code", "surgical", "procedures_not_grouped"),
    )
    principal = [("principal_system", "code_system"), ("principal_code", "code")]
    decided = ibis.memtable(HWR_EXCLUSIONS.decided()).select("code_system", "code").distinct()
    at = stays.left_join(decided.mutate(principal_decided=1), principal).drop("code_system", "code")
    at = at.left_join(excluded, principal)
    rows: pd.DataFrame = at.select(
        *names,
        *(at[label].fill_null(0).name(label) for label in HWR_EXCLUSIONS.labels),
        "principal_decided",
        as_of=at.discharged_at,
        as_of_day=at.discharge_day,
    ).to_pandas()
    people = record[PERSON]
    births = people.group_by("person_id").aggregate(birth_day=latest(people.birth_day, people.known_at))
    for facts in (births, deaths(record).drop("death_known")):
        rows = rows.merge(facts.to_pandas(), on="person_id", how="left")
    born = rows.birth_day.notna()
    ages = windows.age_in_years(rows.birth_day.fillna(rows.admit_day), rows.admit_day)
    rows["age"] = ages
    rows["age"] = rows.age.where(born)
    rows["youngest"] = scope.youngest
    rows["deaths_told"] = int("death" not in record.lacks)
    alive_to = (rows.discharge_day + AFTER_DAYS).where(
        ~(rows.death_day <= rows.discharge_day + AFTER_DAYS), rows.death_day
    )
    covered = fee_for_service(record, scope.payer_types)
    before = rows.admit_day - MONTHS_BEFORE_DAYS
    rows["days_enrolled_before"] = days_enrolled(covered, rows.person_id, before, rows.discharge_day)
    rows["days_needed_before"] = rows.discharge_day - before + 1
    rows["days_enrolled_after"] = days_enrolled(covered, rows.person_id, rows.discharge_day, alive_to)
    rows["days_needed_after"] = alive_to - rows.discharge_day + 1
    rows.insert(0, "row_id", range(len(rows)))
    return rows
