"""Notices that the database's file was deleted, moved or replaced while it is written."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from labloop.errors import DatabaseUnusableError

_FileId = tuple[int, int] | None


class FileIdentity:
    """The files that a writing connection has open, told apart by device and inode.

    POSIX lets a program write on into a deleted file without an error; its content is lost when
    the file is closed.

    Args:
        path: the SQLite database; its log lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = (path, path.with_name(path.name + "-wal"))
        self._ids = [_file_id(file) for file in self._files]

    def check(self, rescue: Callable[[Path], None]) -> None:
        """Raise DatabaseUnusableError where a file was deleted, moved or replaced.

        Args:
            rescue: writes what the connection still holds into a new file.
        """
        for index, file in enumerate(self._files):
            now = _file_id(file)
            if self._ids[index] is None:
                # The write-ahead log appears with the first write.
                self._ids[index] = now
            elif now != self._ids[index]:
                gone = "was deleted or moved" if now is None else "was replaced by another file"
                raise DatabaseUnusableError(
                    f"the database file {file} {gone} while labloop wrote into it; "
                    f"{self._rescued(rescue)}"
                )

    def _rescued(self, rescue: Callable[[Path], None]) -> str:
        """Write what the connection holds to a free name; return the sentence about it."""
        free = (self._path.with_name(f"{self._path.name}.rescued-{n}") for n in range(1, 100))
        copy = next((path for path in free if not path.exists()), None)
        if copy is not None:
            with suppress(Exception):
                rescue(copy)
                return (
                    f"everything stored up to then was kept in {copy}: put it in the old place "
                    "and go on with labloop resume"
                )
        return "what it held could not be kept either; restore a backup"


def _file_id(file: Path) -> _FileId:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
