"""The schema's history (Alembic), and the few acts the product needs of it."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from oms_web.paths import MIGRATIONS


def config(engine: Engine | None = None) -> Config:
    """Alembic's configuration, without a file of its own."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["engine"] = engine
    return made


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision."""
    command.upgrade(config(engine), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to a revision (``base``: empty)."""
    command.downgrade(config(engine), revision)


def current(engine: Engine) -> str | None:
    """The revision the database is at; None before the first migration."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The revision this version of the program needs."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    if found is None:
        raise RuntimeError("the program was built without its migrations")
    return found


def known() -> frozenset[str]:
    """Every revision this version of the program has heard of."""
    return frozenset(
        script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()
    )
