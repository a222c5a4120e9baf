"""The list as CSV, for a spreadsheet or a print."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from features import windows
from serving.outreach import cell
from serving.worklist.store import Item

COLUMNS = (
    "place",
    "person_id",
    "name",
    "phone",
    "state",
    "assigned_to",
    "risk",
    "tier",
    "why_now",
    "reasons",
    "discharge_date",
    "facility",
    "where_now",
    "practice",
    "first_contact_due",
    "attempts",
    "next_day",
    "visit_date",
    "outcome",
    "language",
    "interpreter",
    "open_gaps",
    "results_pending",
    "stay_id",
)


def list_csv(items: Iterable[Item]) -> str:
    """The items as CSV; what a spreadsheet would run as a formula is made plain text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in _row(one)] for one in items)
    return out.getvalue()


def _row(one: Item) -> tuple[str | int, ...]:
    told = one.facts
    return (
        one.place,
        one.person_id,
        one.name,
        told["phone"],
        one.state.value,
        one.assigned_to or "",
        "" if one.risk is None else f"{one.risk:.6f}",
        one.tier or told["outside"],
        one.why_now,
        "; ".join(f"{reason['sentence']} ({reason['direction']} risk)" for reason in told["reasons"]),
        windows.iso(one.discharge_day),
        one.facility,
        one.whereabouts,
        one.practice,
        _day(one.due_day),
        one.attempts,
        _day(one.next_day),
        _day(one.visit_day),
        one.outcome or "",
        told["language"],
        "yes" if told["interpreter"] else "",
        "; ".join(gap["title"] for gap in told["gaps"]),
        one.pending_results,
        one.stay_id,
    )


def _day(day: int | None) -> str:
    return "" if day is None else windows.iso(day)
