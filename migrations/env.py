"""Alembic's entry: migrates over the connection that `migrations.run` hands in."""

from alembic import context

from shared.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
