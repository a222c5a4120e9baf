"""What the rows of all files of Synthea share: how they are dated, coded and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import System
from features.sources import values
from features.sources.reader import Rules

if TYPE_CHECKING:
    import ibis.expr.types as ir

SOURCE = "synthea"
ALWAYS_KNOWN = windows.local_end(0)  # clinicians and places of care: not facts about a patient


def timed(first: ir.Value, last: ir.Value, known: ir.Value, precision: ir.Value) -> dict[str, ir.Value]:
    """The columns of time."""
    import ibis

    return {
        "happened_from": first,
        "happened_to": last,
        "precision": precision,
        "known_at": known,
        "source": ibis.literal(SOURCE),
    }


def at_time(text: ir.StringValue, days_later: int = 0) -> dict[str, ir.Value]:
    """Happened at the time of a text, and known then or some days later."""
    last = values.last_second(text)
    return timed(values.first_second(text), last, last + days_later * windows.SECONDS_A_DAY, values.precision(text))


def code_of(code: ir.StringValue, system: System) -> dict[str, ir.Value]:
    """`code_system` and `code` of a column whose system is fixed."""
    import ibis

    return dict(values.coded(ibis.literal(system.name), code, (system,)))


def _before(last: ir.StringValue, first: ir.StringValue) -> ir.BooleanValue:
    return values.last_second(last) < values.first_second(first) - windows.REPEATED_HOUR


def checked(needed: tuple[str, ...], dates: tuple[str, ...], first: str = "", last: str = "") -> Rules:
    """Rules of a file: columns that must be filled, columns of dates, and a start that is not after its end."""

    def rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
        rules = {**values.none_given(raw, needed), **values.no_dates(raw, dates)}
        if last:
            rules[f"{last} before {first}"] = _before(raw[last], raw[first])
        return rules

    return rejects
