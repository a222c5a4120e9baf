"""The scores that were given (serving.kept)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_kept"
down_revision = "0002_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table and its indexes."""
    op.create_table(
        "kept_score",
        sa.Column("score_id", sa.String(40), primary_key=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("made_day", sa.Integer, nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("request_id", sa.String(64)),
        sa.Column("caller", sa.String(200)),
        sa.Column("person_id", sa.String(200), nullable=False),
        sa.Column("stay_id", sa.String(200), nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("discharge_day", sa.Integer, nullable=False),
        sa.Column("model", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("store", sa.String(40), nullable=False),
        sa.Column("risk", sa.Double, nullable=False),
        sa.Column("tier", sa.String(10), nullable=False),
        sa.Column("reasons", sa.JSON),
        sa.Column("list_day", sa.Integer),
        sa.Column("list_rank", sa.Integer),
        sa.Column("list_places", sa.Integer),
        sa.Column("list_cutoff", sa.Double),
    )
    op.create_index("ix_kept_score_model_person_id", "kept_score", ["model", "person_id"])
    op.create_index("ix_kept_score_model_list_day", "kept_score", ["model", "list_day"])
    op.create_index("ix_kept_score_stay_id", "kept_score", ["stay_id"])


def downgrade() -> None:
    """Without it."""
    op.drop_table("kept_score")
