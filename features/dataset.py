"""`build`: the one function that training and serving both call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.catalogue.algebra import Feature, Floats, Ratio
from features.catalogue.declaration import Column
from features.definitions.cohort import ROW_COLUMNS
from features.errors import BadDeclaration
from features.record.known import known
from features.record.record import Record, by_era

if TYPE_CHECKING:
    import pandas as pd


def columns(features: Sequence[Feature]) -> tuple[Column, ...]:
    """Every column of the features, in order. Raises BadDeclaration for a name that stands twice."""
    found = tuple(column for feature in features for column in feature.columns())
    names = [column.name for column in found]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) != len(names) else []
    if twice:
        raise BadDeclaration(got=f"columns {', '.join(twice)} twice", expected="each once", do="Rename one.")
    return found


def _hour_known(instants: windows.Ints, days: windows.Ints, zone: str) -> Floats:
    """The hour of each instant; null where it is the end of its day, which is how a date without a time is read."""
    return np.where(instants == windows.end_of_day(days, zone), np.nan, windows.local_hour(instants, zone))


def index_rows(rows: pd.DataFrame, zone: str) -> pd.DataFrame:
    """The rows as features see them: numbered from 0, with the hour of `as_of` where it is known."""
    given = rows[list(ROW_COLUMNS)].reset_index(drop=True)
    given.insert(0, "row_id", np.arange(len(given), dtype=np.int64))
    given["as_of_hour"] = _hour_known(given.as_of.to_numpy("int64"), given.as_of_day.to_numpy("int64"), zone)
    return given


def build(record: Record, rows: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """What was known at each row's `as_of`, one float64 column for each declared column, in declared order.

    `rows` has person_id, stay_id, as_of (instant), as_of_day, admit_day, discharge_day, facility_id; the result has the
    same order and an index from 0. Null is what the column's declaration says it is. The same rows give the same bits
    alone, in a batch, and again. Each row is read in the era of its `as_of`: by whatever numbers were then one person.
    """
    import pandas as pd

    if not record.former:
        return _build(record, rows, features)
    parts = []
    for era, places, names in by_era(record, rows.person_id.tolist(), rows.as_of.tolist()):
        part = _build(era, rows.iloc[places].assign(person_id=names), features)
        parts.append(part.set_axis(places))
    return pd.concat(parts).sort_index() if parts else _build(record, rows, features)


def _build(record: Record, rows: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    import ibis
    import pandas as pd
    from tqdm import tqdm

    declared = columns(features)
    count = len(rows)
    given = index_rows(rows, record.zone)
    table = record.con.create_table(ibis.util.gen_name("index_rows"), ibis.memtable(given), temp=True)
    then = known(record, table)
    found: dict[str, Floats] = {}
    for feature in tqdm(features, desc="building features", disable=None):
        if isinstance(feature, Ratio):
            found.update(feature.finished(found))
        else:
            found.update(feature.compute(then, count))
    then.forget()
    return pd.DataFrame({column.name: found[column.name] for column in declared})
