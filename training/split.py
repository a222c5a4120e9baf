"""Slices that follow time: what a model learns from lies before what it is judged on, and nobody is on both sides.

Three things are demanded of every slice but the last: its rows come earlier; none of their people has a row in a later
slice; and every label was known before the next slice begins, as it must be for a model that is used from then on.
Nothing is resampled. Rows that this costs are left out, with the reason, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import windows
from features.definitions.outcomes import CLAIMS_RUN_OUT_DAYS, Outcome
from features.errors import BadInput
from models.held_out import CALIBRATE, HOLDOUT, TRAIN

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]

FIT, TUNE = "fit", "tune"

LATER_SLICES: Mapping[str, float] = {CALIBRATE: 0.15, HOLDOUT: 0.20}
# within the training slice: the number of trees is found on its own latest part, again by time, person and label
WITHIN_TRAINING: Mapping[str, float] = {TUNE: 0.15}

FEWEST_EVENTS_TO_LEARN = 100  # a model of this kind learns noise from fewer
FEWEST_EVENTS = 10

UNKNOWN_IN_TIME = "its label was not known when the next slice begins"
IN_A_LATER_SLICE = "the person has a row in a later slice"
FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class SliceCount:
    """One slice: first and last day of discharge (null when it is empty), what it holds, and what each demand cost."""

    name: str
    first_day: int | None
    last_day: int | None
    rows: int
    people: int
    events: int
    lost_to_labels: int
    lost_to_people: int


@dataclass(frozen=True)
class Sliced:
    """`rows` with the columns slice, lost_from, left_out and stage (fit or tune within the training slice; null where
    it does not apply), the slices and the stages.
    """

    rows: pd.DataFrame
    slices: tuple[SliceCount, ...]
    stages: tuple[SliceCount, ...]

    def to_json(self) -> dict[str, object]:
        """Dates and counts, no rows."""
        return {"slices": [dated(x) for x in self.slices], "stages": [dated(x) for x in self.stages]}


def dated(found: SliceCount) -> dict[str, object]:
    """A slice as JSON, its days as dates."""
    days = {"first_day": found.first_day, "last_day": found.last_day}
    return {**asdict(found), **{name: None if day is None else windows.iso(day) for name, day in days.items()}}


def days_until_known(outcome: Outcome) -> int:
    """Days from discharge until the absence of the outcome is known: its window, and the run-out of claims."""
    return outcome.window.last + (CLAIMS_RUN_OUT_DAYS if outcome.by_claims else 0)


def by_time(rows: pd.DataFrame, wait: int, first: str, later: Mapping[str, float]) -> pd.DataFrame:
    """`slice` (null where a row is left out), `lost_from` and `left_out` (both null where it is not) for each row.

    `rows` has discharge_day, person_id and label_known_day, all labels known. The last slice is the latest period, and
    each of `later` gets its share of all rows; the waiting between slices is taken from `first`. `wait` is how many
    days the absence of an event takes to be known. It is demanded of events too: were they let in as soon as they are
    known, the last weeks of a slice would hold nothing but events.
    """
    import pandas as pd

    day = rows.discharge_day.to_numpy("int64")
    known = np.maximum(day + wait, rows.label_known_day.to_numpy("int64"))
    starts = _starts(day, known, later)
    names = (first, *later)
    place = np.searchsorted(starts, day, side="right")
    next_start = np.append(starts, FOREVER)[place]
    in_time = known < next_start

    persons = pd.factorize(rows.person_id)[0]
    last_slice = np.full(persons.max(initial=-1) + 1, -1, dtype=np.int64)
    np.maximum.at(last_slice, persons[in_time], place[in_time])
    alone = last_slice[persons] == place

    period = pd.Series(np.asarray(names, dtype=object)[place], index=rows.index)
    reason = pd.Series(None, index=rows.index, dtype=object)
    reason[~alone] = IN_A_LATER_SLICE
    reason[~in_time] = UNKNOWN_IN_TIME
    kept = reason.isna()
    return pd.DataFrame({"slice": period.where(kept, None), "lost_from": period.mask(kept, None), "left_out": reason})


def _starts(day: Ints, known: Ints, later: Mapping[str, float]) -> Ints:
    """The first day of each later slice, earliest first: from the end, each takes its share of rows known in time."""
    starts: list[int] = []
    before = FOREVER
    for share in reversed([*later.values()]):
        free = np.sort(day[known < before])
        wanted = max(1, round(share * len(day)))
        before = int(free[max(0, len(free) - wanted)]) if len(free) else int(day.min(initial=0))
        starts.insert(0, before)
    return np.asarray(starts, dtype=np.int64)


def sliced(rows: pd.DataFrame, outcome: Outcome) -> Sliced:
    """Slices of labelled rows, and the two stages within the training slice."""
    wait = days_until_known(outcome)
    outer = by_time(rows, wait, TRAIN, LATER_SLICES)
    training = rows[outer.slice == TRAIN]
    inner = by_time(training, wait, FIT, WITHIN_TRAINING)
    marked = rows.assign(**outer, stage=inner.slice.reindex(rows.index))
    return Sliced(
        marked,
        tuple(count(name, rows, outer) for name in (TRAIN, *LATER_SLICES)),
        tuple(count(name, training, inner) for name in (FIT, *WITHIN_TRAINING)),
    )


def check_enough(made: Sliced, model: str) -> None:
    """BadInput, with the counts, where too few events lie in a slice to learn from it or to judge on it."""
    needed = {TRAIN: FEWEST_EVENTS_TO_LEARN, CALIBRATE: FEWEST_EVENTS, HOLDOUT: FEWEST_EVENTS, FIT: 1, TUNE: 1}
    for found in (*made.slices, *made.stages):
        if found.events < needed[found.name] or found.rows - found.events < needed[found.name]:
            raise BadInput(
                got=f"{found.events} events in the {found.rows} rows of the {found.name} slice of {model}",
                expected=f"at least {needed[found.name]} with the outcome and as many without",
                do="Load more people or a longer period.",
            )


def count(name: str, rows: pd.DataFrame, split: pd.DataFrame) -> SliceCount:
    """What one slice holds and lost; `split` marks the rows as `by_time` does."""
    held = rows[split.slice == name]
    lost = split.left_out[split.lost_from == name]
    return SliceCount(
        name=name,
        first_day=int(held.discharge_day.min()) if len(held) else None,
        last_day=int(held.discharge_day.max()) if len(held) else None,
        rows=len(held),
        people=int(held.person_id.nunique()),
        events=int(held.label.sum()),
        lost_to_labels=int((lost == UNKNOWN_IN_TIME).sum()),
        lost_to_people=int((lost.notna() & (lost != UNKNOWN_IN_TIME)).sum()),
    )
