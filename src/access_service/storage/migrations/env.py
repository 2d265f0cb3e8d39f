"""What Alembic runs for every command. The connection is brought by `storage.migrate`; there is no offline mode."""

from alembic import context
from sqlalchemy import Connection

from access_service.storage.schema import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_server_default=True,
    # SQLite cannot alter a column in place; batches copy the table.
    render_as_batch=True,
    # One transaction for the whole way up: half a schema is never left behind.
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
