"""What drifts: feeds, people, scores and outcomes, month by month, and what the alarms are a sign of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features import windows
from features.errors import BadInput, BadModel
from models import pointer
from models.drift import Feed, Signal, feed_signals
from models.drift_names import Shift, named
from models.drift_of_scores import ratio_signals, score_signals
from models.specs import OF_DISCHARGES
from serving.committee.monitor_feeds import feeds_of
from serving.committee.monitor_scores import KeptScores, Watched, nothing_kept, watched

if TYPE_CHECKING:
    from features.record.record import Record

REFERENCE_MONTHS = 12  # before those that are watched: a year, so that every season is usual
FEWEST_REFERENCE_MONTHS = 6
MONTHS = 6


@dataclass(frozen=True)
class OfModel:
    """What was seen of one champion."""

    model: str
    version: int
    watched: Watched
    scores: tuple[Signal, ...]
    ratios: tuple[Signal, ...]
    shifts: tuple[Shift, ...]


@dataclass(frozen=True)
class Monitored:
    """`starts` are the first days of all months, reference first, and of the month after the last. `shifts` are those
    of the feeds; those of people and outcomes stand with their model.
    """

    starts: tuple[int, ...]
    reference: int
    feeds: tuple[Feed, ...]
    signals: tuple[Signal, ...]
    shifts: tuple[Shift, ...]
    models: tuple[OfModel, ...]

    @property
    def every_shift(self) -> tuple[Shift, ...]:
        """Of feeds and of models."""
        return (*self.shifts, *(shift for one in self.models for shift in one.shifts))


def monitor(
    store: Path, months: int = MONTHS, models: Sequence[str] = (), kept: KeptScores = nothing_kept
) -> Monitored:
    """Watch the last `months` full months of a store beside the year before them, for these models' champions; where
    none is named, for every champion. BadModel where there is none, BadInput where the store tells too few months.
    """
    from features.record.record import open_record
    from serving.score import champion

    asked = list(models) or [name for name in champions() if pointer.champion_version(name) is not None]
    if not asked:
        raise BadModel(
            got="no champion of any model",
            expected=f"one under {pointer.HOME} (now {pointer.home()})",
            do="Run `afterward promote MODEL`, or name a model.",
        )
    with_ = [champion(name) for name in asked]
    record = open_record(store)
    starts = months_of(record, months)
    reference = len(starts) - 1 - months
    feeds = feeds_of(record, starts)
    signals = feed_signals(feeds, reference)
    found = []
    for one in with_:
        seen = watched(record, one, starts, kept)
        scores, ratios = score_signals(seen.months, reference), ratio_signals(seen.months, reference)
        of_feeds = named(signals, (), ())
        shifts = tuple(shift for shift in named(signals, scores, ratios) if shift not in of_feeds)
        found.append(OfModel(one.spec.name, one.release.version, seen, scores, ratios, shifts))
    return Monitored(starts, reference, feeds, signals, named(signals, (), ()), tuple(found))


def champions() -> list[str]:
    """The models of discharges that there are, by name."""
    return [spec.name for spec in OF_DISCHARGES]


def months_of(record: Record, months: int) -> tuple[int, ...]:
    """The first days of the last full months that the store tells, as many as are watched and the reference before
    them, and of the month after.
    """
    first, last = _told_days(record)
    # a month that begins before the record does, or ends after it, is not a full one
    starts = [start for start in windows.month_starts(first, last + 1) if start >= first]
    if len(starts) - 1 < months + FEWEST_REFERENCE_MONTHS:
        raise BadInput(
            got=f"a store of {max(0, len(starts) - 1)} full months",
            expected=f"the {months} that are watched and at least {FEWEST_REFERENCE_MONTHS} before them",
            do="Load a longer period, or watch fewer with --months.",
        )
    return tuple(starts[-(months + REFERENCE_MONTHS + 1) :])


def _told_days(record: Record) -> tuple[int, int]:
    """The days on which the first and the last message or bill became known; what lies ahead of now is not yet."""
    from features.record.tables import ADT_EVENT, CLAIM_LINE, DISCHARGE_NOTICE

    known = []
    for table in (ADT_EVENT, CLAIM_LINE, DISCHARGE_NOTICE):
        rows = record[table].filter(record[table].known_at <= windows.now())
        ends = rows.aggregate(first=rows.known_at.min(), last=rows.known_at.max())
        known += [instant for instant in record.con.to_pyarrow(ends).to_pylist()[0].values() if instant is not None]
    if not known:
        raise BadInput(
            got="a store without messages and bills", expected="some", do="Load what hospitals or payers send."
        )
    first, last = windows.local_day([min(known), max(known)], record.zone)
    return int(first), int(last)
