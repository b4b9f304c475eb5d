"""How Alembic reaches the database: over the connection that `store.migrate` opened and locked."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="alembic_version",
    version_table_schema="store",
)
context.run_migrations()
