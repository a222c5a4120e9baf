"""What became of an open gap: the only room of the measures that looks past `as_of`. No feature can import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.definitions.deaths import deaths
from features.definitions.enrolment import covered_through
from features.measures.month_ends import RUN_OUT_DAYS
from features.measures.status import CLOSED, OPEN_GAP
from features.measures.through_time import measures_named, statuses
from features.record.record import Record, persons_now

if TYPE_CHECKING:
    import pandas as pd

NOT_YET = "not yet known: the period is not over, or what happened in it has not run in"
DIED_BEFORE = "died before the end of the period"
LEFT_BEFORE = "left the network before the end of the period"
LEFT_OUT = "at the end of the period the measure does not ask about the person, or leaves them out"


@dataclass(frozen=True)
class GapOutcome:
    """The outcome of an open gap of some measures (CMS numbers): 1 where it is still open at the end of its period."""

    name: str
    says: str
    measures: tuple[str, ...]


def gap_outcome(*measures: str, name: str, of: str) -> GapOutcome:
    """Whether gaps of these measures stay open; `of` says in words which."""
    says = f"{of} still open on the last day of the year, as known {RUN_OUT_DAYS} days later, under the calls then made"
    return GapOutcome(name, says, measures)


def labels_of_gaps(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    """For each of the rows of `open_gaps`, in order, the columns of `definitions.outcomes.labels`.

    The label is null where it is not yet known, for the dead, for who left the network before the period's end (they
    are censored: followed_days says for how long they were seen) and for whom the measure does not ask about at its
    end. What counts is known RUN_OUT_DAYS after the period.
    """
    import pandas as pd

    ends = pd.Series(rows.due.to_numpy("int64"), index=rows.index)
    status = _at_the_end(record, rows)
    through = record.claims_complete_to if "claim_line" not in record.lacks else record.admissions_complete_to
    complete = ends <= (ends.max() if through is None else through)
    now = pd.Series(persons_now(record, rows.person_id), index=rows.index, dtype="str")
    gone = deaths(record).to_pandas().set_index("person_id").death_day
    death = pd.Series(gone.reindex(now).to_numpy("float64"), index=rows.index)
    died = death <= ends
    seen_to = ends.where(~died, death).astype("int64")
    first = rows.as_of_day.astype("int64") + 1
    covered = covered_through(record, now, first.clip(upper=seen_to), seen_to)
    stayed = (covered >= seen_to) | ("coverage" in record.lacks)
    reason = pd.Series(np.full(len(rows), None, dtype=object), index=rows.index)
    reason[~status.isin((OPEN_GAP, CLOSED))] = LEFT_OUT
    reason[~stayed] = LEFT_BEFORE
    reason[died] = DIED_BEFORE
    reason[~complete] = NOT_YET
    label = (status == OPEN_GAP).astype("float64").mask(reason.notna())
    followed = (seen_to.where(stayed, covered) - rows.as_of_day).clip(lower=0)
    return pd.DataFrame(
        {
            "row_id": rows.row_id,
            "label": label,
            "null_reason": reason,
            "competing": pd.Series(np.full(len(rows), None, dtype=object), index=rows.index),
            "event_day": ends.astype("float64").where(label == 1),
            "why": pd.Series(np.full(len(rows), None, dtype=object), index=rows.index),
            "complete": complete,
            "followed_days": followed.astype("float64").where(label.notna() | (reason == LEFT_BEFORE)),
            "label_known_day": (ends + RUN_OUT_DAYS).astype("float64").where(label.notna()),
        }
    )


def _at_the_end(record: Record, rows: pd.DataFrame) -> pd.Series:
    """The status of each row's gap, when what happened in its period has run in."""
    import pandas as pd

    names = sorted(rows.stay_id.unique())
    year = [windows.year_of(day) for day in rows.due]
    of = pd.DataFrame({"person_id": persons_now(record, rows.person_id), "year": year, "due": rows.due.to_numpy()})
    once = of.drop_duplicates(["person_id", "year"]).reset_index(drop=True)
    once["as_of"] = windows.end_of_day(once.due.to_numpy("int64") + RUN_OUT_DAYS, record.zone)
    found = statuses(record, once, measures_named(names)) if len(once) else {}
    told = pd.concat(
        [once[["person_id", "year"]].assign(stay_id=cms, status=status) for cms, status in found.items()]
        or [pd.DataFrame(columns=["person_id", "year", "stay_id", "status"])]
    )
    keyed = of[["person_id", "year"]].assign(stay_id=rows.stay_id.to_numpy())
    return pd.Series(keyed.merge(told, how="left").status.to_numpy(), index=rows.index)
