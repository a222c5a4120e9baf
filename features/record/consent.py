"""Who does not let the network use what is told of them: data-sharing opt-outs, and what they take away.

An opt-out is a consent about privacy that denies every use, or the use, access, disclosure or collection of a person's
data; or one that was refused where it would have permitted it. It holds from when it is known until it ends itself
(inactive, or its last day is over) or a later consent of that scope permits every use.

Whoever has one in force is taken out of an open record whole: no row of theirs reaches a feature, a label, a training
row or a list, of whatever day. Nothing is deleted: the rows stay in the store, and a later permission brings them back.
A record as known before the opt-out (`known_by`) still has them. An opt-out of one number counts for every number
merged with it. Whom to call is another matter: see `contact_details.contact_opt_out`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from features.record.schema import Table
from features.record.tables import CONSENT, PERSON_MERGE, TABLES

PRIVACY = "patient-privacy"
USES = frozenset({"use", "access", "disclose", "collect"})
KEPT = (CONSENT, PERSON_MERGE)  # without these nobody would know who is out


def taken_from() -> tuple[Table, ...]:
    """The tables from which somebody's rows are taken away."""
    return tuple(table for table in TABLES if table.about == "person" and table not in KEPT)


def opted_out(consents: Iterable[Mapping[str, Any]], day: int) -> frozenset[str]:
    """The people who, by rows of `consent` in any order, do not share their data on a day."""
    latest: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for row in sorted(consents, key=lambda row: (row["known_at"], row["status"] != "active")):
        if row["scope"] in (None, PRIVACY):
            latest[row["person_id"], row["source"], row["consent_id"]] = row
    out: dict[str, int] = {}
    allowed: dict[str, int] = {}
    for row in latest.values():
        person, known = row["person_id"], row["known_at"]
        if row["status"] == "inactive" or (row["end_day"] is not None and row["end_day"] < day):
            continue
        if _denies(row):
            out[person] = max(known, out.get(person, known))
        elif row["status"] == "active" and row["provision"] == "permit" and row["action"] is None:
            allowed[person] = max(known, allowed.get(person, known))
    return frozenset(person for person, known in out.items() if allowed.get(person, known) <= known)


def _denies(row: Mapping[str, Any]) -> bool:
    """Whether what it says is no, or yes was refused."""
    if row["status"] == "rejected":
        return bool(row["provision"] != "deny")
    return bool(row["provision"] == "deny" and (row["action"] is None or row["action"] in USES))
