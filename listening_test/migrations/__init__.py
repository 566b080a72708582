"""Schema changes of the database, by Alembic: each revision is a file in versions/; `upgrade` runs what is missing.

A new revision is written by hand: the next number, `down_revision` the one before. There is no way down but a backup. A
test compares what the revisions make with models.py.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from listening_test.models import Base


class SchemaError(RuntimeError):
    """Why a database cannot be brought to the schema of this version; one sentence."""


def is_current(connection: Connection) -> bool:
    """Whether nothing has to be done.

    Raises:
        SchemaError: if a newer version wrote the database.
    """
    script, current = ScriptDirectory.from_config(_config()), _revision(connection)
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise SchemaError(
            f"The database is at revision {current}, which this version does not know: a newer version has used it. "
            "Start that version, or restore a copy from before the update."
        )
    return current == script.get_current_head()


def upgrade(connection: Connection) -> None:
    """Run the missing revisions in the transaction that `connection` is in.

    Raises:
        SchemaError: if the database has tables of something else that are called as ours.
    """
    if _revision(connection) is None:
        theirs = sorted(set(inspect(connection).get_table_names()) & set(Base.metadata.tables))
        if theirs:
            raise SchemaError(
                "An empty database or one of listening studies is expected, but this one has other tables called "
                f"{', '.join(theirs)}: name another database."
            )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
