"""The log of outreach as the service kept it: every score of each evening's list, and whom its worklist reached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from serving import settings
from serving.committee.impact.log import COLUMNS, LOTTERY, checked
from serving.committee.impact.people import REACHED_WITHIN_DAYS
from serving.database import opened
from serving.kept import KEPT_SCORE
from serving.worklist.tables import ITEM

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Engine


def kept_log(environment: Mapping[str, str], model: str) -> pd.DataFrame | None:
    """The log of a model's lists in the database that an environment names, as `log.read` gives one; null where there
    is no database, or no list was kept. None is made by looking.
    """
    from sqlalchemy import inspect

    url = settings.database(environment).reveal()
    file = url.partition("sqlite:///")[2]
    if file and not Path(file).exists():
        return None
    engine = opened(url)
    there = inspect(engine)
    return log_in(engine, model) if there.has_table(KEPT_SCORE.name) and there.has_table(ITEM.name) else None


def log_in(engine: Engine, model: str) -> pd.DataFrame | None:
    """Of each evening the list that was made last; a person reached within a week of it was reached by it."""
    import pandas as pd
    from sqlalchemy import select

    at = KEPT_SCORE.c
    lists = select(
        at.made_at,
        at.list_day.label("day"),
        at.person_id,
        at.stay_id,
        at.discharge_day,
        at.risk,
        at.list_rank.label("rank"),
        at.list_places.label("places"),
    ).where(at.model == model, at.list_day.is_not(None))
    calls = select(ITEM.c.person_id, ITEM.c.stay_id, ITEM.c.reached_day).where(ITEM.c.reached_day.is_not(None))
    with engine.connect() as connection:
        told, reached = (
            pd.DataFrame(connection.execute(query).mappings().all(), columns=[c.name for c in query.selected_columns])
            for query in (lists, calls)
        )
    if told.empty:
        return None
    last = told[told.made_at == told.groupby("day").made_at.transform("max")]
    rows = last.merge(reached.drop_duplicates(["person_id", "stay_id"]), on=["person_id", "stay_id"], how="left")
    waited = rows.reached_day.astype("float64") - rows.day
    rows = rows.assign(contacted=waited.between(0, REACHED_WITHIN_DAYS).astype("int64"), **{LOTTERY: ""})
    return checked(rows[[*COLUMNS, LOTTERY]])
