"""The scores that serving kept when it gave them, with whom its worklist says was reached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serving import kept_rows, settings
from serving.committee.monitor_scores import KeptScores, Scores, nothing_kept
from serving.database import opened
from serving.kept import KEPT_SCORE
from serving.worklist.tables import ITEM

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Engine

    from serving.score import Champion


def kept_here(environment: Mapping[str, str]) -> KeptScores:
    """What the database and the folder that an environment names hold; nothing where there is no database yet, and none
    is made by looking.
    """
    from sqlalchemy import inspect

    url = settings.database(environment).reveal()
    file = url.partition("sqlite:///")[2]
    if file and not Path(file).exists():
        return nothing_kept
    engine = opened(url)
    if not inspect(engine).has_table(KEPT_SCORE.name):
        return nothing_kept
    return kept_in(engine, settings.kept(environment))


def kept_in(engine: Engine, folder: Path) -> KeptScores:
    """What a database and a folder of feature rows hold."""

    def kept(with_: Champion, first_day: int, last_day: int) -> Scores | None:
        told = _first_told(engine, with_, first_day, last_day)
        if told.empty:
            return None
        days = int(told.made_day.min()), int(told.made_day.max())
        rows = kept_rows.read(folder, with_.spec.name, with_.release.version, *days).to_pandas()
        told = told.merge(rows, on="score_id", how="inner")
        keys = told[["person_id", "stay_id", "risk"]].reset_index(drop=True)
        return Scores(keys, told[list(with_.release.inputs)].reset_index(drop=True), _reached(engine, keys))

    return kept


def _first_told(engine: Engine, with_: Champion, first_day: int, last_day: int) -> pd.DataFrame:
    """The first score of each stay: score_id, made_day, person_id, stay_id, risk."""
    import pandas as pd
    from sqlalchemy import select

    at = KEPT_SCORE.c
    query = (
        select(at.score_id, at.made_day, at.person_id, at.stay_id, at.risk)
        .where(at.model == with_.spec.name, at.version == with_.release.version)
        .where(at.discharge_day >= first_day, at.discharge_day <= last_day)
        .order_by(at.made_at, at.score_id)
    )
    with engine.connect() as connection:
        found = pd.DataFrame(
            connection.execute(query).mappings().all(), columns=[c.name for c in query.selected_columns]
        )
    return found.drop_duplicates(["person_id", "stay_id"]).reset_index(drop=True)


def _reached(engine: Engine, keys: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(rows,): 1 where somebody reached the person about this stay, else 0; nan where there is no worklist."""
    from sqlalchemy import inspect, select

    if not inspect(engine).has_table(ITEM.name):
        return np.full(len(keys), np.nan)
    with engine.connect() as connection:
        rows = connection.execute(select(ITEM.c.person_id, ITEM.c.stay_id).where(ITEM.c.reached_day.is_not(None)))
        reached = {(str(person), str(stay)) for person, stay in rows}
    pairs = zip(keys.person_id, keys.stay_id, strict=True)
    return np.asarray([float(pair in reached) for pair in pairs], dtype=np.float64)
