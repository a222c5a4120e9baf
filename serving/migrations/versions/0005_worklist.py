"""The worklist: items, events, fills, accounts, sessions."""

from __future__ import annotations

from alembic import op
from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.types import BigInteger

revision = "0005_worklist"
down_revision = "0003_kept"

_KEY = BigInteger().with_variant(Integer, "sqlite")
_STATES = (
    "'new', 'assigned', 'attempted', 'reached', 'declined', 'scheduled', 'deferred', 'closed', 'deceased', "
    "'left the network'"
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "worklist_item",
        Column("item_id", _KEY, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("state", String(24), nullable=False),
        Column("person_id", String(128), nullable=False),
        Column("stay_id", String(128), nullable=False),
        Column("name", String(200), nullable=False),
        Column("searched", String(400), nullable=False),
        Column("practice", String(200), nullable=False),
        Column("facility", String(200), nullable=False),
        Column("whereabouts", String(40), nullable=False),
        Column("tier", String(12), nullable=False),
        Column("tier_order", Integer, nullable=False),
        Column("risk", Float),
        Column("model", String(80), nullable=False),
        Column("discharge_day", Integer, nullable=False),
        Column("clock_day", Integer),
        Column("due_day", Integer),
        Column("place", Integer, nullable=False),
        Column("why_now", String(400), nullable=False),
        Column("filled_day", Integer, nullable=False),
        Column("assigned_to", String(80)),
        Column("attempts", Integer, nullable=False),
        Column("next_day", Integer),
        Column("contact_day", Integer),
        Column("reached_day", Integer),
        Column("visit_day", Integer),
        Column("outcome", String(24)),
        Column("open_gaps", Integer, nullable=False),
        Column("gap_titles", Text, nullable=False),
        Column("pending_results", Integer, nullable=False),
        Column("facts", Text, nullable=False),
        UniqueConstraint("person_id", "stay_id"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
    )
    counted = ["state", "next_day", "due_day", "contact_day", "assigned_to", "practice"]
    op.create_index("ix_worklist_item_state", "worklist_item", counted)
    op.create_index("ix_worklist_item_choices", "worklist_item", ["state", "practice", "facility", "assigned_to"])
    op.create_index("ix_worklist_item_place", "worklist_item", ["place"])
    op.create_index("ix_worklist_item_person", "worklist_item", ["person_id"])
    op.create_table(
        "worklist_event",
        Column("event_id", _KEY, primary_key=True),
        Column("item_id", _KEY, ForeignKey("worklist_item.item_id"), nullable=False),
        Column("token", String(64), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("day", Integer, nullable=False),
        Column("who", String(80), nullable=False),
        Column("action", String(24), nullable=False),
        Column("from_state", String(24), nullable=False),
        Column("to_state", String(24), nullable=False),
        Column("note", Text, nullable=False),
        Column("details", Text, nullable=False),
        UniqueConstraint("token"),
    )
    op.create_index("ix_worklist_event_item_id", "worklist_event", ["item_id"])
    op.create_table(
        "worklist_fill",
        Column("fill_id", _KEY, primary_key=True),
        Column("day", Integer, nullable=False),
        Column("zone", String(64), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("told", Text, nullable=False),
    )
    op.create_table(
        "worklist_account",
        Column("name", String(80), primary_key=True),
        Column("full_name", String(120), nullable=False),
        Column("password", String(200), nullable=False),
        Column("roles", Text, nullable=False),
        Column("panels", Text, nullable=False),
        Column("capacity", Integer, nullable=False),
        Column("active", Integer, nullable=False),
        Column("failures", Integer, nullable=False),
        Column("locked_until", BigInteger, nullable=False),
    )
    op.create_table(
        "worklist_session",
        Column("session_hash", String(64), primary_key=True),
        Column("account", String(80), ForeignKey("worklist_account.name"), nullable=False),
        Column("csrf", String(64), nullable=False),
        Column("began", BigInteger, nullable=False),
        Column("seen", BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("session", "account", "fill", "event", "item"):
        op.drop_table(f"worklist_{table}")
