"""The case mix: what a person brought along, before the provider who is judged could change it.

Only three things are allowed for: age and sex, why the person came to hospital, and the illnesses known before. What
the provider decides (how long a stay lasts, where it ends, which DRG is billed, a complication) would hide the very
difference that is asked for, and so would what the person is to society (race, dual eligibility, an area's means):
worse care of some would be made the norm for them. What is refused is a list, so that nobody adds it by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features import windows
from features.codes.groupings import CCSR, CCSR_SYSTEMS, CHARLSON
from features.codes.readmission import SPECIALTY
from features.definitions.outcomes.adverse import BEFORE_ADMISSION
from features.definitions.stays import final_stays
from features.errors import BadDeclaration
from features.record.known import FOREVER, latest, with_claim_versions
from features.record.record import Record
from features.record.tables import DIAGNOSIS, PERSON

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

YEAR_DAYS = 365  # the look-back of the HWR measure for illnesses
# parts of a column's name, and why a column with it may not be allowed for
REFUSED: Mapping[str, str] = {
    "race": "worse care of some people would become what is expected of them",
    "ethnic": "worse care of some people would become what is expected of them",
    "language": "worse care of some people would become what is expected of them",
    "interpreter": "worse care of some people would become what is expected of them",
    "dual": "worse care of poor people would become what is expected of them",
    "medicaid": "worse care of poor people would become what is expected of them",
    "income": "worse care of poor people would become what is expected of them",
    "depriv": "worse care of poor people would become what is expected of them",
    "zip": "an area stands for race and means",
    "state": "an area stands for race and means",
    "payer": "who pays stands for means",
    "disposition": "the hospital decides where a stay ends",
    "nights": "the hospital decides how long a stay lasts",
    "length_of_stay": "the hospital decides how long a stay lasts",
    "drg": "the hospital codes it, complications included",
    "not_present": "what was not present on admission may be harm done in the stay",
    "acquired": "what was not present on admission may be harm done in the stay",
    "complication_of_care": "what was not present on admission may be harm done in the stay",
    "hospital": "it is what is judged",
    "facility": "it is what is judged",
    "practice": "it is what is judged",
    "provider": "it is what is judged",
    "visits": "earlier use is in part what the provider did",
    "admissions": "earlier use is in part what the provider did",
    "readmi": "it is what is asked",
    "cost": "earlier use is in part what the provider did",
    "follow_up": "it is the provider's to arrange",
}
ABOUT = ("age and sex", "why the person came", "illness known before")


@dataclass(frozen=True)
class Allowance:
    """One column of the case mix; `about` is one of ABOUT."""

    name: str
    about: str
    says: str


def allowed(*columns: Allowance) -> tuple[Allowance, ...]:
    """Columns of a case mix. BadDeclaration for one that is refused, is about something else, or is there twice."""
    for column in columns:
        why = next((why for part, why in REFUSED.items() if part in column.name.lower()), None)
        if why is not None or column.about not in ABOUT:
            raise BadDeclaration(
                got=f"{column.name} in a case mix ({why or column.about})",
                expected=f"what is about {', '.join(ABOUT)}",
                do="Leave it out.",
            )
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise BadDeclaration(got="a column twice in a case mix", expected="each once", do="Leave one out.")
    return columns


AGE_AND_SEX = allowed(
    Allowance("age", ABOUT[0], "age in decades"),
    Allowance("age_over_65", ABOUT[0], "decades of it above 65"),
    Allowance("age_over_80", ABOUT[0], "decades of it above 80"),
    Allowance("female", ABOUT[0], "female as recorded"),
)
REASONS = allowed(
    Allowance("surgical", ABOUT[1], "a procedure of the measure's surgery and gynaecology cohort"),
    *(Allowance(label, ABOUT[1], f"principal diagnosis of the cohort {label}") for label in SPECIALTY.labels),
    *(
        Allowance(f"principal_{letters.lower()}", ABOUT[1], f"principal diagnosis among {words}")
        for letters, words in CCSR_SYSTEMS.items()
    ),
)
ILLNESSES = allowed(
    *(Allowance(label, ABOUT[2], CHARLSON.description(label)) for label in CHARLSON.labels),
)
OF_STAYS = (*AGE_AND_SEX, *REASONS, *ILLNESSES)
OF_PEOPLE = (*AGE_AND_SEX, *ILLNESSES)


def of_stays(record: Record, stays: pd.DataFrame) -> pd.DataFrame:
    """(stays, OF_STAYS) in the order of `stays` (person_id, stay_id, admit_day, discharge_day). Illnesses are those on
    claims of the 365 days before admission, and on the stay's own inpatient bills where flagged as present on
    admission or exempt from the question.
    """
    from_ = stays.assign(row_id=range(len(stays)))
    found = _age_and_sex(record, from_.person_id, from_.admit_day).assign(row_id=from_.row_id.to_numpy())
    for facts in (_reasons(record, from_), _illnesses(record, from_)):
        found = found.merge(facts, on="row_id", how="left")
    return _columns(found, OF_STAYS)


def of_people(record: Record, persons: pd.Series, first_day: int) -> pd.DataFrame:
    """(people, OF_PEOPLE) in the order of `persons`, by what is told of the 365 days before `first_day`."""
    from_ = persons.reset_index(drop=True).to_frame("person_id")
    from_ = from_.assign(row_id=range(len(from_)), admit_day=first_day, discharge_day=first_day - 1)
    found = _age_and_sex(record, from_.person_id, from_.admit_day).assign(row_id=from_.row_id)
    return _columns(found.merge(_illnesses(record, from_), on="row_id", how="left"), OF_PEOPLE)


def _columns(found: pd.DataFrame, wanted: tuple[Allowance, ...]) -> pd.DataFrame:
    names = [column.name for column in wanted]
    return found.sort_values("row_id").reset_index(drop=True).reindex(columns=names).fillna(0).astype("float64")


def _age_and_sex(record: Record, persons: pd.Series, on_day: pd.Series) -> pd.DataFrame:
    """An age that nobody tells counts as the mean of the others."""
    import ibis

    people = record[PERSON]
    people = people.mutate(
        female=ibis.ifelse(people.sex.isin(("female", "male")), (people.sex == "female").cast("int8"), None)
    )
    told = people.group_by("person_id").aggregate(
        birth_day=latest(people.birth_day, people.known_at), female=latest(people.female, people.known_at)
    )
    rows = persons.to_frame().merge(told.to_pandas(), on="person_id", how="left")
    days = on_day.reset_index(drop=True)
    ages = windows.age_in_years(rows.birth_day.fillna(days), days)
    age = rows.birth_day.where(rows.birth_day.isna(), ages)
    age = age.fillna(age.mean()).fillna(0) / 10
    columns = {"age": age, "age_over_65": (age - 6.5).clip(lower=0), "age_over_80": (age - 8.0).clip(lower=0)}
    return rows.assign(**columns)[[*columns, "female"]]


def _reasons(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    """Why each stay was, by its principal diagnosis and its procedures, as finally told; row_id and flags."""
    import ibis

    stays = final_stays(record).select("stay_id", "surgical", "principal_system", "principal_code")
    specialty = ibis.memtable(SPECIALTY.flags)
    principal = [("principal_system", "code_system"), ("principal_code", "code")]
    sorted_ = stays.left_join(specialty, principal).drop("code_system", "code")
    frame = ibis.memtable(rows[["row_id", "stay_id"]]).inner_join(sorted_, "stay_id").to_pandas()
    systems = CCSR.table().to_pandas()
    systems["letters"] = systems.label.str.removeprefix("ccsr_").str[:3]
    first = systems.drop_duplicates(["code_system", "code"])
    frame = frame.merge(
        first[["code_system", "code", "letters"]],
        left_on=["principal_system", "principal_code"],
        right_on=["code_system", "code"],
        how="left",
    )
    flags = {f"principal_{each.lower()}": (frame.letters == each.lower()).astype(float) for each in CCSR_SYSTEMS}
    reasons: pd.DataFrame = frame[["row_id", "surgical", *SPECIALTY.labels]].assign(**flags)
    return reasons.drop_duplicates("row_id")


def _illnesses(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    """Which Charlson conditions were known before each row's `admit_day`; row_id and flags."""
    import ibis

    given = ibis.memtable(rows[["row_id", "person_id", "admit_day", "discharge_day"]])
    codes = ibis.memtable(CHARLSON.table())
    coded = with_claim_versions(record, DIAGNOSIS)
    coded = coded.filter(coded.known_until == FOREVER, coded.role != "admitting").inner_join(
        codes, ["code_system", "code"]
    )
    at = given.inner_join(coded, "person_id")
    at = at.filter(_before(at) | _brought(at))
    found: pd.DataFrame = at.select("row_id", "label").distinct().to_pandas()
    columns = {label: found.row_id.isin(found.row_id[found.label == label]).astype(float) for label in CHARLSON.labels}
    return found.assign(**columns).drop(columns="label").drop_duplicates("row_id")


def _before(at: ir.Table) -> ir.BooleanValue:
    """On a claim that was over before the admission, within the look-back."""
    return (at.to_day < at.admit_day) & (at.to_day >= at.admit_day - YEAR_DAYS)


def _brought(at: ir.Table) -> ir.BooleanValue:
    """On a bill of the stay, and flagged as there when the person came."""
    within = at.from_day.between(at.admit_day, at.discharge_day)
    return within & at.present_on_admission.isin(BEFORE_ADMISSION).fill_null(False)
