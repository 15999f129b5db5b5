"""Where a database is: a path or a URL, and the folder of its large arrays."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from labloop.errors import DatabaseUnusableError


@dataclass(frozen=True, slots=True)
class Location:
    """Where a database is; ``path`` is None for PostgreSQL."""

    url: URL
    path: Path | None
    files: Path
    """Folder of arrays that are too large for a row."""

    @property
    def shown(self) -> str:
        """The URL, without password."""
        url = self.url if self.path is not None else self.url.set(drivername="postgresql")
        return url.render_as_string(hide_password=True)

    @property
    def typed(self) -> str | None:
        """The argument of ``--db``; None where it would show a password."""
        return self.shown if self.url.password is None else None

    @property
    def where(self) -> str:
        """The path or URL as messages name it."""
        return str(self.path) if self.path is not None else self.shown


def resolve_location(url_or_path: str | os.PathLike[str] | None) -> Location:
    """Return the location of a path or URL; None is ``LABLOOP_DB`` or ``./labloop.db``.

    Raises:
        DatabaseUnusableError: neither a path nor a URL of SQLite or PostgreSQL.
    """
    given = os.fspath(url_or_path or os.environ.get("LABLOOP_DB") or "labloop.db")
    if "://" not in given:
        return _sqlite(given)
    try:
        url = make_url(given)
    except ArgumentError:
        raise _unknown(given.split("://", maxsplit=1)[0]) from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        return _sqlite(url.database or "")
    if kind in {"postgresql", "postgres"}:
        files = os.environ.get("LABLOOP_FILES", "labloop.files")
        return Location(url.set(drivername="postgresql+psycopg"), None, Path(files).absolute())
    raise _unknown(kind)


def _sqlite(given: str) -> Location:
    if given in {"", ":memory:"}:
        raise DatabaseUnusableError(
            "a database in memory would lose what was acknowledged; give the path of a file"
        )
    path = Path(given).absolute()
    url = URL.create("sqlite", database=path.as_posix())
    return Location(url, path, path.with_name(path.name + ".files"))


def _unknown(kind: str) -> DatabaseUnusableError:
    return DatabaseUnusableError(
        f"a database is a path, sqlite:///PATH or postgresql://USER@HOST/NAME, got a URL of kind "
        f"{kind!r}; give one of these"
    )


def copy_before(location: Location, revision: str) -> Path:
    """Return where a copy of an SQLite database with an older schema is kept."""
    if location.path is None:
        raise ValueError("only a database in a file is copied")
    return location.path.with_name(f"{location.path.name}.before-{revision}")
