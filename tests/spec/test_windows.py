"""Days, instants and windows by example, and against Python's own calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import windows
from features.errors import BadDeclaration, BadInput
from features.windows import Lookback, OutcomeWindow, day_number, iso, parse_day
from tests.histories import ZONE

DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
MOMENTS = st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 31))
EASTERN = ZoneInfo(ZONE)


# ---- days


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2023-02-29", "2024-13-01", "24-01-01", "20240101", "2024-1-1", "2024-W01-1", "", "tomorrow"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="YYYY-MM-DD") as refused:
        parse_day(text)
    assert not text or text not in str(refused.value), "a date may be a patient's"


@given(DAYS)
def test_days_count_from_1970(one: date) -> None:
    number = day_number(one)
    assert number == (one - date(1970, 1, 1)).days
    assert (windows.date_of(number), parse_day(iso(number)), windows.year_of(number)) == (one, number, one.year)
    assert int(windows.weekday(number)) == one.weekday()


@given(DAYS, st.integers(0, 900))
def test_months_that_a_span_touches(first: date, length: int) -> None:
    start = day_number(first)
    days = [windows.date_of(day) for day in range(start, start + length + 1)]
    touched = sorted({day_number(day.replace(day=1)) for day in days})
    assert windows.month_starts(start, start + length) == touched


@pytest.mark.parametrize(
    ("day", "months", "wanted"),
    [
        ("2025-01-01", 6, "2025-07-01"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2025-01-31", 1, "2025-02-28"),
        ("2025-12-31", 12, "2026-12-31"),
        ("2025-01-01", -36, "2022-01-01"),
    ],
)
def test_months_after_keep_the_day_where_there_is_one(day: str, months: int, wanted: str) -> None:
    assert iso(windows.months_after(parse_day(day), months)) == wanted


@given(DAYS, st.integers(-30, 30))
def test_years_before_are_those_of_the_calendar(one: date, years: int) -> None:
    try:
        wanted = one.replace(year=one.year - years)
    except ValueError:  # 29 February
        wanted = one.replace(year=one.year - years, day=28)
    assert windows.years_before(day_number(one), years) == day_number(wanted)
    assert windows.day_in(wanted.year, wanted.month, wanted.day) == day_number(wanted)


# ---- instants


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2024-03-09", 24), ("2024-03-10", 23), ("2024-11-03", 25), ("2024-12-31", 24)],
)
def test_a_day_has_as_many_hours_as_its_clock_says(day: str, hours: int) -> None:
    number = parse_day(day)
    start, end = windows.start_of_day([number], ZONE)[0], windows.end_of_day([number], ZONE)[0]
    assert end - start + 1 == hours * 3600
    assert windows.start_of_day([number + 1], ZONE)[0] == end + 1, "days leave no gap"


def test_a_date_only_discharge_is_known_by_its_last_second_and_no_later() -> None:
    end = int(windows.end_of_day([parse_day("2024-11-03")], ZONE)[0])
    assert windows.stamp(end, ZONE) == "2024-11-03T23:59:59-05:00"
    assert windows.local_day([end, end + 1], ZONE).tolist() == [parse_day("2024-11-03"), parse_day("2024-11-04")]
    assert windows.local_hour([end], ZONE).tolist() == [23]


def test_a_time_that_the_spring_change_skips_is_read_with_the_offset_before() -> None:
    skipped = windows.local_start(parse_day("2024-03-10")) + 2 * 3600 + 1800
    assert windows.stamp(int(windows.to_instant([skipped], ZONE)[0]), ZONE) == "2024-03-10T03:30:00-04:00"


@given(MOMENTS)
def test_instants_and_clocks_agree_with_the_zone_files(moment: datetime) -> None:
    instant = int(moment.replace(tzinfo=UTC).timestamp())
    there = datetime.fromtimestamp(instant, EASTERN)
    local = int(windows.to_local([instant], ZONE)[0])
    assert local == int(there.replace(tzinfo=UTC).timestamp())
    assert int(windows.local_day([instant], ZONE)[0]) == day_number(there.date())
    assert int(windows.local_hour([instant], ZONE)[0]) == there.hour
    if there.fold == 0 and datetime.fromtimestamp(instant + 3600, EASTERN).fold == 0:
        assert int(windows.to_instant([local], ZONE)[0]) == instant


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="IANA"):
        windows.zone("Eastern/Nowhere")


# ---- windows


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (Lookback(1), [1], [0, 2]),
        (Lookback(30), [1, 30], [0, 31]),
        (Lookback(1, through_anchor=True), [0], [1]),
        (Lookback(30, through_anchor=True), [0, 29], [30]),
    ],
)
def test_a_lookback_owns_its_edges(window: Lookback, inside: list[int], outside: list[int]) -> None:
    assert all(window.nearest <= age <= window.farthest for age in inside)
    assert not any(window.nearest <= age <= window.farthest for age in outside)
    assert window.farthest - window.nearest + 1 == window.days


def test_impossible_windows_are_refused() -> None:
    with pytest.raises(BadDeclaration):
        Lookback(0)
    for first, last in ((-1, 3), (5, 4)):
        with pytest.raises(BadDeclaration):
            OutcomeWindow(first, last)


@given(st.integers(0, 60), st.integers(0, 20), st.integers(0, 60), st.integers(0, 20))
def test_spans_overlap_when_they_share_a_day(a: int, long_a: int, b: int, long_b: int) -> None:
    shared = set(range(a, a + long_a + 1)) & set(range(b, b + long_b + 1))
    assert windows.overlaps(a, a + long_a, b, b + long_b) == bool(shared)


# ---- ages


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        ("1950-03-01", "2024-02-29", 73),
        ("1950-03-01", "2024-03-01", 74),
        ("2004-02-29", "2022-02-28", 17),
        ("2004-02-29", "2022-03-01", 18),
        ("2004-02-29", "2024-02-29", 20),
        ("1924-12-31", "2024-12-30", 99),
        ("2024-05-05", "2024-05-05", 0),
    ],
)
def test_completed_years(born: str, on: str, years: int) -> None:
    assert windows.age_in_years([parse_day(born)], [parse_day(on)]).tolist() == [years]


@given(st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=50))
def test_ages_against_the_calendar(pairs: list[tuple[date, date]]) -> None:
    born, on = (np.array([day_number(pair[i]) for pair in pairs]) for i in (0, 1))
    assert windows.age_in_years(born, on).tolist() == [_years(*pair) for pair in pairs]


def test_expressions_say_what_the_functions_say() -> None:
    con = ibis.duckdb.connect()
    rng = np.random.default_rng(0)
    first, last = day_number(date(1901, 1, 1)), day_number(date(2099, 12, 31))
    leaps = [day_number(date(year, 2, 29)) for year in range(1904, 2099, 4)]
    edges = [day + step for day in leaps for step in (-1, 0, 1)]
    born = np.concatenate([rng.integers(first, last, 3_000), edges])
    on = np.concatenate([rng.integers(first, last, 3_000), rng.permutation(edges)])
    days = con.create_table("days", ibis.memtable({"born": born, "day": on}))
    told = days.select(
        "born",
        "day",
        age=windows.expression_of_age(days.born, days.day),
        month_end=windows.expression_of_month_end(days.day),
        last_second=windows.expression_of_local_end(days.day),
    ).to_pandas()
    assert told.age.tolist() == windows.age_in_years(told.born, told.day).tolist()
    ends = [windows.month_starts(day, day + 31)[1] - 1 for day in told.day]
    assert told.month_end.tolist() == ends
    assert told.last_second.tolist() == [windows.local_end(day) for day in told.day]
    con.disconnect()


def test_months_of_a_span_as_expression() -> None:
    con = ibis.duckdb.connect()
    spans = [("2023-11-30", "2024-02-29"), ("2024-02-01", "2024-02-01"), ("2024-12-31", "2025-01-01")]
    for first, last in ((parse_day(a), parse_day(b)) for a, b in spans):
        table = con.create_table("span", ibis.memtable({"first": [first], "last": [last]}), overwrite=True)
        months = table.select(month=windows.expression_of_months(table["first"], table["last"])).to_pandas().month
        assert sorted(months) == windows.month_starts(first, last)
    con.disconnect()


# ---- business days


@pytest.mark.parametrize(
    ("discharged", "due", "because"),
    [
        ("2024-03-04", "2024-03-06", "Monday: Wednesday"),
        ("2024-03-07", "2024-03-11", "Thursday: over the weekend to Monday"),
        ("2024-03-08", "2024-03-12", "Friday: Tuesday"),
        ("2024-03-09", "2024-03-12", "Saturday: Tuesday"),
        ("2024-11-27", "2024-12-02", "the day before Thanksgiving: Friday and Monday"),
        ("2024-12-24", "2024-12-27", "the day before Christmas"),
        ("2022-12-30", "2023-01-04", "New Year on a Sunday is kept on Monday"),
        ("2021-12-29", "2022-01-03", "New Year on a Saturday is kept on Friday 31 December"),
        ("2024-06-18", "2024-06-21", "Juneteenth"),
        ("2020-06-18", "2020-06-22", "Juneteenth was no holiday before 2021"),
    ],
)
def test_first_contact_is_due_two_business_days_after(discharged: str, due: str, because: str) -> None:
    assert iso(windows.business_days_after(parse_day(discharged), 2)) == due, because


@given(st.integers(parse_day("2000-01-01"), parse_day("2055-01-01")), st.integers(0, 15))
def test_business_days_against_numpy(day: int, count: int) -> None:
    holidays = windows.days_to_dates(sorted(windows.federal_holidays()))
    counted = np.busday_count(
        windows.days_to_dates(day + 1),
        windows.days_to_dates(windows.business_days_after(day, count) + 1),
        holidays=holidays,
    )
    assert counted == count
    assert count == 0 or windows.is_business_day(windows.business_days_after(day, count))


def test_latest_of_the_known_days() -> None:
    assert windows.latest([3, None, 7]) == 7
    assert windows.latest([None]) is None


@pytest.mark.parametrize(
    ("on", "quarter"),
    [("2024-01-01", "2024 Q1"), ("2024-03-31", "2024 Q1"), ("2024-04-01", "2024 Q2"), ("2023-12-31", "2023 Q4")],
)
def test_a_quarter_is_three_calendar_months(on: str, quarter: str) -> None:
    assert windows.quarter_of(windows.parse_day(on)) == quarter
