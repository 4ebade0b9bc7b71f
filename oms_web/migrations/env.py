"""Runs migrations on the engine it is handed, in one transaction, with SQLite's batch mode."""

from alembic import context

from oms_web.models import metadata

engine = context.config.attributes["engine"]

with engine.execution_options(writes=True).connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    # Rebuilding a table drops it for a moment, which must not touch the rows that refer to it.
    # SQLite ignores this pragma inside a transaction, so it goes past SQLAlchemy, which opens one.
    raw = connection.connection.dbapi_connection
    if sqlite:
        raw.execute("PRAGMA foreign_keys=OFF")
    try:
        context.configure(
            connection=connection, target_metadata=metadata, render_as_batch=sqlite,
            transaction_per_migration=False, compare_type=True,
            transactional_ddl=True,  # SQLite can, though Alembic thinks it better not to
        )
        with context.begin_transaction():
            context.run_migrations()
            if sqlite:
                torn = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
                if torn:
                    raise RuntimeError(f"the migration left rows that refer to nothing: {torn}")
        connection.commit()
    finally:
        if sqlite:
            connection.rollback()
            raw.execute("PRAGMA foreign_keys=ON")
