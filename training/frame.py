"""The rows of a model as a data scientist takes them: who and when, what happened next, to which groups the people
belong, and every feature; one row for each discharge that the model scores.

Each row is made from its own person's record alone, so a network can be taken a share of its people at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from features import windows
from features.catalogue.events import label_of
from features.record.whole import whole
from models.groups import groups_of
from models.population import further_rules, labelled

if TYPE_CHECKING:
    import pandas as pd

    from features.record.record import Record
    from models.specs.spec import Population, Spec

KEYS = ("person_id", "stay_id", "as_of", "admit_day", "discharge_day", "facility_id")
OUTCOME = ("label", "null_reason", "competing", "event_day", "complete", "followed_days", "label_known_day")
POPULATIONS = ("trained", "measured")
DAYS = ("admit_day", "discharge_day", "event_day", "label_known_day")
TEXTS = ("person_id", "stay_id", "facility_id", "null_reason", "competing")
GROUP = "group_"


def frame(record: Record, asked: Spec) -> pd.DataFrame:
    """Everyone whom the model scores: KEYS, OUTCOME, POPULATIONS, a column `group_...` for each thing that people are
    told apart by, and the features.

    `as_of` is a time in UTC, days are dates of the network's calendar, features are float64. The label is null where it
    is censored or not evaluable, and `null_reason` says why. BadInput where the source cannot tell the outcome.
    """
    import pandas as pd

    from features.dataset import build

    rows = labelled(record, asked, asked.scored).rows
    X = build(record, rows, asked.features)
    told = rows[[*KEYS, *OUTCOME]].assign(
        trained=_belongs(rows, asked, asked.trained),
        measured=_belongs(rows, asked, asked.measured),
        as_of=pd.DatetimeIndex(windows.times(rows.as_of), tz="UTC"),
        **{name: _dates(rows[name]) for name in DAYS},
    )
    return pd.concat([told.astype(dict.fromkeys(TEXTS, "str")), _groups(record, rows), X], axis=1)


def write_frame(made: pd.DataFrame, path: Path) -> None:
    """The frame as Parquet, whole or not at all. BadInput where it cannot be written."""
    with whole(path) as beside:
        made.to_parquet(beside, index=False, compression="zstd")


def _belongs(rows: pd.DataFrame, asked: Spec, population: Population) -> pd.Series:
    import pandas as pd

    kept = pd.Series(data=True, index=rows.index)
    for rule in further_rules(asked, population):
        kept &= rule.keeps(rows)
    return kept


def _groups(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    return groups_of(record, rows).astype("str").rename(columns=group_column)


def group_column(attribute: str) -> str:
    """The name of the column that tells people apart by an attribute."""
    return GROUP + label_of(attribute)


def _dates(days: pd.Series) -> pd.Series:
    import pandas as pd

    dates = windows.days_to_dates(days.fillna(0)).astype("datetime64[us]")
    return pd.Series(dates, index=days.index).where(days.notna())
