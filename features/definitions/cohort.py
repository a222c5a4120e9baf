"""Who counts: index stays, and the rules that a prediction may use, each decidable at `as_of` and counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features import windows
from features.definitions.stays import stay_versions
from features.record.known import Known, known, latest
from features.record.record import Record
from features.record.tables import DEATH, PERSON

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

EXPIRED = ("20", "40", "41", "42")
HOSPICE = ("50", "51")
ANOTHER_ACUTE_HOSPITAL = ("02", "66", "82", "94")
ADULT_YEARS = 18


@dataclass(frozen=True)
class Rule:
    """One eligibility rule. `keeps` sees only what was known at `as_of`; `sense` says why the rule is there."""

    name: str
    sense: str
    keeps: Callable[[pd.DataFrame], pd.Series]


def discharged_alive(rows: pd.DataFrame) -> pd.Series:
    """Not discharged as expired (patient status 20, 40-42), and no death known."""
    return ~rows.discharge_disposition_code.isin(EXPIRED) & rows.death_day.isna()


def not_to_hospice(rows: pd.DataFrame) -> pd.Series:
    """Not discharged to hospice at home or in a facility (patient status 50, 51)."""
    return ~rows.discharge_disposition_code.isin(HOSPICE)


def not_transferred_out(rows: pd.DataFrame) -> pd.Series:
    """Not sent on to another acute or critical access hospital (patient status 02, 66, 82, 94)."""
    return ~rows.discharge_disposition_code.isin(ANOTHER_ACUTE_HOSPITAL)


def adult(rows: pd.DataFrame) -> pd.Series:
    """18 years or older at admission, the date of birth being known."""
    known_birth = rows.birth_day.notna()
    ages = windows.age_in_years(rows.birth_day.fillna(rows.admit_day), rows.admit_day)
    return known_birth & (ages >= ADULT_YEARS)


PREDICTION_RULES = (
    Rule("discharged alive", "nobody can be called after death", discharged_alive),
    Rule("not to hospice", "the aims of care are others", not_to_hospice),
    Rule("not transferred out", "the stay goes on elsewhere and is scored when it ends", not_transferred_out),
    Rule("adult", "the outcome has another meaning in children", adult),
)


@dataclass(frozen=True)
class Cohort:
    """`rows`: the index stays that every rule keeps, by person and time: row_id, person_id, stay_id, as_of (instant),
    as_of_day, admit_day, discharge_day, facility_id. `attrition`: for each step its rule, sense and what it left.
    """

    rows: pd.DataFrame
    attrition: pd.DataFrame


ROW_COLUMNS = ("person_id", "stay_id", "as_of", "as_of_day", "admit_day", "discharge_day", "facility_id")


def prediction_cohort(record: Record, first_day: int | None = None, last_day: int | None = None) -> Cohort:
    """Index stays discharged from `first_day` to `last_day` (both included; null: no bound), each at its own `as_of`:
    the discharge instant, or the end of that day where only the date is known; where the news of it came later, but
    within a day, the moment it came.
    """
    import pandas as pd

    told = _told(record, first_day, last_day)
    ever = int(told.select("stay_id", "discharge_day").distinct().count().execute())
    rows = _candidates(told)
    rows = rows.merge(_person_facts(known(record, _memtable(rows))), on="row_id", how="left")
    steps = [
        ("discharges told", "a stay that went on elsewhere counts once for each end it was told to have", ever),
        ("discharge known within a day", "later news cannot be scored at discharge", len(rows)),
    ]
    for rule in PREDICTION_RULES:
        rows = rows[rule.keeps(rows)]
        steps.append((rule.name, rule.sense, len(rows)))
    rows = rows.drop(columns="row_id").reset_index(drop=True)
    rows.insert(0, "row_id", range(len(rows)))
    attrition = pd.DataFrame(steps, columns=["rule", "sense", "left"])
    attrition["removed"] = (-attrition["left"].diff()).fillna(0).astype("int64")
    return Cohort(rows[["row_id", *ROW_COLUMNS]], attrition)


def _told(record: Record, first_day: int | None, last_day: int | None) -> ir.Table:
    """Versions of stays with a discharge in these days, both included."""
    told = stay_versions(record)
    told = told.filter(told.discharge_day.notnull())
    if first_day is not None:
        told = told.filter(told.discharge_day >= first_day)
    if last_day is not None:
        told = told.filter(told.discharge_day <= last_day)
    return told


def _candidates(told: ir.Table) -> pd.DataFrame:
    """One row for each discharge known within a day, at the moment it was first known: a message comes minutes
    after the patient has left, and nobody is lost for that.
    """
    import ibis

    at = told.mutate(as_of=ibis.greatest(told.discharged_at, told.known_from))
    at = at.filter(at.as_of < at.known_until, at.as_of - at.discharged_at < windows.SECONDS_A_DAY)
    rows = at.select(
        "person_id",
        "stay_id",
        "as_of",
        at.discharge_day.name("as_of_day"),
        "admit_day",
        "discharge_day",
        "facility_id",
        "discharge_disposition_code",
    ).order_by("person_id", "as_of", "stay_id")
    found: pd.DataFrame = rows.to_pandas()
    found = found.drop_duplicates(["stay_id", "discharge_day"]).reset_index(drop=True)
    found.insert(0, "row_id", range(len(found)))
    return found


def _memtable(rows: pd.DataFrame) -> ir.Table:
    import ibis

    return ibis.memtable(rows[["row_id", *ROW_COLUMNS]])


def _person_facts(then: Known) -> pd.DataFrame:
    """Date of birth (the latest known; of two known at once the later day) and of death, as known at `as_of`."""
    told = then.events(PERSON)
    births = told.group_by("row_id").aggregate(birth_day=latest(told.birth_day, told.known_at))
    died = then.events(DEATH)
    deaths = died.group_by("row_id").aggregate(death_day=died.to_day.min())
    facts: pd.DataFrame = births.to_pandas().merge(deaths.to_pandas(), on="row_id", how="outer")
    return facts
