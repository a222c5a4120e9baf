"""The changes of the database, one after another (Alembic)."""
