"""Slices that follow time: what a model learns from lies before what it is judged on, and nobody is on both sides.

Three things are demanded of every slice but the last: its rows come earlier; none of their people has a row in a later
slice; and every label was known before the next slice begins, as it must be for a model that is used from then on.
Nothing is resampled. Rows that this costs are left out, with the reason, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features import windows
from features.definitions.outcomes import CLAIMS_RUN_OUT_DAYS, Outcome
from features.errors import BadInput
from features.measures.outcomes import GapOutcome
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
BEFORE_LABELS = "it comes before the labels of the slice before were known"
OF_ANOTHER_SLICE = "the person belongs to another slice, by lot"
PERIODS = (0.55, 0.15, 0.30)  # of the people: who teaches, calibrates, judges
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


def days_until_known(outcome: Outcome | GapOutcome) -> int:
    """Days from discharge until the absence of the outcome is known: its window, and the run-out of claims. When it is
    known of a gap, its row tells.
    """
    if isinstance(outcome, GapOutcome):
        return 0
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


def sliced(rows: pd.DataFrame, outcome: Outcome | GapOutcome) -> Sliced:
    """Slices of labelled rows, and the two stages within the training slice. People with a chronic illness have rows in
    every year: of gaps a person belongs to one slice by lot.
    """
    if isinstance(outcome, GapOutcome):
        outer = by_period(rows)
        training = rows[outer.slice == TRAIN]
        inner = by_lot(training, FIT, WITHIN_TRAINING)
    else:
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


def by_period(rows: pd.DataFrame) -> pd.DataFrame:
    """As `by_time`, of rows whose labels become known a whole period at a time (`label_known_day`): the last period is
    held out, the one before calibrates, those before teach, and a slice begins when the labels of the one before are
    known. Each person belongs to one slice by lot; their rows in the periods of others are left out, or nobody would be
    left to learn from who has the same gap every year. BadInput where fewer than three periods have labels.
    """
    import pandas as pd

    known = np.sort(rows.label_known_day.unique())
    if len(known) < len(PERIODS):
        raise BadInput(
            got=f"{len(known)} years whose gaps have run out",
            expected="three or more: to learn, to calibrate and to judge",
            do="Load a longer time.",
        )
    place = np.clip(np.searchsorted(known, rows.label_known_day) - (len(known) - len(PERIODS)), 0, None)
    begins = np.array([0, *known[-len(LATER_SLICES) - 1 : -1]])
    early = rows.discharge_day.to_numpy("int64") <= begins[place]
    names = pd.Series(np.asarray((TRAIN, *LATER_SLICES), dtype=object)[place], index=rows.index)
    own = place == _lot(rows.person_id, PERIODS)
    reason = pd.Series(None, index=rows.index, dtype=object)
    reason[~own] = OF_ANOTHER_SLICE
    reason[early] = BEFORE_LABELS
    kept = reason.isna()
    return pd.DataFrame({"slice": names.where(kept, None), "lost_from": names.mask(kept, None), "left_out": reason})


def by_lot(rows: pd.DataFrame, first: str, later: Mapping[str, float]) -> pd.DataFrame:
    """As `by_time`, with people told apart by lot alone."""
    import pandas as pd

    shares = (1 - sum(later.values()), *later.values())
    names = np.asarray((first, *later), dtype=object)[_lot(rows.person_id + "/", shares)]
    nothing = pd.Series(None, index=rows.index, dtype=object)
    return pd.DataFrame({"slice": pd.Series(names, index=rows.index), "lost_from": nothing, "left_out": nothing})


def _lot(persons: pd.Series, shares: Sequence[float]) -> Ints:
    """The place among the shares that each person draws, always the same."""
    import pandas as pd

    drawn = pd.util.hash_array(persons.to_numpy(dtype=object)) / 2.0**64
    place: Ints = np.searchsorted(np.cumsum(shares), drawn, side="right").clip(0, len(shares) - 1)
    return place


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
    to_labels = lost.isin((UNKNOWN_IN_TIME, BEFORE_LABELS))
    return SliceCount(
        name=name,
        first_day=int(held.discharge_day.min()) if len(held) else None,
        last_day=int(held.discharge_day.max()) if len(held) else None,
        rows=len(held),
        people=int(held.person_id.nunique()),
        events=int(held.label.sum()),
        lost_to_labels=int(to_labels.sum()),
        lost_to_people=int((lost.notna() & ~to_labels).sum()),
    )
