"""Families against a naive loop over their own events, and sequences against a calendar kept day by day."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.catalogue.algebra import Family, Measured, Statistic
from features.catalogue.sequences import days_covered, first_after, first_by_key, most_by_key, returns_within
from features.dataset import build
from features.definitions.cohort import ROW_COLUMNS, prediction_cohort
from features.record.known import Known, known
from features.record.record import Record, open_record
from features.windows import Lookback
from tests.histories import random_rows, record_of

Event = dict[str, Any]
FAST = settings.get_current_profile_name() == "afterward"
FAMILIES = tuple(feature for feature in CATALOGUE if isinstance(feature, Family))


# ---- families


def _naive(events: list[Event], statistic: Statistic) -> float:
    """The statistic of one row's events in one window, as its name says."""
    told: list[Event] = [event for event in events if event.get("value") is not None]
    values: list[float] = [event["value"] for event in told]
    ages: list[float] = [event["age"] for event in events]
    if statistic is Statistic.COUNT:
        return len(events)
    if statistic is Statistic.ANY:
        return float(bool(events))
    if statistic is Statistic.DAYS:
        return len(set(ages))
    if statistic is Statistic.SUM:
        return sum(values)
    if statistic is Statistic.SINCE:
        return min(ages, default=np.nan)
    if statistic is Statistic.LAST:
        moments: list[float] = [event["moment" if "moment" in event else "age"] for event in told]
        latest = min(moments, default=np.nan)
        values = [value for value, moment in zip(values, moments, strict=True) if moment == latest]
    return min(values, default=np.nan) if statistic is Statistic.MIN else max(values, default=np.nan)


def naive_columns(family: Family, events: list[Event], count: int) -> dict[str, list[float]]:
    """Every column of a family, cell by cell."""
    cells: dict[tuple[int, str | None], list[Event]] = {}
    for event in events:
        label = event.get("label") if family.labels[0] is not None else None
        cells.setdefault((event["row_id"], label), []).append(event)
    found = {}
    for label in family.labels:
        for statistic in family.statistics:
            whole = statistic in (Statistic.SINCE, Statistic.LAST)
            for window in [max(family.windows)] if whole else family.windows:
                name = "_".join(filter(None, [family.name, label, statistic.value, f"{window.days}d"]))
                found[name] = [
                    _scaled(family, statistic, _naive(_inside(cells.get((row, label), []), window), statistic))
                    for row in range(count)
                ]
    return found


def _inside(events: list[Event], window: Lookback) -> list[Event]:
    return [e for e in events if e["age"] is not None and window.nearest <= e["age"] <= window.farthest]


def _scaled(family: Family, statistic: Statistic, value: float) -> float:
    of_values = statistic in (Statistic.SUM, Statistic.LAST, Statistic.MIN, Statistic.MAX)
    return value / family.measured.divisor if family.measured and of_values else value


def _known(record: Record, rows: pd.DataFrame) -> Known:
    given = rows[list(ROW_COLUMNS)].reset_index(drop=True)
    given.insert(0, "row_id", np.arange(len(given), dtype=np.int64))
    given["as_of_hour"] = 12
    table = record.con.create_table(ibis.util.gen_name("index_rows"), ibis.memtable(given), temp=True)
    return known(record, table)


def _disagreements(record: Record, rows: pd.DataFrame, families: tuple[Family, ...]) -> list[str]:
    """Columns in which `compute` and the naive loop differ in a bit."""
    then = _known(record, rows)
    wrong = []
    for family in families:
        if set(family.needs) & set(record.lacks):
            continue
        computed = family.compute(then, len(rows))
        naive = naive_columns(family, record.con.to_pyarrow(family.events(then)).to_pylist(), len(rows))
        assert list(computed) == list(naive), family.name
        wrong += [name for name in naive if not np.array_equal(computed[name], naive[name], equal_nan=True)]
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(50, 54))])
def test_every_family_on_random_histories(seed: int) -> None:
    """Every family is what a naive loop makes of its events."""
    record = record_of(random_rows(seed, people=5))
    assert _disagreements(record, prediction_cohort(record).rows, FAMILIES) == []


@pytest.fixture(scope="module")
def network(simulated_store: Path) -> tuple[Record, pd.DataFrame]:
    record = open_record(simulated_store)
    return record, prediction_cohort(record).rows


@pytest.mark.slow
def test_every_family_on_a_simulated_network(network: tuple[Record, pd.DataFrame]) -> None:
    """Every family is what a naive loop makes of its events."""
    record, rows = network
    some = rows.sample(200, random_state=0).reset_index(drop=True)
    assert _disagreements(record, some, FAMILIES) == []


ALL = tuple(Statistic)
INVENTED = st.lists(
    st.fixed_dictionaries(
        {
            "row_id": st.integers(0, 3),
            "label": st.sampled_from(["a", "b", "unheard of", None]),
            "age": st.one_of(st.none(), st.integers(-2, 12)),
            "value": st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)),
            "moment": st.integers(0, 3),
        }
    ),
    max_size=30,
)


@settings(max_examples=20 if FAST else 500)
@given(INVENTED, st.booleans())
def test_any_events_at_all(events: list[Event], labelled: bool) -> None:
    """Nulls, labels nobody declared, the largest values, ties, and windows of both kinds of edge."""
    con = _engine()
    schema = {"row_id": "int64", "label": "string", "age": "int64", "value": "int64", "moment": "int64"}
    frame = pd.DataFrame(events, columns=list(schema), dtype="object")
    table = con.create_table("events", ibis.memtable(frame, schema=schema), overwrite=True, temp=True)
    windows = tuple(Lookback(days, through_anchor=labelled) for days in (1, 3, 10))
    words: str | dict[str, str] = {"a": "a", "b": "b"} if labelled else "things"
    family = Family("x", "g", lambda then: table, windows, ALL, words, (), Measured("points"))
    record = record_of({})
    then = Known(_with_engine(record, con), table)
    naive = naive_columns(family, events, 4)
    for name, cells in family.compute(then, 4).items():
        assert np.array_equal(cells, naive[name], equal_nan=True), name


_ENGINES: list[Any] = []


def _engine() -> Any:
    from features.record.record import connect

    if not _ENGINES:
        _ENGINES.append(connect())
    return _ENGINES[0]


def _with_engine(record: Record, con: Any) -> Record:
    from dataclasses import replace

    return replace(record, con=con)


# ---- sequences


def _run(events: list[dict[str, Any]], sequence: Callable[[Any], Any], schema: dict[str, str]) -> list[dict[str, Any]]:
    frame = pd.DataFrame(events, columns=list(schema), dtype="object")
    rows: list[dict[str, Any]] = sequence(ibis.memtable(frame, schema=schema)).to_pandas().to_dict("records")
    return rows


FILLS = st.lists(
    st.fixed_dictionaries(
        {
            "row_id": st.integers(0, 1),
            "label": st.sampled_from(["a", "b", None]),
            "age": st.integers(1, 40),
            "value": st.one_of(st.none(), st.integers(0, 30)),
        }
    ),
    max_size=12,
)
SPAN = {"row_id": "int64", "label": "string", "age": "int64", "value": "int64"}


@settings(max_examples=20 if FAST else 500)
@given(FILLS, st.integers(1, 35))
def test_days_covered_against_a_calendar(fills: list[Event], within: int) -> None:
    held: dict[tuple[int, str], set[int]] = {}
    for fill in fills:
        if fill["label"] is not None and fill["value"]:
            days = set(range(fill["age"] - fill["value"] + 1, fill["age"] + 1)) & set(range(1, within + 1))
            held.setdefault((fill["row_id"], fill["label"]), set()).update(days)
    found: dict[tuple[int, str], int] = {}
    for row in _run(fills, lambda table: days_covered(table, within), SPAN):
        key = (row["row_id"], row["label"])
        found[key] = found.get(key, 0) + row["value"]
        assert 1 <= row["age"] <= within
    assert found == {key: len(days) for key, days in held.items() if days}


VISITS = st.lists(
    st.fixed_dictionaries(
        {"row_id": st.integers(0, 1), "age": st.integers(1, 40), "who": st.sampled_from(["x", "y", None])}
    ),
    max_size=10,
)
VISIT = {"row_id": "int64", "age": "int64", "who": "string"}


@settings(max_examples=20 if FAST else 500)
@given(VISITS)
def test_keys_at_their_latest_event(visits: list[Event]) -> None:
    latest: dict[tuple[int, str], int] = {}
    for one in visits:
        if one["who"] is not None:
            key = (one["row_id"], one["who"])
            latest[key] = min(latest.get(key, 99), one["age"])
    found = _run(visits, lambda table: first_by_key(table, "who"), VISIT)
    assert {(row["row_id"], row["who"]): row["age"] for row in found} == latest
    assert len(found) == len(latest)


@settings(max_examples=20 if FAST else 500)
@given(VISITS, st.integers(1, 40))
def test_the_most_frequent_key(visits: list[Event], within: int) -> None:
    counts: dict[int, dict[str, int]] = {}
    for one in visits:
        if one["who"] is not None and one["age"] <= within:
            of = counts.setdefault(one["row_id"], {})
            of[one["who"]] = of.get(one["who"], 0) + 1
    found = _run(visits, lambda table: most_by_key(table, "who", within), VISIT)
    assert {row["row_id"]: row["value"] for row in found} == {row: max(of.values()) for row, of in counts.items()}


@settings(max_examples=20 if FAST else 500)
@given(VISITS, VISITS, st.integers(1, 30))
def test_the_first_event_after_each_start(starts: list[Event], events: list[Event], within: int) -> None:
    wanted = set()
    for one in starts:
        later = [one["age"] - e["age"] for e in events if e["row_id"] == one["row_id"] and e["age"] < one["age"]]
        if later and min(later) <= within:
            wanted.add((one["row_id"], one["age"], min(later)))
    frames = [
        ibis.memtable(pd.DataFrame(each, columns=list(VISIT), dtype="object"), schema=VISIT)
        for each in (starts, events)
    ]
    found = first_after(frames[1], frames[0], within).to_pandas()
    assert {tuple(int(x) for x in row) for row in found[["row_id", "age", "value"]].to_numpy()} == wanted


@settings(max_examples=20 if FAST else 500)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=8))
def test_returns_within_30_days(spans: list[tuple[int, int]]) -> None:
    day, stays = 0, []
    for gap, length in spans:  # stays of one person never overlap
        stays.append({"row_id": 0, "admit_day": day + gap, "discharge_day": day + gap + length + 1})
        day += gap + length + 1
    wanted = [b["admit_day"] for a, b in pairwise(stays) if b["admit_day"] - a["discharge_day"] <= 30]
    schema = dict.fromkeys(("row_id", "admit_day", "discharge_day"), "int64")
    found = _run(stays, lambda table: returns_within(table, 30), schema)
    assert sorted(row["admit_day"] for row in found) == wanted


# ---- the simulated network fills the catalogue


# what the simulator does not write, or so rarely that 600 people need not show it
NOT_WRITTEN = {
    "managed_care": "Tuva eligibility does not say who pays",
    "came_from_hospital": "a stay that begins elsewhere is joined with it",
    "not_taking_days_365d": "the simulator codes no Z91.1",
}


@pytest.mark.slow
def test_no_family_is_constant_on_a_simulated_network(network: tuple[Record, pd.DataFrame]) -> None:
    record, rows = network
    built = build(record, rows, CATALOGUE)
    for feature in CATALOGUE:
        names = [column.name for column in feature.columns() if column.name not in NOT_WRITTEN]
        varied = [name for name in names if built[name].nunique(dropna=False) > 1]
        assert varied or not names, f"{names[0]} and its kin say the same of everybody"
    assert built[list(NOT_WRITTEN)].nunique(dropna=False).eq(1).all(), "a column of the list is written by now"
