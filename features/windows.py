"""The only date arithmetic in Afterward.

A *day* is an integer: days since 1970-01-01 on the calendar of the network's zone. An *instant* is an integer: seconds
since 1970-01-01T00:00:00Z. Engines see these integers and nothing else, so every engine agrees to the bit.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from features.errors import BadDeclaration, BadInput

if TYPE_CHECKING:
    import ibis.expr.types as ir

Ints = npt.NDArray[np.int64]

SECONDS_A_DAY = 86_400
REPEATED_HOUR = 3_600  # in autumn the clock tells an hour twice: a time in it may seem to lie before an earlier one
FIRST_YEAR, LAST_YEAR = 1850, 2150
EPOCH = date(1970, 1, 1)


# ---- days


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def date_of(day: int) -> date:
    """The calendar date of a day number."""
    return EPOCH + timedelta(days=int(day))


def parse_day(text: str) -> int:
    """The day number of `YYYY-MM-DD`. Raises BadInput for anything else, such as 2024-02-30."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return day_number(date.fromisoformat(text))
    except ValueError:
        raise BadInput(got="a date that is not one", expected="YYYY-MM-DD", do="Write it like 2010-10-01.") from None


def iso(day: int) -> str:
    """`YYYY-MM-DD` of a day number."""
    return date_of(day).isoformat()


def year_of(day: int) -> int:
    """The calendar year of a day number."""
    return date_of(day).year


def quarter_of(day: int) -> str:
    """The quarter of the calendar year in which a day lies, such as 2024 Q1."""
    on = date_of(day)
    return f"{on.year} Q{(on.month + 2) // 3}"


def month_starts(first_day: int, last_day: int) -> list[int]:
    """The first day of every month that touches [first_day, last_day], both included."""
    first, last = date_of(first_day), date_of(last_day)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [
        day_number(date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1))
        for i in range(count)
    ]


def days_to_dates(days: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """Day numbers to numpy dates, for showing to a person."""
    return np.asarray(days, dtype="int64").astype("datetime64[D]")


# ---- instants and zones


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name such as America/New_York. Raises BadInput for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInput(
            got="an unknown time zone", expected="an IANA name", do="Write it like America/New_York."
        ) from None


@lru_cache(maxsize=8)
def _transitions(name: str) -> tuple[Ints, Ints, Ints]:
    """(instants, local seconds, offsets) at each change of the zone's offset; offsets[i] holds from instants[i]."""
    where = zone(name)

    def offset(day: int) -> int:
        shift = datetime.fromtimestamp(day * SECONDS_A_DAY, UTC).astimezone(where).utcoffset()
        return int(shift.total_seconds()) if shift is not None else 0

    first, last = day_number(date(FIRST_YEAR, 1, 1)), day_number(date(LAST_YEAR, 1, 1))
    at, offsets = [first * SECONDS_A_DAY], [offset(first)]
    step = 28
    for day in range(first, last, step):
        if offset(day) == offset(day + step):
            continue
        low, high = day * SECONDS_A_DAY, (day + step) * SECONDS_A_DAY
        before = offset(day)
        while high - low > 1:
            middle = (low + high) // 2
            shift = datetime.fromtimestamp(middle, UTC).astimezone(where).utcoffset()
            low, high = (middle, high) if shift is not None and int(shift.total_seconds()) == before else (low, middle)
        at.append(high)
        offsets.append(offset(day + step))
    instants, shifts = np.array(at, dtype=np.int64), np.array(offsets, dtype=np.int64)
    return instants, instants + shifts, shifts


def to_instant(local_seconds: npt.ArrayLike, zone_name: str) -> Ints:
    """Wall-clock seconds (since 1970-01-01T00:00 on the zone's own clock) to instants.

    A wall-clock time that the spring change skips is read with the offset before the change.
    """
    local = np.asarray(local_seconds, dtype=np.int64)
    _, starts, offsets = _transitions(zone_name)
    return local - offsets[np.maximum(np.searchsorted(starts, local, side="right") - 1, 0)]


def to_local(instants: npt.ArrayLike, zone_name: str) -> Ints:
    """Instants to wall-clock seconds of the zone."""
    given = np.asarray(instants, dtype=np.int64)
    starts, _, offsets = _transitions(zone_name)
    return given + offsets[np.maximum(np.searchsorted(starts, given, side="right") - 1, 0)]


def start_of_day(days: npt.ArrayLike, zone_name: str) -> Ints:
    """The first instant of each day in the zone."""
    return to_instant(np.asarray(days, dtype=np.int64) * SECONDS_A_DAY, zone_name)


def end_of_day(days: npt.ArrayLike, zone_name: str) -> Ints:
    """The last instant (second) of each day in the zone: what a date-only `known_at` or discharge means."""
    return start_of_day(np.asarray(days, dtype=np.int64) + 1, zone_name) - 1


def local_day(instants: npt.ArrayLike, zone_name: str) -> Ints:
    """The calendar day of each instant in the zone."""
    return to_local(instants, zone_name) // SECONDS_A_DAY


def local_hour(instants: npt.ArrayLike, zone_name: str) -> Ints:
    """The hour of the day (0-23) of each instant in the zone."""
    return to_local(instants, zone_name) % SECONDS_A_DAY // 3600


def now() -> int:
    """The present instant."""
    return int(datetime.now(UTC).timestamp())


def hours_after(instant: int, hours: int) -> int:
    """The instant so many hours later."""
    return instant + hours * 3600


def times(instants: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """Instants to numpy times in UTC, to the microsecond, as tools outside take them."""
    return np.asarray(instants, dtype=np.int64).astype("datetime64[s]").astype("datetime64[us]")


def stamp(instant: int, zone_name: str) -> str:
    """ISO 8601 with the zone's offset, to the second."""
    return datetime.fromtimestamp(int(instant), zone(zone_name)).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Moment:
    """A time as a message writes it: first and last wall-clock second on the network's clock, how exact it is, and the
    day that stands there (its offset not minded, so a date of birth is not moved)."""

    first: int
    last: int
    precision: str
    day: int


_COMPACT = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d{1,6})?(?:([+-])(\d\d)(\d\d))?", re.ASCII)
_PRECISIONS = ("year", "month", "day", "instant", "instant", "instant")


@lru_cache(maxsize=1 << 14)
def compact_moment(text: str, zone_name: str) -> Moment | None:
    """The moment of `YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ]` (HL7 version 2); null for anything else.

    Without an offset the time is on the network's clock. A date has no offset: it is the day that was meant. Where the
    clock is put back, the hour that comes twice is read as the later one, so nothing counts as known too early.
    """
    found = _COMPACT.fullmatch(text)
    if found is None:
        return None
    parts = [int(part) for part in found.groups()[:6] if part is not None]
    given = len(parts)
    if given != sum(part is not None for part in found.groups()[:given]) or not FIRST_YEAR <= parts[0] < LAST_YEAR:
        return None
    year, month, date_, hour, minute, second = [*parts, *(1, 1, 1, 0, 0, 0)[given:]]
    try:
        start = datetime(year, month, date_, hour, minute, second)
    except ValueError:
        return None
    if given < 3:
        following = datetime(year + 1, 1, 1) if given == 1 else datetime(year + month // 12, month % 12 + 1, 1)
    else:
        following = (
            start + (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))[given - 3]
        )
    day, length = day_number(start.date()), (following - start) // timedelta(seconds=1)
    if given > 3 and found[7] is not None:
        ahead = timedelta(hours=int(found[8]), minutes=int(found[9])) * (1 if found[7] == "+" else -1)
        start = (start - ahead).replace(tzinfo=UTC).astimezone(zone(zone_name)).replace(tzinfo=None)
    first = (start - datetime(1970, 1, 1)) // timedelta(seconds=1)
    return Moment(first, first + length - 1, _PRECISIONS[given - 1], day)


# ---- windows: a window owns its edges


@dataclass(frozen=True, order=True)
class Lookback:
    """The `days` calendar days before an anchor day, the anchor day itself not included: [anchor-days, anchor-1].

    With `through_anchor` the anchor day is included as one of them: [anchor-days+1, anchor].
    """

    days: int
    through_anchor: bool = False

    def __post_init__(self) -> None:
        if self.days < 1:
            raise BadDeclaration(
                got=f"a lookback of {self.days} days", expected="one day or more", do="Give days >= 1."
            )

    @property
    def nearest(self) -> int:
        """The smallest age (anchor day minus event day) inside the window."""
        return 0 if self.through_anchor else 1

    @property
    def farthest(self) -> int:
        """The largest age inside the window."""
        return self.days - 1 if self.through_anchor else self.days


@dataclass(frozen=True)
class OutcomeWindow:
    """The days `first` to `last` after discharge, both included; the day of discharge is day 0."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last:
            raise BadDeclaration(
                got=f"days {self.first} to {self.last}", expected="0 <= first <= last", do="Mend the declaration."
            )


def overlaps(first_a: int, last_a: int, first_b: int, last_b: int) -> bool:
    """Whether two spans of days, edges included, share a day."""
    return first_a <= last_b and first_b <= last_a


def age_in_years(birth_days: npt.ArrayLike, on_days: npt.ArrayLike) -> Ints:
    """Completed years of life; a birthday on 29 February completes its year on 1 March of other years."""
    born = days_to_dates(birth_days)
    on = days_to_dates(on_days)
    born_year, on_year = born.astype("datetime64[Y]").astype(np.int64), on.astype("datetime64[Y]").astype(np.int64)
    born_in_year = _month_and_day(born)
    on_in_year = _month_and_day(on)
    years: Ints = on_year - born_year - (on_in_year < born_in_year)
    return years


def _month_and_day(dates: npt.NDArray[np.datetime64]) -> Ints:
    months = dates.astype("datetime64[M]")
    days: Ints = (dates - months.astype("datetime64[D]")).astype(np.int64)
    found: Ints = (months.astype(np.int64) % 12) * 32 + days
    return found


def weekday(days: npt.ArrayLike) -> Ints:
    """0 Monday to 6 Sunday. 1970-01-01 was a Thursday."""
    found: Ints = (np.asarray(days, dtype=np.int64) + 3) % 7
    return found


# ---- business days


@lru_cache(maxsize=1)
def federal_holidays() -> frozenset[int]:
    """Day numbers of United States federal holidays, as observed (5 USC 6103), from the `holidays` package."""
    import holidays

    return frozenset(day_number(d) for d in holidays.country_holidays("US", years=range(1990, 2061)))


def is_business_day(day: int) -> bool:
    """Monday to Friday less federal holidays."""
    return bool(weekday(day) < 5) and day not in federal_holidays()


def business_days_after(day: int, count: int) -> int:
    """The `count`-th business day after `day`; the second one is the due date of first contact (CPT 99495, 99496)."""
    while count > 0:
        day += 1
        count -= is_business_day(day)
    return day


def business_days_after_each(days: npt.ArrayLike, count: int) -> Ints:
    """The same for many days."""
    given, places = np.unique(np.asarray(days, dtype=np.int64), return_inverse=True)
    found: Ints = np.array([business_days_after(day, count) for day in given.tolist()], dtype=np.int64)[places]
    return found


# ---- the same, as expressions over text columns


def expression_of_day(text: ir.StringColumn, pattern: str) -> ir.IntegerColumn:
    """Day number of a text column by a strptime pattern; null where the text is not such a date."""
    return expression_of_local_seconds(text, pattern) // SECONDS_A_DAY


def expression_of_local_seconds(text: ir.StringColumn, pattern: str) -> ir.IntegerColumn:
    """Wall-clock seconds of a text column by a strptime pattern; null where the text is not such a time."""
    import ibis

    @ibis.udf.scalar.builtin(name="try_strptime", signature=(("string", "string"), "timestamp"))
    def parsed(value, form): ...  # type: ignore[no-untyped-def]  # an Ibis built-in is declared by its signature

    @ibis.udf.scalar.builtin(name="epoch_us", signature=(("timestamp",), "int64"))
    def microseconds(value): ...  # type: ignore[no-untyped-def]  # an Ibis built-in is declared by its signature

    return microseconds(parsed(text.strip(), pattern)) // 1_000_000


def expression_of_moment(text: ir.StringColumn) -> ir.IntegerColumn:
    """Wall-clock seconds of `YYYY-MM-DD HH:MM:SS`, or with a `T` between and a fraction behind; else null."""
    import ibis

    whole = text.re_search(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?$")
    return ibis.ifelse(whole, text.substr(0, 19), None).try_cast("timestamp").epoch_seconds().cast("int64")


def latest(days: Iterable[int | None]) -> int | None:
    """The latest of the days that are known; null when none is."""
    known = [day for day in days if day is not None]
    return max(known) if known else None


def day_in(year: int, month: int, day: int) -> int:
    """The day number of a calendar date."""
    return day_number(date(year, month, day))


def months_after(day: int, months: int) -> int:
    """The same day of the month so many months later (earlier where negative); the last of the month where it has none:
    a year after 29 February is 28 February, as CQL and FHIR count.
    """
    start = date_of(day)
    number = start.year * 12 + start.month - 1 + months
    first = date(number // 12, number % 12 + 1, 1)
    following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    return day_number(first) + min(start.day, (following - first).days) - 1


def years_before(day: int, years: int) -> int:
    """The same date so many years earlier, as `months_after` counts."""
    return months_after(day, -12 * years)


def first_day_of_year(year: int) -> int:
    """1 January of a year."""
    return day_number(date(year, 1, 1))


def today_anywhere() -> int:
    """The latest day that it is anywhere on earth: what lies after it has not happened."""
    return (now() + 14 * 3_600) // SECONDS_A_DAY


EARLIEST = first_day_of_year(1900)  # before it lies no birth of anybody who is cared for now, and no event of care


def local_start(day: int) -> int:
    """Wall-clock second at which a day starts, for readers."""
    return day * SECONDS_A_DAY


def local_end(day: int) -> int:
    """Wall-clock last second of a day, for readers: what a date-only time means."""
    return (day + 1) * SECONDS_A_DAY - 1


def expression_of_local_end(day: ir.IntegerValue) -> ir.IntegerValue:
    """The same for a column of days."""
    return (day + 1) * SECONDS_A_DAY - 1


def expression_of_month_end(day: ir.IntegerValue) -> ir.IntegerValue:
    """Last day of the month in which each day lies."""
    import ibis

    following = (day * SECONDS_A_DAY).as_timestamp("s").truncate("M") + ibis.interval(months=1)
    return following.epoch_seconds() // SECONDS_A_DAY - 1


def expression_of_month_start(day: ir.IntegerValue) -> ir.IntegerValue:
    """First day of the month in which each day lies."""
    return (day * SECONDS_A_DAY).as_timestamp("s").truncate("M").epoch_seconds() // SECONDS_A_DAY


def expression_of_days_later(instant: ir.IntegerValue, later: ir.IntegerValue) -> ir.IntegerValue:
    """Whole days from one instant to another, below 0 where it lies before. An hour that the clock was put forward or
    back between the two changes no day.
    """
    return (later - instant + REPEATED_HOUR) // SECONDS_A_DAY


def expression_of_age(birth_day: ir.IntegerValue, on_day: ir.IntegerValue) -> ir.IntegerValue:
    """Completed years of life: the expression twin of `age_in_years`."""
    born = (birth_day * SECONDS_A_DAY).as_timestamp("s")
    on = (on_day * SECONDS_A_DAY).as_timestamp("s")
    not_yet = (on.month() * 32 + on.day()) < (born.month() * 32 + born.day())
    return on.year().cast("int64") - born.year().cast("int64") - not_yet.cast("int64")


def expression_of_months(first_day: ir.IntegerValue, last_day: ir.IntegerValue) -> ir.IntegerValue:
    """The first day of every month that touches [first_day, last_day], both included, one row each: `month_starts`."""
    import ibis

    first = (first_day * SECONDS_A_DAY).as_timestamp("s").truncate("M")
    after = (last_day * SECONDS_A_DAY).as_timestamp("s") + ibis.interval(seconds=1)
    return ibis.range(first, after, ibis.interval(months=1)).unnest().epoch_seconds() // SECONDS_A_DAY


def spoken(day: int) -> str:
    """A day as people say it: 3 May 2024."""
    return f"{date_of(day).day} {date_of(day):%B %Y}"


def parse_instant(text: str) -> int:
    """The instant of ISO 8601 with an offset, such as 2024-05-03T14:05:00-05:00. Raises BadInput for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or not FIRST_YEAR <= moment.year < LAST_YEAR:
            raise ValueError
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        raise BadInput(
            got="a time that is not one",
            expected="ISO 8601 with its offset",
            do="Write it like 2024-05-03T14:05:00-05:00.",
        ) from None


def expression_of_weekday(day: ir.IntegerValue) -> ir.IntegerValue:
    """0 Monday to 6 Sunday: the expression twin of `weekday`."""
    return (day + 3) % 7


_TOLD = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
NO_DATE = first_day_of_year(2100) * SECONDS_A_DAY  # feeds write 9999-12-31 and its like where there is no date


def told_span(text: str, zone_name: str) -> tuple[int, int, str] | None:
    """First and last wall-clock second, and precision, of an ISO 8601 time as exact as it was told: a year, a month, a
    day, or a moment. A moment with an offset is moved to the zone's clock; one without is on that clock already.

    Null where the text is no such time, or lies before FIRST_YEAR.
    """
    found = _TOLD.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        moment = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
        if moment.year < FIRST_YEAR:
            return None
        if hour is not None:
            seconds = (
                day_number(moment.date()) * SECONDS_A_DAY + (moment.hour * 60 + moment.minute) * 60 + moment.second
            )
            if offset is not None:
                ahead = 0 if offset == "Z" else (int(offset[1:3]) * 60 + int(offset[4:6])) * 60
                seconds = _wall_clock(seconds + ahead if offset[0] == "-" else seconds - ahead, zone_name)
            return seconds, seconds, "instant"
        first = day_number(moment.date())
        if day is not None:
            return local_start(first), local_end(first), "day"
        months = 1 if month is not None else 12
        following = moment.year * 12 + moment.month - 1 + months
        last = day_number(date(following // 12, following % 12 + 1, 1)) - 1 if following < 12 * 9999 else first
        return local_start(first), local_end(last), "month" if month is not None else "year"
    except ValueError:
        return None


def on_clock(text: str, zone_name: str) -> str:
    """A moment with an offset, such as `2024-03-01T13:00:00Z`, as `YYYY-MM-DD HH:MM:SS` of the zone's clock; any other
    text as it is.
    """
    found = _TOLD.fullmatch(text)
    span = told_span(text, zone_name) if found is not None and found[7] is not None else None
    return text if span is None else str(np.datetime64(span[0], "s")).replace("T", " ")


def _wall_clock(instant: int, zone_name: str) -> int:
    starts, offsets = _changes(zone_name)
    return instant + offsets[max(bisect_right(starts, instant) - 1, 0)]


@lru_cache(maxsize=8)
def _changes(zone_name: str) -> tuple[list[int], list[int]]:
    starts, _, offsets = _transitions(zone_name)
    return starts.tolist(), offsets.tolist()
