"""The rows that a version is judged on: those that it never learned from, and what each counts for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.errors import BadInput
from models import censoring
from models.log_odds import Floats

if TYPE_CHECKING:
    import pandas as pd

TRAIN, CALIBRATE, HOLDOUT = "train", "calibrate", "holdout"
KEYS = ["person_id", "stay_id", "as_of"]
SAME_NETWORK = 0.5  # a store that holds this share of the held-out rows is the one the version was made on


def rows_to_judge(rows: pd.DataFrame, saved: pd.DataFrame, version: int) -> tuple[pd.DataFrame, str]:
    """The held-out rows among those of a store; or, where the store is of another network, all rows but those of people
    who left hospital on a day on which the version saw them do so (the same people under other ids of stays); and which
    of the two. BadInput where there is nobody of either kind.
    """
    held_out = saved[saved.slice == HOLDOUT]
    found = rows.merge(held_out[KEYS], on=KEYS, how="inner")
    if len(found) >= SAME_NETWORK * len(held_out):
        return found, "held out, the latest period"
    seen = rows.merge(saved[["person_id", "discharge_day"]].drop_duplicates(), on=["person_id", "discharge_day"])
    unseen = rows[~rows.person_id.isin(seen.person_id)].reset_index(drop=True)
    if unseen.empty:
        raise BadInput(
            got="a store of people whom the version learned from, without its held-out rows",
            expected="the store that it was made on, or another network's",
            do="Name the store that it was trained on, or train anew on this one.",
        )
    return unseen, f"all of a store that version {version} was not made on"


def weights_of(rows: pd.DataFrame, censored: pd.DataFrame) -> Floats | None:
    """(rows,): what each counts for, those `censored` in the same period being stood for; null: each counts once."""
    gone = left_after(rows, censored)
    lost = censoring.censored(rows.followed_days, gone)
    return censoring.weights(rows.followed_days, gone) if lost.weighted else None


def left_after(rows: pd.DataFrame, censored: pd.DataFrame) -> pd.Series:
    """How long those were followed who were discharged in the period of `rows` and left the network."""
    return censored.followed_days[censored.discharge_day.between(rows.discharge_day.min(), rows.discharge_day.max())]
