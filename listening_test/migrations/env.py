"""Alembic runs this for every upgrade; the connection comes from listening_test.migrations."""

from alembic import context

from listening_test.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite can, and a killed upgrade then leaves nothing behind
)
with context.begin_transaction():
    context.run_migrations()
