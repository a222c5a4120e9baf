"""Calls to people after a discharge, as `afterward worklist contacts` writes them: CSV, a row a contact.

A contact is known when it was made: whoever called wrote it down. A file is one day's contacts; a contact that comes
again in another file keeps its number, by which it is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features.record.tables import OUTREACH_CONTACT
from features.sources import values
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout, Reader

if TYPE_CHECKING:
    import ibis.expr.types as ir

COLUMNS = ("contact_id", "person_id", "stay_id", "made_at", "kind", "outcome", "spoke_to")
_CHOICES = {column.name: column.choices for column in OUTREACH_CONTACT.columns if column.choices}


def _rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    unknown = {f"{name} is none of its words": raw[name].notin(list(words)) for name, words in _CHOICES.items()}
    needed = ("contact_id", "person_id", "made_at", "kind", "outcome")
    return {**values.none_given(raw, needed), **values.no_dates(raw, ("made_at",)), **unknown}


def _contacts(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        "person_id",
        "contact_id",
        "stay_id",
        "kind",
        "outcome",
        "spoke_to",
        happened_from=values.first_second(raw.made_at),
        happened_to=values.last_second(raw.made_at),
        precision=values.precision(raw.made_at),
        known_at=values.last_second(raw.made_at),
        source=ibis.literal("worklist"),
    )


READER = Reader(
    name="outreach",
    says="calls to people after a discharge, CSV, as the worklist writes them",
    layouts=(
        Layout(
            name="contact_made",
            marks=("contact_id", "made_at"),
            needs=COLUMNS,
            rejects=_rejects,
            fills={OUTREACH_CONTACT: _contacts},
        ),
    ),
)
