"""Who saw or scored whom, when, and with which version of a model: lines that are only ever added to.

A route calls `record(engine, entries)` with the engine of `serving.database.current()`, in a thread, before it answers:
when it returns, the lines are on disk, and when it raises, nothing may be answered. Each line holds the hash of the one
before, so that a changed, missing or moved line is found by `afterward audit-log verify`. `scored(...)` words the lines
of an answer with scores, `saw(...)` those of a page or list on which people were shown.
"""

from __future__ import annotations

from serving.audit.entries import Entry, saw, scored
from serving.audit.writer import record

__all__ = ["Entry", "record", "saw", "scored"]
