"""Every score that was given, with what it was scored on: who asked, of whom, by which version, risk, reasons, and the
row of features. Monitoring, impact and audit read these and never work the past out anew.

The score is a row of the database, the features a row of dated Parquet under a folder (`serving.kept_rows`), both under
one `score_id`. The features are on disk before the score is, and both before the answer leaves.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from sqlalchemy import JSON, BigInteger, Column, Double, Index, Integer, String, Table, insert

from features import windows
from features.codes.sensitive import allowed
from models.explain import Reason
from serving import kept_rows, settings
from serving.database import METADATA, current, opened, upgrade, writing
from serving.score import Champion, Scored, tiers_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.outreach import OutreachList

ROWS_AT_ONCE = 5_000
KEPT_SCORE = Table(
    "kept_score",
    METADATA,
    Column("score_id", String(40), primary_key=True),
    Column("made_at", BigInteger, nullable=False),  # instant
    Column("made_day", Integer, nullable=False),  # day number; the features lie in that day's folder
    Column("channel", String(20), nullable=False),  # http, fhir, list, adt, hook
    Column("request_id", String(64)),
    Column("caller", String(200)),
    Column("person_id", String(200), nullable=False),
    Column("stay_id", String(200), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("discharge_day", Integer, nullable=False),
    Column("model", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("store", String(40), nullable=False),  # the store's fingerprint
    Column("risk", Double, nullable=False),
    Column("tier", String(10), nullable=False),
    Column("reasons", JSON),  # null where nobody was told why
    # of a list: its evening, this person's place among all who could be called, how many places there were, and the
    # lowest risk that had one; null where no list was asked for
    Column("list_day", Integer),
    Column("list_rank", Integer),
    Column("list_places", Integer),
    Column("list_cutoff", Double),
    Index(None, "model", "person_id"),
    Index(None, "model", "list_day"),
    Index(None, "stay_id"),
)


@dataclass(frozen=True)
class Home:
    """Where scores are kept: the database, and the folder of the features."""

    engine: Engine
    folder: Path


@dataclass(frozen=True)
class Occasion:
    """On what occasion a score was given: over which channel, in which request, to whom."""

    channel: str
    request_id: str | None = None
    caller: str | None = None


@dataclass(frozen=True)
class Places:
    """A list of an evening: how many places it had. The rows scored are all who could have had one."""

    evening_day: int
    places: int


def keep(
    home: Home,
    occasion: Occasion,
    scored: Scored,
    with_: Champion,
    store: str,
    zone: str,
    reasons: Mapping[int, Sequence[Reason]],
    places: Places | None = None,
) -> list[str]:
    """Keep scores of one occasion and give their ids; `reasons` by the row's place. When this returns they are on
    disk.
    """
    if not len(scored.rows):
        return []
    made_at = windows.now()
    day = int(windows.local_day(made_at, zone))
    told = uuid4().hex
    ids = [f"{told}-{place}" for place in range(len(scored.rows))]
    kept_rows.write(home.folder, day, with_.spec.name, with_.release.version, ids, scored.features)
    same = {
        **asdict(occasion),
        "made_at": made_at,
        "made_day": day,
        "model": with_.spec.name,
        "version": with_.release.version,
        "store": store,
    }
    rows = _rows(ids, scored, with_, reasons, _of_list(scored, places))
    with writing(home.engine) as connection:
        for first in range(0, len(rows), ROWS_AT_ONCE):
            connection.execute(insert(KEPT_SCORE), [same | row for row in rows[first : first + ROWS_AT_ONCE]])
    return ids


def keep_list(home: Home, occasion: Occasion, made: OutreachList, with_: Champion, store: str, zone: str) -> None:
    """Keep the scores of everyone who could have been on a list, with rank and cutoff, and the reasons of those on it;
    so also what `afterward score` writes. Reasons that took a scope to be told are not kept: whoever reads them later
    may not have it.
    """
    if made.scored is None:
        return
    places = {str(stay): place for place, stay in enumerate(made.scored.rows.stay_id)}
    reasons = {
        places[entry.stay_id]: [reason for reason in entry.reasons if allowed(reason.tells, ())]
        for entry in made.entries
    }
    keep(home, occasion, made.scored, with_, store, zone, reasons, Places(made.last_day, made.top))


def _rows(
    ids: Sequence[str],
    scored: Scored,
    with_: Champion,
    reasons: Mapping[int, Sequence[Reason]],
    of_list: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    tier = tiers_of(scored, with_)
    return [
        {
            "score_id": ids[place],
            "person_id": str(row["person_id"]),
            "stay_id": str(row["stay_id"]),
            "as_of": int(row["as_of"]),
            "discharge_day": int(row["discharge_day"]),
            "risk": float(scored.risk[place]),
            "tier": tier[place].value,
            "reasons": [asdict(reason) for reason in reasons[place]] if place in reasons else None,
            **of_list[place],
        }
        for place, row in enumerate(scored.rows.to_dict("records"))
    ]


def _of_list(scored: Scored, places: Places | None) -> list[dict[str, Any]]:
    """The place of each row on the list; the order of equal risks is that of the rows, as on the list itself."""
    count = len(scored.risk)
    if places is None:
        return [{"list_day": None, "list_rank": None, "list_places": None, "list_cutoff": None}] * count
    order = np.argsort(-scored.risk, kind="stable")
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(1, count + 1)
    cutoff = float(scored.risk[order[min(places.places, count) - 1]])
    same = {"list_day": places.evening_day, "list_places": places.places, "list_cutoff": cutoff}
    return [same | {"list_rank": int(each)} for each in rank]


@lru_cache(maxsize=1)
def home() -> Home:
    """Where this process keeps scores, as its environment says."""
    return Home(current(), settings.kept(os.environ))


def home_of(database: str, folder: Path) -> Home:
    """A database by its URL, its tables made where they are not, and the folder."""
    engine = opened(database)
    upgrade(engine)
    return Home(engine, folder)
