"""Alembic's door: it runs on the connection that `serving.database.upgrade` opened."""

from __future__ import annotations

from alembic import context

import serving.audit.entries  # each room declares its tables beside its code: name yours here too
import serving.auth.keys
import serving.kept
import serving.worklist.tables  # noqa: F401
from serving.database import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
