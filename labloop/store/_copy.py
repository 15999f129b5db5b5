"""A consistent copy of an SQLite database, made while it is in use."""

import os
from pathlib import Path

from sqlalchemy import Connection

from labloop.store._platform import sync_folder


def copy_sqlite(connection: Connection, path: Path) -> None:
    """Write a copy of the connection's database to ``path``; there is all of it or nothing."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    try:
        connection.exec_driver_sql("VACUUM INTO ?", (str(part),))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
