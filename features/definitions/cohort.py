"""Who counts. Two cohorts, never mixed: who is scored, by rules decidable at `as_of`; and who is measured afterwards
(`hwr`). A rule says which cohort it may join, and each is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features import windows
from features.codes.places import EXPIRED, HOSPICE, TO_ACUTE_HOSPITAL
from features.definitions.stays import stay_versions
from features.errors import BadDeclaration
from features.record.known import Known, known, latest
from features.record.record import Record, lacked, within_era
from features.record.tables import DEATH, PERSON

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

PREDICTION, HWR = "prediction", "hwr"
FOLLOWED = "followed"  # of those predicted, the ones whose outcome could be seen: whom a model learns from
ADULT_YEARS = 18
LATE = "discharge known within a day"


@dataclass(frozen=True)
class Rule:
    """One eligibility rule. `keeps(rows)` says which rows it keeps; `sense` why the rule is there. `cohorts` are those
    it may join; a rule that looks ahead of `as_of` may never join the prediction cohort. `needs` are the facts without
    which it cannot be asked, and `evaluable(rows)` says for which rows it can: the others are kept, and counted.
    `asks` are the columns of the candidates that it looks at, so that an answer can show them.
    """

    name: str
    sense: str
    keeps: Callable[[pd.DataFrame], pd.Series]
    cohorts: tuple[str, ...]
    looks_ahead: bool = False
    needs: tuple[str, ...] = ()
    evaluable: Callable[[pd.DataFrame], pd.Series] | None = None
    asks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.looks_ahead and PREDICTION in self.cohorts:
            raise BadDeclaration(
                got=f"rule {self.name!r}, which looks ahead of the prediction time, for the prediction cohort",
                expected="a rule decidable at as_of",
                do="Leave it to a retrospective cohort.",
            )


def rules_of(cohort: str, *rules: Rule) -> tuple[Rule, ...]:
    """The rules of a cohort in order. BadDeclaration for one that may not join it."""
    strangers = [rule.name for rule in rules if cohort not in rule.cohorts]
    if strangers:
        raise BadDeclaration(
            got=f"rules {', '.join(map(repr, strangers))} in the cohort {cohort}",
            expected="rules that declare it",
            do="Add the cohort to the rule's own declaration, if it truly fits.",
        )
    return rules


def discharged_alive(rows: pd.DataFrame) -> pd.Series:
    """Not discharged as expired (patient status 20, 40-42), and no death known by the discharge. Prediction only."""
    return ~rows.discharge_disposition_code.isin(EXPIRED) & rows.death_day.isna()


def not_to_hospice(rows: pd.DataFrame) -> pd.Series:
    """Not discharged to hospice at home or in a facility (patient status 50, 51). Prediction only."""
    return ~rows.discharge_disposition_code.isin(HOSPICE)


def not_transferred_out(rows: pd.DataFrame) -> pd.Series:
    """Not sent on to another acute hospital by the discharge code (patient status 02, 05, 43, 66 and their planned
    twins) where no file tells of the stay there: transfers that the files tell of are chained whatever the code says.
    Prediction, and HWR 2021.
    """
    return ~rows.discharge_disposition_code.isin(TO_ACUTE_HOSPITAL)


def adult(rows: pd.DataFrame) -> pd.Series:
    """18 years or older at admission, the date of birth being known. Prediction only."""
    known_birth = rows.birth_day.notna()
    ages = windows.age_in_years(rows.birth_day.fillna(rows.admit_day), rows.admit_day)
    return known_birth & (ages >= ADULT_YEARS)


def not_back_already(rows: pd.DataFrame) -> pd.Series:
    """No later admission known at `as_of`: whoever is in hospital again is not to be foretold. Prediction only."""
    return rows.back_day.isna()


def disposition_told(rows: pd.DataFrame) -> pd.Series:
    """Where somebody went can be asked of those of whom anybody told it."""
    return rows.discharge_disposition_code.notna()


def survival_told(rows: pd.DataFrame) -> pd.Series:
    """Whether somebody left alive can be asked of those of whom anybody told where they went, or that they died; and of
    everybody where a source tells deaths.
    """
    return disposition_told(rows) | rows.death_day.notna() | (rows.deaths_told == 1)


STATUS = "discharge_disposition_code"
ALIVE = Rule(
    "discharged alive",
    "nobody can be called after death",
    discharged_alive,
    (PREDICTION,),
    evaluable=survival_told,
    asks=(STATUS, "death_day"),
)
NOT_TO_HOSPICE = Rule(
    "not to hospice",
    "the aims of care are others",
    not_to_hospice,
    (PREDICTION,),
    evaluable=disposition_told,
    asks=(STATUS,),
)
NOT_TRANSFERRED_OUT = Rule(
    "not transferred out",
    "the stay goes on elsewhere, and the outcome belongs to the hospital that discharges home",
    not_transferred_out,
    (PREDICTION, HWR),
    evaluable=disposition_told,
    asks=(STATUS,),
)
NOT_BACK = Rule(
    "not back in hospital already",
    "what has happened is not foretold",
    not_back_already,
    (PREDICTION,),
    asks=("back_day",),
)
ADULT = Rule(
    "adult", "the outcome has another meaning in children", adult, (PREDICTION,), asks=("birth_day", "admit_day")
)
PREDICTION_RULES = rules_of(PREDICTION, ALIVE, NOT_TO_HOSPICE, NOT_TRANSFERRED_OUT, NOT_BACK, ADULT)


@dataclass(frozen=True)
class Cohort:
    """`rows`: the index stays that every rule keeps, by person and time: row_id, person_id, stay_id, as_of (instant),
    as_of_day, admit_day, discharge_day, facility_id. `excluded`: the other candidates (EXCLUDED_COLUMNS; as_of null
    where the news came too late to have one), with `excluded_by`, the first rule that left them out. `attrition`: for
    each step its rule, sense, what it left, what it removed and for how many candidates it was not evaluable.
    """

    rows: pd.DataFrame
    excluded: pd.DataFrame
    attrition: pd.DataFrame


EXCLUDED_COLUMNS = ["person_id", "stay_id", "as_of", "admit_day", "discharge_day", "excluded_by"]
ROW_COLUMNS = ("person_id", "stay_id", "as_of", "as_of_day", "admit_day", "discharge_day", "facility_id")


def prediction_cohort(record: Record, first_day: int | None = None, last_day: int | None = None) -> Cohort:
    """Index stays discharged from `first_day` to `last_day` (both included; null: no bound), each at its own `as_of`:
    the discharge instant, or the end of that day where only the date is known; where the news of it came later, but
    within a day, the moment it came.
    """
    import pandas as pd

    rows = prediction_candidates(record, first_day, last_day)
    late = _told_late(_told(record, first_day, last_day), rows)
    kept, excluded, attrition = applied(
        rows,
        PREDICTION_RULES,
        record.lacks,
        (
            (
                "discharges told",
                "a stay that went on elsewhere counts once for each end it was told to have",
                len(rows) + len(late),
            ),
            (LATE, "later news cannot be scored at discharge", len(rows)),
        ),
    )
    kept = kept.drop(columns="row_id").reset_index(drop=True)
    kept.insert(0, "row_id", range(len(kept)))
    late = late.assign(as_of=None)
    both = pd.concat([late[EXCLUDED_COLUMNS], excluded[EXCLUDED_COLUMNS]], ignore_index=True)
    return Cohort(kept[["row_id", *ROW_COLUMNS]], both, attrition)


def prediction_candidates(record: Record, first_day: int | None = None, last_day: int | None = None) -> pd.DataFrame:
    """Every discharge known within a day, with what the rules ask as known at its `as_of`; of people who were merged
    later, by the number that they then went by.
    """
    import pandas as pd

    parts = []
    for era in (record, *record.former):
        rows = _candidates(_told(era, first_day, last_day))
        parts.append(rows.merge(_person_facts(known(era, _memtable(rows))), on="row_id", how="left"))
    told = int("death" not in record.lacks)
    if len(parts) == 1:
        return parts[0].assign(deaths_told=told)
    found = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return found.assign(row_id=range(len(found)), deaths_told=told)


def _told_late(told: ir.Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Discharges of which nobody knew within a day. A stay that was known in time under another name, because its day
    of admission was told otherwise later, is not late.
    """
    day = ["person_id", "discharge_day", "within_a_day"]
    ends: pd.DataFrame = told.select("stay_id", "admit_day", "person_id", "discharge_day").distinct().to_pandas()
    ends, in_time = (each.assign(within_a_day=each.admit_day == each.discharge_day) for each in (ends, rows))
    ends = ends.sort_values([*day, "admit_day", "stay_id"]).drop_duplicates(day)
    ends = ends.merge(in_time[day].drop_duplicates(), on=day, how="left", indicator=True)
    late = ends[ends["_merge"] == "left_only"].drop(columns=["_merge", "within_a_day"])
    return late.assign(excluded_by=LATE)


def applied(
    rows: pd.DataFrame, rules: tuple[Rule, ...], lacks: Mapping[str, str], before: tuple[tuple[str, str, int], ...]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(kept, excluded, attrition): the rows that every rule keeps, the others with `excluded_by`, and the count of each
    step. `before` are steps (rule, sense, left) already taken. A rule that cannot be asked of a row keeps it.
    """
    import pandas as pd

    steps = [(*step, 0) for step in before]
    out = []
    for rule in rules:
        asked = can_be_asked(rule, rows, lacks)
        keeps = rule.keeps(rows) | ~asked
        out.append(rows[~keeps].assign(excluded_by=rule.name))
        rows = rows[keeps]
        steps.append((rule.name, rule.sense, len(rows), int((~asked).sum())))
    attrition = pd.DataFrame(steps, columns=["rule", "sense", "left", "not_evaluable"])
    attrition.insert(3, "removed", (-attrition["left"].diff()).fillna(0).astype("int64"))
    return rows, pd.concat(out, ignore_index=True), attrition


def can_be_asked(rule: Rule, rows: pd.DataFrame, lacks: Mapping[str, str]) -> pd.Series:
    """Of which rows a rule can be asked: of none where the sources lack a fact that it needs."""
    import pandas as pd

    if lacked(rule.needs, lacks):
        return pd.Series(data=False, index=rows.index)
    if rule.evaluable is not None:
        return rule.evaluable(rows)
    return pd.Series(data=True, index=rows.index)


def _told(record: Record, first_day: int | None, last_day: int | None) -> ir.Table:
    """Versions of stays with a discharge in these days, both included."""
    told = within_era(record, stay_versions(record))
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
    # a correction may rename a stay, yet nobody leaves twice on one day, but who came back on it and left again
    within_a_day = (found.admit_day == found.discharge_day).rename("within_a_day")
    twice = found[["person_id", "discharge_day"]].join(within_a_day).duplicated()
    found = found[~twice].reset_index(drop=True)
    found.insert(0, "row_id", range(len(found)))
    return found


def _memtable(rows: pd.DataFrame) -> ir.Table:
    import ibis

    return ibis.memtable(rows[["row_id", *ROW_COLUMNS]])


def _person_facts(then: Known) -> pd.DataFrame:
    """Day of birth (the latest known; of two known at once the later day), of death, and of coming back to hospital, as
    known at `as_of`.
    """
    told = then.events(PERSON)
    births = told.group_by("row_id").aggregate(birth_day=latest(told.birth_day, told.known_at))
    died = then.events(DEATH)
    deaths = died.group_by("row_id").aggregate(death_day=died.to_day.min())
    stays = then.versions(stay_versions(then.record))
    later = stays.filter(stays.stay_id != stays.index_stay_id, stays.admit_day >= stays.index_discharge_day)
    back = later.group_by("row_id").aggregate(back_day=later.admit_day.min())
    facts: pd.DataFrame = births.to_pandas()
    for one in (deaths, back):
        facts = facts.merge(one.to_pandas(), on="row_id", how="outer")
    return facts
