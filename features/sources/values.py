"""Text of a feed to canonical values: days, moments, money, quantities and codes, as expressions.

Dates are `YYYY-MM-DD`; moments are that and `HH:MM:SS`, with a `T` or a space between and a fraction or none, on the
clock of the network's zone. A moment given as a date only is the whole of that day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import System
from features.sources.unmapped import UNMAPPED

if TYPE_CHECKING:
    import ibis.expr.types as ir

DAY = "%Y-%m-%d"
LENGTH_OF_A_DATE = 10


def day(text: ir.StringValue) -> ir.IntegerValue:
    """The day of a date or of a moment; null where the text is neither."""
    import ibis

    moment = windows.expression_of_moment(text) // windows.SECONDS_A_DAY
    return ibis.ifelse(_is_date(text), windows.expression_of_day(text, DAY), moment)


def first_second(text: ir.StringValue) -> ir.IntegerValue:
    """Wall-clock seconds of a moment, the first one of a date."""
    import ibis

    date = windows.expression_of_day(text, DAY) * windows.SECONDS_A_DAY
    return ibis.ifelse(_is_date(text), date, windows.expression_of_moment(text))


def last_second(text: ir.StringValue) -> ir.IntegerValue:
    """Wall-clock seconds of a moment, the last one of a date: when what is dated only counts as known."""
    import ibis

    date = windows.expression_of_local_end(windows.expression_of_day(text, DAY))
    return ibis.ifelse(_is_date(text), date, windows.expression_of_moment(text))


def precision(text: ir.StringValue) -> ir.StringValue:
    """How exact a text's time is."""
    import ibis

    return ibis.ifelse(_is_date(text), "day", "instant")


def _is_date(text: ir.StringValue) -> ir.BooleanValue:
    return text.length() <= LENGTH_OF_A_DATE


def no_dates(raw: ir.Table, columns: Sequence[str]) -> dict[str, ir.BooleanValue]:
    """A reason to reject for each column of dates or moments."""
    return {f"{c} is not a date": raw[c].notnull() & day(raw[c]).isnull() for c in columns}


def no_births(days: Mapping[str, ir.IntegerValue]) -> dict[str, ir.BooleanValue]:
    """A reason to reject for each column of birth days: nobody in care was born before 1900, or after the load."""
    latest = windows.today_anywhere()
    return {f"{c} is before 1900 or after today": ~on.between(windows.EARLIEST, latest) for c, on in days.items()}


def no_numbers(raw: ir.Table, columns: Sequence[str]) -> dict[str, ir.BooleanValue]:
    """A reason to reject for each column of amounts or quantities."""
    return {f"{c} is not a number": raw[c].notnull() & thousandths(raw[c]).isnull() for c in columns}


def none_given(raw: ir.Table, columns: Sequence[str]) -> dict[str, ir.BooleanValue]:
    """A reason to reject for each column that must be filled."""
    return {f"no {c}": raw[c].isnull() for c in columns}


def cents(text: ir.StringValue) -> ir.IntegerValue:
    """Money as integer cents, half a cent rounded away from zero; null where the text is no amount."""
    return (text.try_cast("decimal(18, 2)") * 100).cast("int64")


def thousandths(text: ir.StringValue) -> ir.IntegerValue:
    """A quantity times 1,000, rounded likewise; null where the text is no number."""
    return (text.try_cast("decimal(18, 3)") * 1000).cast("int64")


def coded(system: ir.StringValue, code: ir.StringValue, systems: Sequence[System]) -> Mapping[str, ir.StringValue]:
    """`code_system` and `code`: the canonical form, or the text as it came where it has no form of its system."""
    import ibis

    named = system.lower()
    known = ibis.cases(*((named == each.name, each.expression(code)) for each in systems), else_=ibis.null("string"))
    return {
        "code_system": ibis.cases((code.isnull(), ibis.null("string")), (known.isnull(), UNMAPPED), else_=named),
        "code": known.fill_null(code.upper()),
    }


def of_system(code: ir.StringValue, system: System) -> ir.StringValue:
    """The canonical form, or the text as it came where it has none, for a column whose system is fixed."""
    return system.expression(code).fill_null(code.upper())


def two_digits(code: ir.StringValue) -> ir.StringValue:
    """A code of two digits whose leading zero a spreadsheet may have lost."""
    import ibis

    return ibis.ifelse(code.length() == 1, ibis.literal("0") + code, code)


def flag(text: ir.StringValue) -> ir.IntegerValue:
    """1 for yes, 0 for no; null where the text is neither."""
    import ibis

    given = text.lower()
    return ibis.cases(
        (given.isin(["1", "true", "yes", "y", "t"]), 1), (given.isin(["0", "false", "no", "n", "f"]), 0), else_=None
    ).cast("int8")
