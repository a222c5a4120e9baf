"""The groups for which a list is audited: who somebody is, as the record knew it at the prediction time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.catalogue.person import DUAL
from features.definitions.cohort import ROW_COLUMNS
from features.record.known import Known, known
from features.record.record import Record, by_era, lacked
from features.record.tables import ATTRIBUTION, CONTACT_DETAILS, COVERAGE, PERSON, PROVIDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    import pandas as pd

AGE_BANDS = (18, 45, 65, 75, 85)  # the first year of each; the last has no end
# each group column and the facts of the record without which it is known of nobody
NEEDS = {
    "age": ("person.birth_day",),
    "sex": ("person.sex",),
    "race": ("person.race",),
    "ethnicity": ("person.ethnicity",),
    "language": ("contact_details.preferred_language",),
    "Medicaid beside Medicare": ("coverage.dual_status_code",),
    "Medicare through disability": ("person.entitlement_code",),
    "practice": ("attribution",),
    "facility": (),
}
# what says who somebody is; the others say who cares for them
OF_PEOPLE = tuple(name for name in NEEDS if name not in ("practice", "facility"))


def groups_of(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    """(rows, columns of NEEDS) in the order of `rows`, which are of a cohort: the group, null where it is not known."""
    return _each(record, rows, _as_known, NEEDS)


def areas_of(record: Record, rows: pd.DataFrame, areas: Mapping[str, str]) -> pd.Series:
    """(rows,): the area of the postal code that each person was known to live in, by `areas`; five digits decide where
    all nine are not named. Null where the code is not known or not among them.
    """
    codes = _each(record, rows, _postal, {"zip_code": ("person.zip_code",)}).zip_code
    return codes.map(areas).where(codes.isin(list(areas)), codes.str.slice(0, 5).map(areas))


def _each(
    record: Record,
    rows: pd.DataFrame,
    tell: Callable[[Record, pd.DataFrame], pd.DataFrame],
    needs: Mapping[str, tuple[str, ...]],
) -> pd.DataFrame:
    """What `tell` says of the rows in the era of each, columns of `needs`; null where no source tells what it takes."""
    import pandas as pd

    if rows.empty:
        return pd.DataFrame(columns=list(needs), dtype=object)
    parts = []
    for era, places, names in by_era(record, rows.person_id.tolist(), rows.as_of.tolist()):
        theirs = rows.iloc[places][list(ROW_COLUMNS)].assign(person_id=names, row_id=places)
        parts.append(tell(era, theirs.reset_index(drop=True)))
    found = pd.concat(parts).sort_index()
    for name, facts in needs.items():
        if lacked(facts, record.lacks):
            found[name] = None
    return found[list(needs)]


def _postal(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    """The postal code of each of `rows`, by its `row_id`."""
    import ibis

    then = known(record, record.con.create_table(ibis.util.gen_name("audited"), ibis.memtable(rows), temp=True))
    found = _with_latest(rows.set_index("row_id")[["admit_day"]], then.events(PERSON), "known_at", ("zip_code",))
    then.forget()
    return found


def _as_known(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each of `rows`, by its `row_id`."""
    import ibis

    then = known(record, record.con.create_table(ibis.util.gen_name("audited"), ibis.memtable(rows), temp=True))
    found = rows.set_index("row_id")[["admit_day", "facility_id"]].rename(columns={"facility_id": "facility"})
    told = then.events(PERSON)
    found = _with_latest(found, told, "known_at", ("birth_day", "sex", "race", "ethnicity", "entitlement_code"))
    contacts = then.events(CONTACT_DETAILS)
    found = _with_latest(found, contacts, "known_at", ("preferred_language",))
    found = _with_latest(found, _months(then), "from_day", ("dual",))
    found = _with_latest(found, _practices(then), "known_at", ("practice",))
    then.forget()
    return found.assign(
        age=_bands(found),
        language=found.preferred_language,
        **{
            "Medicaid beside Medicare": found.dual,
            "Medicare through disability": _yes_or_no(found.entitlement_code.eq("1"), found.entitlement_code.notna()),
        },
    )


def _months(then: Known) -> ir.Table:
    """Enrolled months that had begun, with `dual`: a month without the code of one is not dual."""
    months = then.events(COVERAGE)
    months = months.filter(months.from_day <= months.as_of_day)
    return months.mutate(dual=months.dual_status_code.isin(DUAL).fill_null(False).ifelse("yes", "no"))


def _practices(then: Known) -> ir.Table:
    """Practices that answer for people; where only a clinician is named, the clinician's."""
    import ibis

    clinicians = then.record[PROVIDER].group_by("provider_id").aggregate(theirs=then.record[PROVIDER].practice.max())
    rows = then.events(ATTRIBUTION).left_join(clinicians, "provider_id")
    return rows.mutate(practice=ibis.coalesce(rows.practice, rows.theirs))


def _with_latest(found: pd.DataFrame, told: ir.Table, when: str, names: Sequence[str]) -> pd.DataFrame:
    """Each column's latest value that is not null; of several of one time the last in order, whatever order they lie
    in.
    """
    for name in names:
        rows: pd.DataFrame = told.filter(told[name].notnull()).select("row_id", when, name).distinct().to_pandas()
        latest = rows.sort_values(["row_id", when, name]).drop_duplicates("row_id", keep="last")
        found[name] = latest.set_index("row_id")[name].reindex(found.index)
    return found


def _bands(found: pd.DataFrame) -> pd.Series:
    """Age at admission as `65 to 74`."""
    import pandas as pd

    names = [f"{first} to {after - 1}" for first, after in pairwise(AGE_BANDS)]
    names = [f"under {AGE_BANDS[0]}", *names, f"{AGE_BANDS[-1]} and older"]
    ages = windows.age_in_years(found.birth_day.fillna(found.admit_day).to_numpy("int64"), found.admit_day.to_numpy())
    bands = np.asarray(names, dtype=object)[np.searchsorted(AGE_BANDS, ages, side="right")]
    return pd.Series(bands, index=found.index).where(found.birth_day.notna(), None)


def _yes_or_no(yes: pd.Series, told: pd.Series) -> pd.Series:
    return yes.map({True: "yes", False: "no"}).where(told, None)
