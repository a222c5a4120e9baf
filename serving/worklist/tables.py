"""The worklist's tables in the service's database. Days are day numbers, times are instants, lists are JSON text."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint
from sqlalchemy.types import BigInteger

from serving.database import METADATA
from serving.worklist.states import State

# SQLite numbers rows by itself only where the key is its plain INTEGER
_KEY = BigInteger().with_variant(Integer, "sqlite")
_STATES = ", ".join(f"'{state.value}'" for state in State)

ITEM = Table(
    "worklist_item",
    METADATA,
    Column("item_id", _KEY, primary_key=True),
    Column("version", Integer, nullable=False),  # counts the changes: who writes names the one that was read
    Column("state", String(24), nullable=False),
    Column("person_id", String(128), nullable=False),
    Column("stay_id", String(128), nullable=False),
    Column("name", String(200), nullable=False),
    Column("searched", String(400), nullable=False),  # what the search looks into: lower case
    Column("practice", String(200), nullable=False),
    Column("facility", String(200), nullable=False),
    Column("whereabouts", String(40), nullable=False),
    Column("tier", String(12), nullable=False),
    Column("tier_order", Integer, nullable=False),
    Column("risk", Float),  # null outside the validated population
    Column("model", String(80), nullable=False),
    Column("discharge_day", Integer, nullable=False),
    Column("clock_day", Integer),  # discharge to the community; null while in a facility
    Column("due_day", Integer),  # first contact; null while the clock has not started
    Column("place", Integer, nullable=False),  # in the order of the last fill
    Column("why_now", String(400), nullable=False),
    Column("filled_day", Integer, nullable=False),
    Column("assigned_to", String(80)),
    Column("attempts", Integer, nullable=False),
    Column("next_day", Integer),  # next try, or the end of a deferral
    Column("contact_day", Integer),  # on which first contact was made, or two tries had been documented
    Column("reached_day", Integer),
    Column("visit_day", Integer),
    Column("outcome", String(24)),
    Column("open_gaps", Integer, nullable=False),
    Column("gap_titles", Text, nullable=False),  # each with a bar before and after it
    Column("pending_results", Integer, nullable=False),
    Column("facts", Text, nullable=False),  # JSON: what the person's page shows
    UniqueConstraint("person_id", "stay_id"),
    CheckConstraint(f"state IN ({_STATES})", name="state"),
)
# the day's counts and the filters' choices are read from these alone, without the rows and their facts
_COUNTED = ("state", "next_day", "due_day", "contact_day", "assigned_to", "practice")
Index("ix_worklist_item_state", *(ITEM.c[name] for name in _COUNTED))
Index("ix_worklist_item_choices", *(ITEM.c[name] for name in ("state", "practice", "facility", "assigned_to")))
Index("ix_worklist_item_place", ITEM.c.place)
Index("ix_worklist_item_person", ITEM.c.person_id)

EVENT = Table(
    "worklist_event",
    METADATA,
    Column("event_id", _KEY, primary_key=True),
    Column("item_id", _KEY, ForeignKey(ITEM.c.item_id), nullable=False, index=True),
    Column("token", String(64), nullable=False, unique=True),  # of the form that was sent: sent twice, done once
    Column("at", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
    Column("who", String(80), nullable=False),
    Column("action", String(24), nullable=False),
    Column("from_state", String(24), nullable=False),
    Column("to_state", String(24), nullable=False),
    Column("note", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON
)

FILL = Table(
    "worklist_fill",
    METADATA,
    Column("fill_id", _KEY, primary_key=True),
    Column("day", Integer, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("told", Text, nullable=False),  # JSON: what became of whom, in counts
)

ACCOUNT = Table(
    "worklist_account",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("full_name", String(120), nullable=False),
    Column("password", String(200), nullable=False),  # argon2's own text; empty where others sign in for us (OIDC)
    Column("roles", Text, nullable=False),  # JSON
    Column("panels", Text, nullable=False),  # JSON: practices
    Column("capacity", Integer, nullable=False),  # calls a day
    Column("active", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", BigInteger, nullable=False),
)

SESSION = Table(
    "worklist_session",
    METADATA,
    Column("session_hash", String(64), primary_key=True),  # of the cookie, which is kept by the browser alone
    Column("account", String(80), ForeignKey(ACCOUNT.c.name), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
)
