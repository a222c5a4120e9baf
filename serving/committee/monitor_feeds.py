"""What each source sent, month by month, as the record holds it: rows, codes, values not given, and how late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from features import windows
from features.record.tables import TABLES
from features.sources.unmapped import FIXED, UNMAPPED
from models.drift import Codes, Feed, Integers

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from features.record.record import Record
    from features.record.schema import Table

MONTHS_BEFORE = 13  # in which a code must have been seen: what returns with a season is not new


def feeds_of(record: Record, starts: Sequence[int]) -> tuple[Feed, ...]:
    """The feeds of the months that begin on these days, the last of which begins the month after. Codes are looked for
    in the months before too.
    """
    before = windows.month_starts(windows.months_after(starts[0], -MONTHS_BEFORE), starts[0] - 1)
    instants = [int(each) for each in windows.start_of_day(np.asarray([*before, *starts]), record.zone)]
    return tuple(
        cut(feed, len(before))
        for table in TABLES
        if table.about == "person" and table.name not in record.lacks
        for feed in _of_table(record, table, instants)
    )


def cut(feed: Feed, months: int) -> Feed:
    """A feed without its first months."""
    codes = {
        name: Codes(told.rows[months:], told.unmapped[months:], told.unseen[months:])
        for name, told in feed.codes.items()
    }
    missing = {name: told[months:] for name, told in feed.missing.items()}
    return replace(feed, rows=feed.rows[months:], lag=feed.lag[months:], missing=missing, codes=codes)


def _of_table(record: Record, table: Table, instants: Sequence[int]) -> Iterator[Feed]:
    """A feed for each source of a table that sent anything in these months."""
    rows = _in_months(record[table], instants)
    months = len(instants) - 1
    optional = [column.name for column in table.columns if not column.required]
    when = rows.happened_to.fill_null(rows.happened_from)
    late = (rows.known_at - when) / windows.SECONDS_A_DAY
    counted = rows.group_by("source", "month").aggregate(
        rows=rows.count(), lag=late.median(), **{f"given_{name}": rows[name].count() for name in optional}
    )
    found: pd.DataFrame = counted.to_pandas()
    if found.empty:
        return
    codes = {column: _codes(rows, table, column) for column in _coded(table)}
    for source, theirs in sorted(found.groupby("source")):
        count = _by_month(theirs, "rows", months)
        without = {name: count - _by_month(theirs, f"given_{name}", months) for name in optional}
        lag = np.full(months, np.nan)
        lag[theirs.month.to_numpy("int64")] = theirs.lag.to_numpy("float64")
        yield Feed(
            source=str(source),
            table=table.name,
            rows=count,
            lag=lag,
            # what a source never gives cannot begin to lack
            missing={name: told for name, told in without.items() if (told < count).any()},
            codes={column: _codes_of(told, str(source), months) for column, told in codes.items()},
        )


def _in_months(rows: ir.Table, instants: Sequence[int]) -> ir.Table:
    """The rows that became known in these months, with `month` from 0 on."""
    import ibis

    within = rows.filter(rows.known_at >= instants[0], rows.known_at < instants[-1])
    cases = [(within.known_at < end, place) for place, end in enumerate(instants[1:])]
    return within.mutate(month=ibis.cases(*cases).cast("int64"))


def _coded(table: Table) -> list[str]:
    named = ["code"] if any(column.name == "code_system" for column in table.columns) else []
    return named + [coded.column for coded in FIXED if coded.table is table]


def _codes(rows: ir.Table, table: Table, column: str) -> pd.DataFrame:
    """source, month, code, rows and whether the code is of no form of its system."""
    keys = ["source", "month", column]
    given = rows.filter(rows[column].notnull())
    if column == "code":
        keys.append("code_system")
    found: pd.DataFrame = given.group_by(keys).aggregate(rows=given.count()).to_pandas()
    if column == "code":
        found["wrong"] = found.code_system.eq(UNMAPPED)
        found["named"] = found.code_system.astype(str) + " " + found.code.astype(str)
    else:
        coded = next(coded for coded in FIXED if (coded.table, coded.column) == (table, column))
        wrong = {code: not coded.has(code) for code in found[column].unique()}
        found["wrong"], found["named"] = found[column].map(wrong).astype(bool), found[column]
    return found


def _codes_of(told: pd.DataFrame, source: str, months: int) -> Codes:
    theirs = told[told.source == source]
    unseen = np.full(months, np.nan)
    for month in range(MONTHS_BEFORE, months):
        before = theirs.month.between(month - MONTHS_BEFORE, month - 1)
        if before.sum() == 0 or theirs.month.min() > month - MONTHS_BEFORE:
            continue  # the record does not reach back so far
        now = theirs[theirs.month == month]
        unseen[month] = float(now.rows[~now.named.isin(theirs.named[before])].sum())
    return Codes(_by_month(theirs, "rows", months), _by_month(theirs[theirs.wrong], "rows", months), unseen)


def _by_month(rows: pd.DataFrame, column: str, months: int) -> Integers:
    weights = rows[column].to_numpy("float64")
    return np.bincount(rows.month.to_numpy("int64"), weights, minlength=months).astype(np.int64)
