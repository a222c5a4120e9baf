"""Alembic's door: it runs on the connection that `serving.database.upgrade` opened."""

from __future__ import annotations

from alembic import context

import serving.audit.entries  # noqa: F401  # each room's tables are declared beside its code; name yours here
from serving.database import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
