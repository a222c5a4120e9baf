"""Alembic's door: it runs on the connection that `serving.database.upgrade` opened."""

from __future__ import annotations

from alembic import context

from serving.database import METADATA
from serving.worklist import tables  # noqa: F401  # declares its tables on METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
