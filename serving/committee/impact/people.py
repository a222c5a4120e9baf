"""From the log to people: each once, on the first day on which they could be called, with what happened next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.definitions.outcomes import Outcome, labels
from features.definitions.profile.case_mix import ILLNESSES, of_stays
from features.definitions.stays import final_stays
from features.record.record import Record
from serving.committee.impact.log import LOTTERY

if TYPE_CHECKING:
    import pandas as pd

REACHED_WITHIN_DAYS = 7  # of the first day: who was reached later was not reached by that day's list
BEFORE = ("age", "female", "illnesses", "nights")


@dataclass(frozen=True)
class People:
    """`rows`: one a person with day, risk, running (distance to that day's cutoff; null where the day had none),
    listed, contacted, outcome, lottery, and BEFORE. `left_out` counts people by reason.
    """

    rows: pd.DataFrame
    left_out: dict[str, int]


def first_days(log: pd.DataFrame) -> pd.DataFrame:
    """The first row of each person, with running, and contacted within REACHED_WITHIN_DAYS of it.

    A cutoff lies in the middle between the last who had a place and the first who had none. A day on which everybody
    had one has no cutoff.
    """
    on = log["rank"] <= log.places
    last_in = log.risk.where(on).groupby(log.day).transform("min")
    first_out = log.risk.where(~on).groupby(log.day).transform("max")
    rows = log.assign(running=log.risk - (last_in + first_out) / 2, listed=on.astype("float64"))
    first = rows.sort_values(["person_id", "day"], kind="stable").drop_duplicates("person_id").reset_index(drop=True)
    reached = log[log.contacted == 1].merge(first[["person_id", "day"]], on="person_id", suffixes=("", "_first"))
    soon = reached[reached.day <= reached.day_first + REACHED_WITHIN_DAYS].person_id
    return first.assign(contacted=first.person_id.isin(soon).astype("float64"))


def people(record: Record, log: pd.DataFrame, outcome: Outcome) -> People:
    """The people of a log whose outcome is known and came after their first day."""
    first = first_days(log)
    rows, left_out = _with_stays(record, first)
    told = labels(record, rows, outcome)
    rows = rows.assign(outcome=told.label.to_numpy("float64"), event_day=told.event_day.to_numpy("float64"))
    known = rows.outcome.notna() & told.complete.to_numpy("bool")
    left_out["the outcome is not known"] = int((~known).sum())
    early = known & (rows.outcome == 1) & (rows.event_day < rows.day)
    left_out["it had happened before the first day"] = int(early.sum())
    kept = rows[known & ~early].reset_index(drop=True)
    mix = of_stays(record, kept) if len(kept) else None
    if mix is not None:
        illnesses = mix[[column.name for column in ILLNESSES]].sum(axis=1)
        kept = kept.assign(age=mix.age * 10, female=mix.female, illnesses=illnesses)
    kept = kept.assign(nights=(kept.discharge_day - kept.admit_day).astype("float64"))
    return People(kept, {why: count for why, count in left_out.items() if count})


def _with_stays(record: Record, first: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    stays = final_stays(record).select("stay_id", "admit_day").to_pandas().drop_duplicates("stay_id")
    rows = first.merge(stays, on="stay_id", how="inner")
    return rows.assign(row_id=np.arange(len(rows))), {"the stay is not in this store": len(first) - len(rows)}


def without_lottery(rows: pd.DataFrame) -> pd.DataFrame:
    """People whose day had a cutoff and no lottery: a lottery decides what a cutoff would have."""
    days = rows.day[rows[LOTTERY] != ""].unique()
    return rows[rows.running.notna() & ~rows.day.isin(days)]
