"""The audit log, which the database itself lets nobody change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_audit"
down_revision = None

Long = sa.BigInteger().with_variant(sa.Integer, "sqlite")
SQLITE = (
    """
    CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END
    """,
    """
    CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END
    """,
    # INSERT OR REPLACE takes a row away without asking the trigger before DELETE
    """
    CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event
    WHEN EXISTS (SELECT 1 FROM audit_event WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END
    """,
)
POSTGRESQL = (
    """
    CREATE FUNCTION audit_event_only_added_to() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$
    """,
    """
    CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_only_added_to()
    """,
    """
    CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_only_added_to()
    """,
)


def upgrade() -> None:
    """Make the table and what guards it."""
    op.create_table(
        "audit_event",
        sa.Column("seq", Long, autoincrement=False, nullable=False),
        sa.Column("recorded", Long, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("action", sa.String(1), nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("roles", sa.String, nullable=False),
        sa.Column("person", sa.String),
        sa.Column("stay", sa.String),
        sa.Column("about", sa.String),
        sa.Column("outcome", sa.String(2), nullable=False),
        sa.Column("model", sa.String),
        sa.Column("version", sa.Integer),
        sa.Column("request", sa.String),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_event"),
    )
    op.create_index("ix_audit_event_person", "audit_event", ["person"])
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)
