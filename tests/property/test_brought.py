"""Rows that somebody brings count as if they had been loaded: the law of `features.record.brought`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.record.brought import with_rows
from features.record.record import Record, of_persons
from features.record.tables import TABLES, table
from tests.histories import Rows, arrow, random_rows, record_of


def halves(rows: Rows, seed: int, who: str) -> tuple[Rows, Rows]:
    """What is loaded, and what is brought of one person: a random part of their rows, and a few that are loaded too."""
    rng = np.random.default_rng(seed)
    loaded: Rows = {}
    brought: Rows = {}
    for name, given in rows.items():
        for one in given:
            draw = rng.random() if one["person_id"] == who else 1.0
            if draw > 0.4:
                loaded.setdefault(name, []).append(one)
            if draw < 0.5:
                brought.setdefault(name, []).append(one)
    return loaded, brought


def told(record: Record) -> dict[str, list[str]]:
    """Every row of every table, in an order of its own."""
    found = {t.name: record.con.to_pyarrow(record[t]).drop_columns(["bucket"]).to_pylist() for t in TABLES}
    return {name: sorted(repr(list(one.values())) for one in rows) for name, rows in found.items()}


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 40))])
def test_history_and_rows_brought_are_the_whole(seed: int) -> None:
    rows = random_rows(seed, people=2)
    loaded, brought = halves(rows, seed, "p1")
    whole = {name: list({repr(one): one for one in given}.values()) for name, given in rows.items()}
    record = with_rows(record_of(loaded), {name: arrow(table(name), given) for name, given in brought.items()})
    assert told(record) == told(of_persons(record_of(whole), ["p1"])), "a row was lost, doubled, or is another's"


def test_of_someone_unknown_the_rows_brought_are_all_there_is() -> None:
    rows = random_rows(5, people=1)
    other = {name: [{**one, "person_id": "new"} for one in given] for name, given in rows.items()}
    record = with_rows(record_of(rows), {name: arrow(table(name), given) for name, given in other.items()})
    assert told(record) == told(record_of(other))


def test_the_places_of_the_network_stay_known() -> None:
    place: dict[str, Any] = {"facility_id": "F", "name": "General", "known_at": 0, "source": "test"}
    person: dict[str, Any] = {"person_id": "p", "known_at": 0, "source": "test"}
    facility, about = table("facility"), table("person")
    record = with_rows(record_of({"facility": [place]}), {"person": arrow(about, [person])})
    assert record.con.to_pyarrow(record[facility])["facility_id"].to_pylist() == ["F"]
