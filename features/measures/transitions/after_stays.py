"""Of many stays at once: whether each was followed by the care that its discharge opened a gap for, in time.

It looks back on all that became known, so a visit whose claim came late counts. A stay counts where the person went
home, and was alive and out of hospital until the care was due, or had it before that ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.definitions.deaths import deaths
from features.definitions.stays import final_stays
from features.measures.events import EVERYTHING, everybody
from features.measures.transitions import first_contact, follow_up_visit, reconciliation
from features.measures.transitions.discharges import TO_THE_COMMUNITY
from features.measures.transitions.gaps import untold
from features.measures.transitions.transition import Opened, first_care
from features.record.known import known
from features.record.record import Record

if TYPE_CHECKING:
    import pandas as pd

# the protocol of a discharge, in the order of its days
PROTOCOL = (first_contact.TRANSITION, *follow_up_visit.TRANSITIONS, reconciliation.TRANSITION)
NEVER = 10_000_000


def followed_in_time(record: Record, stays: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """(stays, PROTOCOL): 1 in time, 0 not, null where the stay does not count; and why a measure is not there at all.
    `stays` has person_id, stay_id and discharge_day.
    """
    then = known(record, everybody(record, EVERYTHING))
    people = record.con.to_pyarrow(then.rows.order_by("row_id"))["person_id"].to_pylist()
    place = {person: row for row, person in enumerate(people)}
    left = stays.discharge_day.to_numpy("int64")
    who = stays.person_id.map(place).fillna(-1).to_numpy("int64")
    gone = _gone_by(record, stays)
    home = _went_home(record, stays)
    refused = {each.name: why for each in PROTOCOL if (why := untold(each, record))}
    found = stays[[]].reset_index(drop=True)
    for each in (one for one in PROTOCOL if one.name not in refused):
        done = each.care(then)
        if not len(done.who):
            refused[each.name] = "is not evaluable: nobody in the store ever had it"
            continue
        opened = Opened(who, left, np.full(len(left), ""))
        due = each.due(left)
        there, had = first_care(opened, done, each.first, due)
        in_time = had & (done.day[there] <= due)
        counts = home & (who >= 0) & (in_time & (done.day[there] <= gone) | (gone > due))
        found[each.name] = np.where(counts, in_time.astype("float64"), np.nan)
    then.forget()
    return found, refused


def _went_home(record: Record, stays: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By patient status; whoever left without one told is taken to have gone home."""
    told = final_stays(record).select("stay_id", "discharge_disposition_code").to_pandas()
    code = stays.stay_id.map(told.drop_duplicates("stay_id").set_index("stay_id").discharge_disposition_code)
    home: np.ndarray[tuple[int], np.dtype[np.bool_]] = (code.isna() | code.isin(TO_THE_COMMUNITY)).to_numpy("bool")
    return home


def _gone_by(record: Record, stays: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The first day on which each person was in hospital again, or dead; NEVER where that is not told."""
    import ibis

    rows = stays[["person_id", "stay_id", "discharge_day"]].reset_index(drop=True)
    given = ibis.memtable(rows.assign(place=range(len(rows)), discharge_day=rows.discharge_day.astype("int64")))
    again = final_stays(record).select("person_id", again_id="stay_id", day=final_stays(record).admit_day)
    back = given.inner_join(again, "person_id")
    back = back.filter(back.again_id != back.stay_id, back.day >= back.discharge_day)
    died = given.inner_join(deaths(record).select("person_id", day="death_day"), "person_id")
    events = back.select("place", day=back.day.cast("int64")).union(died.select("place", day=died.day.cast("int64")))
    first = events.group_by("place").aggregate(day=events.day.min()).to_pandas().set_index("place").day
    days: np.ndarray[tuple[int], np.dtype[np.int64]] = rows.index.to_series().map(first).fillna(NEVER).to_numpy("int64")
    return days
