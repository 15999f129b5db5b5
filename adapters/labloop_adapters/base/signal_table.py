"""Tables of signals in a TOML file beside a driver: one table a signal, checked row by row."""

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from labloop.errors import DefinitionError, UnitError
from labloop.units import check_unit

Row = TypeVar("Row", bound=BaseModel)


def beside(kind: type[Any], file: str) -> Path:
    """Return where a file lies that is named in the class ``kind``: in the folder of its module."""
    of_driver = getattr(sys.modules.get(kind.__module__), "__file__", None) or "."
    return Path(of_driver).parent / file


def read_rows(path: Path, what: str, row: type[Row]) -> dict[str, Row]:
    """Return the rows of a file by name.

    Args:
        path: a TOML file, of which each table is a row.
        what: it is, for messages, such as ``registers``.
        row: what a table may say; its ``unit``, if it has one, is checked.

    Raises:
        DefinitionError: one sentence for what cannot be used, with file, table and key.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DefinitionError(f"{what} {path}: {error}") from error
    return {name: _row(f"{what} {path}", name, table, row) for name, table in tables.items()}


def _row(where: str, name: str, table: Any, row: type[Row]) -> Row:
    if not isinstance(table, Mapping):
        raise DefinitionError(f"{where}: {name} must be a table, as [{name}]")
    try:
        made = row.model_validate(table)
        check_unit(getattr(made, "unit", "1"))
    except UnitError as error:
        raise DefinitionError(f"{where}: {name}.unit: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([name, *map(str, first["loc"])])
        told = str(first["msg"]).removeprefix("Value error, ")
        raise DefinitionError(f"{where}: {key}: {told}; got {first['input']!r}") from error
    return made
