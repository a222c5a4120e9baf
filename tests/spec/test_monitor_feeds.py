"""What each source sent by month, from the record: by example, and with shifts planted in a simulated store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from features import windows
from features.record.record import Record, open_record
from features.record.tables import TABLES
from models.drift import feed_signals
from models.drift_names import Cause, named
from serving.committee.monitor import months_of
from serving.committee.monitor_feeds import feeds_of
from tests.histories import end, record_of, row

if TYPE_CHECKING:
    import ibis.expr.types as ir

STARTS = windows.month_starts(windows.parse_day("2024-02-01"), windows.parse_day("2024-05-01"))
A, B = "00093101801", "00093720156"
AT = 15  # of the 18 months of the store: 2024-10


def fill(day: str, known_after: int, **told: Any) -> dict[str, Any]:
    at = windows.parse_day(day)
    given = {"claim_id": day, "version": 0, "cancels": 0, "ndc_code": A, "days_supply": 30} | told
    return row(at, at, end(at + known_after), person_id="p1", **given)


def test_a_feed_by_plain_counting() -> None:
    before = [fill(f"{day}-05", 3) for day in ("2022-12", "2023-01", "2023-02", "2024-01")]
    rows = [
        *before,
        fill("2024-02-05", 3),
        fill("2024-02-10", 7),
        fill("2024-02-27", 10, ndc_code=B),  # known in March
        fill("2024-04-02", 1, ndc_code="12", days_supply=None),
        fill("2024-04-03", 1),
    ]
    # of what was never sent there is no feed
    [feed] = feeds_of(record_of({"dispensing": rows}), STARTS)
    assert (feed.source, feed.table) == ("test", "dispensing")
    assert feed.rows.tolist() == [2, 1, 2]
    assert [round(lag) for lag in feed.lag] == [5, 10, 1], "the median of days until known"
    assert feed.missing["days_supply"].tolist() == [0, 0, 1]
    assert "quantity" not in feed.missing, "what is never given cannot begin to lack"
    codes = feed.codes["ndc_code"]
    assert codes.rows.tolist() == [2, 1, 2]
    assert codes.unmapped.tolist() == [0, 0, 1], "12 is no NDC"
    assert codes.unseen.tolist() == [0, 1, 1], "seen a year ago is seen"


def silent(rows: ir.Table, since: int) -> ir.Table:
    return rows.filter(rows.known_at < since)


def recoded(rows: ir.Table, since: int) -> ir.Table:
    later = (rows.known_at >= since) & (rows.ndc_code.hash() % 3 == 0)
    return rows.mutate(ndc_code=later.ifelse("LOCAL", rows.ndc_code))


def late(rows: ir.Table, since: int) -> ir.Table:
    moved = (rows.known_at >= since).ifelse(rows.known_at + 20 * windows.SECONDS_A_DAY, rows.known_at)
    return rows.mutate(known_at=moved)


@pytest.fixture(scope="module")
def record(simulated_store: Path) -> Record:
    """Its fills alone."""
    whole = open_record(simulated_store)
    return replace(whole, lacks={table.name: "not asked" for table in TABLES if table.name != "dispensing"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shift", "cause"),
    [(None, None), (silent, Cause.MISSING_FEED), (recoded, Cause.CODING), (late, Cause.LAG)],
    ids=["nothing", "missing feed", "coding change", "lag jump"],
)
def test_a_shift_planted_in_a_store_is_named_within_two_months(
    record: Record, shift: Callable[[ir.Table, int], ir.Table] | None, cause: Cause | None
) -> None:
    starts = months_of(record, 6)
    since = int(windows.start_of_day(np.asarray(starts[AT]), record.zone))
    changed = record
    if shift is not None:
        tables = dict(record.tables) | {"dispensing": shift(record.tables["dispensing"], since)}
        changed = replace(record, tables=tables, derived={})
    shifts = named(feed_signals(feeds_of(changed, starts), len(starts) - 7), (), ())
    assert {each.cause for each in shifts} == ({cause} if cause else set())
    assert all(AT <= each.month < AT + 2 and "dispensing" in each.about for each in shifts)
