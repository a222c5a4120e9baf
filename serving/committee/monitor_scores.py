"""Whom a model scored, month by month, and what became of them: by the scores that were kept, else worked out anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import BadInput
from models.drift_of_scores import Month
from models.log_odds import Floats

if TYPE_CHECKING:
    import pandas as pd

    from features.definitions.outcomes import Outcome
    from features.record.record import Record
    from serving.score import Champion

COLUMNS_WATCHED = 40  # those that the trees lean on most
KEPT, RECOMPUTED = "kept", "recomputed"


@dataclass(frozen=True)
class Scores:
    """Risks of discharges, as they were told: `keys` (rows: person_id, stay_id, risk; once for each), `X` their
    features in the same order, `contacted` (rows,) 1 or 0, nan where nobody kept it.
    """

    keys: pd.DataFrame
    X: pd.DataFrame
    contacted: Floats


# gives what a champion told of the discharges of some days, both included; null where nothing was kept
KeptScores = Callable[["Champion", int, int], Scores | None]


@dataclass(frozen=True)
class Watched:
    """The months of one model. `columns` are the inputs that are watched; `kept` discharges have the score that they
    were given, `recomputed` the one that they would have been.
    """

    months: tuple[Month, ...]
    columns: tuple[str, ...]
    kept: int
    recomputed: int

    @property
    def origin(self) -> str:
        """Where the scores come from, in words."""
        told = [f"{self.kept:,} {KEPT}"] if self.kept else []
        return " and ".join([*told, f"{self.recomputed:,} {RECOMPUTED}"] if self.recomputed or not told else told)


def nothing_kept(with_: Champion, first_day: int, last_day: int) -> Scores | None:
    """A network that keeps no scores."""
    return None


def watched(record: Record, with_: Champion, starts: Sequence[int], kept: KeptScores = nothing_kept) -> Watched:
    """The months that begin on these days, the last of which begins the month after; each discharge at its own
    `as_of`, so that what was not known then plays no part.
    """
    from features.definitions.cohort import prediction_cohort

    cohort = prediction_cohort(record, starts[0], starts[-1] - 1).rows
    told = kept(with_, starts[0], starts[-1] - 1)
    rows, found = _scored(record, with_, cohort, told)
    labels = _labels(record, with_, rows)
    columns = _leaned_on(with_)
    X = found.X[list(columns)].to_numpy("float64")[rows.place.to_numpy("int64")]
    contacted = found.contacted[rows.place.to_numpy("int64")]
    month = np.searchsorted(np.asarray(starts), rows.discharge_day.to_numpy("int64"), side="right") - 1
    seen_to = _seen_to(record, with_)
    months = tuple(
        _month(rows, labels, X, contacted, month == place, _mature(with_, starts[place + 1] - 1, seen_to))
        for place in range(len(starts) - 1)
    )
    given = 0 if told is None else int(cohort.merge(told.keys, on=["person_id", "stay_id"]).row_id.nunique())
    return Watched(months, columns, given, len(rows) - given)


def _scored(record: Record, with_: Champion, cohort: pd.DataFrame, kept: Scores | None) -> tuple[pd.DataFrame, Scores]:
    """The rows of the cohort with risk and `place`, where in the scores beside them their features are."""
    import pandas as pd

    both = ["person_id", "stay_id"]
    if kept is None:
        found = recomputed(record, with_, cohort)
    else:
        others = cohort.merge(kept.keys[both].drop_duplicates(), on=both, how="left", indicator=True)
        rest = recomputed(record, with_, cohort[(others["_merge"] == "left_only").to_numpy()].reset_index(drop=True))
        found = Scores(
            pd.concat([kept.keys, rest.keys], ignore_index=True),
            pd.concat([kept.X, rest.X[list(kept.X.columns)]], ignore_index=True),
            np.concatenate([kept.contacted, rest.contacted]),
        )
    rows = cohort.merge(found.keys.assign(place=range(len(found.keys))), on=both, how="inner")
    return rows.drop_duplicates("row_id").reset_index(drop=True), found


def recomputed(record: Record, with_: Champion, cohort: pd.DataFrame) -> Scores:
    """What the champion would have told of everyone at the moment of discharge. Nobody kept who was contacted."""
    from serving.score import score

    made = score(record, cohort, with_)
    keys = cohort[["person_id", "stay_id"]].assign(risk=made.risk)
    return Scores(keys, made.features, np.full(len(cohort), np.nan))


def _labels(record: Record, with_: Champion, rows: pd.DataFrame) -> Floats:
    """(rows,): 1 or 0, nan where it is not known."""
    from features.definitions.outcomes import labels

    told = labels(record, rows.assign(row_id=range(len(rows))), _outcome(with_))
    return np.asarray(told.label.to_numpy("float64"))


def _outcome(with_: Champion) -> Outcome:
    """What a model of discharges foretells; BadInput for a model of something else."""
    from features.definitions.outcomes import Outcome

    if not isinstance(with_.spec.outcome, Outcome):
        raise BadInput(
            got=f"{with_.spec.name}, which is not of discharges",
            expected="a model of what follows a discharge",
            do="Name another with --model.",
        )
    return with_.spec.outcome


def _seen_to(record: Record, with_: Champion) -> int:
    """The last day to which outcomes are complete, claims having run out where the outcome waits for them."""
    waits = _outcome(with_).by_claims and "claim_line" not in record.lacks
    day = record.claims_complete_to if waits else record.admissions_complete_to
    return -1 if day is None else day


def _mature(with_: Champion, last_day: int, seen_to: int) -> bool:
    """Whether the outcome window of everyone discharged by a day lies in what was seen."""
    return last_day + _outcome(with_).window.last <= seen_to


def _leaned_on(with_: Champion) -> tuple[str, ...]:
    gain = np.asarray(with_.release.booster.feature_importance("gain"))
    order = np.argsort(-gain, kind="stable")[:COLUMNS_WATCHED]
    return tuple(with_.release.inputs[place] for place in order if gain[place] > 0)


def _month(rows: pd.DataFrame, y: Floats, X: Floats, contacted: Floats, those: Any, mature: bool) -> Month:
    known = np.where(mature, y[those], np.nan)
    persons = rows.person_id.to_numpy()[those]
    return Month(rows.risk.to_numpy("float64")[those], known, mature, contacted[those], persons, X[those])
