"""The rows that a scorecard is made of: index stays with what followed them, and members with their months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features import windows
from features.definitions.hwr import Scope, hwr_cohort
from features.definitions.outcomes import labels
from features.definitions.profile import case_mix
from features.definitions.profile.use import COUNTED, attributed_months, use
from features.errors import BadInput
from features.measures.transitions.after_stays import followed_in_time
from features.record.record import Record, lacked
from features.record.tables import FACILITY as FACILITIES
from features.record.tables import PROVIDER
from serving.committee.scorecard.measures import CLINICIAN, FACILITY, MEMBERS, PRACTICE, STAYS

if TYPE_CHECKING:
    import pandas as pd

EVERYBODY = Scope(youngest=18)  # adults of any payer; the measure of CMS asks for 65 and Medicare
NOT_ATTRIBUTED = "nobody"


@dataclass(frozen=True)
class Counted:
    """`stays`: one row an index stay with its providers, its quarter, the label of each measure of stays (null where
    it could not be followed) and the protocol's measures; `mix` its case mix. `members`: one row a person, practice,
    clinician and quarter with months and what was counted; `member_mix` the case mix of each. `refused`: why a measure
    is not there.
    """

    first_day: int
    last_day: int
    stays: pd.DataFrame
    mix: pd.DataFrame
    members: pd.DataFrame
    member_mix: pd.DataFrame
    protocol: tuple[str, ...]
    refused: dict[str, str]


def counted(record: Record, first_day: int, last_day: int) -> Counted:
    """Everything of the discharges and months of these days. BadInput where there is nothing to compare."""
    if last_day < first_day:
        raise BadInput(got="--from after --to", expected="--from on or before --to", do="Swap them.")
    rows = hwr_cohort(record, EVERYBODY).rows
    rows = rows[rows.discharge_day.between(first_day, last_day)].reset_index(drop=True)
    if rows.empty:
        raise BadInput(
            got="no index stay in these days", expected="stays that ended in them", do="Change --from and --to."
        )
    rows = rows.assign(row_id=range(len(rows)))
    refused: dict[str, str] = {}
    followed, why = followed_in_time(record, rows)
    outcomes = {}
    for measure in STAYS:
        told = labels(record, rows, measure.outcome)
        if lacked(measure.outcome.needs, record.lacks):
            refused[measure.name] = str(told.null_reason.iloc[0])
        outcomes[measure.name] = told.label.where(told.complete.astype("bool")).to_numpy("float64")
    providers = _providers(record, rows)
    quarters = rows.discharge_day.map(windows.quarter_of)
    stays = rows[["person_id", "stay_id", "discharge_day"]].assign(quarter=quarters, **outcomes)
    stays = stays.join(providers).join(followed)
    months = _members(record, first_day, last_day)
    people = months[["person_id"]].drop_duplicates().reset_index(drop=True)
    mix = case_mix.of_people(record, people.person_id, first_day).set_index(people.person_id)
    if "attribution" in record.lacks:
        refused |= dict.fromkeys((m.name for m in MEMBERS), "no source of the store says who answers for a person")
    return Counted(
        first_day=first_day,
        last_day=last_day,
        stays=stays,
        mix=case_mix.of_stays(record, rows),
        members=months,
        member_mix=mix.loc[months.person_id].reset_index(drop=True),
        protocol=tuple(followed.columns),
        refused={**refused, **why},
    )


def _providers(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    """facility, practice and clinician of each stay by name; NOT_ATTRIBUTED where nobody answers for the person."""
    import ibis

    given = ibis.memtable(rows[["row_id", "person_id", "discharge_day"]])
    months = attributed_months(record)
    at = given.inner_join(months, "person_id")
    at = at.filter(at.discharge_day.between(at.from_day, at.to_day))
    of = at.group_by("row_id").aggregate(practice=at.practice.min(), provider_id=at.provider_id.min()).to_pandas()
    found = rows[["row_id", "facility_id"]].merge(of, on="row_id", how="left")
    return found.assign(
        **{
            FACILITY: _named(found.facility_id, _names(record, FACILITIES.name)),
            PRACTICE: found.practice.fillna(NOT_ATTRIBUTED),
            CLINICIAN: _named(found.provider_id, _names(record, PROVIDER.name)),
        }
    )[[FACILITY, PRACTICE, CLINICIAN]]


def _members(record: Record, first_day: int, last_day: int) -> pd.DataFrame:
    months = use(record, first_day, last_day)
    quarters = {day: windows.quarter_of(int(day)) for day in months.from_day.unique()}
    months = months.assign(
        quarter=months.from_day.map(quarters),
        **{
            PRACTICE: months.practice.fillna(NOT_ATTRIBUTED),
            CLINICIAN: _named(months.provider_id, _names(record, PROVIDER.name)),
        },
    )
    keys = ["person_id", PRACTICE, CLINICIAN, "quarter"]
    found: pd.DataFrame = months.groupby(keys, as_index=False)[["months", *COUNTED]].sum()
    return found


def _names(record: Record, table: str) -> dict[str, str]:
    """The directory's name of each number; the number beside it where two share a name."""
    rows, key = record.tables[table], f"{table}_id"
    told = rows.group_by(key).aggregate(name=rows.name.max()).to_pandas().dropna()
    twice = told.name.duplicated(keep=False)
    names = told.name.where(~twice, told.name + " (" + told[key] + ")")
    return dict(zip(told[key], names, strict=True))


def _named(numbers: pd.Series, names: dict[str, str]) -> pd.Series:
    return numbers.map(names).fillna(numbers).fillna(NOT_ATTRIBUTED)
