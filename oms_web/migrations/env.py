"""Runs migrations on the engine it is handed, in one transaction, with SQLite's batch mode."""

from alembic import context

from oms_web.models import metadata

engine = context.config.attributes["engine"]

with engine.execution_options(writes=True).connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:  # Rebuilding a table drops it for a moment; its children must not go with it.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=sqlite,
        transaction_per_migration=False, compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if sqlite:
        connection.commit()
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.commit()
