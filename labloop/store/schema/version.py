"""The revisions of the schema, and its creation in a new database."""

from sqlalchemy import Connection
from sqlalchemy.schema import CreateIndex, CreateTable

from labloop.store.schema import guards
from labloop.store.schema.things_tables import METADATA

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0009", "0010", "0011", "0012")
"""Every revision, oldest first. Listed here so that opening a database that is up to date does
not import Alembic."""
HEAD = REVISIONS[-1]
CHAINED = "0005"
"""The revision from which on campaigns have a chain."""
VERSION_TABLE = "labloop_revision"
"""Alembic's version table; its presence tells that a database is labloop's."""
CREATE_VERSION_TABLE = (
    f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
)


def create_all(connection: Connection) -> None:
    """Create every table, index and guard and store the revision; the caller commits."""
    guards.execute_all(connection, create_statements(connection))
    guards.create(connection)
    connection.exec_driver_sql(CREATE_VERSION_TABLE)
    connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} (version_num) VALUES ('{HEAD}')")  # noqa: S608 - a constant


def create_statements(connection: Connection) -> list[str]:
    """Return the statements that create the tables and their plain indexes."""
    made: list[str] = []
    for table in METADATA.sorted_tables:
        made.append(str(CreateTable(table).compile(dialect=connection.dialect)))
        made += [
            str(CreateIndex(index).compile(dialect=connection.dialect))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    return made
