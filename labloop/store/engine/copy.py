"""A consistent copy of an SQLite database, made while it is in use."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labloop.store.engine.platform import sync_folder


def copy_sqlite(execute: Callable[[str, tuple[Any, ...]], object], path: Path) -> None:
    """Write a copy of a database to ``path``, complete or not at all.

    Args:
        execute: runs a statement on an open connection to it.
        path: the new file.
    """
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    try:
        execute("VACUUM INTO ?", (str(part),))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
