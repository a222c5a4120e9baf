"""The chance that each open care gap stays open until its year ends, by the champions of the models of gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from features import windows
from features.catalogue.gaps import FORESEEN
from features.errors import BadModel
from features.measures.gaps_file import OpenGap
from features.record.record import Record, cut_to_persons
from models import pointer
from models.specs.gap import POOLED, model_of
from serving.outreach import OutreachList
from serving.score import Champion, Scored, champion, score

if TYPE_CHECKING:
    import pandas as pd


def champions_of_gaps() -> dict[str, Champion]:
    """By CMS number the champion of the measure's own model, or else of the pooled one; measures without either are
    left out. BadModel for a champion that does not verify.
    """
    found = {}
    for measure in FORESEEN:
        promoted = [name for name in (model_of(measure), POOLED) if pointer.champion_version(name) is not None]
        if promoted:
            found[measure] = champion(promoted[0])
    return found


def some_champion_of_gaps() -> dict[str, Champion]:
    """The same; BadModel where there is none at all."""
    found = champions_of_gaps()
    if not found:
        raise BadModel(
            got="no champion of a model of care gaps",
            expected=f"at least one of {', '.join(map(model_of, FORESEEN))}, {POOLED}",
            do=f"Run `afterward train {POOLED} --store STORE`, then `afterward promote {POOLED}`.",
        )
    return found


def index_rows(record: Record, persons: Sequence[str], measure: str, as_of_day: int) -> pd.DataFrame:
    """Rows of people whose gap of a measure is open on a day, as the models of gaps take them."""
    import numpy as np
    import pandas as pd

    size = len(persons)
    return pd.DataFrame(
        {
            "row_id": np.arange(size, dtype=np.int64),
            "person_id": pd.Series(list(persons), dtype="str"),
            "stay_id": pd.Series([measure] * size, dtype="str"),
            "as_of": np.full(size, int(windows.end_of_day(as_of_day, record.zone)), dtype=np.int64),
            **{name: np.full(size, as_of_day, dtype=np.int64) for name in ("as_of_day", "admit_day", "discharge_day")},
            "facility_id": pd.Series([None] * size, dtype="str"),
        }
    )


def scored(record: Record, persons: Sequence[str], measure: str, as_of_day: int, with_: Champion) -> Scored:
    """The chance of each person's gap, from what was known at the end of the day."""
    ours = cut_to_persons(record, persons)
    return score(ours, index_rows(record, persons, measure, as_of_day), with_)


def with_chances(record: Record, made: OutreachList) -> OutreachList:
    """The list with the chance of every open gap for whose measure there is a champion. Nobody is moved."""
    known = chances(record, {entry.person_id: entry.gaps for entry in made.entries}, made.last_day)
    entries = tuple(
        replace(
            entry,
            gaps=tuple(replace(gap, chance=known.get((entry.person_id, gap.measure))) for gap in entry.gaps),
        )
        for entry in made.entries
    )
    return replace(made, entries=entries)


def chances(record: Record, gaps: Mapping[str, Sequence[OpenGap]], as_of_day: int) -> dict[tuple[str, str], float]:
    """By person and measure."""
    found: dict[tuple[str, str], float] = {}
    for measure, with_ in champions_of_gaps().items():
        persons = sorted(who for who, theirs in gaps.items() if any(gap.measure == measure for gap in theirs))
        if persons:
            risk = scored(record, persons, measure, as_of_day, with_).risk
            found |= {(who, measure): float(chance) for who, chance in zip(persons, risk, strict=True)}
    return found
