"""The practice that answered for each person, as the record knew at each `as_of`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.definitions.cohort import ROW_COLUMNS
from features.record.known import known
from features.record.record import Record, by_era
from features.record.tables import ATTRIBUTION, PROVIDER

if TYPE_CHECKING:
    import pandas as pd


def practices(record: Record, rows: pd.DataFrame) -> pd.Series:
    """For each row the practice told last; where only a clinician was named, the clinician's. Null where nobody was."""
    import pandas as pd

    found = pd.Series(None, index=range(len(rows)), dtype=object)
    for era, places, names in by_era(record, rows.person_id.tolist(), rows.as_of.tolist()):
        told = _told(era, rows.iloc[places].assign(person_id=names, row_id=places))
        found.update(told.set_index("row_id").practice)
    return found.set_axis(rows.index)


def _told(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    import ibis

    clinicians = record[PROVIDER].group_by("provider_id").aggregate(theirs=record[PROVIDER].practice.max())
    at = known(record, ibis.memtable(rows[["row_id", *ROW_COLUMNS]])).events(ATTRIBUTION)
    at = at.left_join(clinicians, "provider_id")
    at = at.mutate(practice=ibis.coalesce(at.practice, at.theirs))
    at = at.filter(at.practice.notnull())
    order = ibis.window(group_by="row_id", order_by=[ibis.desc(x) for x in ("known_at", "from_day", "practice")])
    last = at.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)
    told: pd.DataFrame = last.select("row_id", "practice").to_pandas()
    return told
