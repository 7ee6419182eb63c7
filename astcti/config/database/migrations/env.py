"""What Alembic runs: the migrations that a data base lacks, over the connection it was handed."""

from __future__ import annotations

from alembic import context

from astcti.config.database.metadata import make_metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=make_metadata(), compare_server_default=False)
with context.begin_transaction():
    context.run_migrations()
